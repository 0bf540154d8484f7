//! Cost of a wrapper besides throughput and latency: startup, idle CPU, memory.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Bench;
use crate::board::now;
use crate::report::{Series, short, time};
use crate::session::{Got, Session, unique, usage};
use crate::throughput;
use crate::workload;
use crate::wrapper::Wrapper;

/// Measures the time from the start to the first byte of a command, and to the end of one that prints nothing.
pub(crate) fn startup(bench: &mut Bench, wrappers: &[Wrapper]) {
    let count = if bench.options.quick { 10 } else { 40 };
    let mut found = vec![[Series::default(), Series::default()]; wrappers.len()];
    // The first round runs with cold caches and is not counted.
    for round in 0..=count {
        bench.wait_for_quiet_machine();
        for turn in 0..wrappers.len() {
            let row = (turn + round) % wrappers.len();
            for (kind, command) in ["printf x", "true"].into_iter().enumerate() {
                match start_once(bench, &wrappers[row], command, kind == 0) {
                    Ok(nanos) if round > 0 => found[row][kind].push(nanos),
                    Ok(_) => {}
                    Err(why) => bench.report.fault(format!("startup, {}: {why}", wrappers[row].name)),
                }
            }
        }
    }
    let floor = [found[0][0].median(), found[0][1].median()];
    let mut rows = Vec::new();
    for (wrapper, [first, whole]) in wrappers.iter().zip(&found) {
        let mut row = vec![wrapper.name.clone()];
        row.extend([first.median(), first.median() - floor[0]].map(time));
        row.extend([whole.median(), whole.at(0.0), whole.at(1.0), whole.median() - floor[1]].map(time));
        rows.push(row);
        bench.report.row(json!({
            "test": "startup", "wrapper": wrapper.name, "unit": "ns", "first_byte": first.json(), "true": whole.json(),
            "first_byte_over_floor": first.median() - floor[0], "true_over_floor": whole.median() - floor[1],
        }));
    }
    let head = ["", "first byte", "over floor", "true", "min", "max", "over floor"];
    bench.report.table("STARTUP: to the first byte of `printf x`; to the end of `true`", &head, &rows);
}

fn start_once(bench: &Bench, wrapper: &Wrapper, command: &str, first: bool) -> Result<f64, String> {
    let mark = unique();
    let inner: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let mut session =
        Session::start(&wrapper.words(&inner, &mark), &mark, &bench.home).map_err(|error| error.to_string())?;
    if !first {
        let (_, ended) = session.drain(Duration::from_secs(5));
        let nanos = (now() - session.started) as f64;
        return if ended { Ok(nanos) } else { Err("it did not end".into()) };
    }
    let (mut buffer, end) = ([0; 4096], Instant::now() + Duration::from_secs(5));
    loop {
        match session.read(&mut buffer) {
            Got::Bytes(n) if memchr::memchr(b'x', &buffer[..n]).is_some() => {
                return Ok((now() - session.started) as f64);
            }
            Got::Bytes(_) => {}
            Got::Nothing => session.wait(Duration::from_millis(100)),
            Got::End => return Err("it ended without a byte".into()),
        }
        if Instant::now() > end {
            return Err("no byte came".into());
        }
    }
}

/// Measures wake-ups and CPU time of an idle session.
pub(crate) fn idle(bench: &mut Bench, wrappers: &[Wrapper]) {
    let seconds = if bench.options.quick { 2 } else { 5 };
    let mut rows = Vec::new();
    for wrapper in wrappers.iter().filter(|wrapper| wrapper.name != "floor") {
        let (_, session, board) = match throughput::pass(bench, wrapper, workload::ALL[0], 8) {
            Ok(passed) => passed,
            Err(why) => {
                bench.report.fault(format!("idle, {}: {why}", wrapper.name));
                continue;
            }
        };
        // Work that is due after the output (idle timers, release of memory) happens before the measurement.
        std::thread::sleep(Duration::from_millis(500));
        let pids = session.wrapper(&board);
        let before = usage(&pids);
        let (mut buffer, mut bytes) = (vec![0; 4096], 0);
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            match session.read(&mut buffer) {
                Got::Bytes(n) => bytes += n,
                _ => session.wait(Duration::from_millis(100)),
            }
        }
        let after = usage(&pids);
        let per_second = |value: u64| value as f64 / seconds as f64;
        let switches = per_second(after.switches - before.switches);
        let cpu = per_second(after.cpu - before.cpu);
        rows.push(vec![
            wrapper.name.clone(),
            short(switches),
            format!("{:.0}", cpu / 1e3),
            bytes.to_string(),
            short(after.resident as f64 / 1e3),
        ]);
        bench.report.row(json!({
            "test": "idle", "wrapper": wrapper.name, "wake_ups_per_s": switches, "cpu_ns_per_s": cpu,
            "bytes": bytes, "resident_mb": after.resident as f64 / 1e3,
        }));
    }
    let head = ["", "wake-ups/s", "CPU us/s", "bytes", "resident MB"];
    bench.report.table(&format!("IDLE: {seconds} s after 4 MB of log lines"), &head, &rows);
}

/// Measures the peak memory of a wrapper with each workload.
pub(crate) fn memory(bench: &mut Bench, wrappers: &[Wrapper]) {
    let times = if bench.options.quick { 8 } else { 40 };
    let wanted: Vec<_> =
        workload::ALL.into_iter().filter(|it| ["log", "endless", "noise"].contains(&it.name)).collect();
    let mut rows = Vec::new();
    for wrapper in wrappers.iter().filter(|wrapper| wrapper.name != "floor") {
        let mut row = vec![wrapper.name.clone()];
        let fresh = bench.start(wrapper, "echo", &[]).and_then(|(session, board)| {
            session.until_state(&board, 1)?;
            std::thread::sleep(Duration::from_millis(100));
            Ok(usage(&session.wrapper(&board)).resident as f64 / 1e3)
        });
        row.push(fresh.as_ref().map_or_else(|_| "!".into(), |&mb| short(mb)));
        for workload in &wanted {
            let peak =
                throughput::pass(bench, wrapper, *workload, times).map(|(run, _, _)| run.usage.peak as f64 / 1e3);
            row.push(peak.as_ref().map_or_else(|_| "!".into(), |&mb| short(mb)));
            if let Err(why) = &peak {
                bench.report.fault(format!("memory, {}, {}: {why}", wrapper.name, workload.name));
            }
            bench.report.row(json!({
                "test": "memory", "wrapper": wrapper.name, "workload": workload.name, "peak_mb": peak.ok(),
                "fresh_mb": fresh.as_ref().ok(),
            }));
        }
        rows.push(row);
    }
    let mut head = vec!["", "fresh"];
    head.extend(wanted.iter().map(|workload| workload.name));
    let title = format!("MEMORY: MB of all its processes when started; the peak after {} MB of each", times / 2);
    bench.report.table(&title, &head, &rows);
}
