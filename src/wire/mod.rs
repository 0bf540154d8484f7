//! Encoding of protocol messages. Has no sockets: `host` and `cmd` send and receive the bytes.

pub mod rpc;
pub mod zmodem;
