//! The recordings of script(1): the typescript, and the timing file that tells when its bytes came.
//!
//! A typescript begins with a line about the recording and ends with one. A timing file has one entry a line: `SECONDS
//! BYTES` in the classic form, or a letter, the seconds since the entry before and its data in that of `--log-timing`.

use std::str::FromStr;
use std::time::Duration;

use super::recording::{RecordingError, RecordingFault, TYPESCRIPT_START, duration};

/// Beginning of its last line, with the newline that script(1) prints before it.
const FOOTER: &[u8] = b"\nScript done on ";
/// Maximum number of bytes in the first and in the last line, and in a line of a timing file.
const LINE_LIMIT: usize = 4096;

/// Part of a typescript.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// The first line.
    Header,
    Body,
    /// What may be the last line.
    Footer,
}

/// Reader of the bytes of a typescript between its first and its last line.
#[derive(Debug)]
pub struct TypescriptReader {
    part: Part,
    /// Bytes of the first or of what may be the last line.
    line: Vec<u8>,
    /// Columns and rows of the terminal, if the first line tells them.
    size: Option<(u16, u16)>,
}

impl Default for TypescriptReader {
    fn default() -> Self {
        Self { part: Part::Header, line: Vec::new(), size: None }
    }
}

impl TypescriptReader {
    /// Takes bytes of the file; appends those of the terminal to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match self.part {
                Part::Header => self.header(rest, out),
                Part::Body => self.body(rest, out),
                Part::Footer => self.footer(rest, out),
            };
            rest = &rest[used..];
        }
    }

    /// Takes the end of the file: the line that script(1) prints at the end is left out. Returns the exit status that it tells.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Option<i32> {
        let is_last = self.part == Part::Footer && self.line.starts_with(FOOTER);
        let line = std::mem::take(&mut self.line);
        if is_last {
            return value(&String::from_utf8_lossy(&line), "COMMAND_EXIT_CODE");
        }
        out.extend_from_slice(&line);
        None
    }

    /// Returns columns and rows of the terminal once the first line has been read, if it tells them.
    pub fn size(&self) -> Option<(u16, u16)> {
        self.size
    }

    /// Whether the first line has been read.
    pub fn is_in_body(&self) -> bool {
        self.part != Part::Header
    }

    fn header(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
        self.line.extend_from_slice(&bytes[..end]);
        let known = self.line.len().min(TYPESCRIPT_START.len());
        if self.line[..known] != TYPESCRIPT_START[..known] || self.line.len() > LINE_LIMIT {
            // A typescript whose first line was removed. The end of this one may begin the last.
            self.part = Part::Body;
            let line = std::mem::take(&mut self.line);
            self.push(&line, out);
        } else if self.line.ends_with(b"\n") {
            let line = String::from_utf8_lossy(&self.line);
            self.size = value(&line, "COLUMNS").zip(value(&line, "LINES"));
            self.line.clear();
            self.part = Part::Body;
        }
        end
    }

    fn body(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let end = memchr::memchr(b'\n', bytes);
        out.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
        let Some(end) = end else { return bytes.len() };
        self.line.push(b'\n');
        self.part = Part::Footer;
        end + 1
    }

    /// Takes one byte of what may be the last line: it is the last if nothing follows its end.
    fn footer(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let is_over = self.line.len() > FOOTER.len() && self.line.ends_with(b"\n");
        let fits = self.line.len() >= FOOTER.len() || bytes[0] == FOOTER[self.line.len()];
        if is_over || !fits || self.line.len() > LINE_LIMIT {
            out.append(&mut self.line);
            self.part = Part::Body;
            return 0;
        }
        self.line.push(bytes[0]);
        1
    }
}

/// Returns the number that `line`, the first or the last one, tells as `NAME="NUMBER"`.
fn value<T: FromStr>(line: &str, name: &str) -> Option<T> {
    line.split_once(&format!("{name}=\""))?.1.split('"').next()?.parse().ok()
}

/// An entry of a timing file: the time since the entry before, and what came then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimingEntry {
    /// The time since the entry before.
    pub delay: Duration,
    /// What came.
    pub change: TimingChange,
}

/// What came at an entry of a timing file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimingChange {
    /// A number of bytes of output.
    Output(u64),
    /// A number of bytes of input.
    Input(u64),
    /// The window has this size now.
    Resize {
        /// Columns of characters.
        cols: u16,
        /// Rows of characters.
        rows: u16,
    },
    /// A fact about the recording, by its name.
    Header(String, String),
    /// Another signal.
    Signal,
}

/// Reader of a timing file.
#[derive(Debug, Default)]
pub struct TimingReader {
    buffer: Vec<u8>,
    /// Start of the next line in `buffer`.
    start: usize,
    line: u64,
}

impl TimingReader {
    /// Appends bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next entry; `None` where more bytes are needed.
    ///
    /// # Errors
    ///
    /// A line that is no entry. The next call goes on with the line behind it.
    pub fn next_entry(&mut self) -> Result<Option<TimingEntry>, RecordingError> {
        loop {
            let rest = &self.buffer[self.start..];
            let Some(len) = memchr::memchr(b'\n', rest) else {
                let fault = RecordingFault::TooLong(LINE_LIMIT);
                return if rest.len() <= LINE_LIMIT { Ok(None) } else { Err(self.skip_all(fault)) };
            };
            let line = self.start..self.start + len;
            self.start += len + 1;
            self.line += 1;
            let text = self.buffer[line].trim_ascii();
            if !text.is_empty() {
                let fault = |(column, fault)| RecordingError { line: self.line, column, fault };
                return entry(text).map(Some).map_err(fault);
            }
        }
    }

    /// Checks the end of the file.
    ///
    /// # Errors
    ///
    /// The file ends within a line that is no entry.
    pub fn finish(&mut self) -> Result<Option<TimingEntry>, RecordingError> {
        self.buffer.push(b'\n');
        self.next_entry().map_err(|error| RecordingError { fault: RecordingFault::CutOff, ..error })
    }

    fn skip_all(&mut self, fault: RecordingFault) -> RecordingError {
        (self.buffer, self.start) = (Vec::new(), 0);
        RecordingError { line: self.line + 1, column: LINE_LIMIT, fault }
    }
}

/// Reads an entry; the error has its column.
fn entry(line: &[u8]) -> Result<TimingEntry, (usize, RecordingFault)> {
    let text = String::from_utf8_lossy(line);
    let refused = |part: &str| {
        let column = 1 + (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        (column, RecordingFault::Entry(text.chars().take(40).collect()))
    };
    let mut words = text.split_ascii_whitespace();
    let mut word = || words.next().ok_or_else(|| refused(&text[text.len()..]));
    let first = word()?;
    let (kind, seconds) =
        if first.starts_with(|c: char| c.is_ascii_alphabetic()) { (first, word()?) } else { ("O", first) };
    let number: f64 = seconds.parse().map_err(|_| refused(seconds))?;
    let delay = duration(number).ok_or_else(|| (refused(seconds).0, RecordingFault::Time))?;
    let data = word()?;
    let count = || data.parse().map_err(|_| refused(data));
    let change = match kind {
        "O" => TimingChange::Output(count()?),
        "I" => TimingChange::Input(count()?),
        "S" if data == "SIGWINCH" => {
            window(words).map_or(TimingChange::Signal, |(cols, rows)| TimingChange::Resize { cols, rows })
        }
        "S" => TimingChange::Signal,
        "H" => TimingChange::Header(data.to_owned(), words.collect::<Vec<_>>().join(" ")),
        _ => return Err(refused(first)),
    };
    Ok(TimingEntry { delay, change })
}

/// Returns columns and rows of `ROWS=24 COLS=80`.
fn window<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Option<(u16, u16)> {
    let value = |name: &str| words.clone().find_map(|word| word.strip_prefix(name)?.parse().ok());
    value("COLS=").zip(value("ROWS="))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    fn body(file: &[u8]) -> (String, Option<(u16, u16)>) {
        at_every_split(file, |pieces| {
            let (mut reader, mut out) = (TypescriptReader::default(), Vec::new());
            pieces.iter().for_each(|piece| reader.push(piece, &mut out));
            let exit = reader.finish(&mut out);
            assert_eq!(exit, file.ends_with(b"\"]\n").then_some(7), "the last line tells it");
            (out.escape_ascii().to_string(), reader.size())
        })
    }

    #[test]
    fn lines_about_the_recording_are_left_out() {
        let header = "Script started on 2026-11-29 22:00:00+00:00 [TERM=\"xterm\" COLUMNS=\"100\" LINES=\"30\"]\n";
        let footer = "\nScript done on 2026-11-29 22:00:01+00:00 [COMMAND_EXIT_CODE=\"7\"]\n";
        for (text, expected) in [
            ("$ ls\r\na\r\n$ ", "$ ls\\r\\na\\r\\n$ "),
            ("a\n\nScript done by me\n", "a\\n\\nScript done by me\\n"),
            ("$ cat old\nScript done on Monday\nnot yet", "$ cat old\\nScript done on Monday\\nnot yet"),
            ("", ""),
        ] {
            let file = format!("{header}{text}{footer}");
            assert_eq!(body(file.as_bytes()), (expected.to_owned(), Some((100, 30))), "{text}");
        }
        // Cut off, and without the lines.
        assert_eq!(body(format!("{header}a\nScript").as_bytes()).0, "a\\nScript");
        assert_eq!(body(b"Script started\nx"), ("Script started\\nx".to_owned(), None));
        assert_eq!(body(b"Scr"), ("Scr".to_owned(), None));
        assert_eq!(body(b"Scripted\nScript done on Monday\n"), ("Scripted".to_owned(), None));
    }

    fn entries(file: &[u8]) -> Vec<Result<TimingEntry, String>> {
        at_every_split(file, |pieces| {
            let (mut reader, mut all) = (TimingReader::default(), Vec::new());
            for piece in pieces {
                reader.push(piece);
                while let Some(next) = reader.next_entry().transpose() {
                    all.push(next.map_err(|error| error.to_string()));
                }
            }
            all.extend(reader.finish().transpose().map(|last| last.map_err(|error| error.to_string())));
            all
        })
    }

    #[test]
    fn both_forms_of_timing_are_read() {
        let entry = |ms, change| Ok(TimingEntry { delay: Duration::from_millis(ms), change });
        assert_eq!(
            entries(b"0.5 12\n\n1.25 3"),
            [entry(500, TimingChange::Output(12)), entry(1250, TimingChange::Output(3)),]
        );
        let advanced =
            b"H 0.000000 COMMAND make all\nO 0.5 7\nI 0.1 1\nS 0.2 SIGWINCH ROWS=30 COLS=100\nS 0.2 SIGTERM\n";
        assert_eq!(
            entries(advanced),
            [
                entry(0, TimingChange::Header("COMMAND".to_owned(), "make all".to_owned())),
                entry(500, TimingChange::Output(7)),
                entry(100, TimingChange::Input(1)),
                entry(200, TimingChange::Resize { cols: 100, rows: 30 }),
                entry(200, TimingChange::Signal),
            ]
        );
    }

    #[test]
    fn fault_of_timing_has_line_and_column() {
        for (file, sentence) in [
            (&b"0.5 12\n0.5 x\n"[..], "line 2, column 5: '0.5 x' is not an entry"),
            (b"Q 0.5 1\n", "line 1, column 1: "),
            (b"O -1 5\n", "line 1, column 3: the time is negative"),
            (b"O 1\n", "line 1, column 4: "),
            (b"0.5 1\n0.5", "line 2, column 4: the recording ends within this line"),
        ] {
            let found = entries(file).into_iter().find_map(Result::err).expect("there is a fault");
            assert!(found.starts_with(sentence), "{found}");
        }
        let mut reader = TimingReader::default();
        reader.push(&[b'1'; LINE_LIMIT + 1]);
        assert!(reader.next_entry().is_err() && reader.buffer.is_empty());
    }
}
