//! Keeps the house as its map in `src/lib.rs` says: who may use whom, where `unsafe` lives, what the core must not
//! know.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Rooms and their floors. A room uses rooms on lower floors, and itself.
const FLOORS: &[(&str, u8)] = &[
    ("types", 0),
    ("core", 1),
    ("sys", 1),
    ("wire", 1),
    ("error", 1),
    ("cli", 2),
    ("host", 2),
    ("config", 3),
    ("cmd", 4),
    ("lib", 5),
    ("main", 5),
];

/// What each outside crate may be used by.
const CRATES: &[(&str, &[&str])] = &[
    ("avt", &["core"]),
    ("regex", &["core"]),
    ("regex_automata", &["core"]),
    ("regex_syntax", &["core"]),
    // The core has the enum of requests, of which clap derives the subcommands.
    ("tui_input", &["core"]),
    ("clap", &["cli", "cmd", "core"]),
    ("clap_complete", &["cli", "cmd"]),
    ("mio", &["host"]),
    ("signal_hook_mio", &["host", "sys"]),
    ("signal_hook", &["sys"]),
];

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("its entries can be read").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every Rust file of `src`: its room, its path, its text without comments.
fn sources() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rust = files(&root).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| {
        let name = path.strip_prefix(&root).expect("it lies in src").to_string_lossy().into_owned();
        let room = name.split(['/', '.']).next().unwrap_or_default().to_owned();
        let text = fs::read_to_string(&path).expect("it can be read");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        (room, name, code)
    })
    .collect()
}

fn floor(room: &str) -> u8 {
    FLOORS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("{room} is on no floor")).1
}

fn is_test(name: &str) -> bool {
    name.contains("tests") || name.ends_with("split.rs")
}

#[test]
fn a_room_uses_lower_floors_only() {
    let used = Regex::new(r"\b(?:crate|coshell)::(?:\{([^}]*)\}|(\w+))").expect("the pattern is good");
    for (room, name, code) in sources().into_iter().filter(|(_, name, _)| !is_test(name)) {
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        for found in used.captures_iter(&code) {
            let list = found.get(1).or_else(|| found.get(2)).map_or("", |group| group.as_str());
            for other in list.split(',').map(|item| item.trim().split(':').next().unwrap_or_default()) {
                if other.is_empty() || other == room || !FLOORS.iter().any(|(known, _)| *known == other) {
                    continue;
                }
                assert!(floor(other) < floor(&room), "{name} uses {other}, which is not on a lower floor");
            }
        }
    }
}

#[test]
fn each_crate_stays_in_its_rooms() {
    for (name, rooms) in CRATES {
        let used = Regex::new(&format!(r"(?m)^\s*(?:pub )?use {name}\b|[^\w:]{name}::")).expect("the pattern is good");
        for (room, file, code) in sources() {
            assert!(rooms.contains(&room.as_str()) || !used.is_match(&code), "{file} uses {name}");
        }
    }
}

#[test]
fn unsafe_and_cfg_live_in_sys() {
    let dangerous = Regex::new(r"\bunsafe\b|allow\(unsafe_code\)").expect("the pattern is good");
    let conditional = Regex::new(r"cfg!?\((?:any\(|all\(|not\()*(?:target|unix|windows)").expect("the pattern is good");
    for (_, name, code) in sources().into_iter().filter(|(room, _, _)| room != "sys") {
        assert!(!dangerous.is_match(&code), "{name} has unsafe code");
        assert!(!conditional.is_match(&code), "{name} depends on the system");
    }
}

#[test]
fn the_core_touches_nothing() {
    let impure =
        Regex::new(r"std::(?:io|fs|net|process|env|thread|os)\b|Instant::now|SystemTime|\b(?:nix|mio|libc|termios)::")
            .expect("the pattern is good");
    for (_, name, code) in sources().into_iter().filter(|(room, name, _)| room == "core" && !is_test(name)) {
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        assert!(!impure.is_match(code), "{name}: {:?}", impure.find(code).map(|found| found.as_str()));
    }
}

#[test]
fn nobody_leaves_but_through_main() {
    let leaves = Regex::new(r"process::(?:exit|abort)\b").expect("the pattern is good");
    for (_, name, code) in sources() {
        assert!(!leaves.is_match(&code), "{name} ends the process: the terminal would not be put back");
    }
}

/// An `io::Error` is shown by `types::reason`, which leaves out the number and the library's words.
#[test]
fn system_errors_are_shown_through_one_function() {
    let shown =
        Regex::new(r"\{(?:error|err|errno|e)(?::\?)?\}|\b(?:error|err|errno|e)\.to_string\(\)").expect("it is good");
    // What these show is no `io::Error`: a fault of JSON, an error of clap, or a sentence of coshell's own; `reason` itself.
    let others = ["cli/refusal.rs", "core/command.rs", "wire/rpc.rs", "cmd/connection.rs", "config.rs", "words.rs"];
    for (_, name, code) in sources().into_iter().filter(|(_, name, _)| !is_test(name)) {
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let found = shown.find(code).map(|found| found.as_str());
        assert!(found.is_none() || others.contains(&&*name), "{name} shows {found:?}: use words::reason");
    }
}
