//! Text with captures in it: `$0 $1 ${name} ${1} $$`.
//!
//! A template is parsed once and expanded in one pass: the text of a capture is never parsed, so output cannot smuggle a
//! `$1` or an escape into typed text. Control characters of captures are dropped.

use super::captures::Captures;
use super::error::{TemplateError, TemplateErrorKind};
use super::groups::Groups;

/// Text with the places of captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TemplatePart {
    Text(Vec<u8>),
    /// The number of a group that there is.
    Group(usize),
}

/// Whether a backslash begins an escape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Off,
    On,
}

impl Template {
    /// Parses text with `$0`, `$1` (`$10` is group ten, `${1}0` group one and a zero), `${name}`, `${1}` and `$$`. Any
    /// other `$` is itself: `echo $HOME` is text.
    ///
    /// # Errors
    ///
    /// A group or a name that is not among `groups`, or a `${` without its `}`.
    pub fn parse(text: &str, groups: &dyn Groups) -> Result<Self, TemplateError> {
        parse(text, groups, Escapes::Off)
    }

    /// As [`Template::parse`], and replaces `\r \n \t \e \xNN \\` in the text by the bytes they stand for. `\x24` is a
    /// dollar sign that refers to no group.
    ///
    /// # Errors
    ///
    /// As [`Template::parse`], or any other escape.
    pub fn parse_escaped(text: &str, groups: &dyn Groups) -> Result<Self, TemplateError> {
        parse(text, groups, Escapes::On)
    }

    /// Returns the text with the captures in their places. A group that took no part in the match is empty.
    pub fn expand(&self, captures: &Captures) -> Vec<u8> {
        let mut expanded = Vec::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => expanded.extend_from_slice(text),
                TemplatePart::Group(i) => push_printable(captures.group(*i).unwrap_or_default(), &mut expanded),
            }
        }
        expanded
    }
}

/// Appends `text` without its control characters: C0, DEL, and C1, encoded as UTF-8 or as single bytes.
fn push_printable(text: &[u8], output: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        let mut buffer = [0; 4];
        for char in chunk.valid().chars().filter(|char| !char.is_control()) {
            output.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
        }
        // A lone C1 byte is dropped even where it would continue a broken character: terminals differ on that.
        output.extend(chunk.invalid().iter().filter(|byte| !(0x80..=0x9f).contains(*byte)));
    }
}

fn parse(text: &str, groups: &dyn Groups, escapes: Escapes) -> Result<Template, TemplateError> {
    let mut parser = TemplateParser { text, groups, at: 0, parts: Vec::new() };
    while let Some(byte) = parser.peek(0) {
        let step = match byte {
            b'\\' if escapes == Escapes::On => parser.escape(),
            b'$' => parser.dollar(),
            _ => {
                parser.copy(1);
                Ok(())
            }
        };
        step.map_err(|kind| TemplateError { position: text[..parser.at].chars().count() + 1, kind })?;
    }
    Ok(Template { parts: parser.parts })
}

struct TemplateParser<'a> {
    text: &'a str,
    groups: &'a dyn Groups,
    /// On a character boundary whenever a byte below 0x80 stands there.
    at: usize,
    parts: Vec<TemplatePart>,
}

impl<'a> TemplateParser<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(TemplatePart::Text(text)) = self.parts.last_mut() {
            text.extend_from_slice(bytes);
        } else {
            self.parts.push(TemplatePart::Text(bytes.to_vec()));
        }
    }

    /// Copies the next `n` bytes.
    fn copy(&mut self, n: usize) {
        let text = self.text;
        self.push(&text.as_bytes()[self.at..self.at + n]);
        self.at += n;
    }

    /// Replaces the next `n` bytes by `byte`.
    fn replace(&mut self, n: usize, byte: u8) {
        self.push(&[byte]);
        self.at += n;
    }

    fn escape(&mut self) -> Result<(), TemplateErrorKind> {
        match self.peek(1) {
            Some(b'r') => self.replace(2, b'\r'),
            Some(b'n') => self.replace(2, b'\n'),
            Some(b't') => self.replace(2, b'\t'),
            Some(b'e') => self.replace(2, 0x1b),
            Some(b'\\') => self.replace(2, b'\\'),
            Some(b'x') => {
                let digits = self.text.get(self.at + 2..self.at + 4).filter(|digits| is_hex(digits));
                let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                self.replace(4, value.ok_or(TemplateErrorKind::HexDigits)?);
            }
            Some(_) => {
                let char = self.text[self.at + 1..].chars().next().unwrap_or_default();
                return Err(TemplateErrorKind::UnknownEscape(char));
            }
            None => return Err(TemplateErrorKind::TrailingBackslash),
        }
        Ok(())
    }

    fn dollar(&mut self) -> Result<(), TemplateErrorKind> {
        match self.peek(1) {
            Some(b'$') => self.replace(2, b'$'),
            Some(b'{') => {
                let inside = &self.text[self.at + 2..];
                let end = inside.find('}').ok_or(TemplateErrorKind::Unclosed)?;
                let group = self.group(&inside[..end])?;
                self.take_group(end + 3, group);
            }
            Some(b'0'..=b'9') => {
                let digits = self.run(|byte| byte.is_ascii_digit());
                let group = self.group(digits)?;
                self.take_group(1 + digits.len(), group);
            }
            _ => {
                let name = self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if self.groups.names().flatten().any(|known| known == name) {
                    return Err(TemplateErrorKind::Unbraced(name.to_owned()));
                }
                self.copy(1);
            }
        }
        Ok(())
    }

    fn take_group(&mut self, n: usize, group: usize) {
        self.parts.push(TemplatePart::Group(group));
        self.at += n;
    }

    /// Returns the longest run of bytes behind the `$` for which `belongs` holds.
    fn run(&self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text[self.at + 1..];
        let end = rest.bytes().position(|byte| !belongs(byte)).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Returns the number of the group `key`, which is a number or a name.
    fn group(&self, key: &str) -> Result<usize, TemplateErrorKind> {
        let groups = self.groups;
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = key.parse().ok().filter(|&number: &usize| number < groups.count());
            return number.ok_or_else(|| TemplateErrorKind::NoGroup {
                owner: groups.owner(),
                key: key.to_owned(),
                groups: groups.count() - 1,
            });
        }
        groups.names().position(|name| name == Some(key)).ok_or_else(|| TemplateErrorKind::NoName {
            owner: groups.owner(),
            key: key.to_owned(),
            names: groups.names().flatten().map(str::to_owned).collect(),
        })
    }
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).expect("the pattern is valid")
    }

    /// Expands against `(a)(b)?(?<rest>.*)` on a line.
    fn expanded(template: &str, line: &[u8]) -> Vec<u8> {
        let pattern = pattern("(?s-u)(a)(b)?(?<rest>.*)");
        let captures = pattern.search(line).expect("the pattern matches");
        Template::parse(template, &pattern).expect("the template is valid").expand(&captures)
    }

    #[test]
    fn groups_are_replaced_by_number_and_name() {
        for (template, want) in [
            ("", ""),
            ("plain é", "plain é"),
            ("$0", "acd"),
            ("<$1|$2|$3>", "<a||cd>"),
            ("${rest}${1}0", "cda0"),
            ("${03}", "cd"),
            ("$$1 $$ $", "$1 $ $"),
            ("$$$1", "$a"),
            ("echo $HOME $(x) $ 1", "echo $HOME $(x) $ 1"),
            ("$é", "$é"),
            (r"\r$1\$1", r"\ra\a"),
        ] {
            assert_eq!(expanded(template, b"acd"), want.as_bytes(), "{template}");
        }
    }

    #[test]
    fn all_digits_belong_to_a_group_number() {
        let pattern = pattern("(1)(2)(3)(4)(5)(6)(7)(8)(9)(x)");
        let captures = pattern.search(b"123456789x").expect("the pattern matches");
        for (template, want) in [("$10", "x"), ("${1}0", "10"), ("$1$0", "1123456789x"), ("$9", "9")] {
            let template = Template::parse(template, &pattern).expect("the template is valid");
            assert_eq!(template.expand(&captures), want.as_bytes());
        }
    }

    #[test]
    fn captured_text_is_not_expanded_again() {
        assert_eq!(expanded("$3", b"a$1 ${rest} $$"), b"$1 ${rest} $$");
        let pattern = pattern("a(.*)");
        let captures = pattern.search(br"a\x41\r$0").expect("the pattern matches");
        let template = Template::parse_escaped(r"\x24\x31 $1\r", &pattern).expect("the template is valid");
        assert_eq!(template.expand(&captures), b"$1 \\x41\\r$0\r");
    }

    #[test]
    fn unknown_group_is_refused_with_its_position() {
        let with = |text: &str, of: &str| Template::parse(text, &pattern(of)).expect_err("the template is invalid");
        for (text, of, want) in [
            ("$1", "x", "at character 1: the pattern has no groups, only $0, so there is no $1"),
            ("é$2", "(x)", "at character 2: the pattern has one group, so there is no $2"),
            ("$3", "(x)(y)", "at character 1: the pattern has 2 groups, so there is no $3"),
            ("$10", "(x)", "at character 1: the pattern has one group, so there is no $10 (${1} ends a number early)"),
            ("a${b", "x", "at character 2: ${ has no closing }: write one, or $${ for the text ${"),
            (
                "${HOME}",
                "x",
                "at character 1: the pattern has no group named 'HOME': it has no named groups; write $${ for the text ${",
            ),
            (
                "${c}",
                "(?<a>x)(?<b>y)",
                "at character 1: the pattern has no group named 'c': its named groups are a, b; write $${ for the text ${",
            ),
            (
                "${}",
                "x",
                "at character 1: the pattern has no group named '': it has no named groups; write $${ for the text ${",
            ),
            ("$name", "(?<name>x)", "at character 1: $name is not replaced: write ${name}, or $$name for the text"),
            (
                "${99999999999999999999999}",
                "x",
                "at character 1: the pattern has no groups, only $0, so there is no $99999999999999999999999 (${9} ends a number early)",
            ),
        ] {
            assert_eq!(with(text, of).to_string(), want, "{text}");
        }
    }

    #[test]
    fn escapes_are_replaced_and_others_refused() {
        let pattern = pattern(".*");
        let captures = pattern.search(b"").expect("the pattern matches");
        let unescaped = |text: &str| Template::parse_escaped(text, &pattern).map(|template| template.expand(&captures));
        assert_eq!(unescaped(r"a\r\n\t\e[1m\x00\xfF\\n$$1"), Ok(b"a\r\n\t\x1b[1m\x00\xff\\n$1".to_vec()));
        assert_eq!(unescaped("é$"), Ok("é$".as_bytes().to_vec()));
        for (text, want) in [
            (r"é\q", "at character 2: there is no escape \\q; the escapes are \\r \\n \\t \\e \\xNN \\\\"),
            ("\\é", "at character 1: there is no escape \\é; the escapes are \\r \\n \\t \\e \\xNN \\\\"),
            (r"a\x1", "at character 2: \\x is not followed by two hexadecimal digits: write two, such as \\x1b"),
            (r"\x+1", "at character 1: \\x is not followed by two hexadecimal digits: write two, such as \\x1b"),
            (r"\xé", "at character 1: \\x is not followed by two hexadecimal digits: write two, such as \\x1b"),
            ("ab\\", "at character 3: the text ends with a single \\; write \\\\ for a backslash"),
        ] {
            assert_eq!(unescaped(text).expect_err(text).to_string(), want);
        }
    }

    #[test]
    fn control_characters_of_captures_are_dropped() {
        for (line, want) in [
            (&b"a\x1b[201~rm -rf\r\n"[..], &b"[201~rm -rf"[..]),
            (b"a\x00\x07\x08\x09\x7fx", b"x"),
            ("a\u{80}\u{9b}31m\u{9f}\u{a0}é中".as_bytes(), "31m\u{a0}é中".as_bytes()),
            (b"a\x9b31m\x80\x9f\xa0\xff", b"31m\xa0\xff"),
            (b"a\xe4\xb8", b"\xe4\xb8"),
            (b"a\xe4\x90x", b"\xe4x"),
            (b"a\xc2\x01\x9b1m", b"\xc21m"),
            (b"a\xc0\x9b", b"\xc0"),
        ] {
            assert_eq!(expanded("$3", line), want, "{line:?}");
        }
        assert_eq!(expanded("\x1b[$1\r", b"ab"), b"\x1b[a\r");
    }
}
