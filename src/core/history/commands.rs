//! What the shell says of its commands (OSC 133, as `coshell integration` makes it) and of where it is (OSC 7), by place
//! in the stream. Which line stands there is for `lines` to say.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many commands are remembered.
pub(super) const MOST: usize = 10_000;
/// The longest path that is believed.
const PATH: usize = 4096;

/// Something that the shell says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PromptMark {
    /// `133;A`: a prompt begins.
    Prompt,
    /// `133;B`: what is typed begins.
    Input,
    /// `133;C`: the command's output begins.
    Output,
    /// `133;D`: the command has ended, with this status.
    End(Option<i32>),
    /// OSC 7: the working directory.
    Directory(String),
}

/// What has come to pass, for whoever is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellEvent {
    /// A command begins to run.
    CommandStart {
        /// Commands since the session's start; the first is 1.
        command: u64,
    },
    /// It has ended.
    CommandEnd {
        /// Its number.
        command: u64,
        /// Its status, where the shell says it.
        status: Option<i32>,
        /// How long it ran.
        took: Duration,
    },
    /// The shell is in this directory now.
    Directory {
        /// Its path.
        path: Arc<str>,
    },
}

/// A command, or a prompt at which one may be typed, by places in the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandRecord {
    /// Commands since the session's start; the first is 1.
    pub number: u64,
    /// Where its prompt begins.
    pub prompt: Option<u64>,
    /// Where what is typed begins.
    pub input: Option<u64>,
    /// Where its output begins, and when; not before it runs.
    pub output: Option<(u64, Instant)>,
    /// Where its output ends, and when; not while it runs.
    pub end: Option<(u64, Instant)>,
    /// Its status, where the shell says it.
    pub status: Option<i32>,
    /// Where the shell was.
    pub directory: Option<Arc<str>>,
}

/// The commands of a session.
#[derive(Debug, Default)]
pub(super) struct CommandLog {
    commands: VecDeque<CommandRecord>,
    /// How many there were.
    number: u64,
    directory: Option<Arc<str>>,
}

impl CommandLog {
    /// The shell printed an operating system command, at these places in the stream. Says whether it is a mark whose line
    /// will have to be known, and what has come to pass.
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

    /// The commands that are remembered, oldest first; the last may be a prompt only.
    pub(super) fn commands(&self) -> &VecDeque<CommandRecord> {
        &self.commands
    }

    /// Where the shell is.
    pub(super) fn directory(&self) -> Option<&Arc<str>> {
        self.directory.as_ref()
    }

    /// The prompt at which nothing runs yet.
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
        // A shell that says nothing of a command's end has ended it if it asks for the next.
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
    /// What an operating system command says, if it is a mark. Parameters that nobody knows do not matter.
    fn of(payload: &[u8]) -> Option<Self> {
        if let Some(url) = payload.strip_prefix(b"7;") {
            return directory(url).map(Self::Directory);
        }
        let mut params = payload.strip_prefix(b"133;")?.split(|&byte| byte == b';');
        let kind = params.next()?;
        let status = || std::str::from_utf8(params.clone().next()?).ok()?.parse().ok();
        match kind {
            // The second line of a command is no prompt of its own.
            b"A" | b"P" if params.clone().any(|param| matches!(param, b"k=s" | b"k=c" | b"k=r")) => None,
            b"A" | b"P" | b"N" => Some(Self::Prompt),
            b"B" => Some(Self::Input),
            b"C" => Some(Self::Output),
            b"D" => Some(Self::End(status())),
            _ => None,
        }
    }
}

/// The path in `file://host/path`, its `%` escapes undone.
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
    (path.len() <= PATH && !path.contains(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(all: &[(&str, u64)]) -> (Vec<ShellEvent>, Vec<CommandRecord>) {
        let (mut marks, start) = (CommandLog::default(), Instant::now());
        let happened = all.iter().filter_map(|&(payload, at)| {
            marks.parse_osc(start + Duration::from_secs(at), payload.as_bytes(), &(at..at + 1)).1
        });
        (happened.collect(), marks.commands().iter().cloned().collect())
    }

    #[test]
    fn a_command_is_what_stands_between_its_marks() {
        let marks =
            [("133;A", 0), ("133;B", 2), ("133;C", 4), ("133;D;1;aid=7", 9), ("133;A;aid=8", 11), ("133;B", 12)];
        let (happened, commands) = heard(&marks);
        let took = Duration::from_secs(5);
        assert_eq!(
            happened,
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
    fn a_prompt_that_is_drawn_again_is_no_command() {
        let (happened, commands) = heard(&[("133;D;0", 0), ("133;A", 1), ("133;D", 3), ("133;A", 4), ("133;A;k=s", 5)]);
        assert_eq!(happened, []);
        assert_eq!((commands.len(), commands[0].prompt), (1, Some(4)));
    }

    #[test]
    fn the_next_prompt_ends_a_command() {
        let (happened, commands) = heard(&[("133;A", 0), ("133;C", 1), ("133;C", 2), ("133;A", 3)]);
        assert_eq!(happened.len(), 2);
        assert_eq!((commands.len(), commands[0].status), (2, None));
    }

    #[test]
    fn a_directory_is_told_when_it_changes() {
        let url = "7;file://host/a%20b/%C3%a9%zz";
        let (happened, commands) = heard(&[("133;A", 0), (url, 1), (url, 2), ("133;C", 3)]);
        let path: Arc<str> = "/a b/\u{e9}%zz".into();
        assert_eq!(happened[0], ShellEvent::Directory { path: path.clone() });
        assert_eq!(happened.len(), 2);
        assert_eq!(commands[0].directory, Some(path));
    }

    #[test]
    fn what_is_no_mark_is_none() {
        for payload in ["133;Z", "133", "7;/tmp", "7;file://host", "7;file:///a%1bb", "8;;", "0;133;A"] {
            assert_eq!(PromptMark::of(payload.as_bytes()), None, "{payload}");
        }
    }

    #[test]
    fn is_bounded() {
        let mut marks = CommandLog::default();
        for at in 0..3 * MOST as u64 {
            for payload in [&b"133;A"[..], b"133;C", b"133;D"] {
                marks.parse_osc(Instant::now(), payload, &(at..at));
            }
        }
        assert_eq!(marks.commands().len(), MOST);
    }
}
