//! Starts a session: reads the environment, checks the settings and runs the session to its end.

use std::any::Any;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use super::connection::Client;
use super::shell::UserShell;
use super::{configuration, output, sessions};
use crate::cli::Args;
use crate::config;
use crate::config::{ConfigurationFiles, Environment, SettingsError, ShellCommand};
use crate::core::request::Request;
use crate::core::response::StatusResponse;
use crate::core::trigger::CostClock;
use crate::core::trigger::action::Protocol;
use crate::core::{Charset, Settings, TermCaps};
use crate::error::{Failure, Usage};
use crate::fault;
use crate::host;
use crate::host::{Configuration, Launch, Level, Log, Outcome, StartError};
use crate::sys;
use crate::sys::child::Program;
use crate::sys::clock;
use crate::sys::private_file;
use crate::sys::private_file::{Access, PrivateFileError};
use crate::sys::{socket, tty};
use crate::types::{ExitStatus, reason};

/// Number of descriptors that is enough for a session and a few clients.
const DESCRIPTORS: usize = 64;

/// Runs a session; returns its exit status. `argv` is the command line of which `args` was parsed.
pub fn run(mut args: Args, argv: &[OsString]) -> Result<ExitStatus, Failure> {
    let shell = UserShell::read(args.command.is_empty());
    shell.stand_in(argv)?;
    let shell_variable = shell.replacement();
    let environment = environment(shell, argv);
    let ShellCommand { path, name, args: rest } = config::shell_command(&args, &environment);
    let (nested, log, record) = (args.nested, args.log.clone(), args.record.clone());
    let mut files = ConfigurationFiles::find(&mut args, &environment, configuration::places());
    let mut settings = settings(args, &mut files, &environment)?;
    if !nested {
        refuse_nesting()?;
    }
    let log = match &log {
        Some(path) => open_log(path)?.redacted_by(settings.redaction.rules_if_always()),
        None => Log::none(),
    };
    // Last, so that no session that is refused leaves a file behind.
    let recording = record.as_deref().map(open_recording).transpose()?;
    let program = Program { path: path.clone(), name, args: rest };
    settings.session = process::id().to_string();
    settings.cost_clock = CostClock { time: clock::monotonic, cpu: clock::cpu_time };
    // A clock before 1970 is wrong anyway.
    settings.unix_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let launch = Launch {
        program,
        shell_variable,
        settings,
        configuration: files.can_change().then(|| Box::new(files) as Box<dyn Configuration>),
        sockets: sessions::directories(),
        recent: state("history"),
        faults: state("faults"),
        recording,
        log,
    };
    let outcome = catch_panic(|| host::run(launch))?.map_err(|refusal| {
        record.as_deref().into_iter().for_each(discard_recording);
        explain(refusal, &path)
    })?;
    let Outcome { exit, warnings } = outcome;
    for line in warnings {
        output::say(&format!("{line}\n"));
    }
    Ok(exit)
}

/// Makes the settings of the command line and the configuration. A login shell starts without a configuration that has
/// faults: a slip in a file must not lock its user out.
fn settings(args: Args, files: &mut ConfigurationFiles, environment: &Environment) -> Result<Settings, Failure> {
    let may_go_without = environment.as_login && !files.is_named();
    let spare = may_go_without.then(|| args.clone());
    let error = match (files.settings(args), spare) {
        (Ok(settings), _) => return Ok(settings),
        (Err(SettingsError::Load(error)), Some(spare)) => {
            let sentence = format!("{}; the session has no configuration", error.line());
            let mut settings = config::settings(spare, environment).map_err(Failure::Usage)?;
            settings.warnings.push(sentence);
            return Ok(settings);
        }
        (Err(error), _) => error,
    };
    Err(error.failure(configuration::in_colour(environment.no_colour)))
}

/// Returns the path of the state file `name` (XDG base directory specification), or `None` without a home directory.
pub(super) fn state(name: &str) -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("coshell").join(name))
}

/// Returns what the environment says; `argv` is coshell's own command line.
fn environment(shell: UserShell, argv: &[OsString]) -> Environment {
    Environment {
        shell: shell.variable,
        login_shell: shell.entry,
        as_login: argv.first().is_some_and(|argv0| argv0.as_bytes().starts_with(b"-")),
        protocol: Protocol::of(|name| env::var(name).ok()),
        no_colour: configuration::no_colour(),
        term_caps: TermCaps::of(env::var_os("TERM").as_deref().map(OsStr::to_string_lossy).as_deref()),
        charset: Charset::of(|name| env::var(name).ok()),
        // Without its path coshell is looked for in $PATH, and without the directory a relative one is the shell's.
        program: env::current_exe().ok(),
        directory: env::current_dir().unwrap_or_default(),
        term: env::var("TERM").ok(),
    }
}

/// Refuses to start inside a session, where every trigger would fire twice.
fn refuse_nesting() -> Result<(), Failure> {
    if is_inside() {
        let sentence = "coshell: this terminal is already inside a coshell session: start a coprocess in that session \
                        (coshell run CMD), add a trigger to it (coshell trigger add REGEX), or start a nested session \
                        with --nested";
        return Err(Failure::Internal(sentence.to_owned()));
    }
    Ok(())
}

/// Whether the session that the environment names is alive and has a standard stream of this process as its pty.
///
/// The environment alone does not tell: tmux and ssh pass it on to other terminals, and a tmux that outlives the session to
/// terminals that have got the number of the session's pty since.
fn is_inside() -> bool {
    let Some(inside) = env::var_os("COSHELL_TTY").map(PathBuf::from) else { return false };
    let streams = [tty::path(io::stdin().as_fd()), tty::path(io::stdout().as_fd()), tty::path(io::stderr().as_fd())];
    if !streams.into_iter().flatten().any(|path| path == inside) {
        return false;
    }
    let Some(socket) = env::var_os("COSHELL_SOCKET").filter(|path| !path.is_empty()) else {
        // A session without a socket cannot be asked. Its process id is its name.
        let session = env::var("COSHELL_SESSION").ok().and_then(|session| session.parse().ok());
        return session.is_some_and(sys::process::is_alive);
    };
    let Ok(mut client) = Client::connect(Path::new(&socket)) else { return false };
    // A session that is alive and does not answer is stopped, and keeps its pty. Another one may have got its socket's name.
    client.ask_in_time::<StatusResponse>(&Request::Status {}).is_none_or(|status| Path::new(&status.tty) == inside)
}

/// Opens the log file, which holds what the user types.
fn open_log(path: &Path) -> Result<Log, Failure> {
    let level = match env::var("COSHELL_LOG").as_deref() {
        Ok("trace") => Level::Trace,
        Ok("debug") => Level::Debug,
        _ => Level::Info,
    };
    let refused = |refusal: PrivateFileError| {
        let remedy = match refusal {
            PrivateFileError::Shared(_) => "run chmod 600 on it, or name another file",
            _ => "name a file that you can write to, or one that does not exist",
        };
        Failure::Internal(format!("coshell: --log {}: {refusal}; {remedy}", path.display()))
    };
    private_file::open(path, Access::Append).map(|file| Log::to(file, level)).map_err(refused)
}

/// Creates the file of the recording, which holds what the session shows.
fn open_recording(path: &Path) -> Result<File, Failure> {
    let refused = |refusal: PrivateFileError| {
        let sentence = format!("coshell: --record {}: {refusal}; name a file that does not exist", path.display());
        Failure::Internal(sentence)
    };
    private_file::open(path, Access::New).map_err(refused)
}

/// Removes the recording of a session that did not start, of which nothing was written.
fn discard_recording(path: &Path) {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0) {
        // What remains is an empty file, which says as much.
        let _ = fs::remove_file(path);
    }
}

/// Runs `session` and turns a panic into a failure, which is printed after the terminal has been restored.
fn catch_panic<T>(session: impl FnOnce() -> T) -> Result<T, Failure> {
    fault::record_panics();
    let result = panic::catch_unwind(AssertUnwindSafe(session));
    drop(panic::take_hook());
    result.map_err(|_: Box<dyn Any + Send>| {
        let fault = fault::take();
        Failure::Internal(format!(
            "coshell: a fault in coshell ended the session: {fault}; report this line where you got coshell"
        ))
    })
}

fn explain(refusal: StartError, path: &OsString) -> Failure {
    let name = path.display();
    match refusal {
        StartError::NameTaken(id) => Failure::Usage(Usage::new(
            "session-name",
            format!("session {id} has this name; choose another one, or end that session (coshell sessions)"),
        )),
        StartError::System(what, error) => {
            Failure::Internal(format!("coshell: {what}: {}{}", reason(&error), remedy(&error)))
        }
        StartError::Program(error) if is_resource_limit(&error) => {
            Failure::Internal(format!("coshell: {name} could not be started: {}{}", reason(&error), remedy(&error)))
        }
        StartError::Program(error) if error.kind() == ErrorKind::NotFound => {
            Failure::NotFound(format!("coshell: {name}: not found; check its spelling and $PATH"))
        }
        StartError::Program(error) => Failure::CannotRun(format!("coshell: {name}: cannot be run: {}", reason(&error))),
    }
}

/// Returns whether `error` is a resource limit of coshell, not a fault of the program.
fn is_resource_limit(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::EAGAIN | libc::ENOMEM))
}

/// Returns the remedy for `error` as the end of a sentence; empty if none is known.
fn remedy(error: &io::Error) -> String {
    let limit = socket::max_descriptors();
    match error.raw_os_error() {
        Some(libc::EMFILE) => format!("; the limit is {limit} (ulimit -n): raise it to at least {DESCRIPTORS}"),
        Some(libc::EAGAIN) => "; the process limit is reached (ulimit -u): end some processes, or raise it".to_owned(),
        _ => String::new(),
    }
}
