//! `send TEXT`: types the text into the shell.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "send",
    letter: None,
    value: Some("TEXT"),
    summary: "Type TEXT (\\r is Enter)",
    manual: "Types \\fITEXT\\fR into the shell. The escapes are \\fB\\er \\en \\et \\ee \\exNN\\fR and \
             \\fB\\e\\e\\fR; \\fB\\er\\fR is the Enter key. \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR in it \
             stand for the match, without control characters. \\fB$$\\fR is a dollar sign.",
    starts: None,
    stops: false,
    parse: |text, groups| Ok(Box::new(Send(Template::parse_escaped(text, groups)?))),
};

#[derive(Debug)]
struct Send(Template);

impl Action for Send {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Type(self.0.expand(&hit.captures)));
    }
}
