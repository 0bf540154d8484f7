//! Which trigger of a configuration that has been read again goes on with the state of which trigger before: the one of the
//! same name; without a name, the one of the same pattern or event and options.

use std::collections::{HashMap, VecDeque};

use super::TriggerOptions;
use super::definition::{EVENT, TRIGGER, TriggerActions, TriggerDef};
use crate::core::request::OptionArg;

/// What a trigger is recognized by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TriggerIdentity<'a> {
    Name(&'a str),
    /// The option that begins it, its value, and the other options.
    Definition(&'static str, &'a str, &'a [OptionArg]),
}

impl<'a> TriggerIdentity<'a> {
    pub(super) fn of(options: &'a TriggerOptions, actions: &'a TriggerActions) -> Self {
        let begin = if options.event().is_some() { EVENT } else { TRIGGER };
        let definition = Self::Definition(begin, options.opener.text(), &actions.options);
        options.name.as_deref().map_or(definition, Self::Name)
    }
}

/// The triggers before, by what has become of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Predecessors {
    /// For each new definition the index of the trigger with whose state it goes on.
    pub(super) of_each: Vec<Option<usize>>,
    /// Indexes of those that have no successor.
    pub(super) left: Vec<usize>,
}

impl Predecessors {
    /// Finds the predecessors of `definitions` among the triggers `before`. Of several with the same identity the first goes
    /// on as the first.
    pub(super) fn find<'a>(
        before: impl Iterator<Item = (usize, TriggerIdentity<'a>)>,
        definitions: &[TriggerDef],
    ) -> Self {
        let mut known: HashMap<TriggerIdentity<'_>, VecDeque<usize>> = HashMap::new();
        before.for_each(|(i, identity)| known.entry(identity).or_default().push_back(i));
        let of_each = definitions.iter().map(|definition| {
            let identity = TriggerIdentity::of(&definition.options, &definition.actions);
            known.get_mut(&identity).and_then(VecDeque::pop_front)
        });
        let of_each = of_each.collect();
        let mut left: Vec<usize> = known.into_values().flatten().collect();
        left.sort_unstable();
        Self { of_each, left }
    }
}
