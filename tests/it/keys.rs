//! Keys by name: what a program in the session reads of them, compared with what tmux(1) sends for the same names.

use std::process::Command;

use serde_json::json;

use crate::support::{PROMPT, Session, Terminal, TestDir, direct, needs, wrapped};

/// Keys for which tmux 3.3 and later has bytes without extended keys. Of KPEnter it makes LF, and terminals CR.
const KEYS: &str = "a A - ^ Enter Tab BTab Space BSpace Escape Up Down Left Right Home End PPage NPage IC DC F1 F2 F3 F4 F5 \
                    F6 F7 F8 F9 F10 F11 F12 C-a C-c C-z C-[ C-] C-_ C-Space C-@ C-/ C-2 C-\\ C-? M-x M-X C-M-x M-Enter \
                    M-BSpace M-Up C-Up S-Left C-S-Right C-Home S-F1 C-F5 M-PPage C-DC KP0 KP9 KP. KP/ KP* KP- KP+";

/// Sets modes, and writes every byte that it reads to the file `read`.
fn reader(modes: &str) -> String {
    format!("stty raw -echo; printf '{modes}reads'; exec cat > read")
}

/// Returns all keys with a `|` behind each.
fn keys() -> Vec<&'static str> {
    KEYS.split_whitespace().flat_map(|key| [key, "|"]).collect()
}

/// Waits for the file `read` to hold a `|` for each key, and returns its bytes.
fn read_bytes(term: &mut Terminal) -> Vec<u8> {
    let read = |term: &Terminal| term.read_home("read").unwrap_or_default();
    term.wait_until("the keys", |term| read(term).iter().filter(|&&byte| byte == b'|').count() == keys().len() / 2);
    read(term)
}

fn typed_by_tmux(modes: &str) -> Vec<u8> {
    needs("tmux");
    let dir = TestDir::new();
    let tmux = ["tmux", "-S", &dir.path_str("socket"), "-f", "/dev/null"];
    let mut term = direct(&[&tmux[..], &["new", &reader(modes)]].concat()).start();
    term.wait("reads");
    let sent = Command::new(tmux[0]).args(&tmux[1..]).arg("send-keys").args(keys()).status();
    assert!(sent.is_ok_and(|status| status.success()), "tmux takes the keys");
    let read = read_bytes(&mut term);
    let ended = Command::new(tmux[0]).args(&tmux[1..]).arg("kill-server").status();
    assert!(ended.is_ok_and(|status| status.success()), "tmux ends");
    term.wait_end();
    read
}

#[test]
fn keys_send_the_bytes_of_tmux_in_the_modes_in_force() {
    for modes in ["", "\\033[?1h\\033="] {
        let mut session = Session::start(wrapped(&[], &reader(modes)).env("TERM", "tmux-256color"));
        session.term.wait("reads");
        let typed = session.request("send", json!({"key": keys()}));
        let read = read_bytes(&mut session.term);
        let of_tmux = typed_by_tmux(modes);
        assert_eq!(read.escape_ascii().to_string(), of_tmux.escape_ascii().to_string(), "modes {modes}");
        assert_eq!(typed["typed"], read.len());
    }
}

#[test]
fn kitty_flags_of_the_program_are_obeyed() {
    let mut session = Session::start(wrapped(&[], &reader("\\033[>1u")));
    session.term.wait("reads");
    session.call(&["send", "--key", "C-a", "Escape", "Up", "C-1", "Enter"]).success();
    let bytes = b"\x1b[97;5u\x1b[27u\x1b[A\x1b[49;5u\r";
    session.term.wait_until("the keys", |term| term.read_home("read").is_some_and(|read| read == bytes));
}

#[test]
fn keys_act_at_a_prompt_and_unknown_ones_are_refused() {
    let mut session = Session::bash(&[]);
    session.term.send("echo one");
    session.term.wait("echo one");
    session
        .call(&["send", "--now", "--key", "C-u", "e", "c", "h", "o", "Space", "2", "BSpace", "3", "Enter"])
        .success();
    session.term.wait("\r3\r\n");
    session.term.wait(PROMPT);
    // A usage error, before anything is typed.
    session.call(&["send", "--key", "x", "Return"]).failed(2, "there is no key 'Return'");
    session.call(&["send", "--key", "x", "--enter"]).failed(2, "--enter");
    session.call(&["send", "--key", "x", "C-1"]).failed(1, "key 'C-1' cannot be typed");
    let refused = session.client().response("send", json!({"key": ["x", "Return"]}));
    assert_eq!(refused["error"]["code"], -32602);
    session.call(&["send", "--key", "y", "Enter"]).success();
    session.term.wait("y: command not found");
}
