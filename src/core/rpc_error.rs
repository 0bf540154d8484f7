//! Errors that a client's request is answered with: a code, as JSON-RPC 2.0 has it, and a sentence.

/// Why a request is refused: the code of its JSON-RPC error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// A parameter makes no sense.
    Params = -32602,
    /// A coprocess runs already.
    Busy = 1,
    /// No coprocess runs, or none ever did.
    Idle = 2,
    /// There is no such trigger, line, variable.
    Unknown = 3,
    /// A limit is reached.
    Full = 4,
    /// The system refused.
    Failed = 5,
    /// The session is at its end.
    Ended = 6,
    /// The session has no terminal, or it is in use.
    NoTerminal = 7,
    /// What was waited for has not come in time.
    Late = 8,
}

impl ErrorCode {
    /// Every code with what it means, for the documents.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Params, "a parameter is missing, unknown or makes no sense"),
        (Self::Busy, "a coprocess runs already"),
        (Self::Idle, "no coprocess runs"),
        (Self::Unknown, "there is no such trigger, line or name"),
        (Self::Full, "a limit is reached"),
        (Self::Failed, "the system refused"),
        (Self::Ended, "the session is at its end"),
        (Self::NoTerminal, "the session has no terminal, or somebody else has it"),
        (Self::Late, "what was waited for has not come in time"),
    ];
}

/// A refusal: its code, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// What kind of refusal it is.
    pub code: ErrorCode,
    /// The sentence.
    pub message: String,
}

impl RpcError {
    /// A refusal with this sentence.
    pub fn new(code: ErrorCode, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }

    /// There is no time left for anything.
    pub(super) fn ended() -> Self {
        Self::new(ErrorCode::Ended, "the session is at its end")
    }
}
