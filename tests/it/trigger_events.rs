//! Triggers that events open, with the marks of real shells and with real programs.

use crate::support::programs::{bash_with, fish_with, zsh_with};
use crate::support::{COSHELL, Launch, PROMPT, Session, Terminal, TestDir, bash, direct, needs, proc, show, wrapped};

/// Function that makes a shell in a session with options and a start-up file.
type MakeShell = fn(&TestDir, &[&str], &str) -> Launch;

/// The shells, each with the line of a start-up file that loads the integration and sets the prompt.
const SHELLS: &[(&str, MakeShell, &str)] = &[
    ("bash", bash_with, "PS1='p> '; HISTCONTROL=; eval \"$(\"$WRAP\" integration bash)\""),
    ("zsh", zsh_with, "PS1='p> '; eval \"$(\"$WRAP\" integration zsh)\""),
    ("fish", fish_with, "function fish_prompt; echo -n 'p> '; end; \"$WRAP\" integration fish | source"),
];

/// Options of triggers that write each event of commands to the file `out` in the home.
const REPORT: &[&str] = &[
    "-q",
    "--event",
    "command-finished",
    "--matching",
    "status|cd",
    "--run",
    "echo \"finished $0: $1 in $(dirname \"$COSHELL_MATCH_directory\") ($COSHELL_EVENT)\" >> $HOME/out",
    "--event",
    "directory",
    "--matching",
    "inner$",
    "--run",
    "echo \"directory $(basename \"$0\")\" >> $HOME/out",
    "--event",
    "command-finished",
    "--status",
    "nonzero",
    "--run",
    "echo \"failed $1\" >> $HOME/out",
];

/// Waits until the file `out` in the home has `count` lines. Returns them, sorted.
fn reported(term: &mut Terminal, count: usize) -> Vec<String> {
    let lines = |term: &Terminal| {
        let out = term.read_home("out").unwrap_or_default();
        String::from_utf8_lossy(&out).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    term.wait_until("the reports", |term| lines(term).len() >= count);
    let mut lines = lines(term);
    lines.sort();
    lines
}

#[test]
fn commands_and_directories_of_each_shell_are_events() {
    for (name, shell, startup) in SHELLS {
        needs(name);
        let dir = TestDir::new();
        std::fs::create_dir(dir.path("inner")).expect("the directory can be made");
        let mut term = shell(&dir, REPORT, startup).cwd(dir.root()).start();
        term.wait("p> ");
        term.send("cd inner\r");
        let lines = reported(&mut term, 2);
        assert!(lines[0] == "directory inner" && lines[1].starts_with("finished cd inner: 0 in "), "{name}: {lines:?}");
        term.send("sh -c 'exit 3' status\r");
        let lines = reported(&mut term, 4);
        assert!(
            lines[1] == "failed 3" && lines[3].starts_with("finished sh -c 'exit 3' status: 3 in "),
            "{name}: {lines:?}"
        );
        assert!(lines[3].ends_with("(command-finished)"), "{name}: {lines:?}");
    }
}

#[test]
fn prompt_event_comes_once_for_each_command() {
    for (name, shell, startup) in SHELLS {
        needs(name);
        let dir = TestDir::new();
        let report = &["-q", "--event", "prompt", "--run", "echo prompt >> $HOME/out"];
        let mut term = shell(&dir, report, startup).start();
        term.wait("p> ");
        // An empty line and a redrawn prompt are no prompts behind a command.
        term.send("\r");
        term.wait("p> ");
        term.send("\x0c");
        term.wait("p> ");
        term.send("true\r");
        term.wait("p> ");
        term.wait_quiet();
        assert_eq!(reported(&mut term, 2).len(), 2, "{name}");
    }
}

#[test]
fn long_command_is_told_while_it_runs() {
    let dir = TestDir::new();
    let report = &["-q", "--event", "long-command", "--after", "300ms", "--run", "echo \"long $0\" >> $HOME/out"];
    let (_, shell, startup) = SHELLS[0];
    let mut term = shell(&dir, report, startup).start();
    term.wait("p> ");
    // It ends only once it has been told of.
    term.send("true; until [ -e $HOME/out ]; do sleep 0.05; done; echo ov''er\r");
    term.wait("over\r\n");
    assert!(reported(&mut term, 1)[0].starts_with("long true; until"), "{:?}", term.text());
}

#[test]
fn signs_of_programs_are_events() {
    let options = &["-q", "--event", "bell", "--send", "bell\\r", "--event", "notification", "--send", "$0\\r"];
    let script = "printf '\\a'; read -r a; printf '\\033]777;notify;make;done\\a'; read -r b; echo \"got $a $b\"";
    let mut term = wrapped(options, script).start();
    term.wait("got bell done");
}

/// Programs, and whether each waits for input in a read of the terminal.
const READERS: &[(&str, &str, bool)] = &[
    ("cat", "cat", true),
    ("bash", "bash -c 'read -r -p \"name? \" a'", true),
    ("python3", "python3 -c 'input(\"name? \")'", true),
    ("less", "seq 500 | less", true),
    ("sleep", "sleep 1000", false),
    ("sh", "sh -c 'while :; do :; done'", false),
];

#[test]
#[cfg(target_os = "linux")]
fn reader_of_the_terminal_asks_and_others_do_not() {
    for (program, command, asks) in READERS {
        needs(program);
        let report = ["--event", "asks", "--run", "echo asks >> $HOME/out"];
        let look = ["--event", "idle", "--after", "700ms", "--when", "asks", "--run", "echo condition >> $HOME/out"];
        let over = ["--event", "idle", "--after", "1s", "--run", "echo over >> $HOME/out"];
        let options = [&["-q"][..], &report, &look, &over].concat();
        let mut term = wrapped(&options, &format!("echo ready; {command}")).start();
        term.wait("ready");
        let want: &[&str] = if *asks { &["asks", "condition", "over"] } else { &["over"] };
        // A program that starts slowly begins to read, and prints, behind a silence of its own.
        let mut lines = Vec::new();
        while !want.iter().all(|line| lines.iter().any(|told| told == line)) {
            lines = reported(&mut term, lines.len() + 1);
        }
        lines.dedup();
        assert_eq!(lines, want, "{program}");
        term.send("\x03");
    }
}

#[test]
fn password_that_a_program_reads_is_an_event() {
    let options = &["-q", "--event", "password", "--send", "secret\\r"];
    let script = "stty -echo; printf 'Password: '; read -r p; stty echo; echo \"got $p\"";
    let mut term = wrapped(options, script).start();
    term.wait("got secret");
}

#[test]
fn output_of_a_command_is_told_from_what_is_typed() {
    for (name, shell, startup) in SHELLS {
        needs(name);
        let dir = TestDir::new();
        let trigger = |condition| ["-t", "mark[e]d", "--when", condition, "--run"];
        let (typed, printed) =
            ("echo \"typed $COSHELL_LINE\" >> $HOME/out", "echo \"printed $COSHELL_LINE\" >> $HOME/out");
        let options = [&["-q"][..], &trigger("prompt"), &[typed], &trigger("output"), &[printed]].concat();
        let mut term = shell(&dir, &options, startup).start();
        term.wait("p> ");
        term.send("echo marked\r");
        let lines = reported(&mut term, 2);
        assert_eq!(lines[0], "printed marked", "{name}");
        assert!(lines[1..].iter().all(|line| line.starts_with("typed p> echo marked")), "{name}: {lines:?}");
    }
}

#[test]
fn client_adds_a_trigger_on_an_event() {
    let mut session = Session::bash(&[]);
    session.call(&["trigger", "add", "--event", "bell", "--send", "echo ra''ng\\r"]).success();
    session.call(&["trigger", "add", "--event", "beep", "--bell"]).failed(1, "there is no event 'beep'");
    session.call(&["trigger", "add", "x", "--event", "bell", "--bell"]).failed(2, "event");
    assert!(session.call(&["trigger", "list"]).success().contains("--event bell --send"));
    session.term.send("printf '\\a'\r");
    session.term.wait("rang\r\n");
}

#[test]
fn host_and_user_of_each_shell_are_events() {
    for (name, shell, startup) in SHELLS {
        needs(name);
        // fish 4 sends its own marks, which do not tell the user.
        let (event, value) = if *name == "fish" { ("host", "$1") } else { ("user", "$1 on $2") };
        let run = format!("echo \"{value}\" >> $HOME/out");
        let dir = TestDir::new();
        let mut term = shell(&dir, &["-q", "--event", event, "--run", &run], startup).start();
        term.wait("p> ");
        term.send("true\r");
        term.wait("p> ");
        // It changes once.
        let lines = reported(&mut term, 1);
        assert!(lines.len() == 1 && lines[0].split(" on ").all(|part| !part.is_empty()), "{name}: {lines:?}");
    }
}

#[test]
fn variable_that_a_program_sets_is_an_event() {
    let options =
        &["-q", "--event", "variable", "--variable", "state", "--matching", "^do", "--send", "${name} ${value}\\r"];
    let set =
        |name: &str, value: &str| format!("printf '\\033]1337;SetUserVar={name}=%s\\007' $(printf {value} | base64)");
    let script = format!(
        "{}; {}; {}; read -r a; echo \"got $a\"",
        set("other", "done"),
        set("state", "busy"),
        set("state", "done")
    );
    wrapped(options, &script).start().wait("got state done");
}

#[test]
fn start_and_exit_are_events() {
    let options =
        &["-q", "--event", "start", "--send", "hello\\r", "--event", "exit", "--run", "echo \"exit $1\" >> $HOME/out"];
    let mut term = wrapped(options, "read -r a; echo \"got $a\"; exit 7").start();
    term.wait("got hello");
    assert_eq!(reported(&mut term, 1), ["exit 7"]);
}

#[test]
fn idle_event_comes_once_and_costs_no_further_wake_up() {
    let options = &["-q", "--event", "idle", "--after", "200ms", "--send", "x"];
    let mut term = bash(options).start();
    // The echo of the text ends the silence, which begins anew.
    for _ in 0..3 {
        term.wait("x");
    }
    let options = &["-q", "--event", "idle", "--after", "200ms", "--bell"];
    let mut term = wrapped(options, "printf 'a question? '; read -r a").start();
    term.wait("question? ");
    term.wait("\x07");
    term.wait_quiet();
    let before = proc::sleep_count(term.pid());
    term.wait_quiet();
    assert_eq!(proc::sleep_count(term.pid()), before);
    term.send("\r");
}

/// Sends the reports that a terminal sends, to a shell, and to vim, which asks for them itself.
#[test]
fn condition_unfocused_follows_the_terminal() {
    needs("vim");
    let options = ["-q", "-t", "built (\\d)", "--when", "unfocused", "--run", "echo \"away $1\" >> $HOME/out"];
    let more = ["--event", "focused", "--run", "echo back >> $HOME/out"];
    let mut term = bash(&[&options[..], &more].concat()).start();
    term.wait("\x1b[?1004h");
    term.send("echo bu''ilt 1\r");
    // The line has been tried when the prompt is shown.
    term.wait("built 1\r\n");
    term.wait(PROMPT);
    term.send("\x1b[Oecho bu''ilt 2\r");
    term.wait("built 2");
    assert_eq!(reported(&mut term, 1), ["away 2"]);
    // Neither report is part of a line.
    term.send("\x1b[I");
    assert_eq!(reported(&mut term, 2), ["away 2", "back"]);
    term.send("echo $? st''ays\r");
    term.wait("0 stays");
    std::fs::write(term.home().join("vimrc"), "au FocusLost * call writefile(['lost'], 'lost')\n").unwrap();
    term.send("vim -N -u ~/vimrc -i NONE -n\r");
    term.wait_until("vim", |term| term.rows().iter().filter(|row| row.starts_with('~')).count() > 5);
    term.wait("\x1b[?1004h");
    term.send("\x1b[O");
    term.wait_until("the report to reach vim", |term| term.read_home("lost").is_some());
    term.send(":q\r");
    term.wait("\x1b[?1004l");
    term.wait("\x1b[?1004h");
    term.send("echo bu''ilt 3\r");
    assert_eq!(reported(&mut term, 3), ["away 2", "away 3", "back"]);
    term.send("exit\r");
    term.wait_end();
    let output = show(term.output());
    assert!(output.rfind("[?1004l") > output.rfind("[?1004h"), "{output}");
}

#[test]
fn pane_of_tmux_that_is_left_is_unfocused() {
    needs("tmux");
    let dir = TestDir::new();
    dir.write_file("tmux.conf", "set -g status off\nset -g focus-events on\n");
    let reports = "--event unfocused --run 'echo left >> out' --event focused --run 'echo entered >> out'";
    let inside = format!("{COSHELL} -q {reports} -- sh -c 'echo up; exec sleep 1000'");
    let mut term =
        direct(&["tmux", "-u", "-f", "tmux.conf", "-S", "./socket", "new-session", &inside]).cwd(dir.root()).start();
    term.wait("up");
    // The terminal that tmux runs in has the focus.
    term.send("\x1b[I");
    let tmux = |args: &[&str]| {
        let tmux =
            std::process::Command::new("tmux").args(["-S", "./socket"]).args(args).current_dir(dir.root()).status();
        assert!(tmux.unwrap().success(), "{args:?}");
    };
    let is_reported = |text: &str| dir.path("out").exists() && show(&dir.read("out")) == text;
    tmux(&["split-window", "sleep 1000"]);
    term.wait_until("the pane to be left", |_| is_reported("left\\n\n"));
    tmux(&["last-pane"]);
    term.wait_until("the pane to be entered", |_| is_reported("left\\n\nentered\\n\n"));
    tmux(&["kill-server"]);
    term.wait_end();
}
