//! The path of the shell's output from the pty to the terminal, the lines in it for triggers and readers, and the text
//! that coshell itself shows.

mod blocks;
mod drawn_rows;
mod gate;
mod highlight;
mod idle_timer;
pub(super) mod indicator;
mod line_buffer;
mod line_demand;
mod line_sinks;
mod recent_lines;
pub(super) mod terminal;

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use blocks::{Blocks, OpenBlock};
use drawn_rows::DrawnRows;
pub(super) use gate::{Gate, GateState};
use highlight::{Chunk, Highlight};
use idle_timer::{IdleState, IdleTimer};
use line_buffer::LineBuffer;
use line_demand::Granularity;
pub(super) use line_demand::LineDemand;
use line_sinks::{AfterMatch, CoprocSink, EventSink, LinePlace, TriggerSink};
pub(super) use line_sinks::{CandidateLine, OutputEvent, TextOrigin};
use recent_lines::RecentLines;
use terminal::{OutputKind, TerminalOutput};

use super::coproc::{Coproc, Reclaimed};
use super::event::{Cx, Effect, PtyState};
use super::input::typed_line::TypedPlace;
use super::notices::{Notice, NoticeOutput, Notices};
use super::recorder::Recorder;
use super::request::InputFormat;
use super::response::Done;
use super::rpc_error::{ErrorCode, RpcError};
use super::transfer::{OfferFinder, SwallowedOffers, TransferOffer};
use super::trigger::event::Occurrence;
use super::trigger::table::TriggerTable;
use super::trigger::{ConditionFacts, Hit, LineStage};
use super::vt::MarkedZone;
use crate::types::{ExitStatus, RequestId, SIGHUP, SIGPIPE, Size, WriteError};

/// Number of withheld bytes from which the pty is not read.
const WITHHELD_LIMIT: usize = 1024 * 1024;
/// Maximum number of waiting injected bytes.
const INJECTED_LIMIT: usize = 64 * 1024;

/// The path of the shell's output to the terminal.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) terminal: TerminalOutput,
    pub(super) recorder: Recorder,
    /// Assembles lines for a silent coprocess that reads lines.
    muted: Option<TerminalOutput>,
    demand: LineDemand,
    /// Shows matches in another way, while a trigger asks for that.
    highlight: Option<Highlight>,
    raw: LineBuffer,
    idle: IdleTimer,
    drawn: DrawnRows,
    /// Offset in the stream of the bytes printed last.
    chunk_start: u64,
    /// Injected text that has not been shown yet, and the triggers for which it is shown.
    injected: (Vec<u8>, Vec<usize>),
    /// Text of clients that fires no trigger and has not been shown yet.
    listings: VecDeque<(RequestId, Vec<u8>)>,
    offers: OfferFinder,
    swallowed: SwallowedOffers,
    finds_offers: bool,
    /// An offer that is answered once the state of the pty is known, and the triggers have not.
    offered: Option<TransferOffer>,
    /// Origin of the bytes printed last, and the part of the output behind them.
    place: LinePlace,
    recent: RecentLines,
    blocks: Blocks,
    /// Lines and events for which triggers are tried once the state of the pty is known.
    awaiting_pty_state: VecDeque<TryCandidate>,
    /// A finished line that is tried again at this time, unless more has been printed.
    again: Option<(Instant, CandidateLine)>,
    /// Output kept until the gate opens.
    withheld: Vec<u8>,
    /// Output that is no longer withheld, while it is passed on, and the number of bytes printed before.
    released: Option<(Rc<[u8]>, u64)>,
    /// Whether the history must be read before lines are assembled. Output is withheld meanwhile.
    awaits_history: bool,
    notices: Notices,
    notice_output: NoticeOutput,
    /// Whether the bytes that restore the terminal have been queued.
    restored: bool,
}

/// How far output has come at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputMark {
    /// Number of bytes printed since the session's start.
    printed: u64,
    /// Number of withheld bytes.
    withheld: usize,
}

/// Readers of the printed lines.
pub(super) struct Readers<'a> {
    /// Origin of the bytes: no trigger is tried on a listing.
    pub(super) origin: TextOrigin,
    pub(super) triggers: &'a mut TriggerTable,
    /// The coprocess, if it reads lines.
    pub(super) coproc: Option<&'a mut Coproc>,
    /// Whether a client has subscribed to lines.
    pub(super) subscribed: bool,
    /// Input format of a coprocess that a trigger starts.
    pub(super) format: InputFormat,
    /// Facts for triggers that show their match in another way.
    pub(super) facts: ConditionFacts,
}

/// What waits for the state of the pty: a line with its stage, or an event with the line on which it has happened.
#[derive(Debug)]
pub(super) struct TryCandidate {
    pub(super) line: CandidateLine,
    pub(super) stage: LineStage,
    pub(super) occurrence: Option<Occurrence>,
}

impl Output {
    /// Creates the output of a session that has printed nothing yet.
    pub(super) fn new(terminal: TerminalOutput, notice_output: NoticeOutput, recorder: Recorder) -> Self {
        Self {
            terminal,
            recorder,
            muted: None,
            demand: LineDemand::default(),
            highlight: None,
            raw: LineBuffer::default(),
            idle: IdleTimer::default(),
            drawn: DrawnRows::default(),
            chunk_start: 0,
            injected: Default::default(),
            listings: VecDeque::new(),
            offers: OfferFinder::default(),
            swallowed: SwallowedOffers::default(),
            finds_offers: false,
            offered: None,
            place: LinePlace::default(),
            recent: RecentLines::default(),
            blocks: Blocks::default(),
            awaiting_pty_state: VecDeque::new(),
            again: None,
            withheld: Vec::new(),
            released: None,
            awaits_history: false,
            notices: Notices::default(),
            notice_output,
            restored: false,
        }
    }

    /// Returns the number of the last line that has one.
    pub(super) fn line_number(&self) -> u64 {
        self.muted.as_ref().unwrap_or(&self.terminal).text().number()
    }

    /// Whether raw bytes of the unfinished line are kept.
    #[cfg(test)]
    pub(super) fn keeps_raw(&self) -> bool {
        self.demand.keeps_raw || !self.raw.is_empty()
    }

    /// Whether lines or events wait for the state of the pty.
    pub(super) fn awaits_pty_state(&self) -> bool {
        let highlight_asks = self.highlight.as_ref().is_some_and(Highlight::asks);
        !self.awaiting_pty_state.is_empty() || self.offered.is_some() || highlight_asks
    }

    /// Returns whether the state of the pty is needed before more is shown, since the colours depend on it. It is asked for then,
    /// and comes in the same turn of the host.
    pub(super) fn asks_pty_state(&mut self, now: Instant) -> bool {
        self.demand.decorates_by_pty && self.highlight.as_mut().is_some_and(|highlight| highlight.ask(now))
    }

    /// Takes the state of the pty, on which colours depend.
    pub(super) fn take_pty_state(&mut self, now: Instant, state: &PtyState) {
        if let Some(highlight) = &mut self.highlight {
            highlight.answered(now, state);
        }
    }

    /// Keeps an offer of a file transfer until the state of the pty is known.
    pub(super) fn await_answer(&mut self, offer: TransferOffer) {
        self.offered = Some(offer);
    }

    /// Takes the offer that waited for the state of the pty.
    pub(super) fn take_offer(&mut self) -> Option<TransferOffer> {
        self.offered.take()
    }

    /// Keeps a line or an event until the state of the pty is known.
    pub(super) fn await_pty_state(&mut self, candidate: TryCandidate) {
        self.awaiting_pty_state.push_back(candidate);
    }

    /// Takes the lines and events that waited for the state of the pty.
    pub(super) fn take_awaiting(&mut self) -> VecDeque<TryCandidate> {
        std::mem::take(&mut self.awaiting_pty_state)
    }

    /// Keeps output until the gate opens.
    pub(super) fn withhold(&mut self, bytes: &[u8]) {
        self.withheld.extend_from_slice(bytes);
    }

    /// Takes the withheld output with `bytes` behind it, to be passed on until `released_all`.
    pub(super) fn release(&mut self, bytes: &[u8]) -> Rc<[u8]> {
        let all: Rc<[u8]> = [&std::mem::take(&mut self.withheld), bytes].concat().into();
        self.released = Some((Rc::clone(&all), self.terminal.printed()));
        all
    }

    /// Records that the released output has been passed on or withheld again.
    pub(super) fn released_all(&mut self) {
        self.released = None;
    }

    /// Returns how far the output has come.
    pub(super) fn mark(&self) -> OutputMark {
        OutputMark { printed: self.terminal.printed(), withheld: self.withheld.len() }
    }

    /// Returns the output that has not been printed: what is withheld, and of `bytes`, which were passed in after `mark`,
    /// those that were neither printed nor withheld.
    pub(super) fn unshown(&self, mark: &OutputMark, bytes: &[u8]) -> Vec<u8> {
        let printed_since = |count: u64| usize::try_from(self.terminal.printed() - count).unwrap_or(usize::MAX);
        if let Some((all, start)) = &self.released {
            return all[printed_since(*start).min(all.len())..].to_vec();
        }
        let passed = printed_since(mark.printed).saturating_add(self.withheld.len().saturating_sub(mark.withheld));
        [&self.withheld, &bytes[passed.min(bytes.len())..]].concat()
    }

    /// Whether output is withheld.
    pub(super) fn has_withheld(&self) -> bool {
        !self.withheld.is_empty()
    }

    /// Whether the terminal has taken all output and little is withheld, so that the pty may be read.
    pub(super) fn has_room(&self) -> bool {
        self.terminal.is_empty() && self.withheld.len() < WITHHELD_LIMIT && !self.awaits_pty_state()
    }

    /// Whether lines are not assembled yet because the history is not read.
    pub(super) fn awaits_history(&self) -> bool {
        self.awaits_history
    }

    /// Whether lines are searched for the patterns of triggers.
    pub(super) fn searches_lines(&self) -> bool {
        self.demand.granularity != Granularity::None
    }

    /// Sets how closely lines are examined. Line numbers continue those of the history, which is read first.
    pub(super) fn set_demand(&mut self, demand: LineDemand) {
        self.awaits_history = demand.assembles && !self.demand.assembles && !self.terminal.has_read();
        if demand == self.demand || self.awaits_history {
            return;
        }
        if demand.assembles && !self.demand.assembles {
            self.terminal.assemble();
        } else if self.demand.assembles && !demand.assembles {
            self.terminal.counted(self.line_number(), true);
            self.terminal.stop_assembling();
            self.clear_timers();
        }
        if demand.keeps_raw && !self.demand.keeps_raw {
            let start = self.terminal.text().line_start();
            self.raw.restart(start);
            self.raw.push(&self.terminal.printed_since(start));
            self.raw.keep_from(start);
        } else if !demand.keeps_raw {
            self.raw = LineBuffer::default();
        }
        self.recent.keep(demand.recent);
        if !demand.decorates {
            self.highlight = None;
        } else if self.highlight.is_none() && self.terminal.shows_colours() {
            let (at, has_links) = (self.terminal.text().offset(), self.terminal.shows_links());
            self.highlight = Some(Highlight::new(at, self.directory(), has_links));
        }
        self.demand = demand;
    }

    /// Records that something other than the stream changes the terminal: keys whose echo comes, a resize, another program.
    /// The line that is unfinished by then is not highlighted.
    pub(super) fn disturbed(&mut self) {
        if let Some(highlight) = &mut self.highlight {
            highlight.block_to(self.terminal.text().offset() + 1);
        }
    }

    /// Returns the part of `bytes` in front of waiting notices: on a dumb terminal notices are printed where the next line
    /// begins.
    pub(super) fn up_to_notice<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        if !self.terminal.is_dumb() || self.notices.first().is_none() {
            return bytes;
        }
        memchr::memchr(b'\n', bytes).map_or(bytes, |end| &bytes[..=end])
    }

    /// Has headers that offer a file transfer searched for, though no trigger may start a silent coprocess.
    pub(super) fn find_offers(&mut self) {
        self.finds_offers = true;
    }

    /// Whether headers that offer a file transfer are searched for.
    fn searches_offers(&self) -> bool {
        self.finds_offers || self.demand.granularity == Granularity::Lines
    }

    /// Returns the part of `bytes` up to the end of a header that offers a file transfer, and the offer at its end: triggers
    /// are tried there, since the far program may print over the row at once.
    pub(super) fn up_to_offer<'a>(&self, bytes: &'a [u8]) -> (&'a [u8], Option<TransferOffer>) {
        let offer = if self.searches_offers() { self.offers.find(bytes) } else { None };
        (&bytes[..offer.map_or(bytes.len(), |offer| offer.end)], offer)
    }

    /// Returns whether the printed `bytes` offer a file transfer on the alternate screen, whose program has swallowed the
    /// protocol.
    pub(super) fn swallows_offer(&mut self, now: Instant, bytes: &[u8]) -> bool {
        self.finds_offers && self.terminal.text().alt_screen() && self.swallowed.printed(now, bytes)
    }

    /// Shows output, up to the end of a line whose trigger may start a silent coprocess. Returns the number of bytes taken,
    /// and the events in them.
    pub(super) fn print(&mut self, now: Instant, bytes: &[u8], readers: Readers<'_>) -> (usize, Vec<OutputEvent>) {
        self.place.origin = readers.origin;
        self.chunk_start = self.terminal.text().offset();
        // Where lines are assembled they are counted, though their last reader has ended in this turn.
        if !self.demand.assembles {
            let (zone, host) = (self.place.zone, Arc::clone(&self.place.host));
            let mut sink = EventSink { zone, host, events: Vec::new() };
            self.terminal.print(bytes, &mut sink);
            let EventSink { zone, host, events } = sink;
            (self.place.zone, self.place.host) = (zone, host);
            self.keep_raw(bytes);
            self.note_offers(bytes);
            return (bytes.len(), events);
        }
        let after_match = match self.demand.granularity {
            Granularity::Lines => AfterMatch::Stop,
            _ if self.demand.keeps_raw && readers.format.tells_of_lines() => AfterMatch::TakeAll,
            _ => AfterMatch::Filter,
        };
        let triggers = readers.triggers;
        let wanted = triggers.events.wanted();
        let mut sink = TriggerSink {
            now,
            origin: readers.origin,
            triggers: &mut *triggers,
            reader: readers.coproc,
            all_lines: readers.subscribed,
            after_match,
            alt_screen: self.terminal.text().alt_screen(),
            zone: self.place.zone,
            host: Arc::clone(&self.place.host),
            recent: &mut self.recent,
            found: Vec::new(),
            found_ids: HashSet::new(),
            wanted,
            stops_at_events: !wanted.is_empty() && readers.origin == TextOrigin::Shell,
            has_event: false,
            highlighted: self.highlight.as_mut().map(|stage| stage.begin(readers.facts, self.terminal.text())),
        };
        let used = self.terminal.parse(bytes, &mut sink);
        let TriggerSink { found, zone, host, highlighted, .. } = sink;
        self.push_parsed(now, &bytes[..used], highlighted, triggers);
        (self.place.zone, self.place.host) = (zone, host);
        self.place.recorded = self.recent.count();
        self.terminal.counted(self.line_number(), false);
        self.keep_raw(&bytes[..used]);
        self.note_offers(&bytes[..used]);
        (used, found)
    }

    /// Queues parsed bytes for the terminal, with matches shown in another way.
    fn push_parsed(&mut self, now: Instant, bytes: &[u8], highlighted: Option<Chunk>, triggers: &mut TriggerTable) {
        let Self { highlight, terminal, .. } = self;
        let stage = highlight.as_mut().zip(highlighted);
        let shown = stage.map(|(stage, chunk)| stage.end(now, chunk, bytes, terminal.text(), triggers));
        let (insertions, lines) = shown.unwrap_or_default();
        terminal.push_parsed(bytes, &insertions, lines);
    }

    fn note_offers(&mut self, bytes: &[u8]) {
        if self.searches_offers() {
            self.offers.printed(bytes);
        }
    }

    fn keep_raw(&mut self, bytes: &[u8]) {
        if self.demand.keeps_raw {
            self.raw.push_until(self.terminal.text().offset(), bytes);
        }
    }

    /// Passes the lines of hidden output to a silent coprocess that reads lines.
    pub(super) fn print_muted(&mut self, now: Instant, bytes: &[u8], coproc: Option<&mut Coproc>) {
        if let (Some(muted), Some(coproc)) = (&mut self.muted, coproc) {
            muted.print(bytes, &mut CoprocSink { now, coproc });
            self.idle.restart(now, muted.text().line_start());
            self.printed_rows(now);
        }
    }

    /// Finishes a call of `print` once its events have been handled: drops raw bytes that no trigger needs any more, and
    /// restarts the idle timers. Returns the lines that are to be tried at once: the unfinished line or the changed rows of
    /// the alternate screen, for instant triggers.
    pub(super) fn printed(&mut self, now: Instant) -> Vec<CandidateLine> {
        // Lines that wait for the state of the pty may need those before them.
        if !self.awaits_pty_state() {
            self.recent.trim();
        }
        if self.demand.assembles {
            self.printed_rows(now);
        }
        self.drop_raw();
        if !self.demand.assembles {
            return Vec::new();
        }
        if !self.terminal.text().has_partial() {
            self.idle.clear();
        } else {
            self.idle.restart(now, self.terminal.text().line_start());
        }
        if !self.demand.instant {
            return Vec::new();
        }
        let rows = self.terminal.text_mut().take_drawn_rows();
        self.drawn.keep(rows.clone(), self.terminal.text().size().rows.into());
        let rows = rows.into_iter().map(|row| CandidateLine::drawn(row, self.line_number() + 1, self.place.clone()));
        let mut lines: Vec<_> = rows.collect();
        lines.extend(self.partial_line());
        lines
    }

    /// Restarts the timers of the rows of the alternate screen.
    fn printed_rows(&mut self, now: Instant) {
        let text = self.muted.as_ref().unwrap_or(&self.terminal).text();
        if text.alt_screen() {
            let is_open = !text.in_ground_state() || text.modes().synchronized();
            self.drawn.printed(now, self.chunk_start, text.has_drawn_rows(), is_open);
        } else {
            self.drawn.clear();
        }
    }

    fn clear_timers(&mut self) {
        self.idle.clear();
        self.drawn.clear();
    }

    /// Drops raw bytes that no trigger needs any more.
    pub(super) fn drop_raw(&mut self) {
        if self.demand.keeps_raw {
            let unfinished = self.terminal.text().line_start();
            let waiting = self.awaiting_pty_state.iter().map(|candidate| candidate.line.start).min();
            let start = waiting.map_or(unfinished, |waiting| waiting.min(unfinished));
            match self.drawn.start() {
                Some(drawn) => self.raw.keep_all_from(drawn.min(start)),
                None => self.raw.keep_from(start),
            }
        }
    }

    /// Returns the raw bytes from the start of `line` on: those of a row of the alternate screen only where all are kept.
    pub(super) fn raw_from(&self, line: &CandidateLine) -> Vec<u8> {
        let raw = if line.alt_screen { self.raw.all_from(line.start) } else { self.raw.from(line.start) };
        raw.to_vec()
    }

    /// Clears the line that offers a file transfer from the screen and from the raw bytes.
    pub(super) fn begin_transfer(&mut self) {
        self.terminal.wipe_line();
        self.raw.restart(self.terminal.text().offset());
        self.offers = OfferFinder::default();
    }

    /// Returns the unfinished line, if there is one.
    pub(super) fn partial_line(&mut self) -> Option<CandidateLine> {
        let text = self.muted.as_mut().unwrap_or(&mut self.terminal).text_mut();
        CandidateLine::partial(text, self.place.clone())
    }

    /// Returns the last `n` finished lines in front of `line`, each ended by LF.
    pub(super) fn lines_before(&self, line: &CandidateLine, n: usize) -> Vec<u8> {
        self.recent.before(line.place.recorded, n).to_vec()
    }

    /// Begins a block of lines, with `context` lines in front of it, for a trigger that fires at its end.
    pub(super) fn begin_block(&mut self, hit: Hit, line: &CandidateLine, stage: LineStage, context: usize) {
        self.blocks.begin(hit, line, stage, self.recent.before(line.place.recorded, context));
    }

    /// Returns the blocks of lines that are complete in front of `line`, or of the next one, and counts the firings of their
    /// triggers.
    pub(super) fn complete_blocks(
        &mut self,
        now: Instant,
        line: Option<&CandidateLine>,
        triggers: &mut TriggerTable,
    ) -> Vec<OpenBlock> {
        let end = line.map_or_else(|| self.recent.count(), |line| line.place.recorded);
        let complete = self.blocks.pull(&self.recent, end, triggers);
        complete.iter().for_each(|block| triggers.fired_with_block(block.hit.trigger, now));
        complete
    }

    /// Returns the part of the output that the cursor is in, by the marks of the shell.
    pub(super) fn zone(&self) -> MarkedZone {
        self.place.zone
    }

    /// Returns how far the output has come, for what is typed now.
    pub(super) fn typed_place(&self) -> TypedPlace {
        let command = self.terminal.read_history().and_then(|history| Some(history.last_command()?.number));
        let offset = self.terminal.text().offset();
        TypedPlace { zone: self.place.zone, offset, command: command.unwrap_or_default() }
    }

    /// Returns the directory that the shell has reported.
    pub(super) fn directory(&self) -> Option<&str> {
        self.terminal.read_history().and_then(|history| history.directory())
    }

    /// Returns the line that the cursor is on, which may be blank.
    pub(super) fn current_line(&mut self) -> CandidateLine {
        let number = self.line_number() + 1;
        self.partial_line().unwrap_or_else(|| CandidateLine::blank(self.terminal.text(), number, self.place.clone()))
    }

    /// Returns the lines that are due to be tried, and their stages: the unfinished line, or rows of the alternate screen.
    pub(super) fn due_lines(&mut self, now: Instant) -> Vec<(CandidateLine, LineStage)> {
        let stage = match self.idle.due(now) {
            IdleState::No => None,
            IdleState::Paused => Some(LineStage::Paused),
            IdleState::Settled => Some(LineStage::Settled),
        };
        let unfinished = stage.and_then(|stage| Some((self.partial_line()?, stage)));
        let mut lines: Vec<_> = unfinished.into_iter().collect();
        if let Some(stage) = self.drawn.due(now) {
            let rows = self.muted.as_mut().unwrap_or(&mut self.terminal).text_mut().take_drawn_rows();
            lines.extend(self.drawn.tries(stage, rows, self.line_number() + 1, &self.place));
        }
        lines.extend(self.drawn.settled(now).into_iter().map(|line| (line, LineStage::Settled)));
        lines
    }

    /// Delays a match on `line` that could still grow until the time `until`.
    pub(super) fn hold(&mut self, until: Instant, line: &CandidateLine) {
        if line.alt_screen {
            self.drawn.hold(until, line);
        } else {
            self.idle.hold(until);
        }
    }

    /// Has `line` tried again at `at`: the unfinished line as it is then, a finished one if it is still the last, a row of the
    /// alternate screen unless it changes.
    pub(super) fn try_again(&mut self, at: Instant, line: &CandidateLine, stage: LineStage) {
        if stage != LineStage::Finished {
            self.hold(at, line);
        } else {
            self.again = Some((at, line.clone()));
        }
    }

    /// Returns a finished line that is to be tried again by now.
    pub(super) fn due_again(&mut self, now: Instant) -> Option<CandidateLine> {
        let (_, line) = self.again.take_if(|(at, _)| now >= *at)?;
        let is_last = line.number == self.line_number() && self.partial_line().is_none();
        is_last.then_some(line)
    }

    /// Returns when `due_lines` or `due_again` has something to return.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let again = self.again.as_ref().map(|(at, _)| *at);
        [self.idle.deadline(), self.drawn.deadline(), again].into_iter().flatten().min()
    }

    /// Begins to assemble lines off-screen, for a silent coprocess that reads lines.
    pub(super) fn mute(&mut self, now: Instant, size: Size) {
        let mut muted = TerminalOutput::off_screen(now, size);
        muted.text_mut().set_number(self.terminal.number());
        self.muted = Some(muted);
        self.drawn.clear();
    }

    /// Ends the hiding of output. Returns the unread input of the silent coprocess, `reclaimed`, as bytes for the terminal.
    pub(super) fn end_silence(&mut self, reclaimed: Option<Reclaimed>) -> Vec<u8> {
        let Some(reclaimed) = reclaimed else { return Vec::new() };
        if reclaimed.has_progress {
            self.terminal.show_below("");
        }
        let number = self.line_number();
        let line = self.muted.take().map(|mut muted| muted.take_line()).unwrap_or_default();
        if reclaimed.format.tells_of_lines() {
            self.terminal.text_mut().set_number(number);
            self.terminal.counted(number, true);
        }
        self.clear_timers();
        match (reclaimed.format, reclaimed.unread) {
            (_, None) => Vec::new(),
            (InputFormat::Raw, Some(bytes)) => bytes,
            (InputFormat::Text, Some(bytes)) => with_returns(&bytes),
            // JSON objects cannot be shown; at least the unfinished line, a prompt, comes back.
            (InputFormat::Json, Some(_)) => line,
        }
    }

    /// Queues text to be shown as if the shell had printed it, for the trigger `for_trigger` if it is due to one. Returns
    /// false where too much waits already.
    pub(super) fn inject(&mut self, bytes: &[u8], for_trigger: Option<usize>) -> bool {
        let (injected, triggers) = &mut self.injected;
        let fits = injected.len() + bytes.len() <= INJECTED_LIMIT;
        if fits {
            injected.extend_from_slice(bytes);
            triggers.extend(for_trigger.filter(|i| !triggers.contains(i)));
        }
        fits
    }

    /// Queues text of the client of `request_id` to be shown without firing a trigger. Returns false where too much waits
    /// already.
    pub(super) fn list(&mut self, request_id: RequestId, text: &[u8]) -> bool {
        let waiting: usize = self.listings.iter().map(|(_, text)| text.len()).sum();
        let fits = waiting + text.len() <= INJECTED_LIMIT;
        if fits {
            self.listings.push_back((request_id, text.to_vec()));
        }
        fits
    }

    /// Queues `text` of the client of `request_id` to be shown, for the trigger `for_trigger` if it is due to one. Returns the
    /// answer, or `None` for text that fires no trigger, which is answered when it has been shown.
    pub(super) fn show_text(
        &mut self,
        request_id: RequestId,
        text: &str,
        no_triggers: bool,
        for_trigger: Option<usize>,
    ) -> Option<Result<Done, RpcError>> {
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
        if no_triggers && self.list(request_id, &text) {
            return None;
        }
        let fits = !no_triggers && self.inject(&text, for_trigger);
        let full = || RpcError::new(ErrorCode::Full, "64 KiB are already waiting to be shown; try again later");
        Some(if fits { Ok(Done {}) } else { Err(full()) })
    }

    /// Takes the next text that fires no trigger, once the terminal has taken what is before it.
    pub(super) fn take_listing(&mut self) -> Option<(RequestId, Vec<u8>)> {
        if self.terminal.is_empty() { self.listings.pop_front() } else { None }
    }

    /// Drops the text of a client that has disconnected.
    pub(super) fn drop_listing(&mut self, request_id: RequestId) {
        self.listings.retain(|(of, _)| *of != request_id);
    }

    /// Returns whether injected text can be shown now: the output is not inside a sequence or a character.
    pub(super) fn has_injected(&self) -> bool {
        !self.injected.0.is_empty() && self.terminal.text().in_ground_state()
    }

    /// Takes the injected text, and the triggers for which it is shown.
    pub(super) fn take_injected(&mut self) -> (Vec<u8>, Vec<usize>) {
        std::mem::take(&mut self.injected)
    }

    /// Turns notices on or off.
    pub(super) fn set_notice_output(&mut self, notice_output: NoticeOutput) {
        self.notice_output = notice_output;
    }

    /// Queues a notice, unless notices are turned off.
    pub(super) fn notice(&mut self, notice: Notice) {
        if self.notice_output == NoticeOutput::Notices {
            self.notices.push(notice);
        }
    }

    /// Shows notices and coshell's own bytes, as far as they can be shown now.
    pub(super) fn settle_notices(&mut self) {
        self.terminal.settle(&mut self.notices);
    }

    /// Restores the terminal, once.
    pub(super) fn restore(&mut self) {
        if !std::mem::replace(&mut self.restored, true) {
            self.terminal.restore();
        }
    }

    /// Whether the bytes that restore the terminal have been queued.
    pub(super) fn is_restored(&self) -> bool {
        self.restored
    }

    /// Drops everything that waits for a terminal that does not read, notices included.
    pub(super) fn give_up(&mut self) {
        self.terminal.give_up();
        self.notices = Notices::default();
    }

    /// Takes the oldest notice that has not been shown.
    pub(super) fn take_notice(&mut self) -> Option<Notice> {
        self.notices.take()
    }

    /// Sets the window size.
    pub(super) fn resize(&mut self, size: Size) {
        self.terminal.resize(size);
        self.disturbed();
        if let Some(muted) = &mut self.muted {
            muted.resize(size);
        }
    }
}

/// Returns coshell's exit status where its output can no longer be written. A closed pipe is no failure, as in any filter;
/// a full disk is one, and standard error says so.
pub(super) fn exit_without_output(cx: &mut Cx<'_>, kind: OutputKind, error: WriteError) -> ExitStatus {
    match (kind, error) {
        (OutputKind::Terminal, WriteError::NoReader | WriteError::Device(_)) => ExitStatus::Signal(SIGHUP),
        (OutputKind::Pipe, WriteError::NoReader) => ExitStatus::Signal(SIGPIPE),
        (OutputKind::Terminal, WriteError::Refused(reason))
        | (OutputKind::Pipe, WriteError::Device(reason) | WriteError::Refused(reason)) => {
            cx.push(Effect::Warn(format!(
                "coshell: standard output cannot be written: {reason}; the session was ended; make \
                 room for it, or send it elsewhere"
            )));
            ExitStatus::FAILED
        }
    }
}

/// Returns `text` with CR in front of each LF, since LF alone only moves the cursor down.
fn with_returns(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    for &byte in text {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::recorder::RecordFacts;
    use crate::core::redact::Redaction;

    #[test]
    fn line_feeds_get_carriage_returns() {
        assert_eq!(with_returns(b"a\nb\n"), b"a\r\nb\r\n");
    }

    #[test]
    fn each_unshown_byte_is_returned_once() {
        let now = Instant::now();
        let print = |output: &mut Output, bytes: &[u8]| output.terminal.print(bytes, &mut crate::core::vt::NullSink);
        let terminal = TerminalOutput::new(now, OutputKind::Terminal, Size::default(), 0);
        let mut output = Output::new(
            terminal,
            NoticeOutput::Notices,
            Recorder::new(now, RecordFacts::default(), Redaction::default()),
        );
        print(&mut output, b"earlier");
        // Printed in part.
        let mark = output.mark();
        assert_eq!(output.unshown(&mark, b"abcdef"), b"abcdef");
        print(&mut output, b"abc");
        assert_eq!(output.unshown(&mark, b"abcdef"), b"def");
        // Printed in part, the rest withheld.
        output.withhold(b"def");
        assert_eq!(output.unshown(&mark, b"abcdef"), b"def");
        // Withheld before.
        let mark = output.mark();
        assert_eq!(output.unshown(&mark, b"ghi"), b"defghi");
        // Released, and printed in part.
        let released = output.release(b"ghi");
        assert_eq!((&*released, output.unshown(&mark, b"ghi")), (&b"defghi"[..], b"defghi".to_vec()));
        print(&mut output, b"de");
        assert_eq!(output.unshown(&mark, b"ghi"), b"fghi");
        print(&mut output, b"fghi");
        output.released_all();
        assert_eq!(output.unshown(&mark, b"ghi"), b"");
    }
}
