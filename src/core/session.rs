//! The life of the shell and the exit of coshell: running, exited, hung up; the exit status. It is told only how many
//! bytes came from the pty and when.

use std::time::{Duration, Instant};

use super::event::Suspension;
use super::rpc_error::RpcError;
use crate::types::ExitStatus;

/// Time without output after which everything that the exited shell wrote has been read, where another process keeps
/// the pty open.
const QUIET: Duration = Duration::from_millis(50);
/// More bytes than a pty holds (20 KB on Linux): bytes beyond these were written after the exit.
const PTY_CAPACITY: usize = 64 * 1024;
/// Maximum time between the hang-up and the shell's exit.
const HANG_UP_TIMEOUT: Duration = Duration::from_millis(500);
/// Maximum time between the hang-up and the terminal's taking all output: a terminal that has stopped reading (a frozen
/// connection) would block coshell for ever. Where only the shell has exited, coshell waits for the terminal.
const TERMINAL_TIMEOUT: Duration = Duration::from_secs(1);

/// State of the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    /// Runs.
    Running,
    /// Has exited; its last output may not have been read.
    Exited,
    /// Has exited, and all of its output has been read.
    Done,
}

/// The session: one shell and one pty.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Start on the monotonic clock.
    start: Instant,
    /// Start since 1970.
    epoch: Duration,
    shell: Shell,
    exit: Option<ExitStatus>,
    /// Why coshell is to stop, if it is.
    suspension: Option<Suspension>,
    /// Whether the last process has closed the pty slave.
    pty_closed: bool,
    /// Number of bytes read since the shell's exit.
    after_exit: usize,
    /// Start of the current interval without output while the pty is read.
    quiet_since: Option<Instant>,
    /// Status and time of the hang-up, once the session was hung up.
    leaving: Option<(ExitStatus, Instant)>,
}

impl Session {
    /// Creates the session of a shell that was just started.
    pub(super) fn new(start: Instant, epoch: Duration) -> Self {
        Self {
            start,
            epoch,
            shell: Shell::Running,
            exit: None,
            suspension: None,
            pty_closed: false,
            after_exit: 0,
            quiet_since: None,
            leaving: None,
        }
    }

    /// Returns a time in seconds since 1970, to the millisecond.
    pub(super) fn seconds_at(&self, time: Instant) -> f64 {
        seconds(self.epoch + time.saturating_duration_since(self.start))
    }

    /// Returns an error where the shell has exited, so that nothing can be started any more.
    pub(super) fn check_running(&self) -> Result<(), RpcError> {
        if self.shell_is_gone() { Err(RpcError::ended()) } else { Ok(()) }
    }

    /// Records that `n` bytes were read from the pty.
    pub(super) fn printed(&mut self, now: Instant, n: usize) {
        if self.shell == Shell::Exited {
            self.after_exit += n;
            self.quiet_since = Some(now);
            self.update(now);
        }
    }

    /// Records that coshell is to stop.
    pub(super) fn suspend(&mut self, suspension: Suspension) {
        self.suspension = self.suspension.max(Some(suspension));
    }

    /// Returns why coshell is to stop, once.
    pub(super) fn take_suspension(&mut self) -> Option<Suspension> {
        self.suspension.take()
    }

    /// Records the shell's exit.
    pub(super) fn exited(&mut self, now: Instant, exit: ExitStatus) {
        self.exit = Some(exit);
        self.shell = Shell::Exited;
        self.quiet_since = Some(now);
        self.update(now);
    }

    /// Records that the last process has closed the pty slave.
    pub(super) fn pty_closed(&mut self, now: Instant) {
        self.pty_closed = true;
        self.update(now);
    }

    /// Starts or stops the interval without output, `is_read` being whether the pty is read now. It is not read while the
    /// terminal or the coprocess has not taken earlier output.
    pub(super) fn update_quiet(&mut self, now: Instant, is_read: bool) {
        if self.shell == Shell::Exited {
            self.quiet_since = if is_read { self.quiet_since.or(Some(now)) } else { None };
        }
    }

    /// Hangs up the session; coshell exits with status `exit`. Returns whether this is the first hang-up.
    pub(super) fn leave(&mut self, now: Instant, exit: ExitStatus) -> bool {
        let first = self.leaving.is_none();
        self.leaving.get_or_insert((exit, now));
        first
    }

    /// Does what is due at `now`.
    pub(super) fn tick(&mut self, now: Instant) {
        self.update(now);
        if self.leaving.is_some_and(|(_, since)| now >= since + HANG_UP_TIMEOUT) {
            self.shell = Shell::Done;
        }
    }

    fn update(&mut self, now: Instant) {
        let quiet = self.quiet_since.is_some_and(|since| now >= since + QUIET);
        let all = self.pty_closed || quiet || self.after_exit >= PTY_CAPACITY;
        if self.shell == Shell::Exited && all {
            self.shell = Shell::Done;
        }
    }

    /// Returns when `tick` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.shell == Shell::Done {
            return None;
        }
        let quiet = self.quiet_since.map(|since| since + QUIET);
        let leave = self.leaving.map(|(_, since)| since + HANG_UP_TIMEOUT);
        [quiet, leave].into_iter().flatten().min()
    }

    /// Whether the shell has exited, even if its output has not been read.
    pub(super) fn shell_is_gone(&self) -> bool {
        self.shell != Shell::Running
    }

    /// Whether all of the shell's output has been read, or is not waited for.
    pub(super) fn is_over(&self) -> bool {
        self.shell == Shell::Done
    }

    /// Whether the session was hung up.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Returns the time after which coshell does not wait for the terminal, if any.
    pub(super) fn terminal_deadline(&self) -> Option<Instant> {
        self.leaving.map(|(_, since)| since + TERMINAL_TIMEOUT)
    }

    /// Returns coshell's exit status.
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
    fn session_is_over_after_exit_and_pty_close_in_either_order() {
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
    fn background_job_delays_end_until_50_ms_of_quiet() {
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
    fn flood_of_background_job_does_not_delay_end() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.exited(now, ExitStatus::Code(0));
        session.printed(now, PTY_CAPACITY);
        assert!(session.is_over());
    }

    #[test]
    fn quiet_does_not_count_while_pty_is_not_read() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.exited(now, ExitStatus::Code(0));
        session.update_quiet(now, false);
        assert_eq!(session.deadline(), None);
        session.tick(now + 60 * MS);
        assert!(!session.is_over());
        session.update_quiet(now + 70 * MS, true);
        session.tick(now + 119 * MS);
        assert!(!session.is_over());
        session.tick(now + 120 * MS);
        assert!(session.is_over());
    }

    #[test]
    fn shell_that_ignores_hang_up_is_left_running() {
        let now = Instant::now();
        let mut session = Session::new(now, Duration::ZERO);
        session.leave(now, ExitStatus::Signal(1));
        assert_eq!(session.deadline(), Some(now + HANG_UP_TIMEOUT));
        session.tick(now + HANG_UP_TIMEOUT);
        assert!(session.is_over());
        assert_eq!(session.exit().status(), 129);
        assert_eq!(session.terminal_deadline(), Some(now + TERMINAL_TIMEOUT));
    }
}
