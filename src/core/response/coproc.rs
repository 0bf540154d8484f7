//! Answers about the coprocess, and the status of the session.

use serde::{Deserialize, Serialize};

use super::{Done, StateResponse};
use crate::core::request::InputFormat;
use crate::types::ExitStatus;

/// The answer to `run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "neither a process id nor a status")]
pub enum RunResponse {
    /// `wait` was asked for: how the coprocess ended.
    Ended(EndResponse),
    /// The coprocess runs.
    Started {
        /// Its process id.
        pid: u32,
    },
}

/// The answer to `stop`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "no object")]
pub enum StopResponse {
    /// The coprocess was sent SIGTERM: how it ended.
    Ended(EndResponse),
    /// The coprocess was sent another signal, and may go on.
    Sent(Done),
}

/// How a process ended: the answer to `wait` and to `lend`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndResponse {
    /// The status as a shell reports it: 128+N where signal N ended the process.
    pub status: u8,
    /// The signal that ended the process; absent where it exited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Why the coprocess failed; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<CoprocFailure>,
}

impl From<ExitStatus> for EndResponse {
    fn from(exit: ExitStatus) -> Self {
        let signal = match exit {
            ExitStatus::Code(_) => None,
            ExitStatus::Signal(signal) => Some(signal),
        };
        Self { status: exit.status(), signal, failure: None }
    }
}

/// Why a coprocess failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoprocFailure {
    /// A sentence.
    pub message: String,
    /// The last lines that the coprocess wrote to stderr.
    pub stderr: Vec<String>,
}

/// The answer to `status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusResponse {
    /// The session's id.
    pub session: String,
    /// The session's name; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version of coshell.
    pub version: String,
    /// The program that runs in the session.
    pub command: String,
    /// The path of the pty's slave.
    pub tty: String,
    /// Rows of the window.
    pub rows: u16,
    /// Columns of the window.
    pub cols: u16,
    /// What the keyboard's bytes come from.
    pub keyboard: StreamKind,
    /// What the shell's output goes to.
    pub screen: StreamKind,
    /// Whether the program inside uses the alternate screen.
    pub alternate_screen: bool,
    /// What the session does.
    #[serde(flatten)]
    pub state: Box<StateResponse>,
    /// How many triggers there are.
    pub triggers: usize,
    /// How many texts wait to be typed, since the user is typing a line.
    pub waiting_texts: usize,
    /// The coprocess that runs; null where none does.
    pub coprocess: Option<CoprocStatus>,
    /// The last coprocess that ended; null where none has.
    pub last_coprocess: Option<LastCoproc>,
}

/// What the session's input or output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamKind {
    /// A terminal.
    Terminal,
    /// A file, a pipe, a socket.
    Stream,
}

/// The coprocess that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoprocStatus {
    /// Its command line.
    pub command: String,
    /// Its process id; null until it is started.
    pub pid: Option<u32>,
    /// Whether nothing is shown while it runs.
    pub silent: bool,
    /// What it reads.
    pub input: InputFormat,
    /// How long it has run.
    pub seconds: u64,
    /// How many bytes it was given to read.
    pub bytes_read: usize,
    /// How many of the bytes that it wrote were typed.
    pub bytes_typed: u64,
}

/// The last coprocess that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCoproc {
    /// Its command line.
    pub command: String,
    /// Its status as a shell reports it.
    pub status: u8,
}

/// The answer to `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorsResponse {
    /// The command line of the coprocess.
    pub command: String,
    /// The end of what it wrote to stderr.
    pub stderr: String,
}
