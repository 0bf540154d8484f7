//! Lets one item of each trigger pass in an interval. Of those that come too early the newest waits for the interval's end,
//! and the others are counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A limiter of items of type `T`.
#[derive(Debug)]
pub(super) struct Limiter<T> {
    interval: Duration,
    /// By trigger. An entry is dropped once its interval is over.
    intervals: BTreeMap<usize, LimitedInterval<T>>,
}

#[derive(Debug)]
struct LimitedInterval<T> {
    end: Instant,
    waiting: Option<T>,
    /// Number of items that were dropped for `waiting`.
    dropped: usize,
}

impl<T> Limiter<T> {
    /// Creates a limiter with this interval.
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, intervals: BTreeMap::new() }
    }

    /// Takes an item of a trigger. Returns it if it passes now.
    pub(super) fn pass(&mut self, now: Instant, trigger: usize, item: T) -> Option<T> {
        self.intervals.retain(|_, interval| interval.waiting.is_some() || now < interval.end);
        match self.intervals.get_mut(&trigger) {
            Some(interval) => {
                interval.dropped += usize::from(interval.waiting.replace(item).is_some());
                None
            }
            None => {
                self.begin(now, trigger);
                Some(item)
            }
        }
    }

    fn begin(&mut self, now: Instant, trigger: usize) {
        let end = now + self.interval;
        self.intervals.insert(trigger, LimitedInterval { end, waiting: None, dropped: 0 });
    }

    /// Returns the items that have waited for the end of their intervals, each with the number of those dropped for it.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(T, usize)> {
        let ended = self.intervals.iter().filter(|(_, interval)| interval.waiting.is_some() && now >= interval.end);
        let ended: Vec<usize> = ended.map(|(trigger, _)| *trigger).collect();
        let mut due = Vec::with_capacity(ended.len());
        for trigger in ended {
            let interval = self.intervals.remove(&trigger);
            due.extend(interval.and_then(|interval| Some((interval.waiting?, interval.dropped))));
            self.begin(now, trigger);
        }
        due
    }

    /// Takes all items that wait, at the end of the session.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (T, usize)> + use<T> {
        let all = std::mem::take(&mut self.intervals).into_values();
        all.filter_map(|interval| Some((interval.waiting?, interval.dropped)))
    }

    /// Returns when `due` has something to return.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.intervals.values().filter(|interval| interval.waiting.is_some()).map(|interval| interval.end).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(1);

    #[test]
    fn newest_of_those_that_come_too_early_waits() {
        let (mut limiter, start) = (Limiter::new(INTERVAL), Instant::now());
        assert_eq!((limiter.pass(start, 0, "a"), limiter.pass(start, 1, "A")), (Some("a"), Some("A")));
        assert_eq!(limiter.deadline(), None);
        let soon = start + INTERVAL / 2;
        assert_eq!(["b", "c", "d"].map(|item| limiter.pass(soon, 0, item)), [None; 3]);
        assert_eq!((limiter.deadline(), limiter.due(soon)), (Some(start + INTERVAL), vec![]));
        assert_eq!(limiter.due(start + INTERVAL), [("d", 2)]);
        // The one that has waited begins an interval too.
        assert_eq!(limiter.pass(start + INTERVAL, 0, "e"), None);
        assert_eq!(limiter.take_all().collect::<Vec<_>>(), [("e", 0)]);
        assert_eq!(limiter.deadline(), None);
    }

    #[test]
    fn interval_that_is_over_leaves_nothing_behind() {
        let (mut limiter, start) = (Limiter::new(INTERVAL), Instant::now());
        (0..100).for_each(|trigger| _ = limiter.pass(start, trigger, ()));
        assert_eq!(limiter.pass(start + INTERVAL, 0, ()), Some(()));
        assert_eq!(limiter.intervals.len(), 1);
    }
}
