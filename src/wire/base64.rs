//! Decoding of base64 (RFC 4648, section 4), in which OSC 1337 has values of variables.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What stands in the bits behind the last byte does not matter.
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const PADDED: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const UNPADDED: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, CONFIG.with_decode_padding_mode(DecodePaddingMode::RequireNone));

/// Returns the decoded bytes of `text`, with or without its padding; `None` if it is not base64.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // Which of both faults is told does not matter.
    PADDED.decode(text).or_else(|_| UNPADDED.decode(text)).ok()
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
