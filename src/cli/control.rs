//! Subcommands: those that send a request to a session, defined in `core::request`, and those that need no session.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::configuration::ConfigurationArgs;
use super::replay::ReplayArgs;
use super::suggest::SuggestArgs;
use super::transfer::{RzArgs, SzArgs};
use super::{SESSION, trigger_args, trigger_options};
use crate::core::access::AccessLevel;
use crate::core::request;
use crate::core::request::Options;
use crate::core::trigger::definition::opens;
use crate::error::Usage;

/// A parsed subcommand.
#[derive(Debug)]
pub struct Call {
    /// The session to ask, if it was given.
    pub session: Option<String>,
    /// Whether the response is printed as JSON.
    pub json: bool,
    /// The request.
    pub request: ClientCommand,
}

/// Receiver of a subcommand's request.
#[derive(Debug)]
pub enum ClientCommand {
    /// A session, by its socket.
    Session(request::Request),
    /// The client itself.
    Local(Local),
}

/// Subcommands without a request to a session.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Local {
    /// List your running sessions
    Sessions,
    /// Ask the user of the session for a line and print it
    Ask(Question),
    /// Serve the session to an AI agent by the Model Context Protocol on standard input and output
    Mcp(McpArgs),
    /// Run recordings through triggers and print what would fire; nothing is run, typed or shown
    Replay(ReplayArgs),
    /// Propose triggers from recordings and print them as a configuration
    Suggest(SuggestArgs),
    /// Receive files by ZMODEM on standard input and output, as rz(1) does
    Rz(RzArgs),
    /// Send files by ZMODEM on standard input and output, as sz(1) does
    Sz(SzArgs),
    /// Check the configuration and print what it does
    Check(CheckArgs),
    /// Convert the triggers of another program to a configuration
    #[command(subcommand)]
    Import(ImportSource),
    /// Print a shell script that marks prompts and commands
    Integration {
        /// Shell: bash, zsh or fish
        #[arg(value_name = "SHELL", hide_possible_values = true)]
        shell: MarkedShell,
    },
    /// Print a shell script that completes coshell's command line
    Completions {
        /// Shell: bash, elvish, fish, powershell or zsh
        #[arg(value_name = "SHELL", hide_possible_values = true)]
        shell: Shell,
        /// Words of a command line up to the cursor; prints completions of the last word instead of a script
        #[arg(value_name = "WORD", last = true, hide = true)]
        words: Vec<OsString>,
    },
}

/// What is checked.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct CheckArgs {
    /// The configuration
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// Print the JSON schema of configurations instead
    #[arg(long)]
    pub schema: bool,
}

/// How the session is served to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct McpArgs {
    /// What the agent may do at most: look, annotate or type
    #[arg(long, value_name = "LEVEL", default_value = "look", hide_possible_values = true)]
    pub allow: AccessLevel,
}

/// A question to the user.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Question {
    /// Text to show before the line
    #[arg(value_name = "PROMPT", allow_hyphen_values = true)]
    pub prompt: String,
    /// Initial text of the line
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub default: String,
    /// Do not show what is typed and do not store it
    #[arg(long, conflicts_with = "files")]
    pub secret: bool,
    /// Ask for names of existing files, in shell quoting; print one a line
    #[arg(long)]
    pub files: bool,
    /// With --files: end each name with NUL, not newline
    #[arg(short = '0', long)]
    pub null: bool,
    /// With --files: directory of relative names, in front of each in the output
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<String>,
    /// Ask on the current terminal
    #[arg(long, hide = true)]
    pub here: bool,
}

/// A program whose triggers can be converted.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ImportSource {
    /// Print the triggers of iTerm2 as a configuration
    Iterm2 {
        /// Profile as JSON, .it2triggers file or com.googlecode.iterm2.plist; - is standard input
        #[arg(value_name = "FILE", required = true, num_args = 1.., value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
}

/// A shell for which there is a script that marks prompts and commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MarkedShell {
    /// bash, 3.2 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// Returns all subcommands with their shared options.
pub(super) fn subcommands() -> Vec<Command> {
    let all = Local::augment_subcommands(request::Request::augment_subcommands(Command::new("coshell")));
    all.get_subcommands().cloned().map(shared).collect()
}

/// Adds the shared options to a subcommand and those below it.
fn shared(subcommand: Command) -> Command {
    let mut subcommand = subcommand.arg(help_arg());
    // A missing argument is named in a sentence, which a page of help would hide.
    subcommand = subcommand.arg_required_else_help(false);
    let below: Vec<String> = subcommand.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    if below.is_empty() {
        return match subcommand.get_name() {
            "iterm2" | "integration" | "completions" | "rz" | "sz" => subcommand,
            "mcp" => subcommand.arg(session_arg()),
            "sessions" | "replay" | "suggest" | "check" => subcommand.arg(json_arg()),
            _ => subcommand.args([session_arg(), json_arg()]),
        };
    }
    for name in below {
        subcommand = subcommand.mut_subcommand(name, shared);
    }
    subcommand
}

fn help_arg() -> Arg {
    Arg::new("help").long("help").short('h').action(ArgAction::Help).help("Print this page")
}

pub(super) fn session_arg() -> Arg {
    Arg::new(SESSION)
        .long(SESSION)
        .value_name("ID")
        .help("Session to use, by id or name; by default the one it is typed in, or the only one")
}

fn json_arg() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the response as JSON")
}

impl Call {
    /// Sets the session that was given in front of `subcommand`.
    pub(super) fn set_session(&mut self, named: String, subcommand: &str) -> Result<(), Usage> {
        let of = |reason: &str| Err(Usage::of(subcommand, &format!("--{SESSION}: {reason}")));
        if !self.has_one_session() {
            return of(&format!("coshell {subcommand} does not take a session; leave it out"));
        }
        match self.session.replace(named) {
            Some(behind) if Some(&behind) != self.session.as_ref() => {
                let front = self.session.as_deref().unwrap_or_default();
                of(&format!("is '{front}' before {subcommand} and '{behind}' after it; name one session"))
            }
            _ => Ok(()),
        }
    }

    /// Returns an error if options of the `subcommand` contradict each other, or lack the one that they belong to.
    pub(super) fn check(&self, subcommand: &str) -> Result<(), Usage> {
        match &self.request {
            ClientCommand::Session(request) => {
                request.check().map_err(|(option, reason)| Usage::of(subcommand, &format!("--{option}: {reason}")))
            }
            ClientCommand::Local(Local::Ask(question)) => {
                let given = [("null", question.null), ("dir", question.dir.is_some())];
                super::check_owner(subcommand, ("files", question.files), &given)
            }
            ClientCommand::Local(Local::Replay(args)) => {
                args.check().map_err(|(option, reason)| Usage::of(subcommand, &format!("--{option}: {reason}")))
            }
            ClientCommand::Local(Local::Suggest(args)) => {
                args.check().map_err(|(option, reason)| Usage::of(subcommand, &format!("--{option}: {reason}")))
            }
            ClientCommand::Local(_) => Ok(()),
        }
    }

    fn has_one_session(&self) -> bool {
        matches!(self.request, ClientCommand::Session(_) | ClientCommand::Local(Local::Ask(_) | Local::Mcp(_)))
    }
}

impl FromArgMatches for Call {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        // Without a subcommand there is no call: the parser of the session's requests refuses it.
        let name = matches.subcommand_name().unwrap_or_default();
        let request = if Local::has_subcommand(name) {
            ClientCommand::Local(Local::from_arg_matches(matches)?)
        } else {
            ClientCommand::Session(request::Request::from_arg_matches(matches)?)
        };
        let last = innermost(matches);
        // Subcommands without a session lack these options, which clap reports as an error.
        let session = last.try_get_one::<String>(SESSION).unwrap_or_default().cloned();
        let json = last.try_get_one::<bool>("json").unwrap_or_default().copied();
        // Without the option the response is not JSON.
        Ok(Self { session, json: json.unwrap_or_default(), request })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns the matches of the innermost subcommand.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| innermost(below))
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        command.args(trigger_args().into_iter().filter(|arg| !opens(arg.get_id().as_str())))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        // The regex and the event are arguments of their own.
        Ok(Self(trigger_options(matches).into_iter().filter(|option| !opens(&option.name)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Answer, Typed, parse};
    use crate::core::request::TriggerRequest;

    fn call(argv: &[&str]) -> Call {
        let argv = std::iter::once("coshell").chain(argv.iter().copied()).map(std::ffi::OsString::from);
        match parse(argv).unwrap_or_else(|error| panic!("{error}")) {
            Typed::Call(call) => call,
            Typed::Session(args) => panic!("{args:?}"),
        }
    }

    #[test]
    fn each_subcommand_takes_the_shared_options() {
        let call = call(&["trigger", "list", "--json", "--session", "7"]);
        assert!(call.json && call.session.as_deref() == Some("7"));
    }

    /// Returns every command without subcommands, with the arguments that it requires.
    fn callable(here: &Command, path: &[String]) -> Vec<(Command, Vec<String>)> {
        let below = here.get_subcommands().filter(|below| below.get_name() != "help");
        let mut all: Vec<_> =
            below.flat_map(|below| callable(below, &[path, &[below.get_name().to_owned()]].concat())).collect();
        if all.is_empty() {
            let mut words = path.to_vec();
            for arg in here
                .get_positionals()
                .filter(|arg| arg.is_required_set() || ["files", "regex"].contains(&arg.get_id().as_str()))
            {
                words.extend(arg.is_last_set().then(|| "--".to_owned()));
                let value =
                    arg.get_possible_values().first().map_or_else(|| "x".to_owned(), |one| one.get_name().to_owned());
                words.push(value);
            }
            // One of its options is required.
            words.extend((here.get_name() == "await").then(|| "--prompt".to_owned()));
            all.push((here.clone(), words));
        }
        all
    }

    #[test]
    fn session_may_stand_in_front_of_each_subcommand() {
        let typed = |front: &[&str], words: &[String], behind: &[&str]| {
            let (name, rest) = words.split_at(if ["trigger", "record"].contains(&&*words[0]) { 2 } else { 1 });
            let words = front.iter().copied().chain(name.iter().map(String::as_str));
            let words = words.chain(behind.iter().copied()).chain(rest.iter().map(String::as_str));
            parse(["coshell"].into_iter().chain(words).map(std::ffi::OsString::from))
        };
        let session = |answer: Result<Typed, Answer>| match answer {
            Ok(Typed::Call(call)) => call.session,
            other => panic!("{other:?}"),
        };
        for (command, words) in callable(&crate::cli::command(), &[]) {
            let takes = command.get_arguments().any(|arg| arg.get_id() == SESSION);
            for front in [&["--session", "7"][..], &["--session=7"]] {
                let answer = typed(front, &words, &[]);
                if !takes {
                    let Err(Answer::Refused(usage)) = answer else { panic!("{words:?}: {answer:?}") };
                    assert!(usage.to_string().starts_with("--session: "), "{words:?}: {usage}");
                    continue;
                }
                assert_eq!(session(answer).as_deref(), Some("7"), "{words:?}");
                assert_eq!(session(typed(front, &words, &["--session", "7"])).as_deref(), Some("7"), "{words:?}");
                let answer = typed(front, &words, &["--session", "8"]);
                let Err(Answer::Refused(usage)) = answer else { panic!("{words:?}: {answer:?}") };
                assert!(usage.to_string().contains("is '7' before") && usage.to_string().contains("'8' after"));
            }
        }
    }

    #[test]
    fn session_without_subcommand_is_refused() {
        for (typed, part) in [
            (&["--session"][..], "its value is missing"),
            (&["--session", "--json", "status"], "its value is missing"),
            (&["--session", "7"], "belongs to a subcommand"),
            (&["--session", "7", "-q"], "belongs to a subcommand"),
            (&["-q", "--session", "7", "status"], "belongs to a subcommand"),
            (&["--session", "7", "--session=8", "status"], "names both '7' and '8'"),
        ] {
            let answer = parse(["coshell"].iter().chain(typed).map(std::ffi::OsString::from));
            let Err(Answer::Refused(usage)) = answer else { panic!("{typed:?}: {answer:?}") };
            assert!(usage.to_string().starts_with("--session: ") && usage.to_string().contains(part), "{usage}");
        }
    }

    #[test]
    fn each_subcommand_has_help() {
        for name in crate::cli::command().get_subcommands().map(Command::get_name) {
            for help in ["-h", "--help"] {
                let answer = parse(["coshell", name, help].map(std::ffi::OsString::from));
                assert!(matches!(answer, Err(Answer::Page(_))), "{name} {help}: {answer:?}");
            }
        }
    }

    #[test]
    fn trigger_add_takes_options_of_triggers() {
        let call = call(&["trigger", "add", "a", "--send", "-x", "--once", "--bell"]);
        let ClientCommand::Session(request::Request::Trigger(TriggerRequest::Add { regex, options, .. })) =
            call.request
        else {
            panic!("{call:?}")
        };
        let names: Vec<_> = options.0.iter().map(|item| (&*item.name, &*item.value)).collect();
        assert_eq!((regex.as_deref(), &names[..]), (Some("a"), &[("send", "-x"), ("once", ""), ("bell", "")][..]));
    }

    #[test]
    fn signal_has_a_name_or_a_number() {
        for (signal, number) in [("TERM", 15), ("sigint", 2), ("9", 9)] {
            let ClientCommand::Session(request::Request::Stop { signal }) = call(&["stop", "--signal", signal]).request
            else {
                panic!("{signal}")
            };
            assert_eq!(signal, number);
        }
    }
}
