//! Programs that tests/run fetches from npm, PyPI and crates.io, since no package of the system contains them.

use std::path::PathBuf;

/// Returns the path of a program that tests/run has fetched, or `None` where the download failed.
pub fn fetched(name: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("COSHELL_TEST_TOOLS").map(PathBuf::from).or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME")?);
        Some(
            std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from).join("coshell-tests"),
        )
    })?;
    let path = cache.join(name);
    if !path.exists() {
        eprintln!("NOT TESTED: {} is not there; tests/run installs it", path.display());
        return None;
    }
    Some(path)
}

/// TypeScript compiler.
pub const TSC: &str = "tsc/node_modules/.bin/tsc";
/// Prompt for any shell.
pub const STARSHIP: &str = "starship/bin/starship";
/// Test runner for JavaScript.
pub const VITEST: &str = "vitest/node_modules/.bin/vitest";
/// Python with the modules of `tests/run`: IPython, prompt_toolkit, rich, tqdm, trzsz, mcp.
pub const PYTHON: &str = "python/bin/python";
/// Interactive Python shell.
pub const IPYTHON: &str = "python/bin/ipython";
/// Test runner for Python.
pub const PYTEST: &str = "python/bin/pytest";
