//! Kinds of events to which a client subscribes.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Kind of an event, named by the `type` of its JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum EventKind {
    /// A finished line.
    Line,
    /// An unfinished line on which the output rests.
    Prompt,
    /// A command began.
    CommandStart,
    /// A command ended.
    CommandEnd,
    /// The shell changed its directory.
    Directory,
    /// The window has another size.
    Resize,
    /// A trigger fired.
    Trigger,
    /// A coprocess was started.
    CoprocStart,
    /// The coprocess has ended.
    CoprocEnd,
    /// The coprocess wrote to stderr.
    CoprocStderr,
    /// A notice is shown to the user.
    Notice,
    /// The session does something else than before.
    State,
    /// The shell has ended.
    Exit,
}

/// A name that no kind of event has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKindError(String);

impl EventKind {
    /// Every kind, in the order of the documents.
    pub const ALL: [Self; 13] = [
        Self::Line,
        Self::Prompt,
        Self::CommandStart,
        Self::CommandEnd,
        Self::Directory,
        Self::Resize,
        Self::Trigger,
        Self::CoprocStart,
        Self::CoprocEnd,
        Self::CoprocStderr,
        Self::Notice,
        Self::State,
        Self::Exit,
    ];

    /// Returns the name of the kind: the `type` of the event's JSON object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Prompt => "prompt",
            Self::CommandStart => "command-start",
            Self::CommandEnd => "command-end",
            Self::Directory => "directory",
            Self::Resize => "resize",
            Self::Trigger => "trigger",
            Self::CoprocStart => "coproc-start",
            Self::CoprocEnd => "coproc-end",
            Self::CoprocStderr => "coproc-stderr",
            Self::Notice => "notice",
            Self::State => "state",
            Self::Exit => "exit",
        }
    }
}

impl FromStr for EventKind {
    type Err = EventKindError;

    fn from_str(name: &str) -> Result<Self, EventKindError> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| EventKindError(name.to_owned()))
    }
}

impl TryFrom<String> for EventKind {
    type Error = EventKindError;

    fn try_from(name: String) -> Result<Self, EventKindError> {
        name.parse()
    }
}

impl From<EventKind> for &'static str {
    fn from(kind: EventKind) -> Self {
        kind.name()
    }
}

impl Error for EventKindError {}

impl fmt::Display for EventKindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no kind of event '{}'; the kinds are {}",
            self.0,
            EventKind::ALL.map(EventKind::name).join(", ")
        )
    }
}
