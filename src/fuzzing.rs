//! The fuzz targets. `fuzz/` has a libFuzzer binary for each, and `cargo test` runs each on the inputs of
//! `tests/corpus/`. Compiled for tests and with `--cfg fuzzing` only.
//!
//! A target takes any bytes and panics where an invariant does not hold. An input that made one panic is kept in
//! `tests/corpus/`.

pub use crate::cmd::suggest::fuzzing::suggest;
pub use crate::config::fuzzing::config;
pub use crate::core::fuzzing::{highlight, keys, lines, prefilter, screen, session, transfer};
pub use crate::host::rpc;
pub use crate::import::fuzzing::import;
pub use crate::wire::fuzzing::{asciicast, typescript};
pub use crate::zmodem::fuzzing::zmodem;

/// Name and function of a target.
pub type Target = (&'static str, fn(&[u8]));

/// The targets.
pub const TARGETS: &[Target] = &[
    ("asciicast", asciicast),
    ("config", config),
    ("highlight", highlight),
    ("import", import),
    ("keys", keys),
    ("lines", lines),
    ("prefilter", prefilter),
    ("rpc", rpc),
    ("screen", screen),
    ("session", session),
    ("suggest", suggest),
    ("transfer", transfer),
    ("typescript", typescript),
    ("zmodem", zmodem),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn targets_hold_on_kept_inputs() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
        for (name, target) in TARGETS {
            let entries = fs::read_dir(corpus.join(name)).unwrap_or_else(|error| panic!("{name} has inputs: {error}"));
            for entry in entries {
                let path = entry.expect("the folder is readable").path();
                // The input at fault is the last one named.
                println!("{}", path.display());
                target(&fs::read(path).expect("the input is readable"));
            }
        }
    }
}
