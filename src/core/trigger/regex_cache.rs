//! The compiled regexes of the patterns. A regex is compiled at first use; the least recently used ones are dropped
//! when all together take too much memory.
//!
//! The engine is the one of the regex crate, without its DFAs: a regex runs here on lines that almost certainly
//! match, and takes a twentieth of the memory without them.

use std::ops::Range;

use regex_automata::Input;
use regex_automata::meta::{Builder, Cache, Config, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;

use super::pattern::{Pattern, SIZE_LIMIT};

/// Maximum bytes of all compiled regexes together.
const BUDGET: usize = 8 << 20;

/// A compiled regex with its scratch memory.
#[derive(Debug)]
pub(super) struct CachedRegex {
    regex: Regex,
    cache: Cache,
    captures: Captures,
    /// Bytes as counted in [`RegexCache::size`]; the scratch memory grows.
    size: usize,
    used: u64,
}

/// Compiled regexes, by trigger.
#[derive(Debug)]
pub(super) struct RegexCache {
    slots: Vec<Option<Box<CachedRegex>>>,
    /// Sum of the sizes of the regexes.
    size: usize,
    budget: usize,
    clock: u64,
}

impl RegexCache {
    /// Creates a cache for `len` triggers.
    pub(super) fn new(len: usize) -> Self {
        Self::within(BUDGET, len)
    }

    fn within(budget: usize, len: usize) -> Self {
        Self { slots: (0..len).map(|_| None).collect(), size: 0, budget, clock: 0 }
    }

    /// Makes room for `len` triggers.
    pub(super) fn grow(&mut self, len: usize) {
        self.slots.resize_with(len, || None);
    }

    /// Drops the regex of trigger `i`, whose pattern changes.
    pub(super) fn forget(&mut self, i: usize) {
        self.size -= self.slots[i].take().map_or(0, |cached| cached.size);
    }

    /// Returns the regex of trigger `i`. `None` only if it does not compile, which the check excludes.
    pub(super) fn get(&mut self, i: usize, pattern: &Pattern) -> Option<&mut CachedRegex> {
        self.clock += 1;
        let mut cached = match self.slots[i].take() {
            Some(cached) => cached,
            None => Box::new(CachedRegex::new(pattern)?),
        };
        self.size -= cached.size;
        cached.size = cached.memory();
        cached.used = self.clock;
        self.size += cached.size;
        self.shrink();
        Some(self.slots[i].insert(cached))
    }

    /// Drops the least recently used regexes until the rest is within the budget.
    fn shrink(&mut self) {
        while self.size > self.budget {
            let slots = self.slots.iter().enumerate();
            let oldest = slots.filter_map(|(i, slot)| Some((slot.as_ref()?.used, i))).min();
            let Some((_, oldest)) = oldest else { return };
            self.size -= self.slots[oldest].take().map_or(0, |cached| cached.size);
        }
    }
}

impl CachedRegex {
    pub(super) fn new(pattern: &Pattern) -> Option<Self> {
        // Without DFAs the engine has no strategy that searches backwards. It chooses such a strategy because the
        // pattern has a DFA, and panics if the part of the pattern that it searches backwards for has none.
        let config = Config::new().utf8_empty(false).dfa(false).hybrid(false).onepass(false);
        // Twice the limit of the check, since the check was on another form of the pattern.
        let config = config.nfa_size_limit(Some(2 * SIZE_LIMIT));
        let syntax = syntax::Config::new().utf8(false);
        let regex = Builder::new().configure(config).syntax(syntax).build(pattern.text()).ok()?;
        let (cache, captures) = (regex.create_cache(), regex.create_captures());
        Some(Self { regex, cache, captures, size: 0, used: 0 })
    }

    /// Returns the first match at or after `from`.
    pub(super) fn find(&mut self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let input = Input::new(text).range(from..);
        self.regex.search_captures_with(&mut self.cache, &input, &mut self.captures);
        self.group(0)
    }

    /// Returns the range of group `i` of the last match.
    pub(super) fn group(&self, i: usize) -> Option<Range<usize>> {
        self.captures.get_group(i).map(|span| span.range())
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.regex.memory_usage() + self.cache.memory_usage()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_holds_and_dropped_regex_is_compiled_again() {
        let patterns: Vec<Pattern> =
            (0..60).map(|n| Pattern::parse(format!(r"\w{{1,3}} {n}")).expect("the pattern is valid")).collect();
        let mut cache = RegexCache::within(1 << 20, patterns.len());
        for _ in 0..2 {
            for (i, pattern) in patterns.iter().enumerate() {
                let cached = cache.get(i, pattern).expect("the pattern compiles");
                assert_eq!(cached.find(format!("abc {i}").as_bytes(), 1), Some(1..format!("abc {i}").len()));
                assert!(cache.size <= cache.budget);
            }
        }
        let held: usize = cache.slots.iter().flatten().map(|cached| cached.size).sum();
        assert_eq!(held, cache.size);
        assert!(cache.slots[59].is_some() && cache.slots[0].is_none());
    }

    #[test]
    fn regex_above_the_budget_works() {
        let pattern = Pattern::parse(r"\w{50}").expect("the pattern is valid");
        let mut cache = RegexCache::within(1000, 2);
        for i in [0, 1, 0] {
            let cached = cache.get(i, &pattern).expect("the pattern compiles");
            assert_eq!(cached.find("é".repeat(60).as_bytes(), 2), Some(2..102));
        }
    }
}
