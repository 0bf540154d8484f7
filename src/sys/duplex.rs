//! Standard input and output as the two directions of one connection.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::exit_signals::ExitSignals;
use super::stream::{ReadResult, StreamFd, WriteResult};
use super::tty;

/// Both directions, and the signals that are waited for with them.
#[derive(Debug)]
pub struct Duplex {
    input: StreamFd,
    output: StreamFd,
    signals: ExitSignals,
}

impl Duplex {
    /// Opens standard input and output.
    pub fn open(signals: ExitSignals) -> io::Result<Self> {
        let (input, output) = (tty::open(io::stdin().as_fd())?, tty::open(io::stdout().as_fd())?);
        Ok(Self { input, output, signals })
    }

    /// Waits until bytes can be read, where `reads`, or written, where `writes`, until a signal comes, or until `time` is over.
    pub fn wait(&self, reads: bool, writes: bool, time: Option<Duration>) {
        // Only what is waited for: poll(2) reports a hang-up without being asked, and would not wait.
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        fds.extend(reads.then(|| PollFd::new(self.input.as_fd(), PollFlags::POLLIN)));
        fds.extend(writes.then(|| PollFd::new(self.output.as_fd(), PollFlags::POLLOUT)));
        // Rounded up: a wait of 0 ms would not wait.
        let timeout = time.map_or(PollTimeout::NONE, |time| {
            PollTimeout::try_from(time + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
        });
        // EINTR: a signal, which the caller takes. The caller tries to read and write after any other error too.
        let _ = poll(&mut fds, timeout);
    }

    /// Takes a signal that has come.
    pub fn signal(&self) -> Option<i32> {
        self.signals.take()
    }

    /// Reads the bytes that are there.
    pub fn read(&self, buffer: &mut [u8]) -> ReadResult {
        self.input.read(buffer)
    }

    /// Writes as many of `bytes` as fit. Returns their number, `None` where the other side is gone.
    pub fn write(&self, bytes: &[u8]) -> Option<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.output.write(&bytes[written..]) {
                WriteResult::Bytes(n) => written += n,
                WriteResult::Full => break,
                WriteResult::Gone(_) => return None,
            }
        }
        Some(written)
    }
}
