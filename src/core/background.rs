//! Background commands that the action `run` starts: at most sixteen at a time, each with a line on its stdin; others wait
//! for a slot. A command that fails or is left out is noticed. The host starts the processes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::command_line::{CommandLine, named};
use super::event::{Cx, Effect};
use super::limiter::Limiter;
use super::notices::{Notice, SeeAlso};
use super::stderr_tail::StderrTail;
use super::write_buffer::WriteBuffer;
use crate::types::{ExitStatus, Sink};

/// Maximum number of background commands at a time (coshell(1), ACTIONS, `run`).
pub const SLOTS: usize = 16;
/// Maximum size of a command's stdin in bytes: 256 KiB of lines, and a line of 64 KiB, with room to spare.
const STDIN_LIMIT: usize = 512 * 1024;
/// Maximum number of waiting commands.
const WAITING: usize = 1000;
/// Shortest time between two notices of failures for one trigger.
const FAILURE_INTERVAL: Duration = Duration::from_secs(10);
/// Maximum bytes of all waiting commands together, so that a burst of long lines takes no more memory: a command has its
/// line four times, as stdin, argument and variables.
const WAITING_BYTES: usize = 8 << 20;

/// A command with its stdin, and the trigger that it is run for.
#[derive(Debug)]
struct WaitingJob {
    command: CommandLine,
    stdin: Vec<u8>,
    trigger: usize,
}

/// A running background command.
#[derive(Debug)]
struct Job {
    /// The command line, quoted for a message.
    name: String,
    trigger: usize,
    stdin: WriteBuffer,
    stderr: StderrTail,
}

/// The background commands: those that run, by slot, and those that wait.
#[derive(Debug)]
pub(super) struct Background {
    jobs: [Option<Job>; SLOTS],
    waiting: VecDeque<WaitingJob>,
    /// Size of `waiting` in bytes.
    waiting_bytes: usize,
    /// Number of commands left out since the last notice about them.
    left_out: usize,
    failures: Limiter<Notice>,
}

impl Default for Background {
    fn default() -> Self {
        Self {
            jobs: Default::default(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            left_out: 0,
            failures: Limiter::new(FAILURE_INTERVAL),
        }
    }
}

/// Returns the notice of a failure with the number of earlier ones that were not shown.
fn counted((failure, others): (Notice, usize)) -> Notice {
    match others {
        0 => failure,
        1 => failure.and("one failure before it was not shown"),
        _ => failure.and(&format!("{others} failures before it were not shown")),
    }
}

impl WaitingJob {
    fn size(&self) -> usize {
        let args: usize = self.command.args.iter().map(Vec::len).sum();
        let env: usize = self.command.env.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.command.command.len() + self.stdin.len() + args + env
    }
}

impl Background {
    /// Runs `command` with `stdin` on its stdin, once a slot is free, for the trigger `trigger`. Returns a notice where too
    /// many wait already; those after the first are counted for a later notice.
    pub(super) fn start(
        &mut self,
        cx: &mut Cx<'_>,
        command: CommandLine,
        stdin: Vec<u8>,
        trigger: usize,
    ) -> Option<Notice> {
        let job = WaitingJob { command, stdin, trigger };
        let size = job.size();
        if self.waiting.len() >= WAITING || self.waiting_bytes + size > WAITING_BYTES {
            self.left_out += 1;
            let (name, waiting) = (named(&job.command.command), self.waiting.len());
            return (self.left_out == 1).then(|| {
                Notice::new(format!(
                    "{name} was not run: {SLOTS} background commands are running and {waiting} are waiting"
                ))
            });
        }
        self.waiting_bytes += size;
        self.waiting.push_back(job);
        self.start_waiting(cx);
        None
    }

    /// Starts waiting commands in the free slots. Returns a notice of those that were left out, once none waits.
    fn start_waiting(&mut self, cx: &mut Cx<'_>) -> Option<Notice> {
        while let Some(slot) = self.jobs.iter().position(Option::is_none)
            && let Some(next) = self.waiting.pop_front()
        {
            self.waiting_bytes -= next.size();
            let WaitingJob { command, stdin, trigger } = next;
            let (name, stderr) = (named(&command.command), StderrTail::default());
            let job = self.jobs[slot].insert(Job { name, trigger, stdin: WriteBuffer::new(STDIN_LIMIT), stderr });
            job.stdin.push(&stdin);
            cx.push(Effect::StartJob { slot: slot as u8, command });
        }
        if !self.waiting.is_empty() {
            return None;
        }
        let left_out = std::mem::take(&mut self.left_out);
        let commands = |n| if n == 1 { "background command was" } else { "background commands were" };
        (left_out > 0).then(|| Notice::new(format!("{left_out} {} left out", commands(left_out))))
    }

    /// Drops the waiting commands at the end of the session. Returns a notice where there are any, and those of failures that
    /// have waited.
    pub(super) fn end(&mut self) -> Vec<Notice> {
        self.waiting_bytes = 0;
        let mut notices: Vec<Notice> = self.failures.take_all().map(counted).collect();
        let dropped = std::mem::take(&mut self.waiting).len() + std::mem::take(&mut self.left_out);
        if dropped > 0 {
            notices.push(Notice::new(format!("background commands not run, since the session has ended: {dropped}")));
        }
        notices
    }

    /// Returns the notices of failures that are due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Notice> {
        self.failures.due(now).into_iter().map(counted).collect()
    }

    /// Returns when `due` has something to return.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.failures.deadline()
    }

    /// Returns the trigger that the command in `slot` runs for.
    pub(super) fn for_trigger(&self, slot: u8) -> Option<usize> {
        self.job(slot).map(|job| job.trigger)
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

    /// Frees `slot`, whose command has exited, for the next one. Returns a notice with the end of its stderr where it
    /// failed, unless one of its trigger was shown just before, and one of commands that were left out.
    pub(super) fn exited(&mut self, cx: &mut Cx<'_>, slot: u8, exit: ExitStatus) -> Vec<Notice> {
        cx.push(Effect::ReleaseJob(slot));
        let Some(job) = self.free(slot) else { return Vec::new() };
        let failed = || Notice::new(format!("{} failed: {exit}", job.name));
        let failure = (!exit.success()).then(|| failed().with(job.stderr.last_lines(), SeeAlso::Nowhere));
        let failure = failure.and_then(|failure| self.failures.pass(cx.now, job.trigger, failure));
        failure.into_iter().chain(self.start_waiting(cx)).collect()
    }

    /// Frees `slot`, whose command could not be started, for the next one. Returns a notice with `reason`, and one of
    /// commands that were left out.
    pub(super) fn start_failed(&mut self, cx: &mut Cx<'_>, slot: u8, reason: &str) -> Vec<Notice> {
        let Some(job) = self.free(slot) else { return Vec::new() };
        let failure = Notice::new(format!("{} could not be started: {reason}", job.name));
        let failure = self.failures.pass(cx.now, job.trigger, failure);
        failure.into_iter().chain(self.start_waiting(cx)).collect()
    }

    fn free(&mut self, slot: u8) -> Option<Job> {
        self.jobs.get_mut(usize::from(slot))?.take()
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

    fn command_line(command: &str) -> CommandLine {
        CommandLine::new(command.to_owned())
    }

    #[test]
    fn seventeenth_command_waits_for_a_free_slot() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        for n in 0..=SLOTS {
            assert_eq!(background.start(&mut cx, command_line("true"), b"line\n".to_vec(), n), None);
        }
        assert_eq!(cx.effects.len(), SLOTS);
        assert_eq!(background.exited(&mut cx, 3, ExitStatus::Code(0)), []);
        let command = command_line("true");
        assert_eq!(cx.effects[SLOTS..], [Effect::ReleaseJob(3), Effect::StartJob { slot: 3, command }]);
        assert_eq!((background.pending(3), background.for_trigger(3)), (&b"line\n"[..], Some(SLOTS)));
    }

    #[test]
    fn commands_beyond_the_limits_are_counted_and_noticed() {
        for (line, fitting) in [(10, WAITING), (1 << 20, 7)] {
            let (mut background, mut effects) = (Background::default(), Vec::new());
            let mut cx = Cx { now: Instant::now(), effects: &mut effects };
            let started = SLOTS + fitting;
            let notices: Vec<Notice> = (0..started + 5)
                .filter_map(|_| background.start(&mut cx, command_line("true"), vec![b'x'; line], 0))
                .collect();
            let first = format!("\"true\" was not run: 16 background commands are running and {fitting} are waiting");
            assert_eq!(notices, [Notice::new(first)]);
            let mut told = Vec::new();
            for n in 0..started {
                told.extend(background.exited(&mut cx, (n % SLOTS) as u8, ExitStatus::Code(0)));
            }
            assert_eq!(told, [Notice::new("5 background commands were left out")]);
            let run = cx.effects.iter().filter(|effect| matches!(effect, Effect::StartJob { .. })).count();
            assert_eq!((run, background.waiting_bytes), (started, 0));
        }
    }

    #[test]
    fn commands_that_wait_at_the_end_are_noticed() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        (0..SLOTS + 3).for_each(|_| drop(background.start(&mut cx, command_line("true"), Vec::new(), 0)));
        let notice = Notice::new("background commands not run, since the session has ended: 3");
        assert_eq!((background.end(), background.end()), (vec![notice], vec![]));
        assert_eq!(background.exited(&mut cx, 0, ExitStatus::Code(0)), []);
    }

    #[test]
    fn command_that_cannot_be_started_makes_room_for_the_next() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        (0..=SLOTS).for_each(|_| drop(background.start(&mut cx, command_line("true"), Vec::new(), 0)));
        let notice = Notice::new("\"true\" could not be started: no process is left");
        assert_eq!(background.start_failed(&mut cx, 5, "no process is left"), [notice]);
        assert_eq!(cx.effects[SLOTS], Effect::StartJob { slot: 5, command: command_line("true") });
    }

    #[test]
    fn stdin_is_closed_behind_the_line() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        background.start(&mut cx, command_line("cat"), b"line\n".to_vec(), 0);
        assert_eq!(background.pending(0), b"line\n");
        background.wrote(0, 2, &mut cx);
        assert_eq!(cx.effects.len(), 1);
        background.wrote(0, 3, &mut cx);
        assert_eq!(cx.effects[1], Effect::CloseWrite(Sink::Job(0)));
    }

    #[test]
    fn failures_of_a_trigger_are_noticed_once_in_ten_seconds() {
        let (mut background, mut effects, start) = (Background::default(), Vec::new(), Instant::now());
        let mut fail = |background: &mut Background, seconds, trigger: usize, status| {
            let mut cx = Cx { now: start + Duration::from_secs(seconds), effects: &mut effects };
            background.start(&mut cx, command_line("false"), Vec::new(), trigger);
            let notices = background.exited(&mut cx, 0, ExitStatus::Code(status));
            notices.iter().map(|notice| notice.sentence().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(fail(&mut background, 0, 1, 1), ["\"false\" failed: status 1"]);
        for status in [2, 3, 4] {
            assert_eq!(fail(&mut background, 5, 1, status), [""; 0]);
        }
        assert_eq!(fail(&mut background, 5, 2, 9), ["\"false\" failed: status 9"]);
        let end = start + FAILURE_INTERVAL;
        assert_eq!(background.deadline(), Some(end));
        let told: Vec<_> = background.due(end).iter().map(|notice| notice.sentence().to_owned()).collect();
        assert_eq!(told, ["\"false\" failed: status 4; 2 failures before it were not shown"]);
        assert_eq!((background.due(end), background.deadline()), (vec![], None));
        assert_eq!(fail(&mut background, 11, 1, 5), [""; 0]);
        assert_eq!(background.end(), [Notice::new("\"false\" failed: status 5")]);
    }

    #[test]
    fn failure_is_noticed_with_end_of_stderr() {
        let (mut background, mut effects) = (Background::default(), Vec::new());
        let mut cx = Cx { now: Instant::now(), effects: &mut effects };
        background.start(&mut cx, command_line("no-such"), Vec::new(), 0);
        background.push_stderr(0, b"sh: no-such: not found\n");
        let notices = background.exited(&mut cx, 0, ExitStatus::Code(127));
        assert_eq!(notices[0].lines(), ["coshell: \"no-such\" failed: status 127", "  sh: no-such: not found"]);
    }
}
