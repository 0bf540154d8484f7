//! What goes into the core and what comes out: the words between it and whoever drives it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::command_line::CommandLine;
use super::control::RpcError;
use super::coproc::{InputFormat, Visibility};
use super::input::keys::Chord;
use super::lend::LentProgram;
use super::output::indicator::Charset;
use super::output::terminal::{NoticeStyle, OutputKind, TermCaps};
use super::request::Request;
use super::trigger::PtyState;
use super::trigger::action::Protocol;
use super::trigger::definition::TriggerDef;
use crate::types::{Child, ExitStatus, Port, RequestId, Size, WriteError};

/// Something that happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// Bytes were read from this port.
    Bytes(Port, &'a [u8]),
    /// A read of this port found nothing for now.
    Empty(Port),
    /// Nothing more can be read from this port.
    Closed(Port),
    /// Nothing more can be written to this port, for this reason.
    WriteClosed(Port, WriteError),
    /// This process has ended.
    Exited(Child, ExitStatus),
    /// This process has been started, and has this id.
    Started(Child, u32),
    /// This process could not be started, for this reason.
    StartFailed(Child, String),
    /// Answers `Effect::Reclaim`: what the coprocess had not read of its pipe.
    Unread(Vec<u8>),
    /// Answers `Effect::QueryPty`.
    PtyState(PtyState),
    /// Answers `Effect::EndInput`: the pty's end-of-file character (VEOF) now.
    EndOfFile(u8),
    /// Answers `Effect::Interrupt`: whether the byte is one that the line discipline makes a signal of, and the
    /// signal was sent.
    Interrupted(u8, bool),
    /// The terminal's window has this size.
    Resized(Size),
    /// coshell was sent a signal that ends it.
    Terminate(i32),
    /// coshell was asked to stop until it is continued.
    Suspend,
    /// Answers `Effect::RecallRecent`: the commands, oldest first, or a sentence; and `Effect::KeepRecent` with a sentence
    /// where the command could not be kept.
    Recent(Result<Vec<String>, String>),
    /// A control client asks for this.
    Request(RequestId, Request),
    /// The client that asked has gone: nobody waits for this answer any more.
    Cancel(RequestId),
    /// The deadline has come.
    Deadline,
}

/// Something to be done outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start this process. The coprocess runs in the working directory of the pty's foreground job.
    Start(Child, CommandLine),
    /// Send this signal to the process group of this child.
    Signal(Child, i32),
    /// Hang up the shell and its foreground job.
    HangUp,
    /// This child is over: forget its ports, and end what is left of its process group.
    Release(Child),
    /// Close this port for writing.
    CloseWrite(Port),
    /// Read back what the coprocess has not read of its pipe.
    Reclaim,
    /// Look at the pty: does it echo, what runs in it?
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
    /// Lend the terminal to this program.
    Lend(RequestId, LentProgram),
    /// Look up the commands that were run from the menu in sessions before.
    RecallRecent,
    /// Keep this command for sessions to come.
    KeepRecent(String),
    /// This is what the client that asked is answered.
    Answer(RequestId, Result<Value, RpcError>),
    /// This has happened: tell the client that subscribed to it. A JSON object, as text: there may be many.
    Tell(RequestId, Arc<str>),
    /// Say this where the terminal does not show it: on stderr, at the end.
    Warn(String),
    /// Leave with this status.
    Finish(ExitStatus),
}

/// What the keyboard does while a silent coprocess runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SilentKeys {
    /// Nothing but Ctrl-C, which stops the coprocess.
    #[default]
    Lock,
    /// What it does otherwise.
    Pass,
}

/// Everything that a session is started with, checked.
#[derive(Debug)]
pub struct Settings {
    /// What the session is called.
    pub session: String,
    /// What runs in it, as it is shown.
    pub command: String,
    /// The path of the pty's slave.
    pub tty: String,
    /// The window's size.
    pub size: Size,
    /// What the shell's output goes to.
    pub screen: OutputKind,
    /// What the keyboard's bytes come from.
    pub keyboard: OutputKind,
    /// What went wrong before the session began, in sentences.
    pub troubles: Vec<String>,
    /// The time at the start, since 1970.
    pub clock: Duration,
    /// How many lines of the history are kept.
    pub history: usize,
    /// The triggers, in order.
    pub rules: Vec<TriggerDef>,
    /// The coprocess to start at once.
    pub coproc: Option<(CommandLine, Visibility)>,
    /// What a coprocess reads.
    pub form: InputFormat,
    /// What the keyboard does while a silent coprocess runs.
    pub silent_keys: SilentKeys,
    /// The key that opens the menu.
    pub hotkey: Option<Chord>,
    /// Whether the window's title tells of the coprocess, and in which characters.
    pub indicator: Option<Charset>,
    /// What coshell's own rows look like.
    pub tone: NoticeStyle,
    /// What can be shown of them.
    pub skill: TermCaps,
    /// Whether notices are shown.
    pub notices: NoticeOutput,
    /// How the terminal is told to show a notification.
    pub protocol: Protocol,
    /// The characters of which the pty makes signals (VINTR, VQUIT, VSUSP).
    pub signals: [u8; 3],
}

/// Whether coshell says anything of its own accord.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoticeOutput {
    /// It shows notices.
    #[default]
    Notices,
    /// It does not.
    Quiet,
}
