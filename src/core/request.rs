//! Requests of clients to a session: one enum for the command line (clap), the wire (serde) and the documents. The
//! responses are in `response`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::access::AccessLevel;
use super::event_kind::EventKind;
use super::key_press::KeyPress;
use super::state_kind::StateKind;
use crate::types::{DurationError, SIGTERM, parse_duration, parse_number};

/// A request, named after its subcommand and its method on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "method", content = "params", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Start a coprocess in the session
    Run {
        /// Command line to run with /bin/sh -c
        #[arg(value_name = "CMD", allow_hyphen_values = true, value_hint = clap::ValueHint::CommandString)]
        command: String,
        /// Hide all output while it runs
        #[arg(long)]
        #[serde(default)]
        silent: bool,
        /// Stop the running coprocess first
        #[arg(long)]
        #[serde(default)]
        replace: bool,
        /// Wait for its end and exit with its status
        #[arg(long)]
        #[serde(default)]
        wait: bool,
        /// Form of its input: raw, text or json; by default that of the session
        #[arg(long, short, value_name = "FORM")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<InputFormat>,
    },
    /// Stop the coprocess
    Stop {
        /// Signal to send to its process group; only TERM is followed by SIGKILL
        #[arg(long, short, value_name = "SIGNAL", default_value = "TERM", value_parser = crate::types::parse_signal)]
        #[serde(default = "term", deserialize_with = "signal")]
        signal: i32,
    },
    /// Wait for the coprocess to end and exit with its status
    Wait {},
    /// Print the state of the session
    Status {},
    /// Print the standard error of the last coprocess
    Errors {
        /// Keep printing while it writes more
        #[arg(long, short)]
        #[serde(skip)]
        follow: bool,
    },
    /// Type text into the session
    Send {
        /// Text to type, unchanged; on the command line, - reads standard input
        #[arg(value_name = "TEXT", allow_hyphen_values = true, default_value = STDIN)]
        #[serde(default)]
        text: String,
        /// Press Enter after the text
        #[arg(long)]
        #[serde(default)]
        enter: bool,
        /// Send the text as a paste if the program supports bracketed paste
        #[arg(long)]
        #[serde(default)]
        paste: bool,
        /// Wait until a program reads a password, then type the text
        #[arg(long)]
        #[serde(default)]
        secret: bool,
        /// Seconds that a secret waits for a password prompt, or other text for the end of the line that the user is typing
        #[arg(long, value_name = "SECONDS", default_value_t = SECONDS, value_parser = parse_number::<u64>)]
        #[serde(default = "seconds")]
        timeout: u64,
        /// Type the text even if the user is typing a line
        #[arg(long)]
        #[serde(default)]
        now: bool,
        /// Press keys by name instead, such as C-c, M-x, Up, F5 or Enter
        #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with_all = ["text", "enter", "paste", "secret"])]
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        key: Vec<KeyPress>,
    },
    /// Wait for a text, a prompt, quiet, the end of a command or a state
    Await(AwaitRequest),
    /// Run a command line at the shell's prompt, print its output and exit with its status
    Exec(ExecRequest),
    /// Print the output of the session, line by line
    Lines {
        /// Print only the last N lines
        #[arg(long, short, value_name = "N", value_parser = parse_number::<usize>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<usize>,
        /// Start at the line with this number
        #[arg(long, value_name = "LINE", value_parser = parse_number::<u64>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
        /// End with the line with this number
        #[arg(long, value_name = "LINE", value_parser = parse_number::<u64>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<u64>,
        /// Print the output of the last command, or of the N-th last
        #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1", value_parser = parse_number::<usize>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<usize>,
        /// Print the number of each line
        #[arg(long)]
        #[serde(skip)]
        numbers: bool,
        /// Print notes below their lines
        #[arg(long)]
        #[serde(skip)]
        notes: bool,
        /// Print the time of each line, in RFC 3339 or the format of strftime(3)
        #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
        #[serde(skip)]
        times: Option<String>,
        /// Keep printing new lines
        #[arg(long, short)]
        #[serde(default)]
        follow: bool,
        /// Hide tokens and keys
        #[arg(long)]
        #[serde(default)]
        redact: bool,
    },
    /// Print the contents of the session's screen
    Screen {
        /// Hide tokens and keys
        #[arg(long)]
        #[serde(default)]
        redact: bool,
    },
    /// Add a note to a line
    Annotate {
        /// Line by its number, by NUMBER:FROM-TO with columns from 1, or by /TEXT (the last line that contains TEXT)
        #[arg(value_name = "LINE")]
        line: String,
        /// Text of the note
        #[arg(value_name = "TEXT", allow_hyphen_values = true)]
        text: String,
    },
    /// List the notes
    Notes {},
    /// List the lines that triggers captured
    Captured {
        /// Form of the output: text, quickfix (for vim -q) or json (for setqflist() of vim)
        #[arg(
            long,
            value_name = "FORM",
            default_value = "text",
            hide_default_value = true,
            hide_possible_values = true
        )]
        #[serde(skip)]
        format: CapturedFormat,
        /// Only lines that the last command printed, or the N-th last
        #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1", value_parser = parse_number::<usize>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<usize>,
        /// Hide tokens and keys
        #[arg(long)]
        #[serde(default)]
        redact: bool,
    },
    /// Show text as if the shell had printed it
    Inject {
        /// Text to show
        #[arg(value_name = "TEXT", allow_hyphen_values = true)]
        text: String,
        /// Fire no trigger on the text, and wait until it is shown
        #[arg(long)]
        #[serde(default)]
        no_triggers: bool,
    },
    /// Set a session variable
    Set {
        /// Name of the variable
        #[arg(value_name = "NAME")]
        name: String,
        /// Value of the variable
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
    },
    /// Print one session variable, or all
    Get {
        /// Name of the variable
        #[arg(value_name = "NAME")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// List the commands that the shell marked and the marks that triggers set
    Marks {
        /// Hide tokens and keys
        #[arg(long)]
        #[serde(default)]
        redact: bool,
    },
    /// List and change triggers
    #[command(subcommand)]
    #[serde(skip)]
    Trigger(TriggerRequest),
    /// Record the session as an asciicast
    #[command(subcommand)]
    #[serde(skip)]
    Record(RecordRequest),
    /// Lend the real terminal to a program until it ends
    Lend {
        /// Connect stdin and stdout to the terminal even if they are redirected
        #[arg(long)]
        #[serde(skip)]
        tty: bool,
        /// Program to run, and its arguments
        #[arg(value_name = "CMD", required = true, last = true, value_hint = clap::ValueHint::CommandWithArguments)]
        command: Vec<String>,
        /// Directory to run the program in
        #[arg(skip)]
        #[serde(default)]
        directory: Option<String>,
        /// Environment of the program
        #[arg(skip)]
        #[serde(default)]
        environment: Vec<(String, String)>,
        /// Numbers of the standard streams that are passed as descriptors, in order
        #[arg(skip)]
        #[serde(default)]
        streams: Vec<u8>,
    },
    /// Show a desktop notification
    Notify {
        /// Text of the notification
        #[arg(value_name = "TEXT", allow_hyphen_values = true)]
        text: String,
    },
    /// Print events as they happen, one JSON object per line
    Subscribe {
        /// Types of events, such as line, prompt or trigger; by default all
        #[arg(value_name = "EVENT", value_parser = EventKind::from_str)]
        #[serde(default)]
        events: Vec<EventKind>,
    },
    /// Lower what the client may do, on the wire alone: a subcommand has nothing to do after it.
    #[command(skip)]
    Access(AccessRequest),
}

/// What a client may do from now on on its connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct AccessRequest {
    /// Level of access: look, annotate or type; never more than before
    #[arg(value_name = "LEVEL")]
    pub level: AccessLevel,
    /// Ask the user of the session before anything is typed, run or changed for this client
    #[arg(long)]
    #[serde(default)]
    pub ask: bool,
    /// Name of the client, for that question
    #[arg(long, value_name = "NAME")]
    #[serde(default)]
    pub name: String,
}

/// What a client waits for: one of the first five.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Args)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AwaitRequest {
    /// Wait for a line that matches this regular expression and that a command prints
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Wait until the shell is at a prompt, by its marks
    #[arg(long)]
    #[serde(default)]
    pub prompt: bool,
    /// Wait until nothing has been printed for this time, such as 2s
    #[arg(long, value_name = "TIME", value_parser = TimeSpan::from_str)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<TimeSpan>,
    /// Wait until a command ends, by the marks of the shell
    #[arg(long)]
    #[serde(default)]
    pub command_end: bool,
    /// Wait until the session is in this state, as coshell status tells it
    #[arg(long, value_name = "STATE", value_parser = StateKind::from_str)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateKind>,
    /// Give up after this time, such as 30s or 5m; by default never
    #[arg(long, value_name = "TIME", value_parser = TimeSpan::from_str)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeSpan>,
    /// Begin at the line with this number, with a text or the end of a command; by default at the line of the cursor
    #[arg(long, value_name = "LINE", value_parser = parse_number::<u64>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Begin behind this many bytes of output, as coshell send --json tells, instead of at a line
    #[arg(long, value_name = "BYTES", value_parser = parse_number::<u64>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Hide tokens and keys
    #[arg(long)]
    #[serde(default)]
    pub redact: bool,
}

/// A command line to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct ExecRequest {
    /// Command line, as it is typed at the prompt; its words are joined by blanks
    #[arg(value_name = "COMMAND", required = true, last = true, value_hint = clap::ValueHint::CommandWithArguments)]
    pub command: Vec<String>,
    /// Answer after this time, such as 30s or 5m, though the command still runs; by default never
    #[arg(long, value_name = "TIME", value_parser = TimeSpan::from_str)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeSpan>,
    /// Hide tokens and keys
    #[arg(long)]
    #[serde(default)]
    pub redact: bool,
}

/// A duration, written as a number and a unit, such as `1.5s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeSpan(pub Duration);

impl FromStr for TimeSpan {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        parse_duration(text).map(Self)
    }
}

impl TryFrom<String> for TimeSpan {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<TimeSpan> for String {
    fn from(time: TimeSpan) -> Self {
        format!("{}s", time.0.as_secs_f64())
    }
}

/// Requests about triggers, which are methods of their own on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "method", content = "params", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TriggerRequest {
    /// List the triggers, how often each fired and how often its pattern was searched for
    #[serde(rename = "trigger-list")]
    List {
        /// Print them as a configuration
        #[arg(long)]
        #[serde(skip)]
        toml: bool,
    },
    /// Add a trigger after the existing ones
    #[serde(rename = "trigger-add")]
    Add {
        /// Regular expression to match
        #[arg(value_name = "REGEX", allow_hyphen_values = true, required_unless_present = "event")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        regex: Option<String>,
        /// Event that opens the trigger, instead of a match
        #[arg(long, value_name = "EVENT", conflicts_with = "regex")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<String>,
        /// Actions and modifiers of the trigger, in order
        #[command(flatten)]
        #[serde(default)]
        options: Options,
    },
    /// Remove a trigger
    #[serde(rename = "trigger-remove")]
    Remove {
        /// Number, name or pattern of the trigger
        #[arg(value_name = "TRIGGER")]
        trigger: String,
    },
    /// Enable a trigger
    #[serde(rename = "trigger-enable")]
    Enable {
        /// Number, name or pattern of the trigger
        #[arg(value_name = "TRIGGER")]
        trigger: String,
    },
    /// Disable a trigger
    #[serde(rename = "trigger-disable")]
    Disable {
        /// Number, name or pattern of the trigger
        #[arg(value_name = "TRIGGER")]
        trigger: String,
    },
}

/// Requests about the recording, which are methods of their own on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "method", content = "params", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RecordRequest {
    /// Start a recording
    #[serde(rename = "record-start")]
    Start {
        /// File to create, for you alone
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: String,
        /// Record what is typed too, except while a program hides it
        #[arg(long)]
        #[serde(default)]
        input: bool,
        /// Replace a file that exists
        #[arg(long)]
        #[serde(default)]
        force: bool,
    },
    /// Stop the recording
    #[serde(rename = "record-stop")]
    Stop {},
    /// Print what is recorded
    #[serde(rename = "record-status")]
    Status {},
}

/// The options of a trigger. `cli` parses them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Options(pub Vec<OptionArg>);

/// An option of a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionArg {
    /// The option without dashes.
    pub name: Cow<'static, str>,
    /// Its value; empty if the option takes none.
    #[serde(default)]
    pub value: String,
}

/// Format of a coprocess's stdin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum InputFormat {
    /// The bytes that the shell printed, unchanged.
    #[default]
    Raw,
    /// Lines without escape sequences.
    Text,
    /// One JSON object per line.
    Json,
}

/// Form in which captured lines are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CapturedFormat {
    /// The number and the text of each line.
    #[default]
    Text,
    /// `FILE:LINE:COLUMN: MESSAGE`.
    Quickfix,
    /// The list that `setqflist()` of vim takes, as JSON.
    Json,
}

impl InputFormat {
    /// Returns whether the format consists of lines, not of raw bytes.
    pub fn tells_of_lines(self) -> bool {
        self != Self::Raw
    }
}

/// Whether the screen shows output while a coprocess runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// The screen shows the output, and the coprocess reads a copy.
    Visible,
    /// The coprocess alone reads the output.
    Silent,
}

/// Reason why a message is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionArgsError {
    /// The method is unknown.
    Method,
    /// The parameters do not fit the method.
    Params(String),
}

impl Request {
    /// Creates the request `method` with `params`: an object, an array in the order of [`Request::parameters`], or
    /// none.
    pub fn read(method: &str, params: Option<Value>) -> Result<Self, OptionArgsError> {
        let known = match method.split_once('-') {
            Some(("trigger", name)) => TriggerRequest::has_subcommand(name),
            Some(("record", name)) => RecordRequest::has_subcommand(name),
            _ => method == ACCESS || !GROUPS.contains(&method) && Self::has_subcommand(method),
        };
        if !known {
            return Err(OptionArgsError::Method);
        }
        let params = match params {
            Some(Value::Array(values)) => by_name(method, values)?,
            Some(object) => object,
            None => json!({}),
        };
        let needed = NEEDS_ONE.iter().find(|(of, _)| *of == method);
        if let Some((_, [first, second])) = needed
            && params.get(*first).or_else(|| params.get(*second)).is_none()
        {
            let missing = serde_json::Error::missing_field(first);
            return Err(OptionArgsError::Params(format!("{missing}, or {second}")));
        }
        let whole = json!({"method": method, "params": params});
        let read = match method.split_once('-') {
            Some(("trigger", _)) => serde_json::from_value(whole).map(Self::Trigger),
            Some(("record", _)) => serde_json::from_value(whole).map(Self::Record),
            _ => serde_json::from_value(whole),
        };
        let request = read.map_err(|error| OptionArgsError::Params(error.to_string()))?;
        request.check().map_err(|(name, reason)| OptionArgsError::Params(format!("{name}: {reason}")))?;
        Ok(request)
    }

    /// Returns an error if the parameters contradict each other: the name of one, and the reason without its name.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match *self {
            Self::Send { secret: true, now: true, .. } => {
                Err(("now", "a secret waits for a password prompt; leave out the one or the other".to_owned()))
            }
            Self::Await(ref wanted) => wanted.check(),
            Self::Lines { to: Some(_), follow: true, .. } => {
                let reason = "lines that are followed have no last one; leave out the one or the other";
                Err(("to", reason.to_owned()))
            }
            Self::Lines { from, to: Some(to), .. } if to < from.unwrap_or(1) => {
                Err(("to", format!("line {to} comes before line {}, the first", from.unwrap_or(1))))
            }
            Self::Send { ref key, ref text, enter, paste, secret, .. }
                if !key.is_empty() && (enter || paste || secret || !matches!(&**text, "" | STDIN)) =>
            {
                Err(("key", "keys go without a text and its options; send them by a request of their own".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the answer is to be redacted. `await` and `exec`, which are answered later, see to it themselves.
    pub(super) fn redacts(&self) -> bool {
        matches!(
            self,
            Self::Lines { redact: true, .. }
                | Self::Screen { redact: true }
                | Self::Captured { redact: true, .. }
                | Self::Marks { redact: true }
        )
    }

    /// Returns the level of access that a client needs for it.
    pub fn level(&self) -> AccessLevel {
        match self {
            Self::Status {}
            | Self::Wait {}
            | Self::Errors { .. }
            | Self::Await(_)
            | Self::Lines { .. }
            | Self::Screen { .. }
            | Self::Notes {}
            | Self::Captured { .. }
            | Self::Get { .. }
            | Self::Marks { .. }
            | Self::Subscribe { .. }
            | Self::Trigger(TriggerRequest::List { .. })
            | Self::Record(RecordRequest::Status {})
            | Self::Access(_) => AccessLevel::Look,
            Self::Annotate { .. } | Self::Notify { .. } => AccessLevel::Annotate,
            Self::Send { .. }
            | Self::Exec(_)
            | Self::Run { .. }
            | Self::Stop { .. }
            | Self::Inject { .. }
            | Self::Set { .. }
            | Self::Lend { .. }
            | Self::Trigger(
                TriggerRequest::Add { .. }
                | TriggerRequest::Remove { .. }
                | TriggerRequest::Enable { .. }
                | TriggerRequest::Disable { .. },
            )
            | Self::Record(RecordRequest::Start { .. } | RecordRequest::Stop {}) => AccessLevel::Type,
        }
    }

    /// Returns the names of a method's parameters, in the order in which an array gives them.
    pub fn parameters(method: &str) -> &'static [String] {
        PARAMETERS.get(method).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of all methods.
    pub fn methods() -> impl Iterator<Item = &'static str> {
        PARAMETERS.keys().map(String::as_str).filter(|method| !GROUPS.contains(method))
    }

    /// Returns the request as it goes over the wire: its method and its parameters.
    pub fn write(&self) -> Value {
        let written = match self {
            Self::Trigger(command) => serde_json::to_value(command),
            Self::Record(command) => serde_json::to_value(command),
            other => serde_json::to_value(other),
        };
        written.expect("strings, numbers and lists can always be written")
    }
}

impl AwaitRequest {
    /// Returns an error unless one thing is waited for: the name of a parameter, and the reason without its name.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let given = [
            ("text", self.text.is_some()),
            ("prompt", self.prompt),
            ("quiet", self.quiet.is_some()),
            ("command-end", self.command_end),
            ("state", self.state.is_some()),
        ];
        let mut given = given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name);
        let among = "wait for one of --text, --prompt, --quiet, --command-end and --state";
        match (given.next(), given.next()) {
            (None, _) => Err(("text", format!("nothing is waited for; {among}"))),
            (Some(_), Some(second)) => Err((second, format!("one thing is waited for at a time; {among}"))),
            (Some("text" | "command-end"), None) if self.from.is_some() && self.offset.is_some() => {
                Err(("offset", "a line is given too; leave out the one or the other".to_owned()))
            }
            (Some("text" | "command-end"), None) => Ok(()),
            (Some(name), None) => {
                let place = match (self.from, self.offset) {
                    (Some(_), _) => "from",
                    (None, Some(_)) => "offset",
                    (None, None) => return Ok(()),
                };
                Err((place, format!("no place belongs to --{name}; leave out the one or the other")))
            }
        }
    }
}

/// Methods that need one of two parameters, as their types cannot say.
const NEEDS_ONE: [(&str, [&str; 2]); 1] = [("send", ["text", "key"])];

/// The method that is no subcommand.
pub const ACCESS: &str = "access";

/// Subcommands whose own subcommands are methods.
const GROUPS: [&str; 2] = ["trigger", "record"];

/// The parameters of every method, computed once, since building the clap commands is slow.
static PARAMETERS: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let whole = Request::augment_subcommands(clap::Command::new(""));
    let of = |prefix: &str, command: &clap::Command| (format!("{prefix}{}", command.get_name()), on_the_wire(command));
    let of_group = |group: &&'static str| {
        let below = whole.find_subcommand(group).into_iter().flat_map(clap::Command::get_subcommands);
        below.map(|command| of(&format!("{group}-"), command)).collect::<Vec<_>>()
    };
    let below = GROUPS.iter().flat_map(of_group);
    let mut all: HashMap<_, _> = whole.get_subcommands().map(|command| of("", command)).chain(below).collect();
    // On the command line each option of a trigger is an option; on the wire they are one list.
    all.insert("trigger-add".to_owned(), ["regex", "options", "event"].map(str::to_owned).to_vec());
    all.insert(ACCESS.to_owned(), on_the_wire(&AccessRequest::augment_args(clap::Command::new(ACCESS))));
    // The client fills these in from its environment.
    all.insert("lend".to_owned(), ["command", "directory", "environment", "streams"].map(str::to_owned).to_vec());
    all
});

fn on_the_wire(command: &clap::Command) -> Vec<String> {
    // Options about printing are not sent to the session.
    let here_only = [
        ("errors", "follow"),
        ("lines", "numbers"),
        ("lines", "notes"),
        ("lines", "times"),
        ("captured", "format"),
        ("list", "toml"),
    ];
    let arguments =
        command.get_arguments().filter(|arg| !here_only.contains(&(command.get_name(), arg.get_id().as_str())));
    arguments.map(|arg| arg.get_id().to_string()).collect()
}

/// Returns an object of parameters that were given by position.
fn by_name(method: &str, values: Vec<Value>) -> Result<Value, OptionArgsError> {
    let names = Request::parameters(method);
    if values.len() > names.len() {
        let sentence =
            format!("{} parameters, but the method takes {}: {}", values.len(), names.len(), names.join(", "));
        return Err(OptionArgsError::Params(sentence));
    }
    Ok(Value::Object(names.iter().cloned().zip(values).collect()))
}

/// Default timeout of text that waits to be typed, in seconds.
const SECONDS: u64 = 30;
/// Argument that stands for stdin on the command line.
pub const STDIN: &str = "-";

fn seconds() -> u64 {
    SECONDS
}

fn term() -> i32 {
    SIGTERM
}

/// Reads a signal by its number or its name.
fn signal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(name) => name,
        other => other.to_string(),
    };
    crate::types::parse_signal(&text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, value: &str) -> OptionArg {
        OptionArg { name: name.to_owned().into(), value: value.to_owned() }
    }

    fn send() -> Request {
        Request::Send {
            enter: true,
            paste: false,
            secret: false,
            timeout: 30,
            now: false,
            text: "x".to_owned(),
            key: Vec::new(),
        }
    }

    fn keys(names: &[&str]) -> Request {
        let key = names.iter().map(|name| name.parse().expect("a key")).collect();
        Request::Send { enter: false, paste: false, secret: false, timeout: 30, now: false, text: String::new(), key }
    }

    #[test]
    fn request_survives_the_wire() {
        let add =
            TriggerRequest::Add { regex: Some("a".to_owned()), event: None, options: Options(vec![item("bell", "")]) };
        let all = [Request::Wait {}, Request::Stop { signal: 2 }, send(), keys(&["C-c", "Up"]), Request::Trigger(add)];
        for command in all {
            let mut written = command.write();
            let method = written["method"].as_str().expect("a request has a method").to_owned();
            assert_eq!(Request::read(&method, Some(written["params"].take())), Ok(command));
        }
    }

    #[test]
    fn parameters_may_come_by_position_or_be_absent() {
        assert_eq!(Request::read("send", Some(json!(["x", true]))), Ok(send()));
        let at_once = Request::Send {
            enter: true,
            paste: false,
            secret: false,
            timeout: 30,
            now: true,
            text: "x".to_owned(),
            key: vec![],
        };
        assert_eq!(Request::read("send", Some(json!(["x", true, false, false, 30, true]))), Ok(at_once));
        assert_eq!(Request::read("send", Some(json!({"key": ["C-c", "Up"]}))), Ok(keys(&["C-c", "Up"])));
        assert_eq!(Request::read("wait", None), Ok(Request::Wait {}));
        assert_eq!(Request::read("stop", Some(json!({}))), Ok(Request::Stop { signal: 15 }));
        assert_eq!(Request::read("stop", Some(json!(["INT"]))), Ok(Request::Stop { signal: 2 }));
    }

    #[test]
    fn events_are_read_by_their_names() {
        let subscribe = |events| Request::Subscribe { events };
        let events = EventKind::NAMES;
        assert_eq!(Request::read("subscribe", Some(json!([events]))), Ok(subscribe(EventKind::ALL.to_vec())));
        assert_eq!(subscribe(EventKind::ALL.to_vec()).write()["params"]["events"], json!(events));
        let Err(OptionArgsError::Params(sentence)) = Request::read("subscribe", Some(json!([["line", "no"]]))) else {
            panic!("an unknown event is refused")
        };
        assert!(sentence.starts_with("there is no kind of event 'no'; the kinds are line, prompt, "), "{sentence}");
    }

    #[test]
    fn unknown_method_and_bad_parameters_are_told_apart() {
        for method in ["", "no", "trigger", "trigger-", "trigger-no", "Run"] {
            assert_eq!(Request::read(method, None), Err(OptionArgsError::Method), "{method}");
        }
        for (method, params) in [
            ("run", json!({})),
            ("wait", json!({"x": 1})),
            ("send", json!({})),
            ("send", json!({"text": 5})),
            ("send", json!({"text": "a", "more": 1})),
            ("send", json!({"text": "a", "secret": true, "now": true})),
            ("send", json!({"key": ["Return"]})),
            ("send", json!({"text": "a", "key": ["Up"]})),
            ("send", json!({"enter": true, "key": ["Up"]})),
            ("wait", json!([1])),
            ("stop", json!({"signal": 0})),
            ("stop", json!({"signal": 4000})),
            ("stop", json!({"signal": "NO"})),
            ("stop", json!({"signal": null})),
            ("subscribe", json!({"events": ["no"]})),
            ("lines", json!({"to": 2, "from": 3})),
            ("lines", json!({"to": 0})),
            ("lines", json!({"to": 2, "follow": true})),
        ] {
            let fault = Request::read(method, Some(params.clone()));
            assert!(matches!(fault, Err(OptionArgsError::Params(_))), "{method} {params}: {fault:?}");
        }
    }
}
