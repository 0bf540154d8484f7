//! The last finished lines, for triggers that hand lines before or behind their match to commands. Lines are recorded only
//! while such a trigger can fire.

use memchr::{memchr, memrchr};

/// Maximum number of bytes that are kept of the lines.
const BYTES: usize = 256 * 1024;

/// The last finished lines.
#[derive(Debug, Default)]
pub(in crate::core) struct RecentLines {
    /// Number of lines that are kept; 0 if none is recorded.
    most: usize,
    /// The kept lines, each ended by LF.
    text: Vec<u8>,
    /// Number of the kept lines.
    kept: usize,
    /// Number of lines recorded since the session's start.
    count: u64,
    /// Number and length of the line recorded last, unless it belongs to a block.
    last: Option<(u64, usize)>,
}

impl RecentLines {
    /// Sets the number of lines to keep.
    pub(super) fn keep(&mut self, most: usize) {
        if most == 0 {
            let count = self.count;
            *self = Self { count, ..Self::default() };
        }
        self.most = most;
    }

    /// Returns the number of lines recorded since the session's start.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Records the line with this number, or a further piece of it (`continued`). One that is finished again takes its own
    /// place.
    pub(super) fn push(&mut self, number: u64, text: &[u8], continued: bool) {
        if self.most == 0 {
            return;
        }
        let last = self.last.filter(|(last, _)| *last == number).map(|(_, len)| len);
        let before = match last {
            // The LF is replaced.
            Some(len) if continued => len - 1,
            _ => 0,
        };
        self.text.truncate(self.text.len() - last.map_or(0, |len| len - before));
        if last.is_none() {
            (self.kept, self.count) = (self.kept + 1, self.count + 1);
        }
        self.text.extend_from_slice(text);
        self.text.push(b'\n');
        self.last = Some((number, before + text.len() + 1));
    }

    /// Records a block of lines, each ended by CR LF and without other controls.
    pub(super) fn push_block(&mut self, block: &[u8], lines: usize) {
        if self.most == 0 {
            return;
        }
        let mut rest = block;
        while let Some(at) = memchr(b'\r', rest) {
            self.text.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
        }
        self.text.extend_from_slice(rest);
        (self.kept, self.count, self.last) = (self.kept + lines, self.count + lines as u64, None);
    }

    /// Drops lines beyond those to keep, once no line of the output just printed waits for them.
    pub(super) fn trim(&mut self) {
        if self.kept > self.most || self.text.len() > BYTES {
            let start = self.start_of_last(self.most);
            let start = match memchr(b'\n', &self.text[self.text.len().saturating_sub(BYTES).max(start)..]) {
                Some(end) if self.text.len() - start > BYTES => self.text.len() - BYTES + end + 1,
                _ => start,
            };
            self.kept -= memchr::memchr_iter(b'\n', &self.text[..start]).count();
            self.text.drain(..start);
            // A line that was dropped cannot be finished again.
            self.last = self.last.filter(|(_, len)| *len <= self.text.len());
        }
    }

    /// Returns the kept lines of the last `n` in front of the one with the index `end`, each ended by LF.
    pub(super) fn before(&self, end: u64, n: usize) -> &[u8] {
        let behind = usize::try_from(self.count.saturating_sub(end)).unwrap_or(usize::MAX);
        let end = self.start_of_last(behind);
        let start = self.start_of_last(behind.saturating_add(n));
        &self.text[start..end]
    }

    /// Returns the kept lines from the one with the index `start` on.
    pub(super) fn from(&self, start: u64) -> impl Iterator<Item = &[u8]> {
        let last = usize::try_from(self.count.saturating_sub(start)).unwrap_or(usize::MAX);
        self.text[self.start_of_last(last)..].split_inclusive(|&byte| byte == b'\n').map(|line| &line[..line.len() - 1])
    }

    /// Returns the offset at which the last `n` of the kept lines begin.
    fn start_of_last(&self, n: usize) -> usize {
        if n >= self.kept {
            return 0;
        }
        let mut start = self.text.len();
        for _ in 0..n {
            start = memrchr(b'\n', &self.text[..start - 1]).map_or(0, |feed| feed + 1);
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<&str> {
        str::from_utf8(text).expect("text").lines().collect()
    }

    #[test]
    fn lines_before_an_index_are_found_until_they_are_trimmed() {
        let mut recent = RecentLines::default();
        recent.push(1, b"not recorded", false);
        recent.keep(2);
        recent.push(2, b"on", false);
        recent.push(2, b"e", true);
        recent.push_block(b"two\r\nthree\r\n", 2);
        recent.push(5, b"fou", false);
        recent.push(5, b"four", false);
        assert_eq!(recent.count(), 4);
        assert_eq!(lines(recent.before(4, 2)), ["three", "four"]);
        assert_eq!(lines(recent.before(2, 9)), ["one", "two"]);
        assert_eq!(lines(recent.before(1, 1)), ["one"]);
        assert_eq!(lines(recent.before(0, 1)), [""; 0]);
        assert_eq!(recent.from(2).collect::<Vec<_>>(), [&b"three"[..], b"four"]);
        assert_eq!(recent.from(4).count(), 0);
        recent.trim();
        assert_eq!(lines(recent.before(4, 9)), ["three", "four"]);
        assert_eq!(lines(recent.before(3, 9)), ["three"]);
        recent.keep(0);
        assert_eq!((recent.before(4, 2), recent.count()), (&b""[..], 4));
    }

    #[test]
    fn long_lines_are_bounded_by_whole_lines() {
        let mut recent = RecentLines::default();
        recent.keep(1000);
        let line = vec![b'x'; 60_000];
        for number in 0..20 {
            recent.push(number, &line, false);
            recent.trim();
        }
        assert_eq!((recent.kept, recent.text.len()), (4, 4 * 60_001));
        assert_eq!(recent.before(20, 1000).len(), 4 * 60_001);
        // A line without an end.
        for _ in 0..20 {
            recent.push(20, &line, true);
            recent.trim();
            assert!(recent.text.len() <= BYTES && recent.kept <= 5);
        }
    }
}
