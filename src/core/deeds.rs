//! What follows when a trigger fires: its actions decide on a desk, and here it is done. Also how a coprocess is
//! started and how its output is typed.

use std::borrow::Cow;
use std::time::Instant;

use super::action::{Deed, Desk};
use super::coproc::{Coproc, Form, Loudness, Record, Silence};
use super::notes::Quoted;
use super::order::{Order, named};
use super::screen::Screen;
use super::trigger::{Hit, Moment};
use super::watch::Found;
use super::zmodem::Transfer;
use super::{Core, Effect, SilentKeys};
use crate::words::Child;

impl Core {
    /// A trigger fired on this line.
    pub(super) fn fire(&mut self, now: Instant, hit: &Hit, line: &Found, moment: Moment, out: &mut Vec<Effect>) {
        let Some(reaction) = &self.reactions[hit.trigger] else { return };
        let name = self.triggers.spec(hit.trigger).called().to_owned();
        let mut desk = Desk { trigger: &name, protocol: self.setup.protocol, deeds: Vec::new() };
        reaction.actions.iter().for_each(|action| action.fire(hit, &mut desk));
        let record = Record::Trigger { name: &name, line: &hit.line, captures: &hit.captures };
        self.tell(now, &record, out);
        for deed in desk.deeds {
            match deed {
                Deed::Type(bytes) => self.type_text(now, &name, &bytes, out),
                Deed::Show(bytes) => self.screen.show(&bytes),
                Deed::Annotate(text) => self.annotate(quoted(line, now, text), out),
                Deed::Mark(text) => self.notes.marks.push(quoted(line, now, text)),
                Deed::Capture => self.notes.captured.push(quoted(line, now, name.clone())),
                Deed::Set(variable, value) => {
                    if let Err(sentence) = self.notes.set(&variable, &value) {
                        self.notice(&format!("trigger \"{name}\" could not set a variable: {sentence}"), &[], out);
                    }
                }
                Deed::Inject(bytes) => {
                    if !self.inject(&bytes) {
                        self.notice(&format!("trigger \"{name}\" has injected more than is shown"), &[], out);
                    }
                }
                Deed::Title(title) => self.screen.entitle(title.as_bytes()),
                Deed::Run(order, stdin) => {
                    if let Some(sentence) = self.background.start(order, &stdin, out) {
                        self.notice(&sentence, &[], out);
                    }
                }
                Deed::Start(order, loudness) => {
                    self.start_coproc(now, order, loudness, self.setup.form, Some((&name, hit, line, moment)), out);
                }
            }
        }
    }

    fn type_text(&mut self, now: Instant, trigger: &str, bytes: &[u8], out: &mut Vec<Effect>) {
        if !self.typing.send(now, bytes) {
            let sentence =
                format!("trigger \"{trigger}\" has typed faster than the shell reads; this time it typed nothing");
            self.notice(&sentence, &[], out);
        }
    }

    /// Starts a coprocess; where a trigger did it, with the line that it fired on as its first input.
    pub(super) fn start_coproc(
        &mut self,
        now: Instant,
        order: Order,
        loudness: Loudness,
        form: Form,
        fired: Option<(&str, &Hit, &Found, Moment)>,
        out: &mut Vec<Effect>,
    ) {
        if let Some(running) = &self.coproc {
            let sentence =
                format!("{} was not started: coprocess {} is running", named(&order.command), running.name());
            return self.notice(&sentence, &[], out);
        }
        let silent = loudness == Loudness::Silent;
        let silence =
            silent.then(|| Silence::begin(now, self.screen.can_place(), self.setup.silent_keys == SilentKeys::Lock));
        let mut coproc = Coproc::start(now, order.command.clone(), form, silence);
        self.heed(form);
        if let Some((name, hit, line, moment)) = fired {
            coproc.tell(now, &Record::Trigger { name, line: &hit.line, captures: &hit.captures });
            let raw = self.raw.from(line.start).to_vec();
            coproc.raw(now, &raw);
            if let Some(record) = line.record(moment) {
                coproc.tell(now, &record);
            }
            coproc.intake.has_been_shown();
            if silent && let Some(transfer) = Transfer::begins(&raw) {
                self.transfer = Some(transfer);
                self.screen.wipe_line();
                self.raw.restart(self.screen.text().offset());
            }
        }
        if silent && form.tells_of_lines() {
            self.muted = Some(Screen::unseen(now, self.setup.size));
        }
        self.coproc = Some(coproc);
        out.push(Effect::Start(Child::Coproc, order));
    }

    /// The coprocess wrote: it is typed.
    pub(super) fn said(&mut self, now: Instant, bytes: &[u8]) {
        let Some(coproc) = &mut self.coproc else { return };
        coproc.said(bytes.len());
        let bytes = match &mut self.transfer {
            Some(transfer) => {
                let was_over = transfer.is_over();
                let typed = transfer.said(bytes);
                if transfer.is_over() && !was_over {
                    coproc.intake.conclude(now, transfer.last_input(), transfer.behind_far_fin());
                }
                Cow::Owned(typed)
            }
            None => Cow::Borrowed(bytes),
        };
        if !self.session.is_over() {
            self.typing.chunk(now, &bytes);
        }
    }
}

/// The line on which a trigger fired, and what is written down about it.
fn quoted(line: &Found, now: Instant, text: String) -> Quoted {
    let quote = String::from_utf8_lossy(&line.text).into_owned();
    Quoted { line: line.number, quote, time: now, text, part: None }
}
