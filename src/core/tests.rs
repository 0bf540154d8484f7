//! The whole core at a bench: a virtual clock, three scripted ports, a screen that a person could read. No pty, no
//! process, no waiting.

mod noting;
mod reading;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::trigger::Looked;
use super::*;
use crate::cli;
use crate::config::{self, Surroundings};
use crate::words::{Loss, Port};

mod controlled;
mod indicator;
mod menu;
mod notices;
mod paper;
mod readers;
mod sizeless;
mod subscribing;

/// A core with the world round it.
struct Bench {
    core: Core,
    now: Instant,
    effects: Vec<Effect>,
    /// Every byte that the terminal was given.
    shown: Vec<u8>,
    /// What was typed into the shell.
    typed: Vec<u8>,
    /// What the coprocess was given.
    read: Vec<u8>,
    /// How much the coprocess takes before its pipe is full.
    pipe: usize,
    /// What `Looked` answers.
    looked: Looked,
    /// That of the terminal at the start.
    size: Size,
}

impl Bench {
    fn new(argv: &[&str]) -> Self {
        Self::sized(24, 80, argv)
    }

    /// On a terminal that says it has so many rows and columns.
    fn sized(rows: u16, cols: u16, argv: &[&str]) -> Self {
        Self::within(&Surroundings::default(), Size { rows, cols, ..Size::default() }, argv)
    }

    fn within(surroundings: &Surroundings, size: Size, argv: &[&str]) -> Self {
        let argv: Vec<_> = std::iter::once("coshell").chain(argv.iter().copied()).map(OsString::from).collect();
        let args = cli::parse_session(argv).unwrap_or_else(|error| panic!("{error}"));
        let mut setup = config::setup(args, surroundings).unwrap_or_else(|error| panic!("{error}"));
        setup.size = size;
        let (now, mut effects) = (Instant::now(), Vec::new());
        let core = Core::new(now, setup, &mut effects);
        let mut bench = Self {
            core,
            now,
            effects,
            shown: Vec::new(),
            typed: Vec::new(),
            read: Vec::new(),
            pipe: usize::MAX,
            looked: Looked { no_echo: false, jobs: Vec::new() },
            size,
        };
        bench.drain();
        bench
    }

    fn input(&mut self, input: Input<'_>) -> &mut Self {
        let mut out = Vec::new();
        self.core.handle(self.now, input, &mut out);
        for effect in out {
            if effect == Effect::Look {
                let looked = self.looked.clone();
                self.effects.push(effect);
                self.input(Input::Looked(looked));
            } else {
                self.effects.push(effect);
            }
        }
        self.drain();
        self
    }

    /// Everything that waits is taken, the coprocess's share as far as its pipe goes.
    fn drain(&mut self) {
        let (now, mut out) = (self.now, Vec::new());
        loop {
            let mut moved = false;
            for port in [Port::Tty, Port::Shell, Port::Coproc] {
                let mut bytes = self.core.pending(port).to_vec();
                if port == Port::Coproc {
                    bytes.truncate(self.pipe);
                    self.pipe -= bytes.len();
                }
                if bytes.is_empty() {
                    continue;
                }
                moved = true;
                match port {
                    Port::Tty => self.shown.extend_from_slice(&bytes),
                    Port::Shell => self.typed.extend_from_slice(&bytes),
                    _ => self.read.extend_from_slice(&bytes),
                }
                self.core.wrote(now, port, bytes.len(), &mut out);
            }
            if !moved {
                break;
            }
        }
        self.effects.append(&mut out);
    }

    fn shell(&mut self, bytes: &[u8]) -> &mut Self {
        self.input(Input::Bytes(Port::Shell, bytes))
    }

    fn coproc(&mut self, bytes: &[u8]) -> &mut Self {
        self.input(Input::Bytes(Port::Coproc, bytes))
    }

    fn keys(&mut self, bytes: &[u8]) -> &mut Self {
        self.input(Input::Bytes(Port::Tty, bytes))
    }

    /// Time passes, deadline by deadline.
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

    /// The coprocess exits; what it left in its pipe is read back.
    fn coproc_exits(&mut self, exit: Exit, unread: &[u8]) -> &mut Self {
        self.input(Input::Exited(Child::Coproc, exit));
        if self.effects.contains(&Effect::Reclaim) {
            self.effects.retain(|effect| *effect != Effect::Reclaim);
            self.input(Input::Unread(unread.to_vec()));
        }
        self.input(Input::Closed(Port::Coproc))
    }

    fn started(&self) -> Vec<&str> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Start(_, order) => Some(order.command.as_str()),
                _ => None,
            })
            .collect()
    }

    fn has(&self, effect: &Effect) -> bool {
        self.effects.contains(effect)
    }

    /// What a person sees.
    fn screen(&self) -> vt100::Parser {
        let Size { rows, cols, .. } = self.size.reckoned();
        let mut screen = vt100::Parser::new(rows, cols, 0);
        screen.process(&self.shown);
        screen
    }

    fn lines(&self) -> Vec<String> {
        self.screen().screen().contents().lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

const RECEIVES: &[u8] = b"rz waiting to receive.**\x18B0100000023be50\r\x8a\x11";
const SENDS: &[u8] = b"rz\r**\x18B00000000000000\r\x8a\x11";

#[test]
fn a_relay_changes_nothing() {
    let mut bench = Bench::new(&["--hotkey", "none"]);
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    bench.shell(&bytes).keys(&bytes).wait(100);
    assert_eq!(bench.shown, bytes);
    assert_eq!(bench.typed, bytes);
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn a_prompt_is_answered_once() {
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
fn an_empty_line_is_tried_like_any_other_however_it_comes() {
    for (pattern, fires) in
        [("^$", 2), (r"^\s*$", 3), (r"\A\z", 2), ("^x?$", 2), ("^(a|)$", 3), ("$", 6), ("^.$", 4), (r"\b", 3)]
    {
        for stream in ["a\r\n\r\nb\r\n \r\nc\r\n\r\n", "\x1b[20ha\n\nb\n \nc\n\r\x1b[K\n"] {
            let typed = crate::core::split::everywhere(stream.as_bytes(), |pieces| {
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
fn a_coprocess_that_a_trigger_starts_reads_from_the_lines_first_byte() {
    crate::core::split::everywhere(b"before\r\n\x1b[1mgo\x1b[m now\r\nafter\r\n", |pieces| {
        let mut bench = Bench::new(&["-t", "^go", "-c", "bot"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        assert_eq!(bench.started(), ["bot"]);
        assert_eq!(bench.read.escape_ascii().to_string(), "\\x1b[1mgo\\x1b[m now\\r\\nafter\\r\\n");
    });
}

#[test]
fn text_and_json_readers_get_the_line_that_started_them_first() {
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
fn one_coprocess_at_a_time() {
    let mut bench = Bench::new(&["-c", "first", "-t", "go", "-c", "second", "-t", "go", "--send", "x"]);
    bench.shell(b"go\r\n");
    assert_eq!(bench.started(), ["first"]);
    assert_eq!(bench.typed, b"x");
    bench.coproc_exits(Exit::Code(0), b"").shell(b"go\r\n");
    assert_eq!(bench.started(), ["first", "second"]);
}

#[test]
fn a_coprocess_that_does_not_read_is_cut_off_after_two_seconds() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.pipe = 65_536;
    let mut printed = 0;
    while bench.core.wants_read(Port::Shell) && printed < 10_000_000 {
        bench.shell(&[b'x'; 4095]);
        printed += 4095;
    }
    assert!((1_048_576..1_048_576 + 70_000 + 4095).contains(&printed), "{printed}");
    bench.wait(1999);
    assert!(!bench.core.wants_read(Port::Shell));
    bench.wait(2);
    assert!(bench.core.wants_read(Port::Shell), "the terminal goes on");
    bench.coproc(b"still typing");
    assert_eq!(bench.typed, b"still typing");
    bench.shell(b"\r\n");
    let lines = bench.lines().join("\n");
    assert!(lines.contains("coprocess \"bot\" read nothing for 2 s"), "{lines}");
}

#[test]
fn one_that_has_exited_and_left_its_stdin_to_somebody_who_does_not_read_is_cut_off_too() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.pipe = 0;
    while bench.core.wants_read(Port::Shell) {
        bench.shell(&[b'x'; 4096]);
    }
    // Its stdout is not read while the shell takes no input, which may be until the shell's output is read.
    bench.input(Input::Exited(Child::Coproc, Exit::Code(0))).wait(2000);
    assert!(bench.core.wants_read(Port::Shell), "the terminal goes on");
}

#[test]
fn a_slow_coprocess_gets_every_byte() {
    let mut bench = Bench::new(&["-c", "bot"]);
    let (mut printed, mut turns) = (Vec::new(), 0_u64);
    bench.pipe = 0;
    while printed.len() < 4_000_000 {
        turns += 1;
        if bench.core.wants_read(Port::Shell) {
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
fn a_flooding_coprocess_leaves_the_keyboard_its_place() {
    let mut bench = Bench::new(&["-c", "yes"]);
    let mut out = Vec::new();
    while bench.core.wants_read(Port::Coproc) {
        bench.core.handle(bench.now, Input::Bytes(Port::Coproc, b"y\n"), &mut out);
    }
    assert!(bench.core.wants_read(Port::Tty));
    bench.core.handle(bench.now, Input::Bytes(Port::Tty, b"\x03"), &mut out);
    bench.now += Duration::from_millis(51);
    bench.core.handle(bench.now, Input::Deadline, &mut out);
    assert!(out.contains(&Effect::Interrupt(3)), "{out:?}");
}

#[test]
fn the_last_words_of_a_coprocess_are_typed() {
    let mut bench = Bench::new(&["-c", "echo yes"]);
    bench.input(Input::Exited(Child::Coproc, Exit::Code(0)));
    assert!(!bench.has(&Effect::Release(Child::Coproc)));
    bench.coproc(b"yes\n").input(Input::Empty(Port::Coproc));
    assert_eq!(bench.typed, b"yes\n");
    assert!(bench.has(&Effect::Release(Child::Coproc)));
}

#[test]
fn a_failed_coprocess_is_noticed_with_its_last_words_above_the_line() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"$ ls");
    bench.input(Input::Bytes(Port::CoprocErr, b"one\ntwo\n")).coproc_exits(Exit::Code(3), b"");
    assert_eq!(bench.lines(), ["coshell: coprocess \"bot\" failed: status 3", "  one", "  two", "$ ls"]);
    assert_eq!(bench.screen().screen().cursor_position(), (3, 4));
}

#[test]
fn a_notice_waits_for_the_end_of_a_sequence_and_of_the_alternate_screen() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"$ \x1b[?1049h\x1b[Hvim\x1b[3").coproc_exits(Exit::Code(1), b"");
    bench.shell(b"1m");
    assert!(!String::from_utf8_lossy(&bench.shown).contains("coshell"));
    bench.shell(b"\x1b[m\x1b[?1049l");
    assert_eq!(bench.lines(), ["coshell: coprocess \"bot\" failed: status 1", "$"]);
}

#[test]
fn the_end_of_the_session_ends_the_coprocess() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.input(Input::Exited(Child::Shell, Exit::Code(7))).input(Input::Closed(Port::Shell));
    assert!(bench.has(&Effect::CloseWrite(Port::Coproc)));
    bench.wait(999);
    assert!(!bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.wait(1);
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.wait(2000);
    assert!(bench.has(&Effect::Signal(Child::Coproc, 9)));
    assert!(!bench.has(&Effect::Finish(Exit::Code(7))));
    bench.coproc_exits(Exit::Signal(9), b"");
    assert!(bench.has(&Effect::Finish(Exit::Code(7))));
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Warn(_))));
}

#[test]
fn modes_left_on_are_turned_off_at_the_end_and_only_those() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"\x1b[?2004h\x1b[?1000h\x1b[?1000l");
    bench.input(Input::Exited(Child::Shell, Exit::Code(0))).input(Input::Closed(Port::Shell));
    assert!(bench.shown.ends_with(b"\x1b[?1000l\x1b[?2004l"), "{}", bench.shown.escape_ascii());
}

#[test]
fn a_terminal_that_is_gone_holds_nobody_up() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"\x1b[?2004h$ ").input(Input::Closed(Port::Tty));
    assert!(bench.has(&Effect::HangUp) && bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.shown.clear();
    bench.shell(b"hangup\r\n").wait(501);
    assert!(bench.has(&Effect::Finish(Exit::Signal(1))));
    assert_eq!(bench.shown, b"");
}

#[test]
fn an_output_that_cannot_be_written_ends_the_session_and_says_why_unless_its_reader_has_left() {
    let said = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Warn(_)));
    let (device, refused) = (Loss::Device("Input/output error"), Loss::Refused("No space left on device"));
    let table = [
        (Medium::Terminal, device, Exit::Signal(1)),
        (Medium::Stream, Loss::NoReader, Exit::Signal(13)),
        (Medium::Stream, device, Exit::Code(125)),
        (Medium::Stream, refused, Exit::Code(125)),
    ];
    for (medium, loss, exit) in table {
        let mut bench = Bench::new(&["-q"]);
        bench.core.setup.screen = medium;
        bench.shell(b"one").input(Input::WriteClosed(Port::Tty, loss)).wait(501);
        assert!(bench.has(&Effect::HangUp) && bench.has(&Effect::Finish(exit)), "{medium:?} {loss:?}");
        assert_eq!(said(&bench.effects), exit == Exit::Code(125), "{medium:?} {loss:?}");
    }
}

/// A bench whose terminal has stopped reading, with a mode on.
fn stalled() -> (Bench, Vec<Effect>) {
    let (mut bench, mut out) = (Bench::new(&[]), Vec::new());
    bench.shell(b"\x1b[?2004h$ ");
    bench.core.handle(bench.now, Input::Bytes(Port::Shell, b"more"), &mut out);
    (bench, out)
}

/// Lets the time pass, deadline by deadline, and nobody read; how long it took until there was none any more.
fn let_pass(bench: &mut Bench, out: &mut Vec<Effect>) -> Duration {
    let begun = bench.now;
    while !out.iter().any(|effect| matches!(effect, Effect::Finish(_)))
        && let Some(at) = bench.core.deadline()
    {
        bench.now = at;
        bench.core.handle(at, Input::Deadline, out);
    }
    bench.now - begun
}

#[test]
fn told_to_leave_it_waits_a_second_for_a_terminal_that_does_not_read() {
    let (mut bench, mut out) = stalled();
    bench.core.handle(bench.now, Input::Terminate(15), &mut out);
    assert_eq!(let_pass(&mut bench, &mut out), Duration::from_secs(1));
    assert!(out.contains(&Effect::Finish(Exit::Signal(15))), "{out:?}");
    assert_eq!(bench.core.restoring(), b"\x1b[?2004l", "it is still to be put back");
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn an_end_that_nobody_ordered_waits_for_the_terminal() {
    let (mut bench, mut out) = stalled();
    bench.core.handle(bench.now, Input::Exited(Child::Shell, Exit::Code(3)), &mut out);
    bench.core.handle(bench.now, Input::Closed(Port::Shell), &mut out);
    let_pass(&mut bench, &mut out);
    assert!(!out.contains(&Effect::Finish(Exit::Code(3))), "{out:?}");
    bench.core.handle(bench.now, Input::Terminate(1), &mut out);
    assert_eq!(let_pass(&mut bench, &mut out), Duration::from_secs(1));
    assert!(out.contains(&Effect::Finish(Exit::Signal(1))), "{out:?}");
    assert_eq!(bench.core.restoring(), b"\x1b[?2004l");

    let (mut bench, mut out) = stalled();
    bench.core.handle(bench.now, Input::Exited(Child::Shell, Exit::Code(3)), &mut out);
    bench.core.handle(bench.now, Input::Closed(Port::Shell), &mut out);
    bench.drain();
    assert!(bench.shown.ends_with(b"more\x1b[?2004l") && bench.has(&Effect::Finish(Exit::Code(3))));
    assert_eq!(bench.core.restoring(), b"");
}

#[test]
fn conditions_are_looked_up_only_for_a_match() {
    let mut bench = Bench::new(&["-t", "word: $", "--send", "s\\r", "--when", "no-echo"]);
    bench.shell(b"Other: ").wait(30).shell(b"\r\n");
    assert!(!bench.has(&Effect::Look));
    bench.shell(b"Password: ").wait(30);
    assert!(bench.has(&Effect::Look));
    assert_eq!(bench.typed, b"");
    bench.shell(b"\r\n").looked.no_echo = true;
    bench.shell(b"Password: ").wait(30);
    assert_eq!(bench.typed, b"s\r");
}

#[test]
fn a_trigger_that_sets_itself_off_is_stopped() {
    let mut bench = Bench::new(&["-t", "foo", "--name", "loop", "--send", "echo foo\\r"]);
    for _ in 0..50 {
        bench.shell(b"foo\r\n").wait(1);
    }
    assert_eq!(bench.typed.len(), 20 * "echo foo\r".len());
    assert!(String::from_utf8_lossy(&bench.shown).contains("trigger \"loop\" fired more than 20 times in 2 s"));
}

#[test]
fn a_silent_coprocess_takes_the_stream_and_gives_back_what_it_did_not_read() {
    crate::core::split::everywhere(b"before\r\ngo\r\nhidden\r\nlast", |pieces| {
        let mut bench = Bench::new(&["-t", "^go$", "-s", "bot"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        assert_eq!(bench.lines(), ["before", "go"]);
        assert_eq!(bench.read, b"go\r\nhidden\r\nlast");
        bench.coproc_exits(Exit::Code(0), b"dden\r\nlast").shell(b" words");
        assert_eq!(bench.lines(), ["before", "go", "dden", "last words"]);
    });
}

#[test]
fn progress_is_shown_below_and_leaves_no_trace() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.shell(b"hidden").wait(299);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.wait(1);
    assert!(bench.lines()[1].starts_with("\"bot\": received 6 B, sent 0 B"), "{:?}", bench.lines());
    bench.coproc_exits(Exit::Code(0), b"");
    assert_eq!(bench.lines(), Vec::<String>::new());
}

#[test]
fn a_silent_one_that_closed_its_stdout_gives_back_what_it_did_not_read_too() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.shell(b"hidden").wait(400).input(Input::Closed(Port::Coproc));
    bench.coproc_exits(Exit::Code(0), b"hidden");
    assert_eq!(bench.lines(), ["hidden"]);
    assert!(bench.has(&Effect::Release(Child::Coproc)));
}

#[test]
fn after_a_silent_reader_of_json_the_prompt_comes_back() {
    let mut bench = Bench::new(&["-i", "json", "-s", "bot"]);
    bench.shell(b"hidden\r\n\x1b[1m$ \x1b[m").wait(100).coproc_exits(Exit::Code(0), b"");
    assert_eq!(bench.lines(), ["$"]);
}

#[test]
fn the_keyboard_is_locked_but_for_ctrl_c() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.keys(b"ls\r").keys(b"\x03");
    assert_eq!(bench.typed, b"");
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.coproc(b"last words").coproc_exits(Exit::Signal(15), b"").keys(b"ls\r");
    assert_eq!(bench.typed, b"last wordsls\r");

    let mut bench = Bench::new(&["-s", "bot", "--silent-keys", "pass"]);
    bench.keys(b"ls\r\x03");
    assert_eq!(bench.typed, b"ls\r\x03");
}

fn transfer(offer: &[u8]) -> Bench {
    let mut bench = Bench::new(&["-t", "rz waiting", "-s", "sz f", "-t", "\\*\\*B00000000000000", "-s", "rz"]);
    bench.shell(b"$ go\r\n").shell(offer).wait(20);
    bench
}

#[test]
fn a_transfer_leaves_no_protocol_bytes_on_the_screen() {
    let mut bench = transfer(RECEIVES);
    assert_eq!(bench.started(), ["sz f"]);
    assert_eq!(bench.read, RECEIVES);
    bench.coproc(b"**\x18B0800000000022d\r\x8aOO").wait(1000).coproc_exits(Exit::Code(0), b"");
    bench.shell(b"\x1b[?2004h$ ");
    assert_eq!(bench.lines(), ["$ go", "$"]);
}

/// A receiver that has not heard the answer to its last header sends that again, to whoever is there.
#[test]
fn a_last_header_that_comes_once_more_is_not_shown() {
    let mut bench = transfer(RECEIVES);
    bench.coproc(b"**\x18B0800000000022d\r\x8aOO").wait(1000).coproc_exits(Exit::Code(0), b"");
    bench.shell(b"**\x18B0800000000022d\r\x8a").wait(1000).shell(b"$ OO**");
    assert_eq!(bench.lines(), ["$ go", "$ OO**"]);
}

#[test]
fn progress_of_a_transfer_leaves_no_trace_either() {
    for offer in [RECEIVES, SENDS] {
        let mut bench = transfer(offer);
        bench.wait(1000);
        assert!(bench.lines()[2].contains("received"), "{:?}", bench.lines());
        bench.shell(b"**\x18B0").wait(500).coproc_exits(Exit::Code(0), b"");
        assert_eq!(bench.lines(), ["$ go"], "{}", bench.shown.escape_ascii());
    }
}

#[test]
fn a_receiver_is_given_the_end_that_a_flushed_tty_loses() {
    let mut bench = transfer(SENDS);
    assert_eq!(bench.started(), ["rz"]);
    bench.shell(b"**\x18B0800000000022d\r\x8a").wait(1000);
    bench.coproc(b"**\x18B0800000000022d\r\x8a");
    assert!(bench.read.ends_with(b"OO"));
    bench.shell(b"\x1b[?2004h").coproc(b"**\x18B0800000000022d\r\x8a").shell(b"$ ");
    assert!(bench.read.ends_with(b"OO"), "the prompt is not the receiver's");
    bench.coproc_exits(Exit::Code(0), b"");
    assert_eq!(bench.typed, b"**\x18B0800000000022d\r\x8a");
    assert_eq!(bench.lines(), ["$ go", "$"]);

    let mut bench = transfer(SENDS);
    bench.coproc(b"**\x18B0800000000022d\r\x8a").coproc_exits(Exit::Code(0), b"");
    bench.shell(b"OO\x1b[?2004h$ ");
    assert_eq!(bench.lines(), ["$ go", "$"]);
}

#[test]
fn an_aborted_upload_types_no_data_into_the_shell() {
    let mut bench = transfer(RECEIVES);
    bench.coproc(b"data\x18K").wait(500).keys(b"\x03");
    bench.coproc(b"\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08more data\r").coproc_exits(Exit::Signal(15), b"");
    bench.shell(b"\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\r\nrz: f removed.\r\n\x1b[?2004h$ ").wait(1000);
    assert_eq!(bench.typed, b"data\x18K\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08");
    let shown = bench.lines();
    assert_eq!(shown.last().map(String::as_str), Some("$"), "{shown:?}");
    assert!(bench.core.deadline().is_none());
    bench.keys(b"ls\r");
    assert!(bench.typed.ends_with(b"ls\r"));
}

/// As lrzsz's `sz` says that it cannot open the file, and its far `rz` leaves, in the orders that were seen.
#[test]
fn an_upload_that_fails_before_any_data_leaves_alone_what_runs_there() {
    const CANCEL: &[u8] = b"\x18\x18\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08";
    let header: &[u8] = b"**\x18B0100000023be50\r\x8a\x11";
    let echo: &[u8] = b"^X^X^X^X^X^X^X^X^X^X^H^H^H^H^H^H^H^H^H^H";
    let before: [&[&[u8]]; 4] = [&[], &[header], &[header, b"rc=128\r\n"], &[header, b"rc=128\r\n", echo]];
    let behind: [&[&[u8]]; 4] = [&[header, CANCEL, CANCEL, b"rc=128\r\n"], &[b"rc=128\r\n"], &[], &[]];
    for (before, behind) in before.into_iter().zip(behind) {
        let mut bench = transfer(RECEIVES);
        bench.coproc(b"rz\r").coproc(b"**\x18B00000000000000\r\x8a\x11").coproc(CANCEL);
        for piece in before {
            bench.shell(piece);
        }
        bench.coproc(CANCEL).coproc_exits(Exit::Code(128), b"");
        for piece in behind {
            bench.shell(piece);
        }
        bench.wait(1999).shell(b"slept\r\n\x1b[?2004h$ ").wait(10_000);
        assert_eq!(bench.typed, [b"rz\r**\x18B00000000000000\r\x8a\x11", CANCEL].concat());
        let notice = "coshell: coprocess \"sz f\" failed: status 128";
        assert_eq!(bench.lines(), ["$ go", "rc=128", notice, "slept", "$"], "{}", bench.shown.escape_ascii());
        assert_eq!(bench.core.deadline(), None);
    }
}

#[test]
fn a_far_side_that_dies_ends_the_transfer() {
    let mut bench = transfer(SENDS);
    bench.shell(b"\x18Kdata\x18Jsz: caught signal 15; exiting\r\n\x1b[?2004h$ ").wait(299);
    assert!(!bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.wait(1);
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.coproc(b"\x18\x18\x18\x18\x18").coproc_exits(Exit::Signal(15), b"");
    bench.wait(1000);
    assert_eq!(bench.typed, b"");
    let notice = "coshell: \"rz\" was stopped: the other side ended the transfer";
    assert_eq!(bench.lines(), ["$ go", notice, "$"], "{}", bench.shown.escape_ascii());
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// One thing that happens.
    #[derive(Clone, Debug)]
    enum Step {
        Shell(Vec<u8>),
        Keys(Vec<u8>),
        Coproc(Vec<u8>),
        CoprocEmpty,
        CoprocExits,
        ShellExits,
        Resize(u16, u16),
        Wait(u16),
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"rz waiting".to_vec()),
            Just(RECEIVES.to_vec()),
            Just(SENDS.to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"num 123 ".to_vec()),
            Just(b"go\r\n".to_vec()),
            Just(b"\x1b[?1049h".to_vec()),
            Just(b"\x1b[?1049l".to_vec()),
            Just(b"\x1b[200~".to_vec()),
            Just(b"\x1b[?2004h$ ".to_vec()),
            Just(b"\x18\x18\x18\x18\x18\x18".to_vec()),
            Just(b"\x1b]0;".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..40),
            Just(vec![b'x'; 5000]),
        ];
        proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => bytes().prop_map(Step::Shell),
            2 => bytes().prop_map(Step::Keys),
            3 => bytes().prop_map(Step::Coproc),
            1 => Just(Step::CoprocEmpty),
            1 => Just(Step::CoprocExits),
            1 => Just(Step::ShellExits),
            1 => (1_u16..60, 1_u16..200).prop_map(|(rows, cols)| Step::Resize(rows, cols)),
            4 => (0_u16..4000).prop_map(Step::Wait),
        ]
    }

    fn take(bench: &mut Bench, step: &Step, gone: &mut bool) {
        let runs = bench.core.coproc.is_some();
        match step {
            Step::Shell(bytes) if !*gone => drop(bench.shell(bytes)),
            Step::Keys(bytes) => drop(bench.keys(bytes)),
            Step::Coproc(bytes) if runs => drop(bench.coproc(bytes)),
            Step::CoprocEmpty if runs => drop(bench.input(Input::Empty(Port::Coproc))),
            Step::CoprocExits if runs => drop(bench.coproc_exits(Exit::Code(1), b"rest")),
            Step::ShellExits if !*gone => {
                *gone = true;
                bench.input(Input::Exited(Child::Shell, Exit::Code(0))).input(Input::Closed(Port::Shell));
            }
            Step::Resize(rows, cols) => {
                let size = Size { rows: *rows, cols: *cols, ..Size::default() };
                bench.input(Input::Resized(size));
            }
            Step::Wait(ms) => drop(bench.wait(u64::from(*ms))),
            _ => {}
        }
    }

    const RULES: &[&str] = &[
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
        "job=x",
        "-c",
        "bot",
        "-t",
        "x+",
        "--bell",
        "--all",
        "--instant",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// Whatever happens in whatever order: no panic, no deadline that stays, nothing that grows, and in the end
        /// everybody is gone.
        #[test]
        fn every_session_ends(steps in proptest::collection::vec(step(), 0..40), form in 0..3_usize) {
            let form = ["raw", "text", "json"][form];
            let argv: Vec<&str> = [&["-i", form][..], RULES].concat();
            let (mut bench, mut gone) = (Bench::new(&argv), false);
            for step in &steps {
                take(&mut bench, step, &mut gone);
            }
            take(&mut bench, &Step::ShellExits, &mut gone);
            bench.wait(5000);
            if bench.core.coproc.is_some() {
                prop_assert!(bench.has(&Effect::Signal(Child::Coproc, 9)));
                bench.coproc_exits(Exit::Signal(9), b"");
            }
            bench.wait(10_000);
            prop_assert!(bench.has(&Effect::Finish(Exit::Code(0))));
        }

        /// Without triggers and coprocess nothing is added, lost or moved.
        #[test]
        fn a_bare_relay_is_exact(steps in proptest::collection::vec(step(), 0..40)) {
            let mut bench = Bench::new(&["--hotkey", "none"]);
            let (mut shown, mut typed, mut gone) = (Vec::new(), Vec::new(), false);
            for step in &steps {
                match step {
                    Step::Shell(bytes) => shown.extend_from_slice(bytes),
                    Step::Keys(bytes) => typed.extend_from_slice(bytes),
                    Step::ShellExits => continue,
                    _ => {}
                }
                take(&mut bench, step, &mut gone);
            }
            prop_assert_eq!(&bench.shown, &shown);
            prop_assert_eq!(&bench.typed, &typed);
        }
    }
}
