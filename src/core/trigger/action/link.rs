//! `link URL`: makes the match a hyperlink (OSC 8).

use super::describe::quoted;
use super::{Action, ActionContext, ActionKind};
use crate::core::trigger::{Captures, Decoration, Hit, Look, Template};

pub(super) const KIND: ActionKind = ActionKind {
    name: "link",
    letter: None,
    value: Some("URL"),
    summary: "Make the match a hyperlink to URL",
    manual: "Makes the match a hyperlink to \\fIURL\\fR, in which \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR stand for the \
             match. Text without a scheme is the path of a file, perhaps with \\fB:\\fR and the number of a line behind it: \
             \\fB\\-\\-link '$1'\\fR makes a link of \\fBsrc/main.rs:12\\fR. A relative path becomes one only if the shell \
             reports its directory (OSC 7).",
    starts: None,
    stops: false,
    parse: |text, pattern| Ok(Box::new(Link(Template::parse(text, pattern)?))),
};

#[derive(Debug)]
struct Link(Template);

impl Action for Link {
    // As `highlight`.
    fn fire(&self, _: &Hit, _: &mut ActionContext<'_>) {}

    fn decorates(&self) -> bool {
        true
    }

    fn decorate(&self, captures: &Captures) -> Option<Decoration> {
        let range = captures.range(0)?;
        Some(Decoration { range, look: Look::Link(self.0.expand(captures)) })
    }

    fn describe(&self, captures: &Captures) -> Option<String> {
        Some(format!("make {} a link to {}", quoted(captures.whole()), quoted(&self.0.expand(captures))))
    }
}
