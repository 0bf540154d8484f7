//! The process of a coprocess: the steps from SIGTERM to SIGKILL, and the exit status.

use std::time::{Duration, Instant};

use crate::core::event::{Cx, Effect};
use crate::core::transfer::TransferFault;
use crate::types::{Child, ExitStatus, SIGKILL, SIGTERM};

/// Time from SIGTERM to SIGKILL.
const KILL_AFTER: Duration = Duration::from_secs(2);
/// Time from the shell's exit to SIGTERM.
const FINISH_WITHIN: Duration = Duration::from_secs(1);

/// Reason for which a coprocess is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum StopReason {
    /// The user stopped it.
    User,
    /// Its file transfer cannot go on.
    Transfer(TransferFault),
    /// The shell has exited.
    Session,
    /// The session was hung up.
    HangUp,
}

/// Steps of stopping the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StopPhase {
    /// It is not stopped.
    No,
    /// It is sent SIGTERM at this time, because the session is over.
    TermAt(Instant),
    /// It was sent SIGTERM, and is sent SIGKILL at this time.
    KillAt(Instant),
    /// It was sent SIGKILL.
    Killed,
}

/// The process of a coprocess.
#[derive(Debug)]
pub(super) struct Process {
    /// Its process id, once it has been started.
    pub(super) pid: Option<u32>,
    stopping: StopPhase,
    /// Reason for which it is stopped, if it is.
    pub(super) reason: Option<StopReason>,
    /// Last signal that the user sent.
    user_signal: Option<i32>,
    /// Its exit status, once it has exited.
    pub(super) exit: Option<ExitStatus>,
}

impl Process {
    /// Creates a process that is about to be started.
    pub(super) fn new() -> Self {
        Self { pid: None, stopping: StopPhase::No, reason: None, user_signal: None, exit: None }
    }

    /// Sends SIGTERM to its process group, and SIGKILL later.
    pub(super) fn stop(&mut self, cx: &mut Cx<'_>, reason: StopReason) {
        self.reason.get_or_insert(reason);
        if self.exit.is_none() && matches!(self.stopping, StopPhase::No | StopPhase::TermAt(_)) {
            self.stopping = StopPhase::KillAt(cx.now + KILL_AFTER);
            cx.push(Effect::Signal(Child::Coproc, SIGTERM));
        }
    }

    /// Gives it a second to finish after the shell's exit.
    pub(super) fn finish(&mut self, now: Instant) {
        if self.stopping == StopPhase::No {
            self.reason.get_or_insert(StopReason::Session);
            self.stopping = StopPhase::TermAt(now + FINISH_WITHIN);
        }
    }

    /// Sends a signal of the user. Where that ends the process, it has not failed.
    pub(super) fn send(&mut self, cx: &mut Cx<'_>, signal: i32) {
        self.user_signal = Some(signal);
        cx.push(Effect::Signal(Child::Coproc, signal));
    }

    /// Records its exit.
    pub(super) fn exited(&mut self, exit: ExitStatus) {
        self.exit = Some(exit);
        if self.user_signal.is_some_and(|signal| exit.status() == ExitStatus::Signal(signal).status()) {
            self.reason.get_or_insert(StopReason::User);
        }
    }

    /// Whether the rest of its process group has time to finish: a shell that runs the program as its child is ended by
    /// SIGTERM at once, while the program may still write its last output.
    pub(super) fn lets_group_finish(&self) -> bool {
        matches!(self.stopping, StopPhase::KillAt(_))
    }

    /// Whether it was stopped, or exited without success.
    pub(super) fn failed(&self) -> bool {
        self.reason.is_some() || self.exit.is_some_and(|exit| !exit.success())
    }

    /// Returns when it is sent the next signal.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stopping {
            StopPhase::TermAt(at) if self.exit.is_none() => Some(at),
            StopPhase::KillAt(at) => Some(at),
            StopPhase::No | StopPhase::TermAt(_) | StopPhase::Killed => None,
        }
    }

    /// Sends the signal that is due by now.
    pub(super) fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.deadline().is_none_or(|at| cx.now < at) {
            return;
        }
        if let StopPhase::TermAt(_) = self.stopping {
            return self.stop(cx, StopReason::Session);
        }
        self.stopping = StopPhase::Killed;
        cx.push(Effect::Signal(Child::Coproc, SIGKILL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the process deadline by deadline. Returns the signals and the seconds at which they were sent.
    fn signals(process: &mut Process, now: Instant) -> Vec<(u64, Effect)> {
        let mut signals = Vec::new();
        while let Some(at) = process.deadline() {
            let mut effects = Vec::new();
            process.tick(&mut Cx { now: at, effects: &mut effects });
            signals.extend(effects.into_iter().map(|effect| ((at - now).as_secs(), effect)));
        }
        signals
    }

    #[test]
    fn process_that_does_not_finish_gets_sigterm_then_sigkill() {
        let (mut process, now) = (Process::new(), Instant::now());
        process.finish(now);
        let signal = |signal| Effect::Signal(Child::Coproc, signal);
        assert_eq!(signals(&mut process, now), [(1, signal(SIGTERM)), (3, signal(SIGKILL))]);
        process.stop(&mut Cx { now, effects: &mut Vec::new() }, StopReason::User);
        assert_eq!((process.reason, process.deadline()), (Some(StopReason::Session), None));
    }

    #[test]
    fn exited_process_is_not_stopped() {
        for finishes in [false, true] {
            let (mut process, now, mut effects) = (Process::new(), Instant::now(), Vec::new());
            if finishes {
                process.finish(now);
            }
            process.exited(ExitStatus::Code(0));
            process.stop(&mut Cx { now, effects: &mut effects }, StopReason::User);
            assert_eq!((effects, signals(&mut process, now), process.lets_group_finish()), (vec![], vec![], false));
        }
    }

    /// The shell of the command line ends at SIGTERM, and the program that it runs may ignore it.
    #[test]
    fn group_of_stopped_process_gets_sigkill_after_exit_of_leader() {
        let (mut process, now, mut effects) = (Process::new(), Instant::now(), Vec::new());
        let mut cx = Cx { now, effects: &mut effects };
        process.stop(&mut cx, StopReason::User);
        process.stop(&mut cx, StopReason::HangUp);
        process.exited(ExitStatus::Signal(SIGTERM));
        assert_eq!(effects, [Effect::Signal(Child::Coproc, SIGTERM)]);
        assert!(process.lets_group_finish());
        assert_eq!(signals(&mut process, now), [(2, Effect::Signal(Child::Coproc, SIGKILL))]);
        assert_eq!((process.lets_group_finish(), process.reason), (false, Some(StopReason::User)));
    }
}
