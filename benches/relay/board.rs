//! Shared file of the harness and the inner program: numbers in a file that both have open, so that none of them passes
//! the tty.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Index of the inner program's process id.
pub(crate) const PID: u64 = 0;
/// Index of its state: see the roles in `inside`.
pub(crate) const STATE: u64 = 1;
/// Index of the number by which the harness lets it continue.
pub(crate) const GO: u64 = 2;
/// Index of the time of its first write.
pub(crate) const START: u64 = 3;
/// Index of the number of time stamps.
pub(crate) const COUNT: u64 = 4;
/// Index of the first time stamp.
pub(crate) const STAMPS: u64 = 16;

/// File of numbers.
#[derive(Debug)]
pub(crate) struct Board {
    file: File,
    pub(crate) path: PathBuf,
}

impl Board {
    /// Creates a board of zeros.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        file.set_len(64 * 1024)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Opens the board that the harness has created.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn get(&self, index: u64) -> u64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, index * 8).map_or(0, |()| u64::from_ne_bytes(bytes))
    }

    pub(crate) fn set(&self, index: u64, number: u64) {
        // A failed write means that the harness has ended, so the value is not needed.
        drop(self.file.write_all_at(&number.to_ne_bytes(), index * 8));
    }

    /// Waits until a number is at least `number`; returns `false` after `limit`.
    pub(crate) fn wait(&self, index: u64, number: u64, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.get(index) < number {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        true
    }
}

/// Returns nanoseconds of the monotonic clock, which all processes share.
#[allow(unsafe_code)]
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that lives during the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
