//! Lent terminals (`lend`): the terminal is restored however the program ends.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, Stdio};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::{
    COSHELL, Client, Ended, PROMPT, Session, Terminal, TestDir, bash, coshell, direct, fresh_modes, proc, wrapped,
};

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

/// Counts the lines that end in a number of six digits.
fn count_numbers(shown: &str) -> usize {
    let number = |line: &&str| line.len() >= 6 && line.bytes().rev().take(6).all(|byte| byte.is_ascii_digit());
    shown.lines().filter(number).count()
}

/// Lends the session's terminal from a process outside the session.
fn lend_from_outside(term: &Terminal, script: &str) -> std::process::Child {
    let mut command = Command::new(COSHELL);
    command.args(["lend", "--tty", "--session", &term.pid().to_string(), "--", "sh", "-c", script]);
    command.env_remove("COSHELL_SOCKET").current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command.env("XDG_RUNTIME_DIR", term.runtime()).spawn().expect("coshell can be started")
}

#[test]
fn program_gets_real_terminal_as_controlling_terminal() {
    let mut term = bash_at_prompt();
    let before = term.modes();
    type_line(
        &mut term,
        &format!(
            "{COSHELL} lend -- sh -c 'tty; echo $COSHELL_TTY; read x </dev/tty; echo got:$x; sleep 100'; echo st $?"
        ),
    );
    let real = term.wait_match(r"\n(/dev/pts/\d+)\r\n");
    let inside = term.wait_match(r"(/dev/pts/\d+)\r\n");
    assert_ne!(real, inside);
    let lent = term.modes();
    assert_eq!(lent.c_lflag & (libc::ICANON | libc::ECHO | libc::ISIG), libc::ICANON | libc::ECHO | libc::ISIG);
    term.send("hello\r");
    term.wait("got:hello");
    // An interrupt before `sleep` starts would leave the shell waiting for it.
    term.wait_until("sleep to run", |term| {
        term.descendants().into_iter().any(|pid| proc::command_line(pid) == "sleep 100")
    });
    // Ctrl-C signals the program alone.
    term.send("\x03");
    term.wait("st 130");
    assert_eq!(term.modes(), before);
    let rows = term.rows().join("\n");
    assert!(!rows.contains("hello") && rows.contains("st 130"), "{rows}");
}

#[test]
fn redirected_streams_stay_redirected() {
    let mut term = bash_at_prompt();
    type_line(
        &mut term,
        &format!(
            "x=$(seq 3 | {COSHELL} lend -- sh -c 'cat; echo u''p >&2; read y </dev/tty; echo $y; exit 7'); echo \"[$?]\" $x"
        ),
    );
    term.wait("up");
    term.send("four\r");
    term.wait("[7] 1 2 3 four");
}

#[test]
fn missing_program_is_reported_and_terminal_returned() {
    let mut term = bash_at_prompt();
    type_line(&mut term, &format!("{COSHELL} lend -- no-such-program; echo st $?"));
    term.wait("coshell: no-such-program could not be run: No such file");
    term.wait("st 1");
}

/// Kills the program over vim after it has enabled every mode that a terminal has.
#[test]
fn killed_program_over_vim_leaves_screen_and_modes_intact() {
    let dir = TestDir::new();
    let text: String = (0..60).map(|n| format!("line {n} \u{e9}\u{4e2d}\n")).collect();
    let file = dir.write_file("text", &text);
    let mut term = coshell(&["--", "vim", "-u", "NONE", "-c", "set nu mouse=a", &file]).start();
    term.wait_until("vim", |term| term.rows().iter().any(|row| row.contains("line 15")));
    term.wait_quiet();
    let modes = |term: &Terminal| {
        let screen = term.screen();
        let keys = (screen.application_cursor(), screen.application_keypad(), screen.bracketed_paste());
        (
            keys,
            screen.mouse_protocol_mode(),
            screen.mouse_protocol_encoding(),
            screen.hide_cursor(),
            screen.cursor_position(),
        )
    };
    let (rows, before) = (term.rows(), modes(&term));
    let script = "stty raw -echo; printf '\\033[?1000h\\033[?1006h\\033[?25l\\033[3;9r\\033[?6h\\033[4h\\033[>4;2m\\033[31mGUEST'; kill -9 $$";
    let mut client = lend_from_outside(&term, script);
    term.wait("GUEST");
    assert_eq!(client.wait().expect("the client ends").code(), Some(137));
    term.wait_until("vim's screen again", |term| term.rows() == rows && modes(term) == before);
    // vim goes on where it was.
    term.send("jjx");
    term.wait_until("the edit", |term| term.rows()[2].ends_with("ine 2 \u{e9}\u{4e2d}"));
    term.send(":q!\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
}

#[test]
fn program_ends_when_requesting_client_is_killed() {
    let mut term = bash_at_prompt();
    let rows = term.rows();
    let mut client = lend_from_outside(&term, "echo up; trap '' HUP; sleep 100");
    term.wait("up");
    client.kill().expect("the process runs");
    client.wait().expect("the client ends");
    // The program ignores SIGHUP and is killed two seconds later.
    term.wait_until("the shell's screen", |term| term.rows() == rows);
    type_line(&mut term, "echo sti''ll");
    term.wait("still");
}

#[test]
fn keys_typed_while_lent_do_not_reach_shell() {
    let mut term = wrapped(&[], "echo start; read x; echo \"got [$x]\"; seq -w 300000; echo end").start();
    term.wait("start");
    let mut client = lend_from_outside(&term, "echo up; read x; exit 0");
    term.wait("up");
    term.send("for-program\r");
    assert_eq!(client.wait().expect("the client ends").code(), Some(0));
    term.skip_unread();
    term.send("\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    let shown = String::from_utf8_lossy(term.output()).into_owned();
    assert_eq!(count_numbers(&shown), 300_000);
    assert!(shown.contains("got []"), "keys for the program reached the shell");
}

#[test]
fn flood_while_lent_is_held_back_and_not_lost() {
    let mut term = wrapped(&[], "echo start; until [ -e go ]; do sleep 0.05; done; seq -w 500000; echo en''d").start();
    term.wait("start");
    let mut client = lend_from_outside(&term, "echo up; read x; printf '\\033[8mGONE'");
    term.wait("up");
    std::fs::write(term.home().join("go"), "").expect("the home is ours");
    term.read_for(std::time::Duration::from_millis(500));
    assert!(!term.text().contains("000001"), "nothing is shown over the guest");
    term.send("\r");
    assert_eq!(client.wait().expect("the client ends").code(), Some(0));
    term.wait("end");
    let shown = String::from_utf8_lossy(term.output()).into_owned();
    assert_eq!(count_numbers(&shown), 500_000);
}

#[test]
fn stopped_program_is_continued() {
    let mut term = bash_at_prompt();
    type_line(&mut term, &format!("{COSHELL} lend -- sh -c 'echo up; kill -STOP $$; exit 4'; echo st $?"));
    term.wait("st 4");
}

#[test]
fn session_end_ends_program_and_restores_terminal() {
    let mut term = bash(&[]).start();
    term.wait(PROMPT);
    let mut client = lend_from_outside(&term, "stty raw; echo up; echo $$ > pid; sleep 100");
    term.wait("up");
    term.signal(Signal::SIGTERM);
    assert_eq!(term.wait_end(), Ended::Code(143));
    assert_eq!(term.modes(), fresh_modes());
    assert!(client.wait().expect("the client ends").code() != Some(0));
    assert!(!term.screen().alternate_screen());
}

#[test]
fn second_request_while_lent_is_refused() {
    let mut term = bash_at_prompt();
    let mut first = lend_from_outside(&term, "echo up; read x");
    term.wait("up");
    let mut second = lend_from_outside(&term, "true");
    assert_eq!(second.wait().expect("the client ends").code(), Some(1));
    term.send("\r");
    assert_eq!(first.wait().expect("the client ends").code(), Some(0));
}

#[test]
fn size_changed_while_lent_is_applied_inside() {
    let mut term = bash_at_prompt();
    let mut client = lend_from_outside(&term, "echo up; read x");
    term.wait("up");
    term.resize(30, 90, 0, 0);
    term.send("\r");
    client.wait().expect("the client ends");
    type_line(&mut term, "stty size");
    term.wait("30 90");
}

#[test]
fn lend_without_terminal_is_refused() {
    let mut term = wrapped(&[], &format!("{COSHELL} lend -- true 2>&1 | cat; read x")).start();
    term.wait("\x1b[?1049h");
    term.send("\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    let script = format!("true | {COSHELL} -- sh -c '{COSHELL} lend -- true' | cat");
    let mut term = direct(&["sh", "-c", &script]).start();
    term.wait("is not a terminal, so there is none to lend");
    term.wait_end();
}

#[test]
fn killed_program_returns_terminal() {
    let mut term = bash_at_prompt();
    let mut client = lend_from_outside(&term, "echo pid $$; read x");
    let pid: i32 = term.wait_match(r"pid (\d+)").parse().expect("a number");
    assert!(proc::is_alive(Pid::from_raw(pid)));
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the process runs");
    assert_eq!(client.wait().expect("the client ends").code(), Some(137));
    type_line(&mut term, "echo sti''ll");
    term.wait("still");
}

/// Sends a request with `copies` descriptors of the write end of a pipe, and returns the read end.
fn request_with_pipe(client: &Client, method: &str, params: &Value, copies: usize) -> io::PipeReader {
    let (reads, writes) = io::pipe().expect("a pipe");
    let fds = vec![writes.as_raw_fd(); copies];
    let line = format!("{}\n", json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
    let sent = sendmsg::<()>(
        client.stream.get_ref().as_raw_fd(),
        &[IoSlice::new(line.as_bytes())],
        &[ControlMessage::ScmRights(&fds)],
        MsgFlags::empty(),
        None,
    );
    assert_eq!(sent, Ok(line.len()));
    reads
}

/// Requests the terminal for a program whose stdout is a pipe, and returns the read end of the pipe.
fn lend_with_pipe(client: &Client) -> io::PipeReader {
    request_with_pipe(client, "lend", &json!({"command": ["true"], "streams": [1]}), 1)
}

/// Fails unless all write ends of the pipe are closed.
#[track_caller]
fn assert_write_end_closed(reads: &io::PipeReader) {
    let mut fds = [PollFd::new(reads.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut fds, 10_000_u16), Ok(1), "a write end is open");
    assert_eq!(fds[0].revents(), Some(PollFlags::POLLHUP));
}

#[test]
fn descriptors_of_refused_request_are_closed() {
    let mut session = Session::bash(&[]);
    let first = session.start_call(&["lend", "--tty", "--", "sh", "-c", "echo up; read x"], "");
    session.term.wait("up");
    let mut client = session.client();
    let pipe = lend_with_pipe(&client);
    assert_eq!(client.receive().expect("an answer")["error"]["code"], 7);
    assert_write_end_closed(&pipe);
    session.term.send("\r");
    assert_eq!(session.finish_call(first).status, Some(0));
    // Shell output stops inside an escape sequence: the request waits for its end, and is refused then.
    session.term.send("printf '\\033]0;un''done'; read x\r");
    session.term.wait("undone");
    let pipe = lend_with_pipe(&client);
    assert_eq!(client.receive().expect("an answer")["error"]["code"], 1);
    assert_write_end_closed(&pipe);
}

#[test]
fn descriptors_that_no_request_takes_are_closed_at_once() {
    let mut session = Session::bash(&[]);
    let lend = json!({"command": ["true"], "streams": [1]});
    let mut client = session.client();
    for (method, params, copies) in [
        ("status", &json!({}), 1),
        ("status", &json!({}), 3),
        ("status", &json!({}), 6),
        ("status", &json!({}), 253),
        ("no-such-method", &json!({}), 2),
        ("lend", &lend, 2),
        ("lend", &lend, 6),
    ] {
        let pipe = request_with_pipe(&client, method, params, copies);
        let response = client.receive().expect("an answer");
        if method == "lend" {
            assert!(response["error"]["message"].to_string().contains("did not arrive"), "{copies}: {response}");
        }
        assert_write_end_closed(&pipe);
    }
    let pipe = request_with_pipe(&client, "lend", &json!({"command": ["echo", "hello"], "streams": [1]}), 1);
    assert_eq!(client.receive().expect("an answer")["result"]["status"], 0);
    assert_eq!(io::read_to_string(pipe).expect("the pipe is open"), "hello\n");
    session.call(&["status"]).success();
}

#[test]
fn lend_from_removed_directory_runs_in_session_directory() {
    let mut term = bash_at_prompt();
    type_line(
        &mut term,
        &format!("mkdir gone; cd gone; rmdir ../gone; {COSHELL} lend -- sh -c 'pwd; read x'; echo st $?"),
    );
    let home = term.home().display().to_string();
    term.wait("\x1b[?1049h");
    term.wait(&format!("{home}\r\n"));
    term.send("\r");
    term.wait("st 0");
    assert!(term.text().contains("the working directory is not known"), "{}", term.text());
}

#[test]
fn oversized_environment_is_refused_with_largest_variable() {
    let mut term = bash_at_prompt();
    type_line(
        &mut term,
        "big=$(printf %0100000d 1); for i in 0 1 2 3 4 5 6 7 8 9 a; do export BIG_$i=$big; done; BIG_7=7$big",
    );
    for line in ["lend -- true", "ask Name"] {
        type_line(&mut term, &format!("{COSHELL} {line}; echo st $?"));
        term.wait_match(r"the environment takes 1\d\d\d KiB, of which the variable BIG_7 takes 97 KiB: leave it out");
        term.wait("st 125");
    }
    type_line(&mut term, &format!("env -u BIG_7 {COSHELL} lend -- true; echo st $?"));
    term.wait("st 0");
}

/// Program on the terminal that changes the modes and does not end by SIGHUP or SIGTERM.
const STUBBORN: &str = "trap '' HUP TERM; stty -echo -icanon; echo u''p; while :; do sleep 0.05; done";

/// Kills coshell while the terminal is lent to `STUBBORN`.
fn kill_lender(term: &mut Terminal, session: Pid) {
    type_line(term, &format!("{COSHELL} lend -- sh -c \"{}\"", STUBBORN.replace('$', "\\$")));
    term.wait("up\r\n");
    // The watchdog is forked once the program has been executed.
    term.wait_until("the watchdog", |_| {
        proc::children(session).into_iter().any(|pid| proc::command_line(pid) == proc::command_line(session))
    });
    kill(session, Signal::SIGKILL).unwrap();
}

#[test]
fn lent_program_ends_and_terminal_is_restored_after_sigkill_of_coshell() {
    let mut term = bash_at_prompt();
    let session = term.pid();
    kill_lender(&mut term, session);
    assert_eq!(term.wait_end(), Ended::Signal(9));
    term.wait_until("nothing to be left", |term| term.descendants().is_empty());
    assert_eq!(term.modes(), fresh_modes());
}

/// The script has no job control: it cannot take the terminal back itself.
#[test]
fn script_reads_terminal_again_after_sigkill_of_coshell_that_lent_it() {
    let script = "\"$WRAP\" -q -- bash --norc --noprofile; echo st''atus $?; read x; echo got-$x";
    let mut term = direct(&["sh", "-c", script]).start();
    term.wait(PROMPT);
    let session = term.wait_for("coshell", |term| proc::children(term.pid()).first().copied());
    kill_lender(&mut term, session);
    term.wait("status 137");
    term.wait_until("the modes", |term| term.modes() == fresh_modes());
    term.send("one\r");
    term.wait("got-one");
    assert_eq!(term.wait_end(), Ended::Code(0));
}

/// A shell with job control takes the terminal at once, and its line editor sets modes of its own.
#[test]
fn shell_that_takes_terminal_after_sigkill_of_coshell_keeps_its_modes() {
    let mut term = direct(&["bash", "--norc", "--noprofile"]).start();
    term.wait(PROMPT);
    type_line(&mut term, "PS1='in> ' \"$WRAP\" -q -- bash --norc --noprofile");
    term.wait("in> ");
    let session = term.wait_for("coshell", |term| proc::children(term.pid()).first().copied());
    kill_lender(&mut term, session);
    term.wait("Killed");
    term.wait(PROMPT);
    let modes = term.modes();
    term.wait_until("nothing to be left", |term| term.descendants().is_empty());
    assert_eq!(term.modes(), modes);
    type_line(&mut term, "echo sti''ll");
    term.wait("still\r\n");
}
