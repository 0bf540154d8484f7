//! Redacts the bytes of a terminal for a recording. A line is held back until it is finished, since a secret in it may be
//! cut into pieces, and coloured; what is passed on has the times at which it came.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::key_block::KeyBlock;
use super::visible::{Visible, decoded};
use super::{Redactor, marker};

/// Maximum number of bytes of a line that are held back. A longer one is cut in front of a blank.
const LINE: usize = 64 * 1024;

/// Something that is passed on in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum StreamItem<T> {
    /// Bytes, redacted.
    Bytes(Vec<u8>),
    /// Anything else, as it was given.
    Other(T),
}

/// Redacts one stream of bytes and of other items between them.
#[derive(Debug)]
pub(in crate::core) struct StreamRedactor<T> {
    redactor: Arc<Redactor>,
    block: KeyBlock,
    /// Columns of the terminal.
    cols: usize,
    /// Bytes of the unfinished line.
    line: Vec<u8>,
    /// What begins at these offsets in `line`: bytes that came at a time, or another item.
    begins: Vec<(usize, Duration, Option<T>)>,
}

/// A change of a line: these bytes are replaced.
type Edit = (Range<usize>, Vec<u8>);

impl<T> StreamRedactor<T> {
    /// Creates a redactor with these rules, for a terminal of `cols` columns.
    pub(in crate::core) fn new(redactor: Arc<Redactor>, cols: u16) -> Self {
        Self { redactor, block: KeyBlock::default(), cols: cols.into(), line: Vec::new(), begins: Vec::new() }
    }

    /// Sets the number of columns.
    pub(in crate::core) fn resize(&mut self, cols: u16) {
        self.cols = cols.into();
    }

    /// Takes bytes that came at the time `at`; appends what can be passed on to `out`.
    pub(in crate::core) fn push(&mut self, at: Duration, bytes: &[u8], out: &mut Vec<(Duration, StreamItem<T>)>) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.begins.push((self.line.len(), at, None));
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.pass(self.line.len(), true, out);
            } else if self.line.len() > LINE {
                let blank = self.line.iter().rposition(|byte| *byte == b' ').filter(|&at| at > 0);
                self.pass(blank.unwrap_or(self.line.len()), false, out);
            }
        }
    }

    /// Takes another item, which is passed on behind the bytes before it.
    pub(in crate::core) fn push_other(&mut self, at: Duration, item: T, out: &mut Vec<(Duration, StreamItem<T>)>) {
        if self.line.is_empty() {
            return out.push((at, StreamItem::Other(item)));
        }
        self.begins.push((self.line.len(), at, Some(item)));
        // Items between two bytes of a line are few, unless a session has them alone.
        if self.begins.len() > LINE {
            self.finish(out);
        }
    }

    /// Passes on everything.
    pub(in crate::core) fn finish(&mut self, out: &mut Vec<(Duration, StreamItem<T>)>) {
        self.pass(self.line.len(), false, out);
    }

    /// Passes on the first `end` bytes of the line, and what begins in them.
    fn pass(&mut self, end: usize, is_finished: bool, out: &mut Vec<(Duration, StreamItem<T>)>) {
        let rest = self.line.split_off(end);
        let line = std::mem::replace(&mut self.line, rest);
        let edits = self.edits(&line, is_finished);
        let begins = std::mem::take(&mut self.begins);
        let mut last = Duration::ZERO;
        let mut begins = begins.into_iter().peekable();
        while let Some((start, at, item)) =
            begins.next_if(|(start, ..)| *start < end || end == line.len() && self.line.is_empty())
        {
            last = at;
            let next = begins.peek().map_or(end, |(next, ..)| (*next).min(end));
            if let Some(item) = item {
                out.push((at, StreamItem::Other(item)));
            }
            let bytes = edited(&line, &edits, start..next);
            if !bytes.is_empty() {
                out.push((at, StreamItem::Bytes(bytes)));
            }
        }
        if !self.line.is_empty() {
            self.begins.push((0, last, None));
        }
        self.begins.extend(begins.map(|(start, at, item)| (start - end, at, item)));
    }

    /// Returns the changes of a line, in order.
    fn edits(&mut self, line: &[u8], is_finished: bool) -> Vec<Edit> {
        let visible = Visible::of(line, self.cols);
        let is_body = if is_finished { self.block.takes(&visible.text) } else { self.block.is_inside(&visible.text) };
        let mut edits: Vec<Edit> = Vec::new();
        if is_body {
            hide(&visible.places, &marker("private-key"), &mut edits);
        } else {
            for hidden in self.redactor.hidden(&visible.text) {
                hide(&visible.places[hidden.range], &self.redactor.marker(hidden.rule), &mut edits);
            }
        }
        for payload in visible.payloads {
            let (text, places) = decoded(line, payload);
            for hidden in self.redactor.hidden(&text) {
                let range = places[hidden.range.start].start..places[hidden.range.end - 1].end;
                edits.push((range, self.redactor.marker(hidden.rule).into_bytes()));
            }
        }
        edits.sort_by_key(|(range, _)| range.start);
        edits
    }
}

/// Replaces the bytes at these places by `marker`, which stands at the first; sequences between them stay.
fn hide(places: &[usize], marker: &str, edits: &mut Vec<Edit>) {
    for (i, &at) in places.iter().enumerate() {
        let text = if i == 0 { marker.as_bytes().to_vec() } else { Vec::new() };
        edits.push((at..at + 1, text));
    }
}

/// Returns the part `range` of `line` with the changes in it. Text in place of bytes belongs to the part in which they begin.
fn edited(line: &[u8], edits: &[Edit], range: Range<usize>) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), range.start);
    let first = edits.partition_point(|(edit, _)| edit.end <= range.start);
    for (edit, text) in edits[first..].iter().take_while(|(edit, _)| edit.start < range.end) {
        if edit.start >= range.start {
            out.extend_from_slice(&line[at..edit.start]);
            out.extend_from_slice(text);
        }
        at = edit.end.clamp(at, range.end);
    }
    out.extend_from_slice(&line[at..range.end]);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{builtin_rules, samples};
    use super::*;
    use crate::core::split::at_every_split;

    fn run(pieces: &[&[u8]]) -> Vec<(Duration, StreamItem<u8>)> {
        let (mut stream, mut out) = (StreamRedactor::new(builtin_rules(), 80), Vec::new());
        for (i, piece) in pieces.iter().enumerate() {
            stream.push(Duration::from_secs(i as u64), piece, &mut out);
        }
        stream.finish(&mut out);
        out
    }

    fn text(items: Vec<(Duration, StreamItem<u8>)>) -> String {
        let bytes = |(_, item)| if let StreamItem::Bytes(bytes) = item { bytes } else { Vec::new() };
        String::from_utf8_lossy(&items.into_iter().flat_map(bytes).collect::<Vec<u8>>()).into_owned()
    }

    #[test]
    fn secrets_are_hidden_at_every_split_and_colour() {
        for (name, sample, secret) in samples().into_iter().filter(|(name, ..)| *name != "private-key") {
            let middle = sample.find(&secret).expect("it is there") + secret.len() / 2;
            let coloured = format!("{}\x1b[1;31m{}\x1b[m\r\nnext\r\n", &sample[..middle], &sample[middle..]);
            let redacted = at_every_split(coloured.as_bytes(), |pieces| text(run(pieces)));
            let expected = sample.replace(&secret, &format!("[redacted:{name}]"));
            let plain = redacted.replace("\x1b[1;31m", "").replace("\x1b[m", "");
            assert_eq!(plain, format!("{expected}\r\nnext\r\n"), "{name}");
            assert!(redacted.contains("\x1b[1;31m") && redacted.contains("\x1b[m"), "{redacted:?}");
        }
    }

    #[test]
    fn secret_in_title_is_hidden() {
        let token = format!("ghp_{}", "a".repeat(36));
        let stream = format!("\x1b]0;curl {token}\x07$ \x1b]133;C;cmdline_url=x%20{token}\x1b\\");
        let redacted = at_every_split(stream.as_bytes(), |pieces| text(run(pieces)));
        assert!(!redacted.contains(&token) && redacted.matches("[redacted:github]").count() == 2, "{redacted:?}");
    }

    #[test]
    fn secret_that_a_full_screen_program_wraps_is_hidden() {
        let token = format!("ghp_{}", "a".repeat(36));
        let (left, right) = token.split_at(20);
        let stream = format!("\x1b[1;1H{}{left}\x1b[2;1H{right} next\x1b[3;1H~", "x ".repeat(30));
        let redacted = at_every_split(stream.as_bytes(), |pieces| text(run(pieces)));
        let expected = format!("\x1b[1;1H{}[redacted:github]\x1b[2;1H next\x1b[3;1H~", "x ".repeat(30));
        assert_eq!(redacted, expected);
    }

    #[test]
    fn key_is_hidden() {
        let stream = "$ cat k\r\n-----BEGIN PRIVATE KEY-----\r\n\x1b[1mMIIE\x1b[m\r\nAAAA==\r\n-----END PRIVATE KEY-----\r\nMIIE\r\n";
        let redacted = at_every_split(stream.as_bytes(), |pieces| text(run(pieces)));
        let mark = "[redacted:private-key]";
        let expected = format!(
            "$ cat k\r\n-----BEGIN PRIVATE KEY-----\r\n\x1b[1m{mark}\x1b[m\r\n{mark}\r\n-----END PRIVATE KEY-----\r\nMIIE\r\n"
        );
        assert_eq!(redacted, expected);
    }

    #[test]
    fn times_and_other_items_keep_their_places() {
        let (mut stream, mut out) = (StreamRedactor::new(builtin_rules(), 80), Vec::new());
        let second = Duration::from_secs;
        stream.push(second(1), b"one\r\ntw", &mut out);
        stream.push_other(second(2), b'm', &mut out);
        stream.push(second(3), b"o\r\n", &mut out);
        stream.push_other(second(4), b'n', &mut out);
        stream.push(second(5), b"$ ", &mut out);
        stream.push_other(second(6), b'o', &mut out);
        stream.finish(&mut out);
        let bytes = |at, bytes: &[u8]| (second(at), StreamItem::Bytes(bytes.to_vec()));
        let other = |at, item| (second(at), StreamItem::Other(item));
        assert_eq!(
            out,
            [
                bytes(1, b"one\r\n"),
                bytes(1, b"tw"),
                other(2, b'm'),
                bytes(3, b"o\r\n"),
                other(4, b'n'),
                bytes(5, b"$ "),
                other(6, b'o')
            ]
        );
    }

    #[test]
    fn endless_line_is_bounded_and_cut_at_blanks() {
        let token = format!("ghp_{}", "a".repeat(36));
        let (mut stream, mut out) = (StreamRedactor::<u8>::new(builtin_rules(), 80), Vec::new());
        let whole = format!("{token} word ").repeat(10_000);
        for piece in whole.as_bytes().chunks(1000) {
            stream.push(Duration::ZERO, piece, &mut out);
            assert!(stream.line.len() <= LINE + 1000);
        }
        stream.finish(&mut out);
        assert_eq!(text(out), "[redacted:github] word ".repeat(10_000));
    }

    proptest! {
        /// What is no secret passes unchanged, whatever it is and however it is cut.
        #[test]
        fn other_bytes_pass(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x1b), Just(b'\n'), Just(b'[')], 0..200), cut in 1..50_usize) {
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            let passed = run(&pieces).into_iter().flat_map(|(_, item)| match item {
                StreamItem::Bytes(bytes) => bytes,
                StreamItem::Other(_) => Vec::new(),
            });
            prop_assert_eq!(passed.collect::<Vec<u8>>(), bytes);
        }

        /// No secret survives, however the stream is cut and coloured.
        #[test]
        fn no_secret_survives(which in 0..17_usize, colours in prop::collection::vec(0..200_usize, 0..6), cut in 1..40_usize) {
            let (name, sample, secret) = samples().swap_remove(which);
            let mut stream = sample.clone();
            let mut colours = colours;
            colours.sort_unstable();
            colours.iter().rev().filter(|at| **at <= sample.len()).for_each(|at| stream.insert_str(*at, "\x1b[3m"));
            let line = format!("before\r\n{stream}\r\nafter\r\n");
            let pieces: Vec<&[u8]> = line.as_bytes().chunks(cut).collect();
            let shown = text(run(&pieces)).replace("\x1b[3m", "");
            prop_assert!(!shown.contains(&secret), "{name}: {shown:?}");
            let redactor = builtin_rules();
            prop_assert!(redactor.hidden(shown.as_bytes()).is_empty() || name == "private-key" || name == "url-password" || name == "authorization", "{shown:?}");
        }
    }
}
