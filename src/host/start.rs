//! Start of a session: the system calls that it needs, in an order that matters.

use std::ffi::OsString;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Instant;

use mio::{Events, Poll};

use super::children::Children;
use super::clients;
use super::clients::Clients;
use super::configuration::WatchedConfiguration;
use super::job_control;
use super::ports;
use super::ports::Ports;
use super::recording::RecordingFile;
use super::terminal::OuterTerminal;
use super::{CHUNK, Host, Launch, StartError};
use crate::core::{GuardedCore, MOST_RECENT, Settings};
use crate::fault::panic_for_test;
use crate::sys::child;
use crate::sys::crash;
use crate::sys::line_file::LineFile;
use crate::sys::pty::Pty;
use crate::sys::session_name::{ClaimError, ClaimedName};
use crate::sys::signals::{InheritedSignals, Signals};
use crate::sys::socket::Listener;
use crate::sys::tty;
use crate::types::{ExitStatus, Sink, Source, reason};

/// Capacity of one poll: one event for every descriptor there can be, so that client events never delay the terminal's.
const EVENTS: usize = clients::MAX_CLIENTS + 128;

/// Maximum number of lines in the file of faults.
const MAX_FAULT_LINES: usize = 100;

impl Host {
    /// Opens the terminal and the pty and starts the shell; returns an exit status where a signal ended coshell while it
    /// waited for the terminal in the background. From there on a panic must not end the session, so what can panic is left
    /// to the first turn.
    pub(super) fn start(launch: Launch) -> Result<ControlFlow<ExitStatus, Self>, StartError> {
        let Launch { program, shell_variable, mut settings, configuration, sockets, recent, faults, recording, log } =
            launch;
        panic_for_test("start");
        let context = |context| move |error| StartError::System(context, error);
        let inherited = InheritedSignals::take();
        // Before the shell starts: the SIGCHLD of a shell that exits at once would be lost.
        let mut signals =
            Signals::register(&inherited).map_err(context("the signal handlers could not be installed"))?;
        crash::install();
        let poll = Poll::new().map_err(context("the event poll could not be created"))?;
        poll.registry()
            .register(&mut signals, ports::SIGNALS, mio::Interest::READABLE)
            .map_err(context("the signals could not be registered"))?;
        let context_raw = context("the terminal could not be put into raw mode");
        let mut terminal = OuterTerminal::open(inherited.of_asynchronous_command()).map_err(context_raw)?;
        let events = job_control::await_foreground(&terminal, &mut signals);
        if let Some(signal) = job_control::terminating(&events) {
            return Ok(ControlFlow::Break(ExitStatus::Signal(signal)));
        }
        let typed = terminal.enter().map_err(context_raw)?;
        panic_for_test("raw");
        settings.size = terminal.size();
        settings.keyboard = terminal.keyboard;
        settings.screen = terminal.screen;
        let pty = Pty::open(settings.size, terminal.attributes()).map_err(context("no pty could be opened"))?;
        let typed_ahead =
            pty.type_ahead(typed).map_err(context("the keys typed ahead could not be passed to the pty"))?;
        settings.signal_characters =
            pty.signal_characters().map_err(context("the pty's settings could not be read"))?;
        let registry = || poll.registry().try_clone().map_err(context("the event poll could not be cloned"));
        let mut ports = Ports::new(registry()?);
        add_ports(&pty, &mut ports).map_err(context("the terminal could not be opened"))?;
        // Before the shell starts, like all that can fail.
        let context_record = context("the recording could not be started");
        let recording = RecordingFile::new(poll.registry(), recording).map_err(context_record)?;
        let client_registry = registry()?;
        let listener = Listener::bind(&sockets, &settings.session);
        let name = claim_name(&sockets, listener.as_ref().ok(), &mut settings)?;
        // Without a socket the variable is left out; the error is reported below.
        let mut session_env = session_env(&settings.session, &pty, listener.as_ref().ok());
        session_env.extend(shell_variable.map(|shell| ("SHELL", shell)));
        let shell = pty.slave().and_then(|slave| child::start_in_pty(&program, slave, &session_env, &inherited));
        let shell = shell.map_err(StartError::Program)?;
        settings.tty = pty.name.to_string_lossy().into_owned();
        if let Err(error) = &listener {
            let sentence = format!("the session has no socket, so subcommands cannot reach it: {}", reason(error));
            settings.warnings.push(sentence);
        }
        // The error has been added to `warnings` above.
        let clients = Clients::new(client_registry, listener.ok(), name);
        let children = Children::new(shell, session_env);
        let mut effects = Vec::new();
        let core = GuardedCore::new(Instant::now(), settings, &mut effects);
        Ok(ControlFlow::Continue(Self {
            terminal,
            core: ManuallyDrop::new(core),
            poll,
            events: Events::with_capacity(EVENTS),
            signals: ManuallyDrop::new(signals),
            // A signal may have arrived between the handlers and the registration with the poll.
            signals_ready: true,
            ports,
            pty,
            children,
            clients,
            configuration: WatchedConfiguration::new(configuration),
            recent: LineFile::new(recent, MOST_RECENT),
            faults: LineFile::new(faults, MAX_FAULT_LINES),
            recording,
            effects,
            warnings: Vec::new(),
            modes: Vec::new(),
            buffer: vec![0; CHUNK],
            log,
            read_since_coproc_write: 0,
            typed_ahead,
            deferred_turns: 0,
            finished: None,
            panics: 0,
            check_state: false,
        }))
    }
}

/// Claims the name of the session that listens. A name that another session has is an error.
fn claim_name(
    sockets: &[PathBuf],
    listener: Option<&Listener>,
    settings: &mut Settings,
) -> Result<Option<ClaimedName>, StartError> {
    let Some((listener, name)) = listener.zip(settings.name.as_deref()) else { return Ok(None) };
    match ClaimedName::claim(sockets, &listener.path, name) {
        Ok(claimed) => Ok(Some(claimed)),
        Err(ClaimError::Taken(id)) => Err(StartError::NameTaken(id)),
        Err(ClaimError::System(error)) => {
            settings.warnings.push(format!("the session has no name for --session: {}", reason(&error)));
            Ok(None)
        }
    }
}

/// Returns the environment variables that identify the session to the processes in it.
fn session_env(session: &str, pty: &Pty, listener: Option<&Listener>) -> Vec<(&'static str, OsString)> {
    let mut session_env = vec![("COSHELL_SESSION", session.into()), ("COSHELL_TTY", pty.name.clone().into_os_string())];
    session_env.extend(listener.map(|listener| ("COSHELL_SOCKET", listener.path.clone().into_os_string())));
    session_env
}

fn add_ports(pty: &Pty, ports: &mut Ports) -> io::Result<()> {
    ports.add_reader(Source::Keyboard, tty::open(io::stdin().as_fd())?);
    ports.add_writer(Sink::Terminal, tty::open(io::stdout().as_fd())?);
    let stream = pty.stream()?;
    ports.add_writer(Sink::Pty, stream.try_clone()?);
    ports.add_reader(Source::Pty, stream);
    Ok(())
}
