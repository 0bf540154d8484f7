//! Standard input and output as the two directions of one connection.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::exit_signals::ExitSignals;
use super::stream::{ReadResult, StreamFd, WriteResult};
use super::tty;

/// Opens the pipe `fd` anew for writing, so that O_NONBLOCK holds for this process alone and each write may take all that
/// fits: a shared description takes PIPE_BUF bytes at once. `None` where it is no pipe, or the system cannot (proc(5)).
fn reopened_pipe(fd: BorrowedFd<'_>) -> Option<File> {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let is_pipe = std::fs::metadata(&path).is_ok_and(|metadata| metadata.file_type().is_fifo());
    // A pipe of another user cannot be opened: the inherited description is used.
    is_pipe.then(|| OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&path).ok()).flatten()
}

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
        let input = tty::open(io::stdin().as_fd())?;
        let output = match reopened_pipe(io::stdout().as_fd()) {
            Some(own) => StreamFd::own(own.into())?,
            None => tty::open(io::stdout().as_fd())?,
        };
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
