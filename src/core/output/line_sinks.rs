//! Sinks for parsed shell output: they pick the lines that triggers, subscribers and a coprocess read. They fire no
//! trigger.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::highlight::Chunk;
use super::recent_lines::RecentLines;
use super::terminal::LineObserver;
use crate::core::coproc::Coproc;
use crate::core::history::{HostReport, ShellEvent};
use crate::core::session_event::SessionEvent;
use crate::core::trigger::event::{EventSet, OutputSign, TriggerEvent};
use crate::core::trigger::rehearsal::FiringPlace;
use crate::core::trigger::table::TriggerTable;
use crate::core::trigger::{LineMatches, LineRef, LineStage};
use crate::core::vt::{DrawnRow, Line, MarkedZone, VtSink, VtState};

/// TextOrigin of printed bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) enum TextOrigin {
    /// The shell and the programs in it, or injected text.
    #[default]
    Shell,
    /// A client that prints an answer of the session.
    Listing,
}

/// A line that a trigger may match or a reader wants.
#[derive(Clone, Debug)]
pub(in crate::core) struct CandidateLine {
    /// Where it stands: the origin of its last bytes, and the part of the output by the marks before its end.
    pub(in crate::core) place: LinePlace,
    /// The line's identity on the screen.
    pub(in crate::core) id: u64,
    /// Its text without escape sequences.
    pub(in crate::core) text: Vec<u8>,
    /// Offset of its first raw byte in the stream.
    pub(in crate::core) start: u64,
    /// Its number; the first line of the session is 1.
    pub(in crate::core) number: u64,
    /// Whether it is a piece of a longer line, and another piece follows.
    pub(in crate::core) more: bool,
    /// Whether it is a further piece of its line.
    pub(in crate::core) continued: bool,
    /// Whether it is on the alternate screen.
    pub(in crate::core) alt_screen: bool,
    /// Matches that were found in it for the colours of triggers.
    found: Option<Rc<LineMatches>>,
}

/// Origin and part of the output to which a line belongs.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct LinePlace {
    pub(in crate::core) origin: TextOrigin,
    pub(in crate::core) zone: MarkedZone,
    /// The host and the user of the shell, as reported before its end.
    pub(in crate::core) host: Arc<HostReport>,
    /// Number of lines recorded before it, see `RecentLines`.
    pub(in crate::core) recorded: u64,
}

impl CandidateLine {
    /// Creates the unfinished line of `text`, if it is not empty.
    pub(in crate::core) fn partial(text: &mut VtState, place: LinePlace) -> Option<Self> {
        let alt_screen = text.alt_screen();
        let line = text.partial()?;
        Some(Self::of(&line, alt_screen, place))
    }

    /// Creates the line of a row of the alternate screen. A blank row has no text.
    pub(in crate::core) fn drawn(row: DrawnRow, number: u64, place: LinePlace) -> Self {
        let DrawnRow { id, mut text, start } = row;
        if text.trim_ascii().is_empty() {
            text.clear();
        }
        Self { place, id: id.0, text, start, number, more: false, continued: false, alt_screen: true, found: None }
    }

    /// Creates the blank line of `text` on which the cursor is, with the number that it will have.
    pub(in crate::core) fn blank(text: &VtState, number: u64, place: LinePlace) -> Self {
        let (alt_screen, start) = (text.alt_screen(), text.offset());
        Self { place, id: 0, text: Vec::new(), start, number, more: false, continued: false, alt_screen, found: None }
    }

    fn of(line: &Line<'_>, alt_screen: bool, place: LinePlace) -> Self {
        Self {
            place,
            id: line.id.0,
            text: line.text.to_vec(),
            start: line.start,
            number: line.number,
            more: line.more,
            continued: line.continued,
            alt_screen,
            found: None,
        }
    }

    /// Returns the event for readers of lines, if there is one at this stage.
    pub(in crate::core) fn event(&self, stage: LineStage) -> Option<SessionEvent<'_>> {
        let (number, text) = (self.number, &self.text[..]);
        match stage {
            LineStage::Finished => Some(SessionEvent::Line { number, text, more: self.more }),
            // A row of the alternate screen is never finished.
            LineStage::Unrested | LineStage::Paused if self.alt_screen => {
                Some(SessionEvent::Line { number, text, more: false })
            }
            LineStage::Paused => Some(SessionEvent::Prompt { number, text }),
            LineStage::Chunk | LineStage::Unrested | LineStage::Settled => None,
        }
    }

    /// Returns the event that is the first input of a coprocess which a trigger starts at this stage, if it is a reader of
    /// lines. Nothing more comes of a row that has settled.
    pub(in crate::core) fn first_event(&self, stage: LineStage) -> Option<SessionEvent<'_>> {
        self.event(if self.alt_screen && stage == LineStage::Settled { LineStage::Paused } else { stage })
    }

    /// Returns the place of what fires on the line.
    pub(in crate::core) fn firing_place(&self) -> FiringPlace {
        FiringPlace { number: self.number, alt_screen: self.alt_screen }
    }

    /// Returns the line for the triggers.
    pub(in crate::core) fn line(&self) -> LineRef<'_> {
        let found = self.found.as_deref();
        LineRef { id: self.id, number: self.number, text: &self.text, continued: self.continued, found }
    }
}

/// Sink that passes every line to a coprocess.
#[derive(Debug)]
pub(in crate::core) struct CoprocSink<'a> {
    pub(in crate::core) now: Instant,
    pub(in crate::core) coproc: &'a mut Coproc,
}

impl VtSink for CoprocSink<'_> {
    fn block(&mut self, block: &[u8], _: usize, number: u64) -> bool {
        self.coproc.push_lines(self.now, number, block);
        false
    }

    fn line(&mut self, line: &Line<'_>) {
        let &Line { number, text, more, .. } = line;
        self.coproc.tell(self.now, &SessionEvent::Line { number, text, more });
    }
}

impl LineObserver for CoprocSink<'_> {
    fn shell_event(&mut self, event: &ShellEvent) {
        self.coproc.tell(self.now, &SessionEvent::Shell(event));
    }
}

/// Sink that collects lines which a trigger may match or a reader wants.
#[derive(Debug)]
pub(in crate::core) struct TriggerSink<'a> {
    pub(in crate::core) now: Instant,
    pub(in crate::core) origin: TextOrigin,
    pub(in crate::core) triggers: &'a mut TriggerTable,
    /// The coprocess, if it reads lines. It gets lines without a possible match at once.
    pub(in crate::core) reader: Option<&'a mut Coproc>,
    /// Whether all lines are collected, for a subscriber.
    pub(in crate::core) all_lines: bool,
    pub(in crate::core) after_match: AfterMatch,
    pub(in crate::core) alt_screen: bool,
    pub(in crate::core) zone: MarkedZone,
    pub(in crate::core) host: Arc<HostReport>,
    pub(in crate::core) recent: &'a mut RecentLines,
    /// The collected lines, and the shell events and signs between them, in order.
    pub(in crate::core) found: Vec<OutputEvent>,
    /// Ids of the collected lines. A later line with one of them is tried after it, though it cannot match.
    pub(in crate::core) found_ids: HashSet<u64>,
    /// The events for which triggers wait.
    pub(in crate::core) wanted: EventSet,
    /// Whether events open triggers here: the output behind one is not parsed before it was tried, so that the cursor is where
    /// it was.
    pub(in crate::core) stops_at_events: bool,
    /// Whether an event has been collected.
    pub(in crate::core) has_event: bool,
    /// The chunk being printed, where matches are shown in another way.
    pub(super) highlighted: Option<Chunk>,
}

/// Treatment of the lines behind one that may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum AfterMatch {
    /// They are collected where they may match.
    Filter,
    /// All are collected, since the match may start a coprocess that reads lines.
    TakeAll,
    /// They are not parsed before the match was tried, since it may start a silent coprocess.
    Stop,
}

impl TriggerSink<'_> {
    /// Whether lines without a possible match are collected, so that readers get all lines in order.
    fn takes_all(&self) -> bool {
        self.all_lines || self.has_lines() && (self.reader.is_some() || self.after_match == AfterMatch::TakeAll)
    }

    /// Whether a line has been collected.
    fn has_lines(&self) -> bool {
        !self.found_ids.is_empty()
    }

    /// Collects a sign, unless coshell itself prints it.
    fn collect_sign(&mut self, sign: OutputSign) {
        if self.origin == TextOrigin::Shell {
            self.has_event = true;
            self.found.push(OutputEvent::Sign(sign));
        }
    }

    /// Returns whether the triggers are tried on the line.
    fn is_tried(&mut self, line: &Line<'_>) -> bool {
        self.origin == TextOrigin::Shell
            && (self.found_ids.contains(&line.id.0) || self.triggers.line_may_match(line.text))
    }

    /// Has the line shown in another way where triggers match. Returns the matches.
    fn decorate(&mut self, line: &Line<'_>) -> Option<Rc<LineMatches>> {
        let is_shown = self.origin == TextOrigin::Shell && !self.alt_screen;
        let chunk = self.highlighted.as_mut().filter(|_| is_shown)?;
        chunk.line(self.now, line, (self.zone, &self.host), self.triggers)
    }

    fn collect(&mut self, line: &Line<'_>, found: Option<Rc<LineMatches>>) {
        self.found_ids.insert(line.id.0);
        let (origin, zone, host) = (self.origin, self.zone, Arc::clone(&self.host));
        let place = LinePlace { origin, zone, host, recorded: self.recent.count() };
        let line = CandidateLine { found, ..CandidateLine::of(line, self.alt_screen, place) };
        self.found.push(OutputEvent::Line(line));
    }

    fn coproc_sink(&mut self) -> Option<CoprocSink<'_>> {
        Some(CoprocSink { now: self.now, coproc: self.reader.as_deref_mut()? })
    }
}

impl VtSink for TriggerSink<'_> {
    fn block(&mut self, block: &[u8], lines: usize, number: u64) -> bool {
        if self.takes_all() || self.origin == TextOrigin::Shell && self.triggers.block_may_match(block) {
            return true;
        }
        if self.origin == TextOrigin::Shell {
            self.recent.push_block(block, lines);
        }
        self.coproc_sink().is_some_and(|mut coproc_sink| coproc_sink.block(block, lines, number))
    }

    fn should_stop(&self) -> bool {
        self.after_match == AfterMatch::Stop && self.has_lines() || self.stops_at_events && self.has_event
    }

    fn line(&mut self, line: &Line<'_>) {
        if self.takes_all() || self.is_tried(line) {
            let found = self.decorate(line);
            self.collect(line, found);
        } else {
            self.counted(line);
            if let Some(mut coproc_sink) = self.coproc_sink() {
                coproc_sink.line(line);
            }
        }
        if self.origin == TextOrigin::Shell {
            self.recent.push(line.number, line.text, line.continued);
        }
    }

    #[inline]
    fn counted(&mut self, line: &Line<'_>) {
        if self.origin == TextOrigin::Listing {
            return;
        }
        if self.found_ids.contains(&line.id.0) {
            return self.collect(line, None);
        }
        let Line { id, number, text, continued, .. } = *line;
        self.triggers.pass_over_finished(LineRef { id: id.0, number, text, continued, found: None });
    }

    fn bell(&mut self) {
        if self.wanted.has(TriggerEvent::Bell) {
            self.collect_sign(OutputSign::Bell);
        }
    }

    fn title(&mut self, title: &[u8]) {
        if self.wanted.has(TriggerEvent::Title) {
            self.collect_sign(OutputSign::Title(title.to_vec()));
        }
    }

    fn osc(&mut self, payload: &[u8], _: Range<u64>) {
        self.zone.take(payload);
        if let Some(chunk) = &mut self.highlighted {
            chunk.osc(payload);
        }
        if let Some(sign) = OutputSign::of_osc(payload, self.wanted) {
            self.collect_sign(sign);
        }
    }

    fn alt_screen(&mut self, on: bool) {
        self.alt_screen = on;
        if on && self.wanted.has(TriggerEvent::FullScreen) {
            self.collect_sign(OutputSign::FullScreen);
        }
    }
}

impl LineObserver for TriggerSink<'_> {
    fn shell_event(&mut self, event: &ShellEvent) {
        let coproc_knows = !self.takes_all();
        if let Some(mut coproc_sink) = self.coproc_sink().filter(|_| coproc_knows) {
            coproc_sink.shell_event(event);
        }
        self.host = event.host().unwrap_or(&self.host).clone();
        self.has_event = true;
        self.found.push(OutputEvent::Shell { event: event.clone(), coproc_knows });
    }
}

/// Sink that collects shell events only.
#[derive(Debug)]
pub(in crate::core) struct EventSink {
    pub(in crate::core) zone: MarkedZone,
    pub(in crate::core) host: Arc<HostReport>,
    pub(in crate::core) events: Vec<OutputEvent>,
}

impl VtSink for EventSink {
    fn block(&mut self, _: &[u8], _: usize, _: u64) -> bool {
        false
    }

    fn line(&mut self, _: &Line<'_>) {}

    fn osc(&mut self, payload: &[u8], _: Range<u64>) {
        self.zone.take(payload);
    }
}

impl LineObserver for EventSink {
    fn shell_event(&mut self, event: &ShellEvent) {
        self.host = event.host().unwrap_or(&self.host).clone();
        self.events.push(OutputEvent::Shell { event: event.clone(), coproc_knows: false });
    }
}

/// An event found in the output.
#[derive(Clone, Debug)]
pub(in crate::core) enum OutputEvent {
    /// A finished line that a trigger or a reader wants.
    Line(CandidateLine),
    /// The shell reported a command or its directory. `coproc_knows` is whether the coprocess has got the event already.
    Shell { event: ShellEvent, coproc_knows: bool },
    /// A sign of an event for which triggers wait.
    Sign(OutputSign),
}
