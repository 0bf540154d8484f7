//! File transfers that `--zmodem` answers, with real shells and the real lrzsz at the far end of a pty.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;

use nix::sys::signal::Signal;

use crate::support::terminal::Ended;
use crate::support::transfers::{
    BASH, QUESTION, answering, answering_bash, assert_clean, assert_same, assert_usable, begin_large, dirs_with_large,
    kill_program, own, programs, send_files, started, transfer_dirs, wait_prompt_back,
};
use crate::support::{PROMPT, Terminal, TestDir, contains, needs, noise, show};

/// Receives and sends a file of every byte, twice, in a far shell.
fn far_shell_transfers(dir: &TestDir, term: &mut Terminal) {
    fs::write(dir.path("far/down"), noise(200_000, 1)).unwrap();
    fs::write(dir.path("near/up"), noise(200_000, 2)).unwrap();
    for _ in 0..2 {
        term.send("sz down\r");
        term.wait("coshell: received ");
        wait_prompt_back(term);
        assert_same(dir, &["down"]);
        fs::remove_file(dir.path("near/down")).unwrap();
        send_files(term, "rz -y", &dir.path_str("near/up"));
        term.wait("coshell: sent ");
        wait_prompt_back(term);
        assert_same(dir, &["up"]);
        fs::remove_file(dir.path("far/up")).unwrap();
    }
    assert_usable(term);
}

/// Starts a session in one of the shells, with the usual prompt.
fn session_in(dir: &TestDir, shell: &str) -> Terminal {
    needs(shell);
    dir.write_file(".zshrc", format!("PS1='{PROMPT}'\n"));
    let fish_prompt = format!("set -g fish_greeting; function fish_prompt; echo -n '{PROMPT}'; end");
    let command: &[&str] = match shell {
        "bash" => BASH,
        "dash" => &["dash", "-i"],
        "zsh" => &["zsh", "-d", "-i"],
        _ => &["fish", "--private", "-C", &fish_prompt],
    };
    started(answering(dir, &[], command).env("ZDOTDIR", dir.root()))
}

#[test]
fn bash_and_dash_transfer_both_ways() {
    for shell in ["bash", "dash"] {
        let dir = transfer_dirs();
        far_shell_transfers(&dir, &mut session_in(&dir, shell));
    }
}

#[test]
fn zsh_transfers_both_ways() {
    let dir = transfer_dirs();
    far_shell_transfers(&dir, &mut session_in(&dir, "zsh"));
}

#[test]
fn fish_transfers_both_ways() {
    let dir = transfer_dirs();
    far_shell_transfers(&dir, &mut session_in(&dir, "fish"));
}

#[test]
fn empty_tiny_and_large_files_arrive_both_ways() {
    let (dir, names) = (transfer_dirs(), ["empty", "one", "large"]);
    for (name, len) in names.iter().zip([0, 1, 3_000_000]) {
        fs::write(dir.path("far").join(name), noise(len, 3)).unwrap();
    }
    let mut term = answering_bash(&dir);
    term.send("sz empty one large\r");
    term.wait("received 3 files");
    wait_prompt_back(&mut term);
    assert_same(&dir, &names);
    names.iter().for_each(|name| fs::remove_file(dir.path("far").join(name)).unwrap());
    let near = dir.path_str("near");
    send_files(&mut term, "rz", &format!("{near}/empty {near}/one {near}/large"));
    term.wait("sent 3 files");
    assert_usable(&mut term);
    assert_same(&dir, &names);
}

#[test]
fn directory_arrives_as_archive() {
    let dir = transfer_dirs();
    fs::create_dir_all(dir.path("near/my folder/below")).unwrap();
    fs::write(dir.path("near/my folder/below/file"), noise(200_000, 4)).unwrap();
    let mut term = answering_bash(&dir);
    send_files(&mut term, "rz", &format!("'{}/'", dir.path_str("near/my folder")));
    term.wait("my folder/ was sent as the archive my folder.tar: unpack it there by tar -xf");
    assert_usable(&mut term);
    term.send("tar -xf 'my folder.tar'\r");
    term.wait(PROMPT);
    assert_same(&dir, &["my folder/below/file"]);
}

/// Names as a user has them: the last is no UTF-8, but GBK, with bytes that are control characters in Latin-1.
const NAMES: [&[u8]; 7] = [
    b"a b",
    "\u{fc}ber \u{65e5}\u{672c}".as_bytes(),
    b"it's \"so\"",
    b"$HOME `x`",
    b"a\\b",
    b"(1) & [2]*?",
    b"\xce\xc4\x81\x9b",
];

#[test]
fn files_of_any_name_arrive_both_ways() {
    let dir = transfer_dirs();
    let far = dir.path("far");
    for name in NAMES {
        fs::write(far.join(OsStr::from_bytes(name)), name).unwrap();
    }
    fs::write(far.join("-rf"), "x").unwrap();
    let mut term = answering_bash(&dir);
    term.send("sz -- *\r");
    term.wait("received 8 files");
    wait_prompt_back(&mut term);
    let near = |name: &[u8]| fs::read(dir.path("near").join(OsStr::from_bytes(name))).unwrap_or_default();
    NAMES.iter().for_each(|name| assert_eq!(near(name), *name, "{}", name.escape_ascii()));
    assert_eq!(near(b"_rf"), b"x");
    // A name that is no UTF-8 cannot be typed.
    let typed = &NAMES[..NAMES.len() - 1];
    fs::remove_dir_all(&far).unwrap();
    fs::create_dir(&far).unwrap();
    let mut files = String::new();
    for name in typed {
        let path = dir.path("near").join(OsStr::from_bytes(name)).to_str().unwrap().replace('\'', r"'\''");
        files += &format!("'{path}' ");
    }
    term.send("cd ../far\r");
    term.wait(PROMPT);
    send_files(&mut term, "rz", files.trim_end());
    term.wait("sent 6 files");
    assert_usable(&mut term);
    typed.iter().for_each(|name| assert_eq!(fs::read(far.join(OsStr::from_bytes(name))).unwrap_or_default(), *name));
}

#[test]
fn many_small_files_arrive_both_ways() {
    let dir = transfer_dirs();
    let names: Vec<String> = (0..300).map(|number| format!("f{number}")).collect();
    names.iter().for_each(|name| fs::write(dir.path("far").join(name), name).unwrap());
    let mut term = answering_bash(&dir);
    term.send("sz *\r");
    term.wait("received 300 files");
    wait_prompt_back(&mut term);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_same(&dir, &names);
    names.iter().for_each(|name| fs::remove_file(dir.path("far").join(name)).unwrap());
    let near = dir.path_str("near");
    let files: Vec<String> = names.iter().map(|name| format!("{near}/{name}")).collect();
    send_files(&mut term, "rz", &files.join(" "));
    term.wait("sent 300 files");
    assert_usable(&mut term);
    assert_same(&dir, &names);
}

#[test]
fn question_left_by_escape_or_interrupt_ends_far_receiver() {
    let dir = transfer_dirs();
    let mut term = answering_bash(&dir);
    for key in ["\x1b", "\x03", "\x1b"] {
        term.send("rz\r");
        term.wait(QUESTION);
        term.send(key);
        assert_usable(&mut term);
    }
    assert!(!contains(term.output(), "coshell: "), "{}", show(term.output()));
}

/// Starts a session in `shell` with a large file at either side.
fn long(shell: &str, up: bool) -> (TestDir, Terminal) {
    let dir = dirs_with_large(up, 100_000_000);
    let term = session_in(&dir, shell);
    (dir, term)
}

/// Starts the transfer of that file, and waits until `least` bytes have arrived.
fn begin_long(dir: &TestDir, term: &mut Terminal, up: bool, least: u64) {
    begin_large(dir, term, up, "rz -y");
    let arriving = dir.path(if up { "far/data" } else { "near/.data.part" });
    let len = || fs::metadata(&arriving).map_or(0, |metadata| metadata.len());
    term.wait_until("data", |_| len() >= least);
}

/// Number of bytes after which a transfer is ended.
const POINTS: [u64; 3] = [0, 1, 2_000_000];

/// Interrupts a transfer at several points, in one session.
fn interrupt_at_points(up: bool) {
    let (dir, mut term) = long("bash", up);
    for point in POINTS {
        begin_long(&dir, &mut term, up, point);
        term.wait_until("the near program", |term| !programs(term, false).is_empty());
        term.send("\x03");
        assert_usable(&mut term);
        // A part would be resumed, or its length taken for that of the next transfer.
        for name in ["near/.data.part", if up { "far/data" } else { "near/data" }] {
            // Not there where the interrupt came before the data.
            let _ = fs::remove_file(dir.path(name));
        }
    }
}

#[test]
fn ctrl_c_while_receiving_leaves_both_ends_usable() {
    interrupt_at_points(false);
}

#[test]
fn ctrl_c_while_sending_leaves_both_ends_usable() {
    interrupt_at_points(true);
}

fn end_program(shell: &str, up: bool, is_far: bool, signal: Signal) {
    let (dir, mut term) = long(shell, up);
    begin_long(&dir, &mut term, up, 300_000);
    kill_program(&term, is_far, signal);
    assert_usable(&mut term);
    assert!(contains(term.output(), "coshell: "), "{}", show(term.output()));
    let name = if up { "far/data" } else { "near/data" };
    assert!(up || !dir.exists(name), "a cut file has its whole name");
}

#[test]
fn terminated_program_of_either_side_leaves_both_ends_usable() {
    for (up, is_far) in [(false, false), (false, true), (true, false), (true, true)] {
        end_program("bash", up, is_far, Signal::SIGTERM);
    }
}

#[test]
fn killed_near_program_leaves_both_ends_usable() {
    end_program("bash", false, false, Signal::SIGKILL);
    end_program("bash", true, false, Signal::SIGKILL);
}

#[test]
fn killed_far_sender_leaves_both_ends_usable() {
    end_program("bash", false, true, Signal::SIGKILL);
}

#[test]
fn killed_far_receiver_leaves_both_ends_usable() {
    end_program("bash", true, true, Signal::SIGKILL);
}

/// Each shell answers Ctrl-C in its own way, with data on its line or without. A receiver that SIGKILL ends leaves raw mode
/// behind, in which Ctrl-C is no signal, and dash does not leave that mode by itself.
#[test]
fn ended_far_receiver_leaves_every_shell_usable() {
    for (shell, signal) in [
        ("dash", Signal::SIGTERM),
        ("dash", Signal::SIGKILL),
        ("zsh", Signal::SIGTERM),
        ("fish", Signal::SIGTERM),
        ("fish", Signal::SIGKILL),
    ] {
        end_program(shell, true, true, signal);
    }
}

/// zsh takes the raw mode that a killed receiver leaves behind for the user's choice, and returns to it at each command. What the
/// notice says sets it right.
#[test]
fn raw_mode_of_killed_far_receiver_is_told_with_remedy() {
    let (dir, mut term) = long("zsh", true);
    begin_long(&dir, &mut term, true, 300_000);
    kill_program(&term, true, Signal::SIGKILL);
    term.wait("coshell: the shell there has not answered Ctrl-C");
    term.send("\x15stty sane\n");
    assert_usable(&mut term);
}

#[test]
fn existing_file_is_kept_at_either_side() {
    let dir = transfer_dirs();
    for (side, content) in [("near", "old"), ("far", "new")] {
        fs::write(dir.path(side).join("data"), content).unwrap();
    }
    let mut term = answering_bash(&dir);
    term.send("sz data\r");
    term.wait("coshell: received ");
    wait_prompt_back(&mut term);
    assert_eq!([dir.read("near/data"), dir.read("near/data.1")], [b"old".to_vec(), b"new".to_vec()]);
    // lrzsz's receiver refuses the name unless told otherwise.
    send_files(&mut term, "rz", &dir.path_str("near/data"));
    term.wait("data was not sent: the other side skipped it");
    assert_usable(&mut term);
    assert_eq!(dir.read("far/data"), b"new");
}

#[test]
fn directory_that_cannot_be_written_is_told() {
    let dir = transfer_dirs();
    fs::write(dir.path("far/data"), "x").unwrap();
    fs::remove_dir(dir.path("near")).unwrap();
    let mut term = answering_bash(&dir);
    term.send("sz data\r");
    term.wait("cannot receive into");
    assert_usable(&mut term);
}

/// A limit of the file size is a full disk to a program that ignores SIGXFSZ.
#[test]
fn full_disk_is_told_at_either_side() {
    let dir = transfer_dirs();
    for name in ["far/down", "near/up"] {
        fs::write(dir.path(name), noise(1_000_000, 8)).unwrap();
    }
    let full = dir.write_program("full", "#!/bin/bash\ntrap '' XFSZ; ulimit -f 100; exec \"$@\"\n");
    let receives = format!("cd {} && exec {full} {}", dir.path_str("near"), own("rz"));
    let mut term = started(answering(&dir, &["--zmodem-receive", &receives], BASH));
    term.send("sz down\r");
    term.wait("down was not received: File too large");
    assert_usable(&mut term);
    assert!(!dir.exists("near/down"));
    for rz in [format!("{full} rz"), format!("{full} {}", own("rz"))] {
        send_files(&mut term, &rz, &dir.path_str("near/up"));
        term.wait("up was not sent");
        assert_usable(&mut term);
    }
}

#[test]
fn both_ends_of_one_role_are_told() {
    let dir = transfer_dirs();
    fs::write(dir.path("far/data"), "x").unwrap();
    let (receive, send) = (own("sz data"), own("rz"));
    let mut term = started(answering(&dir, &["--zmodem-receive", &receive, "--zmodem-send", &send], BASH));
    term.send("rz\r");
    term.wait("both ends receive");
    assert_usable(&mut term);
    term.send("sz data\r");
    term.wait("both ends send");
    assert_usable(&mut term);
}

#[test]
fn document_with_header_in_mid_line_starts_nothing() {
    let dir = transfer_dirs();
    let header = b"**\x18B00000000000000\r\n";
    fs::write(dir.path("far/text"), [b"sz sends ", &header[..], b"  ", header, b"**^XB00000000000000\r\n"].concat())
        .unwrap();
    let mut term = answering_bash(&dir);
    term.send("cat text; cat -v text; head -c 22 text; echo en'd'\r");
    term.wait("end\r\n");
    wait_prompt_back(&mut term);
    assert!(!contains(term.output(), "coshell: "), "{}", show(term.output()));
    fs::write(dir.path("far/data"), "x").unwrap();
    term.send("clear; sz data\r");
    term.wait("coshell: received ");
    assert_usable(&mut term);
}

#[test]
fn shell_that_ends_in_transfer_ends_session() {
    let (dir, mut term) = long("bash", false);
    term.send("exec sz data\r");
    // An empty part is not kept.
    term.wait_until("data", |_| fs::metadata(dir.path("near/.data.part")).is_ok_and(|part| part.len() > 0));
    kill_program(&term, true, Signal::SIGKILL);
    assert_eq!(term.wait_end(), Ended::Code(137));
    assert_clean(&term);
    assert!(!dir.exists("near/data"));
    let fine = fs::metadata(dir.path("near/.data.part")).unwrap().permissions().mode();
    assert_eq!(fine & 0o077, fine & 0o044, "{fine:o}");
}

/// The rate of a transfer in a debug build would make this one long.
#[test]
fn long_transfers_arrive_both_ways() {
    if std::env::var_os("LONG_TRANSFERS").is_none() {
        return;
    }
    let dir = transfer_dirs();
    let (names, len) = ((0..2000).map(|number| format!("f{number}")).collect::<Vec<_>>(), 2_200_000_000);
    names.iter().for_each(|name| fs::write(dir.path("far").join(name), name).unwrap());
    // Blocks of noise, each in its own order, with holes between them.
    let file = fs::File::create(dir.path("far/large")).unwrap();
    file.set_len(len).unwrap();
    (0..20).for_each(|n| file.write_all_at(&noise(1_000_000, n + 1), n * 105_000_000).unwrap());
    let mut term = answering_bash(&dir);
    let move_down = |term: &mut Terminal, files: &str, told: &str| {
        term.send(format!("sz {files}\r"));
        wait_long(term, told);
    };
    move_down(&mut term, "f*", "received 2000 files");
    move_down(&mut term, "large", "large, 2.20 GB");
    let same =
        |name: &str| assert_eq!(digest(&dir.path("near").join(name)), digest(&dir.path("far").join(name)), "{name}");
    names.iter().for_each(|name| same(name));
    same("large");
    fs::remove_dir_all(dir.path("far")).unwrap();
    fs::create_dir(dir.path("far")).unwrap();
    term.send("cd ../far\r");
    term.wait(PROMPT);
    let near = dir.path_str("near");
    send_files(&mut term, "rz", &format!("{near}/large"));
    wait_long(&mut term, "large, 2.20 GB");
    same("large");
    let files: Vec<String> = names.iter().map(|name| format!("{near}/{name}")).collect();
    send_files(&mut term, "rz", &files.join(" "));
    wait_long(&mut term, "sent 2000 files");
    names.iter().for_each(|name| same(name));
    // The last prompt was forgotten with the rest of the output.
    term.send("\r");
    term.wait(PROMPT);
    assert_usable(&mut term);
}

/// Waits as long as the transfer goes on.
fn wait_long(term: &mut Terminal, told: &str) {
    while !contains(term.unread(), told) {
        let len = term.output().len();
        term.wait_until("progress", |term| term.output().len() > len);
    }
    wait_prompt_back(term);
    term.forget_output();
}

/// Returns length and checksum of a file.
fn digest(path: &Path) -> (u64, u32) {
    let (mut file, mut buffer) = (fs::File::open(path).unwrap(), vec![0; 1 << 20]);
    let (mut len, mut crc) = (0, crc32fast::Hasher::new());
    while let n @ 1.. = file.read(&mut buffer).unwrap() {
        len += n as u64;
        crc.update(&buffer[..n]);
    }
    (len, crc.finalize())
}
