//! One end of a stream of bytes: reading and writing that never blocks, whoever else has the descriptor.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd;

use crate::types::WriteError;

/// A write of this much to a pipe that poll(2) calls writable does not block: PIPE_BUF on POSIX is at least this.
const SMALL_WRITE: usize = 512;

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadResult {
    /// This many bytes.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// Nothing, ever again.
    End,
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteResult {
    /// It took this many bytes.
    Bytes(usize),
    /// It takes nothing for now.
    Full,
    /// It takes nothing any more.
    Gone(WriteError),
}

/// How it is kept from blocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FdKind {
    /// The open file description is ours alone and has O_NONBLOCK.
    Nonblocking,
    /// The description is shared with the shell that started us, which would see O_NONBLOCK: poll(2) is asked
    /// before every call instead.
    Asked,
}

/// One end, for reading, for writing, or both.
#[derive(Debug)]
pub struct StreamFd {
    fd: OwnedFd,
    manner: FdKind,
}

impl StreamFd {
    /// An end whose open file description nobody else uses.
    pub fn own(fd: OwnedFd) -> io::Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        close_on_exec(&fd)?;
        Ok(Self { fd, manner: FdKind::Nonblocking })
    }

    /// An end whose open file description was inherited.
    pub fn inherited(fd: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self { fd: fd.try_clone_to_owned()?, manner: FdKind::Asked })
    }

    /// The same end again, to be registered a second time.
    pub fn again(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, manner: self.manner })
    }

    /// Reads what there is, at most as much as `buffer` holds.
    pub fn read(&self, buffer: &mut [u8]) -> ReadResult {
        loop {
            if self.manner == FdKind::Asked && !self.is_ready(PollFlags::POLLIN) {
                return ReadResult::Nothing;
            }
            match unistd::read(&self.fd, buffer) {
                Ok(0) => return ReadResult::End,
                Ok(n) => return ReadResult::Bytes(n),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return ReadResult::Nothing,
                // EIO: a pty whose other side is closed; whatever else it is, nothing more will come.
                Err(_) => return ReadResult::End,
            }
        }
    }

    /// Writes what is taken at once.
    pub fn write(&self, bytes: &[u8]) -> WriteResult {
        let small = &bytes[..bytes.len().min(SMALL_WRITE)];
        loop {
            let bytes = match self.manner {
                FdKind::Nonblocking => bytes,
                FdKind::Asked if self.is_ready(PollFlags::POLLOUT) => small,
                FdKind::Asked => return WriteResult::Full,
            };
            match unistd::write(&self.fd, bytes) {
                Ok(n) => return WriteResult::Bytes(n),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return WriteResult::Full,
                Err(errno) => return WriteResult::Gone(loss(errno)),
            }
        }
    }

    /// Whether a write that takes a part only means that nothing more fits for now.
    pub fn takes_what_it_can(&self) -> bool {
        self.manner == FdKind::Nonblocking
    }

    fn is_ready(&self, flags: PollFlags) -> bool {
        let mut fds = [PollFd::new(self.fd.as_fd(), flags)];
        // A poll that fails, as it does on some devices, says nothing: the call itself will.
        poll(&mut fds, PollTimeout::ZERO).is_err() || fds[0].any().unwrap_or(true)
    }
}

fn loss(errno: Errno) -> WriteError {
    match errno {
        Errno::EPIPE => WriteError::NoReader,
        // A terminal whose other side is closed says one of these; which depends on the system.
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

/// No program that is started gets this descriptor.
pub(super) fn close_on_exec(fd: &impl AsFd) -> io::Result<()> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}
