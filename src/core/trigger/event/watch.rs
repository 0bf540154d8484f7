//! Finds the events of a session: from what the output shows, from the shell's commands, and from the time without output.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::look::ProcessLooks;
use super::{EventSet, Occurrence, OutputSign, TriggerEvent};
use crate::core::event::PtyState;
use crate::core::history::ShellEvent;
use crate::core::password::Reading;
use crate::core::vt::MarkedZone;

/// What the triggers that can fire need of the events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::core::trigger) struct EventDemand {
    /// Their events.
    pub(in crate::core::trigger) wanted: EventSet,
    /// The times of those events that a time makes.
    pub(in crate::core::trigger) times: Vec<(TriggerEvent, Duration)>,
}

/// A command of the shell that runs.
#[derive(Debug)]
struct RunningCommand {
    text: Arc<str>,
    time: Interval,
}

/// A time that grows, and the part of it for which its event has been reported.
#[derive(Clone, Copy, Debug)]
struct Interval {
    since: Instant,
    reported: Option<Duration>,
}

/// Watches a session for events.
#[derive(Debug)]
pub(in crate::core) struct EventWatch {
    demand: EventDemand,
    /// The time without output.
    silence: Interval,
    command: Option<RunningCommand>,
    directory: Option<Arc<str>>,
    looks: ProcessLooks,
    /// Whether the next prompt is the first one, or the first one after a command.
    awaits_prompt: bool,
}

impl EventWatch {
    /// Creates the watch of a session that starts.
    pub(in crate::core::trigger) fn new(now: Instant) -> Self {
        Self {
            demand: EventDemand::default(),
            silence: Interval::new(now),
            command: None,
            directory: None,
            looks: ProcessLooks::default(),
            awaits_prompt: true,
        }
    }

    /// Sets what the triggers need.
    pub(in crate::core::trigger) fn set_demand(&mut self, demand: &EventDemand) {
        self.demand.clone_from(demand);
    }

    /// Returns the events that open triggers.
    pub(in crate::core) fn wanted(&self) -> EventSet {
        self.demand.wanted
    }

    /// Takes note of output. Returns the event that it has come after a time without.
    pub(in crate::core) fn printed(&mut self, now: Instant) -> Option<Occurrence> {
        let silence = now.saturating_duration_since(self.silence.since);
        self.silence = Interval::new(now);
        self.looks.printed();
        let activity = || Occurrence::new(TriggerEvent::Activity, b"").with_duration(silence);
        self.demand.wanted.has(TriggerEvent::Activity).then(activity)
    }

    /// Takes an event of the shell. Returns the event for triggers.
    pub(in crate::core) fn shell_event(&mut self, now: Instant, event: &ShellEvent) -> Option<Occurrence> {
        match event {
            ShellEvent::CommandStart { text, .. } => {
                let text = text.clone().unwrap_or_else(|| "".into());
                self.command = Some(RunningCommand { text, time: Interval::new(now) });
                self.awaits_prompt = true;
                None
            }
            ShellEvent::CommandEnd { status, took, .. } => {
                self.awaits_prompt = true;
                let text = self.command.take().map_or_else(|| "".into(), |command| command.text);
                let event = Occurrence::new(TriggerEvent::CommandFinished, text.as_bytes()).with_status(*status);
                Some(self.placed(event.with_duration(*took).with("command", text.as_bytes())))
            }
            ShellEvent::Directory { path } => {
                self.directory = Some(Arc::clone(path));
                Some(self.placed(Occurrence::new(TriggerEvent::Directory, path.as_bytes())))
            }
            ShellEvent::Host { report } => Some(Occurrence::of_report(TriggerEvent::Host, &report.host, report)),
            ShellEvent::User { report } => Some(Occurrence::of_report(TriggerEvent::User, &report.user, report)),
            ShellEvent::Variable { name, value } => {
                let event = Occurrence::new(TriggerEvent::Variable, value.as_bytes());
                Some(event.with("name", name.as_bytes()).with("value", value.as_bytes()))
            }
        }
    }

    /// Takes a sign in the output. Returns the event for triggers.
    pub(in crate::core) fn sign(&mut self, sign: OutputSign) -> Option<Occurrence> {
        Some(match sign {
            OutputSign::Prompt if !std::mem::take(&mut self.awaits_prompt) => return None,
            OutputSign::Prompt => {
                let directory = self.directory.as_deref().unwrap_or_default();
                self.placed(Occurrence::new(TriggerEvent::Prompt, directory.as_bytes()))
            }
            OutputSign::Bell => Occurrence::new(TriggerEvent::Bell, b""),
            OutputSign::Title(title) => Occurrence::new(TriggerEvent::Title, &title),
            OutputSign::Notification { title, text } => {
                let event = Occurrence::new(TriggerEvent::Notification, &text);
                event.with("title", &title.unwrap_or_default())
            }
            OutputSign::FullScreen => Occurrence::new(TriggerEvent::FullScreen, b""),
        })
    }

    /// Adds the directory to an event.
    fn placed(&self, event: Occurrence) -> Occurrence {
        event.with("directory", self.directory.as_deref().unwrap_or_default().as_bytes())
    }

    /// Returns the events that are due.
    pub(in crate::core) fn due(&mut self, now: Instant) -> Vec<Occurrence> {
        let mut due = Vec::new();
        if let Some((time, reported)) = self.silence.report(now, &self.demand, TriggerEvent::Idle) {
            let event = Occurrence::new(TriggerEvent::Idle, b"").with_duration(time);
            due.push(event.after_report(reported));
        }
        let command = self.command.as_mut().and_then(|command| {
            let (time, reported) = command.time.report(now, &self.demand, TriggerEvent::LongCommand)?;
            Some((Arc::clone(&command.text), time, reported))
        });
        if let Some((text, time, reported)) = command {
            let event = Occurrence::new(TriggerEvent::LongCommand, text.as_bytes()).with_duration(time);
            let event = event.with("command", text.as_bytes()).after_report(reported);
            due.push(self.placed(event));
        }
        due
    }

    /// Returns whether the processes in the pty are to be looked at now, and takes note of the look.
    pub(in crate::core) fn looks(&mut self, now: Instant, zone: MarkedZone) -> bool {
        let due = self.looks.next(self.silence.since, self.demand.wanted, zone).is_some_and(|at| now >= at);
        if due {
            self.looks.begin(now, self.silence.since);
        }
        due
    }

    /// Takes what a look at the pty has found on the line behind `lines` others. Returns the events.
    pub(in crate::core) fn looked(
        &mut self,
        state: &PtyState,
        reading: Reading,
        zone: MarkedZone,
        lines: u64,
    ) -> impl Iterator<Item = Occurrence> + use<> {
        self.looks.looked(state, reading, zone, lines)
    }

    /// Returns when `due` has something to return or `looks` is true.
    pub(in crate::core) fn deadline(&self, zone: MarkedZone) -> Option<Instant> {
        let silence = self.silence.next(&self.demand, TriggerEvent::Idle);
        let command =
            self.command.as_ref().and_then(|command| command.time.next(&self.demand, TriggerEvent::LongCommand));
        let look = self.looks.next(self.silence.since, self.demand.wanted, zone);
        [silence, command, look].into_iter().flatten().min()
    }
}

impl Interval {
    fn new(since: Instant) -> Self {
        Self { since, reported: None }
    }

    /// Returns when the next of the times of `event` is over.
    fn next(&self, demand: &EventDemand, event: TriggerEvent) -> Option<Instant> {
        let times =
            demand.times.iter().filter(|(of, time)| *of == event && self.reported.is_none_or(|past| past < *time));
        // A time beyond the clock's end never comes.
        times.filter_map(|(_, time)| self.since.checked_add(*time)).min()
    }

    /// Returns the time until now, and the part for which `event` has been reported, if another of its times is over.
    fn report(
        &mut self,
        now: Instant,
        demand: &EventDemand,
        event: TriggerEvent,
    ) -> Option<(Duration, Option<Duration>)> {
        self.next(demand, event).filter(|&at| now >= at)?;
        let time = now.saturating_duration_since(self.since);
        Some((time, self.reported.replace(time)))
    }
}
