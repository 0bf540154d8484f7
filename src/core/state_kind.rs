//! What a session does, in one word.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a session does. Of several that hold, the first one counts, except that a prompt is none while a program there
/// reads a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum StateKind {
    /// A silent coprocess runs, or the end of its transfer is awaited.
    Silent,
    /// The terminal is lent to another program.
    Lent,
    /// A program uses the alternate screen.
    FullScreen,
    /// A program reads a password.
    Password,
    /// The shell is at a prompt, by its marks.
    Prompt,
    /// A process of the foreground job sleeps in a read of the pty.
    Asks,
    /// A command runs, by the marks of the shell or because another process group has the pty.
    Running,
    /// None of these is known.
    Unknown,
}

/// A name that no state has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateKindError(String);

impl StateKind {
    /// Every state, in the order in which the first that holds counts.
    pub const ALL: [Self; 8] = [
        Self::Silent,
        Self::Lent,
        Self::FullScreen,
        Self::Password,
        Self::Prompt,
        Self::Asks,
        Self::Running,
        Self::Unknown,
    ];

    /// Returns the name of the state.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Lent => "lent",
            Self::FullScreen => "full-screen",
            Self::Password => "password",
            Self::Prompt => "prompt",
            Self::Asks => "asks",
            Self::Running => "running",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for StateKind {
    type Err = StateKindError;

    fn from_str(name: &str) -> Result<Self, StateKindError> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| StateKindError(name.to_owned()))
    }
}

impl TryFrom<String> for StateKind {
    type Error = StateKindError;

    fn try_from(name: String) -> Result<Self, StateKindError> {
        name.parse()
    }
}

impl From<StateKind> for &'static str {
    fn from(kind: StateKind) -> Self {
        kind.name()
    }
}

impl fmt::Display for StateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Error for StateKindError {}

impl fmt::Display for StateKindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no state '{}'; the states are {}", self.0, StateKind::ALL.map(StateKind::name).join(", "))
    }
}
