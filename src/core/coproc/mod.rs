//! The life of the one coprocess: starting, running, stopping, draining, ended (SPEC 3). It decides; whoever
//! holds it starts, signals and reads. What it reads is made in `reading`, how its silence looks in `silence`.

mod reading;
pub mod silence;

use std::time::{Duration, Instant};

pub use reading::{Form, Reading, Record, ended};
pub use silence::Silence;

use super::Effect;
use super::notices::blanked;
use super::outbox::Outbox;
use super::tail::{self, Tail};
use super::trigger::Moment;
use super::watch::Found;
use crate::words::{Child, Exit, Port, SIGKILL, SIGTERM};

/// What waits for a coprocess before the shell's output waits for it.
pub const STDIN_LIMIT: usize = 1024 * 1024;
/// One that reads nothing for this long while its queue is full is cut off from further input.
pub const READS_WITHIN: Duration = Duration::from_secs(2);
/// A silent one may be slow for longer: nobody waits for the screen, and Ctrl-C is at hand.
pub const SILENT_READS_WITHIN: Duration = Duration::from_secs(30);
/// From SIGTERM to SIGKILL.
pub const KILL_AFTER: Duration = Duration::from_secs(2);
/// What a coprocess has to finish in once the shell has exited.
pub const FINISH_WITHIN: Duration = Duration::from_secs(1);
/// The memory that is kept to put its lines together in.
const ROOM: usize = 16 * 1024;
/// What its stdout can still hold once it has exited: a pipe's capacity on Linux.
const LAST_WORDS: usize = 64 * 1024;

/// Whether the screen goes on while a coprocess runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// The screen shows what the shell prints, and the coprocess reads a copy.
    Loud,
    /// The coprocess alone gets what the shell prints.
    Silent,
}

/// A command to run by `/bin/sh -c`, and what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The command line, as it was configured.
    pub command: String,
    /// `$0`, `$1`, ... of the command line: what a trigger matched. Never part of its text.
    pub args: Vec<Vec<u8>>,
    /// Environment variables besides coshell's own.
    pub env: Vec<(String, Vec<u8>)>,
}

impl Order {
    /// A command that is given nothing.
    pub fn new(command: String) -> Self {
        Self { command, args: Vec::new(), env: Vec::new() }
    }
}

/// What the queue towards the coprocess is open for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intake {
    /// The shell's output.
    Open,
    /// What waits already; then its stdin is closed.
    Ending,
    /// Nothing: its stdin is closed.
    Closed,
}

/// How far the stopping of a coprocess has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopping {
    /// Nobody asked.
    No,
    /// It is sent SIGTERM at this time: the session is over.
    TermAt(Instant),
    /// It was sent SIGTERM, and gets SIGKILL at this time.
    KillAt(Instant),
    /// It was sent SIGKILL.
    Killed,
}

/// Why a coprocess is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The user asked for it.
    User,
    /// The far side of its file transfer has left.
    FarGone,
    /// The shell has exited.
    Session,
    /// The terminal is gone, or coshell was told to leave.
    HangUp,
}

/// How its output stands once the process has exited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stdout {
    /// More may come; this much has come since it exited.
    Open(usize),
    /// Everything that it wrote has been read.
    Done,
}

/// The coprocess of this session while there is one.
#[derive(Debug)]
pub struct Coproc {
    order: Order,
    started: Instant,
    /// Once it has been started.
    pid: Option<u32>,
    /// How much it wrote in all.
    typed: u64,
    silence: Option<Silence>,
    reading: Reading,
    /// Room for what a record becomes, kept for its memory only.
    rendered: Vec<u8>,
    stdin: Outbox,
    /// How much of its input the screen has shown before: the line that started it.
    shown: usize,
    /// How much it was given in all.
    given: usize,
    intake: Intake,
    /// It was silent, has exited, and what it had not read has not come back yet.
    owes_unread: bool,
    /// What came behind the last that it is given: it is not its own, and is shown in the end.
    behind: Option<Vec<u8>>,
    /// When it last took some input, or last had none to take.
    took: Instant,
    stdout: Stdout,
    stderr: Tail,
    /// The first bytes of a character of stderr whose rest is on the way.
    half: Vec<u8>,
    exit: Option<Exit>,
    stopping: Stopping,
    /// Who asked for its end, if anybody did.
    why: Option<Why>,
    /// The last signal that the user had it sent.
    sent: Option<i32>,
}

/// What is left of a coprocess when it is over.
#[derive(Debug)]
pub struct Ended {
    /// The command line.
    pub command: String,
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to stderr.
    pub stderr: Tail,
    /// Who stopped it, if anybody did.
    pub why: Option<Why>,
}

impl Coproc {
    /// A coprocess that is about to be started.
    pub fn start(now: Instant, order: Order, reading: Reading, silence: Option<Silence>) -> Self {
        Self {
            order,
            started: now,
            pid: None,
            typed: 0,
            silence,
            reading,
            rendered: Vec::new(),
            stdin: Outbox::new(STDIN_LIMIT),
            shown: 0,
            given: 0,
            intake: Intake::Open,
            owes_unread: false,
            behind: None,
            took: now,
            stdout: Stdout::Open(0),
            stderr: Tail::default(),
            half: Vec::new(),
            exit: None,
            stopping: Stopping::No,
            why: None,
            sent: None,
        }
    }

    /// Raw output of the shell, as it came.
    pub fn raw(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(behind) = &mut self.behind {
            behind.extend_from_slice(bytes);
        } else if self.reading.is_raw() {
            self.give(now, bytes);
        }
        if let Some(silence) = &mut self.silence {
            silence.received(bytes.len());
        }
    }

    /// It is given these last bytes; what comes from now on is not for it.
    pub fn conclude(&mut self, now: Instant, bytes: &[u8]) {
        self.give(now, bytes);
        self.behind = Some(Vec::new());
    }

    /// Something that a `text` or `json` reader is told.
    pub fn tell(&mut self, now: Instant, record: &Record<'_>) {
        let mut bytes = std::mem::take(&mut self.rendered);
        self.reading.render(record, &mut bytes);
        self.give_rendered(now, bytes);
    }

    /// A finished line, or a piece of one, for one that reads lines.
    pub fn finished(&mut self, now: Instant, number: u64, text: &[u8], more: bool) {
        self.tell(now, &Record::Line { number, text, more });
    }

    /// Whole lines, each ended by CR LF and without other controls, for one that reads lines; the first has this number.
    pub fn lines(&mut self, now: Instant, number: u64, block: &[u8]) {
        let mut bytes = std::mem::take(&mut self.rendered);
        self.reading.render_lines(number, block, &mut bytes);
        self.give_rendered(now, bytes);
    }

    fn give_rendered(&mut self, now: Instant, mut bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.give(now, &bytes);
        }
        bytes.clear();
        bytes.shrink_to(ROOM);
        self.rendered = bytes;
    }

    /// A line, for one that reads lines.
    pub fn line(&mut self, now: Instant, line: &Found, moment: Moment) {
        if let Some(record) = line.record(moment) {
            self.tell(now, &record);
        }
    }

    fn give(&mut self, now: Instant, bytes: &[u8]) {
        // A silent one that no longer reads still holds what the screen must be shown in the end.
        if self.intake == Intake::Open || self.is_silent() {
            if self.stdin.is_empty() {
                self.took = now;
            }
            self.given = self.given.saturating_add(bytes.len());
            self.stdin.push(bytes);
        }
    }

    /// What it was given so far has been on the screen already.
    pub fn has_been_shown(&mut self) {
        self.shown = self.given;
    }

    /// The coprocess took `n` bytes of `pending`.
    pub fn wrote(&mut self, now: Instant, n: usize, out: &mut Vec<Effect>) {
        self.stdin.wrote(n);
        self.took = now;
        self.end_intake(out);
    }

    /// Its stdin is gone: it closed it, or it exited.
    pub fn stdin_closed(&mut self) {
        self.intake = Intake::Closed;
        if !self.is_silent() {
            self.stdin.clear();
        }
    }

    /// Bytes that it wrote; they are typed by the caller.
    pub fn said(&mut self, n: usize) {
        self.typed += n as u64;
        if let (Stdout::Open(since), Some(_)) = (&mut self.stdout, self.exit) {
            *since += n;
            if *since >= LAST_WORDS {
                self.stdout = Stdout::Done;
            }
        }
        if let Some(silence) = &mut self.silence {
            silence.sent(n);
        }
    }

    /// A read of its stdout found nothing more for now.
    pub fn said_nothing(&mut self) {
        if self.exit.is_some() {
            self.stdout = Stdout::Done;
        }
    }

    /// Its stdout has ended: it may live on.
    pub fn stdout_closed(&mut self) {
        self.stdout = Stdout::Done;
    }

    /// Bytes of its stderr; what can be told of them now, which ends with a whole character.
    pub fn complained(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.stderr.push(bytes);
        let mut told = std::mem::take(&mut self.half);
        told.extend_from_slice(bytes);
        self.half = told.split_off(told.len() - tail::unfinished(&told));
        told
    }

    /// Its process has exited.
    pub fn exited(&mut self, exit: Exit) {
        self.owes_unread = self.is_silent();
        self.exit = Some(exit);
        if self.sent.is_some_and(|signal| exit.status() == Exit::Signal(signal).status()) {
            self.why.get_or_insert(Why::User);
        }
    }

    /// The user has it sent this signal: if that ends it, it has not failed.
    pub fn will_be_sent(&mut self, signal: i32) {
        self.sent = Some(signal);
    }

    /// Asks it to end: SIGTERM to its process group, SIGKILL later.
    pub fn stop(&mut self, now: Instant, why: Why, out: &mut Vec<Effect>) {
        self.why.get_or_insert(why);
        if matches!(self.stopping, Stopping::No | Stopping::TermAt(_)) {
            self.stopping = Stopping::KillAt(now + KILL_AFTER);
            out.push(Effect::Signal(Child::Coproc, SIGTERM));
        }
    }

    /// The shell has exited: it reads to the end of what there is and has a second to finish.
    pub fn finish(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.stopping == Stopping::No {
            self.why.get_or_insert(Why::Session);
            self.stopping = Stopping::TermAt(now + FINISH_WITHIN);
        }
        if self.intake == Intake::Open {
            self.intake = Intake::Ending;
            self.end_intake(out);
        }
    }

    fn end_intake(&mut self, out: &mut Vec<Effect>) {
        if self.intake == Intake::Ending && self.stdin.is_empty() {
            self.intake = Intake::Closed;
            out.push(Effect::CloseWrite(Port::Coproc));
        }
    }

    /// Does what is due by now. A sentence for the user where it was cut off from its input.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Effect>) -> Option<String> {
        match self.stopping {
            Stopping::TermAt(at) if now >= at => self.stop(now, Why::Session, out),
            Stopping::KillAt(at) if now >= at && self.exit.is_none() => {
                self.stopping = Stopping::Killed;
                out.push(Effect::Signal(Child::Coproc, SIGKILL));
            }
            _ => {}
        }
        if self.cut_off_at().is_none_or(|at| now < at) {
            return None;
        }
        self.intake = Intake::Ending;
        let (name, waited) = (self.name(), self.patience().as_secs());
        if self.is_silent() {
            self.stop(now, Why::User, out);
            return Some(format!("coprocess {name} read nothing for {waited} s and was stopped"));
        }
        Some(format!(
            "coprocess {name} read nothing for {waited} s: it gets no more of the output, but may go on typing"
        ))
    }

    /// When `tick` has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let stop = match self.stopping {
            Stopping::TermAt(at) => Some(at),
            Stopping::KillAt(at) if self.exit.is_none() => Some(at),
            _ => None,
        };
        [stop, self.cut_off_at(), self.silence.as_ref().and_then(Silence::deadline)].into_iter().flatten().min()
    }

    fn cut_off_at(&self) -> Option<Instant> {
        let full = self.intake == Intake::Open && self.stdin.room() == 0 && self.exit.is_none();
        full.then(|| self.took + self.patience())
    }

    fn patience(&self) -> Duration {
        if self.is_silent() { SILENT_READS_WITHIN } else { READS_WITHIN }
    }

    /// Whether it is over: it has exited, what it wrote has been read, and what it did not read has come back.
    pub fn is_over(&self) -> bool {
        self.exit.is_some() && self.stdout == Stdout::Done && !self.owes_unread
    }

    /// What is left of it.
    pub fn end(self) -> Ended {
        Ended {
            command: self.order.command,
            exit: self.exit.unwrap_or(Exit::Code(0)),
            stderr: self.stderr,
            why: self.why,
        }
    }

    /// What it was given and did not read, `pipe` being what was still in its pipe, and what came for others since;
    /// without what the screen has shown before.
    pub fn take_unread(&mut self, pipe: Vec<u8>) -> Vec<u8> {
        self.intake = Intake::Closed;
        self.owes_unread = false;
        let mut unread = [pipe, self.stdin.take()].concat();
        let read = self.given.saturating_sub(unread.len());
        unread.drain(..self.shown.saturating_sub(read).min(unread.len()));
        unread.append(self.behind.as_mut().unwrap_or(&mut Vec::new()));
        unread
    }

    /// What its stdin carries.
    pub fn form(&self) -> Form {
        self.reading.form()
    }

    /// Whether it was stopped, or ended with anything but success.
    pub fn failed(&self) -> bool {
        self.why.is_some() || self.exit.is_some_and(|exit| !exit.success())
    }

    /// What it should be given next; a closed stdin takes nothing.
    pub fn pending(&self) -> &[u8] {
        if self.intake == Intake::Closed { &[] } else { self.stdin.pending() }
    }

    /// Whether the shell's output may go on as far as this coprocess is concerned.
    pub fn has_room(&self) -> bool {
        if self.behind.as_ref().is_some_and(|behind| behind.len() >= STDIN_LIMIT) {
            return false;
        }
        self.stdin.room() > 0 || (self.intake != Intake::Open && !self.is_silent())
    }

    /// Whether its stdout is of interest.
    pub fn wants_read(&self) -> bool {
        self.stdout != Stdout::Done
    }

    /// Whether it hides what the shell prints: until what it did not read has come back, so that all of it is shown in order.
    pub fn is_silent(&self) -> bool {
        self.silence.is_some() && (self.exit.is_none() || self.owes_unread)
    }

    /// Its silence, if it was started silent.
    pub fn silence(&mut self) -> Option<&mut Silence> {
        self.silence.as_mut()
    }

    /// Whether it wants to be told of lines rather than bytes.
    pub fn reads_lines(&self) -> bool {
        !self.reading.is_raw()
    }

    /// Its process runs, and has this id.
    pub fn has_started(&mut self, pid: u32) {
        self.pid = Some(pid);
    }

    /// The id of its process, once it runs.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// How much it was given, and how much it wrote.
    pub fn traffic(&self) -> (u64, u64) {
        (self.given as u64, self.typed)
    }

    /// What it wrote to stderr.
    pub fn stderr(&self) -> &Tail {
        &self.stderr
    }

    /// Its command line, quoted for a sentence and not longer than a sentence bears.
    pub fn name(&self) -> String {
        quoted(&self.order.command, NAME)
    }

    /// Its command line.
    pub fn command(&self) -> &str {
        &self.order.command
    }
}

/// What a notice shows of a command line, quotes included.
pub const NAME: usize = 42;

/// A command line as it is shown: in quotes, without control characters, and at most so many characters.
pub fn quoted(command: &str, most: usize) -> String {
    let clean = blanked(command);
    if clean.chars().count() + 2 <= most {
        return format!("\"{clean}\"");
    }
    format!("\"{}...\"", clean.chars().take(most.saturating_sub(5)).collect::<String>())
}
