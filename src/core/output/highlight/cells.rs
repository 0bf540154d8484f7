//! The rows that a line takes, as far as all terminals agree, and the characters that share a cell.

use std::ops::Range;

use crate::core::width;

/// Joins the characters around it into one emoji.
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Returns the number of rows of `cols` columns that a line takes. `None` where terminals may differ, or where a wide character
/// leaves the last column of a row empty.
pub(super) fn rows(text: &str, cols: usize) -> Option<usize> {
    if text.is_ascii() {
        return Some(text.len().div_ceil(cols.max(1)).max(1));
    }
    if width::max_width(text) <= cols {
        return Some(1);
    }
    let (mut rows, mut col) = (1, 0);
    for char in text.chars() {
        let width = sure_width(char)?;
        if col + width > cols {
            if col < cols {
                return None;
            }
            (rows, col) = (rows + 1, 0);
        }
        col += width;
    }
    Some(rows)
}

/// Returns the columns of a character for which all terminals have the same number.
fn sure_width(char: char) -> Option<usize> {
    match char {
        '\u{300}'..='\u{36f}' => Some(0),
        '\0'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{2010}'..='\u{2027}' | '─'..='╿' => Some(1),
        'ぁ'..='ゖ' | 'ァ'..='ヺ' | '一'..='\u{9fff}' | '가'..='힣' | '\u{3001}'..='\u{3011}' | '！'..='～' => {
            Some(2)
        }
        _ => None,
    }
}

/// Returns the smallest range around `range` in which each character has all that is drawn in its cell: combining marks, parts
/// of an emoji.
pub(super) fn whole_characters(text: &str, range: &Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (range.start.min(text.len()), range.end.min(text.len()));
    if text.is_ascii() {
        return start..end;
    }
    while start > 0 && !is_boundary(text, start) {
        start -= 1;
    }
    while end < text.len() && !is_boundary(text, end) {
        end += 1;
    }
    start..end
}

/// Returns whether a character begins at `at` that does not extend the one before it.
fn is_boundary(text: &str, at: usize) -> bool {
    let Some((before, behind)) = text.split_at_checked(at) else { return false };
    let Some(next) = behind.chars().next() else { return true };
    let extends =
        width::width(next) == 0 || matches!(next, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{1f1e6}'..='\u{1f1ff}');
    !extends && !before.ends_with(ZERO_WIDTH_JOINER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_known_where_terminals_agree() {
        for (text, cols, expected) in [
            ("", 4, Some(1)),
            ("abcd", 4, Some(1)),
            ("abcde", 4, Some(2)),
            ("äbcde", 4, Some(2)),
            ("e\u{301}e\u{301}e\u{301}", 2, Some(2)),
            ("漢字漢字", 4, Some(2)),
            // The second character does not fit into the row.
            ("漢字漢字", 3, None),
            ("👍🏽", 4, Some(1)),
            ("👍🏽", 3, None),
            ("\u{2026}…abc", 3, Some(2)),
            ("abc\u{ad}", 2, Some(2)),
        ] {
            assert_eq!(rows(text, cols), expected, "{text} in {cols}");
        }
    }

    #[test]
    fn range_is_extended_to_whole_characters() {
        for (text, range, expected) in [
            ("abc", 1..2, 1..2),
            ("ae\u{301}c", 1..2, 1..4),
            ("ae\u{301}c", 2..4, 1..4),
            ("a漢c", 2..3, 1..4),
            ("a👩\u{200d}🚀c", 1..5, 1..12),
            ("a👩\u{200d}🚀c", 8..12, 1..12),
            ("👍🏽", 4..8, 0..8),
            ("ä", 0..9, 0..2),
        ] {
            assert_eq!(whole_characters(text, &range), expected, "{text} {range:?}");
        }
    }
}
