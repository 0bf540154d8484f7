//! The groups to which the text of an action may refer: those of a pattern, or the values of an event.

use std::fmt;

/// Groups with numbers and names; group 0 is the whole and has no name.
pub trait Groups {
    /// Returns the number of groups, the whole included.
    fn count(&self) -> usize;

    /// Returns the name of each group, in order.
    fn names(&self) -> Box<dyn Iterator<Item = Option<&str>> + '_>;

    /// Returns what has the groups, for an error sentence.
    fn owner(&self) -> GroupOwner;
}

/// What has groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupOwner {
    /// The pattern of the trigger.
    Pattern,
    /// The event of this name, whose groups are called values.
    Event(&'static str),
}

impl GroupOwner {
    /// Returns the word for `count` of its groups.
    pub(super) fn noun(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Pattern, 1) => "group",
            (Self::Pattern, _) => "groups",
            (Self::Event(_), 1) => "value",
            (Self::Event(_), _) => "values",
        }
    }
}

impl fmt::Display for GroupOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern => f.write_str("the pattern"),
            Self::Event(name) => write!(f, "event {name}"),
        }
    }
}
