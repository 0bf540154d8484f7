//! `--redact`: recordings, the log and answers have no secrets; the terminal gets every byte.

use crate::support::{Ended, PROMPT, Session, TestDir, coshell, run};

/// A token, printed in two pieces and two colours by [`SCRIPT`].
const TOKEN: &str = "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SCRIPT: &str = "printf 'key ghp_aaaaaaaaaaaaaaaaa'; sleep 0.1; printf '\\033[1maaaaaaaaaaaaaaaaaaa\\033[m\\n'";

#[test]
fn recording_and_log_have_no_secret() {
    let dir = TestDir::new();
    let (cast, log) = (dir.path_str("x.cast"), dir.path_str("log"));
    // In a file, since the command line is in the recording.
    let script = dir.write_file("script", SCRIPT);
    let wrapped = |options: &[&str]| coshell(&[options, &["--", "sh", &script]].concat());
    let plain = run(wrapped(&[]));
    let options = ["--redact", "--record", &cast, "--log", &log, "-t", "^key (.*)", "--run", "true"];
    let outcome = run(wrapped(&options).env("COSHELL_LOG", "trace"));
    assert_eq!((outcome.ended, outcome.bytes), (Ended::Code(0), plain.bytes));
    for name in ["x.cast", "log"] {
        let text = String::from_utf8(dir.read(name)).unwrap();
        let uncoloured = text.replace("\\u001b[1m", "").replace("\\u001b[m", "");
        assert!(!uncoloured.contains(&TOKEN[..20]) && !text.contains("aaaa"), "{name}: {text}");
        assert!(name == "log" || text.contains("[redacted:github]"), "{name}: {text}");
    }
}

#[test]
fn answers_are_redacted_on_request() {
    let mut session = Session::bash(&["--redact-pattern", "C-(\\d+)"]);
    session.term.send(format!("echo {TOKEN} C-12\r"));
    session.term.wait(PROMPT);
    for method in ["lines", "screen"] {
        let plain = session.call(&[method]).success();
        assert!(plain.contains(TOKEN) && plain.contains("C-12"), "{method}: {plain}");
        let redacted = session.call(&[method, "--redact"]).success();
        assert!(redacted.contains("[redacted:github] C-[redacted:pattern]"), "{method}: {redacted}");
        assert!(!redacted.contains(TOKEN), "{method}: {redacted}");
    }
}

#[test]
fn wrong_options_are_refused() {
    for (options, part) in [
        (&["--redact-pattern", "("][..], "--redact-pattern: '(' is not a regular expression"),
        (&["--redact", "--record", "/tmp/never", "--record-input"], "--record-input: keys come one by one"),
    ] {
        let outcome = run(coshell(options));
        let text = String::from_utf8_lossy(&outcome.bytes).into_owned();
        assert!(outcome.ended == Ended::Code(2) && text.contains(part), "{text}");
    }
}
