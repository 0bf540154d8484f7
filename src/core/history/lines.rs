//! The printed lines, numbered from the session's start. They are assembled from the log when they are requested, or when
//! the log is about to drop bytes that were not parsed yet.

use std::collections::VecDeque;
use std::time::Instant;

use super::commands::MOST;
use super::output_log::{LogPiece, LogPosition, Origin, OutputLog};
use crate::core::vt;
use crate::core::vt::work::Work;
use crate::core::vt::{VtSink, VtState};

/// Maximum memory of the kept lines in bytes.
const LIMIT: usize = 8 * 1024 * 1024;
/// Memory of a line besides its text, in bytes.
const OVERHEAD: usize = 64;
/// Minimum distance in the stream between two recorded line counts, in bytes.
const COUNT_INTERVAL: u64 = 32 * 1024;

/// Maximum number of bytes parsed between two checks of the budget.
const AT_ONCE: usize = 1024;
/// Number of pending stops from which the log is parsed.
const STOPS: usize = 10_000;
/// Maximum number of recorded positions: four for each command.
const POSITIONS: usize = 4 * MOST;

/// A line that was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// Its number; the first of the session is 1. The pieces of a long line have the same number.
    pub number: u64,
    /// Time at which it was finished.
    pub time: Instant,
    /// Its text without escape sequences.
    pub text: Box<[u8]>,
    /// Offset of its first raw byte in the shell's stream.
    pub start: u64,
    /// Offset behind its last raw byte.
    pub end: u64,
    /// Whether it is a piece of a longer line, and another piece follows.
    pub more: bool,
    /// Whether it is unfinished.
    pub open: bool,
}

/// The numbered lines.
#[derive(Debug)]
pub(super) struct NumberedLines {
    /// Parser state at `place`; `None` where the log was not parsed from its start on.
    text: Option<VtState>,
    place: LogPosition,
    /// Number of line feeds before `place`.
    feeds: u64,
    /// Stops in the stream that were not reached yet.
    stops: VecDeque<(u64, StreamStop)>,
    /// Offset of the last recorded line count.
    counted: u64,
    /// Positions of marks, by their offsets in the stream.
    positions: VecDeque<(u64, LinePosition)>,
    collector: LineCollector,
}

/// An offset in the stream at which parsing stops.
#[derive(Clone, Copy, Debug)]
enum StreamStop {
    /// The number of finished lines is known here, and the number of line feeds.
    Counted(u64, u64),
    /// A mark whose position is recorded.
    Marked,
}

/// A position in the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePosition {
    /// The line's number.
    pub number: u64,
    /// Number of bytes of its text before the position.
    pub column: usize,
}

/// The kept finished lines.
#[derive(Debug)]
struct LineCollector {
    /// Number of the last finished line.
    number: u64,
    lines: VecDeque<HistoryLine>,
    /// Memory of `lines` in bytes.
    bytes: usize,
    /// Maximum number of lines kept.
    most: usize,
}

impl NumberedLines {
    /// Creates an empty list that keeps at most `most` lines.
    pub(super) fn new(text: VtState, most: usize) -> Self {
        let collector = LineCollector { number: 0, lines: VecDeque::new(), bytes: 0, most };
        let (stops, positions) = (VecDeque::new(), VecDeque::new());
        Self { text: Some(text), place: LogPosition::default(), feeds: 0, stops, counted: 0, positions, collector }
    }

    /// Records that `number` lines are finished at the offset `at`, behind `feeds` line feeds.
    #[inline]
    pub(super) fn counted(&mut self, at: u64, number: u64, feeds: u64, exactly: bool) {
        if exactly || at >= self.counted + COUNT_INTERVAL {
            self.counted = at;
            self.stops.push_back((at, StreamStop::Counted(number, feeds)));
        }
    }

    /// Adds a mark at the offset `at` of the stream. Of too many marks that were not read, the position is not known.
    pub(super) fn mark(&mut self, at: u64) {
        if self.stops.len() < 2 * STOPS {
            self.stops.push_back((at, StreamStop::Marked));
        }
    }

    /// Whether many stops are pending, so that the log should be parsed.
    pub(super) fn has_many_stops(&self) -> bool {
        self.stops.len() >= STOPS
    }

    /// Returns the position of the mark at the offset `at`, if it was reached and is still recorded.
    pub(super) fn position(&self, at: u64) -> Option<LinePosition> {
        let found = self.positions.binary_search_by_key(&at, |(place, _)| *place).ok()?;
        Some(self.positions[found].1)
    }

    /// Returns the position up to which the log was parsed.
    pub(super) fn place(&self) -> LogPosition {
        self.place
    }

    /// Returns the maximum number of lines kept.
    pub(super) fn most(&self) -> usize {
        self.collector.most
    }

    /// Parses the log up to the byte `to`, or as far as `work` goes. Returns whether it got there. `start_state` is the
    /// terminal state at the start of the log.
    pub(super) fn read(&mut self, log: &OutputLog, start_state: &VtState, to: u64, work: &mut Work) -> bool {
        let text = self.text.get_or_insert_with(|| {
            self.place = log.beginning();
            let mut text = start_state.clone();
            text.assemble(true);
            text
        });
        text.assemble(true);
        let mut next = self.place;
        while let Some((time, piece)) = log.next(&mut next, to) {
            if work.is_spent() {
                return false;
            }
            match piece {
                LogPiece::Bytes(origin, bytes) => {
                    let (bytes, later) = bytes.split_at(bytes.len().min(AT_ONCE));
                    next.at -= later.len() as u64;
                    if origin == Origin::Shell {
                        self.feeds += memchr::memchr_iter(b'\n', bytes).count() as u64;
                        let mut rest = bytes;
                        while let Some((at, stop)) = due(&mut self.stops, text.offset() + rest.len() as u64) {
                            let (before, behind) = rest.split_at((at.max(text.offset()) - text.offset()) as usize);
                            text.feed(before, &mut self.collector.sink(time));
                            self.collector.reach(at, stop, text, &mut self.positions);
                            rest = behind;
                        }
                        text.feed(rest, &mut self.collector.sink(time));
                    }
                    work.charge(bytes.len() + text.take_scanned());
                }
                LogPiece::Resized(size) => text.resize(size),
            }
            self.place = next;
        }
        self.place = next;
        while let Some((at, stop)) = due(&mut self.stops, text.offset()) {
            self.collector.reach(at, stop, text, &mut self.positions);
        }
        true
    }

    /// Skips the stream up to the offset `at`, before which there are `feeds` line feeds. Its lines are counted by the
    /// recorded line counts and by line feeds. Parsing continues with this state at this position, or else at the start of
    /// the log, which drops the skipped bytes.
    pub(super) fn skip(&mut self, at: u64, feeds: u64, next: Option<(VtState, LogPosition)>) {
        while let Some((_, stop)) = due(&mut self.stops, at) {
            if let StreamStop::Counted(number, feeds) = stop {
                (self.collector.number, self.feeds) = (number, feeds);
            }
        }
        self.collector.number += feeds.saturating_sub(self.feeds);
        self.feeds = feeds;
        self.collector.clear();
        self.positions.clear();
        self.text = next.map(|(mut text, place)| {
            self.place = place;
            text.assemble(true);
            text
        });
    }

    /// Returns the number of finished lines and the parser state, from which another assembler can continue.
    pub(super) fn assembled(&self) -> (u64, Option<&VtState>) {
        (self.collector.number, self.text.as_ref())
    }

    /// Returns the kept lines, oldest first.
    pub(super) fn kept(&self) -> &VecDeque<HistoryLine> {
        &self.collector.lines
    }

    /// Returns the position at the end of the parsed lines.
    pub(super) fn end_position(&mut self) -> LinePosition {
        let column = self.text.as_mut().and_then(VtState::partial).map_or(0, |line| line.text.len());
        LinePosition { number: self.collector.number + 1, column }
    }

    /// Returns the unfinished line, if it is not empty.
    pub(super) fn open(&mut self, now: Instant) -> Option<HistoryLine> {
        let number = self.collector.number + 1;
        let line = self.text.as_mut()?.partial()?;
        let (start, end) = (line.start, line.end);
        Some(HistoryLine { number, time: now, text: line.text.into(), start, end, more: false, open: true })
    }
}

/// Takes the next stop up to the offset `end`.
fn due(stops: &mut VecDeque<(u64, StreamStop)>, end: u64) -> Option<(u64, StreamStop)> {
    stops.front().filter(|(at, _)| *at <= end)?;
    stops.pop_front()
}

impl LineCollector {
    /// Returns a sink that keeps lines finished at this time.
    fn sink(&mut self, time: Instant) -> CollectorSink<'_> {
        CollectorSink { collector: self, time }
    }

    /// Handles a stop that parsing has reached.
    fn reach(&mut self, at: u64, stop: StreamStop, text: &mut VtState, positions: &mut VecDeque<(u64, LinePosition)>) {
        match stop {
            StreamStop::Counted(number, _) => self.number = number,
            StreamStop::Marked => {
                let column = text.partial().map_or(0, |line| line.text.len());
                positions.push_back((at, LinePosition { number: self.number + 1, column }));
                if positions.len() > POSITIONS {
                    positions.pop_front();
                }
            }
        }
    }

    fn push(&mut self, line: HistoryLine) {
        self.bytes += line.text.len() + OVERHEAD;
        self.lines.push_back(line);
        while self.lines.len() > self.most || self.bytes > LIMIT {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.text.len() + OVERHEAD;
        }
    }

    fn clear(&mut self) {
        self.lines.clear();
        self.bytes = 0;
    }
}

struct CollectorSink<'a> {
    collector: &'a mut LineCollector,
    time: Instant,
}

impl VtSink for CollectorSink<'_> {
    fn line(&mut self, line: &vt::Line<'_>) {
        let number = self.collector.number + 1;
        if !line.more {
            self.collector.number = number;
        }
        let (time, text) = (self.time, line.text.into());
        self.collector.push(HistoryLine {
            number,
            time,
            text,
            start: line.start,
            end: line.end,
            more: line.more,
            open: false,
        });
    }
}
