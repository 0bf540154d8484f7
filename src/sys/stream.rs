//! Byte streams on descriptors: reads and writes that never block, even on a descriptor shared with other processes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd;

use super::retry::retry;
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

    /// Reads available bytes into `buffer`.
    pub fn read(&self, buffer: &mut [u8]) -> ReadResult {
        // Polled anew after an interrupted call too, which may have waited for data that another process has taken.
        let read = || self.check_ready(PollFlags::POLLIN).and_then(|()| unistd::read(&self.fd, buffer));
        match retry(read) {
            Ok(0) => ReadResult::End,
            Ok(n) => ReadResult::Bytes(n),
            Err(Errno::EAGAIN) => ReadResult::Nothing,
            // EIO: Linux reports it on a master whose slave is closed. After any other error no bytes come either.
            Err(_) => ReadResult::End,
        }
    }

    /// Writes as many of `bytes` as fit now.
    pub fn write(&self, bytes: &[u8]) -> WriteResult {
        let most = if self.is_nonblocking() { bytes.len() } else { bytes.len().min(POLLED_WRITE_MAX) };
        let write = || self.check_ready(PollFlags::POLLOUT).and_then(|()| unistd::write(&self.fd, &bytes[..most]));
        match retry(write) {
            Ok(n) => WriteResult::Bytes(n),
            Err(Errno::EAGAIN) => WriteResult::Full,
            Err(errno) => WriteResult::Gone(write_error(errno)),
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
        // Rounded up: a wait of 0 ms would not wait. A signal starts the wait, of a few milliseconds, again.
        let timeout = PollTimeout::try_from(time + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
        !time.is_zero() && retry(|| poll(&mut fds, timeout)).is_ok_and(|ready| ready > 0)
    }

    /// Returns EAGAIN where a call on a polled descriptor would block.
    fn check_ready(&self, flags: PollFlags) -> nix::Result<()> {
        if self.is_nonblocking() {
            return Ok(());
        }
        let mut fds = [PollFd::new(self.fd.as_fd(), flags)];
        // A poll that a signal interrupts, which happens without a wait too, says nothing about the descriptor. Where poll(2)
        // fails otherwise, as for a device that does not support it, the call itself is tried. So it is where the result has
        // event bits that nix does not know (`None`).
        let unknown = retry(|| poll(&mut fds, PollTimeout::ZERO)).is_err();
        if unknown || fds[0].any().unwrap_or(true) { Ok(()) } else { Err(Errno::EAGAIN) }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    extern "C" fn ignore(_: libc::c_int) {}

    /// Sets a handler that does nothing for SIGURG, whose default action is to be ignored, which interrupts no call.
    fn handle_sigurg() {
        // SAFETY: an all-zero `sigaction` is valid, `ignore` has the type of a handler without SA_SIGINFO, and no other test
        // uses SIGURG. SA_RESTART: poll(2) is interrupted all the same, see signal(7).
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = ignore as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(libc::SIGURG, &raw const action, std::ptr::null_mut());
        }
    }

    #[test]
    fn read_of_shared_descriptor_does_not_block_in_storm_of_signals() {
        const READS: usize = 20_000;
        handle_sigurg();
        let (read_end, write_end) = nix::unistd::pipe().expect("a pipe is created");
        let (send_result, result) = mpsc::channel();
        let over = std::sync::Arc::new(AtomicBool::new(false));
        let storm_over = std::sync::Arc::clone(&over);
        let reader = thread::spawn(move || {
            let stream = StreamFd::inherited(read_end.as_fd()).expect("the descriptor is duplicated");
            let until = Instant::now() + Duration::from_secs(1);
            let mut buffer = [0; 16];
            let mut all = (0..).take_while(|n| *n < READS || Instant::now() < until);
            let nothing = all.all(|_| stream.read(&mut buffer) == ReadResult::Nothing);
            send_result.send(nothing).expect("the test waits");
            // The thread must exist as long as it is sent signals.
            while !over.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        });
        let thread = std::os::unix::thread::JoinHandleExt::as_pthread_t(&reader);
        let until = Instant::now() + Duration::from_secs(60);
        let nothing = loop {
            // SAFETY: the thread exists until `over` is set below, and the handler of SIGURG does nothing.
            unsafe { libc::pthread_kill(thread, libc::SIGURG) };
            match result.try_recv() {
                Ok(nothing) => break nothing,
                Err(_) => assert!(Instant::now() < until, "a read waits for data"),
            }
        };
        storm_over.store(true, Ordering::SeqCst);
        reader.join().expect("the reader ends");
        drop(write_end);
        assert!(nothing, "a read of an empty pipe returned bytes or the end");
    }
}
