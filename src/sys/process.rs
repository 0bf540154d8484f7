//! Other processes: how children change state, names, parents and working directories. Where the system gives no access to a
//! fact, the result is empty or `None`. Signals to them, and the environment of new ones.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::retry::retry;
use crate::types::ExitStatus;

/// Change of the state of a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildChange {
    /// It has ended, and has been reaped.
    Ended(ExitStatus),
    /// It has been stopped by a signal.
    Stopped,
    /// It is no child of this process any more (ECHILD): it has ended, and how is not known.
    Lost,
}

/// Returns the next change of the state of the child `pid`, if there is one, and reaps it where it has ended.
pub fn child_change(pid: Pid) -> Option<ChildChange> {
    let mut status = 0;
    // Not nix's function, which gives an error for a process that a real-time signal has ended.
    let wait = || {
        // SAFETY: waitpid writes one integer to `status`, which lives through the call.
        let found = unsafe { libc::waitpid(pid.as_raw(), &raw mut status, libc::WNOHANG | libc::WUNTRACED) };
        Errno::result(found)
    };
    match retry(wait) {
        Ok(0) => None,
        Ok(_) if libc::WIFEXITED(status) => {
            let code = u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX);
            Some(ChildChange::Ended(ExitStatus::Code(code)))
        }
        Ok(_) if libc::WIFSIGNALED(status) => Some(ChildChange::Ended(ExitStatus::Signal(libc::WTERMSIG(status)))),
        Ok(_) => libc::WIFSTOPPED(status).then_some(ChildChange::Stopped),
        // ECHILD: the other errors of waitpid(2) are excluded by the arguments.
        Err(_) => Some(ChildChange::Lost),
    }
}

/// Maximum number of ancestors visited: pids are reused, so a walk over a changing process table could go in a circle.
const MAX_ANCESTORS: usize = 64;

/// Variables that coshell sets for its children, besides `COSHELL_MATCH_*` (coshell(1), ENVIRONMENT).
const OUTER_SESSION: &[&[u8]] = &[
    b"COSHELL_SESSION",
    b"COSHELL_SOCKET",
    b"COSHELL_TTY",
    b"COSHELL_TRIGGER",
    b"COSHELL_LINE",
    b"COSHELL_MATCH",
    b"COSHELL_EVENT",
];

/// Removes from the environment of `command` the variables that describe a session or a match: coshell's own environment
/// has those of the session around this one, or of the trigger that started coshell.
pub(super) fn remove_outer_session(command: &mut Command) {
    let describes = |name: &OsStr| {
        let name = name.as_bytes();
        OUTER_SESSION.contains(&name) || name.starts_with(b"COSHELL_MATCH_")
    };
    for (name, _) in env::vars_os().filter(|(name, _)| describes(name)) {
        command.env_remove(name);
    }
}

/// A process, as far as other processes are concerned.
struct ProcessInfo {
    pid: Pid,
    parent: Pid,
    name: String,
}

/// Names of the processes of a process group.
#[derive(Debug, Default)]
pub struct JobNames {
    /// Those of the group, of its leader and of the leader's ancestors.
    pub all: Vec<String>,
    /// Those of processes of the group without a child in it.
    pub childless: Vec<String>,
    /// Whether a process of the group sleeps in a read of the terminal; `false` where that cannot be known.
    pub asks: bool,
    /// That of the group's leader or, where that has exited, of another process of the group.
    pub leader: Option<String>,
}

/// Returns the names of the processes in `group`, of its leader and of the leader's ancestors up to and including `top`, and
/// whether one of the group reads from the terminal with the device number `tty`.
pub fn job_names(group: Pid, top: Pid, tty: Option<libc::dev_t>) -> JobNames {
    let members = os::members(group);
    let asks = tty.is_some_and(|tty| members.iter().any(|process| os::reads(process.pid, tty)));
    let is_childless = |process: &&ProcessInfo| members.iter().all(|other| other.parent != process.pid);
    let childless = members.iter().filter(is_childless).map(|process| process.name.clone()).collect();
    let leader = members.iter().find(|process| process.pid == group).or_else(|| members.first());
    let leader = leader.map(|process| process.name.clone());
    let mut names: Vec<String> = members.into_iter().map(|process| process.name).collect();
    let mut next = Some(group);
    for _ in 0..MAX_ANCESTORS {
        let Some(pid) = next.filter(|pid| pid.as_raw() > 1) else { break };
        let Some((name, parent)) = os::name_and_parent(pid) else { break };
        names.push(name);
        next = (pid != top).then_some(parent);
    }
    JobNames { all: names, childless, asks, leader }
}

/// Returns whether there is a process `pid`.
pub fn is_alive(pid: i32) -> bool {
    // EPERM: a process of another user.
    pid > 0 && kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}

/// Sends `signal` to `group`; SIGTERM and SIGHUP are followed by SIGCONT. An invalid number sends nothing.
pub fn signal_process_group(group: Pid, signal: i32) {
    let Ok(signal) = Signal::try_from(signal) else { return };
    send_group(group, signal);
    if matches!(signal, Signal::SIGTERM | Signal::SIGHUP) {
        // A stopped process acts on the signal only after it is continued: signal(7).
        send_group(group, Signal::SIGCONT);
    }
}

/// Sends `signal` to `group`; no error where the group is gone.
pub(super) fn send_group(group: Pid, signal: Signal) {
    // ESRCH: the group is gone, which is the purpose of most signals sent here. EPERM: its processes have changed user.
    let _ = killpg(group, signal);
}

/// Sends SIGHUP to `shell` and to the `foreground` group of its terminal, and SIGCONT, without which a stopped process
/// does not act on SIGHUP.
pub fn hang_up(shell: Pid, foreground: Option<Pid>) {
    for signal in [Signal::SIGHUP, Signal::SIGCONT] {
        if let Some(group) = foreground {
            send_group(group, signal);
        }
        // ESRCH: the shell has ended already.
        let _ = kill(shell, signal);
    }
}

/// Returns the working directory of `pid`, if it is known and still exists.
pub fn working_directory(pid: Pid) -> Option<PathBuf> {
    os::working_directory(pid).filter(|path| path.is_dir())
}

/// Implementation over proc(5).
#[cfg(target_os = "linux")]
mod os {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    use nix::unistd::{Pid, getpgid};

    use super::ProcessInfo;

    pub(super) fn name_and_parent(pid: Pid) -> Option<(String, Pid)> {
        // `/proc/PID/stat` has the command name and the parent. `None` where the process has ended meanwhile.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may itself hold parentheses and spaces: proc_pid_stat(5).
        let (head, tail) = stat.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_owned();
        Some((name, tail.split_whitespace().nth(1)?.parse().map(Pid::from_raw).ok()?))
    }

    pub(super) fn members(group: Pid) -> Vec<ProcessInfo> {
        // Without /proc, as in some containers, no names are known; callers treat that as no match.
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        // Entries without a numeric name, or with one that is not UTF-8, are no processes.
        let pids = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let pids = pids.filter_map(|pid| pid.parse().map(Pid::from_raw).ok());
        // A system call for each process costs a twentieth of what opening and reading its file does. ESRCH: it has ended.
        let members = pids.filter(|pid| getpgid(Some(*pid)) == Ok(group));
        members.filter_map(|pid| name_and_parent(pid).map(|(name, parent)| ProcessInfo { pid, parent, name })).collect()
    }

    /// Maximum number of threads of a process that are looked at.
    const MAX_THREADS: usize = 64;

    /// Returns whether a thread of `pid` sleeps in a read of the terminal `tty`. A process of another user, as of a set-uid
    /// program, does not say; Yama's scope 1 allows the look at a descendant.
    pub(super) fn reads(pid: Pid, tty: libc::dev_t) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
        let mut read_from = threads.flatten().take(MAX_THREADS).filter_map(|thread| {
            let call = fs::read_to_string(thread.path().join("syscall")).ok()?;
            read_descriptor(&call)
        });
        read_from.any(|fd| {
            // /dev/tty stands for the controlling terminal, which is this one for a foreground process group.
            let device = fs::metadata(format!("/proc/{pid}/fd/{fd}")).ok().map(|file| file.rdev());
            device.is_some_and(|device| device == tty || device == libc::makedev(5, 0))
        })
    }

    /// Parses `/proc/PID/syscall`, "number, arguments in hexadecimal": returns the descriptor that the call reads from.
    fn read_descriptor(call: &str) -> Option<u64> {
        let mut words = call.split_whitespace();
        let number: libc::c_long = words.next()?.parse().ok()?;
        let fd = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
        (number == libc::SYS_read || number == libc::SYS_readv).then_some(fd)
    }

    pub(super) fn working_directory(pid: Pid) -> Option<PathBuf> {
        // EACCES for a process of another user, ENOENT for one that has ended: the directory is not known.
        fs::read_link(format!("/proc/{pid}/cwd")).ok()
    }
}

/// Implementation over libproc.
#[cfg(target_os = "macos")]
mod os {
    use std::ffi::CStr;
    use std::mem;
    use std::path::PathBuf;

    use nix::unistd::Pid;

    use super::ProcessInfo;

    fn info<T>(pid: Pid, flavor: libc::c_int) -> Option<T> {
        let size = mem::size_of::<T>() as libc::c_int;
        // SAFETY: `T` is the C structure of `flavor` (both callers below pair them), made of integers and arrays of
        // integers, so that all-zero is a valid value and so is every other bit pattern. proc_pidinfo writes at most `size`
        // bytes, the size of `T`; the value is used only if all of them were written.
        unsafe {
            let mut value: T = mem::zeroed();
            let written = libc::proc_pidinfo(pid.as_raw(), flavor, 0, (&raw mut value).cast(), size);
            (written == size).then_some(value)
        }
    }

    fn text(bytes: &[libc::c_char]) -> String {
        let bytes: Vec<u8> = bytes.iter().map(|&byte| byte as u8).chain([0]).collect();
        CStr::from_bytes_until_nul(&bytes).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
    }

    pub(super) fn name_and_parent(pid: Pid) -> Option<(String, Pid)> {
        let info: libc::proc_bsdinfo = info(pid, libc::PROC_PIDTBSDINFO)?;
        Some((text(&info.pbi_comm), Pid::from_raw(info.pbi_ppid as i32)))
    }

    /// Returns the leader alone, which is enough in practice.
    pub(super) fn members(group: Pid) -> Vec<ProcessInfo> {
        name_and_parent(group).map(|(name, parent)| ProcessInfo { pid: group, parent, name }).into_iter().collect()
    }

    /// Returns false: the system does not say in which call a process sleeps.
    pub(super) fn reads(_: Pid, _: libc::dev_t) -> bool {
        false
    }

    pub(super) fn working_directory(pid: Pid) -> Option<PathBuf> {
        let info: libc::proc_vnodepathinfo = info(pid, libc::PROC_PIDVNODEPATHINFO)?;
        Some(PathBuf::from(text(info.pvi_cdir.vip_path.as_flattened())))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod os {
    use std::path::PathBuf;

    use nix::unistd::Pid;

    pub(super) fn name_and_parent(_: Pid) -> Option<(String, Pid)> {
        None
    }

    pub(super) fn members(_: Pid) -> Vec<super::ProcessInfo> {
        Vec::new()
    }

    pub(super) fn reads(_: Pid, _: libc::dev_t) -> bool {
        false
    }

    pub(super) fn working_directory(_: Pid) -> Option<PathBuf> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use super::*;

    fn shell(script: &str) -> (Child, Pid) {
        let child = Command::new("sh").args(["-c", script]).spawn().expect("sh can be run");
        let pid = Pid::from_raw(child.id().cast_signed());
        (child, pid)
    }

    fn next_change(pid: Pid) -> ChildChange {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(change) = child_change(pid) {
                return change;
            }
            assert!(Instant::now() < until, "the child does not change its state");
            std::thread::yield_now();
        }
    }

    #[test]
    fn every_end_of_child_is_reported() {
        let real_time = libc_rtmin();
        let table = [
            ("exit 0".to_owned(), ExitStatus::Code(0)),
            ("exit 200".to_owned(), ExitStatus::Code(200)),
            ("kill -TERM $$".to_owned(), ExitStatus::Signal(15)),
            (format!("kill -{real_time} $$"), ExitStatus::Signal(real_time)),
        ];
        for (script, exit) in table {
            let (_child, pid) = shell(&script);
            assert_eq!(next_change(pid), ChildChange::Ended(exit), "{script}");
        }
    }

    #[cfg(target_os = "linux")]
    fn libc_rtmin() -> i32 {
        libc::SIGRTMIN()
    }

    /// Other systems have no constant; SIGUSR2 stands in.
    #[cfg(not(target_os = "linux"))]
    fn libc_rtmin() -> i32 {
        libc::SIGUSR2
    }

    #[test]
    fn stop_of_child_is_reported_once() {
        let (_child, pid) = shell("kill -STOP $$; exit 3");
        assert_eq!(next_change(pid), ChildChange::Stopped);
        assert_eq!(child_change(pid), None);
        kill(pid, Signal::SIGCONT).expect("the child is stopped");
        assert_eq!(next_change(pid), ChildChange::Ended(ExitStatus::Code(3)));
    }

    #[test]
    fn child_reaped_by_other_code_is_lost_not_successful() {
        let (mut child, pid) = shell("exit 7");
        child.wait().expect("the child ends");
        assert_eq!(child_change(pid), Some(ChildChange::Lost));
    }
}
