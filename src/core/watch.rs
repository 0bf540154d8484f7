//! Watches the lines for triggers and for a coprocess that reads lines: which lines have to be looked at, when
//! the output rests on one, and the raw bytes from a line's start on. It fires nothing itself.

use std::time::{Duration, Instant};

use super::coproc::{Coproc, Record};
use super::history::Happening;
use super::screen::Audience;
use super::text::{Line, Sink, Text};
use super::trigger::{LineRef, Moment, Triggers};

/// Output that rests on a line for this long has paused there (SPEC 5).
const PAUSE: Duration = Duration::from_millis(20);
/// What is kept of an unfinished line's raw bytes: escape sequences may be many times its text.
const RAW_LIMIT: usize = 256 * 1024;

/// A line that somebody may be interested in.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The line's identity on the screen.
    pub(super) id: u64,
    /// As a person reads it.
    pub(super) text: Vec<u8>,
    /// Where its first raw byte stands in the stream.
    pub(super) start: u64,
    /// Lines since the session's start.
    pub(super) number: u64,
    /// A piece of a longer line: more of it follows.
    pub(super) more: bool,
    /// Not the first piece of its line.
    pub(super) continued: bool,
    /// It stood on the alternate screen.
    pub(super) alt_screen: bool,
}

impl Found {
    /// The unfinished line that the cursor is on.
    pub(super) fn partial(text: &mut Text, number: u64) -> Option<Self> {
        let alt_screen = text.alt_screen();
        let line = text.partial()?;
        Some(Self::of(&line, number, alt_screen))
    }

    fn of(line: &Line<'_>, number: u64, alt_screen: bool) -> Self {
        Self {
            id: line.id.0,
            text: line.text.to_vec(),
            start: line.start,
            number,
            more: line.more,
            continued: line.continued,
            alt_screen,
        }
    }

    /// What those are told who read lines, where there is something to tell.
    pub(super) fn record(&self, moment: Moment) -> Option<Record<'_>> {
        let (number, text) = (self.number, &self.text[..]);
        match moment {
            Moment::Finished => Some(Record::Line { number, text, more: self.more }),
            Moment::Paused => Some(Record::Prompt { number, text }),
            Moment::Chunk | Moment::Settled => None,
        }
    }

    /// The line as the triggers want it.
    pub(super) fn line(&self) -> LineRef<'_> {
        LineRef { id: self.id, text: &self.text, continued: self.continued }
    }
}

/// Tells a coprocess that reads lines of every line.
#[derive(Debug)]
pub(super) struct Teller<'a> {
    pub(super) now: Instant,
    pub(super) coproc: &'a mut Coproc,
    /// Lines since the session's start.
    pub(super) number: &'a mut u64,
}

impl Sink for Teller<'_> {
    fn block(&mut self, block: &[u8], lines: usize) -> bool {
        self.coproc.lines(self.now, *self.number + 1, block);
        *self.number += lines as u64;
        false
    }

    fn line(&mut self, line: &Line<'_>) {
        let number = count(self.number, line);
        self.coproc.tell(self.now, &Record::Line { number, text: line.text, more: line.more });
    }
}

impl Audience for Teller<'_> {
    fn happened(&mut self, happening: &Happening) {
        self.coproc.tell(self.now, &Record::Happened(happening));
    }
}

/// The number of a line, or of the line that it is a piece of.
fn count(number: &mut u64, line: &Line<'_>) -> u64 {
    let its_own = *number + 1;
    if !line.more {
        *number = its_own;
    }
    its_own
}

/// Picks the lines that matter out of what is printed.
#[derive(Debug)]
pub(super) struct Picker<'a> {
    pub(super) now: Instant,
    pub(super) triggers: &'a mut Triggers,
    /// Lines since the session's start.
    pub(super) number: &'a mut u64,
    /// A coprocess that reads lines. It is told at once of those that no trigger matches.
    pub(super) reader: Option<&'a mut Coproc>,
    /// All lines matter: somebody has subscribed to them.
    pub(super) everything: bool,
    pub(super) behind: Behind,
    pub(super) alt_screen: bool,
    /// The lines that matter, in order, and what came to pass between them.
    pub(super) found: Vec<Told>,
    /// What came to pass and a coprocess that reads lines was told of already.
    pub(super) aside: Vec<Happening>,
}

/// What becomes of the lines behind one that may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// They are looked at like that one.
    Looked,
    /// All of them matter: it may start a coprocess that reads lines.
    Found,
    /// They are not read before it has been tried: it may silence them.
    Unread,
}

impl Picker<'_> {
    /// Whether lines matter that do not match, so that they are told in order.
    fn takes_all(&self) -> bool {
        self.everything || !self.found.is_empty() && (self.reader.is_some() || self.behind == Behind::Found)
    }

    fn teller(&mut self) -> Option<Teller<'_>> {
        let Self { now, number, reader, .. } = self;
        Some(Teller { now: *now, coproc: reader.as_deref_mut()?, number })
    }
}

impl Sink for Picker<'_> {
    fn block(&mut self, block: &[u8], lines: usize) -> bool {
        if self.takes_all() || self.triggers.block_may_match(block) {
            return true;
        }
        match self.teller() {
            Some(mut teller) => teller.block(block, lines),
            None => {
                *self.number += lines as u64;
                false
            }
        }
    }

    fn enough(&self) -> bool {
        self.behind == Behind::Unread && !self.found.is_empty()
    }

    fn line(&mut self, line: &Line<'_>) {
        if self.takes_all() || self.triggers.line_may_match(line.text) {
            let number = count(self.number, line);
            self.found.push(Told::Line(Found::of(line, number, self.alt_screen)));
        } else if let Some(mut teller) = self.teller() {
            teller.line(line);
        } else {
            count(self.number, line);
        }
    }

    fn alt_screen(&mut self, on: bool) {
        self.alt_screen = on;
    }
}

impl Audience for Picker<'_> {
    fn happened(&mut self, happening: &Happening) {
        if self.takes_all() {
            self.found.push(Told::Happened(happening.clone()));
            return;
        }
        if let Some(mut teller) = self.teller() {
            teller.happened(happening);
        }
        self.aside.push(happening.clone());
    }
}

/// Nobody reads the lines, but what comes to pass is noted.
#[derive(Debug, Default)]
pub(super) struct Aside(pub(super) Vec<Happening>);

impl Sink for Aside {
    fn block(&mut self, _: &[u8], _: usize) -> bool {
        false
    }

    fn line(&mut self, _: &Line<'_>) {}
}

impl Audience for Aside {
    fn happened(&mut self, happening: &Happening) {
        self.0.push(happening.clone());
    }
}

/// What is told once a chunk was read.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// A finished line.
    Line(Found),
    /// Something else.
    Happened(Happening),
}

/// The raw bytes from the start of the unfinished line on.
#[derive(Debug, Default)]
pub(super) struct Raw {
    bytes: Vec<u8>,
    /// Where `bytes` begins in the stream.
    start: u64,
}

impl Raw {
    /// Bytes were printed.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Nothing before this place in the stream is wanted any more.
    pub(super) fn keep_from(&mut self, place: u64) {
        let end = self.start + self.bytes.len() as u64;
        let place = place.clamp(self.start, end).max(end.saturating_sub(RAW_LIMIT as u64));
        self.bytes.drain(..(place - self.start) as usize);
        self.start = place;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(RAW_LIMIT);
        }
    }

    /// Everything from this place in the stream on, as far as it is still there.
    pub(super) fn from(&self, place: u64) -> &[u8] {
        let from = place.saturating_sub(self.start).min(self.bytes.len() as u64);
        &self.bytes[from as usize..]
    }

    /// The stream goes on at this place: what was kept is of no use.
    pub(super) fn restart(&mut self, place: u64) {
        self.bytes.clear();
        self.start = place;
    }
}

/// When the output has come to rest, and when a match that could still grow has waited long enough.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Output came, and nobody has looked at the line since: the pause begins at this time.
    pause: Option<Instant>,
    /// A match waits for this time.
    held: Option<Instant>,
}

/// What has come to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rested {
    /// Nothing yet.
    No,
    /// The output rests.
    Paused,
    /// A match that was held has waited long enough.
    Settled,
}

impl Rest {
    /// Output came.
    pub(super) fn stir(&mut self, now: Instant) {
        self.pause = Some(now + PAUSE);
    }

    /// The line is finished, or nothing stands on it: there is nothing to wait for.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A match that could grow waits until `at`.
    pub(super) fn hold(&mut self, at: Instant) {
        self.held.get_or_insert(at);
    }

    /// What is due by now; each is told once.
    pub(super) fn due(&mut self, now: Instant) -> Rested {
        if self.pause.is_some_and(|at| now >= at) {
            self.pause = None;
            Rested::Paused
        } else if self.held.is_some_and(|at| now >= at) {
            self.held = None;
            Rested::Settled
        } else {
            Rested::No
        }
    }

    /// When `due` should be asked.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.pause, self.held].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_keeps_what_is_asked_for_and_is_bounded() {
        let mut raw = Raw::default();
        raw.push(b"one\r\ntwo");
        raw.keep_from(5);
        raw.push(b" more");
        assert_eq!(raw.from(5), b"two more");
        assert_eq!(raw.from(9), b"more");
        assert_eq!(raw.from(0), b"two more");
        for _ in 0..10 {
            raw.push(&[b'x'; 100_000]);
            raw.keep_from(5);
        }
        assert!(raw.from(0).len() <= RAW_LIMIT);
    }

    #[test]
    fn a_pause_is_told_once() {
        let now = Instant::now();
        let mut rest = Rest::default();
        rest.stir(now);
        assert_eq!(rest.due(now), Rested::No);
        rest.hold(now + 10 * PAUSE);
        assert_eq!(rest.due(now + PAUSE), Rested::Paused);
        assert_eq!(rest.due(now + PAUSE), Rested::No);
        assert_eq!(rest.deadline(), Some(now + 10 * PAUSE));
        assert_eq!(rest.due(now + 10 * PAUSE), Rested::Settled);
        assert_eq!(rest.deadline(), None);
    }
}
