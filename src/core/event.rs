//! The inputs and the effects of the core.

use std::sync::Arc;

use super::access::Requester;
use super::command_line::CommandLine;
use super::request::Request;
use super::response::Response;
use super::rpc_error::RpcError;
use crate::types::{Child, Echo, ExitStatus, RequestId, Sink, Size, Source, WriteError};

/// Why coshell stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suspension {
    /// It was sent SIGTSTP.
    Coshell,
    /// The shell has stopped itself, and is to be continued with coshell.
    Shell,
}

/// An input of the core: something that happened outside.
#[derive(Debug)]
pub enum Input<'a> {
    /// Bytes were read from this source.
    Bytes(Source, &'a [u8]),
    /// A read of this source found nothing for now.
    Empty(Source),
    /// Nothing more can be read from this source.
    Closed(Source),
    /// Nothing more can be written to this sink, for a reason.
    WriteClosed(Sink, WriteError),
    /// This process has ended.
    Exited(Child, ExitStatus),
    /// The coprocess has been started, with this process id.
    CoprocStarted(u32),
    /// The coprocess could not be started, for a reason.
    CoprocStartFailed(String),
    /// The background command in this slot could not be started, for a reason.
    JobStartFailed(u8, String),
    /// The program that was to be lent the terminal could not be started, for a reason.
    LendFailed(String),
    /// Answers [`Effect::Reclaim`]: the bytes that the coprocess left unread in its stdin pipe.
    Unread(Vec<u8>),
    /// Answers [`Effect::QueryPty`].
    PtyState(PtyState),
    /// Answers [`Effect::EndInput`]: the pty's end-of-file character (VEOF) now.
    EndOfFile(u8),
    /// Answers [`Effect::Interrupt`]: the byte, and whether it is a signal character of the line discipline and its signal
    /// was sent.
    Interrupted(u8, bool),
    /// The terminal's window has this size.
    Resized(Size),
    /// coshell received this signal, which ends it.
    Terminate(i32),
    /// coshell received SIGTSTP.
    Suspend,
    /// The shell, or the command in its place, has stopped itself.
    ShellStopped,
    /// Answers [`Effect::Suspend`]: coshell has been continued, or did not stop.
    Resumed,
    /// Answers [`Effect::RecallRecent`] with the commands, oldest first; answers [`Effect::KeepRecent`] where the command
    /// could not be stored.
    Recent(Result<Vec<String>, RecentError>),
    /// Answers [`Effect::OpenRecording`].
    RecordingOpened(Result<(), RecordFileError>),
    /// The file of the recording is written to its end, and closed; or it cannot be written.
    RecordingClosed(Result<(), RecordFileError>),
    /// A client makes this request.
    Request(RequestId, Request, Requester),
    /// The client that made this request has disconnected.
    Cancel(RequestId),
    /// Answers [`Effect::ReportFault`].
    FaultReported {
        /// A sentence about the fault for the user.
        sentence: String,
        /// Whether a program that is lent the terminal runs: the fault may have lost the effect that starts it.
        lent: bool,
    },
    /// The deadline has come.
    Deadline,
}

/// Failure to read or write the file of recent commands, in a sentence of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentError(pub String);

/// Failure to open or to write the file of a recording, in a clause of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFileError(pub String);

/// State of the pty, as the host finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PtyState {
    /// Whether the line discipline echoes.
    pub echo: Echo,
    /// Whether the line discipline edits lines (ICANON).
    pub is_canonical: bool,
    /// The foreground process group; 0 where there is none.
    pub group: i32,
    /// Names of the processes of that group that have no child in it.
    pub readers: Vec<String>,
    /// Names of that group's processes and of its leader's ancestors.
    pub jobs: Vec<String>,
    /// Whether a process of that group sleeps in a read of the pty; `false` where that cannot be known.
    pub asks: bool,
    /// That group; `None` where there is none, or where its processes are not known.
    pub job: Option<ForegroundJob>,
    /// Whether the shell leads that group, or the command in its place does.
    pub shell_is_foreground: bool,
}

/// The foreground process group of the pty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForegroundJob {
    /// Name of its leader or, where that has exited, of another process of the group.
    pub name: String,
    /// Process id of the leader, which is the id of the group.
    pub pid: i32,
    /// Working directory of the leader; `None` where that is not known.
    pub directory: Option<String>,
}

/// A program that is to be lent the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LentProgram {
    /// The program and its arguments, never empty.
    pub command: Vec<String>,
    /// The working directory; coshell's own where absent.
    pub directory: Option<String>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// The standard streams (0 to 2) whose descriptors the client passed along, in their order.
    pub streams: Vec<u8>,
}

/// An effect of the core: something to be done outside.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Start the coprocess, in the working directory of the pty's foreground job.
    StartCoproc {
        /// The command line.
        command: CommandLine,
        /// Whether unread bytes of its stdin pipe must be kept for [`Effect::Reclaim`].
        reclaim_unread: bool,
    },
    /// Start a background command.
    StartJob {
        /// The slot of the command.
        slot: u8,
        /// The command line.
        command: CommandLine,
    },
    /// Send this signal to the process group of this child.
    Signal(Child, i32),
    /// Hang up the shell and its foreground job.
    HangUp,
    /// Close the pipes of the coprocess, which has ended, and kill the rest of its process group.
    ReleaseCoproc,
    /// Do the same for the background command in this slot.
    ReleaseJob(u8),
    /// Close this sink.
    CloseWrite(Sink),
    /// Read back the unread bytes of the coprocess's stdin pipe.
    Reclaim,
    /// Find out whether the pty echoes, and which programs run in its foreground.
    QueryPty,
    /// Send the signal of this signal character to the pty's foreground process group.
    Interrupt(u8),
    /// Discard typed input that the pty slave has not read (tcflush(3), TCIFLUSH).
    DiscardTyped,
    /// Give the pty the modes that it had at the session's start, if its line discipline passes each byte as it is and makes no
    /// signals.
    LeaveRawMode,
    /// Find out the pty's end-of-file character, which programs may have changed, so that it can be typed.
    EndInput,
    /// Set the window size of the pty.
    Resize(Size),
    /// Restore the terminal, stop, and set the terminal up again when continued.
    Suspend(Suspension),
    /// Run this program on the terminal, for this request.
    Lend(RequestId, LentProgram),
    /// Read the stored commands that were run from the menu in earlier sessions.
    RecallRecent,
    /// Store this command for later sessions.
    KeepRecent(String),
    /// Create the file of a recording.
    OpenRecording {
        /// Its path.
        file: String,
        /// Whether a file that exists is replaced.
        replace: bool,
    },
    /// Write what is pending for the recording, then close its file and report that.
    CloseRecording,
    /// Send the answer to this request.
    Answer(RequestId, Result<Response, RpcError>),
    /// The user has allowed all further requests of the client that has made this one: of all connections of its process.
    Trust(RequestId),
    /// Send an event, a JSON object as text, to the client that subscribed by this request.
    Tell(RequestId, Arc<str>),
    /// Print this line on standard error when the terminal has been restored.
    Warn(String),
    /// Record the fault of coshell that ended everything but the relay.
    ReportFault,
    /// Send this error to every client that waits for an answer or has subscribed.
    RefuseAll(RpcError),
    /// Exit with this status.
    Finish(ExitStatus),
}

/// Context of a call to a machine: the time of the turn, and the list of effects, to which it appends.
pub(super) struct Cx<'a> {
    pub(super) now: std::time::Instant,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Cx<'_> {
    /// Appends an effect.
    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Answers `request_id` with `response`.
    pub(super) fn answer(&mut self, request_id: RequestId, response: impl Into<Response>) {
        self.push(Effect::Answer(request_id, Ok(response.into())));
    }

    /// Answers `request_id` with an error.
    pub(super) fn refuse(&mut self, request_id: RequestId, error: RpcError) {
        self.push(Effect::Answer(request_id, Err(error)));
    }
}
