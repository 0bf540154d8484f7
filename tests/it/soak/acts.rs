//! What happens in the session: each act begins and ends at a prompt inside.

use std::fs;

use nix::sys::signal::{Signal, kill};
use serde_json::json;

use super::random::Random;
use super::rig::Rig;
use crate::support::{PROMPT, contains};

/// An act, which fails where a byte is lost or changed.
type Act = fn(&mut Rig, &mut Random);

/// The acts and their names.
pub(super) const ACTS: &[(&str, Act)] = &[
    ("flood", flood),
    ("flood of noise", noise),
    ("typed bytes", typed),
    ("coprocess reads all", coproc_reads),
    ("coprocess types", coproc_types),
    ("coprocess fails", coproc_fails),
    ("silent coprocess", silent),
    ("upload", upload),
    ("download", download),
    ("resize", resize),
    ("clients", clients),
    ("suspend", suspend),
    ("menu", menu),
    ("lend", lend),
    ("triggers", triggers),
    ("notes", notes),
];

fn flood(rig: &mut Rig, random: &mut Random) {
    let len = 1 + random.below(400_000);
    let bytes = random.output(len);
    rig.print(&bytes);
}

/// Prints bytes of every value except those that set modes: ESC, SO and the 8-bit controls behind a valid lead byte.
fn noise(rig: &mut Rig, random: &mut Random) {
    let len = 1 + random.below(100_000);
    let mut bytes = random.noise(len);
    bytes.retain(|byte| !matches!(byte, 0x1b | 0x0e | 0x0f | 0x80..=0x9f));
    rig.print(&bytes);
}

fn typed(rig: &mut Rig, random: &mut Random) {
    let n = rig.number();
    let len = 1 + random.below(60_000);
    let mut bytes = random.noise(len);
    // The hotkey opens the menu, and ESC may begin its other encodings.
    bytes.retain(|byte| !matches!(byte, 0x1b | 0x1d));
    rig.run(&format!(
        "stty raw -echo; echo 're'ady-{n}-; head -c {} > typed; stty sane; echo 'do'ne-{n}-",
        bytes.len()
    ));
    rig.term.wait(&format!("ready-{n}-"));
    rig.term.send(&bytes);
    rig.term.wait(&format!("done-{n}-"));
    assert!(rig.dir.read("far/typed") == bytes, "{} keys typed", bytes.len());
    rig.typed += bytes.len() as u64;
    rig.prompt();
}

fn coproc_reads(rig: &mut Rig, random: &mut Random) {
    let copy = rig.dir.path("near/copy");
    rig.request("run", json!({"command": format!("exec cat > {}", copy.display())}));
    let len = 1 + random.below(200_000);
    let bytes = random.output(len);
    rig.print(&bytes);
    let copied = |_: &_| contains(&fs::read(&copy).unwrap_or_default(), "stty opost");
    rig.term.wait_until("the copy", copied);
    rig.term.wait_until("all of it", |_| {
        let copy = fs::read(&copy).unwrap_or_default();
        memchr::memmem::find(&copy, &bytes).is_some()
    });
    rig.request("stop", json!({}));
    rig.coproc_ends();
}

fn coproc_types(rig: &mut Rig, random: &mut Random) {
    let n = rig.number();
    let format = ["raw", "text", "json"][random.below(3)];
    rig.request("run", json!({"command": format!("printf 'echo by-%s-\\r' {n}"), "input": format}));
    rig.term.wait(&format!("by-{n}-\r\n"));
    rig.prompt();
    rig.coproc_ends();
}

fn coproc_fails(rig: &mut Rig, _: &mut Random) {
    rig.request("run", json!({"command": "echo why >&2; exit 3"}));
    // A narrow terminal shows only the beginning.
    rig.term.wait("coshell: coproc");
    rig.coproc_ends();
    // The notice stands above the prompt, which is drawn again.
    rig.run("");
    rig.prompt();
}

/// The coprocess reads the beginning of the output, and the terminal shows the rest.
fn silent(rig: &mut Rig, random: &mut Random) {
    let n = rig.number();
    let len = 20_000 + random.below(60_000);
    let bytes = random.output(len);
    let eaten = 1 + random.below(20_000);
    fs::write(rig.dir.path("far/shown"), &bytes).unwrap();
    let path = rig.dir.path("near/eaten");
    rig.run(&format!("stty -opost; echo 'be'gin-{n}-; read x; cat shown; echo 'e'nd-{n}-; stty opost"));
    rig.term.wait(&format!("begin-{n}-\n"));
    // `head` may read more than it needs, which is lost to the terminal; `dd` does not.
    let command = format!("printf '\\r'; exec dd bs=1 count={eaten} of={} 2>/dev/null", path.display());
    rig.request("run", json!({"command": command, "silent": true, "wait": false}));
    rig.term.wait(&format!("end-{n}-\n"));
    rig.coproc_ends();
    // The echo of the key that ends `read`.
    let read = fs::read(&path).unwrap();
    let start = memchr::memmem::find(&read, b"\n").map_or(0, |at| at + 1);
    assert_eq!(read.len(), eaten);
    assert!(bytes.starts_with(&read[start..]), "{}", read[..read.len().min(80)].escape_ascii());
    let shown = rig.term.output();
    let behind = &bytes[eaten - start..];
    // A line of progress may stand in front.
    assert!(memchr::memmem::find(shown, behind).is_some(), "the {} bytes that were not read", behind.len());
    rig.shown += bytes.len() as u64;
    rig.prompt();
}

/// Moves a file, and fails unless it arrives and nothing of the protocol is shown.
fn transfer(rig: &mut Rig, random: &mut Random, command: &str, from: &str, to: &str) {
    let len = random.below(300_000);
    let _ = fs::remove_file(rig.dir.path(to));
    rig.write_noise(from, len);
    let n = rig.number();
    rig.run(&format!("{command}; echo 'mo'ved-{n}-"));
    rig.term.wait(&format!("moved-{n}-"));
    rig.prompt();
    rig.coproc_ends();
    assert!(rig.dir.read(to) == rig.dir.read(from), "{command}, {len} bytes");
    rig.run("echo 'us'able");
    rig.term.wait("usable\r\n");
    rig.prompt();
}

fn upload(rig: &mut Rig, random: &mut Random) {
    transfer(rig, random, "rz -y", "near/data", "far/data");
}

fn download(rig: &mut Rig, random: &mut Random) {
    transfer(rig, random, "sz -e data", "far/data", "near/data");
}

fn resize(rig: &mut Rig, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        // With two rows no notice fits above the prompt: it waits.
        let (rows, cols) = (4 + random.below(60) as u16, 20 + random.below(150) as u16);
        rig.term.resize(rows, cols, 0, 0);
        rig.run("stty size");
        // The size comes by a signal, which the key may overtake only before it was sent.
        rig.term.wait(&format!("{rows} {cols}\r\n"));
        rig.prompt();
    }
}

fn clients(rig: &mut Rig, random: &mut Random) {
    let n = rig.number();
    let mut subscribed = rig.client();
    subscribed.request("subscribe", json!({"events": ["line"]}));
    rig.run(&format!("echo 'li'ne-{n}-"));
    rig.term.wait(&format!("line-{n}-\r\n"));
    rig.prompt();
    while subscribed.receive_event("line")["text"] != format!("line-{n}-") {}
    let lines = rig.request("lines", json!({"number": 5})).to_string();
    assert!(lines.contains(&format!("line-{n}-")), "{lines}");
    rig.request("screen", json!({}));
    for _ in 0..random.below(20) {
        assert!(rig.client().is_served());
    }
    // A client that leaves in the middle of a line.
    rig.client().send("{\"jsonrpc\":");
}

fn suspend(rig: &mut Rig, _: &mut Random) {
    kill(rig.coshell, Signal::SIGTSTP).unwrap();
    rig.term.wait("Stopped");
    rig.term.wait(PROMPT);
    rig.wait_modes(true);
    rig.term.send("fg\r");
    rig.wait_modes(false);
    let n = rig.number();
    rig.run(&format!("echo 'ba'ck-{n}-"));
    rig.term.wait(&format!("back-{n}-\r\n"));
    rig.prompt();
}

/// Opens the menu, presses a key and closes it. Each key waits for the row to be drawn.
fn menu(rig: &mut Rig, random: &mut Random) {
    rig.term.resize(24, 80, 0, 0);
    rig.run("stty size");
    rig.term.wait("24 80\r\n");
    rig.prompt();
    rig.term.send("\x1d");
    rig.term.wait("Esc closes");
    let (key, drawn) = [("q", "trigger"), ("t", "rz waiting"), ("r", "run"), ("s", "no coprocess")][random.below(4)];
    rig.term.send(key);
    rig.term.wait(drawn);
    rig.term.send("\x1b");
    // The menu is closed once a command line is run.
    let n = rig.number();
    let mut client = rig.client();
    rig.term.wait_until("the menu to be closed", |_| client.is_served());
    rig.term.read_for(std::time::Duration::from_millis(100));
    rig.run(&format!("echo 'cl'osed-{n}-"));
    rig.term.wait(&format!("closed-{n}-\r\n"));
    rig.prompt();
}

fn lend(rig: &mut Rig, _: &mut Random) {
    let n = rig.number();
    rig.run(&format!("\"$WRAP\" lend -- sh -c 'echo le\"nt\"-{n}-; read x; echo ke\"ys\"-$x-'; echo 'en'ded-{n}-"));
    rig.term.wait(&format!("lent-{n}-"));
    rig.term.send(format!("{n}\r"));
    rig.term.wait(&format!("keys-{n}-"));
    rig.term.wait(&format!("ended-{n}-\r\n"));
    rig.prompt();
}

fn triggers(rig: &mut Rig, _: &mut Random) {
    let n = rig.number();
    rig.run(&format!("printf 'soak %s asks: ' {n}; read x; echo \"got'$x'\"; echo soak {n} runs"));
    rig.term.wait(&format!("got'answer {n}'\r\n"));
    rig.term.wait(&format!("soak {n} runs\r\n"));
    rig.prompt();
    let ran = rig.dir.path("near").join(format!("ran-{n}"));
    rig.term
        .wait_until("the command", |_| fs::read(&ran).is_ok_and(|line| line == format!("soak {n} runs\n").as_bytes()));
    fs::remove_file(ran).unwrap();
}

fn notes(rig: &mut Rig, _: &mut Random) {
    let n = rig.number();
    rig.run(&format!("echo 'no'ted-{n}-"));
    rig.term.wait(&format!("noted-{n}-\r\n"));
    rig.prompt();
    rig.request("annotate", json!({"line": format!("/noted-{n}-"), "text": format!("note-{n}-")}));
    // A narrow terminal shows only the beginning.
    rig.term.wait("coshell: note");
    rig.request("set", json!({"name": "soak", "value": n.to_string()}));
    assert_eq!(rig.request("get", json!({"name": "soak"}))["value"], n.to_string());
    rig.run("");
    rig.prompt();
}
