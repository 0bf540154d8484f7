//! What a session does: a part of the answer to `status`, and the event `state`.

use serde::{Deserialize, Serialize};

use crate::core::state_kind::StateKind;

/// What a session does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateResponse {
    /// In one word.
    pub state: StateKind,
    /// Since when, in seconds since 1970: when it was first found.
    pub since: f64,
    /// For how long, in seconds.
    pub seconds: f64,
    /// The foreground job; null where none is known.
    pub job: Option<JobResponse>,
    /// The directory that the shell has reported, else that of the foreground job; null where neither is known.
    pub directory: Option<String>,
    /// The last command that has ended, by the marks of the shell; null where none has.
    pub last_command: Option<LastCommand>,
}

/// The foreground job of the pty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobResponse {
    /// The name of its leader.
    pub name: String,
    /// The process id of its leader.
    pub pid: i32,
}

/// A command that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastCommand {
    /// Its status; null where the shell does not report it.
    pub status: Option<i32>,
    /// How long it ran.
    pub seconds: f64,
}
