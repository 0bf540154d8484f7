//! Reasons why a trigger is not carried over.

use std::error::Error;
use std::fmt;

use super::pattern::IcuError;
use crate::core::trigger::StatusError;

/// Reason why a trigger is not carried over. Displayed as a sentence without its period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The entry is no trigger.
    NoTrigger,
    /// The trigger has no pattern.
    NoPattern,
    /// This part of the trigger is longer than coshell converts.
    TooLong(&'static str),
    /// The pattern is not translated.
    Pattern(IcuError),
    /// coshell refuses the option of the trigger.
    Option(String),
    /// coshell has no such action; with the reason and a remedy.
    Action {
        /// The name of the action in iTerm2.
        title: &'static str,
        /// What is missing, and what does the same.
        why: &'static str,
    },
    /// iTerm2 has an action that was not known when this was written.
    UnknownAction(String),
    /// coshell has no such event; with the reason.
    Event {
        /// The name of the event in iTerm2.
        title: &'static str,
        /// What is missing.
        why: &'static str,
    },
    /// iTerm2 has an event that was not known when this was written.
    UnknownEvent(u64),
    /// The action works on text, and an event has none.
    NoMatch(&'static str),
    /// The event waits for an exit status that is none.
    ExitStatus(StatusError),
    /// The event waits for a variable of iTerm2's own.
    Variable {
        /// Its name.
        name: String,
        /// The event of coshell that tells of the same.
        event: Option<&'static str>,
    },
    /// The pattern is for web pages.
    Browser,
    /// The action needs a parameter and has none.
    NoParameter,
    /// The parameter has an expression of iTerm2.
    Expression(String),
    /// The command cannot be rewritten.
    Command(CommandFault),
    /// The parameter is no colour that can be read.
    Colour(String),
    /// The parameter has an SGR code for which there is no style.
    SgrCode(String),
}

/// Reason why a command is not rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandFault {
    /// What was captured would be the name of the command.
    Name,
    /// What was captured would be part of a program for this command.
    Program(String),
    /// What was captured stands where its quoting is not clear.
    Place,
    /// What was captured stands behind a backslash.
    Backslash,
    /// The command uses a positional parameter, which here is a capture.
    Positional(String),
}

impl Reason {
    /// Creates the reason for an error of coshell about a `part` of the trigger. The first line of the error says what is
    /// wrong; others draw the pattern.
    pub(super) fn refused(part: &str, fault: impl fmt::Display) -> Self {
        let sentence = fault.to_string();
        Self::Option(format!("coshell refuses its {part}: {}", sentence.lines().next().unwrap_or_default()))
    }
}

impl Error for Reason {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTrigger => f.write_str("this is no trigger: it is no dictionary with an action"),
            Self::NoPattern => f.write_str("it has no pattern, so it never fires in iTerm2 either: write one"),
            Self::TooLong(part) => write!(f, "its {part} is too long: shorten it"),
            Self::Pattern(error) => error.fmt(f),
            Self::Option(sentence) => f.write_str(sentence),
            Self::Action { title, why } => write!(f, "the action \"{title}\" has no equivalent: {why}"),
            Self::UnknownAction(class) => {
                write!(
                    f,
                    "the action {} is not known: look for one that does the same under ACTIONS in coshell(1)",
                    class.escape_debug()
                )
            }
            Self::Event { title, why } => write!(f, "the event \"{title}\" has no equivalent: {why}"),
            Self::UnknownEvent(number) => {
                write!(f, "the match type {number} is not known: look for an event that is the same in coshell(1)")
            }
            Self::NoMatch(title) => {
                write!(f, "the action \"{title}\" works on matched text, and an event has none: choose another action")
            }
            Self::ExitStatus(error) => error.fmt(f),
            Self::Variable { name, event: Some(event) } => {
                write!(f, "the variable \"{name}\" is iTerm2's own: the event {event} tells of the same")
            }
            Self::Variable { name, event: None } => write!(
                f,
                "the variable \"{}\" is iTerm2's own, and coshell follows those that programs set: name one with user. in front",
                name.escape_debug()
            ),
            Self::Browser => f.write_str("it is for web pages in iTerm2's browser, which a terminal does not show"),
            Self::NoParameter => f.write_str("its parameter is missing: write one"),
            Self::Expression(expression) => write!(
                f,
                "its parameter has the expression \\({}), which only iTerm2 can evaluate: write the text, or $0 and $1 for the \
                 match",
                expression.escape_debug()
            ),
            Self::Command(fault) => fault.fmt(f),
            Self::Colour(text) => {
                write!(f, "'{}' is no colour that can be read: write a style such as 'bold red'", text.escape_debug())
            }
            Self::SgrCode(code) => {
                write!(f, "there is no style for the code '{}': write one such as 'bold red'", code.escape_debug())
            }
        }
    }
}

impl fmt::Display for CommandFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str(
                "the matched text would be the command to run, so any output could run anything: write the command and pass the \
                 match as \"$1\"",
            ),
            Self::Program(name) => write!(
                f,
                "the matched text would be part of a program for {}, so any output could run anything: pass it as an argument \
                 \"$1\" and read it there",
                name.escape_debug()
            ),
            Self::Place => f.write_str(
                "the matched text stands where its quoting is not clear: write \"$1\" in the place of \\1 yourself",
            ),
            Self::Backslash => f.write_str(
                "the matched text stands behind a backslash: write \"$1\" in the place of \\1 yourself",
            ),
            Self::Positional(parameter) => write!(
                f,
                "{} in the command is empty in iTerm2, and would be part of the match here: leave it out or escape it",
                parameter.escape_debug()
            ),
        }
    }
}
