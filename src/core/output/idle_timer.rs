//! When the output rests on a line, and when a match that could still grow has waited long enough.

use std::time::{Duration, Instant};

/// Output that rests on a line for this long has paused there.
const PAUSE: Duration = Duration::from_millis(20);

/// When the output has come to rest, and when a match that could still grow has waited long enough.
#[derive(Debug, Default)]
pub(super) struct IdleTimer {
    /// Output came, and nobody has looked at the line since: the pause begins at this time.
    pause: Option<Instant>,
    /// A match waits for this time.
    held: Option<Instant>,
}

/// What has come to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdleState {
    /// Nothing yet.
    No,
    /// The output rests.
    Paused,
    /// A match that was held has waited long enough.
    Settled,
}

impl IdleTimer {
    /// Output came.
    pub(super) fn stir(&mut self, now: Instant) {
        self.pause = Some(now + PAUSE);
    }

    /// The line is finished, or nothing stands on it: there is nothing to wait for.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A match that could grow waits until `at`.
    pub(super) fn hold(&mut self, at: Instant) {
        self.held.get_or_insert(at);
    }

    /// What is due by now; each is told once.
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

    /// When `due` should be asked.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.pause, self.held].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_told_once() {
        let now = Instant::now();
        let mut rest = IdleTimer::default();
        rest.stir(now);
        assert_eq!(rest.due(now), IdleState::No);
        rest.hold(now + 10 * PAUSE);
        assert_eq!(rest.due(now + PAUSE), IdleState::Paused);
        assert_eq!(rest.due(now + PAUSE), IdleState::No);
        assert_eq!(rest.deadline(), Some(now + 10 * PAUSE));
        assert_eq!(rest.due(now + 10 * PAUSE), IdleState::Settled);
        assert_eq!(rest.deadline(), None);
    }
}
