//! System calls that fail: each fault, at each phase of a session, is survived or told, and the terminal is restored. A
//! preloaded library, `failing_calls.c`, makes the calls fail.
//!
//! EAGAIN of a read or a write is not among them: the kernel gives it where a descriptor is not ready and reports later that
//! it is, which a library cannot imitate. `flow_control` has terminals that do not read.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{COSHELL, Ended, Launch, PROMPT, Session, TestDir, bash, direct, fresh_modes, proc, run, show};

/// What a fault leads to.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// Nothing that a user could notice.
    Survived,
    /// coshell ends with this status and a message that contains these words.
    Told(i32, &'static str),
}
use Outcome::{Survived, Told};

/// Number of times for a fault that goes on.
const EVER: u32 = 1_000_000;
/// Error of a transfer of one byte.
const SHORT: i32 = 0;

/// Fault of a system call: call, error, the first call that fails, the distance to the next, and their number.
type Fault = (&'static str, i32, u32, u32, u32);

/// Builds the library in `dir`; `None`, with a message, without a C compiler.
fn build(dir: &TestDir) -> Option<String> {
    let library = dir.path_str("failing_calls.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/failing_calls.c");
    let cc = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o", &library]).arg(source).arg("-ldl").status();
    if cc.is_err() {
        eprintln!("skipped: there is no C compiler (cc); tests/run --install installs one");
        return None;
    }
    assert!(cc.is_ok_and(|status| status.success()), "failing_calls.c is compiled");
    Some(library)
}

/// Returns the environment of `fault`, which counts calls while the file `after` exists.
fn environment(library: &str, fault: Fault, after: &str) -> [(&'static str, String); 3] {
    let (call, error, first, every, times) = fault;
    let spelled = format!("{call}:{error}:{first}:{every}:{times}");
    [("LD_PRELOAD", library.to_owned()), ("FAULT", spelled), ("FAULT_AFTER", after.to_owned())]
}

fn with(launch: Launch, environment: [(&'static str, String); 3]) -> Launch {
    environment.into_iter().fold(launch, |launch, (name, value)| launch.env(name, value))
}

/// Fails unless a session that runs `script` under `fault` has this outcome: the output of `script` byte for byte and its
/// status, or the message. A script that is asleep must leave coshell asleep.
#[track_caller]
fn check(library: &str, script: &str, fault: Fault, after: &str, outcome: Outcome) {
    let plain = run(direct(&["sh", "-c", script]));
    // Created by the script, if at all.
    drop(std::fs::remove_file(after));
    let launch = direct(&[COSHELL, "--", "sh", "-c", script]);
    // Shown where a wait fails, which does not name the fault.
    eprintln!("{fault:?}");
    let mut term = with(launch, environment(library, fault, after)).start();
    let ended = term.wait_end();
    match outcome {
        Survived => {
            assert_eq!(ended, plain.ended, "{fault:?}: {}", show(term.output()));
            assert!(term.output() == plain.bytes, "{fault:?}: {}", show(term.output()));
        }
        Told(status, words) => {
            assert_eq!(ended, Ended::Code(status), "{fault:?}: {}", show(term.output()));
            let text = term.text();
            assert!(text.contains("coshell: ") && text.contains(words), "{fault:?}: {text:?}");
        }
    }
    assert_eq!(term.modes(), fresh_modes(), "{fault:?}");
    term.wait_until("nothing to be left", |term| term.descendants().is_empty());
}

#[test]
fn fault_at_start_is_survived_or_told() {
    let dir = TestDir::new();
    let Some(library) = build(&dir) else { return };
    let full = "Too many open files";
    for (fault, outcome) in [
        (("dup", libc::EMFILE, 1, 1, 1), Told(125, full)),
        (("dup", libc::EMFILE, 3, 1, 1), Told(125, full)),
        (("dup", libc::EMFILE, 6, 1, 1), Told(125, full)),
        (("dup", libc::ENFILE, 8, 1, 1), Told(125, full)),
        (("dup", libc::EMFILE, 1, 1, EVER), Told(125, "ulimit -n")),
        (("socketpair", libc::ENFILE, 1, 1, 1), Told(125, full)),
        (("open", libc::EMFILE, 1, 1, 1), Survived),
        (("open", libc::ENFILE, 2, 1, 1), Survived),
        (("open", libc::EIO, 3, 1, EVER), Survived),
        (("fork", libc::EAGAIN, 1, 1, 1), Told(125, "ulimit -u")),
        (("fork", libc::ENOMEM, 1, 1, 1), Told(125, "could not be started: Cannot allocate memory")),
        (("execvp", libc::ENOENT, 1, 1, 1), Told(127, "sh: not found")),
        (("execvp", libc::EACCES, 1, 1, 1), Told(126, "sh: cannot be run")),
        (("execvp", libc::ENOMEM, 1, 1, 1), Told(125, "sh could not be started")),
        (("tcsetattr", libc::EINTR, 1, 1, 3), Survived),
        (("waitpid", libc::EINTR, 1, 2, EVER), Survived),
        (("tcsetattr", libc::EIO, 1, 1, 1), Told(125, "could not be put into raw mode")),
        (("epoll_ctl", libc::ENOMEM, 1, 1, 1), Told(125, "could not be registered")),
        (("epoll_ctl", libc::ENOSPC, 2, 1, 1), Told(125, "could not be registered")),
        (("epoll_ctl", libc::ENOSPC, 3, 1, 1), Survived),
        (("epoll_ctl", libc::ENOMEM, 4, 1, 1), Survived),
        (("epoll_ctl", libc::ENOSPC, 3, 1, EVER), Survived),
    ] {
        check(&library, "seq 3000; exit 7", fault, "", outcome);
    }
}

#[test]
fn fault_in_relay_or_at_exit_loses_nothing() {
    let dir = TestDir::new();
    let Some(library) = build(&dir) else { return };
    let armed = dir.path_str("armed");
    let relay = format!("seq 2000; : > {armed}; seq 20000; head -c 5000 /dev/zero | tr '\\0' x; echo; exit 7");
    let exit = format!("seq 2000; : > {armed}; exit 7");
    for script in [&relay, &exit] {
        for (fault, outcome) in [
            (("read", libc::EINTR, 1, 2, EVER), Survived),
            (("write", libc::EINTR, 1, 2, EVER), Survived),
            (("read", SHORT, 1, 3, EVER), Survived),
            (("write", SHORT, 1, 3, EVER), Survived),
            (("poll", libc::EINTR, 1, 2, EVER), Survived),
            (("epoll_wait", libc::EINTR, 1, 2, EVER), Survived),
            (("epoll_ctl", libc::ENOMEM, 1, 1, EVER), Survived),
            (("dup", libc::EMFILE, 1, 1, EVER), Survived),
            (("open", libc::EMFILE, 1, 1, EVER), Survived),
        ] {
            check(&library, script, fault, &armed, outcome);
        }
    }
    for (fault, outcome) in [
        (("write", libc::ENOSPC, 1, 1, 1), Told(125, "standard output cannot be written: No space left")),
        (("epoll_wait", libc::EBADF, 1, 1, EVER), Told(125, "waiting for events failed")),
    ] {
        check(&library, &relay, fault, &armed, outcome);
    }
}

#[test]
fn fault_at_start_of_coproc_is_told_and_session_goes_on() {
    let dir = TestDir::new();
    let Some(library) = build(&dir) else { return };
    let armed = dir.path_str("armed");
    for fault in [
        ("pipe", libc::EMFILE, 1, 1, EVER),
        ("pipe2", libc::EMFILE, 1, 1, 1),
        ("pipe2", libc::ENFILE, 2, 1, 1),
        ("dup", libc::EMFILE, 1, 1, 1),
        ("dup", libc::EMFILE, 2, 1, 1),
        ("dup", libc::EMFILE, 3, 1, 1),
        ("dup", libc::EMFILE, 4, 1, 1),
        ("fork", libc::EAGAIN, 1, 1, 1),
        ("fork", libc::EAGAIN, 2, 1, 1),
        ("fork", libc::ENOMEM, 1, 1, EVER),
        ("execvp", libc::ENOMEM, 1, 1, 1),
        ("execvp", libc::EACCES, 1, 1, EVER),
        ("dup", libc::ENFILE, 1, 1, EVER),
        ("open", libc::EMFILE, 1, 1, EVER),
        ("epoll_ctl", libc::ENOSPC, 1, 1, EVER),
        ("read", libc::EINTR, 1, 2, EVER),
        ("write", SHORT, 1, 2, EVER),
    ] {
        let launch = with(bash(&["-q"]), environment(&library, fault, &armed));
        let mut session = Session::start(launch);
        session.term.wait(PROMPT);
        let (pid, mut client) = (session.term.pid(), session.client());
        // Accepted before the fault.
        client.request("status", json!({}));
        let before = proc::children(pid);
        std::fs::write(&armed, "").expect("the directory is ours");
        for silent in [false, true] {
            // Answered whether it runs or could not be started.
            let response = client.response("run", json!({"command": "echo on", "silent": silent, "wait": true}));
            let message = response["error"]["message"].as_str().unwrap_or("could not be started");
            assert!(message.contains("could not be started"), "{fault:?}: {response}");
        }
        let response = client.response("lend", json!({"command": ["true"]}));
        let message = response["error"]["message"].as_str().unwrap_or("could not be run");
        assert!(message.contains("could not be run"), "{fault:?}: {response}");
        std::fs::remove_file(&armed).expect("the file is there");
        let response = client.response("run", json!({"command": "cat > /dev/null; exit 3", "wait": false}));
        assert!(response["error"].is_null(), "{fault:?}: {response}");
        session.call(&["stop"]);
        session.wait_coproc_end();
        session.term.send("\recho sti''ll\r");
        session.term.wait("still\r\n");
        session.term.wait_until("children to be reaped", |_| proc::children(pid) == before);
        session.term.wait_quiet();
        session.term.send("exit 7\r");
        assert_eq!(session.term.wait_end(), Ended::Code(7), "{fault:?}");
        assert_eq!(session.term.modes(), fresh_modes(), "{fault:?}");
    }
}

#[test]
fn fault_of_session_at_request_leaves_it_responsive() {
    let dir = TestDir::new();
    let Some(library) = build(&dir) else { return };
    let armed = dir.path_str("armed");
    for fault in [
        ("recvmsg", libc::EINTR, 1, 2, EVER),
        ("recvmsg", SHORT, 1, 2, EVER),
        ("recvmsg", libc::ENOMEM, 1, 1, 1),
        ("write", SHORT, 1, 2, EVER),
        ("accept4", libc::EINTR, 1, 1, 3),
        ("accept4", libc::ECONNABORTED, 1, 1, 1),
        ("accept4", libc::EMFILE, 1, 1, 1),
        ("epoll_ctl", libc::ENOSPC, 1, 1, 2),
    ] {
        let mut session = Session::start(with(bash(&["-q"]), environment(&library, fault, &armed)));
        session.term.wait(PROMPT);
        std::fs::write(&armed, "").expect("the directory is ours");
        // A connection may be closed without an answer, but none waits for ever.
        for _ in 0..3 {
            let mut client = session.client();
            // A session that has closed the connection already takes none of it.
            client.send_some(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"lines\"}\n");
            let answer = client.receive();
            assert!(answer.is_none_or(|answer| answer["result"]["lines"].is_array()), "{fault:?}");
        }
        std::fs::remove_file(&armed).expect("the file is there");
        assert!(session.call(&["status"]).success().contains("running bash"), "{fault:?}");
        session.term.wait_quiet();
        session.term.send("exit 7\r");
        assert_eq!(session.term.wait_end(), Ended::Code(7), "{fault:?}");
    }
}

#[test]
fn fault_of_client_is_survived_or_told() {
    let dir = TestDir::new();
    let Some(library) = build(&dir) else { return };
    let mut session = Session::bash(&[]);
    session.term.send("seq 3000; echo the-e''nd\r");
    session.term.wait("the-end\r\n");
    // The prompt is the last line: later the history stays as it is.
    session.term.wait(PROMPT);
    let expected = session.call(&["lines", "--from", "1"]).success();
    assert!(expected.contains("\n3000\nthe-end\n"), "{expected}");
    for (fault, outcome) in [
        (("recv", libc::EINTR, 1, 2, EVER), Survived),
        (("recv", SHORT, 1, 1, EVER), Survived),
        (("read", libc::EINTR, 1, 2, EVER), Survived),
        (("write", libc::EINTR, 1, 2, EVER), Survived),
        (("write", SHORT, 1, 1, EVER), Survived),
        (("sendmsg", libc::EINTR, 1, 1, 2), Survived),
        (("sendmsg", SHORT, 1, 1, 1), Survived),
        (("connect", libc::EINTR, 1, 1, 1), Survived),
        (("connect", libc::EAGAIN, 1, 1, 1), Told(125, "does not answer")),
        (("recv", libc::EIO, 1, 1, 1), Told(125, "cannot read the session's response")),
        (("sendmsg", libc::ENOMEM, 1, 1, 1), Told(125, "Cannot allocate memory")),
        (("write", libc::ENOSPC, 1, 1, 1), Told(125, "cannot write the output: No space left")),
        (("write", libc::EIO, 1, 1, 1), Told(125, "cannot write the output")),
    ] {
        let mut command = Command::new(COSHELL);
        command.args(["lines", "--from", "1"]).env("COSHELL_SOCKET", session.socket()).stdin(Stdio::null());
        command.envs(environment(&library, fault, ""));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("coshell can be started");
        let call = std::thread::spawn(move || child.wait_with_output().expect("the child can be waited for"));
        session.term.wait_until(&format!("the end of the client: {fault:?}"), |_| call.is_finished());
        let output = call.join().expect("the waiting thread does not panic");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match outcome {
            Survived => assert!(stdout == expected && output.status.success(), "{fault:?}: {stderr}"),
            Told(status, words) => {
                assert_eq!(output.status.code(), Some(status), "{fault:?}: {stderr}");
                assert!(stderr.starts_with("coshell: ") && stderr.contains(words), "{fault:?}: {stderr}");
            }
        }
    }
}

#[test]
fn resource_limit_is_survived_or_told() {
    let script = "seq 3000; exit 7";
    let plain = run(direct(&["sh", "-c", script]));
    // Address space in KiB, and descriptors: below what a session needs, in steps that meet each allocation.
    let limits = (8..40).step_by(3).map(|n| format!("ulimit -n {n}"));
    for limit in limits.chain((4000..40_000).step_by(6000).map(|kib| format!("ulimit -v {kib}"))) {
        let line = format!("{limit}; exec \"$WRAP\" -- sh -c '{script}'");
        let mut term = direct(&["sh", "-c", &line]).start();
        let ended = term.wait_end();
        let whole = ended == plain.ended && term.output() == plain.bytes;
        // The loader, the shell and seq have messages of their own where the memory is too small for them.
        let told = !term.output().is_empty() && matches!(ended, Ended::Code(1 | 125..=127) | Ended::Signal(_));
        assert!(whole || told || limit.contains("-v"), "{limit}: {ended:?}: {}", show(term.output()));
        assert_eq!(term.modes(), fresh_modes(), "{limit}: {ended:?}: {}", show(term.output()));
    }
}
