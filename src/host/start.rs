//! How a session begins: what is asked of the system, in the order in which it has to be.

use std::ffi::OsString;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::time::Instant;

use mio::{Events, Poll};

use super::children::Children;
use super::clients;
use super::clients::Clients;
use super::ports;
use super::ports::Ports;
use super::terminal::OuterTerminal;
use super::{CHUNK, Host, Launch, StartRefusal, provoke};
use crate::core::{Core, MOST_RECENT};
use crate::sys::child;
use crate::sys::line_file::LineFile;
use crate::sys::pty::Pty;
use crate::sys::signals;
use crate::sys::signals::Inherited;
use crate::sys::socket::Listener;
use crate::sys::tty;
use crate::types::{Sink, Source, reason};

/// As many as there can be, so that the terminal's is never behind those of the clients.
const EVENTS: usize = clients::MOST + 128;

impl Host {
    pub(super) fn start(launch: Launch) -> Result<Self, StartRefusal> {
        let Launch { program, mut settings, sockets, recent, log } = launch;
        provoke("start");
        let what = |what| move |error| StartRefusal::System(what, error);
        let inherited = Inherited::take();
        // Before the shell is started: one that exits at once would never be waited for.
        let mut signals = signals::register(&inherited).map_err(what("the signal handlers could not be set"))?;
        let poll = Poll::new().map_err(what("the poll could not be made"))?;
        poll.registry()
            .register(&mut signals, ports::SIGNALS, mio::Interest::READABLE)
            .map_err(what("the signals could not be registered"))?;
        let terminal = OuterTerminal::take().map_err(what("the terminal could not be put into raw mode"))?;
        provoke("raw");
        settings.size = terminal.size();
        settings.keyboard = terminal.keyboard;
        settings.screen = terminal.screen;
        let (pty, slave) = Pty::open(settings.size, terminal.attributes()).map_err(what("no pty could be made"))?;
        settings.signal_characters = pty.signal_characters().map_err(what("the pty could not be asked"))?;
        let registry = poll.registry().try_clone().map_err(what("the poll could not be shared"))?;
        let mut ports = Ports::new(registry);
        connect(&pty, &mut ports).map_err(what("the terminal could not be opened"))?;
        let listener = Listener::bind(&sockets, &settings.session);
        let names = names(&settings.session, &pty, listener.as_ref().ok());
        let shell = child::start_in_pty(&program, &slave, &names, &inherited).map_err(StartRefusal::Program)?;
        drop(slave);
        settings.tty = pty.name.to_string_lossy().into_owned();
        if let Err(error) = &listener {
            let sentence =
                format!("the session has no socket, so it cannot be steered from outside: {}", reason(error));
            settings.warnings.push(sentence);
        }
        let registry = poll.registry().try_clone().map_err(what("the poll could not be shared"))?;
        // What went wrong has been said above.
        let clients = Clients::new(registry, listener.ok());
        let children = Children::new(shell, names);
        let mut effects = Vec::new();
        let core = Core::new(Instant::now(), settings, &mut effects);
        let mut host = Self {
            terminal,
            core: ManuallyDrop::new(core),
            poll,
            events: Events::with_capacity(EVENTS),
            signals: ManuallyDrop::new(signals),
            // Some may have come before the poll knew of them.
            signalled: true,
            ports,
            pty,
            children,
            clients,
            recent: LineFile::new(recent, MOST_RECENT),
            effects,
            warnings: Vec::new(),
            modes: Vec::new(),
            buffer: vec![0; CHUNK],
            log,
            ungiven: 0,
            put_off: 0,
            finished: None,
        };
        let now = Instant::now();
        host.perform(now);
        host.flush(now);
        Ok(host)
    }
}

/// What tells every process inside of the session.
fn names(session: &str, pty: &Pty, listener: Option<&Listener>) -> Vec<(&'static str, OsString)> {
    let mut names = vec![("COSHELL_SESSION", session.into()), ("COSHELL_TTY", pty.name.clone().into_os_string())];
    names.extend(listener.map(|listener| ("COSHELL_SOCKET", listener.path.clone().into_os_string())));
    names
}

fn connect(pty: &Pty, ports: &mut Ports) -> io::Result<()> {
    ports.add_reader(Source::Keyboard, tty::open(io::stdin().as_fd())?);
    ports.add_writer(Sink::Terminal, tty::open(io::stdout().as_fd())?);
    let end = pty.end()?;
    ports.add_writer(Sink::Pty, end.again()?);
    ports.add_reader(Source::Pty, end);
    Ok(())
}
