//! The debug log: every input and effect, a line each, so that a session can be told again. It never writes to the
//! terminal.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::time::Instant;

use crate::core::request::Request;
use crate::core::{Effect, Input};
use crate::types::{RequestId, Sink};

/// How much is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What is decided, and what happens but for bytes.
    #[default]
    Info,
    /// Also how many bytes pass.
    Debug,
    /// Also the bytes themselves.
    Trace,
}

/// A file to write to, or none.
#[derive(Debug)]
pub struct Log {
    file: Option<File>,
    level: Level,
    since: Instant,
}

impl Log {
    /// No log.
    pub fn none() -> Self {
        Self { file: None, level: Level::Info, since: Instant::now() }
    }

    /// A log in this file.
    pub fn to(file: File, level: Level) -> Self {
        Self { file: Some(file), level, since: Instant::now() }
    }

    pub(super) fn input(&mut self, input: &Input<'_>) {
        if self.file.is_none() {
            return;
        }
        match input {
            Input::Deadline | Input::Empty(_) if self.level < Level::Debug => {}
            Input::Bytes(source, bytes) if self.level < Level::Trace => {
                if self.level == Level::Debug {
                    self.line(format_args!("in  {} bytes from {source:?}", bytes.len()));
                }
            }
            Input::Bytes(source, bytes) => self.line(format_args!("in  {source:?} \"{}\"", bytes.escape_ascii())),
            // What is typed is written down as little as what the keyboard types, and a secret never.
            Input::Request(RequestId(number), Request::Send { secret, .. }) if *secret || self.level < Level::Trace => {
                self.line(format_args!("in  Request({number}, Send)"));
            }
            other => self.line(format_args!("in  {other:?}")),
        }
    }

    pub(super) fn wrote(&mut self, sink: Sink, bytes: &[u8]) {
        if self.file.is_some() && self.level == Level::Trace {
            self.line(format_args!("out {sink:?} \"{}\"", bytes.escape_ascii()));
        }
    }

    pub(super) fn effect(&mut self, effect: &Effect) {
        if self.file.is_some() {
            self.line(format_args!("out {effect:?}"));
        }
    }

    fn line(&mut self, text: fmt::Arguments<'_>) {
        let elapsed = self.since.elapsed().as_secs_f64();
        if let Some(file) = &mut self.file
            && writeln!(file, "{elapsed:9.3} {text}").is_err()
        {
            // A full disk must not end the session; there is nowhere else to say so.
            self.file = None;
        }
    }
}
