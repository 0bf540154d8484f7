//! What `/proc` says of a process.

use std::fs;

use nix::unistd::Pid;

/// The value of a line of `/proc/PID/status`.
pub fn status(pid: Pid, key: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// The most memory that the process has had, in KiB.
pub fn peak_kib(pid: Pid) -> u64 {
    let text = status(pid, "VmHWM").expect("the process lives");
    text.trim_end_matches("kB").trim().parse().expect("VmHWM is a number")
}

/// The memory that the process has now, in KiB.
pub fn memory_kib(pid: Pid) -> u64 {
    let text = status(pid, "VmRSS").expect("the process lives");
    text.trim_end_matches("kB").trim().parse().expect("VmRSS is a number")
}

/// How often the process has gone to sleep by itself.
pub fn sleep_count(pid: Pid) -> u64 {
    status(pid, "voluntary_ctxt_switches").expect("the process lives").parse().expect("a number")
}

/// The fields of `/proc/PID/stat` behind the name, the state first.
fn stat(pid: Pid) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// The state letter, or nothing when the process is gone.
pub fn state(pid: Pid) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// Whether it is there and not a zombie.
pub fn is_alive(pid: Pid) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Whether every thread of it sleeps, or is stopped: it does nothing until something happens to it.
pub fn is_asleep(pid: Pid) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    !stats.into_iter().any(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['R', 'D'])))
}

/// Processor time used so far, in milliseconds; none where it is gone.
pub fn cpu_ms(pid: Pid) -> Option<u64> {
    let fields = stat(pid)?;
    let ticks = |at: usize| fields[at].parse::<u64>().expect("a number of ticks");
    Some((ticks(11) + ticks(12)) * 10)
}

/// The process that started `pid`.
pub fn parent(pid: Pid) -> Option<Pid> {
    Some(Pid::from_raw(stat(pid)?.get(1)?.parse().ok()?))
}

/// The session that `pid` belongs to.
pub fn session(pid: Pid) -> Option<Pid> {
    Some(Pid::from_raw(stat(pid)?.get(3)?.parse().ok()?))
}

/// All processes there are.
fn all() -> impl Iterator<Item = Pid> {
    let names = fs::read_dir("/proc").expect("/proc").flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw))
}

/// The children of `pid`, zombies too.
pub fn children(pid: Pid) -> Vec<Pid> {
    all().filter(|&child| parent(child) == Some(pid)).collect()
}

/// The processes with `NAME=value` in the environment that they were started with.
pub fn with_environment(setting: &str) -> Vec<Pid> {
    let has = |pid: &Pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&b| b == 0).any(|entry| entry == setting.as_bytes())
    };
    all().filter(has).collect()
}

/// The command line of `pid`, for messages.
pub fn command_line(pid: Pid) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned()
}
