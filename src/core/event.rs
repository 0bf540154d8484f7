//! What goes into the core and what comes out of it. Nothing here decides anything.

use std::sync::Arc;

use super::command_line::CommandLine;
use super::request::Request;
use super::response::Response;
use super::rpc_error::RpcError;
use crate::types::{Child, ExitStatus, RequestId, Sink, Size, Source, WriteError};

/// Something that happened outside.
#[derive(Debug)]
pub enum Input<'a> {
    /// Bytes were read from this source.
    Bytes(Source, &'a [u8]),
    /// A read of this source found nothing for now.
    Empty(Source),
    /// Nothing more can be read from this source.
    Closed(Source),
    /// Nothing more can be written to this sink, for this reason.
    WriteClosed(Sink, WriteError),
    /// This process has ended.
    Exited(Child, ExitStatus),
    /// The coprocess has been started, with this process id.
    CoprocStarted(u32),
    /// The coprocess could not be started, for this reason.
    CoprocStartFailed(String),
    /// The background command in this slot could not be started, for this reason.
    JobStartFailed(u8, String),
    /// The program that was to be lent the terminal could not be started, for this reason.
    LendFailed(String),
    /// Answers [`Effect::Reclaim`]: what the coprocess had not read of its pipe.
    Unread(Vec<u8>),
    /// Answers [`Effect::QueryPty`].
    PtyState(PtyState),
    /// Answers [`Effect::EndInput`]: the pty's end-of-file character (VEOF) now.
    EndOfFile(u8),
    /// Answers [`Effect::Interrupt`]: whether the byte is one that the line discipline makes a signal of, and the
    /// signal was sent.
    Interrupted(u8, bool),
    /// The terminal's window has this size.
    Resized(Size),
    /// coshell was sent a signal that ends it.
    Terminate(i32),
    /// coshell was asked to stop until it is continued.
    Suspend,
    /// Answers [`Effect::RecallRecent`] with the commands, oldest first; answers [`Effect::KeepRecent`] where the command
    /// could not be kept.
    Recent(Result<Vec<String>, RecentError>),
    /// A client makes this request.
    Request(RequestId, Request),
    /// The client that made this request has gone: its answer is not wanted any more.
    Cancel(RequestId),
    /// The deadline has come.
    Deadline,
}

/// Failure to read or write the file of recent commands, in a sentence of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentError(pub String);

/// What the host finds when it looks at the pty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PtyState {
    /// Whether the terminal inside has its echo off.
    pub no_echo: bool,
    /// The names of the foreground job and of its ancestors.
    pub jobs: Vec<String>,
}

/// A program that is to be lent the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LentProgram {
    /// The program and its arguments, never empty.
    pub command: Vec<String>,
    /// The working directory; coshell's own where it is absent.
    pub directory: Option<String>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Which of its standard streams were passed along, in the order of the descriptors.
    pub streams: Vec<u8>,
}

/// Something to be done outside.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Start the coprocess, in the working directory of the pty's foreground job.
    StartCoproc {
        /// What is run.
        command: CommandLine,
        /// Whether what it leaves unread in its pipe must be kept for [`Effect::Reclaim`].
        reclaim_unread: bool,
    },
    /// Start a background command.
    StartJob {
        /// The slot that it runs in.
        slot: u8,
        /// What is run.
        command: CommandLine,
    },
    /// Send this signal to the process group of this child.
    Signal(Child, i32),
    /// Hang up the shell and its foreground job.
    HangUp,
    /// The coprocess is over: close its pipes, and end what is left of its process group.
    ReleaseCoproc,
    /// The background command in this slot is over: the same for it.
    ReleaseJob(u8),
    /// Close this sink.
    CloseWrite(Sink),
    /// Read back what the coprocess has not read of its pipe.
    Reclaim,
    /// Find out whether the pty echoes, and what runs in it.
    QueryPty,
    /// Send the signal that this byte stands for to the pty's foreground process group.
    Interrupt(u8),
    /// Drop what was typed and not read yet.
    DiscardTyped,
    /// Type the end-of-file character, which the programs inside may have changed.
    EndInput,
    /// Give the pty this size.
    Resize(Size),
    /// Restore the terminal, stop, and take it again when continued.
    Suspend,
    /// Lend the terminal to this program, at this request.
    Lend(RequestId, LentProgram),
    /// Read the commands that were run from the menu in earlier sessions.
    RecallRecent,
    /// Keep this command for later sessions.
    KeepRecent(String),
    /// Answer the client that made this request.
    Answer(RequestId, Result<Response, RpcError>),
    /// Send an event to the client that subscribed by this request. It is a JSON object as text, shared by all
    /// subscribers.
    Tell(RequestId, Arc<str>),
    /// Print this on standard error at the end, since the terminal cannot show it.
    Warn(String),
    /// Leave with this status.
    Finish(ExitStatus),
}

/// What a machine is called with: the time of the turn, and the effects, to which it appends.
pub(super) struct Cx<'a> {
    pub(super) now: std::time::Instant,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Cx<'_> {
    /// Appends an effect.
    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, request_id: RequestId, response: impl Into<Response>) {
        self.push(Effect::Answer(request_id, Ok(response.into())));
    }

    /// Answers a request with an error.
    pub(super) fn refuse(&mut self, request_id: RequestId, error: RpcError) {
        self.push(Effect::Answer(request_id, Err(error)));
    }
}
