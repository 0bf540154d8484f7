//! How things end: the coprocess, its silence, the session. Also what is looked after at the end of every turn.

use std::time::Instant;

use super::command_line::named;
use super::coproc::{Coproc, InputFormat, StopReason};
use super::output::notices::{Notices, SeeAlso};
use super::transfer::{INTERRUPT, RecoveryStep, TrailerFilter};
use super::{Core, Effect};
use crate::types::{Child, ExitStatus, Port};

/// How often what is injected may set off what is injected, in one turn.
const INJECTIONS: usize = 100;

impl Core {
    /// Does what is due by now.
    pub(super) fn tick(&mut self, now: Instant, out: &mut Vec<Effect>) {
        self.session.tick(now);
        self.pty_input.settle(now);
        self.tick_keys(now, out);
        self.tick_popup(now, out);
        self.tick_lines(now, out);
        self.tick_coproc(now, out);
        self.tick_secret(now, out);
        self.tick_lending(now, out);
        if self.trailer.as_ref().and_then(TrailerFilter::deadline).is_some_and(|at| now >= at) {
            self.release_trailer(now, out);
        }
        if self.recovery.as_ref().is_some_and(|recovery| now >= recovery.deadline()) {
            self.step_aftermath(now, out);
        }
    }

    fn tick_coproc(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let Some(coproc) = &mut self.coproc else { return };
        if self.transfer.as_mut().is_some_and(|transfer| transfer.tick(now)) {
            self.pty_input.forget_chunks();
            coproc.process.stop(now, StopReason::FarGone, out);
        }
        let sentence = coproc.tick(now, out);
        if let Some(line) = coproc.draw(now, self.screen.cols()) {
            self.screen.show_below(&line);
        }
        if let Some(sentence) = sentence {
            self.notice(&sentence, &[], out);
        }
    }

    /// Whatever follows from how things stand now; called at the end of every turn.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if let Some(exit) = self.coproc.as_ref().and_then(Coproc::over) {
            self.end_coproc(now, exit, out);
        }
        self.show_injected(now, out);
        let told = self.coproc.as_ref().filter(|_| self.settings.indicator.is_some()).map(Coproc::command);
        self.screen.indicate(told, self.settings.indicator.unwrap_or_default());
        self.settle_popup(now, out);
        self.settle_notices();
        self.settle_lending(out);
        if self.session.shell_is_gone() {
            self.session.reads(now, self.wants_read(Port::Shell));
        }
        if self.session.is_over() {
            self.end_session(now, out);
        }
    }

    /// Shows the notices that can be shown now.
    pub(super) fn settle_notices(&mut self) {
        if !self.is_silent() && self.recovery.is_none() {
            self.screen.settle(&mut self.notices);
        }
    }

    /// Shows what was injected, in a moment of rest. A trigger that sets itself off so is stopped long before the last round.
    fn show_injected(&mut self, now: Instant, out: &mut Vec<Effect>) {
        for _ in 0..INJECTIONS {
            let rests = self.screen.text().in_ground_state() && self.looking.is_empty();
            let free = !self.is_silent() && self.recovery.is_none() && !self.holds_output();
            if self.injected.is_empty() || !rests || !free {
                return;
            }
            let bytes = std::mem::take(&mut self.injected);
            self.printed(now, &bytes, out);
        }
    }

    /// What a silent coprocess had not read is shown, unless it is what is left of a file transfer.
    pub(super) fn unread(&mut self, now: Instant, pipe: Vec<u8>, out: &mut Vec<Effect>) {
        let Some(coproc) = &mut self.coproc else { return };
        let failed = coproc.process.failed();
        let mut bytes = coproc.intake.take_unread(pipe);
        let form = coproc.form();
        if coproc.stop_drawing() {
            self.screen.show_below("");
        }
        let line = self.muted.take().map(|mut muted| muted.take_line()).unwrap_or_default();
        if form.tells_of_lines() {
            self.screen.counted(self.number, true);
        }
        self.rest.forget();
        if let Some(transfer) = &mut self.transfer {
            // Behind both ZFINs the file is there, and how the program ends has no bearing on the far side.
            if failed && !transfer.is_over() {
                self.recovery = Some(transfer.fail(now));
                return;
            }
            self.trailer = transfer.trailer(now);
            if let Some(trailer) = &mut self.trailer {
                let rest = trailer.pass(now, &bytes);
                self.trailer.take_if(|_| rest.is_some());
                bytes = rest.unwrap_or_default();
            }
        }
        match form {
            InputFormat::Raw => self.printed(now, &bytes, out),
            InputFormat::Text => self.printed(now, &with_returns(&bytes), out),
            // The objects are no text; the line that the output rests on, a prompt, comes back at least.
            InputFormat::Json => self.printed(now, &line, out),
        }
    }

    fn step_aftermath(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let Some(mut recovery) = self.recovery.take() else { return };
        match recovery.step(now, self.session.is_over()) {
            RecoveryStep::Type(keys) => {
                if keys == INTERRUPT {
                    out.push(Effect::DiscardTyped);
                }
                self.pty_input.key(now, keys);
                self.recovery = Some(recovery);
            }
            RecoveryStep::End(shown, keys) => {
                self.pty_input.key(now, keys);
                self.printed(now, &shown, out);
            }
        }
    }

    fn end_coproc(&mut self, now: Instant, exit: ExitStatus, out: &mut Vec<Effect>) {
        let Some(coproc) = self.coproc.take() else { return };
        out.push(Effect::Release(Child::Coproc));
        if let Some(transfer) = self.transfer.take().filter(|_| self.recovery.is_some()) {
            self.pty_input.chunk(now, transfer.last_words());
        }
        let ended = coproc.end(exit);
        let (name, wanted) = (named(&ended.command), ended.why.is_some() || exit.success());
        let failed = (!wanted).then(|| (format!("coprocess {name} failed: {exit}"), ended.stderr.last_lines()));
        if let Some((sentence, details)) = failed.as_ref().filter(|_| !self.control.coprocs.is_waited_for()) {
            self.notice_of(sentence, details, SeeAlso::Errors, out);
        }
        if ended.why == Some(StopReason::FarGone) {
            self.notice(&format!("{name} was stopped: the other side ended the transfer"), &[], out);
        }
        self.pty_input.settle(now);
        self.watch();
        self.coproc_ended(now, ended, failed, out);
    }

    fn end_session(&mut self, now: Instant, out: &mut Vec<Effect>) {
        self.pty_input.clear();
        self.end_lending(now, out);
        if self.is_lent() {
            return;
        }
        if self.recovery.is_some() {
            self.step_aftermath(now, out);
        }
        self.release_trailer(now, out);
        if let Some(coproc) = &mut self.coproc {
            coproc.finish(now, out);
            if !self.session.is_leaving() {
                return;
            }
        }
        if !self.finished {
            self.finished = true;
            self.screen.restore();
        }
        if self.last_call().is_some_and(|at| now >= at) {
            self.screen.give_up();
            // They would be said on a terminal that does not read.
            self.notices = Notices::default();
        }
        if self.screen.is_empty() {
            while let Some(notice) = self.notices.take() {
                out.extend(notice.lines().iter().cloned().map(Effect::Warn));
            }
            out.push(Effect::Finish(self.session.exit()));
        }
    }

    /// When a terminal that does not take what waits for it is waited for no longer.
    pub(super) fn last_call(&self) -> Option<Instant> {
        self.session.last_call().filter(|_| self.finished && !self.screen.is_empty())
    }
}

/// Text as a terminal wants it: LF alone would only go down.
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
