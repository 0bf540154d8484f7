//! Descriptors that travel with the bytes of a Unix socket (unix(7), SCM_RIGHTS).

use std::io::{self, IoSlice, Write};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use super::retry::retry;
use super::stream::close_on_exec;

/// Maximum number of descriptors that one message may pass: the standard streams.
const MAX_PASSED: usize = 3;
/// Size of the control buffer in words of 8 bytes: more than a message can carry, which is 253 descriptors on Linux
/// (SCM_MAX_FD) and a cluster of 2 KiB on the BSDs. A smaller buffer would make the kernel truncate the message.
const CONTROL_WORDS: usize = 512;

/// Flag with which the kernel sets FD_CLOEXEC on the descriptors.
#[cfg(not(target_vendor = "apple"))]
const CLOEXEC_FLAG: libc::c_int = libc::MSG_CMSG_CLOEXEC;
/// macOS has no such flag: `receive` sets FD_CLOEXEC itself, before the single thread can start a program.
#[cfg(target_vendor = "apple")]
const CLOEXEC_FLAG: libc::c_int = 0;

/// Sends `bytes`, with the descriptors `passed` attached to the first of them.
pub(super) fn send(stream: &mut UnixStream, bytes: &[u8], passed: &[BorrowedFd<'_>]) -> io::Result<()> {
    let raw_fds: Vec<RawFd> = passed.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw_fds)];
    let control = if raw_fds.is_empty() { &[] } else { &rights[..] };
    let send = || sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(bytes)], control, MsgFlags::empty(), None);
    let sent = retry(send)?;
    stream.write_all(&bytes[sent..])
}

/// Receives bytes into `buffer`, and the descriptors that arrive with them. Returns the number of bytes, and the
/// descriptors, with FD_CLOEXEC set. There are none where more arrive than a request may pass, or where the kernel could
/// not deliver all of them (MSG_CTRUNC, as where the process has no free descriptor): part of them would be taken for
/// others.
pub(super) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<(usize, Vec<OwnedFd>), Errno> {
    let mut control = [0_u64; CONTROL_WORDS];
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: msghdr is a C structure of integers and pointers, for which all-zero is a valid value.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = mem::size_of_val(&control) as _;
    // SAFETY: `message` describes `buffer` and `control`, which are writable for the lengths given and outlive the call.
    let receive = || Errno::result(unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, CLOEXEC_FLAG) });
    let received = retry(receive)?.cast_unsigned();
    // Owned before anything is decided about them, so that none stays open.
    let passed = own_all(&message);
    let complete = message.msg_flags & libc::MSG_CTRUNC == 0 && passed.len() <= MAX_PASSED;
    let usable = complete && (CLOEXEC_FLAG != 0 || passed.iter().all(|fd| close_on_exec(fd).is_ok()));
    Ok((received, if usable { passed } else { Vec::new() }))
}

/// Takes over the descriptors in the control messages of `message`, which recvmsg(2) has just filled in.
fn own_all(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut all = Vec::new();
    let end = message.msg_control.addr() + length(message.msg_controllen);
    // SAFETY: `message` is as recvmsg(2) left it, and its control buffer is alive and aligned for a cmsghdr.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return null or a header inside the control buffer: cmsg(3).
    while let Some(header) = unsafe { next.as_ref() } {
        if (header.cmsg_level, header.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            // SAFETY: `next` points to a header, so that its data begins inside the control buffer or at its end.
            let data = unsafe { libc::CMSG_DATA(next) };
            // A truncated message may have a length that goes beyond the buffer: cmsg(3).
            let behind = (next.addr() + length(header.cmsg_len)).min(end);
            for at in 0..behind.saturating_sub(data.addr()) / mem::size_of::<RawFd>() {
                // SAFETY: the bytes are inside the control buffer and were written by the kernel, which has just
                // installed the descriptor in this process. Each number is taken once, so that it has one owner.
                all.push(unsafe { OwnedFd::from_raw_fd(data.cast::<RawFd>().add(at).read_unaligned()) });
            }
        }
        // SAFETY: as for CMSG_FIRSTHDR; `next` is a header of the same message.
        next = unsafe { libc::CMSG_NXTHDR(message, next) };
    }
    all
}

/// Returns a length of a control message, whose type depends on the system.
fn length(length: impl TryInto<usize>) -> usize {
    length.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::PipeReader;
    use std::os::fd::AsFd;

    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    /// Receives a message that passes `count` copies of one end of a pipe. Returns the descriptors and the other end.
    fn receive_copies(count: usize) -> (Vec<OwnedFd>, PipeReader) {
        let (mut ours, theirs) = UnixStream::pair().expect("a socket pair is created");
        let (reads, writes) = io::pipe().expect("a pipe is created");
        send(&mut ours, b"message", &vec![writes.as_fd(); count]).expect("the peer is open");
        let mut buffer = [0; 64];
        let (n, passed) = receive(theirs.as_fd(), &mut buffer).expect("a message waits");
        assert_eq!(&buffer[..n], b"message");
        (passed, reads)
    }

    /// Returns whether no process holds the write end of `pipe` any more. A test beside this one may have copied it for the
    /// time between fork and exec, so that `timeout` is waited for it.
    fn is_closed(pipe: &PipeReader, timeout: PollTimeout) -> bool {
        let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, timeout).expect("the descriptor is open") > 0
    }

    #[test]
    fn unwanted_descriptors_are_closed_and_wanted_ones_are_not_inherited() {
        for (sent, taken) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 0), (5, 0), (6, 0), (253, 0)] {
            let (passed, pipe) = receive_copies(sent);
            let timeout = if taken == 0 { PollTimeout::from(5000_u16) } else { PollTimeout::ZERO };
            assert_eq!((passed.len(), is_closed(&pipe, timeout)), (taken, taken == 0), "{sent}");
            for fd in passed {
                let flags = FdFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFD).expect("the descriptor is open"));
                assert!(flags.contains(FdFlag::FD_CLOEXEC), "{sent}");
            }
        }
    }
}
