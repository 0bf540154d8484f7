//! `set NAME=VALUE`: sets a session variable.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::annotations::check_name;
use crate::core::trigger::{Hit, OptionError, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "set",
    letter: None,
    value: Some("NAME=VALUE"),
    summary: "Set a session variable",
    manual: "Sets the session variable \\fINAME\\fR to \\fIVALUE\\fR. \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR \
             in the value stand for the match. \\fBcoshell get\\fR prints session variables.",
    starts: None,
    stops: false,
    parse: |text, groups| {
        let (name, value) = text.split_once('=').ok_or(OptionError::NoAssignment)?;
        check_name(name)?;
        Ok(Box::new(SetVariable(name.to_owned(), Template::parse(value, groups)?)))
    },
};

#[derive(Debug)]
struct SetVariable(String, Template);

impl Action for SetVariable {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let value = super::notify::printable(&self.1.expand(&hit.captures));
        cx.effects.push(ActionEffect::Set(self.0.clone(), value));
    }
}
