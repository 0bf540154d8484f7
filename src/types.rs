//! Types shared by all modules: ports, children, window size, signals, exit status.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;
use std::time::Duration;

use nix::sys::signal::Signal;

/// Whether the line discipline of the pty echoes what is typed (termios(3)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// ECHO is on; or it is off and signal characters are too, as in a full-screen program or a session of ssh(1).
    #[default]
    On,
    /// ECHO is off and ICANON on: a program reads a hidden line.
    OffInLines,
    /// ECHO and ICANON are off and ISIG is on: a program reads keys and may draw something for each.
    OffInKeys,
}

/// A stream that bytes are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The real terminal's keyboard, or redirected standard input.
    Keyboard,
    /// The pty master: output of the shell.
    Pty,
    /// The coprocess's standard output.
    Coproc,
    /// The coprocess's standard error.
    CoprocErr,
    /// The standard error of the background command in this slot.
    Job(u8),
}

/// A stream that bytes are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sink {
    /// The real terminal, or redirected standard output.
    Terminal,
    /// The pty master: input of the shell.
    Pty,
    /// The coprocess's standard input.
    Coproc,
    /// The standard input of the background command in this slot.
    Job(u8),
    /// The file of a recording.
    Recording,
}

/// Why a write to a sink failed for good, with the system's text for errno where that says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The reader has closed its end (EPIPE).
    NoReader,
    /// The device fails (EIO, ENXIO), as a terminal does that has hung up.
    Device(&'static str),
    /// Any other error, such as a full disk (ENOSPC) or a file that is too large (EFBIG).
    Refused(&'static str),
}

/// A process that coshell started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Child {
    /// The wrapped shell or command.
    Shell,
    /// The coprocess.
    Coproc,
    /// The background command in this slot.
    Job(u8),
    /// The program that is lent the terminal.
    Lent,
}

/// Identifier of an open request of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Window size of a terminal, as `TIOCGWINSZ` gives it: ioctl_tty(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Rows of characters.
    pub rows: u16,
    /// Columns of characters.
    pub cols: u16,
    /// Width in pixels; 0 if unknown.
    pub xpixel: u16,
    /// Height in pixels; 0 if unknown.
    pub ypixel: u16,
}

impl Size {
    /// Returns the size with 24 rows or 80 columns in place of 0, which a serial console reports.
    pub fn or_default(self) -> Self {
        let default = Self::default();
        let rows = if self.rows == 0 { default.rows } else { self.rows };
        let cols = if self.cols == 0 { default.cols } else { self.cols };
        Self { rows, cols, ..self }
    }
}

impl Default for Size {
    /// Returns 24 rows and 80 columns, the size of a VT100.
    fn default() -> Self {
        Self { rows: 24, cols: 80, xpixel: 0, ypixel: 0 }
    }
}

/// Number of SIGCONT, which continues a stopped process.
pub const SIGCONT: i32 = Signal::SIGCONT as i32;
/// Number of SIGHUP: the terminal has hung up.
pub const SIGHUP: i32 = Signal::SIGHUP as i32;
/// Number of SIGINT: Ctrl-C, where the line discipline makes signals of keys.
pub const SIGINT: i32 = Signal::SIGINT as i32;
/// Number of SIGQUIT: Ctrl-\\ there.
pub const SIGQUIT: i32 = Signal::SIGQUIT as i32;
/// Number of SIGKILL, which cannot be handled or ignored.
pub const SIGKILL: i32 = Signal::SIGKILL as i32;
/// Number of SIGPIPE: a write to a pipe without reader.
pub const SIGPIPE: i32 = Signal::SIGPIPE as i32;
/// Number of SIGTERM: a request to terminate.
pub const SIGTERM: i32 = Signal::SIGTERM as i32;

/// A text that is neither the number nor the name of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalError(String);

impl Error for SignalError {}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a signal: write a name, such as TERM or USR1, or a number", self.0)
    }
}

/// Parses a signal, given by its number or by its name with or without `SIG`.
pub fn parse_signal(text: &str) -> Result<i32, SignalError> {
    let name = text.to_ascii_uppercase();
    let name = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
    // A text that is no number may be a name; the error below covers the failure of both.
    let by_number = text.parse::<i32>().ok().and_then(|number| Signal::try_from(number).ok());
    let signal = by_number.or_else(|| name.parse::<Signal>().ok());
    signal.map(|signal| signal as i32).ok_or_else(|| SignalError(text.to_owned()))
}

/// Returns the names of all signals, without `SIG`.
pub fn signal_names() -> impl Iterator<Item = &'static str> {
    Signal::iterator().filter_map(|signal| signal.as_str().strip_prefix("SIG"))
}

/// A text that is no whole number of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberError {
    text: String,
    is_too_large: bool,
}

impl Error for NumberError {}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_too_large {
            true => write!(f, "'{}' is too large a number: write a smaller one", self.text),
            false => write!(f, "'{}' is not a whole number: write digits only, such as 100", self.text),
        }
    }
}

/// Parses the whole number `text`.
pub fn parse_number<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, NumberError> {
    text.parse().map_err(|error: ParseIntError| NumberError {
        text: text.to_owned(),
        is_too_large: *error.kind() == IntErrorKind::PosOverflow,
    })
}

/// Returns the sentence that the file called `name` cannot be read, for a reason that says what to do.
pub fn unreadable(name: impl fmt::Display, reason: impl fmt::Display) -> String {
    format!("{name} cannot be read: {reason}")
}

/// Returns the reason for which a file that the user has named cannot be read, and what to do about it.
pub fn read_reason(error: &io::Error) -> String {
    let remedy = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "; name a file that exists",
        ErrorKind::PermissionDenied => "; make it readable, or name another file",
        ErrorKind::IsADirectory => "; name a file in it",
        // A fault of the device or the system, which its text names.
        _ => "",
    };
    reason(error) + remedy
}

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationError(pub String);

impl Error for DurationError {}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a duration: write a number and a unit, such as 500ms, 5s, 1.5s, 2m or 1h", self.0)
    }
}

/// Parses a duration: a decimal number and its unit, `ms`, `s`, `m` or `h`.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let refused = || DurationError(text.to_owned());
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refused)?;
    let number: f64 = text[..unit].parse().map_err(|_| refused())?;
    let seconds = match &text[unit..] {
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(refused()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| refused())
}

/// Returns the system's text for `error` without its number, or the text of an error that coshell made itself.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    if let Some(number) = error.raw_os_error() {
        return text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text).to_owned();
    }
    // An error without a payload has a text of the standard library, such as "stream did not contain valid UTF-8".
    match error.kind() {
        _ if error.get_ref().is_some() => text,
        ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        ErrorKind::InvalidInput => "it contains a NUL character".to_owned(),
        ErrorKind::NotFound => "it does not exist".to_owned(),
        _ => text,
    }
}

/// Result of a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// Exited with this status.
    Code(u8),
    /// Ended by the signal with this number.
    Signal(i32),
}

impl ExitStatus {
    /// Exit status where coshell itself fails: EXIT STATUS in the man page.
    pub const FAILED: Self = Self::Code(125);

    /// Returns whether the process exited with status 0.
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }

    /// Returns the status as a shell reports it: 128+N after signal N.
    pub fn status(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_omits_error_number_and_library_text() {
        let os = |number| io::Error::from_raw_os_error(number);
        assert_eq!(reason(&os(libc::ENOENT)), "No such file or directory");
        assert_eq!(reason(&io::Error::other("the session has no terminal")), "the session has no terminal");
        let bad = io::read_to_string(&b"\xff"[..]).expect_err("the bytes are not UTF-8");
        assert_eq!(reason(&bad), "it is not UTF-8");
        let with_nul = std::fs::read("a\0b").expect_err("no path has a NUL");
        assert_eq!(reason(&with_nul), "it contains a NUL character");
        for number in 1..=150 {
            assert!(!reason(&os(number)).contains("os error"), "{number}");
        }
    }

    #[test]
    fn file_that_cannot_be_read_is_named_with_reason_and_remedy() {
        for (number, end) in [
            (libc::ENOENT, "No such file or directory; name a file that exists"),
            (libc::ENOTDIR, "Not a directory; name a file that exists"),
            (libc::EACCES, "Permission denied; make it readable, or name another file"),
            (libc::EISDIR, "Is a directory; name a file in it"),
            (libc::EIO, "Input/output error"),
        ] {
            let sentence = unreadable("a b", read_reason(&io::Error::from_raw_os_error(number)));
            assert_eq!(sentence, format!("a b cannot be read: {end}"));
        }
    }

    #[test]
    fn invalid_number_is_quoted_in_error() {
        assert_eq!(parse_number::<usize>("100"), Ok(100));
        for (text, part) in [
            ("abc", "not a whole number"),
            ("", "not a whole number"),
            ("-1", "not a whole number"),
            ("9999999999999999999999", "too large"),
        ] {
            let sentence = parse_number::<u64>(text).expect_err(text).to_string();
            assert!(sentence.contains(part) && sentence.contains(text), "{sentence}");
        }
    }

    #[test]
    fn duration_is_a_number_and_a_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "5", "5 s", "1e9999h", "-1s", "5d"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
