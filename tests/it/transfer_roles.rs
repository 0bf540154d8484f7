//! `coshell rz` and `coshell sz`: with each other and with lrzsz, over pipes whose bytes a test may change on their way, and
//! over the pty of a session.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use coshell::wire::zmodem::crc32;
use coshell::wire::zmodem::escape::Escaping;
use coshell::wire::zmodem::header::{FrameHeader, FrameType, HeaderForm};
use coshell::wire::zmodem::reader::{FrameEvent, FrameReader};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::terminal::DEADLINE;
use crate::support::{COSHELL, PROMPT, Terminal, TestDir, bash, contains, needs, noise, show};

/// What happens to a byte on its way.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lose,
    Double,
    Change,
}

/// Faults by the index of the byte, in the direction of the receiver and of the sender.
type Faults = [BTreeMap<usize, Fault>; 2];

/// End of a program: its status and its standard error.
#[derive(Debug)]
struct End {
    status: Option<i32>,
    told: String,
}

/// Starts a program on pipes in a directory.
fn start(command: &[&str], dir: &Path) -> Child {
    let mut program = Command::new(command[0]);
    program.args(&command[1..]).current_dir(dir);
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Copies bytes until their end, with faults.
fn relay(mut from: ChildStdout, mut to: ChildStdin, faults: BTreeMap<usize, Fault>) -> JoinHandle<()> {
    thread::spawn(move || {
        let (mut buffer, mut sent) = ([0; 4096], 0);
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let mut bytes = Vec::with_capacity(n + 8);
            for &byte in &buffer[..n] {
                match faults.get(&sent) {
                    None => bytes.push(byte),
                    Some(Fault::Lose) => {}
                    Some(Fault::Double) => bytes.extend([byte, byte]),
                    Some(Fault::Change) => bytes.push(byte ^ 0x20),
                }
                sent += 1;
            }
            // A program that has ended reads no more.
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
    })
}

fn wait(child: Child) -> End {
    let output = child.wait_with_output().unwrap();
    End { status: output.status.code(), told: String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// Takes the streams of both programs and connects them.
fn connect(sender: &mut Child, receiver: &mut Child, faults: Faults) -> [JoinHandle<()>; 2] {
    let [forth, back] = faults;
    let forth = relay(sender.stdout.take().unwrap(), receiver.stdin.take().unwrap(), forth);
    [forth, relay(receiver.stdout.take().unwrap(), sender.stdin.take().unwrap(), back)]
}

/// Runs a transfer from `from` to `to`. Returns the ends of sender and receiver.
fn transfer(dir: &TestDir, sender: &[&str], receiver: &[&str], faults: Faults) -> [End; 2] {
    let mut sender = start(sender, &dir.path("from"));
    let mut receiver = start(receiver, &dir.path("to"));
    let relays = connect(&mut sender, &mut receiver, faults);
    let ends = [wait(sender), wait(receiver)];
    relays.into_iter().for_each(|relay| relay.join().unwrap());
    ends
}

fn dirs() -> TestDir {
    needs("rz");
    needs("sz");
    let dir = TestDir::new();
    ["from", "to"].iter().for_each(|side| fs::create_dir(dir.path(side)).unwrap());
    dir
}

fn assert_done(ends: &[End; 2]) {
    assert!(ends.iter().all(|end| end.status == Some(0)), "{ends:?}");
}

/// The programs of either side: those of coshell and of lrzsz, not lrzsz on both sides.
const PAIRS: [(&[&str], &[&str]); 3] =
    [(&[COSHELL, "sz"], &[COSHELL, "rz"]), (&[COSHELL, "sz"], &["rz", "-y"]), (&["sz", "-e", "-q"], &[COSHELL, "rz"])];

fn same_files(dir: &TestDir, names: &[&str]) {
    for name in names {
        let (from, to) = (dir.path("from").join(name), dir.path("to").join(name));
        assert!(fs::read(&from).unwrap() == fs::read(&to).unwrap(), "{name}");
        let (from, to) = (fs::metadata(from).unwrap(), fs::metadata(to).unwrap());
        let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(seconds(from.modified().unwrap()), seconds(to.modified().unwrap()), "{name}");
        assert_eq!(from.permissions().mode() & 0o777, to.permissions().mode() & 0o777, "{name}");
    }
    let left: Vec<_> = fs::read_dir(dir.path("to")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), names.len(), "{left:?}");
}

#[test]
fn files_of_every_kind_arrive_with_time_and_mode() {
    let names = ["a b", "über 日本", "it's \"so\"", "empty", "one", "all", "cans", "noise", "run.sh"];
    for (sender, receiver) in PAIRS {
        let dir = dirs();
        let all: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let contents: [&[u8]; 9] = [b"1", b"2", b"3", b"", b"x", &all, &[0x18; 3000], &noise(1_000_000, 5), b"#!"];
        for (name, content) in names.iter().zip(contents) {
            fs::write(dir.path("from").join(name), content).unwrap();
        }
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::File::open(dir.path("from/all")).unwrap().set_modified(old).unwrap();
        fs::set_permissions(dir.path("from/run.sh"), fs::Permissions::from_mode(0o4755)).unwrap();
        let sender = [sender, &["--"], &names].concat();
        assert_done(&transfer(&dir, &sender, receiver, Faults::default()));
        same_files(&dir, &names);
        let mode = fs::metadata(dir.path("to/run.sh")).unwrap().permissions().mode();
        assert!(receiver[0] != COSHELL || mode & 0o7000 == 0, "{mode:o}");
    }
}

#[test]
fn many_small_files_arrive() {
    let names: Vec<String> = (0..300).map(|number| format!("file-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (sender, receiver) in PAIRS {
        let dir = dirs();
        names.iter().for_each(|name| fs::write(dir.path("from").join(name), name).unwrap());
        assert_done(&transfer(&dir, &[sender, &names].concat(), receiver, Faults::default()));
        same_files(&dir, &names);
    }
}

#[test]
fn name_with_leading_dash_or_path_is_made_harmless() {
    let dir = dirs();
    fs::write(dir.path("from/-rf"), "x").unwrap();
    fs::write(dir.path("from/plain"), "y").unwrap();
    let ends =
        transfer(&dir, &["sz", "-e", "-q", "-f", "--", "-rf", "../from/plain"], &[COSHELL, "rz"], Faults::default());
    assert_done(&ends);
    assert_eq!((dir.read("to/_rf"), dir.read("to/plain")), (b"x".to_vec(), b"y".to_vec()));
}

#[test]
fn existing_file_is_kept_numbered_overwritten_or_skipped() {
    for (options, status, kept, new) in [
        (&[][..], 0, "old", Some("new")),
        (&["-E"], 0, "old", Some("new")),
        (&["-y"], 0, "new", None),
        (&["-p"], 1, "old", None),
        (&["-p", "-y"], 0, "new", None),
    ] {
        let dir = dirs();
        fs::write(dir.path("from/data"), "new").unwrap();
        fs::write(dir.path("to/data"), "old").unwrap();
        let receiver = [&[COSHELL, "rz"], options].concat();
        let ends = transfer(&dir, &[COSHELL, "sz", "data"], &receiver, Faults::default());
        assert!(ends.iter().all(|end| end.status == Some(status)), "{options:?}: {ends:?}");
        assert_eq!(dir.read("to/data"), kept.as_bytes(), "{options:?}");
        assert_eq!(dir.read("to/data.1"), new.unwrap_or_default().as_bytes(), "{options:?}");
        assert!(!dir.exists("to/.data.part"), "{options:?}");
        let told = "data was not sent: the other side skipped it";
        assert_eq!(ends[0].told.contains(told), status == 1, "{ends:?}");
    }
}

/// The part is the beginning of the file, or other bytes.
#[test]
fn part_is_resumed_if_it_is_the_beginning_of_the_file() {
    let content = noise(2_000_000, 9);
    for (sender, receiver) in [
        (&[COSHELL, "sz", "-r"][..], &[COSHELL, "rz"][..]),
        (&[COSHELL, "sz"], &[COSHELL, "rz", "-r"]),
        (&["sz", "-e", "-q", "-r"], &[COSHELL, "rz"]),
    ] {
        for is_same in [true, false] {
            let dir = dirs();
            fs::write(dir.path("from/data"), &content).unwrap();
            let mut part = content[..1_900_000].to_vec();
            part[1000] ^= u8::from(!is_same);
            fs::write(dir.path("to/.data.part"), part).unwrap();
            let ends = transfer(&dir, &[sender, &["data"]].concat(), receiver, Faults::default());
            assert_done(&ends);
            same_files(&dir, &["data"]);
            let told = if is_same { "data, 100.0 kB" } else { "data, 2.0 MB" };
            assert!(ends[1].told.contains(told), "{ends:?}");
        }
    }
}

/// Returns faults of each kind in turn, at every `every` and `back` bytes.
fn faults(every: usize, back: usize) -> Faults {
    let kinds = [Fault::Change, Fault::Lose, Fault::Double];
    let at = |every: usize, end: usize| {
        (1..).map(|n| (n * every, kinds[n % 3])).take_while(move |(at, _)| *at < end).collect::<BTreeMap<_, _>>()
    };
    [at(every, 1_000_000), at(back, 400)]
}

#[test]
fn file_arrives_unchanged_over_faulty_connection() {
    for (sender, receiver) in PAIRS {
        let dir = dirs();
        fs::write(dir.path("from/data"), noise(300_000, 4)).unwrap();
        let ends = transfer(&dir, &[sender, &["data"]].concat(), receiver, faults(30_011, 211));
        assert_done(&ends);
        same_files(&dir, &["data"]);
    }
}

/// Starts a transfer of a large file, and waits until some of it has arrived.
fn begin_long(dir: &TestDir, pair: (&[&str], &[&str])) -> (Child, Child, [JoinHandle<()>; 2]) {
    let file = fs::File::create(dir.path("from/data")).unwrap();
    file.set_len(4_000_000_000).unwrap();
    let mut sender = start(&[pair.0, &["data"]].concat(), &dir.path("from"));
    let mut receiver = start(pair.1, &dir.path("to"));
    let relays = connect(&mut sender, &mut receiver, Faults::default());
    let until = Instant::now() + DEADLINE;
    let part = if pair.1[0] == COSHELL { "to/.data.part" } else { "to/data" };
    while fs::metadata(dir.path(part)).map_or(0, |metadata| metadata.len()) == 0 {
        assert!(Instant::now() < until, "no data arrives");
        thread::sleep(Duration::from_millis(5));
    }
    (sender, receiver, relays)
}

#[test]
fn terminated_side_tells_the_other_at_once() {
    for pair in PAIRS {
        for ended in [0, 1] {
            let dir = dirs();
            let (sender, receiver, relays) = begin_long(&dir, pair);
            let pid = if ended == 0 { sender.id() } else { receiver.id() };
            kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGTERM).unwrap();
            let since = Instant::now();
            let ends = [wait(sender), wait(receiver)];
            assert!(since.elapsed() < Duration::from_secs(10), "{ends:?}");
            relays.into_iter().for_each(|relay| relay.join().unwrap());
            assert!(ends.iter().all(|end| end.status != Some(0)), "{ends:?}");
            let programs = [pair.0[0], pair.1[0]];
            if programs[ended] == COSHELL {
                assert_eq!(ends[ended].status, Some(143), "{ends:?}");
            }
            if programs[1 - ended] == COSHELL {
                assert!(ends[1 - ended].told.contains("the other side cancelled the transfer"), "{ends:?}");
            }
            if pair.1[0] == COSHELL {
                let told = "data was cut; what has arrived is in /";
                assert!(
                    ends[1].told.contains(told) && ends[1].told.contains("/to/.data.part\n") && !dir.exists("to/data"),
                    "{ends:?}"
                );
            }
        }
    }
}

#[test]
fn file_that_cannot_be_sent_is_named_and_others_are_sent() {
    let dir = dirs();
    fs::write(dir.path("from/good"), "x").unwrap();
    nix::unistd::mkfifo(&dir.path("from/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::File::create(dir.path("from/large")).unwrap().set_len(1 << 32).unwrap();
    let sender = [COSHELL, "sz", "missing", "fifo", "large", "good"];
    let ends = transfer(&dir, &sender, &[COSHELL, "rz"], Faults::default());
    assert_eq!([ends[0].status, ends[1].status], [Some(1), Some(0)], "{ends:?}");
    for told in ["missing was not sent: No such file", "fifo was not sent: it is not a file", "at most 4 GiB"] {
        assert!(ends[0].told.contains(told), "{ends:?}");
    }
    assert_eq!(dir.read("to/good"), b"x");
}

#[test]
fn directory_is_sent_as_archive() {
    let dir = dirs();
    fs::create_dir_all(dir.path("from/-a b/c")).unwrap();
    fs::write(dir.path("from/-a b/c/file"), noise(300_000, 5)).unwrap();
    for (directory, mode) in [("from", 0o2755), ("from/-a b", 0o700)] {
        fs::set_permissions(dir.path(directory), fs::Permissions::from_mode(mode)).unwrap();
    }
    for (sender, receiver) in
        [([COSHELL, "sz", "--", "-a b/"], &["rz", "-y"][..]), ([COSHELL, "sz", "--", "."], &[COSHELL, "rz"])]
    {
        let ends = transfer(&dir, &sender, receiver, Faults::default());
        assert_done(&ends);
        assert!(ends[0].told.contains(".tar: unpack it there by tar -xf\n"), "{ends:?}");
    }
    for (archive, file, mode) in
        [("to/-a b.tar", "to/-a b/c/file", 0o600), ("to/from.tar", "to/from/-a b/c/file", 0o644)]
    {
        assert_eq!(fs::metadata(dir.path(archive)).unwrap().permissions().mode() & 0o7777, mode, "{archive}");
        let unpacked = Command::new("tar").arg("-C").arg(dir.path("to")).arg("-xf").arg(dir.path(archive)).status();
        assert!(unpacked.unwrap().success() && dir.read(file) == noise(300_000, 5), "{archive}");
    }
    let ends = transfer(&dir, &[COSHELL, "sz", "/"], &[COSHELL, "rz"], Faults::default());
    assert!(ends[0].told.contains("/ was not sent: it is the root of the file system"), "{ends:?}");
}

#[test]
fn sender_without_files_cancels_the_receiver() {
    let dir = dirs();
    for receiver in [&[COSHELL, "rz"][..], &["rz"]] {
        let ends = transfer(&dir, &[COSHELL, "sz", "missing"], receiver, Faults::default());
        assert!(ends[0].status == Some(1) && ends[1].status != Some(0), "{ends:?}");
    }
}

#[test]
fn directory_that_cannot_be_written_is_told_at_both_ends() {
    for sender in [&[COSHELL, "sz", "data"][..], &["sz", "-e", "-q", "data"]] {
        let dir = dirs();
        fs::write(dir.path("from/data"), "x").unwrap();
        let ends = transfer(&dir, sender, &[COSHELL, "rz", "missing"], Faults::default());
        assert!(ends[0].status != Some(0) && ends[1].status == Some(1), "{ends:?}");
        assert!(ends[1].told.contains("cannot receive into missing: No such file or directory"), "{ends:?}");
    }
}

#[test]
fn full_disk_is_told_at_both_ends() {
    let dir = dirs();
    fs::write(dir.path("from/data"), noise(3_000_000, 2)).unwrap();
    fs::write(dir.path("from/small"), "x").unwrap();
    // A limit of the file size is a full disk to a program that ignores SIGXFSZ.
    let limited = format!("trap '' XFSZ; ulimit -f 1000; exec {COSHELL} rz");
    let ends = transfer(&dir, &[COSHELL, "sz", "data", "small"], &["bash", "-c", &limited], Faults::default());
    assert!(ends.iter().all(|end| end.status == Some(1)), "{ends:?}");
    assert!(ends[1].told.contains("data was not received: File too large"), "{ends:?}");
    assert!(ends[0].told.contains("data was not sent: the other side skipped it"), "{ends:?}");
    assert_eq!(dir.read("to/small"), b"x");
}

#[test]
fn link_in_place_of_the_part_is_refused() {
    let dir = dirs();
    fs::write(dir.path("from/data"), "x").unwrap();
    fs::write(dir.path("victim"), "safe").unwrap();
    std::os::unix::fs::symlink(dir.path("victim"), dir.path("to/.data.part")).unwrap();
    let ends = transfer(&dir, &[COSHELL, "sz", "data"], &[COSHELL, "rz"], Faults::default());
    assert!(ends.iter().all(|end| end.status == Some(1)), "{ends:?}");
    assert!(ends[1].told.contains("it is a symbolic link"), "{ends:?}");
    assert_eq!(dir.read("victim"), b"safe");
}

#[test]
fn hidden_name_is_stored_visibly() {
    let dir = dirs();
    fs::write(dir.path("from/.bashrc"), "x").unwrap();
    for sender in [&[COSHELL, "sz"][..], &["sz", "-e", "-q"]] {
        assert_done(&transfer(&dir, &[sender, &[".bashrc"]].concat(), &[COSHELL, "rz", "-y"], Faults::default()));
        assert!(!dir.exists("to/.bashrc"));
        assert_eq!(dir.read("to/_bashrc"), b"x");
        fs::remove_file(dir.path("to/_bashrc")).unwrap();
    }
}

#[test]
fn names_up_to_the_longest_arrive() {
    let dir = dirs();
    for len in [249, 250, 252, 255] {
        let name = "n".repeat(len);
        fs::write(dir.path("from").join(&name), "x").unwrap();
        for _ in 0..2 {
            let ends = transfer(&dir, &[COSHELL, "sz", &name], &[COSHELL, "rz"], Faults::default());
            assert_done(&ends);
        }
        assert_eq!(dir.read(&format!("to/{name}")), b"x");
    }
    assert_eq!(fs::read_dir(dir.path("to")).unwrap().count(), 8);
}

#[test]
fn directory_of_the_name_is_told_before_the_data() {
    let dir = dirs();
    fs::write(dir.path("from/data"), "x").unwrap();
    fs::create_dir(dir.path("to/data")).unwrap();
    let ends = transfer(&dir, &[COSHELL, "sz", "data"], &[COSHELL, "rz", "-y"], Faults::default());
    assert!(ends.iter().all(|end| end.status == Some(1)), "{ends:?}");
    assert!(ends[1].told.contains("data was not received: it is a directory here"), "{ends:?}");
    assert!(!dir.exists("to/.data.part"));
}

fn hex(header: FrameHeader) -> Vec<u8> {
    let mut bytes = Vec::new();
    header.append(HeaderForm::Hex, Escaping::Needed, &mut bytes);
    bytes
}

/// The other side sends requests and reads no answers.
#[test]
fn requests_are_not_read_while_answers_are_not() {
    for (command, request) in [
        (&[COSHELL, "rz"][..], FrameHeader::at(FrameType::ZFreeCnt, 0)),
        (&[COSHELL, "sz", "data"], FrameHeader::at(FrameType::ZChallenge, 1)),
    ] {
        let dir = dirs();
        fs::write(dir.path("from/data"), "x").unwrap();
        let mut program = start(command, &dir.path("from"));
        let mut input = program.stdin.take().unwrap();
        fcntl(&input, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let requests = hex(request).repeat(1000);
        let mut written = 0;
        // A pipe that takes nothing for a second is not read.
        while poll(&mut [PollFd::new(input.as_fd(), PollFlags::POLLOUT)], 1000_u16).unwrap() > 0 {
            written += input.write(&requests).unwrap();
            assert!(written < 16 << 20, "{command:?} takes all requests");
        }
        drop(program.stdout.take());
        drop(input);
        assert_ne!(wait(program).status, Some(0));
    }
}

#[test]
fn checksum_is_told_for_one_length() {
    let dir = dirs();
    fs::write(dir.path("from/data"), "0123456789").unwrap();
    let mut program = start(&[COSHELL, "sz", "data"], &dir.path("from"));
    let (mut input, mut output) = (program.stdin.take().unwrap(), program.stdout.take().unwrap());
    let ask = |len| hex(FrameHeader::at(FrameType::ZCrc, len));
    let ready = hex(FrameHeader::with_flags(FrameType::ZRInit, 0x23, 0));
    input.write_all(&[ready, ask(5), ask(5)].concat()).unwrap();
    let (mut reader, mut sums) = (FrameReader::of_sender(), Vec::new());
    while sums.len() < 2 {
        let mut byte = [0];
        output.read_exact(&mut byte).unwrap();
        match reader.next(&mut &byte[..]) {
            Some(FrameEvent::Header(header)) if header.frame == FrameType::ZCrc => sums.push(header.position()),
            _ => {}
        }
    }
    input.write_all(&ask(6)).unwrap();
    assert_eq!(sums, [crc32(0, b"01234"); 2]);
    let end = wait(program);
    let told = "data was not sent: the other side asks for checksums of several lengths";
    assert!(end.status == Some(1) && end.told.contains(told), "{end:?}");
}

/// Starts a session in the directory `to`, with a silent coprocess in `from`.
fn session(dir: &TestDir, trigger: &str, command: &str) -> Terminal {
    let command = format!("cd {} && exec {command}", dir.path_str("from"));
    let args = ["--indicator", "none", "--trigger", trigger, "--silent-coproc", &command];
    let mut term = bash(&args).cwd(dir.path("to")).start();
    term.wait(PROMPT);
    term
}

fn assert_usable(term: &mut Terminal) {
    term.wait(PROMPT);
    term.send("stty -a | grep -o ' echo '; echo us'able' $?\r");
    term.wait(" echo \r\n");
    term.wait("usable 0\r\n");
    term.wait(PROMPT);
    let screen = term.rows().join("\n");
    for rubbish in ["B0100000023be50", "B00000000000000", "**", "\u{18}", "B08", "B09"] {
        assert!(!screen.contains(rubbish), "{rubbish:?} is on the screen:\n{screen}\n{}", show(term.output()));
    }
}

/// Both directions over the pty of a session, where coshell is at one end or both.
#[test]
fn transfers_over_pty_arrive_in_both_directions() {
    let rz = format!("{COSHELL} rz");
    let sz = format!("{COSHELL} sz");
    for (near, far) in [(&*sz, &*rz), (&sz, "rz -y"), ("sz -e", &rz)] {
        let dir = dirs();
        fs::write(dir.path("from/data"), noise(3_000_000, 6)).unwrap();
        let mut term = session(&dir, "rz waiting", &format!("{near} data"));
        term.send(format!("{far}\r"));
        term.wait_until("the file there", |_| dir.read("to/data").len() == 3_000_000);
        assert_usable(&mut term);
        assert!(dir.read("to/data") == dir.read("from/data"), "{near} {far}");
    }
    for (near, far) in [(&*rz, &*sz), (&rz, "sz"), ("rz -y -E", &sz)] {
        let dir = dirs();
        fs::write(dir.path("to/data"), noise(3_000_000, 7)).unwrap();
        let mut term = session(&dir, r"\*\*B00000000000000", near);
        term.send(format!("{far} data\r"));
        term.wait_until("the file here", |_| dir.read("from/data").len() == 3_000_000);
        assert_usable(&mut term);
        assert!(dir.read("to/data") == dir.read("from/data"), "{near} {far}");
    }
}

/// Without a session at the near end the terminal gets the protocol, and is restored however the program ends.
#[test]
fn waiting_program_is_ended_by_ctrl_c_and_signals() {
    for command in ["rz", "sz file"] {
        for ends_by_key in [true, false] {
            let dir = dirs();
            fs::write(dir.path("to/file"), "x").unwrap();
            let mut term = crate::support::direct(&["bash", "--norc", "--noprofile"]).cwd(dir.path("to")).start();
            term.wait(PROMPT);
            term.send(format!("{COSHELL} {command}\r"));
            term.wait(if command == "rz" { "B0100000023be50" } else { "B00000000000000" });
            if ends_by_key {
                term.send("\x03");
            } else {
                let program = |term: &Terminal| term.descendants().into_iter().next();
                term.wait_until("the program", |term| program(term).is_some());
                kill(program(&term).unwrap(), Signal::SIGTERM).unwrap();
            }
            term.wait("cancelled");
            term.wait(PROMPT);
            term.send("stty -a | grep -o ' echo '; echo us'able'\r");
            term.wait(" echo \r\n");
            term.wait("usable\r\n");
            assert!(!contains(term.unread(), "\x18"), "{}", show(term.output()));
        }
    }
}
