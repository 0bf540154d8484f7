//! Errors in response to requests: a code, as in JSON-RPC 2.0, and a sentence.

/// Sentence of a session that takes no more requests.
const ENDING: &str = "the session is ending: start another one";

/// Code of a JSON-RPC error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// A parameter is missing, unknown or invalid.
    Params = -32602,
    /// A coprocess runs already.
    Busy = 1,
    /// No coprocess runs, or none has run.
    Idle = 2,
    /// There is no such trigger, line or variable.
    Unknown = 3,
    /// A limit is reached.
    Full = 4,
    /// A system call failed.
    Failed = 5,
    /// The session is ending.
    Ended = 6,
    /// The session has no terminal, or the terminal is lent.
    NoTerminal = 7,
    /// A timeout has expired.
    Late = 8,
    /// The shell is not at a prompt, or marks none.
    NoPrompt = 9,
    /// The client's level of access, or the user, does not allow it.
    Denied = 10,
}

impl ErrorCode {
    /// Every code with its meaning, for the documents.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Params, "a parameter is missing, unknown or cannot be used"),
        (Self::Busy, "a coprocess or a recording is already running"),
        (Self::Idle, "no coprocess or recording is running, or none has run yet"),
        (Self::Unknown, "there is no such trigger, line or name"),
        (Self::Full, "a limit is reached"),
        (Self::Failed, "a system call failed"),
        (Self::Ended, ENDING),
        (Self::NoTerminal, "the session has no terminal, or the terminal is in use"),
        (Self::Late, "the timeout has expired"),
        (Self::NoPrompt, "the shell is not at a prompt, or does not mark its prompts"),
        (Self::Denied, "the client's level of access does not allow it, or the user has refused"),
    ];
}

/// Error in response to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// Code of the error.
    pub code: ErrorCode,
    /// Sentence that names the reason and the remedy.
    pub message: String,
}

impl RpcError {
    /// Creates an error with this sentence.
    pub fn new(code: ErrorCode, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }

    /// Creates the error of a request to a session that is ending.
    pub(super) fn ended() -> Self {
        Self::new(ErrorCode::Ended, ENDING)
    }
}
