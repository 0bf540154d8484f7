//! What follows when a trigger fires: its actions decide on a desk, and here it is done. Also how a coprocess is
//! started and how its output is typed.

use std::borrow::Cow;
use std::time::Instant;

use super::annotations::Annotation;
use super::command_line::{CommandLine, named};
use super::coproc::{Coproc, Event, InputFormat, Progress, Visibility};
use super::output::line_sinks::CandidateLine;
use super::output::terminal::TerminalOutput;
use super::transfer::Transfer;
use super::trigger::action::{ActionContext, ActionEffect};
use super::trigger::{Hit, LineStage};
use super::{Core, Effect, SilentKeys};
use crate::types::Child;

impl Core {
    /// A trigger fired on this line.
    pub(super) fn fire(
        &mut self,
        now: Instant,
        hit: &Hit,
        line: &CandidateLine,
        moment: LineStage,
        out: &mut Vec<Effect>,
    ) {
        let Some(reaction) = &self.reactions[hit.trigger] else { return };
        let name = self.triggers.spec(hit.trigger).called().to_owned();
        let mut cx = ActionContext { trigger: &name, protocol: self.settings.protocol, effects: Vec::new() };
        reaction.actions.iter().for_each(|action| action.fire(hit, &mut cx));
        let record = Event::Trigger { name: &name, line: &hit.line, captures: &hit.captures };
        self.tell(now, &record, out);
        for deed in cx.effects {
            match deed {
                ActionEffect::Type(bytes) => self.type_text(now, &name, &bytes, out),
                ActionEffect::Show(bytes) => self.screen.show(&bytes),
                ActionEffect::Annotate(text) => self.annotate(quoted(line, now, text), out),
                ActionEffect::Mark(text) => self.notes.marks.push(quoted(line, now, text)),
                ActionEffect::Capture => self.notes.captured.push(quoted(line, now, name.clone())),
                ActionEffect::Set(variable, value) => {
                    if let Err(sentence) = self.notes.set(&variable, &value) {
                        self.notice(&format!("trigger \"{name}\" could not set a variable: {sentence}"), &[], out);
                    }
                }
                ActionEffect::Inject(bytes) => {
                    if !self.inject(&bytes) {
                        self.notice(&format!("trigger \"{name}\" has injected more than is shown"), &[], out);
                    }
                }
                ActionEffect::Title(title) => self.screen.set_title(title.as_bytes()),
                ActionEffect::Run(order, stdin) => {
                    if let Some(sentence) = self.background.start(order, &stdin, out) {
                        self.notice(&sentence, &[], out);
                    }
                }
                ActionEffect::Start(order, visibility) => {
                    self.start_coproc(
                        now,
                        order,
                        visibility,
                        self.settings.form,
                        Some((&name, hit, line, moment)),
                        out,
                    );
                }
            }
        }
    }

    fn type_text(&mut self, now: Instant, trigger: &str, bytes: &[u8], out: &mut Vec<Effect>) {
        if !self.pty_input.send(now, bytes) {
            let sentence =
                format!("trigger \"{trigger}\" has typed faster than the shell reads; this time it typed nothing");
            self.notice(&sentence, &[], out);
        }
    }

    /// Starts a coprocess; where a trigger did it, with the line that it fired on as its first input.
    pub(super) fn start_coproc(
        &mut self,
        now: Instant,
        order: CommandLine,
        visibility: Visibility,
        form: InputFormat,
        fired: Option<(&str, &Hit, &CandidateLine, LineStage)>,
        out: &mut Vec<Effect>,
    ) {
        if let Some(running) = &self.coproc {
            let sentence =
                format!("{} was not started: coprocess {} is running", named(&order.command), running.name());
            return self.notice(&sentence, &[], out);
        }
        let silent = visibility == Visibility::Silent;
        let silence = silent
            .then(|| Progress::begin(now, self.screen.can_place(), self.settings.silent_keys == SilentKeys::Lock));
        let mut coproc = Coproc::start(now, order.command.clone(), form, silence);
        self.heed(form);
        if let Some((name, hit, line, moment)) = fired {
            coproc.tell(now, &Event::Trigger { name, line: &hit.line, captures: &hit.captures });
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
            self.muted = Some(TerminalOutput::unseen(now, self.settings.size));
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
            self.pty_input.chunk(now, &bytes);
        }
    }
}

/// The line on which a trigger fired, and what is written down about it.
fn quoted(line: &CandidateLine, now: Instant, text: String) -> Annotation {
    let quote = String::from_utf8_lossy(&line.text).into_owned();
    Annotation { line: line.number, quote, time: now, text, part: None }
}
