//! Untrusted output: it neither controls coshell, nor gets into command lines or keyboard input, nor makes memory
//! grow.

use std::process::{Command, Stdio};
use std::time::Duration;

use coshell::display::is_control;
use serde_json::Value;

use crate::support::{COSHELL, Ended, Session, Terminal, TestDir, contains, direct, noise, proc, run, show, wrapped};

#[test]
fn capture_with_shell_syntax_is_not_executed() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    let line = "file: $(touch bad1) `touch bad2` ; touch bad3 | touch bad4 & \"; touch bad5; ' > bad6 end";
    let file = dir.write_file("line", format!("{line}\n"));
    for option in ["--run", "--coproc", "--silent-coproc"] {
        let command = format!("printf '%s' \"$1\" > {out}; : > over");
        let script = format!("cat {file}; until [ -e over ]; do sleep 0.02; done; rm over");
        run(wrapped(&["-q", "-t", "file: (.*) end", option, &command], &script).cwd(dir.root()));
        let got = dir.read("out");
        assert_eq!(show(&got), show(&line.as_bytes()["file: ".len()..line.len() - " end".len()]), "{option}");
        for n in 1..=6 {
            assert!(!dir.exists(&format!("bad{n}")), "{option}: bad{n}");
        }
        std::fs::remove_file(dir.path("out")).unwrap();
    }
}

#[test]
fn dollar_in_command_is_expanded_by_shell() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    let command = format!("x=5; echo \"$x ${{x}} $1\" > {out}");
    let script = format!("echo 'go $x'; until [ -s {out} ]; do sleep 0.02; done");
    run(wrapped(&["-q", "-t", r"go (\S+)", "--run", &command], &script));
    assert_eq!(show(&dir.read("out")), "5 5 $x\\n\n");
}

#[test]
fn control_bytes_in_capture_are_not_typed() {
    let dir = TestDir::new();
    let got = dir.path_str("got");
    let bytes =
        r"\001\003\004\005\006\007\016\017\021\022\023\024\025\026\027\031\032\034\035\036\037\177\302\205\302\233";
    let script = format!(
        "stty raw -echo; printf 'name: a{bytes}b\\033[201~c\\033]52;c;eA==\\007d\\033OMe end\\n'; exec cat > {got}"
    );
    let mut term = wrapped(&["-t", "name: (.*) end", "--send", "<$1>\\r"], &script).start();
    term.wait_until("the typed text", |_| dir.read("got").ends_with(b">\r"));
    let typed = dir.read("got");
    let inner = typed.strip_prefix(b"<").and_then(|t| t.strip_suffix(b">\r")).unwrap();
    let text = String::from_utf8_lossy(inner);
    assert!(!text.contains(char::is_control), "{}", show(&typed));
    assert!(text.starts_with('a') && text.ends_with('e'), "{}", show(&typed));
}

/// Sequences that make some terminal answer, execute or store something.
const HOSTILE: &str = r"\033[c\033[>c\033[=c\033[5n\033[6n\033[?6n\033[21t\033[18t\033[14t\033Z\005\033[x\033[?2004$p\033P$q q\033\\\033P+q544e\033\\\033]4;1;?\007\033]10;?\007\033]11;?\033\\\033]52;c;?\007\033]52;c;dG91Y2ggYmFk\007\033]0;`touch bad`\007\033[22t\033[23t\033]1337;Coprocess=touch bad\007\033]1337;RequestUpload=format=tgz\007\033]133;C\007\033]7;file:///etc\007\033]9;4;1\007\033]777;notify;a;b\007\033P=1s\033\\\033P@kitty-cmd{}\033\\\033_Ga=q\033\\\033^touch bad\033\\\033X touch bad\033\\\033[?1000h\033[?1000l\033#8\033]2;coshell run touch bad\007\033Pcoshell;run;touch bad\033\\\033]5379;touch bad\007**\030B00000000000000\r\212\021rz waiting to receive.**\030B0100000023be50\r\212\021\033c";

#[test]
fn hostile_sequences_trigger_no_response() {
    let dir = TestDir::new();
    let got = dir.path_str("got");
    let script = format!("stty raw -echo; printf '{HOSTILE}'; timeout 1 cat > {got}; printf end");
    let mut term = wrapped(&["-t", "never seen", "--run", "touch bad"], &script).cwd(dir.root()).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(show(&dir.read("got")), "", "something was typed");
    assert!(!dir.exists("bad"));
    assert!(contains(term.output(), "end"), "{}", show(term.output()));
    let inside = term.descendants();
    assert!(inside.is_empty(), "{inside:?}");
}

#[test]
fn hostile_sequences_are_shown_unchanged() {
    let script = format!("stty raw -echo; printf '{HOSTILE}'");
    let plain = run(crate::support::direct(&["sh", "-c", &script])).bytes;
    let through = run(wrapped(&["-q", "-t", "never seen", "--bell"], &script)).bytes;
    assert!(through.starts_with(&plain), "{}\n{}", show(&plain), show(&through));
}

/// Text that sets the title, changes the colour and turns the order of the characters around: C0, C1, DEL, bidi controls.
const EVIL: &str = "x\u{1b}]0;pwn\u{7}\u{9b}31m\u{7f}\u{202e}y\u{2066}z\u{200f}";

/// Returns `text` as a terminal shows its lines, or fails where it has a character that is not shown.
#[track_caller]
fn assert_shown(text: &str, what: &str) {
    let hidden = text.chars().find(|char| is_control(*char) && !matches!(char, '\n' | '\t'));
    assert!(!text.is_empty() && hidden.is_none(), "{what}: {hidden:?} in {text:?}");
}

#[test]
fn complaint_shows_no_control_character_of_its_arguments() {
    let session = Session::bash(&[]);
    let bad_pattern = format!("{EVIL}(");
    for args in [
        &["trigger", "remove", EVIL][..],
        &["trigger", "add", &bad_pattern, "--bell"],
        &["get", EVIL],
        &["set", EVIL, "v"],
        &["annotate", EVIL, "t"],
        &["annotate", &format!("/{EVIL}"), "t"],
        &["subscribe", EVIL],
        &["stop", "--signal", EVIL],
        &["lines", "-n", EVIL],
        &["status", "--session", EVIL],
        &["lend", "--", EVIL],
        &["run", "--wait", &format!("printf '{EVIL}' >&2; exit 3")],
        &["status", EVIL],
        &["completions", EVIL],
        &["--session", EVIL, "--session", "b", "status"],
        &[EVIL],
        &[&format!("--{EVIL}")],
        &["--", EVIL],
        &["--log", &format!("/none/{EVIL}"), "--", "true"],
        &["-t", &bad_pattern, "--bell"],
        &["-t", "x", "--when", EVIL],
        &["-i", EVIL],
    ] {
        let mut command = Command::new(COSHELL);
        command.args(args).env("COSHELL_SOCKET", session.socket()).stdin(Stdio::null());
        let output = command.output().expect("the binary can be started");
        assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}: {output:?}");
        assert_shown(&String::from_utf8(output.stderr).expect("messages are UTF-8"), &format!("{args:?}"));
    }
}

#[test]
fn data_is_exact_in_a_pipe_and_without_control_characters_on_a_terminal() {
    let mut session = Session::bash(&[]);
    session.call(&["set", "v", EVIL]).success();
    session.call(&["run", "--wait", &format!("printf '{EVIL}' >&2")]).success();
    session.call(&["annotate", "1", EVIL]).success();
    for (args, json) in [
        (&["get", "v"][..], false),
        (&["get"], false),
        (&["errors"], false),
        (&["notes"], false),
        (&["lines", "--notes"], false),
        (&["get", "--json"], true),
        (&["errors", "--json"], true),
        (&["notes", "--json"], true),
    ] {
        let piped = session.call(args).success();
        let on_terminal = direct(&[&[COSHELL], args].concat()).env("COSHELL_SOCKET", session.socket()).start();
        let shown = shown_by(on_terminal).replace("\r\n", "\n");
        assert_shown(&shown, &format!("{args:?}"));
        if json {
            let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
            assert_eq!(value(&shown), value(&piped), "{args:?}");
        } else {
            assert!(piped.contains(EVIL) && shown.contains("x]0;pwn31myz"), "{args:?}: {piped:?} {shown:?}");
        }
    }
}

/// Waits for the program's end and returns what it has shown.
fn shown_by(mut term: Terminal) -> String {
    assert_eq!(term.wait_end(), Ended::Code(0));
    term.text()
}

#[test]
fn session_shows_no_control_characters_of_names_and_values() {
    // The name of the coprocess is in the title while it runs, and in the notice of its failure with what it wrote.
    let mut session = Session::bash(&[]);
    session.term.skip_unread();
    let command = format!("x{EVIL}=1 /bin/sh -c 'printf \"{EVIL}\" >&2; exit 3'");
    session.call(&["run", &command]).success();
    session.term.wait("failed: status");
    session.call(&["annotate", "1", EVIL]).success();
    session.term.wait("note on line 1");
    session.call(&["set", "v", EVIL]).success();
    session.term.send("\"$WRAP\" get v; \"$WRAP\" get --json v\r");
    session.term.wait("x]0;pwn31myz\r\n");
    session.term.wait("\\u009b31m\\u007f\\u202ey\\u2066z\\u200f\"}");
    session.call(&["trigger", "add", "never", "--name", EVIL, "--bell"]).success();
    session.term.send("\x1d");
    session.term.wait("Esc");
    session.term.send("t");
    session.term.wait("trigger 1 of 1");
    session.term.wait_quiet();
    // What coshell draws has sequences of its own: those of the names are looked for.
    let text = session.term.text();
    for evil in ["\u{1b}]0;pwn", "\u{9b}", "\u{7f}", "\u{202e}", "\u{2066}", "\u{200f}"] {
        assert!(!text.contains(evil), "{evil:?} in {text:?}");
    }
}

/// Runs the commands `generate` while triggers and a coprocess read lines, and returns the peak memory in KiB.
fn peak_memory(generate: &str) -> u64 {
    let script = format!("stty raw -echo; {generate}; printf '\\030\\033\\\\\\n the-very-end\\n'; read x");
    let options = [
        "-q",
        "-t",
        "never seen (.*)",
        "--bell",
        "-t",
        "x+y+z+$",
        "--all",
        "--bell",
        "-i",
        "text",
        "-c",
        "cat > /dev/null",
    ];
    let mut term = wrapped(&options, &script).start();
    term.wait("the-very-end");
    term.read_for(Duration::from_millis(100));
    let peak = proc::peak_kib(term.pid());
    term.send("\n");
    term.wait_end();
    peak
}

/// Upper limit of the peak: 16 MB with all bounded buffers full; growth with the output would exceed the difference.
const MAX_PEAK_KIB: u64 = 24_000;

/// Fails where the peak of coshell's memory exceeds the limit while `script` prints.
#[track_caller]
fn assert_peak_is_bounded(script: &str) {
    let kib = peak_memory(script);
    assert!(kib < MAX_PEAK_KIB, "{kib} KiB");
}

#[test]
fn endless_title_does_not_fill_memory() {
    assert_peak_is_bounded("printf '\\033]0;'; head -c 20000000 /dev/zero | tr '\\0' a");
}

#[test]
fn endless_device_control_string_does_not_fill_memory() {
    assert_peak_is_bounded("printf '\\033Pq'; head -c 20000000 /dev/zero | tr '\\0' '#'");
}

#[test]
fn endless_csi_parameters_do_not_fill_memory() {
    assert_peak_is_bounded("printf '\\033['; head -c 20000000 /dev/zero | tr '\\0' '1;'");
    assert_peak_is_bounded("printf '\\033['; yes '9999999999;' | tr -d '\\n' | head -c 15000000");
}

#[test]
fn line_of_megabytes_does_not_fill_memory() {
    assert_peak_is_bounded("head -c 25000000 /dev/zero | tr '\\0' x");
}

#[test]
fn cursor_motions_off_screen_do_not_fill_memory() {
    assert_peak_is_bounded(
        r"printf '\033[999999999C\033[65000G\033[999999999@\033[2000000000X\033[999999999P\033[999999999D\033[999999999;999999999H\033[999999999d\t\t\t'",
    );
}

#[test]
fn noise_does_not_fill_memory() {
    let dir = TestDir::new();
    let file = dir.write_file("noise", noise(12_000_000, 99));
    assert_peak_is_bounded(&format!("cat {file}"));
}
