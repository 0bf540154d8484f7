//! Cost of coshell compared with the bare pty, a minimal relay and `script`. The harness acts as the terminal; see
//! benches/README.md.

mod board;
mod inside;
mod keys;
mod life;
mod options;
mod relay;
mod report;
mod session;
mod throughput;
mod workload;
mod wrapper;

use std::cell::Cell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::time::{Duration, Instant};

use serde_json::json;

use board::Board;
use options::Options;
use report::Report;
use session::{Session, unique};
use workload::Workload;
use wrapper::Wrapper;

/// Hidden arguments.
const INSIDE: &str = "--play-inside";
const RELAY: &str = "--play-relay";

/// Number of CPUs that other processes may use before a run.
const MAX_OTHER_CPUS: f64 = 0.15;

/// Run of the tests.
struct Bench {
    options: Options,
    report: Report,
    this: PathBuf,
    /// Directory of the run, without any configuration.
    home: PathBuf,
    /// Number of runs that began although other processes used the machine.
    disturbed: Cell<usize>,
    /// Total time waited for other processes.
    waited: Cell<Duration>,
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some(INSIDE) => inside::run(&args[1..]),
        Some(RELAY) => relay::run(&args[1..]),
        // `cargo test --benches` runs it without an argument or with these; `cargo bench` with --bench.
        None | Some("--test" | "--list") => return,
        _ if args.iter().any(|arg| arg == "--test" || arg == "--list") => return,
        _ => {}
    }
    let args: Vec<String> = args.into_iter().filter(|arg| arg != "--bench").collect();
    let options = Options::read(&args);
    for bin in options.also.iter().map(|(_, bin)| bin).chain([&options.bin]) {
        if !bin.is_file() {
            eprintln!("{}: there is no such program", bin.display());
            exit(2);
        }
    }
    if options.one_cpu {
        stay_on_one_cpu();
    }
    let home = board_dir().join(unique());
    if let Err(error) = fs::create_dir(&home) {
        eprintln!("{}: {error}", home.display());
        exit(1);
    }
    let Ok(this) = env::current_exe() else { exit(1) };
    let mut bench =
        Bench { options, report: Report::default(), this, home, disturbed: Cell::new(0), waited: Cell::default() };
    bench.run();
    drop(fs::remove_dir_all(&bench.home));
    if !bench.report.faults.is_empty() {
        exit(1);
    }
}

/// Returns the directory of the boards: in memory, if available.
fn board_dir() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { env::temp_dir() }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn stay_on_one_cpu() {
    // SAFETY: an all-zero set is an empty one, and the pointer is to it during the call.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(0, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
    }
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_cpu() {
    eprintln!("--one-cpu: this system has no way to ask for that");
}

impl Bench {
    fn run(&mut self) {
        let start = Instant::now();
        let machine = machine();
        println!(
            "{machine}; {} rounds{}; {}",
            self.options.rounds,
            if self.options.one_cpu { ", all on one CPU" } else { "" },
            self.options.bin.display()
        );
        for test in options::TESTS {
            if self.options.wants(test) {
                self.test(test);
            }
        }
        println!(
            "\n{:.0} s in all; {} runs began although others used the machine",
            start.elapsed().as_secs_f64(),
            self.disturbed.get()
        );
        if let Some(path) = &self.options.json {
            let all = json!({
                "machine": machine, "rounds": self.options.rounds, "quick": self.options.quick,
                "one_cpu": self.options.one_cpu, "disturbed": self.disturbed.get(),
                "faults": self.report.faults, "rows": self.report.rows,
            });
            if let Err(error) = fs::write(path, format!("{all:#}\n")) {
                self.report.fault(format!("{}: {error}", path.display()));
            }
        }
    }

    fn test(&mut self, test: &str) {
        let (bin, also) = (self.options.bin.clone(), self.options.also.clone());
        // The coshell of this build, and those given with `--also`.
        let coshell = |name: &str, triggers, options: &[&str]| {
            let others = also.iter().map(|(other, bin)| (format!("{name}, {other}"), bin));
            let all = [(name.to_owned(), &bin)].into_iter().chain(others);
            all.map(|(name, bin)| wrapper::coshell(&name, bin, triggers, options)).collect::<Vec<_>>()
        };
        let mut plain = vec![wrapper::floor(), wrapper::relay(&self.this)];
        plain.extend(wrapper::script());
        plain.extend(coshell("coshell", 0, &[]));
        if self.options.peers {
            plain.extend(wrapper::peers(&self.home));
        }
        let many = || coshell("coshell, 1,000 triggers", 1000, &[]);
        let all = self.options.workloads.clone();
        // The workloads that differ most in the cost of line assembly.
        let line_workloads = self.workloads_or(&["log", "colour", "cjk", "noise"]);
        match test {
            "throughput" => throughput::test(self, test, &plain, &all, None),
            "triggers" => {
                let mut with = vec![wrapper::floor()];
                for (name, count) in [("no trigger", 0), ("100 triggers", 100), ("1,000 triggers", 1000)] {
                    with.extend(coshell(name, count, &[]));
                }
                throughput::test(self, test, &with, &line_workloads, Some(1));
            }
            "coproc" => {
                let mut with = vec![wrapper::floor()];
                with.extend(coshell("no coprocess", 0, &[]));
                for form in ["raw", "text"] {
                    with.extend(coshell(form, 0, &["--coproc", "cat >/dev/null", "--input", form]));
                }
                throughput::test(self, test, &with, &line_workloads, Some(1));
            }
            "latency" => keys::latency(self, &plain),
            "flood" => {
                plain.extend(many());
                keys::flood(self, &plain);
            }
            "stalled" => keys::stalled(self, &plain),
            "interrupt" => keys::interrupt(self, &plain),
            "startup" => {
                plain.extend(many());
                life::startup(self, &plain);
            }
            _ => {
                plain.extend(many());
                let measure: fn(&mut Self, &[Wrapper]) = if test == "idle" { life::idle } else { life::memory };
                measure(self, &plain);
            }
        }
    }

    /// Returns the workloads given on the command line, or else those of `names`.
    fn workloads_or(&self, names: &[&str]) -> Vec<Workload> {
        if self.options.chosen {
            return self.options.workloads.clone();
        }
        names.iter().filter_map(|name| workload::named(name)).collect()
    }

    /// Waits until no other process uses the machine, at most `patience`, and at most 20 times that in all.
    fn wait_for_quiet_machine(&self) {
        let start = Instant::now();
        let limit = self.options.patience.min((20 * self.options.patience).saturating_sub(self.waited.get()));
        loop {
            let (before, from) = (busy(), Instant::now());
            std::thread::sleep(Duration::from_millis(30));
            let is_quiet = (busy() - before) / from.elapsed().as_secs_f64() < MAX_OTHER_CPUS;
            if is_quiet || start.elapsed() >= limit {
                self.disturbed.set(self.disturbed.get() + usize::from(!is_quiet));
                break;
            }
        }
        self.waited.set(self.waited.get() + start.elapsed());
    }

    /// Starts a session with the inner program in the role `role`.
    fn start(&self, wrapper: &Wrapper, role: &str, args: &[&str]) -> Result<(Session, Board), String> {
        self.wait_for_quiet_machine();
        let mark = unique();
        let board = Board::create(&self.home.join(&mark)).map_err(|error| error.to_string())?;
        let own = |path: &Path| path.to_string_lossy().into_owned();
        let mut inner = vec![own(&self.this), INSIDE.to_owned(), role.to_owned(), own(&board.path)];
        inner.extend(args.iter().map(|&arg| arg.to_owned()));
        let words = wrapper.words(&inner, &mark);
        let session = Session::start(&words, &mark, &self.home).map_err(|error| error.to_string())?;
        Ok((session, board))
    }
}

/// Returns the seconds of CPU time that the whole machine has used.
fn busy() -> f64 {
    let cgroup_files = ["/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/unified/cpu.stat"];
    let micros = cgroup_files.iter().find_map(|path| {
        let stat = fs::read_to_string(path).ok()?;
        stat.lines().find_map(|line| line.strip_prefix("usage_usec ")?.trim().parse::<f64>().ok())
    });
    if let Some(micros) = micros {
        return micros / 1e6;
    }
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.split_whitespace().skip(1).take(3).filter_map(|word| word.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {}, {cpus} CPUs, load {}", env::consts::OS, kernel.trim(), load())
}

fn load() -> String {
    let all = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    all.split(' ').next().unwrap_or("?").to_owned()
}
