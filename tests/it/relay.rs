//! Byte-for-byte relay of output to the terminal and of keys to the shell, for all bytes, amounts and speeds.

use std::time::{Duration, Instant};

use crate::support::{Ended, TestDir, coshell, noise, run, same_output, show, wrapped};

#[test]
fn script_output_through_coshell_is_unchanged() {
    let shown = same_output(r"printf 'one\ntwo\033[31mred\033[0m\r\n\tx\b\a\0\377\200end'; echo >&2 err", |l| l);
    assert!(shown.starts_with(b"one\r\ntwo\x1b[31m"), "{}", show(&shown));
}

#[test]
fn silent_script_shows_nothing() {
    assert_eq!(same_output("exit 0", |l| l), b"");
}

#[test]
fn every_byte_value_is_shown_unchanged() {
    let dir = TestDir::new();
    let all: Vec<u8> = (0..=255).cycle().take(256 * 7).collect();
    let file = dir.write_file("all", &all);
    let shown = same_output(&format!("stty raw; cat {file}"), |l| l);
    assert_eq!(shown, all);
}

#[test]
fn two_megabytes_of_noise_are_shown_unchanged() {
    let dir = TestDir::new();
    let data = noise(2_000_000, 7);
    let file = dir.write_file("noise", &data);
    let shown = run(wrapped(&[], &format!("stty raw; cat {file}"))).bytes;
    // The noise may end with a mode left on, which coshell turns off again.
    assert!(shown.starts_with(&data), "{} bytes of {}", shown.len(), data.len());
}

#[test]
fn two_megabytes_of_noise_are_typed_unchanged() {
    let dir = TestDir::new();
    let data = noise(2_000_000, 11);
    let got = dir.path_str("got");
    let mut term = wrapped(&["--hotkey", "none"], &format!("stty raw -echo; echo go; head -c 2000000 > {got}")).start();
    term.wait("go");
    term.send(&data);
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert!(dir.read("got") == data, "what was typed differs");
}

#[test]
fn eight_bit_bytes_in_c_locale_are_unchanged() {
    let dir = TestDir::new();
    let data = noise(20_000, 3);
    let file = dir.write_file("noise", &data);
    let shown = run(wrapped(&[], &format!("stty raw; cat {file}")).env("LANG", "C").env("LC_ALL", "C")).bytes;
    assert!(shown.starts_with(&data), "{} bytes of {}", shown.len(), data.len());
}

/// Pastes one megabyte into `cat` while the terminal stops reading for two seconds.
#[test]
fn pasted_megabyte_is_echoed_while_terminal_stops_reading() {
    let data = noise(1_000_000, 5);
    let mut term = wrapped(&["--hotkey", "none"], "stty raw -echo; echo go; head -c 1000000 | cat").start();
    term.wait("go\n");
    let mut sent = 0;
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until && sent < data.len() {
        sent += term.send_some(&data[sent..(sent + 4096).min(data.len())]);
        term.pause_reading(Duration::from_millis(20));
    }
    term.send(&data[sent..]);
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert!(term.unread() == data, "{} bytes of {} came back", term.unread().len(), data.len());
}

/// Does the same in lines with echo, so that the queues of both directions are full.
#[test]
fn paste_into_cooked_tee_with_echo_does_not_deadlock() {
    let text = "0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz\n".repeat(3_000);
    let dir = TestDir::new();
    let got = dir.path_str("got");
    let mut term = wrapped(&[], &format!("echo go; tee {got}")).start();
    term.wait("go\r\n");
    term.send(text.replace('\n', "\r"));
    term.send("\x04");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert!(dir.read("got") == text.as_bytes(), "{} bytes of {}", dir.read("got").len(), text.len());
}

/// Ends commands right after their output. COSHELL_ROUNDS sets the number of rounds.
#[test]
fn fast_exit_loses_no_output() {
    let rounds = std::env::var("COSHELL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let dir = TestDir::new();
    let data = vec![b'x'; 60_000];
    let file = dir.write_file("data", &data);
    for round in 0..rounds {
        let length = [1, 7, 100, 4095, 4096, 10_000, 60_000][round % 7];
        let outcome = run(coshell(&["--", "head", "-c", &length.to_string(), &file]));
        assert_eq!(outcome.ended, Ended::Code(0), "round {round}");
        assert_eq!(outcome.bytes.len(), length, "round {round}: {}", show(&outcome.bytes));
    }
}

#[test]
fn lone_escape_key_is_passed_on_at_once() {
    let mut term = wrapped(&[], "stty raw -echo; echo go; head -c 1 | od -An -tx1; echo got").start();
    term.wait("go");
    term.send("\x1b");
    term.wait("1b");
    term.wait("got");
}

/// Sends each byte of a key sequence on its own, as a slow connection delivers it.
#[test]
fn key_sequences_sent_byte_by_byte_arrive_unchanged() {
    let keys = "\x1b[A\x1b[1;5C\x1bOP\u{e9}\u{4e2d}\x1b[200~pasted\x1b[201~\x1b[<0;3;4M\x1b]11;rgb:0/0/0\x07end";
    let dir = TestDir::new();
    let got = dir.path_str("got");
    let script = format!("stty raw -echo; echo go; head -c {} > {got}", keys.len());
    let mut term = wrapped(&[], &script).start();
    term.wait("go");
    for byte in keys.as_bytes() {
        term.send([*byte]);
        term.pause_reading(Duration::from_millis(2));
    }
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(dir.read("got"), keys.as_bytes());
}

#[test]
fn coshell_sends_no_terminal_queries() {
    let shown = run(wrapped(&[], "echo hi")).bytes;
    assert_eq!(shown, b"hi\r\n", "{}", show(&shown));
}

/// Keys typed early wait in the terminal until coshell reads them, as without coshell.
#[test]
fn keys_typed_during_startup_are_not_lost() {
    for round in 0..20_u32 {
        let mut term = coshell(&["--", "sh"]).start();
        term.read_for(Duration::from_micros(500) * round);
        term.send("echo ea'rly'\r");
        term.wait("early\r\n");
    }
}
