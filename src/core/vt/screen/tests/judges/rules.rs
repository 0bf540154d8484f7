//! The cases in which emulations differ.

use super::super::Screen;
use super::Judge::{self, Alacritty, Tmux, Vt100, Xterm};
use super::conditions::{has_colour, has_origin, has_region, has_wide, is_csi, is_mode, is_text, wraps_next};

/// A case in which some emulations differ from the screen.
pub(super) struct Rule {
    /// What the screen does, and what the others do.
    pub(super) case: &'static str,
    /// The emulations that differ.
    pub(super) who: &'static [Judge],
    /// Stream after which they do.
    pub(super) example: &'static str,
    /// Returns whether they may differ where this token follows on this screen.
    pub(super) applies: fn(&Screen, &str) -> bool,
}

/// The cases.
pub(super) const RULES: &[Rule] = &[
    Rule {
        case: "IL and DL move the cursor to the first column (xterm, kitty); others leave it",
        who: &[Alacritty, Vt100, Tmux],
        example: "ab\x1b[L",
        applies: |_, token| is_csi(token, "LM"),
    },
    Rule {
        case: "IL and DL outside of the region do nothing (alacritty); xterm.js ends a pending wrap, vt100 and tmux act",
        who: &[Xterm, Vt100, Tmux],
        example: "\x1b[2;3r\x1b[1;15H a  aa\x1b[La",
        applies: |screen, token| has_region(screen) && wraps_next(screen) && is_csi(token, "LM"),
    },
    Rule {
        case: "DECALN fills in the default attributes; xterm.js uses the current ones, and does not reset the region",
        who: &[Xterm, Vt100],
        example: "\x1b[1m\x1b#8",
        applies: |_, token| token == "\x1b#8",
    },
    Rule {
        case: "DECALN homes the cursor and resets the region; alacritty does neither",
        who: &[Alacritty, Vt100],
        example: "ab\x1b#8",
        applies: |_, token| token == "\x1b#8",
    },
    Rule {
        case: "modes 47 and 1047 switch to the alternate screen and leave the cursor; alacritty does not have them, vt100 moves it",
        who: &[Alacritty, Vt100],
        example: "\x1b[?47h\ra\x1b[?47l",
        applies: |_, token| is_mode(token, &["?47", "?1047"]),
    },
    Rule {
        case: "the alternate screen of modes 47 and 1047 is blank in the default colour; xterm.js takes the current one",
        who: &[Xterm],
        example: "\x1b[42m\x1b[?47h",
        applies: |screen, token| has_colour(screen) && is_mode(token, &["?47", "?1047"]),
    },
    Rule {
        case: "mode 1048 saves and restores the cursor; alacritty and vt100 do not have it",
        who: &[Alacritty, Vt100, Tmux],
        example: "a\x1b[?1048hb\x1b[?1048l",
        applies: |_, token| is_mode(token, &["?1048"]),
    },
    Rule {
        case: "DECOM homes the cursor when it is reset, too; alacritty leaves it",
        who: &[Alacritty],
        example: "a\x1b[?6l",
        applies: |_, token| is_mode(token, &["?6"]),
    },
    Rule {
        case: "with LNM a line feed returns to the first column; alacritty, vt100 and tmux do not have it",
        who: &[Alacritty, Vt100, Tmux],
        example: "\x1b[20ha\n",
        applies: |_, token| is_mode(token, &["20"]),
    },
    Rule {
        case: "CUU, CUD, CNL and CPL stop at the region's edge; alacritty goes on",
        who: &[Alacritty],
        example: "\x1b[0;2r\x1b[2B",
        applies: |screen, token| (has_region(screen) || has_origin(screen)) && is_csi(token, "ABEF"),
    },
    Rule {
        case: "ED erases the rows above or below the cursor, and splits wide characters; alacritty keeps one row in ED 1",
        who: &[Alacritty],
        example: "a\n\x1b[1J",
        applies: |screen, token| {
            (screen.cursor().row == 1 || has_wide(screen) || wraps_next(screen)) && is_csi(token, "J")
        },
    },
    Rule {
        case: "CBT goes to the first column where no stop is set; alacritty stays",
        who: &[Alacritty, Vt100],
        example: "a\x1b[3g\x1b[Z",
        applies: |_, token| is_csi(token, "g") || token == "\x1bH",
    },
    Rule {
        case: "CBT acts while a wrap is pending, from the last column; xterm.js ignores it, alacritty wraps all the same",
        who: &[Xterm, Alacritty, Vt100],
        example: "aaaaaaaaaaaaaaaaaaaa\x1b[Zb",
        applies: |screen, token| wraps_next(screen) && is_csi(token, "Z"),
    },
    Rule {
        case: "REP repeats only what was printed just before it; alacritty repeats it after other sequences, too",
        who: &[Alacritty],
        example: "a\n\x1b[b",
        applies: |_, token| is_csi(token, "b"),
    },
    Rule {
        case: "LS2 invokes G2; alacritty, tmux and vt100 do not have it",
        who: &[Alacritty, Tmux, Vt100],
        example: "\x1b*0\x1bna",
        applies: |_, token| token == "\x1bn",
    },
    Rule {
        case: "half a wide character that is deleted takes the other with it; alacritty leaves one column",
        who: &[Alacritty],
        example: "\u{4e2d}\r\x1b[P",
        applies: |screen, token| has_wide(screen) && is_csi(token, "@PXK"),
    },
    Rule {
        case: "the half of a wide character of which the other is overwritten keeps its attributes; xterm.js gives it the new ones, tmux keeps its character",
        who: &[Xterm, Tmux],
        example: "\u{4e2d}\x1b[1m\x1b[2Ga",
        applies: |screen, token| has_wide(screen) && is_text(token),
    },
    Rule {
        case: "SD brings in rows of the background colour; xterm.js, vt100 and tmux use the default",
        who: &[Xterm, Vt100, Tmux],
        example: "\x1b[42m\x1b[T",
        applies: |screen, token| has_colour(screen) && is_csi(token, "T"),
    },
    Rule {
        case: "with DECOM relative motions count from the cursor; xterm.js adds the region's first row again",
        who: &[Xterm, Tmux],
        example: "\x1b[?6h\x1b[2;3r\x1b[A",
        applies: |screen, token| has_origin(screen) && (!is_text(token) && !is_csi(token, "Hfm")),
    },
    Rule {
        case: "with DECAWM reset a wide character that does not fit changes nothing; xterm.js splits the one before",
        who: &[Xterm, Vt100],
        example: "\x1b[?7l\x1b[17G\u{4e2d}\u{4e2d}\u{4e2d}",
        applies: |screen, token| !screen.screens().modes.autowrap && is_text(token) && !token.is_ascii(),
    },
    Rule {
        case: "DECRC restores DECOM (VT510, tmux); xterm.js and alacritty leave it",
        who: &[Xterm, Alacritty],
        example: "\x1b7\x1b[?6h\x1b[2;3r\x1b8\x1b[H",
        applies: |screen, token| has_origin(screen) && matches!(token, "\x1b8" | "\x1b[u"),
    },
    Rule {
        case: "DECRC without DECSC resets the character sets (xterm, tmux); xterm.js and alacritty leave them",
        who: &[Xterm, Alacritty, Vt100],
        example: "\x0e\x1b8\x1b(0a",
        applies: |_, token| matches!(token, "\x1b8" | "\x1b[u" | "\x1b[?1048l" | "\x1b[?1049l"),
    },
    Rule {
        case: "DECSTR resets modes, attributes and region; alacritty and vt100 do not have it, tmux keeps attributes",
        who: &[Alacritty, Vt100, Tmux],
        example: "\x1b[1m\x1b[!pa",
        applies: |_, token| token == "\x1b[!p",
    },
    Rule {
        case: "mode 1049 restores the cursor where the primary screen is shown already; alacritty does nothing",
        who: &[Alacritty, Tmux],
        example: "a\x1b[?1049l",
        applies: |screen, token| !screen.alt_screen() && token == "\x1b[?1049l",
    },
    Rule {
        case: "HT does nothing while a wrap is pending; alacritty wraps",
        who: &[Alacritty],
        example: "aaaaaaaaaaaaaaaaaaaa\t",
        applies: |screen, token| wraps_next(screen) && (token == "\t" || is_csi(token, "I")),
    },
    Rule {
        case: "a line feed ends a pending wrap; alacritty, tmux and vt100 wrap after it all the same",
        who: &[Alacritty, Vt100, Tmux],
        example: "aaaaaaaaaaaaaaaaaaaa\nb",
        applies: |screen, token| wraps_next(screen) && matches!(token, "\n" | "\u{b}" | "\u{c}" | "\x1bD" | "\x1bM"),
    },
    Rule {
        case: "DCH of more than the rest of the row keeps what is left of the cursor; alacritty deletes some of it",
        who: &[Alacritty],
        example: "aaaaaaaaaab\x1b[18P",
        applies: |_, token| is_csi(token, "P"),
    },
    Rule {
        case: "with IRM a character that wraps shifts the row that it comes to; alacritty and tmux do not",
        who: &[Alacritty, Vt100, Tmux],
        example: "\x1b[3;1Ha\x1b[2;20H\x1b[4h\u{4e2d}",
        applies: |screen, token| screen.screens().modes.insert && is_text(token),
    },
    Rule {
        case: "VPR, HPR and CHT move the cursor; tmux and vt100 do not have them",
        who: &[Tmux, Vt100],
        example: "\x1b[2e",
        applies: |_, token| is_csi(token, "aeI"),
    },
    Rule {
        case: "rows that scroll in take the background colour; tmux and vt100 leave the default",
        who: &[Tmux, Vt100],
        example: "\x1b[42m\x1bM",
        applies: |screen, token| has_colour(screen) && !is_csi(token, "mHG"),
    },
    Rule {
        case: "a wide character that does not fit leaves its attributes in the last column; tmux and vt100 leave that as it was",
        who: &[Tmux, Vt100],
        example: "\x1b[4m\x1b[20G\u{4e2d}",
        applies: |_, token| is_text(token) && !token.is_ascii(),
    },
    Rule {
        case: "0 in DECSTBM selects the first and the last row; tmux ignores such a sequence",
        who: &[Tmux],
        example: " \x1b[0;0r",
        applies: |_, token| is_csi(token, "r"),
    },
    Rule {
        case: "half a wide character that is shifted takes the other with it; xterm.js leaves one column of it",
        who: &[Xterm, Alacritty, Vt100, Tmux],
        example: "a \u{4e2d}\u{8}\x1b[@",
        applies: |screen, token| has_wide(screen) && (is_csi(token, "@PXJK") || token.ends_with(['}', '~'])),
    },
    Rule {
        case: "ICH and ECH end a pending wrap (xterm); alacritty wraps after them, tmux and vt100 ignore them",
        who: &[Alacritty, Vt100, Tmux],
        example: "aaaaaaaaaaaaaaaaaaab\x1b[Xc",
        applies: |screen, token| wraps_next(screen) && is_csi(token, "@XP"),
    },
    Rule {
        case: "each screen has a region of its own (xterm.js); in alacritty and tmux both have the same",
        who: &[Alacritty, Tmux],
        example: "\x1b[2;3r\x1b[?1049h\n\n\n\n",
        applies: |screen, token| {
            let both =
                has_region(screen) || screen.screens().hidden.as_ref().is_some_and(|grid| !grid.has_whole_region());
            both && is_mode(token, &["?47", "?1047", "?1049"])
        },
    },
    Rule {
        case: "the British set replaces the one before; alacritty and tmux do not have it",
        who: &[Alacritty, Tmux],
        example: "\x1b(0\x1b(Aa",
        applies: |_, token| token == "\x1b(A",
    },
    Rule {
        case: "mode 47 shows the alternate screen as it was left; xterm.js and tmux clear it",
        who: &[Xterm, Tmux],
        example: "\x1b[?47ha\r\x1b[?47l\x1b[?47h",
        applies: |screen, token| {
            screen.screens().hidden.is_some() && !screen.alt_screen() && is_mode(token, &["?47", "?1047"])
        },
    },
    Rule {
        case: "HVP moves the cursor as CUP does; vt100 does not have it",
        who: &[Vt100],
        example: "\x1b[2;2f",
        applies: |_, token| is_csi(token, "f"),
    },
    Rule {
        case: "IND and NEL move the cursor down; vt100 does not have them",
        who: &[Vt100],
        example: "\x1bD",
        applies: |_, token| matches!(token, "\x1bD" | "\x1bE"),
    },
    Rule {
        case: "CBT, HPA, REP, tab stops and SCOSC act; vt100 does not have them",
        who: &[Vt100],
        example: "\x1b[5`",
        applies: |_, token| is_csi(token, "Z`bgsu") || token == "\x1bH",
    },
    Rule {
        case: "character sets, IRM and DECAWM act; vt100 does not have them",
        who: &[Vt100],
        example: "\x1b(0a",
        applies: |_, token| {
            token.starts_with(['\u{e}', '\u{f}']) || token.starts_with("\x1b(") || is_mode(token, &["4", "?7"])
        },
    },
    Rule {
        case: "DECSTBM homes the cursor; vt100 moves it to the first row of the region",
        who: &[Vt100],
        example: "\x1b[2;3r",
        applies: |_, token| is_csi(token, "r"),
    },
    Rule {
        case: "mode 1049 leaves the cursor where it is on entry; vt100 homes it",
        who: &[Vt100],
        example: "a\x1b[?1049h",
        applies: |_, token| is_mode(token, &["?47", "?1047", "?1049"]),
    },
    Rule {
        case: "BS and CUB go left from the last column while a wrap is pending; vt100 and tmux from the one behind it",
        who: &[Vt100, Tmux],
        example: "aaaaaaaaaaaaaaaaaaaa\u{8}b",
        applies: |screen, token| wraps_next(screen) && (token == "\u{8}" || is_csi(token, "D")),
    },
    Rule {
        case: "RIS and DECSTR reset LNM; xterm.js keeps it",
        who: &[Xterm],
        example: "\x1b[20h\x1bca\n",
        applies: |screen, token| screen.screens().modes.newline && matches!(token, "\x1bc" | "\x1b[!p"),
    },
    Rule {
        case: "both screens have the same tab stops; in xterm.js each has its own",
        who: &[Xterm, Vt100],
        example: "\x1b[3g\x1b[?47h\t",
        applies: |_, token| is_csi(token, "g") || token == "\x1bH",
    },
    Rule {
        case: "bold and faint are two attributes; vt100 has one of them at a time",
        who: &[Vt100],
        example: "\x1b[1;2ma",
        applies: |_, token| token == "\x1b[2m" || token == "\x1b[22m",
    },
    Rule {
        case: "CUU, CUD and VPA end a pending wrap; vt100 and tmux wrap after them all the same",
        who: &[Vt100, Tmux],
        example: "aaaaaaaaaaaaaaaaaaaa\x1b[da",
        applies: |screen, token| wraps_next(screen) && is_csi(token, "ABd"),
    },
    Rule {
        case: "a mark behind a wide character that was not printed joins the one before; alacritty drops it",
        who: &[Alacritty, Vt100],
        example: "\x1b[?7laaaaaaaaaaaaaaaaaaaa\u{4e2d}\u{301}",
        applies: |screen, token| !screen.screens().modes.autowrap && is_text(token) && !token.is_ascii(),
    },
    Rule {
        case: "REP wraps at the end of the row; tmux stops there",
        who: &[Tmux, Vt100],
        example: "\x1b[18Ga\x1b[5b",
        applies: |_, token| is_csi(token, "b"),
    },
    Rule {
        case: "BS stops at the first column; tmux goes to the row above where that wraps",
        who: &[Tmux],
        example: "aaaaaaaaaaaaaaaaaaaaa\r\u{8}",
        applies: |screen, token| screen.cursor().column == 0 && token == "\u{8}",
    },
    Rule {
        case: "DECAWM reset ends a pending wrap; tmux keeps it, and prints no more there",
        who: &[Tmux, Vt100],
        example: "aaaaaaaaaaaaaaaaaaaa\x1b[?7lb",
        applies: |screen, token| wraps_next(screen) && token == "\x1b[?7l",
    },
    Rule {
        case: "HT keeps a pending wrap; vt100 ends it",
        who: &[Vt100],
        example: "aaaaaaaaaaaaaaaaaaaa\tb",
        applies: |screen, token| wraps_next(screen) && token == "\t",
    },
    Rule {
        case: "ICH blanks the columns at the cursor; tmux copies some where more than half of the row is shifted",
        who: &[Tmux],
        example: "\x1b[9Ga\r\x1b[12@",
        applies: |_, token| is_csi(token, "@"),
    },
    Rule {
        case: "each screen saves a cursor of its own; in tmux 1049 saves and restores that of both",
        who: &[Tmux, Alacritty],
        example: "\x1b[?47ha\x1b[?1049la",
        applies: |screen, token| screen.screens().hidden.is_some() && is_mode(token, &["?47", "?1047", "?1049"]),
    },
    Rule {
        case: "SL, SR, DECIC and DECDC shift columns (xterm, xterm.js); others do not have them",
        who: &[Alacritty, Vt100, Tmux],
        example: "ab\x1b[ @",
        applies: |_, token| token.contains([' ', '\'']) && token.starts_with("\x1b["),
    },
    Rule {
        case: "0x5f of the line drawing set is blank (VT100, xterm, alacritty); xterm.js prints an underscore",
        who: &[Xterm, Vt100],
        example: "\x1b(0_",
        applies: |_, _| false,
    },
    Rule {
        case: "DECRC ends a wrap that was pending (xterm, xterm.js, tmux); alacritty and vt100 restore it",
        who: &[Alacritty, Vt100],
        example: "aaaaaaaaaaaaaaaaaaaa\x1b7\r\x1b8b",
        applies: |_, token| matches!(token, "\x1b8" | "\x1b[u" | "\x1b[?1048l" | "\x1b[?1049l"),
    },
    Rule {
        case: "DECSED and DECSEL erase as ED and EL do, since no character is protected; alacritty and tmux do not have DECSED",
        who: &[Alacritty, Tmux],
        example: "a\x1b[?2J",
        applies: |_, _| false,
    },
    Rule {
        case: "DECIC and DECDC act on the last column while a wrap is pending (xterm); xterm.js takes the first",
        who: &[Xterm, Alacritty, Vt100, Tmux],
        example: "aaaaaaaaaaaaaaaaaaab\x1b['~",
        applies: |screen, token| wraps_next(screen) && token.contains('\''),
    },
];
