//! What the harness and the inner program tell each other: numbers in a file that both have open, so that nothing of
//! it goes through the tty.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The inner program's process.
pub(crate) const PID: u64 = 0;
/// How far it is: see the roles in `inside`.
pub(crate) const STATE: u64 = 1;
/// The harness lets it go on.
pub(crate) const GO: u64 = 2;
/// When it wrote its first byte.
pub(crate) const START: u64 = 3;
/// How many time stamps there are.
pub(crate) const COUNT: u64 = 4;
/// Time stamps, from here on.
pub(crate) const STAMPS: u64 = 16;

/// A file of numbers.
#[derive(Debug)]
pub(crate) struct Board {
    file: File,
    pub(crate) path: PathBuf,
}

impl Board {
    /// A new one, all zeros.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        file.set_len(64 * 1024)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// The one that the harness has made.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn get(&self, place: u64) -> u64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, place * 8).map_or(0, |()| u64::from_ne_bytes(bytes))
    }

    pub(crate) fn set(&self, place: u64, number: u64) {
        // A board that is gone means that the harness is, and then nobody cares.
        drop(self.file.write_all_at(&number.to_ne_bytes(), place * 8));
    }

    /// Waits until a number has become this large.
    pub(crate) fn wait(&self, place: u64, number: u64, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.get(place) < number {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        true
    }
}

/// Nanoseconds on the clock that all processes share.
#[allow(unsafe_code)]
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that lives during the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
