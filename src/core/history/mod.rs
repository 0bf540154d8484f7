//! What went to the terminal, kept: for whoever asks what stands on the screen, or what was printed. Until somebody
//! asks, it costs the copy of the bytes and nothing else. It decides nothing and shows nothing.
//!
//! The `output_log` has the bytes; `lines` makes numbered lines of them, and `core::screen` the screen. What the tape gives
//! up before anybody has asked is looked at first if it has to be: if too few lines would be left for the history, or if
//! there is time to keep the screen right. So what a full-screen program drew long ago is still known, unless more than
//! the tape holds came within ten seconds; after that the screen is what was drawn since.

mod commands;
mod lines;
mod output_log;

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use commands::CommandLog;
pub use commands::{CommandRecord, ShellEvent};
use lines::NumberedLines;
pub use lines::{HistoryLine, LinePosition};

use super::vt::screen::Screen;
use super::vt::{NullSink, VtState};
use crate::types::Size;
use output_log::{LogPiece, LogPosition, Origin, OutputLog};

/// A tape that reaches back this far was not filled by a flood, so that there is time to look at what it gives up.
const CALM: Duration = Duration::from_secs(10);

/// A place at which the tape can be cut.
#[derive(Debug)]
struct Checkpoint {
    place: LogPosition,
    /// The line feeds that the shell had printed by then.
    feeds: u64,
    /// What was on in the terminal there, and the size that it had.
    start_state: VtState,
}

/// What a screen is made of that is made anew, where the tape does not go back to the session's beginning.
const RECENT: u64 = 512 * 1024;

/// The session's memory.
#[derive(Debug)]
pub(super) struct History {
    log: OutputLog,
    /// What was on in the terminal where the tape begins, and the size that it had.
    start_state: VtState,
    checkpoints: VecDeque<Checkpoint>,
    /// The line feeds that the shell has printed.
    feeds: u64,
    lines: NumberedLines,
    marks: CommandLog,
    /// The screen as it was at this place; `None` until it has to be known, and after a flood.
    screen: Option<(Screen, LogPosition)>,
}

impl History {
    /// Of a terminal of this size to which nothing has been written; it keeps so many lines.
    pub(super) fn new(size: Size, lines: usize) -> Self {
        Self {
            log: OutputLog::default(),
            start_state: VtState::new(size),
            checkpoints: VecDeque::new(),
            feeds: 0,
            lines: NumberedLines::new(VtState::new(size), lines),
            marks: CommandLog::default(),
            screen: None,
        }
    }

    /// The shell's bytes went to the terminal. `vt` has read them.
    #[inline]
    pub(super) fn printed(&mut self, now: Instant, bytes: &[u8], text: &VtState) {
        self.feeds += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.push(now, Origin::Shell, bytes, text);
    }

    /// coshell's own bytes went to the terminal. `vt` has read what the shell printed before.
    pub(super) fn shown(&mut self, now: Instant, bytes: &[u8], text: &VtState) {
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

    /// The terminal's window has another size, as `vt` knows.
    pub(super) fn resized(&mut self, now: Instant, text: &VtState) {
        self.log.resize(now, text.size());
        self.push(now, Origin::Own, b"", text);
    }

    /// Whoever assembles the lines as they come has counted so many finished ones up to this place in the stream. Most of
    /// what it says is ignored, unless it counts lines that were not printed.
    #[inline]
    pub(super) fn counted(&mut self, at: u64, number: u64, exactly: bool) {
        self.lines.counted(at, number, self.feeds, exactly);
    }

    /// The shell printed an operating system command, at these places in its stream: what has come to pass, if it says that.
    pub(super) fn parse_osc(&mut self, now: Instant, payload: &[u8], at: &Range<u64>) -> Option<ShellEvent> {
        let (mark, event) = self.marks.parse_osc(now, payload, at);
        if let Some(mark) = mark {
            if self.lines.is_crowded() {
                self.read();
            }
            self.lines.mark(mark);
        }
        event
    }

    /// Whether the shell waits at a prompt, and has said where that begins.
    pub(super) fn is_at_prompt(&self) -> bool {
        self.marks.commands().back().is_some_and(|last| last.prompt.is_some() && last.output.is_none())
    }

    /// The oldest bytes are given up, if there is a place for that. The screen is kept as they made it if there is time;
    /// else it is made anew, from what is still there, when somebody asks.
    #[cold]
    fn cut(&mut self, now: Instant) -> bool {
        let Some(Checkpoint { place: cut, feeds, start_state }) = self.checkpoints.pop_front() else { return false };
        let calm = self.log.span(now) >= CALM;
        if calm {
            self.picture_until(cut.at);
        } else if self.screen.as_ref().is_some_and(|(_, place)| place.at < cut.at) {
            self.screen = None;
        }
        if self.lines.place().at < cut.at {
            // In a flood of long lines the last of them have to do: reading them would be felt.
            if !calm || self.feeds - feeds >= self.lines.most() as u64 {
                self.lines.skip(start_state.offset(), feeds);
            } else {
                self.lines.read(&self.log, &self.start_state, cut.at, feeds);
            }
        }
        self.log.cut(cut);
        self.start_state = start_state;
        true
    }

    /// Brings the lines up to date.
    fn read(&mut self) {
        self.lines.read(&self.log, &self.start_state, u64::MAX, self.feeds);
    }

    /// The lines that are kept, the one that the cursor is on last.
    pub(super) fn lines(&mut self, now: Instant) -> impl Iterator<Item = HistoryLine> + '_ {
        self.lines_from(now, 0)
    }

    /// Those of them that have this number or a later one.
    pub(super) fn lines_from(&mut self, now: Instant, number: u64) -> impl Iterator<Item = HistoryLine> + '_ {
        self.read();
        let open = self.lines.open(now).filter(|line| line.number >= number);
        let kept = self.lines.kept();
        kept.range(kept.partition_point(|line| line.number < number)..).cloned().chain(open)
    }

    /// The number of the line with which the last `count` lines begin.
    pub(super) fn last(&mut self, now: Instant, count: usize) -> u64 {
        self.read();
        let open = self.lines.open(now).map(|line| line.number);
        let numbers = open.into_iter().chain(self.lines.kept().iter().rev().map(|line| line.number));
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

    /// The commands that are remembered, oldest first, with where their prompt, what was typed, their output and its end
    /// stand, as far as those lines are known. The last may be a prompt only.
    pub(super) fn commands(&mut self) -> impl DoubleEndedIterator<Item = (&CommandRecord, [Option<LinePosition>; 4])> {
        self.read();
        let lines = &self.lines;
        self.marks.commands().iter().map(|command| {
            let (output, end) = (command.output.map(|(at, _)| at), command.end.map(|(at, _)| at));
            let places = [command.prompt, command.input, output, end];
            (command, places.map(|place| lines.spot(place?)))
        })
    }

    /// Where the shell is, as far as it says.
    pub(super) fn directory(&self) -> Option<&str> {
        self.marks.directory().map(|path| &**path)
    }

    /// The place behind everything.
    pub(super) fn here(&mut self) -> LinePosition {
        self.read();
        self.lines.here()
    }

    /// How many lines are finished, and the state of the one who assembles them.
    pub(super) fn assembled(&mut self) -> (u64, Option<&VtState>) {
        self.read();
        self.lines.so_far()
    }

    /// What the shell printed from this place in the stream on, as far as the tape has it.
    pub(super) fn printed_since(&self, start: u64) -> Vec<u8> {
        let (mut place, mut offset, mut since) = (self.log.beginning(), self.start_state.offset(), Vec::new());
        while let Some((_, piece)) = self.log.next(&mut place, u64::MAX) {
            let LogPiece::Bytes(Origin::Shell, bytes) = piece else { continue };
            since.extend_from_slice(&bytes[(start.saturating_sub(offset) as usize).min(bytes.len())..]);
            offset += bytes.len() as u64;
        }
        since
    }

    /// The whole screen was drawn as the picture has it.
    pub(super) fn was_drawn(&mut self) {
        if let Some((screen, _)) = &mut self.screen {
            screen.was_drawn();
        }
    }

    /// The screen as it is now.
    pub(super) fn screen(&mut self) -> &Screen {
        self.picture_until(u64::MAX)
    }

    /// The screen as it was at the byte `to` of the tape, or later if somebody has asked later.
    fn picture_until(&mut self, to: u64) -> &Screen {
        let (screen, place) = self.screen.get_or_insert_with(|| {
            let end = self.log.end().at;
            // Where the beginning is lost anyway, a part of the rest will do: all of it would take a fifth of a second.
            let recent = self
                .checkpoints
                .iter()
                .rfind(|checkpoint| self.start_state.offset() > 0 && checkpoint.place.at + RECENT <= end);
            let (start_state, place) = match recent.filter(|checkpoint| checkpoint.place.at <= to) {
                Some(checkpoint) => first_rest(&self.log, &checkpoint.start_state, checkpoint.place),
                None => first_rest(&self.log, &self.start_state, self.log.beginning()),
            };
            let mut screen = Screen::new(start_state.size());
            screen.feed(&start_state.modes().screen_bytes());
            (screen, place)
        });
        feed(&self.log, screen, place, to);
        screen
    }
}

/// Where, from this place on, the tape is not inside an escape sequence, and what is on there.
fn first_rest(log: &OutputLog, start_state: &VtState, mut place: LogPosition) -> (VtState, LogPosition) {
    let mut start_state = start_state.clone();
    while !start_state.in_ground_state() {
        let to = place.at + 1;
        let Some((_, LogPiece::Bytes(Origin::Shell, byte))) = log.next(&mut place, to) else { break };
        start_state.feed(byte, &mut NullSink);
    }
    (start_state, place)
}

/// Brings the picture up to the byte `to`.
fn feed(log: &OutputLog, screen: &mut Screen, place: &mut LogPosition, to: u64) {
    while let Some((_, piece)) = log.next(place, to) {
        match piece {
            LogPiece::Bytes(_, bytes) => screen.feed(bytes),
            LogPiece::Resized(size) => screen.resize(size),
        }
    }
}

#[cfg(test)]
mod tests;
