//! The amount of data that a sender may have in flight: large enough to use the whole rate of the connection, small enough to
//! drain within about a second after a cancel, and not much more than the connection carries: where the receiver ends before
//! the transfer, its shell reads the rest as keys. bash 5.2 takes 0.8 s of CPU time for 64 kB of it, 14 s for 128 kB, and over
//! 50 s for 256 kB.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::subpackets::LONGEST;

const START: u32 = 8 * 1024;
const SMALLEST: u32 = 4 * 1024;
const LARGEST: u32 = 2 * 1024 * 1024;
/// Maximum length of a subpacket.
const PIECE: u32 = LONGEST as u32;
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
const DELAY_MAX: Duration = Duration::from_millis(600);
/// Number of bytes that may wait on the connection, beyond those that it carries within its delay, so that no stage of it is
/// idle.
const QUEUE: u32 = 32 * 1024;
/// Number of the last answers of which the shortest time tells how long data waits: others wait for a CPU too.
const RECENT: usize = 8;

/// Position whose acknowledgement was asked for.
#[derive(Clone, Copy, Debug)]
struct AskedPosition {
    position: u32,
    at: Instant,
    /// Most bytes that are in flight from then to the next question.
    in_flight: u32,
}

/// The window, in bytes of the file.
#[derive(Clone, Debug)]
pub(super) struct Window {
    size: u32,
    has_lost: bool,
    /// Number of bytes acknowledged since the last loss.
    clean: u64,
    asked: VecDeque<AskedPosition>,
    /// Times from the last positions to their acknowledgement, the newest last, and the shortest of all such times.
    answer_times: VecDeque<Duration>,
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
            answer_times: VecDeque::with_capacity(RECENT),
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

    /// Whether the window is full and no acknowledgement is under way.
    fn is_stuck(&self, acked: u32, sent: u32) -> bool {
        self.asked.is_empty() && self.room(acked, sent) == 0
    }

    /// Returns the room where acknowledgements are asked for within a frame. The window may have become smaller than what was sent
    /// behind the last question: where it is full and no acknowledgement is under way, another piece asks for one.
    pub(super) fn room_to_ask(&self, acked: u32, sent: u32) -> u32 {
        if self.is_stuck(acked, sent) { PIECE } else { self.room(acked, sent) }
    }

    /// Returns whether an acknowledgement is asked for with the data up to `position`, when `acked` has been acknowledged.
    pub(super) fn asks_at(&mut self, acked: u32, position: u32, now: Instant) -> bool {
        if position < self.ask_at && !self.is_stuck(acked, position) {
            return false;
        }
        let in_flight = (position - acked).saturating_add(self.step()).min(self.size);
        self.asked.push_back(AskedPosition { position, at: now, in_flight });
        self.ask_at = position.saturating_add(self.step());
        true
    }

    /// Takes the acknowledgement of the data up to `position`, of which `new` bytes were not acknowledged before.
    pub(super) fn acknowledge(&mut self, position: u32, new: u32, now: Instant) {
        self.clean += u64::from(new);
        let mut asked = None;
        while let Some(question) = self.asked.front().copied().filter(|question| question.position <= position) {
            self.asked.pop_front();
            asked = Some(question).filter(|question| question.position == position);
        }
        let Some(question) = asked else { return };
        let answer_time = now.duration_since(question.at);
        if self.answer_times.len() == RECENT {
            self.answer_times.pop_front();
        }
        self.answer_times.push_back(answer_time);
        self.delay = self.delay.min(answer_time);
        let needed = self.needed(question.in_flight);
        if answer_time < self.delay + QUICK {
            let larger = if self.has_lost { self.size + GROWTH_AFTER_LOSS } else { self.size * 2 };
            let earned = u32::try_from(self.clean / CLEAN_PART).map_or(LARGEST, |earned| earned.clamp(START, LARGEST));
            self.size = larger.min(earned).max(self.size);
        } else if answer_time > self.delay + SLOW && self.shrunk.is_none_or(|at| question.at >= at) {
            self.shrunk = Some(now);
            self.shrink();
        }
        self.size = self.size.min(needed);
    }

    /// Returns the size that the connection needs, on which `in_flight` bytes were acknowledged last. It carries all of them where
    /// they took little longer than its delay, which varies, else the part that it carries in that time.
    fn needed(&self, in_flight: u32) -> u32 {
        let (shortest, usual) = (self.answer_times.iter().min().copied().unwrap_or_default(), self.delay * 5 / 4);
        let carried = u128::from(in_flight) * usual.as_nanos() / shortest.as_nanos().max(1);
        let carried = if shortest <= usual { in_flight } else { u32::try_from(carried).unwrap_or(in_flight) };
        carried.saturating_add(QUEUE)
    }

    /// Returns the time from data to its acknowledgement.
    pub(super) fn answer_time(&self) -> Duration {
        self.answer_times.back().copied().unwrap_or_default()
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
            let (acked, size) = (position, window.size);
            assert!(!window.asks_at(acked, acked + window.step() - 1, now));
            position += size;
            assert!(window.asks_at(acked, position, now));
            now += ms(time);
            window.acknowledge(position, size, now);
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
            asked.extend(window.asks_at(0, sent, now).then_some(sent));
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
                let size = window.size;
                clean += size;
                window.asks_at(0, size, now);
                window.acknowledge(size, size, now);
                assert!(window.size <= before.max(clean / 2).max(START), "{} of {clean}", window.size);
            }
        }
    }
    /// A connection that carries this number of bytes in a millisecond, each acknowledged after this number of milliseconds.
    /// Returns the bytes acknowledged in the last half of `time` milliseconds, and the most that were in flight in it.
    fn moved_over(rate: u32, delay: u64, time: u64) -> (u32, u32) {
        let start = Instant::now();
        let mut window = Window::new();
        let (mut now, mut is_free_at, mut on_the_way) = (start, start, VecDeque::new());
        let (mut sent, mut acked, mut half, mut most) = (0, 0, None, 0);
        window.restart(0);
        while now < start + ms(time) {
            if now >= start + ms(time / 2) {
                half.get_or_insert(acked);
                most = most.max(sent - acked);
            }
            if window.room(acked, sent) > 0 {
                sent += PIECE;
                is_free_at = is_free_at.max(now) + Duration::from_secs(1) * PIECE / 1000 / rate;
                on_the_way.push_back((sent, window.asks_at(acked, sent, now), is_free_at + ms(delay)));
                continue;
            }
            let (position, is_asked, at) = on_the_way.pop_front().expect("the window is full");
            now = at;
            if is_asked {
                window.acknowledge(position, position - acked, now);
                acked = position;
            }
        }
        (acked - half.expect("more than half of the time"), most)
    }

    #[test]
    fn window_fills_the_connection_and_little_more() {
        for (rate, delay) in [(30_000, 1), (10_000, 1), (10_000, 20), (5_000, 100), (1_000, 2)] {
            let (moved, most) = moved_over(rate, delay, 8000);
            assert!(moved >= rate * 4000 / 100 * 95, "{rate}, {delay} ms: {moved} bytes");
            let carried = rate * u32::try_from(delay).expect("a short delay");
            assert!(most <= 2 * carried + 2 * QUEUE, "{rate}, {delay} ms: {most} in flight, {carried} carried");
        }
    }
}
