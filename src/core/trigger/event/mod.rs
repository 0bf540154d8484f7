//! Events that open triggers in the place of a pattern. `rule` has the filters of a trigger, `occurrence` an event that
//! has happened with its values, `sign` what of them the output shows, and `watch`, with `look`, the
//! machine that finds them.

mod look;
mod occurrence;
mod rule;
mod sign;
mod watch;

use std::str::FromStr;
use std::time::Duration;

pub use occurrence::Occurrence;
pub use rule::{EventRule, StatusFilter};
pub(in crate::core) use sign::OutputSign;
pub(in crate::core::trigger) use watch::EventDemand;
pub(in crate::core) use watch::EventWatch;

use super::groups::{GroupOwner, Groups};
use crate::core::named_enum::UnknownName;

/// An event that opens a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerEvent {
    /// The session has started.
    Start,
    /// The shell shows a prompt.
    Prompt,
    /// A command of the shell has ended.
    CommandFinished,
    /// A command of the shell has run for a time.
    LongCommand,
    /// The shell has changed its directory.
    Directory,
    /// The shell is on another host.
    Host,
    /// The shell is that of another user.
    User,
    /// A program has given a variable another value.
    Variable,
    /// A program has set the window's title.
    Title,
    /// A program has rung the bell.
    Bell,
    /// A program has shown a desktop notification.
    Notification,
    /// There was no output for a time.
    Idle,
    /// There is output again after a time without.
    Activity,
    /// A program has switched to the alternate screen.
    FullScreen,
    /// A program waits for the user's input.
    Asks,
    /// A program reads a password.
    Password,
    /// The window of the terminal has got the focus.
    Focused,
    /// The window of the terminal has lost the focus.
    Unfocused,
    /// The shell has exited.
    Exit,
}

/// A row of the table of events, which the command line, the help and the man page read.
#[derive(Debug)]
pub struct EventInfo {
    /// The event.
    pub event: TriggerEvent,
    /// Its name.
    pub name: &'static str,
    /// Names of its values, in the order of their numbers.
    pub values: &'static [&'static str],
    /// A paragraph for the man page: when it happens, and what `$0` is.
    pub manual: &'static str,
}

/// Every event, in the order of [`TriggerEvent`].
pub const EVENTS: &[EventInfo] = &[
    EventInfo { event: TriggerEvent::Start, name: "start", values: &[], manual: "The session has started." },
    EventInfo {
        event: TriggerEvent::Prompt,
        name: "prompt",
        values: &["directory"],
        manual: "The shell shows its first prompt, or the first one after a command. A prompt that is drawn again is \
                 none. \\fB$0\\fR is the directory.",
    },
    EventInfo {
        event: TriggerEvent::CommandFinished,
        name: "command-finished",
        values: &["status", "duration", "command", "directory"],
        manual: "A command has ended. \\fB$0\\fR is its text: as the shell reports it, else as it was typed at the \
                 prompt. The status is empty if the shell does not report it.",
    },
    EventInfo {
        event: TriggerEvent::LongCommand,
        name: "long-command",
        values: &["duration", "command", "directory"],
        manual: "A command has run for 60 seconds, or for as long as \\fB\\-\\-after\\fR says, and still runs. \
                 \\fB$0\\fR is its text.",
    },
    EventInfo {
        event: TriggerEvent::Directory,
        name: "directory",
        values: &["directory"],
        manual: "The shell has changed its directory. \\fB$0\\fR is the new one.",
    },
    EventInfo {
        event: TriggerEvent::Host,
        name: "host",
        values: &["host", "user"],
        manual: "The shell is on another host, as after \\fBssh\\fR. \\fB$0\\fR is the host, which is empty where OSC 7 \
                 names none, as some shells do at home.",
    },
    EventInfo {
        event: TriggerEvent::User,
        name: "user",
        values: &["user", "host"],
        manual: "The shell is that of another user, as after \\fBsu\\fR, or of one on another host. \\fB$0\\fR is the user.",
    },
    EventInfo {
        event: TriggerEvent::Variable,
        name: "variable",
        values: &["name", "value"],
        manual: "A program has given a variable another value (\\fBSetUserVar\\fR of OSC 1337). \\fB$0\\fR is the value.",
    },
    EventInfo {
        event: TriggerEvent::Title,
        name: "title",
        values: &[],
        manual: "A program has set the title of the window. \\fB$0\\fR is the title.",
    },
    EventInfo { event: TriggerEvent::Bell, name: "bell", values: &[], manual: "A program has rung the bell (BEL)." },
    EventInfo {
        event: TriggerEvent::Notification,
        name: "notification",
        values: &["title"],
        manual: "A program has asked the terminal for a desktop notification (OSC 9, 777 or 99). \\fB$0\\fR is its \
                 text.",
    },
    EventInfo {
        event: TriggerEvent::Idle,
        name: "idle",
        values: &["duration"],
        manual: "There was no output for 30 seconds, or for as long as \\fB\\-\\-after\\fR says: once in each silence. \
                 \\fB$0\\fR is the line that the cursor is on.",
    },
    EventInfo {
        event: TriggerEvent::Activity,
        name: "activity",
        values: &["duration"],
        manual: "There is output again after 30 seconds without, or after as long as \\fB\\-\\-after\\fR says.",
    },
    EventInfo {
        event: TriggerEvent::FullScreen,
        name: "full-screen",
        values: &[],
        manual: "A program has switched to the alternate screen.",
    },
    EventInfo {
        event: TriggerEvent::Asks,
        name: "asks",
        values: &[],
        manual: "A program waits for the user's input, once for each line on which it does: the condition \\fBasks\\fR \
                 holds 0.3, 1, 3, 10 or 30 seconds after the last output. \\fB$0\\fR is the line.",
    },
    EventInfo {
        event: TriggerEvent::Password,
        name: "password",
        values: &[],
        manual: "A program reads a password, in the same way: the condition \\fBno\\-echo\\fR holds. \\fB$0\\fR is the \
                 line.",
    },
    EventInfo {
        event: TriggerEvent::Focused,
        name: "focused",
        values: &[],
        manual: "The window of the terminal has got the focus.",
    },
    EventInfo {
        event: TriggerEvent::Unfocused,
        name: "unfocused",
        values: &[],
        manual: "The window of the terminal has lost the focus.",
    },
    EventInfo {
        event: TriggerEvent::Exit,
        name: "exit",
        values: &["status"],
        manual: "The shell, or the command in its place, has exited. What this event types reaches nothing.",
    },
];

impl TriggerEvent {
    /// Returns the row of the event.
    pub fn info(self) -> &'static EventInfo {
        &EVENTS[self as usize]
    }

    /// Returns the name of the event.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Returns the default of `--after`, for an event that a time makes.
    pub(super) fn default_time(self) -> Option<Duration> {
        match self {
            Self::LongCommand => Some(Duration::from_secs(60)),
            Self::Idle | Self::Activity => Some(Duration::from_secs(30)),
            _ => None,
        }
    }

    /// Returns whether the event happens while the output rests on a line, which is then the event's text.
    pub(in crate::core) fn has_line(self) -> bool {
        matches!(self, Self::Idle | Self::Asks | Self::Password)
    }
}

impl FromStr for TriggerEvent {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let row = EVENTS.iter().find(|row| row.name == text);
        row.map(|row| row.event).ok_or_else(|| UnknownName {
            what: "event",
            plural: "events",
            text: text.to_owned(),
            known: EVENTS.iter().map(|row| row.name).collect(),
        })
    }
}

impl Groups for TriggerEvent {
    fn count(&self) -> usize {
        self.info().values.len() + 1
    }

    fn names(&self) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
        Box::new(std::iter::once(None).chain(self.info().values.iter().map(|name| Some(*name))))
    }

    fn owner(&self) -> GroupOwner {
        GroupOwner::Event(self.name())
    }
}

/// A set of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSet(u32);

impl EventSet {
    /// Adds an event.
    pub(super) fn insert(&mut self, event: TriggerEvent) {
        self.0 |= 1 << event as u32;
    }

    /// Returns whether there are none.
    pub(in crate::core) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the event is in the set.
    pub(in crate::core) fn has(self, event: TriggerEvent) -> bool {
        self.0 >> event as u32 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_their_events() {
        for (i, row) in EVENTS.iter().enumerate() {
            assert_eq!((row.event as usize, row.name.parse()), (i, Ok(row.event)));
            assert!(row.manual.ends_with('.') && row.event.info().name == row.name, "{}", row.name);
        }
    }

    #[test]
    fn set_holds_what_was_inserted() {
        let mut set = EventSet::default();
        set.insert(TriggerEvent::Exit);
        let held: Vec<_> = EVENTS.iter().filter(|row| set.has(row.event)).map(|row| row.name).collect();
        assert_eq!(held, ["exit"]);
    }
}
