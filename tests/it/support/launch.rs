//! Programs to start in a terminal, with their environment.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

use nix::sys::signal::Signal;

use super::spawn::{Plan, Role};
use super::terminal::Terminal;

/// The binary under test.
pub const COSHELL: &str = env!("CARGO_BIN_EXE_coshell");

/// Prompt of the shells that the tests start.
pub const PROMPT: &str = "ready> ";

/// Program to start, with its arguments, environment and process attributes. The environment is the same small one
/// for every test and takes only PATH from the environment of the tests.
#[derive(Debug)]
pub struct Launch {
    argv: Vec<String>,
    arg0: Option<String>,
    env: Vec<(String, String)>,
    cwd: Option<PathBuf>,
    pub(super) size: libc::winsize,
    role: Role,
    blocked: Vec<Signal>,
    ignored: Vec<Signal>,
    pub(super) marker: String,
}

/// Launches `argv` directly on the terminal.
pub fn direct<S: AsRef<str>>(argv: &[S]) -> Launch {
    Launch::new(argv.iter().map(|arg| arg.as_ref().to_owned()).collect())
}

/// Launches coshell with these arguments.
pub fn coshell<S: AsRef<str>>(args: &[S]) -> Launch {
    let args = args.iter().map(|arg| arg.as_ref().to_owned());
    Launch::new([COSHELL.to_owned()].into_iter().chain(args).collect())
}

/// Launches coshell with `options` and the command `sh -c script`.
pub fn wrapped(options: &[&str], script: &str) -> Launch {
    coshell(&[options, &["--", "sh", "-c", script]].concat())
}

/// Launches coshell with `options` and an interactive `sh`.
pub fn shell(options: &[&str]) -> Launch {
    coshell(&[options, &["--", "sh"]].concat())
}

/// Launches coshell with `options` and an interactive bash without start-up files.
pub fn bash(options: &[&str]) -> Launch {
    coshell(&[options, &["--", "bash", "--norc", "--noprofile"]].concat())
}

impl Launch {
    fn new(argv: Vec<String>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Process ids are used again.
        let since = UNIX_EPOCH.elapsed().expect("the time is after 1970").as_micros();
        let marker = format!("{}-{since}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        let env = [
            ("PATH", path.as_str()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("SHELL", "/bin/sh"),
            ("USER", "tester"),
            ("PS1", PROMPT),
            ("WRAP", COSHELL),
            ("RIG", marker.as_str()),
        ];
        let env = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let none = Vec::new;
        Self { argv, arg0: None, env, cwd: None, size, role: Role::Job, blocked: none(), ignored: none(), marker }
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.as_ref().to_string_lossy().into_owned()));
        self
    }

    /// Removes an environment variable.
    pub fn without(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    /// Sets the working directory.
    pub fn cwd(mut self, directory: impl AsRef<Path>) -> Self {
        self.cwd = Some(directory.as_ref().to_owned());
        self
    }

    /// Sets the window size in characters and pixels.
    pub fn size(mut self, rows: u16, cols: u16, xpixel: u16, ypixel: u16) -> Self {
        self.size = libc::winsize { ws_row: rows, ws_col: cols, ws_xpixel: xpixel, ws_ypixel: ypixel };
        self
    }

    /// Sets `argv[0]`.
    pub fn arg0(mut self, name: &str) -> Self {
        self.arg0 = Some(name.to_owned());
        self
    }

    /// Makes the program the session leader of the terminal, as under `xterm -e`.
    pub fn leader(mut self) -> Self {
        self.role = Role::Leader;
        self
    }

    /// Starts the program with `signal` blocked.
    pub fn blocked(mut self, signal: Signal) -> Self {
        self.blocked.push(signal);
        self
    }

    /// Starts the program with `signal` ignored.
    pub fn ignored(mut self, signal: Signal) -> Self {
        self.ignored.push(signal);
        self
    }

    /// Opens a terminal and starts the program in it.
    pub fn start(self) -> Terminal {
        Terminal::open(self)
    }

    /// Returns the arguments of the system calls that start the program. `home` is its HOME and working directory, and
    /// has its runtime directory, unless set.
    pub(super) fn plan(&self, home: &Path) -> Plan {
        let text = |s: &str| CString::new(s).expect("no NUL in arguments");
        let home = CString::new(home.as_os_str().as_bytes()).expect("no NUL in paths");
        let mut argv: Vec<_> = self.argv.iter().map(|arg| text(arg)).collect();
        if let Some(name) = &self.arg0 {
            argv[0] = text(name);
        }
        let mut env: Vec<_> = self.env.iter().map(|(name, value)| text(&format!("{name}={value}"))).collect();
        let runtime = runtime(Path::new(OsStr::from_bytes(home.as_bytes())));
        for (name, directory) in [("HOME", home.to_string_lossy()), ("XDG_RUNTIME_DIR", runtime.to_string_lossy())] {
            if !self.env.iter().any(|(known, _)| known == name) {
                env.push(text(&format!("{name}={directory}")));
            }
        }
        let cwd = self.cwd.as_ref().map_or(home, |directory| text(&directory.to_string_lossy()));
        let (blocked, ignored) = (self.blocked.clone(), self.ignored.clone());
        Plan { file: text(&find(&self.argv[0])), argv, env, cwd, role: self.role, blocked, ignored }
    }
}

/// Returns the runtime directory of a program with this home. Each has its own: who lists sessions, or claims a name for one,
/// connects to all in the directory, which wakes them.
pub(super) fn runtime(home: &Path) -> PathBuf {
    home.join(".run")
}

/// Returns the path of the executable `name`.
fn find(name: &str) -> String {
    if name.contains('/') {
        return name.to_owned();
    }
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
    let files = path.split(':').map(|directory| Path::new(directory).join(name));
    let file = files.into_iter().find(|file| file.is_file());
    file.unwrap_or_else(|| panic!("{name} is not installed; tests/run --install installs it"))
        .to_string_lossy()
        .into_owned()
}

/// Fails where the program `name` is missing: an absent program must not turn into a passed test.
pub fn needs(name: &str) {
    find(name);
}
