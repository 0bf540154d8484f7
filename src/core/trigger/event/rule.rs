//! An event with the filters of a trigger.

use std::str::FromStr;
use std::time::Duration;

use super::super::error::StatusError;
use super::super::pattern::Pattern;
use super::{Occurrence, TriggerEvent};

/// An event that opens a trigger, and its filters. All of them must let an occurrence pass.
#[derive(Clone, Debug)]
pub struct EventRule {
    /// The event.
    pub event: TriggerEvent,
    /// Exit statuses that pass.
    pub status: Option<StatusFilter>,
    /// Time that the event must have taken at least.
    pub longer: Option<Duration>,
    /// Time after which the event happens, if it is not the default.
    pub after: Option<Duration>,
    /// Name of the variable that must have changed.
    pub variable: Option<String>,
    /// Pattern that the event's text must match.
    pub matching: Option<Pattern>,
}

/// Exit statuses of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Any but 0.
    Nonzero,
    /// This one.
    Code(i32),
}

impl EventRule {
    /// Creates a rule without filters.
    pub fn new(event: TriggerEvent) -> Self {
        Self { event, status: None, longer: None, after: None, variable: None, matching: None }
    }

    /// Returns the time after which the event happens, if a time makes it.
    pub(in crate::core::trigger) fn time(&self) -> Option<Duration> {
        self.after.or_else(|| self.event.default_time())
    }

    /// Returns whether an occurrence passes all filters but that of the text.
    pub(in crate::core::trigger) fn passes(&self, occurrence: &Occurrence) -> bool {
        self.event == occurrence.event()
            && self.status.is_none_or(|filter| filter.passes(occurrence.status))
            && self.longer.is_none_or(|longer| occurrence.time >= longer)
            && self.variable.as_ref().is_none_or(|name| occurrence.value("name") == Some(name.as_bytes()))
            && self.time().is_none_or(|time| {
                occurrence.time >= time && occurrence.reported.is_none_or(|reported| reported < time)
            })
    }
}

impl StatusFilter {
    /// Returns whether `status` passes. One that is not known passes no filter.
    fn passes(self, status: Option<i32>) -> bool {
        status.is_some_and(|status| match self {
            Self::Nonzero => status != 0,
            Self::Code(code) => status == code,
        })
    }
}

impl FromStr for StatusFilter {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<Self, StatusError> {
        if text == "nonzero" {
            return Ok(Self::Nonzero);
        }
        let code = text.parse::<u8>().map_err(|_| StatusError::new(text))?;
        Ok(Self::Code(code.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_nonzero_or_a_number() {
        assert_eq!("nonzero".parse(), Ok(StatusFilter::Nonzero));
        assert_eq!("130".parse(), Ok(StatusFilter::Code(130)));
        for bad in ["", "!0", "256", "-1", "zero"] {
            assert!(bad.parse::<StatusFilter>().is_err(), "{bad}");
        }
        let passing = |filter: StatusFilter| [None, Some(0), Some(1), Some(2)].map(|status| filter.passes(status));
        assert_eq!(passing(StatusFilter::Nonzero), [false, false, true, true]);
        assert_eq!(passing(StatusFilter::Code(1)), [false, false, true, false]);
    }

    #[test]
    fn time_passes_once_when_it_is_over() {
        let rule = EventRule { after: Some(Duration::from_secs(10)), ..EventRule::new(TriggerEvent::Idle) };
        for (reported, time, passes) in [(None, 9, false), (None, 10, true), (Some(9), 12, true), (Some(10), 20, false)]
        {
            let mut occurrence = Occurrence::new(TriggerEvent::Idle, b"").with_duration(Duration::from_secs(time));
            occurrence.reported = reported.map(Duration::from_secs);
            assert_eq!(rule.passes(&occurrence), passes, "{reported:?} {time}");
        }
        assert_eq!(EventRule::new(TriggerEvent::Idle).time(), Some(Duration::from_secs(30)));
        assert_eq!(EventRule::new(TriggerEvent::Bell).time(), None);
    }
}
