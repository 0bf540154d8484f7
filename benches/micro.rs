//! Throughput of the parts that process every byte, without a pty: VT parser, line assembly, triggers.

use std::hint::black_box;
use std::time::Duration;

use coshell::core::trigger::{Pattern, TriggerOptions, Triggers};
use coshell::core::vt::{Line, VtSink, VtState};
use coshell::types::Size;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

#[path = "relay/workload.rs"]
#[allow(dead_code)]
mod workload;

/// Maximum size of a read from a pty on Linux.
const CHUNK: usize = 4095;

/// Sink that counts lines; `blocks` tells whether it takes the lines of a block one by one.
struct Count {
    blocks: bool,
    lines: usize,
}

impl VtSink for Count {
    fn block(&mut self, _: &[u8], lines: usize, _: u64) -> bool {
        self.lines += lines;
        self.blocks
    }

    fn line(&mut self, line: &Line<'_>) {
        self.lines += black_box(line).text.len() & 1;
    }
}

/// Sink that searches for triggers as a session does: first in whole blocks.
struct TriggerSearch<'a>(&'a mut Triggers, usize);

impl VtSink for TriggerSearch<'_> {
    fn block(&mut self, block: &[u8], _: usize, _: u64) -> bool {
        self.0.block_may_match(block)
    }

    fn line(&mut self, line: &Line<'_>) {
        self.1 += usize::from(self.0.line_may_match(line.text));
    }
}

fn text(assemble: bool) -> VtState {
    let mut text = VtState::new(Size { rows: 24, cols: 80, ..Size::default() });
    text.assemble(assemble);
    text
}

fn feed(text: &mut VtState, output: &[u8], sink: &mut impl VtSink) {
    for chunk in output.chunks(CHUNK) {
        text.feed(chunk, sink);
    }
}

/// Returns the output of a workload as the terminal receives it.
fn output(name: &str) -> Vec<u8> {
    let workload = workload::named(name).expect("the workload exists");
    workload.shown(&workload.block())
}

fn read(criterion: &mut Criterion) {
    for (group, assemble, blocks) in
        [("parser", false, false), ("assembler, blocks refused", true, false), ("assembler, line by line", true, true)]
    {
        let mut group = criterion.benchmark_group(group);
        for workload in workload::ALL {
            let output = output(workload.name);
            group.throughput(Throughput::Bytes(output.len() as u64));
            group.bench_function(workload.name, |bencher| {
                let (mut text, mut count) = (text(assemble), Count { blocks, lines: 0 });
                bencher.iter(|| feed(&mut text, &output, &mut count));
            });
        }
    }
}

fn triggers(count: usize) -> Triggers {
    let patterns = workload::patterns(count);
    let specs = patterns.iter().map(|text| TriggerOptions::new(Pattern::parse(text).expect("the pattern is valid")));
    Triggers::new(specs)
}

fn search(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assembler and triggers");
    for name in ["log", "colour", "cjk", "noise"] {
        let output = output(name);
        group.throughput(Throughput::Bytes(output.len() as u64));
        for count in [1, 10, 100, 1000] {
            group.bench_with_input(BenchmarkId::new(name, count), &count, |bencher, &count| {
                let (mut text, mut triggers) = (text(true), triggers(count));
                let mut search = TriggerSearch(&mut triggers, 0);
                bencher.iter(|| feed(&mut text, &output, &mut search));
            });
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("triggers alone");
    for name in ["log", "cjk"] {
        let output = output(name);
        group.throughput(Throughput::Bytes(output.len() as u64));
        for count in [1, 10, 100, 1000] {
            group.bench_with_input(BenchmarkId::new(name, count), &count, |bencher, &count| {
                let mut triggers = triggers(count);
                bencher.iter(|| black_box(triggers.block_may_match(&output)));
            });
        }
    }
}

/// Measures the parsing of 1,000 patterns, and their compilation for the first line.
fn build(criterion: &mut Criterion) {
    let patterns = workload::patterns(1000);
    criterion.bench_function("1,000 patterns read", |bencher| {
        bencher.iter(|| patterns.iter().filter(|text| Pattern::parse(black_box(text.as_str())).is_ok()).count());
    });
    criterion.bench_function("1,000 triggers built for their first line", |bencher| {
        bencher.iter_with_setup(|| triggers(1000), |mut triggers| triggers.block_may_match(b"a line\n"));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = read, search, build
}
criterion_main!(benches);
