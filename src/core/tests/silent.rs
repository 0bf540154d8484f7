//! A silent coprocess: what it hides, what comes back, and what the keyboard does meanwhile.

use super::*;

#[test]
fn a_silent_coprocess_takes_the_stream_and_gives_back_what_it_did_not_read() {
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
fn progress_is_shown_below_and_leaves_no_trace() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.shell(b"hidden").wait(299);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.wait(1);
    assert!(bench.lines()[1].starts_with("\"bot\": received 6 B, sent 0 B"), "{:?}", bench.lines());
    bench.coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.lines(), Vec::<String>::new());
}

#[test]
fn a_silent_one_that_closed_its_stdout_gives_back_what_it_did_not_read_too() {
    let mut bench = Bench::new(&["-s", "bot"]);
    bench.shell(b"hidden").wait(400).input(Input::Closed(Source::Coproc));
    bench.coproc_exits(ExitStatus::Code(0), b"hidden");
    assert_eq!(bench.lines(), ["hidden"]);
    assert!(bench.has(&Effect::ReleaseCoproc));
}

#[test]
fn after_a_silent_reader_of_json_the_prompt_comes_back() {
    let mut bench = Bench::new(&["-i", "json", "-s", "bot"]);
    bench.shell(b"hidden\r\n\x1b[1m$ \x1b[m").wait(100).coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.lines(), ["$"]);
}

#[test]
fn the_keyboard_is_locked_but_for_ctrl_c() {
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
