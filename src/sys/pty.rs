//! The pty that the shell runs in: its master, and what can be seen and done through it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use nix::pty::openpty;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, tcgetpgrp};
use termios::{ECHO, ICANON, ISIG, NOFLSH, TCIFLUSH, Termios, VEOF, VINTR, VQUIT, VSUSP};

use super::stream::{StreamFd, close_on_exec};
use super::tty;
use crate::types::Size;

/// A pty holds about 20 KB of typed bytes, of which one flush drops 4.
const FLUSHES: usize = 8;

/// The master side.
#[derive(Debug)]
pub struct Pty {
    master: OwnedFd,
    /// The path of the slave, as `tty(1)` names it inside.
    pub name: PathBuf,
}

impl Pty {
    /// A new pty of this size with these attributes, and its slave.
    pub fn open(size: Size, attributes: Option<&Termios>) -> io::Result<(Self, OwnedFd)> {
        // openpty(3) sets no FD_CLOEXEC, and nothing may inherit the master: its hang-up would never be seen.
        let pair = openpty(None, None)?;
        close_on_exec(&pair.master)?;
        close_on_exec(&pair.slave)?;
        tty::set_size(&pair.slave, size)?;
        if let Some(attributes) = attributes {
            termios::tcsetattr(pair.slave.as_raw_fd(), termios::TCSANOW, attributes)?;
        }
        let name = nix::unistd::ttyname(&pair.slave)?;
        Ok((Self { master: pair.master, name }, pair.slave))
    }

    /// The end to read from and to write to.
    pub fn end(&self) -> io::Result<StreamFd> {
        StreamFd::own(self.master.try_clone()?)
    }

    /// Gives the window inside this size.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        tty::set_size(&self.master, size)
    }

    /// The foreground process group inside.
    pub fn foreground(&self) -> Option<Pid> {
        // None while nobody has the slave as its controlling terminal.
        tcgetpgrp(&self.master).ok().filter(|group| group.as_raw() > 1)
    }

    /// Whether what is typed is not shown though it is read by the line, as for a password.
    pub fn hides_input(&self) -> bool {
        tty::attributes(&self.master).is_ok_and(|now| now.c_lflag & ECHO == 0 && now.c_lflag & ICANON != 0)
    }

    /// Sends the signal that this byte would be, if the line discipline makes one of it.
    pub fn interrupt(&self, byte: u8) -> bool {
        let Ok(now) = tty::attributes(&self.master) else { return false };
        let signal = match () {
            () if now.c_lflag & ISIG == 0 => return false,
            () if now.c_cc[VINTR] == byte => Signal::SIGINT,
            () if now.c_cc[VQUIT] == byte => Signal::SIGQUIT,
            () if now.c_cc[VSUSP] == byte => Signal::SIGTSTP,
            () => return false,
        };
        let sent = self.foreground().is_some_and(|group| killpg(group, signal).is_ok());
        // As the line discipline does when it makes the signal itself: termios(3), NOFLSH.
        if sent && now.c_lflag & NOFLSH == 0 {
            self.discard_typed();
        }
        sent
    }

    /// Drops what was typed and has not been read. The slave is opened for it: flushing the master leaves what the
    /// slave's line discipline holds already.
    pub fn discard_typed(&self) {
        // Nobody inside any more: nothing to drop.
        let Ok(slave) = tty::reopen(&self.name) else { return };
        for _ in 0..FLUSHES {
            // What was on its way comes in as soon as there is room, and is seen to the next time.
            if termios::tcflush(slave.as_raw_fd(), TCIFLUSH).is_err() {
                return;
            }
        }
    }

    /// The bytes of which the line discipline makes signals: VINTR, VQUIT, VSUSP.
    pub fn signal_characters(&self) -> io::Result<[u8; 3]> {
        let now = tty::attributes(&self.master)?;
        Ok([now.c_cc[VINTR], now.c_cc[VQUIT], now.c_cc[VSUSP]])
    }

    /// The byte that ends input, VEOF, as it is now; Ctrl-D where the pty cannot be asked any more.
    pub fn end_of_file(&self) -> u8 {
        tty::attributes(&self.master).map_or(0x04, |now| now.c_cc[VEOF])
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}
