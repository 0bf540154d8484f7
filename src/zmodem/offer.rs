//! The name under which an offered file may be stored.

use crate::display::is_control;
pub use crate::wire::zmodem::offer::FileOffer;

impl FileOffer {
    /// Returns the name under which the file may be stored: the last component, without control characters, with `_` in
    /// place of a leading dash or dot; `None` if that is no name. Shells and many programs read files with a leading dot, such
    /// as `.bashrc`, unasked.
    pub fn harmless_name(&self) -> Option<Vec<u8>> {
        let last = self.name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let mut name = without_controls(last);
        // The bytes around a control character may be those of another one.
        while name.len() != without_controls(&name).len() {
            name = without_controls(&name);
        }
        if matches!(name[..], [] | [b'.'] | [b'.', b'.']) {
            return None;
        }
        if let Some(first @ (b'-' | b'.')) = name.first_mut() {
            *first = b'_';
        }
        Some(name)
    }
}

/// Returns `name` without control characters. Bytes that are not UTF-8 stay: in GBK and Shift JIS those from 0x80 to 0x9f,
/// which are C1 controls in Latin-1, are parts of letters. A terminal that would act on them is shown U+FFFD instead.
fn without_controls(name: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        let shown = chunk.valid().chars().filter(|char| !is_control(*char));
        shown.for_each(|char| kept.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()));
        kept.extend_from_slice(chunk.invalid());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &[u8]) -> Option<Vec<u8>> {
        FileOffer { name: name.to_vec(), ..FileOffer::default() }.harmless_name()
    }

    #[test]
    fn name_is_harmless() {
        for (sent, stored) in [
            (&b"a b'\"c"[..], &b"a b'\"c"[..]),
            ("über/日本".as_bytes(), "日本".as_bytes()),
            (b"/etc/passwd", b"passwd"),
            (b"../../x", b"x"),
            (b"-rf", b"_rf"),
            (b"\x1b-rf", b"_rf"),
            (b"a\x1b]0;x\x07\r\nb", b"a]0;xb"),
            ("a\u{202e}gpj.exe\u{9b}31m".as_bytes(), b"agpj.exe31m"),
            (b"caf\xe9", b"caf\xe9"),
            // GBK, with bytes that are C1 controls in Latin-1.
            (b"\x81\x9b\xce\xc4.txt", b"\x81\x9b\xce\xc4.txt"),
            (b"a\xc2\x07\x9b31m\xe2\xc2\x9b\x80\x1b\xaeb", b"a31mb"),
            (b".bashrc", b"_bashrc"),
            (b"\x07.ssh", b"_ssh"),
            (b"...", b"_.."),
            (b".data.part", b"_data.part"),
            (b"a.b", b"a.b"),
        ] {
            assert_eq!(named(sent).as_deref(), Some(stored), "{}", sent.escape_ascii());
        }
        for sent in [&b""[..], b".", b"..", b"a/", b"a/..", b"\x07"] {
            assert_eq!(named(sent), None, "{}", sent.escape_ascii());
        }
    }
}
