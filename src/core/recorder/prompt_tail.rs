//! The end of the output, as far as it tells that a program asks for a secret. Behind ssh(1) the modes of the pty do not
//! tell it, since the remote host echoes.

use crate::core::password::asks_secret;

/// Maximum number of bytes kept.
const KEPT: usize = 256;

/// The printable bytes since the last line feed.
#[derive(Debug, Default)]
pub(super) struct PromptTail {
    bytes: Vec<u8>,
}

impl PromptTail {
    /// Takes output.
    pub(super) fn printed(&mut self, bytes: &[u8]) {
        let line = match memchr::memrchr(b'\n', bytes) {
            Some(end) => {
                self.bytes.clear();
                &bytes[end + 1..]
            }
            None => bytes,
        };
        let line = &line[line.len().saturating_sub(KEPT)..];
        self.bytes.extend_from_slice(line);
        self.bytes.drain(..self.bytes.len().saturating_sub(KEPT));
    }

    /// Whether the line ends as a prompt for a secret does.
    pub(super) fn asks_secret(&self) -> bool {
        asks_secret(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    #[test]
    fn prompts_for_secrets_are_recognised() {
        for (output, expected) in [
            ("a\r\nuser@host's password: ", true),
            ("[sudo] password for me: ", true),
            ("\x1b[1mEnter passphrase for key '/k':\x1b[m ", true),
            ("Verification code: ", true),
            ("$ ", false),
            ("password: \r\n$ ", false),
            ("Name: ", false),
            ("the password is wrong", false),
        ] {
            let asks = at_every_split(output.as_bytes(), |pieces| {
                let mut tail = PromptTail::default();
                pieces.iter().for_each(|piece| tail.printed(piece));
                tail.asks_secret()
            });
            assert_eq!(asks, expected, "{output:?}");
        }
    }
}
