//! What happens in a session, for those who do not read raw bytes, and how it is told as a JSON object. Who is told, and
//! in which form, is for others.

use serde_json::{Value, json};

use crate::core::event_kind::EventKind;
use crate::core::history::ShellEvent;
use crate::core::trigger::Captures;
use crate::types::{ExitStatus, Size};

/// Something that happened, for those who do not read raw bytes.
#[derive(Clone, Copy, Debug)]
pub enum SessionEvent<'a> {
    /// A finished line, or a piece of one that goes on.
    Line {
        /// Lines since the session's start; the first is 1.
        number: u64,
        /// The line without its end.
        text: &'a [u8],
        /// Whether the line goes on in another piece.
        more: bool,
    },
    /// The output rests on this unfinished line.
    Prompt {
        /// The number that the line will have.
        number: u64,
        /// The line as far as it is.
        text: &'a [u8],
    },
    /// The window has this size now.
    Resize(Size),
    /// A trigger fired.
    Trigger {
        /// The trigger's name, or its pattern.
        name: &'a str,
        /// The line on which it fired.
        line: &'a [u8],
        /// What it matched: the whole first, then its groups.
        captures: &'a Captures,
    },
    /// A coprocess was started; no coprocess is told.
    CoprocStart {
        /// Its command line.
        command: &'a str,
        /// Whether it is a silent one.
        silent: bool,
        /// The id of its process.
        pid: u32,
    },
    /// The coprocess has ended; no coprocess is told.
    CoprocEnd {
        /// Its command line.
        command: &'a str,
        /// How it ended.
        exit: ExitStatus,
    },
    /// The coprocess wrote this to stderr; no coprocess is told.
    CoprocStderr {
        /// What it wrote.
        text: &'a [u8],
    },
    /// coshell has something to say to the user; no coprocess is told.
    Notice {
        /// The sentence.
        text: &'a str,
    },
    /// A command began or ended, or the shell went elsewhere: as the shell says.
    Happened(&'a ShellEvent),
    /// The shell has ended.
    Exit(ExitStatus),
}

impl SessionEvent<'_> {
    /// Returns the kind of the event.
    pub fn kind(&self) -> EventKind {
        match self {
            SessionEvent::Line { .. } => EventKind::Line,
            SessionEvent::Prompt { .. } => EventKind::Prompt,
            SessionEvent::Happened(ShellEvent::CommandStart { .. }) => EventKind::CommandStart,
            SessionEvent::Happened(ShellEvent::CommandEnd { .. }) => EventKind::CommandEnd,
            SessionEvent::Happened(ShellEvent::Directory { .. }) => EventKind::Directory,
            SessionEvent::Resize(_) => EventKind::Resize,
            SessionEvent::Trigger { .. } => EventKind::Trigger,
            SessionEvent::CoprocStart { .. } => EventKind::CoprocStart,
            SessionEvent::CoprocEnd { .. } => EventKind::CoprocEnd,
            SessionEvent::CoprocStderr { .. } => EventKind::CoprocStderr,
            SessionEvent::Notice { .. } => EventKind::Notice,
            SessionEvent::Exit(_) => EventKind::Exit,
        }
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
            SessionEvent::Happened(event) => match event {
                ShellEvent::CommandStart { command } => json!({"command": command}),
                ShellEvent::CommandEnd { command, status, took } => {
                    json!({"command": command, "status": status, "seconds": took.as_secs_f64()})
                }
                ShellEvent::Directory { path } => json!({"path": &**path}),
            },
            SessionEvent::Resize(size) => json!({"rows": size.rows, "cols": size.cols}),
            SessionEvent::Trigger { name, line, captures } => {
                let groups: Vec<Value> =
                    captures.iter().map(|(_, group)| group.map_or(Value::Null, |bytes| text(bytes).into())).collect();
                json!({"name": name, "line": text(line), "groups": groups})
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
            SessionEvent::Exit(exit) => ended(exit),
        };
        object["type"] = self.kind().name().into();
        object
    }
}

/// How something ended, as an object.
fn ended(exit: ExitStatus) -> Value {
    match exit {
        ExitStatus::Code(code) => json!({"status": code}),
        ExitStatus::Signal(signal) => json!({"status": exit.status(), "signal": signal}),
    }
}
