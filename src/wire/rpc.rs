//! JSON-RPC 2.0 (jsonrpc.org/specification) with one JSON text on each line: the session parses requests, notifications
//! and batches, and builds responses and events; a client does the reverse. Methods are not known here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Maximum length of a line in bytes, without its newline.
pub const LINE_LIMIT: usize = 1024 * 1024;
/// Maximum number of messages in a batch.
pub const BATCH_LIMIT: usize = 256;

/// Error code: the line is not JSON.
pub const PARSE_ERROR: i64 = -32700;
/// Error code: the JSON is not a request.
pub const INVALID_REQUEST: i64 = -32600;
/// The result cannot be written as JSON, which no result of a session causes.
const INTERNAL_ERROR: i64 = -32603;
/// Error code: the method does not exist.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// Error code: the parameters do not fit the method.
pub const INVALID_PARAMS: i64 = -32602;

/// Content of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// One message.
    Single(Message),
    /// Several messages, whose responses are sent together.
    Batch(Vec<Message>),
}

/// A message of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A request; without an id it is a notification, which has no response.
    Request {
        /// Id that the response repeats.
        id: Option<Value>,
        /// Name of the method.
        method: String,
        /// Parameters, an object or an array.
        params: Option<Value>,
    },
    /// An invalid message, as the error response to it.
    Bad(Value),
}

/// Parses a line. The error is the response to a line that is neither a message nor a batch.
pub fn read(line: &[u8]) -> Result<Frame, Value> {
    frame(json_of(line)?)
}

/// Parses a line as any JSON. The error is the response to a line that is none.
pub fn json_of(line: &[u8]) -> Result<Value, Value> {
    serde_json::from_slice(line)
        .map_err(|error| failure(&Value::Null, PARSE_ERROR, &format!("the line is not JSON: {error}")))
}

/// Reads the content of a line. The error is the response to what is neither a message nor a batch.
pub fn frame(value: Value) -> Result<Frame, Value> {
    match value {
        Value::Array(values) if values.is_empty() => Err(invalid(&Value::Null, "a batch must not be empty")),
        Value::Array(values) if values.len() > BATCH_LIMIT => {
            Err(invalid(&Value::Null, &format!("a batch may hold at most {BATCH_LIMIT} requests")))
        }
        Value::Array(values) => Ok(Frame::Batch(values.into_iter().map(message).collect())),
        single => Ok(Frame::Single(message(single))),
    }
}

fn message(value: Value) -> Message {
    let Value::Object(mut object) = value else {
        return Message::Bad(invalid(&Value::Null, "a request must be an object"));
    };
    let id = object.remove("id");
    let error_id = id.clone().filter(is_id).unwrap_or(Value::Null);
    match parts(object) {
        Ok(_) if id.as_ref().is_some_and(|id| !is_id(id)) => {
            Message::Bad(invalid(&error_id, "the id must be a string, a number or null"))
        }
        Ok((method, params)) => Message::Request { id, method, params },
        Err(reason) => Message::Bad(invalid(&error_id, reason)),
    }
}

fn parts(mut object: Map<String, Value>) -> Result<(String, Option<Value>), &'static str> {
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err("a request must have \"jsonrpc\": \"2.0\"");
    }
    let Some(Value::String(method)) = object.remove("method") else {
        return Err("a request must have a method, a string");
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
    failure(id, INVALID_REQUEST, &format!("the message is not a request of JSON-RPC 2.0: {reason}"))
}

/// Builds the response with `result` to the request `id` as text. A large result is not copied into a [`Value`].
pub fn success(id: &Value, result: &impl Serialize) -> String {
    match serde_json::to_string(result) {
        Ok(result) => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}"),
        Err(error) => failure(id, INTERNAL_ERROR, &error.to_string()).to_string(),
    }
}

/// Builds the error response to the request `id`.
pub fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// Builds an event notification as text; `params` is JSON text.
pub fn event(params: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{params}}}")
}

/// Completes `call`, an object with `method` and `params`, to the request `id`.
pub fn request(id: u64, mut call: Value) -> Value {
    call["jsonrpc"] = "2.0".into();
    call["id"] = id.into();
    call
}

/// A message of a session.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "it is neither a response nor an event")]
pub enum Incoming {
    /// An event notification.
    Event {
        /// The event.
        params: Value,
    },
    /// An error response.
    Failure {
        /// Id of the request; `None` where the request could not be parsed.
        id: Option<u64>,
        /// The error.
        error: ErrorObject,
    },
    /// A response with a result.
    Success {
        /// Id of the request.
        id: u64,
        /// The result.
        result: Value,
    },
}

/// The error object of a response.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ErrorObject {
    /// Error code.
    pub code: i64,
    /// Error message, a sentence.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(value: &Value) -> i64 {
        value["error"]["code"].as_i64().expect("an error response")
    }

    #[test]
    fn request_needs_method_only() {
        let line = br#"{"jsonrpc":"2.0","id":"a","method":"run","params":{"x":1}}"#;
        let request =
            Message::Request { id: Some(json!("a")), method: "run".to_owned(), params: Some(json!({"x": 1})) };
        assert_eq!(read(line), Ok(Frame::Single(request)));
        let line = br#"{"jsonrpc":"2.0","method":"run"}"#;
        let notification = Message::Request { id: None, method: "run".to_owned(), params: None };
        assert_eq!(read(line), Ok(Frame::Single(notification)));
    }

    #[test]
    fn null_id_is_kept() {
        let Ok(Frame::Single(Message::Request { id, .. })) = read(br#"{"jsonrpc":"2.0","method":"a","id":null}"#)
        else {
            panic!("not a request")
        };
        assert_eq!(id, Some(Value::Null));
    }

    #[test]
    fn invalid_lines_get_standard_error_codes() {
        let table: &[(&[u8], i64)] = &[
            (b"{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\"", PARSE_ERROR),
            (b"", PARSE_ERROR),
            (b"\xff", PARSE_ERROR),
            (b"[]", INVALID_REQUEST),
        ];
        for (line, expected) in table {
            let response = read(line).expect_err("the line is no message");
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
    fn event_is_a_notification() {
        let written: Value = serde_json::from_str(&event("{\"a\":5}")).expect("an event is JSON");
        assert_eq!(written, json!({"jsonrpc": "2.0", "method": "event", "params": {"a": 5}}));
    }

    #[test]
    fn client_parses_every_session_message() {
        let read = |line: String| serde_json::from_str::<Incoming>(&line).ok();
        let (id, result) = (1, json!({"a": null}));
        assert_eq!(read(success(&id.into(), &result)), Some(Incoming::Success { id, result }));
        let error = ErrorObject { code: 4, message: "full".to_owned() };
        for id in [Some(2), None] {
            let line = failure(&json!(id), error.code, &error.message).to_string();
            assert_eq!(read(line), Some(Incoming::Failure { id, error: error.clone() }));
        }
        assert_eq!(read(event("{\"a\":5}")), Some(Incoming::Event { params: json!({"a": 5}) }));
        assert_eq!(read(json!({"jsonrpc": "2.0", "id": 1}).to_string()), None);
    }

    #[test]
    fn request_adds_version_and_id() {
        let call = json!({"method": "run", "params": {"x": 1}});
        let sent = json!({"jsonrpc": "2.0", "id": 7, "method": "run", "params": {"x": 1}});
        assert_eq!(request(7, call), sent);
    }

    #[test]
    fn batch_messages_are_parsed_separately() {
        let Ok(Frame::Batch(values)) = read(br#"[1,{"jsonrpc":"2.0","method":"a","id":1}]"#) else {
            panic!("not a batch")
        };
        assert!(matches!(values[..], [Message::Bad(_), Message::Request { .. }]));
        let many = format!("[{}]", vec!["1"; BATCH_LIMIT + 1].join(","));
        assert_eq!(code(&read(many.as_bytes()).expect_err("the batch is too long")), INVALID_REQUEST);
    }
}
