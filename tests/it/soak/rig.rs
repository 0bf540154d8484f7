//! The session of the soak: bash in coshell, which is a job of another shell.

use std::fs;

use nix::unistd::Pid;
use serde_json::{Value, json};
use termios::Termios;

use crate::support::{COSHELL, Client, Ended, PROMPT, Terminal, TestDir, direct, needs, noise, proc};

/// Prompt of the shell inside.
pub(super) const INSIDE: &str = "inside> ";

/// What a session holds while it rests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) memory_kib: u64,
    pub(super) descriptors: u64,
    pub(super) children: u64,
}

pub(super) struct Rig {
    pub(super) term: Terminal,
    /// Runtime directory, and the directories `near` and `far` of transfers.
    pub(super) dir: TestDir,
    pub(super) coshell: Pid,
    /// Modes of the terminal outside.
    outside: Termios,
    /// Number that makes the marks of each act unique.
    count: u32,
    /// Bytes of the shell that were compared with those of the terminal, and keys with those of the program.
    pub(super) shown: u64,
    pub(super) typed: u64,
}

impl Rig {
    pub(super) fn start() -> Self {
        needs("sz");
        needs("rz");
        let dir = TestDir::new();
        for name in ["near", "far"] {
            fs::create_dir(dir.path(name)).unwrap();
        }
        let mut term = direct(&["sh"]).env("XDG_RUNTIME_DIR", dir.root()).cwd(dir.path("far")).start();
        term.wait(PROMPT);
        let outside = term.modes();
        let near = dir.path_str("near");
        // The title would stand in the output that is compared; a short history is soon full.
        term.send(format!(
            "PS1='{INSIDE}' \"$WRAP\" --indicator none --history 500 \
             -t 'rz waiting' -s 'cd {near} && sz -e data' -t '\\*\\*B00000000000000' -s 'cd {near} && rz -y -E' \
             -t '^soak (\\d+) asks: $' --send 'answer $1\\r' -t '^soak (\\d+) runs$' --run 'cat > {near}/ran-$1' \
             -- bash --norc --noprofile\r"
        ));
        term.wait("--noprofile\r\n");
        term.wait(INSIDE);
        let coshell = term.wait_for("coshell", |term| {
            let is_coshell = |pid: &Pid| proc::command_line(*pid).starts_with(COSHELL);
            proc::children(term.pid()).into_iter().find(is_coshell)
        });
        Self { term, dir, coshell, outside, count: 0, shown: 0, typed: 0 }
    }

    /// Returns a number that no act before had.
    pub(super) fn number(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// Types a command line inside.
    pub(super) fn run(&mut self, line: &str) {
        self.term.send(format!("{line}\r"));
    }

    /// Waits for a prompt inside.
    #[track_caller]
    pub(super) fn prompt(&mut self) {
        self.term.wait(INSIDE);
    }

    /// Prints a file inside, without output processing, and fails unless the terminal gets its bytes.
    #[track_caller]
    pub(super) fn print(&mut self, bytes: &[u8]) {
        let n = self.number();
        fs::write(self.dir.path("far/shown"), bytes).unwrap();
        self.term.forget_output();
        self.run(&format!("stty -opost; echo 'begin'-{n}-; cat shown; echo 'end'-{n}-; stty opost"));
        self.term.wait(&format!("begin-{n}-\n"));
        let from = self.term.output().len() - self.term.unread().len();
        self.term.wait(&format!("end-{n}-\n"));
        let to = self.term.output().len() - self.term.unread().len() - format!("end-{n}-\n").len();
        let shown = &self.term.output()[from..to];
        let differs = shown.iter().zip(bytes).position(|(a, b)| a != b).unwrap_or_else(|| shown.len().min(bytes.len()));
        assert!(
            shown == bytes,
            "{} bytes printed, {} shown; from {differs}: {:?} in place of {:?}",
            bytes.len(),
            shown.len(),
            shown[differs..].iter().take(60).copied().collect::<Vec<_>>().escape_ascii().to_string(),
            bytes[differs..].iter().take(60).copied().collect::<Vec<_>>().escape_ascii().to_string(),
        );
        self.shown += bytes.len() as u64;
        self.prompt();
    }

    /// Returns the path of the session's socket.
    fn socket(&self) -> std::path::PathBuf {
        self.dir.path("coshell").join(format!("{}.sock", self.coshell))
    }

    pub(super) fn client(&self) -> Client {
        Client::connect(&self.socket())
    }

    pub(super) fn request(&self, method: &str, params: Value) -> Value {
        self.client().request(method, params)
    }

    /// Waits until no coprocess runs.
    #[track_caller]
    pub(super) fn coproc_ends(&mut self) {
        let mut client = self.client();
        self.term.wait_until("the coprocess to end", |_| client.request("status", json!({}))["coprocess"].is_null());
    }

    /// Waits until the terminal outside has its own modes (`cooked`), or those of coshell.
    #[track_caller]
    pub(super) fn wait_modes(&mut self, cooked: bool) {
        let outside = self.outside;
        self.term.wait_until("the modes of the terminal", |term| (term.modes() == outside) == cooked);
    }

    /// Waits until only the shell inside is left, and returns what the session holds.
    #[track_caller]
    pub(super) fn rest(&mut self) -> Figures {
        let coshell = self.coshell;
        let entries = || fs::read_dir(format!("/proc/{coshell}/fd")).unwrap().count() as u64;
        self.term.wait_until("the children to end", |_| proc::children(coshell).len() == 1);
        // The end of a client's connection is read in a later turn than the client's exit.
        let mut last = entries();
        self.term.wait_until("the descriptors to be closed", |_| {
            let now = entries();
            std::mem::replace(&mut last, now) == now && now <= entries()
        });
        self.term.forget_output();
        Figures {
            memory_kib: proc::memory_kib(coshell),
            descriptors: last,
            children: proc::children(coshell).len() as u64,
        }
    }

    /// Ends both shells.
    pub(super) fn end(mut self) {
        self.run("exit");
        self.term.wait(PROMPT);
        assert_eq!(self.term.modes(), self.outside);
        self.run("exit");
        assert_eq!(self.term.wait_end(), Ended::Code(0));
        self.term.wait_until("nothing to be left", |term| term.descendants().is_empty());
    }

    /// Writes a file of random bytes.
    pub(super) fn write_noise(&mut self, name: &str, len: usize) {
        let seed = u64::from(self.number());
        fs::write(self.dir.path(name), noise(len, seed)).unwrap();
    }
}
