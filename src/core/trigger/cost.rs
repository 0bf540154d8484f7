//! What the triggers cost: the time of their own searches, and the one that takes most of coshell's time.

use std::time::Duration;

/// Time of a trigger's own searches after which its share of coshell's CPU time is worked out.
const LOOK: Duration = Duration::from_secs(2);

/// The clocks by which costs are measured, which the core itself does not have. By default they stand still.
#[derive(Clone, Copy, Debug)]
pub struct CostClock {
    /// Returns a time that grows steadily.
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
    /// The part of it since the last look at the shares.
    recent: Duration,
    /// Whether the user has been told that the trigger is slow.
    told: bool,
}

/// A trigger that takes more than half of coshell's CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowTrigger {
    /// Index of the trigger.
    pub trigger: usize,
    /// Time that its searches took.
    pub time: Duration,
    /// CPU time of coshell meanwhile.
    pub of: Duration,
}

/// Measures the searches of triggers.
#[derive(Debug, Default)]
pub(super) struct CostMeter {
    clock: CostClock,
    /// CPU time at the last look at the shares.
    since: Duration,
    slow: Option<SlowTrigger>,
}

impl CostMeter {
    pub(super) fn new(clock: CostClock) -> Self {
        Self { clock, since: (clock.cpu)(), slow: None }
    }

    /// Returns the time before a search.
    pub(super) fn start(&self) -> Duration {
        (self.clock.time)()
    }

    /// Adds a search that began at `start` to the cost of trigger `i`. Returns whether a look at the shares is due.
    pub(super) fn add(&self, start: Duration, cost: &mut Cost) -> bool {
        let time = (self.clock.time)().saturating_sub(start);
        (cost.time, cost.recent) = (cost.time + time, cost.recent + time);
        cost.recent >= LOOK
    }

    /// Looks at the shares: notes trigger `i`, which is due, if it took more than half of coshell's CPU time.
    pub(super) fn look<'a>(&mut self, i: usize, costs: impl Iterator<Item = &'a mut Cost>) {
        let now = (self.clock.cpu)();
        let of = now.saturating_sub(std::mem::replace(&mut self.since, now));
        for (at, cost) in costs.enumerate() {
            let time = std::mem::take(&mut cost.recent);
            if at == i && time * 2 > of && !std::mem::replace(&mut cost.told, true) {
                self.slow = Some(SlowTrigger { trigger: i, time, of });
            }
        }
    }

    /// Takes the trigger that was found to be slow.
    pub(super) fn take_slow(&mut self) -> Option<SlowTrigger> {
        self.slow.take()
    }
}
