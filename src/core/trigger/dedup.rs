//! Matches seen on each line, so that a trigger fires once for the same text of the same line.
//!
//! A match is identified by its text, not by its position: text inserted in front of a match does not make a new
//! match. A match that begins at the position of a known match and extends its text is the known match, grown. The matches
//! of a trigger are forgotten when the line rests with a text that the trigger does not match. All tables are bounded and
//! drop their oldest entries.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};

/// Maximum number of lines in the table.
const MOST_LINES: usize = 1024;
/// Maximum number of matches on one line.
const MOST_OF_LINE: usize = 512;
/// Maximum number of matches on all lines together.
const MOST_IN_ALL: usize = 16_384;
/// Time that a match which could still grow is held back.
pub const HOLD: Duration = Duration::from_millis(500);
/// Maximum number of lines with a held match. Only a full-screen program has more than one.
const MOST_HELD: usize = 256;
/// Maximum number of known matches at one position that are compared with a longer match.
const MOST_GROWN: usize = 4;

/// Position and text of a match, as far as needed to recognize it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MatchKey {
    pub(super) trigger: usize,
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) hash: u64,
    /// Index among the matches with the same text on the line.
    pub(super) ordinal: usize,
}

/// What is recorded of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchState {
    New,
    /// The trigger did not fire: a running coprocess, a cooldown or the loop guard prevented it.
    Passed,
    Fired,
}

#[derive(Clone, Debug)]
struct SeenMatch {
    key: MatchKey,
    /// Length and hash of the text that the match has grown to.
    grown: (usize, u64),
    seen: MatchState,
}

#[derive(Clone, Debug, Default)]
struct SeenLine {
    entries: VecDeque<SeenMatch>,
    used: u64,
}

/// Matches seen on the most recently used lines.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenMatches {
    lines: HashMap<u64, SeenLine>,
    /// Number of matches on all lines.
    entries: usize,
    clock: u64,
    /// Largest id recorded since the table was empty, of the ids below 1 << 63 and of the others. The ids of most new lines
    /// are larger, so that they need not be looked up.
    largest: [u64; 2],
}

pub(super) fn hash(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text);
    hasher.finish()
}

/// Returns the index in `SeenMatches::largest` for an id.
fn half(id: u64) -> usize {
    (id >> 63) as usize
}

impl SeenMatches {
    /// Returns what is recorded of the match `key`, whose text is `text`, on `line`.
    pub(super) fn state_of(&self, line: u64, key: &MatchKey, text: &[u8]) -> MatchState {
        let known = self.lines.get(&line).and_then(|line| line.find(key, text));
        known.map_or(MatchState::New, |(_, seen)| seen)
    }

    /// Records a match. The state of a known match does not change.
    pub(super) fn record(&mut self, id: u64, key: &MatchKey, text: &[u8], seen: MatchState) {
        self.clock += 1;
        let largest = &mut self.largest[half(id)];
        *largest = (*largest).max(id);
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

    /// Returns whether a match is recorded on the line `id`.
    #[inline]
    pub(super) fn has_line(&self, id: u64) -> bool {
        !self.lines.is_empty() && id <= self.largest[half(id)] && self.lines.contains_key(&id)
    }

    /// Forgets the matches on the line `id` of the triggers for which `is_lost` holds.
    pub(super) fn forget(&mut self, id: u64, is_lost: impl Fn(usize) -> bool) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let before = line.entries.len();
        line.entries.retain(|entry| !is_lost(entry.key.trigger));
        self.entries -= before - line.entries.len();
        if line.entries.is_empty() {
            self.lines.remove(&id);
        }
        if self.lines.is_empty() {
            self.largest = [0; 2];
        }
    }

    /// Forgets the matches of `trigger` on all lines.
    pub(super) fn forget_trigger(&mut self, trigger: usize) {
        let lines: Vec<u64> = self.lines.keys().copied().collect();
        lines.into_iter().for_each(|id| self.forget(id, |other| other == trigger));
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops the least recently used lines until the rest is within the bounds.
    fn shrink(&mut self) {
        while self.lines.len() > MOST_LINES || self.entries > MOST_IN_ALL {
            let oldest = self.lines.iter().min_by_key(|(_, line)| line.used).map(|(&id, _)| id);
            let Some(line) = oldest.and_then(|id| self.lines.remove(&id)) else { return };
            self.entries -= line.entries.len();
        }
    }
}

impl SeenLine {
    /// Returns the index and the state of a match: as recorded, or grown from a recorded one.
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

    /// Returns whether `text` extends the text of the recorded match.
    fn begins(&self, text: &[u8]) -> bool {
        let len = self.key.len;
        len < text.len() && hash(&text[..len]) == self.key.hash
    }
}

/// Lines with a match that could still grow, and the times since which the matches are held.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldLines {
    /// Oldest first.
    lines: VecDeque<(u64, Instant)>,
}

impl HeldLines {
    /// Holds a match of `line`. Returns the time until which it is held.
    pub(super) fn hold(&mut self, line: u64, now: Instant) -> Instant {
        if let Some(&(_, since)) = self.lines.iter().find(|(id, _)| *id == line) {
            // The entry is stale: it belongs to a row that was overwritten before the match settled.
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

    /// Removes `line`, which has no held match any more.
    pub(super) fn release(&mut self, line: u64) {
        self.lines.retain(|(id, _)| *id != line);
    }

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
    fn match_is_recognized_by_text_or_growth() {
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
    fn growing_match_keeps_one_entry() {
        let mut matches = SeenMatches::default();
        let text = "x".repeat(2000);
        for len in 1..=text.len() {
            matches.record(1, &key(0, 0, &text[..len], 0), &text.as_bytes()[..len], MatchState::Fired);
        }
        assert_eq!(matches.entries, 1);
        // The text to which the match grew last is recognized at another position too.
        assert_eq!(matches.state_of(1, &key(0, 7, &text, 0), text.as_bytes()), MatchState::Fired);
    }

    #[test]
    fn empty_match_does_not_grow() {
        let mut matches = SeenMatches::default();
        matches.record(1, &key(0, 0, "", 0), b"", MatchState::Fired);
        assert_eq!(matches.state_of(1, &key(0, 0, "a", 0), b"a"), MatchState::New);
    }

    #[test]
    fn passed_match_stays_passed() {
        let mut matches = SeenMatches::default();
        matches.record(1, &key(0, 0, "a", 0), b"a", MatchState::Passed);
        matches.record(1, &key(0, 0, "a", 0), b"a", MatchState::Fired);
        assert_eq!(matches.state_of(1, &key(0, 0, "a", 0), b"a"), MatchState::Passed);
    }

    #[test]
    fn lost_matches_of_one_line_are_forgotten() {
        let mut matches = SeenMatches::default();
        let high = 1 << 63 | 5;
        for line in [high, 7, 3] {
            for trigger in 0..3 {
                matches.record(line, &key(trigger, 0, "a", 0), b"a", MatchState::Fired);
            }
        }
        assert_eq!(
            [high, high + 1, 7, 8, 3, 2].map(|id| matches.has_line(id)),
            [true, false, true, false, true, false]
        );
        matches.forget(7, |trigger| trigger != 1);
        let known = |matches: &SeenMatches, line| {
            let seen = |&trigger: &usize| matches.state_of(line, &key(trigger, 0, "a", 0), b"a") != MatchState::New;
            (0..3).filter(seen).collect::<Vec<_>>()
        };
        assert_eq!((known(&matches, 7), known(&matches, 3), matches.entries), (vec![1], vec![0, 1, 2], 7));
        for line in [high, 7, 3, 100] {
            matches.forget(line, |_| true);
        }
        assert!(matches.lines.is_empty() && matches.entries == 0 && !matches.has_line(0));
        matches.record(2, &key(0, 0, "a", 0), b"a", MatchState::Fired);
        assert!(matches.has_line(2) && !matches.has_line(3));
    }

    #[test]
    fn table_is_bounded() {
        let mut matches = SeenMatches::default();
        for line in 0..3000 {
            for n in 0..40 {
                let text = n.to_string();
                matches.record(line, &key(0, 0, &text, 0), text.as_bytes(), MatchState::Fired);
            }
            // The first line is used again and again, so it stays.
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
    fn line_is_held_from_its_first_hold() {
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
