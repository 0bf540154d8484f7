//! `mark [NAME]`: a mark in the history.

use super::super::trigger::{Hit, Template};
use super::{Action, Deed, Desk, Kind};

pub(super) const KIND: Kind = Kind {
    name: "mark",
    letter: None,
    value: Some("[NAME]"),
    summary: "set a mark in the history",
    manual: "Sets a mark on the line, which \\fBcoshell marks\\fR lists: \\fINAME\\fR, in which \\fB$0\\fR, \\fB$1\\fR, \
             \\fB${name}\\fR stand for what was matched, else the trigger's name.",
    starts: None,
    stops: false,
    feeds_back: false,
    parse: |text, pattern| {
        let name = if text.is_empty() { None } else { Some(Template::parse(text, pattern)?) };
        Ok(Box::new(Mark(name)))
    },
};

#[derive(Debug)]
struct Mark(Option<Template>);

impl Action for Mark {
    fn fire(&self, hit: &Hit, desk: &mut Desk<'_>) {
        let name = self.0.as_ref().map(|name| super::notify::plain(&name.expand(&hit.captures)));
        desk.deeds.push(Deed::Mark(name.unwrap_or_else(|| desk.trigger.to_owned())));
    }
}
