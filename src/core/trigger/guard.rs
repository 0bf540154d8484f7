//! The loop guard: a trigger that keeps setting itself off is switched off.
//!
//! It counts tries that fired, not matches: thirty matches that `all` finds in one line are one firing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many firings within [`WINDOW`] are let through; the next is not.
pub const MOST: usize = 20;
/// The time within which firings are counted.
pub const WINDOW: Duration = Duration::from_secs(2);

/// The recent firings of one trigger.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    /// The oldest in front, never more than [`MOST`].
    fired: VecDeque<Instant>,
}

impl Guard {
    /// Whether one more firing now would be one too many.
    pub(super) fn trips(&self, now: Instant) -> bool {
        self.fired.len() >= MOST
            && self.fired.front().is_some_and(|&first| now.saturating_duration_since(first) < WINDOW)
    }

    /// A firing happened.
    pub(super) fn note(&mut self, now: Instant) {
        if self.fired.len() >= MOST {
            self.fired.pop_front();
        }
        self.fired.push_back(now);
    }

    /// Begins anew, for a trigger that somebody switches on again.
    pub(super) fn reset(&mut self) {
        self.fired = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_first_in_two_seconds_trips() {
        let start = Instant::now();
        let mut guard = Guard::default();
        for n in 0..MOST as u64 {
            let now = start + Duration::from_millis(n * 50);
            assert!(!guard.trips(now), "{n}");
            guard.note(now);
        }
        assert!(guard.trips(start + Duration::from_millis(1999)));
        assert!(!guard.trips(start + WINDOW));
        guard.reset();
        assert!(!guard.trips(start + Duration::from_millis(1999)));
    }

    #[test]
    fn ten_a_second_go_on_for_ever() {
        let start = Instant::now();
        let mut guard = Guard::default();
        for n in 0..1000 {
            let now = start + Duration::from_millis(n * 100);
            assert!(!guard.trips(now), "{n}");
            guard.note(now);
        }
    }
}
