//! Watches the lines for triggers and for a coprocess that reads lines: which lines have to be looked at, when
//! the output rests on one, and the raw bytes from a line's start on. It fires nothing itself.

use std::time::{Duration, Instant};

use super::terminal::LineObserver;
use crate::core::coproc::{Coproc, Event};
use crate::core::history::ShellEvent;
use crate::core::trigger::{LineRef, LineStage, Triggers};
use crate::core::vt::{Line, Sink, Text};

/// Output that rests on a line for this long has paused there (SPEC 5).
const PAUSE: Duration = Duration::from_millis(20);
/// What is kept of an unfinished line's raw bytes: escape sequences may be many times its text.
const RAW_LIMIT: usize = 256 * 1024;

/// A line that somebody may be interested in.
#[derive(Clone, Debug)]
pub(in crate::core) struct CandidateLine {
    /// The line's identity on the screen.
    pub(in crate::core) id: u64,
    /// As a person reads it.
    pub(in crate::core) text: Vec<u8>,
    /// Where its first raw byte stands in the stream.
    pub(in crate::core) start: u64,
    /// Lines since the session's start.
    pub(in crate::core) number: u64,
    /// A piece of a longer line: more of it follows.
    pub(in crate::core) more: bool,
    /// Not the first piece of its line.
    pub(in crate::core) continued: bool,
    /// It stood on the alternate screen.
    pub(in crate::core) alt_screen: bool,
}

impl CandidateLine {
    /// The unfinished line that the cursor is on.
    pub(in crate::core) fn partial(text: &mut Text, number: u64) -> Option<Self> {
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
    pub(in crate::core) fn record(&self, moment: LineStage) -> Option<Event<'_>> {
        let (number, text) = (self.number, &self.text[..]);
        match moment {
            LineStage::Finished => Some(Event::Line { number, text, more: self.more }),
            LineStage::Paused => Some(Event::Prompt { number, text }),
            LineStage::Chunk | LineStage::Settled => None,
        }
    }

    /// The line as the triggers want it.
    pub(in crate::core) fn line(&self) -> LineRef<'_> {
        LineRef { id: self.id, text: &self.text, continued: self.continued }
    }
}

/// Tells a coprocess that reads lines of every line.
#[derive(Debug)]
pub(in crate::core) struct CoprocSink<'a> {
    pub(in crate::core) now: Instant,
    pub(in crate::core) coproc: &'a mut Coproc,
    /// Lines since the session's start.
    pub(in crate::core) number: &'a mut u64,
}

impl Sink for CoprocSink<'_> {
    fn block(&mut self, block: &[u8], lines: usize) -> bool {
        self.coproc.lines(self.now, *self.number + 1, block);
        *self.number += lines as u64;
        false
    }

    fn line(&mut self, line: &Line<'_>) {
        let number = count(self.number, line);
        self.coproc.tell(self.now, &Event::Line { number, text: line.text, more: line.more });
    }
}

impl LineObserver for CoprocSink<'_> {
    fn happened(&mut self, event: &ShellEvent) {
        self.coproc.tell(self.now, &Event::Happened(event));
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
pub(in crate::core) struct TriggerSink<'a> {
    pub(in crate::core) now: Instant,
    pub(in crate::core) triggers: &'a mut Triggers,
    /// Lines since the session's start.
    pub(in crate::core) number: &'a mut u64,
    /// A coprocess that reads lines. It is told at once of those that no trigger matches.
    pub(in crate::core) reader: Option<&'a mut Coproc>,
    /// All lines matter: somebody has subscribed to them.
    pub(in crate::core) everything: bool,
    pub(in crate::core) behind: AfterMatch,
    pub(in crate::core) alt_screen: bool,
    /// The lines that matter, in order, and what came to pass between them.
    pub(in crate::core) found: Vec<SinkItem>,
    /// What came to pass and a coprocess that reads lines was told of already.
    pub(in crate::core) aside: Vec<ShellEvent>,
}

/// What becomes of the lines behind one that may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum AfterMatch {
    /// They are looked at like that one.
    Looked,
    /// All of them matter: it may start a coprocess that reads lines.
    Found,
    /// They are not read before it has been tried: it may silence them.
    Unread,
}

impl TriggerSink<'_> {
    /// Whether lines matter that do not match, so that they are told in order.
    fn takes_all(&self) -> bool {
        self.everything || !self.found.is_empty() && (self.reader.is_some() || self.behind == AfterMatch::Found)
    }

    fn teller(&mut self) -> Option<CoprocSink<'_>> {
        let Self { now, number, reader, .. } = self;
        Some(CoprocSink { now: *now, coproc: reader.as_deref_mut()?, number })
    }
}

impl Sink for TriggerSink<'_> {
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
        self.behind == AfterMatch::Unread && !self.found.is_empty()
    }

    fn line(&mut self, line: &Line<'_>) {
        if self.takes_all() || self.triggers.line_may_match(line.text) {
            let number = count(self.number, line);
            self.found.push(SinkItem::Line(CandidateLine::of(line, number, self.alt_screen)));
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

impl LineObserver for TriggerSink<'_> {
    fn happened(&mut self, event: &ShellEvent) {
        if self.takes_all() {
            self.found.push(SinkItem::Happened(event.clone()));
            return;
        }
        if let Some(mut teller) = self.teller() {
            teller.happened(event);
        }
        self.aside.push(event.clone());
    }
}

/// Nobody reads the lines, but what comes to pass is noted.
#[derive(Debug, Default)]
pub(in crate::core) struct EventSink(pub(in crate::core) Vec<ShellEvent>);

impl Sink for EventSink {
    fn block(&mut self, _: &[u8], _: usize) -> bool {
        false
    }

    fn line(&mut self, _: &Line<'_>) {}
}

impl LineObserver for EventSink {
    fn happened(&mut self, event: &ShellEvent) {
        self.0.push(event.clone());
    }
}

/// What is told once a chunk was read.
#[derive(Clone, Debug)]
pub(in crate::core) enum SinkItem {
    /// A finished line.
    Line(CandidateLine),
    /// Something else.
    Happened(ShellEvent),
}

/// The raw bytes from the start of the unfinished line on.
#[derive(Debug, Default)]
pub(in crate::core) struct LineBuffer {
    bytes: Vec<u8>,
    /// Where `bytes` begins in the stream.
    start: u64,
}

impl LineBuffer {
    /// Bytes were printed.
    pub(in crate::core) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Nothing before this place in the stream is wanted any more.
    pub(in crate::core) fn keep_from(&mut self, place: u64) {
        let end = self.start + self.bytes.len() as u64;
        let place = place.clamp(self.start, end).max(end.saturating_sub(RAW_LIMIT as u64));
        self.bytes.drain(..(place - self.start) as usize);
        self.start = place;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(RAW_LIMIT);
        }
    }

    /// Everything from this place in the stream on, as far as it is still there.
    pub(in crate::core) fn from(&self, place: u64) -> &[u8] {
        let from = place.saturating_sub(self.start).min(self.bytes.len() as u64);
        &self.bytes[from as usize..]
    }

    /// The stream goes on at this place: what was kept is of no use.
    pub(in crate::core) fn restart(&mut self, place: u64) {
        self.bytes.clear();
        self.start = place;
    }
}

/// When the output has come to rest, and when a match that could still grow has waited long enough.
#[derive(Debug, Default)]
pub(in crate::core) struct IdleTimer {
    /// Output came, and nobody has looked at the line since: the pause begins at this time.
    pause: Option<Instant>,
    /// A match waits for this time.
    held: Option<Instant>,
}

/// What has come to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum IdleState {
    /// Nothing yet.
    No,
    /// The output rests.
    Paused,
    /// A match that was held has waited long enough.
    Settled,
}

impl IdleTimer {
    /// Output came.
    pub(in crate::core) fn stir(&mut self, now: Instant) {
        self.pause = Some(now + PAUSE);
    }

    /// The line is finished, or nothing stands on it: there is nothing to wait for.
    pub(in crate::core) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A match that could grow waits until `at`.
    pub(in crate::core) fn hold(&mut self, at: Instant) {
        self.held.get_or_insert(at);
    }

    /// What is due by now; each is told once.
    pub(in crate::core) fn due(&mut self, now: Instant) -> IdleState {
        if self.pause.is_some_and(|at| now >= at) {
            self.pause = None;
            IdleState::Paused
        } else if self.held.is_some_and(|at| now >= at) {
            self.held = None;
            IdleState::Settled
        } else {
            IdleState::No
        }
    }

    /// When `due` should be asked.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        [self.pause, self.held].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_keeps_what_is_asked_for_and_is_bounded() {
        let mut raw = LineBuffer::default();
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
        let mut rest = IdleTimer::default();
        rest.stir(now);
        assert_eq!(rest.due(now), IdleState::No);
        rest.hold(now + 10 * PAUSE);
        assert_eq!(rest.due(now + PAUSE), IdleState::Paused);
        assert_eq!(rest.due(now + PAUSE), IdleState::No);
        assert_eq!(rest.deadline(), Some(now + 10 * PAUSE));
        assert_eq!(rest.due(now + 10 * PAUSE), IdleState::Settled);
        assert_eq!(rest.deadline(), None);
    }
}
