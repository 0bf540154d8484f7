//! `bell`: rings the terminal's bell.

use super::super::trigger::Hit;
use super::{Action, Deed, Desk, Kind};

pub(super) const KIND: Kind = Kind {
    name: "bell",
    letter: None,
    value: None,
    summary: "ring the terminal's bell",
    manual: "Rings the terminal's bell.",
    starts: None,
    stops: false,
    // It goes to the terminal alone, which answers nothing.
    feeds_back: false,
    parse: |_, _| Ok(Box::new(Bell)),
};

#[derive(Debug)]
struct Bell;

impl Action for Bell {
    fn fire(&self, _: &Hit, desk: &mut Desk<'_>) {
        desk.deeds.push(Deed::Show(b"\x07".to_vec()));
    }
}
