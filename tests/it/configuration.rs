//! Configuration files: where they are found, who may write to them, their faults, and their reloading.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{
    COSHELL, Ended, Launch, PROMPT, Session, TestDir, UNTIL_RELEASED, bash, contains, coshell, run, shell, show,
    wrapped,
};

/// A trigger that answers `go` with `text`.
fn answer(text: &str) -> String {
    format!("[[trigger]]\nregex = '^go$'\nsend = '{text}\\r'\n")
}

/// Runs coshell with `args`, `home` as its home directory and no terminal.
fn call(home: &TestDir, args: &[&str]) -> Output {
    let mut command = Command::new(COSHELL);
    command.args(args).current_dir(home.root()).env("HOME", home.root()).env_remove("XDG_CONFIG_HOME");
    command.env_remove("COSHELL_SOCKET").output().expect("the binary can be started")
}

/// Returns what a failing call with this configuration prints, in a file `c.toml` of its home.
#[track_caller]
fn refusal(home: &TestDir, args: &[&str]) -> String {
    let output = call(home, args);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).expect("messages are UTF-8")
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

/// Writes `text` as the user's own configuration in `home`.
fn write_own(home: &TestDir, text: &str) {
    fs::create_dir_all(home.path(".config/coshell")).expect("the home is ours");
    home.write_file(".config/coshell/config.toml", text);
}

/// Returns the answer that the configuration gives to a line `go`.
fn answered(launch: Launch) -> String {
    let mut term = launch.start();
    term.wait_match(r"got=\[(.*)\]")
}

const ASK: &str = "echo go; read -r answer; echo \"got=[$answer]\"";

#[test]
fn file_is_found_by_option_or_in_its_place() {
    let home = TestDir::new();
    write_own(&home, &answer("own"));
    fs::create_dir_all(home.path("xdg/coshell")).unwrap();
    home.write_file("xdg/coshell/config.toml", answer("xdg"));
    home.write_file("named.toml", answer("named"));
    home.write_file("config.toml", answer("unasked"));
    let launch = |options: &[&str]| wrapped(options, ASK).env("HOME", home.root()).cwd(home.root());
    assert_eq!(answered(launch(&[])), "own");
    assert_eq!(answered(launch(&[]).env("XDG_CONFIG_HOME", home.path("xdg"))), "xdg");
    assert_eq!(answered(launch(&["-f", "named.toml"])), "named");
    assert_eq!(answered(launch(&["--no-config", "--config=named.toml"])), "named");
    // The user's own answer.
    for options in [&["--no-config"][..], &["-f", "named.toml", "--no-config"]] {
        let mut term = launch(options).start();
        term.wait("go");
        term.send("typed\r");
        assert_eq!(term.wait_match(r"got=\[(.*)\]"), "typed", "{options:?}");
    }
}

#[test]
fn command_line_comes_before_the_file() {
    let home = TestDir::new();
    let file = home.write_file(
        "c.toml",
        format!("coproc = 'echo file; sleep 60'\ninput = 'json'\nhistory = 5\n{}", answer("file")),
    );
    let mut session = Session::start(bash(&["-f", &file, "--input", "text", "-t", "^go$", "--stop"]));
    session.term.wait("file");
    let status = session.request("status", json!([]));
    assert_eq!(status["triggers"], 2);
    assert_eq!(status["coprocess"]["command"], "echo file; sleep 60");
    let listed = session.request("trigger-list", json!([]));
    let patterns: Vec<&str> = listed["triggers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trigger| trigger["options"][0]["name"].as_str().unwrap())
        .collect();
    assert_eq!(patterns, ["send", "stop"]);
    let mut session = Session::start(shell(&["-f", &file, "-c", "cat"]));
    session.term.wait(PROMPT);
    assert_eq!(session.request("status", json!([]))["coprocess"]["command"], "cat");
}

#[test]
fn profile_is_chosen_by_option_or_default() {
    let home = TestDir::new();
    let profile = |name: &str| format!("[[profile.{name}.trigger]]\nregex = '^go$'\nsend = '{name}\\r'\n");
    let text = format!("default-profile = 'one'\n{}{}", profile("one"), profile("two"));
    let file = home.write_file("c.toml", text);
    assert_eq!(answered(wrapped(&["-f", &file], ASK)), "one");
    assert_eq!(answered(wrapped(&["-f", &file, "--profile", "two"], ASK)), "two");
    let shown = refusal(&home, &["-f", &file, "--profile", "three", "--", "true"]);
    assert!(
        shown.starts_with("coshell: --profile: there is no profile 'three'; the profiles are one, two\n"),
        "{shown}"
    );
    let shown = refusal(&home, &["--profile", "three", "--", "true"]);
    assert!(shown.contains("there is no configuration with a profile 'three': write "), "{shown}");
    let shown = refusal(&home, &["--no-config", "--profile", "three"]);
    assert!(shown.contains("'three' belongs to a configuration, and none is read"), "{shown}");
}

#[test]
fn all_faults_are_shown_with_their_lines_before_anything_is_started() {
    let home = TestDir::new();
    let text = "hotky = 'x'\n[[trigger]]\nregex = 'a(b'\nnotify = 'x'\ncooldown = '5'\n";
    write_own(&home, text);
    let expected = format!(
        "coshell: there is no key 'hotky'\n --> {0}:1:1\n  |\n1 | hotky = 'x'\n  | ^^^^^\n  |\n  = help: did you mean hotkey?\n\
         coshell: regex: unclosed group\n --> {0}:3:11\n  |\n3 | regex = 'a(b'\n  |           ^\n\
         coshell: cooldown: '5' is not a duration: write a number and a unit, such as 500ms, 5s, 1.5s, 2m or 1h\n \
         --> {0}:5:12\n  |\n5 | cooldown = '5'\n  |            ^^^\n\
         coshell: the configuration has 3 faults; coshell.toml(5) describes it\n",
        home.path_str(".config/coshell/config.toml")
    );
    assert_eq!(refusal(&home, &["--", "touch", "started"]), expected);
    assert_eq!(refusal(&home, &["check"]), expected);
    assert!(!home.exists("started"));
    let in_terminal = |launch: Launch| run(launch.env("HOME", home.root())).bytes;
    assert!(contains(&in_terminal(coshell(&["check"])), "\x1b[1m"), "colours on a terminal");
    let plain = in_terminal(coshell(&["check"]).env("NO_COLOR", "1"));
    assert!(!contains(&plain, "\x1b") && contains(&plain, "3 | regex = 'a(b'"), "{}", show(&plain));
    let output = call(&home, &["check", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let errors: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let places: Vec<_> =
        errors["errors"].as_array().unwrap().iter().map(|error| (&error["line"], &error["column"])).collect();
    assert_eq!(places, [(&json!(1), &json!(1)), (&json!(3), &json!(11)), (&json!(5), &json!(12))]);
}

#[test]
fn login_shell_starts_without_a_faulty_configuration() {
    let home = TestDir::new();
    write_own(&home, "hotky = 'x'\n");
    let login =
        |args: &[&str]| coshell(args).arg0("-coshell").env("HOME", home.root()).cwd(home.root()).size(24, 200, 0, 0);
    let mut term = login(&[]).start();
    term.wait("there is no key 'hotky'; did you mean hotkey?; the session has no configuration");
    term.send("exit 7\r");
    assert_eq!(term.wait_end(), Ended::Code(7));
    // A file that was named is wanted.
    let outcome = run(login(&["-f", ".config/coshell/config.toml"]));
    assert_eq!(outcome.ended, Ended::Code(2), "{}", show(&outcome.bytes));
}

#[test]
fn file_that_others_may_write_is_refused_with_remedy() {
    let home = TestDir::new();
    write_own(&home, "zmodem = true\ninclude = '~/d/more.toml'\n");
    fs::create_dir(home.path("d")).unwrap();
    home.write_file("d/more.toml", "");
    assert_eq!(call(&home, &["check"]).status.code(), Some(0));
    for (name, mode, back) in [
        (".config/coshell/config.toml", 0o664, 0o644),
        (".config/coshell/config.toml", 0o646, 0o644),
        (".config/coshell", 0o777, 0o755),
        (".config", 0o775, 0o755),
        ("d/more.toml", 0o620, 0o600),
        ("d", 0o757, 0o755),
    ] {
        chmod(&home.path(name), mode);
        for args in [&["check"][..], &["--", "true"], &["check", "-f", ".config/coshell/config.toml"]] {
            let shown = refusal(&home, args);
            let path = home.path_str(name);
            assert!(
                shown.contains(&format!("other users can write to {path}; run chmod go-w '{path}'")),
                "{name}: {shown}"
            );
        }
        chmod(&home.path(name), back);
    }
    for (args, words) in [
        (
            &["-f", "missing.toml", "--", "true"][..],
            "missing.toml cannot be read: No such file or directory; name a file that exists\n",
        ),
        (&["-f", ".", "--", "true"], "it is not a regular file"),
        (&["-f", "/dev/null", "--", "true"], "it is not a regular file"),
        (
            &["check", "-f", "missing.toml"],
            "missing.toml cannot be read: No such file or directory; name a file that exists\n",
        ),
    ] {
        let shown = refusal(&home, args);
        assert!(shown.starts_with("coshell: ") && shown.contains(words), "{args:?}: {shown}");
    }
    assert!(refusal(&TestDir::new(), &["check"]).contains("there is no configuration: write /"));
}

/// Returns the number and the firings of each trigger.
fn counts(session: &Session) -> Vec<(u64, u64)> {
    let listed = session.request("trigger-list", json!([]));
    let triggers = listed["triggers"].as_array().expect("a list").iter();
    triggers.map(|trigger| (trigger["number"].as_u64().unwrap(), trigger["fired"].as_u64().unwrap())).collect()
}

#[test]
fn changed_file_is_read_again_and_triggers_keep_their_state() {
    let home = TestDir::new();
    let named = |name: &str, regex: &str| format!("[[trigger]]\nname = '{name}'\nregex = '{regex}'\nbell = true\n");
    let file = home.write_file("c.toml", format!("include = 'd.toml'\n{}", named("one", "^first$")));
    home.write_file("d.toml", "");
    let mut session = Session::start(bash(&["-f", &file]).size(24, 200, 0, 0));
    session.term.wait(PROMPT);
    session.term.send("echo first\r");
    session.term.wait(PROMPT);
    assert_eq!(counts(&session), [(1, 1)]);
    let keys = |session: &mut Session, notice: &str| {
        // Looks at the files come with bytes, at most one a second.
        let found = |term: &crate::support::Terminal| contains(term.unread(), notice);
        while !found(&session.term) {
            session.term.send("\r");
            session.term.read_for(std::time::Duration::from_millis(50));
        }
        session.term.wait(notice);
        session.term.wait_quiet();
    };
    home.write_file("c.toml", format!("include = 'd.toml'\n{}{}", named("two", "^second$"), named("one", "^first$")));
    keys(&mut session, "the configuration was reloaded: 2 triggers");
    assert_eq!(counts(&session), [(2, 0), (1, 1)]);
    // As editors do that write another file and rename it.
    home.write_file("new.toml", format!("include = 'd.toml'\nhotky = 1\n{}", named("one", "^first$")));
    fs::rename(home.path("new.toml"), home.path("c.toml")).unwrap();
    keys(&mut session, "c.toml:2:1: there is no key 'hotky'; did you mean hotkey?; the configuration");
    assert_eq!(counts(&session), [(2, 0), (1, 1)]);
    home.write_file("c.toml", format!("include = 'd.toml'\nhistory = 7\n{}", named("one", "^first$")));
    keys(&mut session, "was reloaded: 1 trigger; a new session is needed for history");
    assert_eq!(counts(&session), [(1, 1)]);
    home.write_file("d.toml", named("three", "^third$"));
    keys(&mut session, "the configuration was reloaded: 2 triggers");
    assert_eq!(counts(&session), [(3, 0), (1, 1)]);
    chmod(&home.path("d.toml"), 0o664);
    keys(&mut session, "d.toml cannot be read: other users can write to");
    chmod(&home.path("d.toml"), 0o644);
    keys(&mut session, "the configuration was reloaded: 2 triggers");
    fs::remove_file(home.path("c.toml")).unwrap();
    keys(
        &mut session,
        "c.toml cannot be read: No such file or directory; name a file that exists; the configuration before",
    );
    assert_eq!(counts(&session), [(3, 0), (1, 1)]);
}

#[test]
fn file_that_appears_is_read() {
    let home = TestDir::new();
    let mut term = shell(&[]).env("HOME", home.root()).start();
    term.wait(PROMPT);
    write_own(&home, &answer("new"));
    term.signal(Signal::SIGUSR1);
    term.wait("the configuration was reloaded: 1 trigger");
}

#[test]
fn signal_reads_the_configuration_and_ends_no_session() {
    let home = TestDir::new();
    let file = home.write_file("c.toml", answer("one"));
    let mut session = Session::bash(&["-f", &file]);
    home.write_file("c.toml", format!("{}{}", answer("one"), answer("two")));
    session.term.signal(Signal::SIGUSR1);
    session.term.wait("the configuration was reloaded: 2 triggers");
    home.write_file("c.toml", "x");
    session.term.signal(Signal::SIGUSR1);
    session.term.wait("c.toml:1:2: TOML: ");
    assert_eq!(session.request("status", json!([]))["triggers"], 2);
    let mut term = wrapped(&["--no-config"], &format!("echo up; {UNTIL_RELEASED}; exit 5")).start();
    term.wait("up");
    for _ in 0..3 {
        term.signal(Signal::SIGUSR1);
        term.wait_quiet();
    }
    term.release();
    assert_eq!(term.wait_end(), Ended::Code(5));
    assert!(!contains(term.output(), "coshell"), "{}", show(term.output()));
}

#[test]
fn check_says_what_a_configuration_does() {
    let home = TestDir::new();
    let text = "include = 'b.toml'\nhistory = 7\nzmodem = false\npassword-job = ['a', 'b']\n\
                [[trigger]]\nname = 'n'\nregex = '(x)'\nnotify = 'got $1'\nbell = true\nmark = true\nonce = true\ncooldown = '5s'\n\
                [[trigger]]\nregex = 'y'\nstop = true\n[[trigger]]\nregex = 'y'\nrun = 'make'\n[profile.p]\n";
    home.write_file("a.toml", text);
    home.write_file("b.toml", "[[trigger]]\nregex = 'b'\nsilent-coproc = 'rz'\n");
    let output = call(&home, &["check", "-f", "a.toml"]);
    let expected = format!(
        "file {0}/a.toml\nfile {0}/b.toml\nprofile p (not in use)\noption --history '7'\noption --zmodem off\n\
         option --password-job 'a' 'b'\n  1  on b  start 'rz' and hide all output while it runs\n  \
         2  n: on (x)  show a desktop notification: 'got $1'; ring the terminal's bell; set a mark on the line (once, cooldown 5s)\n  \
         3  on y  skip the remaining triggers for the line\n  4  on y  run 'make' in the background\n\
         warning: trigger y never fires: trigger y before it has the same pattern and stops\n",
        home.root().display()
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let output = call(&home, &["check", "-f", "a.toml", "--profile", "p", "--json"]);
    let read: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&read["profile"], &read["profiles"]), (&json!("p"), &json!(["p"])));
    assert_eq!(read["options"][0], json!({"name": "history", "values": ["7"]}));
    assert_eq!(read["triggers"][1]["options"][0], json!({"name": "name", "value": "n"}));
    assert_eq!((&read["triggers"][1]["line"], &read["triggers"][0]["line"]), (&json!(6), &json!(2)));
    let output = call(&home, &["check", "--schema"]);
    let schema: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(schema["title"], "Configuration of coshell");
}

#[test]
fn check_warns_of_modifiers_without_effect() {
    let home = TestDir::new();
    let text = "[[trigger]]\nname = 'n'\nregex = 'x'\nhighlight = 'red'\nconfirm = true\nnotify-title = 't'\n\
                [[trigger]]\nevent = 'bell'\nnotify = 'x'\nnotify-title = 't'\ncontext = 2\nconfirm = true\n";
    home.write_file("a.toml", text);
    let output = call(&home, &["check", "-f", "a.toml"]);
    let expected = "\nwarning: trigger n: notify-title has no effect: add notify, or remove it\n\
                    warning: trigger n: confirm has no effect: add an action that does more than colour, link or stop, or \
                    remove it\nwarning: trigger bell: context has no effect: add run or coproc, or remove it\n";
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && shown.ends_with(expected), "{shown}");
}

#[test]
fn triggers_of_a_session_become_a_configuration() {
    let home = TestDir::new();
    let file = home.write_file("c.toml", answer("one"));
    let mut session =
        Session::bash(&["-f", &file, "-t", "it's \"$", "--send", "\\x41\\t", "--mark", "--when", "no-echo"]);
    session.call(&["trigger", "add", "(?i)é", "--set", "a=b'c", "--enabled", "false"]).success();
    session.call(&["trigger", "disable", "1"]).success();
    let toml = session.call(&["trigger", "list", "--toml"]).success();
    let kept = home.write_file("kept.toml", &toml);
    let output = call(&home, &["check", "-f", &kept, "--json"]);
    let read: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let listed = session.call(&["trigger", "list", "--json"]).json();
    let seen = |triggers: &Value| -> Vec<(Value, Value)> {
        let triggers = triggers.as_array().expect("a list").iter();
        triggers.map(|trigger| (trigger["regex"].clone(), trigger["enabled"].clone())).collect()
    };
    assert_eq!(seen(&read["triggers"]), seen(&listed["triggers"]), "{toml}");
    assert_eq!(read["triggers"][1]["options"], listed["triggers"][1]["options"], "{toml}");
    assert_eq!(
        seen(&read["triggers"]).iter().map(|(_, enabled)| enabled.clone()).collect::<Vec<_>>(),
        [false, true, false]
    );
}
