//! Runs the automaton over a block of lines, several lines at a time.
//!
//! Each step of an automaton depends on the step before it, so the processor mostly waits. Lines are independent, so
//! the block is cut into strips at line ends, and each step is taken in all strips at once, which the processor
//! executes in parallel.

use std::array;

use memchr::memchr;
use regex_automata::Input;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};

/// Number of strips of a block.
const STRIPS: usize = 4;
/// Length in bytes below which a block is not cut.
const SHORTEST: usize = 512;

/// A part of a block that begins at the start of a line, and the position in it.
#[derive(Clone, Copy)]
struct Strip {
    at: usize,
    end: usize,
    state: LazyStateID,
}

/// The automaton cannot go on, or its cache was cleared and the strips' states are invalid.
struct Lost;

/// Returns the end of the first match at or after `from`, the start of a line, or of a later match if no line before
/// it matches. A search that fails counts as a match, since it did not exclude one.
pub(in crate::core::trigger) fn first(dfa: &DFA, cache: &mut Cache, block: &[u8], from: usize) -> Option<usize> {
    if block.len() - from < SHORTEST {
        return search(dfa, cache, block, from);
    }
    let mut scan = Scan { dfa, cache, block, clears: 0 };
    let found = scan.strips(from).and_then(|mut strips| scan.run(&mut strips));
    found.unwrap_or_else(|Lost| search(dfa, cache, block, from))
}

/// Searches without strips.
pub(in crate::core::trigger) fn search(dfa: &DFA, cache: &mut Cache, text: &[u8], from: usize) -> Option<usize> {
    let input = Input::new(text).range(from..).earliest(true);
    match dfa.try_search_fwd(cache, &input) {
        Ok(found) => found.map(|found| found.offset()),
        Err(_) => Some(from),
    }
}

struct Scan<'a> {
    dfa: &'a DFA,
    cache: &'a mut Cache,
    block: &'a [u8],
    /// Clear count of the cache when the strips got their states.
    clears: usize,
}

impl Scan<'_> {
    /// Cuts the block into strips; some may be empty.
    fn strips(&mut self, from: usize) -> Result<[Strip; STRIPS], Lost> {
        let length = (self.block.len() - from) / STRIPS;
        let mut start = from;
        let bounds: [(usize, usize); STRIPS] = array::from_fn(|i| {
            let at = start;
            let aim = start.max(from + (i + 1) * length);
            let feed = memchr(b'\n', &self.block[aim..]).filter(|_| i + 1 < STRIPS);
            start = feed.map_or(self.block.len(), |feed| aim + feed + 1);
            (at, start)
        });
        // All strips but the first begin behind a line feed, so they have the same start state.
        let input = Input::new(self.block).range(from..);
        self.clears = self.cache.clear_count();
        let first = self.dfa.start_state_forward(self.cache, &input).map_err(|_| Lost)?;
        let other = Input::new(self.block).range(bounds[1].0..);
        let other = self.dfa.start_state_forward(self.cache, &other).map_err(|_| Lost)?;
        if self.cache.clear_count() != self.clears {
            return Err(Lost);
        }
        Ok(array::from_fn(|i| {
            let state = if i == 0 { first } else { other };
            Strip { at: bounds[i].0, end: bounds[i].1, state }
        }))
    }

    /// Reads all strips in parallel until one is at its end, then the rest of each.
    fn run(&mut self, strips: &mut [Strip; STRIPS]) -> Result<Option<usize>, Lost> {
        let (mut open, mut found) = (STRIPS, None);
        while open > 0 && strips[..open].iter().all(|strip| strip.at < strip.end) {
            self.stride(strips);
            if let Some((i, end)) = self.step_each(&mut strips[..open])? {
                // Text behind a match need not be read.
                (open, found) = (i, Some(end));
            }
            // The slots of closed strips are overwritten, so that a closed strip does not limit the stride.
            let first = strips[0];
            strips[open..].fill(first);
        }
        for strip in &mut strips[..open] {
            while strip.at < strip.end {
                self.stride(array::from_mut(strip));
                if let Some(end) = self.step(strip)? {
                    return Ok(Some(end));
                }
            }
        }
        Ok(found)
    }

    /// Takes one step in each strip, none of which is at its end, up to the first match. Returns the strip and the
    /// end of the match.
    fn step_each(&mut self, strips: &mut [Strip]) -> Result<Option<(usize, usize)>, Lost> {
        for (i, strip) in strips.iter_mut().enumerate() {
            if let Some(end) = self.step(strip)? {
                return Ok(Some((i, end)));
            }
        }
        Ok(None)
    }

    /// Steps through all strips at once while no step leads to a special state.
    fn stride<const N: usize>(&self, strips: &mut [Strip; N]) {
        let shortest = strips.iter().map(|strip| strip.end - strip.at).min();
        // The last step of a strip is left to `step`, which sees the end of the block.
        let steps = shortest.unwrap_or(0).saturating_sub(1);
        let texts: [&[u8]; N] = array::from_fn(|i| &self.block[strips[i].at..][..steps]);
        let mut states: [LazyStateID; N] = array::from_fn(|i| strips[i].state);
        let mut taken = 0;
        while taken < steps {
            let next: [LazyStateID; N] =
                array::from_fn(|i| self.dfa.next_state_untagged(self.cache, states[i], texts[i][taken]));
            if next.iter().any(|state| state.is_tagged()) {
                break;
            }
            states = next;
            taken += 1;
        }
        for (strip, state) in strips.iter_mut().zip(states) {
            strip.at += taken;
            strip.state = state;
        }
    }

    /// Takes one step in a strip that is not at its end. Returns the end of a match.
    fn step(&mut self, strip: &mut Strip) -> Result<Option<usize>, Lost> {
        let byte = self.block[strip.at];
        let state = self.dfa.next_state(self.cache, strip.state, byte).map_err(|_| Lost)?;
        self.check(state)?;
        if state.is_match() {
            return Ok(Some(strip.at));
        }
        if state.is_dead() {
            strip.at = strip.end;
            return Ok(None);
        }
        strip.at += 1;
        strip.state = state;
        if strip.at < self.block.len() {
            return Ok(None);
        }
        // A match may end at the end of the block.
        let state = self.dfa.next_eoi_state(self.cache, state).map_err(|_| Lost)?;
        self.check(state)?;
        Ok(state.is_match().then_some(strip.end))
    }

    fn check(&self, state: LazyStateID) -> Result<(), Lost> {
        let lost = state.is_quit() || self.cache.clear_count() != self.clears;
        if lost { Err(Lost) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::core::trigger::prefilter::Prefilter;
    use crate::core::trigger::prefilter::automaton::AutomatonLimits;

    fn set(patterns: &[&str]) -> Prefilter {
        Prefilter::of_automaton(AutomatonLimits::default(), patterns)
    }

    const PATTERNS: [&str; 5] = ["foo$", "^bar", "q[a-z]*z", "(a|b){3}", "é.*x"];

    /// Returns the lines that a prefilter finds in a block.
    fn found(set: &mut Prefilter, block: &[u8]) -> Vec<std::ops::Range<usize>> {
        let mut lines = Vec::new();
        let mut from = 0;
        while let Some(line) = set.next_line(block, from) {
            lines.push(line.clone());
            let Some(feed) = memchr::memchr(b'\n', &block[line.end..]) else { break };
            from = line.end + feed + 1;
        }
        lines
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn strips_find_the_same_lines_as_regexes(
            lines in prop::collection::vec("[a-fxyzqé ]{0,60}|foo|x foo|bar|xbar|qz|q|é x|", 1..120),
            ended in any::<bool>(),
            cache in prop::sample::select(&[0, 1 << 13, 1 << 20][..]),
        ) {
            let regexes = PATTERNS.map(|text| regex::Regex::new(text).expect("the pattern is valid"));
            let mut block = Vec::new();
            let mut want = Vec::new();
            for line in &lines {
                if regexes.iter().any(|regex| regex.is_match(line)) {
                    want.push(block.len()..block.len() + line.len());
                }
                block.extend_from_slice(line.as_bytes());
                block.extend_from_slice(if line.len() % 2 == 0 { b"\r\n" } else { b"\n" });
            }
            if !ended {
                block.truncate(want.last().map_or(0, |line| line.end));
            }
            let mut set = Prefilter::of_automaton(AutomatonLimits { cache, ..AutomatonLimits::default() }, &PATTERNS);
            prop_assert_eq!(&found(&mut set, &block), &want);
            prop_assert_eq!(&found(&mut set, &block), &want);
        }
    }

    #[test]
    fn line_longer_than_a_strip_is_found() {
        let mut set = set(&["foo$", "^bar"]);
        let long = "x".repeat(5000);
        for (block, want) in [
            (format!("{long}\n{long}foo\nbar"), vec![5001..10004, 10005..10008]),
            (format!("{long}foo\nfoo"), vec![0..5003, 5004..5007]),
            (format!("{long}\nfoo\nfoo\n{long}\n"), vec![5001..5004, 5005..5008]),
            (long.clone(), vec![]),
        ] {
            assert_eq!(found(&mut set, block.as_bytes()), want);
        }
    }

    #[test]
    fn prefilter_of_nothing_or_everything_works() {
        let block = "abc\n".repeat(1000);
        assert_eq!(set(&["[a&&b]"]).next_line(block.as_bytes(), 0), None);
        assert_eq!(set(&[]).next_line(block.as_bytes(), 0), None);
        assert_eq!(set(&["x*"]).next_line(block.as_bytes(), 400), Some(400..403));
    }
}
