//! The user's terminal: the pty master, the bytes shown so far, and the program that runs in it.
//!
//! One thread drives everything: the master is read only inside a call that waits, each with a deadline.

use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, read, write};
use regex::bytes::Regex;
use tempfile::TempDir;
use termios::Termios;

use super::launch::{self, Launch};
use super::spawn::{self, Started};
use super::title::TitleStack;
use super::{proc, show};

/// Time limit of every wait, long enough for a loaded machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// End of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    /// Signal number; real-time signals have no name in `nix`.
    Signal(i32),
}

/// Terminal with a program in it.
#[derive(Debug)]
pub struct Terminal {
    master: Option<PtyMaster>,
    slave: Option<OwnedFd>,
    started: Started,
    ended: Option<Ended>,
    output: Vec<u8>,
    /// Offset in `output` at which the next wait begins to search.
    mark: usize,
    size: libc::winsize,
    marker: String,
    home: TempDir,
}

impl Terminal {
    pub(super) fn open(launch: Launch) -> Self {
        let (master, slave) = open_pty();
        spawn::set_size(master.as_raw_fd(), &launch.size);
        let mut modes = Termios::from_fd(slave.as_raw_fd()).expect("the modes of a new pty");
        modes.c_iflag |= libc::IUTF8;
        termios::tcsetattr(slave.as_raw_fd(), termios::TCSANOW, &modes).expect("modes can be set");
        let home = tempfile::tempdir().expect("a home");
        // Without this directory, fish generates completions from all man pages in the background.
        let completions = home.path().join(".local/share/fish/generated_completions");
        for directory in [completions, launch::runtime(home.path())] {
            std::fs::create_dir_all(directory).expect("a directory in it");
        }
        let started = spawn::start(&launch.plan(home.path()), slave.as_raw_fd()).expect("a keeper");
        Self {
            master: Some(master),
            slave: Some(slave),
            started,
            ended: None,
            output: Vec::new(),
            mark: 0,
            size: launch.size,
            marker: launch.marker,
            home,
        }
    }

    /// Returns the pid of the program.
    pub fn pid(&self) -> Pid {
        self.started.program
    }

    /// Returns `$HOME`, which is the program's working directory unless set otherwise.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Returns `$XDG_RUNTIME_DIR`, unless the launch sets another one.
    pub fn runtime(&self) -> std::path::PathBuf {
        launch::runtime(self.home())
    }

    /// Returns the content of a file in the home, or `None` where it does not exist.
    pub fn read_home(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.home().join(name)).ok()
    }

    /// Returns all bytes shown so far.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Returns the bytes shown since the last wait that succeeded.
    pub fn unread(&self) -> &[u8] {
        &self.output[self.mark..]
    }

    /// Makes the next wait search only bytes shown from now on.
    pub fn skip_unread(&mut self) {
        self.mark = self.output.len();
    }

    /// Drops all bytes shown so far, so that a long test does not keep them.
    pub fn forget_output(&mut self) {
        self.output.clear();
        self.mark = 0;
    }

    /// Returns all bytes shown as text, for messages and searches.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    /// Returns the screen that results from all bytes shown.
    pub fn screen(&self) -> vt100::Screen {
        self.screen_at(self.output.len())
    }

    /// Returns the screen that results from the first `len` bytes shown.
    pub fn screen_at(&self, len: usize) -> vt100::Screen {
        let mut parser = vt100::Parser::new(self.size.ws_row, self.size.ws_col, 0);
        parser.process(&self.output[..len]);
        parser.screen().clone()
    }

    /// Returns the window title; `None` is the title that was set before the test.
    pub fn title(&self) -> Option<String> {
        TitleStack::title_after(&self.output)
    }

    /// Returns the rows of the screen without trailing blanks.
    pub fn rows(&self) -> Vec<String> {
        let screen = self.screen();
        screen.rows(0, self.size.ws_col).map(|row| row.trim_end().to_owned()).collect()
    }

    /// Returns the lines of the terminal, scrolled off or on its screen, as `vt100` has them: rows that wrap are one line,
    /// unless the row ends in two blanks, since zsh wraps the blanks behind its end mark (`PROMPT_SP`). Blanks at the ends
    /// of lines and blank lines at the end are left out.
    pub fn lines(&self) -> Vec<String> {
        let mut parser = vt100::Parser::new(self.size.ws_row, self.size.ws_col, 10_000);
        parser.process(&self.output);
        let screen = parser.screen_mut();
        screen.set_scrollback(usize::MAX);
        let above = screen.scrollback();
        let (mut lines, mut joined) = (Vec::new(), String::new());
        for row in 0..above + usize::from(self.size.ws_row) {
            screen.set_scrollback(above.saturating_sub(row));
            let at = row.saturating_sub(above);
            joined.push_str(&screen.rows(0, self.size.ws_col).nth(at).expect("the row is on the screen"));
            if screen.row_wrapped(at as u16) && !joined.ends_with("  ") {
                continue;
            }
            lines.push(joined.trim_end().to_owned());
            joined.clear();
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    /// Returns the modes of the terminal.
    pub fn modes(&self) -> Termios {
        let slave = self.slave.as_ref().expect("the terminal is open");
        Termios::from_fd(slave.as_raw_fd()).expect("a terminal has modes")
    }

    /// Returns the flags of the open file description that the program inherited.
    pub fn inherited_flags(&self) -> OFlag {
        let slave = self.slave.as_ref().expect("the terminal is open");
        let flags = nix::fcntl::fcntl(slave, nix::fcntl::FcntlArg::F_GETFL).expect("flags");
        OFlag::from_bits_truncate(flags)
    }

    /// Changes the window size.
    pub fn resize(&mut self, rows: u16, cols: u16, xpixel: u16, ypixel: u16) {
        self.size = libc::winsize { ws_row: rows, ws_col: cols, ws_xpixel: xpixel, ws_ypixel: ypixel };
        spawn::set_size(self.master.as_ref().expect("the terminal is open").as_raw_fd(), &self.size);
    }

    /// Sends `signal` to the program alone, not to its children.
    pub fn signal(&self, signal: Signal) {
        self.signal_number(signal as i32);
    }

    /// Sends a signal by number.
    pub fn signal_number(&self, signal: i32) {
        assert_eq!(self.ended, None, "the program to signal has ended");
        spawn::kill(self.pid(), signal);
    }

    /// Closes both ends of the pty: the terminal hangs up.
    pub fn close(&mut self) {
        self.slave = None;
        self.master = None;
    }

    /// Types all of `bytes`, and reads output while the terminal takes them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let until = Instant::now() + DEADLINE;
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            let n = self.send_some(rest);
            rest = &rest[n..];
            if n == 0 {
                self.poll_once(remaining(until), Reading::On, PollFlags::POLLOUT);
                self.check_deadline(until, "the terminal to take keys");
            }
        }
    }

    /// Types as many bytes as the terminal takes now, reads nothing, and returns their number.
    pub fn send_some(&self, bytes: &[u8]) -> usize {
        match write(self.master.as_ref().expect("the terminal is open"), bytes) {
            Ok(n) => n,
            Err(Errno::EAGAIN | Errno::EINTR) => 0,
            Err(error) => panic!("typing: {error}"),
        }
    }

    /// Waits until the line discipline has processed what was sent, up to 256 bytes: poll(2) of a terminal that has nothing
    /// to read flushes the kernel's work queue, and a read of the queue never sees half a buffer (n_tty_poll).
    pub fn process_keys(&self) {
        let slave = self.slave.as_ref().expect("the terminal is open");
        let mut fds = [PollFd::new(slave.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).expect("a terminal can be polled");
    }

    /// Waits until `text` is shown; the next wait searches behind it.
    #[track_caller]
    pub fn wait(&mut self, text: &str) {
        let needle = text.as_bytes();
        // Each byte is searched once, so that a wait behind a flood stays linear.
        let mut from = self.mark;
        let end = self.wait_for(&format!("the text {text:?}"), |term| {
            let at = find(&term.output[from..], needle).map(|at| from + at + needle.len());
            from = from.max((term.output.len() + 1).saturating_sub(needle.len()));
            at
        });
        self.mark = end;
    }

    /// Waits until `pattern` matches output, and returns its first group, or the whole match without groups.
    #[track_caller]
    pub fn wait_match(&mut self, pattern: &str) -> String {
        let regex = Regex::new(pattern).expect("a pattern");
        let found = |term: &Self| {
            let groups = regex.captures(term.unread())?;
            let end = groups.get(0).expect("a match").end();
            let group = groups.get(1).or_else(|| groups.get(0)).expect("a match");
            Some((end, String::from_utf8_lossy(group.as_bytes()).into_owned()))
        };
        let (end, text) = self.wait_for(pattern, found);
        self.mark += end;
        text
    }

    /// Waits until `holds` returns true; `what` names the condition in the failure message.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        self.wait_for(what, |term| holds(term).then_some(()));
    }

    /// Waits until `find` returns a value; calls it whenever output arrives, and every 5 ms.
    #[track_caller]
    pub fn wait_for<T>(&mut self, what: &str, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            self.check_deadline(until, what);
            self.poll_once(remaining(until).min(Duration::from_millis(5)), Reading::On, PollFlags::empty());
        }
    }

    /// Reads output for `time`, and at least once. Use it for conditions that must not occur, or must persist.
    pub fn read_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            self.poll_once(remaining(until), Reading::On, PollFlags::empty());
            if Instant::now() >= until {
                break;
            }
        }
    }

    /// Waits until the output has ended: the program and its descendants sleep, and nothing was shown for 4
    /// intervals.
    #[track_caller]
    pub fn wait_quiet(&mut self) {
        const INTERVAL: Duration = Duration::from_millis(50);
        let until = Instant::now() + DEADLINE;
        let mut quiet = 0;
        while quiet < 4 {
            self.check_deadline(until, "the terminal to come to rest");
            let before = self.output.len();
            self.read_for(INTERVAL);
            quiet = if self.output.len() == before && self.all_asleep() { quiet + 1 } else { 0 };
        }
    }

    /// Reports whether the program and all its descendants sleep.
    fn all_asleep(&self) -> bool {
        let program = self.ended.is_some() || proc::is_asleep(self.pid());
        program && self.descendants().into_iter().all(proc::is_asleep)
    }

    /// Ends the loop `UNTIL_RELEASED` of a script.
    pub fn release(&self) {
        std::fs::write(self.home().join("told"), "").expect("the home is ours");
    }

    /// Reads no output for `time`, as a terminal that has stopped reading.
    pub fn pause_reading(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.poll_once(remaining(until), Reading::Off, PollFlags::empty());
        }
    }

    /// Waits for the program's end, and reads all that it has written.
    #[track_caller]
    pub fn wait_end(&mut self) -> Ended {
        let until = Instant::now() + DEADLINE;
        while self.ended.is_none() {
            self.check_deadline(until, "the program to end");
            self.poll_once(remaining(until), Reading::On, PollFlags::empty());
        }
        self.drain();
        self.ended.expect("the program has ended")
    }

    /// Returns how the program has ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Writes an end mark to the slave, behind all earlier output, and reads up to it.
    fn drain(&mut self) {
        const END_MARK: &[u8] = b"\x1e\x1dnothing more\x1d\x1e";
        let mut rest = END_MARK;
        let until = Instant::now() + DEADLINE;
        // A new open file description: the inherited one may block.
        let flags = OFlag::O_WRONLY | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let Some(Ok(name)) = self.master.as_ref().map(ptsname_r) else { return };
        let Ok(slave) = open(name.as_str(), flags, Mode::empty()) else { return };
        loop {
            if !rest.is_empty() {
                match write(&slave, rest) {
                    Ok(n) => rest = &rest[n..],
                    Err(Errno::EAGAIN) => {}
                    Err(_) => return,
                }
            }
            self.check_deadline(until, "the end of the output");
            self.poll_once(Duration::from_millis(20), Reading::On, PollFlags::empty());
            let tail = self.output.len().saturating_sub(20_000 + END_MARK.len());
            if let Some(at) = find(&self.output[tail..], END_MARK) {
                self.output.truncate(tail + at);
                return;
            }
        }
    }

    /// Waits for output, for the events `also` on the master, or for the program's end.
    fn poll_once(&mut self, time: Duration, reading: Reading, also: PollFlags) {
        let mut events = also;
        if reading == Reading::On {
            events |= PollFlags::POLLIN;
        }
        let mut fds = Vec::new();
        if let Some(master) = self.master.as_ref().filter(|_| !events.is_empty()) {
            fds.push(PollFd::new(master.as_fd(), events));
        }
        if self.ended.is_none() {
            fds.push(PollFd::new(self.started.status_pipe.as_fd(), PollFlags::POLLIN));
        }
        // Rounded up: a timeout of zero would be a busy wait.
        let timeout = PollTimeout::try_from(time + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut fds, timeout);
        let over = self.ended.is_none() && fds.last().and_then(PollFd::revents).is_some_and(|got| !got.is_empty());
        drop(fds);
        if over {
            self.ended = Some(self.status());
        }
        if reading == Reading::On {
            self.read_some();
        }
    }

    fn read_some(&mut self) {
        let Some(master) = &self.master else { return };
        let mut chunk = [0; 16384];
        if let Ok(n) = read(master, &mut chunk) {
            self.output.extend_from_slice(&chunk[..n]);
        }
    }

    fn status(&self) -> Ended {
        let mut status = [0; 4];
        let n = read(&self.started.status_pipe, &mut status).expect("the keeper's report");
        assert_eq!(n, 4, "the keeper was killed");
        let status = i32::from_ne_bytes(status);
        if libc::WIFEXITED(status) {
            return Ended::Code(libc::WEXITSTATUS(status));
        }
        assert!(libc::WIFSIGNALED(status), "no end: {status:#x}");
        Ended::Signal(libc::WTERMSIG(status))
    }

    #[track_caller]
    fn check_deadline(&self, until: Instant, what: &str) {
        if Instant::now() < until {
            return;
        }
        let descendants: Vec<_> = self.descendants().into_iter().map(proc::summary).collect();
        panic!(
            "timed out waiting for: {what}\nended: {:?}\nprocesses: {descendants:?}\nshown since the last wait: {}\n{} bytes in all, the last: {}",
            self.ended,
            show(self.unread()),
            self.output.len(),
            show(&self.output),
        );
    }

    /// Returns the living processes that descend from the program, including those in other sessions.
    pub fn descendants(&self) -> Vec<Pid> {
        let setting = format!("RIG={}", self.marker);
        proc::with_environment(&setting).into_iter().filter(|&pid| pid != self.pid() && proc::is_alive(pid)).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    Off,
}

impl Drop for Terminal {
    /// Kills every process that was started; the supervisor's death hangs the terminal up.
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = kill(self.pid(), Signal::SIGKILL);
        }
        // A process may fork while they are listed. One that may not be killed, or not at once, is left after a while.
        for _ in 0..200 {
            let left = self.descendants();
            if left.is_empty() {
                break;
            }
            left.into_iter().for_each(|pid| _ = kill(pid, Signal::SIGKILL));
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = kill(self.started.supervisor, Signal::SIGKILL);
        let _ = waitpid(self.started.supervisor, None);
    }
}

/// Opens a pty, both ends close-on-exec, the master non-blocking.
fn open_pty() -> (PtyMaster, OwnedFd) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let master = posix_openpt(flags).expect("a pty");
    grantpt(&master).expect("grantpt");
    unlockpt(&master).expect("unlockpt");
    let name = ptsname_r(&master).expect("the pty's name");
    // Blocking, since the program inherits this description: a test sees when coshell sets O_NONBLOCK on it.
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let slave = open(name.as_str(), flags, Mode::empty()).expect("the pty's other end");
    (master, slave)
}

fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

/// Returns the offset of `needle` in `hay`; `None` where `needle` is empty.
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(hay, needle).filter(|_| !needle.is_empty())
}
