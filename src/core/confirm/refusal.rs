//! Why nothing was done: clauses for the notice of a trigger, and errors for a client.

use std::fmt;

use super::{ANSWER_WITHIN, MOST, ROWS};
use crate::core::access::AccessLevel;
use crate::core::rpc_error::{ErrorCode, RpcError};

/// Why a question has no answer that allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConfirmRefusal {
    /// A key has said no.
    No,
    /// Another key was pressed.
    OtherKey,
    /// The question was on the screen, and no key was pressed.
    NoAnswer,
    /// The question could not be drawn.
    NotShown,
    /// The session cannot ask.
    NoTerminal,
    TooMany,
    /// The question does not fit the rows that it may have.
    TooLong,
    ShellExited,
}

impl ConfirmRefusal {
    /// Returns the error for a client.
    pub(super) fn error(self) -> RpcError {
        let code = match self {
            Self::No | Self::OtherKey => ErrorCode::Denied,
            Self::NoAnswer | Self::NotShown => ErrorCode::Late,
            Self::NoTerminal => ErrorCode::NoTerminal,
            Self::TooMany => ErrorCode::Full,
            Self::TooLong => ErrorCode::Params,
            Self::ShellExited => ErrorCode::Ended,
        };
        RpcError::new(code, format!("nothing was done, since the user has not allowed it: {self}"))
    }
}

impl fmt::Display for ConfirmRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = ANSWER_WITHIN.as_secs();
        match self {
            Self::No => f.write_str("the answer was no"),
            Self::OtherKey => f.write_str("another key than y was pressed"),
            Self::NoAnswer => write!(f, "there was no answer within {seconds} s"),
            Self::NotShown => {
                write!(f, "the question could not be shown for {seconds} s, or the user was typing all the time")
            }
            Self::NoTerminal => f.write_str("the session has no terminal to ask on"),
            Self::TooMany => write!(f, "{MOST} questions are waiting for an answer"),
            Self::TooLong => write!(f, "what it does takes more than {ROWS} rows to show"),
            Self::ShellExited => f.write_str("the shell has exited"),
        }
    }
}

/// Returns the error for a request that needs the level `needed`, where the client has `level`; `by_session` is whether the
/// session allows no more.
pub(super) fn denied(needed: AccessLevel, level: AccessLevel, by_session: bool) -> RpcError {
    let (needed, level) = (needed.name(), level.name());
    let sentence = if by_session {
        format!(
            "the session allows its clients the level {level}, and this needs {needed}: start it with --clients {needed}"
        )
    } else {
        format!("this client has the level {level}, and this needs {needed}: connect anew with that level")
    };
    RpcError::new(ErrorCode::Denied, sentence)
}
