//! How many columns text takes, and how it is cut to fit. Terminals differ in that: some show a sequence that makes up
//! one emoji as one, others its parts side by side. What coshell draws reckons with the most that any of them takes. It
//! knows nothing of what is drawn, or where.

use unicode_width::UnicodeWidthChar;

/// It makes of the character in front of it an emoji, which takes two columns.
const AS_EMOJI: char = '\u{fe0f}';

/// How far the rows of a folded line are indented, where they are long enough.
const INDENT: usize = 4;

/// The most columns that a character adds to a text.
pub(super) fn width(char: char) -> usize {
    if char == AS_EMOJI { 1 } else { char.width().unwrap_or(0) }
}

/// The most columns that a text takes.
pub(super) fn widest(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// As much of the text as takes no more columns than these.
pub(super) fn fitted(text: &str, cols: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|&(_, char)| {
        used += width(char);
        used > cols
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// A line in rows of at most `cols` columns, broken at blanks where there are any, and within a word that is wider than a
/// row; all but the first are indented.
pub(super) fn folded(line: &str, cols: usize) -> Vec<String> {
    let indent = INDENT.min(cols / 4);
    let mut rows = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let solid = widest(word.trim_end_matches(' '));
        let fits_elsewhere = used > indent && (1..=cols - indent).contains(&solid);
        let mut breaks = used + solid > cols && fits_elsewhere;
        for char in word.chars() {
            let width = width(char);
            breaks |= used + width > cols && used > indent && char != ' ';
            if std::mem::take(&mut breaks) {
                rows.push(" ".repeat(indent));
                used = indent;
            }
            if let Some(row) = rows.last_mut() {
                row.push(char);
            }
            used += width;
        }
    }
    rows.iter().map(|row| row.trim_end().to_owned()).collect()
}

/// Returns text of other programs as it may stand in a sentence: with a blank for each control character.
pub(super) fn blanked(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn text_is_cut_by_the_most_that_it_may_take() {
        for (text, cols, expected) in [
            ("abcdef", 4, "abcd"),
            ("abcd", 4, "abcd"),
            ("\u{4e2d}\u{4e2d}\u{4e2d}", 5, "\u{4e2d}\u{4e2d}"),
            ("e\u{301}e\u{301}e", 2, "e\u{301}e\u{301}"),
            // With its colour a hand takes two columns or four, and a red heart two or one.
            ("\u{1f44d}\u{1f3fd}\u{1f44d}\u{1f3fd}", 7, "\u{1f44d}\u{1f3fd}\u{1f44d}"),
            ("\u{2764}\u{fe0f}\u{2764}\u{fe0f}", 3, "\u{2764}\u{fe0f}\u{2764}"),
            ("abc", 0, ""),
        ] {
            assert_eq!(fitted(text, cols), expected, "{text:?} in {cols}");
        }
    }

    #[test]
    fn a_line_is_folded_at_blanks_and_a_word_that_is_too_wide_anywhere() {
        let wide = "\u{6f22}\u{5b57}".repeat(6);
        for (line, cols, expected) in [
            (
                "coshell: coprocess \"bot\" failed: status 3",
                24,
                &["coshell: coprocess \"bot\"", "    failed: status 3"][..],
            ),
            ("abcd efgh", 4, &["abcd", " efg", " h"]),
            ("  /usr/share/doc/coshell x", 12, &["  /usr/share", "   /doc/cosh", "   ell x"]),
            ("at https://host/path", 16, &["at https://host/", "    path"]),
            (
                &wide,
                16,
                &[
                    "\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}",
                    "    \u{6f22}\u{5b57}\u{6f22}\u{5b57}",
                ],
            ),
            ("a          b", 6, &["a", " b"]),
            ("", 6, &[""]),
        ] {
            assert_eq!(folded(line, cols), expected, "{line:?} in {cols}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_folded_line_is_lost(line in "[a-c \u{4e2d}\u{301}]{0,60}", cols in 0..30_usize) {
            let rows = folded(&line, cols);
            let letters = |text: &str| text.replace(' ', "");
            prop_assert_eq!(letters(&rows.concat()), letters(&line));
            // A wide character is wider than some rows.
            prop_assert!(rows.iter().all(|row| widest(row) <= cols.max(2)), "{:?}", rows);
        }

        #[test]
        fn no_terminal_takes_more(text in "(\\PC|\\p{Emoji}|[\u{200d}\u{fe0e}\u{fe0f}\u{20e3}\u{1f3fb}-\u{1f3ff}]){0,12}") {
            let parts: usize = text.chars().filter_map(UnicodeWidthChar::width).sum();
            prop_assert!(widest(&text) >= text.width().max(parts), "{:?}", text);
        }
    }
}
