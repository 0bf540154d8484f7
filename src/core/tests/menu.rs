//! The menu over the shell's output: its actions, and the restored screen.

use super::*;
use crate::core::request::Request;
use crate::types::RequestId;

/// Everything that can be seen.
fn visible(bench: &Bench) -> (Vec<String>, (u16, u16), bool, Vec<u8>) {
    let parser = bench.screen();
    let screen = parser.screen();
    let rows = screen.rows(0, 80).map(|row| row.trim_end().to_owned()).collect();
    (rows, screen.cursor_position(), screen.hide_cursor(), screen.contents_formatted())
}

/// The row on which the menu stands, if it does.
fn menu(bench: &Bench) -> Option<String> {
    let parser = bench.screen();
    let screen = parser.screen();
    let inverse = (0..24).find(|&row| screen.cell(row, 0).is_some_and(|cell| cell.inverse()));
    inverse.map(|row| screen.rows(0, 80).nth(row.into()).unwrap_or_default().trim_end().to_owned())
}

const LETTERS: &str = " r run  s stop  e errors  t triggers  n notes  q status  Esc closes";

#[test]
fn menu_opens_and_closes_without_trace() {
    for close in ["\x1b", "\x03", "\r", "\x1b[27u", "\x1bx"] {
        for shown in ["$ ls", "\x1b[2J\x1b[H\x1b[31mfull\x1b[5;5H", "\x1b[?1049h\x1b[Halt\x1b[24;1Hlast"] {
            let mut bench = Bench::new(&[]);
            bench.shell(shown.as_bytes());
            let before = visible(&bench);
            bench.keys(b"\x1d");
            assert_eq!(menu(&bench).as_deref(), Some(LETTERS), "{shown:?}");
            bench.keys(b"x");
            assert_eq!(menu(&bench).as_deref(), Some(LETTERS), "a key that means nothing does nothing");
            bench.keys(close.as_bytes()).wait(30);
            assert_eq!(visible(&bench), before, "{shown:?} {close:?}");
            bench.keys(b"ls");
            assert_eq!(bench.typed, b"ls");
            assert_eq!(bench.core.deadline(), None);
        }
    }
}

#[test]
fn hotkey_pressed_twice_is_typed_as_encoded() {
    for spelled in ["\x1d", "\x1b[93;5u", "\x1b[27;5;93~", "\x1b[93;5:1u"] {
        let mut bench = Bench::new(&[]);
        bench.shell(b"$ ").keys(spelled.as_bytes()).keys(spelled.as_bytes()).keys(b"a");
        assert_eq!(bench.typed, [spelled.as_bytes(), b"a"].concat());
        assert_eq!((menu(&bench), bench.lines()), (None, vec!["$".to_owned()]));
    }
}

#[test]
fn output_is_withheld_and_shown_in_order() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"one\r\n").keys(b"\x1d").shell(b"two\r\n").shell(b"three\r\n");
    assert_eq!(bench.read, b"one\r\n");
    assert_eq!(bench.lines()[0], "one");
    assert!(bench.core.wants_read(Source::Pty));
    bench.keys(b"\x1b").wait(30).shell(b"four");
    assert_eq!(bench.lines(), ["one", "two", "three", "four"]);
    assert_eq!(bench.read, b"one\r\ntwo\r\nthree\r\nfour");
}

#[test]
fn flood_is_withheld_up_to_1_mib() {
    let mut bench = Bench::new(&[]);
    bench.keys(b"\x1d");
    let mut printed = 0;
    while bench.core.wants_read(Source::Pty) && printed < 10_000_000 {
        bench.shell(&[b'x'; 4096]);
        printed += 4096;
    }
    assert_eq!(printed, 1024 * 1024);
    let before = bench.shown.len();
    bench.keys(b"\x1d").wait(30);
    assert!(bench.core.wants_read(Source::Pty) && bench.shown.len() > before + printed);
}

#[test]
fn menu_waits_500_ms_for_end_of_sequence() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"$ \x1b[3").keys(b"\x1d");
    assert_eq!(menu(&bench), None);
    bench.shell(b"1mred");
    assert_eq!(menu(&bench).as_deref(), Some(LETTERS));
    bench.keys(b"\x1b").wait(30);
    assert_eq!(bench.lines(), ["$ red"]);

    bench.shell(b"\x1b]0;never ended").keys(b"\x1d").wait(499);
    assert_eq!(menu(&bench), None);
    bench.wait(1);
    assert_eq!(menu(&bench).as_deref(), Some(LETTERS));
    bench.keys(b"\x1b").wait(30).shell(b"!");
    assert_eq!(bench.lines(), ["$ red!"]);
}

#[test]
fn command_is_run_and_stored() {
    let mut bench = Bench::new(&["--indicator", "none"]);
    bench.shell(b"$ ").keys(b"\x1d").keys(b"r");
    assert!(bench.has(&Effect::RecallRecent));
    bench.input(Input::Recent(Ok(vec!["old one".to_owned()])));
    bench.keys(b"\x1b[A\x17two");
    assert_eq!(menu(&bench).as_deref(), Some(" run: old two"));
    assert_eq!(bench.screen().screen().cursor_position().1, 13);
    bench.keys(b"\r");
    assert_eq!(bench.started(), ["old two"]);
    assert!(bench.has(&Effect::KeepRecent("old two".to_owned())));
    assert_eq!(bench.lines(), ["$"]);
    bench.keys(b"\x1d").keys(b"r");
    assert_eq!(menu(&bench).as_deref(), Some(" coprocess \"old two\" is running: s stops it"));
    bench.keys(b" ").coproc_exits(ExitStatus::Code(0), b"").keys(b"\x1d").keys(b"r\x1b[A\x1b[A");
    assert_eq!(menu(&bench).as_deref(), Some(" run: old one"));
    assert_eq!(bench.typed, b"");
}

#[test]
fn paste_is_inserted_and_triggers_no_action() {
    let mut bench = Bench::new(&[]);
    bench.keys(b"\x1d").keys(b"\x1b[200~s\rq\x1b[201~");
    assert_eq!(menu(&bench).as_deref(), Some(LETTERS));
    bench.keys(b"r\x1b[200~a\nb\x1b[201~");
    assert_eq!(menu(&bench).as_deref(), Some(" run: a b"));
    assert!(bench.started().is_empty());
}

#[test]
fn response_of_terminal_reaches_program() {
    let mut bench = Bench::new(&[]);
    bench.keys(b"\x1d").keys(b"\x1b]11;rgb:0/0/0\x1b\\\x1b[?62c\x1b[<0;1;1M\x1b");
    bench.wait(30);
    assert_eq!(bench.typed, b"\x1b]11;rgb:0/0/0\x1b\\\x1b[?62c");
    assert_eq!(menu(&bench), None);
}

#[test]
fn response_of_terminal_does_not_redraw_menu() {
    let mut bench = Bench::new(&[]);
    bench.keys(b"\x1d");
    let drawn = bench.shown.len();
    bench.keys(b"\x1b[?62c");
    assert_eq!((bench.shown.len(), bench.typed.as_slice()), (drawn, &b"\x1b[?62c"[..]));
}

#[test]
fn menu_stops_silent_coprocess() {
    let mut bench = Bench::new(&["-s", "rz"]);
    bench.shell(b"hidden").wait(400).keys(b"x\x1d").wait(50);
    assert_eq!(menu(&bench).as_deref(), Some(LETTERS));
    bench.shell(b"more").wait(1000);
    assert_eq!(bench.read, b"hiddenmore", "the transfer goes on");
    bench.keys(b"s");
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.coproc_exits(ExitStatus::Signal(15), b"more");
    assert_eq!(bench.lines(), ["more"]);
    assert_eq!(bench.typed, b"");
}

#[test]
fn progress_ending_under_menu_leaves_no_trace() {
    let mut bench = Bench::new(&["-s", "rz"]);
    bench.shell(b"hidden").wait(400).keys(b"\x1d").coproc_exits(ExitStatus::Code(0), b"");
    bench.keys(b"\x1b").wait(30).shell(b"$ ");
    assert_eq!(bench.lines(), ["$"]);
}

#[test]
fn menu_switches_triggers() {
    let mut bench = Bench::new(&["-t", "go", "--name", "first", "--send", "x", "-t", "go", "--send", "y"]);
    bench.keys(b"\x1d").keys(b"t");
    assert_eq!(menu(&bench).as_deref(), Some(" trigger 1 of 2: [on ] first   Up/Down, Enter switches, Esc closes"));
    bench.keys(b"\r");
    assert_eq!(menu(&bench).as_deref(), Some(" trigger 1 of 2: [off] first   Up/Down, Enter switches, Esc closes"));
    bench.keys(b"\x1d").shell(b"go\r\n");
    assert_eq!(bench.typed, b"y");
    bench.keys(b"\x1d").keys(b"t12\x1b").wait(30).shell(b"go\r\n");
    assert_eq!(bench.typed, b"yx");
}

#[test]
fn menu_shows_stopped_trigger_and_restarts_it() {
    let mut bench = Bench::new(&["-t", "go", "--name", "loop", "--send", "x"]);
    for _ in 0..30 {
        bench.shell(b"go\r\n");
    }
    let typed = bench.typed.len();
    bench.keys(b"\x1d").keys(b"q");
    assert_eq!(menu(&bench).as_deref(), Some(" no coprocess is running; 1 triggers, 0 on, 1 stopped"));
    bench.keys(b"\x1b").wait(30).keys(b"\x1d").keys(b"t");
    assert_eq!(menu(&bench).as_deref(), Some(" trigger 1 of 1: [stopped] loop   Enter switches, Esc closes"));
    bench.keys(b"\r");
    assert_eq!(menu(&bench).as_deref(), Some(" trigger 1 of 1: [on ] loop   Enter switches, Esc closes"));
    bench.keys(b"\x1b").wait(30).shell(b"go\r\n");
    assert_eq!(bench.typed.len(), typed + 1);
}

#[test]
fn only_trigger_fires_again_after_switching_off_and_on() {
    let mut bench = Bench::new(&["-t", "go", "--bell"]);
    let disable = Request::read("trigger-disable", Some(serde_json::json!(["1"]))).expect("a good request");
    bench.input(Input::Request(RequestId(1), disable, Requester::default())).shell(b"go\r\n");
    assert!(!bench.shown.contains(&7));
    bench.keys(b"\x1d").keys(b"t1\x1b").wait(30).shell(b"go\r\n");
    assert!(bench.shown.contains(&7), "{:?}", bench.lines());
}

#[test]
fn menu_shows_errors_and_status() {
    let mut bench = Bench::new(&[]);
    bench.keys(b"\x1d").keys(b"e");
    assert_eq!(menu(&bench).as_deref(), Some(" no coprocess has run in this session"));
    bench.keys(b"x").keys(b"\x1d").keys(b"q");
    assert_eq!(menu(&bench).as_deref(), Some(" no coprocess is running; 0 triggers, 0 on"));
    bench.keys(b"x").keys(b"\x1d").keys(b"s");
    assert_eq!(menu(&bench).as_deref(), Some(" no coprocess is running: r runs one"));

    bench.keys(b"x").keys(b"\x1d").keys(b"n");
    assert_eq!(menu(&bench).as_deref(), Some(" this session has no notes"));

    let mut bench = Bench::new(&["-t", "^go", "--annotate", "look: $0"]);
    bench.shell(b"\x1b[2J\x1b[Hgone\r\n").keys(b"\x1d").keys(b"n");
    assert_eq!(menu(&bench).as_deref(), Some(" note 1 of 1: line 1 \"gone\": look: go   Esc closes"));

    let mut bench = Bench::new(&["-c", "bot"]);
    bench.input(Input::Bytes(Source::CoprocErr, b"one\n\x1b[31mtwo\n")).wait(61_000).keys(b"\x1d").keys(b"e");
    assert_eq!(menu(&bench).as_deref(), Some(" error line 2 of 2: [31mtwo   Up/Down, Esc closes"));
    bench.keys(b"\x1b[A");
    assert_eq!(menu(&bench).as_deref(), Some(" error line 1 of 2: one   Up/Down, Esc closes"));
    bench.keys(b"\x1d").keys(b"\x1d").keys(b"q");
    let status = " \"bot\" has been running for 1:01: 0 bytes read, 0 typed; 0 triggers, 0 on";
    assert_eq!(menu(&bench).as_deref(), Some(status));
}

#[test]
fn resize_redraws_menu() {
    let size = |rows, cols| Input::Resized(Size { rows, cols, ..Size::default() });
    let mut bench = Bench::new(&[]);
    bench.shell(b"\x1b[?1049h\x1b[2J\x1b[Htop\x1b[24;1Hbottom\x1b[3;3H").keys(b"\x1d");
    let opened = bench.shown.len();
    bench.input(size(30, 60));
    let mut terminal = vt100::Parser::new(24, 80, 0);
    terminal.process(&bench.shown[..opened]);
    terminal.screen_mut().set_size(30, 60);
    terminal.process(&bench.shown[opened..]);
    let rows = |terminal: &vt100::Parser| -> Vec<String> { terminal.screen().rows(0, 60).collect() };
    assert!(rows(&terminal)[29].starts_with(" r run") && rows(&terminal)[23] == "bottom");
    let redrawn = bench.shown.len();
    bench.keys(b"\x1d");
    terminal.process(&bench.shown[redrawn..]);
    assert_eq!((rows(&terminal)[29].as_str(), terminal.screen().cursor_position()), ("", (2, 2)));
}

#[test]
fn emoji_of_uncertain_width_do_not_wrap_menu() {
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    for emoji in ["\u{1f44d}\u{1f3fd}", family, "\u{2764}\u{fe0f}", "\u{1f1e9}\u{1f1ea}"] {
        let mut bench = Bench::sized(8, 60, &["-t", "^5$", "--annotate", &emoji.repeat(30)]);
        bench.shell(b"\x1b[2J\x1b[H").shell((1..20).map(|n| format!("{n}\r\n")).collect::<String>().as_bytes());
        bench.shell(b"$ ");
        let before = bench.lines();
        bench.keys(b"\x1d").keys(b"n");
        let rows = bench.lines();
        assert!(rows[7].starts_with(" note 1 of 1: line 5") && rows[..7] == before[..7], "{emoji}: {rows:#?}");
        bench.keys(b"\x1b").wait(30).keys(b"\x1d").keys(b"r").keys(emoji.repeat(30).as_bytes());
        let rows = bench.lines();
        assert!(rows[7].starts_with(" run: ") && rows[..7] == before[..7], "{emoji}: {rows:#?}");
        bench.keys(b"\x1b").wait(30);
        assert_eq!(bench.lines(), before, "{emoji}");
    }
}

#[test]
fn end_of_session_closes_menu() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"$ ").keys(b"\x1d").shell(b"last words");
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0))).input(Input::Closed(Source::Pty)).wait(200);
    assert!(bench.has(&Effect::Finish(ExitStatus::Code(0))));
    assert_eq!(bench.lines(), ["$ last words"]);
}

#[test]
fn hotkey_none_or_other_opens_no_menu() {
    let mut bench = Bench::new(&["--hotkey", "none"]);
    bench.keys(b"\x1d");
    assert_eq!((bench.typed.as_slice(), menu(&bench)), (&b"\x1d"[..], None));
    let mut bench = Bench::new(&["--hotkey", "ctrl-^"]);
    bench.keys(b"\x1d\x1e").wait(50);
    assert_eq!((bench.typed.as_slice(), menu(&bench).as_deref()), (&b"\x1d"[..], Some(LETTERS)));
}

/// Turns bracketed paste on, so that keys that come together are presses.
const BRACKETED: &[u8] = b"\x1b[?2004h";

#[test]
fn menu_keys_work_at_every_split() {
    crate::core::split::at_every_split(b"a\x1d\x1b[Arech\x7f\x7fho \xc3\xa9\x1b[D\x1b[3~\rb", |pieces| {
        let mut bench = Bench::new(&["--indicator", "none"]);
        bench.shell(BRACKETED);
        for piece in pieces {
            bench.keys(piece);
        }
        assert_eq!(bench.started(), ["eho "]);
        assert_eq!(bench.typed, b"ab");
    });
}

#[test]
fn encoded_hotkey_works_at_every_split() {
    crate::core::split::at_every_split(b"a\x1b[93;5u\x1b[27u\x1b[98u\x1b[93;5:1u\x1b[93;5:3u\x1b[93;5u", |pieces| {
        let mut bench = Bench::new(&[]);
        bench.shell(BRACKETED).shell(b"\x1b[>1u$ ");
        pieces.iter().for_each(|piece| {
            bench.keys(piece);
        });
        assert_eq!(menu(&bench), None);
        assert_eq!(bench.typed.escape_ascii().to_string(), "a\\x1b[98u\\x1b[93;5u");
    });
}

#[test]
fn unbracketed_paste_opens_no_menu_at_any_split() {
    let paste = b"a line\x1drtouch f\rand another\x1d\x1b[93;5urtouch g\r";
    crate::core::split::at_every_split(paste, |pieces| {
        let mut bench = Bench::new(&[]);
        pieces.iter().for_each(|piece| {
            bench.keys(piece);
        });
        bench.wait(1000);
        assert_eq!((bench.started().len(), bench.typed.as_slice(), menu(&bench)), (0, &paste[..], None));
    });
}

#[test]
fn hotkey_behind_typed_text_opens_menu_after_50_ms() {
    let mut bench = Bench::new(&[]);
    bench.keys(b"ls\x1d").wait(49);
    assert_eq!((bench.typed.as_slice(), menu(&bench)), (&b"ls"[..], None));
    bench.wait(1);
    assert_eq!(menu(&bench).as_deref(), Some(LETTERS));
    bench.keys(b"q");
    assert_eq!((bench.typed.as_slice(), bench.core.deadline()), (&b"ls"[..], None));
}

/// A key goes to one reader: its repeats and its release go where its press went.
#[test]
fn release_goes_where_its_press_went_at_every_split() {
    for (keys, typed) in [
        // Escape closes the menu; its release comes behind.
        ("\x1b[93;5u\x1b[93;5:3u\x1b[27u\x1b[27;1:3ux", "x"),
        ("\x1b[93;5u\x1b[27u\x1b[27;1:2u\x1b[93;5:3u\x1b[27;1:3ux", "x"),
        ("\x1b[93;5u\x1b[99;5u\x1b[99;5:3u\x1b[57442;5:3u", "\\x1b[57442;5:3u"),
        ("\x1b[93;5u\x1b[13u\x1b[13;1:3u", ""),
        ("\x1b[93;5ue\x1b[101;1:3ux\x1b[120;1:3uy\x1b[121;1:3u", "y\\x1b[121;1:3u"),
        ("\x1b[93;5u\x1b[B\x1b[27u\x1b[1;1:3B\x1b[1;1:3A", "\\x1b[1;1:3A"),
        // Pressed twice, the second press is typed and so is its release.
        ("\x1b[93;5u\x1b[93;5:3u\x1b[93;5u\x1b[93;5:3u", "\\x1b[93;5u\\x1b[93;5:3u"),
        // A key that the program saw go down, it sees come up, though the menu is open.
        ("\x1b[120u\x1b[93;5u\x1b[120;1:3u\x1b[27u", "\\x1b[120u\\x1b[120;1:3u"),
    ] {
        crate::core::split::at_every_split(keys.as_bytes(), |pieces| {
            let mut bench = Bench::new(&[]);
            bench.shell(BRACKETED).shell(b"\x1b[>3u$ ");
            pieces.iter().for_each(|piece| {
                bench.keys(piece);
            });
            assert_eq!((bench.typed.escape_ascii().to_string().as_str(), menu(&bench)), (typed, None), "{keys:?}");
        });
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// What programs print, in pieces behind which the stream is at rest. Where a row is full, emulations differ in what a
    /// motion does, so that a return comes first; and in whether a new row takes the background.
    fn piece() -> impl Strategy<Value = String> {
        let place = (1..=24_u16, 1..=80_u16);
        prop_oneof![
            4 => "[ -~]{1,100}",
            2 => "[a-z\u{e4}\u{4e2d}]{1,30}",
            3 => Just("\r\n".to_owned()),
            2 => place.prop_map(|(row, column)| format!("\x1b[{row};{column}H")),
            2 => prop::sample::select(vec![0, 1, 3, 4, 7, 22, 23, 24, 27, 31, 32, 38, 39]).prop_map(|code| format!("\x1b[{code}m")),
            1 => (1..6_u16, "[ABCDGKX]").prop_map(|(n, fin)| format!("\r\x1b[{n}{fin}")),
            // Here and on the alternate screen the emulation begins otherwise than terminals do.
            1 => (1..10_u16, 11..=24_u16).prop_map(|(top, bottom)| format!("\x1b[{top};{bottom}r\x1b[{top}H")),
            1 => prop::sample::select(vec!["\x1b[m\x1b[r\x1b[?1049h\x1b[H", "\x1b[r\x1b[?1049l", "\x1b[?25l", "\x1b[?25h", "\x1b[2J", "\r\x1b[J"])
                .prop_map(str::to_owned),
        ]
    }

    type Cell = (String, vt100::Color, vt100::Color, [bool; 4]);

    /// What each cell shows, and where the cursor is. Of a blank only the background is seen, unless it is marked.
    fn cells(bench: &Bench) -> (Vec<Cell>, ((u16, u16), bool)) {
        let parser = bench.screen();
        let screen = parser.screen();
        let all = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        let cells = all.filter_map(|(row, column)| screen.cell(row, column)).map(|cell| {
            let marked = cell.underline() || cell.inverse();
            if cell.contents().trim().is_empty() && !(cell.has_contents() && marked) {
                (String::new(), vt100::Color::Default, cell.bgcolor(), [false; 4])
            } else {
                let flags = [cell.bold(), cell.italic(), cell.underline(), cell.inverse()];
                (cell.contents().to_owned(), cell.fgcolor(), cell.bgcolor(), flags)
            }
        });
        (cells.collect(), (screen.cursor_position(), screen.hide_cursor()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// The menu opened and closed anywhere leaves the screen, the cursor and what comes next as they would be.
        #[test]
        fn menu_leaves_no_trace_anywhere(pieces in proptest::collection::vec(piece(), 1..20), at in 0..20_usize) {
            let (mut with, mut without) = (Bench::new(&[]), Bench::new(&[]));
            // On a screen that was cleared all of it is known.
            for bench in [&mut with, &mut without] {
                bench.shell(b"\x1b[H\x1b[2J");
            }
            for (n, piece) in pieces.iter().enumerate() {
                with.shell(piece.as_bytes());
                without.shell(piece.as_bytes());
                if n == at {
                    with.keys(b"\x1d");
                    prop_assert!(menu(&with).is_some());
                    with.keys(b"\x1b").wait(30);
                }
            }
            let ((with, left), (without, right)) = (cells(&with), cells(&without));
            for (row, (with, without)) in with.chunks(80).zip(without.chunks(80)).enumerate() {
                prop_assert_eq!(with, without, "row {} after {:?}", row, pieces);
            }
            prop_assert_eq!(left, right, "{:?}", pieces);
        }
    }
}
