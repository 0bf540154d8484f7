//! `set NAME=VALUE`: a session variable.

use super::super::notes::check_name;
use super::super::trigger::{Hit, Template};
use super::{Action, Deed, Desk, Kind};

pub(super) const KIND: Kind = Kind {
    name: "set",
    letter: None,
    value: Some("NAME=VALUE"),
    summary: "set a session variable",
    manual: "Sets the session variable \\fINAME\\fR, which \\fBcoshell get\\fR prints, to \\fIVALUE\\fR, in which \\fB$0\\fR, \
             \\fB$1\\fR, \\fB${name}\\fR stand for what was matched.",
    starts: None,
    stops: false,
    feeds_back: false,
    parse: |text, pattern| {
        let (name, value) = text.split_once('=').ok_or("takes NAME=VALUE")?;
        check_name(name)?;
        Ok(Box::new(Set(name.to_owned(), Template::parse(value, pattern)?)))
    },
};

#[derive(Debug)]
struct Set(String, Template);

impl Action for Set {
    fn fire(&self, hit: &Hit, desk: &mut Desk<'_>) {
        let value = super::notify::plain(&self.1.expand(&hit.captures));
        desk.deeds.push(Deed::Set(self.0.clone(), value));
    }
}
