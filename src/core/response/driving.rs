//! Answers to `await` and `exec`.

use serde::{Deserialize, Serialize};

use crate::core::state_kind::StateKind;

/// How a wait has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AwaitOutcome {
    /// What was waited for has come.
    Came,
    /// The timeout came first.
    #[default]
    Timeout,
    /// The session ended first, or the command that ran when the wait began.
    Ended,
}

/// The answer to `await`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitResponse {
    /// How the wait has ended.
    pub outcome: AwaitOutcome,
    /// Number of the line that matches; absent where no text was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Text of that line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The whole match, then its groups; null for a group that took no part in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Option<String>>,
    /// Number of the command that has ended; absent where none was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<u64>,
    /// Its status; absent where the shell does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// The state; absent where none was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateKind>,
}

/// What has become of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecOutcome {
    /// The command has ended.
    Ended,
    /// The command still runs at the timeout.
    Running,
    /// The shell has run nothing: the line was not complete, or not valid.
    NotRun,
}

/// The answer to `exec`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecResponse {
    /// What has become of the command line.
    pub outcome: ExecOutcome,
    /// Exit status of the command; null where it is not known.
    pub status: Option<i32>,
    /// Number of the command; null where none was run.
    pub command: Option<u64>,
    /// Number of the line at which the output begins, for `await --from`; null where that is not known.
    pub output: Option<u64>,
    /// Number of the first line of the output; null where nothing was printed.
    pub first: Option<u64>,
    /// Number of the last line of the output.
    pub last: Option<u64>,
    /// The output, or its beginning where it is longer than 64 KiB.
    pub text: String,
    /// How many lines behind the beginning are left out.
    pub left_out: usize,
    /// The end of the output, where lines are left out.
    pub tail: String,
    /// How long the command ran; null where none was run.
    pub seconds: Option<f64>,
    /// The directory of the shell at the prompt; null where it has reported none.
    pub directory: Option<String>,
}
