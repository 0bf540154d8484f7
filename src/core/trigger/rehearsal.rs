//! A rehearsal: what the triggers of a session do is recorded and not done.

use super::action::ActionEffect;
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

/// A firing: what the trigger would have done.
#[derive(Clone, Debug)]
pub struct RehearsedFiring {
    /// The match.
    pub hit: Hit,
    /// The names of the trigger's actions, each with its effects.
    pub actions: Vec<(String, Vec<ActionEffect>)>,
}

/// An event of a rehearsal. The firings of a try follow it.
#[derive(Clone, Debug)]
pub enum RehearsalEvent {
    /// A line was tried.
    Tried(TriedLine),
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
