//! Commands that `run` started in the background: at most sixteen, each with a line on its stdin, and a notice
//! where one fails. It starts nothing itself.

use super::Effect;
use super::command_line::{CommandLine, named};
use super::stderr_tail::StderrTail;
use super::write_buffer::WriteBuffer;
use crate::types::{Child, ExitStatus, Port};

/// How many run at a time (SPEC 7).
pub const SLOTS: usize = 16;
/// The one line that a command is given: a line's limit and its end.
const STDIN_LIMIT: usize = 64 * 1024 + 1;

/// One that runs.
#[derive(Debug)]
struct Job {
    command: String,
    stdin: WriteBuffer,
    stderr: StderrTail,
}

/// Those that run.
#[derive(Debug, Default)]
pub(super) struct Background {
    jobs: [Option<Job>; SLOTS],
}

impl Background {
    /// Starts a command, or says why not.
    pub(super) fn start(&mut self, order: CommandLine, stdin: &[u8], out: &mut Vec<Effect>) -> Option<String> {
        let Some(slot) = self.jobs.iter().position(Option::is_none) else {
            return Some(format!("{} was not run: {SLOTS} commands run already", named(&order.command)));
        };
        let mut job =
            Job { command: order.command.clone(), stdin: WriteBuffer::new(STDIN_LIMIT), stderr: StderrTail::default() };
        job.stdin.push(stdin);
        self.jobs[slot] = Some(job);
        out.push(Effect::Start(Child::Run(slot as u8), order));
        None
    }

    /// What the command in this slot should be given next.
    pub(super) fn pending(&self, slot: u8) -> &[u8] {
        self.job(slot).map_or(&[], |job| job.stdin.pending())
    }

    /// The command in this slot took `n` bytes.
    pub(super) fn wrote(&mut self, slot: u8, n: usize, out: &mut Vec<Effect>) {
        if let Some(job) = self.job_mut(slot) {
            job.stdin.wrote(n);
            if job.stdin.is_empty() {
                out.push(Effect::CloseWrite(Port::Run(slot)));
            }
        }
    }

    /// The command in this slot does not want its stdin.
    pub(super) fn stdin_closed(&mut self, slot: u8) {
        if let Some(job) = self.job_mut(slot) {
            job.stdin.clear();
        }
    }

    /// The command in this slot wrote to its stderr.
    pub(super) fn complained(&mut self, slot: u8, bytes: &[u8]) {
        if let Some(job) = self.job_mut(slot) {
            job.stderr.push(bytes);
        }
    }

    /// The command in this slot has ended: a sentence and its last words where it failed.
    pub(super) fn exited(
        &mut self,
        slot: u8,
        exit: ExitStatus,
        out: &mut Vec<Effect>,
    ) -> Option<(String, Vec<String>)> {
        out.push(Effect::Release(Child::Run(slot)));
        let job = self.jobs.get_mut(usize::from(slot))?.take()?;
        (!exit.success()).then(|| (format!("{} failed: {exit}", named(&job.command)), job.stderr.last_lines()))
    }

    /// The command in this slot could not be started.
    pub(super) fn failed(&mut self, slot: u8, reason: &str) -> Option<String> {
        let job = self.jobs.get_mut(usize::from(slot))?.take()?;
        Some(format!("{} could not be started: {reason}", named(&job.command)))
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
    use super::*;

    fn order(command: &str) -> CommandLine {
        CommandLine::new(command.to_owned())
    }

    #[test]
    fn the_seventeenth_is_refused() {
        let (mut background, mut out) = (Background::default(), Vec::new());
        for _ in 0..SLOTS {
            assert_eq!(background.start(order("true"), b"line\n", &mut out), None);
        }
        let refused = background.start(order("true"), b"line\n", &mut out);
        assert_eq!(refused.as_deref(), Some("\"true\" was not run: 16 commands run already"));
        assert_eq!(out.len(), SLOTS);
        assert_eq!(background.exited(3, ExitStatus::Code(0), &mut out), None);
        assert_eq!(background.start(order("true"), b"line\n", &mut out), None);
    }

    #[test]
    fn its_stdin_ends_behind_the_line() {
        let (mut background, mut out) = (Background::default(), Vec::new());
        background.start(order("cat"), b"line\n", &mut out);
        assert_eq!(background.pending(0), b"line\n");
        background.wrote(0, 2, &mut out);
        assert_eq!(out.len(), 1);
        background.wrote(0, 3, &mut out);
        assert_eq!(out[1], Effect::CloseWrite(Port::Run(0)));
    }

    #[test]
    fn a_failure_is_told_with_its_last_words() {
        let (mut background, mut out) = (Background::default(), Vec::new());
        background.start(order("no-such"), b"", &mut out);
        background.complained(0, b"sh: no-such: not found\n");
        let told = background.exited(0, ExitStatus::Code(127), &mut out);
        let expected = ("\"no-such\" failed: status 127".to_owned(), vec!["sh: no-such: not found".to_owned()]);
        assert_eq!(told, Some(expected));
    }
}
