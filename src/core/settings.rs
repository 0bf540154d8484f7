//! Everything that a session is started with, checked.

use std::time::Duration;

use super::command_line::CommandLine;
use super::input::keyboard::SilentKeys;
use super::input::keys::Chord;
use super::notices::NoticeOutput;
use super::output::indicator::Charset;
use super::output::terminal::{NoticeStyle, OutputKind, TermCaps};
use super::request::{InputFormat, Visibility};
use super::trigger::action::Protocol;
use super::trigger::definition::TriggerDef;
use crate::types::Size;

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
    pub warnings: Vec<String>,
    /// The time at the start, since 1970.
    pub unix_time: Duration,
    /// How many lines of the history are kept.
    pub history: usize,
    /// The triggers, in order.
    pub triggers: Vec<TriggerDef>,
    /// The coprocess to start at once.
    pub coproc: Option<(CommandLine, Visibility)>,
    /// What a coprocess reads.
    pub input_format: InputFormat,
    /// What the keyboard does while a silent coprocess runs.
    pub silent_keys: SilentKeys,
    /// The key that opens the menu.
    pub hotkey: Option<Chord>,
    /// Whether the window's title tells of the coprocess, and in which characters.
    pub indicator: Option<Charset>,
    /// What coshell's own rows look like.
    pub notice_style: NoticeStyle,
    /// What can be shown of them.
    pub term_caps: TermCaps,
    /// Whether notices are shown.
    pub notices: NoticeOutput,
    /// How the terminal is told to show a notification.
    pub protocol: Protocol,
    /// The characters of which the pty makes signals (VINTR, VQUIT, VSUSP).
    pub signal_characters: [u8; 3],
}

impl Settings {
    /// Whether keyboard and screen are those of a terminal, so that coshell can ask the user something.
    pub(super) fn has_terminal(&self) -> bool {
        self.keyboard == OutputKind::Terminal && self.screen == OutputKind::Terminal
    }
}
