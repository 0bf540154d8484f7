//! The shell's life and when coshell may leave: running, exited, hung up; the exit status. It knows no bytes,
//! only how many came and when.

use std::time::{Duration, Instant};

use super::rpc_error::RpcError;
use crate::types::ExitStatus;

/// The shell has exited and somebody else still holds the pty: what had been written before has come when
/// nothing came for this long.
const QUIET: Duration = Duration::from_millis(50);
/// More than a pty holds (20 KB on Linux): what comes after it was written after the exit.
const HELD_BY_A_PTY: usize = 64 * 1024;
/// What the shell has to end in after it was hung up.
const HANG_UP: Duration = Duration::from_millis(500);
/// What the terminal has, from the same moment on, to take what waits for it: one that has stopped reading (a frozen
/// connection) would keep coshell for ever. An end that nobody ordered waits for the terminal.
const LAST_CALL: Duration = Duration::from_secs(1);

/// How the shell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    /// It runs.
    Running,
    /// It has exited; its last output may be on the way.
    Exited,
    /// It has exited and everything that it wrote has been read.
    Done,
}

/// The session: one shell and one pty.
#[derive(Debug)]
pub(super) struct Session {
    /// When it began, on the monotonic clock.
    start: Instant,
    /// When it began, since 1970.
    epoch: Duration,
    shell: Shell,
    exit: Option<ExitStatus>,
    /// The pty was closed by everybody inside.
    closed: bool,
    /// Bytes that came after the shell had exited.
    after_exit: usize,
    /// Since when a read of the pty would be welcome and nothing came.
    quiet_since: Option<Instant>,
    /// coshell was told to leave: with this status, at this time.
    leaving: Option<(ExitStatus, Instant)>,
}

impl Session {
    /// A shell that was just started.
    pub(super) fn new(start: Instant, epoch: Duration) -> Self {
        Self {
            start,
            epoch,
            shell: Shell::Running,
            exit: None,
            closed: false,
            after_exit: 0,
            quiet_since: None,
            leaving: None,
        }
    }

    /// Returns a time in seconds since 1970, to the millisecond.
    pub(super) fn seconds_at(&self, time: Instant) -> f64 {
        seconds(self.epoch + time.saturating_duration_since(self.start))
    }

    /// Returns an error where the session is at its end, so that nothing can be begun any more.
    pub(super) fn goes_on(&self) -> Result<(), RpcError> {
        if self.shell_is_gone() { Err(RpcError::ended()) } else { Ok(()) }
    }

    /// The shell printed `n` bytes.
    pub(super) fn printed(&mut self, now: Instant, n: usize) {
        if self.shell == Shell::Exited {
            self.after_exit += n;
            self.quiet_since = Some(now);
            self.drained(now);
        }
    }

    /// The shell has exited.
    pub(super) fn exited(&mut self, now: Instant, exit: ExitStatus) {
        self.exit = Some(exit);
        self.shell = Shell::Exited;
        self.quiet_since = Some(now);
        self.drained(now);
    }

    /// Nobody holds the inside of the pty any more.
    pub(super) fn pty_closed(&mut self, now: Instant) {
        self.closed = true;
        self.drained(now);
    }

    /// Whether the pty is read as things stand. While it is not, since the terminal or the coprocess has not taken what came
    /// before, its silence means nothing.
    pub(super) fn reads(&mut self, now: Instant, welcome: bool) {
        if self.shell == Shell::Exited {
            self.quiet_since = if welcome { self.quiet_since.or(Some(now)) } else { None };
        }
    }

    /// coshell is to leave with this status, if it was not told to before. Returns whether this is the first time: then
    /// the shell is to be hung up.
    pub(super) fn leave(&mut self, now: Instant, exit: ExitStatus) -> bool {
        let first = self.leaving.is_none();
        self.leaving.get_or_insert((exit, now));
        first
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant) {
        self.drained(now);
        if self.leaving.is_some_and(|(_, since)| now >= since + HANG_UP) {
            self.shell = Shell::Done;
        }
    }

    fn drained(&mut self, now: Instant) {
        let quiet = self.quiet_since.is_some_and(|since| now >= since + QUIET);
        let all = self.closed || quiet || self.after_exit >= HELD_BY_A_PTY;
        if self.shell == Shell::Exited && all {
            self.shell = Shell::Done;
        }
    }

    /// When `tick` should be called again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.shell == Shell::Done {
            return None;
        }
        let quiet = self.quiet_since.map(|since| since + QUIET);
        let leave = self.leaving.map(|(_, since)| since + HANG_UP);
        [quiet, leave].into_iter().flatten().min()
    }

    /// Whether the shell itself is gone, its output apart.
    pub(super) fn shell_is_gone(&self) -> bool {
        self.shell != Shell::Running
    }

    /// Whether nothing more of the shell's output is awaited.
    pub(super) fn is_over(&self) -> bool {
        self.shell == Shell::Done
    }

    /// Whether coshell was told to leave.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// When the terminal is no longer waited for, if ever.
    pub(super) fn last_call(&self) -> Option<Instant> {
        self.leaving.map(|(_, since)| since + LAST_CALL)
    }

    /// coshell's exit status.
    pub(super) fn exit(&self) -> ExitStatus {
        self.leaving.map(|(exit, _)| exit).or(self.exit).unwrap_or(ExitStatus::Code(0))
    }
}

/// Returns a duration in seconds, to the millisecond.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn ends_when_the_pty_ends_in_either_order() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.pty_closed(now);
        assert!(!session.is_over());
        session.exited(now, ExitStatus::Code(3));
        assert!(session.is_over());
        assert_eq!(session.exit(), ExitStatus::Code(3));

        let mut session = Session::new(now, Duration::ZERO);
        session.exited(now, ExitStatus::Code(3));
        assert!(!session.is_over());
        session.pty_closed(now);
        assert!(session.is_over());
    }

    #[test]
    fn a_background_job_holds_it_for_50_ms_of_quiet_only() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.exited(now, ExitStatus::Code(0));
        session.printed(now + 40 * MS, 10);
        session.tick(now + 60 * MS);
        assert!(!session.is_over());
        session.tick(now + 90 * MS);
        assert!(session.is_over());
    }

    #[test]
    fn a_background_job_that_floods_does_not_hold_it() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.exited(now, ExitStatus::Code(0));
        session.printed(now, HELD_BY_A_PTY);
        assert!(session.is_over());
    }

    #[test]
    fn a_slow_terminal_loses_nothing() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.exited(now, ExitStatus::Code(0));
        session.reads(now, false);
        assert_eq!(session.deadline(), None);
        session.tick(now + 60 * MS);
        assert!(!session.is_over());
        session.reads(now + 70 * MS, true);
        session.tick(now + 119 * MS);
        assert!(!session.is_over());
        session.tick(now + 120 * MS);
        assert!(session.is_over());
    }

    #[test]
    fn a_shell_that_ignores_the_hang_up_is_left() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.leave(now, ExitStatus::Signal(1));
        assert_eq!(session.deadline(), Some(now + HANG_UP));
        session.tick(now + HANG_UP);
        assert!(session.is_over());
        assert_eq!(session.exit().status(), 129);
        assert_eq!(session.last_call(), Some(now + LAST_CALL));
    }
}
