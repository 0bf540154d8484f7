//! The last of what went to the terminal, just as it went: bytes, whose they were and when they came, and the sizes that
//! the window had meanwhile. Appending copies bytes and nothing else. It must not know what the bytes mean.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::types::Size;

/// How many bytes are kept.
pub(super) const LIMIT: usize = 4 * 1024 * 1024;
/// The memory that is allocated, and given up, at once.
pub(super) const BLOCK: usize = 32 * 1024;
/// How many stretches are kept: beyond that, the oldest bytes go though there is room for them.
const STRETCHES: usize = 16 * 1024;
/// So many go at once.
const FEWER: usize = STRETCHES / 16;
/// What comes within this time has come at once.
const AT_ONCE: Duration = Duration::from_millis(50);
/// A window that is dragged has many sizes: with no output in between, this many are told apart.
const SIZES_IN_A_ROW: usize = 32;

/// Who wrote something to the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The shell and what runs in it, or what stands for it: whatever the lines are made of.
    Shell,
    /// coshell itself: notices, a menu.
    Own,
}

/// Something on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogPiece<'a> {
    /// Bytes that went to the terminal.
    Bytes(Origin, &'a [u8]),
    /// The window was given this size.
    Resized(Size),
}

/// Where somebody is who reads the tape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogPosition {
    /// Stretches since the beginning.
    stretch: u64,
    /// Bytes since the beginning.
    pub(super) at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SegmentKind {
    Bytes(Origin),
    Resized(Size),
}

/// Bytes of one source that came at once, up to where the next stretch begins; or a size.
#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u64,
    since: Instant,
    what: SegmentKind,
}

/// The tape.
#[derive(Debug, Default)]
pub(super) struct OutputLog {
    /// All but the last are full.
    blocks: VecDeque<Vec<u8>>,
    /// What the first block begins with, in bytes since the beginning.
    base: u64,
    /// The first byte that is kept: `base <= start <= end`.
    start: u64,
    end: u64,
    /// In order; those in front of `start` are gone.
    stretches: VecDeque<Segment>,
    /// How many of them are gone.
    gone: u64,
    /// A block to be used again.
    spare: Option<Vec<u8>>,
    /// What comes next is a stretch of its own.
    sealed: bool,
}

impl OutputLog {
    /// Whether so many bytes can be put on it with nothing lost.
    #[inline]
    pub(super) fn has_room(&self, len: usize) -> bool {
        (self.end - self.start) as usize + len <= LIMIT && self.stretches.len() < STRETCHES
    }

    /// Puts bytes behind those that are there; there is room for them.
    #[inline]
    pub(super) fn push(&mut self, now: Instant, source: Origin, bytes: &[u8]) {
        let what = SegmentKind::Bytes(source);
        let fits = |last: &Segment| last.what == what && now < last.since + AT_ONCE;
        if !bytes.is_empty() && (self.sealed || !self.stretches.back().is_some_and(fits)) {
            self.sealed = false;
            self.stretches.push_back(Segment { from: self.end, since: now, what });
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

    /// The window has another size.
    pub(super) fn resize(&mut self, now: Instant, size: Size) {
        let is_size = |stretch: &Segment| matches!(stretch.what, SegmentKind::Resized(_));
        let last = self.stretches.iter().rev().take(SIZES_IN_A_ROW);
        if !self.sealed && last.len() == SIZES_IN_A_ROW && last.clone().all(is_size) {
            self.stretches.pop_back();
        }
        self.sealed = false;
        self.stretches.push_back(Segment { from: self.end, since: now, what: SegmentKind::Resized(size) });
    }

    /// Where it begins.
    pub(super) fn beginning(&self) -> LogPosition {
        LogPosition { stretch: self.gone, at: self.start }
    }

    /// For how long it reaches back.
    pub(super) fn span(&self, now: Instant) -> Duration {
        self.stretches.front().map_or(Duration::ZERO, |first| now.saturating_duration_since(first.since))
    }

    /// What comes next behind this place, with its time; the place moves behind it. Not beyond the byte `to`.
    pub(super) fn next(&self, place: &mut LogPosition, to: u64) -> Option<(Instant, LogPiece<'_>)> {
        loop {
            if place.stretch < self.gone {
                *place = self.beginning();
            }
            let at = (place.stretch - self.gone) as usize;
            let stretch = self.stretches.get(at).filter(|stretch| stretch.from < to)?;
            let source = match stretch.what {
                SegmentKind::Bytes(source) => source,
                SegmentKind::Resized(size) => {
                    place.stretch += 1;
                    return Some((stretch.since, LogPiece::Resized(size)));
                }
            };
            let next = self.stretches.get(at + 1).map(|next| next.from);
            let end = next.unwrap_or(self.end).min(to);
            let from = place.at.max(stretch.from);
            if from < end {
                let bytes = self.run(from, end);
                place.at = from + bytes.len() as u64;
                return Some((stretch.since, LogPiece::Bytes(source, bytes)));
            }
            if next != Some(end) {
                return None;
            }
            place.stretch += 1;
        }
    }

    /// The bytes between these two, as far as they lie in one block.
    fn run(&self, from: u64, end: u64) -> &[u8] {
        let (block, inside) = ((from - self.base) as usize / BLOCK, (from - self.base) as usize % BLOCK);
        let bytes = &self.blocks[block][inside..];
        &bytes[..bytes.len().min((end - from) as usize)]
    }

    /// The place behind everything. It can be cut there.
    pub(super) fn end(&mut self) -> LogPosition {
        self.sealed = true;
        LogPosition { stretch: self.gone + self.stretches.len() as u64, at: self.end }
    }

    /// Whether so much has come since this place that it is time for another one to cut at.
    #[inline]
    pub(super) fn is_due(&self, last: LogPosition) -> bool {
        let stretches = self.gone + self.stretches.len() as u64 - last.stretch;
        self.end - last.at >= BLOCK as u64 || stretches >= FEWER as u64
    }

    /// Gives up everything in front of a place that was its end.
    pub(super) fn cut(&mut self, place: LogPosition) {
        self.start = place.at;
        while self.gone < place.stretch {
            self.stretches.pop_front();
            self.gone += 1;
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

    /// All that is on the tape behind this place: bytes by source, joined where nothing stands between them.
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
    fn tells_what_came_in_order() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        log.push(now, Origin::Shell, b"one ");
        log.push(now + 2 * AT_ONCE, Origin::Shell, b"two");
        log.resize(now, SMALL);
        log.push(now, Origin::Own, b"notice");
        log.push(now, Origin::Shell, b"three");
        let told = read(&log, LogPosition::default());
        let expected = [
            (Some(Origin::Shell), "one two"),
            (None, "5x20"),
            (Some(Origin::Own), "notice"),
            (Some(Origin::Shell), "three"),
        ];
        assert_eq!(told, expected.map(|(source, text)| (source, text.to_owned())));
    }

    #[test]
    fn a_reader_goes_on_where_it_was() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        let mut place = LogPosition::default();
        let mut seen = Vec::new();
        for (n, bytes) in [&b"a"[..], b"bc", b"", b"def"].into_iter().enumerate() {
            log.push(now + AT_ONCE * n as u32, Origin::Shell, bytes);
            while let Some((_, LogPiece::Bytes(_, bytes))) = log.next(&mut place, u64::MAX) {
                seen.extend_from_slice(bytes);
            }
        }
        assert_eq!(seen, b"abcdef");
    }

    #[test]
    fn stops_where_it_is_told() {
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

    /// The last place to cut at.
    fn last(ends: &VecDeque<LogPosition>) -> LogPosition {
        ends.back().copied().unwrap_or_default()
    }

    #[test]
    fn a_cut_loses_nothing_behind_it() {
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
    fn keeps_the_end_and_is_bounded() {
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
        let told = read(&log, LogPosition::default()).remove(0).1.into_bytes();
        assert!(told.len() > LIMIT - 2 * BLOCK && told.len() <= LIMIT);
        assert!(all.ends_with(&told));
        assert!(log.blocks.len() <= LIMIT / BLOCK + 1);
        assert_ne!(log.beginning(), LogPosition::default());
    }

    #[test]
    fn many_small_stretches_are_bounded_too() {
        let (mut log, now, mut ends) = (OutputLog::default(), Instant::now(), VecDeque::new());
        for n in 0..2 * STRETCHES as u32 {
            while !log.has_room(1) {
                log.cut(ends.pop_front().expect("there is a place to cut at"));
            }
            log.push(now + 2 * n * AT_ONCE, Origin::Shell, b"x");
            log.resize(now, SMALL);
            ends.extend(log.is_due(last(&ends)).then(|| log.end()));
        }
        assert!(log.stretches.len() <= STRETCHES + 1);
        let mut place = log.beginning();
        let mut bytes = 0;
        while let Some((_, piece)) = log.next(&mut place, u64::MAX) {
            bytes += usize::from(piece != LogPiece::Resized(SMALL));
        }
        assert_eq!(bytes as u64, log.end - log.start);
    }

    #[test]
    fn a_dragged_window_does_not_fill_it() {
        let (mut log, now) = (OutputLog::default(), Instant::now());
        for cols in 1..1000 {
            log.resize(now, Size { cols, ..SMALL });
        }
        assert_eq!(log.stretches.len(), SIZES_IN_A_ROW);
        assert_eq!(read(&log, LogPosition::default()).last().map(|last| last.1.as_str()), Some("5x999"));
    }
}
