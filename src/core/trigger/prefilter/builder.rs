//! Builds a prefilter in steps of bounded work, so that keys are served in between. The result does not depend on the steps.
//!
//! Only the automaton is built in one step: it is shared by all its patterns, and several smaller ones would cost a multiple for
//! each byte that is searched.

use regex_syntax::hir::Hir;

use super::approximate::relax;
use super::automaton::{Automaton, AutomatonLimits};
use super::coarsen::loosen;
use super::literal_set::LiteralSetBuilder;
use super::{Member, OtherPatterns, Prefilter, PrefilterForm};
use crate::core::trigger::pattern::Pattern;

/// Work of a step, in units of about 0.3 us.
const STEP: usize = 1000;
/// Work that it takes to read the literals of a pattern for the first time, and to make its form for the automaton.
const READ: usize = 20;
const RELAX: usize = 40;

/// A prefilter that is being built.
pub(in crate::core::trigger) struct PrefilterBuilder {
    limits: AutomatonLimits,
    form: PrefilterForm,
    members: Vec<Member>,
    stage: Stage,
    literals: LiteralSetBuilder,
    /// Forms for the automaton, and the places of their patterns.
    forms: Vec<Hir>,
    places: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The literals of the members from this place on are to be added.
    Literals(usize),
    /// Literals are to be put into the tables.
    Tables,
    /// The forms of the members from this place on are to be made.
    Forms(usize),
    /// The automaton is to be built.
    Automaton,
}

impl PrefilterBuilder {
    /// Creates a builder that looks for the chosen literals of the members, which are in order.
    pub(super) fn new(limits: AutomatonLimits, form: PrefilterForm, members: Vec<Member>) -> Box<Self> {
        let literals = LiteralSetBuilder::new(members.len());
        Box::new(Self {
            limits,
            form,
            members,
            stage: Stage::Literals(0),
            literals,
            forms: Vec::new(),
            places: Vec::new(),
        })
    }

    /// Does some of the work, in less than a millisecond unless it is that of the automaton; returns the prefilter when it is
    /// built. `pattern` returns the pattern of a trigger.
    pub(in crate::core::trigger) fn step<'a>(
        self: Box<Self>,
        pattern: impl Fn(usize) -> &'a Pattern,
    ) -> Result<Prefilter, Box<Self>> {
        self.work(STEP, pattern)
    }

    /// Does all of the work.
    pub(in crate::core::trigger) fn finish<'a>(
        mut self: Box<Self>,
        pattern: impl Fn(usize) -> &'a Pattern,
    ) -> Prefilter {
        loop {
            self = match self.work(usize::MAX, &pattern) {
                Ok(prefilter) => return prefilter,
                Err(builder) => builder,
            };
        }
    }

    fn work<'a>(
        mut self: Box<Self>,
        work: usize,
        pattern: impl Fn(usize) -> &'a Pattern,
    ) -> Result<Prefilter, Box<Self>> {
        let mut left = work;
        while left > 0 && self.stage != Stage::Automaton {
            left = left.saturating_sub(self.advance(&pattern));
        }
        // The automaton has a step of its own.
        if self.stage == Stage::Automaton && (self.forms.is_empty() || left == work) {
            return Ok(self.complete());
        }
        Err(self)
    }

    /// Does the next piece of work, before the automaton, and returns how much it was.
    fn advance<'a>(&mut self, pattern: impl Fn(usize) -> &'a Pattern) -> usize {
        match self.stage {
            Stage::Literals(place) if place == self.members.len() => {
                self.literals.divide().into_iter().for_each(|place| self.members[place].choice = None);
                self.stage = Stage::Tables;
                READ
            }
            Stage::Literals(place) => {
                self.stage = Stage::Literals(place + 1);
                let member = &mut self.members[place];
                let pattern = pattern(member.trigger);
                let work = if pattern.is_prepared() { 1 } else { READ };
                match member.choice.and_then(|choice| pattern.required().get(choice)) {
                    Some(required) => self.literals.add(place, &required.literals),
                    None => member.choice = None,
                }
                work
            }
            Stage::Tables => {
                if !self.literals.insert_next() {
                    self.stage = Stage::Forms(0);
                }
                1
            }
            Stage::Forms(place) if place == self.members.len() => {
                self.stage = Stage::Automaton;
                0
            }
            Stage::Forms(place) => {
                self.stage = Stage::Forms(place + 1);
                let member = &self.members[place];
                if member.choice.is_some() {
                    return 0;
                }
                let relaxed = relax(pattern(member.trigger).hir());
                self.forms.push(match self.form {
                    PrefilterForm::Tight => relaxed,
                    PrefilterForm::Loose => loosen(&relaxed),
                });
                self.places.push(place);
                RELAX
            }
            Stage::Automaton => 0,
        }
    }

    fn complete(self) -> Prefilter {
        let Self { limits, members, literals, forms, places, .. } = self;
        let (others, empty_may_match) = if forms.is_empty() {
            (OtherPatterns::None, false)
        } else {
            match Automaton::new(&forms, limits).map(Box::new) {
                Some(mut automaton) => {
                    let empty_may_match = automaton.may_match(b"");
                    (OtherPatterns::Automaton { automaton, places }, empty_may_match)
                }
                None => (OtherPatterns::Unsearched { places }, true),
            }
        };
        Prefilter::of_parts(limits, members, literals.finish(), others, empty_may_match)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::trigger::Pattern;

    /// Patterns with literals of each length, with alternatives, in either case, and without literals; `%` is a number.
    const KINDS: [&str; 8] =
        ["long word %", "(?i)ask %", "v%=", "v%=|other word %", "[0-9]+ %[a-z]", "ab%|long word", "^$", "%.*kind"];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn steps_do_not_change_the_result(
            kinds in prop::collection::vec((prop::sample::select(&KINDS[..]), 0usize..300), 0..200),
            form in prop::sample::select(&[PrefilterForm::Tight, PrefilterForm::Loose][..]),
            work in prop::collection::vec(1usize..500, 1..20),
            lines in prop::collection::vec("(long word|aSK|v|other word|[0-9]{0,2}|ab| ){0,3}[0-9]{0,3}(=|kind|[a-z])?", 1..20),
        ) {
            let parse = |(kind, n): &(&str, usize)| Pattern::parse(kind.replace('%', &n.to_string()));
            let patterns: Vec<Pattern> = kinds.iter().map(|kind| parse(kind).expect("the pattern is valid")).collect();
            let triggers: Vec<usize> = (0..patterns.len()).rev().collect();
            let pattern = |i: usize| &patterns[i];
            let mut at_once = Prefilter::builder(&triggers, form).finish(pattern);
            let mut builder = Prefilter::builder(&triggers, form);
            let mut work = work.iter().cycle();
            let mut in_steps = loop {
                builder = match builder.work(*work.next().expect("the cycle has no end"), pattern) {
                    Ok(prefilter) => break prefilter,
                    Err(builder) => builder,
                };
            };
            for line in &lines {
                let [mut once, mut steps] = [Vec::new(), Vec::new()];
                at_once.candidates(line.as_bytes(), &mut once);
                in_steps.candidates(line.as_bytes(), &mut steps);
                prop_assert_eq!(&once, &steps, "on {:?}", line);
                for (i, pattern) in patterns.iter().enumerate() {
                    prop_assert!(!pattern.is_match(line.as_bytes()) || steps.contains(&i), "{:?} on {:?}", pattern.text(), line);
                }
            }
            let block = lines.join("\n");
            prop_assert_eq!(at_once.next_line(block.as_bytes(), 0), in_steps.next_line(block.as_bytes(), 0));
            prop_assert_eq!(at_once.empty_may_match(), in_steps.empty_may_match());
        }
    }

    #[test]
    fn work_of_a_step_is_bounded() {
        let texts = (0..3000)
            .map(|n| if n % 3 == 0 { format!("[ab][0-9]{{{}}}", 1 + n % 9) } else { format!("word{n} or text{n}") });
        let patterns: Vec<Pattern> = texts.map(|text| Pattern::parse(text).expect("the pattern is valid")).collect();
        let mut builder = Prefilter::builder(&(0..patterns.len()).collect::<Vec<_>>(), PrefilterForm::Tight);
        let mut steps = 0;
        loop {
            let before = (builder.stage, builder.forms.len());
            steps += 1;
            builder = match builder.step(|i| &patterns[i]) {
                Ok(_) => break,
                Err(builder) => builder,
            };
            if let (Stage::Literals(from), Stage::Literals(to)) = (before.0, builder.stage) {
                assert_eq!(to - from, STEP / READ);
            }
            assert!(builder.forms.len() - before.1 <= STEP / RELAX);
        }
        // 3,000 patterns are read, 2,000 literals put into tables, and 1,000 forms and the automaton made.
        assert_eq!(steps, (3000 * READ + 2000 + 1000 * RELAX) / STEP + 1);
    }
}
