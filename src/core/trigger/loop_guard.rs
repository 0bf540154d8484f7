//! The loop guard: a trigger that keeps setting itself off is stopped, until its matches have paused.
//!
//! It counts tries that fired, not matches: thirty matches that `all` finds in one line are one firing. It needs no
//! deadline: whether the pause was long enough is asked when the next match comes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many firings within [`WINDOW`] are let through; the next is not.
pub const MOST: usize = 20;
/// The time within which firings are counted.
pub const WINDOW: Duration = Duration::from_secs(2);
/// A trigger that is stopped fires again once it has had no match for so long. Longer than [`WINDOW`], since what a loop
/// has typed last may come back late.
pub const PAUSE: Duration = Duration::from_secs(10);

/// The recent firings of one trigger.
#[derive(Clone, Debug, Default)]
pub(super) struct LoopGuard {
    /// The oldest in front, never more than [`MOST`].
    fired: VecDeque<Instant>,
    /// The last match that was not let through; absent while the trigger is not stopped.
    stopped: Option<Instant>,
}

impl LoopGuard {
    /// Whether the trigger is not to fire for a match now.
    pub(super) fn stops(&self, now: Instant) -> bool {
        let since = |earlier: Instant| now.saturating_duration_since(earlier);
        match self.stopped {
            Some(last) => since(last) < PAUSE,
            None => self.fired.len() >= MOST && self.fired.front().is_some_and(|&first| since(first) < WINDOW),
        }
    }

    /// Whether the trigger is stopped and has not paused for long enough.
    pub(super) fn is_stopped(&self, now: Instant) -> bool {
        self.stopped.is_some() && self.stops(now)
    }

    /// A match was not let through. Says whether it is the first.
    pub(super) fn stop(&mut self, now: Instant) -> bool {
        self.stopped.replace(now).is_none()
    }

    /// A firing happened.
    pub(super) fn record(&mut self, now: Instant) {
        self.stopped = None;
        if self.fired.len() >= MOST {
            self.fired.pop_front();
        }
        self.fired.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_first_in_two_seconds_is_stopped() {
        let start = Instant::now();
        let mut guard = LoopGuard::default();
        for n in 0..MOST as u64 {
            let now = start + Duration::from_millis(n * 50);
            assert!(!guard.stops(now), "{n}");
            guard.record(now);
        }
        assert!(guard.stops(start + Duration::from_millis(1999)));
        assert!(!guard.stops(start + WINDOW));
    }

    #[test]
    fn what_is_stopped_fires_again_after_a_pause_in_its_matches() {
        let start = Instant::now();
        let mut guard = LoopGuard::default();
        (0..MOST).for_each(|_| guard.record(start));
        assert!(!guard.is_stopped(start) && guard.stop(start) && guard.is_stopped(start));
        // Each match begins the pause anew.
        let last = start + PAUSE - Duration::from_millis(1);
        assert!(guard.stops(last) && !guard.stop(last));
        assert!(guard.stops(start + PAUSE) && guard.is_stopped(start + PAUSE));
        let again = last + PAUSE;
        assert!(!guard.stops(again) && !guard.is_stopped(again));
        for _ in 0..MOST {
            assert!(!guard.stops(again));
            guard.record(again);
        }
        assert!(guard.stops(again) && guard.stop(again));
    }

    #[test]
    fn ten_a_second_go_on_for_ever() {
        let start = Instant::now();
        let mut guard = LoopGuard::default();
        for n in 0..1000 {
            let now = start + Duration::from_millis(n * 100);
            assert!(!guard.stops(now), "{n}");
            guard.record(now);
        }
    }
}
