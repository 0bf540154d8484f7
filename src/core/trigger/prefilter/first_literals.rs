//! Literals with which matches begin. Vectorised search for them takes a fraction of the automaton's time.

use memchr::memrchr;
use regex_automata::util::prefilter::Prefilter as LiteralFinder;
use regex_automata::{MatchKind, Span};
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{Extractor, Seq};

/// Maximum number of literals: vectorised search takes no more.
const MOST: usize = 64;

/// Searches for the literals with one of which each match of some patterns begins.
pub(super) struct FirstLiterals(LiteralFinder);

impl FirstLiterals {
    /// Returns the search for the patterns; `None` where the automaton is as fast.
    pub(super) fn of(patterns: &[Hir]) -> Option<Self> {
        let mut extractor = Extractor::new();
        extractor.limit_total(MOST);
        let mut all = Seq::empty();
        for pattern in patterns {
            all.union(&mut extractor.extract(pattern));
            // Thousands of patterns would delay the start.
            if all.len().is_none_or(|len| len > MOST) {
                return None;
            }
        }
        let finder = LiteralFinder::new(MatchKind::All, all.literals()?)?;
        finder.is_fast().then_some(Self(finder))
    }

    /// Returns the start of the first line at or after `from` with a literal. No match begins before that line; `from` is the
    /// start of a line.
    #[inline]
    pub(super) fn first_line(&self, block: &[u8], from: usize) -> Option<usize> {
        let found = self.0.find(block, Span::from(from..block.len()))?;
        Some(memrchr(b'\n', &block[from..found.start]).map_or(from, |feed| from + feed + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::approximate::relax;
    use super::FirstLiterals;
    use crate::core::trigger::Pattern;

    fn literals(patterns: &[&str]) -> Option<FirstLiterals> {
        let hirs = patterns.iter().map(|text| relax(Pattern::parse(*text).expect("the pattern is valid").hir()));
        FirstLiterals::of(&hirs.collect::<Vec<_>>())
    }

    #[test]
    fn first_line_with_literal_is_found() {
        let block = b"one\r\nerror: two\r\nwarning three\r\n";
        for (patterns, from, line) in [
            (&["two"][..], 0, Some(5)),
            (&["two"], 5, Some(5)),
            (&["two"], 18, None),
            (&["^warning \\w+$", "absent"], 0, Some(17)),
            (&["(?i)THREE"], 0, Some(17)),
            (&["one$", "two$"], 0, Some(0)),
        ] {
            let literals = literals(patterns).expect("all matches begin with few literals");
            assert_eq!(literals.first_line(block, from), line, "{patterns:?}");
        }
    }

    #[test]
    fn patterns_without_few_first_literals_need_the_automaton() {
        let many: Vec<String> = (0..200).map(|i| format!("pattern {i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for patterns in [&["\\w+ error"][..], &["error", "^$"], &["error", "x*"], &[], &many] {
            assert!(literals(patterns).is_none(), "{patterns:?}");
        }
    }
}
