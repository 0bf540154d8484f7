//! The real terminal behind a standard descriptor: opening it, its window size and attributes, raw mode and its end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg, sigprocmask};
use nix::unistd::{getpgrp, tcgetpgrp, tcsetpgrp};
use termios::{Termios, tcsetattr};

use super::crash;
use super::stream::{StreamFd, WriteResult};
use super::typed_ahead::TypedAhead;
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

/// The sides of the terminal that are relayed: input, output or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtySides {
    /// Input and output.
    Both,
    /// Input only. Other programs write to the terminal, so output processing (OPOST) stays on.
    Keyboard,
    /// Output only. Other programs read the terminal, so ISIG stays on and Ctrl-C remains a signal.
    Screen,
}

/// Returns the path of the terminal behind `fd`, or `None` where it has none.
pub fn path(fd: BorrowedFd<'_>) -> Option<PathBuf> {
    // ENOTTY: not a terminal. ENODEV: its path lies in another mount namespace (ttyname(3)). Callers handle both alike.
    nix::unistd::ttyname(fd).ok()
}

/// Waits until the terminal `fd` takes output: it does not while output is stopped by Ctrl-S.
pub fn wait_until_writable(fd: BorrowedFd<'_>) {
    let mut polled = [PollFd::new(fd, PollFlags::POLLOUT)];
    // Another error than an interruption by a signal (ENOMEM: poll(2)) leaves only the attempt to write.
    while poll(&mut polled, PollTimeout::NONE) == Err(Errno::EINTR) {}
}

/// Returns whether `fd` is a terminal.
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    // EBADF: a standard stream that was closed is no terminal.
    nix::unistd::isatty(fd).unwrap_or(false)
}

/// Opens a stream to the terminal or the file behind `fd`.
pub fn open(fd: BorrowedFd<'_>) -> io::Result<StreamFd> {
    // A terminal is opened again by its path: O_NONBLOCK on the inherited description would also hold for the shell that
    // started coshell. By its own path, since kqueue refuses `/dev/tty` (tokio-rs/mio#1377).
    match path(fd).and_then(|path| reopen(&path).ok()) {
        Some(own) => StreamFd::own(own.into()),
        // Not a terminal, or no permission to open it, as after su(1): the inherited descriptor is polled instead.
        None => StreamFd::inherited(fd),
    }
}

/// Opens a terminal by its path, for a description that is not shared. It does not become the controlling terminal.
pub(super) fn reopen(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOCTTY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)
}

/// Returns the window size of the terminal `fd`; `None` where it is not a terminal.
pub fn size(fd: &impl AsFd) -> Option<Size> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize` (ioctl_tty(2)), and `size` is one that lives through the call. On any other
    // kind of file the call fails with ENOTTY and writes nothing.
    unsafe { get_window_size(fd.as_fd().as_raw_fd(), &raw mut size) }.ok()?;
    Some(Size { rows: size.ws_row, cols: size.ws_col, xpixel: size.ws_xpixel, ypixel: size.ws_ypixel })
}

/// Sets the window size of the terminal `fd`; on a change the kernel sends SIGWINCH to its foreground process group.
pub fn set_size(fd: &impl AsFd, size: Size) -> io::Result<()> {
    let size = libc::winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: size.xpixel, ws_ypixel: size.ypixel };
    // SAFETY: TIOCSWINSZ reads one `winsize` (ioctl_tty(2)), and `size` is one that lives through the call.
    unsafe { set_window_size(fd.as_fd().as_raw_fd(), &raw const size) }?;
    Ok(())
}

/// Returns the terminal attributes of `fd`: tcgetattr(3).
pub fn attributes(fd: &impl AsFd) -> io::Result<Termios> {
    Termios::from_fd(fd.as_fd().as_raw_fd())
}

/// Raw mode of the real terminal; drop restores the terminal, also when a panic unwinds.
#[derive(Debug)]
pub struct RawMode {
    tty: OwnedFd,
    sides: TtySides,
    saved: Termios,
    /// The terminal has its saved attributes for the moment.
    suspended: bool,
}

impl RawMode {
    /// Puts the terminal `fd` into raw mode and arms the crash handler. A background process is first stopped by SIGTTOU
    /// until it is in the foreground, as job control requires. Returns the keys that were typed before too.
    pub fn enter(fd: BorrowedFd<'_>, sides: TtySides) -> io::Result<(Self, TypedAhead)> {
        let tty = fd.try_clone_to_owned()?;
        // In the background the attributes may be those of the shell's line editor; in the foreground they are those that
        // the shell sets for a job.
        await_foreground(&tty);
        let saved = attributes(&tty)?;
        crash::arm(&tty, &saved);
        let mut raw = Self { tty, sides, saved, suspended: false };
        let typed = raw.resume()?;
        Ok((raw, typed))
    }

    /// Returns the attributes that drop restores.
    pub fn saved(&self) -> &Termios {
        &self.saved
    }

    /// Enters raw mode again. Attributes that were changed since `suspend` become the saved ones. Returns the keys that were
    /// typed before.
    pub fn resume(&mut self) -> io::Result<TypedAhead> {
        if std::mem::take(&mut self.suspended) {
            self.saved = attributes(&self.tty)?;
            crash::arm(&self.tty, &self.saved);
        }
        let mut raw = self.saved;
        match self.sides {
            TtySides::Both => termios::cfmakeraw(&mut raw),
            TtySides::Keyboard => {
                termios::cfmakeraw(&mut raw);
                raw.c_oflag = self.saved.c_oflag;
            }
            // Without OPOST alone: the relayed bytes have CR LF from the inner pty already.
            TtySides::Screen => raw.c_oflag &= !termios::OPOST,
        }
        let cooked = attributes(&self.tty)?;
        // After SIGCONT without a stop the terminal is raw already, and keys stay as they are.
        if self.sides == TtySides::Screen || cooked.c_lflag & termios::ICANON == 0 {
            tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &raw)?;
            return Ok(TypedAhead::default());
        }
        TypedAhead::take(&open(self.tty.as_fd())?, &cooked, &raw)
    }

    /// Returns the inherited descriptor of the terminal, for a program that is lent the terminal.
    pub fn tty(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }

    /// Takes the terminal back from a program that was lent it: foreground process group, saved attributes, raw mode.
    /// Returns the keys that were typed before raw mode.
    pub fn reclaim(&mut self) -> io::Result<TypedAhead> {
        // ENOTTY: the terminal is not the controlling one, and so has no foreground group to return to.
        let _ = with_sigttou_blocked(|| Ok(tcsetpgrp(&self.tty, getpgrp())?));
        with_sigttou_blocked(|| tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &self.saved))?;
        self.resume()
    }

    /// Restores the saved attributes until `resume`.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.suspended = true;
        // TCSANOW: TCSADRAIN could wait for ever after Ctrl-S, and output in the queue was processed when it was written.
        with_sigttou_blocked(|| tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &self.saved))
    }
}

/// Runs `change` with SIGTTOU blocked, without which a background process may set neither attributes nor the foreground
/// group: tcsetattr(3), tcsetpgrp(3).
fn with_sigttou_blocked(change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let mut ttou = SigSet::empty();
    ttou.add(Signal::SIGTTOU);
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&ttou), Some(&mut before))?;
    let result = change();
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    result
}

/// Echo of the terminal turned off; drop turns it on again.
#[derive(Debug)]
pub struct EchoOff {
    tty: OwnedFd,
    saved: Termios,
}

impl EchoOff {
    /// Turns off ECHO on `tty`.
    pub fn begin(tty: &impl AsFd) -> io::Result<Self> {
        let tty = tty.as_fd().try_clone_to_owned()?;
        let saved = attributes(&tty)?;
        let mut no_echo = saved;
        no_echo.c_lflag &= !termios::ECHO;
        tcsetattr(tty.as_raw_fd(), termios::TCSANOW, &no_echo)?;
        Ok(Self { tty, saved })
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        // EIO: the terminal is gone, and with it the attributes.
        let _ = tcsetattr(self.tty.as_raw_fd(), termios::TCSANOW, &self.saved);
    }
}

/// Stops this process group until it is the foreground group of `tty`, as a job control shell does at its start (GNU C
/// Library manual, "Initializing the Shell"). Returns at once where `tty` is not the controlling terminal, and where the
/// group is orphaned or ignores SIGTTOU.
fn await_foreground(tty: &OwnedFd) {
    const MAX_UNSTOPPED: usize = 3;
    let mut unstopped = 0;
    while unstopped < MAX_UNSTOPPED && tcgetpgrp(tty).is_ok_and(|group| group != getpgrp()) {
        let before = Instant::now();
        if killpg(getpgrp(), Signal::SIGTTOU).is_err() {
            return;
        }
        // SIGTTOU that stops the group takes at least as long as a shell needs to continue it. A shorter time means that it
        // had no effect; more than one try, since the group may have been continued in the background very fast.
        if before.elapsed() < Duration::from_millis(1) {
            unstopped += 1;
        }
    }
}

/// Writes `bytes` without blocking. Where the output queue is full, as after Ctrl-S, the queue is discarded first: the reset
/// sequences matter more than the output before them.
fn write_or_discard(tty: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    let stream = open(tty.as_fd())?;
    if !write_fully(&stream, bytes) {
        termios::tcflush(tty.as_raw_fd(), termios::TCOFLUSH)?;
        // No third try: what does not fit an empty queue belongs to a terminal that is gone.
        write_fully(&stream, bytes);
    }
    Ok(())
}

/// Writes `bytes`; returns whether all of them were written.
fn write_fully(stream: &StreamFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            WriteResult::Bytes(n) => bytes = &bytes[n..],
            WriteResult::Full | WriteResult::Gone(_) => return false,
        }
    }
    true
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Modes that programs left enabled where the session ended abnormally; empty after a normal end.
        let modes = crash::disarm();
        if !modes.is_empty() {
            // EIO: the terminal is gone, and with it the modes.
            drop(with_sigttou_blocked(|| write_or_discard(&self.tty, &modes)));
        }
        // A suspended terminal has its saved attributes, or those that another program has set since. An error means here
        // too that the terminal is gone.
        if !self.suspended {
            drop(self.suspend());
        }
    }
}
