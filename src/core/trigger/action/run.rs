//! `run CMD`: runs a command in the background.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::command_line::check_command;
use crate::core::trigger::Hit;

pub(super) const KIND: ActionKind = ActionKind {
    name: "run",
    letter: None,
    value: Some("CMD"),
    summary: "Run CMD in the background; stdin has the line",
    manual: "Runs \\fICMD\\fR with \\fB/bin/sh -c\\fR in the background, with the line on its standard input and \
             the match in \\fB$0\\fR, \\fB$1\\fR and so on. Its output is discarded. If it fails, a notice shows \
             the end of its standard error; of the failures of one trigger within 10 seconds the first is shown at once, \
             and the last with the number of the others at their end. At most 16 commands run at a time, and up to 1,000 wait; a notice counts \
             those that are left out.",
    starts: None,
    stops: false,
    parse: |text, _| Ok(Box::new(Run(check_command(text)?))),
};

#[derive(Debug)]
struct Run(String);

impl Action for Run {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let command = cx.command_line(&self.0, hit);
        cx.effects.push(ActionEffect::Run(command, hit.input()));
    }
}
