//! The real terminal: found behind a standard descriptor, opened anew, put into raw mode and back.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg, sigprocmask};
use nix::unistd::{getpgrp, tcgetpgrp, tcsetpgrp};
use termios::{Termios, tcsetattr};

use super::crash;
use super::stream::{StreamFd, WriteResult};
use crate::types::Size;

nix::ioctl_read_bad!(
    /// `TIOCGWINSZ`, ioctl_tty(2).
    get_window_size,
    libc::TIOCGWINSZ,
    libc::winsize
);
nix::ioctl_write_ptr_bad!(
    /// `TIOCSWINSZ`, ioctl_tty(2).
    set_window_size,
    libc::TIOCSWINSZ,
    libc::winsize
);

/// Which halves of the terminal coshell stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// The keyboard and the screen.
    Both,
    /// The keyboard; other programs write to the screen, so its output processing stays.
    Keyboard,
    /// The screen; other programs read the keyboard, so Ctrl-C stays a signal.
    Screen,
}

/// The path of the terminal behind this descriptor, if there is one.
pub fn path(fd: BorrowedFd<'_>) -> Option<PathBuf> {
    // Not a terminal, or one that has no name here (another mount namespace): the caller has a way without.
    nix::unistd::ttyname(fd).ok()
}

/// Whether this descriptor is a terminal.
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    nix::unistd::isatty(fd).unwrap_or(false)
}

/// An end of the terminal, or of the file, behind this descriptor. A terminal is opened anew by its name, since
/// O_NONBLOCK on an inherited description would be seen by the shell that started us, and kqueue refuses
/// `/dev/tty` (tokio-rs/mio#1377).
pub fn open(fd: BorrowedFd<'_>) -> io::Result<StreamFd> {
    match path(fd).and_then(|path| reopen(&path).ok()) {
        Some(own) => StreamFd::own(own.into()),
        // No access to it by name, as after su(1): the inherited descriptor will do.
        None => StreamFd::inherited(fd),
    }
}

/// Opens a terminal by its name, for ourselves alone.
pub(super) fn reopen(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOCTTY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)
}

/// The size of the window of this terminal.
pub fn size(fd: &impl AsFd) -> Option<Size> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize`, and the pointer is to one that lives through the call.
    unsafe { get_window_size(fd.as_fd().as_raw_fd(), &raw mut size) }.ok()?;
    Some(Size { rows: size.ws_row, cols: size.ws_col, xpixel: size.ws_xpixel, ypixel: size.ws_ypixel })
}

/// Gives this terminal's window a size; the kernel tells its foreground process group.
pub fn set_size(fd: &impl AsFd, size: Size) -> io::Result<()> {
    let size = libc::winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: size.xpixel, ws_ypixel: size.ypixel };
    // SAFETY: TIOCSWINSZ reads one `winsize`, and the pointer is to one that lives through the call.
    unsafe { set_window_size(fd.as_fd().as_raw_fd(), &raw const size) }?;
    Ok(())
}

/// The attributes of this terminal.
pub fn attributes(fd: &impl AsFd) -> io::Result<Termios> {
    Termios::from_fd(fd.as_fd().as_raw_fd())
}

/// The terminal in raw mode; it is put back when this is dropped, on whatever way out.
#[derive(Debug)]
pub struct RawMode {
    tty: OwnedFd,
    halves: Halves,
    saved: Termios,
    /// Whether the terminal is as it was at the moment.
    suspended: bool,
}

impl RawMode {
    /// Takes the terminal behind this descriptor. In the background this stops the process (SIGTTOU) until it is
    /// in the foreground, as job control wants it.
    pub fn enter(fd: BorrowedFd<'_>, halves: Halves) -> io::Result<Self> {
        let tty = fd.try_clone_to_owned()?;
        // Only in the foreground are the attributes those that the shell gave us, and not its line editor's.
        await_foreground(&tty);
        let saved = attributes(&tty)?;
        crash::arm(&tty, &saved);
        let mut raw = Self { tty, halves, saved, suspended: false };
        raw.resume()?;
        Ok(raw)
    }

    /// What the terminal was before.
    pub fn saved(&self) -> &Termios {
        &self.saved
    }

    /// Into raw mode again. What the terminal was changed to since `suspend` is what it will be put back to.
    pub fn resume(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.suspended) {
            self.saved = attributes(&self.tty)?;
            crash::arm(&self.tty, &self.saved);
        }
        let mut raw = self.saved;
        match self.halves {
            Halves::Both => termios::cfmakeraw(&mut raw),
            Halves::Keyboard => {
                termios::cfmakeraw(&mut raw);
                raw.c_oflag = self.saved.c_oflag;
            }
            Halves::Screen => raw.c_oflag &= !termios::OPOST,
        }
        tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &raw)
    }

    /// The terminal as it was inherited, for a program that is lent it.
    pub fn tty(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }

    /// Takes it back from a program that was lent it, whatever that made of it.
    pub fn take_back(&mut self) -> io::Result<()> {
        // It fails where the terminal is not the controlling one: then there is no foreground to come back to.
        let _ = unstopped(|| Ok(tcsetpgrp(&self.tty, getpgrp())?));
        unstopped(|| tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &self.saved))?;
        self.resume()
    }

    /// Back to what it was. TCSANOW: draining could wait for ever behind Ctrl-S, and what is on its way was
    /// processed when it was written.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.suspended = true;
        unstopped(|| tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &self.saved))
    }
}

/// A background process may set attributes, or the foreground group, only with SIGTTOU blocked: tcsetattr(3).
fn unstopped(change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let mut ttou = SigSet::empty();
    ttou.add(Signal::SIGTTOU);
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&ttou), Some(&mut before))?;
    let result = change();
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    result
}

/// A terminal that does not show what is typed, until this is dropped.
#[derive(Debug)]
pub struct Unechoed {
    tty: OwnedFd,
    saved: Termios,
}

impl Unechoed {
    /// From now on.
    pub fn begin(tty: &impl AsFd) -> io::Result<Self> {
        let tty = tty.as_fd().try_clone_to_owned()?;
        let saved = attributes(&tty)?;
        let mut hidden = saved;
        hidden.c_lflag &= !termios::ECHO;
        tcsetattr(tty.as_raw_fd(), termios::TCSANOW, &hidden)?;
        Ok(Self { tty, saved })
    }
}

impl Drop for Unechoed {
    fn drop(&mut self) {
        // A terminal that is gone has no attributes.
        let _ = tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &self.saved);
    }
}

/// Stops this process group until it is the terminal's foreground group, as a job control shell does when it starts
/// (GNU C Library manual, "Initializing the Shell"). Returns where there is none to wait for: the terminal is not the
/// controlling one, or nothing stops us (an orphaned group, an ignored SIGTTOU).
fn await_foreground(tty: &OwnedFd) {
    const UNSTOPPABLE: usize = 3;
    let mut in_vain = 0;
    while in_vain < UNSTOPPABLE && tcgetpgrp(tty).is_ok_and(|group| group != getpgrp()) {
        let before = Instant::now();
        if killpg(getpgrp(), Signal::SIGTTOU).is_err() {
            return;
        }
        if before.elapsed() < Duration::from_millis(1) {
            in_vain += 1;
        }
    }
}

/// Writes without waiting. A terminal that has stopped reading loses what it has not read of the output: else it would
/// be left as programs had it.
fn write_at_last(tty: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    let end = open(tty.as_fd())?;
    if !is_taken(&end, bytes) {
        termios::tcflush(tty.as_raw_fd(), termios::TCOFLUSH)?;
        is_taken(&end, bytes);
    }
    Ok(())
}

/// Writes this; whether all of it was taken.
fn is_taken(end: &StreamFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match end.write(bytes) {
            WriteResult::Bytes(n) => bytes = &bytes[n..],
            WriteResult::Full | WriteResult::Gone(_) => return false,
        }
    }
    true
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Left on by programs, where the session did not come to its own end; empty where it did.
        let modes = crash::disarm();
        if !modes.is_empty() {
            // The terminal may be gone: then there is nothing to put back.
            drop(unstopped(|| write_at_last(&self.tty, &modes)));
        }
        // The same. One that is suspended has been put back, and others may have changed it since.
        if !self.suspended {
            drop(self.suspend());
        }
    }
}
