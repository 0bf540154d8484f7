//! A model of everything around the core: a shell, a terminal, a coprocess, background commands, a lent program, clients
//! and a clock. It keeps the contract of [`Core`] and checks the invariants that hold in every session:
//!
//! - After each input, and after a bounded number of slices of work, the deadline is in the future: what is due is done,
//!   and no deadline is forgotten.
//! - Everything is bounded: the queues of all sinks, and what is sent to restore the terminal.
//! - The pty is not read while the terminal has not taken the output before, and no source is read whose writer does not
//!   exist.
//! - An effect concerns something that exists: one coprocess at a time, a free slot for each background command, an
//!   answer for each request at most once, events for subscribers alone.
//! - Input is closed only when all of it has been written.
//! - Once the shell has exited and all sinks take their bytes, the session ends; behind the end there is nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::core::access::{ClientAccess, Requester};
use crate::core::event::{PtyState, RecentError, RecordFileError};
use crate::core::request::Request;
use crate::core::{Core, Effect, Input, JOB_SLOTS, Settings};
use crate::types::{Child, Echo, ExitStatus, RequestId, SIGCONT, SIGKILL, Sink, Source, WriteError};

/// Maximum number of bytes that a sink has pending: the queue's limit, and what one turn may add.
const TERMINAL_LIMIT: usize = 1280 * 1024;
const PTY_LIMIT: usize = 256 * 1024;
const COPROC_LIMIT: usize = 1280 * 1024;
const JOB_LIMIT: usize = 80 * 1024;
/// Capacity of a pipe.
const PIPE: usize = 64 * 1024;
/// Bound of the bytes that restore the terminal.
const RESTORING: usize = 4096;
/// Maximum number of slices of work after one input.
const MOST_SLICES: usize = 200;
/// Maximum number of deadlines in one second of a session.
const TURNS_A_SECOND: u64 = 200;

/// What the outside does with the next effect that can fail.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// Nothing can be started.
    pub(super) starts: bool,
    /// What the pty echoes.
    pub(super) echo: Echo,
    /// The line discipline makes signals of the signal characters.
    pub(super) signals: bool,
    /// The file of recent commands cannot be used.
    pub(super) recent: bool,
}

/// The coprocess, from its start to its release.
#[derive(Debug)]
struct ModelCoproc {
    exited: bool,
    /// Whether it was sent SIGKILL: its exit is reported in a later turn.
    killed: bool,
    reads: bool,
    /// Whether stdin and stdout are open.
    stdin: bool,
    stdout: bool,
    /// Bytes in the stdin pipe.
    pipe: VecDeque<u8>,
    keeps_unread: bool,
}

/// A sink that may take no bytes for a while.
#[derive(Clone, Copy, Debug, Default)]
struct ModelSink {
    stalled: bool,
    gone: bool,
}

#[derive(Debug)]
pub(super) struct Model {
    core: Core,
    pub(super) now: Instant,
    effects: Vec<Effect>,
    pub(super) faults: Faults,
    /// Maximum number of bytes that a write takes.
    pub(super) write_size: usize,
    /// Bytes of the shell, and those that the terminal got.
    pub(super) printed: Vec<u8>,
    pub(super) shown: Vec<u8>,
    /// Bytes of the keyboard, and those that the pty got.
    pub(super) pressed: Vec<u8>,
    pub(super) typed: Vec<u8>,
    /// Bytes that the coprocesses have read.
    pub(super) consumed: Vec<u8>,
    terminal: ModelSink,
    pty: ModelSink,
    coproc: Option<ModelCoproc>,
    jobs: [bool; JOB_SLOTS],
    lent: bool,
    shell_exited: bool,
    pty_closed: bool,
    keyboard_closed: bool,
    hung_up: bool,
    /// Open requests, and whether each is a subscription.
    requests: BTreeMap<u64, bool>,
    cancelled: BTreeSet<u64>,
    next_request: u64,
    pub(super) finished: Option<ExitStatus>,
}

impl Model {
    pub(super) fn new(settings: Settings, write_size: usize) -> Self {
        let (now, mut effects) = (Instant::now(), Vec::new());
        let core = Core::new(now, settings, &mut effects);
        let mut model = Self {
            core,
            now,
            effects,
            faults: Faults::default(),
            write_size,
            printed: Vec::new(),
            shown: Vec::new(),
            pressed: Vec::new(),
            typed: Vec::new(),
            consumed: Vec::new(),
            terminal: ModelSink::default(),
            pty: ModelSink::default(),
            coproc: None,
            jobs: [false; JOB_SLOTS],
            lent: false,
            shell_exited: false,
            pty_closed: false,
            keyboard_closed: false,
            hung_up: false,
            requests: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            next_request: 0,
            finished: None,
        };
        model.perform();
        model.flush();
        model
    }

    // What happens outside. What cannot happen now is left out.

    /// Lets the shell print, if the core reads it.
    pub(super) fn print(&mut self, bytes: &[u8]) {
        if !self.pty_closed && !bytes.is_empty() && self.core.wants_read(Source::Pty) {
            self.printed.extend_from_slice(bytes);
            self.input(Input::Bytes(Source::Pty, bytes));
        }
    }

    pub(super) fn press(&mut self, keys: &[u8]) {
        if !self.keyboard_closed && !keys.is_empty() && self.core.wants_read(Source::Keyboard) {
            self.pressed.extend_from_slice(keys);
            self.input(Input::Bytes(Source::Keyboard, keys));
        }
    }

    pub(super) fn close_keyboard(&mut self) {
        if !self.keyboard_closed && self.core.wants_read(Source::Keyboard) {
            self.keyboard_closed = true;
            self.input(Input::Closed(Source::Keyboard));
        }
    }

    /// Lets the coprocess write; nothing stands for an empty pipe.
    pub(super) fn coproc_writes(&mut self, bytes: &[u8]) {
        if self.coproc.as_ref().is_some_and(|coproc| coproc.stdout) && self.core.wants_read(Source::Coproc) {
            let bytes = Input::Bytes(Source::Coproc, bytes);
            let nothing = Input::Empty(Source::Coproc);
            self.input(if matches!(bytes, Input::Bytes(_, b"")) { nothing } else { bytes });
        }
    }

    pub(super) fn coproc_complains(&mut self, bytes: &[u8]) {
        if self.coproc.is_some() && !bytes.is_empty() {
            self.input(Input::Bytes(Source::CoprocErr, bytes));
        }
    }

    pub(super) fn coproc_closes_stdout(&mut self) {
        if self.coproc.as_ref().is_some_and(|coproc| coproc.stdout) && self.core.wants_read(Source::Coproc) {
            self.coproc.iter_mut().for_each(|coproc| coproc.stdout = false);
            self.input(Input::Closed(Source::Coproc));
        }
    }

    pub(super) fn coproc_closes_stdin(&mut self) {
        if let Some(coproc) = &mut self.coproc
            && coproc.stdin
            && !self.core.pending(Sink::Coproc).is_empty()
        {
            coproc.stdin = false;
            self.input(Input::WriteClosed(Sink::Coproc, WriteError::NoReader));
        }
    }

    /// Lets the coprocess read or not.
    pub(super) fn coproc_reads(&mut self, reads: bool) {
        if let Some(coproc) = &mut self.coproc {
            coproc.reads = reads && !coproc.exited;
        }
        self.flush();
    }

    pub(super) fn coproc_exits(&mut self, exit: ExitStatus) {
        if let Some(coproc) = &mut self.coproc
            && !coproc.exited
        {
            (coproc.exited, coproc.reads) = (true, false);
            self.input(Input::Exited(Child::Coproc, exit));
        }
    }

    pub(super) fn job_exits(&mut self, slot: u8, exit: ExitStatus) {
        let slot = slot % JOB_SLOTS as u8;
        if self.jobs[usize::from(slot)] {
            self.input(Input::Bytes(Source::Job(slot), b"why\n"));
            self.input(Input::Exited(Child::Job(slot), exit));
        }
    }

    pub(super) fn lent_exits(&mut self) {
        if std::mem::take(&mut self.lent) {
            self.input(Input::Exited(Child::Lent, ExitStatus::Code(0)));
        }
    }

    pub(super) fn shell_exits(&mut self) {
        if !self.shell_exited {
            self.shell_exited = true;
            self.input(Input::Exited(Child::Shell, ExitStatus::Code(3)));
        }
    }

    pub(super) fn pty_closes(&mut self) {
        if !self.pty_closed && self.core.wants_read(Source::Pty) {
            self.pty_closed = true;
            self.input(Input::Closed(Source::Pty));
        }
    }

    /// Lets a sink take nothing, or everything again.
    pub(super) fn stall(&mut self, sink: Sink, stalled: bool) {
        match sink {
            Sink::Terminal => self.terminal.stalled = stalled,
            _ => self.pty.stalled = stalled,
        }
        self.flush();
    }

    /// Lets the next write to the terminal or to the pty fail.
    pub(super) fn write_fails(&mut self, sink: Sink, error: WriteError) {
        let state = if sink == Sink::Terminal { &mut self.terminal } else { &mut self.pty };
        if !state.gone && !self.core.pending(sink).is_empty() {
            state.gone = true;
            self.input(Input::WriteClosed(sink, error));
        }
    }

    pub(super) fn terminate(&mut self, signal: i32) {
        self.input(Input::Terminate(signal));
    }

    /// Has a client make a request; where it `may_ask`, the user is asked before some of them.
    pub(super) fn request(&mut self, request: Request, may_ask: bool) {
        let subscribes = matches!(&request, Request::Subscribe { .. } | Request::Lines { follow: true, .. });
        self.requests.insert(self.next_request, subscribes);
        let asks = may_ask && self.next_request % 3 == 2;
        let access = ClientAccess { asks, ..ClientAccess::default() };
        self.next_request += 1;
        let id = RequestId(self.next_request - 1);
        self.input(Input::Request(id, request, Requester { child: None, access }));
    }

    /// Disconnects the client of a request, if the request or its subscription is open.
    pub(super) fn cancel(&mut self, n: u8) {
        let open = self.requests.keys().nth(usize::from(n) % self.requests.len().max(1)).copied();
        if let Some(id) = open {
            self.input(Input::Cancel(RequestId(id)));
            if self.requests.remove(&id).is_some() {
                self.cancelled.insert(id);
            }
        }
    }

    // The loop of the host.

    /// Passes an input, performs what follows and writes what is pending.
    pub(super) fn input(&mut self, input: Input<'_>) {
        if self.finished.is_some() {
            return;
        }
        self.turn(input);
        // Slices of work are due at once.
        for _ in 0..MOST_SLICES {
            if self.finished.is_some() || self.core.deadline().is_none_or(|at| at > self.now) {
                break;
            }
            self.turn(Input::Deadline);
        }
        self.check();
    }

    fn turn(&mut self, input: Input<'_>) {
        self.core.handle(self.now, input, &mut self.effects);
        self.perform();
        self.flush();
    }

    /// Lets time pass; `late` jumps over the deadlines, as a busy machine does.
    pub(super) fn wait(&mut self, time: Duration, late: bool) {
        let end = self.now + time;
        if late {
            self.now = end;
        }
        for _ in 0..2 + time.as_millis() as u64 * TURNS_A_SECOND / 1000 + TURNS_A_SECOND {
            match self.core.deadline().filter(|_| self.finished.is_none()) {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.input(Input::Deadline);
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("too many deadlines in {time:?}");
    }

    fn perform(&mut self) {
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                assert_eq!(self.finished, None, "nothing follows the end: {effect:?}");
                if let Some(input) = self.perform_effect(effect) {
                    self.core.handle(self.now, input, &mut self.effects);
                }
            }
        }
    }

    /// Takes what is pending for the recording.
    fn close_recording(&mut self) -> Input<'static> {
        let n = self.core.pending(Sink::Recording).len();
        self.core.wrote(self.now, Sink::Recording, n, &mut self.effects);
        Input::RecordingClosed(Ok(()))
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each effect")]
    fn perform_effect(&mut self, effect: Effect) -> Option<Input<'static>> {
        let Faults { starts, echo, signals, recent } = self.faults;
        match effect {
            Effect::StartCoproc { reclaim_unread, .. } => {
                assert!(self.coproc.is_none(), "one coprocess at a time");
                if starts {
                    return Some(Input::CoprocStartFailed("no fork".to_owned()));
                }
                self.coproc = Some(ModelCoproc {
                    exited: false,
                    killed: false,
                    reads: true,
                    stdin: true,
                    stdout: true,
                    pipe: VecDeque::new(),
                    keeps_unread: reclaim_unread,
                });
                return Some(Input::CoprocStarted(7));
            }
            Effect::StartJob { slot, .. } => {
                let slot_is_taken = &mut self.jobs[usize::from(slot)];
                assert!(!*slot_is_taken, "slot {slot} is free");
                if starts {
                    return Some(Input::JobStartFailed(slot, "no fork".to_owned()));
                }
                *slot_is_taken = true;
            }
            Effect::Signal(Child::Coproc, signal) => {
                let coproc = self.coproc.as_mut().expect("a signal is sent to a coprocess that exists");
                if signal == SIGKILL {
                    (coproc.killed, coproc.reads) = (true, false);
                }
            }
            Effect::Signal(Child::Lent, _) => assert!(self.lent, "the lent program exists"),
            Effect::Signal(Child::Shell, SIGCONT) => {}
            Effect::Signal(child, _) => panic!("{child:?} is sent no signal"),
            Effect::HangUp => assert!(!std::mem::replace(&mut self.hung_up, true), "hung up once"),
            Effect::ReleaseCoproc => {
                assert!(self.coproc.take().is_some_and(|coproc| coproc.exited), "the coprocess has exited");
            }
            Effect::ReleaseJob(slot) => {
                assert!(std::mem::take(&mut self.jobs[usize::from(slot)]), "slot {slot} is taken");
            }
            Effect::CloseWrite(sink) => {
                assert!(self.core.pending(sink).is_empty(), "{sink:?} has taken everything");
                if let (Sink::Coproc, Some(coproc)) = (sink, &mut self.coproc) {
                    assert!(std::mem::take(&mut coproc.stdin), "stdin is closed once");
                }
            }
            Effect::Reclaim => {
                let coproc = self.coproc.as_mut().expect("a coprocess left bytes unread");
                assert!(coproc.keeps_unread && coproc.exited, "the rest of its input is known");
                coproc.stdin = false;
                return Some(Input::Unread(coproc.pipe.drain(..).collect()));
            }
            Effect::QueryPty => {
                let names = vec!["bash".to_owned()];
                return Some(Input::PtyState(PtyState {
                    echo,
                    is_canonical: false,
                    group: 7,
                    readers: names.clone(),
                    jobs: names,
                    asks: signals,
                    ..PtyState::default()
                }));
            }
            Effect::Interrupt(byte) => return Some(Input::Interrupted(byte, signals)),
            Effect::Suspend(_) => return Some(Input::Resumed),
            Effect::EndInput => return Some(Input::EndOfFile(4)),
            Effect::Lend(..) if starts => return Some(Input::LendFailed("no fork".to_owned())),
            Effect::Lend(..) => {
                assert!(self.core.pending(Sink::Terminal).is_empty(), "the terminal has taken everything");
                assert!(!std::mem::replace(&mut self.lent, true), "lent once");
            }
            Effect::RecallRecent if recent => return Some(Input::Recent(Err(RecentError("unreadable".to_owned())))),
            Effect::RecallRecent => return Some(Input::Recent(Ok(vec!["bot".to_owned()]))),
            Effect::KeepRecent(_) if recent => {
                return Some(Input::Recent(Err(RecentError("unwritable".to_owned()))));
            }
            Effect::Answer(RequestId(id), answer) => {
                // The client of a lent program may be gone when the program ends.
                let subscribes = self.requests.remove(&id).or_else(|| self.cancelled.remove(&id).then_some(false));
                if subscribes.expect("the request is open") && answer.is_ok() {
                    // Told from now on.
                    self.requests.insert(id, true);
                }
            }
            Effect::Tell(RequestId(id), event) => {
                assert!(self.requests.contains_key(&id), "{id} is subscribed");
                debug_assert!(serde_json::from_str::<serde_json::Value>(&event).is_ok(), "an event is JSON");
            }
            Effect::Finish(exit) => {
                assert!(self.shell_exited || self.hung_up, "the session is over");
                assert!(!self.lent, "the lent program has ended");
                assert!(self.core.pending(Sink::Terminal).is_empty(), "the terminal has taken everything");
                self.finished = Some(exit);
            }
            Effect::ReportFault | Effect::RefuseAll(_) => {
                panic!("only the relay in place of the core sends {effect:?}")
            }
            Effect::OpenRecording { .. } => {
                let missing = || RecordFileError("No such file or directory".to_owned());
                return Some(Input::RecordingOpened(if starts { Err(missing()) } else { Ok(()) }));
            }
            Effect::CloseRecording => return Some(self.close_recording()),
            Effect::Trust(RequestId(id)) => assert!(self.requests.contains_key(&id), "{id} is open"),
            Effect::DiscardTyped
            | Effect::LeaveRawMode
            | Effect::Resize(_)
            | Effect::KeepRecent(_)
            | Effect::Warn(_) => {}
        }
        None
    }

    /// Writes what the sinks take.
    fn flush(&mut self) {
        let jobs = (0..JOB_SLOTS as u8).filter(|slot| self.jobs[usize::from(*slot)]).map(Sink::Job);
        let sinks: Vec<Sink> =
            [Sink::Terminal, Sink::Pty, Sink::Coproc, Sink::Recording].into_iter().chain(jobs).collect();
        for sink in sinks {
            while self.finished.is_none() {
                let n = self.core.pending(sink).len().min(self.write_size).min(self.room(sink));
                if n == 0 {
                    break;
                }
                let bytes = &self.core.pending(sink)[..n];
                match (sink, &mut self.coproc) {
                    (Sink::Terminal, _) => self.shown.extend_from_slice(bytes),
                    (Sink::Pty, _) => self.typed.extend_from_slice(bytes),
                    (Sink::Coproc, Some(coproc)) => coproc.pipe.extend(bytes),
                    _ => {}
                }
                if let Some(coproc) = self.coproc.as_mut().filter(|coproc| coproc.reads) {
                    self.consumed.extend(coproc.pipe.drain(..));
                }
                self.core.wrote(self.now, sink, n, &mut self.effects);
                self.perform();
            }
        }
    }

    /// Returns how many bytes a sink takes now.
    fn room(&self, sink: Sink) -> usize {
        let takes = |sink: ModelSink| if sink.stalled || sink.gone { 0 } else { usize::MAX };
        match sink {
            Sink::Terminal => takes(self.terminal),
            Sink::Pty => takes(self.pty),
            Sink::Coproc => {
                self.coproc.as_ref().filter(|coproc| coproc.stdin).map_or(0, |coproc| PIPE - coproc.pipe.len())
            }
            Sink::Job(_) | Sink::Recording => usize::MAX,
        }
    }

    fn check(&self) {
        if self.finished.is_some() {
            return;
        }
        assert!(self.core.deadline().is_none_or(|at| at > self.now), "what is due is done");
        let limits = [(Sink::Terminal, TERMINAL_LIMIT), (Sink::Pty, PTY_LIMIT), (Sink::Coproc, COPROC_LIMIT)];
        let jobs = (0..JOB_SLOTS as u8).map(|slot| (Sink::Job(slot), JOB_LIMIT));
        for (sink, limit) in limits.into_iter().chain(jobs) {
            assert!(self.core.pending(sink).len() <= limit, "the queue of {sink:?} is bounded");
        }
        let full = !self.core.pending(Sink::Terminal).is_empty();
        assert!(!(full && self.core.wants_read(Source::Pty)), "the pty waits for the terminal");
        assert!(self.coproc.is_some() || !self.core.wants_read(Source::Coproc), "a coprocess is read while it exists");
        assert!(self.core.pending(Sink::Coproc).is_empty() || self.coproc.is_some());
        assert!(self.core.restoring().len() <= RESTORING, "the modes are bounded");
    }

    /// Returns whether the shell's output can be shown now: nothing withholds it and the terminal takes it.
    pub(super) fn shows(&self) -> bool {
        !self.terminal.gone && !self.terminal.stalled && !self.hung_up && self.finished.is_none()
    }

    /// Returns whether keys reach the pty.
    pub(super) fn types(&self) -> bool {
        !self.pty.gone && !self.pty.stalled && !self.shell_exited && !self.hung_up && self.finished.is_none()
    }

    /// Ends the session as a host does, with every program doing what it is told, and returns the exit status.
    pub(super) fn end(&mut self) -> ExitStatus {
        self.stall(Sink::Terminal, false);
        self.stall(Sink::Pty, false);
        self.lent_exits();
        self.shell_exits();
        for _ in 0..1000 {
            if let Some(exit) = self.finished {
                return exit;
            }
            self.lent_exits();
            self.pty_closes();
            if self.coproc.as_ref().is_some_and(|coproc| coproc.killed) {
                self.coproc_exits(ExitStatus::Signal(SIGKILL));
            }
            if self.coproc.as_ref().is_some_and(|coproc| coproc.exited) {
                self.coproc_writes(b"");
            }
            match self.core.deadline() {
                Some(at) => self.wait(at.saturating_duration_since(self.now), false),
                None if self.finished.is_none() => break,
                None => {}
            }
        }
        panic!("the session does not end; its deadline is {:?}", self.core.deadline());
    }
}
