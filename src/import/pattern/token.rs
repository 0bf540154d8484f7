//! The characters of a pattern, with the escapes that stand for one character resolved.

use super::error::{IcuError, IcuErrorKind};

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IcuToken {
    /// A character that may have a meaning.
    Plain(char),
    /// A character behind a backslash.
    Escaped(char),
    /// A character that stands for itself.
    Literal(char),
}

/// The unread rest of a pattern.
#[derive(Debug)]
pub(super) struct IcuLexer {
    chars: Vec<char>,
    at: usize,
    /// Whether blanks and comments are skipped: the flag `x`.
    pub(super) extended: bool,
    /// Whether `\Q` is open.
    quoting: bool,
}

impl IcuLexer {
    pub(super) fn new(pattern: &str) -> Self {
        Self { chars: pattern.chars().collect(), at: 0, extended: false, quoting: false }
    }

    /// Returns the position of the next character, from 0.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Returns to a position at which no `\Q` was open.
    pub(super) fn go_back(&mut self, position: usize) {
        self.at = position;
    }

    /// Returns the error `kind` about the characters from `start` to the current position.
    pub(super) fn error(&self, start: usize, kind: IcuErrorKind) -> IcuError {
        let construct = self.chars[start.min(self.at)..self.at].iter().take(40).collect();
        IcuError { construct, position: start + 1, kind }
    }

    /// Returns the next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<IcuToken>, IcuError> {
        if self.quoting && self.skip("\\E") {
            self.quoting = false;
        }
        if self.quoting {
            return Ok(self.raw().map(IcuToken::Literal));
        }
        if self.extended {
            self.skip_blanks();
        }
        match self.raw() {
            Some('\\') => self.escape().map(Some),
            char => Ok(char.map(IcuToken::Plain)),
        }
    }

    /// Returns the next token without taking it.
    pub(super) fn peek(&mut self) -> Result<Option<IcuToken>, IcuError> {
        let (at, quoting) = (self.at, self.quoting);
        let token = self.next();
        (self.at, self.quoting) = (at, quoting);
        token
    }

    /// Takes the next token if it is `char`, which has a meaning there.
    pub(super) fn take(&mut self, char: char) -> Result<bool, IcuError> {
        let is_next = self.peek()? == Some(IcuToken::Plain(char));
        if is_next {
            self.next()?;
        }
        Ok(is_next)
    }

    /// Begins literal text: `\Q` was read.
    pub(super) fn quote(&mut self) {
        self.quoting = true;
    }

    /// Skips comments in parentheses.
    pub(super) fn skip_comments(&mut self) -> Result<(), IcuError> {
        while !self.quoting {
            let start = self.at;
            if self.extended {
                self.skip_blanks();
            }
            if !self.skip("(?#") {
                return Ok(());
            }
            while self.raw().ok_or_else(|| self.error(start, IcuErrorKind::Malformed("is not closed")))? != ')' {}
        }
        Ok(())
    }

    /// Returns the text up to `end`, which is taken too.
    pub(super) fn until(&mut self, end: char) -> Option<String> {
        let len = self.chars[self.at..].iter().position(|char| *char == end)?;
        let text = self.chars[self.at..self.at + len].iter().collect();
        self.at += len + 1;
        Some(text)
    }

    /// Returns the next character as it is written.
    fn raw(&mut self) -> Option<char> {
        let char = self.chars.get(self.at).copied()?;
        self.at += 1;
        Some(char)
    }

    fn skip(&mut self, text: &str) -> bool {
        let follows = text.chars().eq(self.chars[self.at..].iter().copied().take(text.len()));
        self.at += if follows { text.len() } else { 0 };
        follows
    }

    fn skip_blanks(&mut self) {
        while let Some(&char) = self.chars.get(self.at) {
            match char {
                '#' => while self.raw().is_some_and(|char| !matches!(char, '\n' | '\r' | '\u{85}' | '\u{2028}')) {},
                '\u{200e}' | '\u{200f}' => self.at += 1,
                // Of the blanks these are no pattern white space: UAX #31.
                '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => return,
                _ if char.is_whitespace() => self.at += 1,
                _ => return,
            }
        }
    }

    /// Reads an escape behind its backslash.
    fn escape(&mut self) -> Result<IcuToken, IcuError> {
        let start = self.at - 1;
        let Some(char) = self.raw() else {
            return Err(self.error(start, IcuErrorKind::Malformed("has no character behind it")));
        };
        let code = match char {
            'a' => Some(0x07),
            'e' => Some(0x1b),
            'f' => Some(0x0c),
            'n' => Some(0x0a),
            'r' => Some(0x0d),
            't' => Some(0x09),
            'c' => self.raw().map(|char| char as u32 & 0x1f),
            '0' => self.number(8, 1..=3).filter(|code| *code <= 0xff),
            'x' if self.skip("{") => self.number(16, 1..=8).filter(|_| self.skip("}")),
            'x' => self.number(16, 1..=2),
            'u' => self.number(16, 4..=4).and_then(|code| self.surrogate_pair(code)),
            'U' => self.number(16, 8..=8),
            _ => return Ok(IcuToken::Escaped(char)),
        };
        let char = code.and_then(char::from_u32);
        char.map(IcuToken::Literal).ok_or_else(|| self.error(start, IcuErrorKind::Malformed("is no character")))
    }

    /// Reads a number of `len` digits.
    fn number(&mut self, radix: u32, len: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let digits = self.chars[self.at..].iter().take(*len.end()).take_while(|char| char.is_digit(radix)).count();
        let text: String = self.chars[self.at..self.at + digits].iter().collect();
        self.at += digits;
        u32::from_str_radix(&text, radix).ok().filter(|_| digits >= *len.start())
    }

    /// Returns the character of the two surrogates `\uD83D\uDE00`, of which the first was read.
    fn surrogate_pair(&mut self, high: u32) -> Option<u32> {
        if !(0xd800..0xdc00).contains(&high) {
            return Some(high);
        }
        let low = if self.skip("\\u") { self.number(16, 4..=4)? } else { return None };
        (0xdc00..0xe000).contains(&low).then(|| 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    }
}
