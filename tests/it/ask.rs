//! Requested lines (`ask`) and file names (`ask --files`).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::{COSHELL, Ended, PROMPT, Session, Terminal, TestDir, bash, direct};

/// Starts bash in coshell and waits for its prompt.
fn bash_at_prompt() -> Terminal {
    let mut term = bash(&[]).start();
    term.wait(PROMPT);
    term
}

/// Types a command line and Enter.
fn type_line(term: &mut Terminal, line: &str) {
    term.send(format!("{line}\r"));
}

/// Asks with `options` from outside the session, and sends each of `keys` once the text in front of it is shown. Returns the
/// exit status, stdout and stderr.
#[track_caller]
fn ask(session: &mut Session, options: &[&str], keys: &[(&str, &str)]) -> (Option<i32>, Vec<u8>, String) {
    let call = session.start_call(&[&["ask"], options, &["Say: "]].concat(), "");
    session.term.wait("Say: ");
    for (shown, keys) in keys {
        if !shown.is_empty() {
            session.term.wait(shown);
        }
        session.term.send(keys);
    }
    session.term.wait_until("the answer", |_| call.is_finished());
    let output = call.join().unwrap();
    session.term.skip_unread();
    (output.status.code(), output.stdout, String::from_utf8(output.stderr).unwrap())
}

/// Creates a directory with the files `names`.
fn dir_with(names: &[&[u8]]) -> TestDir {
    let dir = TestDir::new();
    for name in names {
        let path = dir.root().join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    dir
}

#[test]
fn ask_edits_line_and_completes_file_names() {
    let mut term = bash_at_prompt();
    type_line(&mut term, "mkdir d; touch d/some-file-name");
    term.wait(PROMPT);
    type_line(&mut term, &format!("x=$({COSHELL} ask 'Which file? ' --default d/); echo \"[$?]\" \"<$x>\""));
    term.wait("\x1b[?1049h");
    term.wait("\x1b[KWhich file? ");
    term.send("so\t");
    term.wait("some-file-name");
    term.send("\r");
    term.wait("[0] <d/some-file-name>");
    for (key, status) in [("\x04", 1), ("\x03", 130)] {
        type_line(&mut term, &format!("{COSHELL} ask 'Sure? '; echo \"[$?]\""));
        term.wait("\x1b[?1049h");
        term.wait("\x1b[KSure? ");
        term.send(key);
        term.wait(&format!("[{status}]"));
    }
}

#[test]
fn ask_recalls_answers_and_neither_shows_nor_keeps_secrets() {
    let mut term = bash_at_prompt();
    let mut ask = |options: &str, keys: &str| {
        type_line(&mut term, &format!("x=$({COSHELL} ask {options} 'Say: '); echo \"[$?]\" \"<$x>\" | tr a-z A-Z"));
        term.wait("\x1b[?1049h");
        // The restored screen contains the prompt text in the command line; the question itself follows the last
        // line.
        term.wait("\r\n");
        term.wait("Say: ");
        term.send(keys);
        term.wait_match(r"(\[\d+\] <.*?>)")
    };
    assert_eq!(ask("", "first\r"), "[0] <FIRST>");
    assert_eq!(ask("--secret", "hush\r"), "[0] <HUSH>");
    // The arrow key recalls the last answer.
    assert_eq!(ask("", "\x1b[A\r"), "[0] <FIRST>");
    assert!(!term.text().contains("hush"));
    let kept = term.read_home(".local/state/coshell/answers").expect("the answers are stored");
    assert_eq!(kept, b"first\n");
}

#[test]
fn coproc_asks_user() {
    let dir = TestDir::new();
    let script = dir.write_file("bot", format!("x=$({COSHELL} ask 'Name? '); printf 'echo hello %s\\r' \"$x\""));
    let mut term = bash(&["-t", "who is there", "-c", &format!("sh {script}")]).start();
    term.wait(PROMPT);
    type_line(&mut term, "echo who is the''re");
    term.wait("\x1b[KName? ");
    term.send("world\r");
    term.wait("hello world\r\n");
}

#[test]
fn ask_without_free_terminal_fails_at_once() {
    let mut term = direct(&["sh", "-c", &format!("{COSHELL} -- sh -c '{COSHELL} ask Name; echo st $?' | cat")]).start();
    term.wait("so there is none to lend");
    term.wait("st 1");
    assert_eq!(term.wait_end(), Ended::Code(0));
    let mut session = Session::bash(&[]);
    let first = session.start_call(&["lend", "--tty", "--", "sh", "-c", "echo up; read x"], "");
    session.term.wait("up");
    session.call(&["ask", "Name? "]).failed(1, "the terminal is lent to another program");
    session.term.send("\r");
    assert_eq!(session.finish_call(first).status, Some(0));
}

#[test]
fn text_is_answered_as_typed_and_completed_name_as_it_is() {
    let dir = dir_with(&[b"my file", b"it's"]);
    let mut term = bash(&[]).cwd(dir.root()).start();
    term.wait(PROMPT);
    for (keys, shown, answer) in [
        ("my\t", "my file", "my file"),
        ("fix my f\t", "fix my file", "fix my file"),
        ("i\t", "it's", "it's"),
        (r#"C:\x "it's $HOME"#, "HOME", r#"C:\x "it's $HOME"#),
    ] {
        type_line(&mut term, &format!("x=$({COSHELL} ask 'Say: '); printf '<%s>\\n' \"$x\""));
        term.wait("\x1b[?1049h");
        term.wait("\x1b[KSay: ");
        term.send(keys);
        term.wait(shown);
        term.send("\r");
        term.wait(&format!("<{answer}>"));
        term.wait(PROMPT);
    }
}

#[test]
fn files_are_completed_in_quoting_and_printed_by_name() {
    let dir = dir_with(&[b"my file", b"my dir/x y", b"my dir/z", b"caf\xe9"]);
    let mut session = Session::bash(&[]);
    let at = dir.root().to_str().unwrap();
    let keys = [
        ("", "my\t"),
        ("my\\ ", "f\t"),
        ("my\\ file ", "'my d\t"),
        ("'my dir/", "x\t"),
        ("'my dir/x y' ", "caf\t"),
        ("$'caf\\xe9' ", "\r"),
    ];
    let (status, stdout, stderr) = ask(&mut session, &["--files", "--dir", at], &keys);
    assert_eq!((status, &*stderr), (Some(0), ""));
    let prefix = [at.as_bytes(), b"/"].concat();
    let names: [&[u8]; 3] = [b"my file\n", b"my dir/x y\n", b"caf\xe9\n"];
    assert_eq!(stdout, names.map(|name| [&prefix, name].concat()).concat());
}

#[test]
fn files_of_shells_directory_are_relative_to_it() {
    let dir = dir_with(&[b"my file", b"b"]);
    let mut term = bash(&[]).cwd(dir.root()).start();
    term.wait(PROMPT);
    type_line(&mut term, &format!("{COSHELL} ask --files 'Say: ' >out; echo \"[$?]\""));
    term.wait("\x1b[KSay: ");
    term.send("m\t");
    term.wait("my\\ file ");
    term.send("b\r");
    term.wait("[0]");
    assert_eq!(dir.read("out"), b"my file\nb\n");
}

#[test]
fn pasted_paths_are_names_not_keys() {
    let dir = dir_with(&[b"my file", b"it's", b"a\nb"]);
    let mut session = Session::bash(&[]);
    let at = dir.path_str("");
    let dropped = format!("'{at}my file' '{at}it'\\''s' $'{at}a\\nb' ");
    let copied = format!("file://{at}my%20file\r\nfile://{at}it's\r\nfile://{at}a%0ab\r\n");
    let all = format!("{at}my file\0{at}it's\0{at}a\nb\0");
    for (paste, names) in [
        (&*dropped, &*all),
        (&copied, &all),
        (&format!("{at}my file\r{at}it's\r"), &format!("{at}my file\0{at}it's\0")),
        (&format!("{at}my file"), &format!("{at}my file\0")),
    ] {
        let paste = format!("\x1b[200~{paste}\x1b[201~\r");
        let answer = ask(&mut session, &["--files", "-0"], &[("", &paste)]);
        assert_eq!(answer, (Some(0), names.as_bytes().to_vec(), String::new()), "{paste:?}");
    }
}

#[test]
fn missing_file_is_named_and_asked_again() {
    let dir = dir_with(&[b"a"]);
    let mut session = Session::bash(&[]);
    let keys =
        [("", "a no\\ file\r"), ("no file: No such file or directory", "\x15\r"), ("type the name of a file", "a\r")];
    let answer = ask(&mut session, &["--files", "--dir", dir.root().to_str().unwrap()], &keys);
    assert_eq!(answer, (Some(0), format!("{}\n", dir.path_str("a")).into_bytes(), String::new()));
}

#[test]
fn escape_key_ends_question_and_arrow_key_does_not() {
    let mut session = Session::bash(&[]);
    for options in [&[][..], &["--files"]] {
        assert_eq!(ask(&mut session, options, &[("", "\x1b")]), (Some(130), Vec::new(), String::new()));
        let answer = ask(&mut session, options, &[("", "/tm"), ("/tm", "\x1b[D\x1b[C\x1bOCp"), ("p", "\x1b")]);
        assert_eq!(answer, (Some(130), Vec::new(), String::new()));
        assert_eq!(ask(&mut session, options, &[("", "\x04")]), (Some(1), Vec::new(), String::new()));
        assert_eq!(ask(&mut session, options, &[("", "\x03")]), (Some(130), Vec::new(), String::new()));
    }
}

#[test]
fn answer_longer_than_pipe_is_whole_and_unbounded_one_is_refused() {
    let dir = dir_with(&[b"a"]);
    let mut session = Session::bash(&[]);
    let at = dir.root().to_str().unwrap();
    let paste = |count: usize| format!("\x1b[200~{}\x1b[201~\r", "a ".repeat(count));
    let (status, stdout, _) = ask(&mut session, &["--files", "--dir", at], &[("", &paste(20_000))]);
    assert!(stdout == format!("{at}/a\n").repeat(20_000).as_bytes(), "{status:?}: {} bytes", stdout.len());
    let keys = [("", &*paste(33_000)), ("the answer takes 64 KiB or more", "\x1b")];
    assert_eq!(ask(&mut session, &["--files", "--dir", at], &keys).0, Some(130));
}

#[test]
fn values_may_begin_with_dash() {
    let mut session = Session::bash(&[]);
    assert_eq!(ask(&mut session, &["--default=-x"], &[("-x", "\r")]), (Some(0), b"-x\n".to_vec(), String::new()));
    let dir = dir_with(&[b"-d/a"]);
    let mut term = bash(&[]).cwd(dir.root()).start();
    term.wait(PROMPT);
    type_line(&mut term, &format!("{COSHELL} ask --files --dir=-d --default=a -- '--Say: ' >out; echo \"[$?]\""));
    term.wait("\x1b[K--Say: a");
    term.send("\r");
    term.wait("[0]");
    assert_eq!(dir.read("out"), b"-d/a\n");
}

#[test]
fn directory_of_names_has_to_exist() {
    let mut session = Session::bash(&[]);
    session
        .call(&["ask", "--files", "--dir", "/no/such", "Say: "])
        .failed(125, "--dir /no/such: it is not a directory");
    session.call(&["ask", "--dir", "/", "Say: "]).failed(2, "--files");
    session.call(&["ask", "--files", "--secret", "Say: "]).failed(2, "--secret");
}
