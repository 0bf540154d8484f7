//! Latency of a key: on a quiet terminal, during a flood of output, on a terminal that has stopped reading.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Bench;
use crate::board::{Board, COUNT, GO, STAMPS, now};
use crate::inside::OVER;
use crate::report::{Series, short, time};
use crate::session::{Got, Session};
use crate::workload::Rng;
use crate::wrapper::Wrapper;

/// Time after which a key counts as lost.
const LOST: Duration = Duration::from_millis(1500);

/// Runs a measurement of every wrapper in every round, in rotated order, and returns the collected results.
fn rounds<T: Clone + Default>(
    bench: &mut Bench,
    test: &str,
    wrappers: &[Wrapper],
    mut measure: impl FnMut(&Bench, &Wrapper, &mut T) -> Result<(), String>,
) -> Vec<T> {
    let mut all = vec![T::default(); wrappers.len()];
    for round in 0..bench.options.rounds {
        for turn in 0..wrappers.len() {
            let row = (turn + round) % wrappers.len();
            if let Err(why) = measure(bench, &wrappers[row], &mut all[row]) {
                bench.report.fault(format!("{test}, {}: {why}", wrappers[row].name));
            }
        }
    }
    all
}

#[derive(Clone, Default)]
struct Echoes {
    /// Echo times of keys sent one after the other, and of one key every 2 ms.
    quick: Series,
    paced: Series,
    lost: u64,
}

/// Measures the time from a key to its echo on the screen.
pub(crate) fn latency(bench: &mut Bench, wrappers: &[Wrapper]) {
    let counts = if bench.options.quick { [400, 60] } else { [1500, 300] };
    let found = rounds(bench, "latency", wrappers, |bench, wrapper, into: &mut Echoes| {
        let (session, board) = bench.start(wrapper, "echo", &[])?;
        session.until_state(&board, 1)?;
        discard_output(&session);
        echoes(&session, 50, Duration::ZERO)?;
        for nanos in echoes(&session, counts[0], Duration::ZERO)? {
            nanos.map_or_else(|| into.lost += 1, |nanos| into.quick.push(nanos));
        }
        for nanos in echoes(&session, counts[1], Duration::from_millis(2))? {
            nanos.map_or_else(|| into.lost += 1, |nanos| into.paced.push(nanos));
        }
        Ok(())
    });
    let floor = found[0].quick.median();
    let mut rows = Vec::new();
    for (wrapper, Echoes { quick, paced, lost }) in wrappers.iter().zip(&found) {
        let times = [quick.median(), quick.at(0.99), quick.at(1.0)].map(time);
        let mut row = vec![wrapper.name.clone()];
        row.extend(times);
        row.push(short(quick.median() / floor));
        row.extend([paced.median(), paced.at(0.99)].map(time));
        row.push(lost.to_string());
        rows.push(row);
        bench.report.row(json!({
            "test": "latency", "wrapper": wrapper.name, "unit": "ns",
            "echo": quick.brief(), "echo_every_2_ms": paced.brief(), "lost": lost,
        }));
    }
    let head = ["", "p50", "p99", "max", "x floor", "paced p50", "paced p99", "lost"];
    bench.report.table("LATENCY: a key to its echo; one after the other, and one every 2 ms (paced)", &head, &rows);
}

/// Discards output for 100 ms.
fn discard_output(session: &Session) {
    let mut buffer = [0; 4096];
    let end = Instant::now() + Duration::from_millis(100);
    while Instant::now() < end {
        if session.read(&mut buffer) == Got::Nothing {
            session.wait(Duration::from_millis(20));
        }
    }
}

fn echoes(session: &Session, count: usize, pause: Duration) -> Result<Vec<Option<f64>>, String> {
    let mut buffer = [0; 4096];
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
        let (start, end) = (now(), Instant::now() + LOST);
        session.press(b"k");
        let nanos = loop {
            match session.read(&mut buffer) {
                Got::Bytes(_) => break Some((now() - start) as f64),
                Got::Nothing if Instant::now() > end => break None,
                Got::Nothing => session.wait(Duration::from_millis(200)),
                Got::End => return Err("it ended".into()),
            }
        };
        all.push(nanos);
    }
    Ok(all)
}

/// Finder of `<<N>>` in the output, across reads.
#[derive(Default)]
struct Numbers(Vec<u8>);

impl Numbers {
    fn find(&mut self, bytes: &[u8], mut found: impl FnMut(usize)) {
        self.0.extend_from_slice(bytes);
        let mut from = 0;
        for at in memchr::memmem::find_iter(&self.0, b"<<") {
            let rest = &self.0[at + 2..];
            let Some(end) = memchr::memmem::find(&rest[..rest.len().min(12)], b">>") else { continue };
            if let Some(number) = std::str::from_utf8(&rest[..end]).ok().and_then(|text| text.parse().ok()) {
                found(number);
                from = at + 2;
            }
        }
        let keep = (self.0.len() - from).min(15);
        self.0.drain(..self.0.len() - keep);
    }
}

/// Limiter of the reading rate to that of a terminal that draws.
struct Pace {
    rate: Option<f64>,
    start: Instant,
    read: f64,
}

impl Pace {
    fn new(rate: Option<f64>) -> Self {
        Self { rate, start: Instant::now(), read: 0.0 }
    }

    fn consumed(&mut self, bytes: usize) {
        self.read += bytes as f64;
        if let Some(rate) = self.rate {
            let due = Duration::from_secs_f64(self.read / rate);
            std::thread::sleep(due.saturating_sub(self.start.elapsed()));
        }
    }
}

#[derive(Clone, Default)]
struct Flooded {
    key: Series,
    screen: Series,
    lost: u64,
}

/// Measures the time from a key during a flood of output to the inner program, and to the mark in the output.
pub(crate) fn flood(bench: &mut Bench, wrappers: &[Wrapper]) {
    for (rate, title) in
        [(None, "a terminal that reads as fast as it can"), (Some(20e6), "a terminal that draws 20 MB/s")]
    {
        let keys = if bench.options.quick { 40 } else { 100 };
        let found = rounds(bench, "flood", wrappers, |bench, wrapper, into: &mut Flooded| {
            flood_once(bench, wrapper, keys, rate, into)
        });
        let mut rows = Vec::new();
        for (wrapper, Flooded { key, screen, lost }) in wrappers.iter().zip(&found) {
            let mut row = vec![wrapper.name.clone()];
            row.extend([key.median(), key.at(0.99), key.at(1.0), screen.median(), screen.at(0.99)].map(time));
            row.push(lost.to_string());
            rows.push(row);
            bench.report.row(json!({
                "test": "flood", "wrapper": wrapper.name, "unit": "ns", "terminal_bytes_per_s": rate,
                "key": key.brief(), "screen": screen.brief(), "lost": lost,
            }));
        }
        let title = format!("FLOOD, {title}: a key to the inner program; to its mark on the screen");
        bench.report.table(&title, &["", "key p50", "p99", "max", "screen p50", "p99", "lost"], &rows);
    }
}

fn flood_once(
    bench: &Bench,
    wrapper: &Wrapper,
    keys: usize,
    rate: Option<f64>,
    into: &mut Flooded,
) -> Result<(), String> {
    let (session, board) = bench.start(wrapper, "flood", &[])?;
    session.until_state(&board, 1)?;
    let (mut buffer, mut rng) = (vec![0; 64 * 1024], Rng(3));
    let (mut pressed, mut shown) = (Vec::new(), vec![None; keys]);
    let mut pace = Pace::new(rate);
    let mut numbers = Numbers::default();
    let mut next = Instant::now() + Duration::from_millis(200);
    let mut end = None;
    while end.is_none_or(|end| Instant::now() < end) && shown.iter().any(Option::is_none) {
        if pressed.len() < keys && Instant::now() >= next {
            pressed.push(now());
            session.press(b"k");
            next = Instant::now() + Duration::from_micros(3000 + rng.below(5000));
            end = (pressed.len() == keys).then(|| Instant::now() + LOST);
        }
        match session.read(&mut buffer) {
            Got::Bytes(n) => {
                let time = now();
                numbers.find(&buffer[..n], |number| {
                    if let Some(place) = shown.get_mut(number) {
                        place.get_or_insert(time);
                    }
                });
                pace.consumed(n);
            }
            Got::Nothing => session.wait(Duration::from_millis(1)),
            Got::End => return Err("it ended".into()),
        }
    }
    let arrived = board.get(COUNT);
    for (key, (&pressed, shown)) in pressed.iter().zip(&shown).enumerate() {
        if (key as u64) < arrived {
            into.key.push(board.get(STAMPS + key as u64).saturating_sub(pressed) as f64);
        } else {
            into.lost += 1;
        }
        if let Some(shown) = shown {
            into.screen.push(shown.saturating_sub(pressed) as f64);
        }
    }
    Ok(())
}

#[derive(Clone, Default)]
struct Stalled {
    key: Series,
    blocked: u64,
}

/// Measures the time from a key to the inner program while the terminal reads nothing and all buffers are full.
pub(crate) fn stalled(bench: &mut Bench, wrappers: &[Wrapper]) {
    let found = rounds(bench, "stalled", wrappers, |bench, wrapper, into: &mut Stalled| {
        let (session, board) = bench.start(wrapper, "flood", &[])?;
        session.until_state(&board, 1)?;
        std::thread::sleep(Duration::from_millis(300));
        for key in 0..10 {
            let start = now();
            session.press(b"k");
            if !board.wait(COUNT, key + 1, LOST) {
                into.blocked += 1;
                break;
            }
            into.key.push(board.get(STAMPS + key).saturating_sub(start) as f64);
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    let mut rows = Vec::new();
    for (wrapper, Stalled { key, blocked }) in wrappers.iter().zip(&found) {
        let verdict = if *blocked > 0 { format!("BLOCKED in {blocked} rounds") } else { "never blocked".into() };
        rows.push(vec![wrapper.name.clone(), time(key.median()), time(key.at(0.99)), time(key.at(1.0)), verdict]);
        bench.report.row(json!({
            "test": "stalled", "wrapper": wrapper.name, "unit": "ns", "key": key.brief(), "blocked": blocked,
        }));
    }
    let title = "STALLED: a key to the inner program while the terminal has stopped reading";
    bench.report.table(title, &["", "p50", "p99", "max", ""], &rows);
}

#[derive(Clone, Default)]
struct Stops {
    signal: Series,
    last: Series,
    bytes: Series,
}

/// Measures the time from Ctrl-C during a flood to the signal handler, and to the last byte on the screen.
pub(crate) fn interrupt(bench: &mut Bench, wrappers: &[Wrapper]) {
    let stops = if bench.options.quick { 5 } else { 15 };
    let found = rounds(bench, "interrupt", wrappers, |bench, wrapper, into: &mut Stops| {
        let (session, board) = bench.start(wrapper, "interrupt", &[])?;
        session.until_state(&board, 1)?;
        let (mut rng, mut numbers) = (Rng(5), Numbers::default());
        for stop in 0..stops {
            let run_on = Duration::from_micros(40_000 + rng.below(20_000));
            stop_once(&session, &board, stop, run_on, &mut numbers, into)?;
        }
        board.set(GO, OVER);
        Ok(())
    });
    let mut rows = Vec::new();
    for (wrapper, Stops { signal, last, bytes }) in wrappers.iter().zip(&found) {
        let mut row = vec![wrapper.name.clone()];
        row.extend([signal.median(), signal.at(0.99), last.median(), last.at(0.99)].map(time));
        row.extend([short(bytes.median()), short(bytes.at(1.0))]);
        rows.push(row);
        bench.report.row(json!({
            "test": "interrupt", "wrapper": wrapper.name, "unit": "ns",
            "signal": signal.brief(), "last_byte": last.brief(), "kb_after": bytes.brief(),
        }));
    }
    let title = "INTERRUPT: Ctrl-C in a flood to the SIGINT handler; to the flood's last byte; KB shown after the key";
    bench.report.table(title, &["", "signal p50", "p99", "last byte p50", "p99", "KB p50", "max"], &rows);
}

fn stop_once(
    session: &Session,
    board: &Board,
    stop: u64,
    run_on: Duration,
    numbers: &mut Numbers,
    into: &mut Stops,
) -> Result<(), String> {
    let mut buffer = vec![0; 64 * 1024];
    let pressing = Instant::now() + run_on;
    let (mut pressed, mut bytes, mut last) = (None, 0, None);
    let end = pressing + LOST;
    while last.is_none() {
        if pressed.is_none() && Instant::now() >= pressing {
            pressed = Some(now());
            session.press(b"\x03");
        }
        match session.read(&mut buffer) {
            Got::Bytes(n) => {
                let time = now();
                bytes += if pressed.is_some() { n } else { 0 };
                numbers.find(&buffer[..n], |number| {
                    if number as u64 == stop {
                        last = Some(time);
                    }
                });
            }
            Got::Nothing => session.wait(Duration::from_millis(1)),
            Got::End => return Err("Ctrl-C ended it".into()),
        }
        if Instant::now() > end {
            return Err("Ctrl-C did not stop the flood".into());
        }
    }
    if !board.wait(COUNT, stop + 1, LOST) {
        return Err("the signal was not noted".into());
    }
    if let (Some(pressed), Some(last)) = (pressed, last) {
        into.signal.push(board.get(STAMPS + stop).saturating_sub(pressed) as f64);
        into.last.push(last.saturating_sub(pressed) as f64);
        into.bytes.push(bytes as f64 / 1e3);
    }
    board.set(GO, stop + 1);
    Ok(())
}
