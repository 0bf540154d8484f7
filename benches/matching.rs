//! User time that triggers add to a byte of output, by kind of output and number of patterns; none of them matches. The whole
//! core runs, without a pty: what comes from the shell goes to a terminal that takes everything at once.
//!
//! All cells of a row run in each round, in an order that changes from round to round. `--once WORKLOAD SET COUNT` passes one
//! stream once, for an instruction count by callgrind.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use coshell::config::{self, Environment};
use coshell::core::Core;
use coshell::core::event::{Effect, Input};
use coshell::sys::clock::cpu_time;
use coshell::types::{Sink, Size, Source};

#[path = "relay/report.rs"]
#[allow(dead_code)]
mod report;
#[path = "relay/workload.rs"]
#[allow(dead_code)]
mod workload;

use report::{Series, short};
use workload::Rng;

/// Maximum size of a read from a pty on Linux.
const CHUNK: usize = 4095;
/// Size of the window, that of the recorded programs.
const SIZE: Size = Size { rows: 24, cols: 80, xpixel: 0, ypixel: 0 };
/// Number of bytes of each stream.
const LENGTH: usize = 4 << 20;
/// Number of bytes after the first line in which the longest turn is looked for.
const EARLY: usize = 256 << 10;
/// Numbers of patterns.
const COUNTS: [usize; 3] = [1, 100, 1000];
/// Default number of rounds.
const ROUNDS: usize = 5;

/// Kinds of output, and what they are.
const WORKLOADS: [(&str, &str); 7] = [
    ("log", "log lines of about 100 bytes"),
    ("colour", "256 and 24-bit colours around every word"),
    ("cjk", "Chinese, Japanese, Korean, accents, emoji"),
    ("screen", "recorded full-screen programs: vim, less, mc, htop, tmux, fzf, dialog"),
    ("prompts", "a shell with a line editor, and the output of its commands"),
    ("build", "a build log with progress bars"),
    ("noise", "random 8-bit bytes"),
];

/// Sets of patterns.
const SETS: [&str; 3] = ["bench", "everyday", "no literal"];

fn patterns(set: &str, count: usize) -> Vec<String> {
    match set {
        "bench" => workload::patterns(count),
        "everyday" => everyday_patterns(count),
        _ => patterns_without_literal(count),
    }
}

/// Returns `count` patterns as users write them: with classes, alternatives, `(?i)`, anchors, Unicode, words that are common in
/// the workloads, and some without a word.
fn everyday_patterns(count: usize) -> Vec<String> {
    let pattern = |i: usize| match i % 16 {
        0 => format!("error TS[0-9]+: module{i}"),
        1 => format!("(?i)password for user{i}:"),
        2 => format!("^.sudo. password for u{i}"),
        3 => format!("(fatal|panicked|aborted): .*code={i}$"),
        4 => format!("[a-z]+_{i}%[a-z]+[.]example[.]com"),
        5 => format!("FAILED .*test_{i}::[a-z_]+"),
        6 => format!("^Traceback .*line {i}"),
        7 => format!("job {i} (finished|failed) in [0-9]+ms"),
        8 => format!(r"(?i)\bwarn(ing)?\b.*\bv{i}\b"),
        9 => format!(r"request \w+ failed after {i}\b"),
        10 => format!(r"^\s*\S+@host{i}:.*[$#] $"),
        11 => format!("端末{i}|naïve{i}|Ωmega{i}"),
        12 => format!(r"\b10\.{}\.\d{{1,3}}\.\d{{1,3}}\b", i % 256),
        13 => format!("(?i)(disk|memory|swap) (full|low) on node{i}"),
        14 => format!(r"^\[{i}\][+-]?\s+(Done|Stopped|Killed)"),
        _ => format!(r"(\d+) tests? failed in suite{i}"),
    };
    (0..count).map(pattern).collect()
}

/// Returns `count` patterns without a word that each match has.
fn patterns_without_literal(count: usize) -> Vec<String> {
    let pattern = |i: usize| match i % 4 {
        0 => format!(r"^[A-Z]{{2,}}-\d+[!?]{{{}}}$", 2 + i % 7),
        1 => format!(r"\d{{1,3}}(\.\d{{1,3}}){{3}}#{}", i % 10),
        2 => format!(r"[a-f]{{4}}-[a-f]{{4}}-\d{{{}}}", 4 + i % 5),
        _ => format!(r"[#%]\s*{}[!?]", i % 100),
    };
    (0..count).map(pattern).collect()
}

/// Returns the bytes that come from the shell.
fn stream(name: &str) -> Vec<u8> {
    let unit = match name {
        "screen" => ["vim", "less", "mc", "htop", "tmux", "fzf", "dialog"].map(recording).concat(),
        "prompts" => prompts(),
        "build" => build(),
        name => {
            let workload = workload::named(name).expect("the workload exists");
            workload.shown(&workload.block())
        }
    };
    unit.repeat(LENGTH.div_ceil(unit.len()))
}

fn recording(program: &str) -> Vec<u8> {
    let path = format!("{}/tests/corpus/recordings/{program}.raw", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the recording is readable")
}

fn prompts() -> Vec<u8> {
    let (mut rng, mut out) = (Rng(3), String::new());
    for number in 0..2000 {
        out.push_str("\x1b[?2004h\x1b]0;user@host: ~/src\x07\x1b[01;32muser@host\x1b[00m:\x1b[01;34m~/src\x1b[00m$ ");
        let command = format!("make -C dir{number} alk\x08\x1b[Kl");
        out.push_str(&command);
        out.push_str("\r\n\x1b[?2004l\r");
        for file in 0..rng.below(9) {
            _ = write!(out, "gcc -O2 -Wall -c source{file}.c -o object{file}.o\r\n");
        }
    }
    out.into_bytes()
}

fn build() -> Vec<u8> {
    let mut out = String::new();
    for number in 0..200 {
        for percent in 0..40 {
            let bar = "=".repeat(percent);
            _ = write!(out, "\r\x1b[K    \x1b[1m\x1b[36mBuilding\x1b[0m [{bar:40}] {percent}/400: crate-{number}");
        }
        _ = write!(out, "\r\x1b[K   \x1b[1m\x1b[32mCompiling\x1b[0m crate-{number} v0.{number}.1\r\n");
    }
    out.into_bytes()
}

/// A session without a pty.
struct Session {
    core: Core,
    now: Instant,
    effects: Vec<Effect>,
}

impl Session {
    fn new(patterns: &[String]) -> Self {
        let triggers = patterns.iter().flat_map(|pattern| ["--trigger", pattern, "--bell"]);
        let argv = ["coshell"].into_iter().chain(triggers).map(OsString::from).collect();
        let Ok(args) = coshell::cli::parse_session(argv) else { panic!("the command line is valid") };
        let settings = config::settings(args, &Environment::default()).expect("the patterns are valid");
        let (now, mut effects) = (Instant::now(), Vec::new());
        let mut session = Self { core: Core::new(now, settings, &mut effects), now, effects };
        session.input(Input::Resized(SIZE));
        session
    }

    fn input(&mut self, input: Input<'_>) {
        self.core.handle(self.now, input, &mut self.effects);
        self.effects.clear();
        let shown = self.core.pending(Sink::Terminal).len();
        self.core.wrote(self.now, Sink::Terminal, shown, &mut self.effects);
    }

    /// Handles an input in a turn; returns its time.
    fn turn(&mut self, input: Input<'_>) -> Duration {
        let before = cpu_time();
        self.input(input);
        cpu_time() - before
    }

    /// Does the work that is due before output is read; returns the time in all, and of the longest turn.
    fn prepare(&mut self) -> (Duration, Duration) {
        let (mut all, mut longest) = (Duration::ZERO, Duration::ZERO);
        while self.core.deadline().is_some_and(|at| at <= self.now) {
            let spent = self.turn(Input::Deadline);
            (all, longest) = (all + spent, longest.max(spent));
        }
        (all, longest)
    }

    /// Passes output as a session does, in which a deadline that is due has a turn before the next output is read; returns the
    /// times of these turns in all, and the longest turn of any kind.
    fn pass_in_turns(&mut self, output: &[u8]) -> (Duration, Duration) {
        let (mut all, mut longest) = (Duration::ZERO, Duration::ZERO);
        for chunk in output.chunks(CHUNK) {
            longest = longest.max(self.turn(Input::Bytes(Source::Pty, chunk)));
            if self.core.deadline().is_some_and(|at| at <= self.now) {
                let spent = self.turn(Input::Deadline);
                (all, longest) = (all + spent, longest.max(spent));
            }
        }
        (all, longest)
    }

    /// Passes output; returns the CPU time for a byte, in nanoseconds.
    fn pass(&mut self, output: &[u8]) -> f64 {
        let before = cpu_time();
        for chunk in output.chunks(CHUNK) {
            self.input(Input::Bytes(Source::Pty, black_box(chunk)));
        }
        (cpu_time() - before).as_nanos() as f64 / output.len() as f64
    }
}

/// Prints what patterns add to a byte, with the ratio of the whole to the time without triggers.
fn table(rounds: usize, set: &str) {
    println!("\nns a byte of user time; above it with \"{set}\" patterns: median [min..max] = ratio to none\n");
    println!("| | none | {} |", COUNTS.map(|count| count.to_string()).join(" | "));
    println!("| --- | --- |{}", " --- |".repeat(COUNTS.len()));
    for (name, _) in WORKLOADS {
        let output = stream(name);
        let mut sessions: Vec<Session> = Vec::new();
        sessions.push(Session::new(&[]));
        sessions.extend(COUNTS.map(|count| Session::new(&patterns(set, count))));
        let mut times = vec![Series::default(); sessions.len()];
        let mut ratios = times.clone();
        for round in 0..=rounds {
            let mut of_round = vec![0.0; sessions.len()];
            for turn in 0..sessions.len() {
                let cell = (turn + round) % sessions.len();
                sessions[cell].prepare();
                of_round[cell] = sessions[cell].pass(&output);
            }
            // The first round fills caches.
            for (cell, time) in of_round.iter().enumerate().filter(|_| round > 0) {
                times[cell].push(if cell == 0 { *time } else { time - of_round[0] });
                ratios[cell].push(time / of_round[0]);
            }
        }
        let cells = times.iter().zip(&ratios).skip(1);
        let cells: Vec<String> =
            cells.map(|(time, ratio)| format!("{} = {}", time.spread(), short(ratio.median()))).collect();
        println!("| {name} | {} | {} |", short(times[0].median()), cells.join(" | "));
    }
}

/// Prints what it takes once to prepare a set, and for how long a key waits meanwhile.
fn one_time(rounds: usize) {
    println!(
        "\nms of user time once for a set of patterns; in brackets the longest turn, for which a key waits: before the first"
    );
    println!("line, and of the output that follows it\n");
    println!("| | 100 | 1,000 | 10,000 |\n| --- | --- | --- | --- |");
    let output = stream("log");
    for set in SETS {
        let mut cells = Vec::new();
        for count in [100, 1000, 10_000] {
            let patterns = patterns(set, count);
            let mut times: [Series; 3] = Default::default();
            for _ in 0..rounds {
                let mut session = Session::new(&patterns);
                let (prepared, longest) = session.prepare();
                let first = session.turn(Input::Bytes(Source::Pty, b"a line\r\n"));
                let (replaced, later) = session.pass_in_turns(&output[..EARLY]);
                let all = [prepared + first + replaced, longest.max(first), later];
                times.iter_mut().zip(all).for_each(|(series, time)| series.push(time.as_secs_f64() * 1e3));
            }
            let [all, longest, later] = times.map(|series| short(series.median()));
            cells.push(format!("{all} ({longest}, {later})"));
        }
        println!("| {set} | {} |", cells.join(" | "));
    }
}

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // `cargo test --benches` runs this program too.
        ["--test", ..] => {}
        ["--once", name, set, count] => {
            let patterns = patterns(set, count.parse().expect("a number of patterns"));
            let mut session = Session::new(&patterns);
            session.prepare();
            let output = stream(name);
            // A search that suits this output better is prepared meanwhile.
            session.pass_in_turns(&output[..EARLY]);
            let length = env::var("LENGTH").map_or(output.len(), |length| length.parse().expect("a number of bytes"));
            println!("{name}, {count} {set}: {:.2} ns a byte", session.pass(&output[..length]));
        }
        ["--one-time"] => one_time(ROUNDS),
        [] | ["--rounds", _] => {
            let rounds = args.get(1).map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
            for (name, what) in WORKLOADS {
                println!("{name:8} {what}");
            }
            SETS.into_iter().for_each(|set| table(rounds, set));
            one_time(rounds);
        }
        _ => {
            eprintln!("usage: cargo bench --bench matching -- [--rounds N | --one-time | --once WORKLOAD SET COUNT]");
            std::process::exit(2);
        }
    }
}
