//! Command line.

use std::path::PathBuf;
use std::process::exit;
use std::time::Duration;

use crate::workload::{self, Workload};

/// All tests, in the order of their execution.
pub(crate) const TESTS: [&str; 10] =
    ["throughput", "triggers", "coproc", "latency", "flood", "stalled", "interrupt", "startup", "idle", "memory"];

const HELP: &str = "\
cargo bench --bench relay -- [OPTIONS]     (without options: --quick)

  --quick             few rounds, short runs: under two minutes
  --rounds N          so many rounds (3, or 7 without --quick)
  --tests LIST        throughput,triggers,coproc,latency,flood,stalled,interrupt,startup,idle,memory
  --workloads LIST    log,colour,cjk,short,tiny,endless,noise
  --json FILE         write everything that was found to FILE
  --one-cpu           all processes on one CPU: what it costs, without the price of waking another CPU
  --peers             also expect, zssh, ChromaTerm and tmux, as far as they are installed
  --bin PATH          the coshell to be measured, in place of the one that was just built
  --also NAME=PATH    another coshell in the same run, such as the one before a change; may be repeated";

/// Options of a run.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    /// Intended duration of a run of the throughput tests, in seconds.
    pub(crate) seconds: f64,
    /// Maximum time that a run waits for a quiet machine.
    pub(crate) patience: Duration,
    pub(crate) tests: Vec<String>,
    pub(crate) workloads: Vec<Workload>,
    /// Whether workloads were given by name.
    pub(crate) chosen: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) one_cpu: bool,
    pub(crate) peers: bool,
    pub(crate) bin: PathBuf,
    /// Other builds of coshell, with their names in the tables.
    pub(crate) also: Vec<(String, PathBuf)>,
}

impl Options {
    /// Parses the arguments; exits with a message on an invalid one.
    pub(crate) fn read(args: &[String]) -> Self {
        let mut quick = args.is_empty();
        let mut rounds = None;
        let mut it = Self {
            quick,
            rounds: 0,
            seconds: 0.4,
            patience: Duration::from_secs(10),
            tests: TESTS.map(str::to_owned).to_vec(),
            workloads: workload::ALL.to_vec(),
            chosen: false,
            json: None,
            one_cpu: false,
            peers: false,
            bin: env!("CARGO_BIN_EXE_coshell").into(),
            also: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().cloned().unwrap_or_else(|| refuse(&format!("{arg} wants a value")));
            match arg.as_str() {
                "--quick" => quick = true,
                "--rounds" => rounds = Some(value().parse().unwrap_or_else(|_| refuse("--rounds wants a number"))),
                "--tests" => it.tests = value().split(',').map(test).collect(),
                "--workloads" => {
                    it.workloads = value().split(',').map(named).collect();
                    it.chosen = true;
                }
                "--json" => it.json = Some(value().into()),
                "--one-cpu" => it.one_cpu = true,
                "--peers" => it.peers = true,
                "--bin" => it.bin = value().into(),
                "--also" => {
                    let also = value();
                    let (name, path) = also.split_once('=').unwrap_or_else(|| refuse("--also wants NAME=PATH"));
                    it.also.push((name.to_owned(), path.into()));
                }
                "-h" | "--help" => {
                    println!("{HELP}");
                    exit(0)
                }
                _ => refuse(&format!("there is no {arg}")),
            }
        }
        it.quick = quick;
        it.rounds = rounds.unwrap_or(if quick { 3 } else { 7 });
        if quick {
            (it.seconds, it.patience) = (0.12, Duration::from_millis(500));
        }
        it
    }

    pub(crate) fn wants(&self, test: &str) -> bool {
        self.tests.iter().any(|wanted| wanted == test)
    }
}

fn test(name: &str) -> String {
    if TESTS.contains(&name) { name.to_owned() } else { refuse(&format!("there is no test {name}")) }
}

fn named(name: &str) -> Workload {
    workload::named(name).unwrap_or_else(|| refuse(&format!("there is no workload {name}")))
}

fn refuse(why: &str) -> ! {
    eprintln!("{why}\n\n{HELP}");
    exit(2)
}
