//! A rehearsal: what the triggers of a session do is recorded and not done.

use super::action::ActionEffect;
use super::event::TriggerEvent;
use super::verdict::TriggerVerdict;
use super::{Hit, LineStage};

/// Number of lines before and behind the explained one that are recorded too, since a pattern may match there.
const NEIGHBOURS: u64 = 1;

/// A try of a line.
#[derive(Clone, Debug)]
pub struct TriedLine {
    /// The line's number. A row of the alternate screen has that of the next line of the primary screen.
    pub number: u64,
    /// The stage at which the line was tried.
    pub stage: LineStage,
    /// Whether it is a row of the alternate screen.
    pub alt_screen: bool,
    /// The line's text.
    pub text: Vec<u8>,
    /// Indexes of triggers and the verdicts on them.
    pub verdicts: Vec<(usize, TriggerVerdict)>,
}

/// A try of an event that conditions keep from opening triggers.
#[derive(Clone, Debug)]
pub struct TriedEvent {
    /// The event.
    pub event: TriggerEvent,
    /// Where it happened.
    pub place: FiringPlace,
    /// The event's text.
    pub text: Vec<u8>,
    /// Indexes of the triggers whose conditions do not hold, and the verdicts on them.
    pub verdicts: Vec<(usize, TriggerVerdict)>,
}

/// The place of a firing: the line that matched, or the line that the cursor is on at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiringPlace {
    /// The line's number, as in [`TriedLine`].
    pub number: u64,
    /// Whether it is a row of the alternate screen.
    pub alt_screen: bool,
}

/// A firing: what the trigger would have done.
#[derive(Clone, Debug)]
pub struct RehearsedFiring {
    /// The match, or the event.
    pub hit: Hit,
    /// Where it fired.
    pub place: FiringPlace,
    /// What its actions would have done.
    pub actions: Vec<RehearsedAction>,
}

/// An action that would have been done.
#[derive(Clone, Debug)]
pub struct RehearsedAction {
    /// Its name.
    pub name: String,
    /// Its effects.
    pub effects: Vec<ActionEffect>,
    /// How it changes what is shown of the line, in words, if it does.
    pub decoration: Option<String>,
}

/// An event of a rehearsal.
#[derive(Clone, Debug)]
pub enum RehearsalEvent {
    /// A line was tried.
    Tried(TriedLine),
    /// An event was tried, and conditions of triggers do not hold.
    TriedEvent(TriedEvent),
    /// A trigger fired.
    Fired(RehearsedFiring),
}

/// The record of a rehearsal.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// The line on which the verdicts on all triggers are recorded.
    pub(super) explained: Option<u64>,
    pub(super) events: Vec<RehearsalEvent>,
}

impl Rehearsal {
    /// Creates an empty record; `explained` is the line on which the verdicts on all triggers are recorded.
    pub fn new(explained: Option<u64>) -> Self {
        Self { explained, events: Vec::new() }
    }

    /// Whether the line with this number is explained, or is next to the line that is.
    pub(super) fn explains(&self, number: u64) -> bool {
        self.explained.is_some_and(|line| number.abs_diff(line) <= NEIGHBOURS)
    }
}
