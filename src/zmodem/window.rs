//! The amount of data that a sender may have in flight: large enough to use the whole rate of the connection, small enough to
//! drain within about a second after a cancel.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const START: u32 = 32 * 1024;
const SMALLEST: u32 = 8 * 1024;
const LARGEST: u32 = 2 * 1024 * 1024;
/// Growth for each acknowledgement once data was lost: all that is in flight behind a loss is sent again, and lrzsz gives up
/// where too much of it follows.
const GROWTH_AFTER_LOSS: u32 = 512;
/// Time to an acknowledgement below which more may be in flight, and the one above which less may.
const QUICK: Duration = Duration::from_millis(250);
const SLOW: Duration = Duration::from_secs(1);

/// The window, in bytes of the file.
#[derive(Clone, Debug)]
pub(super) struct Window {
    size: u32,
    has_lost: bool,
    /// Positions whose acknowledgement was asked for, and when.
    asked: VecDeque<(u32, Instant)>,
    /// Time from the last position to its acknowledgement.
    answer_time: Duration,
    /// Position from which on the next acknowledgement is asked for.
    ask_at: u32,
}

impl Window {
    pub(super) fn new() -> Self {
        Self { size: START, has_lost: false, asked: VecDeque::new(), answer_time: Duration::ZERO, ask_at: 0 }
    }

    /// Begins anew at a position.
    pub(super) fn restart(&mut self, position: u32) {
        self.asked.clear();
        self.ask_at = position.saturating_add(self.step());
    }

    /// Makes the window smaller, after data was lost.
    pub(super) fn lose(&mut self) {
        self.has_lost = true;
        self.shrink();
    }

    fn shrink(&mut self) {
        self.size = (self.size / 2).max(SMALLEST);
    }

    fn step(&self) -> u32 {
        self.size / 4
    }

    /// Returns how much more may be sent behind `sent`, when `acked` has been acknowledged.
    pub(super) fn room(&self, acked: u32, sent: u32) -> u32 {
        self.size.saturating_sub(sent - acked)
    }

    /// Returns whether an acknowledgement is asked for with the data up to `position`.
    pub(super) fn asks_at(&mut self, position: u32, now: Instant) -> bool {
        if position < self.ask_at {
            return false;
        }
        self.asked.push_back((position, now));
        self.ask_at = position.saturating_add(self.step());
        true
    }

    /// Takes the acknowledgement of the data up to `position`.
    pub(super) fn acknowledge(&mut self, position: u32, now: Instant) {
        let mut asked = None;
        while let Some((at, when)) = self.asked.front().copied().filter(|(at, _)| *at <= position) {
            self.asked.pop_front();
            asked = (at == position).then_some(when);
        }
        let Some(when) = asked else { return };
        self.answer_time = now.duration_since(when);
        if self.answer_time < QUICK {
            let larger = if self.has_lost { self.size + GROWTH_AFTER_LOSS } else { self.size * 2 };
            self.size = larger.min(LARGEST);
        } else if self.answer_time > SLOW {
            self.shrink();
        }
    }

    /// Returns the time from data to its acknowledgement.
    pub(super) fn answer_time(&self) -> Duration {
        self.answer_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_grows_on_quick_connections_and_shrinks_on_slow_ones() {
        let now = Instant::now();
        for (time, end) in [(10, LARGEST), (500, START), (3000, SMALLEST)] {
            let mut window = Window::new();
            let mut position = 0;
            for _ in 0..20 {
                window.restart(position);
                position += window.step();
                assert!(!window.asks_at(position - 1, now) && window.asks_at(position, now));
                window.acknowledge(position, now + Duration::from_millis(time));
            }
            assert_eq!(window.size, end, "{time} ms");
            assert_eq!((window.room(position, position), window.room(position, position + end)), (end, 0));
        }
    }
}
