//! Encoding of a coprocess's input: raw bytes, lines as text, or one JSON object a line (coshell(1), `--input`).

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::redact::Redactor;
use crate::core::redact::line::LineRedactor;
use crate::core::request::InputFormat;
use crate::core::session_event::SessionEvent;

/// Encoder of session events as coprocess input.
#[derive(Debug)]
pub(super) struct InputEncoder {
    format: InputFormat,
    /// Format `Text`: the part of the unfinished line that was encoded already.
    encoded_part: Vec<u8>,
    /// Hides secrets in lines.
    redactor: Option<LineRedactor>,
}

impl InputEncoder {
    /// Creates an encoder that has encoded nothing yet. Where there are `rules`, secrets in lines are hidden.
    pub(super) fn new(format: InputFormat, rules: Option<Arc<Redactor>>) -> Self {
        Self { format, encoded_part: Vec::new(), redactor: rules.map(LineRedactor::new) }
    }

    /// Returns the format.
    pub(super) fn format(&self) -> InputFormat {
        self.format
    }

    /// Appends the encoding of an event, which may be empty.
    pub(super) fn render(&mut self, event: &SessionEvent<'_>, out: &mut Vec<u8>) {
        match self.format {
            InputFormat::Raw => {}
            InputFormat::Text => self.text(event, out),
            InputFormat::Json => {
                let object = match &mut self.redactor {
                    Some(redactor) => event.redacted_object(redactor),
                    None => event.object(),
                };
                out.extend_from_slice(object.to_string().as_bytes());
                out.push(b'\n');
            }
        }
    }

    /// Appends the encoding of whole lines, each ended by CR LF and without other controls; the first has number `number`.
    pub(super) fn render_lines(&mut self, number: u64, block: &[u8], out: &mut Vec<u8>) {
        let mut rest = block;
        for number in number.. {
            if self.format == InputFormat::Text && self.encoded_part.is_empty() && self.redactor.is_none() {
                return without_returns(rest, out);
            }
            let Some(feed) = memchr::memchr(b'\n', rest) else { return };
            self.render(&SessionEvent::Line { number, text: &rest[..feed - 1], more: false }, out);
            rest = &rest[feed + 1..];
        }
    }

    fn text(&mut self, event: &SessionEvent<'_>, out: &mut Vec<u8>) {
        match *event {
            SessionEvent::Line { text, more, .. } => {
                let text = self.redactor.as_mut().map_or(Cow::Borrowed(text), |redactor| redactor.line(text));
                self.rest_of(&text, out);
                self.encoded_part.clear();
                if !more {
                    out.push(b'\n');
                }
            }
            SessionEvent::Prompt { text, .. } => {
                let text = self.redactor.as_ref().map_or(Cow::Borrowed(text), |redactor| redactor.unfinished(text));
                self.rest_of(&text, out);
                self.encoded_part.clear();
                self.encoded_part.extend_from_slice(&text);
            }
            _ => {}
        }
    }

    /// Appends the part of `text` that was not encoded yet; where the encoded part has been overprinted, the whole on a new
    /// line.
    fn rest_of(&self, text: &[u8], out: &mut Vec<u8>) {
        match text.strip_prefix(&self.encoded_part[..]) {
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
    use crate::core::redact::builtin_rules;
    use crate::core::trigger::Pattern;
    use crate::types::ExitStatus;

    fn prompt(text: &str) -> SessionEvent<'_> {
        SessionEvent::Prompt { number: 1, text: text.as_bytes() }
    }

    fn line(text: &str) -> SessionEvent<'_> {
        SessionEvent::Line { number: 1, text: text.as_bytes(), more: false }
    }

    fn read(format: InputFormat, events: &[SessionEvent<'_>]) -> String {
        let mut encoder = InputEncoder::new(format, None);
        let mut bytes = Vec::new();
        events.iter().for_each(|event| encoder.render(event, &mut bytes));
        String::from_utf8(bytes).expect("the events here are text")
    }

    #[test]
    fn text_encodes_rest_of_prompt_line_once() {
        assert_eq!(read(InputFormat::Text, &[prompt("$ "), prompt("$ ls"), line("$ ls"), line("a")]), "$ ls\na\n");
    }

    #[test]
    fn block_of_lines_is_encoded_as_single_lines() {
        for format in [InputFormat::Text, InputFormat::Json] {
            for given in [None, Some(prompt("a")), Some(prompt("x"))] {
                let (mut single, mut whole) = (Vec::new(), Vec::new());
                let mut encoder = InputEncoder::new(format, None);
                given.iter().for_each(|prompt| encoder.render(prompt, &mut single));
                for (number, text) in (7..).zip(["ab", "", "c d"]) {
                    encoder.render(&SessionEvent::Line { number, text: text.as_bytes(), more: false }, &mut single);
                }
                let mut encoder = InputEncoder::new(format, None);
                given.iter().for_each(|prompt| encoder.render(prompt, &mut whole));
                encoder.render_lines(7, b"ab\r\n\r\nc d\r\n", &mut whole);
                assert_eq!(single.escape_ascii().to_string(), whole.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn text_encodes_overprinted_line_on_new_line() {
        assert_eq!(read(InputFormat::Text, &[prompt("10%"), prompt("20%"), line("done")]), "10%\n20%\ndone\n");
    }

    #[test]
    fn secrets_are_hidden_also_where_the_output_paused_in_them() {
        let token = format!("ghp_{}", "a".repeat(36));
        for format in [InputFormat::Text, InputFormat::Json] {
            for at in 0..=token.len() {
                let mut encoder = InputEncoder::new(format, Some(builtin_rules()));
                let mut bytes = Vec::new();
                encoder.render(&prompt(&format!("key {}", &token[..at])), &mut bytes);
                encoder.render(&line(&format!("key {token} end")), &mut bytes);
                encoder.render_lines(7, format!("{token}\r\n").as_bytes(), &mut bytes);
                let read = String::from_utf8(bytes).expect("the events here are text");
                assert!(!read.contains(&token) && !read.contains("aaaa"), "{at}: {read}");
                assert_eq!(read.matches("[redacted:github]").count(), 2, "{at}: {read}");
                if format == InputFormat::Text && at > 3 {
                    assert_eq!(read, "key [redacted:github] end\n[redacted:github]\n", "{at}");
                }
            }
        }
    }

    #[test]
    fn group_that_is_part_of_secret_is_hidden() {
        let token = format!("ghp_{}", "a".repeat(36));
        let text = format!("x {token} y");
        let captures =
            Pattern::parse("_(a+) (y)").expect("a good pattern").search(text.as_bytes()).expect("it matches");
        let before = format!("{token}\nplain\n");
        let fired =
            SessionEvent::Trigger { name: "n", line: text.as_bytes(), captures: &captures, lines: before.as_bytes() };
        let (mut encoder, mut bytes) = (InputEncoder::new(InputFormat::Json, Some(builtin_rules())), Vec::new());
        encoder.render(&fired, &mut bytes);
        let object: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
        let mark = "[redacted:github]";
        assert_eq!(object["groups"], serde_json::json!([format!("{mark} y"), mark, "y"]));
        assert_eq!(object["line"], format!("x {mark} y"));
        assert_eq!(object["lines"], serde_json::json!([mark, "plain"]));
    }

    #[test]
    fn text_ends_long_line_once() {
        let piece = SessionEvent::Line { number: 1, text: b"ab", more: true };
        assert_eq!(read(InputFormat::Text, &[piece, line("c")]), "abc\n");
    }

    #[test]
    fn json_is_one_object_per_line() {
        let events = [line("a\"b"), prompt("$ "), SessionEvent::Exit(ExitStatus::Signal(15))];
        assert_eq!(
            read(InputFormat::Json, &events),
            "{\"number\":1,\"text\":\"a\\\"b\",\"type\":\"line\"}\n\
             {\"number\":1,\"text\":\"$ \",\"type\":\"prompt\"}\n\
             {\"signal\":15,\"status\":143,\"type\":\"exit\"}\n"
        );
    }

    #[test]
    fn json_of_trigger_has_groups() {
        let pattern = Pattern::parse("a(1)|(2)").expect("a good pattern");
        let captures = pattern.search(b"a1\xff").expect("it matches");
        let fired = SessionEvent::Trigger { name: "n", line: b"a1\xff", captures: &captures, lines: b"" };
        assert_eq!(
            read(InputFormat::Json, &[fired]),
            "{\"groups\":[\"a1\",\"1\",null],\"line\":\"a1\u{fffd}\",\"name\":\"n\",\"type\":\"trigger\"}\n"
        );
    }
}
