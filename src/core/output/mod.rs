//! The shell's output on its way to the terminal, the lines in it that matter, and what coshell itself shows.

mod gate;
mod idle_timer;
pub(super) mod indicator;
mod line_buffer;
mod line_demand;
mod line_sinks;
pub(super) mod terminal;

use std::collections::VecDeque;
use std::time::Instant;

pub(super) use gate::{Gate, GateState};
use idle_timer::{IdleState, IdleTimer};
use line_buffer::LineBuffer;
use line_demand::Granularity;
pub(super) use line_demand::LineDemand;
pub(super) use line_sinks::CandidateLine;
use line_sinks::{AfterMatch, CoprocSink, EventSink, SinkItem, TriggerSink};
use terminal::TerminalOutput;

use super::coproc::{Coproc, Reclaimed};
use super::history::ShellEvent;
use super::notices::{Notice, NoticeOutput, Notices};
use super::request::InputFormat;
use super::trigger::LineStage;
use super::trigger::table::TriggerTable;
use crate::types::Size;

/// How much output may be withheld before the pty is no longer read.
const WITHHELD_LIMIT: usize = 1024 * 1024;
/// How much text may wait to be shown as if the shell had printed it.
const INJECTED_LIMIT: usize = 64 * 1024;

/// The way of the shell's output, from the pty to the terminal.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) terminal: TerminalOutput,
    /// Assembles the lines that a silent coprocess reads and the terminal does not show.
    muted: Option<TerminalOutput>,
    demand: LineDemand,
    raw: LineBuffer,
    idle: IdleTimer,
    /// Lines since the session's start.
    line_number: u64,
    /// Text that waits to be shown as if the shell had printed it.
    injected: Vec<u8>,
    /// Lines that are tried once the host has looked at the pty.
    awaiting_pty_state: VecDeque<(CandidateLine, LineStage)>,
    /// Output that waits for the gate to open.
    withheld: Vec<u8>,
    notices: Notices,
    notice_output: NoticeOutput,
    /// Whether the terminal has been told to go back to what it was.
    restored: bool,
}

/// What printing needs of other machines.
pub(super) struct Readers<'a> {
    pub(super) triggers: &'a mut TriggerTable,
    /// A coprocess that reads lines.
    pub(super) coproc: Option<&'a mut Coproc>,
    /// Whether a client has subscribed to lines.
    pub(super) subscribed: bool,
    /// What a coprocess that a trigger starts will read.
    pub(super) format: InputFormat,
}

/// What was found in the output.
#[derive(Debug)]
pub(super) enum OutputEvent {
    /// A finished line that matters.
    Line(CandidateLine),
    /// The shell says something of its commands. `coproc_knows` is whether a coprocess that reads lines was told.
    Shell { event: ShellEvent, coproc_knows: bool },
}

impl Output {
    /// Creates the output of a session that has printed nothing.
    pub(super) fn new(terminal: TerminalOutput, notice_output: NoticeOutput) -> Self {
        Self {
            terminal,
            muted: None,
            demand: LineDemand::default(),
            raw: LineBuffer::default(),
            idle: IdleTimer::default(),
            line_number: 0,
            injected: Vec::new(),
            awaiting_pty_state: VecDeque::new(),
            withheld: Vec::new(),
            notices: Notices::default(),
            notice_output,
            restored: false,
        }
    }

    /// Returns the number of lines since the session's start.
    #[cfg(test)]
    pub(super) fn line_number(&self) -> u64 {
        self.line_number
    }

    /// Whether raw bytes of the unfinished line are kept.
    #[cfg(test)]
    pub(super) fn keeps_raw(&self) -> bool {
        self.demand.keeps_raw || !self.raw.is_empty()
    }

    /// Whether lines wait until the host has looked at the pty.
    pub(super) fn awaits_pty_state(&self) -> bool {
        !self.awaiting_pty_state.is_empty()
    }

    /// Keeps a line until the host has looked at the pty. Returns whether it is the first: then the host is to look.
    pub(super) fn await_pty_state(&mut self, line: CandidateLine, stage: LineStage) -> bool {
        let first = self.awaiting_pty_state.is_empty();
        self.awaiting_pty_state.push_back((line, stage));
        first
    }

    /// The host has looked: takes the lines that waited.
    pub(super) fn take_awaiting(&mut self) -> VecDeque<(CandidateLine, LineStage)> {
        std::mem::take(&mut self.awaiting_pty_state)
    }

    /// Keeps output until the gate opens.
    pub(super) fn withhold(&mut self, bytes: &[u8]) {
        self.withheld.extend_from_slice(bytes);
    }

    /// Takes the output that was withheld.
    pub(super) fn take_withheld(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.withheld)
    }

    /// Whether output is withheld.
    pub(super) fn has_withheld(&self) -> bool {
        !self.withheld.is_empty()
    }

    /// Whether the pty may be read as far as the terminal and what waits for it are concerned.
    pub(super) fn has_room(&self) -> bool {
        self.terminal.is_empty() && self.withheld.len() < WITHHELD_LIMIT && self.awaiting_pty_state.is_empty()
    }

    /// Looks at lines as closely as their readers want now. Lines are counted on from where the history is.
    pub(super) fn set_demand(&mut self, demand: LineDemand) {
        if demand == self.demand {
            return;
        }
        if demand.assembles && !self.demand.assembles {
            self.terminal.assemble();
            self.line_number = self.terminal.number();
        } else if self.demand.assembles && !demand.assembles {
            self.terminal.counted(self.line_number, true);
            self.terminal.stop_assembling();
            self.idle.forget();
        }
        if demand.keeps_raw && !self.demand.keeps_raw {
            let start = self.terminal.text().line_start();
            self.raw.restart(start);
            self.raw.push(&self.terminal.printed_since(start));
            self.raw.keep_from(start);
        } else if !demand.keeps_raw {
            self.raw = LineBuffer::default();
        }
        self.demand = demand;
    }

    /// Returns as much of the output as comes before the notices that wait: on a terminal that cannot be drawn on they
    /// stand where the next line begins.
    pub(super) fn up_to_notice<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        if !self.terminal.is_dumb() || self.notices.first().is_none() {
            return bytes;
        }
        memchr::memchr(b'\n', bytes).map_or(bytes, |end| &bytes[..=end])
    }

    /// Shows output, up to the line that may silence the rest. Returns how many bytes, and what was found in them.
    pub(super) fn print(&mut self, now: Instant, bytes: &[u8], readers: Readers<'_>) -> (usize, Vec<OutputEvent>) {
        if self.demand.granularity == Granularity::None && readers.coproc.is_none() {
            let mut sink = EventSink::default();
            self.terminal.print(bytes, &mut sink);
            self.keep_raw(bytes);
            return (bytes.len(), shell_events(sink.0, false).collect());
        }
        let behind = match self.demand.granularity {
            Granularity::Lines => AfterMatch::Unread,
            _ if self.demand.keeps_raw && readers.format.tells_of_lines() => AfterMatch::Found,
            _ => AfterMatch::Looked,
        };
        let mut sink = TriggerSink {
            now,
            triggers: readers.triggers,
            number: &mut self.line_number,
            reader: readers.coproc,
            everything: readers.subscribed,
            behind,
            alt_screen: self.terminal.text().alt_screen(),
            found: Vec::new(),
            aside: Vec::new(),
        };
        let used = self.terminal.print(bytes, &mut sink);
        let TriggerSink { found, aside, .. } = sink;
        self.terminal.counted(self.line_number, false);
        self.keep_raw(&bytes[..used]);
        let found = found.into_iter().map(|item| match item {
            SinkItem::Line(line) => OutputEvent::Line(line),
            SinkItem::Happened(event) => OutputEvent::Shell { event, coproc_knows: false },
        });
        (used, found.chain(shell_events(aside, true)).collect())
    }

    fn keep_raw(&mut self, bytes: &[u8]) {
        if self.demand.keeps_raw {
            self.raw.push(bytes);
        }
    }

    /// Passes output to a silent coprocess that reads lines.
    pub(super) fn print_muted(&mut self, now: Instant, bytes: &[u8], coproc: Option<&mut Coproc>) {
        if let (Some(muted), Some(coproc)) = (&mut self.muted, coproc) {
            muted.print(bytes, &mut CoprocSink { now, coproc, number: &mut self.line_number });
            self.idle.stir(now);
        }
    }

    /// The events of what was printed have been handled: drops the raw bytes that no trigger can want any more, and waits
    /// for the output to rest. Returns whether the unfinished line is to be tried at once.
    pub(super) fn printed(&mut self, now: Instant) -> bool {
        self.drop_raw();
        if self.demand.granularity == Granularity::None && !self.demand.assembles {
            return false;
        }
        if self.terminal.text_mut().partial().is_none() {
            self.idle.forget();
            return false;
        }
        self.idle.stir(now);
        self.demand.instant
    }

    /// Drops the raw bytes that no trigger can want any more.
    pub(super) fn drop_raw(&mut self) {
        if self.demand.keeps_raw {
            let unfinished = self.terminal.text().line_start();
            let waiting = self.awaiting_pty_state.front().map_or(unfinished, |(line, _)| line.start);
            self.raw.keep_from(waiting.min(unfinished));
        }
    }

    /// Returns the raw bytes of a line from its start on, as far as they are kept.
    pub(super) fn raw_from(&self, line: &CandidateLine) -> Vec<u8> {
        self.raw.from(line.start).to_vec()
    }

    /// A file transfer begins on the line that the cursor is on: the line is wiped, and its bytes are not wanted again.
    pub(super) fn begin_transfer(&mut self) {
        self.terminal.wipe_line();
        self.raw.restart(self.terminal.text().offset());
    }

    /// Returns the unfinished line, if there is one.
    pub(super) fn partial_line(&mut self) -> Option<CandidateLine> {
        let text = match &mut self.muted {
            Some(muted) => muted.text_mut(),
            None => self.terminal.text_mut(),
        };
        CandidateLine::partial(text, self.line_number + 1)
    }

    /// Returns the stage at which the unfinished line is to be tried now, if it is time.
    pub(super) fn tick(&mut self, now: Instant) -> Option<LineStage> {
        match self.idle.due(now) {
            IdleState::No => None,
            IdleState::Paused => Some(LineStage::Paused),
            IdleState::Settled => Some(LineStage::Settled),
        }
    }

    /// A match that could still grow waits until this time.
    pub(super) fn hold(&mut self, until: Instant) {
        self.idle.hold(until);
    }

    /// Returns when `tick` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.idle.deadline()
    }

    /// A silent coprocess begins that reads lines.
    pub(super) fn mute(&mut self, now: Instant, size: Size) {
        self.muted = Some(TerminalOutput::unseen(now, size));
    }

    /// A silent coprocess could not be started.
    pub(super) fn unmute(&mut self) {
        self.muted = None;
    }

    /// A silent coprocess has ended. Returns what it had not read, in a form that can be shown.
    pub(super) fn end_silence(&mut self, reclaimed: Reclaimed) -> Vec<u8> {
        if reclaimed.has_progress {
            self.terminal.show_below("");
        }
        let line = self.muted.take().map(|mut muted| muted.take_line()).unwrap_or_default();
        if reclaimed.format.tells_of_lines() {
            self.terminal.counted(self.line_number, true);
        }
        self.idle.forget();
        match (reclaimed.format, reclaimed.unread) {
            (_, None) => Vec::new(),
            (InputFormat::Raw, Some(bytes)) => bytes,
            (InputFormat::Text, Some(bytes)) => with_returns(&bytes),
            // The objects are no text; the line that the output rests on, a prompt, comes back at least.
            (InputFormat::Json, Some(_)) => line,
        }
    }

    /// Queues text to be shown as if the shell had printed it. Returns whether there was room for it.
    pub(super) fn inject(&mut self, bytes: &[u8]) -> bool {
        let fits = self.injected.len() + bytes.len() <= INJECTED_LIMIT;
        if fits {
            self.injected.extend_from_slice(bytes);
        }
        fits
    }

    /// Takes the injected text, if the output is at rest.
    pub(super) fn take_injected(&mut self) -> Option<Vec<u8>> {
        let now = !self.injected.is_empty() && self.terminal.text().in_ground_state();
        now.then(|| std::mem::take(&mut self.injected))
    }

    /// Queues a notice, unless none are wanted.
    pub(super) fn notice(&mut self, notice: Notice) {
        if self.notice_output == NoticeOutput::Notices {
            self.notices.push(notice);
        }
    }

    /// Shows what coshell has to say, as far as it can be shown now.
    pub(super) fn settle_notices(&mut self) {
        self.terminal.settle(&mut self.notices);
    }

    /// Puts the terminal back as it was, once.
    pub(super) fn restore(&mut self) {
        if !std::mem::replace(&mut self.restored, true) {
            self.terminal.restore();
        }
    }

    /// Whether the terminal has been told to go back to what it was.
    pub(super) fn is_restored(&self) -> bool {
        self.restored
    }

    /// The terminal takes nothing and is waited for no longer; notices would be shown on a terminal that does not read.
    pub(super) fn give_up(&mut self) {
        self.terminal.give_up();
        self.notices = Notices::default();
    }

    /// Takes the next notice that has not been shown.
    pub(super) fn take_notice(&mut self) -> Option<Notice> {
        self.notices.take()
    }

    /// The window has this size.
    pub(super) fn resize(&mut self, size: Size) {
        self.terminal.resize(size);
        if let Some(muted) = &mut self.muted {
            muted.resize(size);
        }
    }
}

fn shell_events(events: Vec<ShellEvent>, coproc_knows: bool) -> impl Iterator<Item = OutputEvent> {
    events.into_iter().map(move |event| OutputEvent::Shell { event, coproc_knows })
}

/// Returns text with CR in front of each LF, as a terminal wants it: LF alone only moves down.
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

    #[test]
    fn text_is_given_its_returns() {
        assert_eq!(with_returns(b"a\nb\n"), b"a\r\nb\r\n");
    }
}
