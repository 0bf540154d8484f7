//! Actions of triggers. Each action is a file and a row in `KINDS`, which the command line, the help, the man page
//! and the tests read. An action has access to its [`ActionContext`] only.

mod annotate;
mod bell;
mod capture;
mod coproc;
mod describe;
mod highlight;
mod inject;
mod link;
mod mark;
mod notify;
mod run;
mod send;
mod set;
mod stop;
mod style;
mod title;

use std::fmt;

pub use notify::{Notification, Protocol};

use super::{Captures, Decoration, Groups, Hit, OptionError, Template};
use crate::core::command_line::CommandLine;
use crate::core::request::Visibility;
use crate::core::source_place::SourcePlace;

/// An action of a trigger.
pub trait Action: fmt::Debug {
    /// Appends the effects of the action for the match `hit` to those of `cx`.
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>);

    /// Returns whether the action changes how the match is shown.
    fn decorates(&self) -> bool {
        false
    }

    /// Returns what the action shows in another way. It is asked before the line is shown, for lines that can be changed.
    fn decorate(&self, _captures: &Captures) -> Option<Decoration> {
        None
    }

    /// Returns in words what `decorate` changes, if the action is of that kind.
    fn describe(&self, _captures: &Captures) -> Option<String> {
        None
    }
}

/// Kind of action: a row that the command line, the help, the man page and the configuration read.
#[derive(Debug)]
pub struct ActionKind {
    /// The option without dashes, and the key in a configuration.
    pub name: &'static str,
    /// The short option.
    pub letter: Option<char>,
    /// Name of the parameter in the help, if the action takes one; in brackets if the parameter is optional.
    pub value: Option<&'static str>,
    /// One line for the help, without a period.
    pub summary: &'static str,
    /// A paragraph for the man page.
    pub manual: &'static str,
    /// Visibility of the coprocess that the action starts. Such a trigger does not fire while a coprocess runs.
    pub starts: Option<Visibility>,
    /// Whether no later trigger is tried on the line.
    pub stops: bool,
    /// Makes the action from its parameter.
    pub parse: Parse,
}

/// Makes an action from its parameter, for a trigger with these groups.
pub type Parse = fn(&str, &dyn Groups) -> Result<Box<dyn Action>, OptionError>;

/// Every kind of action.
pub const KINDS: &[ActionKind] = &[
    coproc::VISIBLE,
    coproc::SILENT,
    send::KIND,
    run::KIND,
    notify::KIND,
    bell::KIND,
    title::KIND,
    highlight::MATCH,
    highlight::LINE,
    link::KIND,
    annotate::KIND,
    mark::KIND,
    capture::KIND,
    inject::KIND,
    set::KIND,
    stop::KIND,
];

/// Returns the kind called `name`.
pub fn kind(name: &str) -> Option<&'static ActionKind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Effect of an action, which the core performs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionEffect {
    /// Type these bytes into the shell.
    Type(Vec<u8>),
    /// Start this coprocess.
    Start(CommandLine, Visibility),
    /// Run this command in the background with these bytes on its stdin.
    Run(CommandLine, Vec<u8>),
    /// Put this note on the line.
    Annotate(String),
    /// Set a mark of this name on the line.
    Mark(String),
    /// Keep the line in the list of captured lines, with the place in a file that it names.
    Capture(Option<SourcePlace>),
    /// Process these bytes as if the shell had printed them.
    Inject(Vec<u8>),
    /// Set the session variable, the first, to the value, the second.
    Set(String, String),
    /// Write these bytes to the terminal; they do not move the cursor.
    Show(Vec<u8>),
    /// Show this desktop notification.
    Notify(Notification),
    /// Set the window's title.
    Title(String),
}

/// Data of a firing that actions read, and the effects that they append.
#[derive(Debug)]
pub struct ActionContext<'a> {
    /// The trigger's name, or its pattern if it has no name.
    pub trigger: &'a str,
    /// Title of the trigger's desktop notifications, if it is not the default.
    pub notify_title: Option<&'a Template>,
    /// Effects of the trigger's actions so far.
    pub effects: Vec<ActionEffect>,
}

impl ActionContext<'_> {
    /// Returns `command` with the match in its parameters `$0`, `$1`, ... and in its environment.
    fn command_line(&self, command: &str, hit: &Hit) -> CommandLine {
        let captures = &hit.captures;
        let group = |i| without_nul(captures.group(i).unwrap_or_default());
        let mut env = vec![
            ("COSHELL_TRIGGER".to_owned(), self.trigger.as_bytes().to_vec()),
            ("COSHELL_LINE".to_owned(), without_nul(&hit.line)),
            ("COSHELL_MATCH".to_owned(), group(0)),
        ];
        env.extend(hit.event.map(|event| ("COSHELL_EVENT".to_owned(), event.name().into())));
        env.extend(captures.iter().filter_map(|(name, value)| {
            Some((format!("COSHELL_MATCH_{}", name?), without_nul(value.unwrap_or_default())))
        }));
        CommandLine { command: command.to_owned(), args: (0..captures.len()).map(group).collect(), env }
    }
}

/// Neither an argument nor an environment variable can hold a NUL: execve(2).
fn without_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|&byte| byte != 0).collect()
}

#[cfg(test)]
mod tests;
