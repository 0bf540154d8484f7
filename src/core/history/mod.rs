//! What went to the terminal, kept: for whoever asks what stands on the screen, or what was printed. Until somebody
//! asks, it costs the copy of the bytes and nothing else. It decides nothing and shows nothing.
//!
//! The `tape` has the bytes; `lines` makes numbered lines of them, and `core::picture` the screen. What the tape gives
//! up before anybody has asked is looked at first if it has to be: if too few lines would be left for the history, or if
//! there is time to keep the screen right. So what a full-screen program drew long ago is still known, unless more than
//! the tape holds came within ten seconds; after that the screen is what was drawn since.

mod lines;
mod tape;

use std::time::{Duration, Instant};

pub use lines::Kept;
use lines::Lines;

use super::picture::Picture;
use super::screen::Nobody;
use super::text::Text;
use crate::words::Size;
use tape::{BLOCK, Piece, Place, Source, Tape};

/// A tape that reaches back this far was not filled by a flood, so that there is time to look at what it gives up.
const CALM: Duration = Duration::from_secs(10);

/// The session's memory.
#[derive(Debug)]
pub(super) struct History {
    tape: Tape,
    /// What was on in the terminal where the tape begins, and the size that it had.
    edge: Text,
    lines: Lines,
    /// The screen as it was at this place.
    picture: Option<(Picture, Place)>,
}

impl History {
    /// Of a terminal of this size to which nothing has been written; it keeps so many lines.
    pub(super) fn new(size: Size, lines: usize) -> Self {
        let picture = Some((Picture::new(size), Place::default()));
        Self { tape: Tape::default(), edge: Text::new(size), lines: Lines::new(Text::new(size), lines), picture }
    }

    /// The shell's bytes went to the terminal.
    #[inline]
    pub(super) fn printed(&mut self, now: Instant, bytes: &[u8]) {
        self.push(now, Source::Shell, bytes);
    }

    /// coshell's own bytes went to the terminal.
    pub(super) fn shown(&mut self, now: Instant, bytes: &[u8]) {
        self.push(now, Source::Own, bytes);
    }

    #[inline]
    fn push(&mut self, now: Instant, source: Source, bytes: &[u8]) {
        if self.tape.has_room(bytes.len()) {
            self.tape.push(now, source, bytes);
        } else {
            self.push_with_cuts(now, source, bytes);
        }
    }

    #[cold]
    fn push_with_cuts(&mut self, now: Instant, source: Source, bytes: &[u8]) {
        for part in bytes.chunks(BLOCK) {
            while !self.tape.has_room(part.len()) {
                self.cut(now);
            }
            self.tape.push(now, source, part);
        }
    }

    /// The terminal's window has another size.
    pub(super) fn resized(&mut self, now: Instant, size: Size) {
        if !self.tape.has_room(0) {
            self.cut(now);
        }
        self.tape.resize(now, size);
    }

    /// Whoever assembles the lines as they come has counted so many finished ones up to this place in the stream. Most of
    /// what it says is ignored, unless it counts lines that were not printed.
    #[inline]
    pub(super) fn counted(&mut self, at: u64, number: u64, exactly: bool) {
        self.lines.counted(at, number, exactly);
    }

    /// The oldest bytes are given up. The screen is kept as they made it if there is time; else it is made anew, from
    /// what is still there, when somebody asks.
    fn cut(&mut self, now: Instant) {
        let at = self.tape.next_cut();
        if let Some((picture, place)) = self.picture.as_mut().filter(|(_, place)| place.at < at) {
            if self.tape.span(now) >= CALM {
                feed(&self.tape, picture, place, at);
            } else {
                self.picture = None;
            }
        }
        if self.lines.place().at < at {
            if self.tape.feeds_from(at) >= self.lines.most() {
                self.lines.skip(&self.tape, &self.edge, at);
            } else {
                self.lines.read(&self.tape, &self.edge, at);
            }
        }
        let mut place = self.tape.beginning();
        while let Some((_, piece)) = self.tape.next(&mut place, at) {
            match piece {
                Piece::Bytes(Source::Shell, bytes) => {
                    self.edge.feed(bytes, &mut Nobody);
                }
                Piece::Bytes(Source::Own, _) => {}
                Piece::Resized(size) => self.edge.resize(size),
            }
        }
        self.tape.cut(at);
    }

    /// The lines that are kept, the one that the cursor is on last.
    pub(super) fn lines(&mut self, now: Instant) -> impl Iterator<Item = Kept> + '_ {
        self.lines.read(&self.tape, &self.edge, u64::MAX);
        let open = self.lines.open(now);
        self.lines.kept().iter().cloned().chain(open)
    }

    /// How many lines are finished, and the state of the one who assembles them.
    pub(super) fn assembled(&mut self) -> (u64, Option<&Text>) {
        self.lines.read(&self.tape, &self.edge, u64::MAX);
        self.lines.so_far()
    }

    /// What the shell printed from this place in the stream on, as far as the tape has it.
    pub(super) fn printed_since(&self, start: u64) -> Vec<u8> {
        let (mut place, mut offset, mut since) = (self.tape.beginning(), self.edge.offset(), Vec::new());
        while let Some((_, piece)) = self.tape.next(&mut place, u64::MAX) {
            let Piece::Bytes(Source::Shell, bytes) = piece else { continue };
            since.extend_from_slice(&bytes[(start.saturating_sub(offset) as usize).min(bytes.len())..]);
            offset += bytes.len() as u64;
        }
        since
    }

    /// The whole screen was drawn as the picture has it.
    pub(super) fn was_drawn(&mut self) {
        if let Some((picture, _)) = &mut self.picture {
            picture.was_drawn();
        }
    }

    /// The screen as it is now.
    pub(super) fn picture(&mut self) -> &Picture {
        let (picture, place) = self.picture.get_or_insert_with(|| {
            let (edge, place) = first_rest(&self.tape, &self.edge);
            let mut picture = Picture::new(edge.size());
            picture.feed(&edge.modes().begin());
            (picture, place)
        });
        feed(&self.tape, picture, place, u64::MAX);
        picture
    }
}

/// Where the tape is not inside an escape sequence any more, and what is on there.
fn first_rest(tape: &Tape, edge: &Text) -> (Text, Place) {
    let (mut edge, mut place) = (edge.clone(), tape.beginning());
    while !edge.at_rest() {
        let to = place.at + 1;
        let Some((_, Piece::Bytes(Source::Shell, byte))) = tape.next(&mut place, to) else { break };
        edge.feed(byte, &mut Nobody);
    }
    (edge, place)
}

/// Brings the picture up to the byte `to`.
fn feed(tape: &Tape, picture: &mut Picture, place: &mut Place, to: u64) {
    while let Some((_, piece)) = tape.next(place, to) {
        match piece {
            Piece::Bytes(_, bytes) => picture.feed(bytes),
            Piece::Resized(size) => picture.resize(size),
        }
    }
}

#[cfg(test)]
mod tests;
