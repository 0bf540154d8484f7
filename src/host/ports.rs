//! Descriptors of all sources and sinks, their readiness, and their registration with the poll.
//!
//! mio is edge-triggered. A source is ready until a read finds no data; then it is registered. A sink is ready until a
//! write does not fit; only then is it registered. Before the poll sleeps, registrations that could only cause a useless
//! wakeup are removed: a ready source that the core does not want to read (the pty during a flood, while the terminal is
//! full), and a ready sink. mio reports a hang-up without data as not `is_readable`, so any event of a source leads to a
//! read.

use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::os::fd::AsRawFd;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::core::GuardedCore;
use crate::sys::stream::{ReadResult, StreamFd, WriteResult};
use crate::types::{Sink, Source};

/// Token of the signals; ports have the tokens from 2 on.
pub(super) const SIGNALS: Token = Token(0);
/// Token of the thread that writes a recording.
pub(super) const RECORDING: Token = Token(1);
const FIRST_TOKEN: usize = 2;
/// Number of sources, and of sinks: terminal, pty, coprocess (two), and one for each background command.
const PORTS: usize = 4 + crate::core::JOB_SLOTS;

/// A source or a sink with an index, which is the order of service: the keyboard first, the pty last.
pub(super) trait Port: Copy {
    /// Returns the index, below `PORTS`.
    fn index(self) -> usize;
    /// Returns the port with this `index`, which must be one that the method `index` returns.
    fn of(index: usize) -> Self;
}

impl Port for Source {
    fn index(self) -> usize {
        match self {
            Self::Keyboard => 0,
            Self::CoprocErr => 1,
            Self::Coproc => 2,
            Self::Job(slot) => 3 + usize::from(slot),
            Self::Pty => PORTS - 1,
        }
    }

    fn of(index: usize) -> Self {
        match index {
            0 => Self::Keyboard,
            1 => Self::CoprocErr,
            2 => Self::Coproc,
            pty if pty == PORTS - 1 => Self::Pty,
            slot => Self::Job((slot - 3) as u8),
        }
    }
}

impl Port for Sink {
    fn index(self) -> usize {
        match self {
            Self::Terminal => 0,
            Self::Coproc => 2,
            Self::Job(slot) => 3 + usize::from(slot),
            Self::Pty => PORTS - 1,
            // A thread writes it; it is never among the ports.
            Self::Recording => 1,
        }
    }

    fn of(index: usize) -> Self {
        match index {
            0 => Self::Terminal,
            1 => Self::Recording,
            2 => Self::Coproc,
            pty if pty == PORTS - 1 => Self::Pty,
            slot => Self::Job((slot - 3) as u8),
        }
    }
}

#[derive(Debug)]
struct ReadPort {
    fd: StreamFd,
    /// Data may be available. If not, the descriptor is registered, and an event sets this again.
    ready: bool,
    registered: bool,
    /// The descriptor should be registered, but the system lacked memory.
    unwatched: bool,
}

#[derive(Debug)]
struct WritePort {
    fd: StreamFd,
    /// The last write did not fit. The descriptor is registered, and an event clears this.
    full: bool,
    registered: bool,
    /// The descriptor should be registered, but the system lacked memory.
    unwatched: bool,
}

/// The open sources and sinks of a session.
#[derive(Debug)]
pub(super) struct Ports {
    registry: Registry,
    readers: [Option<ReadPort>; PORTS],
    writers: [Option<WritePort>; PORTS],
    /// The occupied slots of `readers`: most are empty, and every turn visits all ports.
    readable: PortSet<Source>,
    /// The occupied slots of `writers`.
    writable: PortSet<Sink>,
}

/// A set of sources or of sinks, as a bit mask of their indices; as an iterator it is consumed in order of service.
#[derive(Clone, Copy, Debug)]
pub(super) struct PortSet<P>(u32, PhantomData<P>);

impl<P> Default for PortSet<P> {
    fn default() -> Self {
        Self(0, PhantomData)
    }
}

impl<P: Port> PortSet<P> {
    fn insert(&mut self, port: P) {
        self.0 |= 1 << port.index();
    }

    fn remove(&mut self, port: P) {
        self.0 &= !(1 << port.index());
    }
}

impl<P: Port> Iterator for PortSet<P> {
    type Item = P;

    fn next(&mut self) -> Option<P> {
        let first = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (first < u32::BITS).then(|| P::of(first as usize))
    }
}

impl Ports {
    pub(super) fn new(registry: Registry) -> Self {
        let (readers, writers) = ([const { None }; PORTS], [const { None }; PORTS]);
        Self { registry, readers, writers, readable: PortSet::default(), writable: PortSet::default() }
    }

    /// Opens the source `port` on `fd`.
    pub(super) fn add_reader(&mut self, port: Source, fd: StreamFd) {
        let mut reader = ReadPort { fd, ready: true, registered: false, unwatched: false };
        reader.register(&self.registry, port);
        self.readers[port.index()] = Some(reader);
        self.readable.insert(port);
    }

    /// Opens the sink `port` on `fd`.
    pub(super) fn add_writer(&mut self, port: Sink, fd: StreamFd) {
        self.writers[port.index()] = Some(WritePort { fd, full: false, registered: false, unwatched: false });
        self.writable.insert(port);
    }

    /// Marks the port of `event` as ready.
    pub(super) fn mark(&mut self, event: &Event) {
        // Tokens from 1000 on belong to clients.
        let Some(index) = event.token().0.checked_sub(FIRST_TOKEN).filter(|&index| index < 2 * PORTS) else { return };
        if index % 2 == 0 {
            if let Some(reader) = &mut self.readers[index / 2] {
                reader.ready = true;
            }
        } else if let Some(writer) = &mut self.writers[index / 2] {
            writer.full = false;
        }
    }

    /// Deregisters the ports whose events are of no use now; called before the poll sleeps.
    pub(super) fn deregister_idle(&mut self, core: &GuardedCore) {
        for port in self.readable {
            if let Some(reader) = &mut self.readers[port.index()]
                && reader.registered
                && reader.ready
                && !core.wants_read(port)
            {
                deregister(&self.registry, &reader.fd);
                reader.registered = false;
            }
        }
        for port in self.writable {
            if let Some(writer) = &mut self.writers[port.index()]
                && writer.registered
                && !writer.full
            {
                deregister(&self.registry, &writer.fd);
                writer.registered = false;
            }
        }
    }

    /// Returns whether `port` may have data to read.
    pub(super) fn is_ready(&self, port: Source) -> bool {
        self.readers[port.index()].as_ref().is_some_and(|reader| reader.ready)
    }

    /// Returns the open sources, in order of service.
    pub(super) fn readable(&self) -> PortSet<Source> {
        self.readable
    }

    /// Returns the open sinks, in order of service.
    pub(super) fn writable(&self) -> PortSet<Sink> {
        self.writable
    }

    /// Reads `port` once into `buffer`; closes it at its end.
    pub(super) fn read(&mut self, port: Source, buffer: &mut [u8]) -> ReadResult {
        let Some(reader) = &mut self.readers[port.index()] else { return ReadResult::Nothing };
        let result = reader.fd.read(buffer);
        match result {
            ReadResult::Bytes(_) => {}
            ReadResult::Nothing => {
                reader.ready = false;
                reader.register(&self.registry, port);
            }
            ReadResult::End => self.close_reader(port),
        }
        result
    }

    /// Writes `bytes` to `port` once, unless it is known to be full; closes it after an error.
    pub(super) fn write(&mut self, port: Sink, bytes: &[u8]) -> WriteResult {
        let Some(writer) = &mut self.writers[port.index()] else { return WriteResult::Full };
        if writer.full {
            return WriteResult::Full;
        }
        let result = writer.fd.write(bytes);
        match result {
            // A partial write to a non-blocking descriptor means that it is full: a second call would only give EAGAIN.
            WriteResult::Bytes(n) if n == bytes.len() || !writer.fd.is_nonblocking() => {}
            WriteResult::Bytes(_) | WriteResult::Full => {
                writer.register(&self.registry, port);
                // A descriptor that cannot be registered is a file, which is never full.
                writer.full = writer.registered;
            }
            WriteResult::Gone(_) => self.close_writer(port),
        }
        result
    }

    /// Returns whether a source is ready that `core` wants to read.
    pub(super) fn has_work(&self, core: &GuardedCore) -> bool {
        self.readable().any(|port| self.is_ready(port) && core.wants_read(port))
    }

    /// Returns whether a port waits that the poll does not watch, and marks such ports, so that the next turn tries them
    /// without an event.
    pub(super) fn retry_unwatched(&mut self) -> bool {
        let mut any = false;
        for port in self.readable {
            if let Some(reader) = self.readers[port.index()].as_mut().filter(|reader| reader.unwatched) {
                (reader.ready, reader.unwatched, any) = (true, false, true);
            }
        }
        for port in self.writable {
            if let Some(writer) = self.writers[port.index()].as_mut().filter(|writer| writer.unwatched) {
                (writer.unwatched, any) = (false, true);
            }
        }
        any
    }

    /// Marks `port` as ready without an event, so that a read is tried.
    pub(super) fn assume_ready(&mut self, port: Source) {
        if let Some(reader) = &mut self.readers[port.index()] {
            reader.ready = true;
        }
    }

    pub(super) fn close_reader(&mut self, port: Source) {
        self.readable.remove(port);
        if let Some(reader) = self.readers[port.index()].take()
            && reader.registered
        {
            deregister(&self.registry, &reader.fd);
        }
    }

    pub(super) fn close_writer(&mut self, port: Sink) {
        self.writable.remove(port);
        if let Some(writer) = self.writers[port.index()].take()
            && writer.registered
        {
            deregister(&self.registry, &writer.fd);
        }
    }
}

impl ReadPort {
    /// Registers the descriptor, unless it is registered; data that is available already causes an event too.
    fn register(&mut self, registry: &Registry, port: Source) {
        if !self.registered {
            let token = Token(FIRST_TOKEN + 2 * port.index());
            let result = registry.register(&mut SourceFd(&self.fd.as_raw_fd()), token, Interest::READABLE);
            (self.registered, self.unwatched) = (result.is_ok(), lacks_memory(result));
        }
    }
}

impl WritePort {
    /// Registers the descriptor, unless it is registered.
    fn register(&mut self, registry: &Registry, port: Sink) {
        if !self.registered {
            let token = Token(FIRST_TOKEN + 2 * port.index() + 1);
            let result = registry.register(&mut SourceFd(&self.fd.as_raw_fd()), token, Interest::WRITABLE);
            (self.registered, self.unwatched) = (result.is_ok(), lacks_memory(result));
        }
    }
}

/// Returns whether a registration failed for want of memory (ENOMEM) or of watches (ENOSPC): epoll_ctl(2). Any other error
/// (EPERM) is that of a regular file or of /dev/null, which is always ready.
fn lacks_memory(registration: io::Result<()>) -> bool {
    registration.is_err_and(|error| matches!(error.kind(), ErrorKind::OutOfMemory | ErrorKind::StorageFull))
}

/// Removes a descriptor from the poll. Must precede close: epoll keeps a registration while a duplicate is open (epoll(7)).
fn deregister(registry: &Registry, fd: &StreamFd) {
    let result: io::Result<()> = registry.deregister(&mut SourceFd(&fd.as_raw_fd()));
    // In a release build an error is ignored: the descriptor is closed next.
    debug_assert!(result.is_ok(), "only registered descriptors are deregistered");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_set_iterates_in_service_order() {
        let mut set = PortSet::default();
        let sources =
            [Source::Pty, Source::Job(15), Source::Keyboard, Source::Job(0), Source::Coproc, Source::CoprocErr];
        for source in sources {
            set.insert(source);
            assert_eq!(Source::of(source.index()), source);
        }
        for sink in [Sink::Terminal, Sink::Pty, Sink::Coproc, Sink::Job(0), Sink::Job(15)] {
            assert_eq!(Sink::of(sink.index()), sink);
        }
        set.remove(Source::CoprocErr);
        let order: Vec<_> = set.collect();
        assert_eq!(order, [Source::Keyboard, Source::Coproc, Source::Job(0), Source::Job(15), Source::Pty]);
    }
}
