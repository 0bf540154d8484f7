//! `coproc CMD`, `silent-coproc CMD`: start a coprocess whose input begins with the triggering line.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::command_line::check_command;
use crate::core::request::Visibility;
use crate::core::trigger::Hit;

pub(super) const VISIBLE: ActionKind = ActionKind {
    name: "coproc",
    letter: Some('c'),
    value: Some("CMD"),
    summary: "start CMD as the coprocess",
    manual: "Starts \\fICMD\\fR by \\fB/bin/sh -c\\fR as the coprocess. It reads a copy of all that the shell prints, \
             and what it writes is typed into the shell. What the trigger matched is in its positional parameters: \
             \\fB$0\\fR the whole match, \\fB$1\\fR the first group. The first line that it reads is the line that \
             the trigger matched, from its first byte. It does not fire while a coprocess runs.",
    starts: Some(Visibility::Visible),
    stops: false,
    feeds_back: true,
    parse: |text, _| Ok(Box::new(StartCoproc { command: check_command(text)?, visibility: Visibility::Visible })),
};

pub(super) const SILENT: ActionKind = ActionKind {
    name: "silent-coproc",
    letter: Some('s'),
    summary: "start CMD, and show nothing while it runs",
    manual: "The same, but while it runs what the shell prints goes to the coprocess alone and the keyboard is locked; \
             Ctrl-C stops it. For file transfers.",
    starts: Some(Visibility::Silent),
    parse: |text, _| Ok(Box::new(StartCoproc { command: check_command(text)?, visibility: Visibility::Silent })),
    ..VISIBLE
};

#[derive(Debug)]
struct StartCoproc {
    command: String,
    visibility: Visibility,
}

impl Action for StartCoproc {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let command = cx.command_line(&self.command, hit);
        cx.effects.push(ActionEffect::Start(command, self.visibility));
    }
}
