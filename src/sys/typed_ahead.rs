//! Keys that were typed before raw mode. The line discipline has cooked them by the settings of that time: a line is
//! complete, its end-of-file character (VEOF) is a mark, and erased characters are gone. Where ICANON is turned off, Linux
//! forgets the marks and leaves a NUL for each VEOF (n_tty_set_termios), so lines are read before.
//!
//! Keys that were queued in raw mode are a line without an end once ICANON is turned on (the same function). A read does not
//! tell them from text and VEOF, so VEOF is typed only where it is all that was read: a shell that gets one too many exits.

use std::io;
use std::os::fd::AsRawFd;

use libc::{VEOL2, VLNEXT, VREPRINT};
use termios::{ECHO, ICANON, IEXTEN, OPOST, TCSANOW, Termios, VEOF, VEOL, VMIN, VTIME, cc_t, tcsetattr};

use super::retry::retry;
use super::stream::{ReadResult, StreamFd};

/// Capacity of the input queue of a terminal in bytes (N_TTY_BUF_SIZE on Linux); no other system has more.
const QUEUE: usize = 4096;

/// The special characters while cooked bytes are queued again: VEOF, VLNEXT and VREPRINT.
pub(super) const FEED_EOF: cc_t = 0x04;
const FEED_LITERAL: cc_t = 0x16;
pub(super) const FEED_REPRINT: cc_t = 0x12;

/// Keys that were typed before raw mode.
#[derive(Debug, Default)]
pub struct TypedAhead {
    /// Complete lines, without the mark of VEOF.
    lines: Vec<Vec<u8>>,
    /// The rest: an incomplete line, and what was typed while raw mode was entered.
    rest: Vec<u8>,
    /// Whether `rest` has special characters that have not acted.
    rest_is_special: bool,
    /// VEOF of that time.
    eof: cc_t,
}

impl TypedAhead {
    /// Sets `raw` on the terminal `tty`, whose attributes are `cooked` with ICANON on, and takes the keys typed before.
    pub(super) fn take(tty: &StreamFd, cooked: &Termios, raw: &Termios) -> io::Result<Self> {
        let mut typed = Self { eof: cooked.c_cc[VEOF], ..Self::default() };
        typed.lines = read_lines(tty);
        // Special characters that come from here on do not act and are typed as keys, VEOF among them.
        let mut literal = *cooked;
        disable_special(&mut literal);
        retry(|| tcsetattr(tty.as_raw_fd(), TCSANOW, &literal))?;
        // The kernel has completed these while VEOF acted, and no raw mode came before them.
        let late: Vec<u8> = read_lines(tty).into_iter().flat_map(|line| with_end(line, cooked)).collect();
        retry(|| tcsetattr(tty.as_raw_fd(), TCSANOW, raw))?;
        let mut buffer = [0; QUEUE];
        typed.rest = late;
        // What comes after one read is read as any other key.
        if let ReadResult::Bytes(n) = tty.read(&mut buffer) {
            typed.rest.extend_from_slice(&buffer[..n]);
        }
        typed.rest_is_special = typed.rest.iter().any(|byte| special(cooked).any(|special| special == *byte));
        Ok(typed)
    }

    /// Returns everything as keys that a keyboard would send.
    pub fn into_keys(self) -> Vec<u8> {
        let mut keys: Vec<u8> = self.lines.iter().flat_map(|line| self.as_keys(line)).collect();
        keys.extend_from_slice(&self.rest);
        keys
    }

    /// Splits off the part that can only be typed as keys, once a program reads them.
    pub(super) fn split_special(&mut self) -> Vec<u8> {
        if self.rest_is_special { std::mem::take(&mut self.rest) } else { Vec::new() }
    }

    /// Returns the bytes that queue the cooked input again in a terminal with the attributes of `feeding`.
    pub(super) fn feed(&self) -> Vec<u8> {
        let mut feed = Vec::new();
        for line in &self.lines {
            let (text, end) = line.split_at(line.len() - usize::from(line.ends_with(b"\n")));
            push_literally(&mut feed, text, true);
            feed.extend_from_slice(if end.is_empty() { &[FEED_EOF] } else { end });
        }
        push_literally(&mut feed, &self.rest, false);
        feed
    }

    /// Returns the number of bytes that the terminal shows while `feed` is queued: each byte, except the marks.
    pub(super) fn echoed(&self) -> usize {
        self.lines.iter().map(Vec::len).sum::<usize>() + self.rest.len()
    }

    /// Returns the length of the last line, if it is incomplete.
    pub(super) fn open_line(&self) -> usize {
        self.rest.iter().rev().take_while(|byte| **byte != b'\n').count()
    }

    fn as_keys(&self, line: &[u8]) -> Vec<u8> {
        if line.is_empty() { vec![self.eof] } else { line.to_vec() }
    }
}

/// Returns attributes in which bytes are queued and echoed as they are, on top of `attributes`.
pub(super) fn feeding(attributes: &Termios) -> Termios {
    let mut feeding = *attributes;
    feeding.c_iflag = 0;
    feeding.c_oflag &= !OPOST;
    feeding.c_lflag = ICANON | ECHO | IEXTEN;
    disable_special(&mut feeding);
    (feeding.c_cc[VEOF], feeding.c_cc[VLNEXT], feeding.c_cc[VREPRINT]) = (FEED_EOF, FEED_LITERAL, FEED_REPRINT);
    feeding
}

/// Returns a line with the VEOF that has ended it, if it has no other end.
fn with_end(mut line: Vec<u8>, cooked: &Termios) -> Vec<u8> {
    let ends = [b'\n', cooked.c_cc[VEOL], cooked.c_cc[VEOL2]];
    if !line.last().is_some_and(|last| ends.contains(last)) {
        line.push(cooked.c_cc[VEOF]);
    }
    line
}

/// Reads complete lines. Each read gives one line; no bytes are a VEOF alone.
fn read_lines(stream: &StreamFd) -> Vec<Vec<u8>> {
    let mut buffer = [0; QUEUE];
    let mut lines = Vec::new();
    // Bounded: a terminal that is hung up gives no bytes for ever.
    while lines.len() < QUEUE {
        match stream.read(&mut buffer) {
            ReadResult::Bytes(n) => lines.push(buffer[..n].to_vec()),
            ReadResult::End => lines.push(Vec::new()),
            ReadResult::Nothing => break,
        }
    }
    lines
}

fn push_literally(feed: &mut Vec<u8>, bytes: &[u8], newline: bool) {
    for &byte in bytes {
        if matches!(byte, FEED_EOF | FEED_LITERAL | FEED_REPRINT) || (newline && byte == b'\n') {
            feed.push(FEED_LITERAL);
        }
        feed.push(byte);
    }
}

/// Indices of special characters in `c_cc`.
fn special_indices(attributes: &Termios) -> impl Iterator<Item = usize> + use<> {
    (0..attributes.c_cc.len()).filter(|&index| index != VMIN && index != VTIME)
}

/// Returns the special characters that are enabled.
fn special(attributes: &Termios) -> impl Iterator<Item = cc_t> + '_ {
    special_indices(attributes).map(|index| attributes.c_cc[index]).filter(|byte| *byte != libc::_POSIX_VDISABLE)
}

fn disable_special(attributes: &mut Termios) {
    special_indices(attributes).for_each(|index| attributes.c_cc[index] = libc::_POSIX_VDISABLE);
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::time::Duration;

    use nix::pty::openpty;
    use nix::unistd::write;
    use termios::cfmakeraw;

    use super::*;
    use crate::sys::tty;

    #[test]
    fn end_of_file_is_typed_only_where_it_is_all_that_was_read() {
        for (typed_raw, typed_cooked, keys) in [
            ("", "one\r", "one\n"),
            ("", "\x04", "\x04"),
            ("", "one\r\x04", "one\n\x04"),
            // Keys that came before the terminal was cooked, as where a shell or coshell restores it.
            ("one\r", "", "one\r"),
            ("one\r", "two\r", "one\rtwo\n"),
            ("on", "\x04", "on\x04"),
            // The kernel does not tell this one from keys that came before; a shell does not need the end.
            ("", "one\x04", "one"),
        ] {
            let pair = openpty(None, None).expect("a pty is opened");
            let slave = tty::open(pair.slave.as_fd()).expect("the slave is opened");
            let cooked = tty::attributes(&pair.slave).expect("the slave is a terminal");
            let mut raw = cooked;
            cfmakeraw(&mut raw);
            for (attributes, typed) in [(&raw, typed_raw), (&cooked, typed_cooked)] {
                tty::set_attributes(&pair.slave, attributes).expect("the slave is a terminal");
                if !typed.is_empty() {
                    write(&pair.master, typed.as_bytes()).expect("the queue has space");
                    assert!(slave.is_readable_within(Duration::from_secs(10)));
                }
            }
            let taken = TypedAhead::take(&slave, &cooked, &raw).expect("the slave is a terminal").into_keys();
            assert_eq!(taken.escape_ascii().to_string(), keys.as_bytes().escape_ascii().to_string());
        }
    }
}
