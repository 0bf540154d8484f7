//! Faults of coshell itself: the record of the last panic, and panics that tests force.

use std::fmt;
use std::panic::{self, PanicHookInfo};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

/// Maximum number of characters kept of a panic's message.
const MAX_MESSAGE: usize = 200;
/// Environment variable that forces a panic: `PHASE`, or `PHASE:FILE` for a panic once FILE exists.
const TEST_VARIABLE: &str = "COSHELL_TEST_PANIC";

static LAST: Mutex<Option<Fault>> = Mutex::new(None);

/// A panic: where it happened, and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// File, line and column, as `src/core/mod.rs:12:5` or `regex-1.13.0/src/lib.rs:12:5`.
    place: String,
    /// At most 200 characters, which may be control characters.
    message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl Fault {
    /// Returns file, line and column.
    pub fn place(&self) -> &str {
        &self.place
    }

    fn of(info: &PanicHookInfo<'_>) -> Self {
        let place = info.location().map_or_else(
            || "unknown place".to_owned(),
            |place| format!("{}:{}:{}", without_build_path(place.file()), place.line(), place.column()),
        );
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        Self { place, message: message.chars().take(MAX_MESSAGE).collect() }
    }
}

/// Records each panic for `take` in place of printing it, since standard error may be the terminal in raw mode.
pub fn record_panics() {
    panic::set_hook(Box::new(|info| {
        if let Ok(mut last) = LAST.lock() {
            *last = Some(Fault::of(info));
        }
    }));
}

/// Removes and returns the last panic recorded, or one without a cause where none was.
pub fn take() -> Fault {
    // A poisoned lock holds a fault as well.
    let last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    last.unwrap_or_else(|| Fault { place: "unknown place".to_owned(), message: "its cause is not known".to_owned() })
}

/// Returns `path` without directories of the machine that built coshell: an absolute path begins with the directory around
/// its last `src`, which names the crate.
fn without_build_path(path: &str) -> &str {
    if !path.starts_with('/') {
        return path;
    }
    let krate = path.rfind("/src/").map_or(path, |src| &path[..src]);
    let start = krate.rfind('/').map_or(0, |slash| slash + 1);
    &path[start..]
}

/// Panics once, in the phase that the environment variable COSHELL_TEST_PANIC names; in builds with debug assertions only.
#[track_caller]
pub fn panic_for_test(phase: &str) {
    static WANTED: OnceLock<Option<(String, Option<PathBuf>)>> = OnceLock::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    if !cfg!(debug_assertions) {
        return;
    }
    let wanted = WANTED.get_or_init(|| {
        let value = std::env::var(TEST_VARIABLE).ok()?;
        Some(match value.split_once(':') {
            Some((phase, file)) => (phase.to_owned(), Some(PathBuf::from(file))),
            None => (value, None),
        })
    });
    let Some((wanted, file)) = wanted else { return };
    let due = wanted == phase && file.as_ref().is_none_or(|file| file.exists());
    if due && !DONE.swap(true, Ordering::Relaxed) {
        panic!("{TEST_VARIABLE} requests a panic at {phase}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_names_no_directory_of_build_machine() {
        let paths = [
            ("src/core/mod.rs", "src/core/mod.rs"),
            ("/root/.cargo/registry/src/index.crates.io-1/regex-1.13.0/src/lib.rs", "regex-1.13.0/src/lib.rs"),
            ("/rustc/0123/library/core/src/option.rs", "core/src/option.rs"),
            ("/home/me/coshell/src/host/mod.rs", "coshell/src/host/mod.rs"),
            ("/home/me/build.rs", "build.rs"),
        ];
        for (path, short) in paths {
            assert_eq!(without_build_path(path), short, "{path}");
        }
    }
}
