//! The patterns' cached regexes, compiled when first needed; those that have not been used for longest go when they
//! take too much memory together.
//!
//! The engine is the one under the regex crate, without its automata: a regex runs here on lines that are all but known
//! to match, and takes a twentieth of the memory without them.

use std::ops::Range;

use regex_automata::Input;
use regex_automata::meta::{Builder, Cache, Config, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;

use super::pattern::{Pattern, SIZE_LIMIT};

/// All compiled regexes together may take so much.
const BUDGET: usize = 8 << 20;

/// A compiled regex, with the room it needs to run.
#[derive(Debug)]
pub(super) struct CachedRegex {
    regex: Regex,
    cache: Cache,
    captures: Captures,
    /// As it was taken into account; the cache grows.
    size: usize,
    used: u64,
}

/// The compiled regexes, by trigger.
#[derive(Debug)]
pub(super) struct RegexCache {
    slots: Vec<Option<Box<CachedRegex>>>,
    /// All of them together, by what they were when last asked for.
    size: usize,
    budget: usize,
    clock: u64,
}

impl RegexCache {
    /// Room for so many regexes.
    pub(super) fn new(len: usize) -> Self {
        Self::within(BUDGET, len)
    }

    fn within(budget: usize, len: usize) -> Self {
        Self { slots: (0..len).map(|_| None).collect(), size: 0, budget, clock: 0 }
    }

    /// Room for so many.
    pub(super) fn grow(&mut self, len: usize) {
        self.slots.resize_with(len, || None);
    }

    /// The regex of a trigger. Absent only if it does not compile, which parsing has excluded.
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

    /// Drops what has not been used for longest until the rest is within the budget.
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
    fn new(pattern: &Pattern) -> Option<Self> {
        // With neither DFA the engine has no strategy that searches backwards. One of these is chosen because the pattern
        // has a DFA, and panics where the part of the pattern that it searches backwards for has none.
        let config = Config::new().utf8_empty(false).dfa(false).hybrid(false).onepass(false);
        // Twice what parsing has checked, since the check was on another form of the same.
        let config = config.nfa_size_limit(Some(2 * SIZE_LIMIT));
        let syntax = syntax::Config::new().utf8(false);
        let regex = Builder::new().configure(config).syntax(syntax).build(pattern.text()).ok()?;
        let (cache, captures) = (regex.create_cache(), regex.create_captures());
        Some(Self { regex, cache, captures, size: 0, used: 0 })
    }

    /// Looks for the first match at or after a place in a text.
    pub(super) fn find(&mut self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let input = Input::new(text).range(from..);
        self.regex.search_captures_with(&mut self.cache, &input, &mut self.captures);
        self.group(0)
    }

    /// Where a group of the last match stands.
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
    fn the_budget_holds_and_what_was_dropped_comes_back() {
        let patterns: Vec<Pattern> =
            (0..60).map(|n| Pattern::parse(format!(r"\w{{1,3}} {n}")).expect("the pattern is good")).collect();
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
    fn one_that_is_above_the_budget_works() {
        let pattern = Pattern::parse(r"\w{50}").expect("the pattern is good");
        let mut cache = RegexCache::within(1000, 2);
        for i in [0, 1, 0] {
            let cached = cache.get(i, &pattern).expect("the pattern compiles");
            assert_eq!(cached.find("é".repeat(60).as_bytes(), 2), Some(2..102));
        }
    }
}
