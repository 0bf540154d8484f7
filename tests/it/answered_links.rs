//! File transfers that `--zmodem` answers over links: ssh, ssh inside ssh, tmux, and links with faults.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::transfers::{
    BASH, answering, assert_same, assert_usable, letters, link, own, programs, send_files, started, transfer_dirs,
    wait_prompt_back,
};
use crate::support::{Launch, PROMPT, Terminal, TestDir, contains, direct, needs, noise, show};

/// Starts a session with bash behind a link with faults.
fn session_over(dir: &TestDir, faults: &[&str]) -> Terminal {
    let command = link(dir, faults);
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    started(answering(dir, &[], &words))
}

/// Receives `down` and sends `up`.
fn transfer_both_ways(dir: &TestDir, term: &mut Terminal, sz: &str, rz: &str) {
    term.send(format!("{sz} down\r"));
    term.wait("coshell: received ");
    wait_prompt_back(term);
    assert_same(dir, &["down"]);
    send_files(term, rz, &dir.path_str("near/up"));
    term.wait("coshell: sent ");
    assert_usable(term);
    assert_same(dir, &["up"]);
}

fn dirs_with(down: usize, up: usize) -> TestDir {
    let dir = transfer_dirs();
    fs::write(dir.path("far/down"), noise(down, 11)).unwrap();
    fs::write(dir.path("near/up"), noise(up, 12)).unwrap();
    dir
}

#[test]
fn link_that_pauses_inside_frames_loses_nothing() {
    let dir = dirs_with(300_000, 300_000);
    let mut term = session_over(&dir, &["down.pause=100000", "up.pause=100000"]);
    transfer_both_ways(&dir, &mut term, "sz", "rz");
}

#[test]
fn slow_link_carries_files_both_ways() {
    let dir = dirs_with(20_000, 20_000);
    let mut term = session_over(&dir, &["down.rate=20000", "up.rate=20000"]);
    transfer_both_ways(&dir, &mut term, "sz", "rz");
}

#[test]
fn link_that_changes_loses_and_doubles_bytes_carries_files() {
    let dir = dirs_with(200_000, 200_000);
    let noise = ["down.noise=20011:20000:150000", "up.noise=20011:20000:150000"];
    let mut term = session_over(&dir, &noise);
    transfer_both_ways(&dir, &mut term, "sz", "rz");
}

#[test]
fn ctrl_c_on_slow_link_leaves_both_ends_usable() {
    for up in [false, true] {
        let dir = transfer_dirs();
        fs::write(dir.path(if up { "near/data" } else { "far/data" }), letters(10_000_000)).unwrap();
        let mut term = session_over(&dir, &["down.rate=50000", "up.rate=50000"]);
        if up {
            send_files(&mut term, "rz", &dir.path_str("near/data"));
        } else {
            term.send("sz data\r");
            // The prompt that is waited for later is another one.
            term.wait("\r\n");
        }
        term.wait_until("progress", |term| term.rows().join("\n").contains("% of 10.0 MB"));
        let since = Instant::now();
        term.send("\x03");
        assert_usable(&mut term);
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    }
}

/// The link is lost in a frame: its program ends as ssh does, and the shell that started it is usable.
#[test]
fn lost_link_ends_transfer_and_names_the_part() {
    for (up, fault) in [(false, "down.drop=400000"), (true, "up.drop=400000")] {
        let dir = transfer_dirs();
        fs::write(dir.path(if up { "near/data" } else { "far/data" }), letters(3_000_000)).unwrap();
        let mut term = started(answering(&dir, &[], BASH));
        let words: Vec<String> = link(&dir, &[fault]);
        term.send(format!("'{}'\r", words.join("' '")));
        wait_far_prompt(&mut term);
        if up {
            send_files(&mut term, "rz", &dir.path_str("near/data"));
        } else {
            term.send("sz data\r");
            // The prompt that is waited for later is another one.
            term.wait("\r\n");
        }
        term.wait_until("the near program", |term| !programs(term, false).is_empty());
        let since = Instant::now();
        assert_usable(&mut term);
        assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
        assert!(contains(term.output(), "coshell: "), "{}", show(term.output()));
        assert!(up || !dir.exists("near/data"));
    }
}

/// Server of ssh on a port of the loopback interface: this process accepts, and each connection is served by an `sshd` of its
/// own, so that no port is guessed.
fn serve_ssh(dir: &TestDir) -> String {
    needs("ssh");
    needs("ssh-keygen");
    let sshd =
        ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| fs::exists(path).unwrap());
    let sshd = sshd.expect("sshd is installed by tests/run --install");
    if nix::unistd::Uid::effective().is_root() {
        // Where the system starts no sshd, the directory of its unprivileged process is missing.
        fs::create_dir_all("/run/sshd").unwrap();
    }
    for key in ["host", "user"] {
        let args = ["-q", "-t", "ed25519", "-N", "", "-f", &dir.path_str(key)];
        assert!(Command::new("ssh-keygen").args(args).status().unwrap().success());
    }
    let path = |name| dir.path_str(name);
    let server = dir.write_file(
        "sshd_config",
        format!(
            "HostKey {}\nAuthorizedKeysFile {}\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nAcceptEnv RIG PS1 TERM\nPrintMotd no\nPrintLastLog no\n",
            path("host"),
            path("user.pub"),
        ),
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve_connection(sshd, &server, stream);
        }
    });
    dir.write_file(
        "ssh_config",
        format!(
            "Host *\nHostName 127.0.0.1\nPort {port}\nIdentityFile {}\nIdentitiesOnly yes\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\nSendEnv RIG PS1\nRequestTTY force\n",
            path("user"),
        ),
    )
}

fn serve_connection(sshd: &str, config: &str, stream: TcpStream) {
    let input = OwnedFd::from(stream.try_clone().unwrap());
    let mut command = Command::new(sshd);
    command.args(["-i", "-q", "-f", config]).stdin(Stdio::from(input)).stdout(Stdio::from(OwnedFd::from(stream)));
    let mut server = command.stderr(Stdio::null()).spawn().unwrap();
    thread::spawn(move || server.wait());
}

/// Returns the command of the far side of ssh.
fn far_command(dir: &TestDir) -> String {
    format!("cd {} && PS1='{PROMPT}' exec {}", dir.path_str("far"), BASH.join(" "))
}

/// Waits for the prompt of the shell that the command line just typed has started.
fn wait_far_prompt(term: &mut Terminal) {
    term.wait("\r\n");
    term.wait(PROMPT);
}

/// Launches a session with ssh to a bash in the directory `far`, from the directory `near`.
fn ssh(dir: &TestDir, config: &str, hops: usize) -> Launch {
    let far = far_command(dir);
    let inner = format!("exec ssh -F {config} far \"{far}\"");
    answering(dir, &[], &["ssh", "-F", config, "far", if hops == 1 { &far } else { &inner }]).cwd(dir.path("near"))
}

/// Content that ssh takes for its escapes, that telnet and flow control take for theirs, and a cancel.
fn odd_bytes() -> Vec<u8> {
    let all: Vec<u8> = (0..=255).collect();
    let words: [&[u8]; 6] =
        [b"\r~.\r~.\n~.", b"\r~?\n~^Z", &[0xff; 100], &[0x11, 0x13, 0x91, 0x93], &[0x18; 50], &[0x1d; 5]];
    [words.concat(), all].concat().into_iter().cycle().take(100_000).collect()
}

#[test]
fn ssh_and_ssh_inside_ssh_carry_files_both_ways() {
    for hops in [1, 2] {
        let dir = dirs_with(1_000_000, 1_000_000);
        let config = serve_ssh(&dir);
        let mut term = started(ssh(&dir, &config, hops));
        transfer_both_ways(&dir, &mut term, "sz", "rz -y");
        fs::write(dir.path("near/up"), odd_bytes()).unwrap();
        fs::write(dir.path("far/down"), odd_bytes()).unwrap();
        fs::remove_file(dir.path("near/down")).unwrap();
        transfer_both_ways(&dir, &mut term, &own("sz"), &own("rz -y"));
    }
}

/// Files are received into the directory of ssh, and named from there.
#[test]
fn ssh_transfers_by_directory_of_the_near_shell() {
    let dir = dirs_with(1000, 1000);
    let config = serve_ssh(&dir);
    let far = far_command(&dir);
    let launch = crate::support::coshell(&["--indicator", "none", "--zmodem", "--", "ssh", "-F", &config, "far", &far]);
    let mut term = started(launch.cwd(dir.path("near")));
    term.send("sz down\r");
    term.wait("coshell: received ");
    wait_prompt_back(&mut term);
    send_files(&mut term, "rz", "up");
    term.wait("coshell: sent ");
    assert_usable(&mut term);
    assert_same(&dir, &["down", "up"]);
}

#[test]
fn ctrl_c_over_ssh_leaves_both_ends_usable() {
    for up in [false, true] {
        let dir = transfer_dirs();
        fs::write(dir.path(if up { "near/data" } else { "far/data" }), letters(50_000_000)).unwrap();
        let config = serve_ssh(&dir);
        let mut term = started(ssh(&dir, &config, 1));
        if up {
            send_files(&mut term, "rz", &dir.path_str("near/data"));
        } else {
            term.send("sz data\r");
            // The prompt that is waited for later is another one.
            term.wait("\r\n");
        }
        term.wait_until("progress", |term| term.rows().join("\n").contains("% of 50.0 MB"));
        term.send("\x03");
        assert_usable(&mut term);
    }
}

#[test]
fn killed_ssh_ends_transfer() {
    for up in [false, true] {
        let dir = transfer_dirs();
        fs::write(dir.path(if up { "near/data" } else { "far/data" }), letters(50_000_000)).unwrap();
        let config = serve_ssh(&dir);
        let mut term = started(answering(&dir, &[], BASH));
        term.send(format!("ssh -F {config} far \"{}\"\r", far_command(&dir)));
        wait_far_prompt(&mut term);
        if up {
            send_files(&mut term, "rz", &dir.path_str("near/data"));
        } else {
            term.send("sz data\r");
            // The prompt that is waited for later is another one.
            term.wait("\r\n");
        }
        term.wait_until("progress", |term| term.rows().join("\n").contains("% of 50.0 MB"));
        let is_ssh = |pid: &nix::unistd::Pid| crate::support::proc::command_line(*pid).starts_with("ssh ");
        let client = term.descendants().into_iter().find(is_ssh).unwrap();
        nix::sys::signal::kill(client, nix::sys::signal::Signal::SIGKILL).unwrap();
        term.wait_until("the end", |term| programs(term, false).is_empty());
        assert_usable(&mut term);
        assert!(up || !dir.exists("near/data"));
    }
}

/// The terminal is a tmux here, in whose pane the session runs.
#[test]
fn session_in_tmux_transfers_both_ways() {
    needs("tmux");
    let dir = dirs_with(300_000, 300_000);
    let inner = [crate::support::COSHELL, "--zmodem", "--zmodem-dir", &dir.path_str("near"), "--"];
    let socket = dir.path_str("socket");
    let command = [&["tmux", "-S", &socket, "-f", "/dev/null", "new"], &inner[..], BASH].concat();
    let mut term = started(direct(&command).cwd(dir.path("far")));
    term.send("sz down\r");
    term.wait_until("the summary", |term| term.rows().join("\n").contains("coshell: received "));
    assert_same(&dir, &["down"]);
    send_files(&mut term, "rz", &dir.path_str("near/up"));
    term.wait_until("the summary", |term| term.rows().join("\n").contains("coshell: sent "));
    assert_same(&dir, &["up"]);
    let _ = Command::new("tmux").args(["-S", &socket, "kill-server"]).status();
}

/// The protocol does not pass through tmux in the shell.
#[test]
fn transfer_in_far_tmux_is_told() {
    needs("tmux");
    let dir = dirs_with(1000, 1000);
    let mut term = started(answering(&dir, &[], BASH));
    let socket = dir.path_str("socket");
    term.send(format!("tmux -S {socket} -f /dev/null new \"PS1='{PROMPT}' exec {}\"\r", BASH.join(" ")));
    term.wait("\x1b[?1049h");
    term.wait(PROMPT);
    term.send("sz down\r");
    // The notification.
    term.wait("\x1b]9;");
    term.wait("swallows ZMODEM");
    term.wait("\x07");
    term.send("\x18\x18\x18\x18\x18\x18");
    term.wait(PROMPT);
    term.send("exit\r");
    term.wait("coshell: tmux or screen in this session swallows ZMODEM");
    term.wait_until("the prompt", |term| term.rows().join("\n").trim_end().ends_with(PROMPT.trim_end()));
    assert!(!dir.exists("near/down"));
}
