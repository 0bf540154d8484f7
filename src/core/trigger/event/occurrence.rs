//! An event that has happened, with its values.

use std::sync::Arc;
use std::time::Duration;

use super::super::captures::Captures;
use super::TriggerEvent;
use crate::core::history::HostReport;

/// An event that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    event: TriggerEvent,
    text: Arc<[u8]>,
    /// By the names in the event's row; a name that is missing here has no value.
    values: Vec<(&'static str, Vec<u8>)>,
    /// Exit status, for the filter of that name.
    pub(super) status: Option<i32>,
    /// Time that the event took, for the filters of times.
    pub(super) time: Duration,
    /// Part of `time` for which the event has been reported already.
    pub(super) reported: Option<Duration>,
}

impl Occurrence {
    /// Creates an event with the text that `$0` stands for, and without values.
    pub(in crate::core) fn new(event: TriggerEvent, text: &[u8]) -> Self {
        Self { event, text: text.into(), values: Vec::new(), status: None, time: Duration::ZERO, reported: None }
    }

    /// Creates the event that the shell, or the command in its place, has exited with `status`.
    pub(in crate::core) fn exit(status: i32) -> Self {
        Self::new(TriggerEvent::Exit, b"").with_status(Some(status))
    }

    /// Creates an event about the host or the user of the shell, with `text`.
    pub(super) fn of_report(event: TriggerEvent, text: &str, report: &HostReport) -> Self {
        Self::new(event, text.as_bytes()).with("host", report.host.as_bytes()).with("user", report.user.as_bytes())
    }

    /// Adds the value called `name`.
    pub(super) fn with(mut self, name: &'static str, value: &[u8]) -> Self {
        self.values.push((name, value.to_vec()));
        self
    }

    /// Adds the exit status, where it is known.
    pub(super) fn with_status(mut self, status: Option<i32>) -> Self {
        self.status = status;
        let text = status.map(|status| status.to_string()).unwrap_or_default();
        self.with("status", text.as_bytes())
    }

    /// Adds the time that the event took, in seconds with a decimal.
    pub(super) fn with_duration(mut self, time: Duration) -> Self {
        self.time = time;
        self.with("duration", format!("{:.1}", time.as_secs_f64()).as_bytes())
    }

    /// Sets the part of the time for which the event has been reported already.
    pub(super) fn after_report(self, reported: Option<Duration>) -> Self {
        Self { reported, ..self }
    }

    /// Returns the event.
    pub fn event(&self) -> TriggerEvent {
        self.event
    }

    /// Returns the text.
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// Returns the value called `name`, if it is known.
    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_slice())
    }

    /// Sets the text.
    pub(in crate::core) fn set_text(&mut self, text: &[u8]) {
        self.text = text.into();
    }

    /// Returns the text as group 0, and the values as the groups behind it.
    pub(in crate::core::trigger) fn captures(&self) -> Captures {
        let values = self.event.info().values.iter().map(|&name| (Some(name), self.value(name)));
        Captures::of_values(std::iter::once((None, Some(&*self.text))).chain(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_groups_by_number_and_name() {
        let occurrence = Occurrence::new(TriggerEvent::CommandFinished, b"make all")
            .with_status(Some(2))
            .with_duration(Duration::from_millis(61_250))
            .with("command", b"make all");
        let captures = occurrence.captures();
        let named = |name| captures.name(name).map(String::from_utf8_lossy);
        assert_eq!(captures.whole(), b"make all");
        assert_eq!((named("status").as_deref(), captures.group(1)), (Some("2"), Some(&b"2"[..])));
        assert_eq!((named("duration").as_deref(), named("command").as_deref()), (Some("61.2"), Some("make all")));
        assert_eq!((named("directory"), captures.len()), (None, 5));
    }
}
