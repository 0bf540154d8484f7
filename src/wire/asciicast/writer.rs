//! Writes an asciicast of version 3.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

/// What the header of an asciicast says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsciicastHeader {
    /// Columns of the terminal.
    pub cols: u16,
    /// Rows of the terminal.
    pub rows: u16,
    /// Type of the terminal, `$TERM`.
    pub term: Option<String>,
    /// Start of the recording, in seconds since 1970.
    pub timestamp: u64,
    /// The recorded command.
    pub command: Option<String>,
    /// Title of the recording.
    pub title: Option<String>,
    /// Variables of the environment.
    pub env: Vec<(String, String)>,
}

/// Writer of the events of one asciicast, each a line.
#[derive(Clone, Debug, Default)]
pub struct AsciicastWriter {
    /// Time of the last event since the start, in microseconds. Intervals are differences of rounded times, so that their
    /// errors do not add up.
    last: u64,
    /// The beginning of a character that the output so far ends in, at most 3 bytes.
    carry: Vec<u8>,
}

impl AsciicastHeader {
    /// Returns the header as a line.
    pub fn line(&self) -> String {
        let mut term = json!({"cols": self.cols, "rows": self.rows});
        if let Some(name) = &self.term {
            term["type"] = name.as_str().into();
        }
        let mut header = json!({"version": 3, "term": term, "timestamp": self.timestamp});
        for (key, value) in [("command", &self.command), ("title", &self.title)] {
            if let Some(value) = value {
                header[key] = value.as_str().into();
            }
        }
        if !self.env.is_empty() {
            let env = self.env.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            header["env"] = Value::Object(env.collect());
        }
        format!("{header}\n")
    }
}

impl AsciicastWriter {
    /// Appends output at the time `at` to `out`. The beginning of a character is kept for the next output; what is not UTF-8
    /// is replaced by U+FFFD.
    pub fn output(&mut self, at: Duration, bytes: &[u8], out: &mut Vec<u8>) {
        let mut whole = std::mem::take(&mut self.carry);
        whole.extend_from_slice(bytes);
        let cut = unfinished(&whole);
        self.carry = whole.split_off(whole.len() - cut);
        if !whole.is_empty() {
            self.event(at, "o", &String::from_utf8_lossy(&whole), out);
        }
    }

    /// Appends input of the keyboard.
    pub fn input(&mut self, at: Duration, bytes: &[u8], out: &mut Vec<u8>) {
        self.event(at, "i", &String::from_utf8_lossy(bytes), out);
    }

    /// Appends a new size of the window.
    pub fn resize(&mut self, at: Duration, cols: u16, rows: u16, out: &mut Vec<u8>) {
        self.event(at, "r", &format!("{cols}x{rows}"), out);
    }

    /// Appends a marker.
    pub fn marker(&mut self, at: Duration, label: &str, out: &mut Vec<u8>) {
        self.event(at, "m", label, out);
    }

    /// Appends the exit of the recorded program.
    pub fn exit(&mut self, at: Duration, status: u8, out: &mut Vec<u8>) {
        self.finish(at, out);
        self.event(at, "x", &status.to_string(), out);
    }

    /// Appends what is kept of an unfinished character.
    pub fn finish(&mut self, at: Duration, out: &mut Vec<u8>) {
        let rest = std::mem::take(&mut self.carry);
        if !rest.is_empty() {
            self.event(at, "o", &String::from_utf8_lossy(&rest), out);
        }
    }

    fn event(&mut self, at: Duration, code: &str, data: &str, out: &mut Vec<u8>) {
        let now = u64::try_from(at.as_micros()).unwrap_or(u64::MAX).max(self.last);
        let interval = now - std::mem::replace(&mut self.last, now);
        out.extend_from_slice(
            format!("[{}.{:06}, \"{code}\", ", interval / 1_000_000, interval % 1_000_000).as_bytes(),
        );
        let mut text = serde_json::Serializer::new(&mut *out);
        data.serialize(&mut text).expect("a string can always be written to memory");
        out.extend_from_slice(b"]\n");
    }
}

/// Returns the number of bytes at the end of `bytes` that are the beginning of a UTF-8 character.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(4)..];
    // From the last byte that can begin a character on: before it all is decided.
    let Some(at) = tail.iter().rposition(|byte| byte & 0xc0 != 0x80) else { return 0 };
    let last = &tail[at..];
    match std::str::from_utf8(last) {
        Err(error) if error.error_len().is_none() => last.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reader::AsciicastReader;
    use super::*;
    use crate::core::split::at_every_split;
    use crate::wire::recording::RecordedEvent;

    fn header() -> AsciicastHeader {
        AsciicastHeader { cols: 80, rows: 24, timestamp: 1_700_000_000, ..AsciicastHeader::default() }
    }

    /// Returns the events of a recording, with times in microseconds.
    fn events(file: &[u8]) -> Vec<(u128, RecordedEvent)> {
        let mut reader = AsciicastReader::default();
        reader.push(file);
        let next = || reader.next_event().expect("the recording is valid");
        let all = std::iter::from_fn(next).map(|timed| (timed.at.as_micros(), timed.event));
        all.skip(1).collect()
    }

    #[test]
    fn header_has_the_keys_of_the_format() {
        let header = AsciicastHeader {
            term: Some("xterm".to_owned()),
            command: Some("make \"x\"".to_owned()),
            title: Some("t".to_owned()),
            env: vec![("SHELL".to_owned(), "/bin/zsh".to_owned())],
            ..header()
        };
        let value: serde_json::Value = serde_json::from_str(&header.line()).expect("it is JSON");
        assert_eq!(
            value,
            json!({
                "version": 3, "term": {"cols": 80, "rows": 24, "type": "xterm"}, "timestamp": 1_700_000_000,
                "command": "make \"x\"", "title": "t", "env": {"SHELL": "/bin/zsh"},
            })
        );
    }

    #[test]
    fn events_are_read_as_written() {
        let (mut writer, mut out) = (AsciicastWriter::default(), header().line().into_bytes());
        let at = Duration::from_micros;
        writer.output(at(1_000_001), b"a\x1b[m\"\\\r\n", &mut out);
        writer.input(at(2_000_000), b"q", &mut out);
        writer.resize(at(2_000_000), 100, 30, &mut out);
        writer.marker(at(2_500_000), "here", &mut out);
        // A clock that goes back.
        writer.output(at(1), b"b", &mut out);
        writer.exit(at(3_000_000), 7, &mut out);
        let expected = [
            (1_000_001, RecordedEvent::Output(b"a\x1b[m\"\\\r\n".to_vec())),
            (2_000_000, RecordedEvent::Input(b"q".to_vec())),
            (2_000_000, RecordedEvent::Resize { cols: 100, rows: 30 }),
            (2_500_000, RecordedEvent::Marker("here".to_owned())),
            (2_500_000, RecordedEvent::Output(b"b".to_vec())),
            (3_000_000, RecordedEvent::Exit(7)),
        ];
        assert_eq!(events(&out), expected);
    }

    fn recorded(pieces: &[&[u8]]) -> String {
        let (mut writer, mut out) = (AsciicastWriter::default(), header().line().into_bytes());
        pieces.iter().for_each(|piece| writer.output(Duration::ZERO, piece, &mut out));
        writer.exit(Duration::ZERO, 0, &mut out);
        let text = |event| if let RecordedEvent::Output(bytes) = event { bytes } else { Vec::new() };
        let bytes = events(&out).into_iter().flat_map(|(_, event)| text(event)).collect();
        String::from_utf8(bytes).expect("an asciicast is UTF-8")
    }

    #[test]
    fn characters_are_whole_and_other_bytes_replaced_at_every_split() {
        for bytes in
            [&b"a\xe6\xbc\xa2\xf0\x9f\x98\x80z"[..], b"\xff\xe6\xbcx\x80\xf0\x9f\x98", b"\xc3\xc3\xa9\xed\xa0\x80"]
        {
            let text = at_every_split(bytes, recorded);
            assert_eq!(text, String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn output_does_not_depend_on_pieces(bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80..0xf5_u8], 0..40), cut in 0..40_usize) {
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(recorded(&[left, right]), String::from_utf8_lossy(&bytes));
        }
    }
}
