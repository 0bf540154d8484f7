//! Encoding of protocol messages and of recordings. Has no sockets and no files: `host` and `cmd` move the bytes.

pub mod asciicast;
pub mod base64;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod recording;
pub mod rpc;
pub mod typescript;
pub mod zmodem;
