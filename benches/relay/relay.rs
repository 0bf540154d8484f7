//! Minimal wrapper to compare with: one thread, poll, blocking reads and writes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, exit};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd;

use crate::session;

/// Runs a command on a new pty.
pub(crate) fn run(command: &[String]) -> ! {
    let [program, args @ ..] = command else { exit(2) };
    let Ok(before) = tcgetattr(io::stdin()) else { exit(2) };
    let size = session::size_of(io::stdin().as_fd());
    let Ok(pty) = openpty(Some(&size), Some(&before)) else { exit(2) };
    let mut command = Command::new(program);
    command.args(args);
    let Ok(mut child) = session::on_tty(command, pty.slave, &pty.master).and_then(|mut it| it.spawn()) else {
        exit(127)
    };
    let mut raw: Termios = before.clone();
    cfmakeraw(&mut raw);
    _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &raw);
    copy_both_ways(&pty.master);
    _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &before);
    exit(child.wait().ok().and_then(|status| status.code()).unwrap_or(1))
}

/// Copies bytes in both directions until the slave is closed.
fn copy_both_ways(master: &OwnedFd) {
    let (input, output) = (io::stdin(), io::stdout());
    let mut buffer = vec![0; 64 * 1024];
    let mut open = true;
    loop {
        let wanted = if open { PollFlags::POLLIN } else { PollFlags::empty() };
        let mut fds = [PollFd::new(master.as_fd(), PollFlags::POLLIN), PollFd::new(input.as_fd(), wanted)];
        if poll(&mut fds, PollTimeout::NONE).is_err() {
            continue;
        }
        let [shell, keys] = fds.map(|fd| fd.any().unwrap_or(false));
        if keys && open {
            open = copy_once(input.as_fd(), master.as_fd(), &mut buffer);
        }
        if shell && !copy_once(master.as_fd(), output.as_fd(), &mut buffer) {
            return;
        }
    }
}

/// Copies the bytes of one read; returns `false` at the end of the stream.
fn copy_once(from: BorrowedFd<'_>, to: BorrowedFd<'_>, buffer: &mut [u8]) -> bool {
    let n = match unistd::read(from, buffer) {
        Ok(0) => return false,
        Ok(n) => n,
        Err(error) => return error == Errno::EINTR,
    };
    let mut rest = &buffer[..n];
    while !rest.is_empty() {
        match unistd::write(to, rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
    true
}
