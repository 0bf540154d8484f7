//! A rehearsal: what the triggers of a session do is recorded and not done.

use super::action::ActionEffect;
use super::event::TriggerEvent;
use super::verdict::TriggerVerdict;
use super::{Hit, LineStage};
use crate::core::vt::MarkedZone;

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
    /// The part of the output that it belongs to.
    pub zone: MarkedZone,
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

/// The tries that a rehearsal records besides those in which a pattern matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum OtherTries {
    #[default]
    None,
    /// Those of the line with this number and of its neighbours, with the verdicts on all triggers.
    Explained(u64),
    /// Those of all lines.
    All,
}

/// The record of a rehearsal.
#[derive(Debug, Default)]
pub struct Rehearsal {
    others: OtherTries,
    pub(super) events: Vec<RehearsalEvent>,
}

impl Rehearsal {
    /// Creates an empty record; `explained` is the line on which the verdicts on all triggers are recorded.
    pub fn new(explained: Option<u64>) -> Self {
        Self { others: explained.map_or(OtherTries::None, OtherTries::Explained), events: Vec::new() }
    }

    /// Creates an empty record of every try of every line, also where no pattern matches.
    pub fn of_all_lines() -> Self {
        Self { others: OtherTries::All, events: Vec::new() }
    }

    /// Whether each try gives the verdicts on all triggers.
    pub(super) fn gives_all_verdicts(&self) -> bool {
        matches!(self.others, OtherTries::Explained(_))
    }

    /// Whether lines are tried on which no pattern matches.
    pub(super) fn tries_all(&self) -> bool {
        self.others != OtherTries::None
    }

    /// Whether a try is recorded that has no verdict.
    pub(super) fn records_all(&self) -> bool {
        self.others == OtherTries::All
    }

    /// Whether the line with this number is explained, or is next to the line that is.
    pub(super) fn explains(&self, number: u64) -> bool {
        matches!(self.others, OtherTries::Explained(line) if number.abs_diff(line) <= NEIGHBOURS)
    }
}
