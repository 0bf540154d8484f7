//! All patterns in one automaton: one pass says which of them may match.
//!
//! The automaton is a lazy DFA over the relaxed patterns. It is never wrong in saying no; a yes is for the pattern's own
//! regex to check. Lines and blocks of lines are searched by the same automaton.
//!
//! Text for which the automaton has to be built at every step is noticed ([`Prefilter::is_overloaded`]); a set of looser patterns
//! then does better.

mod approximate;
mod coarsen;
mod scan;

use std::ops::Range;

use memchr::{memchr, memrchr};
use regex_automata::hybrid::dfa::{Builder, Cache, Config, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::hir::Hir;

use approximate::relax;
use coarsen::loosen;

/// How much memory a set may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrefilterLimits {
    /// For the patterns together. Those that need more are not put into an automaton: each is then tried on each
    /// line, which is slow but right. Ten thousand ordinary patterns stay below a third of it.
    pub(super) patterns: usize,
    /// For the states of the automaton. At the limit they are forgotten and built anew. In ordinary use it is far
    /// from being reached.
    pub(super) cache: usize,
}

impl Default for PrefilterLimits {
    fn default() -> Self {
        Self { patterns: 32 << 20, cache: 8 << 20 }
    }
}

/// How coarse the patterns in a set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrefilterForm {
    /// Few lines that do not match seem to.
    Tight,
    /// More do, but there is hardly a text for which much has to be built.
    Loose,
}

/// Which of many patterns may match a line.
pub(super) struct Prefilter {
    /// The triggers whose patterns are in the set, in order.
    members: Vec<usize>,
    /// Whether an empty line may match.
    empty_may_match: bool,
    /// Absent if the patterns are too large for an automaton.
    automaton: Option<Automaton>,
}

struct Automaton {
    dfa: DFA,
    cache: Cache,
    found: PatternSet,
    load: PrefilterLoad,
}

/// Watches how much is built for how much text. Ordinary text soon needs no new states.
#[derive(Default)]
struct PrefilterLoad {
    /// What has been built up to the last look, and how much was searched since.
    built: usize,
    searched: usize,
    is_high: bool,
}

/// After so much has been built it is held against the text.
const LOAD_STEP: usize = 4 << 20;

impl Prefilter {
    /// Builds the set of the patterns of some triggers.
    pub(super) fn new(members: Vec<usize>, patterns: impl Iterator<Item = Hir>, form: PrefilterForm) -> Self {
        let patterns = patterns.map(|hir| match form {
            PrefilterForm::Tight => relax(hir),
            PrefilterForm::Loose => loosen(&relax(hir)),
        });
        Self::of_relaxed(PrefilterLimits::default(), members, patterns)
    }

    /// Builds the set of patterns that are relaxed already.
    fn of_relaxed(limits: PrefilterLimits, members: Vec<usize>, patterns: impl Iterator<Item = Hir>) -> Self {
        let patterns: Vec<Hir> = patterns.collect();
        let empty_may_match = patterns.iter().any(|hir| hir.properties().minimum_len() == Some(0));
        Self { automaton: Automaton::new(&patterns, limits), members, empty_may_match }
    }

    /// Whether a line without text may match.
    pub(super) fn empty_may_match(&self) -> bool {
        self.empty_may_match
    }

    /// Whether the text searched last has cost more states than it was worth.
    pub(super) fn is_overloaded(&self) -> bool {
        self.automaton.as_ref().is_some_and(|automaton| automaton.load.is_high)
    }

    /// As [`Prefilter::new`], with other limits.
    #[cfg(test)]
    pub(super) fn within(limits: PrefilterLimits, members: Vec<usize>, patterns: impl Iterator<Item = Hir>) -> Self {
        Self::of_relaxed(limits, members, patterns.map(relax))
    }

    /// The first line at or after `from` in a block of lines that may match; `from` is the start of a line. The range
    /// does not include the line's end.
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

    /// How much memory the set has taken.
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
        Some(Self { dfa, cache, found, load: PrefilterLoad::default() })
    }

    /// Where the first match in a block ends, or one further on if no line that matches lies before it.
    fn first(&mut self, block: &[u8], from: usize) -> Option<usize> {
        let found = scan::first(&self.dfa, &mut self.cache, block, from);
        self.measure_load(found.unwrap_or(block.len()) - from);
        found
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

    /// Calls back for every pattern that may match.
    fn all(&mut self, line: &[u8], mut callback: impl FnMut(usize)) {
        if scan::search(&self.dfa, &mut self.cache, line, 0).is_none() {
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
    fn patterns_too_large_for_an_automaton_are_all_candidates() {
        let hir = |text: &&str| Pattern::parse(*text).expect("the pattern is good").hir();
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
