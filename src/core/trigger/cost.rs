//! What the triggers cost: the time of their own searches, and the one that takes most of coshell's time.

use std::time::Duration;

/// Time of a trigger's own searches after which its CPU time is measured, and CPU time of them after which its share of
/// coshell's CPU time is worked out.
const LOOK: Duration = Duration::from_secs(2);

/// The clocks by which costs are measured, which the core itself does not have. By default they stand still.
#[derive(Clone, Copy, Debug)]
pub struct CostClock {
    /// Returns a time that grows steadily. A look at it is cheap, and counts what other processes take meanwhile.
    pub time: fn() -> Duration,
    /// Returns the CPU time that coshell has used.
    pub cpu: fn() -> Duration,
}

impl Default for CostClock {
    fn default() -> Self {
        Self { time: || Duration::ZERO, cpu: || Duration::ZERO }
    }
}

/// Statistics of a trigger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Number of firings.
    pub fired: u64,
    /// Number of lines searched by the trigger's own regex, after the prefilter passed them.
    pub tried: u64,
    /// Time that those searches took.
    pub time: Duration,
    /// The part of it since the last look.
    recent: Duration,
    /// CPU time of coshell at the last look, while that of the searches is measured.
    watched_since: Option<Duration>,
    /// Whether the user has been told that the trigger is slow.
    told: bool,
}

/// A trigger that takes more than half of coshell's CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowTrigger {
    /// Index of the trigger.
    pub trigger: usize,
    /// CPU time that its searches took.
    pub time: Duration,
    /// CPU time of coshell meanwhile.
    pub of: Duration,
}

/// Measures the searches of triggers: by the time, which costs nothing, and by the CPU time once a trigger has taken long.
#[derive(Debug, Default)]
pub(super) struct CostMeter {
    clock: CostClock,
    slow: Option<SlowTrigger>,
}

impl CostMeter {
    pub(super) fn new(clock: CostClock) -> Self {
        Self { clock, slow: None }
    }

    /// Returns the time before a search.
    pub(super) fn start(&self, cost: &Cost) -> Duration {
        self.clock_of(cost)()
    }

    fn clock_of(&self, cost: &Cost) -> fn() -> Duration {
        if cost.watched_since.is_some() { self.clock.cpu } else { self.clock.time }
    }

    /// Adds a search that began at `start` to the cost of trigger `i`. Notes the trigger, once, if it took more than half of
    /// coshell's CPU time since the last look.
    pub(super) fn add(&mut self, i: usize, start: Duration, cost: &mut Cost) {
        let time = self.clock_of(cost)().saturating_sub(start);
        (cost.time, cost.recent) = (cost.time + time, cost.recent + time);
        if cost.recent < LOOK || cost.told {
            return;
        }
        let (time, now) = (std::mem::take(&mut cost.recent), (self.clock.cpu)());
        // One that is not slow is measured by the time again, since a look at the CPU time is a system call.
        let Some(since) = cost.watched_since.take() else { return cost.watched_since = Some(now) };
        let of = now.saturating_sub(since);
        if time * 2 > of {
            cost.told = true;
            self.slow = Some(SlowTrigger { trigger: i, time, of });
        }
    }

    /// Takes the trigger that was found to be slow.
    pub(super) fn take_slow(&mut self) -> Option<SlowTrigger> {
        self.slow.take()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static TIME: Cell<Duration> = const { Cell::new(Duration::ZERO) };
        static CPU: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    fn pass(time: u64, cpu: u64) {
        TIME.set(TIME.get() + Duration::from_millis(time));
        CPU.set(CPU.get() + Duration::from_millis(cpu));
    }

    /// Returns what is found in 200 searches that take this time and CPU time each, with `other` CPU time between them.
    fn found(search: (u64, u64), other: u64) -> Vec<(Duration, Duration)> {
        let mut meter = CostMeter::new(CostClock { time: || TIME.get(), cpu: || CPU.get() });
        let (mut cost, mut found) = (Cost::default(), Vec::new());
        for _ in 0..200 {
            pass(other, other);
            let start = meter.start(&cost);
            pass(search.0, search.1);
            meter.add(7, start, &mut cost);
            found.extend(meter.take_slow().map(|slow| (slow.time, slow.of)));
        }
        found
    }

    #[test]
    fn trigger_that_takes_most_of_the_cpu_time_is_found_once() {
        let seconds = |time: u64, of: u64| vec![(Duration::from_secs(time), Duration::from_secs(of))];
        for (search, other, want) in [
            ((100, 100), 50, seconds(2, 3)),
            ((100, 100), 0, seconds(2, 2)),
            ((100, 100), 100, vec![]),
            ((100, 100), 200, vec![]),
            // Other processes take the CPU from coshell meanwhile.
            ((1000, 100), 50, seconds(2, 3)),
            ((1000, 100), 100, vec![]),
            ((1000, 10), 50, vec![]),
        ] {
            assert_eq!(found(search, other), want, "{search:?} {other}");
        }
    }
}
