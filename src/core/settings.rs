//! Settings of a session.

use std::time::Duration;

use super::access::AccessLevel;
use super::command_line::CommandLine;
use super::input::keyboard::SilentKeys;
use super::input::keys::Chord;
use super::notices::{Notice, NoticeOutput};
use super::output::indicator::Charset;
use super::output::terminal::{NoticeStyle, OutputKind, TermCaps};
use super::recorder::{RecordFacts, RecordOptions};
use super::redact::Redaction;
use super::request::{InputFormat, Visibility};
use super::transfer::Direction;
use super::trigger::CostClock;
use super::trigger::action::Protocol;
use super::trigger::definition::TriggerDef;
use super::trigger::rehearsal::Rehearsal;
use super::trigger::table::TooManyTriggers;
use crate::types::Size;

/// Checked settings with which a session starts.
#[derive(Debug)]
pub struct Settings {
    /// The session's identifier.
    pub session: String,
    /// The session's name.
    pub name: Option<String>,
    /// The wrapped command as shown to users.
    pub command: String,
    /// Path of the pty slave.
    pub tty: String,
    /// Size of the terminal's window.
    pub size: Size,
    /// Kind of the output that shows the shell's output.
    pub screen: OutputKind,
    /// Kind of the keyboard's input.
    pub keyboard: OutputKind,
    /// Sentences about what went wrong before the session began.
    pub warnings: Vec<String>,
    /// Time at the start since the Unix epoch.
    pub unix_time: Duration,
    /// Number of lines in the history.
    pub history: usize,
    /// The triggers, in order.
    pub triggers: Vec<TriggerDef>,
    /// The coprocess that starts with the session.
    pub coproc: Option<(CommandLine, Visibility)>,
    /// The programs that answer a file transfer of the shell, with `--zmodem`.
    pub zmodem: Option<TransferPrograms>,
    /// The recording that starts with the session, whose file is open.
    pub record: Option<RecordOptions>,
    /// Value of `$TERM`, for the headers of recordings.
    pub term: Option<String>,
    /// Value of `$SHELL`, for the same.
    pub shell: Option<String>,
    /// What is redacted.
    pub redaction: Redaction,
    /// Default format of a coprocess's stdin.
    pub input_format: InputFormat,
    /// Level of access that the clients of the socket have at most.
    pub clients: AccessLevel,
    /// Programs that draw a star for each character of a password, besides the known ones.
    pub password_jobs: Vec<String>,
    /// Effect of the keyboard while a silent coprocess runs.
    pub silent_keys: SilentKeys,
    /// The key that opens the menu.
    pub hotkey: Option<Chord>,
    /// Characters of the coprocess indicator in the window's title; `None` for no indicator.
    pub indicator: Option<Charset>,
    /// Style of coshell's own rows.
    pub notice_style: NoticeStyle,
    /// What the terminal can show besides the shell's output.
    pub term_caps: TermCaps,
    /// Whether notices are shown.
    pub notices: NoticeOutput,
    /// Clocks for the costs of triggers.
    pub cost_clock: CostClock,
    /// Escape sequence for desktop notifications.
    pub protocol: Protocol,
    /// The record of what triggers would do, where nothing of it is done.
    pub rehearsal: Option<Rehearsal>,
    /// Control characters of which the line discipline makes signals: VINTR, VQUIT, VSUSP (termios(3)).
    pub signal_characters: [u8; 3],
}

/// Command lines of the programs that answer a file transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferPrograms {
    /// Answers a far program that sends.
    pub receive: CommandLine,
    /// Answers a far program that receives.
    pub send: CommandLine,
}

impl TransferPrograms {
    /// Returns the program for a transfer in this direction.
    pub(super) fn answer_to(&self, direction: Direction) -> &CommandLine {
        match direction {
            Direction::Up => &self.send,
            Direction::Down => &self.receive,
        }
    }
}

/// A configuration that has been read again: the settings that follow from it, with the triggers that it defines, or why
/// it is not used.
pub type Configured = Result<Box<Settings>, ConfigurationError>;

/// Why a configuration that has been read again is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationError {
    /// It has this fault, a clause that names the place.
    Fault(String),
    /// With its triggers the session would have had too many.
    Full(TooManyTriggers),
}

impl ConfigurationError {
    pub(super) fn notice(&self) -> Notice {
        match self {
            Self::Fault(fault) => Notice::new(format!("{fault}; the configuration before it stays in use")),
            Self::Full(full) => Notice::new(format!("the configuration was not reloaded: {full}")),
        }
    }
}

impl From<TooManyTriggers> for ConfigurationError {
    fn from(error: TooManyTriggers) -> Self {
        Self::Full(error)
    }
}

/// A setting that is made when the session starts: the key in a configuration, and whether two settings differ in it.
type StartSetting = (&'static str, fn(&Settings, &Settings) -> bool);

/// The settings that a running session keeps when its configuration is read again.
const START_SETTINGS: &[StartSetting] = &[
    ("coproc", |one, other| one.coproc != other.coproc),
    ("history", |one, other| one.history != other.history),
    ("hotkey", |one, other| one.hotkey != other.hotkey),
    ("redact", |one, other| one.redaction.always != other.redaction.always),
    ("redact-pattern", |one, other| !one.redaction.redactor.has_patterns_of(&other.redaction.redactor)),
];

/// Returns the keys of the settings that a running session keeps when its configuration is read again.
pub fn start_settings() -> impl Iterator<Item = &'static str> {
    START_SETTINGS.iter().map(|(name, _)| *name)
}

/// Returns the notice that the configuration, which has `triggers` triggers, has been read again; the settings `later` have
/// changed, and are those of the next session.
pub(super) fn reload_notice(triggers: usize, later: &[&str]) -> Notice {
    let triggers = if triggers == 1 { "1 trigger".to_owned() } else { format!("{triggers} triggers") };
    let later = match later {
        [] => String::new(),
        keys => format!("; a new session is needed for {}", keys.join(", ")),
    };
    Notice::new(format!("the configuration was reloaded: {triggers}{later}"))
}

impl Settings {
    /// Returns the facts for the headers of recordings.
    pub(super) fn record_facts(&self) -> RecordFacts {
        let (command, term, shell) = (self.command.clone(), self.term.clone(), self.shell.clone());
        RecordFacts { command, term, shell, epoch: self.unix_time }
    }

    /// Takes over what `new` says of a running session. Returns the keys of settings that have changed and are kept.
    pub(super) fn take_over(&mut self, new: Self) -> Vec<&'static str> {
        let later = START_SETTINGS.iter().filter(|(_, differ)| differ(self, &new)).map(|(name, _)| *name).collect();
        self.zmodem = new.zmodem;
        self.input_format = new.input_format;
        self.clients = new.clients;
        self.password_jobs = new.password_jobs;
        self.silent_keys = new.silent_keys;
        self.indicator = new.indicator;
        self.notices = new.notices;
        later
    }

    /// Returns whether both keyboard and screen are a terminal, so that coshell can prompt the user.
    pub(super) fn has_terminal(&self) -> bool {
        self.keyboard == OutputKind::Terminal && self.screen == OutputKind::Terminal
    }
}
