//! Timers of the unfinished line: the pause of the output, and the delay of a match that could still grow.

use std::time::{Duration, Instant};

/// Time without output after which it has paused, on the unfinished line or on the alternate screen.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// The timers of the unfinished line.
#[derive(Debug, Default)]
pub(super) struct IdleTimer {
    /// Start of the pause, unless the line was tried since the last output.
    pause: Option<Instant>,
    /// End of the delay of a match.
    held: Option<Instant>,
    /// Where the unfinished line begins in the stream.
    line: u64,
}

/// The timer that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdleState {
    /// None.
    No,
    /// The output has paused.
    Paused,
    /// The delay of a match is over.
    Settled,
}

impl IdleTimer {
    /// Restarts the pause timer, because output came; the unfinished line begins at the offset `line` of the stream. The
    /// delay of a match on another line is over, since that line was tried when it was finished.
    pub(super) fn restart(&mut self, now: Instant, line: u64) {
        self.pause = Some(now + PAUSE);
        if std::mem::replace(&mut self.line, line) != line {
            self.held = None;
        }
    }

    /// Stops both timers, because the line is finished or empty.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Delays a match that could still grow until `at`, unless one is delayed already.
    pub(super) fn hold(&mut self, at: Instant) {
        self.held.get_or_insert(at);
    }

    /// Returns the timer that is due, once.
    pub(super) fn due(&mut self, now: Instant) -> IdleState {
        if self.pause.is_some_and(|at| now >= at) {
            self.pause = None;
            IdleState::Paused
        } else if self.held.is_some_and(|at| now >= at) {
            self.held = None;
            IdleState::Settled
        } else {
            IdleState::No
        }
    }

    /// Returns when `due` has something to return.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.pause, self.held].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_is_due_once() {
        let now = Instant::now();
        let mut timer = IdleTimer::default();
        timer.restart(now, 0);
        assert_eq!(timer.due(now), IdleState::No);
        timer.hold(now + 10 * PAUSE);
        assert_eq!(timer.due(now + PAUSE), IdleState::Paused);
        assert_eq!(timer.due(now + PAUSE), IdleState::No);
        assert_eq!(timer.deadline(), Some(now + 10 * PAUSE));
        assert_eq!(timer.due(now + 10 * PAUSE), IdleState::Settled);
        assert_eq!(timer.deadline(), None);
    }

    #[test]
    fn delay_ends_with_its_line() {
        let now = Instant::now();
        let mut timer = IdleTimer::default();
        timer.restart(now, 7);
        timer.hold(now + 10 * PAUSE);
        timer.restart(now, 7);
        assert_eq!(timer.held, Some(now + 10 * PAUSE));
        timer.restart(now, 9);
        assert_eq!(timer.held, None);
    }
}
