//! Pipes of a coprocess: it reads all shell output byte for byte, and its output is typed.

use std::time::Duration;

use crate::support::{
    Ended, PROMPT, Terminal, TestDir, bash, contains, count, noise, run, run_until, shell, show, wrapped,
};

/// Waits until the file `name` has exactly the content `want`.
pub fn wait_file(term: &mut Terminal, dir: &TestDir, name: &str, want: &[u8]) {
    let what = format!("{name} to hold {}", show(want));
    term.wait_until(&what, |_| {
        let got = dir.read(name);
        assert!(got.len() <= want.len() + 4096 || want.len() > 4096, "{name} holds {}", show(&got));
        got == want
    });
}

#[test]
fn coproc_reads_shell_output_byte_for_byte() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    let script = "printf 'one\\n\\033[1mtwo\\033[0m\\r\\377\\000end'";
    let options = ["--indicator", "none", "--coproc", &format!("cat > {copy}")];
    let shown = run_until(&options, script, "the last of it", || dir.read("copy").ends_with(b"end")).bytes;
    assert_eq!(shown, b"one\r\n\x1b[1mtwo\x1b[0m\r\xff\0end");
    assert_eq!(dir.read("copy"), shown);
}

#[test]
fn coproc_reads_two_megabytes_of_noise_unchanged() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    let data = noise(2_000_000, 21);
    let file = dir.write_file("noise", &data);
    let options = ["--indicator", "none", "-c", &format!("cat > {copy}")];
    let all = || dir.read("copy").len() >= data.len();
    let shown = run_until(&options, &format!("stty raw; cat {file}"), "all of it", all).bytes;
    assert!(shown.starts_with(&data), "the terminal got {} bytes", shown.len());
    assert!(dir.read("copy") == data, "the coprocess got {} bytes", dir.read("copy").len());
}

#[test]
fn coproc_output_is_typed_byte_for_byte() {
    let dir = TestDir::new();
    let data = noise(100_000, 23);
    dir.write_file("data", &data);
    let (file, got) = (dir.path_str("data"), dir.path_str("got"));
    let script = format!("stty raw -echo; echo go; head -c 100000 > {got}");
    // The coprocess waits for "go", so that nothing is typed while the terminal is still in canonical mode.
    let mut term = wrapped(&["-c", &format!("head -c 2 >/dev/null; cat {file}; cat >/dev/null")], &script).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert!(dir.read("got") == data, "{} bytes were typed", dir.read("got").len());
}

#[test]
fn keyboard_works_beside_coproc() {
    let mut term = shell(&["--coproc", "cat > /dev/null"]).start();
    term.wait(PROMPT);
    term.send("echo ke'yb'oard\r");
    term.wait("keyboard\r\n");
}

#[test]
fn bot_reads_question_and_types_answer() {
    let dir = TestDir::new();
    let bot = "while read -r line; do case $line in *'Are you there?'*) echo Yes;; esac; done";
    let bot = dir.write_file("bot.sh", bot);
    let script = "echo 'Are you there?'; read -r answer; echo \"heard [$answer]\"";
    let mut term = wrapped(&["--coproc", &format!("sh {bot}")], script).start();
    term.wait("heard [Yes]");
    assert_eq!(term.wait_end(), Ended::Code(0));
}

#[test]
fn output_of_exited_coproc_is_still_typed() {
    for _ in 0..20 {
        let mut term = wrapped(
            &["-q", "--trigger", "continue\\? ", "--coproc", "echo yes"],
            "printf 'continue? '; read -r a; echo \"got [$a]\"",
        )
        .start();
        term.wait("got [yes]");
        assert_eq!(term.wait_end(), Ended::Code(0));
    }
}

#[test]
fn coproc_started_mid_line_reads_whole_line_first() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    let script = "printf 'before\\n'; printf 'a \\033[31mre'; sleep 0.1; printf 'd\\033[0m now go'; sleep 0.2; printf ' on\\nafter\\n'";
    let options = ["--trigger", "now go", "--coproc", &format!("cat > {copy}")];
    run_until(&options, script, "the last line", || dir.read("copy").ends_with(b"after\r\n"));
    let copy = dir.read("copy");
    assert_eq!(show(&copy), show(b"a \x1b[31mred\x1b[0m now go on\r\nafter\r\n"));
}

#[test]
fn coproc_line_includes_escapes_and_overprints() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    let script = "printf 'x\\r\\n\\033]0;title\\007\\033[2K 10%%\\r 90%% done'; sleep 0.3; echo";
    let options = ["--trigger", "90% done", "--coproc", &format!("cat > {copy}")];
    run_until(&options, script, "the line", || dir.read("copy").ends_with(b"\r\n"));
    let copy = dir.read("copy");
    assert_eq!(show(&copy), show(b"\x1b]0;title\x07\x1b[2K 10%\r 90% done\r\n"));
}

#[test]
fn coproc_started_on_finished_line_reads_line_with_newline() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    let options = ["--trigger", "the end", "--coproc", &format!("cat > {copy}")];
    let last = || dir.read("copy").ends_with(b"\n3000\r\n");
    run_until(&options, "seq 1 1000; echo the end; seq 2000 3000", "the last line", last);
    let want: String = (2000..=3000).map(|n| format!("{n}\r\n")).collect();
    assert!(dir.read("copy") == format!("the end\r\n{want}").into_bytes(), "{}", show(&dir.read("copy")));
}

#[test]
fn text_input_is_lines_as_displayed() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    let script = "printf '\\033[1mbold\\033[0m\\n10%%\\r20%%\\nab\\bc\\n\\033]0;t\\007titled\\n\\033[?2004hend\\n'";
    let options = ["--input", "text", "--coproc", &format!("cat > {copy}")];
    run_until(&options, script, "the last line", || dir.read("copy").ends_with(b"end\n"));
    assert_eq!(show(&dir.read("copy")), show(b"bold\n20%\nac\ntitled\nend\n"));
}

#[test]
fn text_input_includes_unfinished_prompt() {
    let dir = TestDir::new();
    let bot = dir.write_file("bot.py", "import os\nseen = b''\nwhile not seen.endswith(b'Name: '):\n    seen += os.read(0, 100)\nos.write(1, b'Ada\\n')\nos.read(0, 100)\n");
    let script = "printf '\\033[1mName: \\033[0m'; read -r n; echo \"hello $n\"";
    let mut term = wrapped(&["-i", "text", "-c", &format!("python3 {bot}")], script).start();
    term.wait("hello Ada");
}

#[test]
fn json_input_is_one_object_per_line() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    // The prompt object shows that the pause was noticed.
    let script = format!(
        "echo 'first \"quoted\"'; printf 'prompt: '; until grep -qs '\"prompt: *\"' {copy}; do sleep 0.02; done; echo; exit 4"
    );
    run(wrapped(&["-i", "json", "-c", &format!("cat > {copy}")], &script));
    let text = String::from_utf8(dir.read("copy")).unwrap();
    let objects: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |kind: &str, wanted: &str| objects.iter().any(|o| o["type"] == kind && o["text"] == wanted);
    assert!(has("line", "first \"quoted\""), "{text}");
    assert!(has("prompt", "prompt: ") || has("prompt", "prompt:"), "{text}");
    assert!(objects.iter().any(|o| o["type"] == "exit"), "{text}");
    assert!(objects.iter().all(|o| o["type"] != "line" || o["number"].is_u64()), "{text}");
}

#[test]
fn slow_coproc_gets_every_byte() {
    let dir = TestDir::new();
    let copy = dir.path_str("copy");
    let slow = dir.write_file("slow.py", "import os, sys, time\nout = open(sys.argv[1], 'wb')\nwhile d := os.read(0, 8192):\n    out.write(d)\n    time.sleep(0.002)\n");
    let data = noise(2_500_000, 31);
    let file = dir.write_file("noise", &data);
    let shown = run(wrapped(
        &["--indicator", "none", "-c", &format!("python3 {slow} {copy}")],
        // Python starts slowly, so the script waits for its output file.
        &format!("until [ -e {copy} ]; do sleep 0.02; done; stty raw; cat {file}; sleep 0.1"),
    ))
    .bytes;
    assert!(shown.starts_with(&data));
    // The coprocess has one second after the shell's end to read its remaining input.
    let got = dir.read("copy");
    assert!(data.starts_with(&got) && got.len() >= 1_400_000, "{} bytes", got.len());
}

/// Types a paste in pieces while a coprocess types continuously: nothing may come between the paste brackets.
#[test]
fn coproc_output_waits_for_end_of_paste() {
    let dir = TestDir::new();
    let got = dir.path_str("got");
    let script = format!("stty raw -echo; echo go; cat > {got} & sleep 100");
    let script = script.replace("cat >", "cat < /dev/tty >");
    let mut term = wrapped(&["-c", "while :; do printf +; sleep 0.01; done"], &script).start();
    term.wait("go");
    let typed = |dir: &TestDir| dir.read("got");
    term.wait_until("the first +", |_| contains(&typed(&dir), "+"));
    term.send("\x1b[200~begin");
    term.read_for(Duration::from_millis(150));
    term.send("middle\nend\x1b[20");
    term.read_for(Duration::from_millis(50));
    term.send("1~");
    term.wait_until("a + behind the paste", |_| {
        let got = typed(&dir);
        let end = got.windows(6).position(|w| w == b"\x1b[201~");
        end.is_some_and(|end| got[end..].contains(&b'+'))
    });
    let all = typed(&dir);
    assert!(contains(&all, "\x1b[200~beginmiddle\nend\x1b[201~"), "{}", show(&all));
}

#[test]
fn coproc_output_does_not_split_key_sequence() {
    let dir = TestDir::new();
    let got = dir.path_str("got");
    // `tr -s` squeezes the coprocess's output, which would otherwise fill the disk and slow the test's reads.
    let script = format!("stty raw -echo; echo go; exec stdbuf -o0 tr -s + > {got}");
    let mut term = wrapped(&["-c", "exec yes + | tr -d '\\n'"], &script).start();
    term.wait("go");
    for _ in 0..30 {
        for part in ["\x1b[1;", "5C", "\u{4e2d}"] {
            term.send(part);
            term.read_for(Duration::from_millis(3));
        }
    }
    term.wait_until("all keys", |_| count(&dir.read("got"), "\u{4e2d}") >= 30);
    let all = dir.read("got");
    assert_eq!(count(&all, "\x1b[1;5C"), 30, "a key was cut");
}

#[test]
fn second_coproc_is_not_started_while_one_runs() {
    let dir = TestDir::new();
    let log = dir.path_str("log");
    let one = format!("echo one >> {log}; cat > /dev/null");
    let two = format!("echo two >> {log}; cat > /dev/null");
    let mut term = bash(&["-c", &one, "-t", "start-two", "-c", &two, "-t", "start-two", "--bell"]).start();
    term.wait(PROMPT);
    wait_file(&mut term, &dir, "log", b"one\n");
    term.send("echo start'-'two\r");
    term.wait("start-two\r\n");
    // The bell of the later trigger shows that the line was processed; a started process would be done when all sleep.
    term.wait("\x07");
    term.wait_quiet();
    assert_eq!(show(&dir.read("log")), "one\\n\n");
}

#[test]
fn coproc_with_closed_stdin_still_types() {
    let dir = TestDir::new();
    let log = dir.path_str("log");
    let mut term =
        shell(&["-c", &format!("exec <&-; sleep 0.3; echo echo typed; echo alive > {log}; sleep 100")]).start();
    term.wait(PROMPT);
    term.send("seq 3\r");
    term.wait("echo typed\r\n");
    wait_file(&mut term, &dir, "log", b"alive\n");
}
