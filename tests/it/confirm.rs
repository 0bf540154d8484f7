//! Questions before the actions of a trigger, answered by keys in a pty.

use crate::support::{Ended, PROMPT, TestDir, bash, contains, direct, run, show, wrapped};

const ASKS: &[&str] = &["-t", "sure\\? $", "--name", "ask", "--send", "yes\\r", "--confirm"];
const SCRIPT: &str = "echo first; printf 'sure? '; read -r answer; echo \"got [$answer]\"";
const SIMPLE: &str = "echo sure; read -r answer; echo \"got [$answer]\"";
const QUESTION: &str = "trigger \"ask\": type \"yes\\r\"?";

#[test]
fn yes_types_the_answer_and_leaves_no_trace() {
    let mut term = wrapped(ASKS, SCRIPT).start();
    term.wait(QUESTION);
    assert_eq!(term.rows()[0], "first");
    assert!(term.rows()[1].contains(QUESTION) && term.rows()[2] == "sure?", "{:?}", term.rows());
    term.send("y");
    term.wait("got [yes]");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(term.lines(), ["first", "sure? yes", "got [yes]"]);
}

#[test]
fn no_types_nothing_and_other_keys_are_typed() {
    for (key, answer) in [("n", ""), ("\x1b", ""), ("x", "x")] {
        let mut term = wrapped(ASKS, SCRIPT).start();
        term.wait(QUESTION);
        term.send(key);
        term.wait_until("the question to go", |term| !term.rows().iter().any(|row| row.contains(QUESTION)));
        term.send("own\r");
        term.wait(&format!("got [{answer}own]"));
    }
}

#[test]
fn key_before_the_question_is_typed() {
    // The key comes with the one that has the prompt printed, before the output rests.
    let mut term = wrapped(ASKS, "read -r first; printf 'sure? '; read -r answer; echo \"got [$answer]\"").start();
    term.send("\ry");
    term.wait(QUESTION);
    term.send("y");
    term.wait("got [yyes]");
}

#[test]
fn prompt_of_bash_is_as_it_was() {
    let mut term = bash(&["-t", "^go$", "--name", "ask", "--run", "touch done", "--confirm"]).start();
    term.wait(PROMPT);
    term.send("echo go\r");
    term.wait("trigger \"ask\": run \"touch done\"");
    term.send("y");
    term.wait_until("the command", |term| term.read_home("done").is_some());
    term.send("echo next\r");
    term.wait("\rnext");
    let rows = term.rows();
    assert!(!rows.iter().any(|row| row.contains("trigger")), "{rows:?}");
    let typed: Vec<_> = rows.iter().filter(|row| row.contains("echo")).collect();
    assert!(typed.len() == 2 && typed.iter().all(|row| row.starts_with(&format!("{PROMPT}echo "))), "{rows:?}");
}

#[test]
fn redirected_session_refuses_with_a_notice() {
    let dir = TestDir::new();
    let script =
        format!("printf '\\n' | \"$WRAP\" -t 'sure' --name ask --send y --confirm -- sh -c '{SIMPLE}' > out 2> err");
    let outcome = run(direct(&["sh", "-c", &script]).cwd(dir.root()));
    assert_eq!(outcome.ended, Ended::Code(0));
    let (out, err) = (dir.read("out"), dir.read("err"));
    assert!(contains(&out, "got []"), "{}", show(&out));
    assert!(contains(&err, "\"ask\" did nothing: the session has no terminal to ask on"), "{}", show(&err));
}
