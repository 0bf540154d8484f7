//! `inject TEXT`: processes the text as if the shell had printed it.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "inject",
    letter: None,
    value: Some("TEXT"),
    summary: "Show TEXT as if the shell printed it",
    manual: "Shows \\fITEXT\\fR as if the shell had printed it: coprocesses read it, and triggers fire on it. The \
             escapes and placeholders are those of \\fB\\-\\-send\\fR; \\fB\\er\\en\\fR ends a line, and \
             \\fB\\ee\\fR begins an escape sequence.",
    starts: None,
    stops: false,
    parse: |text, groups| Ok(Box::new(Inject(Template::parse_escaped(text, groups)?))),
};

#[derive(Debug)]
struct Inject(Template);

impl Action for Inject {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Inject(self.0.expand(&hit.captures)));
    }
}
