//! File transfers that `--zmodem` answers over links: links with faults, ssh, ssh inside ssh, telnet and a serial line.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};

use crate::support::transfers::{
    BASH, answering, assert_same, assert_usable, begin_large, dirs_with, dirs_with_large, kill_program, link, own,
    programs, send_files, started, transfer_both_ways, wait_far_prompt, wait_prompt_back,
};
use crate::support::{Launch, PROMPT, Terminal, TestDir, contains, coshell, needs, proc, show};

/// Starts a session with bash behind a link with faults.
fn session_over(dir: &TestDir, faults: &[&str]) -> Terminal {
    let command = link(dir, faults);
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    started(answering(dir, &[], &words))
}

/// Links: the length of the files, and the faults.
const LINKS: [(usize, &[&str]); 4] = [
    (300_000, &["down.pause=100000", "up.pause=100000"]),
    (20_000, &["down.rate=20000", "up.rate=20000"]),
    (2_000, &["down.rate=1000", "up.rate=1000"]),
    (200_000, &["down.noise=20011:20000:150000", "up.noise=20011:20000:150000"]),
];

#[test]
fn links_that_pause_are_slow_or_change_bytes_carry_files() {
    thread::scope(|scope| {
        for (len, faults) in LINKS {
            scope.spawn(move || {
                let dir = dirs_with(len, len);
                transfer_both_ways(&dir, &mut session_over(&dir, faults), "sz", "rz");
            });
        }
    });
}

#[test]
fn link_of_seven_bits_is_named_as_reason() {
    for (far, is_sender) in
        [("sz down".to_owned(), true), ("rz".to_owned(), false), (own("sz down"), true), (own("rz"), false)]
    {
        let dir = dirs_with(6_000, 6_000);
        let mut term = session_over(&dir, &["bits=7"]);
        if is_sender {
            term.send(format!("{far}\r"));
        } else {
            send_files(&mut term, &far, &dir.path_str("near/up"));
        }
        term.wait("coshell: the connection seems to pass only 7 bits");
        assert_usable(&mut term);
    }
}

fn wait_progress(term: &mut Terminal) {
    term.wait_until("progress", |term| term.rows().join("\n").contains(" % of "));
}

#[test]
fn ctrl_c_on_slow_link_leaves_both_ends_usable() {
    for up in [false, true] {
        let dir = dirs_with_large(up, 10_000_000);
        let mut term = session_over(&dir, &["down.rate=50000", "up.rate=50000"]);
        begin_large(&dir, &mut term, up, "rz");
        wait_progress(&mut term);
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
        let dir = dirs_with_large(up, 3_000_000);
        let mut term = started(answering(&dir, &[], BASH));
        let words: Vec<String> = link(&dir, &[fault]);
        term.send(format!("'{}'\r", words.join("' '")));
        wait_far_prompt(&mut term);
        begin_large(&dir, &mut term, up, "rz");
        term.wait_until("the near program", |term| !programs(term, false).is_empty());
        // The shell that came back ended the transfer: not a stall, which takes a minute, nor the shell's silence.
        term.wait("was stopped: the other side ended the transfer");
        // What is behind the lost link is on its own. lrzsz's may stay there for ever: its signal handler translates a message, and
        // waits for gettext's lock where the signal came while another message was translated.
        programs(&term, true).into_iter().for_each(|pid| _ = kill(pid, Signal::SIGKILL));
        assert_usable(&mut term);
        assert!(!contains(term.output(), "has not answered Ctrl-C"), "{}", show(term.output()));
        assert!(up || !dir.exists("near/data"));
    }
}

/// Serves ssh; returns the path of a configuration of its clients.
fn serve_ssh(dir: &TestDir) -> String {
    needs("ssh");
    needs("ssh-keygen");
    let sshd = server_path("sshd");
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
    let port = serve(vec![sshd, "-i".into(), "-q".into(), "-f".into(), server]);
    dir.write_file(
        "ssh_config",
        format!(
            "Host *\nHostName 127.0.0.1\nPort {port}\nIdentityFile {}\nIdentitiesOnly yes\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\nSendEnv RIG PS1\nRequestTTY force\n",
            path("user"),
        ),
    )
}

/// Serves each connection to a port of the loopback interface, which it returns, by a `server` of its own, so that no port
/// is guessed.
fn serve(server: Vec<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve_connection(&server, stream);
        }
    });
    port
}

fn serve_connection(server: &[String], stream: TcpStream) {
    let input = OwnedFd::from(stream.try_clone().unwrap());
    let mut command = Command::new(&server[0]);
    command.args(&server[1..]).stdin(Stdio::from(input)).stdout(Stdio::from(OwnedFd::from(stream)));
    let mut server = command.stderr(Stdio::null()).spawn().unwrap();
    thread::spawn(move || server.wait());
}

/// Returns the path of a server, which Debian has in a directory that is not on the PATH of every user.
fn server_path(name: &str) -> String {
    let places = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"].map(|place| format!("{place}/{name}"));
    let found = places.into_iter().find(|path| fs::exists(path).unwrap());
    found.unwrap_or_else(|| panic!("{name} is installed by tests/run --install"))
}

/// Returns the command of the far side.
fn far_command(dir: &TestDir) -> String {
    format!("cd {} && PS1='{PROMPT}' exec {}", dir.path_str("far"), BASH.join(" "))
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

/// Launches a session with telnet, as it is without options: the connection is not binary.
fn telnet(dir: &TestDir) -> Launch {
    needs("telnet");
    let login = dir.write_program("login", format!("#!/bin/sh\n{}\n", far_command(dir)));
    let port = serve(vec![server_path("telnetd"), "-E".into(), login]);
    answering(dir, &[], &["telnet", "127.0.0.1", &port.to_string()])
}

/// Starts bash at the far end of a serial line, which is a pty. Returns the path of the near end, and that end, which keeps the
/// line open.
fn serial_line(dir: &TestDir) -> (String, fs::File) {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let device = ptsname_r(&master).unwrap();
    let near = fs::File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(&device).unwrap();
    let far_end = || master.as_fd().try_clone_to_owned().unwrap();
    let words = link(dir, &[]);
    let mut far = Command::new(&words[0]);
    far.args(&words[1..]).current_dir(dir.path("far")).stdin(far_end()).stdout(far_end());
    let mut far = far.spawn().unwrap();
    thread::spawn(move || far.wait());
    (device, near)
}

/// Starts a session with picocom on such a line.
fn started_over_serial_line(dir: &TestDir) -> Terminal {
    needs("picocom");
    // Open until picocom has opened the line too.
    let (device, _open) = serial_line(dir);
    let mut term = answering(dir, &[], &["picocom", "--nolock", &device]).start();
    term.wait("Terminal ready");
    term.send("\r");
    term.wait(PROMPT);
    term
}

/// Transfers noise by lrzsz and odd bytes by coshell at the far end.
fn transfer_by_both_programs(dir: &TestDir, term: &mut Terminal) {
    transfer_both_ways(dir, term, "sz", "rz -y");
    fs::write(dir.path("near/up"), odd_bytes()).unwrap();
    fs::write(dir.path("far/down"), odd_bytes()).unwrap();
    fs::remove_file(dir.path("near/down")).unwrap();
    transfer_both_ways(dir, term, &own("sz"), &own("rz -y"));
}

#[test]
fn ssh_and_ssh_inside_ssh_carry_files_both_ways() {
    for hops in [1, 2] {
        let dir = dirs_with(1_000_000, 1_000_000);
        let config = serve_ssh(&dir);
        transfer_by_both_programs(&dir, &mut started(ssh(&dir, &config, hops)));
    }
}

#[test]
fn telnet_carries_files_both_ways() {
    let dir = dirs_with(1_000_000, 1_000_000);
    transfer_by_both_programs(&dir, &mut started(telnet(&dir)));
}

#[test]
fn serial_line_carries_files_both_ways() {
    let dir = dirs_with(1_000_000, 1_000_000);
    transfer_by_both_programs(&dir, &mut started_over_serial_line(&dir));
}

/// Files are received into the directory of ssh, and named from there.
#[test]
fn ssh_transfers_by_directory_of_the_near_shell() {
    let dir = dirs_with(1000, 1000);
    let config = serve_ssh(&dir);
    let far = far_command(&dir);
    let launch = coshell(&["--indicator", "none", "--zmodem", "--", "ssh", "-F", &config, "far", &far]);
    let mut term = started(launch.cwd(dir.path("near")));
    term.send("sz down\r");
    term.wait("coshell: received ");
    wait_prompt_back(&mut term);
    send_files(&mut term, "rz", "up");
    term.wait("coshell: sent ");
    assert_usable(&mut term);
    assert_same(&dir, &["down", "up"]);
}

/// Interrupts a transfer of a file in each direction in a session that `start` starts.
fn interrupt_both_ways(start: impl Fn(&TestDir) -> Terminal) {
    for up in [false, true] {
        let dir = dirs_with_large(up, 50_000_000);
        let mut term = start(&dir);
        begin_large(&dir, &mut term, up, "rz");
        wait_progress(&mut term);
        term.send("\x03");
        assert_usable(&mut term);
        assert!(up || !dir.exists("near/data"), "a cut file has its whole name");
    }
}

#[test]
fn ctrl_c_over_ssh_leaves_both_ends_usable() {
    interrupt_both_ways(|dir| {
        let config = serve_ssh(dir);
        started(ssh(dir, &config, 1))
    });
}

#[test]
fn ctrl_c_over_telnet_leaves_both_ends_usable() {
    interrupt_both_ways(|dir| started(telnet(dir)));
}

#[test]
fn ctrl_c_over_serial_line_leaves_both_ends_usable() {
    interrupt_both_ways(started_over_serial_line);
}

/// The far program is ended by a signal that it cannot catch: no cancel comes, and ssh reports nothing. What is on its way to a
/// receiver is typed into its shell, whose prompt comes back without a key.
#[test]
fn killed_far_program_over_ssh_leaves_both_ends_usable() {
    for up in [false, true] {
        let dir = dirs_with_large(up, 50_000_000);
        let config = serve_ssh(&dir);
        let mut term = started(ssh(&dir, &config, 1));
        begin_large(&dir, &mut term, up, "rz");
        let arriving = dir.path(if up { "far/data" } else { "near/.data.part" });
        // At first little is on its way. Of what there may be later, bash reads no more than some kilobytes in a second of CPU
        // time, while the session goes on waiting for it.
        term.wait_until("data", |_| fs::metadata(&arriving).is_ok_and(|metadata| metadata.len() > 0));
        kill_program(&term, true, Signal::SIGKILL);
        assert_usable(&mut term);
        assert!(contains(term.output(), "coshell: "), "{}", show(term.output()));
        assert!(!contains(term.output(), "has not answered Ctrl-C"), "{}", show(term.output()));
    }
}

#[test]
fn killed_ssh_ends_transfer() {
    for up in [false, true] {
        let dir = dirs_with_large(up, 50_000_000);
        let config = serve_ssh(&dir);
        let mut term = started(answering(&dir, &[], BASH));
        term.send(format!("ssh -F {config} far \"{}\"\r", far_command(&dir)));
        wait_far_prompt(&mut term);
        begin_large(&dir, &mut term, up, "rz");
        wait_progress(&mut term);
        let is_ssh = |pid: &nix::unistd::Pid| proc::command_line(*pid).starts_with("ssh ");
        let client = term.descendants().into_iter().find(is_ssh).unwrap();
        kill(client, Signal::SIGKILL).unwrap();
        term.wait_until("the end", |term| programs(term, false).is_empty());
        assert_usable(&mut term);
        assert!(up || !dir.exists("near/data"));
    }
}
