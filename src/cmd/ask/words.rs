//! Shell words: splits a line of file names, and quotes a name as a word. The quoting is that of bash, without expansions:
//! backslash, single and double quotes, and `$'...'` (ANSI-C quoting), which represents any byte. A word that begins as the
//! URL of a file has no quoting and ends at a blank: an apostrophe may be part of a URL.

use crate::display::is_control;

/// ASCII characters besides letters and digits that need no backslash.
const SAFE: &str = "%+,-./:=@_";
/// Beginning of a file's URL (RFC 8089), which file managers copy and some terminals insert.
pub(super) const URL: &[u8] = b"file://";
/// Escape sequences of one letter in ANSI-C quoting, with their bytes.
const LETTERS: &[(u8, u8)] = &[
    (b'a', 0x07),
    (b'b', 0x08),
    (b'e', 0x1b),
    (b'E', 0x1b),
    (b'f', 0x0c),
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
    (b'v', 0x0b),
    (b'\\', b'\\'),
    (b'\'', b'\''),
    (b'"', b'"'),
    (b'?', b'?'),
];

/// A word of a line, without its quoting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Byte offset of the word in the line.
    pub(super) start: usize,
    /// Byte offset of the word's end.
    pub(super) end: usize,
    /// The word's bytes.
    pub(super) text: Vec<u8>,
    /// Number of bytes at the start of `text` that are not quoted. A quoted `~` names no home directory.
    pub(super) unquoted: usize,
    /// Quoting at the end of the word: other than `Quote::Backslash` if a quote was not closed.
    pub(super) open: Quote,
}

impl Word {
    /// Creates a word without quoting, and without offsets.
    pub(super) fn unquoted(text: Vec<u8>) -> Self {
        Self { start: 0, end: 0, unquoted: text.len(), text, open: Quote::Backslash }
    }
}

/// A way to quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// A backslash before each special character.
    Backslash,
    /// `'...'`
    Single,
    /// `"..."`
    Double,
    /// `$'...'`
    AnsiC,
}

/// Returns the words of `line`. Only the last one can have an open quote. An unfinished escape sequence at the end of
/// `line` is left out: completion splits a line that is cut at the cursor.
pub(super) fn split(line: &str) -> Vec<Word> {
    let mut rest = Rest { bytes: line.as_bytes() };
    let mut words = Vec::new();
    while let Some(byte) = rest.bytes.first() {
        if is_blank(*byte) {
            rest.next();
        } else {
            let start = line.len() - rest.bytes.len();
            let word = rest.word();
            words.push(Word { start, end: line.len() - rest.bytes.len(), ..word });
        }
    }
    words
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// The part of a line that has not been read.
struct Rest<'a> {
    bytes: &'a [u8],
}

impl Rest<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// Takes the next byte of a word with the quoting `open`; `None` at the word's end.
    fn next_of(&mut self, open: Quote) -> Option<u8> {
        let ends = open == Quote::Backslash && self.bytes.first().is_some_and(|byte| is_blank(*byte));
        if ends { None } else { self.next() }
    }

    /// Reads a word, without its offsets.
    fn word(&mut self) -> Word {
        if self.bytes.starts_with(URL) {
            return Word::unquoted(std::iter::from_fn(|| self.next_of(Quote::Backslash)).collect());
        }
        let mut word = Word::unquoted(Vec::new());
        while let Some(byte) = self.next_of(word.open) {
            match (word.open, byte) {
                (Quote::Backslash, b'\'') => word.open = Quote::Single,
                (Quote::Backslash, b'"') => word.open = Quote::Double,
                (Quote::Backslash, b'$') if self.bytes.first() == Some(&b'\'') => {
                    self.next();
                    word.open = Quote::AnsiC;
                }
                (Quote::Single | Quote::AnsiC, b'\'') | (Quote::Double, b'"') => word.open = Quote::Backslash,
                (Quote::Backslash | Quote::Double, b'\\') => word.text.extend(self.escaped(word.open)),
                (Quote::AnsiC, b'\\') => word.text.extend(self.ansi_c().unwrap_or_default()),
                (open, byte) => {
                    word.unquoted += usize::from(open == Quote::Backslash && word.unquoted == word.text.len());
                    word.text.push(byte);
                }
            }
        }
        word
    }

    /// Reads what follows a backslash outside quotes or in double quotes, where it quotes a few characters only.
    fn escaped(&mut self, open: Quote) -> Vec<u8> {
        match self.next() {
            // A line continuation.
            None | Some(b'\n') => Vec::new(),
            Some(byte) if open == Quote::Double && !b"$`\"\\".contains(&byte) => vec![b'\\', byte],
            Some(byte) => vec![byte],
        }
    }

    /// Reads what follows a backslash in ANSI-C quoting; `None` if the line ends in the sequence.
    fn ansi_c(&mut self) -> Option<Vec<u8>> {
        let letter = self.next()?;
        if let Some((_, byte)) = LETTERS.iter().find(|(known, _)| *known == letter) {
            return Some(vec![*byte]);
        }
        let (radix, digits, first) = match letter {
            b'0'..=b'7' => (8, 2, u32::from(letter - b'0')),
            b'x' => (16, 2, 0),
            b'u' => (16, 4, 0),
            b'U' => (16, 8, 0),
            b'c' => return Some(vec![self.next()? & 0x1f]),
            _ => return Some(vec![b'\\', letter]),
        };
        let before = self.bytes.len();
        let value = self.number(radix, digits, first)?;
        let is_unicode = matches!(letter, b'u' | b'U');
        Some(match char::from_u32(value).filter(|_| is_unicode) {
            _ if before == self.bytes.len() && radix == 16 => vec![b'\\', letter],
            Some(char) => char.to_string().into_bytes(),
            None if is_unicode => char::REPLACEMENT_CHARACTER.to_string().into_bytes(),
            // As in bash, the value of `\400` and above is cut to a byte.
            None => vec![value.to_le_bytes()[0]],
        })
    }

    /// Reads at most `most` digits, which follow those of `value`; `None` if the line ends before one that is no digit.
    fn number(&mut self, radix: u32, most: usize, mut value: u32) -> Option<u32> {
        for _ in 0..most {
            let Some(digit) = char::from(*self.bytes.first()?).to_digit(radix) else { break };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.next();
        }
        Some(value)
    }
}

/// Returns the beginning of several words, `common`, without an escape sequence that it ends within.
pub(super) fn whole_escapes(common: &str) -> &str {
    let last = |text| split(text).pop().map(|word| (word.text, word.open));
    let mut whole = common;
    while let Some((at, char)) = whole.char_indices().next_back() {
        if char == ' ' || last(&whole[..at]) != last(common) {
            break;
        }
        whole = &whole[..at];
    }
    whole
}

/// Returns `text` as a word whose quoting is `quote`, without a closing quote. Where `text` has control characters or is not
/// UTF-8, the quoting is `Quote::AnsiC`; the second value is the quoting used.
pub(super) fn quote(text: &[u8], quote: Quote) -> (String, Quote) {
    match (std::str::from_utf8(text), quote) {
        (Ok(text), Quote::Backslash) if !text.contains(is_control) => (backslashed(text), quote),
        (Ok(text), Quote::Single) if !text.contains(is_control) => (format!("'{}", text.replace('\'', r"'\''")), quote),
        (Ok(text), Quote::Double) if !text.contains(is_control) => (format!("\"{}", double_quoted(text)), quote),
        _ => (format!("$'{}", ansi_c_quoted(text)), Quote::AnsiC),
    }
}

/// Returns the text that closes `quote`.
pub(super) fn closing(quote: Quote) -> &'static str {
    match quote {
        Quote::Backslash => "",
        Quote::Single | Quote::AnsiC => "'",
        Quote::Double => "\"",
    }
}

/// Returns `text` as one row shows it: as it is, or in ANSI-C quoting if it has control characters or is not UTF-8.
pub(super) fn shown(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) if !text.contains(is_control) => text.to_owned(),
        _ => format!("$'{}'", ansi_c_quoted(text)),
    }
}

fn backslashed(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        let is_plain = char.is_ascii_alphanumeric() || !char.is_ascii() || SAFE.contains(char);
        if !is_plain && (char != '~' || at == 0) {
            word.push('\\');
        }
        word.push(char);
    }
    word
}

fn double_quoted(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for char in text.chars() {
        if "$`\"\\".contains(char) {
            word.push('\\');
        }
        word.push(char);
    }
    word
}

fn ansi_c_quoted(text: &[u8]) -> String {
    let mut word = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\'' | '\\' => word.extend(['\\', char]),
                // All control characters have at most four digits.
                _ if is_control(char) && char.is_ascii() => word.push_str(&format!("\\x{:02x}", u32::from(char))),
                _ if is_control(char) => word.push_str(&format!("\\u{:04x}", u32::from(char))),
                _ => word.push(char),
            }
        }
        word.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(line: &str) -> Vec<Vec<u8>> {
        split(line).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_those_of_bash() {
        for (line, words) in [
            ("", &[][..]),
            (" \t\n ", &[]),
            ("a b", &[&b"a"[..], b"b"]),
            ("  a\tb\nc ", &[b"a", b"b", b"c"]),
            (r"my\ file it\'s", &[b"my file", b"it's"]),
            ("'my file' \"it's\"", &[b"my file", b"it's"]),
            ("a'b c'd\"e f\"g", &[b"ab cde fg"]),
            (r#"'a\b' "a\b" "a\"b\\\$\`" a\b"#, &[br"a\b", br"a\b", br#"a"b\$`"#, b"ab"]),
            (r"'it'\''s'", &[b"it's"]),
            ("'' \"\"", &[b"", b""]),
            ("file:///it's a'b c'", &[b"file:///it's", b"ab c"]),
            ("#a# $b $ a$", &[b"#a#", b"$b", b"$", b"a$"]),
            ("'a\nb' \"c\\\nd\" e\\\nf", &[b"a\nb", b"cd", b"ef"]),
            (r"$'a\tb\x41\101\u20ac\e\'\\' x", &[b"a\tbAA\xe2\x82\xac\x1b'\\", b"x"]),
            (r"$'\xffg\377\1019' $'\q\xg\cA\ud800'", &[b"\xffg\xffA9", b"\\q\\xg\x01\xef\xbf\xbd"]),
            ("caf\u{e9}\\ \u{6f22} '\u{1f600}'", &["caf\u{e9} \u{6f22}".as_bytes(), "\u{1f600}".as_bytes()]),
        ] {
            assert_eq!(texts(line), words, "{line:?}");
        }
    }

    #[test]
    fn last_word_has_open_quote_and_no_unfinished_escape() {
        for (line, start, text, open) in [
            ("a 'b c", 2, "b c", Quote::Single),
            ("a \"b c", 2, "b c", Quote::Double),
            ("\"b\\", 0, "b", Quote::Double),
            ("a $'b c", 2, "b c", Quote::AnsiC),
            (r"$'b\", 0, "b", Quote::AnsiC),
            (r"$'b\x4", 0, "b", Quote::AnsiC),
            (r"$'b\10", 0, "b", Quote::AnsiC),
            (r"$'b\u20a", 0, "b", Quote::AnsiC),
            (r"my\", 0, "my", Quote::Backslash),
            (r"my\ ", 0, "my ", Quote::Backslash),
        ] {
            let word = split(line).pop().expect("the line has a word");
            assert_eq!((word.start, &*word.text, word.open), (start, text.as_bytes(), open), "{line:?}");
        }
    }

    #[test]
    fn common_beginning_ends_before_unfinished_escape() {
        for (common, whole) in [
            (r"my\", "my"),
            (r"my\ ", r"my\ "),
            (r"my\ file ", r"my\ file "),
            ("'my ", "'my "),
            ("'it'", "'it'"),
            (r"'it'\", "'it'"),
            (r"$'caf\xe", "$'caf"),
            ("$'", "$'"),
            ("caf\u{e9}", "caf\u{e9}"),
            ("", ""),
        ] {
            assert_eq!(whole_escapes(common), whole, "{common:?}");
        }
    }

    #[test]
    fn bytes_before_first_quoting_are_unquoted() {
        for (line, unquoted) in
            [("~/a b", 3), (r"~/a\ b", 3), (r"\~/a", 0), ("'~'/a", 0), ("~'u'/a", 1), ("\u{e9}'a'", 2)]
        {
            assert_eq!(split(line)[0].unquoted, unquoted, "{line:?}");
        }
    }

    #[test]
    fn name_is_quoted_where_needed() {
        for (name, word) in [
            (&b"plain-1.2_x@%+,:="[..], "plain-1.2_x@%+,:="),
            (b"my file (1)", r"my\ file\ \(1\)"),
            (b"~a~", r"\~a~"),
            ("caf\u{e9}".as_bytes(), "caf\u{e9}"),
            (b"caf\xe9", r"$'caf\xe9"),
            (b"a\nb'c\\", r"$'a\x0ab\'c\\"),
            ("a\u{202e}b".as_bytes(), r"$'a\u202eb"),
        ] {
            assert_eq!(quote(name, Quote::Backslash).0, word);
        }
    }

    proptest! {
        #[test]
        fn quoted_name_is_one_word_with_its_bytes(
            name in prop_oneof![proptest::collection::vec(1u8.., 1..20), "[ -~\u{80}-\u{9f}\u{e9}\u{2028}]{1,20}".prop_map(String::into_bytes)],
            style in prop_oneof![Just(Quote::Backslash), Just(Quote::Single), Just(Quote::Double), Just(Quote::AnsiC)],
        ) {
            let (word, used) = quote(&name, style);
            prop_assert!(!word.contains(is_control), "{word:?}");
            let closed = format!("{word}{} next", closing(used));
            prop_assert_eq!(texts(&closed), [name.clone(), b"next".to_vec()], "{}", closed);
            // Cut anywhere, as completion cuts it, the word is a beginning of the name.
            for at in (0..word.len()).filter(|at| word.is_char_boundary(*at)) {
                let cut = split(&word[..at]).pop().map(|word| word.text).unwrap_or_default();
                let is_start = name.starts_with(&cut) || word[..at].ends_with('$');
                prop_assert!(is_start, "{:?} of {word:?}", &word[..at]);
            }
        }
    }
}
