//! All patterns in one search, which finds those that may match a line, and never misses one that does. The pattern's own
//! regex checks each candidate.
//!
//! Most patterns have literals of which each match contains one (`pattern::required`). Text is searched for the literals of all
//! patterns at once (`literal_set`, with `grams` for many of them), and only a line with one is looked at further. All other
//! patterns are in one automaton (`automaton`), which is slower: `approximate` makes their forms for it, `first_literals` and
//! `scan` make it faster, and if a text makes the automaton build states at every step ([`Prefilter::is_overloaded`]),
//! `coarsen` makes forms that need fewer.
//!
//! A literal that is common in the text, in lines that the pattern does not match, costs a search by the pattern's own regex
//! each time. Such a pattern gets another literal or goes into the automaton. What is built anew for that, or for coarser forms,
//! replaces the prefilter once it is complete ([`Prefilter::replacement`]); `builder` builds it in steps.

mod approximate;
mod automaton;
mod builder;
mod coarsen;
mod first_literals;
mod grams;
mod literal_set;
mod scan;

use std::ops::Range;

use memchr::{memchr, memrchr};

use automaton::{Automaton, AutomatonLimits};
pub(super) use builder::PrefilterBuilder;
use literal_set::LiteralSet;

/// Coarseness of the patterns in the automaton.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PrefilterForm {
    /// Few lines pass that do not match.
    #[default]
    Tight,
    /// More lines pass that do not match, but hardly any text needs many new states.
    Loose,
}

/// Number of bytes searched after which searches in vain are counted anew.
const VAIN_WINDOW: usize = 64 << 10;
/// Number of searches in vain of one pattern among these from which its literal is too common: 0.2 ns for a byte of text.
const MOST_VAIN: u32 = 4;
/// The same of all patterns together.
const MOST_VAIN_IN_ALL: u32 = 32;

/// Finds the patterns that may match a line.
pub(super) struct Prefilter {
    limits: AutomatonLimits,
    /// The triggers whose patterns are searched for, in order.
    members: Vec<Member>,
    /// Place in `members` by index of the trigger.
    places: Vec<u32>,
    empty_may_match: bool,
    literals: Option<LiteralSet>,
    others: OtherPatterns,
    /// Number of bytes searched since searches in vain were counted anew, and their number.
    searched: usize,
    vain: u32,
    is_unbalanced: bool,
    /// Reused buffer for the places of the candidates.
    found: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Member {
    trigger: usize,
    /// Which choice of the pattern's literals is searched for; `None` for a pattern in the automaton.
    choice: Option<usize>,
    /// Number of searches in vain by the pattern's own regex.
    vain: u32,
}

/// The search for the patterns without literals. `places` are those of the patterns, by their index in the automaton.
enum OtherPatterns {
    /// There are none.
    None,
    Automaton {
        automaton: Box<Automaton>,
        places: Vec<usize>,
    },
    /// They are too large for an automaton.
    Unsearched {
        places: Vec<usize>,
    },
}

impl Prefilter {
    /// Returns a builder of a prefilter for the patterns of these triggers, in this order.
    pub(super) fn builder(triggers: &[usize], form: PrefilterForm) -> Box<PrefilterBuilder> {
        Self::builder_within(AutomatonLimits::default(), Some(0), triggers, form)
    }

    /// Does the same with other limits. `choice` is the first choice of literals that is searched for; without one all patterns
    /// are in the automaton.
    fn builder_within(
        limits: AutomatonLimits,
        choice: Option<usize>,
        triggers: &[usize],
        form: PrefilterForm,
    ) -> Box<PrefilterBuilder> {
        let members = triggers.iter().map(|&trigger| Member { trigger, choice, vain: 0 });
        PrefilterBuilder::new(limits, form, members.collect())
    }

    fn of_parts(
        limits: AutomatonLimits,
        members: Vec<Member>,
        literals: Option<LiteralSet>,
        others: OtherPatterns,
        empty_may_match: bool,
    ) -> Self {
        let mut places = vec![0; members.iter().map(|member| member.trigger + 1).max().unwrap_or(0)];
        members.iter().zip(0..).for_each(|(member, place)| places[member.trigger] = place);
        Self {
            limits,
            members,
            places,
            empty_may_match,
            literals,
            others,
            searched: 0,
            vain: 0,
            is_unbalanced: false,
            found: Vec::new(),
        }
    }

    /// Returns whether an empty line may match.
    pub(super) fn empty_may_match(&self) -> bool {
        self.empty_may_match
    }

    /// Returns whether the text searched last needed too many new states.
    pub(super) fn is_overloaded(&self) -> bool {
        matches!(&self.others, OtherPatterns::Automaton { automaton, .. } if automaton.is_overloaded())
    }

    /// Returns the range, without the line's end, of the first line at or after `from` that may match. `from` is the
    /// start of a line in `block`.
    pub(super) fn next_line(&mut self, block: &[u8], from: usize) -> Option<Range<usize>> {
        if self.members.is_empty() || from >= block.len() {
            return None;
        }
        let with_literal = self.literals.as_ref().and_then(|literals| literals.first(block, from));
        let end_at = |at| memchr(b'\n', &block[at..]).map_or(block.len(), |feed| at + feed);
        let until = with_literal.map_or(block.len(), end_at);
        self.count_searched(until - from);
        let at = match &mut self.others {
            OtherPatterns::None => with_literal,
            OtherPatterns::Automaton { automaton, .. } => automaton.first(&block[..until], from).or(with_literal),
            OtherPatterns::Unsearched { .. } => Some(from),
        }?;
        let start = memrchr(b'\n', &block[from..at]).map_or(from, |feed| from + feed + 1);
        if start == block.len() {
            return None;
        }
        let end = end_at(at);
        let ends_in_cr = end < block.len() && end > start && block[end - 1] == b'\r';
        Some(start..if ends_in_cr { end - 1 } else { end })
    }

    /// Appends the triggers whose patterns may match a line, in order.
    pub(super) fn candidates(&mut self, line: &[u8], candidates: &mut Vec<usize>) {
        let found = &mut self.found;
        found.clear();
        if let Some(literals) = &self.literals {
            literals.for_each(line, |place| found.push(place));
        }
        match &mut self.others {
            OtherPatterns::None => {}
            OtherPatterns::Automaton { automaton, places } => automaton.all(line, |i| found.push(places[i])),
            OtherPatterns::Unsearched { places } => found.extend_from_slice(places),
        }
        found.sort_unstable();
        found.dedup();
        candidates.extend(found.iter().map(|&place| self.members[place].trigger));
    }

    fn count_searched(&mut self, bytes: usize) {
        self.searched += bytes;
        if self.searched >= VAIN_WINDOW && !self.is_unbalanced {
            self.count_anew();
        }
    }

    fn count_anew(&mut self) {
        self.searched = 0;
        if std::mem::take(&mut self.vain) > 0 {
            self.members.iter_mut().for_each(|member| member.vain = 0);
        }
    }

    /// Records that the own regex of a trigger, which was a candidate, has not matched.
    pub(super) fn searched_in_vain(&mut self, trigger: usize) {
        let member = &mut self.members[self.places[trigger] as usize];
        if member.choice.is_some() {
            member.vain += 1;
            self.vain += 1;
            self.is_unbalanced |= member.vain >= MOST_VAIN || self.vain >= MOST_VAIN_IN_ALL;
        }
    }

    /// Returns whether literals are too common in the text searched last.
    pub(super) fn is_unbalanced(&self) -> bool {
        self.is_unbalanced
    }

    /// Returns a builder of the prefilter that is to replace this one, with patterns of this form. Patterns whose literals are
    /// too common get others, or go into the automaton. Until then this one goes on.
    pub(super) fn replacement(&mut self, form: PrefilterForm) -> Box<PrefilterBuilder> {
        let least = if self.vain >= MOST_VAIN_IN_ALL { 1 } else { MOST_VAIN / 2 };
        let chosen = |member: &Member| match member.choice {
            Some(choice) if self.is_unbalanced && member.vain >= least => Some(choice + 1),
            choice => choice,
        };
        let members = self.members.iter().map(|member| Member { choice: chosen(member), vain: 0, ..*member }).collect();
        self.is_unbalanced = false;
        self.count_anew();
        PrefilterBuilder::new(self.limits, form, members)
    }

    /// Returns the bytes of memory taken.
    pub(super) fn memory(&self) -> usize {
        let members = size_of_val(&self.members[..]) + size_of_val(&self.places[..]);
        let automaton = match &self.others {
            OtherPatterns::Automaton { automaton, .. } => automaton.memory(),
            OtherPatterns::None | OtherPatterns::Unsearched { .. } => 0,
        };
        members + self.literals.as_ref().map_or(0, LiteralSet::memory) + automaton
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    fn parse(patterns: &[&str]) -> Vec<Pattern> {
        patterns.iter().map(|text| Pattern::parse(*text).expect("the pattern is valid")).collect()
    }

    impl Prefilter {
        /// Builds a prefilter of these patterns, of the triggers 0, 1 and so on.
        pub(super) fn of(patterns: &[&str]) -> Self {
            let patterns = parse(patterns);
            Self::builder(&(0..patterns.len()).collect::<Vec<_>>(), PrefilterForm::Tight).finish(|i| &patterns[i])
        }

        /// Builds a prefilter of these patterns, all of which are in the automaton.
        pub(super) fn of_automaton(limits: AutomatonLimits, patterns: &[&str]) -> Self {
            let patterns = parse(patterns);
            let triggers: Vec<usize> = (0..patterns.len()).collect();
            Self::builder_within(limits, None, &triggers, PrefilterForm::Tight).finish(|i| &patterns[i])
        }

        fn all(&mut self, line: &[u8]) -> Vec<usize> {
            let mut candidates = Vec::new();
            self.candidates(line, &mut candidates);
            candidates
        }

        /// Returns the triggers whose patterns are in the automaton.
        fn in_automaton(&self) -> Vec<usize> {
            self.members.iter().filter(|member| member.choice.is_none()).map(|member| member.trigger).collect()
        }
    }

    #[test]
    fn oversized_patterns_are_all_candidates() {
        let limits = AutomatonLimits { patterns: 1000, ..AutomatonLimits::default() };
        let mut set = Prefilter::of_automaton(limits, &["foo", &"x".repeat(1000)]);
        assert!(matches!(set.others, OtherPatterns::Unsearched { .. }));
        assert_eq!(set.next_line(b"a\r\nb\n", 3), Some(3..4));
        assert_eq!(set.next_line(b"a\r\nb\n", 5), None);
        assert_eq!(set.all(b"a"), [0, 1]);
    }

    #[test]
    fn patterns_are_found_by_literals_or_automaton_in_order() {
        let mut set = Prefilter::of(&["warning", r"\d+", "^$", "foo|bar", "(?i)ERROR: "]);
        assert_eq!(set.in_automaton(), [1, 2]);
        assert_eq!(set.all(b"warning 3: ErroR: bar"), [0, 1, 3, 4]);
        assert_eq!(set.all(b"no warning"), [0]);
        assert_eq!(set.all(b""), [2]);
        assert!(set.empty_may_match());
        let block = b"one\r\nbar\r\ntwo 2\r\n\r\nthree\r\nwarning";
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(line) = set.next_line(block, from) {
            from = memchr(b'\n', &block[line.end..]).map_or(block.len(), |feed| line.end + feed + 1);
            found.push(line);
        }
        assert_eq!(found, [5..8, 10..15, 17..17, 26..33]);
    }

    #[test]
    fn common_literals_are_given_up() {
        let patterns = ["request .*failure", "rare thing", "answered after [0-9]+ s$", "request"];
        let parsed = parse(&patterns);
        let mut set = Prefilter::of(&patterns);
        // In vain for the first and the third.
        let line = b"request failures: answered after 3 ms";
        let search = |set: &mut Prefilter, line: &[u8]| {
            for _ in 0..MOST_VAIN {
                set.next_line(line, 0);
                set.all(line).into_iter().filter(|i| [0, 2].contains(i)).for_each(|i| set.searched_in_vain(i));
            }
            let is_unbalanced = set.is_unbalanced();
            if is_unbalanced {
                *set = set.replacement(PrefilterForm::Tight).finish(|i| &parsed[i]);
            }
            is_unbalanced
        };
        assert_eq!(set.all(line), [0, 2, 3]);
        assert!(search(&mut set, line));
        // The first has another literal, the third none that is left.
        assert_eq!((set.in_automaton(), set.all(b"request")), (vec![2], vec![3]));
        assert_eq!(set.all(line), [0, 3]);
        assert!(search(&mut set, line));
        assert_eq!((set.in_automaton(), set.all(line)), (vec![0, 2], vec![0, 3]));
        assert!(!search(&mut set, line), "nothing is left to give up");
    }

    #[test]
    fn seldom_searches_in_vain_are_no_reason() {
        let mut set = Prefilter::of(&["request .*failure"]);
        let text = "no such line\n".repeat(VAIN_WINDOW / 20);
        for _ in 0..100 {
            set.searched_in_vain(0);
            set.next_line(text.as_bytes(), 0);
            assert!(!set.is_unbalanced());
        }
    }
}
