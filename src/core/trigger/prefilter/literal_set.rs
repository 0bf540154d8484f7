//! The search for the required literals of all patterns at once. Which patterns may match is known from the literals found.
//!
//! Up to some dozens of literals are left to the vectorised search of the aho-corasick crate (Teddy) or, of a single one, of
//! the memchr crate; more are searched for by `grams`.

use std::collections::HashMap;

use memchr::memmem;
use regex_automata::util::prefilter::Prefilter as PackedFinder;
use regex_automata::{MatchKind, Span};

use super::grams::{self, Grams};
use crate::core::trigger::pattern::{LONGEST_LITERAL, Literal};

/// Maximum number of texts in the vectorised search, which takes no more.
const MOST_PACKED: usize = 64;
/// Number of bytes of a literal with letters in either case whose texts are searched for: there are up to 2^n.
const FOLDED_LEN: usize = 4;

/// Lengths below which literals go into the vectorised search: as many as possible without making the search for the others
/// slower.
const PACKED_BELOW: [usize; 3] = [usize::MAX, grams::LONG, grams::SHORTEST];

/// Characters outside of ASCII that are a letter in another case: long s, and the sign of the unit kelvin.
const OTHERS: [&str; 2] = ["\u{17f}", "\u{212a}"];

/// Literals, and the members of the prefilter whose matches have them.
pub(super) struct LiteralSet {
    literals: Vec<Literal>,
    /// By index of the literal.
    members: Vec<Vec<usize>>,
    packed: Option<Packed>,
    grams: Option<Grams>,
    others: Option<Others>,
}

/// Builds a set in steps: all literals are added, then divided between the searches, and put into the larger one by one.
pub(super) struct LiteralSetBuilder {
    set: LiteralSet,
    indexes: HashMap<Literal, usize>,
    /// Numbers of texts that the vectorised search would have of the literals below each length of [`PACKED_BELOW`].
    texts: [usize; PACKED_BELOW.len()],
    /// Members of which a literal is short, and those of which one has letters that other characters stand for.
    short: Vec<usize>,
    with_other: Vec<usize>,
    /// The literals from this index on are still to be put into the larger search, unless they are shorter than this.
    next: usize,
    packed_below: usize,
}

/// The vectorised search for some of the literals.
struct Packed {
    /// Finds the places at which the part of a literal stands.
    finder: PackedFinder,
    /// Indexes of the literals, and the offsets of these parts.
    parts: Vec<(usize, usize)>,
}

/// The search for characters outside of ASCII that stand for a letter.
struct Others {
    finders: [memmem::Finder<'static>; 2],
    /// The members whose literals have such letters.
    members: Vec<usize>,
}

/// The part of a literal for the vectorised search: its offset and length.
fn part(literal: &Literal) -> (usize, usize) {
    let len = literal.len();
    let len = if literal.count_texts(0, len) > 1 { len.min(FOLDED_LEN) } else { len };
    (literal.rarest_part(len), len)
}

/// Returns the number of texts in the vectorised search for this literal.
fn count_texts(literal: &Literal) -> usize {
    let (from, len) = part(literal);
    literal.count_texts(from, len)
}

impl LiteralSetBuilder {
    /// Creates a builder for about `count` literals.
    pub(super) fn new(count: usize) -> Self {
        Self {
            set: LiteralSet { literals: Vec::new(), members: Vec::new(), packed: None, grams: None, others: None },
            indexes: HashMap::with_capacity(count),
            texts: [0; PACKED_BELOW.len()],
            short: Vec::new(),
            with_other: Vec::new(),
            next: 0,
            packed_below: 0,
        }
    }

    /// Adds the literals of a member, one of which each of its matches has. Each member is added once, the least first.
    pub(super) fn add(&mut self, member: usize, literals: &[Literal]) {
        for literal in literals {
            let index = *self.indexes.entry(literal.clone()).or_insert_with(|| {
                for (texts, below) in self.texts.iter_mut().zip(PACKED_BELOW) {
                    *texts += if literal.len() < below { count_texts(literal) } else { 0 };
                }
                self.set.literals.push(literal.clone());
                self.set.members.push(Vec::new());
                self.set.literals.len() - 1
            });
            self.set.members[index].push(member);
        }
        let has = |list: &mut Vec<usize>, of: &dyn Fn(&Literal) -> bool| {
            list.extend(literals.iter().any(of).then_some(member))
        };
        has(&mut self.short, &|literal| literal.len() < grams::SHORTEST);
        has(&mut self.with_other, &Literal::has_other);
    }

    /// Divides the literals, of which all have been added, between the searches. Returns the members whose literals the set does
    /// not take, since short ones are searched for in small numbers only.
    pub(super) fn divide(&mut self) -> Vec<usize> {
        let few = PACKED_BELOW.into_iter().zip(self.texts).filter(|(_, texts)| *texts <= MOST_PACKED);
        let packed =
            few.map(|(below, _)| below).find_map(|below| Some((below, Packed::new(&self.set.literals, below)?)));
        let mut rejected = Vec::new();
        match packed {
            Some((below, packed)) => (self.packed_below, self.set.packed) = (below, Some(packed)),
            None if self.texts[PACKED_BELOW.len() - 1] > 0 => {
                rejected = std::mem::take(&mut self.short);
                let is_rejected = |member: &usize| rejected.binary_search(member).is_ok();
                self.set.members.iter_mut().for_each(|members| members.retain(|member| !is_rejected(member)));
                self.with_other.retain(|member| !is_rejected(member));
            }
            None => {}
        }
        let with_grams = || (0..self.set.literals.len()).filter(|&index| self.is_for_grams(index));
        let shortest = with_grams().map(|index| self.set.literals[index].len()).min();
        self.set.grams = shortest.map(|shortest| Grams::new(with_grams().count(), shortest));
        self.set.others = Others::of(std::mem::take(&mut self.with_other));
        rejected
    }

    fn is_for_grams(&self, index: usize) -> bool {
        self.set.literals[index].len() >= self.packed_below && !self.set.members[index].is_empty()
    }

    /// Puts a literal into its search, after all have been divided; returns whether there was one left.
    pub(super) fn insert_next(&mut self) -> bool {
        let index = self.next;
        self.next += 1;
        if index < self.set.literals.len()
            && self.is_for_grams(index)
            && let Some(grams) = &mut self.set.grams
        {
            grams.insert(index, &self.set.literals[index]);
        }
        index < self.set.literals.len()
    }

    /// Returns the set, into which all literals have been put; `None` if it is empty.
    pub(super) fn finish(self) -> Option<LiteralSet> {
        (self.set.packed.is_some() || self.set.grams.is_some()).then_some(self.set)
    }
}

impl LiteralSet {
    /// Returns an index within the first literal in `text` from `from` on, or within text that may match without one.
    pub(super) fn first(&self, text: &[u8], from: usize) -> Option<usize> {
        let (mut first, mut end) = (None, text.len());
        let mut take = |start: usize| {
            let start = first.map_or(start, |first: usize| first.min(start));
            first = Some(start);
            // What stands behind the first one need not be read.
            (start + LONGEST_LITERAL).min(text.len())
        };
        if let Some(packed) = &self.packed {
            packed.find(&self.literals, text, from, |_, start| {
                end = take(start);
                false
            });
        }
        if let Some(grams) = &self.grams {
            grams.find(&self.literals, &text[..end], from, |_, start| {
                end = take(start);
                false
            });
        }
        let other = self.others.as_ref().and_then(|others| others.first(&text[..end], from));
        first.into_iter().chain(other).min()
    }

    /// Calls `candidate` with each member that may match `text`, in any order and perhaps repeatedly.
    pub(super) fn for_each(&self, text: &[u8], mut candidate: impl FnMut(usize)) {
        let mut found = |literal: usize, _| {
            self.members[literal].iter().for_each(|&member| candidate(member));
            true
        };
        if let Some(packed) = &self.packed {
            packed.find(&self.literals, text, 0, &mut found);
        }
        if let Some(grams) = &self.grams {
            grams.find(&self.literals, text, 0, &mut found);
        }
        if let Some(others) = self.others.as_ref().filter(|others| others.first(text, 0).is_some()) {
            others.members.iter().for_each(|&member| candidate(member));
        }
    }

    /// Returns the bytes of memory taken.
    pub(super) fn memory(&self) -> usize {
        let literals: usize = self.literals.iter().map(Literal::memory).sum();
        let members: usize = self.members.iter().map(|members| size_of_val(members) + size_of_val(&members[..])).sum();
        let packed = self.packed.as_ref().map_or(0, |packed| packed.finder.memory_usage());
        literals + members + packed + self.grams.as_ref().map_or(0, Grams::memory)
    }
}

impl Packed {
    /// Creates the search for the literals below a length; `None` if there are none or the search would not be fast.
    fn new(literals: &[Literal], below: usize) -> Option<Self> {
        let literals = literals.iter().enumerate().filter(|(_, literal)| literal.len() < below);
        let (mut parts, mut texts) = (Vec::new(), Vec::new());
        for (index, literal) in literals {
            let (from, len) = part(literal);
            parts.push((index, from));
            texts.extend(literal.texts(from, len));
        }
        // Where the processor has no vectors, the search is that of an automaton.
        let finder = PackedFinder::new(MatchKind::All, &texts).filter(PackedFinder::is_fast)?;
        Some(Self { finder, parts })
    }

    /// Calls `found` with the index and the start of each literal in `text` from `from` on, as far as it returns true.
    fn find(&self, literals: &[Literal], text: &[u8], from: usize, mut found: impl FnMut(usize, usize) -> bool) {
        let mut at = from;
        while let Some(hit) = self.finder.find(text, Span::from(at..text.len())) {
            for &(index, offset) in &self.parts {
                let start = hit.start.checked_sub(offset).filter(|&start| start >= from);
                if let Some(start) = start.filter(|&start| literals[index].is_at(text, start))
                    && !found(index, start)
                {
                    return;
                }
            }
            at = hit.start + 1;
        }
    }
}

impl Others {
    fn of(members: Vec<usize>) -> Option<Self> {
        (!members.is_empty()).then(|| Self { finders: OTHERS.map(memmem::Finder::new), members })
    }

    fn first(&self, text: &[u8], from: usize) -> Option<usize> {
        let found = self.finders.iter().filter_map(|finder| finder.find(&text[from..]));
        found.min().map(|at| from + at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::trigger::Pattern;

    /// Returns the set of the first choices of these patterns, and the members that it does not take.
    fn set(patterns: &[String]) -> (LiteralSet, Vec<usize>) {
        let parse = |text: &String| Pattern::parse(text.as_str()).expect("the pattern is valid");
        let patterns: Vec<Pattern> = patterns.iter().map(parse).collect();
        let mut builder = LiteralSetBuilder::new(0);
        let literals = patterns.iter().map(|pattern| &pattern.required()[0].literals[..]);
        literals.enumerate().for_each(|(member, literals)| builder.add(member, literals));
        let rejected = builder.divide();
        while builder.insert_next() {}
        (builder.finish().expect("some literals are taken"), rejected)
    }

    fn members(set: &LiteralSet, text: &[u8]) -> Vec<usize> {
        let mut members = Vec::new();
        set.for_each(text, |member| members.push(member));
        members.sort_unstable();
        members.dedup();
        members
    }

    #[test]
    fn kind_of_search_depends_on_number_and_length() {
        let words = |count: usize, len: usize| (0..count).map(move |i| format!("{i:03}{}", "y".repeat(len - 3)));
        for (patterns, packed, stride, rejected) in [
            (words(1, 3).collect::<Vec<_>>(), true, None, 0),
            (words(60, 9).collect(), true, None, 0),
            (words(70, 9).collect(), false, Some(4), 0),
            (words(70, 5).collect(), false, Some(2), 0),
            (words(70, 9).chain(words(30, 5)).collect(), true, Some(4), 0),
            (words(70, 5).chain(words(30, 4)).collect(), true, Some(2), 0),
            (words(100, 9).chain(words(30, 3)).collect(), true, Some(4), 0),
            (words(100, 9).chain(words(100, 4)).collect(), false, Some(4), 100),
        ] {
            let (set, rest) = set(&patterns);
            let grams = set.grams.as_ref().map(Grams::stride);
            assert_eq!((set.packed.is_some(), grams, rest.len()), (packed, stride, rejected), "{}", patterns.len());
        }
    }

    #[test]
    fn other_characters_for_letters_are_found() {
        for pattern in ["(?i)ask", "(?i)ask for a passphrase"] {
            let (set, _) = set(&[pattern.to_owned(), "other".to_owned()]);
            assert_eq!(members(&set, b"aSK FOR A PASSPHRASE other"), [0, 1]);
            assert_eq!(members(&set, "a\u{17f}".as_bytes()), [0]);
            assert_eq!((set.first("x\u{212a}".as_bytes(), 0), set.first(b"none", 0)), (Some(1), None));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn literals_are_found_wherever_they_stand(
            words in prop::collection::vec("[a-e]{3,9}", 1..90),
            folded in any::<bool>(),
            text in "[a-eA-E ]{0,200}",
            from in 0usize..10,
        ) {
            let case = if folded { "(?i)" } else { "" };
            let (set, rejected) = set(&words.iter().map(|word| format!("{case}{word}")).collect::<Vec<_>>());
            let text = text.as_bytes();
            let from = from.min(text.len());
            let plain = if folded { text.to_ascii_lowercase() } else { text.to_vec() };
            let at = |word: &String| memmem::find(&plain[from..], word.as_bytes()).map(|at| from + at);
            let taken = words.iter().enumerate().filter(|(i, _)| !rejected.contains(i));
            let want: Vec<(usize, usize)> = taken.filter_map(|(i, word)| Some((i, at(word)?))).collect();
            prop_assert_eq!(members(&set, &text[from..]), want.iter().map(|(i, _)| *i).collect::<Vec<_>>());
            // Of two literals that overlap either may be found first.
            let first = set.first(text, from);
            let earliest = want.iter().map(|(_, at)| *at).min();
            prop_assert_eq!(first.is_some(), earliest.is_some());
            prop_assert!(first.zip(earliest).is_none_or(|(first, earliest)| first < earliest + LONGEST_LITERAL));
        }
    }
}
