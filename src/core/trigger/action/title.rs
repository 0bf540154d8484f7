//! `title TEXT`: sets the window's title (OSC 2).

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "title",
    letter: None,
    value: Some("TEXT"),
    summary: "Set the window title",
    manual: "Sets the title of the terminal window to \\fITEXT\\fR. \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR in \
             it stand for the match.",
    starts: None,
    stops: false,
    // The sequence goes to the terminal alone, which sends no response.
    parse: |text, groups| Ok(Box::new(SetTitle(Template::parse(text, groups)?))),
};

#[derive(Debug)]
struct SetTitle(Template);

impl Action for SetTitle {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let text = super::notify::printable(&self.0.expand(&hit.captures));
        cx.effects.push(ActionEffect::Title(text));
    }
}
