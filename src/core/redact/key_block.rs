//! The lines of a private key in PEM, between its BEGIN and its END line.

use memchr::memmem;

/// Maximum number of lines of a key: an RSA key of 16,384 bits has 200.
const MOST_LINES: u32 = 300;

/// Whether the lines are those of a private key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyBlock {
    /// How many lines may still follow; 0 outside of a key.
    left: u32,
}

impl KeyBlock {
    /// Takes the next line; returns whether it is of the body of a key.
    pub(super) fn takes(&mut self, line: &[u8]) -> bool {
        let was_inside = self.is_inside(line);
        self.left = if begins(line) {
            MOST_LINES
        } else if was_inside {
            self.left - 1
        } else {
            0
        };
        was_inside && !begins(line)
    }

    /// Whether `line`, which may be unfinished, would be of the body of a key.
    pub(super) fn is_inside(&self, line: &[u8]) -> bool {
        self.left > 0 && is_body(line)
    }
}

/// Whether a line begins a key, and does not end it too.
fn begins(line: &[u8]) -> bool {
    let begin = memmem::find(line, b"-----BEGIN ").map(|at| &line[at..]);
    begin.is_some_and(|rest| {
        memmem::find(rest, b"PRIVATE KEY-----").is_some() && memmem::find(rest, b"-----END ").is_none()
    })
}

/// Whether a line is of the body of a key: base64, a header such as `Proc-Type: 4,ENCRYPTED`, or blank.
fn is_body(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    line.iter().all(is_base64) || line.starts_with(b"Proc-Type:") || line.starts_with(b"DEK-Info:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_of_key_is_taken_up_to_its_end() {
        let lines = [
            ("$ cat key", false),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", false),
            ("b3BlbnNzaC1rZXktdjEAAAAA", true),
            ("", true),
            ("AAAA==", true),
            ("-----END OPENSSH PRIVATE KEY-----", false),
            ("AAAA", false),
            ("grep: -----BEGIN RSA PRIVATE KEY-----", false),
            ("a sentence of words", false),
            ("words", false),
            ("-----BEGIN PUBLIC KEY-----", false),
            ("AAAA", false),
        ];
        let mut block = KeyBlock::default();
        for (line, expected) in lines {
            assert_eq!(block.takes(line.as_bytes()), expected, "{line}");
        }
        assert!(!block.takes(b"-----BEGIN PRIVATE KEY-----"));
        let taken = (0..1000).filter(|_| block.takes(b"AAAA")).count();
        assert_eq!(taken, MOST_LINES as usize);
    }
}
