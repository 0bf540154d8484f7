//! Finds what the triggers show in another way on a line that is about to be shown: colours and hyperlinks.
//!
//! Unlike a firing, a decoration belongs to the text that is shown: a line that is shown again is decorated again. For `once`
//! and a cooldown counts what was shown: the echo of a typed command fires its trigger, and is not decorated.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::condition::ConditionState;
use super::plan::{captures, for_each_match};
use super::{Captures, ConditionFacts, LineRef, Trigger, TriggerOptions, Triggers, When};
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
    /// depend on the state of the pty hold only where `facts` has it.
    pub fn for_each_decorated(
        &mut self,
        now: Instant,
        line: LineRef<'_>,
        facts: &ConditionFacts,
        mut with: impl FnMut(usize, &Captures) -> bool,
    ) {
        let candidates = self.candidates(line.text);
        let (mut shared, mut goes_on) = (None, true);
        for &i in &candidates {
            let Self { all, regexes, piece, .. } = self;
            let trigger = &all[i];
            let is_asked = trigger.options.decorates || trigger.options.stops;
            if !is_asked || !trigger.may_decorate(now, line.id, facts) {
                continue;
            }
            let Some(pattern) = trigger.options.pattern() else { continue };
            let Some(regex) = regexes.get(i, pattern) else { continue };
            let (options, mut found) = (&trigger.options, false);
            for_each_match((pattern, options.all), regex, piece, line, |regex, skip| {
                let is_first = !std::mem::replace(&mut found, true);
                if goes_on && options.decorates && (is_first || !options.once) {
                    let shared = shared.get_or_insert_with(|| Arc::from(line.text));
                    goes_on = with(i, &captures(pattern, shared, regex, skip));
                }
            });
            if found && trigger.options.stops || !goes_on {
                break;
            }
        }
        self.candidates = candidates;
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
}

impl Trigger {
    /// Returns whether the trigger decorates the line of this id now. A line that it has decorated already it decorates again.
    fn may_decorate(&self, now: Instant, line: u64, facts: &ConditionFacts) -> bool {
        let holds = When::all_hold(&self.options.when, facts) == ConditionState::Yes;
        self.is_live() && holds && self.shows_on(now, line)
    }

    fn shows_on(&self, now: Instant, line: u64) -> bool {
        let Some((at, decorated)) = self.decorated else { return true };
        let TriggerOptions { once, cooldown, .. } = self.options;
        let is_cooling_down = cooldown.is_some_and(|cooldown| now.saturating_duration_since(at) < cooldown);
        decorated == line || !once && !is_cooling_down
    }

    /// Returns whether the trigger has decorated nothing yet. One that is `once` may have fired on a line that cannot be changed.
    pub(super) fn awaits_decoration(&self) -> bool {
        self.options.decorates && self.options.pattern().is_some() && self.decorated.is_none()
    }
}
