//! The loop: wait, mark, serve, perform. The only place where `core` and `sys` meet; it decides nothing.

mod children;
mod clients;
mod log;
mod perform;
mod ports;
mod start;
mod terminal;

use std::io;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use signal_hook_mio::v1_0::Signals;

use crate::core::{Core, Effect, Input, Settings};
use crate::sys::child::Program;
use crate::sys::crash;
use crate::sys::line_file::LineFile;
use crate::sys::pty::Pty;
use crate::sys::signals::SignalEvent;
use crate::sys::stream::{ReadResult, WriteResult};
use crate::types::{ExitStatus, Sink, Source};
use children::Children;
use clients::Clients;
pub use log::{Level, Log};
use ports::Ports;
use terminal::OuterTerminal;

/// What a port is read of in one turn: in a flood one read of a pty (4,095 bytes on Linux), so that a key waits for no
/// more than that.
const BUDGET: usize = 2 * 1024;
/// More than a read of a pty master ever gives (4,095 bytes on Linux).
const CHUNK: usize = 64 * 1024;
/// In a flood a coprocess is given at once what so much output makes: each write wakes it, and costs as much as one to
/// the terminal.
const GATHERED: usize = 16 * 1024;

/// How many turns clients are put off so that what was printed before is heard: with two reads of a pty in each, more
/// than a pty holds (20 KB on Linux).
const PUT_OFF: u32 = 4;

/// What a session is started with.
#[derive(Debug)]
pub struct Launch {
    /// The shell, or the command in its place.
    pub program: Program,
    /// What the core is made of; what the terminal says is filled in here.
    pub settings: Settings,
    /// Where the session's socket may lie, the best first.
    pub sockets: Vec<PathBuf>,
    /// Where the commands that are run from the menu are kept between sessions.
    pub recent: Option<PathBuf>,
    /// Where everything that happens is written down.
    pub log: Log,
}

/// How a session ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status.
    pub exit: ExitStatus,
    /// What could not be shown on the terminal.
    pub warnings: Vec<String>,
}

/// Why there is no session.
#[derive(Debug)]
pub enum StartRefusal {
    /// The program could not be started.
    Program(io::Error),
    /// Something else failed; what, in a few words.
    System(&'static str, io::Error),
}

/// Runs a session to its end.
pub fn run(launch: Launch) -> Result<Outcome, StartRefusal> {
    let mut host = Host::start(launch)?;
    loop {
        if let Some(exit) = host.turn()? {
            provoke("exit");
            host.clients.take_leave(Instant::now());
            return Ok(Outcome { exit, warnings: std::mem::take(&mut host.warnings) });
        }
    }
}

struct Host {
    // Dropped first: the terminal is put back before anything else is taken down.
    terminal: OuterTerminal,
    // Neither is dropped, since the process ends with the session: a thousand triggers and fifty handlers take time.
    core: ManuallyDrop<Core>,
    poll: Poll,
    events: Events,
    signals: ManuallyDrop<Signals>,
    /// The poll has reported signals.
    signalled: bool,
    ports: Ports,
    pty: Pty,
    children: Children,
    clients: Clients,
    /// The commands that are run from the menu.
    recent: LineFile,
    effects: Vec<Effect>,
    warnings: Vec<String>,
    /// The modes that a crash would have to turn off, as the crash handler has them.
    modes: Vec<u8>,
    buffer: Vec<u8>,
    log: Log,
    /// How much was read of the shell since the coprocess was given anything.
    ungiven: usize,
    /// How many turns the clients have been put off.
    put_off: u32,
    finished: Option<ExitStatus>,
}

impl Host {
    /// One turn of the loop; the exit status where it was the last.
    fn turn(&mut self) -> Result<Option<ExitStatus>, StartRefusal> {
        self.wait().map_err(|error| StartRefusal::System("the poll failed", error))?;
        provoke("relay");
        let now = Instant::now();
        if std::mem::take(&mut self.signalled) {
            self.hear_signals(now);
        }
        if self.core.deadline().is_some_and(|at| now >= at) {
            // It may come late: what has been typed meanwhile may be the rest of a key, and what the shell has printed is no
            // silence of the shell's.
            for port in [Source::Keyboard, Source::Pty] {
                self.serve_unasked(now, port);
            }
            self.handle(now, Input::Deadline);
        }
        self.flush(now);
        for port in self.ports.readable() {
            self.serve(now, port);
        }
        self.serve_clients(now);
        Ok(self.finished)
    }

    /// Waits for something to do, and marks what is ready.
    fn wait(&mut self) -> io::Result<()> {
        if !self.ports.has_work(&self.core) {
            // Nothing more is gathered.
            self.flush(Instant::now());
        }
        if self.finished.is_some() {
            return Ok(());
        }
        let timeout = if self.ports.has_work(&self.core) || self.clients.has_work(Instant::now()) {
            Some(Duration::ZERO)
        } else {
            self.ports.rest(&self.core);
            let first = [self.core.deadline(), self.clients.deadline()].into_iter().flatten().min();
            first.map(|at| at.saturating_duration_since(Instant::now()))
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &self.events {
            self.signalled |= event.token() == ports::SIGNALS;
            self.ports.mark(event);
            self.clients.mark(event);
        }
        Ok(())
    }

    /// Takes what control clients ask to the core.
    fn serve_clients(&mut self, now: Instant) {
        if !self.clients.has_work(now) {
            return;
        }
        // In this order: what they have said is older than what the shell is found to have printed then.
        let tokens = self.clients.hear(now);
        if self.has_more_to_hear(now) {
            return;
        }
        for token in tokens {
            for _ in 0..clients::REQUESTS {
                let Some(asked) = self.clients.next(token) else { break };
                self.handle(now, Input::Request(asked.request_id, asked.command));
            }
            self.clients.settle(now, token);
        }
        while let Some(request_id) = self.clients.next_withdrawn() {
            self.handle(now, Input::Cancel(request_id));
        }
    }

    /// What the shell printed before somebody asked is heard before it is answered: a trigger that is added must not see the
    /// line that adds it, and a script that asks for lines finds those that it has printed. In a flood that ends where a
    /// pty's worth of output has passed meanwhile.
    fn has_more_to_hear(&mut self, now: Instant) -> bool {
        self.serve_unasked(now, Source::Pty);
        let more = self.ports.is_ready(Source::Pty) && self.core.wants_read(Source::Pty);
        self.put_off = if more && self.put_off < PUT_OFF { self.put_off + 1 } else { 0 };
        self.put_off > 0
    }

    fn hear_signals(&mut self, now: Instant) {
        let events = self.signals.pending().map(SignalEvent::of).collect();
        self.obey(now, events);
    }

    /// Signals coalesce, so they are acted on by what is the case, not by how many came.
    fn obey(&mut self, now: Instant, events: Vec<SignalEvent>) {
        let continued = events.contains(&SignalEvent::Continue);
        for event in events {
            match event {
                // Stopped now, it would wait for a SIGCONT that has come.
                SignalEvent::Stop if continued => {}
                SignalEvent::Child => self.reap(now),
                SignalEvent::Resize => self.resize(now),
                SignalEvent::Stop => self.handle(now, Input::Suspend),
                SignalEvent::Continue => self.take_terminal_again(now),
                SignalEvent::Terminate(signal) => self.handle(now, Input::Terminate(signal)),
            }
        }
    }

    /// Takes the window's size over to the pty, if it has changed.
    fn resize(&mut self, now: Instant) {
        if let Some(size) = self.terminal.new_size() {
            self.handle(now, Input::Resized(size));
        }
    }

    fn take_terminal_again(&mut self, now: Instant) {
        // The terminal may be gone: its hang-up is on the way as an event of its own.
        drop(self.terminal.resume());
        self.resize(now);
    }

    /// Reads a port as long as there is something and the core wants it, within the budget.
    fn serve(&mut self, now: Instant, port: Source) {
        let mut left = BUDGET;
        while left > 0 && self.finished.is_none() && self.ports.is_ready(port) && self.core.wants_read(port) {
            let mut buffer = std::mem::take(&mut self.buffer);
            let got = self.ports.read(port, &mut buffer);
            match got {
                ReadResult::Bytes(n) => {
                    if port == Source::Keyboard {
                        // The poll may tell of a key and not yet of a signal that came before it: what is typed after the
                        // window has a new size is meant for that size.
                        self.hear_signals(now);
                    }
                    left = left.saturating_sub(n);
                    self.ungiven += if port == Source::Pty { n } else { 0 };
                    self.handle(now, Input::Bytes(port, &buffer[..n]));
                }
                // Nobody else's silence says anything.
                ReadResult::Nothing if port == Source::Coproc => self.handle(now, Input::Empty(port)),
                ReadResult::Nothing => {}
                // On Linux the first EIO of a pty master can come before its last bytes (seen in 5 of 8,000 fast
                // exits); one more read finds them.
                ReadResult::End if port == Source::Pty => self.serve_last(now, &mut buffer),
                ReadResult::End => self.handle(now, Input::Closed(port)),
            }
            self.buffer = buffer;
        }
    }

    /// The same, although the poll may not have told yet that there is something.
    fn serve_unasked(&mut self, now: Instant, port: Source) {
        self.ports.look_again(port);
        self.serve(now, port);
    }

    fn serve_last(&mut self, now: Instant, buffer: &mut [u8]) {
        if let Ok(end) = self.pty.end() {
            while let ReadResult::Bytes(n) = end.read(buffer) {
                self.handle(now, Input::Bytes(Source::Pty, &buffer[..n]));
            }
        }
        self.handle(now, Input::Closed(Source::Pty));
    }

    /// Gives the core an input, and does at once what follows from it.
    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.log.input(&input);
        self.core.handle(now, input, &mut self.effects);
        self.perform(now);
        self.flush(now);
    }

    /// Writes what waits, to whoever takes it.
    fn flush(&mut self, now: Instant) {
        for port in self.ports.writable() {
            while !self.core.pending(port).is_empty() && !self.gathers(port) {
                if port == Sink::Terminal {
                    // Before they are on: a crash between the two turns off what is off, which does no harm.
                    self.remember_modes();
                }
                match self.ports.write(port, self.core.pending(port)) {
                    WriteResult::Bytes(n) => {
                        if !self.core.is_secret(port) {
                            self.log.wrote(port, &self.core.pending(port)[..n]);
                        }
                        self.ungiven = if port == Sink::Coproc { 0 } else { self.ungiven };
                        self.core.wrote(now, port, n, &mut self.effects);
                        self.perform(now);
                    }
                    WriteResult::Full => break,
                    WriteResult::Gone(loss) => {
                        let input = Input::WriteClosed(port, loss);
                        self.log.input(&input);
                        self.core.handle(now, input, &mut self.effects);
                        self.perform(now);
                        break;
                    }
                }
            }
        }
    }

    /// Whether more is about to come for this port that is better written with what waits.
    fn gathers(&self, port: Sink) -> bool {
        port == Sink::Coproc
            && self.ungiven < GATHERED
            && self.ports.is_ready(Source::Pty)
            && self.core.wants_read(Source::Pty)
    }

    /// Tells the crash handler what programs have turned on.
    fn remember_modes(&mut self) {
        let modes = self.core.restoring();
        if modes != self.modes {
            crash::modes(&modes);
            self.modes = modes;
        }
    }
}

/// Panics where a test asks for it, to see that the terminal is put back.
fn provoke(phase: &str) {
    if cfg!(debug_assertions) && std::env::var_os("COSHELL_TEST_PANIC").is_some_and(|wanted| wanted == phase) {
        panic!("provoked at {phase}");
    }
}
