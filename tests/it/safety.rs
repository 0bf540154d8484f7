//! Output is written by strangers: nothing in it commands coshell, gets into a command line or onto the keyboard,
//! or makes memory grow.

use std::time::Duration;

use crate::support::{Ended, Place, contains, noise, proc, run, show, wrapped};

#[test]
fn what_a_capture_says_is_never_run() {
    let place = Place::new();
    let out = place.text("out");
    let line = "file: $(touch bad1) `touch bad2` ; touch bad3 | touch bad4 & \"; touch bad5; ' > bad6 end";
    let file = place.file("line", format!("{line}\n"));
    for option in ["--run", "--coproc", "--silent-coproc"] {
        let command = format!("printf '%s' \"$1\" > {out}; : > over");
        let script = format!("cat {file}; until [ -e over ]; do sleep 0.02; done; rm over");
        run(wrapped(&["-q", "-t", "file: (.*) end", option, &command], &script).cwd(place.dir()));
        let got = place.read("out");
        assert_eq!(show(&got), show(&line.as_bytes()["file: ".len()..line.len() - " end".len()]), "{option}");
        for n in 1..=6 {
            assert!(!place.has(&format!("bad{n}")), "{option}: bad{n}");
        }
        std::fs::remove_file(place.path("out")).unwrap();
    }
}

#[test]
fn a_dollar_in_a_command_is_the_shells_and_not_a_template() {
    let place = Place::new();
    let out = place.text("out");
    let command = format!("x=5; echo \"$x ${{x}} $1\" > {out}");
    let script = format!("echo 'go $x'; until [ -s {out} ]; do sleep 0.02; done");
    run(wrapped(&["-q", "-t", r"go (\S+)", "--run", &command], &script));
    assert_eq!(show(&place.read("out")), "5 5 $x\\n\n");
}

#[test]
fn control_bytes_in_a_capture_are_never_typed() {
    let place = Place::new();
    let got = place.text("got");
    let bytes =
        r"\001\003\004\005\006\007\016\017\021\022\023\024\025\026\027\031\032\034\035\036\037\177\302\205\302\233";
    let script = format!(
        "stty raw -echo; printf 'name: a{bytes}b\\033[201~c\\033]52;c;eA==\\007d\\033OMe end\\n'; exec cat > {got}"
    );
    let mut term = wrapped(&["-t", "name: (.*) end", "--send", "<$1>\\r"], &script).start();
    term.wait_until("the typed text", |_| place.read("got").ends_with(b">\r"));
    let typed = place.read("got");
    let inner = typed.strip_prefix(b"<").and_then(|t| t.strip_suffix(b">\r")).unwrap();
    let text = String::from_utf8_lossy(inner);
    assert!(!text.contains(char::is_control), "{}", show(&typed));
    assert!(text.starts_with('a') && text.ends_with('e'), "{}", show(&typed));
}

/// Sequences that make some terminal or other answer, run or remember something.
const HOSTILE: &str = r"\033[c\033[>c\033[=c\033[5n\033[6n\033[?6n\033[21t\033[18t\033[14t\033Z\005\033[x\033[?2004$p\033P$q q\033\\\033P+q544e\033\\\033]4;1;?\007\033]10;?\007\033]11;?\033\\\033]52;c;?\007\033]52;c;dG91Y2ggYmFk\007\033]0;`touch bad`\007\033[22t\033[23t\033]1337;Coprocess=touch bad\007\033]1337;RequestUpload=format=tgz\007\033]133;C\007\033]7;file:///etc\007\033]9;4;1\007\033]777;notify;a;b\007\033P=1s\033\\\033P@kitty-cmd{}\033\\\033_Ga=q\033\\\033^touch bad\033\\\033X touch bad\033\\\033[?1000h\033[?1000l\033#8\033]2;coshell run touch bad\007\033Pcoshell;run;touch bad\033\\\033]5379;touch bad\007**\030B00000000000000\r\212\021rz waiting to receive.**\030B0100000023be50\r\212\021\033c";

#[test]
fn no_sequence_commands_coshell() {
    let place = Place::new();
    let got = place.text("got");
    let script = format!("stty raw -echo; printf '{HOSTILE}'; timeout 1 cat > {got}; printf end");
    let mut term = wrapped(&["-t", "never seen", "--run", "touch bad"], &script).cwd(place.dir()).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(show(&place.read("got")), "", "something was typed");
    assert!(!place.has("bad"));
    assert!(term.seen().ends_with(b"end") || contains(term.seen(), "end"), "{}", show(term.seen()));
    let inside = term.relatives();
    assert!(inside.is_empty(), "{inside:?}");
}

#[test]
fn hostile_sequences_pass_byte_for_byte() {
    let script = format!("stty raw -echo; printf '{HOSTILE}'");
    let plain = run(crate::support::direct(&["sh", "-c", &script])).bytes;
    let through = run(wrapped(&["-q", "-t", "never seen", "--bell"], &script)).bytes;
    assert!(through.starts_with(&plain), "{}\n{}", show(&plain), show(&through));
}

/// Prints what `generate` does while everything that looks at lines is on, and gives the peak of memory in KiB.
fn peak(generate: &str) -> u64 {
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
    term.watch(Duration::from_millis(100));
    let peak = proc::peak_kib(term.pid());
    term.send("\n");
    term.wait_end();
    peak
}

/// It peaks at 16 MB with all that is bounded full; what would grow with the output is more than the rest.
const MOST: u64 = 24_000;

#[test]
fn a_title_that_never_ends_does_not_fill_memory() {
    let kib = peak("printf '\\033]0;'; head -c 20000000 /dev/zero | tr '\\0' a");
    assert!(kib < MOST, "{kib} KiB");
}

#[test]
fn a_device_string_that_never_ends_does_not_fill_memory() {
    let kib = peak("printf '\\033Pq'; head -c 20000000 /dev/zero | tr '\\0' '#'");
    assert!(kib < MOST, "{kib} KiB");
}

#[test]
fn parameters_without_end_do_not_fill_memory() {
    let kib = peak("printf '\\033['; head -c 20000000 /dev/zero | tr '\\0' '1;'");
    assert!(kib < MOST, "{kib} KiB");
    let kib = peak("printf '\\033['; yes '9999999999;' | tr -d '\\n' | head -c 15000000");
    assert!(kib < MOST, "{kib} KiB");
}

#[test]
fn a_line_of_megabytes_does_not_fill_memory() {
    let kib = peak("head -c 25000000 /dev/zero | tr '\\0' x");
    assert!(kib < MOST, "{kib} KiB");
}

#[test]
fn motions_far_out_do_not_fill_memory() {
    let kib = peak(
        r"printf '\033[999999999C\033[65000G\033[999999999@\033[2000000000X\033[999999999P\033[999999999D\033[999999999;999999999H\033[999999999d\t\t\t'",
    );
    assert!(kib < MOST, "{kib} KiB");
}

#[test]
fn noise_does_not_fill_memory() {
    let place = Place::new();
    let file = place.file("noise", noise(12_000_000, 99));
    let kib = peak(&format!("cat {file}"));
    assert!(kib < MOST, "{kib} KiB");
}
