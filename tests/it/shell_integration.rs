//! Prompt marks (OSC 133) with the texts of commands, and directories (OSC 7), of the shell integration: their order, and
//! that nothing else changes. Real shells with various start-up files run in a session.

use std::fmt::Write as _;

use regex::bytes::Regex;

use crate::support::{Launch, Session, Terminal, TestDir, contains, coshell, count, direct, needs};

/// Line of a start-up file that loads the integration; `$WRAP` is the coshell under test.
const BASH: &str = "eval \"$(\"$WRAP\" integration bash)\"";
const ZSH: &str = "eval \"$(\"$WRAP\" integration zsh)\"";
const FISH: &str = "\"$WRAP\" integration fish | source";

/// Mark at the end of each prompt: the shell waits for input then.
const PROMPT_END: &str = "\x1b]133;B\x07";

/// Returns bash in a session, with `startup` as its start-up file.
fn bash_launch(dir: &TestDir, startup: &str) -> Launch {
    let rc = dir.write_file("bashrc", startup);
    coshell(&["-q", "--", "bash", "--noprofile", "--rcfile", &rc, "-i"]).cwd(dir.root())
}

fn zsh_launch(dir: &TestDir, startup: &str) -> Launch {
    needs("zsh");
    dir.write_file(".zshrc", startup);
    coshell(&["-q", "--", "zsh", "-d", "-i"]).env("ZDOTDIR", dir.root()).cwd(dir.root())
}

fn fish_launch(dir: &TestDir, startup: &str) -> Launch {
    needs("fish");
    let config = dir.write_file("config.fish", format!("set -g fish_greeting\n{startup}"));
    let source = format!("source {config}");
    coshell(&["-q", "--", "fish", "--private", "-C", &source]).cwd(dir.root())
}

/// Starts bash in a session with `startup` as its start-up file.
fn bash(dir: &TestDir, startup: &str) -> Terminal {
    bash_launch(dir, startup).start()
}

fn zsh(dir: &TestDir, startup: &str) -> Terminal {
    zsh_launch(dir, startup).start()
}

fn fish(dir: &TestDir, startup: &str) -> Terminal {
    fish_launch(dir, startup).start()
}

/// Function that starts a shell in a session with the given start-up file.
type StartShell = fn(&TestDir, &str) -> Terminal;

/// Returns the marks shown without the texts of commands, such as `7 A B C D;0`; a URL stands in place of `7` where the directory has changed.
fn marks(term: &Terminal) -> String {
    let mark = Regex::new(r"\x1b\](?:133;([^\x07\x1b]*)|7;(file:[^\x07\x1b]*))").expect("a pattern");
    let (mut text, mut last) = (String::new(), None);
    for found in mark.captures_iter(term.output()) {
        let group = |n| found.get(n).map(|group| String::from_utf8_lossy(group.as_bytes()).into_owned());
        match (group(1), group(2)) {
            (Some(mark), _) => {
                let mark = mark.split(";cmdline_url=").next().unwrap_or_default();
                write!(text, "{mark} ").expect("a string");
            }
            (None, dir) if last.is_some() && last != dir => {
                write!(text, "{} ", dir.as_deref().unwrap_or_default()).expect("a string");
                last = dir;
            }
            (None, dir) => {
                text.push_str("7 ");
                last = dir;
            }
        }
    }
    text.trim_end().to_owned()
}

/// Waits for the first prompt, then types each of `keys` and waits for the next prompt.
fn type_at_prompts(term: &mut Terminal, keys: &[&str]) {
    term.wait(PROMPT_END);
    for keys in keys {
        type_keys(term, keys);
        term.wait(PROMPT_END);
    }
}

/// Types `keys`, with a final Ctrl-C only after the text before it is echoed.
fn type_keys(term: &mut Terminal, keys: &str) {
    let text = keys.trim_end_matches('\x03');
    term.send(text);
    if text != keys {
        term.wait_until("the echo", |term| term.rows().iter().any(|row| row.contains(text)));
        // bash and zsh see an interrupt just before they wait for a key only with that key.
        term.wait_quiet();
        term.send("\x03");
    }
}

/// Starts a shell, types each of `keys` at a prompt, and fails unless the marks are `expected`. Returns the bytes
/// shown.
fn expect_marks(start: StartShell, startup: &str, keys: &[&str], expected: &str) -> Vec<u8> {
    let dir = TestDir::new();
    let mut term = start(&dir, startup);
    type_at_prompts(&mut term, keys);
    assert_eq!(marks(&term), expected, "{startup}\n{}", term.text());
    term.output().to_vec()
}

/// Starts a shell whose start-up file resets the prompt after the integration, and fails unless marks are complete
/// behind `prompts`.
fn expect_marks_after_prompt_reset(start: StartShell, startup: &str, prompts: &[&str]) {
    let dir = TestDir::new();
    let mut term = start(&dir, startup);
    for prompt in prompts {
        term.wait(prompt);
        term.send("true\r");
    }
    term.wait("anew> \x1b]133;B");
    term.send("(exit 4)\r");
    term.wait("anew> \x1b]133;B");
    assert!(marks(&term).ends_with("7 A B C D;4 7 A B"), "{}", marks(&term));
}

/// Typical input at a prompt: a failure, an empty line, Ctrl-C, a command of several lines, a success.
const TYPICAL_KEYS: &[&str] = &["(exit 3)\r", "\r", "abc\x03", "for x in 1 2; do\recho $x; done\r", "true\r"];
const TYPICAL_MARKS: &str = "7 A B C D;3 7 A B 7 A B 7 A B C D;0 7 A B C D;0 7 A B";

#[test]
fn bash_marks_prompts_commands_and_statuses() {
    expect_marks(bash, &format!("PS1='p> '\n{BASH}"), TYPICAL_KEYS, TYPICAL_MARKS);
}

/// Sources the integration twice in start-up files that change prompts and hooks in every known way.
#[test]
fn bash_marks_survive_prompt_customizations() {
    let reset = "anew() { PS1='anew> '; }";
    let flag = "trap '[ -z \"$ready\" ] || { ready=; echo \"(( $BASH_COMMAND ))\"; }' DEBUG";
    let files = [
        format!("PROMPT_COMMAND='true;'\n{BASH}\n{BASH}"),
        format!("PROMPT_COMMAND=(true 'echo \"status $?\"')\n{BASH}\n{BASH}"),
        format!("set -eu; unset PROMPT_COMMAND PS0\n{BASH}\n{BASH}"),
        format!("{reset}; PROMPT_COMMAND=anew\n{BASH}\n{BASH}"),
        format!("{BASH}\nPROMPT_COMMAND=\"PS1='anew> '; $PROMPT_COMMAND\"\n{BASH}"),
        format!("{BASH}\nPROMPT_COMMAND=\"false; $PROMPT_COMMAND\""),
        format!("{BASH}\nPROMPT_COMMAND+=('false')\n{BASH}"),
        format!("{flag}; PROMPT_COMMAND='true; ready=1;'\n{BASH}\n{BASH}"),
        format!("{BASH}\nPS1=\"(venv) $PS1\"\n{BASH}"),
        format!("PS1='one\\ntwo> '; PS0='(ps0)'\n{BASH}\n{BASH}"),
        format!("set -o vi; bind 'set show-mode-in-prompt on'\n{BASH}\n{BASH}"),
        format!("export PS1 PROMPT_COMMAND PS0; shopt -s extglob nocasematch; set -f; IFS=a\n{BASH}\n{BASH}"),
    ];
    for file in files {
        let keys = ["! true\r", "\r", "abc\x03", "echo hi\r"];
        let seen =
            expect_marks(bash, &format!("PS1='p> '\n{file}"), &keys, "7 A B C D;1 7 A B 7 A B 7 A B C D;0 7 A B");
        assert!(!contains(&seen, "unbound") && !contains(&seen, "not found"), "{file}\n{}", seen.escape_ascii());
    }
}

/// A hook behind the integration that resets PS1 is overtaken at the third prompt at the latest.
#[test]
fn bash_marks_survive_prompt_reset_by_later_hook() {
    for trap in ["", "trap true DEBUG; "] {
        let file = format!("{trap}PS1='p> '\n{BASH}\nanew() {{ PS1=\"anew> \"; }}; PROMPT_COMMAND+=(anew)\n");
        expect_marks_after_prompt_reset(bash, &file, &["anew> ", "anew> ", "anew> \x1b]133;B"]);
    }
}

/// A DEBUG trap that tells typed commands from prompt commands sees the same as without marks.
#[test]
fn bash_debug_trap_sees_typed_commands_only() {
    let flag = "trap '[ -z \"$ready\" ] || { ready=; echo \"<<$BASH_COMMAND>>\"; }' DEBUG; PROMPT_COMMAND='ready=1'";
    let dir = TestDir::new();
    let mut term = bash(&dir, &format!("PS1='p> '\n{flag}\n{BASH}"));
    type_at_prompts(&mut term, &["echo one\r", "echo two\r"]);
    assert!(contains(term.output(), "<<echo one>>") && contains(term.output(), "<<echo two>>"), "{}", term.text());
}

/// bash-preexec: its functions run first, and the assignment that arms its trap has to come last in a prompt.
#[test]
fn bash_marks_work_with_bash_preexec() {
    let preexec = "bash_preexec_imported=defined; precmd_functions=(); typed=\n\
         invoke() { local status=$? f; for f in \"${precmd_functions[@]}\"; do (exit $status); $f; done; }\n\
         trap '[ -z \"$typed\" ] || { typed=; echo \"<<$BASH_COMMAND>>\"; }' DEBUG\n\
         PROMPT_COMMAND=$'invoke\\ntyped=1'";
    let file = format!("PS1='p> '\n{preexec}\n{BASH}\n{BASH}");
    let seen = expect_marks(bash, &file, &["(exit 3)\r", "\r", "echo one\r"], "7 A B C D;3 7 A B 7 A B C D;0 7 A B");
    assert!(contains(&seen, "<<echo one>>"), "{}", seen.escape_ascii());
}

#[test]
fn zsh_marks_prompts_commands_and_statuses() {
    expect_marks(zsh, &format!("PS1='p> '\n{ZSH}"), TYPICAL_KEYS, TYPICAL_MARKS);
}

#[test]
fn zsh_marks_survive_prompt_customizations() {
    let reset = "anew() { PS1='anew> '; }";
    let files = [
        format!("{ZSH}\n{ZSH}"),
        format!("precmd() {{ echo \"status $?\"; false; }}; preexec() {{ echo \"runs $1\"; }}\n{ZSH}\n{ZSH}"),
        format!("setopt no_unset err_return; unset precmd_functions preexec_functions\n{ZSH}\n{ZSH}"),
        format!("setopt ksh_arrays sh_word_split extended_glob glob_subst prompt_subst\n{ZSH}\n{ZSH}"),
        format!("{reset}; precmd_functions=(anew)\n{ZSH}\n{ZSH}"),
        format!(
            "{ZSH}\nautoload -Uz add-zsh-hook; other() {{ false; }}; add-zsh-hook precmd other; add-zsh-hook preexec other"
        ),
        format!("{ZSH}\nPS1=\"(venv) $PS1\"\n{ZSH}"),
        format!("PS1=$'one\\ntwo> '\n{ZSH}\n{ZSH}"),
        format!("bindkey -v\n{ZSH}\n{ZSH}"),
        format!("setopt no_clobber no_prompt_sp transient_rprompt; RPS1=right\n{ZSH}\n{ZSH}"),
    ];
    for file in files {
        let keys = ["(exit 3)\r", "\r", "abc\x03", "echo hi\r"];
        let seen = expect_marks(zsh, &format!("PS1='p> '\n{file}"), &keys, "7 A B C D;3 7 A B 7 A B 7 A B C D;0 7 A B");
        assert!(!contains(&seen, "__coshell"), "{file}\n{}", seen.escape_ascii());
    }
}

#[test]
fn zsh_marks_survive_prompt_reset_by_later_hook() {
    let file = format!("PS1='p> '\n{ZSH}\nanew() {{ PS1='anew> '; }}; precmd_functions+=(anew)");
    expect_marks_after_prompt_reset(zsh, &file, &["anew> "]);
}

#[test]
fn fish_marks_prompts_commands_and_statuses() {
    let prompt = "function fish_prompt; echo \"$status,$pipestatus> \"; end";
    let keys = ["false\r", "true | false | true\r", "\r", "for x in 1 2\recho $x; end\r", "true\r"];
    let marks = "7 A B C D;1 7 A B C D;0 7 A B 7 A B C D;0 7 A B C D;0 7 A B";
    let seen = expect_marks(fish, &format!("{prompt}\n{FISH}\n{FISH}"), &keys, marks);
    let prompts = ["0,0> ", "1,1> ", "0,0 1 0> "];
    assert!(prompts.iter().all(|prompt| contains(&seen, prompt)), "the prompt sees no status: {}", seen.escape_ascii());
}

/// fish redraws its prompt any number of times, each time with its marks.
#[test]
fn fish_redrawn_prompt_keeps_mark_pairs() {
    let prompts = [
        "function fish_prompt; printf 'one\\ntwo> '; end",
        "function fish_prompt; echo 'p> '; end; fish_vi_key_bindings",
        "function fish_prompt; set_color red; echo -n 'p> '; set_color normal; end",
        "function fish_prompt; end",
    ];
    let pair = Regex::new("^7 (A B )+C D;0 7 (A B )+$").expect("a pattern");
    for prompt in prompts {
        let dir = TestDir::new();
        let mut term = fish(&dir, &format!("{prompt}\n{FISH}"));
        type_at_prompts(&mut term, &["echo hi\r", "abc\x03"]);
        // A redraw may be incomplete at this point.
        term.wait_quiet();
        let all = marks(&term);
        assert!(pair.is_match(format!("{all} ").as_bytes()), "{prompt}: {all}\n{}", term.text());
    }
}

#[test]
fn fish_marks_redefined_prompt() {
    let dir = TestDir::new();
    let mut term = fish(&dir, &format!("function fish_prompt; echo 'p> '; end\n{FISH}"));
    type_at_prompts(&mut term, &["function fish_prompt; echo 'anew> '; end\r"]);
    term.wait_until("the new prompt, marked", |term| contains(term.output(), "\x1b]133;A\x07anew> \x1b]133;B\x07"));
}

/// Enters a directory whose name needs percent-encoding in a URL.
#[test]
fn directory_is_reported_as_url_in_each_shell() {
    let name = "a b;%é中'\"&\u{7f}~";
    let encoded = "/a%20b%3B%25%C3%A9%E4%B8%AD%27%22%26%7F~";
    let shells: [(StartShell, &str); 3] = [(bash, BASH), (zsh, ZSH), (fish, FISH)];
    for (start, source) in shells {
        let dir = TestDir::new();
        std::fs::create_dir(dir.path(name)).expect("a directory");
        let mut term = start(&dir, source);
        type_at_prompts(&mut term, &["cd a*\r", "cd ..\r"]);
        let all = marks(&term);
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host's name");
        let url = format!("file://{}{}{encoded} ", host.trim(), dir.root().canonicalize().unwrap().display());
        assert!(all.to_lowercase().contains(&url.to_lowercase()), "{source}: {all}");
        assert!(all.contains("D;0 file://") && !all.ends_with(encoded), "{source}: {all}");
    }
}

/// Marks have no width: long lines wrap and are edited as without them.
#[test]
fn screen_with_marks_equals_screen_without() {
    let two = "function fish_prompt; printf 'one\\ntwo> '; end";
    let shells: [(StartShell, &str, &str); 3] =
        [(bash, "PS1='one\\ntwo> '", BASH), (zsh, "PS1=$'one\\ntwo> '; RPS1=right", ZSH), (fish, two, FISH)];
    for (start, prompt, source) in shells {
        let long = format!("echo {}", "0123456789 ".repeat(9));
        let state_with = |startup: &str| {
            let dir = TestDir::new();
            let mut term = start(&dir, startup);
            term.wait_until("a prompt", |term| term.rows().iter().any(|row| row.starts_with("two>")));
            term.send(format!("{long}\x01\x1b[C\x1b[CX\x05Y"));
            term.wait_until("the line", |term| term.rows().iter().any(|row| row.trim_end().ends_with('Y')));
            term.wait_quiet();
            (term.rows(), term.screen().cursor_position())
        };
        assert_eq!(state_with(&format!("{prompt}\n{source}")), state_with(prompt), "{source}");
    }
}

/// A prompt that already has marks gets no others.
#[test]
fn existing_marks_are_not_doubled() {
    let (open, close) = ("\\e]133;A\\a", "\\e]133;B\\a");
    let foreign = format!("PS1='\\[{open}\\]p> \\[{close}\\]'; PS0='\\e]133;C\\a'");
    let later = format!(
        "{BASH}\nforeign() {{ PS1='\\[{open}\\]p> \\[{close}\\]'; PS0='\\e]133;C\\a'; }}; PROMPT_COMMAND=foreign\n{BASH}"
    );
    for file in [format!("{foreign}\n{BASH}"), later] {
        let dir = TestDir::new();
        let mut term = bash(&dir, &file);
        type_at_prompts(&mut term, &["true\r", "\r"]);
        assert!(marks(&term).ends_with("A B C A B A B"), "{file}: {}", marks(&term));
    }
    let dir = TestDir::new();
    let mut term = zsh(&dir, &format!("PS1=$'%{{{open}%}}p> %{{{close}%}}'\n{ZSH}"));
    type_at_prompts(&mut term, &["true\r", "\r"]);
    assert_eq!(marks(&term).replace("7 ", ""), "A B A B A B");
    let file = format!("function fish_prompt; printf '{open}p> {close}'; end\n{FISH}");
    expect_marks(fish, &file, &["true\r", "\r"], "A B A B A B");
}

/// Outside a session, in a non-interactive shell and on a dumb terminal, the integration prints and sets nothing.
#[test]
fn integration_outside_session_does_nothing() {
    let dir = TestDir::new();
    let rc = dir.write_file(
        "bashrc",
        format!("PS1='p> '\n{BASH}\necho \"<$PS1$PROMPT_COMMAND$(compgen -A function __coshell)>\""),
    );
    let mut term = direct(&["bash", "--noprofile", "--rcfile", &rc, "-i"]).start();
    term.wait("<p> >");
    let mut term = coshell(&["-q", "--", "bash", "-c", &format!("{BASH}; echo \"<$PROMPT_COMMAND>\"")]).start();
    term.wait("<>");
    let mut term = direct(&["zsh", "-f", "-i", "-c", &format!("{ZSH}; echo \"<$precmd_functions>\"")]).start();
    term.wait("<>");
    let mut term =
        direct(&["fish", "--private", "-i", "-c", &format!("{FISH}; functions -q __coshell_before; or echo none")])
            .start();
    term.wait("none");
    let mut term = coshell(&["-q", "--", "bash", "--noprofile", "--rcfile", &rc, "-i"]).env("TERM", "dumb").start();
    term.wait("<p> >");
}

/// Marks of a nested shell, and of the outer shell before and after it.
#[test]
fn nested_shell_has_its_own_marks() {
    let dir = TestDir::new();
    let mut term = bash(&dir, &format!("export PS1='p> '\nexport PROMPT_COMMAND=true\n{BASH}"));
    let inner = format!("bash --noprofile --rcfile {} -i\r", dir.path_str("bashrc"));
    type_at_prompts(&mut term, &[&inner, "(exit 5)\r", "exit 6\r", "true\r"]);
    assert_eq!(marks(&term), "7 A B C 7 A B C D;5 7 A B C D;6 7 A B C D;0 7 A B", "{}", term.text());
    // A shell without start-up file inherits at most a marked prompt, and prints no error.
    type_at_unmarked_prompts(&mut term, &["bash --norc --noprofile -u\r", "echo inside\r"]);
    assert_eq!(count(term.output(), "unbound") + count(term.output(), "not found"), 0, "{}", term.text());
}

fn type_at_unmarked_prompts(term: &mut Terminal, keys: &[&str]) {
    for keys in keys {
        term.send(keys);
        term.wait("> ");
    }
}

/// Function that returns a shell in a session with the given start-up file.
type LaunchShell = fn(&TestDir, &str) -> Launch;

/// Returns the texts that `marks` gives for the commands of the session.
fn texts(session: &mut Session) -> Vec<String> {
    let marks = session.call(&["marks", "--json"]).json();
    let commands = marks["commands"].as_array().expect("commands").iter();
    commands.map(|command| command["text"].as_str().unwrap_or("no text").to_owned()).collect()
}

/// Starts a shell in a session, types each of `keys` at a prompt, and fails unless the commands have the texts beside them.
/// Keys behind a form feed are typed when the shell has drawn what the keys before it do.
fn expect_texts(launch: LaunchShell, startup: &str, keys: &[(&str, &str)]) {
    let files = TestDir::new();
    let mut session = Session::start(launch(&files, startup).env("LC_ALL", "C.UTF-8"));
    session.term.wait(PROMPT_END);
    for (keys, _) in keys {
        for (at, keys) in keys.split('\x0c').enumerate() {
            if at > 0 {
                session.term.wait_quiet();
            }
            session.term.send(keys);
        }
        // A search in the history ends with the prompt, drawn anew with its marks.
        for mark in ["\x1b]133;C", "\x1b]133;D", PROMPT_END] {
            session.term.wait(mark);
        }
    }
    let expected: Vec<&str> = keys.iter().map(|(_, text)| *text).collect();
    assert_eq!(texts(&mut session), expected, "{startup}\n{}", session.term.text());
}

/// Commands of one line, each with its text.
const TYPED: [(&str, &str); 5] = [
    ("echo hi\r", "echo hi"),
    ("echo 'a;b%41'  \"\u{e9}\u{4e2d}\" \\$ ~ [x] +\r", "echo 'a;b%41'  \"\u{e9}\u{4e2d}\" \\$ ~ [x] +"),
    ("echo no\x1b[D\x1b[D\x0bedited\r", "echo edited"),
    // A repeated command, and one that begins with a space.
    ("echo edited\r", "echo edited"),
    (" echo spaced\r", " echo spaced"),
];

#[test]
fn bash_gives_texts_of_commands() {
    // The history has the lines of a command joined.
    let joined = [
        ("for x in 1 2; do\recho $x\rdone\r", "for x in 1 2; do echo $x; done"),
        ("echo 'one\rtwo'\r", "echo 'one\ntwo'"),
        ("echo one \\\rtwo\r", "echo one two"),
        ("\x12b%\r", TYPED[1].1),
    ];
    for startup in [
        "",
        "HISTCONTROL=ignoreboth",
        "HISTCONTROL=ignorespace; HISTIGNORE='ls*'",
        "HISTCONTROL=erasedups",
        "HISTCONTROL=ignoredups; HISTSIZE=8; HISTTIMEFORMAT='%F %T '",
        "set -eu; set -f; IFS=e; shopt -s extglob nocasematch",
        "set -T; trap 'seen=$BASH_COMMAND' DEBUG; PROMPT_COMMAND='history -a; history -n'; HISTFILE=$PWD/history",
    ] {
        expect_texts(bash_launch, &format!("PS1='p> '\n{startup}\n{BASH}"), &[&TYPED[..], &joined].concat());
    }
    // What is printed by a trap, or traced, is no part of the text.
    for startup in ["trap 'echo \"<$BASH_COMMAND>\"' DEBUG; set -T", "set -x", "set -ax; history() { echo 1 2; }"] {
        expect_texts(bash_launch, &format!("PS1='p> '\n{BASH}\n{startup}"), &[&TYPED[..], &joined].concat());
    }
    // Without a history the text is that on the screen.
    expect_texts(bash_launch, &format!("PS1='p> '\nset +o history\n{BASH}"), &TYPED);
}

#[test]
fn zsh_gives_texts_of_commands() {
    let several = [
        ("for x in 1 2; do\recho $x\rdone\r", "for x in 1 2; do\necho $x\ndone"),
        ("echo 'one\rtwo'\r", "echo 'one\ntwo'"),
        ("echo one \\\rtwo\r", "echo one \\\ntwo"),
        ("\x12b%\r", TYPED[1].1),
    ];
    for startup in [
        "",
        "RPROMPT='[%T]'",
        "setopt hist_ignore_space hist_ignore_all_dups ksh_arrays no_unset err_return; RPS1=right",
        "alias echo='echo aliased'",
    ] {
        expect_texts(zsh_launch, &format!("PS1='p> '\n{startup}\n{ZSH}"), &[&TYPED[..], &several].concat());
    }
}

#[test]
fn fish_gives_texts_of_commands() {
    let several = [
        ("for x in 1 2\recho $x\rend\r", "for x in 1 2\necho $x\nend"),
        ("echo 'one\rtwo'\r", "echo 'one\ntwo'"),
        ("echo one \\\rtwo\r", "echo one \\\ntwo"),
        ("\x12\x0cb%\x0c\r\x0c\r", TYPED[1].1),
    ];
    let right = "function fish_prompt; echo 'p> '; end; function fish_right_prompt; echo right; end";
    expect_texts(fish_launch, &format!("{right}\n{FISH}"), &[&TYPED[..], &several].concat());
}

/// A text longer than a control string may be ends in dots.
#[test]
fn long_text_is_cut() {
    let shells: [(LaunchShell, &str); 3] = [(bash_launch, BASH), (zsh_launch, ZSH), (fish_launch, FISH)];
    for (launch, source) in shells {
        let files = TestDir::new();
        let mut session = Session::start(launch(&files, source));
        session.term.wait(PROMPT_END);
        session.term.send(format!("true {}\r", "x".repeat(6000)));
        session.term.wait("\x1b]133;D");
        let text = texts(&mut session).remove(0);
        assert!(text.starts_with("true xxx") && text.ends_with("xxx...") && text.len() < 4096, "{text}");
    }
}

/// kitty's integration sends the text quoted by `printf %q`.
#[test]
fn text_quoted_by_shell_is_read() {
    needs("zsh");
    let typed = [
        "ls",
        "echo 'a' \"b\" \\c $d; e & f | g",
        "a\nb\tc",
        "\u{e9}\u{4e2d}\u{1f600} ~ #x",
        "%q {a,b} [!x]*? ^ =(x) <(y)",
    ];
    let script = r#"for text; do printf '\e]133;C;cmdline=%q\a\e]133;D\a' "$text"; done; echo done; read end"#;
    for (shell, locale) in [("bash", "C"), ("bash", "C.UTF-8"), ("zsh", "C"), ("zsh", "C.UTF-8")] {
        let argv = [&["-q", "--", shell, "-c", script, shell][..], &typed].concat();
        let mut session = Session::start(coshell(&argv).env("LC_ALL", locale));
        session.term.wait("done");
        assert_eq!(texts(&mut session), typed, "{shell} {locale}\n{}", session.term.text());
    }
}
