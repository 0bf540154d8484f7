//! The terminal lent to a program of somebody else's for a while: when it may be handed over, what the program is, and
//! how it comes back. Meanwhile the shell's output waits and the keyboard is not read. How the screen is put back is
//! for `terminal`.

use std::time::{Duration, Instant};

use super::control::{ErrorCode, RpcError, refuse};
use super::coproc::ended;
use super::{Core, Effect, OutputKind};
use crate::types::{Child, ExitStatus, RequestId, SIGHUP, SIGKILL};

/// How long a moment is waited for at which the output is in the middle of nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// From the signal that asks the program to end to the one that makes it.
const KILL_AFTER: Duration = Duration::from_secs(2);
/// What the shell may print while the terminal is lent before it has to wait.
pub(super) const HELD: usize = 1024 * 1024;

/// A program that is lent the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LentProgram {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it runs; where coshell does, if nothing is said.
    pub directory: Option<String>,
    /// Its environment; that of coshell, if nothing is said.
    pub environment: Vec<(String, String)>,
    /// Which of its standard streams were passed along, in this order. The others are the terminal.
    pub streams: Vec<u8>,
}

/// Who has the terminal.
#[derive(Debug, Default)]
pub(super) enum LendState {
    /// coshell.
    #[default]
    No,
    /// coshell, until the output is in the middle of nothing, or this time.
    Asked(RequestId, LentProgram, Instant),
    /// coshell, until the terminal has taken what waits for it.
    Leaving(RequestId, LentProgram),
    /// The guest; it is killed at this time, if it is to end.
    Lent(RequestId, Option<Instant>),
}

impl LendState {
    /// Whether the shell's output and the keyboard wait.
    pub(super) fn holds(&self) -> bool {
        matches!(self, Self::Leaving(..) | Self::Lent(..))
    }

    /// When `tick` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Asked(_, _, at) | Self::Lent(_, Some(at)) => Some(*at),
            _ => None,
        }
    }
}

impl Core {
    /// Somebody wants the terminal for this program.
    pub(super) fn asked_to_lend(
        &mut self,
        now: Instant,
        request_id: RequestId,
        guest: LentProgram,
        out: &mut Vec<Effect>,
    ) {
        if let Err(refusal) = self.may_lend(&guest) {
            return refuse(request_id, refusal, out);
        }
        self.leave_menu(now, out);
        self.lending = LendState::Asked(request_id, guest, now + PATIENCE);
    }

    fn may_lend(&self, guest: &LentProgram) -> Result<(), RpcError> {
        let no = |code, sentence: &str| Err(RpcError::new(code, sentence));
        if guest.command.is_empty() {
            return no(ErrorCode::Params, "there is no command; name the program that is to have the terminal");
        }
        if self.settings.keyboard != OutputKind::Terminal || self.settings.screen != OutputKind::Terminal {
            return no(ErrorCode::NoTerminal, "the session's input or output is no terminal: there is nothing to lend");
        }
        if self.is_lending() {
            return no(ErrorCode::NoTerminal, "the terminal is lent to somebody else; try again when that has ended");
        }
        self.goes_on()
    }

    /// Whether the terminal is somebody else's, or soon will be.
    pub(super) fn is_lending(&self) -> bool {
        !matches!(self.lending, LendState::No)
    }

    /// Whether the keyboard is somebody else's.
    pub(super) fn is_lent(&self) -> bool {
        self.lending.holds()
    }

    /// Does what is due by now.
    pub(super) fn tick_lending(&mut self, now: Instant, out: &mut Vec<Effect>) {
        match self.lending {
            LendState::Asked(request_id, _, at) if now >= at => {
                self.lending = LendState::No;
                let sentence = "the output has stopped in the middle of an escape sequence; try again when it goes on";
                refuse(request_id, RpcError::new(ErrorCode::Busy, sentence), out);
            }
            LendState::Lent(request_id, Some(at)) if now >= at => {
                self.lending = LendState::Lent(request_id, Some(now + KILL_AFTER));
                out.push(Effect::Signal(Child::Guest, SIGKILL));
            }
            _ => {}
        }
    }

    /// Hands the terminal over as soon as it can be.
    pub(super) fn settle_lending(&mut self, out: &mut Vec<Effect>) {
        if matches!(self.lending, LendState::Asked(..)) && self.screen.text().in_ground_state() {
            let LendState::Asked(request_id, guest, _) = std::mem::take(&mut self.lending) else { return };
            self.screen.lend();
            self.lending = LendState::Leaving(request_id, guest);
        }
        if matches!(self.lending, LendState::Leaving(..)) && self.screen.is_empty() {
            let LendState::Leaving(request_id, guest) = std::mem::take(&mut self.lending) else { return };
            self.lending = LendState::Lent(request_id, None);
            out.push(Effect::Lend(request_id, guest));
        }
    }

    /// The program that had the terminal has ended, or could not be started: it is coshell's again.
    pub(super) fn take_back(&mut self, now: Instant, end: Result<ExitStatus, &str>, out: &mut Vec<Effect>) {
        if let LendState::Lent(request_id, _) = std::mem::take(&mut self.lending) {
            let reply = end.map(ended).map_err(|reason| RpcError::new(ErrorCode::Failed, reason));
            out.push(Effect::Answer(request_id, reply));
        }
        self.screen.take_back();
        self.release_held(now, out);
    }

    /// Nobody waits for the program any more, or the session is at its end.
    pub(super) fn end_lending(&mut self, now: Instant, out: &mut Vec<Effect>) {
        match std::mem::take(&mut self.lending) {
            LendState::Lent(request_id, None) => {
                self.lending = LendState::Lent(request_id, Some(now + KILL_AFTER));
                out.push(Effect::Signal(Child::Guest, SIGHUP));
            }
            lent @ LendState::Lent(..) => self.lending = lent,
            LendState::No => {}
            LendState::Asked(request_id, ..) => refuse(request_id, RpcError::ended(), out),
            LendState::Leaving(request_id, _) => {
                refuse(request_id, RpcError::ended(), out);
                self.take_back(now, Err(""), out);
            }
        }
    }

    /// The client that asked for it has gone.
    pub(super) fn guest_withdrawn(&mut self, now: Instant, request_id: RequestId, out: &mut Vec<Effect>) {
        match self.lending {
            LendState::Asked(of, ..) | LendState::Leaving(of, _) | LendState::Lent(of, _) if of == request_id => {
                self.end_lending(now, out);
            }
            _ => {}
        }
    }
}
