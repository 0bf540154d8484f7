//! The event loop: poll, read, pass inputs to the core, perform its effects, write. Connects `core` and `sys` and holds no
//! policy of its own.

mod children;
mod clients;
mod configuration;
mod job_control;
mod log;
mod perform;
mod ports;
mod recording;
mod start;
mod terminal;

use std::any::Any;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::core::access::Requester;
use crate::core::{Configured, Effect, GuardedCore, Input, Settings};
use crate::fault::panic_for_test;
use crate::sys::child::Program;
use crate::sys::crash;
use crate::sys::line_file::LineFile;
use crate::sys::pty::Pty;
use crate::sys::signals::{SignalEvent, Signals};
use crate::sys::stream::{ReadResult, WriteResult};
use crate::types::{ExitStatus, Sink, Source};
use children::Children;
#[cfg(any(test, fuzzing))]
pub use clients::rpc;
use clients::{ClientRequest, Clients};
use configuration::WatchedConfiguration;
pub use log::{Level, Log};
use ports::Ports;
use recording::RecordingFile;
use terminal::OuterTerminal;

/// Bytes after which a port is not read again in the same turn. During a flood that is one read of the pty (up to 4,095
/// bytes on Linux), the longest that a key waits.
const READ_BUDGET: usize = 2 * 1024;
/// Size of the read buffer: more than one read of a pty master returns (4,095 bytes on Linux).
const CHUNK: usize = 64 * 1024;
/// Bytes of shell output after which waiting data is written to the coprocess during a flood. Each write wakes it and
/// costs as much as a write to the terminal.
const COPROC_BATCH: usize = 16 * 1024;

/// Time after which ports are tried that could not be registered with the poll.
const UNWATCHED: Duration = Duration::from_millis(20);

/// Maximum number of turns a client request is deferred while older shell output is drained. With two reads of the pty in
/// each turn, that is more than a pty holds (20 KB on Linux).
const MAX_DEFERRED_TURNS: u32 = 4;

/// Panics of the host, outside of the core, after which the session ends: the relay cannot do without the host.
const MAX_PANICS: u32 = 8;

/// Parameters of a session.
#[derive(Debug)]
pub struct Launch {
    /// The shell, or the command in its place.
    pub program: Program,
    /// The value of SHELL in the session, where it is not that of coshell's own environment.
    pub shell_variable: Option<OsString>,
    /// Settings of the core; `run` fills in the facts about the terminal.
    pub settings: Settings,
    /// Where the settings come from; `None` where they can not be read again.
    pub configuration: Option<Box<dyn Configuration>>,
    /// Directories for the session's socket, in order of preference.
    pub sockets: Vec<PathBuf>,
    /// File of the commands that were run from the menu; `None` for no such file.
    pub recent: Option<PathBuf>,
    /// File in which faults of coshell are recorded; `None` for no such file.
    pub faults: Option<PathBuf>,
    /// The file of the recording that starts with the session.
    pub recording: Option<File>,
    /// The debug log.
    pub log: Log,
}

/// The configuration of a running session, in its files.
pub trait Configuration: fmt::Debug {
    /// Reads the configuration.
    fn read(&mut self) -> Configured;
    /// Returns whether its files have changed since the last `read`.
    fn has_changed(&mut self) -> FileChange;
}

/// Whether files have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// They are as they were.
    None,
    /// They have, and may be changing still.
    Unsettled,
    /// They have.
    Settled,
}

/// Result of a session.
#[derive(Debug)]
pub struct Outcome {
    /// Exit status for coshell.
    pub exit: ExitStatus,
    /// Warnings that could not be shown on the terminal.
    pub warnings: Vec<String>,
}

/// Why a session could not be started or continued.
#[derive(Debug)]
pub enum StartError {
    /// The session with this id has the name.
    NameTaken(String),
    /// The program could not be run.
    Program(io::Error),
    /// A system call failed; the text is a clause that names the failed step.
    System(&'static str, io::Error),
}

/// Runs a session to its end. A panic after the shell has been started ends everything but the relay of its bytes.
pub fn run(launch: Launch) -> Result<Outcome, StartError> {
    let mut host = match Host::start(launch)? {
        ControlFlow::Continue(host) => host,
        ControlFlow::Break(exit) => return Ok(Outcome { exit, warnings: Vec::new() }),
    };
    loop {
        match catch_unwind(AssertUnwindSafe(|| host.turn())) {
            Ok(Err(error)) => return Err(error),
            Ok(Ok(None)) => {}
            Ok(Ok(Some(exit))) => return Ok(Outcome { exit, warnings: std::mem::take(&mut host.warnings) }),
            Err(panic) => host.fail(panic),
        }
    }
}

struct Host {
    // First field, dropped first: the terminal is restored even if another destructor panics.
    terminal: OuterTerminal,
    // Not dropped, since the process ends with the session: freeing a thousand triggers and fifty handlers takes time.
    core: ManuallyDrop<GuardedCore>,
    poll: Poll,
    events: Events,
    signals: ManuallyDrop<Signals>,
    /// The poll has reported a signal.
    signals_ready: bool,
    ports: Ports,
    pty: Pty,
    children: Children,
    clients: Clients,
    configuration: WatchedConfiguration,
    /// Commands that were run from the menu.
    recent: LineFile,
    /// Faults of coshell.
    faults: LineFile,
    recording: RecordingFile,
    effects: Vec<Effect>,
    warnings: Vec<String>,
    /// The reset bytes that the crash handler has.
    modes: Vec<u8>,
    buffer: Vec<u8>,
    log: Log,
    /// Bytes read from the pty since the last write to the coprocess.
    read_since_coproc_write: usize,
    /// Keys that were read while raw mode was entered, to be typed before the next wait.
    typed_ahead: Vec<u8>,
    /// Number of turns for which client requests have been deferred.
    deferred_turns: u32,
    finished: Option<ExitStatus>,
    /// Number of panics of the host.
    panics: u32,
    /// A panic may have lost signals.
    check_state: bool,
}

impl Host {
    /// Runs one turn of the loop; returns the exit status if it was the last.
    fn turn(&mut self) -> Result<Option<ExitStatus>, StartError> {
        if let Some(exit) = self.finished {
            panic_for_test("exit");
            self.clients.flush_all(Instant::now());
            self.finish_recording();
            return Ok(Some(exit));
        }
        if !self.effects.is_empty() || !self.typed_ahead.is_empty() {
            // Effects of the start or of a fault, and keys typed ahead. Most turns have none, and read no clock for them.
            let now = Instant::now();
            self.perform(now);
            self.type_ahead(now);
        }
        self.wait().map_err(|error| StartError::System("waiting for events failed", error))?;
        panic_for_test("relay");
        let now = Instant::now();
        if std::mem::take(&mut self.check_state) {
            self.reap(now);
            self.resize(now);
        }
        if std::mem::take(&mut self.signals_ready) {
            self.handle_pending_signals(now);
        }
        if self.core.deadline().is_some_and(|at| now >= at) {
            // The deadline may be handled late. Bytes that have arrived meanwhile count first: they may complete a key
            // sequence, or show that the shell was not idle.
            for port in [Source::Keyboard, Source::Pty] {
                self.try_read_port(now, port);
            }
            self.handle(now, Input::Deadline);
        }
        self.flush(now);
        for port in self.ports.readable() {
            self.read_port(now, port);
        }
        self.serve_recording(now);
        self.serve_clients(now);
        Ok(None)
    }

    /// Lets the relay take over after the panic of the host with this payload.
    fn fail(&mut self, panic: Box<dyn Any + Send>) {
        self.panics += 1;
        if self.panics == MAX_PANICS {
            resume_unwind(panic);
        }
        // A read may have taken the buffer.
        self.buffer.resize(CHUNK, 0);
        self.check_state = true;
        self.core.fail(Instant::now(), &mut self.effects);
    }

    /// Does `work`; a panic in it does not lose what the caller has yet to do.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            self.fail(panic);
        }
    }

    /// Polls, and marks the ports and clients that are ready.
    fn wait(&mut self) -> io::Result<()> {
        if !self.ports.has_work(&self.core) {
            // No more output comes for now: data that `delays_write` has delayed is written.
            self.flush(Instant::now());
        }
        let timeout = if self.ports.has_work(&self.core) || self.clients.has_work(Instant::now()) {
            Some(Duration::ZERO)
        } else {
            self.ports.deregister_idle(&self.core);
            let deadline = [self.core.deadline(), self.clients.deadline()].into_iter().flatten().min();
            let timeout = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if self.ports.retry_unwatched() {
                Some(timeout.map_or(UNWATCHED, |time| time.min(UNWATCHED)))
            } else {
                timeout
            }
        };
        // EINTR: the turn goes on with the events there are, which `poll` has cleared.
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &self.events {
            self.signals_ready |= event.token() == ports::SIGNALS;
            self.recording.mark(event);
            self.ports.mark(event);
            self.clients.mark(event);
        }
        Ok(())
    }

    /// Reads control clients, and passes their requests to the core.
    fn serve_clients(&mut self, now: Instant) {
        if !self.clients.has_work(now) {
            return;
        }
        panic_for_test("clients");
        // Clients are read before the pty is drained, so that output printed before a request was sent is handled before it.
        let tokens = self.clients.read(now);
        if self.defers_clients(now) {
            return;
        }
        for token in tokens {
            for _ in 0..clients::REQUESTS_PER_TURN {
                let Some(client_request) = self.clients.next_request(token) else { break };
                let ClientRequest { request_id, request, leader, access } = client_request;
                let child = leader.and_then(|leader| self.children.led_by(leader));
                self.handle(now, Input::Request(request_id, request, Requester { child, access }));
            }
            self.clients.end_turn(now, token);
        }
        while let Some(request_id) = self.clients.next_cancelled() {
            self.handle(now, Input::Cancel(request_id));
        }
    }

    /// Reads the pty, and returns whether client requests are deferred to a later turn, because older shell output is left.
    ///
    /// Output printed before a request must be handled first: a new trigger must not match the command line that adds it,
    /// and a script that asks for lines expects those that it has printed. During a flood the wait is bounded.
    fn defers_clients(&mut self, now: Instant) -> bool {
        self.try_read_port(now, Source::Pty);
        let more = self.ports.is_ready(Source::Pty) && self.core.wants_read(Source::Pty);
        self.deferred_turns =
            if more && self.deferred_turns < MAX_DEFERRED_TURNS { self.deferred_turns + 1 } else { 0 };
        self.deferred_turns > 0
    }

    fn handle_pending_signals(&mut self, now: Instant) {
        panic_for_test("signals");
        let events = self.signals.take();
        self.handle_signals(now, events);
    }

    /// Handles `events`. Standard signals do not queue (signal(7)), so each is a hint to look at the state, not a count.
    fn handle_signals(&mut self, now: Instant, events: Vec<SignalEvent>) {
        let ends = job_control::terminating(&events).is_some();
        for event in events {
            match event {
                SignalEvent::Stop if ends => self.signals.discard_stop(),
                SignalEvent::Continue if ends => {}
                SignalEvent::Child => self.reap(now),
                SignalEvent::Resize => self.resize(now),
                SignalEvent::Stop => {
                    self.handle(now, Input::Suspend);
                    // Where coshell did not stop, as while the terminal is lent.
                    self.signals.discard_stop();
                }
                SignalEvent::Continue => self.resume_terminal(now, Vec::new()),
                SignalEvent::Reload => self.configure(now),
                SignalEvent::Terminate(signal) => {
                    self.terminal.give_up();
                    self.handle(now, Input::Terminate(signal));
                }
            }
        }
    }

    /// Passes the configuration to the core, if there is one.
    fn configure(&mut self, now: Instant) {
        let Some(configured) = self.configuration.read() else { return };
        self.guarded(|host| host.log.configured(&configured));
        self.core.configure(now, configured, &mut self.effects);
        self.guarded(|host| {
            host.perform(now);
            host.flush(now);
        });
    }

    /// Reports the window size to the core, if it has changed.
    fn resize(&mut self, now: Instant) {
        if let Some(size) = self.terminal.new_size() {
            self.handle(now, Input::Resized(size));
        }
    }

    /// Types the keys that were read while raw mode was entered.
    fn type_ahead(&mut self, now: Instant) {
        let keys = std::mem::take(&mut self.typed_ahead);
        if !keys.is_empty() {
            self.handle(now, Input::Bytes(Source::Keyboard, &keys));
        }
    }

    /// Reads `port` while it has data and the core wants it, up to the budget of a turn.
    fn read_port(&mut self, now: Instant, port: Source) {
        let mut budget = READ_BUDGET;
        while budget > 0 && self.finished.is_none() && self.ports.is_ready(port) && self.core.wants_read(port) {
            let mut buffer = std::mem::take(&mut self.buffer);
            let result = self.ports.read(port, &mut buffer);
            match result {
                ReadResult::Bytes(n) => {
                    if let Some(size) = self.terminal.look_at_size(now) {
                        self.handle(now, Input::Resized(size));
                    }
                    if self.configuration.look(now) {
                        self.configure(now);
                    }
                    if port == Source::Keyboard {
                        // The poll may report a key before a signal that preceded it. A key typed after a resize is meant
                        // for the new size.
                        self.handle_pending_signals(now);
                    }
                    budget = budget.saturating_sub(n);
                    self.read_since_coproc_write += if port == Source::Pty { n } else { 0 };
                    self.handle(now, Input::Bytes(port, &buffer[..n]));
                }
                // The core needs this of the coprocess only: an empty pipe after the exit means that the output is complete.
                ReadResult::Nothing if port == Source::Coproc => self.handle(now, Input::Empty(port)),
                ReadResult::Nothing => {}
                // On Linux the first EIO of a pty master can precede the last bytes (seen in 5 of 8,000 fast exits); another
                // read returns them.
                ReadResult::End if port == Source::Pty => self.read_pty_end(now, &mut buffer),
                ReadResult::End if port == Source::Keyboard && self.regain_keyboard(now) => {}
                ReadResult::End => self.handle(now, Input::Closed(port)),
            }
            self.buffer = buffer;
        }
    }

    /// Reads `port` as `read_port` does, even if the poll has not reported data yet.
    fn try_read_port(&mut self, now: Instant, port: Source) {
        self.ports.assume_ready(port);
        self.read_port(now, port);
    }

    fn read_pty_end(&mut self, now: Instant, buffer: &mut [u8]) {
        // Without a descriptor for the duplicate (EMFILE) bytes can be lost in that rare case only.
        if let Ok(stream) = self.pty.stream() {
            while let ReadResult::Bytes(n) = stream.read(buffer) {
                self.handle(now, Input::Bytes(Source::Pty, &buffer[..n]));
            }
        }
        if self.pty.reopen_slave()
            && let Ok(stream) = self.pty.stream()
        {
            return self.ports.add_reader(Source::Pty, stream);
        }
        self.handle(now, Input::Closed(Source::Pty));
    }

    /// Passes `input` to the core, performs the effects, and writes the resulting data.
    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.guarded(|host| host.log.input(&input));
        self.core.handle(now, input, &mut self.effects);
        self.guarded(|host| {
            host.perform(now);
            host.flush(now);
        });
    }

    /// Writes pending data to every sink that takes it.
    fn flush(&mut self, now: Instant) {
        panic_for_test("flush");
        for port in self.ports.writable() {
            while !self.core.pending(port).is_empty() && !self.delays_write(port) {
                if port == Sink::Terminal {
                    // Before the write that enables modes: a crash in between resets modes that are off, which is harmless.
                    self.update_crash_handler();
                }
                match self.ports.write(port, self.core.pending(port)) {
                    WriteResult::Bytes(n) => {
                        if !self.core.is_secret(port) {
                            self.log.wrote(port, &self.core.pending(port)[..n]);
                        }
                        self.read_since_coproc_write =
                            if port == Sink::Coproc { 0 } else { self.read_since_coproc_write };
                        self.core.wrote(now, port, n, &mut self.effects);
                        self.perform(now);
                    }
                    WriteResult::Full => break,
                    WriteResult::Gone(error) => {
                        let input = Input::WriteClosed(port, error);
                        self.log.input(&input);
                        self.core.handle(now, input, &mut self.effects);
                        self.perform(now);
                        break;
                    }
                }
            }
        }
        self.flush_recording(now);
    }

    /// Returns whether a write to `port` waits for more data, so that one write carries both.
    fn delays_write(&self, port: Sink) -> bool {
        port == Sink::Coproc
            && self.read_since_coproc_write < COPROC_BATCH
            && self.ports.is_ready(Source::Pty)
            && self.core.wants_read(Source::Pty)
    }

    /// Passes the reset bytes for the enabled modes to the crash handler, if they have changed.
    fn update_crash_handler(&mut self) {
        let modes = self.core.restoring();
        if modes != self.modes {
            crash::set_reset_bytes(&modes);
            self.modes = modes;
        }
    }
}
