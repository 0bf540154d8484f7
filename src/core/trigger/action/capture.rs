//! `capture`: keeps the line in the list of captured lines.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::Hit;

pub(super) const KIND: ActionKind = ActionKind {
    name: "capture",
    letter: None,
    value: None,
    summary: "Add the line to the captured lines",
    manual: "Adds the line to the list that \\fBcoshell captured\\fR prints.",
    starts: None,
    stops: false,
    parse: |_, _| Ok(Box::new(Capture)),
};

#[derive(Debug)]
struct Capture;

impl Action for Capture {
    fn fire(&self, _: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Capture);
    }
}
