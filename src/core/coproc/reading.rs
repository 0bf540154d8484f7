//! What a coprocess reads: the raw bytes, lines as a person reads them, or one JSON object a line (SPEC 3).

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::history::Happening;
use super::super::trigger::Captures;
use crate::words::{Exit, Size};

/// What a coprocess's stdin carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The bytes that the shell printed, exactly.
    #[default]
    Raw,
    /// Lines as a person reads them.
    Text,
    /// One JSON object a line.
    Json,
}

/// Something that happened, for those who do not read raw bytes.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
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
        exit: Exit,
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
    Happened(&'a Happening),
    /// The shell has ended.
    Exit(Exit),
}

/// Turns records into what the coprocess reads.
#[derive(Debug)]
pub struct Reading {
    form: Form,
    /// `Text`: what has been given of the unfinished line.
    given: Vec<u8>,
}

impl Reading {
    /// A reader in this form that has been given nothing yet.
    pub fn new(form: Form) -> Self {
        Self { form, given: Vec::new() }
    }

    /// Whether it reads the bytes themselves.
    pub fn is_raw(&self) -> bool {
        self.form == Form::Raw
    }

    /// What it reads.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Appends what a record is for this reader, if it is anything.
    pub fn render(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        match self.form {
            Form::Raw => {}
            Form::Text => self.text(record, out),
            Form::Json => {
                out.extend_from_slice(record.object().to_string().as_bytes());
                out.push(b'\n');
            }
        }
    }

    /// Appends what whole lines are for this reader, each ended by CR LF and without other controls.
    pub fn render_lines(&mut self, number: u64, block: &[u8], out: &mut Vec<u8>) {
        let mut rest = block;
        for number in number.. {
            if self.form == Form::Text && self.given.is_empty() {
                return without_returns(rest, out);
            }
            let Some(feed) = memchr::memchr(b'\n', rest) else { return };
            self.render(&Record::Line { number, text: &rest[..feed - 1], more: false }, out);
            rest = &rest[feed + 1..];
        }
    }

    fn text(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        match *record {
            Record::Line { text, more, .. } => {
                self.rest_of(text, out);
                self.given.clear();
                if !more {
                    out.push(b'\n');
                }
            }
            Record::Prompt { text, .. } => {
                self.rest_of(text, out);
                self.given.clear();
                self.given.extend_from_slice(text);
            }
            _ => {}
        }
    }

    /// Appends what is new in `text`; where it has been overprinted since it was given, all of it on a new line.
    fn rest_of(&self, text: &[u8], out: &mut Vec<u8>) {
        match text.strip_prefix(&self.given[..]) {
            Some(rest) => out.extend_from_slice(rest),
            None => {
                out.push(b'\n');
                out.extend_from_slice(text);
            }
        }
    }
}

/// Appends lines ended by CR LF as lines ended by LF; there is no other CR in them.
fn without_returns(block: &[u8], out: &mut Vec<u8>) {
    let mut rest = block;
    while let Some(at) = memchr::memchr(b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

impl Record<'_> {
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
            Record::Line { .. } => "line",
            Record::Prompt { .. } => "prompt",
            Record::Happened(Happening::CommandStart { .. }) => "command-start",
            Record::Happened(Happening::CommandEnd { .. }) => "command-end",
            Record::Happened(Happening::Directory { .. }) => "directory",
            Record::Resize(_) => "resize",
            Record::Trigger { .. } => "trigger",
            Record::CoprocStart { .. } => "coproc-start",
            Record::CoprocEnd { .. } => "coproc-end",
            Record::CoprocStderr { .. } => "coproc-stderr",
            Record::Notice { .. } => "notice",
            Record::Exit(_) => "exit",
        }
    }

    /// The record as an object.
    pub fn object(&self) -> Value {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut object = match *self {
            Record::Line { number, text: line, more: false } => json!({"number": number, "text": text(line)}),
            Record::Line { number, text: line, more: true } => {
                json!({"number": number, "text": text(line), "more": true})
            }
            Record::Prompt { number, text: line } => json!({"number": number, "text": text(line)}),
            Record::Happened(happening) => match happening {
                Happening::CommandStart { command } => json!({"command": command}),
                Happening::CommandEnd { command, status, took } => {
                    json!({"command": command, "status": status, "seconds": took.as_secs_f64()})
                }
                Happening::Directory { path } => json!({"path": &**path}),
            },
            Record::Resize(size) => json!({"rows": size.rows, "cols": size.cols}),
            Record::Trigger { name, line, captures } => {
                let groups: Vec<Value> =
                    captures.iter().map(|(_, group)| group.map_or(Value::Null, |bytes| text(bytes).into())).collect();
                json!({"name": name, "line": text(line), "groups": groups})
            }
            Record::CoprocStart { command, silent, pid } => json!({"command": command, "silent": silent, "pid": pid}),
            Record::CoprocEnd { command, exit } => {
                let mut object = ended(exit);
                object["command"] = command.into();
                object
            }
            Record::CoprocStderr { text: bytes } => json!({"text": text(bytes)}),
            Record::Notice { text } => json!({"text": text}),
            Record::Exit(exit) => ended(exit),
        };
        object["type"] = self.kind().into();
        object
    }
}

/// How something ended, as an object.
pub fn ended(exit: Exit) -> Value {
    match exit {
        Exit::Code(code) => json!({"status": code}),
        Exit::Signal(signal) => json!({"status": exit.status(), "signal": signal}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    fn prompt(text: &str) -> Record<'_> {
        Record::Prompt { number: 1, text: text.as_bytes() }
    }

    fn line(text: &str) -> Record<'_> {
        Record::Line { number: 1, text: text.as_bytes(), more: false }
    }

    fn read(form: Form, records: &[Record<'_>]) -> String {
        let mut reading = Reading::new(form);
        let mut bytes = Vec::new();
        records.iter().for_each(|record| reading.render(record, &mut bytes));
        String::from_utf8(bytes).expect("the records here are text")
    }

    #[test]
    fn text_adds_to_a_prompt_what_came_since() {
        assert_eq!(read(Form::Text, &[prompt("$ "), prompt("$ ls"), line("$ ls"), line("a")]), "$ ls\na\n");
    }

    #[test]
    fn whole_lines_are_told_as_one_by_one() {
        for form in [Form::Text, Form::Json] {
            for given in [None, Some(prompt("a")), Some(prompt("x"))] {
                let (mut single, mut whole) = (Vec::new(), Vec::new());
                let mut reading = Reading::new(form);
                given.iter().for_each(|prompt| reading.render(prompt, &mut single));
                for (number, text) in (7..).zip(["ab", "", "c d"]) {
                    reading.render(&Record::Line { number, text: text.as_bytes(), more: false }, &mut single);
                }
                let mut reading = Reading::new(form);
                given.iter().for_each(|prompt| reading.render(prompt, &mut whole));
                reading.render_lines(7, b"ab\r\n\r\nc d\r\n", &mut whole);
                assert_eq!(single.escape_ascii().to_string(), whole.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn text_gives_an_overprinted_line_anew() {
        assert_eq!(read(Form::Text, &[prompt("10%"), prompt("20%"), line("done")]), "10%\n20%\ndone\n");
    }

    #[test]
    fn text_ends_a_long_line_once() {
        let piece = Record::Line { number: 1, text: b"ab", more: true };
        assert_eq!(read(Form::Text, &[piece, line("c")]), "abc\n");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let records = [line("a\"b"), prompt("$ "), Record::Exit(Exit::Signal(15))];
        assert_eq!(
            read(Form::Json, &records),
            "{\"number\":1,\"text\":\"a\\\"b\",\"type\":\"line\"}\n\
             {\"number\":1,\"text\":\"$ \",\"type\":\"prompt\"}\n\
             {\"signal\":15,\"status\":143,\"type\":\"exit\"}\n"
        );
    }

    #[test]
    fn json_tells_what_a_trigger_matched() {
        let pattern = Pattern::parse("a(1)|(2)").expect("a good pattern");
        let captures = pattern.search(b"a1\xff").expect("it matches");
        let fired = Record::Trigger { name: "n", line: b"a1\xff", captures: &captures };
        assert_eq!(
            read(Form::Json, &[fired]),
            "{\"groups\":[\"a1\",\"1\",null],\"line\":\"a1\u{fffd}\",\"name\":\"n\",\"type\":\"trigger\"}\n"
        );
    }
}
