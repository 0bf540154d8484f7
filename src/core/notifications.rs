//! Desktop notifications of triggers: at most one in a second for each trigger. The newest of those that come too early is
//! shown at the end of the second, with the number of the others.

use std::time::{Duration, Instant};

use super::limiter::Limiter;
use super::trigger::action::{Notification, Protocol};

/// Shortest time between two notifications of one trigger.
const INTERVAL: Duration = Duration::from_secs(1);

/// The notifications that wait.
#[derive(Debug)]
pub(super) struct Notifications {
    protocol: Protocol,
    limiter: Limiter<Notification>,
}

impl Notifications {
    /// Creates a queue for a terminal that knows this sequence.
    pub(super) fn new(protocol: Protocol) -> Self {
        Self { protocol, limiter: Limiter::new(INTERVAL) }
    }

    /// Takes a notification of a trigger. Returns the bytes that show it, if it is shown now.
    pub(super) fn push(&mut self, now: Instant, trigger: usize, notification: Notification) -> Option<Vec<u8>> {
        let passed = self.limiter.pass(now, trigger, notification);
        passed.map(|notification| self.protocol.notify(&notification))
    }

    /// Returns the bytes that show the notifications which are due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<u8> {
        let due = self.limiter.due(now).into_iter().flat_map(|(notification, others)| {
            let counted = match others {
                0 => notification,
                _ => Notification { text: format!("{} (and {others} more)", notification.text), ..notification },
            };
            self.protocol.notify(&counted)
        });
        due.collect()
    }

    /// Returns when `due` has something to return.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.limiter.deadline()
    }
}
