//! The loop guard stops a trigger that sets itself off, until its matches have paused.
//!
//! A loop is told by its cause: between two firings of its trigger coshell has typed or shown something for that trigger.
//! The caller reports this by [`LoopGuard::acted`] when the bytes have gone to the pty or into the output, not when they
//! are queued: what is still queued cannot have caused a match. In a loop of several triggers this holds for each of them.
//! A firing without such a cause is none of a loop, so that a burst of other output is never stopped.
//!
//! The guard counts tries that fired, not matches: thirty matches of an `all` trigger in one line are one firing. It
//! needs no timer: the next match checks whether the pause was long enough.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Maximum number of firings of a loop within [`WINDOW`].
pub const MOST: usize = 20;
/// Time within which firings are counted.
pub const WINDOW: Duration = Duration::from_secs(2);
/// Time without matches after which a stopped trigger fires again. It exceeds [`WINDOW`], since the last text that a
/// loop typed may be echoed late.
pub const PAUSE: Duration = Duration::from_secs(10);

/// Recent firings of one trigger that may belong to a loop.
#[derive(Clone, Debug, Default)]
pub(super) struct LoopGuard {
    /// Oldest first, at most [`MOST`].
    fired: VecDeque<Instant>,
    /// Whether coshell has typed or shown something for the trigger since it last fired.
    acted: bool,
    /// Time of the last match that was stopped; `None` while the trigger may fire.
    stopped: Option<Instant>,
}

impl LoopGuard {
    /// Records that coshell has typed or shown something for the trigger.
    pub(super) fn acted(&mut self) {
        self.acted = true;
    }

    /// Returns whether a match at `now` is stopped.
    pub(super) fn stops(&self, now: Instant) -> bool {
        let since = |earlier: Instant| now.saturating_duration_since(earlier);
        match self.stopped {
            Some(last) => since(last) < PAUSE,
            None => {
                let is_full =
                    self.fired.len() >= MOST && self.fired.front().is_some_and(|&first| since(first) < WINDOW);
                is_full && self.acted
            }
        }
    }

    /// Returns whether the trigger is stopped and its pause has not ended.
    pub(super) fn is_stopped(&self, now: Instant) -> bool {
        self.stopped.is_some() && self.stops(now)
    }

    /// Records a match that was stopped. Returns whether it is the first.
    pub(super) fn stop(&mut self, now: Instant) -> bool {
        self.stopped.replace(now).is_none()
    }

    /// Records a firing.
    pub(super) fn record(&mut self, now: Instant) {
        self.stopped = None;
        while self.fired.front().is_some_and(|&first| now.saturating_duration_since(first) >= WINDOW) {
            self.fired.pop_front();
        }
        // The first firing, which begins a loop, has another cause.
        if std::mem::take(&mut self.acted) || self.fired.is_empty() {
            self.fired.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fires at `now`, and acts.
    fn turn(guard: &mut LoopGuard, now: Instant) {
        guard.record(now);
        guard.acted();
    }

    #[test]
    fn twenty_first_firing_in_two_seconds_is_stopped() {
        let start = Instant::now();
        let mut guard = LoopGuard::default();
        for n in 0..MOST as u64 {
            let now = start + Duration::from_millis(n * 50);
            assert!(!guard.stops(now), "{n}");
            turn(&mut guard, now);
        }
        assert!(guard.stops(start + Duration::from_millis(1999)));
        assert!(!guard.stops(start + WINDOW));
    }

    #[test]
    fn firing_without_an_act_before_it_is_not_counted() {
        let start = Instant::now();
        let mut guard = LoopGuard::default();
        for n in 0..1000 {
            assert!(!guard.stops(start), "{n}");
            guard.record(start);
        }
        // Many matches for each act are a loop too: of each such group one is counted.
        for n in 1..MOST {
            guard.acted();
            assert!(!guard.stops(start), "{n}");
            (0..5).for_each(|_| guard.record(start));
        }
        assert!(!guard.stops(start));
        guard.acted();
        assert!(guard.stops(start));
    }

    #[test]
    fn stopped_trigger_fires_after_a_pause_in_its_matches() {
        let start = Instant::now();
        let mut guard = LoopGuard::default();
        (0..MOST).for_each(|_| turn(&mut guard, start));
        assert!(!guard.is_stopped(start) && guard.stop(start) && guard.is_stopped(start));
        // Each match restarts the pause.
        let last = start + PAUSE - Duration::from_millis(1);
        assert!(guard.stops(last) && !guard.stop(last));
        assert!(guard.stops(start + PAUSE) && guard.is_stopped(start + PAUSE));
        let again = last + PAUSE;
        assert!(!guard.stops(again) && !guard.is_stopped(again));
        for _ in 0..MOST {
            assert!(!guard.stops(again));
            turn(&mut guard, again);
        }
        assert!(guard.stops(again) && guard.stop(again));
    }

    #[test]
    fn ten_firings_per_second_are_never_stopped() {
        let start = Instant::now();
        let mut guard = LoopGuard::default();
        for n in 0..1000 {
            let now = start + Duration::from_millis(n * 100);
            assert!(!guard.stops(now), "{n}");
            turn(&mut guard, now);
        }
    }
}
