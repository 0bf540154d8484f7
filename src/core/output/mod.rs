//! What becomes of the shell's output: to the screen and to the coprocess first, so that a trigger can neither
//! delay nor change it; then to whoever reads the lines.

pub(super) mod indicator;
pub(super) mod line_demand;
pub(super) mod line_sinks;
pub(super) mod notices;
pub(super) mod terminal;

use std::time::Instant;

use super::coproc::{Coproc, Event, StopReason};
use super::history::ShellEvent;
use super::trigger::{ConditionFacts, Firing, GUARD_MOST, GUARD_PAUSE, GUARD_WINDOW, LineStage, PtyState, Tried};
use super::{Core, Effect, LineDemand};
use line_sinks::{AfterMatch, CandidateLine, CoprocSink, EventSink, IdleState, SinkItem, TriggerSink};

impl Core {
    /// Takes in what was read from the pty and removes the trailer of a transfer that has just ended.
    pub(super) fn received(&mut self, now: Instant, bytes: &[u8], out: &mut Vec<Effect>) {
        let Some(trailer) = &mut self.trailer else { return self.printed(now, bytes, out) };
        if let Some(rest) = trailer.pass(now, bytes) {
            self.trailer = None;
            self.printed(now, &rest, out);
        }
    }

    /// Shows what only looked like a trailer.
    pub(super) fn release_trailer(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if let Some(trailer) = self.trailer.take() {
            self.printed(now, &trailer.into_held(), out);
        }
    }

    /// Output of the shell.
    pub(super) fn printed(&mut self, now: Instant, mut bytes: &[u8], out: &mut Vec<Effect>) {
        if self.is_silent() && !self.held.is_empty() {
            // It came before, and is what was printed behind the line that started the silence.
            let held = std::mem::take(&mut self.held);
            self.printed_silently(now, &held, out);
        }
        while !bytes.is_empty() {
            if !self.looking.is_empty() {
                self.stalled.extend_from_slice(bytes);
                return;
            }
            if self.is_silent() {
                return self.printed_silently(now, bytes, out);
            }
            if let Some(recovery) = &mut self.recovery {
                return recovery.push(now, bytes);
            }
            if self.holds_output() {
                return self.held.extend_from_slice(bytes);
            }
            let used = self.printed_aloud(now, self.up_to_a_notice(bytes), out);
            bytes = &bytes[used..];
            if !bytes.is_empty() && self.screen.is_dumb() {
                self.settle_notices();
            }
        }
    }

    /// As much of the output as comes before the notices that wait: on paper they stand where the next line begins.
    fn up_to_a_notice<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        if !self.screen.is_dumb() || self.notices.first().is_none() {
            return bytes;
        }
        memchr::memchr(b'\n', bytes).map_or(bytes, |end| &bytes[..=end])
    }

    /// Whether the output waits until the screen is coshell's again.
    pub(super) fn holds_output(&self) -> bool {
        self.is_lent() || self.is_held()
    }

    /// The screen is coshell's again: what has waited for that is shown.
    pub(super) fn release_held(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let held = std::mem::take(&mut self.held);
        self.printed(now, &held, out);
    }

    /// Whether a silent coprocess has the stream.
    pub fn is_silent(&self) -> bool {
        self.coproc.as_ref().is_some_and(Coproc::is_silent)
    }

    fn printed_silently(&mut self, now: Instant, bytes: &[u8], out: &mut Vec<Effect>) {
        let Some(coproc) = &mut self.coproc else { return };
        let given = self.transfer.as_mut().map_or(bytes.len(), |transfer| transfer.heard(now, bytes));
        let (given, behind) = bytes.split_at(given);
        coproc.raw(now, given);
        if let Some(transfer) = &self.transfer {
            if transfer.is_over() {
                coproc.intake.conclude(now, transfer.last_input(), b"");
                coproc.raw(now, behind);
            } else if transfer.is_far_gone() {
                self.pty_input.forget_chunks();
                coproc.process.stop(now, StopReason::FarGone, out);
            }
        }
        if let Some(muted) = &mut self.muted {
            muted.print(bytes, &mut CoprocSink { now, coproc, number: &mut self.number });
            self.rest.stir(now);
        }
    }

    /// Says how much was taken: up to the line that may silence the rest.
    fn printed_aloud(&mut self, now: Instant, bytes: &[u8], out: &mut Vec<Effect>) -> usize {
        let reader = self.coproc.as_mut().filter(|coproc| coproc.form().tells_of_lines());
        if self.watching == LineDemand::None && reader.is_none() {
            let mut aside = EventSink::default();
            self.screen.print(bytes, &mut aside);
            self.copied(now, bytes);
            self.happened(&aside.0, out);
            return bytes.len();
        }
        let behind = match self.watching {
            LineDemand::Lines => AfterMatch::Unread,
            _ if self.starts && self.settings.form.tells_of_lines() => AfterMatch::Found,
            _ => AfterMatch::Looked,
        };
        let mut picker = TriggerSink {
            now,
            triggers: &mut self.triggers,
            number: &mut self.number,
            reader,
            everything: self.control.subscribers.want_lines(),
            behind,
            alt_screen: self.screen.text().alt_screen(),
            found: Vec::new(),
            aside: Vec::new(),
        };
        let used = self.screen.print(bytes, &mut picker);
        let TriggerSink { found, aside, .. } = picker;
        self.screen.counted(self.number, false);
        self.copied(now, &bytes[..used]);
        for told in found {
            match told {
                SinkItem::Line(line) => self.line(now, line, LineStage::Finished, out),
                SinkItem::Happened(event) => {
                    if let Some(coproc) = &mut self.coproc {
                        coproc.tell(now, &Event::Happened(&event));
                    }
                    self.happened(&[event], out);
                }
            }
        }
        self.happened(&aside, out);
        self.keep_raw();
        self.stirred(now, out);
        used
    }

    /// Those who have subscribed to what comes to pass are told.
    fn happened(&self, all: &[ShellEvent], out: &mut Vec<Effect>) {
        for event in all {
            self.control.subscribers.tell(&Event::Happened(event), out);
        }
    }

    /// Bytes went to the screen: the others who want them as they are get them.
    fn copied(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(coproc) = &mut self.coproc {
            coproc.raw(now, bytes);
        }
        if self.starts {
            self.raw.push(bytes);
        }
    }

    /// Forgets the raw bytes that no trigger can want any more.
    fn keep_raw(&mut self) {
        if self.starts {
            let unfinished = self.screen.text().line_start();
            let waiting = self.looking.front().map_or(unfinished, |(line, _)| line.start);
            self.raw.keep_from(waiting.min(unfinished));
        }
    }

    /// Output came: the line that it ends on is tried when it has rested, or at once where a trigger says so.
    fn stirred(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.screen.text_mut().partial().is_none() {
            self.rest.forget();
            return;
        }
        self.rest.stir(now);
        if self.triggers.any_instant() {
            self.partial_line(now, LineStage::Chunk, out);
        }
    }

    /// Tries the line on which the output rests, if it is time.
    pub(super) fn tick_lines(&mut self, now: Instant, out: &mut Vec<Effect>) {
        match self.rest.due(now) {
            IdleState::No => {}
            IdleState::Paused => self.partial_line(now, LineStage::Paused, out),
            IdleState::Settled => self.partial_line(now, LineStage::Settled, out),
        }
    }

    fn partial_line(&mut self, now: Instant, moment: LineStage, out: &mut Vec<Effect>) {
        let text = match &mut self.muted {
            Some(muted) => muted.text_mut(),
            None => self.screen.text_mut(),
        };
        if let Some(line) = CandidateLine::partial(text, self.number + 1) {
            self.line(now, line, moment, out);
        }
    }

    fn line(&mut self, now: Instant, line: CandidateLine, moment: LineStage, out: &mut Vec<Effect>) {
        let record = line.record(moment);
        if let (Some(coproc), Some(record)) = (&mut self.coproc, &record) {
            coproc.tell(now, record);
        }
        if !self.is_silent() {
            if let Some(record) = &record {
                self.control.subscribers.tell_printed(record, || self.seconds_at(now), out);
            }
            self.try_line(now, line, moment, None, out);
        }
    }

    fn try_line(
        &mut self,
        now: Instant,
        line: CandidateLine,
        moment: LineStage,
        looked: Option<PtyState>,
        out: &mut Vec<Effect>,
    ) {
        if looked.is_none() && !self.looking.is_empty() {
            return self.looking.push_back((line, moment));
        }
        let facts = ConditionFacts { alt_screen: line.alt_screen, coproc: self.coproc.is_some(), looked };
        let mut firings = Vec::new();
        match self.triggers.try_line(now, line.line(), moment, &facts, &mut firings) {
            Tried::Done => {}
            Tried::Held { until } => self.rest.hold(until),
            Tried::NeedsLook => {
                out.push(Effect::QueryPty);
                self.looking.push_back((line, moment));
                return;
            }
        }
        for firing in firings {
            match firing {
                Firing::Hit(hit) => self.fire(now, &hit, &line, moment, out),
                Firing::Stopped { trigger } => self.loops(trigger, out),
            }
        }
    }

    fn loops(&mut self, trigger: usize, out: &mut Vec<Effect>) {
        let name = self.triggers.spec(trigger).called();
        let (window, pause) = (GUARD_WINDOW.as_secs(), GUARD_PAUSE.as_secs());
        let sentence = format!(
            "trigger \"{name}\" fired {GUARD_MOST} times in {window} s and may set itself off: it is stopped until it has \
             matched nothing for {pause} s; coshell trigger enable lets it go on at once"
        );
        self.notice(&sentence, &[], out);
    }

    /// Somebody has looked at the pty: what waited for that goes on.
    pub(super) fn looked(&mut self, now: Instant, looked: &PtyState, out: &mut Vec<Effect>) {
        self.secret_looked(now, looked, out);
        for (line, moment) in std::mem::take(&mut self.looking) {
            if !self.is_silent() {
                self.try_line(now, line, moment, Some(looked.clone()), out);
            }
        }
        self.keep_raw();
        let stalled = std::mem::take(&mut self.stalled);
        self.printed(now, &stalled, out);
    }
}
