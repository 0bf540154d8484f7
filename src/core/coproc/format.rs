//! What a coprocess reads: the raw bytes, lines as a person reads them, or one JSON object a line (SPEC 3). What there is
//! to tell is in `event`.

use crate::core::request::InputFormat;
use crate::core::session_event::SessionEvent;

/// Turns records into what the coprocess reads.
#[derive(Debug)]
pub(super) struct InputEncoder {
    form: InputFormat,
    /// `Text`: what has been given of the unfinished line.
    given: Vec<u8>,
}

impl InputEncoder {
    /// A reader in this form that has been given nothing yet.
    pub(super) fn new(form: InputFormat) -> Self {
        Self { form, given: Vec::new() }
    }

    /// What it reads.
    pub(super) fn form(&self) -> InputFormat {
        self.form
    }

    /// Appends what a record is for this reader, if it is anything.
    pub(super) fn render(&mut self, record: &SessionEvent<'_>, out: &mut Vec<u8>) {
        match self.form {
            InputFormat::Raw => {}
            InputFormat::Text => self.text(record, out),
            InputFormat::Json => {
                out.extend_from_slice(record.object().to_string().as_bytes());
                out.push(b'\n');
            }
        }
    }

    /// Appends what whole lines are for this reader, each ended by CR LF and without other controls.
    pub(super) fn render_lines(&mut self, number: u64, block: &[u8], out: &mut Vec<u8>) {
        let mut rest = block;
        for number in number.. {
            if self.form == InputFormat::Text && self.given.is_empty() {
                return without_returns(rest, out);
            }
            let Some(feed) = memchr::memchr(b'\n', rest) else { return };
            self.render(&SessionEvent::Line { number, text: &rest[..feed - 1], more: false }, out);
            rest = &rest[feed + 1..];
        }
    }

    fn text(&mut self, record: &SessionEvent<'_>, out: &mut Vec<u8>) {
        match *record {
            SessionEvent::Line { text, more, .. } => {
                self.rest_of(text, out);
                self.given.clear();
                if !more {
                    out.push(b'\n');
                }
            }
            SessionEvent::Prompt { text, .. } => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;
    use crate::types::ExitStatus;

    fn prompt(text: &str) -> SessionEvent<'_> {
        SessionEvent::Prompt { number: 1, text: text.as_bytes() }
    }

    fn line(text: &str) -> SessionEvent<'_> {
        SessionEvent::Line { number: 1, text: text.as_bytes(), more: false }
    }

    fn read(form: InputFormat, records: &[SessionEvent<'_>]) -> String {
        let mut reading = InputEncoder::new(form);
        let mut bytes = Vec::new();
        records.iter().for_each(|record| reading.render(record, &mut bytes));
        String::from_utf8(bytes).expect("the records here are text")
    }

    #[test]
    fn text_adds_to_a_prompt_what_came_since() {
        assert_eq!(read(InputFormat::Text, &[prompt("$ "), prompt("$ ls"), line("$ ls"), line("a")]), "$ ls\na\n");
    }

    #[test]
    fn whole_lines_are_told_as_one_by_one() {
        for form in [InputFormat::Text, InputFormat::Json] {
            for given in [None, Some(prompt("a")), Some(prompt("x"))] {
                let (mut single, mut whole) = (Vec::new(), Vec::new());
                let mut reading = InputEncoder::new(form);
                given.iter().for_each(|prompt| reading.render(prompt, &mut single));
                for (number, text) in (7..).zip(["ab", "", "c d"]) {
                    reading.render(&SessionEvent::Line { number, text: text.as_bytes(), more: false }, &mut single);
                }
                let mut reading = InputEncoder::new(form);
                given.iter().for_each(|prompt| reading.render(prompt, &mut whole));
                reading.render_lines(7, b"ab\r\n\r\nc d\r\n", &mut whole);
                assert_eq!(single.escape_ascii().to_string(), whole.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn text_gives_an_overprinted_line_anew() {
        assert_eq!(read(InputFormat::Text, &[prompt("10%"), prompt("20%"), line("done")]), "10%\n20%\ndone\n");
    }

    #[test]
    fn text_ends_a_long_line_once() {
        let piece = SessionEvent::Line { number: 1, text: b"ab", more: true };
        assert_eq!(read(InputFormat::Text, &[piece, line("c")]), "abc\n");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let records = [line("a\"b"), prompt("$ "), SessionEvent::Exit(ExitStatus::Signal(15))];
        assert_eq!(
            read(InputFormat::Json, &records),
            "{\"number\":1,\"text\":\"a\\\"b\",\"type\":\"line\"}\n\
             {\"number\":1,\"text\":\"$ \",\"type\":\"prompt\"}\n\
             {\"signal\":15,\"status\":143,\"type\":\"exit\"}\n"
        );
    }

    #[test]
    fn json_tells_what_a_trigger_matched() {
        let pattern = Pattern::parse("a(1)|(2)").expect("a good pattern");
        let captures = pattern.search(b"a1\xff").expect("it matches");
        let fired = SessionEvent::Trigger { name: "n", line: b"a1\xff", captures: &captures };
        assert_eq!(
            read(InputFormat::Json, &[fired]),
            "{\"groups\":[\"a1\",\"1\",null],\"line\":\"a1\u{fffd}\",\"name\":\"n\",\"type\":\"trigger\"}\n"
        );
    }
}
