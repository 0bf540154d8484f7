//! `capture`: keeps the line in the captured list.

use super::super::trigger::Hit;
use super::{Action, Deed, Desk, Kind};

pub(super) const KIND: Kind = Kind {
    name: "capture",
    letter: None,
    value: None,
    summary: "keep the line in the captured list",
    manual: "Keeps the line in the list that \\fBcoshell captured\\fR prints.",
    starts: None,
    stops: false,
    feeds_back: false,
    parse: |_, _| Ok(Box::new(Capture)),
};

#[derive(Debug)]
struct Capture;

impl Action for Capture {
    fn fire(&self, _: &Hit, desk: &mut Desk<'_>) {
        desk.deeds.push(Deed::Capture);
    }
}
