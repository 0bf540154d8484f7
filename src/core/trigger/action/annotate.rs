//! `annotate TEXT`: a note on the line.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "annotate",
    letter: None,
    value: Some("TEXT"),
    summary: "Add a note to the line",
    manual: "Adds the note \\fITEXT\\fR to the line. \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR in it stand for \
             the match. The note is shown as a notice; \\fBcoshell notes\\fR lists all notes.",
    starts: None,
    stops: false,
    // The notice of a note goes to the screen alone: triggers do not read it.
    parse: |text, groups| Ok(Box::new(Annotate(Template::parse(text, groups)?))),
};

#[derive(Debug)]
struct Annotate(Template);

impl Action for Annotate {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Annotate(super::notify::printable(&self.0.expand(&hit.captures))));
    }
}
