//! Completions printed by `coshell completions`, in their shells.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use coshell::core::Chord;
use coshell::core::event_kind::EventKind;
use coshell::core::trigger::When;
use coshell::core::trigger::event::EVENTS;

use crate::support::completer::Completer;
use crate::support::{COSHELL, Session, TestDir, coshell, needs};

/// Candidates of coshell's options, of commands and of session data for each line.
#[test]
fn subcommands_and_values_are_completed_in_every_shell() {
    let session = Session::bash(&["-t", "foo bar", "--bell", "--name", "my name", "-t", "b.z", "--bell"]);
    let id = session.id();
    let conditions: Vec<&str> = When::NAMES.iter().map(|name| name.trim_end_matches("NAME")).collect();
    let events: Vec<&str> = EVENTS.iter().map(|row| row.name).collect();
    let keys: Vec<String> = Chord::names().collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let of_session = format!("coshell trigger enable --session {id} ");
    let profiles = TestDir::new();
    let profiles = profiles.write_file("c.toml", "[profile.home]\n[profile.work]\n");
    let (of_file, of_check) =
        (format!("coshell -f {profiles} --profile "), format!("coshell check --config={profiles} --profile w"));
    let table: [(&str, &[&str]); 39] = [
        ("coshell --event ", &events),
        ("coshell trigger add --event command-", &["command-finished"]),
        ("coshell tri", &["trigger"]),
        ("coshell trigger ", &["add", "disable", "enable", "help", "list", "remove"]),
        ("coshell help tri", &["trigger"]),
        ("coshell completions ", &["bash", "elvish", "fish", "powershell", "zsh"]),
        ("coshell integration ", &["bash", "fish", "zsh"]),
        ("coshell -q -i ", &["json", "raw", "text"]),
        ("coshell run --input t", &["text"]),
        ("coshell stop --signal USR", &["USR1", "USR2"]),
        ("coshell -t x --bell --when ", &conditions),
        ("coshell trigger add x --when ", &conditions),
        (
            "coshell -t x --when=no-",
            &["no-alt-screen", "no-echo", "no-coproc", "no-output", "no-prompt", "no-full-screen"],
        ),
        ("coshell --hotkey ctrl-", &keys),
        ("coshell --hotkey no", &["none"]),
        ("coshell subscribe ", &EventKind::ALL.map(EventKind::name)),
        ("coshell subscribe prompt command-", &["command-end", "command-start"]),
        ("coshell status --session ", &[&id]),
        ("coshell trigger list --session=", &[&id]),
        (&of_session, &["2", "my name"]),
        // An option's value is no subcommand, and a session command has no subcommands.
        ("coshell -t run --silent-c", &["--silent-coproc"]),
        ("coshell -t a:b=c --silent-c", &["--silent-coproc"]),
        ("coshell -l tri", &[]),
        ("coshell -l --nes", &["--nested"]),
        ("coshell status tri", &[]),
        ("coshell no-such-thing ", &[]),
        ("coshell send -- ", &[]),
        // Behind "--", commands and their own arguments are completed.
        ("coshell -- zz-", &["zz-one", "zz-two"]),
        ("coshell -l -- zz-", &["zz-one", "zz-two"]),
        ("coshell -t x --bell -- zz-two some", &["some-file"]),
        ("coshell lend --tty -- zz-t", &["zz-two"]),
        ("coshell -c zz-t", &["zz-two"]),
        ("coshell run zz-t", &["zz-two"]),
        ("coshell trigger add x --run zz-t", &["zz-two"]),
        ("coshell --log some", &["some-file"]),
        ("coshell --log=some", &["some-file"]),
        ("coshell -f some", &["some-file"]),
        (&of_file, &["home", "work"]),
        (&of_check, &["work"]),
    ];
    let own = [
        "complete -W 'inner-a inner-b' zz-one",
        "_zz() { compadd inner-a inner-b }; compdef _zz zz-one",
        "complete -c zz-one -f -a 'inner-a inner-b'",
    ];
    for name in ["zz-one", "zz-two"] {
        let path = session.dir.write_file(name, "#!/bin/sh\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the mode can be set");
    }
    session.dir.write_file("some-file", "");
    let mut lines: Vec<String> = table.iter().map(|(line, _)| (*line).to_owned()).collect();
    lines.push("coshell -l -- zz-one inn".to_owned());
    for shell in Completer::ALL {
        // bash without the package has no completion for other commands.
        let inner: &[&str] = if shell == Completer::Bash { &[] } else { &["inner-a", "inner-b"] };
        let expected = table.iter().map(|(_, words)| *words).chain([inner]);
        let told = shell.candidates(&session.dir, own, &lines);
        for ((line, mut told), expected) in lines.iter().zip(told).zip(expected) {
            let expected: BTreeSet<String> = expected.iter().map(|word| (*word).to_owned()).collect();
            // Other sessions may lie in /tmp, where each user's sessions are listed, by their ids and names.
            let is_of_sessions = ["--session ", "--session="].iter().any(|end| line.ends_with(end));
            told.retain(|word| expected.contains(word) || !is_of_sessions);
            assert_eq!(told, expected, "{shell:?}: {line}");
        }
    }
}

/// Collects the options of `command` and its subcommands into `all`, each set with the line typed before it.
fn options(line: &str, command: &clap::Command, all: &mut Vec<(String, BTreeSet<String>)>) {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
    let names = shown.flat_map(|arg| {
        let letter = arg.get_short().map(|letter| format!("-{letter}"));
        letter.into_iter().chain(arg.get_long().map(|name| format!("--{name}")))
    });
    // Commands that take another command accept "--" too.
    let dashes = command.get_positionals().any(|arg| arg.is_last_set() && arg.get_id() == "command");
    all.push((format!("{line} -"), names.chain(dashes.then(|| "--".to_owned())).collect()));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        options(&format!("{line} {}", below.get_name()), below, all);
    }
}

#[test]
fn options_of_every_subcommand_are_completed_in_every_shell() {
    let mut all = Vec::new();
    options("coshell", &coshell::cli::command(), &mut all);
    let lines: Vec<String> = all.iter().map(|(line, _)| line.clone()).collect();
    for shell in Completer::ALL {
        let told = shell.candidates(&TestDir::new(), [""; 3], &lines);
        for ((line, expected), told) in all.iter().zip(told) {
            assert_eq!(told, *expected, "{shell:?}: {line}");
        }
    }
}

#[test]
fn trigger_completion_without_session_prints_no_error() {
    for named in [&["--session", "none-such"][..], &["--session=none-such"]] {
        let mut command = Command::new(COSHELL);
        command.args(["completions", "bash", "--", "coshell", "trigger", "enable"]).args(named).arg("");
        let output = command.env_remove("COSHELL_SOCKET").output().expect("coshell can be run");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && output.stderr.is_empty(), "{named:?}: {output:?}");
        assert!(told.lines().all(|line| line.starts_with("--")), "{named:?}: {told}");
    }
}

/// Presses Tab in zsh's line editor inside a session.
#[test]
fn zsh_in_session_completes_subcommand_on_tab() {
    needs("zsh");
    let dir = TestDir::new();
    dir.write_file(".zshrc", "PS1='p> '; autoload -Uz compinit; compinit -u -D; eval \"$($WRAP completions zsh)\"");
    let mut term = coshell(&["-q", "--", "zsh", "-d", "-i"]).env("ZDOTDIR", dir.root()).start();
    term.wait("p> ");
    term.send("coshell integ\t");
    term.wait_until("the whole word", |term| term.rows().iter().any(|row| row.contains("coshell integration")));
}

/// Runs elvish on a terminal: elsewhere it has no line editor to define completions for.
#[test]
fn elvish_loads_completions() {
    needs("elvish");
    let dir = TestDir::new();
    let rc = dir.write_file("rc.elv", "eval ((external $E:WRAP) completions elvish | slurp)\necho taken\n");
    let mut term = coshell(&["-q", "--", "elvish", "-rc", &rc]).start();
    term.wait("taken");
}

/// Runs pwsh only where installed: Debian has no package of it.
#[test]
fn powershell_loads_completions() {
    let script = Command::new(COSHELL).args(["completions", "powershell"]).output().expect("coshell can be run");
    let script = String::from_utf8(script.stdout).expect("text");
    assert!(script.contains("Register-ArgumentCompleter") && script.contains("integration"), "{script}");
    match Command::new("pwsh").args(["-NoProfile", "-Command", &script]).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => eprintln!("NOT TESTED: pwsh: {error}"),
    }
}
