//! Prepares the prefilter of the triggers: at once if they are few, else in steps, between which keys are served.
//!
//! After a change of the triggers lines wait for the new prefilter. One that replaces another for the sake of speed is prepared
//! while the other goes on.

use super::Triggers;
use super::prefilter::{Prefilter, PrefilterBuilder, PrefilterForm};

/// Number of triggers up to which a search prepares their patterns itself: each takes some microseconds.
const FEW: usize = 50;

/// The prefilter, and the one that is being built.
#[derive(Default)]
pub(super) struct PreparedPrefilter {
    current: Option<Prefilter>,
    next: Option<Box<PrefilterBuilder>>,
    /// Loose once the output has overloaded the tight one.
    pub(super) form: PrefilterForm,
}

impl PreparedPrefilter {
    /// Drops the prefilter, since the triggers have changed.
    pub(super) fn clear(&mut self) {
        (self.current, self.next) = (None, None);
    }

    /// Returns the bytes of memory that the prefilter takes; 0 before its first use.
    pub(super) fn memory(&self) -> usize {
        self.current.as_ref().map_or(0, Prefilter::memory)
    }

    /// Records that the own regex of a trigger, which was a candidate, has not matched.
    pub(super) fn searched_in_vain(&mut self, trigger: usize) {
        if let Some(prefilter) = &mut self.current {
            prefilter.searched_in_vain(trigger);
        }
    }

    /// Begins to replace the prefilter if it does not suit the text searched last.
    fn replace_unsuited(&mut self) {
        let Some(current) = self.current.as_mut().filter(|_| self.next.is_none()) else { return };
        let is_overloaded = self.form == PrefilterForm::Tight && current.is_overloaded();
        if is_overloaded {
            self.form = PrefilterForm::Loose;
        }
        if is_overloaded || current.is_unbalanced() {
            self.next = Some(current.replacement(self.form));
        }
    }
}

impl Triggers {
    /// Returns whether lines can be searched without a delay for which a key would wait.
    pub fn is_prepared(&self) -> bool {
        self.prefilter.current.is_some() || self.all.len() <= FEW
    }

    /// Returns whether [`Triggers::prepare`] has something to do.
    pub fn is_preparing(&self) -> bool {
        !self.is_prepared() || self.prefilter.next.is_some()
    }

    /// Does a step of the preparation, in less than a millisecond except for the step in which the automaton of many patterns
    /// without literals is built.
    pub fn prepare(&mut self) {
        if !self.is_preparing() {
            return;
        }
        let builder = self.prefilter.next.take().unwrap_or_else(|| self.builder());
        match builder.step(|i| self.pattern(i)) {
            Ok(prefilter) => self.prefilter.current = Some(prefilter),
            Err(builder) => self.prefilter.next = Some(builder),
        }
    }

    /// Prepares all patterns, however long that takes.
    pub fn prepare_all(&mut self) {
        let builder = self.prefilter.next.take();
        let is_missing = self.prefilter.current.is_none();
        if let Some(builder) = builder.or_else(|| is_missing.then(|| self.builder())) {
            self.prefilter.current = Some(builder.finish(|i| self.pattern(i)));
        }
    }

    /// Returns the prefilter, which is prepared first if it is not.
    pub(super) fn prefilter(&mut self) -> &mut Prefilter {
        self.prefilter.replace_unsuited();
        if self.prefilter.current.is_none() || self.prefilter.next.is_some() && self.all.len() <= FEW {
            self.prepare_all();
        }
        self.prefilter.current.as_mut().expect("the prefilter is prepared")
    }

    fn builder(&self) -> Box<PrefilterBuilder> {
        let live = (0..self.all.len()).filter(|&i| self.all[i].is_live());
        let mut members: Vec<usize> = live.filter(|&i| self.all[i].options.pattern().is_some()).collect();
        members.sort_by_key(|&i| self.all[i].rank);
        Prefilter::builder(&members, self.prefilter.form)
    }

    fn pattern(&self, i: usize) -> &super::Pattern {
        self.all[i].options.pattern().expect("only patterns are members")
    }
}
