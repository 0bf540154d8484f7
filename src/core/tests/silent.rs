//! A silent coprocess: hidden output, unread input, and the locked keyboard.

use super::*;

#[test]
fn unread_input_of_silent_coprocess_is_shown() {
    crate::core::split::at_every_split(b"before\r\ngo\r\nhidden\r\nlast", |pieces| {
        let mut bench = Bench::new(&["-t", "^go$", "-s", "bot"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        assert_eq!(bench.lines(), ["before", "go"]);
        assert_eq!(bench.read, b"go\r\nhidden\r\nlast");
        bench.coproc_exits(ExitStatus::Code(0), b"dden\r\nlast").shell(b" words");
        assert_eq!(bench.lines(), ["before", "go", "dden", "last words"]);
    });
}

#[test]
fn progress_is_shown_below_and_removed() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.shell(b"hidden").wait(299);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.wait(1);
    assert!(bench.lines()[1].starts_with("\"bot\": received 6 B, sent 0 B"), "{:?}", bench.lines());
    bench.coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.lines(), Vec::<String>::new());
}

#[test]
fn unread_input_is_shown_after_closed_stdout() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.shell(b"hidden").wait(400).input(Input::Closed(Source::Coproc));
    bench.coproc_exits(ExitStatus::Code(0), b"hidden");
    assert_eq!(bench.lines(), ["hidden"]);
    assert!(bench.has(&Effect::ReleaseCoproc));
}

#[test]
fn prompt_is_shown_after_silent_json_reader() {
    let mut bench = Bench::new(&["-i", "json", "-s", "bot"]);
    bench.shell(b"hidden\r\n\x1b[1m$ \x1b[m").wait(100).coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.lines(), ["$"]);
}

#[test]
fn keyboard_is_locked_except_ctrl_c() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.keys(b"ls\r").keys(b"\x03");
    assert_eq!(bench.typed, b"");
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.coproc(b"last words").coproc_exits(ExitStatus::Signal(15), b"").keys(b"ls\r");
    assert_eq!(bench.typed, b"last wordsls\r");

    let mut bench = Bench::new(&["-s", "bot", "--silent-keys", "pass"]);
    bench.keys(b"ls\r\x03");
    assert_eq!(bench.typed, b"ls\r\x03");
}

#[test]
fn output_withheld_for_silent_coprocess_is_shown_where_start_fails() {
    for format in ["raw", "text"] {
        let mut bench = Bench::new(&["-t", "^go$", "-s", "bot", "-i", format]);
        bench.pipe = 0;
        bench.shell(b"go\r\nhidden\r\n$ ls").wait(100);
        bench.input(Input::CoprocStartFailed("no memory".to_owned())).shell(b" -l");
        let notice = "coshell: coprocess \"bot\" could not be started: no memory";
        assert_eq!(bench.lines(), ["go", "hidden", notice, "$ ls -l"], "{format}");
    }
}
