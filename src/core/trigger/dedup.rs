//! What has been seen on which line, so that a trigger fires once for the same text of the same line.
//!
//! A match is known again by its text, not by its place: text put in front of it does not make it another. One that
//! begins where a known one does and goes on further is the known one, grown. All of it is bounded; the oldest goes.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};

/// So many lines are remembered.
const MOST_LINES: usize = 1024;
/// So many matches are remembered of one line.
const MOST_OF_LINE: usize = 512;
/// So many matches are remembered of all lines together.
const MOST_IN_ALL: usize = 16_384;
/// A match that could still grow waits so long for the rest of its line.
pub const HOLD: Duration = Duration::from_millis(500);
/// So many lines are waited for at once; only a full-screen program has more than one.
const MOST_HELD: usize = 256;
/// Of the known matches that begin at one place, so many are compared with a longer one.
const MOST_GROWN: usize = 4;

/// Where a match stands and what it says, as far as needed to know it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MatchKey {
    pub(super) trigger: usize,
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) hash: u64,
    /// Of matches with the same text on a line, which.
    pub(super) ordinal: usize,
}

/// Whether a match has been seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchState {
    New,
    /// Its trigger did not fire for it: something stood against it.
    Passed,
    Fired,
}

#[derive(Clone, Debug)]
struct SeenMatch {
    key: MatchKey,
    /// Length and hash of the text that it has grown to.
    grown: (usize, u64),
    seen: MatchState,
}

#[derive(Clone, Debug, Default)]
struct SeenLine {
    entries: VecDeque<SeenMatch>,
    used: u64,
}

/// What has been seen on the last lines. A line on which nothing was seen takes no room.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenMatches {
    lines: HashMap<u64, SeenLine>,
    /// Of all lines together.
    entries: usize,
    clock: u64,
}

pub(super) fn hash(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text);
    hasher.finish()
}

impl SeenMatches {
    /// Whether a match, whose text this is, has been seen on a line.
    pub(super) fn state_of(&self, line: u64, key: &MatchKey, text: &[u8]) -> MatchState {
        let known = self.lines.get(&line).and_then(|line| line.find(key, text));
        known.map_or(MatchState::New, |(_, seen)| seen)
    }

    /// Remembers a match. One that is known stays as it was seen first.
    pub(super) fn record(&mut self, id: u64, key: &MatchKey, text: &[u8], seen: MatchState) {
        self.clock += 1;
        let line = self.lines.entry(id).or_default();
        line.used = self.clock;
        if let Some((at, _)) = line.find(key, text) {
            if line.entries[at].key.len < key.len {
                line.entries[at].grown = (key.len, key.hash);
            }
            return;
        }
        if line.entries.len() >= MOST_OF_LINE {
            line.entries.pop_front();
            self.entries -= 1;
        }
        line.entries.push_back(SeenMatch { key: *key, grown: (key.len, key.hash), seen });
        self.entries += 1;
        self.shrink();
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets the lines that have not been touched for longest, until the rest is within the bounds.
    fn shrink(&mut self) {
        while self.lines.len() > MOST_LINES || self.entries > MOST_IN_ALL {
            let oldest = self.lines.iter().min_by_key(|(_, line)| line.used).map(|(&id, _)| id);
            let Some(line) = oldest.and_then(|id| self.lines.remove(&id)) else { return };
            self.entries -= line.entries.len();
        }
    }
}

impl SeenLine {
    /// Where a match is remembered, and how it was seen: as it is, or as one that has grown.
    fn find(&self, key: &MatchKey, text: &[u8]) -> Option<(usize, MatchState)> {
        let same = |entry: &SeenMatch| entry.is(key);
        let found = self.entries.iter().rposition(same).or_else(|| self.grown(key, text));
        found.map(|at| (at, self.entries[at].seen))
    }

    fn grown(&self, key: &MatchKey, text: &[u8]) -> Option<usize> {
        let here =
            |entry: &SeenMatch| entry.key.trigger == key.trigger && entry.key.start == key.start && entry.key.len > 0;
        let latest = self.entries.iter().enumerate().rev().filter(|(_, entry)| here(entry));
        let mut latest = latest.take(MOST_GROWN);
        latest.find(|(_, entry)| entry.begins(text)).map(|(at, _)| at)
    }
}

impl SeenMatch {
    fn is(&self, key: &MatchKey) -> bool {
        let text = (key.len, key.hash);
        self.key.trigger == key.trigger
            && self.key.ordinal == key.ordinal
            && ((self.key.len, self.key.hash) == text || self.grown == text)
    }

    /// Whether a longer text begins with the one that was seen.
    fn begins(&self, text: &[u8]) -> bool {
        let len = self.key.len;
        len < text.len() && hash(&text[..len]) == self.key.hash
    }
}

/// The lines with a match that could still grow, and since when it has waited.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldLines {
    /// The oldest in front.
    lines: VecDeque<(u64, Instant)>,
}

impl HeldLines {
    /// A line has a match that waits. Returns until when.
    pub(super) fn hold(&mut self, line: u64, now: Instant) -> Instant {
        if let Some(&(_, since)) = self.lines.iter().find(|(id, _)| *id == line) {
            // One that nobody has come back for belongs to a row that was given up meanwhile.
            if now.saturating_duration_since(since) < 2 * HOLD {
                return since + HOLD;
            }
        }
        self.release(line);
        if self.lines.len() >= MOST_HELD {
            self.lines.pop_front();
        }
        self.lines.push_back((line, now));
        now + HOLD
    }

    /// A line has none any more.
    pub(super) fn release(&mut self, line: u64) {
        self.lines.retain(|(id, _)| *id != line);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(trigger: usize, start: usize, text: &str, ordinal: usize) -> MatchKey {
        MatchKey { trigger, start, len: text.len(), hash: hash(text.as_bytes()), ordinal }
    }

    #[test]
    fn what_is_the_same_match() {
        let mut matches = SeenMatches::default();
        matches.record(1, &key(0, 4, "task ab", 0), b"task ab", MatchState::Fired);
        for (line, trigger, start, text, ordinal, want) in [
            (1, 0, 4, "task ab", 0, MatchState::Fired),
            (1, 0, 9, "task ab", 0, MatchState::Fired),
            (1, 0, 4, "task abc", 0, MatchState::Fired),
            (1, 0, 5, "task abc", 0, MatchState::New),
            (1, 0, 4, "task a", 0, MatchState::New),
            (1, 0, 4, "task ax", 0, MatchState::New),
            (1, 0, 4, "task ab", 1, MatchState::New),
            (1, 1, 4, "task ab", 0, MatchState::New),
            (2, 0, 4, "task ab", 0, MatchState::New),
        ] {
            let seen = matches.state_of(line, &key(trigger, start, text, ordinal), text.as_bytes());
            assert_eq!(seen, want, "{line} {trigger} {start} {text} {ordinal}");
        }
    }

    #[test]
    fn a_match_that_grows_keeps_one_entry() {
        let mut matches = SeenMatches::default();
        let text = "x".repeat(2000);
        for len in 1..=text.len() {
            matches.record(1, &key(0, 0, &text[..len], 0), &text.as_bytes()[..len], MatchState::Fired);
        }
        assert_eq!(matches.entries, 1);
        // What it has grown to last is known elsewhere too.
        assert_eq!(matches.state_of(1, &key(0, 7, &text, 0), text.as_bytes()), MatchState::Fired);
    }

    #[test]
    fn an_empty_match_does_not_grow() {
        let mut matches = SeenMatches::default();
        matches.record(1, &key(0, 0, "", 0), b"", MatchState::Fired);
        assert_eq!(matches.state_of(1, &key(0, 0, "a", 0), b"a"), MatchState::New);
    }

    #[test]
    fn a_passed_match_stays_passed() {
        let mut matches = SeenMatches::default();
        matches.record(1, &key(0, 0, "a", 0), b"a", MatchState::Passed);
        matches.record(1, &key(0, 0, "a", 0), b"a", MatchState::Fired);
        assert_eq!(matches.state_of(1, &key(0, 0, "a", 0), b"a"), MatchState::Passed);
    }

    #[test]
    fn memory_is_bounded() {
        let mut matches = SeenMatches::default();
        for line in 0..3000 {
            for n in 0..40 {
                let text = n.to_string();
                matches.record(line, &key(0, 0, &text, 0), text.as_bytes(), MatchState::Fired);
            }
            // The first line is touched again and again, so it stays.
            matches.record(0, &key(0, 0, "0", 0), b"0", MatchState::Fired);
        }
        assert!(matches.lines.len() <= MOST_LINES && matches.entries <= MOST_IN_ALL);
        let held: usize = matches.lines.values().map(|line| line.entries.len()).sum();
        assert_eq!(held, matches.entries);
        assert!(matches.lines.contains_key(&0) && matches.lines.contains_key(&2999));
        assert!(!matches.lines.contains_key(&1));
        for n in 0..2000 {
            let text = n.to_string();
            matches.record(0, &key(0, 0, &text, 0), text.as_bytes(), MatchState::Fired);
        }
        assert_eq!(matches.lines[&0].entries.len(), MOST_OF_LINE);
        for line in 10_000..20_000 {
            matches.record(line, &key(0, 0, "a", 0), b"a", MatchState::Fired);
        }
        assert_eq!(matches.lines.len(), MOST_LINES);
    }

    #[test]
    fn a_line_is_held_from_its_first_time() {
        let start = Instant::now();
        let mut held = HeldLines::default();
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(held.hold(1, start), after(500));
        assert_eq!(held.hold(2, after(100)), after(600));
        assert_eq!(held.hold(1, after(300)), after(500));
        held.release(1);
        assert_eq!(held.hold(1, after(400)), after(900));
        assert_eq!(held.hold(2, after(2000)), after(2500));
        for line in 0..10_000 {
            held.hold(line, after(2000));
        }
        assert_eq!(held.lines.len(), MOST_HELD);
    }
}
