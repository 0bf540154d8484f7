//! A session: looks up what it needs, refuses what cannot be, and runs it to its end.

use std::any::Any;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{output, sessions};
use crate::cli::Args;
use crate::config;
use crate::config::{Environment, ShellCommand};
use crate::core::trigger::action::Protocol;
use crate::core::{Charset, TermCaps};
use crate::error::Failure;
use crate::host;
use crate::host::{Launch, Level, Log, Outcome, StartRefusal};
use crate::sys::child::Program;
use crate::sys::{socket, tty};
use crate::types::{ExitStatus, reason};

/// So many descriptors are enough for a session and a few clients.
const DESCRIPTORS: usize = 64;

/// Runs the session that was asked for; its exit status.
pub fn run(args: Args, argv0: &OsStr) -> Result<ExitStatus, Failure> {
    let environment = environment(&args, argv0);
    let ShellCommand { path, name, args: rest } = config::shell_command(&args, &environment);
    let (nested, log) = (args.nested, args.log.clone());
    let mut settings = config::settings(args, &environment).map_err(Failure::Usage)?;
    if !nested {
        refuse_nesting()?;
    }
    let log = match &log {
        Some(path) => open_log(path)?,
        None => Log::none(),
    };
    let program = Program { path: path.clone(), name, args: rest };
    settings.session = process::id().to_string();
    // A clock that stands before 1970 says nothing anyway.
    settings.unix_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let launch = Launch { program, settings, sockets: sessions::directories(), recent: state("history"), log };
    let outcome = unharmed(|| host::run(launch))?.map_err(|refusal| explain(refusal, &path))?;
    let Outcome { exit, warnings } = outcome;
    for line in warnings {
        output::say(&format!("{line}\n"));
    }
    Ok(exit)
}

/// Where coshell keeps a file of this name between sessions, by the XDG base directory specification.
pub(super) fn state(name: &str) -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("coshell").join(name))
}

fn environment(args: &Args, argv0: &OsStr) -> Environment {
    let shell = env::var_os("SHELL").filter(|shell| !shell.is_empty());
    // The password database takes a while, so it is asked only where nothing else says what to start. No entry for this
    // user: /bin/sh is what is left.
    let wanted = shell.is_none() && args.command.is_empty();
    let user = wanted.then(|| nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten()).flatten();
    Environment {
        shell,
        login_shell: user.map(|user| user.shell.into_os_string()),
        as_login: argv0.as_bytes().starts_with(b"-"),
        protocol: Protocol::of(|name| env::var(name).ok()),
        no_colour: env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        term_caps: TermCaps::of(env::var_os("TERM").as_deref().map(OsStr::to_string_lossy).as_deref()),
        charset: Charset::of(|name| env::var(name).ok()),
    }
}

/// A session inside a session doubles every trigger. The mark is bound to the terminal, so that tmux, ssh and su,
/// which pass the environment on, are none.
fn refuse_nesting() -> Result<(), Failure> {
    let Some(inside) = env::var_os("COSHELL_TTY").map(PathBuf::from) else { return Ok(()) };
    let streams = [tty::path(io::stdin().as_fd()), tty::path(io::stdout().as_fd()), tty::path(io::stderr().as_fd())];
    if streams.into_iter().flatten().any(|path| path == inside) {
        let sentence = "coshell: this terminal is inside a coshell session already. Start a coprocess in that session \
                        (coshell run CMD) or add a trigger to it (coshell trigger add REGEX), or give --nested to have \
                        one session inside the other.";
        return Err(Failure::Own(sentence.to_owned()));
    }
    Ok(())
}

/// The log is the user's alone, and not where a link points that somebody else has made.
fn open_log(path: &Path) -> Result<Log, Failure> {
    let level = match env::var("COSHELL_LOG").as_deref() {
        Ok("trace") => Level::Trace,
        Ok("debug") => Level::Debug,
        _ => Level::Info,
    };
    let refused = |reason: &str| Failure::Own(format!("coshell: --log {}: {reason}", path.display()));
    let file: File = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_CLOEXEC)
        .open(path)
        .map_err(|error| refused(&format!("{}; name a file that you may write and that is no link", reason(&error))))?;
    let metadata = file.metadata().map_err(|error| refused(&reason(&error)))?;
    if !metadata.is_file() || metadata.mode() & 0o077 != 0 {
        return Err(refused("others may read it, or it is no file; remove it or make it yours alone (chmod 600)"));
    }
    Ok(Log::to(file, level))
}

/// Runs the session so that a bug in it is told after the terminal has been put back.
fn unharmed<T>(session: impl FnOnce() -> T) -> Result<T, Failure> {
    static MESSAGE: Mutex<String> = Mutex::new(String::new());
    panic::set_hook(Box::new(|info| {
        if let Ok(mut message) = MESSAGE.lock() {
            *message = info.to_string();
        }
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(session));
    drop(panic::take_hook());
    result.map_err(|_: Box<dyn Any + Send>| {
        let message = MESSAGE.lock().map(|message| message.clone()).unwrap_or_default();
        Failure::Own(format!("coshell: a bug in coshell ended the session: {message}"))
    })
}

fn explain(refusal: StartRefusal, path: &OsString) -> Failure {
    let name = path.display();
    match refusal {
        StartRefusal::System(what, error) => {
            Failure::Own(format!("coshell: {what}: {}{}", reason(&error), remedy(&error)))
        }
        StartRefusal::Program(error) if is_ours(&error) => {
            Failure::Own(format!("coshell: {name} could not be started: {}{}", reason(&error), remedy(&error)))
        }
        StartRefusal::Program(error) if error.kind() == ErrorKind::NotFound => {
            Failure::NotFound(format!("coshell: {name}: not found; check its spelling and $PATH"))
        }
        StartRefusal::Program(error) => {
            Failure::CannotRun(format!("coshell: {name}: cannot be run: {}", reason(&error)))
        }
    }
}

/// Whether coshell came to its own limits before the program was even tried.
fn is_ours(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::EAGAIN | libc::ENOMEM))
}

/// What to do about it, where that is known.
fn remedy(error: &io::Error) -> String {
    let most = socket::descriptors();
    match error.raw_os_error() {
        Some(libc::EMFILE) => format!("; the limit is {most} (ulimit -n): raise it, {DESCRIPTORS} are enough"),
        Some(libc::EAGAIN) => "; the limit of processes is reached (ulimit -u): end some, or raise it".to_owned(),
        _ => String::new(),
    }
}
