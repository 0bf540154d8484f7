//! The fuzz target of the connection of a client.

use serde_json::json;

use super::{MAX_UNANSWERED, RpcConnection};
use crate::core::request::Request;
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::wire::rpc;

/// Answers every request of `input` at once, but `wait` after the last byte; the input is cut into pieces of `length`.
fn answers(input: &[u8], length: usize) -> String {
    let (mut connection, mut late) = (RpcConnection::default(), Vec::new());
    let mut fits = true;
    for piece in input.chunks(length.max(1)) {
        fits = fits && connection.feed(piece);
        while let Some((caller, request)) = connection.next_request(rpc::LINE_LIMIT) {
            match request {
                Request::Wait {} => late.push(caller),
                Request::Stop { .. } => {
                    connection.respond(&caller, Err::<(), _>(RpcError::new(ErrorCode::Full, "refused")));
                }
                other => {
                    let written = other.write();
                    let method = written["method"].as_str().expect("a request has a method");
                    let read = Request::read(method, Some(written["params"].clone()));
                    assert_eq!(read.as_ref(), Ok(&other), "a request that was read is written and read again");
                    connection.respond(&caller, Ok(written));
                }
            }
        }
        assert!(late.len() < MAX_UNANSWERED + rpc::BATCH_LIMIT, "unanswered requests are bounded");
        assert!(connection.unread_len() <= input.len() && connection.buffered_len() >= connection.pending_len());
    }
    late.iter().for_each(|caller| connection.respond(caller, Ok(json!("ended"))));
    assert!(!connection.has_unanswered() || connection.has_input());
    assert!(connection.has_input() || (connection.batches.is_empty() && connection.batch_bytes == 0));
    // Written in parts, as to a slow client.
    let mut written = Vec::new();
    while connection.pending_len() > 0 {
        let n = connection.pending_len().min(1 + written.len());
        written.extend_from_slice(&connection.pending()[..n]);
        connection.consume(n);
    }
    String::from_utf8(written).expect("responses are UTF-8")
}

/// Checks that responses are JSON, one a line, and do not depend on how the input is cut, and that requests are written as
/// they are read.
pub fn rpc(input: &[u8]) {
    let Some((length, input)) = input.split_first() else { return };
    let whole = answers(input, input.len());
    for line in whole.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("a response is JSON");
        assert!(value.is_object() || value.is_array());
    }
    assert_eq!(answers(input, usize::from(*length)), whole);
}
