//! The ends of all streams, what is known of their readiness, and their registration.
//!
//! mio is edge-triggered: an end for reading stays ready until a read finds nothing, and one that is not ready is
//! registered. An end for writing is ready until a write does not fit, and only then registered. Before the poll sleeps,
//! whatever could only wake us in vain is taken off it: an end for reading that is ready and that nobody wants to read
//! (in a flood, the shell's while the terminal is full), and one for writing that is ready. A hang-up without data is no
//! `is_readable`: whatever the event says, a read is tried.

use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::core::Core;
use crate::sys::stream::{ReadResult, StreamFd, WriteResult};
use crate::types::{Sink, Source};

/// The token of the signals; the ports have those from 2 on.
pub(super) const SIGNALS: Token = Token(0);
const FIRST: usize = 2;
/// Both sources and sinks: two of the terminal, two of the pty, those of the coprocess, those of the background commands.
const PORTS: usize = 4 + crate::core::JOB_SLOTS;

/// A source or a sink, by its index: in the order in which sources are served, the keyboard first and the pty last.
pub(super) trait Port: Copy {
    /// Returns its index, below `PORTS`.
    fn index(self) -> usize;
    /// Returns the port of an index that `index` has given.
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
            last if last == PORTS - 1 => Self::Pty,
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
        }
    }

    fn of(index: usize) -> Self {
        match index {
            0 => Self::Terminal,
            2 => Self::Coproc,
            last if last == PORTS - 1 => Self::Pty,
            slot => Self::Job((slot - 3) as u8),
        }
    }
}

#[derive(Debug)]
struct ReadPort {
    end: StreamFd,
    /// There may be something to read. If not, it is registered, and an event will say when there is.
    ready: bool,
    registered: bool,
}

#[derive(Debug)]
struct WritePort {
    end: StreamFd,
    /// The last write did not fit: it is registered, and an event will say when the next does.
    full: bool,
    registered: bool,
}

/// All ends there are.
#[derive(Debug)]
pub(super) struct Ports {
    registry: Registry,
    readers: [Option<ReadPort>; PORTS],
    writers: [Option<WritePort>; PORTS],
    /// Which of them there are: most slots are empty, and every turn goes through all ports.
    readable: PortSet<Source>,
    writable: PortSet<Sink>,
}

/// A set of sources or of sinks.
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

    /// This port can be read at this end.
    pub(super) fn add_reader(&mut self, port: Source, end: StreamFd) {
        let mut reader = ReadPort { end, ready: true, registered: false };
        reader.register(&self.registry, port);
        self.readers[port.index()] = Some(reader);
        self.readable.insert(port);
    }

    /// This port can be written at this end.
    pub(super) fn add_writer(&mut self, port: Sink, end: StreamFd) {
        self.writers[port.index()] = Some(WritePort { end, full: false, registered: false });
        self.writable.insert(port);
    }

    /// Takes in what the poll reported.
    pub(super) fn mark(&mut self, event: &Event) {
        // The clients have tokens far behind those of the ports.
        let Some(place) = event.token().0.checked_sub(FIRST).filter(|&place| place < 2 * PORTS) else { return };
        if place % 2 == 0 {
            if let Some(reader) = &mut self.readers[place / 2] {
                reader.ready = true;
            }
        } else if let Some(writer) = &mut self.writers[place / 2] {
            writer.full = false;
        }
    }

    /// The poll is about to sleep: what could only wake it in vain is taken off it.
    pub(super) fn rest(&mut self, core: &Core) {
        for port in self.readable {
            if let Some(reader) = &mut self.readers[port.index()]
                && reader.registered
                && reader.ready
                && !core.wants_read(port)
            {
                deregister(&self.registry, &reader.end);
                reader.registered = false;
            }
        }
        for port in self.writable {
            if let Some(writer) = &mut self.writers[port.index()]
                && writer.registered
                && !writer.full
            {
                deregister(&self.registry, &writer.end);
                writer.registered = false;
            }
        }
    }

    /// Whether this port may have something to read.
    pub(super) fn is_ready(&self, port: Source) -> bool {
        self.readers[port.index()].as_ref().is_some_and(|reader| reader.ready)
    }

    /// The ports that can be read, in the order in which they are served.
    pub(super) fn readable(&self) -> PortSet<Source> {
        self.readable
    }

    /// The ports that can be written.
    pub(super) fn writable(&self) -> PortSet<Sink> {
        self.writable
    }

    /// Reads this port once.
    pub(super) fn read(&mut self, port: Source, buffer: &mut [u8]) -> ReadResult {
        let Some(reader) = &mut self.readers[port.index()] else { return ReadResult::Nothing };
        let got = reader.end.read(buffer);
        match got {
            ReadResult::Bytes(_) => {}
            ReadResult::Nothing => {
                reader.ready = false;
                reader.register(&self.registry, port);
            }
            ReadResult::End => self.close_reader(port),
        }
        got
    }

    /// Writes to this port once, if it is known to take anything.
    pub(super) fn write(&mut self, port: Sink, bytes: &[u8]) -> WriteResult {
        let Some(writer) = &mut self.writers[port.index()] else { return WriteResult::Full };
        if writer.full {
            return WriteResult::Full;
        }
        let put = writer.end.write(bytes);
        match put {
            // One that took a part only is full: to ask again would be a call for nothing.
            WriteResult::Bytes(n) if n == bytes.len() || !writer.end.takes_what_it_can() => {}
            WriteResult::Bytes(_) | WriteResult::Full => {
                writer.register(&self.registry, port);
                // What cannot be registered, a file, is never full.
                writer.full = writer.registered;
            }
            WriteResult::Gone(_) => self.close_writer(port),
        }
        put
    }

    /// Whether any port is ready that the core wants to read.
    pub(super) fn has_work(&self, core: &Core) -> bool {
        self.readable().any(|port| self.is_ready(port) && core.wants_read(port))
    }

    /// A read of this port will be tried, although nothing was reported.
    pub(super) fn look_again(&mut self, port: Source) {
        if let Some(reader) = &mut self.readers[port.index()] {
            reader.ready = true;
        }
    }

    pub(super) fn close_reader(&mut self, port: Source) {
        self.readable.remove(port);
        if let Some(reader) = self.readers[port.index()].take()
            && reader.registered
        {
            deregister(&self.registry, &reader.end);
        }
    }

    pub(super) fn close_writer(&mut self, port: Sink) {
        self.writable.remove(port);
        if let Some(writer) = self.writers[port.index()].take()
            && writer.registered
        {
            deregister(&self.registry, &writer.end);
        }
    }
}

impl ReadPort {
    /// An event will say when there is something to read, or that there is now.
    fn register(&mut self, registry: &Registry, port: Source) {
        let token = Token(FIRST + 2 * port.index());
        // A file or /dev/null cannot be registered (epoll: EPERM) and is always ready.
        self.registered = self.registered
            || registry.register(&mut SourceFd(&self.end.as_raw_fd()), token, Interest::READABLE).is_ok();
    }
}

impl WritePort {
    /// An event will say when the next write fits.
    fn register(&mut self, registry: &Registry, port: Sink) {
        let token = Token(FIRST + 2 * port.index() + 1);
        self.registered = self.registered
            || registry.register(&mut SourceFd(&self.end.as_raw_fd()), token, Interest::WRITABLE).is_ok();
    }
}

/// Before the descriptor is closed: a duplicate of it elsewhere would keep it in the poll.
fn deregister(registry: &Registry, end: &StreamFd) {
    let result: io::Result<()> = registry.deregister(&mut SourceFd(&end.as_raw_fd()));
    debug_assert!(result.is_ok(), "it was registered");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_gives_its_ports_in_the_order_of_service() {
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
