//! The error explainer (`examples/ts-error-explainer`) in a session: real tsc, rustc and pytest print errors, a
//! trigger starts the explainer, and each error gets a note.

use crate::explainer::{EXPLAINER, RUSTC_PYTEST, write_typescript};
use crate::support::tools::{PYTEST, TSC, fetched};
use crate::support::{COSHELL, PROMPT, Terminal, TestDir, direct, proc};

/// Starts bash with prompt marks under the command `start`. The explanation of an error is its line of source.
fn start_explaining(dir: &TestDir, start: &[&str]) -> Terminal {
    let rc = dir.write_file("bashrc", format!("PS1='{PROMPT}'\neval \"$(\"$WRAP\" integration bash)\""));
    let argv = [start, &["--", "bash", "--noprofile", "--rcfile", &rc, "-i"]].concat();
    // rustup keeps its compilers in the real home.
    let home = std::env::var("HOME").expect("a home");
    let launch = direct(&argv).cwd(dir.root()).env("HOME", home).env("XDG_RUNTIME_DIR", dir.root());
    let launch = launch.env("COSHELL", COSHELL).env("COSHELL_EXPLAIN", "sed -n 's/^> */about /p'");
    let mut term = launch.size(50, 200, 0, 0).start();
    term.wait(PROMPT);
    term
}

/// Runs `command`, and waits for the note `last` and for the explainer's end.
fn explain(term: &mut Terminal, command: &str, last: &str) {
    term.send(format!("{command}\r"));
    term.wait(last);
    let gone = |term: &Terminal| term.descendants().iter().all(|&pid| !proc::command_line(pid).contains("explainer"));
    term.wait_until("the explainer's end", gone);
}

/// Returns the lines of the session that have notes, each with its note.
fn noted_lines(term: &mut Terminal, dir: &TestDir) -> Vec<(String, String)> {
    term.send("\"$WRAP\" lines --notes > noted.txt; echo li''sted\r");
    term.wait("listed");
    let text = String::from_utf8(dir.read("noted.txt")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[1].trim_start().starts_with("^ about"));
    pairs.map(|pair| (pair[0].to_owned(), pair[1].trim_start_matches([' ', '^']).to_owned())).collect()
}

/// Fails unless the lines begin and the notes are as `expected`.
#[track_caller]
fn assert_noted(noted: &[(String, String)], expected: &[(&str, &str)]) {
    let same = noted.iter().zip(expected).all(|(noted, wanted)| noted.0.starts_with(wanted.0) && noted.1 == wanted.1);
    assert!(same && noted.len() == expected.len(), "{noted:#?}");
}

const ONE: &str = "about 1 | export const count: number = \"three\";";
const TWO: &str = "about 1 | const wrong: (a: { x: number }) => { x: string } = (a) => a;";
const THREE: &str = "about 3 | text = 1;";

#[test]
fn tsc_output_starts_explainer_and_each_error_gets_note() {
    let Some(tsc) = fetched(TSC) else { return };
    let dir = TestDir::new();
    write_typescript(&dir);
    let trigger = r"Found \d+ errors? in";
    let mut term = start_explaining(&dir, &[COSHELL, "--trigger", trigger, "--coproc", EXPLAINER]);
    let tsc = format!("'{}' --noEmit --pretty", tsc.display());
    // Matches "Found 1 error in src/one.ts:1", "Found 2 errors in the same file", "Found 3 errors in 2 files."
    explain(&mut term, &format!("{tsc} src/one.ts"), ONE);
    term.send("cd src\r");
    explain(&mut term, &format!("{tsc} two.ts"), THREE);
    term.send("cd ..\r");
    explain(&mut term, &format!("{tsc} src/one.ts src/two.ts"), THREE);
    let expected = [
        ("src/one.ts:1:14", ONE),
        ("two.ts:1:59", TWO),
        ("two.ts:3:1", THREE),
        ("src/one.ts:1:14", ONE),
        ("src/two.ts:1:59", TWO),
        ("src/two.ts:3:1", THREE),
    ];
    assert_noted(&noted_lines(&mut term, &dir), &expected);
}

/// In the plain form tsc prints no summary for a trigger, so the explainer is started by hand.
#[test]
fn explainer_started_by_hand_explains_last_command() {
    let Some(tsc) = fetched(TSC) else { return };
    let dir = TestDir::new();
    write_typescript(&dir);
    let mut term = start_explaining(&dir, &[COSHELL]);
    term.send(format!("'{}' --noEmit --pretty false src/*.ts\r", tsc.display()));
    term.wait(PROMPT);
    term.send(format!("\"$WRAP\" run --wait {EXPLAINER}; echo status $?\r"));
    term.wait("status 0");
    let expected = [("src/one.ts(1,14)", ONE), ("src/two.ts(1,59)", TWO), ("src/two.ts(3,1)", THREE)];
    assert_noted(&noted_lines(&mut term, &dir), &expected);
}

#[test]
fn rustc_and_pytest_errors_are_explained_by_configuration() {
    let Some(pytest) = fetched(PYTEST) else { return };
    let dir = TestDir::new();
    dir.write_file("main.rs", "fn main() {\n    let a: i32 = \"one\";\n}\n");
    dir.write_file("test_sums.py", "def test_one():\n    assert [1] == [2]\n");
    let mut term = start_explaining(&dir, &[RUSTC_PYTEST]);
    explain(&mut term, "rustc --color=always main.rs", "about 2 |     let a");
    explain(&mut term, &format!("'{}' --color=yes -p no:cacheprovider", pytest.display()), "about 2 |     assert");
    let expected = [
        ("error[E0308]", "about 2 |     let a: i32 = \"one\";"),
        ("E       assert [1] == [2]", "about 2 |     assert [1] == [2]"),
    ];
    assert_noted(&noted_lines(&mut term, &dir), &expected);
}
