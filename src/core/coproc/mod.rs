//! The one coprocess while there is one: starting, running, stopping, draining, ended (SPEC 3). Here is what concerns
//! more than one of its rooms: `stdin`, what it is given; `format`, the form of that; `stdout`, what it says;
//! `process`, how it is stopped and ends; `progress`, how it looks while the screen stands still. Whoever holds it
//! starts, signals and reads.

mod event;
mod format;
mod process;
mod progress;
mod stdin;
mod stdout;

use std::time::Instant;

pub use event::Event;
pub(super) use event::ended;
use format::InputEncoder;
pub use format::InputFormat;
use process::Process;
pub(super) use process::StopReason;
pub(super) use progress::Progress;
use stdin::CoprocStdin;
use stdout::CoprocOutput;

use super::Effect;
use super::command_line::named;
use super::stderr_tail::StderrTail;
use crate::types::ExitStatus;

/// The memory that is kept to put its lines together in.
const ROOM: usize = 16 * 1024;

/// Whether the screen goes on while a coprocess runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// The screen shows what the shell prints, and the coprocess reads a copy.
    Visible,
    /// The coprocess alone gets what the shell prints.
    Silent,
}

/// The coprocess of this session while there is one.
#[derive(Debug)]
pub(super) struct Coproc {
    command: String,
    started: Instant,
    /// How its silence looks, if it was started silent.
    silence: Option<Progress>,
    reading: InputEncoder,
    /// Room for what a record becomes, kept for its memory only.
    rendered: Vec<u8>,
    pub(super) intake: CoprocStdin,
    pub(super) speech: CoprocOutput,
    pub(super) process: Process,
}

/// What is left of a coprocess when it is over.
#[derive(Debug)]
pub(super) struct EndedCoproc {
    pub(super) command: String,
    pub(super) exit: ExitStatus,
    pub(super) stderr: StderrTail,
    /// Who stopped it, if anybody did.
    pub(super) why: Option<StopReason>,
}

impl Coproc {
    /// A coprocess that is about to be started.
    pub(super) fn start(now: Instant, command: String, form: InputFormat, silence: Option<Progress>) -> Self {
        let visibility = if silence.is_some() { Visibility::Silent } else { Visibility::Visible };
        Self {
            command,
            started: now,
            silence,
            reading: InputEncoder::new(form),
            rendered: Vec::new(),
            intake: CoprocStdin::new(now, visibility),
            speech: CoprocOutput::new(),
            process: Process::new(),
        }
    }

    /// Raw output of the shell, as it came.
    pub(super) fn raw(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(behind) = self.intake.behind() {
            behind.extend_from_slice(bytes);
        } else if !self.form().tells_of_lines() {
            self.intake.give(now, bytes);
        }
        if let Some(silence) = &mut self.silence {
            silence.received(bytes.len());
        }
    }

    /// Something that a `vt` or `json` reader is told.
    pub(super) fn tell(&mut self, now: Instant, record: &Event<'_>) {
        self.reading.render(record, &mut self.rendered);
        self.give_rendered(now);
    }

    /// Whole lines, each ended by CR LF and without other controls, for one that reads lines; the first has this number.
    pub(super) fn lines(&mut self, now: Instant, number: u64, block: &[u8]) {
        self.reading.render_lines(number, block, &mut self.rendered);
        self.give_rendered(now);
    }

    fn give_rendered(&mut self, now: Instant) {
        self.intake.give(now, &self.rendered);
        self.rendered.clear();
        self.rendered.shrink_to(ROOM);
    }

    /// Bytes that it wrote; they are typed by the caller.
    pub(super) fn said(&mut self, n: usize) {
        self.speech.said(n);
        if let Some(silence) = &mut self.silence {
            silence.sent(n);
        }
    }

    /// Its process has exited: what a silent one did not read is asked for.
    pub(super) fn exited(&mut self, exit: ExitStatus, out: &mut Vec<Effect>) {
        self.process.exited(exit);
        self.speech.exited();
        if self.is_silent() {
            out.push(Effect::Reclaim);
        }
    }

    /// The shell has exited: it reads to the end of what there is and has a second to finish.
    pub(super) fn finish(&mut self, now: Instant, out: &mut Vec<Effect>) {
        self.process.finish(now);
        self.intake.finish(out);
    }

    /// Does what is due by now. A sentence for the user where it was cut off from its input.
    pub(super) fn tick(&mut self, now: Instant, out: &mut Vec<Effect>) -> Option<String> {
        self.process.tick(now, out);
        let waited = self.intake.cut_off(now)?.as_secs();
        let name = self.name();
        if self.is_silent() {
            self.process.stop(now, StopReason::User, out);
            return Some(format!("coprocess {name} read nothing for {waited} s and was stopped"));
        }
        Some(format!(
            "coprocess {name} read nothing for {waited} s: it gets no more of the output, but may go on typing"
        ))
    }

    /// When `tick` or `draw` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let drawn_at = self.silence.as_ref().and_then(Progress::deadline);
        [self.process.deadline(), self.intake.deadline(), drawn_at].into_iter().flatten().min()
    }

    /// What a silent one has done so far, as a line of `cols` columns, if it is time to draw that.
    pub(super) fn draw(&mut self, now: Instant, cols: u16) -> Option<String> {
        self.silence.as_mut()?.draw(now, &self.command, cols)
    }

    /// Whether such a line stands on the screen and must be taken away. It is not drawn again.
    pub(super) fn stop_drawing(&mut self) -> bool {
        self.silence.as_mut().is_some_and(Progress::finish)
    }

    /// How it ended, once it is over: it has exited, what it wrote has been read, and what it did not read has come back.
    pub(super) fn over(&self) -> Option<ExitStatus> {
        self.process.exit.filter(|_| !self.speech.goes_on() && !self.is_silent())
    }

    /// What is left of it.
    pub(super) fn end(self, exit: ExitStatus) -> EndedCoproc {
        EndedCoproc { command: self.command, exit, stderr: self.speech.stderr, why: self.process.why }
    }

    /// What its stdin carries.
    pub(super) fn form(&self) -> InputFormat {
        self.reading.form()
    }

    /// Whether it hides what the shell prints: until what it did not read has come back, so that all is shown in order.
    pub(super) fn is_silent(&self) -> bool {
        self.intake.is_silent()
    }

    /// For how many seconds it has run.
    pub(super) fn seconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs()
    }

    /// Its command line as a sentence names it.
    pub(super) fn name(&self) -> String {
        named(&self.command)
    }

    /// Its command line.
    pub(super) fn command(&self) -> &str {
        &self.command
    }
}
