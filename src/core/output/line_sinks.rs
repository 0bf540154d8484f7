//! Which lines of the output matter: to triggers, to subscribers, to a coprocess that reads lines. Nothing here fires.

use std::time::Instant;

use super::terminal::LineObserver;
use crate::core::coproc::Coproc;
use crate::core::history::ShellEvent;
use crate::core::session_event::SessionEvent;
use crate::core::trigger::table::TriggerTable;
use crate::core::trigger::{LineRef, LineStage};
use crate::core::vt::{Line, VtSink, VtState};

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
    pub(in crate::core) fn partial(text: &mut VtState, number: u64) -> Option<Self> {
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

    /// Returns what readers of lines are told of it, where there is something to tell.
    pub(in crate::core) fn event(&self, moment: LineStage) -> Option<SessionEvent<'_>> {
        let (number, text) = (self.number, &self.text[..]);
        match moment {
            LineStage::Finished => Some(SessionEvent::Line { number, text, more: self.more }),
            LineStage::Paused => Some(SessionEvent::Prompt { number, text }),
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

impl VtSink for CoprocSink<'_> {
    fn block(&mut self, block: &[u8], lines: usize) -> bool {
        self.coproc.push_lines(self.now, *self.number + 1, block);
        *self.number += lines as u64;
        false
    }

    fn line(&mut self, line: &Line<'_>) {
        let number = count(self.number, line);
        self.coproc.tell(self.now, &SessionEvent::Line { number, text: line.text, more: line.more });
    }
}

impl LineObserver for CoprocSink<'_> {
    fn happened(&mut self, event: &ShellEvent) {
        self.coproc.tell(self.now, &SessionEvent::Happened(event));
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
    pub(in crate::core) triggers: &'a mut TriggerTable,
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

impl VtSink for TriggerSink<'_> {
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

    fn should_stop(&self) -> bool {
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

impl VtSink for EventSink {
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
