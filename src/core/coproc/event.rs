//! What happens in a session, for those who do not read raw bytes, and how it is told as a JSON object. Who is told, and
//! in which form, is for others.

use serde_json::{Value, json};

use crate::core::history::ShellEvent;
use crate::core::trigger::Captures;
use crate::types::{ExitStatus, Size};

/// Something that happened, for those who do not read raw bytes.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
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

impl Event<'_> {
    /// The `type` of every record.
    pub const KINDS: &'static [&'static str] = &[
        "line",
        "prompt",
        "command-start",
        "command-end",
        "directory",
        "resize",
        "trigger",
        "coproc-start",
        "coproc-end",
        "coproc-stderr",
        "notice",
        "exit",
    ];

    /// The `type` of this one.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Line { .. } => "line",
            Event::Prompt { .. } => "prompt",
            Event::Happened(ShellEvent::CommandStart { .. }) => "command-start",
            Event::Happened(ShellEvent::CommandEnd { .. }) => "command-end",
            Event::Happened(ShellEvent::Directory { .. }) => "directory",
            Event::Resize(_) => "resize",
            Event::Trigger { .. } => "trigger",
            Event::CoprocStart { .. } => "coproc-start",
            Event::CoprocEnd { .. } => "coproc-end",
            Event::CoprocStderr { .. } => "coproc-stderr",
            Event::Notice { .. } => "notice",
            Event::Exit(_) => "exit",
        }
    }

    /// The record as an object.
    pub fn object(&self) -> Value {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut object = match *self {
            Event::Line { number, text: line, more: false } => json!({"number": number, "text": text(line)}),
            Event::Line { number, text: line, more: true } => {
                json!({"number": number, "text": text(line), "more": true})
            }
            Event::Prompt { number, text: line } => json!({"number": number, "text": text(line)}),
            Event::Happened(event) => match event {
                ShellEvent::CommandStart { command } => json!({"command": command}),
                ShellEvent::CommandEnd { command, status, took } => {
                    json!({"command": command, "status": status, "seconds": took.as_secs_f64()})
                }
                ShellEvent::Directory { path } => json!({"path": &**path}),
            },
            Event::Resize(size) => json!({"rows": size.rows, "cols": size.cols}),
            Event::Trigger { name, line, captures } => {
                let groups: Vec<Value> =
                    captures.iter().map(|(_, group)| group.map_or(Value::Null, |bytes| text(bytes).into())).collect();
                json!({"name": name, "line": text(line), "groups": groups})
            }
            Event::CoprocStart { command, silent, pid } => json!({"command": command, "silent": silent, "pid": pid}),
            Event::CoprocEnd { command, exit } => {
                let mut object = ended(exit);
                object["command"] = command.into();
                object
            }
            Event::CoprocStderr { text: bytes } => json!({"text": text(bytes)}),
            Event::Notice { text } => json!({"text": text}),
            Event::Exit(exit) => ended(exit),
        };
        object["type"] = self.kind().into();
        object
    }
}

/// How something ended, as an object.
pub(in crate::core) fn ended(exit: ExitStatus) -> Value {
    match exit {
        ExitStatus::Code(code) => json!({"status": code}),
        ExitStatus::Signal(signal) => json!({"status": exit.status(), "signal": signal}),
    }
}
