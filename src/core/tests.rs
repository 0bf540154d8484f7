//! Tests of the whole core: a virtual clock, scripted sources and sinks, and an emulated screen. No pty, no process, no
//! waiting.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::access::Requester;
use super::event::PtyState;
use super::*;
use crate::cli;
use crate::config;
use crate::config::Environment;
use crate::types::{Echo, Sink, Size, Source};

mod alternate_screen;
mod annotating;
mod bursts;
mod clients;
mod confirm;
mod driving;
mod dumb;
mod events;
mod focus;
mod handed_lines;
mod highlighting;
mod indicator;
mod line_demand;
mod listings;
mod menu;
mod notices;
mod properties;
mod reading;
mod recording;
mod redaction;
mod reloading;
mod replaying;
mod requests;
mod rested_rows;
mod session_end;
mod silent;
mod sizeless;
mod slices;
mod states;
mod subscribing;
mod transfers;
mod typing;

/// A core with its environment.
struct Bench {
    core: Core,
    now: Instant,
    effects: Vec<Effect>,
    /// Every byte that the terminal was given.
    shown: Vec<u8>,
    /// Bytes that were typed into the shell.
    typed: Vec<u8>,
    /// Whether the pty takes nothing.
    pty_is_full: bool,
    /// Bytes that the coprocess was given.
    read: Vec<u8>,
    /// Number of bytes that the coprocess's pipe still takes.
    pipe: usize,
    /// Answer to `QueryPty`.
    pty_state: PtyState,
    /// Size of the terminal at the start.
    size: Size,
}

impl Bench {
    fn new(argv: &[&str]) -> Self {
        Self::sized(24, 80, argv)
    }

    /// Creates a bench whose terminal reports this size.
    fn sized(rows: u16, cols: u16, argv: &[&str]) -> Self {
        Self::within(&Environment::default(), Size { rows, cols, ..Size::default() }, argv)
    }

    fn within(environment: &Environment, size: Size, argv: &[&str]) -> Self {
        Self::of(Settings { size, ..Self::settings_within(environment, argv) })
    }

    fn settings(argv: &[&str]) -> Settings {
        Self::settings_within(&Environment::default(), argv)
    }

    fn settings_within(environment: &Environment, argv: &[&str]) -> Settings {
        let argv: Vec<_> = std::iter::once("coshell").chain(argv.iter().copied()).map(OsString::from).collect();
        let args = cli::parse_session(argv).unwrap_or_else(|error| panic!("{error}"));
        config::settings(args, environment).unwrap_or_else(|error| panic!("{error}"))
    }

    fn of(settings: Settings) -> Self {
        let size = settings.size;
        let (now, mut effects) = (Instant::now(), Vec::new());
        let core = Core::new(now, settings, &mut effects);
        let mut bench = Self {
            core,
            now,
            effects,
            shown: Vec::new(),
            typed: Vec::new(),
            pty_is_full: false,
            read: Vec::new(),
            pipe: usize::MAX,
            pty_state: PtyState::default(),
            size,
        };
        bench.drain();
        bench
    }

    fn input(&mut self, input: Input<'_>) -> &mut Self {
        let mut out = Vec::new();
        self.core.handle(self.now, input, &mut out);
        for effect in out {
            if effect == Effect::QueryPty {
                let state = self.pty_state.clone();
                self.effects.push(effect);
                self.input(Input::PtyState(state));
            } else {
                self.effects.push(effect);
            }
        }
        self.drain();
        // As the host does in its next turn.
        if self.core.deadline().is_some_and(|at| at <= self.now) {
            return self.input(Input::Deadline);
        }
        self
    }

    /// Takes all pending bytes, those for the coprocess as far as its pipe goes.
    fn drain(&mut self) {
        let (now, mut out) = (self.now, Vec::new());
        loop {
            let mut moved = false;
            for sink in [Sink::Terminal, Sink::Pty, Sink::Coproc] {
                let mut bytes = self.core.pending(sink).to_vec();
                if sink == Sink::Coproc {
                    bytes.truncate(self.pipe);
                    self.pipe -= bytes.len();
                }
                if bytes.is_empty() || sink == Sink::Pty && self.pty_is_full {
                    continue;
                }
                moved = true;
                match sink {
                    Sink::Terminal => self.shown.extend_from_slice(&bytes),
                    Sink::Pty => self.typed.extend_from_slice(&bytes),
                    _ => self.read.extend_from_slice(&bytes),
                }
                self.core.wrote(now, sink, bytes.len(), &mut out);
            }
            if !moved {
                break;
            }
        }
        self.effects.append(&mut out);
    }

    /// Queues a notice in the core.
    fn notice(&mut self, sentence: &str) {
        let cx = &mut Cx { now: self.now, effects: &mut Vec::new() };
        self.core.notice(cx, Notice::new(sentence));
    }

    fn shell(&mut self, bytes: &[u8]) -> &mut Self {
        self.input(Input::Bytes(Source::Pty, bytes))
    }

    fn coproc(&mut self, bytes: &[u8]) -> &mut Self {
        self.input(Input::Bytes(Source::Coproc, bytes))
    }

    fn keys(&mut self, bytes: &[u8]) -> &mut Self {
        self.input(Input::Bytes(Source::Keyboard, bytes))
    }

    /// Lets time pass, deadline by deadline.
    fn wait(&mut self, ms: u64) -> &mut Self {
        let end = self.now + Duration::from_millis(ms);
        for _ in 0..1000 {
            match self.core.deadline() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.input(Input::Deadline);
                }
                _ => {
                    self.now = end;
                    return self;
                }
            }
        }
        panic!("a deadline that does not pass: {:?}", self.core.deadline().map(|at| at - self.now));
    }

    /// Lets the coprocess exit; `unread` is the rest in its pipe.
    fn coproc_exits(&mut self, exit: ExitStatus, unread: &[u8]) -> &mut Self {
        self.input(Input::Exited(Child::Coproc, exit)).input(Input::Closed(Source::Coproc));
        if self.effects.contains(&Effect::Reclaim) {
            self.effects.retain(|effect| *effect != Effect::Reclaim);
            self.input(Input::Unread(unread.to_vec()));
        }
        self
    }

    fn started(&self) -> Vec<&str> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::StartCoproc { command, .. } | Effect::StartJob { command, .. } => {
                    Some(command.command.as_str())
                }
                _ => None,
            })
            .collect()
    }

    fn has(&self, effect: &Effect) -> bool {
        self.effects.contains(effect)
    }

    /// Returns the emulated screen.
    fn screen(&self) -> vt100::Parser {
        let Size { rows, cols, .. } = self.size.or_default();
        let mut screen = vt100::Parser::new(rows, cols, 0);
        screen.process(&self.shown);
        screen
    }

    fn lines(&self) -> Vec<String> {
        self.screen().screen().contents().lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

#[test]
fn relay_changes_nothing() {
    let mut bench = Bench::new(&["--hotkey", "none"]);
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    bench.shell(&bytes).keys(&bytes).wait(100);
    assert_eq!(bench.shown, bytes);
    assert_eq!(bench.typed, bytes);
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn prompt_is_answered_once() {
    let mut bench = Bench::new(&["-t", "there\\?", "--send", "Yes\\r"]);
    bench.shell(b"Are you there?").wait(19);
    assert_eq!(bench.typed, b"");
    bench.wait(1);
    assert_eq!(bench.typed, b"Yes\r");
    bench.shell(b" Yes\r\n").wait(1000);
    assert_eq!(bench.typed, b"Yes\r");
    assert_eq!(bench.core.deadline(), None, "an idle session does not wake up");
}

#[test]
fn match_held_on_one_line_does_not_settle_that_on_next() {
    let mut bench = Bench::new(&["-t", "task (.*)", "--send", "$1."]);
    // The second line begins in the chunk that ends the first, whose match is held until 520 ms.
    bench.shell(b"task on").wait(400).shell(b"e\r\ntask two").wait(300);
    assert_eq!(bench.typed, b"one.");
    bench.wait(219);
    assert_eq!(bench.typed, b"one.");
    bench.wait(1);
    assert_eq!(bench.typed, b"one.two.");
}

#[test]
fn empty_line_is_tried_at_every_split() {
    for (pattern, fires) in
        [("^$", 2), (r"^\s*$", 3), (r"\A\z", 2), ("^x?$", 2), ("^(a|)$", 3), ("$", 6), ("^.$", 4), (r"\b", 3)]
    {
        for stream in ["a\r\n\r\nb\r\n \r\nc\r\n\r\n", "\x1b[20ha\n\nb\n \nc\n\r\x1b[K\n"] {
            let typed = super::split::at_every_split(stream.as_bytes(), |pieces| {
                let mut bench = Bench::new(&["-t", pattern, "--send", "E"]);
                pieces.iter().for_each(|piece| {
                    bench.shell(piece);
                });
                String::from_utf8(bench.typed).expect("text")
            });
            assert_eq!(typed, "E".repeat(fires), "{pattern} on {stream:?}");
        }
    }
}

#[test]
fn triggered_coprocess_reads_line_from_first_byte() {
    super::split::at_every_split(b"before\r\n\x1b[1mgo\x1b[m now\r\nafter\r\n", |pieces| {
        let mut bench = Bench::new(&["-t", "^go", "-c", "bot"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        assert_eq!(bench.started(), ["bot"]);
        assert_eq!(bench.read.escape_ascii().to_string(), "\\x1b[1mgo\\x1b[m now\\r\\nafter\\r\\n");
    });
}

#[test]
fn text_and_json_readers_get_triggering_line_first() {
    let mut bench = Bench::new(&["-i", "text", "-t", "^go", "-c", "bot"]);
    bench.shell(b"before\r\n\x1b[1mgo\x1b[m now\r\nafter\r\n$ ").wait(100).shell(b"ls\r\n");
    assert_eq!(String::from_utf8_lossy(&bench.read), "go now\nafter\n$ ls\n");

    let mut bench = Bench::new(&["-i", "json", "-t", "^go", "--name", "n", "-c", "bot"]);
    bench.shell(b"before\r\ngo\r\n").wait(100);
    let read = String::from_utf8_lossy(&bench.read).into_owned();
    assert_eq!(
        read,
        "{\"groups\":[\"go\"],\"line\":\"go\",\"name\":\"n\",\"type\":\"trigger\"}\n\
         {\"number\":2,\"text\":\"go\",\"type\":\"line\"}\n"
    );
}

#[test]
fn second_coprocess_starts_only_after_first() {
    let mut bench = Bench::new(&["-c", "first", "-t", "go", "-c", "second", "-t", "go", "--send", "x"]);
    bench.shell(b"go\r\n");
    assert_eq!(bench.started(), ["first"]);
    assert_eq!(bench.typed, b"x");
    bench.coproc_exits(ExitStatus::Code(0), b"").shell(b"go\r\n");
    assert_eq!(bench.started(), ["first", "second"]);
}

#[test]
fn coprocess_not_reading_is_cut_off_after_2_s() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.pipe = 65_536;
    let mut printed = 0;
    while bench.core.wants_read(Source::Pty) && printed < 10_000_000 {
        bench.shell(&[b'x'; 4095]);
        printed += 4095;
    }
    assert!((1_048_576..1_048_576 + 70_000 + 4095).contains(&printed), "{printed}");
    bench.wait(1999);
    assert!(!bench.core.wants_read(Source::Pty));
    bench.wait(2);
    assert!(bench.core.wants_read(Source::Pty), "the terminal goes on");
    bench.coproc(b"still typing");
    assert_eq!(bench.typed, b"still typing");
    bench.shell(b"\r\n");
    let lines = bench.lines().join("\n");
    assert!(lines.contains("coprocess \"bot\" read nothing for 2 s"), "{lines}");
}

#[test]
fn stdin_held_by_child_of_exited_coprocess_is_cut_off() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.pipe = 0;
    while bench.core.wants_read(Source::Pty) {
        bench.shell(&[b'x'; 4096]);
    }
    // Its stdout is not read while the shell takes no input, which may be until the shell's output is read.
    bench.input(Input::Exited(Child::Coproc, ExitStatus::Code(0))).wait(2000);
    assert!(bench.core.wants_read(Source::Pty), "the terminal goes on");
}

#[test]
fn slow_coprocess_gets_every_byte() {
    let mut bench = Bench::new(&["-c", "bot"]);
    let (mut printed, mut turns) = (Vec::new(), 0_u64);
    bench.pipe = 0;
    while printed.len() < 4_000_000 {
        turns += 1;
        if bench.core.wants_read(Source::Pty) {
            let bytes: Vec<u8> = (0..4095).map(|i| (i * turns % 251) as u8).collect();
            bench.shell(&bytes);
            printed.extend_from_slice(&bytes);
        } else {
            bench.wait(1500);
        }
        bench.pipe = 1000;
        bench.drain();
        bench.pipe = 0;
    }
    bench.pipe = usize::MAX;
    bench.drain();
    assert!(bench.read == printed, "{} of {}", bench.read.len(), printed.len());
}

#[test]
fn flooding_coprocess_does_not_block_keyboard() {
    let mut bench = Bench::new(&["-c", "yes"]);
    let mut out = Vec::new();
    while bench.core.wants_read(Source::Coproc) {
        bench.core.handle(bench.now, Input::Bytes(Source::Coproc, b"y\n"), &mut out);
    }
    assert!(bench.core.wants_read(Source::Keyboard));
    bench.core.handle(bench.now, Input::Bytes(Source::Keyboard, b"\x03"), &mut out);
    bench.now += Duration::from_millis(51);
    bench.core.handle(bench.now, Input::Deadline, &mut out);
    assert!(out.contains(&Effect::Interrupt(3)), "{out:?}");
}

#[test]
fn output_of_exited_coprocess_is_typed() {
    let mut bench = Bench::new(&["-c", "echo yes"]);
    bench.input(Input::Exited(Child::Coproc, ExitStatus::Code(0)));
    assert!(!bench.has(&Effect::ReleaseCoproc));
    bench.coproc(b"yes\n").input(Input::Empty(Source::Coproc));
    assert_eq!(bench.typed, b"yes\n");
    assert!(bench.has(&Effect::ReleaseCoproc));
}

#[test]
fn failed_coprocess_is_noticed_with_stderr_above_line() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"$ ls");
    bench.input(Input::Bytes(Source::CoprocErr, b"one\ntwo\n")).coproc_exits(ExitStatus::Code(3), b"");
    assert_eq!(bench.lines(), ["coshell: coprocess \"bot\" failed: status 3", "  one", "  two", "$ ls"]);
    assert_eq!(bench.screen().screen().cursor_position(), (3, 4));
}

#[test]
fn notice_waits_for_end_of_sequence_and_alternate_screen() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"$ \x1b[?1049h\x1b[Hvim\x1b[3").coproc_exits(ExitStatus::Code(1), b"");
    bench.shell(b"1m");
    assert!(!String::from_utf8_lossy(&bench.shown).contains("coshell"));
    bench.shell(b"\x1b[m\x1b[?1049l");
    assert_eq!(bench.lines(), ["coshell: coprocess \"bot\" failed: status 1", "$"]);
}

#[test]
fn pty_is_queried_only_for_match() {
    let mut bench = Bench::new(&["-t", "word: $", "--send", "s\\r", "--when", "no-echo"]);
    bench.shell(b"Other: ").wait(30).shell(b"\r\n");
    assert!(!bench.has(&Effect::QueryPty));
    bench.shell(b"Password: ").wait(30);
    assert!(bench.has(&Effect::QueryPty));
    assert_eq!(bench.typed, b"");
    bench.shell(b"\r\n").pty_state.echo = Echo::OffInLines;
    bench.shell(b"Password: ").wait(219);
    assert_eq!(bench.typed, b"");
    bench.wait(1);
    assert_eq!(bench.typed, b"s\r");
}

#[test]
fn echo_off_for_an_instant_is_no_password() {
    for prompt in ["Password: ", "Password:\r\n"] {
        let mut bench = Bench::new(&["-t", "word:", "--send", "s\\r", "--when", "no-echo", "-t", "word:", "--bell"]);
        bench.pty_state.echo = Echo::OffInLines;
        bench.shell(prompt.as_bytes()).wait(170);
        assert!(bench.shown.ends_with(b"\x07"), "no other trigger waits: {prompt:?}");
        bench.pty_state.echo = Echo::On;
        bench.wait(1000);
        assert_eq!(bench.typed, b"", "{prompt:?}");
        bench.pty_state.echo = Echo::OffInLines;
        bench.shell(b"\r\n").shell(prompt.as_bytes()).wait(220);
        assert_eq!(bench.typed, b"s\r", "{prompt:?}");
        bench.wait(1000);
        assert_eq!((bench.typed.as_slice(), bench.shown.iter().filter(|&&byte| byte == 7).count()), (&b"s\r"[..], 2));
    }
}

#[test]
fn finished_line_is_password_prompt_only_while_it_is_last() {
    for (behind, typed) in [("", "s\r"), ("$ ", ""), ("word?\r\n", ""), ("word:\r\n", "s\r")] {
        let mut bench = Bench::new(&["-t", "word:", "--send", "s\\r", "--when", "no-echo"]);
        bench.pty_state.echo = Echo::OffInLines;
        bench.shell(&b"word:\r\n".repeat(100)).wait(100).shell(behind.as_bytes()).wait(1000);
        assert_eq!((bench.typed.as_slice(), bench.core.deadline()), (typed.as_bytes(), None), "{behind:?}");
    }
}

#[test]
fn trigger_firing_itself_is_stopped() {
    let mut bench = Bench::new(&["-t", "foo", "--name", "loop", "--send", "echo foo\\r"]);
    for _ in 0..50 {
        bench.shell(b"foo\r\n").wait(1);
    }
    assert_eq!(bench.typed.len(), 20 * "echo foo\r".len());
    assert!(String::from_utf8_lossy(&bench.shown).contains("trigger \"loop\" fired 20 times in 2 s"));
}
