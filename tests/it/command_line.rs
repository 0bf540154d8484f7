//! Command line of coshell: errors and their messages, help, and exit statuses.

use crate::support::{Ended, TestDir, UNTIL_RELEASED, coshell, direct, run, shell, show, wrapped};

/// Runs coshell with `args` and returns its end and its output without styles.
#[track_caller]
fn run_coshell(args: &[&str]) -> (Ended, String) {
    let outcome = run(coshell(args).size(24, 80, 0, 0));
    let text = String::from_utf8_lossy(&outcome.bytes).replace("\r\n", "\n");
    // Styles take no columns.
    let styles = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    (outcome.ended, styles.replace_all(&text, "").into_owned())
}

/// Fails unless coshell refuses `args` with status 2 and a message that contains all of `words`.
#[track_caller]
fn assert_refused(args: &[&str], words: &[&str]) {
    let (ended, text) = run_coshell(args);
    assert_eq!(ended, Ended::Code(2), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?} does not say {word:?}: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn command_without_dashes_is_refused_with_correct_form() {
    assert_refused(&["vim"], &["coshell -- vim"]);
    assert_refused(&["vim", "-R", "my file"], &["coshell -- vim -R 'my file'"]);
    assert_refused(&["--coproc", "cat", "ls", "-l"], &["coshell ... -- ls -l"]);
}

#[test]
fn misspelt_subcommand_is_refused_with_likely_one() {
    assert_refused(&["stauts", "--json"], &["'stauts'", "'coshell status --json'?", "coshell -- stauts --json"]);
    assert_refused(&["trigger", "ad", "x", "--bell"], &["'coshell trigger add x --bell'?"]);
}

#[test]
fn missing_option_value_is_refused_with_correct_form() {
    assert_refused(&["-t", "x", "--title", "--bell"], &["coshell: --title: its value is missing", "--title=--bell"]);
    assert_refused(&["-t", "x", "--send", "--", "true"], &["coshell: --send: its value is missing"]);
    let script = format!("echo x; {UNTIL_RELEASED}");
    let mut term = wrapped(&["-t", "x", "--title=--bell", "--stop", "--indicator", "none"], &script).start();
    term.wait("]2;--bell");
}

#[test]
fn empty_pattern_and_empty_command_are_refused() {
    assert_refused(&["-t", "", "--bell"], &["--trigger: the pattern is empty"]);
    for blank in ["", " \t"] {
        assert_refused(&["-c", blank], &["--coproc: the command is empty"]);
        assert_refused(&["-s", blank], &["--silent-coproc: the command is empty"]);
        assert_refused(&["-t", "x", "--run", blank], &["--run: the command is empty"]);
    }
}

/// Provokes messages of every kind.
#[test]
fn every_message_starts_with_coshell_and_hides_library_errors() {
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
        ("mkfifo -m 600 pipe; \"$WRAP\" --log pipe -- true", 125),
        ("mkfifo -m 600 pipe; sleep 100 < pipe & exec \"$WRAP\" --log pipe -- true", 125),
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
fn coproc_after_other_action_shows_notice_of_late_start() {
    let said = "coprocess \"./bot.py\" starts when trigger \"foo\" fires";
    // The notice waits for the first output of the shell.
    let mut term = wrapped(&["-t", "foo", "--bell", "-c", "./bot.py"], &format!("echo up; {UNTIL_RELEASED}")).start();
    term.wait(said);
    let text = |options: &[&str]| String::from_utf8_lossy(&run(wrapped(options, "sleep 0.3")).bytes).into_owned();
    let shown = text(&["-t", "rz waiting", "-s", "sz -e f"]);
    assert!(!shown.contains("starts when"), "{shown}");
    let shown = text(&["-q", "-t", "foo", "--bell", "-c", "./bot.py"]);
    assert!(!shown.contains("starts when"), "{shown}");
}

#[test]
fn unknown_option_is_named() {
    assert_refused(&["--no-such-option"], &["--no-such-option"]);
    assert_refused(&["-Z"], &["-Z"]);
}

#[test]
fn invalid_regex_is_shown_with_caret_under_error() {
    let (ended, text) = run_coshell(&["--trigger", "ab(cd", "--bell"]);
    assert_eq!(ended, Ended::Code(2), "{text}");
    assert!(text.contains("--trigger"), "{text}");
    let lines: Vec<_> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("^")).unwrap_or_else(|| panic!("no caret: {text}"));
    let column = lines[at].find('^').unwrap();
    assert_eq!(lines[at - 1].chars().nth(column), Some('('), "the caret's place: {text}");
}

#[test]
fn invalid_regex_with_control_bytes_is_shown_escaped() {
    let (ended, text) = run_coshell(&["--trigger", "\x1b]0;title\x07(", "--bell"]);
    assert_eq!(ended, Ended::Code(2));
    assert!(!text.contains("\x1b]0;"), "{text:?}");
}

#[test]
fn trigger_without_action_is_refused_with_its_pattern() {
    assert_refused(&["--trigger", "lonely"], &["--trigger", "lonely"]);
    assert_refused(&["--trigger", "first", "--trigger", "second", "--bell"], &["first"]);
    assert_refused(&["--trigger", "named", "--name", "n", "--once"], &["named"]);
}

#[test]
fn action_before_any_trigger_is_refused_by_name() {
    assert_refused(&["--send", "x"], &["--send", "--trigger"]);
    assert_refused(&["--run", "x"], &["--run"]);
    assert_refused(&["--bell"], &["--bell"]);
    assert_refused(&["--once"], &["--once"]);
    assert_refused(&["--stop", "--trigger", "x", "--bell"], &["--stop"]);
    assert_refused(&["--cooldown", "5s", "--trigger", "x", "--bell"], &["--cooldown"]);
}

#[test]
fn invalid_values_are_refused_with_expected_ones() {
    assert_refused(&["--trigger", "x", "--bell", "--cooldown", "5parsecs"], &["--cooldown", "5parsecs"]);
    assert_refused(&["--trigger", "x", "--bell", "--when", "full-moon"], &["--when", "full-moon", "alt-screen"]);
    assert_refused(&["--trigger", "x", "--send", "\\q"], &["--send", "\\q"]);
    assert_refused(&["--input", "yaml"], &["yaml", "raw", "text", "json"]);
    assert_refused(&["--silent-keys", "maybe"], &["maybe", "lock", "pass"]);
    assert_refused(&["--trigger"], &["--trigger"]);
}

#[test]
fn undefined_capture_is_refused() {
    assert_refused(&["--trigger", "a(b)", "--send", "$2"], &["$2"]);
    assert_refused(&["--trigger", "a(?P<n>b)", "--send", "${m}"], &["m"]);
}

#[test]
fn short_help_fits_screen() {
    let (ended, text) = run_coshell(&["-h"]);
    assert_eq!(ended, Ended::Code(0));
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.len() <= 50, "{} lines", lines.len());
    // Columns are counted without colours.
    let colours = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    let longest = lines.iter().map(|line| colours.replace_all(line, "").chars().count()).max().unwrap();
    assert!(longest <= 80, "{longest} columns");
    for option in ["--coproc", "--trigger", "--silent-coproc", "--send", "--help", "-- COMMAND"] {
        assert!(text.contains(option), "{option} is missing: {text}");
    }
}

#[test]
fn long_help_has_examples() {
    let (ended, text) = run_coshell(&["--help"]);
    assert_eq!(ended, Ended::Code(0));
    assert!(text.to_lowercase().contains("example"), "{text}");
    assert!(text.contains("coshell --trigger") || text.contains("coshell -t"), "{text}");
    assert!(text.contains("coshell -- "), "{text}");
    assert!(text.len() > run_coshell(&["-h"]).1.len());
}

#[test]
fn version_is_that_of_package() {
    for option in ["-V", "--version"] {
        let (ended, text) = run_coshell(&[option]);
        assert_eq!(ended, Ended::Code(0));
        assert_eq!(text.trim(), format!("coshell {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn missing_command_exits_127_with_its_name() {
    for name in ["no-such-command-xyz", "/no/such/file"] {
        let (ended, text) = run_coshell(&["--", name]);
        assert_eq!(ended, Ended::Code(127), "{text}");
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn unrunnable_command_exits_126_with_its_name() {
    let dir = TestDir::new();
    let plain = dir.write_file("plain", "just text");
    for name in [plain.as_str(), "/tmp"] {
        let (ended, text) = run_coshell(&["--", name]);
        assert_eq!(ended, Ended::Code(126), "{text}");
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn own_failure_exits_125_with_reason() {
    // The limit leaves no descriptor for the pty.
    for limit in [4, 10, 12, 14, 16] {
        let outcome = run(direct(&["sh", "-c", &format!("ulimit -n {limit}; exec \"$WRAP\" -- false")]));
        assert_eq!(outcome.ended, Ended::Code(125), "{limit}: {}", show(&outcome.bytes));
        let text = String::from_utf8_lossy(&outcome.bytes).into_owned();
        // Message of EMFILE in glibc and in musl.
        let words = ["Too many open files", "No file descriptors available"];
        assert!(text.contains("coshell: ") && words.iter().any(|words| text.contains(words)), "{text}");
        assert!(text.contains(&format!("the limit is {limit} (ulimit -n)")), "{text}");
    }
}

/// Returns `$0` of the shell that coshell starts by default.
fn shell_name(mut launch: crate::support::Launch) -> String {
    launch = launch.env("PS1", "ready> ");
    let mut term = launch.start();
    term.wait_match(r"[#$>] $");
    term.send("echo \"[$0]\"\r");
    term.wait_match(r"[\r\n]\[(.*)\]\r")
}

#[test]
fn default_command_is_user_shell() {
    assert_eq!(shell_name(coshell::<&str>(&[]).env("SHELL", "/bin/sh")), "/bin/sh");
    assert!(shell_name(coshell::<&str>(&[]).env("SHELL", "/bin/bash")).ends_with("bash"));
    assert!(!shell_name(coshell::<&str>(&[]).without("SHELL")).is_empty());
    assert!(!shell_name(coshell::<&str>(&[]).env("SHELL", "")).is_empty());
}

#[test]
fn login_shell_name_begins_with_dash() {
    assert_eq!(shell_name(coshell(&["-l"])), "-sh");
    assert_eq!(shell_name(coshell(&["--login"])), "-sh");
    assert_eq!(shell_name(coshell::<&str>(&[]).arg0("-coshell")), "-sh");
}

#[test]
fn nested_session_is_refused_without_option() {
    let mut term = shell(&[]).start();
    term.wait("ready> ");
    term.send("\"$WRAP\" -- echo in'side'; echo status $?\r");
    // The message names subcommands that need no nested session.
    term.wait("coshell run CMD");
    term.wait("coshell trigger add REGEX");
    term.wait("--nested");
    term.wait_match(r"status [1-9]");
    assert!(!term.text().contains("inside\r\n"));
    term.send("\"$WRAP\" --nested -- echo in'side'; echo status $?\r");
    term.wait("inside\r\nstatus 0");
}

#[test]
fn arguments_after_dashes_belong_to_command() {
    let shown = run(coshell(&["-q", "--", "printf", "%s|", "--coproc", "--", "-h", "a b", ""])).bytes;
    assert_eq!(show(&shown), "--coproc|--|-h|a b||");
}

#[test]
fn quiet_shows_no_notices() {
    // The subcommand says itself why a coprocess failed whose end it has waited for, so that end comes before.
    let script = "until \"$WRAP\" status | grep -q '^last coprocess'; do :; done; \"$WRAP\" wait; echo status $?";
    let shown = run(wrapped(&["-q", "--indicator", "none", "--coproc", "exit 3"], script)).bytes;
    assert_eq!(show(&shown), "status 3\\r\\n\n");
}

#[test]
fn log_is_private_to_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TestDir::new();
    let log = dir.path_str("log");
    let outcome = run(wrapped(&["--log", &log], "echo hi").env("COSHELL_LOG", "debug"));
    assert_eq!(outcome.bytes, b"hi\r\n");
    assert!(!dir.read("log").is_empty());
    let mode = std::fs::metadata(dir.path("log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn unwritable_log_is_refused_with_its_path() {
    let (ended, text) = run_coshell(&["--log", "/no/such/dir/log", "--", "true"]);
    assert!(matches!(ended, Ended::Code(2 | 125)), "{ended:?}");
    assert!(text.contains("/no/such/dir/log"), "{text}");
}
