//! `annotate TEXT`: a note on the line.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "annotate",
    letter: None,
    value: Some("TEXT"),
    summary: "put a note on the line",
    manual: "Puts the note \\fITEXT\\fR on the line, in which \\fB$0\\fR, \\fB$1\\fR, \\fB${name}\\fR stand for what was \
             matched. It is shown as a notice; \\fBcoshell notes\\fR lists all.",
    starts: None,
    stops: false,
    // The notice of a note goes to the screen alone: triggers do not read it.
    feeds_back: false,
    parse: |text, pattern| Ok(Box::new(Annotate(Template::parse(text, pattern)?))),
};

#[derive(Debug)]
struct Annotate(Template);

impl Action for Annotate {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Annotate(super::notify::printable(&self.0.expand(&hit.captures))));
    }
}
