//! The terminal lent to another program (`coshell lend`): from the request to the program's exit. Meanwhile the shell's
//! output is withheld and the keyboard is not read. `output::terminal` saves and restores the screen.

use std::time::{Duration, Instant};

use super::event::{Cx, Effect, LentProgram};
use super::output::terminal::TerminalOutput;
use super::response::EndResponse;
use super::rpc_error::{ErrorCode, RpcError};
use crate::types::{Child, ExitStatus, RequestId, SIGHUP, SIGINT, SIGKILL, SIGQUIT};

/// Maximum time for which a request waits while the output is inside an escape sequence.
const GROUND_STATE_TIMEOUT: Duration = Duration::from_millis(500);
/// Time from SIGHUP to SIGKILL, where the session ends before the program.
const KILL_AFTER: Duration = Duration::from_secs(2);
/// Time for which a signal may still be that of a key pressed before the terminal was taken back.
const KEY_SIGNAL: Duration = Duration::from_secs(1);

/// State of lending the terminal.
#[derive(Debug, Default)]
pub(super) enum Lend {
    /// coshell has the terminal.
    #[default]
    No,
    /// A client requested it; the output must reach the ground state by this time.
    Requested(RequestId, LentProgram, Instant),
    /// Bytes that save the screen are being written to the terminal.
    Leaving(RequestId, LentProgram),
    /// The program has it; where it was hung up, it is killed at this time.
    Lent(RequestId, Option<Instant>),
    /// coshell has it again, since this time.
    TakenBack(Instant),
}

impl Lend {
    /// Records a client's request for the terminal, which must be free.
    pub(super) fn request(&mut self, now: Instant, request_id: RequestId, program: LentProgram) {
        *self = Self::Requested(request_id, program, now + GROUND_STATE_TIMEOUT);
    }

    /// Returns an error where `program` cannot be lent the terminal now.
    pub(super) fn check(&self, program: &LentProgram, has_terminal: bool) -> Result<(), RpcError> {
        let (code, sentence) = if program.command.is_empty() {
            (ErrorCode::Params, "the command is missing: name the program to run on the terminal")
        } else if !has_terminal {
            (ErrorCode::NoTerminal, "the session's input or output is not a terminal, so there is none to lend")
        } else if self.is_requested() {
            (ErrorCode::NoTerminal, "the terminal is lent to another program; try again when that has ended")
        } else {
            return Ok(());
        };
        Err(RpcError::new(code, sentence))
    }

    /// Whether the terminal is lent or requested.
    pub(super) fn is_requested(&self) -> bool {
        !matches!(self, Self::No | Self::TakenBack(_))
    }

    /// Whether the shell's output is withheld and the keyboard not read.
    pub(super) fn is_lent(&self) -> bool {
        matches!(self, Self::Leaving(..) | Self::Lent(..))
    }

    /// Returns whether `signal` is that of a key, Ctrl-C or Ctrl-\\: between the program's end and the raw mode of coshell the
    /// line discipline makes signals of these keys, for coshell's process group.
    pub(super) fn explains(&self, now: Instant, signal: i32) -> bool {
        let recently = matches!(self, Self::TakenBack(at) if now <= *at + KEY_SIGNAL);
        matches!(signal, SIGINT | SIGQUIT) && (recently || matches!(self, Self::Lent(..)))
    }

    /// Does what is due by now. `in_ground_state` is whether the output is outside of escape sequences.
    pub(super) fn tick(&mut self, cx: &mut Cx<'_>, in_ground_state: bool) {
        match *self {
            Self::Requested(request_id, _, at) if cx.now >= at && !in_ground_state => {
                *self = Self::No;
                let sentence = "the output stopped in the middle of an escape sequence; try again when it continues";
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

    /// Saves the screen once the output is in the ground state, and starts the program once the terminal has taken
    /// everything.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>, terminal: &mut TerminalOutput) {
        // Every turn comes here: the terminal is hardly ever lent, and a program is large to move.
        if !matches!(self, Self::Requested(..) | Self::Leaving(..)) {
            return;
        }
        *self = match std::mem::take(self) {
            Self::Requested(request_id, program, _) if terminal.can_lend() => {
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

    /// Answers the client after the program has exited, or could not be started for a reason, and takes the terminal back.
    pub(super) fn ended(&mut self, cx: &mut Cx<'_>, end: Result<ExitStatus, &str>) {
        if let Self::Lent(request_id, _) = std::mem::replace(self, Self::TakenBack(cx.now)) {
            match end {
                Ok(exit) => cx.answer(request_id, EndResponse::from(exit)),
                Err(reason) => cx.refuse(request_id, RpcError::new(ErrorCode::Failed, reason)),
            }
        }
    }

    /// Hangs up the program because the session ends or the client has disconnected. Returns whether the screen was
    /// saved already but no program started, so that the caller must restore it at once.
    pub(super) fn end(&mut self, cx: &mut Cx<'_>) -> bool {
        match std::mem::take(self) {
            Self::Lent(request_id, None) => {
                *self = Self::Lent(request_id, Some(cx.now + KILL_AFTER));
                cx.push(Effect::Signal(Child::Lent, SIGHUP));
            }
            lent @ Self::Lent(..) => *self = lent,
            Self::No | Self::TakenBack(_) => {}
            Self::Requested(request_id, ..) => cx.refuse(request_id, RpcError::ended()),
            Self::Leaving(request_id, _) => {
                cx.refuse(request_id, RpcError::ended());
                return true;
            }
        }
        false
    }

    /// Handles the disconnection of the client of `request_id`. Returns the same as `end`.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>, request_id: RequestId) -> bool {
        match *self {
            Self::Requested(id, ..) | Self::Leaving(id, _) | Self::Lent(id, _) if id == request_id => self.end(cx),
            _ => false,
        }
    }
}
