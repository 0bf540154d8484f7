//! All patterns in one automaton: a single pass finds the patterns that may match.
//!
//! The automaton is a lazy DFA over the relaxed patterns. It never misses a match; the pattern's own regex checks
//! each candidate. Lines and blocks of lines are searched by the same automaton. Where all matches begin with one of a few
//! literals, it searches from the line of the first one on.
//!
//! If a text makes the automaton build states at every step ([`Prefilter::is_overloaded`]), a prefilter of looser
//! patterns is faster.

mod approximate;
mod coarsen;
mod literals;
mod scan;

use std::ops::Range;

use memchr::{memchr, memrchr};
use regex_automata::hybrid::dfa::{Builder, Cache, Config, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::hir::Hir;

use approximate::relax;
use coarsen::loosen;
use literals::FirstLiterals;

/// Memory limits of a prefilter, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrefilterLimits {
    /// Limit of all patterns together. If they need more, there is no automaton, and each pattern is tried on each
    /// line: slow but correct. Ten thousand ordinary patterns need less than a third of it.
    pub(super) patterns: usize,
    /// Limit of the automaton's states. At the limit the states are dropped and built again, which ordinary use does
    /// not reach.
    pub(super) cache: usize,
}

impl Default for PrefilterLimits {
    fn default() -> Self {
        Self { patterns: 32 << 20, cache: 8 << 20 }
    }
}

/// Coarseness of the patterns in a prefilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrefilterForm {
    /// Few lines pass that do not match.
    Tight,
    /// More lines pass that do not match, but hardly any text needs many new states.
    Loose,
}

/// Finds the patterns that may match a line.
pub(super) struct Prefilter {
    /// Indexes of the triggers whose patterns are in the automaton, in order.
    members: Vec<usize>,
    empty_may_match: bool,
    /// `None` if the patterns are too large for an automaton.
    automaton: Option<Automaton>,
}

struct Automaton {
    /// `None` where looking for them does not pay off.
    literals: Option<FirstLiterals>,
    dfa: DFA,
    cache: Cache,
    found: PatternSet,
    load: PrefilterLoad,
}

/// Bytes of states built per searched text. Ordinary text soon needs no new states.
#[derive(Default)]
struct PrefilterLoad {
    /// Bytes built up to the last measurement, and bytes searched since.
    built: usize,
    searched: usize,
    is_high: bool,
}

/// Bytes of states built between two measurements.
const LOAD_STEP: usize = 4 << 20;

impl Prefilter {
    /// Builds a prefilter for the patterns of the triggers `members`.
    pub(super) fn new(members: Vec<usize>, patterns: impl Iterator<Item = Hir>, form: PrefilterForm) -> Self {
        let patterns = patterns.map(|hir| match form {
            PrefilterForm::Tight => relax(hir),
            PrefilterForm::Loose => loosen(&relax(hir)),
        });
        Self::of_relaxed(PrefilterLimits::default(), members, patterns)
    }

    /// Builds a prefilter of relaxed patterns.
    fn of_relaxed(limits: PrefilterLimits, members: Vec<usize>, patterns: impl Iterator<Item = Hir>) -> Self {
        let mut automaton = Automaton::new(&patterns.collect::<Vec<Hir>>(), limits);
        let empty_may_match = automaton.as_mut().map_or(!members.is_empty(), |automaton| automaton.may_match(b""));
        Self { automaton, members, empty_may_match }
    }

    /// Returns whether an empty line may match.
    pub(super) fn empty_may_match(&self) -> bool {
        self.empty_may_match
    }

    /// Returns whether the text searched last needed too many new states.
    pub(super) fn is_overloaded(&self) -> bool {
        self.automaton.as_ref().is_some_and(|automaton| automaton.load.is_high)
    }

    /// Builds a prefilter with other limits.
    #[cfg(test)]
    pub(super) fn within(limits: PrefilterLimits, members: Vec<usize>, patterns: impl Iterator<Item = Hir>) -> Self {
        Self::of_relaxed(limits, members, patterns.map(relax))
    }

    /// Returns the range, without the line's end, of the first line at or after `from` that may match. `from` is the
    /// start of a line in `block`.
    pub(super) fn next_line(&mut self, block: &[u8], from: usize) -> Option<Range<usize>> {
        if self.members.is_empty() || from >= block.len() {
            return None;
        }
        let at = match &mut self.automaton {
            Some(automaton) => automaton.first(block, from)?,
            None => from,
        };
        let start = memrchr(b'\n', &block[from..at]).map_or(from, |feed| from + feed + 1);
        if start == block.len() {
            return None;
        }
        let end = memchr(b'\n', &block[at..]).map_or(block.len(), |feed| at + feed);
        let ends_in_cr = end < block.len() && end > start && block[end - 1] == b'\r';
        Some(start..if ends_in_cr { end - 1 } else { end })
    }

    /// Appends the triggers whose patterns may match a line, in order.
    pub(super) fn candidates(&mut self, line: &[u8], candidates: &mut Vec<usize>) {
        match &mut self.automaton {
            Some(automaton) => automaton.all(line, |i| candidates.push(self.members[i])),
            None => candidates.extend_from_slice(&self.members),
        }
    }

    /// Returns the bytes of memory that the automaton takes.
    pub(super) fn memory(&self) -> usize {
        let automaton = self.automaton.as_ref();
        automaton.map_or(0, |it| it.dfa.memory_usage() + it.cache.memory_usage() + it.dfa.get_nfa().memory_usage())
    }
}

impl Automaton {
    fn new(patterns: &[Hir], limits: PrefilterLimits) -> Option<Self> {
        let nfa_config = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(limits.patterns))
            .which_captures(WhichCaptures::None);
        let nfa: NFA = thompson::Compiler::new().configure(nfa_config).build_many_from_hir(patterns).ok()?;
        let config =
            Config::new().match_kind(MatchKind::All).cache_capacity(limits.cache).skip_cache_capacity_check(true);
        let dfa = Builder::new().configure(config).build_from_nfa(nfa).ok()?;
        let (cache, found) = (dfa.create_cache(), PatternSet::new(dfa.pattern_len()));
        Some(Self { literals: FirstLiterals::of(patterns), dfa, cache, found, load: PrefilterLoad::default() })
    }

    /// Returns the end of the first match in a block, or of a later match if no line before it matches.
    fn first(&mut self, block: &[u8], from: usize) -> Option<usize> {
        let from = self.skip(block, from)?;
        let found = scan::first(&self.dfa, &mut self.cache, block, from);
        self.measure_load(found.unwrap_or(block.len()) - from);
        found
    }

    /// Returns the start of the first line at or after `from` that the automaton has to search.
    #[inline]
    fn skip(&self, block: &[u8], from: usize) -> Option<usize> {
        self.literals.as_ref().map_or(Some(from), |literals| literals.first_line(block, from))
    }

    fn measure_load(&mut self, searched: usize) {
        let capacity = self.dfa.get_config().get_cache_capacity();
        let built = self.cache.clear_count() * capacity + self.cache.memory_usage();
        self.load.searched += searched;
        if built.saturating_sub(self.load.built) >= LOAD_STEP {
            let is_high = self.load.searched < 2 * LOAD_STEP;
            self.load = PrefilterLoad { built, searched: 0, is_high };
        }
    }

    /// Returns whether a pattern may match a line.
    fn may_match(&mut self, line: &[u8]) -> bool {
        self.skip(line, 0).is_some() && scan::search(&self.dfa, &mut self.cache, line, 0).is_some()
    }

    /// Calls `callback` with the index of each pattern that may match.
    fn all(&mut self, line: &[u8], mut callback: impl FnMut(usize)) {
        if !self.may_match(line) {
            return;
        }
        self.found.clear();
        let input = Input::new(line);
        match self.dfa.try_which_overlapping_matches(&mut self.cache, &input, &mut self.found) {
            Ok(()) => self.found.iter().for_each(|id| callback(id.as_usize())),
            Err(_) => (0..self.dfa.pattern_len()).for_each(callback),
        }
        self.measure_load(line.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    #[test]
    fn oversized_patterns_are_all_candidates() {
        let hir = |text: &&str| Pattern::parse(*text).expect("the pattern is valid").hir();
        let limits = PrefilterLimits { patterns: 1000, ..PrefilterLimits::default() };
        let long = "x".repeat(1000);
        let mut set = Prefilter::within(limits, vec![3, 5], ["foo", &long].iter().map(hir));
        assert!(set.automaton.is_none());
        assert_eq!(set.next_line(b"a\r\nb\n", 3), Some(3..4));
        assert_eq!(set.next_line(b"a\r\nb\n", 5), None);
        let mut candidates = Vec::new();
        set.candidates(b"a", &mut candidates);
        assert_eq!(candidates, [3, 5]);
    }
}
