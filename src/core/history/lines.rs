//! The screen, and the lines above and on it, numbered from the session's start. They are made from the log when they are
//! requested, or when the log is about to drop bytes that were not parsed yet.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::commands::MOST;
use super::output_log::{LogPiece, LogPosition, Origin, OutputLog};
use crate::core::vt;
use crate::core::vt::screen::Screen;
use crate::core::vt::work::Work;
use crate::core::vt::{TextPosition, VtSink, VtState};

/// Maximum memory of the kept lines in bytes.
const LIMIT: usize = 8 * 1024 * 1024;
/// Memory of a line besides its text, in bytes.
const OVERHEAD: usize = 64;
/// Minimum distance in the stream between two recorded line counts, in bytes.
const COUNT_INTERVAL: u64 = 32 * 1024;
/// Maximum number of bytes of the texts of commands.
const COMMAND_BYTES: usize = 1024 * 1024;
/// Maximum number of lines on the screen whose times are known.
const TIMES: usize = 8 * 1024;
/// Number of lines at the end of a block that may stay on the screen.
const ON_SCREEN: usize = 2000;
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
    /// The screen at `place`; `None` where the log was not parsed from its start on.
    screen: Option<Screen>,
    place: LogPosition,
    /// Number of line feeds before `place`.
    feeds: u64,
    /// Number of lines before `place`, while there is no screen.
    number: u64,
    /// Stops in the stream that were not reached yet.
    stops: VecDeque<(u64, StreamStop)>,
    /// Offset of the last recorded line count.
    counted: u64,
    marks: ReachedMarks,
    collector: LineCollector,
}

/// What was read at the marks of the shell.
#[derive(Debug, Default)]
struct ReachedMarks {
    /// Positions of marks, by their offsets in the stream.
    positions: VecDeque<(u64, TextPosition)>,
    /// Texts of commands, by the offsets of the marks at which they were accepted.
    commands: VecDeque<(u64, Arc<str>)>,
    /// Number of bytes in `commands`.
    bytes: usize,
}

/// An offset in the stream at which parsing stops.
#[derive(Clone, Copy, Debug)]
enum StreamStop {
    /// The number of finished lines is known here, and the number of line feeds.
    Counted(u64, u64),
    /// A mark whose position is recorded.
    Marked,
    /// The number of the cursor's line was told to a client.
    Told,
}

/// The lines that have left the screen.
#[derive(Debug)]
struct LineCollector {
    lines: VecDeque<HistoryLine>,
    /// Times at which lines on the screen were finished, by number.
    times: BTreeMap<u64, Instant>,
    /// Memory of `lines` in bytes.
    bytes: usize,
    /// Maximum number of lines kept.
    most: usize,
    /// Text that was typed at the last prompt, from the mark by which the shell accepts it.
    typed: Option<Arc<str>>,
}

impl NumberedLines {
    /// Creates an empty list that keeps at most `most` lines besides those on the screen.
    pub(super) fn new(text: VtState, most: usize) -> Self {
        let collector = LineCollector { lines: VecDeque::new(), times: BTreeMap::new(), bytes: 0, most, typed: None };
        Self {
            screen: Some(Screen::of(text)),
            place: LogPosition::default(),
            feeds: 0,
            number: 0,
            stops: VecDeque::new(),
            counted: 0,
            marks: ReachedMarks::default(),
            collector,
        }
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

    /// Records that the number of the cursor's line is told to a client at the offset `at` of the stream, so that no other
    /// line gets it.
    pub(super) fn tell(&mut self, at: u64) {
        if self.stops.len() < 2 * STOPS {
            self.stops.push_back((at, StreamStop::Told));
        }
    }

    /// Whether many stops are pending, so that the log should be parsed.
    pub(super) fn has_many_stops(&self) -> bool {
        self.stops.len() >= STOPS
    }

    /// Returns the position of the mark at the offset `at`, if it was reached and is still recorded.
    pub(super) fn position(&self, at: u64) -> Option<TextPosition> {
        let found = self.marks.positions.binary_search_by_key(&at, |(place, _)| *place).ok()?;
        Some(self.marks.positions[found].1)
    }

    /// Returns the text of the command that was accepted at the mark at the offset `at`, if it is still recorded.
    pub(super) fn command(&self, at: u64) -> Option<&Arc<str>> {
        let found = self.marks.commands.binary_search_by_key(&at, |(place, _)| *place).ok()?;
        Some(&self.marks.commands[found].1)
    }

    /// Returns the screen at the position up to which the log was parsed.
    pub(super) fn screen(&self) -> Option<&Screen> {
        self.screen.as_ref()
    }

    /// Returns the same, mutable.
    pub(super) fn screen_mut(&mut self) -> Option<&mut Screen> {
        self.screen.as_mut()
    }

    /// Returns the position up to which the log was parsed.
    pub(super) fn place(&self) -> LogPosition {
        self.place
    }

    /// Parses the log up to the byte `to`, or as far as `work` goes. Returns whether it got there. `start_state` is the
    /// terminal state at the start of the log.
    pub(super) fn read(&mut self, log: &OutputLog, start_state: &VtState, to: u64, work: &mut Work) -> bool {
        let screen = self.screen.get_or_insert_with(|| {
            let (mut state, place) = first_ground_state(log, start_state, log.beginning());
            state.set_number(self.number);
            self.place = place;
            Screen::of(state)
        });
        let (collector, marks) = (&mut self.collector, &mut self.marks);
        let mut next = self.place;
        while let Some((time, piece)) = log.next(&mut next, to) {
            if work.is_spent() {
                return false;
            }
            let sink = &mut collector.sink(time);
            match piece {
                LogPiece::Bytes(Origin::Own, bytes) => screen.feed_own(bytes, sink, work),
                LogPiece::Bytes(Origin::Shell, bytes) => {
                    let offset = screen.vt().offset();
                    let until = due(&self.stops, offset + bytes.len() as u64)
                        .map_or(bytes.len(), |at| usize::try_from(at.saturating_sub(offset)).unwrap_or(bytes.len()));
                    let used = screen.feed_to(&bytes[..until], sink, work);
                    self.feeds += memchr::memchr_iter(b'\n', &bytes[..used]).count() as u64;
                    next.at -= (bytes.len() - used) as u64;
                    marks.reach(&mut self.stops, screen, &mut collector.typed);
                }
                LogPiece::Resized(size) => screen.resize_to(size, sink, work),
            }
            self.place = next;
        }
        self.place = next;
        marks.reach(&mut self.stops, screen, &mut collector.typed);
        true
    }

    /// Skips the stream up to the offset `at`, before which there are `feeds` line feeds. Its lines are counted by the
    /// recorded line counts and by line feeds. Parsing continues with this state at this position, or else at the start of
    /// the log, which drops the skipped bytes.
    pub(super) fn skip(&mut self, at: u64, feeds: u64, next: Option<(VtState, LogPosition)>) {
        self.number = self.screen.take().map_or(self.number, |screen| screen.vt().number());
        while due(&self.stops, at).is_some()
            && let Some((_, stop)) = self.stops.pop_front()
        {
            if let StreamStop::Counted(number, feeds) = stop {
                (self.number, self.feeds) = (number, feeds);
            }
        }
        self.number += feeds.saturating_sub(self.feeds);
        self.feeds = feeds;
        self.collector.clear();
        self.marks = ReachedMarks::default();
        self.screen = next.map(|(mut text, place)| {
            self.place = place;
            text.set_number(self.number);
            Screen::of(text)
        });
    }

    /// Returns the number of lines, and the terminal state, from which another assembler can continue.
    pub(super) fn assembled(&self) -> (u64, Option<&VtState>) {
        let state = self.screen.as_ref().map(Screen::vt);
        (state.map_or(self.number, VtState::number), state)
    }

    /// Returns the lines that have left the screen, oldest first.
    pub(super) fn kept(&self) -> &VecDeque<HistoryLine> {
        &self.collector.lines
    }

    /// Returns the position at the end of the parsed output.
    pub(super) fn end_position(&mut self) -> TextPosition {
        let none = TextPosition { number: self.number + 1, column: 0 };
        self.screen.as_mut().map_or(none, |screen| screen.vt_mut().position())
    }

    /// Returns the lines on the screen, as far as this history keeps any.
    pub(super) fn on_screen(&mut self, now: Instant) -> Vec<HistoryLine> {
        let mut lines: Vec<HistoryLine> = Vec::new();
        let Some(state) = self.screen.as_mut().map(Screen::vt_mut).filter(|_| self.collector.most > 0) else {
            return lines;
        };
        // Of a long line the pieces that were reported are finished.
        let open = state.partial().map(|line| (line.number, line.text.len(), line.continued));
        let times = &self.collector.times;
        state.for_each_line(|line| {
            let number = line.number;
            let time = times.get(&number).copied().unwrap_or(now);
            let (mut text, start, end) = (line.text.to_vec(), line.start, line.end);
            let open = open.filter(|(open, ..)| *open == number);
            if let Some((_, unreported, true)) = open.filter(|_| !line.more)
                && unreported < text.len()
            {
                let rest = text.split_off(text.len() - unreported);
                lines.push(HistoryLine { number, time, text: text.into(), start, end, more: true, open: false });
                text = rest;
            }
            let more = line.more;
            let open = open.is_some_and(|(.., continued)| !(continued && more));
            lines.push(HistoryLine { number, time, text: text.into(), start, end, more, open });
        });
        lines
    }
}

/// Returns the first position from `place` on at which the shell's stream is in the ground state, and the state there.
fn first_ground_state(log: &OutputLog, start_state: &VtState, mut place: LogPosition) -> (VtState, LogPosition) {
    let mut start_state = start_state.clone();
    while !start_state.in_ground_state() {
        let to = place.at + 1;
        let Some((_, LogPiece::Bytes(Origin::Shell, byte))) = log.next(&mut place, to) else { break };
        start_state.feed(byte, &mut vt::NullSink);
    }
    (start_state, place)
}

/// Returns the offset of the next stop, if it is not behind the offset `end`.
fn due(stops: &VecDeque<(u64, StreamStop)>, end: u64) -> Option<u64> {
    stops.front().map(|(at, _)| *at).filter(|at| *at <= end)
}

impl ReachedMarks {
    /// Handles the stops that parsing has reached.
    /// `typed` is the text that was typed at the last prompt, once the shell has accepted it.
    fn reach(&mut self, stops: &mut VecDeque<(u64, StreamStop)>, screen: &mut Screen, typed: &mut Option<Arc<str>>) {
        let text = screen.vt_mut();
        while due(stops, text.offset()).is_some()
            && let Some((at, stop)) = stops.pop_front()
        {
            match stop {
                StreamStop::Counted(number, _) => text.set_number(number),
                StreamStop::Told => text.pin_number(),
                StreamStop::Marked => {
                    self.positions.push_back((at, text.position()));
                    if self.positions.len() > POSITIONS {
                        self.positions.pop_front();
                    }
                    if let Some(command) = typed.take() {
                        self.push_command(at, command);
                    }
                }
            }
        }
    }

    fn push_command(&mut self, at: u64, text: Arc<str>) {
        self.bytes += text.len();
        self.commands.push_back((at, text));
        while self.bytes > COMMAND_BYTES
            && let Some((_, oldest)) = self.commands.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }
}

impl LineCollector {
    /// Returns a sink that keeps lines finished at this time.
    fn sink(&mut self, time: Instant) -> CollectorSink<'_> {
        CollectorSink { collector: self, time }
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
        self.times.clear();
        (self.bytes, self.typed) = (0, None);
    }

    /// Records when a line on the screen was finished.
    fn finished(&mut self, number: u64, time: Instant) {
        self.times.insert(number, time);
        while self.times.len() > TIMES {
            self.times.pop_first();
        }
    }
}

struct CollectorSink<'a> {
    collector: &'a mut LineCollector,
    time: Instant,
}

impl VtSink for CollectorSink<'_> {
    fn block(&mut self, _: &[u8], lines: usize, number: u64) -> bool {
        let end = number + lines as u64;
        for number in number.max(end.saturating_sub(ON_SCREEN as u64))..end {
            self.collector.finished(number, self.time);
        }
        false
    }

    fn line(&mut self, line: &vt::Line<'_>) {
        self.collector.finished(line.number, self.time);
    }

    fn command_line(&mut self, text: &[u8]) {
        self.collector.typed = Some(String::from_utf8_lossy(text).into());
    }

    fn keeps_history(&self) -> bool {
        true
    }

    fn scrolled_off(&mut self, line: &vt::Line<'_>) {
        let number = line.number;
        let time =
            if line.more { self.collector.times.get(&number).copied() } else { self.collector.times.remove(&number) };
        self.collector.push(HistoryLine {
            number,
            time: time.unwrap_or(self.time),
            text: line.text.into(),
            start: line.start,
            end: line.end,
            more: line.more,
            open: false,
        });
    }
}
