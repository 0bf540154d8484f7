//! The lines that were printed, numbered from the session's start: put together from the tape when somebody asks, or when
//! the tape is about to give up what was not read yet.

use std::collections::VecDeque;
use std::time::Instant;

use super::tape::{Piece, Place, Source, Tape};
use crate::core::text::{self, Sink, Text};

/// What the kept lines may take, whatever their number.
const LIMIT: usize = 8 * 1024 * 1024;
/// What a line takes besides its text.
const OVERHEAD: usize = 64;
/// How far apart in the stream the numbers stand that others have given.
const APART: u64 = 32 * 1024;

/// A line that was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
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
pub(super) struct Lines {
    /// As far as the tape was read. `None`: from where the tape begins on, nothing was.
    text: Option<Text>,
    place: Place,
    /// What others have counted: so many lines were finished at this place in the stream. Only what was not read yet.
    counts: VecDeque<(u64, u64)>,
    keep: Keep,
}

/// The finished lines.
#[derive(Debug)]
struct Keep {
    /// How many there were.
    number: u64,
    lines: VecDeque<Kept>,
    /// What `lines` take.
    bytes: usize,
    /// How many are kept.
    most: usize,
}

impl Lines {
    /// None yet, and at most so many.
    pub(super) fn new(text: Text, most: usize) -> Self {
        let keep = Keep { number: 0, lines: VecDeque::new(), bytes: 0, most };
        Self { text: Some(text), place: Place::default(), counts: VecDeque::new(), keep }
    }

    /// Somebody else has assembled the lines up to this place in the stream, and counted so many finished ones.
    #[inline]
    pub(super) fn counted(&mut self, at: u64, number: u64, exactly: bool) {
        if exactly || self.counts.back().is_none_or(|&(last, _)| at >= last + APART) {
            self.counts.push_back((at, number));
        }
    }

    /// How much of the tape was read.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// How many lines are kept at most.
    pub(super) fn most(&self) -> usize {
        self.keep.most
    }

    /// Reads the tape up to the byte `to`. `edge` is what was on where the tape begins.
    pub(super) fn read(&mut self, tape: &Tape, edge: &Text, to: u64) {
        let text = self.text.get_or_insert_with(|| {
            self.place = tape.beginning();
            let mut text = edge.clone();
            text.assemble(true);
            text
        });
        text.assemble(true);
        while let Some((time, piece)) = tape.next(&mut self.place, to) {
            match piece {
                Piece::Bytes(Source::Shell, bytes) => {
                    let mut rest = bytes;
                    while let Some((at, number)) = due(&mut self.counts, text.offset() + rest.len() as u64) {
                        let (before, behind) = rest.split_at((at.max(text.offset()) - text.offset()) as usize);
                        text.feed(before, &mut self.keep.keeper(time));
                        self.keep.number = number;
                        rest = behind;
                    }
                    text.feed(rest, &mut self.keep.keeper(time));
                }
                Piece::Bytes(Source::Own, _) => {}
                Piece::Resized(size) => text.resize(size),
            }
        }
        while let Some((_, number)) = due(&mut self.counts, text.offset()) {
            self.keep.number = number;
        }
    }

    /// The tape gives up everything in front of the byte `at`, and what was not read of that is only counted.
    pub(super) fn skip(&mut self, tape: &Tape, edge: &Text, at: u64) {
        let mut offset = self.text.take().map_or_else(|| edge.offset(), |text| text.offset());
        self.keep.clear();
        while let Some((_, piece)) = tape.next(&mut self.place, at) {
            let Piece::Bytes(Source::Shell, bytes) = piece else { continue };
            let end = offset + bytes.len() as u64;
            let mut rest = bytes;
            while let Some((place, number)) = due(&mut self.counts, end) {
                rest = &bytes[(place.max(offset) - offset) as usize..];
                self.keep.number = number;
            }
            self.keep.number += memchr::memchr_iter(b'\n', rest).count() as u64;
            offset = end;
        }
    }

    /// What was put together so far, with the state of the one who did it: for somebody who goes on from here.
    pub(super) fn so_far(&self) -> (u64, Option<&Text>) {
        (self.keep.number, self.text.as_ref())
    }

    /// The lines that are kept, oldest first.
    pub(super) fn kept(&self) -> &VecDeque<Kept> {
        &self.keep.lines
    }

    /// The line that the cursor is on, if anything was put on it.
    pub(super) fn open(&mut self, now: Instant) -> Option<Kept> {
        let number = self.keep.number + 1;
        let line = self.text.as_mut()?.partial()?;
        let (start, end) = (line.start, line.end);
        Some(Kept { number, time: now, text: line.text.into(), start, end, more: false, open: true })
    }
}

/// The next place in the stream, up to `end`, at which others have counted, and their number.
fn due(counts: &mut VecDeque<(u64, u64)>, end: u64) -> Option<(u64, u64)> {
    counts.front().filter(|(at, _)| *at <= end)?;
    counts.pop_front()
}

impl Keep {
    /// Keeps the lines that are finished at this time.
    fn keeper(&mut self, time: Instant) -> Keeper<'_> {
        Keeper { keep: self, time }
    }

    fn push(&mut self, line: Kept) {
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
    keep: &'a mut Keep,
    time: Instant,
}

impl Sink for Keeper<'_> {
    fn line(&mut self, line: &text::Line<'_>) {
        let number = self.keep.number + 1;
        if !line.more {
            self.keep.number = number;
        }
        let (time, text) = (self.time, line.text.into());
        self.keep.push(Kept { number, time, text, start: line.start, end: line.end, more: line.more, open: false });
    }
}
