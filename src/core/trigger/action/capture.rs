//! `capture`: keeps the line in the list of captured lines.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::source_place::SourcePlace;
use crate::core::trigger::Hit;

pub(super) const KIND: ActionKind = ActionKind {
    name: "capture",
    letter: None,
    value: None,
    summary: "Add the line to the captured lines",
    manual: "Adds the line to the list that \\fBcoshell captured\\fR prints, with the place in a file that it names: by the \
             groups \\fIfile\\fR, \\fIline\\fR, \\fIcol\\fR, \\fIseverity\\fR and \\fImessage\\fR of the pattern, or in \
             a form that compilers use.",
    starts: None,
    stops: false,
    parse: |_, _| Ok(Box::new(Capture)),
};

#[derive(Debug)]
struct Capture;

impl Action for Capture {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        let text = |group: &[u8]| String::from_utf8_lossy(group).into_owned();
        let of_groups = SourcePlace::of_groups(|name| hit.captures.name(name).map(text));
        cx.effects.push(ActionEffect::Capture(of_groups.or_else(|| SourcePlace::in_text(&text(&hit.line)))));
    }
}
