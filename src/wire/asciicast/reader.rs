//! Reads an asciicast of version 2 or 3 as its bytes come.

use std::time::Duration;

use serde::Deserialize;

use crate::wire::recording::{RecordedEvent, RecordingError, RecordingFault, TimedEvent, duration};

/// Maximum number of bytes in a line: far more than one read of a terminal, also where each byte is `\u001b`.
const LINE_LIMIT: usize = 16 << 20;

/// How the time of an event is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// Version 2: since the start.
    Absolute,
    /// Version 3: since the event before.
    Relative,
}

#[derive(Deserialize)]
struct Header {
    version: u64,
    width: Option<u16>,
    height: Option<u16>,
    term: Option<Term>,
}

#[derive(Deserialize)]
struct Term {
    cols: u16,
    rows: u16,
}

/// Reader of one asciicast.
#[derive(Debug, Default)]
pub struct AsciicastReader {
    buffer: Vec<u8>,
    /// Start of the next line in `buffer`.
    start: usize,
    /// Number of bytes in `buffer` that are known to have no line feed from `start` on.
    searched: usize,
    /// Number of the last line.
    line: u64,
    /// `None` before the header.
    times: Option<Times>,
    now: Duration,
}

impl AsciicastReader {
    /// Appends bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next event; `None` where more bytes are needed.
    ///
    /// # Errors
    ///
    /// A line that is too long, is no event or has a wrong time. The next call goes on with the line behind it.
    pub fn next_event(&mut self) -> Result<Option<TimedEvent>, RecordingError> {
        while let Some(end) = self.line_end()? {
            let line = self.start..end;
            self.line += 1;
            (self.start, self.searched) = (end + 1, end + 1);
            if let Some(event) = self.event(line)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Checks the end of the file: a last line without its end is read if it is whole.
    ///
    /// # Errors
    ///
    /// The file ends within a line, or has no header.
    pub fn finish(&mut self) -> Result<Option<TimedEvent>, RecordingError> {
        if self.start == self.buffer.len() && self.times.is_some() {
            return Ok(None);
        }
        let line = self.start..self.buffer.len();
        self.line += 1;
        (self.start, self.searched) = (line.end, line.end);
        let column = line.len();
        self.event(line).map_err(|error| RecordingError { column, fault: RecordingFault::CutOff, ..error })
    }

    /// Returns the end of the next line.
    fn line_end(&mut self) -> Result<Option<usize>, RecordingError> {
        let found = memchr::memchr(b'\n', &self.buffer[self.searched..]).map(|at| self.searched + at);
        self.searched = self.buffer.len();
        if found.is_none() && self.buffer.len() - self.start > LINE_LIMIT {
            (self.buffer, self.start, self.searched) = (Vec::new(), 0, 0);
            return Err(RecordingError {
                line: self.line + 1,
                column: LINE_LIMIT,
                fault: RecordingFault::TooLong(LINE_LIMIT),
            });
        }
        Ok(found)
    }

    fn event(&mut self, line: std::ops::Range<usize>) -> Result<Option<TimedEvent>, RecordingError> {
        let text = &self.buffer[line];
        let error = |column, fault| RecordingError { line: self.line, column, fault };
        let of_json = |json: serde_json::Error| error(json.column(), RecordingFault::Json(sentence(&json)));
        let Some(times) = self.times else {
            let header: Header = serde_json::from_slice(text).map_err(of_json)?;
            self.times = Some(match header.version {
                2 => Times::Absolute,
                3 => Times::Relative,
                version => return Err(error(1, RecordingFault::Version(version))),
            });
            let of_term = header.term.map(|term| (term.cols, term.rows));
            let size = header.width.zip(header.height).or(of_term);
            return Ok(size.map(|(cols, rows)| self.timed(RecordedEvent::Resize { cols, rows })));
        };
        // Version 3 has comments and blank lines.
        if text.trim_ascii().is_empty() || text.starts_with(b"#") {
            return Ok(None);
        }
        let (seconds, code, data): (f64, String, String) = serde_json::from_slice(text).map_err(of_json)?;
        let time = duration(seconds).ok_or_else(|| error(2, RecordingFault::Time))?;
        let event = match &*code {
            "o" => RecordedEvent::Output(data.into_bytes()),
            "i" => RecordedEvent::Input(data.into_bytes()),
            "m" => RecordedEvent::Marker(data),
            "r" => {
                let (cols, rows) = size(&data).ok_or_else(|| {
                    let column = 1 + memchr::memmem::find(text, b"\"r\"").unwrap_or_default();
                    error(column, RecordingFault::Size(data.clone()))
                })?;
                RecordedEvent::Resize { cols, rows }
            }
            // A status that is no number says that the program has exited, and no more.
            "x" => RecordedEvent::Exit(data.trim().parse().unwrap_or_default()),
            // Readers pass over events that they do not know.
            _ => return Ok(self.pass(times, time)),
        };
        self.pass(times, time);
        Ok(Some(self.timed(event)))
    }

    /// Lets the time of an event pass.
    fn pass(&mut self, times: Times, time: Duration) -> Option<TimedEvent> {
        self.now = match times {
            Times::Absolute => self.now.max(time),
            Times::Relative => self.now.saturating_add(time),
        };
        None
    }

    fn timed(&self, event: RecordedEvent) -> TimedEvent {
        TimedEvent { at: self.now, event }
    }
}

/// Returns columns and rows of `COLSxROWS`.
fn size(text: &str) -> Option<(u16, u16)> {
    let (cols, rows) = text.split_once('x')?;
    Some((cols.parse().ok()?, rows.parse().ok()?))
}

/// Returns the sentence of an error without its place, which is that in a single line.
fn sentence(json: &serde_json::Error) -> String {
    let text = json.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    fn read(file: &[u8]) -> Vec<Result<TimedEvent, RecordingError>> {
        at_every_split(file, |pieces| {
            let (mut reader, mut all) = (AsciicastReader::default(), Vec::new());
            for piece in pieces {
                reader.push(piece);
                while let Some(next) = reader.next_event().transpose() {
                    all.push(next);
                }
            }
            all.extend(reader.finish().transpose());
            all
        })
    }

    fn output(ms: u64, text: &str) -> Result<TimedEvent, RecordingError> {
        Ok(TimedEvent { at: Duration::from_millis(ms), event: RecordedEvent::Output(text.as_bytes().to_vec()) })
    }

    fn other(ms: u64, event: RecordedEvent) -> Result<TimedEvent, RecordingError> {
        Ok(TimedEvent { at: Duration::from_millis(ms), event })
    }

    #[test]
    fn version_2_has_absolute_times() {
        let file = b"{\"version\": 2, \"width\": 100, \"height\": 30, \"title\": \"t\"}\n[0.5, \"o\", \"a\\u001b[m\\r\\n\"]\n\
                     [1.25, \"i\", \"q\"]\n[1.0, \"o\", \"\xe6\xbc\xa2\"]\n[2, \"r\", \"80x24\"]\n[3, \"m\", \"here\"]\n[3.5, \"z\", \"\"]\n";
        assert_eq!(
            read(file),
            [
                other(0, RecordedEvent::Resize { cols: 100, rows: 30 }),
                output(500, "a\x1b[m\r\n"),
                other(1250, RecordedEvent::Input(b"q".to_vec())),
                output(1250, "漢"),
                other(2000, RecordedEvent::Resize { cols: 80, rows: 24 }),
                other(3000, RecordedEvent::Marker("here".to_owned())),
            ]
        );
    }

    #[test]
    fn version_3_has_intervals_comments_and_exit() {
        let file =
            b"{\"version\":3,\"term\":{\"cols\":80,\"rows\":24,\"type\":\"xterm\"}}\n# comment\n\n[0.5,\"o\",\"a\"]\n\
                     [0.25,\"?\",\"\"]\n[0.25,\"o\",\"b\"]\n[1,\"x\",\"7\"]";
        assert_eq!(
            read(file),
            [
                other(0, RecordedEvent::Resize { cols: 80, rows: 24 }),
                output(500, "a"),
                output(1000, "b"),
                other(2000, RecordedEvent::Exit(7)),
            ]
        );
    }

    #[test]
    fn fault_has_line_and_column() {
        let of = |file: &str| {
            let all = read(file.as_bytes());
            let error = all.into_iter().find_map(Result::err).unwrap_or_else(|| panic!("{file} is accepted"));
            error.to_string()
        };
        let header = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n";
        for (file, sentence) in [
            ("{\"version\":1}\n".to_owned(), "line 1, column 1: asciicast version 1 is not supported"),
            ("{\"version\":\n".to_owned(), "line 1, column 11: EOF while parsing"),
            ("no\n".to_owned(), "line 1, column 2: expected"),
            (format!("{header}[1,\"o\",\"a\"]\n[1,\"o\"]\n"), "line 3, column 7: invalid length 2"),
            (format!("{header}[1,\"o\",\"a]\n"), "line 2, column "),
            (format!("{header}[-1,\"o\",\"a\"]\n"), "line 2, column 2: the time is negative"),
            (format!("{header}[1e99,\"o\",\"a\"]\n"), "line 2, column 2: the time is negative or too large"),
            (format!("{header}[1,\"r\",\"80\"]\n"), "line 2, column 4: '80' is not a size"),
            (format!("{header}[1,\"o\",\"ab"), "line 2, column 10: the recording ends within this line"),
            (String::new(), "line 1, column 0: the recording ends"),
        ] {
            let found = of(&file);
            assert!(found.starts_with(sentence), "{file:?}: {found}");
        }
        let bad = [header.as_bytes(), b"[1,\"o\",\"\xff\"]\n"].concat();
        assert!(read(&bad).into_iter().any(|event| event.is_err()), "the file is not UTF-8");
    }

    #[test]
    fn endless_line_is_refused() {
        let mut reader = AsciicastReader::default();
        let mut faults = 0;
        for _ in 0..3 * LINE_LIMIT / (1 << 20) {
            reader.push(&[b'x'; 1 << 20]);
            faults += usize::from(reader.next_event().is_err());
            assert!(reader.buffer.len() <= LINE_LIMIT + (1 << 20));
        }
        assert!(faults >= 2);
    }
}
