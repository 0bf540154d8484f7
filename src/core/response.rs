//! The answers of a session to requests: one type for the session that makes an answer, the client that reads it, and the
//! documents that show it. An answer is a JSON object; a client ignores unknown keys.

mod annotations;
mod coproc;
mod driving;
mod samples;
mod state;
mod terminal;
mod triggers;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access::AccessLevel;
use super::request::{Request, TriggerRequest};
pub use annotations::{
    AnnotateResponse, CapturedLine, CapturedResponse, CommandResponse, GetResponse, MarkResponse, MarksResponse,
    NoteResponse, NotesResponse, QuotedLine,
};
pub use coproc::{
    CoprocFailure, CoprocStatus, EndResponse, ErrorsResponse, LastCoproc, RunResponse, StatusResponse, StopResponse,
    StreamKind,
};
pub use driving::{AwaitOutcome, AwaitResponse, ExecOutcome, ExecResponse};
pub use samples::samples;
pub use state::{JobResponse, LastCommand, StateResponse};
pub use terminal::{CellRun, CellRunColour, CursorResponse, LineResponse, LinesResponse, ScreenResponse};
pub use triggers::{TriggerListResponse, TriggerNumberResponse, TriggerResponse, TriggerSwitchResponse};

/// The answer to `send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendResponse {
    /// How many bytes are typed; absent for a secret, whose length is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typed: Option<usize>,
    /// How many bytes the session had printed before, for `--offset` of `await`; absent for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// The answer to `record-start`, `record-stop` and `record-status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordResponse {
    /// Whether a recording runs.
    pub recording: bool,
    /// The file of the recording; absent where none runs and none was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether what is typed is recorded.
    pub input: bool,
    /// Length of the recording.
    pub seconds: u64,
    /// Number of bytes in the file, those that wait included.
    pub bytes: u64,
    /// Number of bytes of output that were left out, since the file took too long.
    pub left_out: u64,
}

/// The answer to `access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessResponse {
    /// The level of access that the client has from now on.
    pub level: AccessLevel,
}

/// The answer to `subscribe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribeResponse {
    /// The types of the events that are sent.
    pub events: Vec<String>,
}

/// The answer to a request that has no result: an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// The events that subcommands read. `subscribe` prints all unparsed.
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
    /// To `await`.
    Await(AwaitResponse),
    /// To `exec`.
    Exec(ExecResponse),
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
    /// To `record-start`, `record-stop` and `record-status`.
    Record(RecordResponse),
    /// To `subscribe`.
    Subscribe(SubscribeResponse),
    /// To `access`.
    Access(AccessResponse),
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
            Request::Await(_) => from_value(answer).map(Self::Await),
            Request::Exec(_) => from_value(answer).map(Self::Exec),
            Request::Lines { .. } => from_value(answer).map(Self::Lines),
            Request::Screen { .. } => from_value(answer).map(Self::Screen),
            Request::Annotate { .. } => from_value(answer).map(Self::Annotate),
            Request::Notes {} => from_value(answer).map(Self::Notes),
            Request::Captured { .. } => from_value(answer).map(Self::Captured),
            Request::Get { .. } => from_value(answer).map(Self::Get),
            Request::Marks { .. } => from_value(answer).map(Self::Marks),
            Request::Record(_) => from_value(answer).map(Self::Record),
            Request::Subscribe { .. } => from_value(answer).map(Self::Subscribe),
            Request::Access(_) => from_value(answer).map(Self::Access),
            Request::Inject { .. } | Request::Set { .. } | Request::Notify { .. } => from_value(answer).map(Self::Done),
            Request::Trigger(command) => match command {
                TriggerRequest::List { .. } => from_value(answer).map(Self::TriggerList),
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
