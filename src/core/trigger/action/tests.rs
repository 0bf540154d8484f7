use super::*;

#[test]
fn names_and_letters_are_unique_and_plain() {
    for (i, kind) in KINDS.iter().enumerate() {
        assert!(kind.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", kind.name);
        assert!(KINDS[..i].iter().all(|other| other.name != kind.name), "{}", kind.name);
        assert!(kind.letter.is_none() || KINDS[..i].iter().all(|other| other.letter != kind.letter));
    }
}

#[test]
fn each_has_a_summary_for_the_help_and_a_paragraph_for_the_manual() {
    for kind in KINDS {
        assert!(!kind.summary.is_empty() && !kind.summary.ends_with('.'), "{}", kind.name);
        assert!(kind.manual.ends_with('.'), "{}", kind.name);
    }
}

#[test]
fn a_command_must_say_something() {
    let pattern = Pattern::parse("x").expect("a good pattern");
    for name in ["coproc", "silent-coproc", "run"] {
        let kind = kind(name).expect("it is in the table");
        assert!((kind.parse)(" ", &pattern).is_err(), "{name}");
        assert!((kind.parse)("true", &pattern).is_ok(), "{name}");
    }
}
