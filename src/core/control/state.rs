//! What the session does: derived from what the core knows and, where that depends on the processes in the pty, from looks
//! at the pty. It is looked at when a client asks, and repeatedly only while a client waits for a change.

use std::time::{Duration, Instant};

use crate::core::coproc::CoprocSlot;
use crate::core::event::{Cx, Effect, ForegroundJob, PtyState};
use crate::core::history::ShellEvent;
use crate::core::lend::Lend;
use crate::core::output::Output;
use crate::core::password::{Reading, STEADY};
use crate::core::response::{JobResponse, LastCommand, StateResponse};
use crate::core::session::{Session, seconds};
use crate::core::state_kind::StateKind;
use crate::core::vt::MarkedZone;
use crate::types::RequestId;

/// Interval between two looks while a client waits for a change: that at which a password is told from an echo that is off for
/// an instant.
const LOOK_INTERVAL: Duration = STEADY;

/// What the core knows without a look at the pty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct StateFacts {
    pub(in crate::core) silent: bool,
    pub(in crate::core) lent: bool,
    pub(in crate::core) alt_screen: bool,
    pub(in crate::core) zone: MarkedZone,
}

impl StateFacts {
    /// Collects the facts from their owners.
    pub(in crate::core) fn of(coproc: &CoprocSlot, lend: &Lend, output: &Output) -> Self {
        Self {
            silent: coproc.is_silent() || coproc.is_recovering(),
            lent: lend.is_lent(),
            alt_screen: output.terminal.text().alt_screen(),
            zone: output.zone(),
        }
    }

    /// Returns the state as far as it is known without a look. `marks` is whether the shell marks its commands.
    fn base(self, marks: bool) -> StateKind {
        match self {
            Self { silent: true, .. } => StateKind::Silent,
            Self { lent: true, .. } => StateKind::Lent,
            Self { alt_screen: true, .. } => StateKind::FullScreen,
            Self { zone: MarkedZone::Prompt, .. } => StateKind::Prompt,
            Self { zone: MarkedZone::Output, .. } => StateKind::Running,
            // Between the end of a command and the next prompt.
            Self { zone: MarkedZone::None, .. } if marks => StateKind::Running,
            Self { zone: MarkedZone::None, .. } => StateKind::Unknown,
        }
    }
}

/// Returns the state by a look at the pty; `base` is the state without one.
fn refined(base: StateKind, zone: MarkedZone, state: &PtyState, reading: Reading) -> StateKind {
    match base {
        StateKind::Silent | StateKind::Lent | StateKind::FullScreen => base,
        _ if reading == Reading::Yes => StateKind::Password,
        _ if zone.asks(state.asks) => StateKind::Asks,
        StateKind::Unknown if state.job.is_some() && !state.shell_is_foreground => StateKind::Running,
        _ => base,
    }
}

/// Watches what the session does.
#[derive(Debug)]
pub(in crate::core) struct SessionState {
    kind: StateKind,
    /// When `kind` was first found.
    since: Instant,
    /// The state without a look, when `kind` was found.
    base: StateKind,
    /// Whether the shell has marked a command.
    marks: bool,
    /// The foreground job at the last look.
    job: Option<ForegroundJob>,
    last_command: Option<LastCommand>,
    /// Time of the last look that this machine has asked for.
    last_look: Option<Instant>,
    /// Requests that are answered with the next look, or with the one at `answers_at`.
    asked: Vec<RequestId>,
    answers_at: Option<Instant>,
}

impl SessionState {
    /// Creates the state of a session that starts.
    pub(in crate::core) fn new(now: Instant) -> Self {
        Self {
            kind: StateKind::Unknown,
            since: now,
            base: StateKind::Unknown,
            marks: false,
            job: None,
            last_command: None,
            last_look: None,
            asked: Vec::new(),
            answers_at: None,
        }
    }

    /// Returns what the session does.
    pub(in crate::core) fn kind(&self) -> StateKind {
        self.kind
    }

    /// Whether the shell marks its commands.
    pub(in crate::core) fn has_marks(&self) -> bool {
        self.marks
    }

    /// Takes note of a command that has ended.
    pub(in crate::core) fn shell_event(&mut self, event: &ShellEvent) {
        if let ShellEvent::CommandEnd { status, took, .. } = event {
            self.last_command = Some(LastCommand { status: *status, seconds: seconds(*took) });
        }
    }

    /// Derives the state at the end of a turn. What a look has found holds until `facts` change. Returns whether the state
    /// is another one.
    pub(in crate::core) fn update(&mut self, now: Instant, facts: StateFacts) -> bool {
        self.marks |= facts.zone != MarkedZone::None;
        let base = facts.base(self.marks);
        std::mem::replace(&mut self.base, base) != base && self.set(now, base)
    }

    /// Derives the state from a look at the pty. Returns whether it is another one.
    pub(in crate::core) fn looked(
        &mut self,
        now: Instant,
        facts: StateFacts,
        state: &PtyState,
        reading: Reading,
    ) -> bool {
        self.marks |= facts.zone != MarkedZone::None;
        self.base = facts.base(self.marks);
        self.job.clone_from(&state.job);
        self.answers_at = match reading {
            Reading::Perhaps(until) if !self.asked.is_empty() => Some(until),
            _ => None,
        };
        self.set(now, refined(self.base, facts.zone, state, reading))
    }

    fn set(&mut self, now: Instant, kind: StateKind) -> bool {
        let changes = kind != self.kind;
        if changes {
            (self.kind, self.since) = (kind, now);
        }
        changes
    }

    /// Has the request answered once the pty was looked at.
    pub(in crate::core) fn ask(&mut self, cx: &mut Cx<'_>, request_id: RequestId) {
        self.asked.push(request_id);
        cx.push(Effect::QueryPty);
    }

    /// Takes the requests that the last look answers: none where a program may be about to read a password.
    pub(in crate::core) fn take_answered(&mut self) -> Vec<RequestId> {
        if self.answers_at.is_some() { Vec::new() } else { std::mem::take(&mut self.asked) }
    }

    /// Drops the request of a client that has disconnected.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.asked.retain(|asked| *asked != request_id);
        self.answers_at = self.answers_at.filter(|_| !self.asked.is_empty());
    }

    /// Returns when the pty is to be looked at; `wanted` is whether a client waits for a change.
    pub(in crate::core) fn deadline(&self, wanted: bool) -> Option<Instant> {
        let depends = match self.base {
            StateKind::Running | StateKind::Unknown => true,
            // Without output a shell at a prompt stays there.
            StateKind::Prompt => self.kind != StateKind::Prompt,
            _ => false,
        };
        let next = self.last_look.map_or(self.since, |last| last + LOOK_INTERVAL);
        [Some(next).filter(|_| wanted && depends), self.answers_at].into_iter().flatten().min()
    }

    /// Has the pty looked at, if that is due.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, wanted: bool) {
        if self.deadline(wanted).is_some_and(|at| cx.now >= at) {
            (self.last_look, self.answers_at) = (Some(cx.now), None);
            cx.push(Effect::QueryPty);
        }
    }

    /// Returns the state for clients; `directory` is that which the shell has reported.
    pub(in crate::core) fn response(&self, now: Instant, session: &Session, directory: Option<&str>) -> StateResponse {
        let of_job = || self.job.as_ref().and_then(|job| job.directory.clone());
        StateResponse {
            state: self.kind,
            since: session.seconds_at(self.since),
            seconds: seconds(now.saturating_duration_since(self.since)),
            job: self.job.as_ref().map(|job| JobResponse { name: job.name.clone(), pid: job.pid }),
            directory: directory.map(str::to_owned).or_else(of_job),
            last_command: self.last_command,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Option<ForegroundJob> {
        Some(ForegroundJob { name: "make".to_owned(), pid: 7, directory: None })
    }

    /// Each fact alone and with those behind it: the first in the order of the states counts.
    #[test]
    fn first_state_that_holds_counts() {
        let facts = |silent, lent, alt_screen, zone| StateFacts { silent, lent, alt_screen, zone };
        let (quiet, asks) = (PtyState::default(), PtyState { asks: true, ..PtyState::default() });
        let other = PtyState { job: job(), ..PtyState::default() };
        let shell = PtyState { job: job(), shell_is_foreground: true, ..PtyState::default() };
        use MarkedZone::{None, Output, Prompt};
        for (facts, marks, state, reading, want) in [
            (facts(true, true, true, Prompt), true, &asks, Reading::Yes, StateKind::Silent),
            (facts(false, true, true, Prompt), true, &asks, Reading::Yes, StateKind::Lent),
            (facts(false, false, true, Prompt), true, &asks, Reading::Yes, StateKind::FullScreen),
            (facts(false, false, false, Prompt), true, &asks, Reading::Yes, StateKind::Password),
            (facts(false, false, false, None), false, &asks, Reading::Yes, StateKind::Password),
            (facts(false, false, false, Prompt), true, &asks, Reading::No, StateKind::Prompt),
            (facts(false, false, false, Output), true, &asks, Reading::No, StateKind::Asks),
            (facts(false, false, false, None), false, &asks, Reading::No, StateKind::Asks),
            (facts(false, false, false, Output), true, &quiet, Reading::No, StateKind::Running),
            (facts(false, false, false, None), true, &quiet, Reading::No, StateKind::Running),
            (facts(false, false, false, None), false, &other, Reading::No, StateKind::Running),
            (facts(false, false, false, None), false, &shell, Reading::No, StateKind::Unknown),
            (facts(false, false, false, None), false, &quiet, Reading::No, StateKind::Unknown),
            (facts(false, false, false, Output), true, &quiet, Reading::Perhaps(Instant::now()), StateKind::Running),
        ] {
            assert_eq!(refined(facts.base(marks), facts.zone, state, reading), want, "{facts:?} {state:?} {reading:?}");
        }
    }

    #[test]
    fn result_of_look_holds_until_facts_change() {
        let now = Instant::now();
        let mut state = SessionState::new(now);
        let runs = StateFacts { zone: MarkedZone::Output, ..StateFacts::default() };
        assert!(state.update(now, runs));
        assert!(state.looked(now, runs, &PtyState { asks: true, ..PtyState::default() }, Reading::No));
        let later = now + Duration::from_secs(1);
        assert!(!state.update(later, runs));
        assert_eq!((state.kind(), state.since), (StateKind::Asks, now));
        let prompt = StateFacts { zone: MarkedZone::Prompt, ..StateFacts::default() };
        assert!(state.update(later, prompt));
        assert_eq!((state.kind(), state.since), (StateKind::Prompt, later));
    }

    #[test]
    fn pty_is_looked_at_only_while_client_waits() {
        let now = Instant::now();
        let mut state = SessionState::new(now);
        assert_eq!((state.deadline(false), state.deadline(true)), (None, Some(now)));
        state.tick(&mut Cx { now, effects: &mut Vec::new() }, true);
        assert_eq!(state.deadline(true), Some(now + LOOK_INTERVAL));
        state.update(now, StateFacts { zone: MarkedZone::Prompt, ..StateFacts::default() });
        assert_eq!(state.deadline(true), None, "a shell stays at its prompt");
    }
}
