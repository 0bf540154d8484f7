//! Lines, commands and notes of real programs, each compared with what stands on the terminal.

use std::process::Command;

use serde_json::Value;

use crate::support::programs::{
    BARS, BASH_MARKS, DOCKER_BUILD, DOCKER_PULL, FISH_MARKS, LaunchShell, RICH, TQDM, ZSH_MARKS, bash_with, fish_with,
    wait_answering, wait_bars, write_bars, zsh_with,
};
use crate::support::terminal::find;
use crate::support::tools::{IPYTHON, PYTEST, PYTHON, STARSHIP, VITEST, fetched};
use crate::support::{COSHELL, Session, Terminal, TestDir, coshell, direct, needs};

/// Mark at the end of each prompt: the shell waits for input then.
const PROMPT_END: &str = "\x1b]133;B\x07";
/// Beginning of the mark at the end of a command.
const COMMAND_END: &str = "\x1b]133;D";

/// Returns number and text of each line, without blanks at the end of a text.
#[track_caller]
fn numbered_lines(session: &mut Session) -> Vec<(u64, String)> {
    let answer = session.call(&["lines", "--json"]).json();
    let line = |line: &Value| {
        let text = line["text"].as_str().expect("a text").trim_end().to_owned();
        (line["number"].as_u64().expect("a number"), text)
    };
    answer["lines"].as_array().expect("lines").iter().map(line).collect()
}

/// Returns the text of each line, blank ones at the end included.
#[track_caller]
fn lines(session: &mut Session) -> Vec<String> {
    numbered_lines(session).into_iter().map(|(_, text)| text).collect()
}

/// Fails unless `lines` are those of the terminal, apart from blank lines at the end.
#[track_caller]
fn assert_lines_are_those_of_terminal(session: &mut Session) {
    session.term.wait_quiet();
    let mut lines = lines(session);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    assert_eq!(lines, session.term.lines(), "left: coshell lines, right: the terminal");
}

/// Fails unless the rows of `coshell screen` are those of the terminal.
#[track_caller]
fn assert_screen_is_that_of_terminal(session: &mut Session) {
    session.term.wait_quiet();
    let answer = session.call(&["screen", "--json"]).json();
    let rows = answer["lines"].as_array().expect("rows").iter();
    let rows: Vec<_> = rows.map(|row| row.as_str().expect("a text").trim_end().to_owned()).collect();
    assert_eq!(rows, session.term.rows(), "left: coshell screen, right: the terminal");
}

/// Returns the text of each command; `None` where `marks` has none.
#[track_caller]
fn command_texts(session: &mut Session) -> Vec<Option<String>> {
    let answer = session.call(&["marks", "--json"]).json();
    let commands = answer["commands"].as_array().expect("commands").iter();
    commands.map(|command| command["text"].as_str().map(str::to_owned)).collect()
}

/// Starts a session of a shell that marks its prompts, in `columns` columns, and waits for the first prompt.
fn marked_shell(dir: &TestDir, launch: LaunchShell, startup: &str, columns: u16) -> Session {
    let mut session = Session::start(launch(dir, &["-q"], startup).cwd(dir.root()).size(24, columns, 0, 0));
    session.term.wait(PROMPT_END);
    session.term.wait_quiet();
    session
}

/// Types each of `keys` when the shell has come to rest after those before it; the last ones run a command.
fn run_typed(session: &mut Session, keys: &[&str]) {
    let term = &mut session.term;
    term.skip_unread();
    for keys in keys {
        term.send(keys);
        term.wait_until("the echo", |term| !term.unread().is_empty());
        term.wait_quiet();
    }
    term.wait(COMMAND_END);
    term.wait(PROMPT_END);
    term.wait_quiet();
}

/// Commands for each shell, and their output as `lines --command` prints it.
fn commands_with_output() -> Vec<(String, String)> {
    let zeros = |n| "0".repeat(n);
    let pair = |command: &str, output: &str| (command.to_owned(), output.to_owned());
    vec![
        pair("seq 3", "1\n2\n3\n"),
        pair("false", ""),
        pair("echo one; echo two", "one\ntwo\n"),
        pair("printf abc", "abc\n"),
        pair("printf 100%%", "100%\n"),
        pair("printf 'one\\n\\ntwo\\n'", "one\n\ntwo\n"),
        pair("printf 'one\\n  two  three'", "one\n  two  three\n"),
        pair("printf '%080d\\n' 0", &format!("{}\n", zeros(80))),
        pair("printf '%0200d\\n' 0", &format!("{}\n", zeros(200))),
        pair("seq 30", &(1..=30).map(|n| format!("{n}\n")).collect::<String>()),
    ]
}

/// Fails unless `lines --command` is the output of each command and nothing else, and all lines are those of the
/// terminal.
fn assert_command_outputs(launch: LaunchShell, startup: &str) {
    let dir = TestDir::new();
    let mut session = marked_shell(&dir, launch, startup, 80);
    let mut wrong = Vec::new();
    for (command, output) in commands_with_output() {
        run_typed(&mut session, &[&format!("{command}\r")]);
        // The terminal shows the output right below the command; a shell may mark the absent end of its last line.
        let shown = session.term.lines();
        let from = shown.iter().rposition(|line| line.contains(&command)).expect("the command is on the terminal") + 1;
        for (at, line) in output.lines().enumerate() {
            assert!(shown[from + at].starts_with(line), "{startup}: {command}: {shown:#?}");
        }
        let got = session.call(&["lines", "--command"]).success();
        if got != output {
            wrong.push((command, got, output));
        }
    }
    assert!(wrong.is_empty(), "{startup}\n(command, lines --command, its output): {wrong:#?}");
    assert_lines_are_those_of_terminal(&mut session);
    // The terminal wraps what follows this output.
    run_typed(&mut session, &["printf %080d 0\r"]);
    assert_eq!(session.call(&["lines", "--command"]).success(), format!("{}\n", "0".repeat(80)), "{startup}");
}

const FISH_PROMPT: &str = "function fish_prompt; echo -n 'fish> '; end";
const FISH_RIGHT: &str = "function fish_right_prompt; set_color green; echo -n 12:00; set_color normal; end";

#[test]
fn bash_command_output_is_all_of_lines_of_command() {
    for prompt in ["PS1='bash> '", "PS1='\\n\\w\\nbash> '"] {
        assert_command_outputs(bash_with, &format!("{prompt}\n{BASH_MARKS}"));
    }
}

#[test]
fn zsh_command_output_is_all_of_lines_of_command() {
    assert_command_outputs(zsh_with, &format!("PS1='%# '\n{ZSH_MARKS}"));
}

#[test]
fn zsh_command_output_with_other_prompts_is_all_of_lines_of_command() {
    for prompt in ["PS1=$'\\n%# '", "PS1=$'top\\n%# '", "PS1='zsh> '; RPROMPT='%F{green}12:00%f'"] {
        assert_command_outputs(zsh_with, &format!("{prompt}\n{ZSH_MARKS}"));
    }
}

#[test]
fn fish_command_output_is_all_of_lines_of_command() {
    assert_command_outputs(fish_with, &format!("{FISH_PROMPT}\n{FISH_MARKS}"));
    assert_command_outputs(fish_with, &format!("{FISH_PROMPT}\n{FISH_RIGHT}\n{FISH_MARKS}"));
}

#[test]
fn starship_command_output_is_all_of_lines_of_command() {
    let Some(starship) = fetched(STARSHIP) else { return };
    let starship = starship.display();
    assert_command_outputs(bash_with, &format!("eval \"$({starship} init bash)\"\n{BASH_MARKS}"));
    assert_command_outputs(zsh_with, &format!("eval \"$({starship} init zsh)\"\n{ZSH_MARKS}"));
    assert_command_outputs(fish_with, &format!("{starship} init fish | source\n{FISH_MARKS}"));
}

/// Lines of shells that mark nothing, as they come.
#[test]
fn lines_of_unmarked_shells_are_those_of_terminal() {
    let shells: [(LaunchShell, &str); 5] = [
        (bash_with, "PS1='$ '"),
        (zsh_with, ""),
        (zsh_with, "PS1='zsh> '; RPROMPT=right"),
        (zsh_with, "PS1=$'\\ntop\\nzsh> '"),
        (fish_with, FISH_RIGHT),
    ];
    for (launch, startup) in shells {
        let dir = TestDir::new();
        let launch = launch(&dir, &["-q"], startup).cwd(dir.root()).size(24, 50, 0, 0);
        let mut session = Session::start(launch);
        session.term.wait_quiet();
        for command in ["seq 3", "printf abc", "echo 'a command that is wider than the terminal with its 50 columns'"] {
            session.term.send(command);
            session.term.wait_quiet();
            session.term.send("\r");
            session.term.wait_quiet();
        }
        session.term.send("echo not entered");
        session.term.wait_until("the echo", |term| term.rows().concat().contains("entered"));
        assert_lines_are_those_of_terminal(&mut session);
        assert_screen_is_that_of_terminal(&mut session);
    }
}

/// Keys of one command, and its text.
type Typed = (&'static [&'static str], &'static str);

/// Commands for each shell in a terminal of 60 columns. The text of `Ctrl-R` is the one found.
const TYPED: &[Typed] = &[
    (&["echo hi\r"], "echo hi"),
    (&["echo 'a     b'\r"], "echo 'a     b'"),
    (&["echo 'é中'\r"], "echo 'é中'"),
    (&["echo 'ac'", "\x1b[D\x1b[Db", "\r"], "echo 'abc'"),
    (&["echo found-again\r"], "echo found-again"),
    (&["true\r"], "true"),
    (
        &[
            "echo 'a command that is wider than the terminal, since it has more than 60 columns'; true 'it takes' rows\r",
        ],
        "echo 'a command that is wider than the terminal, since it has more than 60 columns'; true 'it takes' rows",
    ),
    (
        &["echo 'this one fills the row to its edge, it does indeed'\r"],
        "echo 'this one fills the row to its edge, it does indeed'",
    ),
    (&["echo 'first one\r", "and two'\r"], "echo 'first one\nand two'"),
];
const FISH_CONTINUED: Typed = (&["for x in 1 2\r", "echo $x; end\r"], "for x in 1 2\necho $x; end");
const CONTINUED: Typed = (&["for x in 1 2; do\r", "echo $x; done\r"], "for x in 1 2; do\necho $x; done");

/// Fails unless `marks` has each of the commands as they were typed. `searched` are the keys that find "found-again" by
/// the shell's history search and run it.
fn assert_command_texts(launch: LaunchShell, startup: &str, typed: &[Typed], searched: &'static [&'static str]) {
    let dir = TestDir::new();
    let mut session = marked_shell(&dir, launch, startup, 60);
    let mut wrong = Vec::new();
    for (keys, text) in typed.iter().copied().chain([(searched, "echo found-again")]) {
        run_typed(&mut session, keys);
        let first = text.lines().next().expect("a row");
        let shown = session.term.lines();
        // What was typed stands on the terminal, or coshell has nothing to tell.
        assert!(shown.iter().any(|line| line.contains(first)), "{startup}: {text}: {shown:#?}");
        let got = command_texts(&mut session).pop().flatten();
        if got.as_deref() != Some(text) {
            wrong.push((got, text));
        }
    }
    assert!(wrong.is_empty(), "{startup}\n(text in marks, typed): {wrong:#?}");
    assert_lines_are_those_of_terminal(&mut session);
}

const SEARCH: &[&str] = &["\x12", "found-a", "\r"];
/// The history of fish is a list in which Enter selects.
const FISH_SEARCH: &[&str] = &["\x12", "found-a", "\r", "\r"];

#[test]
fn bash_command_text_is_as_typed() {
    assert_command_texts(bash_with, &format!("PS1='bash> '\n{BASH_MARKS}"), TYPED, SEARCH);
}

/// The history of bash joins the rows of a compound command by semicolons, the terminal shows them as typed.
#[test]
fn bash_continued_command_text_has_all_its_rows() {
    let dir = TestDir::new();
    let mut session = marked_shell(&dir, bash_with, &format!("PS1='bash> '\n{BASH_MARKS}"), 60);
    run_typed(&mut session, CONTINUED.0);
    let text = command_texts(&mut session).pop().flatten().expect("a text");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words.join(" "), "for x in 1 2; do echo $x; done");
}

#[test]
fn zsh_command_text_is_as_typed() {
    let typed = [TYPED, &[CONTINUED]].concat();
    assert_command_texts(zsh_with, &format!("PS1='zsh> '\n{ZSH_MARKS}"), &typed, SEARCH);
    assert_command_texts(zsh_with, &format!("PS1='zsh> '; RPROMPT='%F{{green}}12:00%f'\n{ZSH_MARKS}"), &typed, SEARCH);
    assert_command_texts(zsh_with, &format!("PS1=$'\\ntop\\nzsh> '; RPROMPT=right\n{ZSH_MARKS}"), &typed, SEARCH);
}

#[test]
fn fish_command_text_is_as_typed() {
    let typed = [TYPED, &[FISH_CONTINUED]].concat();
    assert_command_texts(fish_with, &format!("{FISH_PROMPT}\n{FISH_MARKS}"), &typed, FISH_SEARCH);
    assert_command_texts(fish_with, &format!("{FISH_PROMPT}\n{FISH_RIGHT}\n{FISH_MARKS}"), &typed, FISH_SEARCH);
}

#[test]
fn starship_command_text_is_as_typed() {
    let Some(starship) = fetched(STARSHIP) else { return };
    let starship = starship.display();
    let dir = TestDir::new();
    let config = dir.write_file("starship.toml", "right_format = '12:00'\n");
    let typed = |continued| [TYPED, &[continued]].concat();
    let zsh = format!("export STARSHIP_CONFIG={config}; eval \"$({starship} init zsh)\"\n{ZSH_MARKS}");
    assert_command_texts(zsh_with, &zsh, &typed(CONTINUED), SEARCH);
    let fish = format!("set -x STARSHIP_CONFIG {config}; {starship} init fish | source\n{FISH_MARKS}");
    assert_command_texts(fish_with, &fish, &typed(FISH_CONTINUED), FISH_SEARCH);
}

/// Starts a session in which a program prints `bytes` as they are and then waits.
fn print(bytes: &[u8], options: &[&str]) -> (Session, TestDir) {
    let dir = TestDir::new();
    let file = dir.write_file("bytes", bytes);
    let script = "stty raw -echo; cat \"$1\"; exec cat";
    let launch = coshell(&[&["-q"], options, &["--", "sh", "-c", script, "sh", &file]].concat());
    let mut session = Session::start(launch);
    session.term.wait_until("the bytes", |term| find(term.output(), bytes).is_some());
    session.term.wait_quiet();
    (session, dir)
}

/// Bytes of fish 4: its A has attributes, there is no B, and C says the command. What is typed is drawn character by
/// character in colour, with a suggestion behind it and the right prompt at the edge.
fn fish_4() -> String {
    let prompt = "\x1b[2m\u{23ce}\x1b[m".to_owned()
        + &" ".repeat(79)
        + "\r\u{23ce} \r\x1b[K\x1b[?2004h\x1b[>5u\x1b[=5u\x1b=\x1b]133;A;click_events=1\x07\x1b[32mme\x1b[m ~> \x1b[K\r\x1b[74C12:00\r\x1b[6C";
    let run = "\x1b[=0u\x1b[?2004l\x1b>\x1b[30m\x1b(B\x1b[m\x1b]0;echo hi\x07";
    let typed = "\x1b[38;2;0;95;215me\x1b[90mcho h\x1b[m\x1b[K\x1b[68C12:00\r\x1b[7C\x1b[38;2;0;95;215mcho\x1b[m hi\x1b[K\r\x1b[74C12:00\r\x1b[13C\r\n";
    let rows = "for x in 1 2\x1b[K\r\n          echo $x\x1b[K\r\n      end\r\n";
    format!(
        "{prompt}{typed}{run}\x1b]133;C;cmdline_url=echo%20hi\x07hi\r\n\x1b]133;D;0\x07\
         {prompt}{rows}{run}\x1b]133;C;cmdline_url=for%20x%20in%201%202%0A%20%20%20%20echo%20%24x%0Aend\x071\r\n2\r\n\x1b]133;D;0\x07{prompt}"
    )
}

/// Marks of another integration, which does not send the command itself: the text is what stands behind B, without the
/// right prompt.
#[test]
fn command_text_without_word_of_shell_is_as_typed() {
    let one_row: Vec<Typed> = TYPED.iter().copied().filter(|(_, text)| !text.contains('\n')).collect();
    let (open, close) = ("\\e]133;A\\a", "\\e]133;B\\a");
    let zsh = format!(
        "PS1=$'%{{{open}%}}zsh> %{{{close}%}}'; RPROMPT=12:00
         preexec() {{ print -n '\\e]133;C\\a'; ran=1; }}
         precmd() {{ [ -z \"$ran\" ] || print -n '\\e]133;D;0\\a'; ran=; }}"
    );
    assert_command_texts(zsh_with, &zsh, &one_row, SEARCH);
    let bash = format!(
        "PS1='\\[{open}\\]bash> \\[{close}\\]'; PS0='\\e]133;C\\a'
         PROMPT_COMMAND='[ -z \"$once\" ] || printf \"\\033]133;D;0\\007\"; once=1'"
    );
    assert_command_texts(bash_with, &bash, &one_row, SEARCH);
    let fish = format!(
        "function fish_prompt; printf '{open}fish> {close}'; end
         function started --on-event fish_preexec; printf '\\e]133;C\\a'; end
         function ended --on-event fish_postexec; printf '\\e]133;D;0\\a'; end\n{FISH_RIGHT}"
    );
    assert_command_texts(fish_with, &fish, &one_row, FISH_SEARCH);
}

#[test]
fn fish_4_command_text_is_the_one_it_sends() {
    let (mut session, _dir) = print(fish_4().as_bytes(), &[]);
    let texts = command_texts(&mut session);
    assert_eq!(texts, ["echo hi", "for x in 1 2\n    echo $x\nend"].map(|text| Some(text.to_owned())));
    assert_eq!(session.call(&["lines", "--command=2"]).success(), "hi\n");
    assert_eq!(session.call(&["lines", "--command"]).success(), "1\n2\n");
    let shown = session.term.lines();
    assert_eq!(shown[1..4], ["hi", "me ~> for x in 1 2", "          echo $x"]);
    assert_lines_are_those_of_terminal(&mut session);
}

/// Bytes of kitty's integration: C says the command, quoted for a shell or as in a URL.
#[test]
fn command_text_is_the_one_that_kitty_sends() {
    for (word, text) in [
        (r"cmdline=echo\ \'a\ \ \ b\'", "echo 'a   b'"),
        (r"cmdline=$'for x in 1\ndo echo $x\ndone'", "for x in 1\ndo echo $x\ndone"),
        (r"cmdline=true", "true"),
        (r"cmdline_url=echo%20%27%C3%A9%27%3B%20true", "echo 'é'; true"),
    ] {
        let prompt = "\x1b]133;A\x07$ \x1b]133;B\x07\x1b[60C[12:00]\x1b[67D";
        let bytes = format!("{prompt}typed\r\n\x1b]133;C;{word}\x07out\r\n\x1b]133;D;0\x07{prompt}");
        let (mut session, _dir) = print(bytes.as_bytes(), &[]);
        assert_eq!(command_texts(&mut session), [Some(text.to_owned())], "{word}");
        assert_eq!(session.call(&["lines", "--command"]).success(), "out\n", "{word}");
        assert_lines_are_those_of_terminal(&mut session);
    }
}

/// zsh draws a prompt of one row in place of the one with two when the command is entered.
#[test]
fn zsh_transient_prompt_leaves_no_other_line() {
    let startup = "shown() { PS1=$'\\nTOP of the prompt\\nzsh> '; RPROMPT=12:00; }
         precmd_functions=(shown)
         accept() { PS1='short> '; RPROMPT=; zle reset-prompt; zle .accept-line; }
         zle -N accept-line accept\n";
    for marks in ["", ZSH_MARKS] {
        let dir = TestDir::new();
        let launch = zsh_with(&dir, &["-q"], &format!("{startup}{marks}")).cwd(dir.root());
        let mut session = Session::start(launch);
        session.term.wait("zsh> ");
        for command in ["echo one", "printf abc", "seq 3"] {
            session.term.wait_quiet();
            session.term.send(format!("{command}\r"));
            session.term.wait("zsh> ");
        }
        session.term.wait_quiet();
        let shown = session.term.lines();
        assert_eq!(shown.iter().filter(|line| line.starts_with("TOP")).count(), 1, "{shown:#?}");
        assert!(shown.contains(&"short> echo one".to_owned()), "{shown:#?}");
        assert_lines_are_those_of_terminal(&mut session);
    }
}

#[test]
fn history_search_leaves_no_other_line() {
    let shells: [(LaunchShell, String, &[&str]); 3] = [
        (bash_with, format!("PS1='bash> '\n{BASH_MARKS}"), SEARCH),
        (zsh_with, format!("PS1='zsh> '; RPROMPT=right\n{ZSH_MARKS}"), SEARCH),
        (fish_with, format!("{FISH_PROMPT}\n{FISH_MARKS}"), FISH_SEARCH),
    ];
    for (launch, startup, search) in shells {
        let dir = TestDir::new();
        let mut session = marked_shell(&dir, launch, &startup, 80);
        run_typed(&mut session, &["echo found-again\r"]);
        run_typed(&mut session, &["true\r"]);
        run_typed(&mut session, search);
        let shown = session.term.lines().join("\n");
        assert!(!shown.contains("search"), "the search is gone from the terminal: {shown}");
        assert_lines_are_those_of_terminal(&mut session);
        assert_eq!(session.call(&["lines", "--command"]).success(), "found-again\n", "{startup}");
    }
}

#[test]
fn fzf_with_height_leaves_no_other_line() {
    needs("fzf");
    for layout in ["default", "reverse"] {
        let dir = TestDir::new();
        let mut session = marked_shell(&dir, bash_with, &format!("PS1='bash> '\n{BASH_MARKS}"), 80);
        let mut answered = session.term.output().len();
        session.term.send(format!("seq 50 | fzf --height 8 --layout {layout}\r"));
        let shows = |text: &'static str| move |term: &Terminal| term.rows().iter().any(|row| row.contains(text));
        wait_answering(&mut session.term, &mut answered, "the list", shows("50/50"));
        session.term.send("2");
        wait_answering(&mut session.term, &mut answered, "the shorter list", shows("/50"));
        session.term.send("\r");
        wait_answering(&mut session.term, &mut answered, "the choice", |term| {
            term.rows().iter().any(|row| row == "bash>") && term.rows().contains(&"2".to_owned())
        });
        assert_eq!(session.call(&["lines", "--command"]).success(), "2\n", "{layout}");
        assert_lines_are_those_of_terminal(&mut session);
    }
}

/// A job prints at the prompt, before anything is typed. bash goes on in the row below; zsh and fish draw the prompt
/// anew when they report the end of the job.
#[test]
fn output_of_background_job_is_no_command_text() {
    let job = |group: &str| format!("mkfifo ~/go; {group}");
    let posix = job("(read x < ~/go; echo FROM-JOB) &");
    // bash would report the end of the job between the output of the next command and its end mark.
    let bash = format!("{posix} disown");
    let fish = job("sh -c 'read x < ~/go; echo FROM-JOB' &");
    let shells: [(LaunchShell, String, &str); 3] = [
        (bash_with, format!("PS1='bash> '\n{BASH_MARKS}"), &bash),
        (zsh_with, format!("PS1='zsh> '\n{ZSH_MARKS}"), &posix),
        (fish_with, format!("{FISH_PROMPT}\n{FISH_MARKS}"), &fish),
    ];
    for (launch, startup, job) in shells {
        let dir = TestDir::new();
        let mut session = marked_shell(&dir, launch, &startup, 80);
        run_typed(&mut session, &[&format!("{job}\r")]);
        std::fs::write(session.term.home().join("go"), "\n").expect("the job reads");
        session.term.wait("FROM-JOB\r\n");
        session.term.wait_quiet();
        run_typed(&mut session, &["echo typed\r"]);
        assert_eq!(command_texts(&mut session).pop().flatten().as_deref(), Some("echo typed"), "{startup}");
        assert_eq!(session.call(&["lines", "--command"]).success(), "typed\n", "{startup}");
        assert!(session.term.lines().iter().any(|line| line.contains("FROM-JOB")));
        assert_lines_are_those_of_terminal(&mut session);
    }
}

/// Fails unless the last line is `text` and all lines are those of the terminal.
#[track_caller]
fn assert_last_line(session: &mut Session, text: &str) {
    let shown = session.term.lines();
    assert_eq!(shown.last().map(String::as_str), Some(text), "the terminal");
    let lines = lines(session);
    assert_eq!(lines.last().map(String::as_str), Some(text), "coshell lines: {lines:#?}");
    assert_lines_are_those_of_terminal(session);
}

/// Returns whether the last line of the terminal is `text`.
fn shows_last(text: &str) -> impl Fn(&Terminal) -> bool {
    move |term| term.lines().last().is_some_and(|line| line == text)
}

/// Sends the keys of each step, and checks that its line is the last one, on the terminal and in `lines`.
fn assert_last_lines(session: &mut Session, answered: &mut usize, steps: &[(&str, &str)]) {
    for (keys, last) in steps {
        session.term.send(keys);
        wait_answering(&mut session.term, answered, last, shows_last(last));
        assert_last_line(session, last);
    }
}

#[test]
fn ipython_prompt_is_last_line() {
    let Some(ipython) = fetched(IPYTHON) else { return };
    for no_cpr in ["0", "1"] {
        let argv = ["-q", "--", &ipython.to_string_lossy(), "--no-banner", "--no-confirm-exit"];
        let launch = coshell(&argv).env("PROMPT_TOOLKIT_NO_CPR", no_cpr).env("IPYTHON_NO_HISTORY", "1");
        let mut session = Session::start(launch);
        let mut answered = 0;
        let steps = [("", "In [1]:"), ("1 + 1", "In [1]: 1 + 1"), ("\r", "In [2]:")];
        assert_last_lines(&mut session, &mut answered, &steps);
        assert!(lines(&mut session).contains(&"Out[1]: 2".to_owned()));
        session.term.send("for x in range(2):\r");
        wait_answering(&mut session.term, &mut answered, "the continuation", shows_last("   ...:"));
        assert_lines_are_those_of_terminal(&mut session);
    }
}

const PROMPT_TOOLKIT: &str = "
import sys
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
words = ['first', 'second', 'third'] + ['alike-%d' % n for n in range(12)]
toolbar = {'bottom_toolbar': 'the toolbar'} if sys.argv[1] == 'toolbar' else {}
session = PromptSession(completer=WordCompleter(words), complete_while_typing=True, **toolbar)
while True:
    print('got', session.prompt('ask> '))
";

#[test]
fn prompt_toolkit_prompt_is_last_line() {
    let Some(python) = fetched(PYTHON) else { return };
    let dir = TestDir::new();
    let program = dir.write_file("ask.py", PROMPT_TOOLKIT);
    let argv = ["-q", "--", &python.to_string_lossy(), &program, "none"];
    // The second terminal has hardly room for the rows that are reserved.
    for rows in [24, 10] {
        let mut session = Session::start(coshell(&argv).size(rows, 60, 0, 0));
        let mut answered = 0;
        assert_last_lines(&mut session, &mut answered, &[("", "ask>"), ("x y", "ask> x y"), ("\r", "ask>")]);
        // The menu of completions comes and goes below the prompt.
        session.term.send("al");
        wait_answering(&mut session.term, &mut answered, "the menu", |term| {
            term.lines().join("\n").contains("alike-1")
        });
        assert_lines_are_those_of_terminal(&mut session);
        session.term.send("\x15z");
        wait_answering(&mut session.term, &mut answered, "the menu to go", shows_last("ask> z"));
        assert_last_line(&mut session, "ask> z");
    }
}

#[test]
fn lines_with_prompt_toolkit_toolbar_are_those_of_terminal() {
    let Some(python) = fetched(PYTHON) else { return };
    let dir = TestDir::new();
    let program = dir.write_file("ask.py", PROMPT_TOOLKIT);
    let mut session = Session::start(coshell(&["-q", "--", &python.to_string_lossy(), &program, "toolbar"]));
    let mut answered = 0;
    for (keys, row) in [("", "ask>"), ("x y", "ask> x y"), ("\r", "ask>")] {
        session.term.send(keys);
        wait_answering(&mut session.term, &mut answered, row, |term| {
            let rows = term.rows();
            rows.iter().rfind(|shown| shown.starts_with("ask>")).is_some_and(|shown| shown == row)
                && rows.iter().any(|shown| shown.contains("the toolbar"))
                && (keys != "\r" || rows.contains(&"got x y".to_owned()))
        });
        assert_lines_are_those_of_terminal(&mut session);
    }
}

/// Runs a program with bars, takes a note on the second one while they rest at 40 %, when a trigger captures and marks it,
/// too, and lets them go on to their end.
fn assert_bars(python: &str, program: &str, rows: u16) {
    let dir = TestDir::new();
    let file = write_bars(&dir, program);
    // What stands above the bars, so that they scroll in a low terminal.
    let script = "seq 8; \"$0\" \"$1\" rests; read x";
    let trigger = ["-q", "-t", r"beta.*\b40%", "--capture", "--mark"];
    let launch = coshell(&[&trigger[..], &["--", "sh", "-c", script, python, &file]].concat());
    let mut session = Session::start(launch.size(rows, 80, 0, 0));
    wait_bars(&mut session.term);
    assert_lines_are_those_of_terminal(&mut session);
    assert_screen_is_that_of_terminal(&mut session);
    let resting: Vec<_> = numbered_lines(&mut session);
    let number = resting.iter().find(|(_, text)| text.contains("beta")).expect("the bar is a line").0;
    session.call(&["annotate", &number.to_string(), "NOTE"]).success();
    session.term.release();
    session.term.wait("finished");
    session.term.wait_quiet();
    let shown = session.term.lines();
    let lines = numbered_lines(&mut session);
    for name in BARS {
        let on_terminal: Vec<_> = shown.iter().filter(|line| line.contains(name)).collect();
        assert!(on_terminal.len() == 1 && on_terminal[0].contains("100%"), "{name}: the terminal: {shown:#?}");
        let in_lines: Vec<_> = lines.iter().filter(|(_, text)| text.contains(name)).collect();
        assert!(in_lines.len() == 1 && in_lines[0].1.contains("100%"), "{name}: coshell lines: {lines:#?}");
    }
    for kind in ["notes", "captured", "marks"] {
        let answer = session.call(&[kind, "--json"]).json();
        let placed: Vec<_> = answer[kind].as_array().expect("a list").iter().map(|one| one["line"].as_u64()).collect();
        assert!(!placed.is_empty(), "{kind}: {answer}");
        for number in placed {
            let text = lines.iter().find(|line| Some(line.0) == number).map(|(_, text)| text.as_str());
            assert!(
                text.is_some_and(|text| text.contains("beta")),
                "{kind}: line {number:?} is {text:?} in {lines:#?}"
            );
        }
    }
}

#[test]
fn bars_of_rich_keep_their_lines() {
    let Some(python) = fetched(PYTHON) else { return };
    [24, 6].into_iter().for_each(|rows| assert_bars(&python.to_string_lossy(), RICH, rows));
}

#[test]
fn bars_of_tqdm_keep_their_lines() {
    let Some(python) = fetched(PYTHON) else { return };
    [24, 6].into_iter().for_each(|rows| assert_bars(&python.to_string_lossy(), TQDM, rows));
}

#[test]
fn bars_of_docker_pull_keep_their_lines() {
    [24, 6].into_iter().for_each(|rows| assert_bars("python3", DOCKER_PULL, rows));
}

#[test]
fn bars_of_docker_build_keep_their_lines() {
    [24, 6].into_iter().for_each(|rows| assert_bars("python3", DOCKER_BUILD, rows));
}

/// Bytes of apt with its bar in the last of 24 rows: it sets a region without that row, draws the bar there between ESC 7
/// and ESC 8, and at the end takes both back.
fn apt(end: bool) -> String {
    let bar = |percent: usize| {
        let done = "#".repeat(percent / 4);
        format!("\x1b7\x1b[24;0f\x1b[42m\x1b[30mProgress: [{percent:3}%]\x1b[49m\x1b[39m [{done:.<25}] \x1b8")
    };
    let mut bytes = "Reading package lists... Done\r\n\r\n\x1b7\x1b[0;23r\x1b8\x1b[1A".to_owned();
    for n in 0..=25 {
        bytes += &format!("{}Unpacking hello{n} (2.10-3) ...\r\n", bar(n * 4));
    }
    if end {
        bytes += "\r\n\x1b7\x1b[0;24r\x1b8\x1b[1A\x1b[JProcessing triggers\r\n";
    }
    bytes
}

#[test]
fn bar_of_apt_is_not_mixed_into_lines() {
    let unpacking: Vec<_> = (0..=25).map(|n| format!("Unpacking hello{n} (2.10-3) ...")).collect();
    for end in [false, true] {
        let bytes = apt(end);
        let (mut session, _dir) = print(bytes.as_bytes(), &["-t", r"^Unpacking \w+ \S+ \.\.\.$", "--capture"]);
        let rows = terminal_rows(&bytes);
        let bars_shown = rows.iter().filter(|row| row.starts_with("Progress: [100%]")).count();
        assert_eq!(bars_shown, usize::from(!end), "{rows:#?}");
        let lines = lines(&mut session);
        let printed: Vec<_> = lines.iter().filter(|line| line.contains("hello")).collect();
        assert_eq!(printed, unpacking.iter().collect::<Vec<_>>(), "end: {end}, {lines:#?}");
        let bars = lines.iter().filter(|line| line.contains("Progress")).count();
        assert!(bars <= bars_shown, "end: {end}, {lines:#?}");
        assert_eq!(lines.iter().any(|line| line == "Processing triggers"), end, "{lines:#?}");
        assert_eq!(captured(&mut session), unpacking, "end: {end}");
        let screen = session.call(&["screen"]).success();
        let screen: Vec<_> = screen.lines().map(|row| row.trim_end().to_owned()).collect();
        assert_eq!(screen, rows[..screen.len()], "end: {end}");
    }
}

/// Returns the rows that a terminal of 24 rows shows of `bytes`. `vt100` knows neither HVP nor SCOSC and SCORC, which are
/// CUP, DECSC and DECRC by other names.
fn terminal_rows(bytes: &str) -> Vec<String> {
    let bytes = bytes.replace(";0f", ";1H").replace("\x1b[s", "\x1b7").replace("\x1b[u", "\x1b8");
    let mut terminal = vt100::Parser::new(24, 80, 0);
    terminal.process(bytes.as_bytes());
    terminal.screen().rows(0, 80).map(|row| row.trim_end().to_owned()).collect()
}

/// Returns the lines that triggers have captured.
#[track_caller]
fn captured(session: &mut Session) -> Vec<String> {
    let answer = session.call(&["captured", "--json"]).json();
    let quote = |line: &Value| line["quote"].as_str().expect("a text").to_owned();
    answer["captured"].as_array().expect("lines").iter().map(quote).collect()
}

/// The same bar in a session that has shown nothing yet, saved and restored in two ways.
#[test]
fn bar_in_last_row_of_fresh_session_is_no_part_of_line() {
    for (save, restore) in [("\x1b7", "\x1b8"), ("\x1b[s", "\x1b[u")] {
        for column in [1, 10] {
            let bar = format!("{save}\x1b[24;{column}H\x1b[7mProgress: [ 20%] [####....]\x1b[m{restore}");
            let bytes = format!("start\r\n{bar}hello foo\r\n{bar}hello bar\r\nnext\r\n");
            let (mut session, _dir) = print(bytes.as_bytes(), &["-t", r"^hello (\w+)$", "--capture"]);
            assert_eq!(terminal_rows(&bytes)[..4], ["start", "hello foo", "hello bar", "next"]);
            let lines = lines(&mut session);
            assert_eq!(lines[..4], ["start", "hello foo", "hello bar", "next"], "{save:?}, {column}");
            assert!(
                lines[4..].iter().all(|line| line.is_empty() || line.trim_start().starts_with("Progress")),
                "{lines:#?}"
            );
            assert_eq!(captured(&mut session), ["hello foo", "hello bar"], "{save:?}, {column}");
        }
    }
}

/// Runs `script` in a session inside tmux, since `vt100` has neither line drawing nor tab stops. Fails unless `lines` and
/// `screen` are `expected`, and tmux shows the same.
fn assert_rows_in_tmux(name: &str, script: &str, expected: &[&str]) {
    needs("tmux");
    let dir = TestDir::new();
    dir.write_file("tmux.conf", "set -g status off\n");
    let program = dir.write_program("program", format!("#!/bin/sh\n{script}\nread x\n"));
    let inside = format!("exec env XDG_RUNTIME_DIR='{0}' \"$WRAP\" -q -- '{program}'", dir.root().display());
    let tmux = ["tmux", "-u", "-f", "tmux.conf", "-S", "./socket"];
    let keep = [";", "set", "-g", "destroy-unattached", "on"];
    let argv = [&tmux[..], &["new-session", &inside], &keep].concat();
    let mut term = direct(&argv).cwd(dir.root()).size(12, 40, 0, 0).start();
    term.wait_until("the last row", |term| term.rows().iter().any(|row| row.contains("END")));
    term.wait_quiet();
    let rows = |text: Vec<u8>| {
        let text = String::from_utf8(text).expect("UTF-8");
        let mut rows: Vec<_> = text.lines().map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    };
    let session = std::fs::read_dir(dir.path("coshell")).expect("the session's directory");
    let sockets = session
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".sock").map(str::to_owned));
    let id = sockets.last().expect("the session's socket");
    let output = |subcommand: &str| {
        let mut command = Command::new(COSHELL);
        command.args([subcommand, "--session", &id]).env("XDG_RUNTIME_DIR", dir.root()).env_remove("COSHELL_SOCKET");
        let output = command.output().expect("the program starts");
        assert!(output.status.success(), "{output:?}");
        rows(output.stdout)
    };
    assert_eq!(rows(term.rows().join("\n").into_bytes()), expected, "{name}: tmux");
    assert_eq!(output("screen"), expected, "{name}: coshell screen");
    assert_eq!(output("lines"), expected, "{name}: coshell lines");
}

#[test]
fn line_drawing_is_drawn_in_lines_and_screen() {
    let frame = ["┌──┐", "│hi│", "└──┘", "END lqk"];
    for (name, script) in [
        ("SO", r"printf '\033(B\033)0\016lqqk\017\n\016x\017hi\016x\n\016mqqj\017\nEND lqk\n'"),
        ("G0", r"printf '\033(0lqqk\033(B\n\033(0x\033(Bhi\033(0x\nmqqj\033(B\nEND lqk\n'"),
        ("saved", r"printf '\033(0lqqk\033(B\n\033(0x\0337\033(Bhi\0338\033[2Cx\nmqqj\033(B\nEND lqk\n'"),
    ] {
        assert_rows_in_tmux(name, script, &frame);
    }
}

#[test]
fn set_tab_stops_are_kept_in_lines_and_screen() {
    let script =
        "tabs -4; printf '\\ra\\tb\\tc\\n'; tabs -8; printf '\\ra\\tb\\n'; tabs 3,9; printf '\\ra\\tb\\tEND\\n'";
    assert_rows_in_tmux("tabs", &format!("printf 'x\\n'; {script}"), &["x", "a   b   c", "a       b", "a b     END"]);
}

/// Runs a full-screen program until it shows `text`, ends it by `keys`, and fails unless the lines are those of the
/// terminal in the end, and none of its rows is among them.
fn assert_no_lines_of(program: &str, text: &str, keys: &str) {
    needs(program.split(' ').next().expect("a program"));
    let dir = TestDir::new();
    dir.write_file("file", (1..=50).map(|n| format!("row {n}\n")).collect::<String>());
    dir.write_file("tmux.conf", "set -g status off\nset -g default-command 'PS1=\"in> \" sh'\n");
    let launch = bash_with(&dir, &["-q"], &format!("PS1='bash> '\n{BASH_MARKS}")).cwd(dir.root());
    let mut session = Session::start(launch);
    session.term.wait(PROMPT_END);
    session.term.send(format!("echo before; {program}\r"));
    session.term.wait_until(text, |term| term.screen().alternate_screen() && term.rows().concat().contains(text));
    assert_screen_is_that_of_terminal(&mut session);
    session.term.skip_unread();
    session.term.send(keys);
    session.term.wait(COMMAND_END);
    session.term.wait(PROMPT_END);
    session.term.send("echo after\r");
    session.term.wait(COMMAND_END);
    session.term.wait(PROMPT_END);
    assert_lines_are_those_of_terminal(&mut session);
    let lines = lines(&mut session);
    let rows = |line: &&String| !line.starts_with("bash> ") && line.contains(text);
    assert_eq!(lines.iter().filter(rows).count(), 0, "{lines:#?}");
    assert_eq!(session.call(&["lines", "--command=2"]).success().lines().next(), Some("before"));
}

#[test]
fn full_screen_programs_leave_no_lines() {
    for (program, text, keys) in [
        ("vim -u NONE file", "row 7", ":q!\r"),
        ("less file", "row 7", "jjq"),
        ("watch -t -n 0.1 cat file", "row 7", "\x03"),
        ("tmux -S ./socket -f tmux.conf", "in>", "exit\r"),
    ] {
        assert_no_lines_of(program, text, keys);
    }
}

#[test]
fn htop_leaves_no_lines() {
    assert_no_lines_of("htop -d 100", "Load average", "q");
}

/// watch draws anew only the characters that have changed.
#[test]
fn row_of_watch_matches_as_drawn() {
    needs("watch");
    let dir = TestDir::new();
    let file = dir.write_file("state", "pods ready: 1 of 3\nother\n");
    let argv = ["-q", "-t", r"^pods ready: (\d) of 3$", "--capture", "--", "watch", "-t", "-n", "0.1", "cat", &file];
    let mut session = Session::start(coshell(&argv));
    for n in ["1", "2", "3"] {
        let row = format!("pods ready: {n} of 3");
        // By another file, since watch must not see half of the text.
        std::fs::rename(dir.write_file("new", format!("{row}\nother\n")), &file).expect("the directory is ours");
        session.term.wait_until(&row, |term| term.rows().contains(&row));
        session.term.wait_quiet();
        assert_eq!(captured(&mut session).last(), Some(&row), "{:#?}", session.term.rows());
    }
}

#[test]
fn lines_of_pytest_are_those_of_terminal() {
    let Some(pytest) = fetched(PYTEST) else { return };
    let dir = TestDir::new();
    let tests = "def test_passes(): pass\ndef test_fails(): assert 1 == 2\n";
    dir.write_file(
        "test_one.py",
        format!("import pytest\n@pytest.mark.parametrize('n', range(90))\ndef test_n(n): pass\n{tests}"),
    );
    let mut session = marked_shell(&dir, bash_with, &format!("PS1='bash> '\n{BASH_MARKS}"), 80);
    run_typed(&mut session, &[&format!("{} --color=yes test_one.py\r", pytest.display())]);
    assert!(
        session.term.lines().iter().any(|line| line.contains("1 failed, 91 passed")),
        "{:#?}",
        session.term.lines()
    );
    assert_lines_are_those_of_terminal(&mut session);
    let shown = session.term.lines();
    let from = shown.iter().position(|line| line.ends_with("test_one.py")).expect("the command") + 1;
    let output = session.call(&["lines", "--command"]).success();
    assert_eq!(output.lines().map(str::trim_end).collect::<Vec<_>>(), shown[from..shown.len() - 1]);
}

/// vitest draws its summary anew below the lines that it prints.
#[test]
fn lines_of_vitest_are_those_of_terminal() {
    let Some(vitest) = fetched(VITEST) else { return };
    let dir = TestDir::new();
    for n in 1..=3 {
        let test = format!(
            "test('is fine', async () => {{ await new Promise(done => setTimeout(done, {n}00)); expect({n}).toBe({n}); }});\n"
        );
        dir.write_file(&format!("file{n}.test.js"), test);
    }
    let mut session = marked_shell(&dir, bash_with, &format!("PS1='bash> '\n{BASH_MARKS}"), 80);
    run_typed(&mut session, &[&format!("{} run --globals --root .\r", vitest.display())]);
    let shown = session.term.lines();
    let count = |text: &str, lines: &[String]| lines.iter().filter(|line| line.contains(text)).count();
    assert!(count("3 passed (3)", &shown) > 0, "{shown:#?}");
    assert_lines_are_those_of_terminal(&mut session);
    let lines = lines(&mut session);
    for n in 1..=3 {
        assert_eq!(count(&format!("file{n}.test.js"), &lines), 1, "{lines:#?}");
    }
}
