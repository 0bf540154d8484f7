//! coshell as the user's shell, and being inside a session.

use crate::support::{COSHELL, Ended, Launch, Session, TestDir, coshell, direct, needs, run, show, wrapped};

/// Values of SHELL that name coshell, and a PATH that some of them need.
fn names_of_coshell(dir: &TestDir) -> (Vec<String>, String) {
    std::os::unix::fs::symlink(COSHELL, dir.path("mysh")).unwrap();
    std::os::unix::fs::symlink("mysh", dir.path("link-to-link")).unwrap();
    let path = format!("{}:{}", dir.root().display(), std::env::var("PATH").unwrap());
    let names = [COSHELL.to_owned(), dir.path_str("mysh"), dir.path_str("link-to-link"), "mysh".to_owned()];
    (names.into_iter().chain(["/no/such/place/coshell".to_owned()]).collect(), path)
}

#[test]
fn shell_that_is_coshell_is_passed_over() {
    let dir = TestDir::new();
    let (names, path) = names_of_coshell(&dir);
    for name in &names {
        for launch in [coshell::<&str>(&[]), coshell::<&str>(&[]).arg0("-coshell"), coshell(&["--", "sh"])] {
            let mut term = launch.env("SHELL", name).env("PATH", &path).start();
            term.wait_match(r"[#$>] $");
            term.send("echo \"<$SHELL>\"; \"$SHELL\" -c 'echo in'\"'side'\"; echo st''atus $?\r");
            let shell = term.wait_match(r"<(/.*)>\r\n");
            term.wait("inside\r\nstatus 0\r\n");
            assert!(!names.contains(&shell), "{name}: {shell}");
        }
    }
}

#[test]
fn shell_variable_that_names_shell_is_unchanged() {
    for shell in ["/bin/sh", "/no/such/shell", ""] {
        let outcome = run(wrapped(&["-q"], "echo \"<$SHELL>\"").env("SHELL", shell));
        assert_eq!(show(&outcome.bytes), format!("<{shell}>\\r\\n\n"));
    }
    assert_eq!(show(&run(wrapped(&["-q"], "echo \"<${SHELL-none}>\"").without("SHELL")).bytes), "<none>\\r\\n\n");
}

#[test]
fn command_line_of_shell_is_run_by_shell() {
    for options in [&["-c"][..], &["-lc"], &["-l", "-c"]] {
        let argv = [&[COSHELL], options, &["echo \"$((40 + 2)) ${COSHELL_TTY-no session}\"; exit 3"]].concat();
        let outcome = run(direct(&argv).env("SHELL", COSHELL));
        assert_eq!((show(&outcome.bytes), outcome.ended), ("42 no session\\r\\n\n".to_owned(), Ended::Code(3)));
    }
}

#[test]
fn tmux_with_coshell_as_default_shell_has_sessions() {
    needs("tmux");
    let dir = TestDir::new();
    dir.write_file("tmux.conf", format!("set -g status off\nset -g default-shell {COSHELL}\n"));
    let tmux = ["tmux", "-u", "-f", "tmux.conf", "-S", "./socket", "new-session"];
    let keep = [";", "set", "-g", "destroy-unattached", "on"];
    let mut term = direct(&[&tmux[..], &keep].concat()).cwd(dir.root()).start();
    term.wait_until("a prompt", |term| term.rows()[0].ends_with(['#', '$', '>']));
    term.send("echo \"<$SHELL $COSHELL_TTY $(tty)>\"\r");
    term.wait_until("a session", |term| {
        let rows = term.rows().concat();
        let words = rows.rsplit_once('<').and_then(|(_, text)| Some(text.split_once('>')?.0.to_owned()));
        words.is_some_and(|words| {
            let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
            words.len() == 3 && words[0] != COSHELL && words[1] == words[2] && words[1].starts_with("/dev/")
        })
    });
}

/// Starts coshell with the environment of a session that has this socket, on a terminal that has this session's number.
fn start_with(socket: &str, session: &str) -> Launch {
    let script = format!(
        "COSHELL_TTY=$(tty) COSHELL_SOCKET='{socket}' COSHELL_SESSION='{session}' exec \"$WRAP\" -- echo started"
    );
    direct(&["sh", "-c", &script])
}

#[test]
fn session_is_around_terminal_only_while_it_is_alive_and_has_it() {
    let other = Session::bash(&[]);
    let (socket, session) = (other.socket().to_string_lossy().into_owned(), other.id());
    for (socket, session) in [("/no/such/socket", "1"), (&socket, &session), ("", "999999999"), ("", ""), ("", "x")] {
        let outcome = run(start_with(socket, session));
        assert_eq!((show(&outcome.bytes), outcome.ended), ("started\\r\\n\n".to_owned(), Ended::Code(0)), "{socket}");
    }
    drop(other);
    assert_eq!(run(start_with(&socket, &session)).ended, Ended::Code(0), "it has ended");
    // A session without a socket is known by its process alone.
    assert_eq!(run(start_with("", &std::process::id().to_string())).ended, Ended::Code(125));
}

#[test]
fn stopped_session_is_around_its_terminal() {
    use nix::sys::signal::{Signal, kill};
    let mut session = Session::bash(&["--nested"]);
    let (pid, id) = (session.term.pid(), session.id());
    session.term.send("\"$WRAP\" -- true; echo st''atus $?\r");
    session.term.wait("status 125");
    assert_eq!(id, pid.to_string());
    // The same question to a session that cannot answer.
    let marker = session.term.home().join("refused");
    session.term.send("(until [ -e go ]; do sleep 0.02; done; \"$WRAP\" -- true 2>/dev/null; echo $? > refused)\r");
    session.term.wait("> refused)\r\n");
    kill(pid, Signal::SIGSTOP).unwrap();
    std::fs::write(session.term.home().join("go"), "").unwrap();
    session.term.wait_until("the refusal", |_| std::fs::read(&marker).is_ok_and(|text| text == b"125\n"));
    kill(pid, Signal::SIGCONT).unwrap();
}
