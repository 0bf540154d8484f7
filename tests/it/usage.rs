//! The command line: what it refuses and how it says so, the help, the statuses of its own.

use crate::support::{Ended, Place, coshell, direct, run, shell, show, wrapped};

/// Runs coshell with these arguments and gives its status and what it said.
#[track_caller]
fn says(args: &[&str]) -> (Ended, String) {
    let outcome = run(coshell(args).size(24, 80, 0, 0));
    let text = String::from_utf8_lossy(&outcome.bytes).replace("\r\n", "\n");
    // Bold and underlined words take no columns.
    let dress = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    (outcome.ended, dress.replace_all(&text, "").into_owned())
}

/// Fails unless these arguments are refused with all of `types`.
#[track_caller]
fn refused(args: &[&str], words: &[&str]) {
    let (ended, text) = says(args);
    assert_eq!(ended, Ended::Code(2), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?} does not say {word:?}: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_command_without_dashes_is_refused_with_the_right_way_to_write_it() {
    refused(&["vim"], &["coshell -- vim"]);
    refused(&["vim", "-R", "my file"], &["coshell -- vim -R 'my file'"]);
    refused(&["--coproc", "cat", "ls", "-l"], &["coshell ... -- ls -l"]);
}

#[test]
fn misspelt_subcommand_is_refused_with_the_likely_one() {
    refused(&["stauts", "--json"], &["'stauts'", "'coshell status --json'?", "coshell -- stauts --json"]);
    refused(&["trigger", "ad", "x", "--bell"], &["'coshell trigger add x --bell'?"]);
}

#[test]
fn forgotten_value_is_refused_with_the_way_to_write_it() {
    refused(&["-t", "x", "--title", "--bell"], &["coshell: --title: its value is missing", "--title=--bell"]);
    refused(&["-t", "x", "--send", "--", "true"], &["coshell: --send: its value is missing"]);
    let script = "echo x; sleep 0.2";
    let shown = run(wrapped(&["-t", "x", "--title=--bell", "--stop", "--indicator", "none"], script)).bytes;
    assert!(show(&shown).contains("]2;--bell"), "{}", show(&shown));
}

#[test]
fn empty_pattern_and_empty_command_are_refused() {
    refused(&["-t", "", "--bell"], &["--trigger: the pattern is empty"]);
    for blank in ["", " \t"] {
        refused(&["-c", blank], &["--coproc: the command is empty"]);
        refused(&["-s", blank], &["--silent-coproc: the command is empty"]);
        refused(&["-t", "x", "--run", blank], &["--run: the command is empty"]);
    }
}

/// Messages of every kind, each with its status.
#[test]
fn every_message_has_the_same_voice() {
    for (line, status) in [
        ("\"$WRAP\" --no-such", 2),
        ("\"$WRAP\" --history abc", 2),
        ("\"$WRAP\" lines -n 1x", 2),
        ("\"$WRAP\" send --timeout -5 x", 2),
        ("\"$WRAP\" -i yaml", 2),
        ("\"$WRAP\" run", 2),
        ("\"$WRAP\" trigger", 2),
        ("\"$WRAP\" -t x --send", 2),
        ("\"$WRAP\" -t \"$(printf '\\377')\" --bell", 2),
        ("\"$WRAP\" --session 7", 2),
        ("\"$WRAP\" -t x", 2),
        ("\"$WRAP\" -h >/dev/full", 125),
        ("\"$WRAP\" --log /no/such/log -- true", 125),
        ("\"$WRAP\" --log /proc/version -- true", 125),
        ("\"$WRAP\" -- /", 126),
        ("\"$WRAP\" -- /no/such", 127),
        ("ulimit -n 12; \"$WRAP\" -- true", 125),
        ("COSHELL_SOCKET=/no/such \"$WRAP\" status", 125),
        ("COSHELL_SOCKET=/dev/null \"$WRAP\" status", 125),
        ("\"$WRAP\" --session 7 status", 125),
    ] {
        let outcome = run(direct(&["sh", "-c", line]));
        let text = String::from_utf8_lossy(&outcome.bytes).replace("\r\n", "\n");
        assert_eq!(outcome.ended, Ended::Code(status), "{line}: {text}");
        assert!(text.starts_with("coshell: "), "{line}: {text}");
        for foreign in ["os error", "invalid digit", "error:", "found in string", "panicked"] {
            assert!(!text.contains(foreign), "{line}: {text}");
        }
    }
}

#[test]
fn coprocess_behind_another_action_is_said_to_start_late() {
    let said = "coprocess \"./bot.py\" starts when trigger \"foo\" fires";
    let text = |options: &[&str]| String::from_utf8_lossy(&run(wrapped(options, "sleep 0.3")).bytes).into_owned();
    let shown = text(&["-t", "foo", "--bell", "-c", "./bot.py"]);
    assert!(shown.contains(said), "{shown}");
    let shown = text(&["-t", "rz waiting", "-s", "sz -e f"]);
    assert!(!shown.contains("starts when"), "{shown}");
    let shown = text(&["-q", "-t", "foo", "--bell", "-c", "./bot.py"]);
    assert!(!shown.contains("starts when"), "{shown}");
}

#[test]
fn an_unknown_option_is_named() {
    refused(&["--no-such-option"], &["--no-such-option"]);
    refused(&["-Z"], &["-Z"]);
}

#[test]
fn a_bad_regex_is_shown_with_a_caret_under_the_fault() {
    let (ended, text) = says(&["--trigger", "ab(cd", "--bell"]);
    assert_eq!(ended, Ended::Code(2), "{text}");
    assert!(text.contains("--trigger"), "{text}");
    let lines: Vec<_> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("^")).unwrap_or_else(|| panic!("no caret: {text}"));
    let column = lines[at].find('^').unwrap();
    assert_eq!(lines[at - 1].chars().nth(column), Some('('), "the caret's place: {text}");
}

#[test]
fn a_bad_regex_with_control_bytes_is_shown_harmlessly() {
    let (ended, text) = says(&["--trigger", "\x1b]0;title\x07(", "--bell"]);
    assert_eq!(ended, Ended::Code(2));
    assert!(!text.contains("\x1b]0;"), "{text:?}");
}

#[test]
fn a_trigger_without_an_action_is_refused_by_its_pattern() {
    refused(&["--trigger", "lonely"], &["--trigger", "lonely"]);
    refused(&["--trigger", "first", "--trigger", "second", "--bell"], &["first"]);
    refused(&["--trigger", "named", "--name", "n", "--once"], &["named"]);
}

#[test]
fn an_action_or_a_modifier_before_any_trigger_is_refused_by_its_name() {
    refused(&["--send", "x"], &["--send", "--trigger"]);
    refused(&["--run", "x"], &["--run"]);
    refused(&["--bell"], &["--bell"]);
    refused(&["--once"], &["--once"]);
    refused(&["--stop", "--trigger", "x", "--bell"], &["--stop"]);
    refused(&["--cooldown", "5s", "--trigger", "x", "--bell"], &["--cooldown"]);
}

#[test]
fn bad_values_are_refused_with_what_was_expected() {
    refused(&["--trigger", "x", "--bell", "--cooldown", "5parsecs"], &["--cooldown", "5parsecs"]);
    refused(&["--trigger", "x", "--bell", "--when", "full-moon"], &["--when", "full-moon", "alt-screen"]);
    refused(&["--trigger", "x", "--send", "\\q"], &["--send", "\\q"]);
    refused(&["--input", "yaml"], &["yaml", "raw", "text", "json"]);
    refused(&["--silent-keys", "maybe"], &["maybe", "lock", "pass"]);
    refused(&["--trigger"], &["--trigger"]);
}

#[test]
fn a_capture_that_the_pattern_does_not_have_is_refused() {
    refused(&["--trigger", "a(b)", "--send", "$2"], &["$2"]);
    refused(&["--trigger", "a(?P<n>b)", "--send", "${m}"], &["m"]);
}

#[test]
fn the_short_help_fits_a_screen() {
    let (ended, text) = says(&["-h"]);
    assert_eq!(ended, Ended::Code(0));
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.len() <= 50, "{} lines", lines.len());
    // As a person counts: without the colours that a terminal gets.
    let colours = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    let longest = lines.iter().map(|line| colours.replace_all(line, "").chars().count()).max().unwrap();
    assert!(longest <= 80, "{longest} columns");
    for option in ["--coproc", "--trigger", "--silent-coproc", "--send", "--help", "-- COMMAND"] {
        assert!(text.contains(option), "{option} is missing: {text}");
    }
}

#[test]
fn the_long_help_has_examples() {
    let (ended, text) = says(&["--help"]);
    assert_eq!(ended, Ended::Code(0));
    assert!(text.to_lowercase().contains("example"), "{text}");
    assert!(text.contains("coshell --trigger") || text.contains("coshell -t"), "{text}");
    assert!(text.contains("coshell -- "), "{text}");
    assert!(text.len() > says(&["-h"]).1.len());
}

#[test]
fn the_version_is_the_packages() {
    for option in ["-V", "--version"] {
        let (ended, text) = says(&[option]);
        assert_eq!(ended, Ended::Code(0));
        assert_eq!(text.trim(), format!("coshell {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_command_that_is_not_there_gives_127_and_its_name() {
    for name in ["no-such-command-xyz", "/no/such/file"] {
        let (ended, text) = says(&["--", name]);
        assert_eq!(ended, Ended::Code(127), "{text}");
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn a_command_that_cannot_be_run_gives_126_and_its_name() {
    let place = Place::new();
    let plain = place.file("plain", "just text");
    for name in [plain.as_str(), "/tmp"] {
        let (ended, text) = says(&["--", name]);
        assert_eq!(ended, Ended::Code(126), "{text}");
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn a_failure_of_its_own_gives_125_and_the_reason() {
    // No descriptor is left for the pty.
    for limit in [4, 10, 12, 14, 16] {
        let outcome = run(direct(&["sh", "-c", &format!("ulimit -n {limit}; exec \"$WRAP\" -- false")]));
        assert_eq!(outcome.ended, Ended::Code(125), "{limit}: {}", show(&outcome.bytes));
        let text = String::from_utf8_lossy(&outcome.bytes).into_owned();
        // EMFILE in the words of glibc, or of musl.
        let words = ["Too many open files", "No file descriptors available"];
        assert!(text.contains("coshell: ") && words.iter().any(|words| text.contains(words)), "{text}");
        assert!(text.contains(&format!("the limit is {limit} (ulimit -n)")), "{text}");
    }
}

/// Types a question to the shell that coshell starts by itself.
fn shell_name(mut launch: crate::support::Launch) -> String {
    launch = launch.env("PS1", "ready> ");
    let mut term = launch.start();
    term.wait_match(r"[#$>] $");
    term.send("echo \"[$0]\"\r");
    term.wait_match(r"[\r\n]\[(.*)\]\r")
}

#[test]
fn without_a_command_the_shell_is_the_users() {
    assert_eq!(shell_name(coshell::<&str>(&[]).env("SHELL", "/bin/sh")), "/bin/sh");
    assert!(shell_name(coshell::<&str>(&[]).env("SHELL", "/bin/bash")).ends_with("bash"));
    assert!(!shell_name(coshell::<&str>(&[]).without("SHELL")).is_empty());
    assert!(!shell_name(coshell::<&str>(&[]).env("SHELL", "")).is_empty());
}

#[test]
fn a_login_shells_name_begins_with_a_dash() {
    assert_eq!(shell_name(coshell(&["-l"])), "-sh");
    assert_eq!(shell_name(coshell(&["--login"])), "-sh");
    assert_eq!(shell_name(coshell::<&str>(&[]).arg0("-coshell")), "-sh");
}

#[test]
fn a_session_inside_a_session_is_refused_unless_asked_for() {
    let mut term = shell(&[]).start();
    term.wait("ready> ");
    term.send("\"$WRAP\" -- echo in'side'; echo status $?\r");
    // It says how to have the same without one.
    term.wait("coshell run CMD");
    term.wait("coshell trigger add REGEX");
    term.wait("--nested");
    term.wait_match(r"status [1-9]");
    assert!(!term.text().contains("inside\r\n"));
    term.send("\"$WRAP\" --nested -- echo in'side'; echo status $?\r");
    term.wait("inside\r\nstatus 0");
}

/// What is left over in the environment of a session that has ended is no session.
#[test]
fn everything_behind_the_dashes_belongs_to_the_command() {
    let shown = run(coshell(&["-q", "--", "printf", "%s|", "--coproc", "--", "-h", "a b", ""])).bytes;
    assert_eq!(show(&shown), "--coproc|--|-h|a b||");
}

#[test]
fn quiet_gives_no_notices() {
    let shown = run(wrapped(&["-q", "--indicator", "none", "--coproc", "exit 3"], "sleep 0.5; echo done")).bytes;
    assert_eq!(show(&shown), "done\\r\\n\n");
}

#[test]
fn a_log_is_written_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let log = place.text("log");
    let outcome = run(wrapped(&["--log", &log], "echo hi").env("COSHELL_LOG", "debug"));
    assert_eq!(outcome.bytes, b"hi\r\n");
    assert!(!place.read("log").is_empty());
    let mode = std::fs::metadata(place.path("log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_that_names_it() {
    let (ended, text) = says(&["--log", "/no/such/dir/log", "--", "true"]);
    assert!(matches!(ended, Ended::Code(2 | 125)), "{ended:?}");
    assert!(text.contains("/no/such/dir/log"), "{text}");
}
