//! The coprocess of a session: at most one at a time.
//!
//! `slot` is its whole life, from the request that asks for it to those who wait for its end. The parts of one that runs:
//! `stdin`, what it is given; `format`, in which form; `stdout`, what it writes; `process`, how it is stopped and how it
//! ends; `progress`, the line that a silent one draws. The host starts it, signals it and reads from it.

mod format;
mod process;
mod progress;
mod slot;
mod stdin;
mod stdout;
mod waiters;

use std::time::Instant;

use format::InputEncoder;
use process::Process;
pub(super) use process::StopReason;
use progress::Progress;
pub(super) use slot::{CoprocEvent, CoprocSlot, FirstInput, Reclaimed};
use stdin::CoprocStdin;
use stdout::CoprocOutput;
pub(super) use waiters::NewCoproc;

use super::command_line::named;
use super::event::{Cx, Effect};
use super::notices::Notice;
use super::request::{InputFormat, Visibility};
use super::response::CoprocStatus;
use super::session_event::SessionEvent;
use super::stderr_tail::StderrTail;
use crate::types::ExitStatus;

/// Bytes of the encoding buffer that are kept between two events.
const ENCODED_KEPT: usize = 16 * 1024;

/// A coprocess from the moment at which it is to be started until it has ended.
#[derive(Debug)]
pub(super) struct Coproc {
    command: String,
    started: Instant,
    /// Absent where it is visible.
    progress: Option<Progress>,
    encoder: InputEncoder,
    /// A buffer for one encoded event, kept for its memory only.
    encoded: Vec<u8>,
    stdin: CoprocStdin,
    output: CoprocOutput,
    process: Process,
}

/// What is kept of a coprocess that has ended.
#[derive(Debug)]
pub(super) struct EndedCoproc {
    pub(super) command: String,
    pub(super) exit: ExitStatus,
    pub(super) stderr: StderrTail,
    /// Why it was stopped, if it was.
    pub(super) reason: Option<StopReason>,
}

impl Coproc {
    /// Creates a coprocess that is about to be started; a silent one has a progress line.
    fn new(now: Instant, command: String, format: InputFormat, progress: Option<Progress>) -> Self {
        let visibility = if progress.is_some() { Visibility::Silent } else { Visibility::Visible };
        Self {
            command,
            started: now,
            progress,
            encoder: InputEncoder::new(format),
            encoded: Vec::new(),
            stdin: CoprocStdin::new(now, visibility),
            output: CoprocOutput::new(),
            process: Process::new(),
        }
    }

    /// Passes on the shell's output as it came, to a coprocess that reads it raw.
    fn push_raw(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(behind) = self.stdin.behind() {
            behind.extend_from_slice(bytes);
        } else if !self.format().tells_of_lines() {
            self.stdin.give(now, bytes);
        }
        if let Some(progress) = &mut self.progress {
            progress.received(bytes.len());
        }
    }

    /// Passes on an event, to a coprocess that reads text or JSON.
    pub(super) fn tell(&mut self, now: Instant, event: &SessionEvent<'_>) {
        self.encoder.render(event, &mut self.encoded);
        self.give_encoded(now);
    }

    /// Passes on whole lines, each ended by CR LF and without other controls; the first has this number.
    pub(super) fn push_lines(&mut self, now: Instant, number: u64, block: &[u8]) {
        self.encoder.render_lines(number, block, &mut self.encoded);
        self.give_encoded(now);
    }

    fn give_encoded(&mut self, now: Instant) {
        self.stdin.give(now, &self.encoded);
        self.encoded.clear();
        self.encoded.shrink_to(ENCODED_KEPT);
    }

    /// It wrote `n` bytes to stdout.
    fn wrote_stdout(&mut self, n: usize) {
        self.output.said(n);
        if let Some(progress) = &mut self.progress {
            progress.sent(n);
        }
    }

    /// Its process has exited. What a silent one did not read is asked for.
    fn exited(&mut self, cx: &mut Cx<'_>, exit: ExitStatus) {
        self.process.exited(exit);
        self.output.exited();
        if self.is_silent() {
            cx.push(Effect::Reclaim);
        }
    }

    /// The shell has exited: it reads what there is to the end and has a second to finish.
    fn finish(&mut self, cx: &mut Cx<'_>) {
        self.process.finish(cx.now);
        self.stdin.finish(cx);
    }

    /// Does what is due by now. Returns a notice where it was cut off from its input.
    fn tick(&mut self, cx: &mut Cx<'_>) -> Option<Notice> {
        self.process.tick(cx);
        let waited = self.stdin.cut_off(cx.now)?.as_secs();
        let name = self.name();
        if self.is_silent() {
            self.process.stop(cx, StopReason::User);
            return Some(Notice::new(format!("coprocess {name} read nothing for {waited} s and was stopped")));
        }
        Some(Notice::new(format!(
            "coprocess {name} read nothing for {waited} s: it gets no more of the output, but may go on typing"
        )))
    }

    /// Returns when `tick` or the progress line has something to do.
    fn deadline(&self) -> Option<Instant> {
        let drawn_at = self.progress.as_ref().and_then(Progress::deadline);
        [self.process.deadline(), self.stdin.deadline(), drawn_at].into_iter().flatten().min()
    }

    /// Returns how it ended, once it is over: it has exited, what it wrote has been read, and what it did not read has
    /// come back.
    fn over(&self) -> Option<ExitStatus> {
        self.process.exit.filter(|_| !self.output.goes_on() && !self.is_silent())
    }

    fn end(self, exit: ExitStatus) -> EndedCoproc {
        EndedCoproc { command: self.command, exit, stderr: self.output.stderr, reason: self.process.why }
    }

    /// Returns what its stdin carries.
    pub(super) fn format(&self) -> InputFormat {
        self.encoder.form()
    }

    /// Whether it hides what the shell prints: until what it did not read has come back, so that all is shown in order.
    fn is_silent(&self) -> bool {
        self.stdin.is_silent()
    }

    fn seconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs()
    }

    /// Returns its command line as a sentence names it.
    fn name(&self) -> String {
        named(&self.command)
    }

    fn status(&self, now: Instant) -> CoprocStatus {
        CoprocStatus {
            command: self.command.clone(),
            pid: self.process.pid,
            silent: self.is_silent(),
            input: self.format(),
            seconds: self.seconds(now),
            bytes_read: self.stdin.given(),
            bytes_typed: self.output.typed,
        }
    }
}
