//! The signals that end a program which has its terminal in raw mode, for a loop that waits with poll(2).

use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::{flag, low_level};

use super::signals::is_ignored;

/// Signals from a terminal, from kill(1) and from a session that ends.
const SIGNALS: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// The signals, none of which ends the process any more.
#[derive(Debug)]
pub struct ExitSignals {
    wakes: UnixStream,
    number: Arc<AtomicUsize>,
}

impl ExitSignals {
    /// Handles the signals, except those that were ignored when the process started, as nohup(1) does.
    pub fn register() -> io::Result<Self> {
        let (wakes, woken) = UnixStream::pair()?;
        wakes.set_nonblocking(true)?;
        let number = Arc::new(AtomicUsize::new(0));
        for signal in SIGNALS.into_iter().filter(|signal| !is_ignored(*signal)) {
            // In this order, so that the number is known to the loop that is woken.
            flag::register_usize(signal, Arc::clone(&number), usize::try_from(signal).unwrap_or(0))?;
            low_level::pipe::register(signal, woken.try_clone()?)?;
        }
        Ok(Self { wakes, number })
    }

    /// Takes the last signal that has come, so that it wakes no longer.
    pub fn take(&self) -> Option<i32> {
        // WouldBlock: none has come. A signal that comes behind the read wakes again.
        let _ = (&self.wakes).read(&mut [0; 64]);
        i32::try_from(self.number.swap(0, Ordering::SeqCst)).ok().filter(|number| *number != 0)
    }
}

impl AsFd for ExitSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wakes.as_fd()
    }
}
