//! The command line: parses the arguments in the order in which they were given. The options of actions come from
//! `core::trigger::action::KINDS`, the subcommands from `core::request` and `control`.

mod configuration;
mod control;
mod forgotten;
pub mod keys;
mod quick;
mod refusal;
mod replay;
mod stray;
mod suggest;
mod transfer;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, ValueHint};
pub use configuration::ConfigurationArgs;
pub use control::{Call, CheckArgs, ClientCommand, ImportSource, Local, MarkedShell, McpArgs, Question};
pub use replay::{Assumption, AssumptionError, ReplayArgs, TriggerOptionArgs};
pub use suggest::SuggestArgs;
pub use transfer::{RzArgs, SzArgs};

use crate::core::access::AccessLevel;
use crate::core::request::{InputFormat, OptionArg};
use crate::core::trigger::action::KINDS;
use crate::core::trigger::definition::{EVENT, MODIFIERS, TRIGGER};
use crate::core::{Chord, SilentKeys};
use crate::error::Usage;
use crate::types::parse_number;

/// A parsed command line.
#[derive(Debug)]
pub enum Typed {
    /// Start a session.
    Session(Args),
    /// Run a subcommand.
    Call(Call),
}

/// Result of a command line that starts nothing.
#[derive(Debug)]
pub enum Answer {
    /// The help, or the version.
    Page(clap::Error),
    /// A usage error.
    Refused(Usage),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(page) => page.fmt(f),
            Self::Refused(usage) => usage.fmt(f),
        }
    }
}

impl From<Usage> for Answer {
    fn from(usage: Usage) -> Self {
        Self::Refused(usage)
    }
}

/// The options that start a session: each field defines the option's name, default, help and parser.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The options of triggers, and the actions in front of any trigger, in order.
    #[arg(skip)]
    pub trigger_options: Vec<OptionArg>,
    /// The other arguments as typed, behind the program's name.
    #[arg(skip)]
    pub typed: Vec<OsString>,
    /// The configuration file.
    #[arg(
        long,
        short = 'f',
        value_name = "FILE",
        overrides_with = "no_config",
        value_hint = ValueHint::FilePath,
        help = "Configuration [~/.config/coshell/config.toml]",
        help_heading = SESSION_HEADING
    )]
    pub config: Option<PathBuf>,
    /// Whether no configuration file is read.
    #[arg(
        long,
        overrides_with = "config",
        hide_short_help = true,
        help = "Read no configuration",
        help_heading = SESSION_HEADING
    )]
    pub no_config: bool,
    /// The profile of the configuration.
    #[arg(
        long,
        value_name = "NAME",
        hide_short_help = true,
        help = "Profile of the configuration to use as well",
        help_heading = SESSION_HEADING
    )]
    pub profile: Option<String>,
    /// Form of a coprocess's stdin.
    #[arg(
        long,
        short,
        value_name = "FORM",
        default_value = "raw",
        hide_default_value = true,
        hide_possible_values = true,
        help = "Form of a coprocess's input: raw, text or json [raw]",
        help_heading = SESSION_HEADING
    )]
    pub input: InputFormat,
    /// Whether file transfers of the shell are answered.
    #[arg(
        long,
        help = "Answer rz and sz in the shell: move files here",
        help_heading = SESSION_HEADING
    )]
    pub zmodem: bool,
    /// Directory for received files.
    #[arg(
        long,
        value_name = "DIR",
        value_hint = ValueHint::DirPath,
        hide_short_help = true,
        help = "Directory for files that --zmodem receives, instead of the shell's",
        help_heading = SESSION_HEADING
    )]
    pub zmodem_dir: Option<PathBuf>,
    /// Program that answers a sender.
    #[arg(
        long,
        value_name = "CMD",
        conflicts_with = "zmodem_dir",
        value_hint = ValueHint::CommandString,
        hide_short_help = true,
        help = "Command that receives for --zmodem [coshell rz]",
        help_heading = SESSION_HEADING
    )]
    pub zmodem_receive: Option<String>,
    /// Program that answers a receiver.
    #[arg(
        long,
        value_name = "CMD",
        value_hint = ValueHint::CommandString,
        hide_short_help = true,
        help = "Command that sends for --zmodem [coshell sz --ask]",
        help_heading = SESSION_HEADING
    )]
    pub zmodem_send: Option<String>,
    /// Effect of the keyboard while a silent coprocess runs.
    #[arg(
        long,
        value_name = "WHAT",
        value_parser = PossibleValuesParser::new(["lock", "pass"]).map(|keys| silent_keys(&keys)),
        default_value = "lock",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help = "Keyboard while a silent coprocess runs: lock or pass [lock]",
        help_heading = SESSION_HEADING
    )]
    pub silent_keys: SilentKeys,
    /// Further programs that draw a star for each character of a password.
    #[arg(
        long,
        value_name = "NAME",
        hide_short_help = true,
        help = "Program that shows stars while it reads a password, as sudo may; repeatable",
        help_heading = SESSION_HEADING
    )]
    pub password_job: Vec<String>,
    /// The key that opens the menu.
    #[arg(
        long,
        value_name = "KEY",
        value_parser = hotkey,
        default_value = "ctrl-]",
        hide_default_value = true,
        help = "Key that opens the menu, or none [ctrl-]]",
        help_heading = SESSION_HEADING
    )]
    pub hotkey: Hotkey,
    /// Whether the window's title shows a running coprocess.
    #[arg(
        long,
        value_name = "PLACE",
        value_parser = PossibleValuesParser::new(["title", "none"]).map(|place| place == "title"),
        action = ArgAction::Set,
        default_value = "title",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help = "Where to show a running coprocess: title or none [title]",
        help_heading = SESSION_HEADING
    )]
    pub indicator: bool,
    /// Name of the session.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = session_name,
        hide_short_help = true,
        help = "Name of the session, for --session",
        help_heading = SESSION_HEADING
    )]
    pub session_name: Option<String>,
    /// Level of access of the clients of the socket.
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "type",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help = "What clients may do at most: look, annotate or type [type]",
        help_heading = SESSION_HEADING
    )]
    pub clients: AccessLevel,
    /// Whether the shell is a login shell.
    #[arg(long, short, help = "Start a login shell", help_heading = SESSION_HEADING)]
    pub login: bool,
    /// Whether notices are hidden.
    #[arg(long, short, hide_short_help = true, help = "Show no notices", help_heading = SESSION_HEADING)]
    pub quiet: bool,
    /// Whether the session may run inside a session.
    #[arg(long, hide_short_help = true, help = "Allow a session inside another session", help_heading = SESSION_HEADING)]
    pub nested: bool,
    /// Number of lines in the history.
    #[arg(
        long,
        value_name = "N",
        value_parser = parse_number::<usize>,
        default_value = "10000",
        hide_default_value = true,
        hide_short_help = true,
        help = "Number of lines to keep for coshell lines [10000]",
        help_heading = SESSION_HEADING
    )]
    pub history: usize,
    /// Path of the recording.
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        help = "Record the session to FILE, a new asciicast",
        help_heading = SESSION_HEADING
    )]
    pub record: Option<PathBuf>,
    /// Whether keys are recorded.
    #[arg(
        long,
        hide_short_help = true,
        help = "Record what is typed too, except while a program hides it",
        help_heading = SESSION_HEADING
    )]
    pub record_input: bool,
    /// Whether secrets are hidden.
    #[arg(
        long,
        hide_short_help = true,
        help = "Hide tokens and keys in recordings, logs and answers",
        help_heading = SESSION_HEADING
    )]
    pub redact: bool,
    /// Further patterns of secrets.
    #[arg(
        long,
        value_name = "REGEX",
        allow_hyphen_values = true,
        hide_short_help = true,
        help = "Pattern of a further secret, or its group 1, that is redacted; repeatable",
        help_heading = SESSION_HEADING
    )]
    pub redact_pattern: Vec<String>,
    /// Path of the debug log.
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        hide_short_help = true,
        help = "Append a debug log to FILE; COSHELL_LOG=debug|trace adds detail",
        help_heading = SESSION_HEADING
    )]
    pub log: Option<PathBuf>,
    /// The command to wrap and its arguments; empty for the shell.
    #[arg(
        value_name = "COMMAND",
        num_args = 0..,
        last = true,
        value_hint = ValueHint::CommandWithArguments,
        help = "Command to run instead of the shell",
        hide = true
    )]
    pub command: Vec<OsString>,
}

impl Args {
    /// Returns the arguments of a session with these options of triggers and the defaults of all others.
    pub fn of_triggers(trigger_options: Vec<OptionArg>) -> Result<Self, Answer> {
        let defaults = parse_session(vec!["coshell".into()])?;
        Ok(Self { trigger_options, ..defaults })
    }

    /// Returns an error if an option of `typed` lacks the one that it belongs to. In a configuration, of which the rest of
    /// these comes, one may stand without the other.
    pub fn check(&self, typed: &Self) -> Result<(), Usage> {
        let given = [
            ("zmodem-dir", typed.zmodem_dir.is_some()),
            ("zmodem-receive", typed.zmodem_receive.is_some()),
            ("zmodem-send", typed.zmodem_send.is_some()),
        ];
        if self.redact && self.record_input {
            return Err(Usage::new(
                "record-input",
                "keys come one by one, so that --redact cannot hide a secret in them; leave out one of the two",
            ));
        }
        check_owner("", ("zmodem", self.zmodem), &given)?;
        check_owner("", ("record", self.record.is_some()), &[("record-input", typed.record_input)])
    }

    /// Returns these with the options `configured`, written as on a command line, wherever they give none themselves.
    pub fn over(&self, configured: Vec<OsString>) -> Result<Self, Answer> {
        let program = [OsString::from("coshell")];
        let argv: Vec<OsString> = program.into_iter().chain(configured).chain(self.typed.iter().cloned()).collect();
        let args = finish(session(), Vec::new(), &argv)?;
        Ok(Self { trigger_options: self.trigger_options.clone(), typed: self.typed.clone(), ..args })
    }
}

/// Returns an error if one of the options `given` lacks the option that it belongs to, `owner`. Options are named without
/// dashes, and come with whether they were given. clap's own error does not name the option that lacks another.
fn check_owner(subcommand: &str, owner: (&str, bool), given: &[(&str, bool)]) -> Result<(), Usage> {
    let lone = given.iter().find(|(_, is_given)| *is_given && !owner.1);
    lone.map_or(Ok(()), |(option, _)| {
        let owner = owner.0;
        Err(Usage::of(subcommand, &format!("--{option}: belongs to --{owner}: add --{owner}")))
    })
}

/// The key that opens the menu; `None` for no key.
// An alias, since clap takes a field of type `Option` for an optional argument.
pub type Hotkey = Option<Chord>;

fn hotkey(name: &str) -> Result<Hotkey, <Chord as FromStr>::Err> {
    if name.eq_ignore_ascii_case("none") { Ok(None) } else { name.parse().map(Some) }
}

/// Maximum length of a session's name, in bytes.
const NAME_LENGTH: usize = 64;

/// Checks the name of a session: it is a file name, and no id, which is a number.
fn session_name(name: &str) -> Result<String, &'static str> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(known);
    if !is_name || name.len() > NAME_LENGTH {
        return Err("a name is a letter and up to 63 letters, digits, _, - and .");
    }
    Ok(name.to_owned())
}

fn silent_keys(name: &str) -> SilentKeys {
    if name == "pass" { SilentKeys::Pass } else { SilentKeys::Lock }
}

/// Sentence about that option without a subcommand.
const SESSION_ALONE: &str = "belongs to a subcommand: write coshell --session ID SUBCOMMAND";
/// The option that names the session which a subcommand asks.
const SESSION: &str = "session";
const SESSION_HEADING: &str = "Session";
const ACTIONS_HEADING: &str = "Trigger actions";
const COPROC_HEADING: &str = "Coprocess (started at once, or by a trigger)";
const HELP_WIDTH: usize = 80;
const EXAMPLES: &str = "\
Examples:
  coshell -i text --coproc ./bot.py
          Start a bot that reads the shell's output and types the answers.
  coshell --zmodem -- ssh host
          Answer rz and sz on the host: move files there and here.
  coshell -t 'BUILD (PASSED|FAILED)' --notify 'build: $1' --bell
          Show a notification when the build is done.
  coshell -t '^Do you want to continue\\? \\[Y/n\\] $' --send 'y\\r'
          Answer apt's question. The ^ keeps the pattern from matching what you type.
  coshell -t '^wrote (\\S+)$' --run 'xdg-open \"$1\"'
          Open each image. The match is an argument of the command, never its text.
  coshell -- ssh host
          Run ssh instead of the shell.

Exit status: that of the shell or command; 128+N if signal N ended it; 2 for a
usage error; 125 if coshell itself failed; 126 if the command could not be run;
127 if it was not found.";

/// Returns the whole command line.
pub fn command() -> Command {
    let session = session().arg(
        control::session_arg()
            .help("Session that a subcommand uses")
            .help_heading(SESSION_HEADING)
            .hide_short_help(true),
    );
    session.subcommand_help_heading("Subcommands").subcommands(control::subcommands())
}

/// Returns the part of the command line to which `words` belong: the options of a session, a subcommand, or
/// everything that the first word may be. `None` if the first word is unknown.
pub fn command_of(words: &[OsString]) -> Option<Command> {
    // `--session ID` may stand in front of a subcommand; if it is wrong, it is ignored here.
    let stripped = session_in_front(words.to_vec());
    let words = stripped.as_ref().map_or(words, |(_, words)| words);
    let [_, first, _, ..] = words else { return Some(command()) };
    if starts_session(Some(first)) {
        return Some(session());
    }
    let mut whole = command();
    whole.build();
    first.to_str().is_some_and(|first| whole.find_subcommand(first).is_some()).then_some(whole)
}

/// Returns the command line of the short help, which lists the subcommands by name only.
fn short_command() -> Command {
    let subcommands = control::subcommands();
    let subcommands: Vec<&str> = subcommands.iter().map(Command::get_name).collect();
    let modifiers: Vec<String> = MODIFIERS.iter().map(|modifier| format!("--{}", modifier.name)).collect();
    session().after_help(format!(
        "Trigger modifiers:\n{}\n\nSubcommands (coshell(1) is the manual):\n{}",
        fold_names(&modifiers.join(", ")),
        fold_names(&subcommands.join(", "))
    ))
}

/// Folds a list of names into lines of the help's width.
fn fold_names(names: &str) -> String {
    let mut lines = vec![" ".to_owned()];
    for name in names.split_inclusive(' ') {
        if lines.last().is_some_and(|line| line.len() + name.trim_end().len() > HELP_WIDTH) {
            lines.push(" ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line == " " { " " } else { "" });
            line.push_str(name);
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// Returns the command line of a session without subcommands, which would take part of a millisecond at every start.
fn session() -> Command {
    let styles =
        Styles::styled().header(AnsiColor::Green.on_default().bold()).usage(AnsiColor::Green.on_default().bold());
    let command = Command::new("coshell").args(trigger_args());
    <Args as clap::Args>::augment_args(command)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Coprocesses and triggers for any terminal")
        .long_about(
            "Runs your shell in a new pty and relays its input and output. A coprocess is a program that reads the \
             shell's output and whose own output is typed into the shell. A trigger is a regular expression that starts \
             an action when it matches the output.",
        )
        .override_usage(
            "coshell [OPTIONS] [-t REGEX ACTION...]... [-- COMMAND [ARG]...]\n       coshell SUBCOMMAND ...",
        )
        .after_long_help(EXAMPLES)
        .styles(styles)
        .term_width(HELP_WIDTH)
        .args_override_self(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(help_args())
}

fn trigger_args() -> Vec<Arg> {
    let trigger = Arg::new(TRIGGER)
        .short('t')
        .long(TRIGGER)
        .value_name("REGEX")
        .help("Define a trigger; the options after it apply to it")
        .help_heading("Triggers");
    let event = Arg::new(EVENT)
        .long(EVENT)
        .value_name("EVENT")
        .help("Define a trigger that an event opens")
        .help_heading("Triggers");
    let modifiers = MODIFIERS.iter().map(|modifier| {
        let arg = repeated(modifier.name, modifier.value).help(modifier.summary);
        arg.help_heading("Trigger modifiers").hide_short_help(true)
    });
    let actions = KINDS.iter().map(|kind| {
        let arg = repeated(kind.name, kind.value).help(kind.summary);
        let arg = if kind.value == Some("CMD") { arg.value_hint(ValueHint::CommandString) } else { arg };
        let heading = if kind.starts.is_some() { COPROC_HEADING } else { ACTIONS_HEADING };
        let arg = arg.help_heading(heading);
        match kind.letter {
            Some(letter) => arg.short(letter),
            None => arg,
        }
    });
    let openers = [trigger, event].map(|arg| arg.action(ArgAction::Append).num_args(1).allow_hyphen_values(true));
    openers.into_iter().chain(actions).chain(modifiers).collect()
}

/// Returns an option that may be repeated, and whose position counts.
fn repeated(name: &'static str, value: Option<&'static str>) -> Arg {
    let arg = Arg::new(name).long(name).action(ArgAction::Append);
    match value {
        Some(value) => match value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) {
            Some(value) => arg.value_name(value).num_args(0..=1).default_missing_value(""),
            None => arg.value_name(value).num_args(1).allow_hyphen_values(true),
        },
        None => arg.num_args(0).default_missing_value(""),
    }
}

/// Returns the options that come last, as in most manuals.
fn help_args() -> [Arg; 2] {
    let arg = |name: &'static str, letter| Arg::new(name).long(name).short(letter).help_heading(SESSION_HEADING);
    [
        arg("help", 'h').action(ArgAction::Help).help("Print a summary; --help prints more, with examples"),
        arg("version", 'V').action(ArgAction::Version).help("Print the version"),
    ]
}

/// Returns whether a command line with this first word starts a session: a subcommand has no dash.
fn starts_session(first: Option<&OsString>) -> bool {
    first.is_none_or(|first| first.as_encoded_bytes().starts_with(b"-"))
}

/// Parses a command line.
pub fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<Typed, Answer> {
    let (named, argv) = session_in_front(argv.into_iter().collect())?;
    if starts_session(argv.get(1)) {
        let long = argv.iter().any(|arg| arg == "--help");
        let is_help =
            argv.get(1).is_some_and(|first| ["-h", "--help", "-V", "--version"].iter().any(|word| first == word));
        if named.is_some() && !is_help {
            return Err(Usage::new(SESSION, SESSION_ALONE).into());
        }
        return match parse_session(argv) {
            // The help of a session lists the subcommands too.
            Err(Answer::Page(page)) if page.kind() == ErrorKind::DisplayHelp => {
                let (command, help) = if long { (command(), "--help") } else { (short_command(), "-h") };
                Err(Answer::Page(command.try_get_matches_from(["coshell", help]).err().unwrap_or(page)))
            }
            parsed => parsed.map(Typed::Session),
        };
    }
    let mut command = command();
    forgotten::refuse(&command, &argv)?;
    let call = command.try_get_matches_from_mut(&argv).and_then(|matches| Call::from_arg_matches(&matches));
    let mut call = call.map_err(|error| refuse_call(error, &command, named.as_deref(), &argv))?;
    let subcommand = refusal::path(&command, &words_of(&argv));
    if let Some(named) = named {
        call.set_session(named, &subcommand)?;
    }
    call.check(&subcommand)?;
    Ok(Typed::Call(call))
}

/// Removes the `--session` in front of the subcommand.
fn session_in_front(mut argv: Vec<OsString>) -> Result<(Option<String>, Vec<OsString>), Usage> {
    let Some(first) = argv.get(1).and_then(|first| first.to_str()) else { return Ok((None, argv)) };
    let (end, id) = match first.strip_prefix("--session") {
        Some("") => (3, argv.get(2).cloned()),
        Some(rest) if rest.starts_with('=') => (2, Some(rest[1..].into())),
        _ => return Ok((None, argv)),
    };
    let id = id.filter(|id| end == 2 || !id.as_encoded_bytes().starts_with(b"-"));
    let Some(id) = id.and_then(|id| id.into_string().ok()) else {
        return Err(Usage::new(SESSION, "its value is missing; write coshell --session ID SUBCOMMAND"));
    };
    argv.drain(1..end);
    let (again, argv) = session_in_front(argv)?;
    match again {
        Some(other) if other != id => {
            Err(Usage::new(SESSION, format!("names both '{id}' and '{other}'; name one session")))
        }
        _ => Ok((Some(id), argv)),
    }
}

/// Returns the words behind the program's name.
fn words_of(argv: &[OsString]) -> Vec<String> {
    argv.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Returns the refusal of a subcommand, in place of clap's error.
fn refuse_call(error: clap::Error, command: &Command, named: Option<&str>, argv: &[OsString]) -> Answer {
    if !error.use_stderr() {
        return Answer::Page(error);
    }
    let words = words_of(argv);
    let path = refusal::path(command, &words);
    // To clap, an unknown subcommand may be an argument of a session.
    Answer::Refused(if error.kind() == ErrorKind::InvalidSubcommand || path.is_empty() {
        stray::unknown(command, &words, &path, named)
    } else {
        refusal::explained(&error, &path)
    })
}

/// Parses the command line of a session.
pub fn parse_session(argv: Vec<OsString>) -> Result<Args, Answer> {
    let command = session();
    let (items, left) = quick::take(&command, argv);
    let args = finish(command, items, &left)?;
    Ok(Args { typed: left.into_iter().skip(1).collect(), ..args })
}

/// Parses what is left of the command line of a session, after the options `before` were taken off.
fn finish(mut command: Command, before: Vec<OptionArg>, argv: &[OsString]) -> Result<Args, Answer> {
    forgotten::refuse(&command, argv)?;
    let mut matches =
        command.try_get_matches_from_mut(argv).map_err(|error| refuse_session(error, !before.is_empty(), argv))?;
    let trigger_options = before.into_iter().chain(trigger_options(&matches)).collect();
    let args = Args::from_arg_matches_mut(&mut matches).map_err(|error| refuse_session(error, false, argv))?;
    Ok(Args { trigger_options, ..args })
}

/// Returns the options of triggers, in the order in which they were given.
pub(super) fn trigger_options(matches: &ArgMatches) -> Vec<OptionArg> {
    let modifiers = MODIFIERS.iter().map(|modifier| modifier.name);
    let names = KINDS.iter().map(|kind| kind.name).chain([TRIGGER, EVENT]).chain(modifiers);
    let mut placed = Vec::new();
    for name in names.filter(|name| matches.try_contains_id(name).is_ok()) {
        let values = matches.get_many::<String>(name).into_iter().flatten();
        let places = matches.indices_of(name).into_iter().flatten();
        placed.extend(
            places.zip(values).map(|(place, value)| (place, OptionArg { name: name.into(), value: value.clone() })),
        );
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, item)| item).collect()
}

/// Returns the refusal of a session's options, in place of clap's error; `cut` says that other options were taken off
/// before. To clap, a command without `--` is an unknown argument.
fn refuse_session(error: clap::Error, cut: bool, argv: &[OsString]) -> Answer {
    use clap::error::{ContextKind, ContextValue};
    if !error.use_stderr() {
        return Answer::Page(error);
    }
    let usage = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(stray))) if !stray.starts_with('-') => {
            stray::unwrapped(stray, cut, argv)
        }
        (ErrorKind::UnknownArgument, Some(ContextValue::String(option))) if option == "--session" => {
            Usage::new(SESSION, SESSION_ALONE)
        }
        _ => refusal::explained(&error, ""),
    };
    Answer::Refused(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(argv: &[&str]) -> Args {
        let argv: Vec<_> = std::iter::once("coshell").chain(argv.iter().copied()).map(OsString::from).collect();
        parse_session(argv).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn clap_accepts_the_command() {
        command().debug_assert();
    }

    #[test]
    fn options_of_triggers_keep_their_order() {
        let args =
            parsed(&["-c", "bot", "-t", "a", "--bell", "--all", "--send", "-x", "-t", "b", "--bell", "-s", "rz"]);
        let items: Vec<_> = args.trigger_options.iter().map(|item| (&*item.name, item.value.as_str())).collect();
        let expected = [
            ("coproc", "bot"),
            ("trigger", "a"),
            ("bell", ""),
            ("all", ""),
            ("send", "-x"),
            ("trigger", "b"),
            ("bell", ""),
            ("silent-coproc", "rz"),
        ];
        assert_eq!(items, expected);
    }

    #[test]
    fn options_behind_two_dashes_belong_to_the_command() {
        assert_eq!(parsed(&["-q", "--", "ssh", "-t", "host"]).command, ["ssh", "-t", "host"]);
    }

    #[test]
    fn command_without_two_dashes_is_refused_with_remedy() {
        let error = parse(["coshell", "vim"].map(OsString::from)).expect_err("the command line is wrong");
        assert!(matches!(&error, Answer::Refused(usage) if usage.to_string().contains("coshell -- vim")), "{error}");
    }

    #[test]
    fn extra_argument_of_a_subcommand_is_no_command() {
        for argv in [&["coshell", "status", "x"][..], &["coshell", "trigger", "x"], &["coshell", "help", "x"]] {
            let error = parse(argv.iter().map(OsString::from)).expect_err("the command line is wrong");
            assert!(!error.to_string().contains("coshell -- x"), "{error}");
        }
    }

    #[test]
    fn short_help_fits_a_screen() {
        let help = short_command().render_help().to_string();
        assert!(help.lines().count() <= 50, "{} lines", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}
