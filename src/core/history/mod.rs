//! What went to the terminal, kept: for whoever asks what stands on the screen. Until somebody asks, it costs the copy
//! of the bytes and nothing else. It decides nothing and shows nothing.

mod tape;

use std::time::{Duration, Instant};

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
    /// The screen as it was at this place.
    picture: Option<(Picture, Place)>,
}

impl History {
    /// Of a terminal of this size to which nothing has been written.
    pub(super) fn new(size: Size) -> Self {
        let picture = Some((Picture::new(size), Place::default()));
        Self { tape: Tape::default(), edge: Text::new(size), picture }
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
