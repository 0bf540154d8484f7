//! Clocks for the costs of triggers.

use std::time::Duration;

/// Returns a time that grows steadily.
pub fn monotonic() -> Duration {
    read(libc::CLOCK_MONOTONIC)
}

/// Returns the CPU time that this process has used.
pub fn cpu_time() -> Duration {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime writes one timespec to `time`, which lives through the call. It fails only for a clock that the
    // system does not have (clock_gettime(2)); POSIX has both, and `time` stays 0.
    unsafe {
        libc::clock_gettime(clock, &raw mut time);
    }
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_on() {
        let before = (monotonic(), cpu_time());
        while cpu_time() == before.1 {}
        assert!(monotonic() > before.0);
    }
}
