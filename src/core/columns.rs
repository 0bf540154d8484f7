//! How many columns text takes, and how it is cut to fit. Terminals differ in that: some show a sequence that makes up
//! one emoji as one, others its parts side by side. What coshell draws reckons with the most that any of them takes. It
//! knows nothing of what is drawn, or where.

use unicode_width::UnicodeWidthChar;

/// It makes of the character in front of it an emoji, which takes two columns.
const AS_EMOJI: char = '\u{fe0f}';

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

    proptest! {
        #[test]
        fn no_terminal_takes_more(text in "(\\PC|\\p{Emoji}|[\u{200d}\u{fe0e}\u{fe0f}\u{20e3}\u{1f3fb}-\u{1f3ff}]){0,12}") {
            let parts: usize = text.chars().filter_map(UnicodeWidthChar::width).sum();
            prop_assert!(widest(&text) >= text.width().max(parts), "{:?}", text);
        }
    }
}
