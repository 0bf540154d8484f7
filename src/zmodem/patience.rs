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
            return Some(Due::GiveUp);
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

    #[test]
    fn stall_is_said_asked_about_and_given_up() {
        let start = Instant::now();
        let mut patience = Patience::new(start);
        patience.progress(start);
        let mut seen = Vec::new();
        loop {
            let at = patience.deadline();
            let due = patience.due(at).expect("something is due at the deadline");
            seen.push((at.duration_since(start).as_secs(), due));
            if due == Due::GiveUp {
                break;
            }
        }
        let asks = [10, 20, 30, 40, 50].map(|at| (at, Due::Ask));
        assert_eq!(seen, [&[(5, Due::Say)], &asks[..], &[(60, Due::GiveUp)]].concat());
    }
}
