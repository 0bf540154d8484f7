//! Background commands that the action `run` starts: at most sixteen at a time, each with a line on its stdin, and a
//! notice where one fails. The host starts the processes.

use super::command_line::{CommandLine, named};
use super::event::{Cx, Effect};
use super::notices::{Notice, SeeAlso};
use super::stderr_tail::StderrTail;
use super::write_buffer::WriteBuffer;
use crate::types::{ExitStatus, Sink};

/// Maximum number of background commands at a time (coshell(1), ACTIONS, `run`).
pub const SLOTS: usize = 16;
/// Maximum size of a command's stdin in bytes: a line of 64 KiB and its line feed.
const STDIN_LIMIT: usize = 64 * 1024 + 1;

/// A running background command.
#[derive(Debug)]
struct Job {
    /// The command line, quoted for a message.
    name: String,
    stdin: WriteBuffer,
    stderr: StderrTail,
}

/// The running background commands, by slot.
#[derive(Debug, Default)]
pub(super) struct Background {
    jobs: [Option<Job>; SLOTS],
}

impl Background {
    /// Starts `command` with `stdin` on its stdin. Returns a notice where no slot is free.
    pub(super) fn start(&mut self, cx: &mut Cx<'_>, command: CommandLine, stdin: &[u8]) -> Option<Notice> {
        let name = named(&command.command);
        let Some(slot) = self.jobs.iter().position(Option::is_none) else {
            return Some(Notice::new(format!("{name} was not run: {SLOTS} background commands are already running")));
        };
        let job = Job { name, stdin: WriteBuffer::new(STDIN_LIMIT), stderr: StderrTail::default() };
        let job = self.jobs[slot].insert(job);
        job.stdin.push(stdin);
        cx.push(Effect::StartJob { slot: slot as u8, command });
        None
    }

    /// Returns the bytes to write to the stdin of the command in `slot`.
    pub(super) fn pending(&self, slot: u8) -> &[u8] {
        self.job(slot).map_or(&[], |job| job.stdin.pending())
    }

    /// Removes `n` bytes that were written to the stdin of the command in `slot`, and closes it behind the last.
    pub(super) fn wrote(&mut self, slot: u8, n: usize, cx: &mut Cx<'_>) {
        if let Some(job) = self.job_mut(slot) {
            job.stdin.wrote(n);
            if job.stdin.is_empty() {
                cx.push(Effect::CloseWrite(Sink::Job(slot)));
            }
        }
    }

    /// Drops the stdin of the command in `slot`, which has closed it.
    pub(super) fn stdin_closed(&mut self, slot: u8) {
        if let Some(job) = self.job_mut(slot) {
            job.stdin.clear();
        }
    }

    /// Records stderr output of the command in `slot`.
    pub(super) fn push_stderr(&mut self, slot: u8, bytes: &[u8]) {
        if let Some(job) = self.job_mut(slot) {
            job.stderr.push(bytes);
        }
    }

    /// Frees `slot`, whose command has exited. Returns a notice with the end of its stderr where it failed.
    pub(super) fn exited(&mut self, cx: &mut Cx<'_>, slot: u8, exit: ExitStatus) -> Option<Notice> {
        cx.push(Effect::ReleaseJob(slot));
        let job = self.jobs.get_mut(usize::from(slot))?.take()?;
        let failed = || Notice::new(format!("{} failed: {exit}", job.name));
        (!exit.success()).then(|| failed().with(job.stderr.last_lines(), SeeAlso::Nowhere))
    }

    /// Frees `slot`, whose command could not be started. Returns a notice with `reason`.
    pub(super) fn start_failed(&mut self, slot: u8, reason: &str) -> Option<Notice> {
        let job = self.jobs.get_mut(usize::from(slot))?.take()?;
        Some(Notice::new(format!("{} could not be started: {reason}", job.name)))
    }

    fn job(&self, slot: u8) -> Option<&Job> {
        self.jobs.get(usize::from(slot))?.as_ref()
    }

    fn job_mut(&mut self, slot: u8) -> Option<&mut Job> {
        self.jobs.get_mut(usize::from(slot))?.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn command_line(command: &str) -> CommandLine {
        CommandLine::new(command.to_owned())
    }

    #[test]
    fn seventeenth_command_is_refused() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        for _ in 0..SLOTS {
            assert_eq!(background.start(&mut cx, command_line("true"), b"line\n"), None);
        }
        let refused = background.start(&mut cx, command_line("true"), b"line\n");
        assert_eq!(refused, Some(Notice::new("\"true\" was not run: 16 background commands are already running")));
        assert_eq!(cx.effects.len(), SLOTS);
        assert_eq!(background.exited(&mut cx, 3, ExitStatus::Code(0)), None);
        assert_eq!(background.start(&mut cx, command_line("true"), b"line\n"), None);
    }

    #[test]
    fn stdin_is_closed_behind_the_line() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        background.start(&mut cx, command_line("cat"), b"line\n");
        assert_eq!(background.pending(0), b"line\n");
        background.wrote(0, 2, &mut cx);
        assert_eq!(cx.effects.len(), 1);
        background.wrote(0, 3, &mut cx);
        assert_eq!(cx.effects[1], Effect::CloseWrite(Sink::Job(0)));
    }

    #[test]
    fn failure_is_noticed_with_end_of_stderr() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        background.start(&mut cx, command_line("no-such"), b"");
        background.push_stderr(0, b"sh: no-such: not found\n");
        let notice = background.exited(&mut cx, 0, ExitStatus::Code(127)).expect("it failed");
        assert_eq!(notice.lines(), ["coshell: \"no-such\" failed: status 127", "  sh: no-such: not found"]);
    }
}
