//! Columns that text takes, and its truncation and wrapping to a width. Terminals differ: some show a sequence that forms
//! one emoji as one, others its parts side by side. coshell's own rows assume the maximum of all terminals.

use unicode_width::UnicodeWidthChar;

/// Variation selector 16, which gives the character before it emoji presentation, two columns wide.
const EMOJI_PRESENTATION: char = '\u{fe0f}';

/// Indentation of all but the first row of a wrapped line, on rows that are wide enough.
const INDENT: usize = 4;

/// Returns the maximum number of columns that a character adds to a text.
pub(super) fn width(char: char) -> usize {
    if char == EMOJI_PRESENTATION { 1 } else { char.width().unwrap_or(0) }
}

/// Returns the maximum number of columns that a text takes.
pub(super) fn max_width(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Returns the longest prefix of a text that takes at most `cols` columns.
pub(super) fn truncate_to_width(text: &str, cols: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|&(_, char)| {
        used += width(char);
        used > cols
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// Wraps a line into rows of at most `cols` columns, at spaces where possible and within words that are wider than a
/// row. All rows but the first are indented.
pub(super) fn wrap_to_width(line: &str, cols: usize) -> Vec<String> {
    let indent = INDENT.min(cols / 4);
    let mut rows = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let word_width = max_width(word.trim_end_matches(' '));
        let fits_on_new_row = used > indent && (1..=cols - indent).contains(&word_width);
        let mut break_row = used + word_width > cols && fits_on_new_row;
        for char in word.chars() {
            let width = width(char);
            break_row |= used + width > cols && used > indent && char != ' ';
            if std::mem::take(&mut break_row) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn text_is_truncated_by_maximum_width() {
        for (text, cols, expected) in [
            ("abcdef", 4, "abcd"),
            ("abcd", 4, "abcd"),
            ("\u{4e2d}\u{4e2d}\u{4e2d}", 5, "\u{4e2d}\u{4e2d}"),
            ("e\u{301}e\u{301}e", 2, "e\u{301}e\u{301}"),
            // A hand with its skin tone takes two columns or four, and a red heart two or one.
            ("\u{1f44d}\u{1f3fd}\u{1f44d}\u{1f3fd}", 7, "\u{1f44d}\u{1f3fd}\u{1f44d}"),
            ("\u{2764}\u{fe0f}\u{2764}\u{fe0f}", 3, "\u{2764}\u{fe0f}\u{2764}"),
            ("abc", 0, ""),
        ] {
            assert_eq!(truncate_to_width(text, cols), expected, "{text:?} in {cols}");
        }
    }

    #[test]
    fn line_wraps_at_spaces_and_within_wide_words() {
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
            assert_eq!(wrap_to_width(line, cols), expected, "{line:?} in {cols}");
        }
    }

    proptest! {
        #[test]
        fn wrapped_rows_keep_all_text(line in "[a-c \u{4e2d}\u{301}]{0,60}", cols in 0..30_usize) {
            let rows = wrap_to_width(&line, cols);
            let letters = |text: &str| text.replace(' ', "");
            prop_assert_eq!(letters(&rows.concat()), letters(&line));
            // A wide character is wider than a row of one column.
            prop_assert!(rows.iter().all(|row| max_width(row) <= cols.max(2)), "{:?}", rows);
        }

        #[test]
        fn max_width_is_upper_bound(text in "(\\PC|\\p{Emoji}|[\u{200d}\u{fe0e}\u{fe0f}\u{20e3}\u{1f3fb}-\u{1f3ff}]){0,12}") {
            let parts: usize = text.chars().filter_map(UnicodeWidthChar::width).sum();
            prop_assert!(max_width(&text) >= text.width().max(parts), "{:?}", text);
        }
    }
}
