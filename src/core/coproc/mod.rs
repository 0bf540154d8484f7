//! The coprocess of a session: at most one at a time.
//!
//! `slot` is the life cycle, from the request for a coprocess to the answers at its end; `event` has the values that pass
//! between it and the router. Parts of a running coprocess: `stdin`, its input queue; `format`, the encoding of the input;
//! `stdout`, its output; `process`, signals and exit; `progress`, the progress line of a silent one. The host starts it,
//! sends the signals and reads its output.

mod event;
mod format;
mod process;
mod progress;
mod slot;
mod stdin;
mod stdout;
mod waiters;

use std::time::Instant;

pub(super) use event::{CoprocEvent, FirstInput, NewCoproc, Reclaimed};
use format::InputEncoder;
use process::Process;
pub(super) use process::StopReason;
use progress::Progress;
pub(super) use slot::CoprocSlot;
use stdin::CoprocStdin;
use stdout::CoprocOutput;

use super::command_line::named;
use super::event::{Cx, Effect};
use super::notices::Notice;
use super::request::{InputFormat, Visibility};
use super::response::CoprocStatus;
use super::session_event::SessionEvent;
use super::stderr_tail::StderrTail;
use crate::types::ExitStatus;

/// Capacity of the encoding buffer that is kept between two events, in bytes.
const ENCODED_KEPT: usize = 16 * 1024;
/// Sentence of a session without a coprocess so far.
pub(super) const NONE_HAS_RUN: &str = "no coprocess has run in this session";

/// A coprocess, from just before its start to its end.
#[derive(Debug)]
pub(super) struct Coproc {
    command: String,
    started: Instant,
    /// `None` where it is visible.
    progress: Option<Progress>,
    encoder: InputEncoder,
    /// Buffer for one encoded event, kept to avoid an allocation for each.
    encoded: Vec<u8>,
    stdin: CoprocStdin,
    output: CoprocOutput,
    process: Process,
    /// Whether the unread part of its stdin pipe was asked for.
    asked_unread: bool,
}

/// Remains of a coprocess that has ended.
#[derive(Debug)]
pub(super) struct EndedCoproc {
    pub(super) command: String,
    pub(super) exit: ExitStatus,
    pub(super) stderr: StderrTail,
    /// Reason for which it was stopped, if it was.
    pub(super) reason: Option<StopReason>,
}

impl Coproc {
    /// Creates a coprocess that is about to be started. It is silent where it has a progress line.
    fn new(now: Instant, command: String, encoder: InputEncoder, progress: Option<Progress>) -> Self {
        let visibility = if progress.is_some() { Visibility::Silent } else { Visibility::Visible };
        Self {
            command,
            started: now,
            progress,
            encoder,
            encoded: Vec::new(),
            stdin: CoprocStdin::new(now, visibility),
            output: CoprocOutput::new(),
            process: Process::new(),
            asked_unread: false,
        }
    }

    /// Queues raw output of the shell as input, where the input format is raw.
    fn push_raw(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(after_last) = self.stdin.after_last() {
            after_last.extend_from_slice(bytes);
        } else if !self.format().tells_of_lines() {
            self.stdin.give(now, bytes);
        }
        if let Some(progress) = &mut self.progress {
            progress.received(bytes.len());
        }
    }

    /// Queues lines, each ended by LF, as input before all others. As JSON the event of the trigger has them.
    fn push_handed_lines(&mut self, now: Instant, lines: &[u8]) {
        match self.format() {
            // As the terminal gets them.
            InputFormat::Raw => {
                lines.split_inclusive(|&byte| byte == b'\n').for_each(|line| {
                    self.stdin.give(now, &[&line[..line.len() - 1], b"\r\n"].concat());
                });
            }
            // The text has no number.
            InputFormat::Text => lines.split_inclusive(|&byte| byte == b'\n').for_each(|line| {
                self.tell(now, &SessionEvent::Line { number: 0, text: &line[..line.len() - 1], more: false });
            }),
            InputFormat::Json => {}
        }
    }

    /// Queues an event as input, where the input format is text or JSON.
    pub(super) fn tell(&mut self, now: Instant, event: &SessionEvent<'_>) {
        self.encoder.render(event, &mut self.encoded);
        self.give_encoded(now);
    }

    /// Queues whole lines, each ended by CR LF and without other controls; the first has number `number`.
    pub(super) fn push_lines(&mut self, now: Instant, number: u64, block: &[u8]) {
        self.encoder.render_lines(number, block, &mut self.encoded);
        self.give_encoded(now);
    }

    fn give_encoded(&mut self, now: Instant) {
        self.stdin.give(now, &self.encoded);
        self.encoded.clear();
        self.encoded.shrink_to(ENCODED_KEPT);
    }

    /// Counts `n` bytes that it wrote to stdout.
    fn wrote_stdout(&mut self, n: usize) {
        self.output.wrote(n);
        if let Some(progress) = &mut self.progress {
            progress.sent(n);
        }
    }

    /// Records its exit. Where it was stopped, stdout stays open until the rest of its process group has closed it or is
    /// killed.
    fn exited(&mut self, exit: ExitStatus) {
        self.process.exited(exit);
        if !self.process.lets_group_finish() {
            self.output.exited();
        }
    }

    /// Asks for the unread part of a silent coprocess's stdin pipe, once it has exited and its output has been read, or cannot
    /// be read since the pty takes nothing (`can_type` is false). Then its end hides nothing any more.
    fn settle(&mut self, cx: &mut Cx<'_>, can_type: bool) {
        let is_read = !self.output.is_open() || !can_type;
        if self.process.exit.is_some() && is_read && self.is_silent() && !self.asked_unread {
            self.asked_unread = true;
            cx.push(Effect::Reclaim);
        }
    }

    /// Gives it a second to finish after the shell's exit, and closes its stdin behind the queued input.
    fn finish(&mut self, cx: &mut Cx<'_>) {
        self.process.finish(cx.now);
        self.stdin.finish(cx);
    }

    /// Does what is due by now. Returns a notice where its input was cut off.
    fn tick(&mut self, cx: &mut Cx<'_>) -> Option<Notice> {
        self.process.tick(cx);
        if self.process.exit.is_some() && !self.process.lets_group_finish() {
            self.output.exited();
        }
        let waited = self.stdin.cut_off(cx.now)?.as_secs();
        let name = self.name();
        if self.is_silent() {
            self.process.stop(cx, StopReason::User);
            return Some(Notice::new(format!("coprocess {name} read nothing for {waited} s and was stopped")));
        }
        Some(Notice::new(format!(
            "coprocess {name} read nothing for {waited} s: it receives no more output, but can still type"
        )))
    }

    /// Returns when `tick` or the progress line has something to do.
    fn deadline(&self) -> Option<Instant> {
        let drawn_at = self.progress.as_ref().and_then(Progress::deadline);
        [self.process.deadline(), self.stdin.deadline(), drawn_at].into_iter().flatten().min()
    }

    /// Returns its exit status once it is over: it has exited, its output has been read, and its unread input has come back.
    fn over(&self) -> Option<ExitStatus> {
        self.process.exit.filter(|_| !self.output.is_open() && !self.is_silent())
    }

    fn end(self, exit: ExitStatus) -> EndedCoproc {
        EndedCoproc { command: self.command, exit, stderr: self.output.stderr, reason: self.process.reason }
    }

    /// Returns the format of its input.
    pub(super) fn format(&self) -> InputFormat {
        self.encoder.format()
    }

    /// Whether it hides the shell's output. It does so until its unread input has come back, so that output stays in order.
    fn is_silent(&self) -> bool {
        self.stdin.is_silent()
    }

    fn seconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs()
    }

    /// Returns its command line, quoted for a message.
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
            bytes_typed: self.output.written,
        }
    }
}
