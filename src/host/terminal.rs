//! The real terminal of the session, as far as there is one: standard streams may be files or pipes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use termios::Termios;

use crate::core::OutputKind;
use crate::sys::tty;
use crate::sys::tty::{Halves, RawMode};
use crate::types::Size;

/// What coshell stands in front of.
#[derive(Debug)]
pub(super) struct OuterTerminal {
    /// What the keyboard's bytes come from.
    pub(super) keyboard: OutputKind,
    /// What the output goes to.
    pub(super) screen: OutputKind,
    raw: Option<RawMode>,
    size: Size,
}

impl OuterTerminal {
    /// Puts the terminal into raw mode, if there is one; in the background this waits for the foreground.
    pub(super) fn take() -> io::Result<Self> {
        let (keyboard, screen) = (medium(&io::stdin()), medium(&io::stdout()));
        let raw = match (keyboard, screen) {
            (OutputKind::Terminal, OutputKind::Terminal) => Some(RawMode::enter(io::stdin().as_fd(), Halves::Both)?),
            (OutputKind::Terminal, OutputKind::Pipe) => Some(RawMode::enter(io::stdin().as_fd(), Halves::Keyboard)?),
            (OutputKind::Pipe, OutputKind::Terminal) => Some(RawMode::enter(io::stdout().as_fd(), Halves::Screen)?),
            (OutputKind::Pipe, OutputKind::Pipe) => None,
        };
        Ok(Self { keyboard, screen, raw, size: current_size() })
    }

    /// The terminal's attributes before it was taken: those that programs inside should find.
    pub(super) fn attributes(&self) -> Option<&Termios> {
        self.raw.as_ref().map(RawMode::saved)
    }

    /// The window's size as it was last asked for.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The window's size, if it is another than before.
    pub(super) fn new_size(&mut self) -> Option<Size> {
        let size = current_size();
        (std::mem::replace(&mut self.size, size) != size).then_some(size)
    }

    /// Puts the terminal back as it was, until `resume`.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.raw.as_mut().map_or(Ok(()), RawMode::suspend)
    }

    /// The terminal itself, for a program that is lent it.
    pub(super) fn tty(&self) -> Option<BorrowedFd<'_>> {
        self.raw.as_ref().map(RawMode::tty)
    }

    /// Takes the terminal back from a program that was lent it.
    pub(super) fn take_back(&mut self) -> io::Result<()> {
        self.raw.as_mut().map_or(Ok(()), RawMode::take_back)
    }

    /// Takes the terminal again.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        self.raw.as_mut().map_or(Ok(()), RawMode::resume)
    }
}

fn medium(stream: &impl AsFd) -> OutputKind {
    if tty::is_terminal(stream.as_fd()) { OutputKind::Terminal } else { OutputKind::Pipe }
}

/// The size of the first standard stream that is a terminal.
fn current_size() -> Size {
    let streams = tty::size(&io::stdin()).or_else(|| tty::size(&io::stdout()));
    streams.or_else(|| tty::size(&io::stderr())).unwrap_or_default()
}
