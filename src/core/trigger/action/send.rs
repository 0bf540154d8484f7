//! `send TEXT`: types the text into the shell.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "send",
    letter: None,
    value: Some("TEXT"),
    summary: "type TEXT (\\r is Enter)",
    manual: "Types \\fITEXT\\fR into the shell. \\fB\\er \\en \\et \\ee \\exNN\\fR and \\fB\\e\\e\\fR are escapes; \
             \\fB\\er\\fR is the Enter key. \\fB$0\\fR, \\fB$1\\fR, \\fB${name}\\fR stand for what was matched, without its \
             control characters, and \\fB$$\\fR for a dollar sign.",
    starts: None,
    stops: false,
    feeds_back: true,
    parse: |text, pattern| Ok(Box::new(Send(Template::parse_escaped(text, pattern)?))),
};

#[derive(Debug)]
struct Send(Template);

impl Action for Send {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Type(self.0.expand(&hit.captures)));
    }
}
