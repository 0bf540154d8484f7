//! What a recording of a terminal holds, whatever its format, and how the formats are told apart.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Beginning of a typescript.
pub const TYPESCRIPT_START: &[u8] = b"Script started on ";

/// An event of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedEvent {
    /// Bytes that the terminal showed.
    Output(Vec<u8>),
    /// Bytes that the keyboard sent.
    Input(Vec<u8>),
    /// The window has this size now. The first event of a recording that states its size.
    Resize {
        /// Columns of characters.
        cols: u16,
        /// Rows of characters.
        rows: u16,
    },
    /// A marker with its label.
    Marker(String),
    /// The recorded program exited with this status.
    Exit(i32),
}

/// An event with the time since the start of its recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedEvent {
    /// The time since the start, which never decreases.
    pub at: Duration,
    /// The event.
    pub event: RecordedEvent,
}

/// Format of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingFormat {
    /// An asciicast, version 2 or 3.
    Asciicast,
    /// A typescript of script(1): its first and its last line are about the recording.
    Typescript,
    /// The bytes of a terminal.
    Raw,
    /// Lines that end in a line feed alone, such as a log file.
    Text,
}

impl RecordingFormat {
    /// The formats and their names.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("asciicast", Self::Asciicast), ("typescript", Self::Typescript), ("raw", Self::Raw), ("text", Self::Text)];

    /// Returns the name of the format.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Returns the format of a recording that begins with `start`, which has its first line as far as that has an end within
    /// the first 64 KiB.
    pub fn detect(start: &[u8]) -> Self {
        let first = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
        if start.starts_with(TYPESCRIPT_START) {
            Self::Typescript
        } else if first.starts_with(b"{") && memchr::memmem::find(first, b"\"version\"").is_some() {
            Self::Asciicast
        } else if first.len() < start.len() && !first.ends_with(b"\r") {
            Self::Text
        } else {
            Self::Raw
        }
    }
}

/// A fault in a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingError {
    /// The line; the first is 1.
    pub line: u64,
    /// The byte in the line; the first is 1.
    pub column: usize,
    /// What is wrong.
    pub fault: RecordingFault,
}

/// What is wrong with a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingFault {
    /// The line is longer than this many bytes.
    TooLong(usize),
    /// The line is no JSON of the wanted form, for a reason of the parser.
    Json(String),
    /// The asciicast has this version.
    Version(u64),
    /// A time is negative or too large.
    Time,
    /// A size has not the form `COLSxROWS`.
    Size(String),
    /// An entry of a timing file is not understood.
    Entry(String),
    /// The recording ends within a line.
    CutOff,
}

impl Error for RecordingError {}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        match &self.fault {
            RecordingFault::TooLong(most) => write!(f, "the line has more than {most} bytes"),
            RecordingFault::Json(reason) => f.write_str(reason),
            RecordingFault::Version(version) => {
                write!(f, "asciicast version {version} is not supported: convert it to version 2 or 3")
            }
            RecordingFault::Time => f.write_str("the time is negative or too large"),
            RecordingFault::Size(text) => write!(f, "'{text}' is not a size: it has the form COLSxROWS"),
            RecordingFault::Entry(text) => {
                write!(
                    f,
                    "'{text}' is not an entry of a timing file: it has the form 'SECONDS BYTES' or 'O SECONDS BYTES'"
                )
            }
            RecordingFault::CutOff => f.write_str("the recording ends within this line"),
        }
    }
}

/// Returns a number of seconds as a duration; `None` if it is negative or more than a hundred years.
pub(super) fn duration(seconds: f64) -> Option<Duration> {
    const MOST: f64 = 100.0 * 365.25 * 86400.0;
    if (0.0..=MOST).contains(&seconds) { Duration::try_from_secs_f64(seconds).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_detected_by_first_line() {
        for (start, format) in [
            (&b"{\"version\": 2, \"width\": 80}\n"[..], RecordingFormat::Asciicast),
            (b"{\"version\":3", RecordingFormat::Asciicast),
            (b"{\"level\": \"info\"}\n{\"version\"", RecordingFormat::Text),
            (b"Script started on 2026-11-29\n$ ", RecordingFormat::Typescript),
            (b"$ make\r\nok\r\n", RecordingFormat::Raw),
            (b"\x1b[2J\x1b[H", RecordingFormat::Raw),
            (b"one\ntwo\r\n", RecordingFormat::Text),
            (b"", RecordingFormat::Raw),
        ] {
            assert_eq!(RecordingFormat::detect(start), format, "{}", start.escape_ascii());
        }
    }

    #[test]
    fn time_is_bounded() {
        assert_eq!(duration(1.5), Some(Duration::from_millis(1500)));
        for seconds in [-0.1, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(duration(seconds), None);
        }
    }
}
