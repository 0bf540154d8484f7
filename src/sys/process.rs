//! What can be learnt of other processes: names, parents, working directories. On systems where it cannot, the
//! answer is that nothing is known.

use std::path::PathBuf;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// More ancestors than this no process has; a bound, should the table change while it is walked.
const ANCESTORS: usize = 64;

/// The names of the processes in this group and of its leader's ancestors, up to and with `top`.
pub fn names(group: Pid, top: Pid) -> Vec<String> {
    let mut names = os::names_in_group(group);
    let mut next = Some(group);
    for _ in 0..ANCESTORS {
        let Some(pid) = next.filter(|pid| pid.as_raw() > 1) else { break };
        let Some((name, parent)) = os::name_and_parent(pid) else { break };
        names.push(name);
        next = (pid != top).then_some(parent);
    }
    names
}

/// Sends a signal to a process group.
pub fn signal_process_group(group: Pid, signal: i32) {
    let Ok(signal) = Signal::try_from(signal) else { return };
    send_group(group, signal);
    if matches!(signal, Signal::SIGTERM | Signal::SIGHUP) {
        // A stopped process takes it when it is continued only.
        send_group(group, Signal::SIGCONT);
    }
}

/// Sends a signal to a process group.
pub(super) fn send_group(group: Pid, signal: Signal) {
    // A group that is gone already needs none.
    let _ = killpg(group, signal);
}

/// The working directory of this process.
pub fn working_directory(pid: Pid) -> Option<PathBuf> {
    os::working_directory(pid).filter(|path| path.is_dir())
}

/// By proc(5).
#[cfg(target_os = "linux")]
mod os {
    use std::fs;
    use std::path::PathBuf;

    use nix::unistd::Pid;

    pub(super) fn name_and_parent(pid: Pid) -> Option<(String, Pid)> {
        let (name, parent, _) = stat(&pid.to_string())?;
        Some((name, parent))
    }

    pub(super) fn names_in_group(group: Pid) -> Vec<String> {
        // Without /proc nothing is known.
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let numbers = pids.filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()));
        numbers.filter_map(|pid| stat(&pid)).filter(|(_, _, of)| *of == group).map(|(name, _, _)| name).collect()
    }

    /// Name, parent and process group.
    fn stat(pid: &str) -> Option<(String, Pid, Pid)> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_owned();
        let mut numbers = tail.split_whitespace().skip(1).map(|number| number.parse().map(Pid::from_raw));
        Some((name, numbers.next()?.ok()?, numbers.next()?.ok()?))
    }

    pub(super) fn working_directory(pid: Pid) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{pid}/cwd")).ok()
    }
}

/// By libproc.
#[cfg(target_os = "macos")]
mod os {
    use std::ffi::CStr;
    use std::mem;
    use std::path::PathBuf;

    use nix::unistd::Pid;

    fn info<T>(pid: Pid, flavor: libc::c_int) -> Option<T> {
        let size = mem::size_of::<T>() as libc::c_int;
        // SAFETY: proc_pidinfo writes at most `size` bytes into a zeroed value of the flavor's own C structure, of
        // which every bit pattern is a value; it is used only if all of it was written.
        unsafe {
            let mut value: T = mem::zeroed();
            let got = libc::proc_pidinfo(pid.as_raw(), flavor, 0, (&raw mut value).cast(), size);
            (got == size).then_some(value)
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

    /// Only its leader, which the walk to its ancestors begins with.
    pub(super) fn names_in_group(_: Pid) -> Vec<String> {
        Vec::new()
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

    pub(super) fn names_in_group(_: Pid) -> Vec<String> {
        Vec::new()
    }

    pub(super) fn working_directory(_: Pid) -> Option<PathBuf> {
        None
    }
}
