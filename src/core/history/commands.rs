//! Commands and directories that the shell reports by OSC 133 (as `coshell integration` prints it) and OSC 7, by offset in
//! the stream. `lines` finds the line at an offset.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::command_text::{command_text, percent_decoded};
use super::shell_event::ShellEvent;
use crate::core::vt::{PromptMarkKind, prompt_mark};

/// Maximum number of recorded commands.
pub(super) const MOST: usize = 10_000;
/// Maximum length of the texts of all recorded commands in bytes.
const TEXTS_MAX: usize = 4 * 1024 * 1024;
/// Maximum length of a path in bytes.
const PATH_MAX: usize = 4096;

/// A parsed OSC 133, as in [`PromptMarkKind`], or OSC 7.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PromptMark {
    Prompt,
    SecondaryPrompt,
    Input,
    /// The shell may give the command's text.
    Output(Option<Arc<str>>),
    /// The shell may give the command's status.
    End(Option<i32>),
    /// OSC 7: the working directory.
    Directory(String),
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
    /// The text as the shell gives it, if it does.
    pub text: Option<Arc<str>>,
    /// Start of its output, and the time; `None` before it runs.
    pub output: Option<(u64, Instant)>,
    /// End of its output, and the time; `None` while it runs.
    pub end: Option<(u64, Instant)>,
    /// Its status, where the shell reports it.
    pub status: Option<i32>,
    /// The shell's directory at its prompt.
    pub directory: Option<Arc<str>>,
}

impl CommandRecord {
    /// Whether the shell is at this prompt: its text may be typed, and no command of it runs.
    pub fn is_prompt(&self) -> bool {
        self.input.is_some() && self.output.is_none()
    }
}

/// The recorded commands of a session.
#[derive(Debug, Default)]
pub(super) struct CommandLog {
    commands: VecDeque<CommandRecord>,
    /// Number of the last command.
    number: u64,
    /// Whether the last prompt mark was that of a continuation or of a right prompt.
    is_secondary: bool,
    /// Length of the texts of all commands in bytes.
    text_len: usize,
    /// The text that was typed at the last prompt, at the mark by which the shell accepts it.
    typed: Option<Arc<str>>,
    directory: Option<Arc<str>>,
}

impl CommandLog {
    /// Takes the text that was typed at the prompt, in front of the mark by which the shell accepts it.
    pub(super) fn command_line(&mut self, text: &[u8]) {
        self.typed = Some(String::from_utf8_lossy(text).into()).filter(|text: &Arc<str>| !text.is_empty());
    }

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
            Some(PromptMark::SecondaryPrompt) => {
                self.is_secondary = true;
                (None, None)
            }
            Some(PromptMark::Input) => (self.input(at.end), None),
            Some(PromptMark::Output(text)) => (Some(at.end), self.output(now, at.end, text)),
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
            while self.commands.len() > MOST || self.text_len > TEXTS_MAX {
                let Some(oldest) = self.commands.pop_front() else { break };
                self.text_len -= oldest.text.map_or(0, |text| text.len());
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
        self.is_secondary = false;
        ended
    }

    /// Takes the start of typed text. A command of several lines begins on its first: behind a continuation prompt more of the
    /// same text is typed. Returns the offset if it is the start.
    fn input(&mut self, at: u64) -> Option<u64> {
        let is_secondary = self.is_secondary;
        let waiting = self.waiting();
        if is_secondary && waiting.input.is_some() {
            return None;
        }
        waiting.input = Some(at);
        waiting.input
    }

    fn output(&mut self, now: Instant, at: u64, text: Option<Arc<str>>) -> Option<ShellEvent> {
        let typed = self.typed.take();
        if self.commands.back().is_some_and(|last| last.output.is_some() && last.end.is_none()) {
            return None;
        }
        (self.is_secondary, self.text_len) = (false, self.text_len + text.as_ref().map_or(0, |text| text.len()));
        let command = self.waiting();
        (command.output, command.text) = (Some((at, now)), text.clone());
        Some(ShellEvent::CommandStart { command: command.number, text: text.or(typed) })
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
        let (kind, mut params) = prompt_mark(payload)?;
        Some(match kind {
            PromptMarkKind::Prompt => Self::Prompt,
            PromptMarkKind::SecondaryPrompt => Self::SecondaryPrompt,
            PromptMarkKind::Input => Self::Input,
            PromptMarkKind::Output => Self::Output(command_text(payload)),
            PromptMarkKind::End => {
                let status = params.next().and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
                Self::End(status)
            }
        })
    }
}

/// Returns the path of `file://host/path`, with `%` escapes decoded.
fn directory(url: &[u8]) -> Option<String> {
    let behind = url.strip_prefix(b"file://")?;
    let from = memchr::memchr(b'/', behind)?;
    let path = percent_decoded(&behind[from..]);
    let path = String::from_utf8_lossy(&path).into_owned();
    (path.len() <= PATH_MAX && !path.contains(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
            [
                ShellEvent::CommandStart { command: 1, text: None },
                ShellEvent::CommandEnd { command: 1, status: Some(1), took }
            ]
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
    fn continued_command_begins_on_its_first_line() {
        for kind in ["A;k=s", "P;k=s", "P;aid=5;k=c", "P;k=r"] {
            let mark = format!("133;{kind}");
            let input = |all: &[(&str, u64)]| parse_all(all).1.last().expect("there is a command").input;
            let typed = [("133;A", 0), ("133;B", 2), (&*mark, 4), ("133;B", 6)];
            assert_eq!(input(&typed), Some(3), "{kind}");
            // A prompt whose last line is marked so.
            assert_eq!(input(&[("133;P;k=i", 0), (&*mark, 4), ("133;B", 6)]), Some(7), "{kind}");
            // The next prompt, with and without a command in between.
            for between in [&[][..], &[("133;C", 7), ("133;D", 8)]] {
                let next = [&typed, between, &[("133;A", 10), ("133;B", 11)]].concat();
                assert_eq!(input(&next), Some(12), "{kind}");
            }
            // A prompt that has no A.
            assert_eq!(
                input(&[&typed[..], &[("133;C", 7), ("133;D", 8), ("133;B", 9), ("133;B", 10)]].concat()),
                Some(11)
            );
        }
    }

    #[test]
    fn command_has_text_of_its_shell() {
        let (events, commands) = parse_all(&[
            ("133;A", 0),
            ("133;C;cmdline_url=echo%20%C3%A9", 1),
            ("133;C;cmdline_url=inner", 2),
            ("133;D;0", 3),
            ("133;C", 4),
        ]);
        let text = Some("echo \u{e9}".into());
        assert_eq!(events[0], ShellEvent::CommandStart { command: 1, text: text.clone() });
        assert_eq!(events[2], ShellEvent::CommandStart { command: 2, text: None });
        assert_eq!((&commands[0].text, &commands[1].text), (&text, &None));
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

    #[test]
    fn texts_are_bounded() {
        let (mut marks, text) = (CommandLog::default(), "x".repeat(4000));
        let long = format!("133;C;cmdline_url={text}");
        for at in 0..2 * (TEXTS_MAX / 4000) as u64 {
            for payload in [long.as_bytes(), b"133;D"] {
                marks.parse_osc(Instant::now(), payload, &(at..at));
            }
        }
        let len = |marks: &CommandLog| -> usize {
            marks.commands().iter().filter_map(|one| Some(one.text.as_ref()?.len())).sum()
        };
        assert!(marks.text_len == len(&marks) && (TEXTS_MAX - 4000..TEXTS_MAX + 4001).contains(&marks.text_len));
        for at in 0..MOST as u64 {
            for payload in [&b"133;C"[..], b"133;D"] {
                marks.parse_osc(Instant::now(), payload, &(at..at));
            }
        }
        assert_eq!((marks.commands().len(), marks.text_len), (MOST, 0));
    }
}
