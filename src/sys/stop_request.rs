//! SIGTSTP, with which coshell is asked to stop.
//!
//! A stop signal that is sent to a process discards a SIGCONT on its way there, and the other way round (signal(7)). A
//! program that handles SIGTSTP, restores the terminal, and sends itself another one, therefore loses a SIGCONT that comes
//! in between and has not reached its handler: it stays stopped. On Linux the first SIGTSTP is not handled but blocked: it
//! stays pending, is seen by its signalfd, and stops the process once it is unblocked, unless a SIGCONT has discarded it.
//! Elsewhere a handler and a second signal must do.

use std::io;
use std::os::fd::BorrowedFd;

/// Pending SIGTSTP.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct StopRequest(nix::sys::signalfd::SignalFd);

#[cfg(target_os = "linux")]
impl StopRequest {
    /// Blocks SIGTSTP; where it is ignored, which only a signal that is not blocked is, does nothing.
    pub(super) fn open(is_ignored: bool) -> io::Result<Self> {
        use nix::sys::signal::{SigSet, Signal};
        use nix::sys::signalfd::{SfdFlags, SignalFd};

        let mut stop = SigSet::empty();
        if !is_ignored {
            stop.add(Signal::SIGTSTP);
        }
        stop.thread_block()?;
        Ok(Self(SignalFd::with_flags(&stop, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?))
    }

    /// Returns the descriptor that becomes readable with the signal.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        use std::os::fd::AsFd as _;

        Some(self.0.as_fd())
    }

    /// Returns whether the signal is pending.
    pub(super) fn is_pending(&self) -> bool {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd as _;

        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        // EINTR: the handled signal wakes the event loop, which asks again.
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Takes the signal, so that it does not stop the process.
    pub(super) fn discard(&self) {
        // EAGAIN: it has stopped the process, or a SIGCONT has discarded it.
        let _ = self.0.read_signal();
    }
}

/// SIGTSTP that a handler receives.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) struct StopRequest;

#[cfg(not(target_os = "linux"))]
impl StopRequest {
    pub(super) fn open(_is_ignored: bool) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    pub(super) fn is_pending(&self) -> bool {
        false
    }

    pub(super) fn discard(&self) {}
}
