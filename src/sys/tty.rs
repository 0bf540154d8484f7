//! The real terminal behind a standard descriptor: opening it, its window size and attributes, raw mode and its end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};
use termios::{Termios, tcsetattr};

use super::crash;
use super::process::send_group;
use super::retry::retry;
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
    // Where poll(2) fails (ENOMEM), the attempt to write is left.
    let _ = retry(|| poll(&mut polled, PollTimeout::NONE));
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

/// Sets the attributes of `tty` at once (TCSANOW): TCSADRAIN could wait for ever after Ctrl-S, and output in the queue was
/// processed when it was written.
pub(super) fn set_attributes(tty: &impl AsFd, attributes: &Termios) -> io::Result<()> {
    retry(|| tcsetattr(tty.as_fd().as_raw_fd(), termios::TCSANOW, attributes))
}

/// Returns whether two sets of attributes have the same flags.
fn same_flags(one: &Termios, other: &Termios) -> bool {
    let flags = |attributes: &Termios| (attributes.c_iflag, attributes.c_oflag, attributes.c_cflag, attributes.c_lflag);
    flags(one) == flags(other)
}

/// Returns whether another process group than `own` and this process's is the foreground group of `tty`. A terminal that is
/// not the controlling one (ENOTTY) has no foreground group for this process, and no job control.
fn is_background(tty: &impl AsFd, own: Option<Pid>) -> bool {
    tcgetpgrp(tty).is_ok_and(|group| group != getpgrp() && Some(group) != own)
}

/// Raw mode of the real terminal; drop restores the terminal, also when a panic unwinds.
///
/// The attributes belong to the foreground process group: in the background none are set, and none put back.
#[derive(Debug)]
pub struct RawMode {
    tty: OwnedFd,
    sides: TtySides,
    /// Attributes that were found, to be put back.
    saved: Termios,
    /// Attributes that were set, while they are in force.
    raw: Option<Termios>,
    /// Process group that the terminal is lent to.
    lent: Option<Pid>,
}

impl RawMode {
    /// Creates the raw mode of the terminal `fd`, which `resume` enters.
    pub fn new(fd: BorrowedFd<'_>, sides: TtySides) -> io::Result<Self> {
        let tty = fd.try_clone_to_owned()?;
        let saved = attributes(&tty)?;
        Ok(Self { tty, sides, saved, raw: None, lent: None })
    }

    /// Returns the attributes that drop restores.
    pub fn saved(&self) -> &Termios {
        &self.saved
    }

    /// Returns whether neither coshell nor the program that is lent the terminal is in the foreground.
    pub fn is_background(&self) -> bool {
        is_background(&self.tty, self.lent)
    }

    /// Enters raw mode, in the foreground; puts the program that is lent the terminal into the foreground. Attributes that
    /// another process has set since they were last set here become the saved ones. Arms the crash handler. Returns the
    /// keys that were typed before.
    pub fn resume(&mut self) -> io::Result<TypedAhead> {
        if self.is_background() {
            return Ok(TypedAhead::default());
        }
        if let Some(lent) = self.lent {
            // ENOTTY: the terminal is not the controlling one, and so has no foreground group.
            let _ = retry(|| tcsetpgrp(&self.tty, lent));
            send_group(lent, Signal::SIGCONT);
            return Ok(TypedAhead::default());
        }
        let found = attributes(&self.tty)?;
        if !self.raw.is_some_and(|raw| same_flags(&raw, &found)) {
            self.saved = found;
        }
        self.enter()
    }

    fn enter(&mut self) -> io::Result<TypedAhead> {
        crash::arm(&self.tty, &self.saved);
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
        let typed = if self.sides == TtySides::Screen || cooked.c_lflag & termios::ICANON == 0 {
            set_attributes(&self.tty, &raw)?;
            TypedAhead::default()
        } else {
            TypedAhead::take(&open(self.tty.as_fd())?, &cooked, &raw)?
        };
        // Read back: a terminal may leave out flags that it does not have.
        self.raw = Some(attributes(&self.tty)?);
        Ok(typed)
    }

    /// Returns the inherited descriptor of the terminal, for a program that is lent the terminal.
    pub fn tty(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }

    /// Records that the terminal is lent to `group`, which has become the foreground group.
    pub fn lend(&mut self, group: Pid) {
        self.lent = Some(group);
    }

    /// Takes the terminal back from a program that was lent it: foreground process group and raw mode. It is left alone where
    /// a shell has taken it meanwhile. Returns the keys that were typed before raw mode.
    pub fn reclaim(&mut self) -> io::Result<TypedAhead> {
        let lent = self.lent.take();
        // Where the program could not be executed, its process group has no process any more.
        if is_background(&self.tty, lent) && tcgetpgrp(&self.tty).is_ok_and(|group| killpg(group, None).is_ok()) {
            return Ok(TypedAhead::default());
        }
        // ENOTTY: the terminal is not the controlling one, and so has no foreground group to return to.
        let _ = retry(|| tcsetpgrp(&self.tty, getpgrp()));
        self.enter()
    }

    /// Restores the saved attributes until `resume`.
    pub fn suspend(&mut self) -> io::Result<()> {
        if self.raw.take().is_none() || self.is_background() {
            return Ok(());
        }
        set_attributes(&self.tty, &self.saved)
    }
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
        set_attributes(&tty, &no_echo)?;
        Ok(Self { tty, saved })
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        if !is_background(&self.tty, None) {
            // EIO: the terminal is gone, and with it the attributes.
            let _ = set_attributes(&self.tty, &self.saved);
        }
    }
}

/// Writes `bytes` without blocking. Where the output queue is full, as after Ctrl-S, the queue is discarded first: the reset
/// sequences matter more than the output before them.
fn write_or_discard(tty: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    let stream = open(tty.as_fd())?;
    if !write_fully(&stream, bytes) {
        retry(|| termios::tcflush(tty.as_raw_fd(), termios::TCOFLUSH))?;
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
            drop(write_or_discard(&self.tty, &modes));
        }
        // An error means here too that the terminal is gone.
        drop(self.suspend());
    }
}
