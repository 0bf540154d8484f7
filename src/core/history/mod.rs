//! The record of the bytes that went to the terminal, from which requests read the screen and the printed lines. Without
//! requests it costs the copy of the bytes and nothing else.
//!
//! `output_log` has the bytes; `lines` makes the screen from them, and the numbered lines above and on it. Bytes that the
//! log drops are parsed before, where output is slow enough. So the drawing of a full-screen program long ago is still known,
//! unless more than the size of the log came within ten seconds; then the screen is what was drawn since.

mod command_text;
mod commands;
mod lines;
mod output_log;
mod reports;
mod shell_event;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use commands::CommandLog;
pub use commands::CommandRecord;
pub use lines::HistoryLine;
use lines::NumberedLines;
use reports::Reports;
pub use shell_event::{HostReport, ShellEvent};

pub use super::vt::TextPosition as LinePosition;
use super::vt::screen::Screen;
use super::vt::work::Work;
use super::vt::{NullSink, VtState};
use crate::fault::panic_for_test;
use crate::types::Size;
use output_log::{LogPiece, LogPosition, Origin, OutputLog};

/// A log that reaches back this far was not filled by a flood, so that there is time to parse the bytes that it drops.
const NO_FLOOD: Duration = Duration::from_secs(10);

/// A position at which the log can be cut.
#[derive(Debug)]
struct Checkpoint {
    place: LogPosition,
    /// Number of line feeds that the shell had printed before.
    feeds: u64,
    /// Terminal state at this position.
    start_state: VtState,
}

/// Number of operations after which a part of the history that is read in slices begins anew at the end of the log: about
/// a second's work. Output that is not hostile takes at most a tenth of it.
const MOST_WORK: usize = 1024 * 1024 * 1024;

/// Progress of reading the log in slices.
#[derive(Debug, Default)]
struct LogReading {
    /// Whether a reader waits for the next slice.
    awaited: bool,
    /// Number of operations since the log was last read to its end.
    spent: usize,
}

/// The record of a session's output.
#[derive(Debug)]
pub(super) struct History {
    log: OutputLog,
    /// Terminal state at the start of the log.
    start_state: VtState,
    checkpoints: VecDeque<Checkpoint>,
    /// Number of line feeds that the shell has printed.
    feeds: u64,
    lines: NumberedLines,
    marks: CommandLog,
    reports: Reports,
    reading: LogReading,
}

impl History {
    /// Creates an empty history for a terminal of size `size`. It keeps at most `max_lines` lines.
    pub(super) fn new(size: Size, max_lines: usize) -> Self {
        Self {
            log: OutputLog::default(),
            start_state: VtState::new(size),
            checkpoints: VecDeque::new(),
            feeds: 0,
            lines: NumberedLines::new(VtState::new(size), max_lines),
            marks: CommandLog::default(),
            reports: Reports::default(),
            reading: LogReading::default(),
        }
    }

    /// Appends the shell's bytes, which `text` has parsed already.
    #[inline]
    pub(super) fn push_shell(&mut self, now: Instant, bytes: &[u8], text: &VtState) {
        self.feeds += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.push(now, Origin::Shell, bytes, text);
    }

    /// Appends coshell's own bytes. `text` has parsed the shell's bytes before them.
    pub(super) fn push_own(&mut self, now: Instant, bytes: &[u8], text: &VtState) {
        self.push(now, Origin::Own, bytes, text);
    }

    #[inline]
    fn push(&mut self, now: Instant, source: Origin, bytes: &[u8], text: &VtState) {
        while !self.log.has_room(bytes.len()) && self.cut(now) {}
        self.log.push(now, source, bytes);
        if self.log.is_due(self.checkpoints.back().map_or_else(|| self.log.beginning(), |last| last.place)) {
            self.checkpoint(text);
        }
    }

    #[cold]
    fn checkpoint(&mut self, text: &VtState) {
        self.checkpoints.push_back(Checkpoint {
            place: self.log.end(),
            feeds: self.feeds,
            start_state: text.without_lines(),
        });
    }

    /// Records the window size of `text`.
    pub(super) fn resized(&mut self, now: Instant, text: &VtState) {
        self.log.resize(now, text.size());
        self.push(now, Origin::Own, b"", text);
    }

    /// Records that `number` lines are finished at the offset `at` of the stream. Most calls are ignored, unless `exactly` is
    /// set because lines were counted that were not printed.
    #[inline]
    pub(super) fn counted(&mut self, at: u64, number: u64, exactly: bool) {
        self.lines.counted(at, number, self.feeds, exactly);
    }

    /// Takes the text that was typed at the prompt, in front of the OSC by which the shell accepts it.
    pub(super) fn command_line(&mut self, text: &[u8]) {
        self.marks.command_line(text);
    }

    /// Parses an OSC of the shell, at these offsets in its stream. Returns the shell events in it.
    pub(super) fn parse_osc(
        &mut self,
        now: Instant,
        payload: &[u8],
        at: &Range<u64>,
    ) -> impl Iterator<Item = ShellEvent> + use<> {
        let (mark, event) = self.marks.parse_osc(now, payload, at);
        if let Some(mark) = mark {
            self.lines.mark(mark);
            self.reading.awaited |= self.lines.has_many_stops();
        }
        self.reports.parse_osc(payload).into_iter().chain(event)
    }

    /// Drops the oldest bytes. Returns false where there is no checkpoint to cut at. The screen is brought up to date first
    /// or, in a flood and where that takes more than a slice, dropped and rebuilt from the rest when it is requested.
    #[cold]
    fn cut(&mut self, now: Instant) -> bool {
        let Some(Checkpoint { place: cut, feeds, start_state }) = self.checkpoints.pop_front() else { return false };
        let no_flood = self.log.span(now) >= NO_FLOOD;
        if self.lines.place().at < cut.at
            && !(no_flood && self.lines.read(&self.log, &self.start_state, cut.at, &mut Work::slice()))
        {
            self.lines.skip(start_state.offset(), feeds, None);
        }
        self.log.cut(cut);
        self.start_state = start_state;
        true
    }

    /// Reads the log up to its end, as far as a slice of work goes. Returns whether it is read; otherwise `step` continues,
    /// and the caller tries again in a later turn.
    pub(super) fn catch_up(&mut self) -> bool {
        !self.reading.awaited && self.read(&mut Work::slice())
    }

    /// Does a slice of the reading that is awaited.
    pub(super) fn step(&mut self) {
        if self.awaits_step() {
            self.read(&mut Work::slice());
        }
    }

    /// Whether a reader waits for `step`.
    pub(super) fn awaits_step(&self) -> bool {
        self.reading.awaited
    }

    /// Reads the log to its end, for a caller that knows that little is left, and at the session's end.
    pub(super) fn finish(&mut self) {
        self.read(&mut Work::unlimited());
    }

    /// Reads the log up to its end, as far as `work` goes. Returns whether it is read. Where that takes too much work, reading
    /// begins anew at the end: lines before are only counted, and the screen is what is drawn from there on.
    fn read(&mut self, work: &mut Work) -> bool {
        panic_for_test("screen");
        let done = self.lines.read(&self.log, &self.start_state, u64::MAX, work);
        let spent = if done { 0 } else { self.reading.spent + work.done() };
        self.reading = LogReading { awaited: !done, spent };
        if spent < MOST_WORK {
            return done;
        }
        self.reading = LogReading::default();
        let (state, end) = self.end_state();
        self.lines.skip(state.offset(), self.feeds, Some((state, end)));
        true
    }

    /// Returns the terminal state at the end of the log, and the position there.
    fn end_state(&mut self) -> (VtState, LogPosition) {
        let last = self.checkpoints.back();
        let (start_state, mut place) =
            last.map_or_else(|| (&self.start_state, self.log.beginning()), |last| (&last.start_state, last.place));
        let mut state = start_state.clone();
        while let Some((_, piece)) = self.log.next(&mut place, u64::MAX) {
            match piece {
                LogPiece::Bytes(Origin::Shell, bytes) => _ = state.feed(bytes, &mut NullSink),
                LogPiece::Bytes(Origin::Own, _) => {}
                LogPiece::Resized(size) => state.resize(size, &mut NullSink),
            }
        }
        (state, self.log.end())
    }

    /// Returns the kept lines: those that have left the screen, and those on it. Like all that reads lines or commands, it
    /// gives them as far as `catch_up` has read the log.
    pub(super) fn lines(&mut self, now: Instant) -> impl DoubleEndedIterator<Item = HistoryLine> + '_ {
        self.lines_from(now, 0)
    }

    /// Returns the kept lines from `number` on.
    pub(super) fn lines_from(
        &mut self,
        now: Instant,
        number: u64,
    ) -> impl DoubleEndedIterator<Item = HistoryLine> + '_ {
        let on_screen = self.lines.on_screen(now).into_iter().filter(move |line| line.number >= number);
        let kept = self.lines.kept();
        kept.range(kept.partition_point(|line| line.number < number)..).cloned().chain(on_screen)
    }

    /// Returns the number of the first of the last `count` lines.
    pub(super) fn last(&mut self, now: Instant, count: usize) -> u64 {
        let on_screen = self.lines.on_screen(now).into_iter().rev().map(|line| line.number);
        let numbers = on_screen.chain(self.lines.kept().iter().rev().map(|line| line.number));
        let (mut first, mut left) = (u64::MAX, count);
        for number in numbers.filter(|_| count > 0) {
            if number < first {
                if left == 0 {
                    break;
                }
                (first, left) = (number, left - 1);
            }
        }
        first
    }

    /// Returns the recorded commands, oldest first, with the positions of prompt, typed text, output and its end, as far as
    /// those lines are known. The last may be a prompt only.
    pub(super) fn commands(&self) -> impl DoubleEndedIterator<Item = (&CommandRecord, [Option<LinePosition>; 4])> {
        let lines = &self.lines;
        self.marks.commands().iter().map(|command| {
            let (output, end) = (command.output.map(|(at, _)| at), command.end.map(|(at, _)| at));
            let places = [command.prompt, command.input, output, end];
            (command, places.map(|place| lines.position(place?)))
        })
    }

    /// Returns the last command, which may be a prompt only.
    pub(super) fn last_command(&self) -> Option<&CommandRecord> {
        self.marks.commands().back()
    }

    /// Returns the command of this number, if it is recorded.
    pub(super) fn command(&self, number: u64) -> Option<&CommandRecord> {
        self.marks.commands().iter().rev().find(|command| command.number <= number).filter(|last| last.number == number)
    }

    /// Returns the number of the line of the mark at the offset `at` of the stream, if that is known.
    pub(super) fn line_at(&self, at: u64) -> Option<u64> {
        self.lines.position(at).map(|position| position.number)
    }

    /// Returns the shell's directory, where it has reported one.
    pub(super) fn directory(&self) -> Option<&str> {
        self.marks.directory().map(|path| &**path)
    }

    /// Returns the position at the end.
    pub(super) fn end_position(&mut self) -> LinePosition {
        self.lines.end_position()
    }

    /// Returns the number of finished lines, and the state of their assembler.
    pub(super) fn assembled(&self) -> (u64, Option<&VtState>) {
        self.lines.assembled()
    }

    /// Returns the shell's bytes from the offset `start` of its stream on, as far as the log has them.
    pub(super) fn printed_since(&self, start: u64) -> Vec<u8> {
        let (mut place, mut offset, mut since) = (self.log.beginning(), self.start_state.offset(), Vec::new());
        while let Some((_, piece)) = self.log.next(&mut place, u64::MAX) {
            let LogPiece::Bytes(Origin::Shell, bytes) = piece else { continue };
            since.extend_from_slice(&bytes[(start.saturating_sub(offset) as usize).min(bytes.len())..]);
            offset += bytes.len() as u64;
        }
        since
    }

    /// Returns the text of a command as it stood on the terminal when it was accepted, if it is still known.
    pub(super) fn typed_text(&self, command: &CommandRecord) -> Option<&str> {
        let (at, _) = command.output?;
        self.lines.command(at).map(|text| &**text)
    }

    /// Records that the number of the cursor's line is told to a client at the offset `at` of the stream.
    pub(super) fn tell(&mut self, at: u64) {
        self.lines.tell(at);
    }

    /// Records that the terminal's screen was redrawn from this history.
    pub(super) fn was_drawn(&mut self) {
        if let Some(screen) = self.lines.screen_mut() {
            screen.was_drawn();
        }
    }

    /// Returns the screen, as far as `catch_up` has read the log.
    pub(super) fn screen(&self) -> Option<Cow<'_, Screen>> {
        self.lines.screen().map(Screen::laid_out)
    }
}

#[cfg(test)]
mod tests;
