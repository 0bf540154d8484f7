//! Errors in the definition of a trigger. An error carries the facts; its `Display` is the sentence.

use std::error::Error;
use std::fmt;

use super::groups::GroupOwner;
use super::pattern::BadPattern;
use crate::core::annotations::NameError;
use crate::core::command_line::CommandLineError;
use crate::core::named_enum::UnknownName;
pub use crate::types::DurationError;

/// Refusal of a trigger's definition. Displayed with the option in front, without dashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerError {
    /// The option at fault, without dashes.
    pub option: String,
    /// The reason: a sentence about the option.
    pub kind: OptionError,
}

impl Error for TriggerError {}

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.option, self.kind)
    }
}

/// Reason why an option of a trigger is refused. Displayed as a sentence about the option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionError {
    /// The trigger has an empty pattern.
    EmptyPattern,
    /// The trigger has a pattern that cannot be used.
    Pattern(BadPattern),
    /// There is no such event.
    Event(UnknownName),
    /// The trigger of this pattern or event has no action.
    NoAction(String),
    /// The trigger starts a coprocess already.
    SecondCoproc,
    /// There is no such option.
    Unknown {
        /// Names of the options that there are.
        known: Vec<&'static str>,
    },
    /// The option changes the search for a pattern, and an event opens the trigger.
    NotOfEvent(&'static str),
    /// The option is a filter of these events, and a pattern or another event opens the trigger.
    NotOfOpener {
        /// The event that opens the trigger, if one does.
        event: Option<&'static str>,
        /// The events of which the option is a filter.
        events: Vec<&'static str>,
    },
    /// The option takes no value, and has this one.
    Value(String),
    /// The value is neither true nor false.
    Bool(String),
    /// The value has no `=`.
    NoAssignment,
    /// The value cannot be run.
    Command(CommandLineError),
    /// The value cannot name a session variable.
    Name(NameError),
    /// The value is no template for the trigger's pattern.
    Template(TemplateError),
    /// The value is no duration.
    Duration(DurationError),
    /// The value is no condition.
    Condition(ConditionError),
    /// The value is no exit status.
    Status(StatusError),
    /// The value is no number of lines.
    Lines(String),
    /// The value is no style.
    Style(StyleError),
}

impl OptionError {
    /// Returns whether the fault depends on what opens the trigger.
    pub(super) fn is_about_opener(&self) -> bool {
        match self {
            Self::Template(error) => error.is_about_groups(),
            Self::NotOfEvent(_) | Self::NotOfOpener { .. } | Self::Style(StyleError::NoGroup(_)) => true,
            _ => false,
        }
    }
}

impl Error for OptionError {}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyPattern => {
                f.write_str("the pattern is empty: write a regular expression, or ^ to match every line")
            }
            Self::Pattern(error) => error.fmt(f),
            Self::Event(error) => error.fmt(f),
            Self::NoAction(pattern) => {
                let remedy = "add one after it, such as --coproc CMD, --send TEXT or --bell";
                write!(f, "'{pattern}' has no action: {remedy}")
            }
            Self::SecondCoproc => {
                f.write_str("a session has one coprocess at a time: remove all actions but one that start one")
            }
            Self::Unknown { known } => write!(f, "is not an option of a trigger; the options are {}", known.join(", ")),
            Self::NotOfEvent(event) => {
                write!(f, "belongs to a pattern: event {event} has no line that is searched; remove it")
            }
            Self::NotOfOpener { event, events } => {
                let opener = event.map_or_else(|| "a pattern".to_owned(), |event| format!("event {event}"));
                let known = events.join(", ");
                write!(f, "{opener} has nothing that it could filter; it belongs to these events: {known}")
            }
            Self::Value(value) => write!(f, "takes no value, but was given '{value}': leave that out"),
            Self::Bool(value) => write!(f, "'{value}' is neither true nor false: write one of them"),
            Self::NoAssignment => f.write_str("has no '=': write NAME=VALUE"),
            Self::Command(error) => error.fmt(f),
            Self::Name(error) => error.fmt(f),
            Self::Template(error) => error.fmt(f),
            Self::Duration(error) => error.fmt(f),
            Self::Condition(error) => error.fmt(f),
            Self::Status(error) => error.fmt(f),
            Self::Lines(text) => {
                write!(f, "'{}' is not a number of lines: write a number from 1 to 1000", text.escape_debug())
            }
            Self::Style(error) => error.fmt(f),
        }
    }
}

/// Makes each error of a value an [`OptionError`].
macro_rules! errors_of_values {
    ($($error:ident => $variant:ident,)+) => {
        $(impl From<$error> for OptionError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

errors_of_values! {
    CommandLineError => Command,
    NameError => Name,
    TemplateError => Template,
    DurationError => Duration,
    ConditionError => Condition,
    BadPattern => Pattern,
    StatusError => Status,
    StyleError => Style,
}

/// A text that is no filter of exit statuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusError(String);

impl StatusError {
    /// Creates the error of `text`.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Error for StatusError {}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not an exit status: write a number from 0 to 255, or nonzero", self.0.escape_debug())
    }
}

/// Reason why a text is no style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StyleError {
    /// The text is empty.
    Empty,
    /// A word of the text is neither an attribute nor a colour.
    Unknown {
        /// The word.
        word: String,
        /// Words that there are.
        known: Vec<&'static str>,
    },
    /// `on` is not followed by a colour.
    NoBackground,
    /// The pattern has no such group.
    NoGroup(String),
}

impl Error for StyleError {}

impl fmt::Display for StyleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the style is empty: write one such as 'bold red' or 'black on yellow'"),
            Self::Unknown { word, known } => {
                let others = "a number from 0 to 255, #rrggbb, or SGR numbers such as 1;31";
                write!(f, "there is no style '{}'; write {}, {others}", word.escape_debug(), known.join(", "))
            }
            Self::NoBackground => f.write_str("there is no colour behind 'on': write one, as in 'black on yellow'"),
            Self::NoGroup(group) => {
                write!(
                    f,
                    "the pattern has no group '{}': write the number or the name of one in front of the colon",
                    group.escape_debug()
                )
            }
        }
    }
}

/// Reason why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionError {
    /// The text names no condition.
    Unknown(UnknownName),
    /// The text is that of a condition on a name, without the name.
    NoName {
        /// The text.
        text: String,
        /// What stands in front of the equals sign.
        key: String,
    },
}

impl Error for ConditionError {}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(unknown) => unknown.fmt(f),
            Self::NoName { text, key } => {
                write!(f, "condition '{}' has no name: write {key}=NAME", text.escape_debug())
            }
        }
    }
}

/// A fault in the text of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Position of the fault in characters, from 1.
    pub position: usize,
    /// Kind of the fault.
    pub kind: TemplateErrorKind,
}

/// Kinds of faults in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateErrorKind {
    /// `\x` without two hexadecimal digits.
    HexDigits,
    /// A backslash before another character than those of the escapes.
    UnknownEscape(char),
    /// A backslash at the end of the text.
    TrailingBackslash,
    /// `${` without `}`.
    Unclosed,
    /// `$name` of a group that there is, without braces.
    Unbraced(String),
    /// The number of a group that there is not.
    NoGroup {
        /// What has the groups.
        owner: GroupOwner,
        /// The digits.
        key: String,
        /// Number of groups, without the whole.
        groups: usize,
    },
    /// The name of a group that there is not.
    NoName {
        /// What has the groups.
        owner: GroupOwner,
        /// The name.
        key: String,
        /// Names of the groups.
        names: Vec<String>,
    },
}

impl TemplateError {
    /// Returns whether the fault depends on the groups of the pattern.
    pub(super) fn is_about_groups(&self) -> bool {
        match self.kind {
            TemplateErrorKind::Unbraced(_) | TemplateErrorKind::NoGroup { .. } | TemplateErrorKind::NoName { .. } => {
                true
            }
            TemplateErrorKind::HexDigits
            | TemplateErrorKind::UnknownEscape(_)
            | TemplateErrorKind::TrailingBackslash
            | TemplateErrorKind::Unclosed => false,
        }
    }
}

impl Error for TemplateError {}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.position, self.kind)
    }
}

impl fmt::Display for TemplateErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HexDigits => f.write_str("\\x is not followed by two hexadecimal digits: write two, such as \\x1b"),
            Self::UnknownEscape(char) => {
                write!(f, "there is no escape \\{}; the escapes are \\r \\n \\t \\e \\xNN \\\\", char.escape_debug())
            }
            Self::TrailingBackslash => f.write_str("the text ends with a single \\; write \\\\ for a backslash"),
            Self::Unclosed => f.write_str("${ has no closing }: write one, or $${ for the text ${"),
            Self::Unbraced(name) => write!(f, "${name} is not replaced: write ${{{name}}}, or $${name} for the text"),
            Self::NoGroup { owner, key, groups } => {
                let noun = owner.noun(*groups);
                let groups = match groups {
                    0 => format!("no {noun}, only $0"),
                    1 => format!("one {noun}"),
                    _ => format!("{groups} {noun}"),
                };
                write!(f, "{owner} has {groups}, so there is no ${key}")?;
                if key.len() > 1 { write!(f, " (${{{}}} ends a number early)", &key[..1]) } else { Ok(()) }
            }
            Self::NoName { owner, key, names } => {
                let (one, all) = (owner.noun(1), owner.noun(0));
                let known = match &names[..] {
                    [] => format!("it has no named {all}"),
                    names => format!("its named {all} are {}", names.join(", ")),
                };
                let key = key.escape_debug();
                write!(f, "{owner} has no {one} named '{key}': {known}; write $${{ for the text ${{")
            }
        }
    }
}
