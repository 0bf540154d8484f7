//! `bell`: rings the terminal's bell.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::Hit;

pub(super) const KIND: ActionKind = ActionKind {
    name: "bell",
    letter: None,
    value: None,
    summary: "Ring the terminal's bell",
    manual: "Rings the terminal's bell.",
    starts: None,
    stops: false,
    // The bell goes to the terminal alone, which sends no response.
    parse: |_, _| Ok(Box::new(Bell)),
};

#[derive(Debug)]
struct Bell;

impl Action for Bell {
    fn fire(&self, _: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Show(b"\x07".to_vec()));
    }
}
