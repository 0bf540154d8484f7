//! The command's text in an OSC 133;C: `cmdline_url=` (percent-encoded, as fish 4, kitty and `coshell integration` send it)
//! and `cmdline=` (quoted by `printf %q` of bash or zsh, as kitty sends it).

use std::sync::Arc;

use crate::core::vt::STRING_LIMIT;

/// Suffix of a text whose rest the parser of the stream has dropped.
const CUT: &str = "...";

/// Returns the command's text in the payload of an OSC 133;C, without control characters other than newlines and tabs;
/// `None` where it has none. It is at most three times as long as the payload, where no byte of that is UTF-8.
pub(super) fn command_text(payload: &[u8]) -> Option<Arc<str>> {
    let is_cut = payload.len() >= STRING_LIMIT;
    let starts = memchr::memchr_iter(b';', payload).map(|at| &payload[at + 1..]);
    let bytes = starts.into_iter().find_map(|param| {
        if let Some(url) = param.strip_prefix(b"cmdline_url=") {
            return Some(percent_decoded(url.split(|&byte| byte == b';').next().unwrap_or_default()));
        }
        shell_word(param.strip_prefix(b"cmdline=")?, is_cut)
    })?;
    let text = String::from_utf8_lossy(if is_cut { whole_characters(&bytes) } else { &bytes });
    let mut text: String = text.chars().filter(|char| !char.is_control() || matches!(char, '\n' | '\t')).collect();
    if is_cut {
        text.push_str(CUT);
    }
    (!text.is_empty()).then(|| text.into())
}

/// Returns the bytes without a character that was cut at their end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// Returns the bytes with `%` escapes decoded. A `%` without two hexadecimal digits stands for itself.
pub(super) fn percent_decoded(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, others @ ..] = rest {
        let escaped = number(others, 16, 2).filter(|(_, len)| *first == b'%' && *len == 2);
        bytes.push(escaped.map_or(*first, |(byte, _)| byte as u8));
        rest = if escaped.is_some() { &others[2..] } else { others };
    }
    bytes
}

/// Quotes around a part of a shell word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
    /// `$'...'`.
    AnsiC,
}

/// Returns the first word of a shell's command line without its quotes. A word without its closing quote is `None`, unless it
/// `is_cut`.
fn shell_word(mut rest: &[u8], is_cut: bool) -> Option<Vec<u8>> {
    let (mut word, mut quotes) = (Vec::new(), Quotes::None);
    while let [byte, others @ ..] = rest {
        rest = others;
        match (quotes, byte) {
            (Quotes::None, b' ' | b'\t' | b'\n' | b';') => return Some(word),
            (Quotes::None, b'\'') => quotes = Quotes::Single,
            (Quotes::None, b'"') => quotes = Quotes::Double,
            (Quotes::None, b'$') if others.starts_with(b"'") => (quotes, rest) = (Quotes::AnsiC, &others[1..]),
            (Quotes::Single | Quotes::AnsiC, b'\'') | (Quotes::Double, b'"') => quotes = Quotes::None,
            (Quotes::AnsiC, b'\\') => rest = push_escaped(others, &mut word),
            (Quotes::None, b'\\') => {
                word.extend(others.first());
                rest = others.get(1..).unwrap_or_default();
            }
            (Quotes::Double, b'\\') if others.first().is_some_and(|next| b"$`\"\\".contains(next)) => {
                word.push(others[0]);
                rest = &others[1..];
            }
            (_, byte) => word.push(*byte),
        }
    }
    (quotes == Quotes::None || is_cut).then_some(word)
}

/// Appends the character of an escape of `$'...'`, which begins behind its backslash. Returns what follows it.
fn push_escaped<'a>(escape: &'a [u8], word: &mut Vec<u8>) -> &'a [u8] {
    let [kind, rest @ ..] = escape else { return escape };
    let coded = match kind {
        b'0'..=b'7' => number(escape, 8, 3).map(|(byte, len)| (byte, &escape[len..])),
        b'x' => number(rest, 16, 2).map(|(byte, len)| (byte, &rest[len..])),
        b'u' | b'U' => number(rest, 16, if *kind == b'u' { 4 } else { 8 }).map(|(char, len)| (char, &rest[len..])),
        _ => None,
    };
    match (kind, coded) {
        (b'u' | b'U', Some((char, rest))) => {
            let char = char::from_u32(char).unwrap_or(char::REPLACEMENT_CHARACTER);
            word.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            rest
        }
        (_, Some((byte, rest))) => {
            // Shells take the low byte of an octal number above 377.
            word.push(byte as u8);
            rest
        }
        _ => {
            match kind {
                b'n' => word.push(b'\n'),
                b't' => word.push(b'\t'),
                b'\\' | b'\'' | b'"' | b'?' => word.push(*kind),
                // Other control characters are not shown anyway.
                b'a' | b'b' | b'e' | b'E' | b'f' | b'r' | b'v' => {}
                _ => word.extend_from_slice(&[b'\\', *kind]),
            }
            rest
        }
    }
}

/// Returns the number of the first digits, at most `most`, and how many they are; `None` where there is none.
fn number(text: &[u8], radix: u32, most: usize) -> Option<(u32, usize)> {
    let digits = text.iter().take(most).map_while(|&byte| char::from(byte).to_digit(radix));
    digits.fold(None, |number, digit| {
        let (value, len) = number.unwrap_or_default();
        // Eight hexadecimal digits fit.
        Some((value * radix + digit, len + 1))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(payload: &str) -> Option<String> {
        command_text(payload.as_bytes()).map(|text| text.to_string())
    }

    #[test]
    fn text_is_decoded() {
        for (payload, expected) in [
            ("133;C", None),
            ("133;C;", None),
            ("133;C;cmdline_url=", None),
            ("133;C;aid=5;cmdline_url=ls%20-l;x=y", Some("ls -l")),
            ("133;C;cmdline_url=echo%20%C3%A9%3B%25%0aecho%09b", Some("echo \u{e9};%\necho\tb")),
            ("133;C;cmdline_url=100%&%4", Some("100%&%4")),
            ("133;C;cmdline_url=a%1B%5D0%3Bx%07b%C2%9Bc%0D", Some("a]0;xbc")),
            ("133;C;cmdline_url=a%ffb", Some("a\u{fffd}b")),
            ("133;C;cmdline=ls", Some("ls")),
            ("133;C;cmdline=echo\\ a\\;b\\ \\'c\\'\\ \\\"d\\\"\\ %20;aid=5", Some("echo a;b 'c' \"d\" %20")),
            ("133;C;cmdline=''", None),
            ("133;C;cmdline='a b'\"c \\\"\\$d\\e\"", Some("a bc \"$d\\e")),
            (
                "133;C;cmdline=$'a\\nb\\tc\\'\\\\\\303\\251\\xc3\\xa9\\u00e9\\U0001f600\\z'",
                Some("a\nb\tc'\\\u{e9}\u{e9}\u{e9}\u{1f600}\\z"),
            ),
            ("133;C;cmdline=for\\ i\\ in\\ 1$'\\n'do\\ x", Some("for i in 1\ndo x")),
            ("133;C;cmdline=$'\\e]0;x\\a'", Some("]0;x")),
            ("133;C;cmdline=a\\;cmdline_url=b", Some("a;cmdline_url=b")),
            ("133;C;cmdline='a", None),
            ("133;C;cmdline=$'\\u", None),
            ("133;C;cmdline=a\\", Some("a")),
            ("133;C;cmdlines=a", None),
        ] {
            assert_eq!(text(payload).as_deref(), expected, "{payload}");
        }
    }

    #[test]
    fn cut_text_ends_in_dots() {
        for (front, end) in [
            ("133;C;cmdline_url=", "%C3"),
            ("133;C;cmdline_url=", "\u{e9}"),
            ("133;C;cmdline='", ""),
            ("133;C;cmdline=$'", "\\u"),
        ] {
            let room = STRING_LIMIT - front.len() - end.len();
            let payload = format!("{front}{}{end}", "x".repeat(room));
            let text = text(&payload).expect("there is a text");
            assert!(
                text.trim_end_matches("...").trim_end_matches('\u{e9}').trim_start_matches('x').len() < 4,
                "{text}"
            );
            assert!(text.ends_with("...") && text.len() <= STRING_LIMIT, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_payload_gives_bounded_text_without_controls(
            front in "133;C;(cmdline|cmdline_url)=",
            rest in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(&b"\\'\"$%;xuU0fF"[..])], 0..60),
        ) {
            let payload = [front.as_bytes(), &rest].concat();
            let text = command_text(&payload).unwrap_or_default();
            prop_assert!(text.len() <= 3 * payload.len() && !text.contains(|char: char| char.is_control() && !"\n\t".contains(char)));
        }

        #[test]
        fn encoded_text_is_decoded(text in "[^\x00-\x08\x0b-\x1f\x7f-\u{9f}]{1,40}") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let payload = format!("133;C;cmdline_url={encoded}");
            let decoded = command_text(payload.as_bytes());
            prop_assert_eq!(decoded.as_deref(), Some(&*text));
        }
    }
}
