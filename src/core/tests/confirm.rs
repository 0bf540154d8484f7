//! Questions before the actions of a trigger: what they show, which keys answer them, and that the screen is as it was.

use super::*;

const QUESTION: &str = "coshell: trigger \"ask\": type \"yes\\r\"? y does it, any other key does not";

/// A session with a trigger that asks, and a prompt that it answers.
fn asked() -> Bench {
    let mut bench =
        Bench::new(&["--hotkey", "ctrl-]", "-t", "sure\\?", "--name", "ask", "--send", "yes\\r", "--confirm"]);
    bench.shell(b"one\r\nsure? ").wait(100);
    bench
}

#[test]
fn question_is_above_prompt_and_leaves_nothing_behind() {
    for (key, typed) in [("y", "yes\r"), ("n", ""), ("\r", ""), ("\x03", "")] {
        let mut bench = asked();
        assert_eq!(
            (bench.lines(), bench.typed.len()),
            (vec!["one".to_owned(), QUESTION.to_owned(), "sure?".to_owned()], 0)
        );
        bench.keys(key.as_bytes());
        assert_eq!(String::from_utf8_lossy(&bench.typed), typed, "{key:?}");
        assert_eq!(bench.lines(), ["one", "sure?"]);
        assert_eq!(bench.screen().screen().cursor_position(), (1, 6));
        // The next key is the shell's.
        bench.keys(b"y");
        assert_eq!(String::from_utf8_lossy(&bench.typed), format!("{typed}y"));
        assert_eq!(bench.core.deadline(), None);
    }
}

#[test]
fn escape_refuses_and_another_key_refuses_and_is_typed() {
    let mut bench = asked();
    bench.keys(b"\x1b").wait(100);
    assert_eq!((bench.typed.len(), bench.lines()), (0, vec!["one".to_owned(), "sure?".to_owned()]));
    for keys in [&b"x"[..], b"\x1b[A", "\u{e9}".as_bytes(), b"Y", b"\x1b[200~yes\x1b[201~", b"ls\r"] {
        let mut bench = asked();
        bench.keys(keys);
        assert_eq!(bench.typed, keys, "{}", keys.escape_ascii());
        let refused = "coshell: trigger \"ask\" did nothing: another key than y was pressed";
        assert_eq!(bench.lines(), ["one", refused, "sure?"], "{}", keys.escape_ascii());
    }
}

#[test]
fn answer_of_the_terminal_is_none_of_the_user() {
    let mut bench = asked();
    bench.keys(b"\x1b]11;rgb:0/0/0\x07").keys(b"y");
    assert_eq!(bench.typed, b"\x1b]11;rgb:0/0/0\x07yes\r");
}

#[test]
fn key_before_the_question_is_shown_belongs_to_the_shell() {
    // In the same write as the question, and while the terminal has not taken it.
    let mut bench = Bench::new(&["-t", "sure\\?", "--send", "yes", "--confirm", "--instant"]);
    bench.shell(b"sure? ").keys(b"y");
    assert_eq!(bench.typed, b"y");
    let (now, effects) = (bench.now + Duration::from_millis(50), &mut Vec::new());
    bench.core.handle(now, Input::Deadline, effects);
    assert!(!bench.core.pending(Sink::Terminal).is_empty(), "the question is queued");
    bench.core.handle(now, Input::Bytes(Source::Keyboard, b"y"), effects);
    bench.drain();
    assert_eq!(bench.typed, b"yy");
    bench.now = now;
    bench.keys(b"y");
    assert_eq!(bench.typed, b"yyyes");
}

#[test]
fn output_lifts_the_question_and_it_comes_back() {
    let mut bench = asked();
    bench.shell(b"\r\nmore");
    assert_eq!(bench.lines(), ["one", "sure?", "more"]);
    bench.keys(b"y");
    assert_eq!(bench.typed, b"y", "the question is not on the screen");
    bench.wait(50);
    assert_eq!(bench.lines(), ["one", "sure?", QUESTION, "more"]);
    bench.keys(b"y");
    assert_eq!(bench.typed, b"yyes\r");
    // The history has never had it.
    let lines = bench.core.output.terminal.history().map(|history| {
        history.finish();
        history.lines(bench.now).map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect::<Vec<_>>()
    });
    assert_eq!(lines.unwrap_or_default(), ["one", "sure? ", "more"]);
}

#[test]
fn question_at_the_bottom_of_a_full_screen_is_lifted() {
    for cursor in ["", "\x1b[3D", "\x1b[31m"] {
        let (mut told, mut plain) =
            (Bench::sized(5, 80, &["-t", "x7", "--send", "y", "--confirm"]), Bench::sized(5, 80, &[]));
        for bench in [&mut told, &mut plain] {
            (0..9).for_each(|n| _ = bench.shell(format!("line {n}\r\n").as_bytes()));
            bench.shell(format!("prompt x7{cursor}").as_bytes()).wait(1000);
        }
        assert!(told.lines().iter().any(|line| line.starts_with("coshell: trigger")));
        told.keys(b"n");
        for bench in [&mut told, &mut plain] {
            bench.shell(b"z\r\nnext");
        }
        let (told, plain) = (told.lines(), plain.lines());
        assert!(plain.ends_with(&told[told.len() - 3..]), "{told:#?} {plain:#?}");
    }
}

#[test]
fn questions_wait_until_they_can_be_drawn() {
    let mut bench = Bench::new(&["-t", "sure\\?", "--send", "yes", "--confirm"]);
    bench.shell(b"\x1b[?1049h\x1b[Hsure? ").wait(1000);
    bench.keys(b"y");
    assert_eq!(bench.typed, b"y");
    assert_eq!(bench.core.deadline(), None, "nothing is due meanwhile");
    bench.shell(b"\x1b[?1049l$ ").wait(100);
    bench.keys(b"y");
    assert_eq!(bench.typed, b"yyes");
}

#[test]
fn hotkey_opens_the_menu_and_the_question_comes_back() {
    let mut bench = asked();
    bench.keys(b"\x1d");
    let lines = bench.lines();
    assert!(lines[..2] == ["one", "sure?"] && lines.iter().any(|line| line.contains("Esc closes")), "{lines:?}");
    bench.keys(b"\x1b").wait(100);
    assert_eq!(bench.lines(), ["one", QUESTION, "sure?"]);
    bench.keys(b"y");
    assert_eq!(bench.typed, b"yes\r");
}

#[test]
fn notice_is_placed_above_the_prompt_not_the_question() {
    let mut bench = asked();
    bench.notice("a sentence");
    bench.keys(b"\x1b]11;x\x07");
    assert_eq!(bench.lines(), ["one", "coshell: a sentence", QUESTION, "sure?"]);
    bench.keys(b"n");
    assert_eq!(bench.lines(), ["one", "coshell: a sentence", "sure?"]);
}

#[test]
fn resized_question_is_asked_anew() {
    let mut bench = asked();
    let size = Size { rows: 24, cols: 100, ..Size::default() };
    bench.input(Input::Resized(size)).wait(100);
    bench.keys(b"y");
    assert_eq!(bench.typed, b"yes\r");
}

#[test]
fn questions_are_bounded_in_number_size_and_time() {
    let notices = |bench: &Bench| bench.lines().join(" ");
    let mut bench = Bench::new(&["-t", "sure", "--name", "t", "--send", "y", "--confirm"]);
    (0..17).for_each(|_| _ = bench.shell(b"sure\r\n"));
    assert!(
        notices(&bench).contains("\"t\" did nothing: 16 questions are waiting for an answer"),
        "{}",
        notices(&bench)
    );

    let long = "x".repeat(700);
    let mut bench = Bench::new(&["-t", "sure", "--name", "t", "--send", &long, "--confirm"]);
    bench.shell(b"sure\r\n").wait(100);
    assert!(
        notices(&bench).contains("did nothing: what it does takes more than 8 rows to show"),
        "{}",
        notices(&bench)
    );

    let mut bench = asked();
    bench.wait(60_000);
    let late = "coshell: trigger \"ask\" did nothing: there was no answer within 60 s";
    assert_eq!((bench.lines(), bench.core.deadline()), (vec!["one".into(), late.to_owned(), "sure?".into()], None));
    bench.keys(b"y");
    assert_eq!(bench.typed, b"y");

    let mut bench = asked();
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0)));
    let exited = "trigger \"ask\" did nothing: the shell has exited";
    let warned = bench.effects.iter().any(|effect| matches!(effect, Effect::Warn(line) if line.contains(exited)));
    assert!(warned || notices(&bench).contains(exited), "{:?}", bench.effects);
}

#[test]
fn session_without_a_terminal_does_nothing_unasked() {
    let environment = Environment { term_caps: TermCaps::Dumb, ..Environment::default() };
    let mut bench = Bench::within(
        &environment,
        Size { rows: 24, cols: 80, ..Size::default() },
        &["-t", "sure", "--name", "t", "--send", "y", "--confirm"],
    );
    bench.shell(b"sure\r\n");
    assert_eq!(bench.typed, b"");
    let refused = "coshell: trigger \"t\" did nothing: the session has no terminal to ask on";
    assert!(bench.lines().contains(&refused.to_owned()), "{:?}", bench.lines());
}

#[test]
fn answer_belongs_to_what_was_shown() {
    let mut bench = Bench::new(&["-t", "open (\\S+)", "--run", "xdg-open \"$1\"", "--confirm"]);
    bench.shell(b"open a;\r\nopen b\r\n").wait(100);
    assert!(
        bench.lines()[2].contains("run \"xdg-open \\\"$1\\\"\" with $0=\"open a;\" $1=\"a;\"?"),
        "{:?}",
        bench.lines()
    );
    bench.keys(b"y").wait(100);
    bench.keys(b"n");
    let args: Vec<_> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::StartJob { command, .. } => Some(command.args[1].clone()),
            _ => None,
        })
        .collect();
    assert_eq!(args, [b"a;".to_vec()]);
}

#[test]
fn colours_and_links_are_shown_unasked() {
    for action in [&["--highlight", "red"][..], &["--link", "https://x/$0"], &["--highlight", "red", "--stop"]] {
        let mut bench = Bench::new(&[&["-t", "sure", "--confirm"][..], action].concat());
        bench.shell(b"sure\r\nsure? ").wait(100).keys(b"y");
        assert_eq!((bench.lines(), &bench.typed[..]), (vec!["sure".to_owned(), "sure?".to_owned()], &b"y"[..]));
    }
    let mut bench = Bench::new(&["-t", "sure", "--confirm", "--highlight", "red", "--bell"]);
    bench.shell(b"sure? ").wait(100);
    assert!(bench.lines()[0].ends_with("ring the bell? y does it, any other key does not"), "{:?}", bench.lines());
}
