//! Near misses: changes of a pattern after which it matches a line, for users who wonder why it does not.

use super::pattern::Pattern;

/// A change after which the pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NearMiss {
    /// Letters in upper and lower case are the same.
    IgnoringCase,
    /// Without the escape sequences in the pattern: lines have none.
    WithoutEscapes,
    /// Without `^` at its start.
    WithoutStart,
    /// Without `$` at its end.
    WithoutEnd,
}

/// Returns the changes, each alone, after which `pattern` matches `text`, which it does not.
pub fn near_misses(pattern: &Pattern, text: &[u8]) -> Vec<NearMiss> {
    let source = pattern.text();
    let changed = [
        (NearMiss::IgnoringCase, Some(format!("(?i){source}"))),
        (NearMiss::WithoutEscapes, without_escapes(source)),
        (NearMiss::WithoutStart, source.strip_prefix('^').map(str::to_owned)),
        (NearMiss::WithoutEnd, source.strip_suffix('$').filter(|rest| !rest.ends_with('\\')).map(str::to_owned)),
    ];
    let matches = |(near, source): (NearMiss, Option<String>)| {
        // A pattern that is no pattern without a part of it is no near miss.
        let pattern = Pattern::parse(source.filter(|source| !source.is_empty())?).ok()?;
        pattern.is_match(text).then_some(near)
    };
    changed.into_iter().filter_map(matches).collect()
}

/// Returns the source of a pattern without the parts that stand for escape sequences which set colours; `None` if it has
/// none.
fn without_escapes(source: &str) -> Option<String> {
    let escapes = regex::Regex::new(r"(?:\\x1[bB]|\\x\{1[bB]\}|\\u001[bB]|\x1b)\\\[[0-9;]*m").ok()?;
    let without = escapes.replace_all(source, "");
    (without != source).then(|| without.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_match_are_found() {
        for (pattern, text, expected) in [
            ("error", "Error: x", &[NearMiss::IgnoringCase][..]),
            (r"\x1b\[31merror", "an error", &[NearMiss::WithoutEscapes]),
            (r"\x1B\[1;31mFAIL\x1b\[m", "FAIL", &[NearMiss::WithoutEscapes]),
            ("^make", "$ make", &[NearMiss::WithoutStart]),
            ("done$", "done.", &[NearMiss::WithoutEnd]),
            (r"cost \$", "cost 5", &[]),
            ("^$", "x", &[NearMiss::WithoutStart, NearMiss::WithoutEnd]),
            ("a", "b", &[]),
        ] {
            let pattern = Pattern::parse(pattern).expect("the pattern is valid");
            assert_eq!(near_misses(&pattern, text.as_bytes()), expected, "{}", pattern.text());
        }
    }
}
