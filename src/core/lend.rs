//! The terminal lent to another program: from the request, over the moment at which it can be given away, to the
//! program's end. Meanwhile the shell's output waits and the keyboard is not read. How the screen is given away and put
//! back is for `output::terminal`.

use std::time::{Duration, Instant};

use super::event::{Cx, Effect, LentProgram};
use super::output::terminal::TerminalOutput;
use super::response::EndResponse;
use super::rpc_error::{ErrorCode, RpcError};
use crate::types::{Child, ExitStatus, RequestId, SIGHUP, SIGKILL};

/// How long a request waits for output that has stopped inside an escape sequence.
const PATIENCE: Duration = Duration::from_millis(500);
/// From SIGHUP to SIGKILL, where the session ends first.
const KILL_AFTER: Duration = Duration::from_secs(2);

/// Whether the terminal is lent.
#[derive(Debug, Default)]
pub(super) enum Lend {
    /// It is coshell's.
    #[default]
    No,
    /// It is asked for, and given away when the output is at rest; until then at most.
    Requested(RequestId, LentProgram, Instant),
    /// What hands it over is on the way to the terminal.
    Leaving(RequestId, LentProgram),
    /// The program has it; it is killed at this time, if the session has ended.
    Lent(RequestId, Option<Instant>),
}

impl Lend {
    /// A client asks for the terminal, which must be free.
    pub(super) fn request(&mut self, now: Instant, request_id: RequestId, program: LentProgram) {
        *self = Self::Requested(request_id, program, now + PATIENCE);
    }

    /// Returns an error where this program cannot be lent the terminal now.
    pub(super) fn check(&self, program: &LentProgram, has_terminal: bool) -> Result<(), RpcError> {
        let (code, sentence) = if program.command.is_empty() {
            (ErrorCode::Params, "there is no command; name the program that is to have the terminal")
        } else if !has_terminal {
            (ErrorCode::NoTerminal, "the session's input or output is no terminal: there is nothing to lend")
        } else if self.is_requested() {
            (ErrorCode::NoTerminal, "the terminal is lent to another program; try again when that has ended")
        } else {
            return Ok(());
        };
        Err(RpcError::new(code, sentence))
    }

    /// Whether the terminal is lent or asked for.
    pub(super) fn is_requested(&self) -> bool {
        !matches!(self, Self::No)
    }

    /// Whether the shell's output and the keyboard wait.
    pub(super) fn is_lent(&self) -> bool {
        matches!(self, Self::Leaving(..) | Self::Lent(..))
    }

    /// Does what is due by now.
    pub(super) fn tick(&mut self, cx: &mut Cx<'_>) {
        match *self {
            Self::Requested(request_id, _, at) if cx.now >= at => {
                *self = Self::No;
                let sentence = "the output has stopped in the middle of an escape sequence; try again when it goes on";
                cx.refuse(request_id, RpcError::new(ErrorCode::Busy, sentence));
            }
            Self::Lent(request_id, Some(at)) if cx.now >= at => {
                *self = Self::Lent(request_id, Some(cx.now + KILL_AFTER));
                cx.push(Effect::Signal(Child::Lent, SIGKILL));
            }
            _ => {}
        }
    }

    /// Returns when `tick` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Requested(_, _, at) | Self::Lent(_, Some(at)) => Some(*at),
            _ => None,
        }
    }

    /// Gives the terminal away once the output is at rest, and starts the program once the terminal has taken what hands
    /// it over.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>, terminal: &mut TerminalOutput) {
        *self = match std::mem::take(self) {
            Self::Requested(request_id, program, _) if terminal.text().in_ground_state() => {
                terminal.lend();
                Self::Leaving(request_id, program)
            }
            other => other,
        };
        *self = match std::mem::take(self) {
            Self::Leaving(request_id, program) if terminal.is_empty() => {
                cx.push(Effect::Lend(request_id, program));
                Self::Lent(request_id, None)
            }
            other => other,
        };
    }

    /// The program has ended, or could not be started for this reason. The client is told; the terminal is coshell's.
    pub(super) fn ended(&mut self, cx: &mut Cx<'_>, end: Result<ExitStatus, &str>) {
        if let Self::Lent(request_id, _) = std::mem::take(self) {
            match end {
                Ok(exit) => cx.answer(request_id, EndResponse::from(exit)),
                Err(reason) => cx.refuse(request_id, RpcError::new(ErrorCode::Failed, reason)),
            }
        }
    }

    /// The session ends, or the client has gone: the program is hung up. Returns whether the terminal, which was on the
    /// way to a program, is to be taken back at once.
    pub(super) fn end(&mut self, cx: &mut Cx<'_>) -> bool {
        match std::mem::take(self) {
            Self::Lent(request_id, None) => {
                *self = Self::Lent(request_id, Some(cx.now + KILL_AFTER));
                cx.push(Effect::Signal(Child::Lent, SIGHUP));
            }
            lent @ Self::Lent(..) => *self = lent,
            Self::No => {}
            Self::Requested(request_id, ..) => cx.refuse(request_id, RpcError::ended()),
            Self::Leaving(request_id, _) => {
                cx.refuse(request_id, RpcError::ended());
                return true;
            }
        }
        false
    }

    /// The client of this request has gone. Returns what `end` does.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>, request_id: RequestId) -> bool {
        match *self {
            Self::Requested(of, ..) | Self::Leaving(of, _) | Self::Lent(of, _) if of == request_id => self.end(cx),
            _ => false,
        }
    }
}
