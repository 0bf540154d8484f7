//! Finds what the triggers show in another way on a line that is about to be shown: colours and hyperlinks.
//!
//! Unlike a firing, a decoration belongs to the text that is shown: a line that is shown again is decorated again. For `once`
//! and a cooldown counts what was shown: the echo of a typed command fires its trigger, and is not decorated. Of a trigger that
//! has other actions as well the firings count, as of any other: its colours go with them.

use std::ops::Range;
use std::time::Instant;

use super::condition::ConditionState;
use super::{Captures, ConditionFacts, LineMatches, LineRef, Trigger, TriggerOptions, Triggers, When};
use crate::core::vt::Sgr;

/// A part of a line that is shown in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoration {
    /// Its place in the line's text.
    pub range: Range<usize>,
    /// What is changed.
    pub look: Look,
}

/// What a decoration changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// These attributes are set.
    Style(Sgr),
    /// The text becomes a hyperlink to this URL or file.
    Link(Vec<u8>),
}

impl Triggers {
    /// Calls `with` for each match that would decorate `line`, in the order of the triggers, until it returns false. Conditions that
    /// depend on the state of the pty hold only where `facts` has it. Returns all matches that were found, for the try of the line.
    pub fn for_each_decorated(
        &mut self,
        now: Instant,
        line: LineRef<'_>,
        facts: &ConditionFacts,
        mut with: impl FnMut(usize, &Captures) -> bool,
    ) -> LineMatches {
        let candidates = self.candidates(line.text);
        let (mut matches, mut shared) = (LineMatches::of_generation(self.generation), None);
        for &i in &candidates {
            let options = &self.all[i].options;
            let (once, decorates, stops) = (options.once, options.decorates, options.stops);
            if !(decorates || stops) || !self.all[i].may_decorate(now, line.id, facts) {
                continue;
            }
            let found = self.matches(i, line, &mut shared);
            if !found.is_empty() {
                self.all[i].claim(now, line.id);
            }
            let found = matches.push(i, found);
            let shown = if !decorates {
                0
            } else if once {
                1
            } else {
                usize::MAX
            };
            let goes_on = found.iter().take(shown).all(|captures| with(i, captures));
            if stops && !found.is_empty() || !goes_on {
                break;
            }
        }
        self.candidates = candidates;
        matches
    }

    /// Returns whether trigger `i`, which is below [`Triggers::len`], may decorate the line of this id now, by what has been
    /// shown before.
    pub fn shows_on(&self, i: usize, now: Instant, line: u64) -> bool {
        self.all[i].shows_on(now, line)
    }

    /// Records that the line of this id is shown with the decorations of trigger `i`, which is below [`Triggers::len`].
    pub fn decorated(&mut self, i: usize, now: Instant, line: u64) {
        self.all[i].decorated = Some((now, line));
        if self.all[i].spent {
            self.demand = None;
        }
    }
}

impl TriggerOptions {
    /// Returns whether the trigger changes how its match is shown, under conditions that depend on the state of the pty.
    pub(super) fn decorates_by_pty(&self) -> bool {
        self.decorates && self.when.iter().any(When::needs_pty_state)
    }

    /// Returns whether `once` and a cooldown count the firings, and not what is shown in another way.
    fn counts_firings(&self) -> bool {
        self.acts || !self.decorates
    }
}

impl Trigger {
    /// Returns whether the trigger decorates the line of this id now. A line that it has decorated already it decorates again.
    fn may_decorate(&self, now: Instant, line: u64, facts: &ConditionFacts) -> bool {
        let holds = When::all_hold(&self.options.when, facts) == ConditionState::Yes;
        self.is_live() && holds && self.shows_on(now, line)
    }

    fn shows_on(&self, now: Instant, line: u64) -> bool {
        let TriggerOptions { once, cooldown, .. } = self.options;
        let (decorated, fired) = (self.decorated, self.last_fired.filter(|_| self.options.counts_firings()));
        if decorated.is_some_and(|(_, id)| id == line) || fired.is_some() && self.fired_line == Some(line) {
            return true;
        }
        let Some(last) = decorated.map(|(at, _)| at).max(fired) else { return true };
        let is_cooling_down = cooldown.is_some_and(|cooldown| now.saturating_duration_since(last) < cooldown);
        !once && !is_cooling_down
    }

    /// Records that the trigger has a match on the line of this id. If its firings count, it fires there, whether its colours can
    /// be shown or not.
    fn claim(&mut self, now: Instant, line: u64) {
        if self.options.counts_firings() {
            self.decorated = Some((now, line));
        }
    }

    /// Returns whether the trigger has decorated nothing yet. One that is `once` and does nothing else may have fired on a line that
    /// cannot be changed.
    pub(super) fn awaits_decoration(&self) -> bool {
        !self.options.counts_firings() && self.options.pattern().is_some() && self.decorated.is_none()
    }
}
