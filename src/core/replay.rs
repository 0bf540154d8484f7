//! A recording run through the triggers: a whole core with a virtual clock, in which everything that a trigger would do is
//! recorded and not done.
//!
//! The core is that of a session, so that lines, screens, marks, pauses and all that triggers depend on are the same. What
//! a recording does not tell is missing: processes and terminal modes ([`Assumed`] sets them), what the actions would have
//! caused, and so coprocesses, which are taken to end at once, and loops.

use std::time::{Duration, Instant};

use super::Core;
use super::event::{Effect, Input, PtyState};
use super::settings::Settings;
use super::trigger::TriggerOptions;
use super::trigger::rehearsal::{Rehearsal, RehearsalEvent};
use crate::types::{Child, Echo, ExitStatus, Sink, Size, Source};

/// Maximum number of bytes that the core is given at once: one read of a session.
const CHUNK: usize = 32 * 1024;
/// Pause at the end of a recording: longer than a match is held.
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// Maximum number of deadlines in a row that do not let time pass.
const MOST_DEADLINES: usize = 100_000;
/// The longest recording. Later times count as this one.
const LONGEST: Duration = Duration::from_secs(200 * 366 * 86_400);

/// What a recording does not tell, as the user assumes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumed {
    /// Whether a program reads a password.
    pub no_echo: bool,
    /// Whether a program waits for the user's input wherever the output pauses.
    pub asks: bool,
    /// Whether the window of the terminal does not have the focus.
    pub unfocused: bool,
    /// Names of the jobs in the foreground.
    pub jobs: Vec<String>,
}

/// An event of a replay, with the time since the start of the recording.
#[derive(Clone, Debug)]
pub struct ReplayEvent {
    /// The time since the start.
    pub at: Duration,
    /// The event.
    pub event: RehearsalEvent,
}

/// A recording on its way through the triggers.
#[derive(Debug)]
pub struct Replay {
    pub(super) core: Core,
    start: Instant,
    now: Instant,
    pty_state: PtyState,
    effects: Vec<Effect>,
    events: Vec<ReplayEvent>,
}

impl Replay {
    /// Creates the replay of a recording that starts at `start`. `explained` is the number of the line on which the verdicts
    /// on all triggers are wanted.
    pub fn new(start: Instant, settings: Settings, assumed: Assumed, explained: Option<u64>) -> Self {
        Self::recorded(start, settings, assumed, Rehearsal::new(explained))
    }

    /// Creates a replay that tells every try of every line, for a reader of lines.
    pub fn of_all_lines(start: Instant, settings: Settings) -> Self {
        Self::recorded(start, settings, Assumed::default(), Rehearsal::of_all_lines())
    }

    fn recorded(start: Instant, settings: Settings, assumed: Assumed, rehearsal: Rehearsal) -> Self {
        let mut effects = Vec::new();
        // From the first event on, which is the start of the session.
        let settings = Settings { rehearsal: Some(rehearsal), ..settings };
        let mut core = Core::new(start, settings, &mut effects);
        core.keyboard.assume_focus(!assumed.unfocused);
        let echo = if assumed.no_echo { Echo::OffInLines } else { Echo::On };
        let pty_state = PtyState { echo, asks: assumed.asks, jobs: assumed.jobs, ..PtyState::default() };
        let mut replay = Self { core, start, now: start, pty_state, effects, events: Vec::new() };
        replay.settle();
        replay
    }

    /// Prints output that came at the time `at`.
    pub fn output(&mut self, at: Duration, bytes: &[u8]) {
        self.wait(at);
        for chunk in bytes.chunks(CHUNK) {
            self.input(Input::Bytes(Source::Pty, chunk));
        }
    }

    /// Sets the size of the window at the time `at`.
    pub fn resize(&mut self, at: Duration, cols: u16, rows: u16) {
        self.wait(at);
        self.input(Input::Resized(Size { rows, cols, ..Size::default() }));
    }

    /// Lets the shell, or the command in its place, exit with this status at the time `at`.
    pub fn exit(&mut self, at: Duration, status: i32) {
        self.wait(at);
        // Of a status the low byte counts: exit(3).
        self.input(Input::Exited(Child::Shell, ExitStatus::Code(status.to_le_bytes()[0])));
    }

    /// Lets the output pause at the end.
    pub fn finish(&mut self) {
        self.wait(self.now() + LAST_PAUSE);
    }

    /// Takes the events since the last call.
    pub fn take_events(&mut self) -> Vec<ReplayEvent> {
        std::mem::take(&mut self.events)
    }

    /// Returns the number of the last line that has one.
    pub fn lines(&self) -> u64 {
        self.core.output.line_number()
    }

    /// Whether no event on line `number` can come any more: it has left the screen.
    pub fn is_past(&self, number: u64) -> bool {
        self.lines() > number.saturating_add(u64::from(self.core.settings.size.rows) + 1)
    }

    /// Returns the time since the start.
    pub fn now(&self) -> Duration {
        self.now.saturating_duration_since(self.start)
    }

    /// Returns the number of triggers.
    pub fn triggers(&self) -> usize {
        self.core.triggers.len()
    }

    /// Returns the options of trigger `i`, which is below [`Replay::triggers`].
    pub fn options(&self, i: usize) -> &TriggerOptions {
        self.core.triggers.options(i)
    }

    /// Lets time pass up to `at`, from deadline to deadline.
    pub fn wait(&mut self, at: Duration) {
        let end = self.start.checked_add(at.min(LONGEST)).unwrap_or(self.now);
        for _ in 0..MOST_DEADLINES {
            let Some(due) = self.core.deadline().filter(|due| *due <= end) else { break };
            self.now = self.now.max(due);
            self.input(Input::Deadline);
        }
        self.now = self.now.max(end);
    }

    fn input(&mut self, input: Input<'_>) {
        self.core.handle(self.now, input, &mut self.effects);
        self.settle();
    }

    /// Answers the core as far as a recording can, takes what is pending, and collects the events.
    fn settle(&mut self) {
        loop {
            let asks = std::mem::take(&mut self.effects).contains(&Effect::QueryPty);
            let shown = self.core.pending(Sink::Terminal).len();
            if asks {
                self.core.handle(self.now, Input::PtyState(self.pty_state.clone()), &mut self.effects);
            } else if shown > 0 {
                self.core.wrote(self.now, Sink::Terminal, shown, &mut self.effects);
            } else {
                break;
            }
        }
        let at = self.now();
        let rehearsed = self.core.triggers.take_rehearsed().into_iter();
        self.events.extend(rehearsed.map(|event| ReplayEvent { at, event }));
    }
}
