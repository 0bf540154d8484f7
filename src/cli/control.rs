//! The subcommands: those that are one call of a session's socket, which `core::command` has, and those that need no
//! session.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::{items, trigger_args};
use crate::core::command::{self, Options};
use crate::core::rule::TRIGGER;

/// A subcommand, as it was typed.
#[derive(Debug)]
pub struct Call {
    /// The session to ask, if it was named.
    pub session: Option<String>,
    /// Print the answer as JSON.
    pub json: bool,
    /// What is asked.
    pub request: Request,
}

/// Who is asked.
#[derive(Debug)]
pub enum Request {
    /// A session.
    Session(command::Command),
    /// Nobody: it is done here.
    Local(Local),
}

/// What is done without a call.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Local {
    /// List this user's sessions
    Sessions,
    /// Ask the user of the session a line, and print it
    Ask {
        /// what stands in front of the line
        #[arg(value_name = "PROMPT", allow_hyphen_values = true)]
        prompt: String,
        /// what the line is at first
        #[arg(long, value_name = "TEXT", default_value = "")]
        default: String,
        /// do not show what is typed, and do not keep it
        #[arg(long)]
        secret: bool,
        /// ask on this very terminal
        #[arg(long, hide = true)]
        here: bool,
    },
    /// Print what a shell's start-up file sources, to mark prompts and commands
    Integration {
        /// the shell: bash, zsh or fish
        #[arg(value_name = "SHELL", hide_possible_values = true)]
        shell: Marked,
    },
    /// Print the completions of coshell's own command line for a shell
    Completions {
        /// the shell: bash, elvish, fish, powershell or zsh
        #[arg(value_name = "SHELL", hide_possible_values = true)]
        shell: Shell,
        /// the words of a command line up to the cursor: what may stand in place of the last is printed instead
        #[arg(value_name = "WORD", last = true, hide = true)]
        words: Vec<OsString>,
    },
}

/// A shell that can be made to mark its prompts and commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Marked {
    /// bash, 3.2 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// All subcommands, with the options that they share.
pub(super) fn subcommands() -> Vec<Command> {
    let all = Local::augment_subcommands(command::Command::augment_subcommands(Command::new("coshell")));
    all.get_subcommands().cloned().map(shared).collect()
}

/// A subcommand, and those below it, with the options that all have.
fn shared(subcommand: Command) -> Command {
    let mut subcommand = subcommand.arg(help_arg());
    let below: Vec<String> = subcommand.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    if below.is_empty() {
        return match subcommand.get_name() {
            "integration" | "completions" => subcommand,
            "sessions" => subcommand.arg(json_arg()),
            _ => subcommand.args([session_arg(), json_arg()]),
        };
    }
    for name in below {
        subcommand = subcommand.mut_subcommand(name, shared);
    }
    subcommand
}

fn help_arg() -> Arg {
    Arg::new("help").long("help").short('h').action(ArgAction::Help).help("this page")
}

fn session_arg() -> Arg {
    Arg::new("session")
        .long("session")
        .value_name("ID")
        .help("the session to ask; else the one inside which it is typed, or the only one")
}

fn json_arg() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("print the answer as JSON")
}

impl FromArgMatches for Call {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        // Without one there is no call: the session's subcommands, asked below, say so.
        let name = matches.subcommand_name().unwrap_or_default();
        let request = if Local::has_subcommand(name) {
            Request::Local(Local::from_arg_matches(matches)?)
        } else {
            Request::Session(command::Command::from_arg_matches(matches)?)
        };
        let last = deepest(matches);
        // Those that ask nobody do not have both options: clap refuses to say of one that it does not know.
        let session = last.try_get_one::<String>("session").unwrap_or_default().cloned();
        let json = last.try_get_one::<bool>("json").unwrap_or_default().copied();
        // Where there is no such option, nobody asked for JSON.
        Ok(Self { session, json: json.unwrap_or_default(), request })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What was typed behind the last subcommand.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| deepest(below))
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        command.args(trigger_args().into_iter().filter(|arg| arg.get_id() != TRIGGER))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(items(matches)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Typed, parse};
    use super::*;
    use crate::core::command::TriggerCommand;

    fn call(argv: &[&str]) -> Call {
        let argv = std::iter::once("coshell").chain(argv.iter().copied()).map(std::ffi::OsString::from);
        match parse(argv).unwrap_or_else(|error| panic!("{error}")) {
            Typed::Call(call) => call,
            Typed::Session(args) => panic!("{args:?}"),
        }
    }

    #[test]
    fn each_takes_the_shared_options() {
        let call = call(&["trigger", "list", "--json", "--session", "7"]);
        assert!(call.json && call.session.as_deref() == Some("7"));
    }

    #[test]
    fn each_has_a_page_of_help() {
        for name in super::super::command().get_subcommands().map(Command::get_name) {
            for help in ["-h", "--help"] {
                let error = parse(["coshell", name, help].map(std::ffi::OsString::from)).expect_err("it is help");
                assert_eq!(
                    (error.kind(), error.exit_code()),
                    (clap::error::ErrorKind::DisplayHelp, 0),
                    "{name} {help}"
                );
            }
        }
    }

    #[test]
    fn a_trigger_is_added_with_the_options_of_the_command_line() {
        let call = call(&["trigger", "add", "a", "--send", "-x", "--once", "--bell"]);
        let Request::Session(command::Command::Trigger(TriggerCommand::Add { regex, options })) = call.request else {
            panic!("{call:?}")
        };
        let names: Vec<_> = options.0.iter().map(|item| (&*item.name, &*item.value)).collect();
        assert_eq!((&*regex, &names[..]), ("a", &[("send", "-x"), ("once", ""), ("bell", "")][..]));
    }

    #[test]
    fn the_signal_has_a_name_or_a_number() {
        for (signal, number) in [("TERM", 15), ("sigint", 2), ("9", 9)] {
            let Request::Session(command::Command::Stop { signal }) = call(&["stop", "--signal", signal]).request
            else {
                panic!("{signal}")
            };
            assert_eq!(signal, number);
        }
    }
}
