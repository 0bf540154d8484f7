//! The amount of data that a sender may have in flight: large enough to use the whole rate of the connection, small enough to
//! drain within about a second after a cancel.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const START: u32 = 8 * 1024;
const SMALLEST: u32 = 4 * 1024;
const LARGEST: u32 = 2 * 1024 * 1024;
/// Part of the data acknowledged since the last loss that may be in flight beyond `START`. All that is in flight behind a loss
/// is garbage to the receiver: lrzsz gives up at 20 times 1,400 bytes and the speed of its terminal in bit/s (`max_garbage` in
/// zm.c), which is 76 kB where it has none.
const CLEAN_PART: u64 = 2;
/// Growth for each acknowledgement once data was lost: all that is in flight behind a loss is sent again, and lrzsz gives up
/// where too much of it follows.
const GROWTH_AFTER_LOSS: u32 = 512;
/// Time to an acknowledgement below which more may be in flight, and the one above which less may; both behind the shortest
/// one seen, which is the delay of the connection and not of the data that waits there.
const QUICK: Duration = Duration::from_millis(250);
const SLOW: Duration = Duration::from_secs(1);
/// Maximum of that delay: on a slow line even the first kilobytes take long.
const DELAY_MAX: Duration = Duration::from_millis(500);

/// The window, in bytes of the file.
#[derive(Clone, Debug)]
pub(super) struct Window {
    size: u32,
    has_lost: bool,
    /// Number of bytes acknowledged since the last loss.
    clean: u64,
    /// Positions whose acknowledgement was asked for, and when.
    asked: VecDeque<(u32, Instant)>,
    /// Time from the last position to its acknowledgement, and the shortest such time.
    answer_time: Duration,
    delay: Duration,
    /// When a slow answer has made the window smaller. What was asked before says nothing about the smaller one, and would shrink
    /// it below what was sent behind the last question: then no answer would come that opens it.
    shrunk: Option<Instant>,
    /// Position from which on the next acknowledgement is asked for.
    ask_at: u32,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            size: START,
            has_lost: false,
            clean: 0,
            asked: VecDeque::new(),
            answer_time: Duration::ZERO,
            delay: DELAY_MAX,
            shrunk: None,
            ask_at: 0,
        }
    }

    /// Begins anew at a position.
    pub(super) fn restart(&mut self, position: u32) {
        self.asked.clear();
        self.ask_at = position.saturating_add(self.step());
    }

    /// Makes the window smaller, after data was lost.
    pub(super) fn lose(&mut self) {
        (self.has_lost, self.clean) = (true, 0);
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

    /// Takes the acknowledgement of the data up to `position`, of which `new` bytes were not acknowledged before.
    pub(super) fn acknowledge(&mut self, position: u32, new: u32, now: Instant) {
        self.clean += u64::from(new);
        let mut asked = None;
        while let Some((at, when)) = self.asked.front().copied().filter(|(at, _)| *at <= position) {
            self.asked.pop_front();
            asked = (at == position).then_some(when);
        }
        let Some(when) = asked else { return };
        self.answer_time = now.duration_since(when);
        self.delay = self.delay.min(self.answer_time);
        if self.answer_time < self.delay + QUICK {
            let larger = if self.has_lost { self.size + GROWTH_AFTER_LOSS } else { self.size * 2 };
            let earned = u32::try_from(self.clean / CLEAN_PART).map_or(LARGEST, |earned| earned.clamp(START, LARGEST));
            self.size = larger.min(earned).max(self.size);
        } else if self.answer_time > self.delay + SLOW && self.shrunk.is_none_or(|at| when >= at) {
            self.shrunk = Some(now);
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

    const fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    /// Returns the size of the window after 100 acknowledgements, each of which takes that time.
    fn size_after(times: impl Iterator<Item = u64>) -> u32 {
        let (mut window, mut position, mut now) = (Window::new(), 0, Instant::now());
        for time in times.take(100) {
            window.restart(position);
            let step = window.step();
            position += step;
            assert!(!window.asks_at(position - 1, now) && window.asks_at(position, now));
            now += ms(time);
            window.acknowledge(position, step, now);
        }
        window.size
    }

    #[test]
    fn window_grows_on_quick_connections_and_shrinks_on_slow_ones() {
        for (first, later, end) in [
            (10, 10, LARGEST),
            // A connection with a long delay, and one in which data waits.
            (700, 700, LARGEST),
            (10, 500, START),
            (3000, 3000, SMALLEST),
        ] {
            let times = std::iter::once(first).chain(std::iter::repeat(later));
            assert_eq!(size_after(times), end, "{first} ms, {later} ms");
        }
    }

    #[test]
    fn one_stall_makes_the_window_smaller_once() {
        let (mut window, mut sent, mut asked, now) = (Window::new(), 0, Vec::new(), Instant::now());
        window.restart(0);
        while window.room(0, sent) > 0 {
            sent += 1024;
            asked.extend(window.asks_at(sent, now).then_some(sent));
        }
        for position in asked {
            window.acknowledge(position, START / 4, now + ms(5000));
        }
        assert_eq!(window.size, START / 2);
    }

    /// Whatever is in flight behind a loss is garbage to the receiver.
    #[test]
    fn window_holds_no_more_than_part_of_what_arrived_since_a_loss() {
        let (mut window, now) = (Window::new(), Instant::now());
        for lost in [false, true] {
            if lost {
                window.lose();
                assert_eq!(window.size, LARGEST / 2);
            }
            let (before, mut clean) = (window.size, 0);
            while window.size < LARGEST {
                window.restart(0);
                let step = window.step();
                clean += step;
                window.asks_at(step, now);
                window.acknowledge(step, step, now);
                assert!(window.size <= before.max(clean / 2).max(START), "{} of {clean}", window.size);
            }
        }
    }
}
