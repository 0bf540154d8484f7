//! What a sender says of a file in ZFILE: the name, a NUL, and the size, the time and the mode as text.

/// A file that a sender offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileOffer {
    /// The name as sent. `harmless_name` makes a name of it.
    pub name: Vec<u8>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Time of the last change, in seconds since 1970.
    pub modified: Option<u64>,
    /// Permissions and type, as `st_mode` has them.
    pub mode: Option<u32>,
    /// Number of files from this one on, and the sum of their sizes, 0 where the sender leaves it out.
    pub left: Option<(u64, u64)>,
    /// Whether the sender asks that a part of the file is continued.
    pub recovers: bool,
    /// Whether the sender asks that an existing file is overwritten.
    pub overwrites: bool,
    /// Whether the sender asks that an existing file is kept and this one skipped.
    pub protects: bool,
}

impl FileOffer {
    /// Reads an offer from the data of a ZFILE frame. What the sender leaves out is `None`.
    pub fn read(data: &[u8]) -> Self {
        let mut parts = data.splitn(3, |byte| *byte == 0);
        let name = parts.next().unwrap_or_default().to_vec();
        let text = parts.next().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        let mut words = text.split_ascii_whitespace();
        // A word that is no number says nothing, as a missing one does.
        let size = words.next().and_then(|word| word.parse().ok());
        let octal = |word: &str| u64::from_str_radix(word, 8).ok().filter(|value| *value != 0);
        let modified = words.next().and_then(octal);
        let mode = words.next().and_then(octal).and_then(|mode| u32::try_from(mode).ok());
        let mut left = words.skip(1).map_while(|word| word.parse().ok());
        let left = left.next().map(|files| (files, left.next().unwrap_or(0)));
        Self { name, size, modified, mode, left, recovers: false, overwrites: false, protects: false }
    }

    /// Returns the data of a ZFILE frame.
    pub fn write(&self) -> Vec<u8> {
        let (files, bytes) = self.left.unwrap_or_else(|| (1, self.size.unwrap_or(0)));
        let (modified, mode) = (self.modified.unwrap_or(0), self.mode.unwrap_or(0));
        let text = format!("{} {modified:o} {mode:o} 0 {files} {bytes}", self.size.unwrap_or(0));
        [&self.name, &b"\0"[..], text.as_bytes(), b"\0"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offer_is_read_as_written_and_as_lrzsz_writes_it() {
        let offer = FileOffer {
            name: b"a b".to_vec(),
            size: Some(1234),
            modified: Some(1_700_000_000),
            mode: Some(0o100_644),
            left: Some((2, 2000)),
            ..FileOffer::default()
        };
        assert_eq!(offer.write(), b"a b\x001234 14524770400 100644 0 2 2000\0");
        assert_eq!(FileOffer::read(&offer.write()), offer);
        assert_eq!(FileOffer::read(b"x"), FileOffer { name: b"x".to_vec(), ..FileOffer::default() });
        let few = FileOffer::read(b"x\x0012 0 0 0\0");
        assert_eq!((few.size, few.modified, few.mode, few.left), (Some(12), None, None, None));
        assert_eq!(FileOffer::read(b"x\0-5 9 z\0\xff").size, None);
        assert_eq!(FileOffer::read(b"x\x0012 0 0 0 3\0").left, Some((3, 0)));
    }
}
