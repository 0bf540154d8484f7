//! The ends of all streams, what is known of their readiness, and their registration.
//!
//! mio is edge-triggered: an end for reading stays ready until a read finds nothing, and one that is not ready is
//! registered. An end for writing is ready until a write does not fit, and only then registered. Before the poll sleeps,
//! whatever could only wake us in vain is taken off it: an end for reading that is ready and that nobody wants to read
//! (in a flood, the shell's while the terminal is full), and one for writing that is ready. A hang-up without data is no
//! `is_readable`: whatever the event says, a read is tried.

use std::io;
use std::os::fd::AsRawFd;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::core::Core;
use crate::sys::stream::{ReadResult, StreamFd, WriteResult};
use crate::types::Port;

/// The token of the signals; the ports have those from 2 on.
pub(super) const SIGNALS: Token = Token(0);
const FIRST: usize = 2;
/// Tty, `CoprocErr`, Coproc, the slots of background commands, Shell: in the order in which they are served, the
/// keyboard first and the shell last.
const PORTS: usize = 4 + crate::core::RUN_SLOTS;

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
    readable: PortSet,
    writable: PortSet,
}

/// A set of ports.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PortSet(u32);

impl PortSet {
    fn insert(&mut self, port: Port) {
        self.0 |= 1 << index(port);
    }

    fn remove(&mut self, port: Port) {
        self.0 &= !(1 << index(port));
    }
}

impl Iterator for PortSet {
    type Item = Port;

    fn next(&mut self) -> Option<Port> {
        let first = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (first < u32::BITS).then(|| port(first as usize))
    }
}

impl Ports {
    pub(super) fn new(registry: Registry) -> Self {
        let (readers, writers) = ([const { None }; PORTS], [const { None }; PORTS]);
        Self { registry, readers, writers, readable: PortSet::default(), writable: PortSet::default() }
    }

    /// This port can be read at this end.
    pub(super) fn add_reader(&mut self, port: Port, end: StreamFd) {
        let mut reader = ReadPort { end, ready: true, registered: false };
        reader.register(&self.registry, port);
        self.readers[index(port)] = Some(reader);
        self.readable.insert(port);
    }

    /// This port can be written at this end.
    pub(super) fn add_writer(&mut self, port: Port, end: StreamFd) {
        self.writers[index(port)] = Some(WritePort { end, full: false, registered: false });
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
            if let Some(reader) = &mut self.readers[index(port)]
                && reader.registered
                && reader.ready
                && !core.wants_read(port)
            {
                deregister(&self.registry, &reader.end);
                reader.registered = false;
            }
        }
        for port in self.writable {
            if let Some(writer) = &mut self.writers[index(port)]
                && writer.registered
                && !writer.full
            {
                deregister(&self.registry, &writer.end);
                writer.registered = false;
            }
        }
    }

    /// Whether this port may have something to read.
    pub(super) fn is_ready(&self, port: Port) -> bool {
        self.readers[index(port)].as_ref().is_some_and(|reader| reader.ready)
    }

    /// The ports that can be read, in the order in which they are served.
    pub(super) fn readable(&self) -> PortSet {
        self.readable
    }

    /// The ports that can be written.
    pub(super) fn writable(&self) -> PortSet {
        self.writable
    }

    /// Reads this port once.
    pub(super) fn read(&mut self, port: Port, buffer: &mut [u8]) -> ReadResult {
        let Some(reader) = &mut self.readers[index(port)] else { return ReadResult::Nothing };
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
    pub(super) fn write(&mut self, port: Port, bytes: &[u8]) -> WriteResult {
        let Some(writer) = &mut self.writers[index(port)] else { return WriteResult::Full };
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
    pub(super) fn look_again(&mut self, port: Port) {
        if let Some(reader) = &mut self.readers[index(port)] {
            reader.ready = true;
        }
    }

    pub(super) fn close_reader(&mut self, port: Port) {
        self.readable.remove(port);
        if let Some(reader) = self.readers[index(port)].take()
            && reader.registered
        {
            deregister(&self.registry, &reader.end);
        }
    }

    pub(super) fn close_writer(&mut self, port: Port) {
        self.writable.remove(port);
        if let Some(writer) = self.writers[index(port)].take()
            && writer.registered
        {
            deregister(&self.registry, &writer.end);
        }
    }
}

impl ReadPort {
    /// An event will say when there is something to read, or that there is now.
    fn register(&mut self, registry: &Registry, port: Port) {
        let token = Token(FIRST + 2 * index(port));
        // A file or /dev/null cannot be registered (epoll: EPERM) and is always ready.
        self.registered = self.registered
            || registry.register(&mut SourceFd(&self.end.as_raw_fd()), token, Interest::READABLE).is_ok();
    }
}

impl WritePort {
    /// An event will say when the next write fits.
    fn register(&mut self, registry: &Registry, port: Port) {
        let token = Token(FIRST + 2 * index(port) + 1);
        self.registered = self.registered
            || registry.register(&mut SourceFd(&self.end.as_raw_fd()), token, Interest::WRITABLE).is_ok();
    }
}

/// Before the descriptor is closed: a duplicate of it elsewhere would keep it in the poll.
fn deregister(registry: &Registry, end: &StreamFd) {
    let result: io::Result<()> = registry.deregister(&mut SourceFd(&end.as_raw_fd()));
    debug_assert!(result.is_ok(), "it was registered");
}

fn index(port: Port) -> usize {
    match port {
        Port::Tty => 0,
        Port::CoprocErr => 1,
        Port::Coproc => 2,
        Port::Run(slot) => 3 + usize::from(slot),
        Port::Shell => PORTS - 1,
    }
}

fn port(index: usize) -> Port {
    match index {
        0 => Port::Tty,
        1 => Port::CoprocErr,
        2 => Port::Coproc,
        last if last == PORTS - 1 => Port::Shell,
        slot => Port::Run((slot - 3) as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_its_ports_in_the_order_of_service() {
        let mut set = PortSet::default();
        for port in [Port::Shell, Port::Run(15), Port::Tty, Port::Run(0), Port::Coproc, Port::CoprocErr] {
            set.insert(port);
            assert_eq!(super::port(index(port)), port);
        }
        set.remove(Port::CoprocErr);
        let order: Vec<_> = set.collect();
        assert_eq!(order, [Port::Tty, Port::Coproc, Port::Run(0), Port::Run(15), Port::Shell]);
    }
}
