//! Throughput of output, its CPU cost, and the comparison of every byte.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Bench;
use crate::board::{Board, GO, START, now};
use crate::inside::{BEGIN, END};
use crate::report::{Series, short};
use crate::session::{Got, Session, Usage, usage};
use crate::workload::Workload;
use crate::wrapper::Wrapper;

/// Maximum duration of a run.
const LIMIT: Duration = Duration::from_secs(20);

/// Result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    /// Number of bytes that the inner program wrote.
    pub(crate) bytes: u64,
    /// CPU seconds of the wrapper between the first byte and the last.
    pub(crate) cpu: f64,
    pub(crate) usage: Usage,
}

/// Comparison of the output with the expected bytes.
struct Check<'a> {
    shown: &'a [u8],
    times: usize,
    at: usize,
    wrong: Option<usize>,
}

impl Check<'_> {
    fn expected(&self) -> usize {
        self.shown.len() * self.times
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.wrong.is_none() {
            let from = self.at % self.shown.len();
            let expected = match self.at.checked_sub(self.expected()) {
                None => &self.shown[from..],
                Some(behind) => END.get(behind..).unwrap_or_default(),
            };
            let n = expected.len().min(bytes.len());
            if n == 0 || expected[..n] != bytes[..n] {
                let same = expected.iter().zip(bytes).take_while(|(a, b)| a == b).count();
                self.wrong = Some(self.at + same);
                return;
            }
            self.at += n;
            bytes = &bytes[n..];
        }
    }

    fn is_over(&self) -> bool {
        self.at == self.expected() + END.len()
    }
}

/// Finder of a word across reads.
#[derive(Default)]
struct Finder(Vec<u8>);

impl Finder {
    /// Returns the offset just past the word in `bytes`, if it ends there.
    fn find(&mut self, bytes: &[u8], word: &[u8]) -> Option<usize> {
        let before = self.0.len();
        self.0.extend_from_slice(bytes);
        let found = memchr::memmem::find(&self.0, word).map(|at| (at + word.len()).saturating_sub(before));
        let keep = self.0.len().min(word.len() - 1);
        self.0.drain(..self.0.len() - keep);
        found
    }
}

/// Passes a workload through the wrapper `times` times; the inner program then waits.
pub(crate) fn pass(
    bench: &Bench,
    wrapper: &Wrapper,
    workload: Workload,
    times: usize,
) -> Result<(Run, Session, Board), String> {
    let (session, board) = bench.start(wrapper, "produce", &[workload.name, &times.to_string()])?;
    let block = workload.block();
    let shown = workload.shown(&block);
    let mut buffer = vec![0; 64 * 1024];
    let end = Instant::now() + LIMIT;
    let (mut check, mut finder) = (Check { shown: &shown, times, at: 0, wrong: None }, Finder::default());
    let mut before: Option<(Vec<nix::unistd::Pid>, Usage)> = None;
    loop {
        match session.read(&mut buffer) {
            Got::Bytes(n) if before.is_none() => {
                if let Some(behind) = finder.find(&buffer[..n], BEGIN) {
                    check.take(if wrapper.redraws { &[] } else { &buffer[behind..n] });
                    let pids = session.wrapper(&board);
                    before = Some((pids.clone(), usage(&pids)));
                    finder = Finder::default();
                    board.set(GO, 1);
                }
            }
            Got::Bytes(n) if wrapper.redraws => {
                if finder.find(&buffer[..n], END).is_some() {
                    break;
                }
            }
            Got::Bytes(n) => {
                check.take(&buffer[..n]);
                if check.is_over() || check.wrong.is_some() {
                    break;
                }
            }
            Got::Nothing => session.wait(Duration::from_millis(100)),
            Got::End => return Err(format!("it ended after {} bytes", check.at)),
        }
        if Instant::now() > end {
            return Err(format!("it was not through after {LIMIT:?}, at byte {}", check.at));
        }
    }
    let stop = now();
    if let Some(at) = check.wrong {
        return Err(format!("WRONG BYTES from {at} on, of {}", check.expected()));
    }
    let (pids, before) = before.unwrap_or_default();
    let usage = usage(&pids);
    let run = Run {
        seconds: stop.saturating_sub(board.get(START)) as f64 / 1e9,
        bytes: (block.len() * times) as u64,
        cpu: usage.cpu.saturating_sub(before.cpu) as f64 / 1e9,
        usage,
    };
    Ok((run, session, board))
}

/// Results of all rounds with one wrapper and one workload.
#[derive(Clone, Default)]
struct Cell {
    rate: Series,
    /// Ratio to the floor of the same round, and to the base wrapper.
    ratio: Series,
    to_base: Series,
    cpu: Series,
    peak: Series,
    /// Number of blocks in a run, from the second on.
    times: Option<usize>,
    fault: bool,
}

/// Runs all wrappers interleaved, the first of which is the floor. `base` is another one to compare with.
pub(crate) fn test(bench: &mut Bench, test: &str, wrappers: &[Wrapper], workloads: &[Workload], base: Option<usize>) {
    let mut cells = vec![vec![Cell::default(); workloads.len()]; wrappers.len()];
    for (column, &workload) in workloads.iter().enumerate() {
        let block = workload.block().len() as f64;
        for round in 0..=bench.options.rounds {
            let mut rates = vec![f64::NAN; wrappers.len()];
            for turn in 0..wrappers.len() {
                let row = (turn + round) % wrappers.len();
                let times = cells[row][column].times.unwrap_or(2);
                let result = pass(bench, &wrappers[row], workload, times);
                let cell = &mut cells[row][column];
                match result {
                    Ok((run, session, _)) => {
                        drop(session);
                        let rate = run.bytes as f64 / run.seconds;
                        let wanted = (rate * bench.options.seconds / block).clamp(1.0, 512.0);
                        cell.times = Some(wanted as usize);
                        // The first round only calibrates the length of a run.
                        if round > 0 {
                            rates[row] = rate;
                            cell.rate.push(rate / 1e6);
                            cell.cpu.push(run.cpu / run.bytes as f64 * 1e9);
                            cell.peak.push(run.usage.peak as f64 / 1e3);
                        }
                    }
                    Err(why) => {
                        cell.fault = true;
                        bench.report.fault(format!("{test}, {}, {}: {why}", wrappers[row].name, workload.name));
                    }
                }
            }
            for (row, &rate) in rates.iter().enumerate().filter(|(_, rate)| !rate.is_nan()) {
                let cell = &mut cells[row][column];
                cell.ratio.push(rate / rates[0]);
                if let Some(base) = base {
                    cell.to_base.push(rate / rates[base]);
                }
            }
        }
    }
    show(bench, test, wrappers, workloads, base, &cells);
}

fn show(
    bench: &mut Bench,
    test: &str,
    wrappers: &[Wrapper],
    workloads: &[Workload],
    base: Option<usize>,
    cells: &[Vec<Cell>],
) {
    let mut rows = Vec::new();
    for (wrapper, cells) in wrappers.iter().zip(cells) {
        let is_floor = wrapper.name == "floor";
        let mut row = vec![format!("{}{}", wrapper.name, if wrapper.redraws { "~" } else { "" })];
        for (workload, cell) in workloads.iter().zip(cells) {
            let mark = if cell.fault { " !" } else { "" };
            let rate = short(cell.rate.median());
            row.push(match (is_floor, base) {
                _ if cell.rate.is_empty() => "!".into(),
                (true, _) => format!("{}{mark}", cell.rate.spread()),
                (false, None) => format!("{rate} = {}{mark}", cell.ratio.spread()),
                (false, Some(_)) => {
                    format!("{rate} = {} = {}{mark}", short(cell.ratio.median()), cell.to_base.spread())
                }
            });
            bench.report.row(json!({
                "test": test, "wrapper": wrapper.name, "workload": workload.name, "what": workload.what,
                "own_screen": wrapper.redraws, "exact": !cell.fault && !wrapper.redraws,
                "mb_per_s": cell.rate.json(), "of_floor": cell.ratio.json(),
                "of": base.map(|base| wrappers[base].name.clone()), "of_it": cell.to_base.json(),
                "cpu_s_per_gb": cell.cpu.json(), "peak_mb": cell.peak.json(),
            }));
        }
        let first = &cells[0];
        row.push(if is_floor { "-".into() } else { first.cpu.spread() });
        row.push(if is_floor { "-".into() } else { short(first.peak.median()) });
        rows.push(row);
    }
    let mut title = format!("{}: MB/s = part of the floor's rate in the same round", test.to_uppercase());
    if let Some(base) = base {
        title.push_str(&format!(" = part of {}'s", wrappers[base].name));
    }
    title.push_str("; median [min..max]; ! not every byte was right; ~ draws a screen of its own");
    let cpu = format!("CPU s/GB ({})", workloads[0].name);
    let mut head = vec![""];
    head.extend(workloads.iter().map(|workload| workload.name));
    head.extend([cpu.as_str(), "peak MB"]);
    bench.report.table(&title, &head, &rows);
}
