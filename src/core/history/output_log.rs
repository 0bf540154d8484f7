//! The log of the last bytes that went to the terminal, with their origin and time, and of the window sizes between them.
//! Appending only copies the bytes, which are not parsed here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::types::Size;

/// Maximum number of bytes kept.
pub(super) const LIMIT: usize = 4 * 1024 * 1024;
/// Size of a memory block, the unit of allocation.
pub(super) const BLOCK: usize = 32 * 1024;
/// Maximum number of segments kept.
const SEGMENTS: usize = 16 * 1024;
/// Number of segments from one checkpoint to the next at most.
const SEGMENTS_PER_CUT: usize = SEGMENTS / 16;
/// Maximum duration of a segment.
const SEGMENT_SPAN: Duration = Duration::from_millis(50);
/// Maximum number of successive size changes kept without output between them, since dragging a window makes many.
const SIZES_IN_A_ROW: usize = 32;

/// Origin of bytes that went to the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The shell and its programs, and injected text. Lines consist of these bytes.
    Shell,
    /// coshell itself.
    Own,
}

/// A piece of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogPiece<'a> {
    /// Bytes that went to the terminal.
    Bytes(Origin, &'a [u8]),
    /// The window got this size.
    Resized(Size),
}

/// Position of a reader in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogPosition {
    /// Number of segments since the start.
    segment: u64,
    /// Number of bytes since the start.
    pub(super) at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SegmentKind {
    Bytes(Origin),
    Resized(Size),
}

/// Bytes of one origin within `SEGMENT_SPAN`, up to the start of the next segment; or a size.
#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u64,
    since: Instant,
    what: SegmentKind,
}

/// The log.
#[derive(Debug, Default)]
pub(super) struct OutputLog {
    /// All but the last are full.
    blocks: VecDeque<Vec<u8>>,
    /// Offset of the first block.
    base: u64,
    /// Offset of the first byte kept: `base <= start <= end`.
    start: u64,
    end: u64,
    /// The segments from `start` on, in order.
    segments: VecDeque<Segment>,
    /// Number of dropped segments.
    dropped: u64,
    /// A block for reuse.
    spare: Option<Vec<u8>>,
    /// Whether the next bytes begin a new segment.
    sealed: bool,
}

impl OutputLog {
    /// Whether `len` bytes can be appended without a cut.
    #[inline]
    pub(super) fn has_room(&self, len: usize) -> bool {
        (self.end - self.start) as usize + len <= LIMIT && self.segments.len() < SEGMENTS
    }

    /// Appends bytes, for which there must be room.
    #[inline]
    pub(super) fn push(&mut self, now: Instant, source: Origin, bytes: &[u8]) {
        let what = SegmentKind::Bytes(source);
        let fits = |last: &Segment| last.what == what && now < last.since + SEGMENT_SPAN;
        if !bytes.is_empty() && (self.sealed || !self.segments.back().is_some_and(fits)) {
            self.sealed = false;
            self.segments.push_back(Segment { from: self.end, since: now, what });
        }
        self.end += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let block = match self.blocks.back_mut() {
                Some(block) if block.len() < BLOCK => block,
                _ => self.add_block(),
            };
            let (now, later) = rest.split_at(rest.len().min(BLOCK - block.len()));
            block.extend_from_slice(now);
            rest = later;
        }
    }

    #[cold]
    fn add_block(&mut self) -> &mut Vec<u8> {
        let block = self.spare.take().unwrap_or_else(|| Vec::with_capacity(BLOCK));
        self.blocks.push_back(block);
        let last = self.blocks.len() - 1;
        &mut self.blocks[last]
    }

    /// Appends a window size.
    pub(super) fn resize(&mut self, now: Instant, size: Size) {
        let is_size = |segment: &Segment| matches!(segment.what, SegmentKind::Resized(_));
        let last = self.segments.iter().rev().take(SIZES_IN_A_ROW);
        if !self.sealed && last.len() == SIZES_IN_A_ROW && last.clone().all(is_size) {
            self.segments.pop_back();
        }
        self.sealed = false;
        self.segments.push_back(Segment { from: self.end, since: now, what: SegmentKind::Resized(size) });
    }

    /// Returns the position of the first byte kept.
    pub(super) fn beginning(&self) -> LogPosition {
        LogPosition { segment: self.dropped, at: self.start }
    }

    /// Returns the age of the first segment.
    pub(super) fn span(&self, now: Instant) -> Duration {
        self.segments.front().map_or(Duration::ZERO, |first| now.saturating_duration_since(first.since))
    }

    /// Returns the next piece from `place` on, up to the byte `to`, and its time. Moves `place` behind the piece.
    pub(super) fn next(&self, place: &mut LogPosition, to: u64) -> Option<(Instant, LogPiece<'_>)> {
        loop {
            if place.segment < self.dropped {
                *place = self.beginning();
            }
            let at = (place.segment - self.dropped) as usize;
            let segment = self.segments.get(at).filter(|segment| segment.from < to)?;
            let source = match segment.what {
                SegmentKind::Bytes(source) => source,
                SegmentKind::Resized(size) => {
                    place.segment += 1;
                    return Some((segment.since, LogPiece::Resized(size)));
                }
            };
            let next = self.segments.get(at + 1).map(|next| next.from);
            let end = next.unwrap_or(self.end).min(to);
            let from = place.at.max(segment.from);
            if from < end {
                let bytes = self.bytes_in_block(from, end);
                place.at = from + bytes.len() as u64;
                return Some((segment.since, LogPiece::Bytes(source, bytes)));
            }
            if next != Some(end) {
                return None;
            }
            place.segment += 1;
        }
    }

    /// Returns the bytes from `from` to `end`, as far as they are in one block.
    fn bytes_in_block(&self, from: u64, end: u64) -> &[u8] {
        let (block, inside) = ((from - self.base) as usize / BLOCK, (from - self.base) as usize % BLOCK);
        let bytes = &self.blocks[block][inside..];
        &bytes[..bytes.len().min((end - from) as usize)]
    }

    /// Returns the position at the end, at which the log can be cut later.
    pub(super) fn end(&mut self) -> LogPosition {
        self.sealed = true;
        LogPosition { segment: self.dropped + self.segments.len() as u64, at: self.end }
    }

    /// Whether a new position to cut at is due, `last` being the last one.
    #[inline]
    pub(super) fn is_due(&self, last: LogPosition) -> bool {
        let segments = self.dropped + self.segments.len() as u64 - last.segment;
        self.end - last.at >= BLOCK as u64 || segments >= SEGMENTS_PER_CUT as u64
    }

    /// Drops everything before `place`, which `end` must have returned.
    pub(super) fn cut(&mut self, place: LogPosition) {
        self.start = place.at;
        while self.dropped < place.segment {
            self.segments.pop_front();
            self.dropped += 1;
        }
        while self.start - self.base >= BLOCK as u64 {
            self.spare = self.blocks.pop_front();
            self.spare.iter_mut().for_each(Vec::clear);
            self.base += BLOCK as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Size = Size { rows: 5, cols: 20, xpixel: 0, ypixel: 0 };

    /// Returns everything from `place` on: bytes by origin, joined where nothing is between them.
    fn read(log: &OutputLog, mut place: LogPosition) -> Vec<(Option<Origin>, String)> {
        let mut all: Vec<(Option<Origin>, String)> = Vec::new();
        while let Some((_, piece)) = log.next(&mut place, u64::MAX) {
            let (source, text) = match piece {
                LogPiece::Bytes(source, bytes) => (Some(source), String::from_utf8_lossy(bytes).into_owned()),
                LogPiece::Resized(size) => (None, format!("{}x{}", size.rows, size.cols)),
            };
            match all.last_mut() {
                Some(last) if source.is_some() && last.0 == source => last.1.push_str(&text),
                _ => all.push((source, text)),
            }
        }
        assert_eq!(log.next(&mut place, u64::MAX), None, "a reader at the end stays there");
        all
    }

    #[test]
    fn log_is_read_in_order() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        log.push(now, Origin::Shell, b"one ");
        log.push(now + 2 * SEGMENT_SPAN, Origin::Shell, b"two");
        log.resize(now, SMALL);
        log.push(now, Origin::Own, b"notice");
        log.push(now, Origin::Shell, b"three");
        let pieces = read(&log, LogPosition::default());
        let expected = [
            (Some(Origin::Shell), "one two"),
            (None, "5x20"),
            (Some(Origin::Own), "notice"),
            (Some(Origin::Shell), "three"),
        ];
        assert_eq!(pieces, expected.map(|(source, text)| (source, text.to_owned())));
    }

    #[test]
    fn reader_continues_at_its_position() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        let mut place = LogPosition::default();
        let mut seen = Vec::new();
        for (n, bytes) in [&b"a"[..], b"bc", b"", b"def"].into_iter().enumerate() {
            log.push(now + SEGMENT_SPAN * n as u32, Origin::Shell, bytes);
            while let Some((_, LogPiece::Bytes(_, bytes))) = log.next(&mut place, u64::MAX) {
                seen.extend_from_slice(bytes);
            }
        }
        assert_eq!(seen, b"abcdef");
    }

    #[test]
    fn reader_stops_at_limit() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        log.push(now, Origin::Shell, b"abcdef");
        log.resize(now, SMALL);
        let mut place = LogPosition::default();
        assert_eq!(log.next(&mut place, 4), Some((now, LogPiece::Bytes(Origin::Shell, b"abcd"))));
        assert_eq!(log.next(&mut place, 4), None);
        assert_eq!(log.next(&mut place, 6), Some((now, LogPiece::Bytes(Origin::Shell, b"ef"))));
        assert_eq!(log.next(&mut place, 6), None, "a size at the byte itself is behind it");
        assert_eq!(log.next(&mut place, 7), Some((now, LogPiece::Resized(SMALL))));
    }

    /// Returns the last position to cut at.
    fn last(ends: &VecDeque<LogPosition>) -> LogPosition {
        ends.back().copied().unwrap_or_default()
    }

    #[test]
    fn cut_keeps_everything_behind_it() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        log.push(now, Origin::Shell, b"one ");
        log.resize(now, SMALL);
        let end = log.end();
        log.resize(now, SMALL);
        log.push(now, Origin::Shell, b"two");
        log.cut(end);
        let expected = [(None, "5x20".to_owned()), (Some(Origin::Shell), "two".to_owned())];
        assert_eq!(read(&log, LogPosition::default()), expected);
        assert_eq!(read(&log, log.beginning()), expected);
    }

    #[test]
    fn log_keeps_end_and_is_bounded() {
        let (mut log, now, mut ends) = (OutputLog::default(), Instant::now(), VecDeque::new());
        let mut all = Vec::new();
        for n in 0..3000_u32 {
            let bytes = format!("{n:>3000}").into_bytes();
            while !log.has_room(bytes.len()) {
                log.cut(ends.pop_front().expect("there is a place to cut at"));
            }
            log.push(now, Origin::Shell, &bytes);
            ends.extend(log.is_due(last(&ends)).then(|| log.end()));
            all.extend(bytes);
        }
        let bytes = read(&log, LogPosition::default()).remove(0).1.into_bytes();
        assert!(bytes.len() > LIMIT - 2 * BLOCK && bytes.len() <= LIMIT);
        assert!(all.ends_with(&bytes));
        assert!(log.blocks.len() <= LIMIT / BLOCK + 1);
        assert_ne!(log.beginning(), LogPosition::default());
    }

    #[test]
    fn number_of_segments_is_bounded() {
        let (mut log, now, mut ends) = (OutputLog::default(), Instant::now(), VecDeque::new());
        for n in 0..2 * SEGMENTS as u32 {
            while !log.has_room(1) {
                log.cut(ends.pop_front().expect("there is a place to cut at"));
            }
            log.push(now + 2 * n * SEGMENT_SPAN, Origin::Shell, b"x");
            log.resize(now, SMALL);
            ends.extend(log.is_due(last(&ends)).then(|| log.end()));
        }
        assert!(log.segments.len() <= SEGMENTS + 1);
        let mut place = log.beginning();
        let mut bytes = 0;
        while let Some((_, piece)) = log.next(&mut place, u64::MAX) {
            bytes += usize::from(piece != LogPiece::Resized(SMALL));
        }
        assert_eq!(bytes as u64, log.end - log.start);
    }

    #[test]
    fn number_of_successive_sizes_is_bounded() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        for cols in 1..1000 {
            log.resize(now, Size { cols, ..SMALL });
        }
        assert_eq!(log.segments.len(), SIZES_IN_A_ROW);
        assert_eq!(read(&log, LogPosition::default()).last().map(|last| last.1.as_str()), Some("5x999"));
    }
}
