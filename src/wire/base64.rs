//! Decoding of base64 (RFC 4648, section 4), in which OSC 1337 has values of variables.

/// Returns the decoded bytes of `text`, with or without its padding; `None` if it is not base64.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let digits = &text[..text.len() - padding];
    let is_whole = padding == 0 || padding <= 2 && text.len().is_multiple_of(4);
    if !is_whole || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits: u32 = 0;
        for &byte in group {
            bits = bits << 6 | digit(byte)?;
        }
        let missing = 4 - group.len();
        // The bits of a missing digit are zero.
        let [_, decoded @ ..] = (bits << (6 * missing)).to_be_bytes();
        bytes.extend_from_slice(&decoded[..3 - missing]);
    }
    Some(bytes)
}

/// Returns the value of a digit.
fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_with_and_without_padding() {
        // The vectors of RFC 4648, section 10, and bytes that need the last two digits.
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg==", b"foob"),
            ("Zm9vYmE=", b"fooba"),
            ("Zm9vYmFy", b"foobar"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes), "{text}");
            assert_eq!(decode(text.trim_end_matches('=').as_bytes()).as_deref(), Some(bytes), "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["Z", "Zm9vY", "Zg=", "Zg===", "====", "Z===", "Zm 8", "Zm9v\n", "Zm9-", "Zg==Zg==", "\u{e9}g=="] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}
