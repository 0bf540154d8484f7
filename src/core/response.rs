//! What a session answers to each request: one type for the session that makes an answer, for the client that reads it,
//! and for the documents that show it. An answer is a JSON object; a client passes over the keys that it does not know.

mod samples;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::{InputFormat, OptionArg, Request, TriggerRequest};
use crate::types::ExitStatus;
pub use samples::samples;

/// The answer to `run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "neither a process id nor a status")]
pub enum RunResponse {
    /// `wait` was asked for: how the coprocess ended.
    Ended(EndResponse),
    /// The coprocess runs.
    Started {
        /// Its process id.
        pid: u32,
    },
}

/// The answer to `stop`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "no object")]
pub enum StopResponse {
    /// The coprocess was sent SIGTERM: how it ended.
    Ended(EndResponse),
    /// The coprocess was sent another signal, and may go on.
    Sent(Done),
}

/// How a process ended: the answer to `wait` and to `lend`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndResponse {
    /// The status as a shell reports it: 128+N where signal N ended the process.
    pub status: u8,
    /// The signal that ended the process; absent where it exited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Why the coprocess failed; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<CoprocFailure>,
}

impl From<ExitStatus> for EndResponse {
    fn from(exit: ExitStatus) -> Self {
        let signal = match exit {
            ExitStatus::Code(_) => None,
            ExitStatus::Signal(signal) => Some(signal),
        };
        Self { status: exit.status(), signal, failure: None }
    }
}

/// Why a coprocess failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoprocFailure {
    /// A sentence.
    pub message: String,
    /// The last lines that the coprocess wrote to stderr.
    pub stderr: Vec<String>,
}

/// The answer to `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusResponse {
    /// The session's id.
    pub session: String,
    /// The version of coshell.
    pub version: String,
    /// The program that runs in the session.
    pub command: String,
    /// The path of the pty's slave.
    pub tty: String,
    /// Rows of the window.
    pub rows: u16,
    /// Columns of the window.
    pub cols: u16,
    /// What the keyboard's bytes come from.
    pub keyboard: StreamKind,
    /// What the shell's output goes to.
    pub screen: StreamKind,
    /// Whether the program inside uses the alternate screen.
    pub alternate_screen: bool,
    /// How many triggers there are.
    pub triggers: usize,
    /// The coprocess that runs; null where none does.
    pub coprocess: Option<CoprocStatus>,
    /// The last coprocess that ended; null where none has.
    pub last_coprocess: Option<LastCoproc>,
}

/// What the session's input or output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamKind {
    /// A terminal.
    Terminal,
    /// A file, a pipe, a socket.
    Stream,
}

/// The coprocess that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoprocStatus {
    /// Its command line.
    pub command: String,
    /// Its process id; null until it is started.
    pub pid: Option<u32>,
    /// Whether nothing is shown while it runs.
    pub silent: bool,
    /// What it reads.
    pub input: InputFormat,
    /// How long it has run.
    pub seconds: u64,
    /// How many bytes it was given to read.
    pub bytes_read: usize,
    /// How many of the bytes that it wrote were typed.
    pub bytes_typed: u64,
}

/// The last coprocess that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCoproc {
    /// Its command line.
    pub command: String,
    /// Its status as a shell reports it.
    pub status: u8,
}

/// The answer to `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorsResponse {
    /// The command line of the coprocess.
    pub command: String,
    /// The end of what it wrote to stderr.
    pub stderr: String,
}

/// The answer to `send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendResponse {
    /// How many bytes are typed; absent for a secret, whose length is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typed: Option<usize>,
}

/// The answer to `lines`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinesResponse {
    /// The lines, oldest first.
    pub lines: Vec<LineResponse>,
    /// Whether older lines were left out, since one answer holds 4 MiB of text; absent where there is no history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<bool>,
}

/// A line of the history. The event `line` has these keys too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineResponse {
    /// Its number; the first of the session is 1.
    pub number: u64,
    /// When it was printed, in seconds since 1970.
    pub time: f64,
    /// Its text.
    pub text: String,
    /// The number of the command that printed it; absent where the shell has marked none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<u64>,
    /// Whether the cursor is on it, so that it is not finished; absent where not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
    /// Whether this is a piece of a long line, and the next piece follows; absent where not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
    /// The notes on it; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteResponse>,
}

/// The answer to `screen`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenResponse {
    /// How many rows there are.
    pub rows: usize,
    /// How many columns there are.
    pub cols: usize,
    /// Whether this is the alternate screen.
    pub alternate_screen: bool,
    /// Where the cursor is.
    pub cursor: CursorResponse,
    /// The text of each row.
    pub lines: Vec<String>,
    /// For each row its runs of cells that look the same.
    pub runs: Vec<Vec<CellRun>>,
    /// The rows whose line goes on in the next row.
    pub wrapped: Vec<usize>,
}

/// The cursor of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorResponse {
    /// Its row, from 0.
    pub row: usize,
    /// Its column, from 0.
    pub column: usize,
    /// Whether it is shown.
    pub visible: bool,
}

/// Neighbouring cells of a row that look the same. What is not on is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CellRun {
    /// Their text.
    pub text: String,
    /// Their colour; absent where it is the terminal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreground: Option<CellRunColour>,
    /// The colour behind them; absent where it is the terminal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<CellRunColour>,
    /// SGR 1.
    #[serde(skip_serializing_if = "is_false")]
    pub bold: bool,
    /// SGR 2.
    #[serde(skip_serializing_if = "is_false")]
    pub faint: bool,
    /// SGR 3.
    #[serde(skip_serializing_if = "is_false")]
    pub italic: bool,
    /// SGR 4.
    #[serde(skip_serializing_if = "is_false")]
    pub underline: bool,
    /// SGR 5.
    #[serde(skip_serializing_if = "is_false")]
    pub blink: bool,
    /// SGR 7.
    #[serde(skip_serializing_if = "is_false")]
    pub inverse: bool,
    /// SGR 9.
    #[serde(skip_serializing_if = "is_false")]
    pub strikethrough: bool,
}

/// A colour of cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "neither a number of the palette nor #rrggbb")]
pub enum CellRunColour {
    /// A number of the palette.
    Indexed(u8),
    /// `#rrggbb`.
    Rgb(String),
}

/// The answer to `annotate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnotateResponse {
    /// The number of the line.
    pub line: u64,
    /// The text of the line.
    pub text: String,
}

/// A line that something was written down about, as it was then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotedLine {
    /// Its number.
    pub line: u64,
    /// Its text.
    pub quote: String,
    /// When that was, in seconds since 1970.
    pub time: f64,
    /// The first column of the part that is meant, from 1; absent where the whole line is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<usize>,
    /// The last column of that part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
}

/// The answer to `notes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotesResponse {
    /// The notes, oldest first.
    pub notes: Vec<NoteResponse>,
}

/// A note on a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteResponse {
    /// The line.
    #[serde(flatten)]
    pub quoted: QuotedLine,
    /// The note.
    pub text: String,
}

/// The answer to `captured`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapturedResponse {
    /// The lines that triggers captured, oldest first.
    pub captured: Vec<CapturedLine>,
}

/// A line that a trigger captured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapturedLine {
    /// The line.
    #[serde(flatten)]
    pub quoted: QuotedLine,
    /// The name or the pattern of the trigger.
    pub trigger: String,
}

/// The answer to `get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "neither a value nor variables")]
pub enum GetResponse {
    /// A variable was named.
    One {
        /// Its value.
        value: String,
    },
    /// No variable was named.
    All {
        /// All of them, by name.
        variables: BTreeMap<String, String>,
    },
}

/// The answer to `marks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarksResponse {
    /// The commands that the shell has marked, oldest first.
    pub commands: Vec<CommandResponse>,
    /// The marks that triggers have set, oldest first.
    pub marks: Vec<MarkResponse>,
    /// Where the shell is; null where it has not said so, absent where there is no history.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub directory: Option<Option<String>>,
}

/// A command that the shell has marked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandResponse {
    /// Its number; the first of the session is 1.
    pub command: u64,
    /// The line on which it was typed; null where that is not kept.
    pub line: Option<u64>,
    /// The first line of its output; null where that is not kept.
    pub output: Option<u64>,
    /// The line on which its output ends; null where that is not known.
    pub end: Option<u64>,
    /// Its status; null where the shell has not said so.
    pub status: Option<i32>,
    /// Whether it runs.
    pub running: bool,
    /// When it began, in seconds since 1970.
    pub time: Option<f64>,
    /// How long it ran; null while it runs.
    pub seconds: Option<f64>,
    /// Where the shell was; null where it has not said so.
    pub directory: Option<String>,
    /// What was typed; null where the shell has not marked it.
    pub text: Option<String>,
}

/// A mark that a trigger has set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarkResponse {
    /// The line.
    #[serde(flatten)]
    pub quoted: QuotedLine,
    /// The name of the mark.
    pub name: String,
}

/// The answer to `trigger-list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerListResponse {
    /// The triggers, in order.
    pub triggers: Vec<TriggerResponse>,
}

/// A trigger, and how often it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerResponse {
    /// Its number.
    pub number: usize,
    /// Its name; null where it has none.
    pub name: Option<String>,
    /// What it looks for.
    pub regex: String,
    /// Its actions and modifiers, in order.
    pub options: Vec<OptionArg>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether the loop guard has stopped it for a while.
    pub stopped: bool,
    /// How often it fired.
    pub fired: u64,
    /// How often its pattern was searched for.
    pub searched: u64,
}

/// The answer to `trigger-add` and to `trigger-remove`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerNumberResponse {
    /// The number of the trigger.
    pub number: usize,
}

/// The answer to `trigger-enable` and to `trigger-disable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerSwitchResponse {
    /// The number of the trigger.
    pub number: usize,
    /// Whether it is switched on now.
    pub enabled: bool,
}

/// The answer to `subscribe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribeResponse {
    /// The types of the events that are sent.
    pub events: Vec<String>,
}

/// It was done, and there is nothing to tell: an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// The events that subcommands read. `subscribe` prints all as they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FollowedEvent {
    /// A line is finished.
    Line(LineResponse),
    /// The coprocess wrote to stderr.
    CoprocStderr {
        /// What it wrote.
        text: String,
    },
    /// Events came faster than they were read.
    Missed {
        /// How many were left out.
        count: u64,
    },
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Reads a key that is there, be it null: serde takes null for absent otherwise.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Defines `Response` with one variant for each type of answer, and the conversions into it.
macro_rules! responses {
    ($($(#[$doc:meta])* $variant:ident($answer:ident),)*) => {
        /// An answer to any request.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Response {
            $($(#[$doc])* $variant($answer),)*
        }

        $(impl From<$answer> for Response {
            fn from(answer: $answer) -> Self {
                Self::$variant(answer)
            }
        })*
    };
}

responses! {
    /// To `run`.
    Run(RunResponse),
    /// To `stop`.
    Stop(StopResponse),
    /// To `wait` and `lend`.
    End(EndResponse),
    /// To `status`.
    Status(StatusResponse),
    /// To `errors`.
    Errors(ErrorsResponse),
    /// To `send`.
    Send(SendResponse),
    /// To `lines`.
    Lines(LinesResponse),
    /// To `screen`.
    Screen(ScreenResponse),
    /// To `annotate`.
    Annotate(AnnotateResponse),
    /// To `notes`.
    Notes(NotesResponse),
    /// To `captured`.
    Captured(CapturedResponse),
    /// To `get`.
    Get(GetResponse),
    /// To `marks`.
    Marks(MarksResponse),
    /// To `trigger-list`.
    TriggerList(TriggerListResponse),
    /// To `trigger-add` and `trigger-remove`.
    TriggerNumber(TriggerNumberResponse),
    /// To `trigger-enable` and `trigger-disable`.
    TriggerSwitch(TriggerSwitchResponse),
    /// To `subscribe`.
    Subscribe(SubscribeResponse),
    /// To `inject`, `set` and `notify`.
    Done(Done),
}

impl Response {
    /// Reads the answer to this request.
    pub fn read(request: &Request, answer: Value) -> serde_json::Result<Self> {
        use serde_json::from_value;
        match request {
            Request::Run { .. } => from_value(answer).map(Self::Run),
            Request::Stop { .. } => from_value(answer).map(Self::Stop),
            Request::Wait {} | Request::Lend { .. } => from_value(answer).map(Self::End),
            Request::Status {} => from_value(answer).map(Self::Status),
            Request::Errors { .. } => from_value(answer).map(Self::Errors),
            Request::Send { .. } => from_value(answer).map(Self::Send),
            Request::Lines { .. } => from_value(answer).map(Self::Lines),
            Request::Screen {} => from_value(answer).map(Self::Screen),
            Request::Annotate { .. } => from_value(answer).map(Self::Annotate),
            Request::Notes {} => from_value(answer).map(Self::Notes),
            Request::Captured {} => from_value(answer).map(Self::Captured),
            Request::Get { .. } => from_value(answer).map(Self::Get),
            Request::Marks {} => from_value(answer).map(Self::Marks),
            Request::Subscribe { .. } => from_value(answer).map(Self::Subscribe),
            Request::Inject { .. } | Request::Set { .. } | Request::Notify { .. } => from_value(answer).map(Self::Done),
            Request::Trigger(command) => match command {
                TriggerRequest::List {} => from_value(answer).map(Self::TriggerList),
                TriggerRequest::Add { .. } | TriggerRequest::Remove { .. } => {
                    from_value(answer).map(Self::TriggerNumber)
                }
                TriggerRequest::Enable { .. } | TriggerRequest::Disable { .. } => {
                    from_value(answer).map(Self::TriggerSwitch)
                }
            },
        }
    }
}

#[cfg(test)]
mod tests;
