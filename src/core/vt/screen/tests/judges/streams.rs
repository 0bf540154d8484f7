//! Generated streams: lists of tokens, each a text or a whole sequence.

use proptest::prelude::*;

/// Sequences without a parameter.
const PLAIN: &[&str] = &[
    "\n", "\r\n", "\r", "\u{8}", "\t", "\u{b}", "\u{c}", "\x1bD", "\x1bE", "\x1bM", "\x1bH", "\x1b7", "\x1b8",
    "\x1b[s", "\x1b[u", "\x1b[g", "\x1b[3g", "\x1b#8", "\x1bc", "\x1b[!p", "\x1b(0", "\x1b(B", "\x1b)0", "\x0e",
    "\x0f", "\x1b*0", "\x1bn", "\x1b(A", "\x1b[k", "\x1b[2 @", "\x1b[ A", "\x1b[3'}", "\x1b['~",
];

/// Modes that are set and reset.
const MODES: &[&str] = &["4", "20", "?6", "?7", "?25", "?47", "?1047", "?1048", "?1049", "?5", "?1"];

/// Texts of which the terminals agree how wide each character is.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z ]{1,9}",
        1 => "[a-q]{20}",
        2 => "[\u{4e2d}\u{6587}]{1,4}",
        1 => "[\u{e9}\u{2502}]{1,3}",
        1 => "[ae\u{4e2d}][\u{301}\u{308}]{1,2}",
    ]
}

fn sgr() -> impl Strategy<Value = String> {
    let code = prop::sample::select(vec![
        "",
        "0",
        "1",
        "2",
        "3",
        "4",
        "7",
        "8",
        "9",
        "22",
        "23",
        "24",
        "27",
        "28",
        "29",
        "31",
        "39",
        "42",
        "49",
        "93",
        "104",
        "38;5;200",
        "48;2;1;2;3",
        "1;31",
        "38:5:9",
        "48:2::4:5:6",
    ]);
    code.prop_map(|code| format!("\x1b[{code}m"))
}

/// Sequences with a number.
fn counted() -> impl Strategy<Value = String> {
    let fins = "@ABCDEFGIJKLMPSTXZ`abde".chars().collect::<Vec<_>>();
    (0..13_u16, prop::sample::select(fins)).prop_map(|(n, fin)| match (n, fin) {
        (0, _) => format!("\x1b[{fin}"),
        // ED 3 erases the lines above the screen.
        (n, 'J' | 'K') => format!("\x1b[{}{fin}", n % 3),
        (n, fin) => format!("\x1b[{n}{fin}"),
    })
}

/// Returns a generator of streams.
pub(in super::super) fn tokens() -> impl Strategy<Value = Vec<String>> {
    let token = prop_oneof![
        8 => text(),
        3 => prop::sample::select(PLAIN).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["\n", "\r\n", "\r", "\u{8}", "\t", "\x1bM"]).prop_map(str::to_owned),
        5 => counted(),
        3 => sgr(),
        3 => (1..10_u16, 1..24_u16, prop::sample::select(vec!['H', 'f'])).prop_map(|(row, col, fin)| format!("\x1b[{row};{col}{fin}")),
        1 => (0..7_u16, 0..10_u16).prop_map(|(top, end)| format!("\x1b[{top};{end}r")),
        1 => (prop::sample::select(MODES), any::<bool>())
            .prop_map(|(mode, on)| format!("\x1b[{mode}{}", if on { 'h' } else { 'l' })),
    ];
    prop::collection::vec(token, 1..50)
}
