//! A whole session: the core among a shell, a terminal, a coprocess, background commands and clients.

use std::ffi::OsString;
use std::sync::OnceLock;
use std::time::Duration;

use super::model::{Faults, Model};
use super::script::Script;
use crate::cli;
use crate::cli::Args;
use crate::config;
use crate::config::Environment;
use crate::core::event::Input;
use crate::core::event_kind::EventKind;
use crate::core::request::{
    AwaitRequest, CapturedFormat, ExecRequest, InputFormat, OptionArg, Options, Request, TimeSpan, TriggerRequest,
};
use crate::core::state_kind::StateKind;
use crate::core::{OutputKind, TermCaps};
use crate::types::{Echo, ExitStatus, SIGHUP, SIGTERM, Sink, Size, WriteError};

/// What must hold of a session with these options, besides what holds of every session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// The terminal gets what the shell prints, and the pty what the keyboard sends.
    Relay,
    /// The terminal gets what the shell prints.
    Shown,
    /// Each marked byte of the shell reaches either the terminal or a silent coprocess, once.
    Split,
    /// Nothing more.
    Nothing,
}

/// Triggers that start coprocesses of every kind, type, depend on a job, and fire on every chunk.
pub(in crate::core) const TRIGGERS_OF_EVERY_KIND: &[&str] = &[
    "-t",
    "rz waiting",
    "-s",
    "sz f",
    "-t",
    "\\*\\*B00000000000000",
    "-s",
    "rz",
    "-t",
    "num (\\d+)",
    "--send",
    "$1",
    "-t",
    "^go$",
    "--when",
    "job=bash",
    "-c",
    "bot",
    "-t",
    "x+",
    "--bell",
    "--all",
    "--instant",
    "-t",
    "o",
    "--highlight",
    "bold on red",
    "--link",
    "/$0",
    "--when",
    "job=bash",
];

/// Options of a session, and the promise.
const SESSIONS: &[(&[&str], Promise)] = &[
    (&["--hotkey", "none"], Promise::Relay),
    (&["-q", "--hotkey", "none", "--indicator", "none", "-c", "bot"], Promise::Shown),
    (
        &[
            "-q",
            "--hotkey",
            "none",
            "--indicator",
            "none",
            "-i",
            "text",
            "-t",
            "go",
            "-c",
            "bot",
            "-t",
            "(\\d+)!",
            "--send",
            "$1\\r",
            "--set",
            "n=$1",
            "-t",
            "x+",
            "--run",
            "true",
            "--all",
            "--instant",
            "-t",
            "assword: $",
            "--send",
            "s",
            "--when",
            "no-echo",
        ],
        Promise::Shown,
    ),
    (&["-q", "--hotkey", "none", "--indicator", "none", "-i", "json", "-c", "bot"], Promise::Shown),
    (&["-q", "--hotkey", "none", "--indicator", "none", "--silent-keys", "pass"], Promise::Split),
    (TRIGGERS_OF_EVERY_KIND, Promise::Nothing),
    (
        &[
            "-i",
            "json",
            "-t",
            "go",
            "-s",
            "bot",
            "-t",
            "E",
            "--inject",
            "E\\n",
            "--annotate",
            "n",
            "--mark",
            "m",
            "--capture",
            "-t",
            "title (.*)",
            "--title",
            "$1",
            "--notify",
            "$1",
            "--run",
            "cat",
            "-t",
            "^$",
            "--stop",
            "-t",
            "num",
            "--context",
            "3",
            "--confirm",
            "--run",
            "cat",
            "-t",
            "go",
            "--until",
            "!$",
            "--run",
            "cat",
            "--event",
            "asks",
            "--send",
            "y",
            "--confirm",
            "--event",
            "idle",
            "--after",
            "1s",
            "--bell",
        ],
        Promise::Nothing,
    ),
    (&["-i", "text", "-s", "bot"], Promise::Nothing),
];

/// Pieces of the shell's output and of keys.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"$ ",
    b"go\r\n",
    b"num 12\r\n",
    b"34!\r\n",
    b"Password: ",
    b"E",
    b"title one\r\n",
    b"xxxx",
    b"\x1b[?1049h",
    b"\x1b[?1049l",
    b"\x1b[?2004h$ ",
    b"\x1b]0;title\x07",
    b"\x1b]133;A\x07$ ",
    b"\x1b]133;B\x07ls",
    b"\x1b]133;C\x07\r\n",
    b"\x1b]133;D;1\x07",
    b"\x1b]7;file:///tmp\x07",
    b"\x1b[3;5r\x1b[?6h\x1b[4h",
    b"\x1b[2J\x1b[H",
    b"\x1b[31m\xc3\xa9\xe4\xb8\xad",
    b"\x1b[",
    b"\xe4\xb8",
    b"rz waiting to receive.**\x18B0100000023be50\r\x8a\x11",
    b"rz\r**\x18B00000000000000\r\x8a\x11",
    b"**\x18B0800000000022d\r\x8a",
    b"OO",
    b"\x18\x18\x18\x18\x18\x18\x08\x08\x08\x08",
    b"*\x18Cdata",
    b"\x1d",
    b"\x1b",
    b"r",
    b"s",
    b"t1",
    b"\r",
    b"\x03",
    b"\x1b[200~",
    b"\x1b[201~",
    b"\x1b[93;5u",
];

/// Bytes that coshell writes nowhere of its own accord.
const MARKED: &[u8] = b"{|}~";

/// Returns the parsed options of all sessions.
fn args(i: usize) -> Args {
    static ARGS: OnceLock<Vec<Args>> = OnceLock::new();
    let parse = |(argv, _): &(&[&str], Promise)| {
        let argv: Vec<_> = std::iter::once(&"coshell").chain(*argv).map(OsString::from).collect();
        cli::parse_session(argv).unwrap_or_else(|error| panic!("{error}"))
    };
    ARGS.get_or_init(|| SESSIONS.iter().map(parse).collect())[i].clone()
}

/// Runs a session of random events to its end, and checks the invariants of the model and the promise of its options.
pub fn session(input: &[u8]) {
    let mut script = Script::new(input);
    let kind = script.below(SESSIONS.len());
    let promise = SESSIONS[kind].1;
    let shape = script.byte();
    let mut environment = Environment::default();
    if promise == Promise::Nothing && shape & 7 == 7 {
        environment.term_caps = TermCaps::Dumb;
    }
    let mut settings = config::settings(args(kind), &environment).expect("the options are valid");
    settings.size = size(shape >> 3);
    if promise == Promise::Nothing && shape & 7 == 6 {
        (settings.screen, settings.keyboard) = (OutputKind::Pipe, OutputKind::Pipe);
    }
    let sizes = [usize::MAX, 7, 61, 4095];
    let mut model = Model::new(settings, script.pick(&sizes));
    while !script.is_over() && model.finished.is_none() {
        step(&mut model, &mut script, promise);
        keep(&model, promise);
    }
    let complete = model.shows();
    model.end();
    if complete && promise == Promise::Split {
        let marks = |bytes: &[u8]| bytes.iter().filter(|byte| MARKED.contains(byte)).count();
        let there = marks(&model.shown) + marks(&model.consumed);
        assert_eq!(there, marks(&model.printed), "each byte of the shell reaches the terminal or the coprocess");
    }
    if complete && promise == Promise::Shown {
        assert!(model.shown.starts_with(&model.printed), "everything printed was shown");
    }
}

/// Checks the promise after a step.
fn keep(model: &Model, promise: Promise) {
    if matches!(promise, Promise::Relay | Promise::Shown) && model.shows() {
        assert_eq!(model.shown.len(), model.printed.len(), "output is neither withheld nor added to");
        assert!(model.shown == model.printed, "output is unchanged");
    }
    if promise == Promise::Relay && model.types() {
        assert_eq!(model.typed.escape_ascii().to_string(), model.pressed.escape_ascii().to_string());
    }
}

fn size(choice: u8) -> Size {
    let (rows, cols) = match choice & 31 {
        0 => (24, 80),
        1 => (0, 0),
        2 => (1, 1),
        n => (u16::from(n), u16::from(n) * 7 % 50),
    };
    Size { rows, cols, ..Size::default() }
}

/// Returns a piece of a stream.
fn piece<'a>(script: &mut Script<'a>) -> &'a [u8] {
    match script.byte() {
        n @ ..0xc0 => PIECES[usize::from(n) % PIECES.len()],
        _ => script.bytes(),
    }
}

fn text(script: &mut Script<'_>) -> String {
    String::from_utf8_lossy(piece(script)).into_owned()
}

fn step(model: &mut Model, script: &mut Script<'_>, promise: Promise) {
    let relay = promise == Promise::Relay;
    match script.byte() % 64 {
        0..16 if promise == Promise::Split => {
            let n = script.byte();
            let marks = (0..n).map(|i| MARKED[usize::from(i) % MARKED.len()]);
            // Beside a full row the last character is printed again, which restores the pending wrap.
            model.print(&marks.chain([b'\r']).collect::<Vec<_>>());
        }
        0..16 => model.print(piece(script)),
        16 => {
            // A flood fills queues.
            let bytes = [[script.byte(); 63].as_slice(), b"\n"].concat().repeat(64);
            let bytes = if promise == Promise::Split { [b"{".repeat(4094).as_slice(), b"\r"].concat() } else { bytes };
            (0..script.below(6)).for_each(|_| model.print(&bytes));
        }
        17..22 => model.press(piece(script)),
        22..26 => model.coproc_writes(piece(script)),
        26 => model.coproc_writes(b""),
        27 => model.coproc_complains(piece(script)),
        28 => model.coproc_exits(ExitStatus::Code(script.byte() & 1)),
        29 => model.coproc_closes_stdout(),
        30 => model.coproc_closes_stdin(),
        31 | 32 => model.coproc_reads(script.byte() & 1 == 1),
        33..40 => {
            let time = script.byte();
            let unit = if time & 0x80 == 0 { 1 } else { 60 };
            model.wait(Duration::from_millis(u64::from(time & 0x3f) * unit), time & 0x40 != 0);
        }
        40 | 41 => model.input(Input::Resized(size(script.byte()))),
        42 => model.stall(Sink::Terminal, true),
        43 => model.stall(Sink::Terminal, false),
        44 => model.stall(Sink::Pty, true),
        45 => model.stall(Sink::Pty, false),
        46 => {
            let bits = script.byte();
            model.faults = Faults {
                starts: bits & 1 != 0,
                echo: [Echo::On, Echo::OffInLines, Echo::On, Echo::OffInKeys][usize::from(bits >> 1 & 3)],
                signals: bits & 8 != 0 && !relay,
                recent: bits & 16 != 0,
            };
        }
        47..56 if !relay => {
            let request =
                if promise == Promise::Nothing { any_request(script) } else { quiet_request(script, promise) };
            model.request(request, promise == Promise::Nothing);
        }
        56 => model.cancel(script.byte()),
        57 => model.job_exits(script.byte(), ExitStatus::Code(script.byte() & 1)),
        58 => model.lent_exits(),
        59 => match script.byte() {
            0..8 => model.shell_exits(),
            8..12 => model.pty_closes(),
            12..14 => model.close_keyboard(),
            14 => model.terminate(SIGTERM),
            15 => model.terminate(SIGHUP),
            16 => model.write_fails(Sink::Terminal, WriteError::Device("Input/output error")),
            17 => model.write_fails(Sink::Pty, WriteError::NoReader),
            18 => model.write_fails(Sink::Terminal, WriteError::Refused("No space left on device")),
            // A stop turns the modes of the terminal off.
            _ if promise == Promise::Nothing => model.input(Input::Suspend),
            _ => {}
        },
        _ => {}
    }
}

/// Returns a request that neither shows something on the terminal nor withholds output.
fn quiet_request(script: &mut Script<'_>, promise: Promise) -> Request {
    let formats = [None, Some(InputFormat::Raw), Some(InputFormat::Text), Some(InputFormat::Json)];
    match script.below(16) {
        0..4 => {
            let bits = script.byte();
            let silent = promise == Promise::Split;
            // Bytes that a coprocess reads as lines are not those of the shell.
            let input = if silent { None } else { script.pick(&formats) };
            let (replace, wait) = (bits & 1 != 0, bits & 2 != 0);
            Request::Run { command: "bot".to_owned(), silent, replace, wait, input }
        }
        4 => Request::Stop { signal: SIGTERM },
        5 => Request::Stop { signal: i32::from(script.byte() % 31) + 1 },
        6 => Request::Wait {},
        7 => Request::Status {},
        8 => {
            let bits = script.byte();
            let (enter, paste, secret) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
            let (timeout, now) = (u64::from(bits >> 4), bits & 8 != 0);
            Request::Send { text: text(script), enter, paste, secret, timeout, now, key: Vec::new() }
        }
        9 => {
            let (number, from, command) = (script.byte(), script.byte(), script.byte());
            // From a byte that is read anyway, so that the corpus keeps its meaning.
            let to = command.rotate_left(4);
            let some = |n: u8| (n & 1 == 1).then_some(usize::from(n >> 1));
            Request::Lines {
                number: some(number),
                from: some(from).map(|n| n as u64),
                to: some(to).map(|n| n as u64),
                command: some(command),
                numbers: false,
                notes: false,
                times: None,
                follow: number & 0x80 != 0,
                redact: false,
            }
        }
        10 => Request::Screen { redact: false },
        11 => Request::Set { name: text(script), value: text(script) },
        12 => Request::Get { name: Some(text(script)) },
        13 => Request::Subscribe { events: EventKind::ALL[script.below(EventKind::ALL.len())..].to_vec() },
        14 => Request::Annotate { line: text(script), text: text(script) },
        _ => match script.below(6) {
            0 => Request::Errors { follow: false },
            1 => Request::Notes {},
            2 => Request::Captured { format: CapturedFormat::Text, command: None, redact: false },
            3 => Request::Marks { redact: false },
            4 => Request::Trigger(TriggerRequest::List { toml: false }),
            _ => Request::Trigger(TriggerRequest::Disable { trigger: script.byte().to_string() }),
        },
    }
}

fn any_wait(script: &mut Script<'_>) -> AwaitRequest {
    let bits = script.byte();
    let time = TimeSpan(Duration::from_millis(u64::from(script.byte()) * 10));
    let wanted = AwaitRequest {
        timeout: Some(time).filter(|_| bits & 8 != 0),
        from: Some(u64::from(script.byte())).filter(|_| bits & 16 != 0),
        ..AwaitRequest::default()
    };
    match bits % 5 {
        0 => AwaitRequest { text: Some("o".to_owned()), ..wanted },
        1 => AwaitRequest { prompt: true, ..wanted },
        2 => AwaitRequest { quiet: Some(time), ..wanted },
        3 => AwaitRequest { command_end: true, ..wanted },
        _ => AwaitRequest { state: Some(StateKind::ALL[script.below(StateKind::ALL.len())]), ..wanted },
    }
}

fn any_request(script: &mut Script<'_>) -> Request {
    match script.below(12) {
        0 | 1 => {
            let bits = script.byte();
            let (silent, replace, wait) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
            let input = [None, Some(InputFormat::Text), Some(InputFormat::Json)][usize::from(bits >> 3) % 3];
            Request::Run { command: "bot".to_owned(), silent, replace, wait, input }
        }
        2 => Request::Inject { text: text(script), no_triggers: script.byte() & 1 != 0 },
        3 if script.byte() & 1 != 0 => {
            let timeout = Some(TimeSpan(Duration::from_millis(u64::from(script.byte()) * 10)));
            Request::Exec(ExecRequest { command: vec![text(script)], timeout, redact: false })
        }
        3 => Request::Await(any_wait(script)),
        4 if script.byte() & 1 != 0 => Request::Notify { text: text(script) },
        4 | 5 => {
            let command = if script.byte() & 1 == 0 { vec!["fzf".to_owned()] } else { Vec::new() };
            Request::Lend { tty: false, command, directory: None, environment: Vec::new(), streams: Vec::new() }
        }
        6 => {
            let option = |name: &'static str, value: String| OptionArg { name: name.into(), value };
            let options = match script.below(5) {
                0 => vec![option("send", "x".to_owned()), option("instant", String::new())],
                1 => vec![option("silent-coproc", "bot".to_owned())],
                2 => vec![option("inject", text(script)), option("all", String::new())],
                3 => vec![option("send", text(script)), option("confirm", String::new())],
                _ => vec![option("run", "true".to_owned()), option("cooldown", "1s".to_owned())],
            };
            let events = crate::core::trigger::event::EVENTS;
            let event = (script.below(3) == 0).then(|| events[script.below(events.len())].name.to_owned());
            let regex = event.is_none().then(|| text(script));
            Request::Trigger(TriggerRequest::Add { regex, event, options: Options(options) })
        }
        7 => match script.below(3) {
            0 => Request::Trigger(TriggerRequest::Remove { trigger: script.below(9).to_string() }),
            1 => Request::Trigger(TriggerRequest::Enable { trigger: script.below(9).to_string() }),
            _ => Request::Trigger(TriggerRequest::Disable { trigger: script.below(9).to_string() }),
        },
        _ => quiet_request(script, Promise::Nothing),
    }
}
