//! Byte streams on descriptors: reads and writes that never block, even on a descriptor shared with other processes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd;

use crate::types::WriteError;

/// Bytes that a polled write may carry: a pipe that poll(2) reports writable takes PIPE_BUF bytes without blocking, and
/// POSIX guarantees 512 (pipe(7)).
const POLLED_WRITE_MAX: usize = 512;

/// Result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadResult {
    /// This many bytes.
    Bytes(usize),
    /// No bytes are available now.
    Nothing,
    /// End of file, or an error after which no bytes will come.
    End,
}

/// Result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteResult {
    /// This many bytes were written.
    Bytes(usize),
    /// No bytes can be written now.
    Full,
    /// No bytes can be written any more.
    Gone(WriteError),
}

/// The method that keeps calls on a descriptor from blocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FdKind {
    /// The open file description is not shared and has O_NONBLOCK.
    Nonblocking,
    /// The description is shared with the shell that started coshell, for which O_NONBLOCK would hold too (open(2)):
    /// poll(2) precedes every call instead.
    Polled,
}

/// A descriptor for reading, writing or both, on which no call blocks.
#[derive(Debug)]
pub struct StreamFd {
    fd: OwnedFd,
    kind: FdKind,
}

impl StreamFd {
    /// Takes over `fd`, whose open file description no other process uses, and sets O_NONBLOCK and FD_CLOEXEC.
    pub fn own(fd: OwnedFd) -> io::Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        close_on_exec(&fd)?;
        Ok(Self { fd, kind: FdKind::Nonblocking })
    }

    /// Duplicates `fd`, whose open file description is shared, and polls it before every call.
    pub fn inherited(fd: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self { fd: fd.try_clone_to_owned()?, kind: FdKind::Polled })
    }

    /// Duplicates the descriptor, so that both can be registered with the poll: epoll(7) takes a descriptor
    /// once.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, kind: self.kind })
    }

    /// Reads available bytes into `buffer`; retries on EINTR.
    pub fn read(&self, buffer: &mut [u8]) -> ReadResult {
        loop {
            if self.kind == FdKind::Polled && !self.is_ready(PollFlags::POLLIN) {
                return ReadResult::Nothing;
            }
            match unistd::read(&self.fd, buffer) {
                Ok(0) => return ReadResult::End,
                Ok(n) => return ReadResult::Bytes(n),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return ReadResult::Nothing,
                // EIO: Linux reports it on a master whose slave is closed. After any other error no bytes come either.
                Err(_) => return ReadResult::End,
            }
        }
    }

    /// Writes as many of `bytes` as fit now; retries on EINTR.
    pub fn write(&self, bytes: &[u8]) -> WriteResult {
        let limited = &bytes[..bytes.len().min(POLLED_WRITE_MAX)];
        loop {
            let bytes = match self.kind {
                FdKind::Nonblocking => bytes,
                FdKind::Polled if self.is_ready(PollFlags::POLLOUT) => limited,
                FdKind::Polled => return WriteResult::Full,
            };
            match unistd::write(&self.fd, bytes) {
                Ok(n) => return WriteResult::Bytes(n),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return WriteResult::Full,
                Err(errno) => return WriteResult::Gone(write_error(errno)),
            }
        }
    }

    /// Returns whether the descriptor has O_NONBLOCK, so that a partial write means that no more fits now. A polled write is
    /// partial because it is limited.
    pub fn is_nonblocking(&self) -> bool {
        self.kind == FdKind::Nonblocking
    }

    /// Waits until a read would find something, for at most `time`; returns whether it would.
    pub(super) fn is_readable_within(&self, time: Duration) -> bool {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        // Rounded up: a wait of 0 ms would not wait. EINTR ends the wait early, as if the time were over.
        let timeout = PollTimeout::try_from(time + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
        !time.is_zero() && poll(&mut fds, timeout).is_ok_and(|ready| ready > 0)
    }

    fn is_ready(&self, flags: PollFlags) -> bool {
        let mut fds = [PollFd::new(self.fd.as_fd(), flags)];
        // Where poll(2) fails, as for a device that does not support it, the call itself is tried. So it is where the
        // result has event bits that nix does not know (`None`).
        poll(&mut fds, PollTimeout::ZERO).is_err() || fds[0].any().unwrap_or(true)
    }
}

fn write_error(errno: Errno) -> WriteError {
    match errno {
        Errno::EPIPE => WriteError::NoReader,
        // A write to a terminal whose other side is closed fails with EIO or ENXIO, depending on the system.
        Errno::EIO | Errno::ENXIO => WriteError::Device(errno.desc()),
        _ => WriteError::Refused(errno.desc()),
    }
}

impl AsRawFd for StreamFd {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl AsFd for StreamFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Sets FD_CLOEXEC, so that no child process inherits `fd`.
pub(super) fn close_on_exec(fd: &impl AsFd) -> io::Result<()> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}
