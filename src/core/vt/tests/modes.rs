//! Changed modes, and the sequences that reset them and set them again.

use super::lines::{feed_at_every_split, size};
use crate::core::vt::{VtSink, VtState};

#[test]
fn reset_bytes_reset_exactly_changed_modes() {
    for (name, stream, expected) in [
        ("nothing", "plain\r\n", ""),
        ("bracketed paste", "\x1b[?2004h", "\x1b[?2004l"),
        ("bracketed paste, off again", "\x1b[?2004h\x1b[?2004l", ""),
        ("hidden cursor", "\x1b[?25l", "\x1b[?25h"),
        ("mouse", "\x1b[?1000h\x1b[?1002;1006h", "\x1b[?1002l\x1b[?1000l\x1b[?1006l"),
        ("focus, cursor keys, keypad", "\x1b[?1004h\x1b[?1h\x1b=", "\x1b[?1004l\x1b[?1l\x1b>"),
        ("keypad as a mode", "\x1b[?66h", "\x1b>"),
        ("autowrap", "\x1b[?7l", "\x1b[?7h"),
        ("reverse video", "\x1b[?5h", "\x1b[?5l"),
        ("synchronized", "\x1b[?2026h\x1b[?25l", "\x1b[?2026l\x1b[?25h"),
        ("unknown modes", "\x1b[?12h\x1b[?9999h\x1b[2h", ""),
        ("alternate screen", "\x1b[?1049h\x1b[?1h", "\x1b[?1l\x1b[?1049l"),
        ("the old alternate screens", "\x1b[?47h", "\x1b[?47l"),
        ("and left by another name", "\x1b[?1047h\x1b[?1049l", ""),
        ("region", "\x1b[2;4r", "\x1b7\x1b[r\x1b8"),
        ("region, the whole screen", "\x1b[1;5r\x1b[2;4r\x1b[r", ""),
        ("region that can not be", "\x1b[4;2r", ""),
        ("origin", "\x1b[2;4r\x1b[?6h", "\x1b[?6l\x1b[r\x1b[999H"),
        ("insert", "\x1b[4h", "\x1b[4l"),
        ("colours, which are no modes", "\x1b[31mred", ""),
        ("colours, off again", "\x1b[1;31mred\x1b[0m", ""),
        ("colours, each off", "\x1b[1;4;31;48;5;7mred\x1b[22;24;39;49m", ""),
        ("colours, one left", "\x1b[1;4;31mred\x1b[22;39m", ""),
        ("off and on in one", "\x1b[0;1m", ""),
        ("on and off in one", "\x1b[1;m", ""),
        ("a colour's numbers are no attributes", "\x1b[38;2;0;4;0m\x1b[39m", ""),
        ("a colour with colons", "\x1b[38:2::1:2:3m\x1b[39m", ""),
        ("curly underline off", "\x1b[4:3m\x1b[4:0m", ""),
        ("colours, saved and restored", "\x1b7\x1b[31mred\x1b8", ""),
        ("graphics", "\x1b(0", "\x1b(B"),
        ("shift out", "\x0e", "\x0f"),
        ("cursor shape", "\x1b[5 q", "\x1b[0 q"),
        ("cursor shape, default again", "\x1b[5 q\x1b[ q", ""),
        ("kitty keys pushed", "\x1b[>1u\x1b[>5u", "\x1b[<2u"),
        ("kitty keys popped", "\x1b[>1u\x1b[<u", ""),
        ("kitty keys set", "\x1b[=5;1u", "\x1b[=0u"),
        ("kitty keys set and cleared", "\x1b[=5;1u\x1b[=5;3u", ""),
        ("kitty keys set, then pushed", "\x1b[=1u\x1b[>3u", "\x1b[<1u\x1b[=0u"),
        ("kitty keys asked", "\x1b[?u", ""),
        ("kitty keys of both screens", "\x1b[>1u\x1b[?1049h\x1b[>3u", "\x1b[<1u\x1b[?1049l\x1b[<1u"),
        ("other keys", "\x1b[>4;2m", "\x1b[>4;0m"),
        ("other keys, off again", "\x1b[>4;2m\x1b[>4m", ""),
        ("full reset", "\x1b[?1049h\x1b[?1003h\x1b[>1u\x1b[31m\x1bc", ""),
        ("soft reset", "\x1b[?25l\x1b[?1h\x1b[2;4r\x1b[4h\x1b[31m\x1b(0\x1b[?2004h\x1b[!p", "\x1b[?2004l"),
        (
            "vim, killed",
            "\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[1;5r\x1b[?25l~",
            "\x1b[?2004l\x1b[?1l\x1b>\x1b[?1049l\x1b[?25h",
        ),
    ] {
        let expected = expected.as_bytes().escape_ascii().to_string();
        assert_eq!(feed_at_every_split(80, stream).restore, expected, "{name}");
    }
}

#[test]
fn reset_bytes_reset_all_modes() {
    let all = "\x1b[?1;5;6;7;9;25;47;66;69;1000;1001;1002;1003;1004;1005;1006;1015;1016;2004;2026;2031;2048h\
        \x1b[?7l\x1b[?25l\x1b[4;20h\x1b[>1u\x1b[=3u\x1b[>4;2m\x1b[2;3r\x1b[1;31m\x1b[3 q\x0e\x1b(0";
    let mut vt = VtState::new(size(80));
    vt.feed(all.as_bytes(), &mut NoLines);
    let restore = vt.modes().reset_bytes();
    vt.feed(&restore, &mut NoLines);
    assert_eq!(vt.modes().reset_bytes().escape_ascii().to_string(), "");
    assert!(!vt.alt_screen());
}

struct NoLines;

impl VtSink for NoLines {
    fn line(&mut self, _line: &crate::core::vt::Line<'_>) {
        unreachable!("lines were not asked for");
    }
}

#[test]
fn mode_queries_follow_output() {
    let mut vt = VtState::new(size(80));
    vt.feed(b"\x1b[?2004h\x1b[?25l\x1b[?1049h", &mut NoLines);
    assert!(vt.modes().bracketed_paste() && vt.modes().cursor_hidden() && vt.alt_screen());
    vt.feed(b"\x1b[?2004l\x1b[?25h\x1b[?1049l", &mut NoLines);
    assert!(!vt.modes().bracketed_paste() && !vt.modes().cursor_hidden() && !vt.alt_screen());
}

#[test]
fn sink_receives_bell_titles_osc_and_screen_switch() {
    let recorded = feed_at_every_split(
        80,
        "\x07\x1b]0;one\x07\x1b]2;two\x1b\\\x1bkthree\x1b\\\x1b]7;file://h/d\x07\x1b[?1049h\x1b[?1049h\x1b[?1049l",
    );
    assert_eq!(
        recorded.events,
        [
            "bell",
            "title one",
            "osc 0;one",
            "title two",
            "osc 2;two",
            "title three",
            "osc 7;file://h/d",
            "alt true",
            "alt false",
        ]
    );
}

#[test]
fn ground_state_is_outside_sequences_and_characters() {
    for (stream, expected) in [
        ("abc", true),
        ("\x1b", false),
        ("\x1b[", false),
        ("\x1b[31", false),
        ("\x1b[31m", true),
        ("\x1b]0;t", false),
        ("\x1b]0;t\x1b", false),
        ("\x1b]0;t\x1b\\", true),
        ("\x1bP", false),
        ("\x1b_x", false),
        ("é", true),
        ("\x1b(", false),
        ("\x1b[3\x18", true),
    ] {
        assert_eq!(feed_at_every_split(80, stream).in_ground_state, expected, "{stream:?}");
        let mut vt = VtState::new(size(80));
        vt.feed(stream.as_bytes(), &mut NoLines);
        assert_eq!(vt.in_ground_state(), expected, "{stream:?} without lines");
    }
    for (stream, expected) in [
        (&b"\xe6\xbc"[..], false),
        (b"\xf0\x9f\x91", false),
        (b"\xe6a", true),
        (b"\xff", true),
        (b"\xbc", true),
        (b"\xc0", true),
    ] {
        assert_eq!(feed_at_every_split(80, stream).in_ground_state, expected, "{stream:x?}");
    }
}

#[test]
fn set_bytes_undo_reset_bytes() {
    let on = b"\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[?25l\x1b[?7l\x1b=\x1b[>4;2m\x1b[3 q\x1b[=1u\x1b[>5u\x1b[>7u\x1b[4h\x1b(0";
    for screen in [&b""[..], b"\x1b[?1049h", b"\x1b[?47h"] {
        let mut vt = VtState::new(size(80));
        vt.feed(&[screen, on].concat(), &mut NoLines);
        let modes = vt.modes().clone();
        vt.feed(&modes.reset_bytes(), &mut NoLines);
        assert_eq!(vt.modes().reset_bytes(), b"", "everything is off");
        vt.feed(&[modes.alt_screen_bytes(), modes.set_bytes()].concat(), &mut NoLines);
        assert_eq!(vt.modes().reset_bytes().escape_ascii().to_string(), modes.reset_bytes().escape_ascii().to_string());
        assert_eq!(vt.modes().set_bytes(), modes.set_bytes());
    }
}
