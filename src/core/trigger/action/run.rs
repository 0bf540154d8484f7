//! `run CMD`: runs a command in the background.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::command_line::check_command;
use crate::core::trigger::Hit;

pub(super) const KIND: ActionKind = ActionKind {
    name: "run",
    letter: None,
    value: Some("CMD"),
    summary: "run CMD in the background, the line on its stdin",
    manual: "Runs \\fICMD\\fR by \\fB/bin/sh -c\\fR in the background, with the line on its standard input and what \
             the trigger matched in \\fB$0\\fR, \\fB$1\\fR and so on. Its output goes nowhere; if it fails, a notice \
             says so with what it last wrote to standard error. At most 16 run at a time.",
    starts: None,
    stops: false,
    // The command may call `coshell send` or write to the terminal itself.
    feeds_back: true,
    parse: |text, _| Ok(Box::new(Run(check_command(text)?))),
};

#[derive(Debug)]
struct Run(String);

impl Action for Run {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let command = cx.command_line(&self.0, hit);
        cx.effects.push(ActionEffect::Run(command, [&hit.line[..], b"\n"].concat()));
    }
}
