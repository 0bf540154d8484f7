//! What goes into the core and what comes out: the words between it and whoever drives it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::action::Protocol;
use super::command::Command;
use super::control::Refusal;
use super::coproc::{Form, Loudness};
use super::indicator::Charset;
use super::keys::Chord;
use super::lending::Guest;
use super::order::Order;
use super::rule::Rule;
use super::screen::{Medium, Skill, Tone};
use super::trigger::Looked;
use crate::words::{Child, Exit, Loss, Port, Size, Ticket};

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
    WriteClosed(Port, Loss),
    /// This process has ended.
    Exited(Child, Exit),
    /// This process has been started, and has this id.
    Started(Child, u32),
    /// This process could not be started, for this reason.
    StartFailed(Child, String),
    /// Answers `Effect::Reclaim`: what the coprocess had not read of its pipe.
    Unread(Vec<u8>),
    /// Answers `Effect::Look`.
    Looked(Looked),
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
    Asked(Ticket, Command),
    /// The client that asked has gone: nobody waits for this answer any more.
    Withdrawn(Ticket),
    /// The deadline has come.
    Deadline,
}

/// Something to be done outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start this process. The coprocess runs in the working directory of the pty's foreground job.
    Start(Child, Order),
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
    Look,
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
    Lend(Ticket, Guest),
    /// Look up the commands that were run from the menu in sessions before.
    RecallRecent,
    /// Keep this command for sessions to come.
    KeepRecent(String),
    /// This is what the client that asked is answered.
    Answer(Ticket, Result<Value, Refusal>),
    /// This has happened: tell the client that subscribed to it. A JSON object, as text: there may be many.
    Tell(Ticket, Arc<str>),
    /// Say this where the terminal does not show it: on stderr, at the end.
    Warn(String),
    /// Leave with this status.
    Finish(Exit),
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
pub struct Setup {
    /// What the session is called.
    pub session: String,
    /// What runs in it, as it is shown.
    pub command: String,
    /// The path of the pty's slave.
    pub tty: String,
    /// The window's size.
    pub size: Size,
    /// What the shell's output goes to.
    pub screen: Medium,
    /// What the keyboard's bytes come from.
    pub keyboard: Medium,
    /// What went wrong before the session began, in sentences.
    pub troubles: Vec<String>,
    /// The time at the start, since 1970.
    pub clock: Duration,
    /// How many lines of the history are kept.
    pub history: usize,
    /// The triggers, in order.
    pub rules: Vec<Rule>,
    /// The coprocess to start at once.
    pub coproc: Option<(Order, Loudness)>,
    /// What a coprocess reads.
    pub form: Form,
    /// What the keyboard does while a silent coprocess runs.
    pub silent_keys: SilentKeys,
    /// The key that opens the menu.
    pub hotkey: Option<Chord>,
    /// Whether the window's title tells of the coprocess, and in which characters.
    pub indicator: Option<Charset>,
    /// What coshell's own rows look like.
    pub tone: Tone,
    /// What can be shown of them.
    pub skill: Skill,
    /// Whether notices are shown.
    pub notices: Voice,
    /// How the terminal is told to show a notification.
    pub protocol: Protocol,
    /// The characters of which the pty makes signals (VINTR, VQUIT, VSUSP).
    pub signals: [u8; 3],
}

/// Whether coshell says anything of its own accord.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Voice {
    /// It shows notices.
    #[default]
    Notices,
    /// It does not.
    Quiet,
}
