//! `coproc CMD`, `silent-coproc CMD`: start a coprocess whose input begins with the triggering line.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::command_line::check_command;
use crate::core::request::Visibility;
use crate::core::trigger::Hit;

pub(super) const VISIBLE: ActionKind = ActionKind {
    name: "coproc",
    letter: Some('c'),
    value: Some("CMD"),
    summary: "Start CMD as the coprocess",
    manual: "Starts \\fICMD\\fR with \\fB/bin/sh -c\\fR as the coprocess (see \\fBCOPROCESS\\fR). The positional \
             parameters hold the match: \\fB$0\\fR the whole match, \\fB$1\\fR the first group. The first line \
             that the coprocess reads is the line that matched, from its first byte. The trigger does not fire \
             while a coprocess runs. Before the first \\fB\\-\\-trigger\\fR, the option starts \\fICMD\\fR when \
             the session starts.",
    starts: Some(Visibility::Visible),
    stops: false,
    parse: |text, _| Ok(Box::new(StartCoproc { command: check_command(text)?, visibility: Visibility::Visible })),
};

pub(super) const SILENT: ActionKind = ActionKind {
    name: "silent-coproc",
    letter: Some('s'),
    summary: "Start CMD and hide all output while it runs",
    manual: "Like \\fB\\-\\-coproc\\fR, but while \\fICMD\\fR runs, the output of the shell goes to the coprocess \
             only and the keyboard is locked. Ctrl-C stops it. Use it for file transfers (see \\fBSILENT \
             COPROCESS\\fR).",
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
