//! `stop`: no further trigger is tried on the line. The trigger set does it; there is nothing left to do here.

use super::super::trigger::Hit;
use super::{Action, Desk, Kind};

pub(super) const KIND: Kind = Kind {
    name: "stop",
    letter: None,
    value: None,
    summary: "try no further trigger on the line",
    manual: "No trigger configured after this one is tried on the line.",
    starts: None,
    stops: true,
    feeds_back: false,
    parse: |_, _| Ok(Box::new(Stop)),
};

#[derive(Debug)]
struct Stop;

impl Action for Stop {
    fn fire(&self, _: &Hit, _: &mut Desk<'_>) {}
}
