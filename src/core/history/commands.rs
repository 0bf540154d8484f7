//! Commands and directories that the shell reports by OSC 133 (as `coshell integration` prints it) and OSC 7, by offset in
//! the stream. `lines` finds the line at an offset.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Maximum number of recorded commands.
pub(super) const MOST: usize = 10_000;
/// Maximum length of a path in bytes.
const PATH_MAX: usize = 4096;

/// A parsed OSC 133 or OSC 7.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PromptMark {
    /// `133;A`: a prompt begins.
    Prompt,
    /// `133;B`: the typed text begins.
    Input,
    /// `133;C`: the command's output begins.
    Output,
    /// `133;D`: the command has ended, with this status.
    End(Option<i32>),
    /// OSC 7: the working directory.
    Directory(String),
}

/// An event that the shell reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellEvent {
    /// A command begins to run.
    CommandStart {
        /// Its number; the first of the session is 1.
        command: u64,
    },
    /// A command has ended.
    CommandEnd {
        /// Its number.
        command: u64,
        /// Its status, where the shell reports it.
        status: Option<i32>,
        /// Time for which it ran.
        took: Duration,
    },
    /// The shell has changed its directory.
    Directory {
        /// Its path.
        path: Arc<str>,
    },
}

/// A command, or a prompt at which one may be typed, by offsets in the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandRecord {
    /// Its number; the first of the session is 1.
    pub number: u64,
    /// Start of its prompt.
    pub prompt: Option<u64>,
    /// Start of the typed text.
    pub input: Option<u64>,
    /// Start of its output, and the time; `None` before it runs.
    pub output: Option<(u64, Instant)>,
    /// End of its output, and the time; `None` while it runs.
    pub end: Option<(u64, Instant)>,
    /// Its status, where the shell reports it.
    pub status: Option<i32>,
    /// The shell's directory at its prompt.
    pub directory: Option<Arc<str>>,
}

/// The recorded commands of a session.
#[derive(Debug, Default)]
pub(super) struct CommandLog {
    commands: VecDeque<CommandRecord>,
    /// Number of the last command.
    number: u64,
    directory: Option<Arc<str>>,
}

impl CommandLog {
    /// Parses an OSC at these offsets in the stream. Returns the offset of a mark whose line will be needed, and the shell
    /// event.
    pub(super) fn parse_osc(
        &mut self,
        now: Instant,
        payload: &[u8],
        at: &Range<u64>,
    ) -> (Option<u64>, Option<ShellEvent>) {
        match PromptMark::of(payload) {
            None => (None, None),
            Some(PromptMark::Prompt) => (Some(at.start), self.prompt(now, at.start)),
            Some(PromptMark::Input) => {
                self.waiting().input = Some(at.end);
                (Some(at.end), None)
            }
            Some(PromptMark::Output) => (Some(at.end), self.output(now, at.end)),
            Some(PromptMark::End(status)) => (Some(at.start), self.end(now, at.start, status)),
            Some(PromptMark::Directory(path)) => (None, self.enter(path)),
        }
    }

    /// Returns the recorded commands, oldest first; the last may be a prompt only.
    pub(super) fn commands(&self) -> &VecDeque<CommandRecord> {
        &self.commands
    }

    /// Returns the shell's directory.
    pub(super) fn directory(&self) -> Option<&Arc<str>> {
        self.directory.as_ref()
    }

    /// Returns the record of the current prompt, at which no command runs yet.
    fn waiting(&mut self) -> &mut CommandRecord {
        if self.commands.back().is_none_or(|last| last.output.is_some()) {
            self.number += 1;
            let directory = self.directory.clone();
            self.commands.push_back(CommandRecord { number: self.number, directory, ..CommandRecord::default() });
            if self.commands.len() > MOST {
                self.commands.pop_front();
            }
        }
        let last = self.commands.len() - 1;
        &mut self.commands[last]
    }

    fn prompt(&mut self, now: Instant, at: u64) -> Option<ShellEvent> {
        // The next prompt ends a command whose end the shell does not report.
        let ended = self.end(now, at, None);
        let directory = self.directory.clone();
        let waiting = self.waiting();
        (waiting.prompt, waiting.input, waiting.directory) = (Some(at), None, directory);
        ended
    }

    fn output(&mut self, now: Instant, at: u64) -> Option<ShellEvent> {
        if self.commands.back().is_some_and(|last| last.output.is_some() && last.end.is_none()) {
            return None;
        }
        let command = self.waiting();
        command.output = Some((at, now));
        Some(ShellEvent::CommandStart { command: command.number })
    }

    fn end(&mut self, now: Instant, at: u64, status: Option<i32>) -> Option<ShellEvent> {
        let running = self.commands.back_mut().filter(|last| last.end.is_none())?;
        let (_, since) = running.output?;
        (running.end, running.status) = (Some((at, now)), status);
        let took = now.saturating_duration_since(since);
        Some(ShellEvent::CommandEnd { command: running.number, status, took })
    }

    fn enter(&mut self, path: String) -> Option<ShellEvent> {
        if self.directory.as_deref() == Some(&*path) {
            return None;
        }
        let path: Arc<str> = path.into();
        self.directory = Some(path.clone());
        if let Some(last) = self.commands.back_mut().filter(|last| last.output.is_none()) {
            last.directory = Some(path.clone());
        }
        Some(ShellEvent::Directory { path })
    }
}

impl PromptMark {
    /// Parses the payload of an OSC. Unknown parameters are ignored.
    fn of(payload: &[u8]) -> Option<Self> {
        if let Some(url) = payload.strip_prefix(b"7;") {
            return directory(url).map(Self::Directory);
        }
        let mut params = payload.strip_prefix(b"133;")?.split(|&byte| byte == b';');
        let kind = params.next()?;
        let status = || std::str::from_utf8(params.clone().next()?).ok()?.parse().ok();
        match kind {
            // A continuation prompt begins no new command.
            b"A" | b"P" if params.clone().any(|param| matches!(param, b"k=s" | b"k=c" | b"k=r")) => None,
            b"A" | b"P" | b"N" => Some(Self::Prompt),
            b"B" => Some(Self::Input),
            b"C" => Some(Self::Output),
            b"D" => Some(Self::End(status())),
            _ => None,
        }
    }
}

/// Returns the path of `file://host/path`, with `%` escapes decoded.
fn directory(url: &[u8]) -> Option<String> {
    let behind = url.strip_prefix(b"file://")?;
    let from = memchr::memchr(b'/', behind)?;
    let (mut rest, mut path) = (&behind[from..], Vec::new());
    while let [first, others @ ..] = rest {
        let escaped = others.get(..2).filter(|_| *first == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        path.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &others[2..] } else { others };
    }
    let path = String::from_utf8_lossy(&path).into_owned();
    (path.len() <= PATH_MAX && !path.contains(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_all(all: &[(&str, u64)]) -> (Vec<ShellEvent>, Vec<CommandRecord>) {
        let (mut marks, start) = (CommandLog::default(), Instant::now());
        let events = all.iter().filter_map(|&(payload, at)| {
            marks.parse_osc(start + Duration::from_secs(at), payload.as_bytes(), &(at..at + 1)).1
        });
        (events.collect(), marks.commands().iter().cloned().collect())
    }

    #[test]
    fn command_is_delimited_by_its_marks() {
        let marks =
            [("133;A", 0), ("133;B", 2), ("133;C", 4), ("133;D;1;aid=7", 9), ("133;A;aid=8", 11), ("133;B", 12)];
        let (events, commands) = parse_all(&marks);
        let took = Duration::from_secs(5);
        assert_eq!(
            events,
            [ShellEvent::CommandStart { command: 1 }, ShellEvent::CommandEnd { command: 1, status: Some(1), took }]
        );
        let places = |command: &CommandRecord| {
            let at = |place: Option<(u64, Instant)>| place.map(|(at, _)| at);
            (command.number, command.prompt, command.input, at(command.output), at(command.end))
        };
        let expected = [(1, Some(0), Some(3), Some(5), Some(9)), (2, Some(11), Some(13), None, None)];
        assert_eq!(commands.iter().map(places).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn redrawn_prompt_is_no_command() {
        let (events, commands) =
            parse_all(&[("133;D;0", 0), ("133;A", 1), ("133;D", 3), ("133;A", 4), ("133;A;k=s", 5)]);
        assert_eq!(events, []);
        assert_eq!((commands.len(), commands[0].prompt), (1, Some(4)));
    }

    #[test]
    fn next_prompt_ends_command() {
        let (events, commands) = parse_all(&[("133;A", 0), ("133;C", 1), ("133;C", 2), ("133;A", 3)]);
        assert_eq!(events.len(), 2);
        assert_eq!((commands.len(), commands[0].status), (2, None));
    }

    #[test]
    fn directory_event_comes_on_change_only() {
        let url = "7;file://host/a%20b/%C3%a9%zz";
        let (events, commands) = parse_all(&[("133;A", 0), (url, 1), (url, 2), ("133;C", 3)]);
        let path: Arc<str> = "/a b/\u{e9}%zz".into();
        assert_eq!(events[0], ShellEvent::Directory { path: path.clone() });
        assert_eq!(events.len(), 2);
        assert_eq!(commands[0].directory, Some(path));
    }

    #[test]
    fn other_payloads_are_no_marks() {
        for payload in ["133;Z", "133", "7;/tmp", "7;file://host", "7;file:///a%1bb", "8;;", "0;133;A"] {
            assert_eq!(PromptMark::of(payload.as_bytes()), None, "{payload}");
        }
    }

    #[test]
    fn log_is_bounded() {
        let mut marks = CommandLog::default();
        for at in 0..3 * MOST as u64 {
            for payload in [&b"133;A"[..], b"133;C", b"133;D"] {
                marks.parse_osc(Instant::now(), payload, &(at..at));
            }
        }
        assert_eq!(marks.commands().len(), MOST);
    }
}
