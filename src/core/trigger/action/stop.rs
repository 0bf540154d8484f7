//! `stop`: ends the tries of triggers on the line. The trigger set reads [`ActionKind::stops`]; the action has no
//! effect of its own.

use super::{Action, ActionContext, ActionKind};
use crate::core::trigger::Hit;

pub(super) const KIND: ActionKind = ActionKind {
    name: "stop",
    letter: None,
    value: None,
    summary: "Skip the remaining triggers for the line",
    manual: "Skips the triggers after this one for the line.",
    starts: None,
    stops: true,
    parse: |_, _| Ok(Box::new(StopProcessing)),
};

#[derive(Debug)]
struct StopProcessing;

impl Action for StopProcessing {
    fn fire(&self, _: &Hit, _: &mut ActionContext<'_>) {}
}
