//! What a trigger does when it fires. One file per action and one line in `KINDS`: the options, the help, the
//! man page and the tests iterate it. An action acts through a `ActionContext` and sees nothing else.

mod annotate;
mod bell;
mod capture;
mod coproc;
mod inject;
mod mark;
mod notify;
mod run;
mod send;
mod set;
mod stop;
mod title;

use std::fmt;

pub use notify::Protocol;

use super::{Hit, OptionError, Pattern};
use crate::core::command_line::CommandLine;
use crate::core::request::Visibility;

/// Something that a trigger does.
pub trait Action: fmt::Debug {
    /// Does it for this match.
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>);
}

/// One kind of action: what is written down to ask for it, and what it is.
#[derive(Debug)]
pub struct ActionKind {
    /// The option without its dashes, and the key in a configuration.
    pub name: &'static str,
    /// The option's letter, if it has one.
    pub letter: Option<char>,
    /// What its parameter is called, if it takes one; in brackets where it need not be given.
    pub value: Option<&'static str>,
    /// One line for the help, without a period.
    pub summary: &'static str,
    /// A paragraph for the man page.
    pub manual: &'static str,
    /// Whether it starts a coprocess, so that it does not fire while one runs.
    pub starts: Option<Visibility>,
    /// Whether no further trigger is tried on the line.
    pub stops: bool,
    /// Whether what it does may come back as output and set a trigger off, by the keyboard or by what it shows as if the
    /// shell had printed it. The loop guard counts the firings of a trigger with such an action, and of no other.
    pub feeds_back: bool,
    /// Makes the action of its parameter.
    pub parse: Parse,
}

/// Makes the action of a parameter, for a trigger with this pattern.
pub type Parse = fn(&str, &Pattern) -> Result<Box<dyn Action>, OptionError>;

/// Every kind of action there is.
pub const KINDS: &[ActionKind] = &[
    coproc::VISIBLE,
    coproc::SILENT,
    send::KIND,
    run::KIND,
    notify::KIND,
    bell::KIND,
    title::KIND,
    annotate::KIND,
    mark::KIND,
    capture::KIND,
    inject::KIND,
    set::KIND,
    stop::KIND,
];

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static ActionKind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// What an action has decided; the core does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionEffect {
    /// These bytes are typed into the shell.
    Type(Vec<u8>),
    /// This coprocess is started.
    Start(CommandLine, Visibility),
    /// This command is run in the background, with these bytes on its stdin.
    Run(CommandLine, Vec<u8>),
    /// This note is put on the line.
    Annotate(String),
    /// A mark of this name is set on the line.
    Mark(String),
    /// The line is kept in the captured list.
    Capture,
    /// These bytes are shown as if the shell had printed them.
    Inject(Vec<u8>),
    /// This session variable is given this value.
    Set(String, String),
    /// These bytes, which move no cursor, go to the terminal.
    Show(Vec<u8>),
    /// The window's title is this.
    Title(String),
}

/// What an action may do, and the little that it may know.
#[derive(Debug)]
pub struct ActionContext<'a> {
    /// The trigger's name, or its pattern where it has none.
    pub trigger: &'a str,
    /// How the terminal is told to show a desktop notification.
    pub protocol: Protocol,
    /// What was decided so far.
    pub effects: Vec<ActionEffect>,
}

impl ActionContext<'_> {
    /// `request` with what was matched as its parameters `$0`, `$1`, ... and in its environment.
    fn command_line(&self, command: &str, hit: &Hit) -> CommandLine {
        let captures = &hit.captures;
        let group = |i| without_nul(captures.group(i).unwrap_or_default());
        let mut env = vec![
            ("COSHELL_TRIGGER".to_owned(), self.trigger.as_bytes().to_vec()),
            ("COSHELL_LINE".to_owned(), without_nul(&hit.line)),
            ("COSHELL_MATCH".to_owned(), group(0)),
        ];
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
