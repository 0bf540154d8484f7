//! Bytes to messages and back. No sockets: who sends and who receives is for `host` and `cmd`.

pub mod rpc;
