//! The process of a coprocess: the way from SIGTERM to SIGKILL, and how it ended. It knows nothing of what it reads and
//! writes.

use std::time::{Duration, Instant};

use crate::core::event::{Cx, Effect};
use crate::types::{Child, ExitStatus, SIGKILL, SIGTERM};

/// From SIGTERM to SIGKILL.
const KILL_AFTER: Duration = Duration::from_secs(2);
/// What it has to finish in once the shell has exited.
const FINISH_WITHIN: Duration = Duration::from_secs(1);

/// Why a coprocess is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum StopReason {
    /// The user asked for it.
    User,
    /// The far side of its file transfer has left.
    FarGone,
    /// The shell has exited.
    Session,
    /// The terminal is gone, or coshell was told to leave.
    HangUp,
}

/// How far its stopping has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StopPhase {
    /// Nobody asked.
    No,
    /// It is sent SIGTERM at this time: the session is over.
    TermAt(Instant),
    /// It was sent SIGTERM, and gets SIGKILL at this time.
    KillAt(Instant),
    /// It was sent SIGKILL.
    Killed,
}

/// The process, from its start on.
#[derive(Debug)]
pub(super) struct Process {
    /// Once it has been started.
    pub(super) pid: Option<u32>,
    stopping: StopPhase,
    /// Who asked for its end, if anybody did.
    pub(super) why: Option<StopReason>,
    /// The last signal that the user had it sent.
    sent: Option<i32>,
    /// How it ended, once it has.
    pub(super) exit: Option<ExitStatus>,
}

impl Process {
    /// One that is about to be started.
    pub(super) fn new() -> Self {
        Self { pid: None, stopping: StopPhase::No, why: None, sent: None, exit: None }
    }

    /// Asks it to end: SIGTERM to its process group, SIGKILL later.
    pub(super) fn stop(&mut self, cx: &mut Cx<'_>, why: StopReason) {
        self.why.get_or_insert(why);
        if matches!(self.stopping, StopPhase::No | StopPhase::TermAt(_)) {
            self.stopping = StopPhase::KillAt(cx.now + KILL_AFTER);
            cx.push(Effect::Signal(Child::Coproc, SIGTERM));
        }
    }

    /// The shell has exited: it has a second to finish.
    pub(super) fn finish(&mut self, now: Instant) {
        if self.stopping == StopPhase::No {
            self.why.get_or_insert(StopReason::Session);
            self.stopping = StopPhase::TermAt(now + FINISH_WITHIN);
        }
    }

    /// The user has it sent this signal: if that ends it, it has not failed.
    pub(super) fn send(&mut self, cx: &mut Cx<'_>, signal: i32) {
        self.sent = Some(signal);
        cx.push(Effect::Signal(Child::Coproc, signal));
    }

    /// It has exited.
    pub(super) fn exited(&mut self, exit: ExitStatus) {
        self.exit = Some(exit);
        if self.sent.is_some_and(|signal| exit.status() == ExitStatus::Signal(signal).status()) {
            self.why.get_or_insert(StopReason::User);
        }
    }

    /// Whether it was stopped, or ended with anything but success.
    pub(super) fn failed(&self) -> bool {
        self.why.is_some() || self.exit.is_some_and(|exit| !exit.success())
    }

    /// When it is sent the next signal.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stopping {
            StopPhase::TermAt(at) => Some(at),
            StopPhase::KillAt(at) if self.exit.is_none() => Some(at),
            StopPhase::No | StopPhase::KillAt(_) | StopPhase::Killed => None,
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

    /// Lets the time pass, deadline by deadline; the seconds at which there was a signal.
    fn signals(process: &mut Process, now: Instant) -> Vec<(u64, Effect)> {
        let mut signals = Vec::new();
        while let Some(at) = process.deadline() {
            let mut out = Vec::new();
            process.tick(&mut Cx { now: at, effects: &mut out });
            signals.extend(out.into_iter().map(|effect| ((at - now).as_secs(), effect)));
        }
        signals
    }

    #[test]
    fn who_does_not_finish_is_asked_and_then_killed() {
        let (mut process, now) = (Process::new(), Instant::now());
        process.finish(now);
        let signal = |signal| Effect::Signal(Child::Coproc, signal);
        assert_eq!(signals(&mut process, now), [(1, signal(SIGTERM)), (3, signal(SIGKILL))]);
        process.stop(&mut Cx { now, effects: &mut Vec::new() }, StopReason::User);
        assert_eq!((process.why, process.deadline()), (Some(StopReason::Session), None));
    }

    #[test]
    fn who_has_exited_is_not_killed() {
        let (mut process, now, mut out) = (Process::new(), Instant::now(), Vec::new());
        let mut cx = Cx { now, effects: &mut out };
        process.stop(&mut cx, StopReason::User);
        process.stop(&mut cx, StopReason::HangUp);
        process.exited(ExitStatus::Code(0));
        assert_eq!(out, [Effect::Signal(Child::Coproc, SIGTERM)]);
        assert_eq!((signals(&mut process, now), process.why), (Vec::new(), Some(StopReason::User)));
    }
}
