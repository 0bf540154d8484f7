//! What is answered: how things stand, and why something is refused.

use std::time::Instant;

use serde_json::{Value, json};

use super::Reply;
use crate::core::coproc::Coproc;
use crate::core::{Core, Effect, OutputKind};
use crate::types::RequestId;

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
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// There is no time left for anything.
    pub(in crate::core) fn ended() -> Self {
        Self::new(ErrorCode::Ended, "the session is at its end")
    }
}

/// Answers that it is refused.
pub(in crate::core) fn refuse(request_id: RequestId, refusal: RpcError, out: &mut Vec<Effect>) {
    out.push(Effect::Answer(request_id, Err(refusal)));
}

impl Core {
    /// What runs.
    pub(super) fn status(&self, now: Instant) -> Value {
        let size = self.settings.size;
        let terminal = |medium| if medium == OutputKind::Terminal { "terminal" } else { "stream" };
        json!({
            "session": self.settings.session,
            "version": env!("CARGO_PKG_VERSION"),
            "command": self.settings.command,
            "tty": self.settings.tty,
            "rows": size.rows,
            "cols": size.cols,
            "keyboard": terminal(self.settings.keyboard),
            "screen": terminal(self.settings.screen),
            "alternate_screen": self.screen.text().alt_screen(),
            "triggers": self.standing_triggers().count(),
            "coprocess": self.coproc.as_ref().map(|coproc| coproc.report(now)),
            "last_coprocess": self.control.coprocs.last().map(|last| json!({
                "command": last.command, "status": last.exit.status(),
            })),
        })
    }

    /// What the coprocess, or the last one, wrote to stderr.
    pub(super) fn errors(&self) -> Reply {
        let (command, stderr) = match (&self.coproc, self.control.coprocs.last()) {
            (Some(coproc), _) => (coproc.command(), &coproc.speech.stderr),
            (None, Some(last)) => (&*last.command, &last.stderr),
            (None, None) => return Err(RpcError::new(ErrorCode::Idle, "no coprocess has run in this session")),
        };
        Ok(json!({"command": command, "stderr": String::from_utf8_lossy(stderr.bytes())}))
    }
}

impl Coproc {
    /// How it stands.
    fn report(&self, now: Instant) -> Value {
        json!({
            "command": self.command(),
            "pid": self.process.pid,
            "silent": self.is_silent(),
            "input": self.form(),
            "seconds": self.seconds(now),
            "bytes_read": self.intake.given(),
            "bytes_typed": self.speech.typed,
        })
    }
}
