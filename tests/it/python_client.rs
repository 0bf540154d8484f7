//! The Python client (`examples/client.py`), run inside a session.

use crate::support::{Ended, Terminal, TestDir, contains, needs, wrapped};

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/client.py");

/// Starts `script` in a session whose runtime and working directory is `dir`.
fn session(dir: &TestDir, script: &str) -> Terminal {
    needs("python3");
    let script = script.replace("CLIENT", CLIENT);
    wrapped(&["-q", "--indicator", "none"], &script).cwd(dir.root()).env("XDG_RUNTIME_DIR", dir.root()).start()
}

#[test]
fn client_prints_lines_and_answers_prompt() {
    let dir = TestDir::new();
    let script = "CLIENT --answer 'Overwrite\\? $' n > log 2>&1 &\n\
         until grep -q ready log; do echo ready; sleep 0.02; done\n\
         printf 'Overwrite? '; read answer; echo \"got $answer\"\n\
         until grep -q got log; do sleep 0.02; done";
    let mut term = session(&dir, script);
    assert_eq!(term.wait_end(), Ended::Code(0), "{}", term.text());
    let log = String::from_utf8_lossy(&dir.read("log")).into_owned();
    assert!(log.contains("ready\n") && log.contains("Overwrite? n\ngot n\n"), "{log}");
}

#[test]
fn client_refuses_to_follow_its_own_terminal() {
    let dir = TestDir::new();
    let mut term = session(&dir, "CLIENT");
    assert_eq!(term.wait_end(), Ended::Code(2));
    assert!(contains(term.output(), "own terminal"), "{}", term.text());
}

#[test]
fn session_class_works_when_imported() {
    let dir = TestDir::new();
    let directory = std::path::Path::new(CLIENT).parent().expect("a directory").display();
    let program = format!(
        "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '{directory}')\n\
         from client import Refused, Session\n\
         with Session() as session:\n\
        \x20   print('session', session.call('status')['session'])\n\
        \x20   try: session.call('nonsense', a=1)\n\
        \x20   except Refused as refused: print('refused', refused.code)\n\
        \x20   events = session.subscribe('coproc-end')\n\
        \x20   session.call('run', command='exit 3', wait=True)\n\
        \x20   print('event', next(events)['status'])\n"
    );
    dir.write_file("program.py", program);
    let mut term = session(&dir, "python3 program.py; echo $COSHELL_SESSION");
    assert_eq!(term.wait_end(), Ended::Code(0));
    let id = term.pid();
    let want = format!("session {id}\r\nrefused -32601\r\nevent 3\r\n{id}\r\n");
    assert_eq!(term.text(), want);
}
