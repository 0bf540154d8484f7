//! `mark [NAME]`: sets a mark in the history.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "mark",
    letter: None,
    value: Some("[NAME]"),
    summary: "Set a mark on the line",
    manual: "Sets a mark called \\fINAME\\fR on the line; without \\fINAME\\fR the mark has the name of the \
             trigger. \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR in it stand for the match. \\fBcoshell marks\\fR \
             lists the marks.",
    starts: None,
    stops: false,
    parse: |text, groups| {
        let name = if text.is_empty() { None } else { Some(Template::parse(text, groups)?) };
        Ok(Box::new(SetMark(name)))
    },
};

#[derive(Debug)]
struct SetMark(Option<Template>);

impl Action for SetMark {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let name = self.0.as_ref().map(|name| super::notify::printable(&name.expand(&hit.captures)));
        cx.effects.push(ActionEffect::Mark(name.unwrap_or_else(|| cx.trigger.to_owned())));
    }
}
