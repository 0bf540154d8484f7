//! Redacts lines one after the other, for a reader of lines.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::key_block::KeyBlock;
use super::{Redactor, marker};

/// Maximum number of bytes at the end of an unfinished line that may be the beginning of a secret.
const SHORT: usize = 4;

/// Redacts the lines for one reader.
#[derive(Clone, Debug)]
pub struct LineRedactor {
    redactor: Arc<Redactor>,
    block: KeyBlock,
}

impl LineRedactor {
    /// Creates a redactor with these rules.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, block: KeyBlock::default() }
    }

    /// Returns the rules.
    pub(in crate::core) fn rules(&self) -> &Redactor {
        &self.redactor
    }

    /// Returns the rules, for another redactor.
    pub(in crate::core) fn shared_rules(&self) -> Arc<Redactor> {
        Arc::clone(&self.redactor)
    }

    /// Returns the next finished line without its secrets.
    pub fn line<'a>(&mut self, text: &'a [u8]) -> Cow<'a, [u8]> {
        if self.block.takes(text) && !text.is_empty() {
            return Cow::Owned(marker("private-key").into_bytes());
        }
        self.redactor.redact(text)
    }

    /// Replaces the secrets of the next finished line.
    pub(in crate::core) fn line_string(&mut self, text: &mut String) {
        if let Cow::Owned(redacted) = self.line(text.as_bytes()) {
            *text = String::from_utf8_lossy(&redacted).into_owned();
        }
    }

    /// Returns the parts of the next finished line at these ranges, without its secrets.
    pub(in crate::core) fn parts(&mut self, text: &[u8], ranges: &[Range<usize>]) -> Vec<String> {
        if self.block.takes(text) {
            let hidden = |range: &Range<usize>| if range.is_empty() { String::new() } else { marker("private-key") };
            return ranges.iter().map(hidden).collect();
        }
        let parts = self.redactor.parts_of(text, ranges.iter().cloned().map(Some));
        parts.into_iter().flatten().collect()
    }

    /// Returns the unfinished line `text` without its secrets, and without a word at its end that could become one. What is
    /// returned for the line once it has grown begins with it.
    pub fn unfinished<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let text = &text[..text.len() - growing(text)];
        if self.block.is_inside(text) { Cow::Borrowed(b"") } else { self.redactor.redact(text) }
    }
}

/// Returns the length of the word at the end that could become a secret: not of one that ends as a prompt does.
fn growing(text: &[u8]) -> usize {
    let is_of_secret = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.~+/=:@%".contains(byte);
    let word = text.len() - text.iter().rposition(|byte| !is_of_secret(byte)).map_or(0, |at| at + 1);
    if word < SHORT || text.ends_with(b":") { 0 } else { word }
}

#[cfg(test)]
mod tests {
    use super::super::{builtin_rules, samples};
    use super::*;

    fn redactor() -> LineRedactor {
        LineRedactor::new(builtin_rules())
    }

    #[test]
    fn prompts_are_not_held_back() {
        for prompt in ["$ ", "Password:", "sure? [y/n]", "me@host:~$", "login: ", ">>> ", "50%]", "a"] {
            assert_eq!(redactor().unfinished(prompt.as_bytes()), prompt.as_bytes(), "{prompt}");
        }
        assert_eq!(redactor().unfinished(b"token glpat-12"), &b"token "[..]);
    }

    #[test]
    fn unfinished_line_shows_no_part_of_secret() {
        for (name, text, secret) in samples() {
            let finished = String::from_utf8_lossy(&redactor().line(text.as_bytes())).into_owned();
            assert!(!finished.contains(&secret), "{name}: {finished}");
            for at in 0..text.len() {
                let shown = String::from_utf8_lossy(&redactor().unfinished(&text.as_bytes()[..at])).into_owned();
                let longest = (1..=secret.len()).rev().find(|&len| shown.contains(&secret[..len])).unwrap_or(0);
                // The beginning of a secret may be a word such as `x`.
                assert!(longest < 2 * SHORT, "{name}: {longest} bytes of the secret in {shown:?}");
            }
        }
    }

    #[test]
    fn key_is_hidden_line_by_line() {
        let mut redactor = redactor();
        let lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQ", "", "-----END PRIVATE KEY-----", "MIIEvQ"];
        let redacted: Vec<String> =
            lines.iter().map(|line| String::from_utf8_lossy(&redactor.line(line.as_bytes())).into_owned()).collect();
        assert_eq!(redacted, [lines[0], "[redacted:private-key]", "", lines[3], "MIIEvQ"]);
    }
}
