//! The automaton for patterns without a required literal: a lazy DFA over their relaxed forms.
//!
//! It never misses a match; the pattern's own regex checks each candidate. Lines and blocks of lines are searched by the same
//! automaton. Where all matches begin with one of a few short literals, it searches from the line of the first one on.

use regex_automata::hybrid::dfa::{Builder, Cache, Config, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::hir::Hir;

use super::first_literals::FirstLiterals;
use super::scan;

/// Bytes of states built between two measurements of the load.
const LOAD_STEP: usize = 4 << 20;

/// Memory limits of an automaton, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct AutomatonLimits {
    /// Limit of all patterns together. If they need more, there is no automaton, and each of these patterns is tried on each
    /// line: slow but correct. Ten thousand ordinary patterns need less than a third of it.
    pub(super) patterns: usize,
    /// Limit of the states. At the limit the states are dropped and built again, which ordinary use does not reach.
    pub(super) cache: usize,
}

impl Default for AutomatonLimits {
    fn default() -> Self {
        Self { patterns: 32 << 20, cache: 8 << 20 }
    }
}

/// A lazy DFA of relaxed patterns.
pub(super) struct Automaton {
    /// `None` where looking for them does not pay off.
    literals: Option<FirstLiterals>,
    dfa: DFA,
    cache: Cache,
    found: PatternSet,
    load: Load,
}

/// Bytes of states built per searched text. Ordinary text soon needs no new states.
#[derive(Default)]
struct Load {
    /// Bytes built up to the last measurement, and bytes searched since.
    built: usize,
    searched: usize,
    is_high: bool,
}

impl Automaton {
    /// Builds the automaton of relaxed patterns; `None` if they are too large.
    pub(super) fn new(patterns: &[Hir], limits: AutomatonLimits) -> Option<Self> {
        let nfa_config = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(limits.patterns))
            .which_captures(WhichCaptures::None);
        let nfa: NFA = thompson::Compiler::new().configure(nfa_config).build_many_from_hir(patterns).ok()?;
        let config =
            Config::new().match_kind(MatchKind::All).cache_capacity(limits.cache).skip_cache_capacity_check(true);
        let dfa = Builder::new().configure(config).build_from_nfa(nfa).ok()?;
        let (cache, found) = (dfa.create_cache(), PatternSet::new(dfa.pattern_len()));
        Some(Self { literals: FirstLiterals::of(patterns), dfa, cache, found, load: Load::default() })
    }

    /// Returns whether the text searched last needed too many new states.
    pub(super) fn is_overloaded(&self) -> bool {
        self.load.is_high
    }

    /// Returns the bytes of memory taken.
    pub(super) fn memory(&self) -> usize {
        self.dfa.memory_usage() + self.cache.memory_usage() + self.dfa.get_nfa().memory_usage()
    }

    /// Returns the end of the first match in a block, or of a later match if no line before it matches.
    pub(super) fn first(&mut self, block: &[u8], from: usize) -> Option<usize> {
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
            self.load = Load { built, searched: 0, is_high };
        }
    }

    /// Returns whether a pattern may match a line.
    pub(super) fn may_match(&mut self, line: &[u8]) -> bool {
        self.skip(line, 0).is_some() && scan::search(&self.dfa, &mut self.cache, line, 0).is_some()
    }

    /// Calls `callback` with the index of each pattern that may match a line.
    pub(super) fn all(&mut self, line: &[u8], mut callback: impl FnMut(usize)) {
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
