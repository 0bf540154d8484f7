use super::*;
use crate::core::trigger::Pattern;

#[test]
fn names_and_letters_are_unique() {
    for (i, kind) in KINDS.iter().enumerate() {
        assert!(kind.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", kind.name);
        assert!(KINDS[..i].iter().all(|other| other.name != kind.name), "{}", kind.name);
        assert!(kind.letter.is_none() || KINDS[..i].iter().all(|other| other.letter != kind.letter));
    }
}

#[test]
fn each_kind_has_summary_and_manual() {
    for kind in KINDS {
        assert!(!kind.summary.is_empty() && !kind.summary.ends_with('.'), "{}", kind.name);
        assert!(kind.manual.ends_with('.'), "{}", kind.name);
    }
}

#[test]
fn empty_command_is_refused() {
    let pattern = Pattern::parse("x").expect("a good pattern");
    for name in ["coproc", "silent-coproc", "run"] {
        let kind = kind(name).expect("the action exists");
        assert!((kind.parse)(" ", &pattern).is_err(), "{name}");
        assert!((kind.parse)("true", &pattern).is_ok(), "{name}");
    }
}
