//! The debug log: one line for each input and effect, from which a session can be retraced. It is a file, never the
//! terminal.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use crate::core::redact::Redactor;
use crate::core::request::Request;
use crate::core::{Configured, Effect, Input};
use crate::fault::panic_for_test;
use crate::types::{RequestId, Sink};

/// Amount of detail in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Effects, and inputs other than bytes.
    #[default]
    Info,
    /// Also the number of bytes of each read.
    Debug,
    /// Also the bytes that are read and written.
    Trace,
}

/// A log file, or none.
#[derive(Debug)]
pub struct Log {
    file: Option<File>,
    level: Level,
    since: Instant,
    /// Hides secrets.
    redactor: Option<Arc<Redactor>>,
}

impl Log {
    /// Creates a log that writes nothing.
    pub fn none() -> Self {
        Self { file: None, level: Level::Info, since: Instant::now(), redactor: None }
    }

    /// Creates a log that writes to `file` with detail `level`.
    pub fn to(file: File, level: Level) -> Self {
        Self { file: Some(file), level, since: Instant::now(), redactor: None }
    }

    /// Hides secrets by these rules. Bytes, which may be parts of a secret, are only counted then.
    pub fn redacted_by(mut self, redactor: Option<Arc<Redactor>>) -> Self {
        if redactor.is_some() {
            self.level = self.level.min(Level::Debug);
        }
        Self { redactor, ..self }
    }

    pub(super) fn input(&mut self, input: &Input<'_>) {
        panic_for_test("log");
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
            Input::Unread(bytes) if self.redactor.is_some() => {
                self.line(format_args!("in  {} unread bytes", bytes.len()));
            }
            Input::Bytes(source, bytes) => self.line(format_args!("in  {source:?} \"{}\"", bytes.escape_ascii())),
            // Text to be typed is bytes, and appears at Trace only; a secret never appears.
            Input::Request(RequestId(number), Request::Send { secret, .. }, _)
                if *secret || self.level < Level::Trace =>
            {
                self.line(format_args!("in  Request({number}, Send)"));
            }
            other => self.line(format_args!("in  {other:?}")),
        }
    }

    /// Writes that the configuration has been read again, without the texts in it.
    pub(super) fn configured(&mut self, configured: &Configured) {
        if self.file.is_some() {
            match configured {
                Ok(settings) => self.line(format_args!("in  Configured({} triggers)", settings.triggers.len())),
                Err(why) => self.line(format_args!("in  Configured({why:?})")),
            }
        }
    }

    pub(super) fn wrote(&mut self, sink: Sink, bytes: &[u8]) {
        if self.file.is_some() && self.level == Level::Trace {
            self.line(format_args!("out {sink:?} \"{}\"", bytes.escape_ascii()));
        }
    }

    pub(super) fn fault(&mut self, fault: &str) {
        if self.file.is_some() {
            self.line(format_args!("fault in coshell: {fault}"));
        }
    }

    pub(super) fn effect(&mut self, effect: &Effect) {
        match effect {
            _ if self.file.is_none() => {}
            // The arguments and variables hold what a trigger has matched, and are no text here.
            Effect::StartCoproc { command, .. } | Effect::StartJob { command, .. } if self.redactor.is_some() => {
                self.line(format_args!("out Start({:?})", command.command));
            }
            effect => self.line(format_args!("out {effect:?}")),
        }
    }

    fn line(&mut self, text: fmt::Arguments<'_>) {
        let seconds = self.since.elapsed().as_secs_f64();
        let mut text = format!("{seconds:9.3} {text}");
        if let Some(redactor) = &self.redactor {
            redactor.redact_string(&mut text);
        }
        if let Some(file) = &mut self.file
            && writeln!(file, "{text}").is_err()
        {
            // A full disk must not end the session, and the terminal is no place for log errors: the log ends here.
            self.file = None;
        }
    }
}
