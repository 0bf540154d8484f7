//! Looks whether the files of the configuration have changed. No timer and no thread: a change matters only when bytes pass,
//! so that is when the files are looked at.

use std::time::{Duration, Instant};

use super::{Configuration, FileChange};
use crate::core::Configured;

/// Minimum time between two looks at the files.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The same while an editor may be writing one of them.
const UNSETTLED_INTERVAL: Duration = Duration::from_millis(100);

/// The configuration, and when its files are looked at again.
#[derive(Debug)]
pub(super) struct WatchedConfiguration {
    configuration: Option<Box<dyn Configuration>>,
    next_look: Option<Instant>,
}

impl WatchedConfiguration {
    pub(super) fn new(configuration: Option<Box<dyn Configuration>>) -> Self {
        Self { configuration, next_look: None }
    }

    /// Returns whether the files have changed, and are written completely. Looks at most once in `LOOK_INTERVAL`.
    pub(super) fn look(&mut self, now: Instant) -> bool {
        let Some(configuration) = &mut self.configuration else { return false };
        if self.next_look.is_some_and(|at| now < at) {
            return false;
        }
        let change = configuration.has_changed();
        self.next_look = Some(now + if change == FileChange::Unsettled { UNSETTLED_INTERVAL } else { LOOK_INTERVAL });
        change == FileChange::Settled
    }

    /// Reads the configuration; `None` where the session has none.
    pub(super) fn read(&mut self) -> Option<Configured> {
        self.configuration.as_mut().map(|configuration| configuration.read())
    }
}
