//! The lines that were printed, numbered from the session's start: put together from the tape when somebody asks, or when
//! the tape is about to give up what was not read yet.

use std::collections::VecDeque;
use std::time::Instant;

use super::commands::MOST;
use super::output_log::{LogPiece, LogPosition, Origin, OutputLog};
use crate::core::vt;
use crate::core::vt::{VtSink, VtState};

/// What the kept lines may take, whatever their number.
const LIMIT: usize = 8 * 1024 * 1024;
/// What a line takes besides its text.
const OVERHEAD: usize = 64;
/// How far apart in the stream the numbers stand that others have given.
const APART: u64 = 32 * 1024;

/// How many marks may wait until somebody reads.
const STOPS: usize = 10_000;
/// How many places are remembered: four for each command.
const SPOTS: usize = 4 * MOST;

/// A line that was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// Lines since the session's start; the first is 1. The pieces of a long line have the same number.
    pub number: u64,
    /// When it was finished.
    pub time: Instant,
    /// As a person reads it.
    pub text: Box<[u8]>,
    /// Where its first raw byte stands in the stream of what the shell printed.
    pub start: u64,
    /// The place behind its last raw byte.
    pub end: u64,
    /// A piece of a longer line: more of it follows.
    pub more: bool,
    /// Somebody may still add to it: the cursor is on it.
    pub open: bool,
}

/// The lines.
#[derive(Debug)]
pub(super) struct NumberedLines {
    /// As far as the tape was read. `None`: from where the tape begins on, nothing was.
    text: Option<VtState>,
    place: LogPosition,
    /// The line feeds in front of it.
    feeds: u64,
    /// What has to be looked at at a place in the stream. Only what was not read yet.
    stops: VecDeque<(u64, PieceEnd)>,
    /// Where others have counted last.
    counted: u64,
    /// Where marks stand among the lines, by their places in the stream.
    spots: VecDeque<(u64, LinePosition)>,
    keep: LineCollector,
}

/// What has to be looked at.
#[derive(Clone, Copy, Debug)]
enum PieceEnd {
    /// Others have counted so many finished lines. There were so many line feeds.
    Counted(u64, u64),
    /// A mark stands there.
    Marked,
}

/// A place among the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePosition {
    /// The line's number.
    pub number: u64,
    /// How many bytes of its text stood in front of it.
    pub column: usize,
}

/// The finished lines.
#[derive(Debug)]
struct LineCollector {
    /// How many there were.
    number: u64,
    lines: VecDeque<HistoryLine>,
    /// What `lines` take.
    bytes: usize,
    /// How many are kept.
    most: usize,
}

impl NumberedLines {
    /// None yet, and at most so many.
    pub(super) fn new(text: VtState, most: usize) -> Self {
        let keep = LineCollector { number: 0, lines: VecDeque::new(), bytes: 0, most };
        let (stops, spots) = (VecDeque::new(), VecDeque::new());
        Self { text: Some(text), place: LogPosition::default(), feeds: 0, stops, counted: 0, spots, keep }
    }

    /// Somebody else has assembled the lines up to this place in the stream, and counted so many finished ones.
    #[inline]
    pub(super) fn counted(&mut self, at: u64, number: u64, feeds: u64, exactly: bool) {
        if exactly || at >= self.counted + APART {
            self.counted = at;
            self.stops.push_back((at, PieceEnd::Counted(number, feeds)));
        }
    }

    /// A mark stands at this place in the stream.
    pub(super) fn mark(&mut self, at: u64) {
        self.stops.push_back((at, PieceEnd::Marked));
    }

    /// Whether much has to be looked at, so that it should be read soon.
    pub(super) fn is_crowded(&self) -> bool {
        self.stops.len() >= STOPS
    }

    /// Where the mark at this place in the stream stands, if its line was read and is not forgotten.
    pub(super) fn spot(&self, at: u64) -> Option<LinePosition> {
        let found = self.spots.binary_search_by_key(&at, |(place, _)| *place).ok()?;
        Some(self.spots[found].1)
    }

    /// How much of the tape was read.
    pub(super) fn place(&self) -> LogPosition {
        self.place
    }

    /// How many lines are kept at most.
    pub(super) fn most(&self) -> usize {
        self.keep.most
    }

    /// Reads the tape up to the byte `to`, in front of which there were so many line feeds. `start_state` is what was on where
    /// the tape begins.
    pub(super) fn read(&mut self, log: &OutputLog, start_state: &VtState, to: u64, feeds: u64) {
        self.feeds = feeds;
        let text = self.text.get_or_insert_with(|| {
            self.place = log.beginning();
            let mut text = start_state.clone();
            text.assemble(true);
            text
        });
        text.assemble(true);
        while let Some((time, piece)) = log.next(&mut self.place, to) {
            match piece {
                LogPiece::Bytes(Origin::Shell, bytes) => {
                    let mut rest = bytes;
                    while let Some((at, stop)) = due(&mut self.stops, text.offset() + rest.len() as u64) {
                        let (before, behind) = rest.split_at((at.max(text.offset()) - text.offset()) as usize);
                        text.feed(before, &mut self.keep.keeper(time));
                        self.keep.look(at, stop, text, &mut self.spots);
                        rest = behind;
                    }
                    text.feed(rest, &mut self.keep.keeper(time));
                }
                LogPiece::Bytes(Origin::Own, _) => {}
                LogPiece::Resized(size) => text.resize(size),
            }
        }
        while let Some((at, stop)) = due(&mut self.stops, text.offset()) {
            self.keep.look(at, stop, text, &mut self.spots);
        }
    }

    /// The tape gives up everything up to this place in the stream, and what was not read of that is only counted: by
    /// the line feeds that there were until then, unless others have counted better.
    pub(super) fn skip(&mut self, at: u64, feeds: u64) {
        while let Some((_, stop)) = due(&mut self.stops, at) {
            if let PieceEnd::Counted(number, feeds) = stop {
                (self.keep.number, self.feeds) = (number, feeds);
            }
        }
        self.keep.number += feeds.saturating_sub(self.feeds);
        self.feeds = feeds;
        self.keep.clear();
        self.spots.clear();
        self.text = None;
    }

    /// What was put together so far, with the state of the one who did it: for somebody who goes on from here.
    pub(super) fn so_far(&self) -> (u64, Option<&VtState>) {
        (self.keep.number, self.text.as_ref())
    }

    /// The lines that are kept, oldest first.
    pub(super) fn kept(&self) -> &VecDeque<HistoryLine> {
        &self.keep.lines
    }

    /// The place behind everything that was read.
    pub(super) fn here(&mut self) -> LinePosition {
        let column = self.text.as_mut().and_then(VtState::partial).map_or(0, |line| line.text.len());
        LinePosition { number: self.keep.number + 1, column }
    }

    /// The line that the cursor is on, if anything was put on it.
    pub(super) fn open(&mut self, now: Instant) -> Option<HistoryLine> {
        let number = self.keep.number + 1;
        let line = self.text.as_mut()?.partial()?;
        let (start, end) = (line.start, line.end);
        Some(HistoryLine { number, time: now, text: line.text.into(), start, end, more: false, open: true })
    }
}

/// The next place in the stream, up to `end`, at which something has to be looked at.
fn due(stops: &mut VecDeque<(u64, PieceEnd)>, end: u64) -> Option<(u64, PieceEnd)> {
    stops.front().filter(|(at, _)| *at <= end)?;
    stops.pop_front()
}

impl LineCollector {
    /// Keeps the lines that are finished at this time.
    fn keeper(&mut self, time: Instant) -> Keeper<'_> {
        Keeper { keep: self, time }
    }

    /// The text was read up to a place where something has to be looked at.
    fn look(&mut self, at: u64, stop: PieceEnd, text: &mut VtState, spots: &mut VecDeque<(u64, LinePosition)>) {
        match stop {
            PieceEnd::Counted(number, _) => self.number = number,
            PieceEnd::Marked => {
                let column = text.partial().map_or(0, |line| line.text.len());
                spots.push_back((at, LinePosition { number: self.number + 1, column }));
                if spots.len() > SPOTS {
                    spots.pop_front();
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

struct Keeper<'a> {
    keep: &'a mut LineCollector,
    time: Instant,
}

impl VtSink for Keeper<'_> {
    fn line(&mut self, line: &vt::Line<'_>) {
        let number = self.keep.number + 1;
        if !line.more {
            self.keep.number = number;
        }
        let (time, text) = (self.time, line.text.into());
        self.keep.push(HistoryLine {
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
