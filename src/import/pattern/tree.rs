//! The tree of a pattern.

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IcuNode {
    /// Nothing.
    Empty,
    /// A character that stands for itself.
    Char(char),
    /// A set of characters.
    Set(IcuSet),
    /// A line break, in the syntax of the crate `regex`.
    LineBreak,
    /// An anchor or a boundary, in the syntax of the crate `regex`.
    Look(&'static str),
    /// Flags for the rest of the group, without parentheses.
    Flags(String),
    /// A group with what stands behind its parenthesis, such as `?:`; nothing for a group with a number.
    Group(String, Box<Self>),
    /// A group that gives nothing back, with its place.
    Atomic(Box<Self>, IcuPlace),
    /// A part that is repeated.
    Repeat(Box<Self>, IcuRepeat),
    /// Parts in a row.
    Sequence(Vec<Self>),
    /// Alternatives.
    Alternatives(Vec<Self>),
}

/// A quantifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IcuRepeat {
    /// The number of times, such as `*` or `{2,3}`.
    pub(super) times: String,
    pub(super) mode: IcuRepeatMode,
}

/// How much a quantifier takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IcuRepeatMode {
    Greedy,
    Lazy,
    /// As much as it can, and gives nothing back.
    Possessive(IcuPlace),
}

/// A construct and its position, for the error that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IcuPlace {
    pub(super) construct: String,
    pub(super) position: usize,
}

/// A set of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IcuSet {
    /// All characters.
    Any,
    /// A class of the crate `regex`, such as `\d`.
    Class(String),
    Char(char),
    Range(char, char),
    Union(Vec<Self>),
    Both(Box<Self>, Box<Self>),
    Without(Box<Self>, Box<Self>),
    Not(Box<Self>),
}

impl IcuNode {
    /// Returns whether the part takes no text and looks at none.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Empty | Self::Flags(_))
    }
}
