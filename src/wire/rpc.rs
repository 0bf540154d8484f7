//! JSON-RPC 2.0 (jsonrpc.org/specification), one object a line: requests, batches and notifications come in, responses
//! go out, and a client reads those. Which methods there are it does not know.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The longest line that is read: any request is far shorter.
pub const LINE_LIMIT: usize = 1024 * 1024;
/// What one batch may hold.
pub const BATCH_LIMIT: usize = 256;

/// The line is no JSON.
pub const PARSE_ERROR: i64 = -32700;
/// It is JSON, but no request.
pub const INVALID_REQUEST: i64 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The method does not take these parameters.
pub const INVALID_PARAMS: i64 = -32602;

/// What stood on a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// One message.
    Single(Message),
    /// Several, whose responses come together.
    Batch(Vec<Message>),
}

/// One message of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A request; without an id it is a notification, which is not answered.
    Request {
        /// What the response carries again.
        id: Option<Value>,
        /// What is asked.
        method: String,
        /// With which parameters.
        params: Option<Value>,
    },
    /// Something else: the response to it.
    Bad(Value),
}

/// Reads a line; where it is neither a message nor a batch, the response to it.
pub fn read(line: &[u8]) -> Result<Frame, Value> {
    let value: Value = serde_json::from_slice(line)
        .map_err(|error| failure(&Value::Null, PARSE_ERROR, &format!("this line is no JSON: {error}")))?;
    match value {
        Value::Array(all) if all.is_empty() => Err(invalid(&Value::Null, "a batch must not be empty")),
        Value::Array(all) if all.len() > BATCH_LIMIT => {
            Err(invalid(&Value::Null, &format!("a batch may hold {BATCH_LIMIT} requests")))
        }
        Value::Array(all) => Ok(Frame::Batch(all.into_iter().map(message).collect())),
        single => Ok(Frame::Single(message(single))),
    }
}

fn message(value: Value) -> Message {
    let Value::Object(mut object) = value else {
        return Message::Bad(invalid(&Value::Null, "a request is an object"));
    };
    let id = object.remove("id");
    let own_id = id.clone().filter(is_id).unwrap_or(Value::Null);
    match parts(object) {
        Ok(_) if id.as_ref().is_some_and(|id| !is_id(id)) => {
            Message::Bad(invalid(&own_id, "the id must be a string, a number or null"))
        }
        Ok((method, params)) => Message::Request { id, method, params },
        Err(reason) => Message::Bad(invalid(&own_id, reason)),
    }
}

fn parts(mut object: Map<String, Value>) -> Result<(String, Option<Value>), &'static str> {
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err("a request says \"jsonrpc\": \"2.0\"");
    }
    let Some(Value::String(method)) = object.remove("method") else {
        return Err("a request has a method, which is a string");
    };
    match object.remove("params") {
        params @ (None | Some(Value::Array(_) | Value::Object(_))) => Ok((method, params)),
        Some(_) => Err("params must be an object or an array"),
    }
}

fn is_id(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Null)
}

fn invalid(id: &Value, reason: &str) -> Value {
    failure(id, INVALID_REQUEST, &format!("invalid request: {reason}"))
}

/// A response: it was done.
pub fn success(id: &Value, result: &impl Serialize) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// A response: it was refused.
pub fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// A notification to a subscriber, as it goes out; the params are JSON already.
pub fn event(params: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{params}}}")
}

/// A request as a client sends it; `call` has its method and its params.
pub fn request(id: u64, mut call: Value) -> Value {
    call["jsonrpc"] = "2.0".into();
    call["id"] = id.into();
    call
}

/// What a client reads.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "it is neither a response nor an event")]
pub enum Incoming {
    /// A notification.
    Event {
        /// What has happened.
        params: Value,
    },
    /// A request was refused.
    Failure {
        /// The id of the request; null where that was not read.
        id: Option<u64>,
        /// Why.
        error: ErrorObject,
    },
    /// A request was answered.
    Success {
        /// The id of the request.
        id: u64,
        /// The answer.
        result: Value,
    },
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ErrorObject {
    /// The kind of the refusal.
    pub code: i64,
    /// A sentence.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(value: &Value) -> i64 {
        value["error"]["code"].as_i64().expect("it is an error")
    }

    #[test]
    fn a_request_has_a_method_and_may_have_the_rest() {
        let line = br#"{"jsonrpc":"2.0","id":"a","method":"run","params":{"x":1}}"#;
        let request =
            Message::Request { id: Some(json!("a")), method: "run".to_owned(), params: Some(json!({"x": 1})) };
        assert_eq!(read(line), Ok(Frame::Single(request)));
        let line = br#"{"jsonrpc":"2.0","method":"run"}"#;
        let notification = Message::Request { id: None, method: "run".to_owned(), params: None };
        assert_eq!(read(line), Ok(Frame::Single(notification)));
    }

    #[test]
    fn a_null_id_is_an_id() {
        let Ok(Frame::Single(Message::Request { id, .. })) = read(br#"{"jsonrpc":"2.0","method":"a","id":null}"#)
        else {
            panic!("it is a request")
        };
        assert_eq!(id, Some(Value::Null));
    }

    #[test]
    fn what_is_no_request_is_answered_by_the_book() {
        let table: &[(&[u8], i64)] = &[
            (b"{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\"", PARSE_ERROR),
            (b"", PARSE_ERROR),
            (b"\xff", PARSE_ERROR),
            (b"[]", INVALID_REQUEST),
        ];
        for (line, expected) in table {
            let response = read(line).expect_err("it is no message");
            assert_eq!((code(&response), &response["id"]), (*expected, &Value::Null));
        }
        for line in [
            r#"{"jsonrpc":"2.0","method":1,"params":"bar"}"#,
            r#"{"method":"a"}"#,
            r#"{"jsonrpc":"2.0","method":"a","params":5}"#,
            r#"{"jsonrpc":"2.0","method":"a","id":[]}"#,
            "1",
        ] {
            let Ok(Frame::Single(Message::Bad(response))) = read(line.as_bytes()) else { panic!("{line}") };
            assert_eq!(code(&response), INVALID_REQUEST, "{line}");
        }
    }

    #[test]
    fn an_event_is_a_notification() {
        let written: Value = serde_json::from_str(&event("{\"a\":5}")).expect("it is JSON");
        assert_eq!(written, json!({"jsonrpc": "2.0", "method": "event", "params": {"a": 5}}));
    }

    #[test]
    fn a_client_reads_what_a_session_writes() {
        let read = |line: String| serde_json::from_str::<Incoming>(&line).ok();
        let (id, result) = (1, json!({"a": null}));
        assert_eq!(read(success(&id.into(), &result).to_string()), Some(Incoming::Success { id, result }));
        let error = ErrorObject { code: 4, message: "full".to_owned() };
        for id in [Some(2), None] {
            let line = failure(&json!(id), error.code, &error.message).to_string();
            assert_eq!(read(line), Some(Incoming::Failure { id, error: error.clone() }));
        }
        assert_eq!(read(event("{\"a\":5}")), Some(Incoming::Event { params: json!({"a": 5}) }));
        assert_eq!(read(json!({"jsonrpc": "2.0", "id": 1}).to_string()), None);
    }

    #[test]
    fn a_request_goes_out_with_its_method_and_its_params() {
        let call = json!({"method": "run", "params": {"x": 1}});
        let sent = json!({"jsonrpc": "2.0", "id": 7, "method": "run", "params": {"x": 1}});
        assert_eq!(request(7, call), sent);
    }

    #[test]
    fn each_part_of_a_batch_stands_by_itself() {
        let Ok(Frame::Batch(all)) = read(br#"[1,{"jsonrpc":"2.0","method":"a","id":1}]"#) else { panic!("a batch") };
        assert!(matches!(all[..], [Message::Bad(_), Message::Request { .. }]));
        let many = format!("[{}]", vec!["1"; BATCH_LIMIT + 1].join(","));
        assert_eq!(code(&read(many.as_bytes()).expect_err("too many")), INVALID_REQUEST);
    }
}
