//! Process information from `/proc`, see proc(5).

use std::fs;

use nix::unistd::Pid;

/// Returns the value of `key` in `/proc/PID/status`.
pub fn status(pid: Pid, key: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// Returns the peak resident set size in KiB, without the pages of files: those of a debug binary are the largest part.
pub fn peak_kib(pid: Pid) -> u64 {
    kib(pid, "VmHWM").saturating_sub(kib(pid, "RssFile"))
}

/// Returns the resident set size in KiB.
pub fn memory_kib(pid: Pid) -> u64 {
    kib(pid, "VmRSS")
}

fn kib(pid: Pid, name: &str) -> u64 {
    let text = status(pid, name).expect("the process lives");
    text.trim_end_matches("kB").trim().parse().expect("it is a number")
}

/// Returns the number of voluntary context switches: one for each time the process blocks.
pub fn sleep_count(pid: Pid) -> u64 {
    status(pid, "voluntary_ctxt_switches").expect("the process lives").parse().expect("a number")
}

/// Returns the fields of `/proc/PID/stat` behind the command name, the state first.
fn stat(pid: Pid) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// Returns the state letter, or `None` where the process does not exist.
pub fn state(pid: Pid) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// Reports whether the process exists and is no zombie.
pub fn is_alive(pid: Pid) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Reports whether every thread sleeps or is stopped, so that only an event can wake the process.
pub fn is_asleep(pid: Pid) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    !stats.into_iter().any(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['R', 'D'])))
}

/// Returns the processor time used in milliseconds, or `None` where the process does not exist.
pub fn cpu_ms(pid: Pid) -> Option<u64> {
    let fields = stat(pid)?;
    let ticks = |at: usize| fields[at].parse::<u64>().expect("a number of ticks");
    Some((ticks(11) + ticks(12)) * 10)
}

/// Returns the parent of `pid`.
pub fn parent(pid: Pid) -> Option<Pid> {
    Some(Pid::from_raw(stat(pid)?.get(1)?.parse().ok()?))
}

/// Returns the session of `pid`.
pub fn session(pid: Pid) -> Option<Pid> {
    Some(Pid::from_raw(stat(pid)?.get(3)?.parse().ok()?))
}

/// Lists all processes.
fn all() -> impl Iterator<Item = Pid> {
    let names = fs::read_dir("/proc").expect("/proc").flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw))
}

/// Returns the children of `pid`, including zombies.
pub fn children(pid: Pid) -> Vec<Pid> {
    all().filter(|&child| parent(child) == Some(pid)).collect()
}

/// Returns the processes whose initial environment contains `setting`, which is `NAME=value`.
pub fn with_environment(setting: &str) -> Vec<Pid> {
    let has = |pid: &Pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&b| b == 0).any(|entry| entry == setting.as_bytes())
    };
    all().filter(has).collect()
}

/// Returns what a process is doing: its command line, its state, the function of the kernel in which it sleeps, and the signals
/// that wait for it.
pub fn summary(pid: Pid) -> String {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let status = read("status");
    let signals = status.lines().filter(|line| line.starts_with("SigPnd") || line.starts_with("ShdPnd"));
    let signals: Vec<String> = signals.map(|line| line.replace('\t', " ")).collect();
    let state = state(pid).unwrap_or('-');
    format!("{pid} {} ({state} in {}, {})", command_line(pid), read("wchan"), signals.join(", "))
}

/// Returns the command line of `pid`, empty where the process has ended.
pub fn command_line(pid: Pid) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned()
}
