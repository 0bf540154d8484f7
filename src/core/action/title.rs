//! `title TEXT`: sets the window's title (OSC 2).

use super::super::trigger::{Hit, Template};
use super::{Action, Deed, Desk, Kind};

pub(super) const KIND: Kind = Kind {
    name: "title",
    letter: None,
    value: Some("TEXT"),
    summary: "set the window title",
    manual: "Sets the terminal window's title to \\fITEXT\\fR, in which \\fB$0\\fR, \\fB$1\\fR, \\fB${name}\\fR stand for what \
             was matched.",
    starts: None,
    stops: false,
    // It goes to the terminal alone, which answers nothing.
    feeds_back: false,
    parse: |text, pattern| Ok(Box::new(Title(Template::parse(text, pattern)?))),
};

#[derive(Debug)]
struct Title(Template);

impl Action for Title {
    fn fire(&self, hit: &Hit, desk: &mut Desk<'_>) {
        let text = super::notify::plain(&self.0.expand(&hit.captures));
        desk.deeds.push(Deed::Title(text));
    }
}
