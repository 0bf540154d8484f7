//! `notify TEXT`: shows a desktop notification by the escape sequence of the terminal.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};
use crate::display::one_line;

pub(super) const KIND: ActionKind = ActionKind {
    name: "notify",
    letter: None,
    value: Some("TEXT"),
    summary: "Show a desktop notification",
    manual: "Shows \\fITEXT\\fR as a desktop notification. \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR in it stand \
             for the match. \\fB\\-\\-notify\\-title\\fR sets its title. A trigger shows at most one notification in a \
             second; of those that come too early the newest is shown at the end of the second, with the number of the \
             others. The escape sequence depends on the terminal: OSC 99 for kitty, OSC 777 for foot, urxvt, WezTerm and \
             Ghostty, OSC 9 for all others (iTerm2, Windows Terminal), which has no title: it stands in front of the text. \
             In tmux it needs \\fBallow-passthrough on\\fR.",
    starts: None,
    stops: false,
    // The sequence goes to the terminal alone, which sends no response.
    parse: |text, groups| Ok(Box::new(Notify(Template::parse(text, groups)?))),
};

/// Longest notification, in characters.
const LIMIT: usize = 1024;

/// Escape sequence for desktop notifications, and whether tmux has to pass it through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocol {
    /// The sequence that the terminal knows.
    pub sequence: NotifySequence,
    /// Whether the sequence is wrapped in the DCS passthrough of tmux.
    pub tmux: bool,
}

/// Escape sequences for desktop notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifySequence {
    /// `OSC 9`, from iTerm2.
    #[default]
    Osc9,
    /// `OSC 777`, from rxvt-unicode.
    Osc777,
    /// `OSC 99`, from kitty.
    Osc99,
}

impl Protocol {
    /// Chooses the sequence by the environment variables of the terminal, which `env` looks up.
    pub fn of(env: impl Fn(&str) -> Option<String>) -> Self {
        let term = env("TERM").unwrap_or_default();
        let sequence = if env("KITTY_WINDOW_ID").is_some() || term == "xterm-kitty" {
            NotifySequence::Osc99
        } else if has_titles(&term, env("TERM_PROGRAM").as_deref()) {
            NotifySequence::Osc777
        } else {
            NotifySequence::Osc9
        };
        Self { sequence, tmux: env("TMUX").is_some() }
    }

    /// Returns the sequence that shows `text` as a notification without a title.
    pub fn notify_text(self, text: &str) -> Vec<u8> {
        self.notify(&Notification::new(text.as_bytes()))
    }

    /// Returns the sequence that shows a notification.
    pub fn notify(self, notification: &Notification) -> Vec<u8> {
        let Notification { title, text } = notification;
        let plain = match (self.sequence, title) {
            (NotifySequence::Osc9, None) => format!("\x1b]9;{text}\x07"),
            (NotifySequence::Osc9, Some(title)) => format!("\x1b]9;{title}: {text}\x07"),
            (NotifySequence::Osc777, title) => {
                let title = title.as_deref().unwrap_or("coshell").replace(';', ",");
                format!("\x1b]777;notify;{title};{}\x07", text.replace(';', ","))
            }
            (NotifySequence::Osc99, None) => format!("\x1b]99;;{text}\x1b\\"),
            // Two pieces of one notification: `d=0` says that another one follows.
            (NotifySequence::Osc99, Some(title)) => {
                format!("\x1b]99;i=coshell:d=0;{title}\x1b\\\x1b]99;i=coshell:p=body;{text}\x1b\\")
            }
        };
        if self.tmux {
            return format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes();
        }
        plain.into_bytes()
    }
}

/// Whether the terminal knows OSC 777, which has a title, and not OSC 99.
fn has_titles(term: &str, program: Option<&str>) -> bool {
    let by_term = ["foot", "rxvt-unicode", "xterm-ghostty", "wezterm"].iter().any(|name| term.starts_with(name));
    by_term || matches!(program, Some("WezTerm" | "ghostty"))
}

/// A desktop notification, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its title, if it is not the default.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
}

impl Notification {
    /// Creates a notification without a title. The text is freed from control characters, and truncated.
    pub fn new(text: &[u8]) -> Self {
        Self { title: None, text: printable(text) }
    }
}

#[derive(Debug)]
struct Notify(Template);

impl Action for Notify {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let title = cx.notify_title.map(|title| printable(&title.expand(&hit.captures)));
        let title = title.filter(|title| !title.is_empty());
        cx.effects
            .push(ActionEffect::Notify(Notification { title, ..Notification::new(&self.0.expand(&hit.captures)) }));
    }
}

/// Returns text for the inside of an OSC sequence: without control characters, truncated to [`LIMIT`].
pub(super) fn printable(bytes: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(bytes)).trim_end().chars().take(LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protocol(env: &[(&str, &str)]) -> Protocol {
        Protocol::of(|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn shown(env: &[(&str, &str)], title: Option<&str>, text: &str) -> String {
        let notification = Notification { title: title.map(str::to_owned), text: text.to_owned() };
        String::from_utf8(protocol(env).notify(&notification)).expect("text")
    }

    #[test]
    fn sequence_is_chosen_by_the_environment() {
        let terminals: &[(&str, &str, &str, &str)] = &[
            ("TERM", "xterm-256color", "\x1b]9;a;b\x07", "\x1b]9;t;u: a;b\x07"),
            ("TERM_PROGRAM", "iTerm.app", "\x1b]9;a;b\x07", "\x1b]9;t;u: a;b\x07"),
            ("TERM", "foot", "\x1b]777;notify;coshell;a,b\x07", "\x1b]777;notify;t,u;a,b\x07"),
            ("TERM", "xterm-ghostty", "\x1b]777;notify;coshell;a,b\x07", "\x1b]777;notify;t,u;a,b\x07"),
            ("TERM_PROGRAM", "WezTerm", "\x1b]777;notify;coshell;a,b\x07", "\x1b]777;notify;t,u;a,b\x07"),
            (
                "KITTY_WINDOW_ID",
                "1",
                "\x1b]99;;a;b\x1b\\",
                "\x1b]99;i=coshell:d=0;t;u\x1b\\\x1b]99;i=coshell:p=body;a;b\x1b\\",
            ),
        ];
        for (name, value, plain, titled) in terminals {
            let both = [None, Some("t;u")].map(|title| shown(&[(name, value)], title, "a;b"));
            assert_eq!(both, [*plain, *titled], "{name}={value}");
        }
    }

    #[test]
    fn sequence_is_wrapped_for_tmux() {
        assert_eq!(shown(&[("TMUX", "x")], None, "a"), "\x1bPtmux;\x1b\x1b]9;a\x07\x1b\\");
    }

    #[test]
    fn control_characters_are_removed_from_text() {
        assert_eq!(printable(b"a\x07b\x1b\\c\xc2\x9c\xe2\x80\xaed\r\n"), "ab\\cd");
    }
}
