//! Text with captures in it: `$0 $1 ${name} ${1} $$`.
//!
//! It is parsed once, and replaced in one pass: what a capture holds is never looked at again, so output cannot
//! smuggle a `$1` or an escape into what is typed. Control bytes in captures are dropped.

use super::captures::Captures;
use super::pattern::Pattern;

/// Text in which captures are to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TemplatePart {
    Text(Vec<u8>),
    /// The number of a group that the pattern has.
    Group(usize),
}

/// Whether a backslash is more than itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Off,
    On,
}

impl Template {
    /// Reads text with `$0`, `$1` (all digits count: `$10` is group ten, `${1}0` group one and a zero), `${name}`,
    /// `${1}` and `$$`. Any other `$` stays as it is: `echo $HOME` is text.
    ///
    /// # Errors
    ///
    /// A group or a name that the pattern does not have, and a `${` that does not close, in a sentence.
    pub fn parse(text: &str, pattern: &Pattern) -> Result<Self, String> {
        read(text, Some(pattern), Escapes::Off)
    }

    /// As [`Template::parse`], and `\r \n \t \e \xNN \\` in the text itself are the bytes they stand for. A `\x24` is
    /// a dollar sign that takes nothing with it.
    ///
    /// # Errors
    ///
    /// As [`Template::parse`] and [`unescape`].
    pub fn parse_escaped(text: &str, pattern: &Pattern) -> Result<Self, String> {
        read(text, Some(pattern), Escapes::On)
    }

    /// The text with the captures in it. A group that took no part in the match is nothing.
    pub fn expand(&self, captures: &Captures) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => out.extend_from_slice(text),
                TemplatePart::Group(i) => push_printable(captures.group(*i).unwrap_or_default(), &mut out),
            }
        }
        out
    }

    /// The text if no capture is in it.
    pub fn literal(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [TemplatePart::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// Replaces `\r \n \t \e \xNN \\` by the bytes they stand for.
///
/// # Errors
///
/// Any other escape, with its position.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let template = read(text, None, Escapes::On)?;
    Ok(template.literal().unwrap_or_default().to_vec())
}

/// Appends text without its control characters: C0, DEL, and C1, be it as UTF-8 or as a byte of its own.
pub(super) fn push_printable(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        let mut buffer = [0; 4];
        for char in chunk.valid().chars().filter(|char| !char.is_control()) {
            out.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
        }
        // A lone C1 byte is dropped even where it would continue a broken character: terminals differ on that.
        out.extend(chunk.invalid().iter().filter(|byte| !(0x80..=0x9f).contains(*byte)));
    }
}

/// Reads a template. Without a pattern a `$` is text like any other.
fn read(text: &str, pattern: Option<&Pattern>, escapes: Escapes) -> Result<Template, String> {
    let mut reader = TemplateReader { text, at: 0, parts: Vec::new() };
    while let Some(byte) = reader.peek(0) {
        match (byte, pattern) {
            (b'\\', _) if escapes == Escapes::On => reader.escape()?,
            (b'$', Some(pattern)) => reader.dollar(pattern)?,
            _ => reader.copy(1),
        }
    }
    Ok(Template { parts: reader.parts })
}

struct TemplateReader<'a> {
    text: &'a str,
    /// On a character boundary whenever a byte below 0x80 stands there.
    at: usize,
    parts: Vec<TemplatePart>,
}

impl<'a> TemplateReader<'a> {
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

    /// Takes bytes over as they are.
    fn copy(&mut self, n: usize) {
        let text = self.text;
        self.push(&text.as_bytes()[self.at..self.at + n]);
        self.at += n;
    }

    /// Puts a byte in the place of the next `n`.
    fn replace(&mut self, n: usize, byte: u8) {
        self.push(&[byte]);
        self.at += n;
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.peek(1) {
            Some(b'r') => self.replace(2, b'\r'),
            Some(b'n') => self.replace(2, b'\n'),
            Some(b't') => self.replace(2, b'\t'),
            Some(b'e') => self.replace(2, 0x1b),
            Some(b'\\') => self.replace(2, b'\\'),
            Some(b'x') => {
                let digits = self.text.get(self.at + 2..self.at + 4).filter(|digits| is_hex(digits));
                let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let byte = value.ok_or_else(|| self.fault("\\x needs two hexadecimal digits"))?;
                self.replace(4, byte);
            }
            Some(_) => {
                let char = self.text[self.at + 1..].chars().next().unwrap_or_default();
                let shown = char.escape_debug();
                let reason = format!("unknown escape \\{shown}; there are \\r \\n \\t \\e \\xNN \\\\");
                return Err(self.fault(&reason));
            }
            None => return Err(self.fault("a \\ stands at the end; a backslash is written \\\\")),
        }
        Ok(())
    }

    fn dollar(&mut self, pattern: &Pattern) -> Result<(), String> {
        match self.peek(1) {
            Some(b'$') => self.replace(2, b'$'),
            Some(b'{') => {
                let inside = &self.text[self.at + 2..];
                let end = inside.find('}').ok_or_else(|| self.fault("${ has no closing }"))?;
                let group = self.group(&inside[..end], pattern)?;
                self.take_group(end + 3, group);
            }
            Some(b'0'..=b'9') => {
                let digits = self.run(|byte| byte.is_ascii_digit());
                let group = self.group(digits, pattern)?;
                self.take_group(1 + digits.len(), group);
            }
            _ => {
                let name = self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if pattern.names().flatten().any(|known| known == name) {
                    let hint = format!("${name} is not replaced: write ${{{name}}}, or $${name} for the text");
                    return Err(self.fault(&hint));
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

    /// The longest run of such bytes behind the `$`.
    fn run(&self, is_one: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text[self.at + 1..];
        let end = rest.bytes().position(|byte| !is_one(byte)).unwrap_or(rest.len());
        &rest[..end]
    }

    /// The group that a number or a name stands for.
    fn group(&self, key: &str, pattern: &Pattern) -> Result<usize, String> {
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = key.parse().ok().filter(|&number: &usize| number < pattern.groups());
            return number.ok_or_else(|| self.fault(&no_group(key, pattern)));
        }
        let named = pattern.names().position(|name| name == Some(key));
        named.ok_or_else(|| self.fault(&no_name(key, pattern)))
    }

    fn fault(&self, reason: &str) -> String {
        let position = self.text[..self.at].chars().count() + 1;
        format!("at character {position}: {reason}")
    }
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn no_group(key: &str, pattern: &Pattern) -> String {
    let count = pattern.groups() - 1;
    let first = &key[..1];
    let groups = match count {
        0 => "no groups, only $0".to_owned(),
        1 => "one group".to_owned(),
        _ => format!("{count} groups"),
    };
    let hint = if key.len() > 1 { format!(" (${{{first}}} ends a number early)") } else { String::new() };
    format!("the pattern has {groups}, so there is no ${key}{hint}")
}

fn no_name(key: &str, pattern: &Pattern) -> String {
    let names: Vec<&str> = pattern.names().flatten().collect();
    let known = match names.as_slice() {
        [] => "it names none".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    let key = key.escape_debug();
    format!("the pattern has no group named '{key}': {known}; $${{ is the text ${{")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).expect("the pattern is good")
    }

    /// Expands against `(a)(b)?(?<rest>.*)` on a line.
    fn expanded(template: &str, line: &[u8]) -> Vec<u8> {
        let pattern = pattern("(?s-u)(a)(b)?(?<rest>.*)");
        let captures = pattern.search(line).expect("it matches");
        Template::parse(template, &pattern).expect("the template is good").expand(&captures)
    }

    #[test]
    fn groups_are_replaced() {
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
    fn ten_groups() {
        let pattern = pattern("(1)(2)(3)(4)(5)(6)(7)(8)(9)(x)");
        let captures = pattern.search(b"123456789x").expect("it matches");
        for (template, want) in [("$10", "x"), ("${1}0", "10"), ("$1$0", "1123456789x"), ("$9", "9")] {
            let template = Template::parse(template, &pattern).expect("the template is good");
            assert_eq!(template.expand(&captures), want.as_bytes());
        }
    }

    #[test]
    fn a_capture_is_not_replaced_again() {
        assert_eq!(expanded("$3", b"a$1 ${rest} $$"), b"$1 ${rest} $$");
        let pattern = pattern("a(.*)");
        let captures = pattern.search(br"a\x41\r$0").expect("it matches");
        let template = Template::parse_escaped(r"\x24\x31 $1\r", &pattern).expect("the template is good");
        assert_eq!(template.expand(&captures), b"$1 \\x41\\r$0\r");
    }

    #[test]
    fn faults_are_sentences() {
        let with = |text: &str, of: &str| Template::parse(text, &pattern(of)).expect_err("the template is bad");
        for (text, of, want) in [
            ("$1", "x", "at character 1: the pattern has no groups, only $0, so there is no $1"),
            ("é$2", "(x)", "at character 2: the pattern has one group, so there is no $2"),
            ("$3", "(x)(y)", "at character 1: the pattern has 2 groups, so there is no $3"),
            ("$10", "(x)", "at character 1: the pattern has one group, so there is no $10 (${1} ends a number early)"),
            ("a${b", "x", "at character 2: ${ has no closing }"),
            (
                "${HOME}",
                "x",
                "at character 1: the pattern has no group named 'HOME': it names none; $${ is the text ${",
            ),
            (
                "${c}",
                "(?<a>x)(?<b>y)",
                "at character 1: the pattern has no group named 'c': there are a, b; $${ is the text ${",
            ),
            ("${}", "x", "at character 1: the pattern has no group named '': it names none; $${ is the text ${"),
            ("$name", "(?<name>x)", "at character 1: $name is not replaced: write ${name}, or $$name for the text"),
            (
                "${99999999999999999999999}",
                "x",
                "at character 1: the pattern has no groups, only $0, so there is no $99999999999999999999999 (${9} ends a number early)",
            ),
        ] {
            assert_eq!(with(text, of), want, "{text}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"a\r\n\t\e[1m\x00\xfF\\n$1"), Ok(b"a\r\n\t\x1b[1m\x00\xff\\n$1".to_vec()));
        assert_eq!(unescape("é$"), Ok("é$".as_bytes().to_vec()));
        for (text, want) in [
            (r"é\q", "at character 2: unknown escape \\q; there are \\r \\n \\t \\e \\xNN \\\\"),
            ("\\é", "at character 1: unknown escape \\é; there are \\r \\n \\t \\e \\xNN \\\\"),
            (r"a\x1", "at character 2: \\x needs two hexadecimal digits"),
            (r"\x+1", "at character 1: \\x needs two hexadecimal digits"),
            (r"\xé", "at character 1: \\x needs two hexadecimal digits"),
            ("ab\\", "at character 3: a \\ stands at the end; a backslash is written \\\\"),
        ] {
            assert_eq!(unescape(text), Err(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn control_bytes_of_captures_are_dropped() {
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
