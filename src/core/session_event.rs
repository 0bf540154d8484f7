//! Events of a session for coprocesses that read text or JSON and for subscribers, and their JSON objects.

use serde_json::{Value, json};

use crate::core::event_kind::EventKind;
use crate::core::history::ShellEvent;
use crate::core::redact::line::LineRedactor;
use crate::core::response::StateResponse;
use crate::core::trigger::{Captures, Hit};
use crate::types::{ExitStatus, Size};

/// An event of a session.
#[derive(Clone, Copy, Debug)]
pub enum SessionEvent<'a> {
    /// A finished line, or a piece of one that goes on.
    Line {
        /// Number of the line; the first of the session is 1.
        number: u64,
        /// The line without its end.
        text: &'a [u8],
        /// Whether the line goes on in another piece.
        more: bool,
    },
    /// The output pauses on this unfinished line.
    Prompt {
        /// The number that the line will have.
        number: u64,
        /// The text of the line so far.
        text: &'a [u8],
    },
    /// The window has this size now.
    Resize(Size),
    /// A trigger fired.
    Trigger {
        /// Name of the trigger, or its pattern.
        name: &'a str,
        /// The line on which it fired.
        line: &'a [u8],
        /// The whole match first, then the groups.
        captures: &'a Captures,
        /// The lines that the trigger hands to its commands, each ended by LF.
        lines: &'a [u8],
    },
    /// A coprocess was started. Only for subscribers.
    CoprocStart {
        /// Its command line.
        command: &'a str,
        /// Whether it is silent.
        silent: bool,
        /// Its process id.
        pid: u32,
    },
    /// The coprocess has ended. Only for subscribers.
    CoprocEnd {
        /// Its command line.
        command: &'a str,
        /// Its exit status.
        exit: ExitStatus,
    },
    /// The coprocess wrote to stderr. Only for subscribers.
    CoprocStderr {
        /// The bytes that it wrote.
        text: &'a [u8],
    },
    /// coshell shows a notice. Only for subscribers.
    Notice {
        /// The sentence.
        text: &'a str,
    },
    /// A command began or ended, or the directory, the host, the user or a variable changed: from an OSC of the shell or of a
    /// program in it.
    Shell(&'a ShellEvent),
    /// The session does something else than before. Only for subscribers.
    State(&'a StateResponse),
    /// The shell has exited.
    Exit(ExitStatus),
}

impl<'a> SessionEvent<'a> {
    /// Creates the event that the trigger called `name` fired.
    pub fn trigger(name: &'a str, hit: &'a Hit) -> Self {
        Self::Trigger { name, line: &hit.line, captures: &hit.captures, lines: hit.lines.bytes() }
    }

    /// Returns the kind of the event.
    pub fn kind(&self) -> EventKind {
        match self {
            SessionEvent::Line { .. } => EventKind::Line,
            SessionEvent::Prompt { .. } => EventKind::Prompt,
            SessionEvent::Shell(ShellEvent::CommandStart { .. }) => EventKind::CommandStart,
            SessionEvent::Shell(ShellEvent::CommandEnd { .. }) => EventKind::CommandEnd,
            SessionEvent::Shell(ShellEvent::Directory { .. }) => EventKind::Directory,
            SessionEvent::Shell(ShellEvent::Host { .. }) => EventKind::Host,
            SessionEvent::Shell(ShellEvent::User { .. }) => EventKind::User,
            SessionEvent::Shell(ShellEvent::Variable { .. }) => EventKind::Variable,
            SessionEvent::Resize(_) => EventKind::Resize,
            SessionEvent::Trigger { .. } => EventKind::Trigger,
            SessionEvent::CoprocStart { .. } => EventKind::CoprocStart,
            SessionEvent::CoprocEnd { .. } => EventKind::CoprocEnd,
            SessionEvent::CoprocStderr { .. } => EventKind::CoprocStderr,
            SessionEvent::Notice { .. } => EventKind::Notice,
            SessionEvent::State(_) => EventKind::State,
            SessionEvent::Exit(_) => EventKind::Exit,
        }
    }

    /// Returns the event as a JSON object without its secrets. The lines come in order.
    pub(super) fn redacted_object(&self, redactor: &mut LineRedactor) -> Value {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut object = self.object();
        match *self {
            SessionEvent::Line { text: line, .. } => object["text"] = text(&redactor.line(line)).into(),
            SessionEvent::Prompt { text: line, .. } => object["text"] = text(&redactor.unfinished(line)).into(),
            SessionEvent::Trigger { line, captures, lines, .. } => {
                let rules = redactor.rules();
                if captures.are_apart() {
                    rules.redact_value(&mut object["groups"]);
                } else {
                    // A group may be a part of a secret.
                    let groups = (0..captures.len()).map(|i| captures.range(i));
                    object["groups"] = rules.parts_of(captures.line(), groups).into();
                }
                object["line"] = text(&redactor.rules().redact(line)).into();
                if !lines.is_empty() {
                    // They come again, in order, behind those that the redactor has seen.
                    let mut again = LineRedactor::new(redactor.shared_rules());
                    let lines = lines.split_inclusive(|byte| *byte == b'\n');
                    let lines = lines.map(|line| text(&again.line(line.strip_suffix(b"\n").unwrap_or(line))));
                    object["lines"] = lines.collect::<Vec<_>>().into();
                }
            }
            _ => redactor.rules().redact_value(&mut object),
        }
        object
    }

    /// Returns the event as a JSON object.
    pub fn object(&self) -> Value {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut object = match *self {
            SessionEvent::Line { number, text: line, more: false } => json!({"number": number, "text": text(line)}),
            SessionEvent::Line { number, text: line, more: true } => {
                json!({"number": number, "text": text(line), "more": true})
            }
            SessionEvent::Prompt { number, text: line } => json!({"number": number, "text": text(line)}),
            SessionEvent::Shell(event) => match event {
                ShellEvent::CommandStart { command, text: None } => json!({"command": command}),
                ShellEvent::CommandStart { command, text: Some(text) } => json!({"command": command, "text": &**text}),
                ShellEvent::CommandEnd { command, status, took } => {
                    json!({"command": command, "status": status, "seconds": took.as_secs_f64()})
                }
                ShellEvent::Directory { path } => json!({"path": &**path}),
                ShellEvent::Host { report } | ShellEvent::User { report } => {
                    json!({"host": report.host, "user": report.user})
                }
                ShellEvent::Variable { name, value } => json!({"name": &**name, "value": &**value}),
            },
            SessionEvent::Resize(size) => json!({"rows": size.rows, "cols": size.cols}),
            SessionEvent::Trigger { name, line, captures, lines } => {
                let groups: Vec<Value> =
                    captures.iter().map(|(_, group)| group.map_or(Value::Null, |bytes| text(bytes).into())).collect();
                let mut object = json!({"name": name, "line": text(line), "groups": groups});
                if !lines.is_empty() {
                    object["lines"] = text(lines).lines().collect::<Vec<_>>().into();
                }
                object
            }
            SessionEvent::CoprocStart { command, silent, pid } => {
                json!({"command": command, "silent": silent, "pid": pid})
            }
            SessionEvent::CoprocEnd { command, exit } => {
                let mut object = ended(exit);
                object["command"] = command.into();
                object
            }
            SessionEvent::CoprocStderr { text: bytes } => json!({"text": text(bytes)}),
            SessionEvent::Notice { text } => json!({"text": text}),
            SessionEvent::State(state) => json!(state),
            SessionEvent::Exit(exit) => ended(exit),
        };
        object["type"] = self.kind().name().into();
        object
    }
}

/// Returns an exit status as a JSON object.
fn ended(exit: ExitStatus) -> Value {
    match exit {
        ExitStatus::Code(code) => json!({"status": code}),
        ExitStatus::Signal(signal) => json!({"status": exit.status(), "signal": signal}),
    }
}
