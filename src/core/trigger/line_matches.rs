//! Matches in a line that were found before triggers are tried on it, for their colours: the line is not searched again.

use std::sync::Arc;

use super::plan::{captures, for_each_match};
use super::{Captures, LineRef, Triggers};

/// The matches of some triggers in a line.
#[derive(Clone, Debug, Default)]
pub struct LineMatches {
    /// As of when patterns were last replaced.
    generation: u64,
    /// By index of the trigger.
    of_triggers: Vec<(usize, Vec<Captures>)>,
}

impl LineMatches {
    /// Returns the number of matches.
    pub fn len(&self) -> usize {
        self.of_triggers.iter().map(|(_, found)| found.len()).sum()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn of_generation(generation: u64) -> Self {
        Self { generation, of_triggers: Vec::new() }
    }

    /// Takes the matches of trigger `i`. Returns them.
    pub(super) fn push(&mut self, i: usize, found: Vec<Captures>) -> &[Captures] {
        self.of_triggers.push((i, found));
        self.of_triggers.last().map_or(&[], |(_, found)| found)
    }

    /// Returns the matches of trigger `i`, if it was searched for with the patterns of `generation`.
    pub(super) fn of(&self, i: usize, generation: u64) -> Option<&[Captures]> {
        let found = self.of_triggers.iter().find(|(of, _)| *of == i && self.generation == generation);
        found.map(|(_, found)| &found[..])
    }
}

impl Triggers {
    /// Returns the matches of trigger `i` in `line` that count, and measures the search. `shared` is the line's text, once a match
    /// needs it.
    pub(super) fn matches(&mut self, i: usize, line: LineRef<'_>, shared: &mut Option<Arc<[u8]>>) -> Vec<Captures> {
        let (trigger, mut found) = (&self.all[i], Vec::new());
        let Some(pattern) = trigger.options.pattern() else { return found };
        let Some(regex) = self.regexes.get(i, pattern) else { return found };
        let start = self.meter.start(&trigger.cost);
        for_each_match((pattern, trigger.options.all), regex, &mut self.piece, line, |regex, skip| {
            let shared = shared.get_or_insert_with(|| line.text.into());
            found.push(captures(pattern, shared, regex, skip));
        });
        self.meter.add(i, start, &mut self.all[i].cost);
        found
    }
}
