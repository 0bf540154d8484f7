//! How long a side waits for the other.

use std::time::{Duration, Instant};

/// Time without progress after which the stall is said.
const SAY: Duration = Duration::from_secs(5);
/// Time after which the other side is asked again.
const ASK: Duration = Duration::from_secs(10);
/// Time without progress after which the session is given up.
const GIVE_UP: Duration = Duration::from_secs(60);
/// The same before the other side has begun: a person may be choosing files there.
const GIVE_UP_START: Duration = Duration::from_secs(300);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Say,
    Ask,
    GiveUp,
    /// The other side has not begun.
    GiveUpStart,
}

/// Timer of one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    progress: Instant,
    asked: Instant,
    is_said: bool,
    has_begun: bool,
}

impl Patience {
    pub(super) fn new(now: Instant) -> Self {
        Self { progress: now, asked: now, is_said: false, has_begun: false }
    }

    /// Records that the other side is there.
    pub(super) fn begin(&mut self, now: Instant) {
        if !self.has_begun {
            self.progress(now);
        }
    }

    /// Records that the transfer has gone on.
    pub(super) fn progress(&mut self, now: Instant) {
        *self = Self { has_begun: true, ..Self::new(now) };
    }

    /// Returns how long nothing has gone on, once that has been said.
    pub(super) fn stalled_for(&self, now: Instant) -> Option<Duration> {
        self.is_said.then(|| now.duration_since(self.progress))
    }

    fn give_up_at(&self) -> Instant {
        self.progress + if self.has_begun { GIVE_UP } else { GIVE_UP_START }
    }

    /// Returns when `due` has something.
    pub(super) fn deadline(&self) -> Instant {
        let say = self.progress + SAY;
        let next = self.give_up_at().min(self.asked + ASK);
        if self.is_said || !self.has_begun { next } else { next.min(say) }
    }

    /// Returns what is due at `now`.
    pub(super) fn due(&mut self, now: Instant) -> Option<Due> {
        if now >= self.give_up_at() {
            return Some(if self.has_begun { Due::GiveUp } else { Due::GiveUpStart });
        }
        if now >= self.asked + ASK {
            self.asked = now;
            return Some(Due::Ask);
        }
        let is_due = !self.is_said && self.has_begun && now >= self.progress + SAY;
        self.is_said |= is_due;
        is_due.then_some(Due::Say)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is due when, in seconds, until the session is given up.
    fn all_due(start: Instant, mut patience: Patience) -> Vec<(u64, Due)> {
        let mut seen = Vec::new();
        while !matches!(seen.last(), Some((_, Due::GiveUp | Due::GiveUpStart))) {
            let at = patience.deadline();
            let due = patience.due(at).expect("something is due at the deadline");
            seen.push((at.duration_since(start).as_secs(), due));
        }
        seen
    }

    #[test]
    fn stall_is_said_asked_about_and_given_up() {
        let start = Instant::now();
        let asks = |until: u64| (1..until / 10).map(|n| (10 * n, Due::Ask)).collect::<Vec<_>>();
        let mut patience = Patience::new(start);
        assert_eq!(all_due(start, patience), [&asks(300)[..], &[(300, Due::GiveUpStart)]].concat());
        let begun = start + Duration::from_secs(100);
        patience.begin(begun);
        // A side that only repeats its greeting makes no progress.
        patience.begin(begun + Duration::from_secs(30));
        assert_eq!(all_due(begun, patience), [&[(5, Due::Say)], &asks(60)[..], &[(60, Due::GiveUp)]].concat());
    }
}
