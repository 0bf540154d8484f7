//! The Model Context Protocol as a machine without I/O: lines of the client go in; lines for it, calls of tools and
//! cancellations come out. Versions with and without `initialize` are served, also side by side.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::batches::Batches;
use super::outcome::ToolOutcome;
use super::tool_call::ToolCall;
use super::tools;
use super::version::{CAPABILITIES_KEY, CLIENT_KEY, ProtocolVersion, SERVER_KEY, VERSION_KEY, meta};
use crate::core::access::AccessLevel;
use crate::display::one_line;
use crate::wire::rpc;
use crate::wire::rpc::{Frame, INVALID_PARAMS, INVALID_REQUEST, LINE_LIMIT, METHOD_NOT_FOUND, Message};

/// Error code: the server does not speak the version of the request.
const UNSUPPORTED_VERSION: i64 = -32022;
/// Maximum number of calls of tools that run at the same time.
const MOST_CALLS: usize = 32;
/// Time for which a client may keep a list, in milliseconds: the lists do not change while the server runs.
const LIST_TTL: u64 = 3_600_000;
/// Maximum length of a client's name in characters, as it is shown to the user.
const NAME_LENGTH: usize = 40;

/// Number of a call.
pub(super) type CallNumber = u64;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum ServerStep {
    /// Send this line, which has no newline.
    Send(String),
    /// Call a tool, and pass the outcome to [`McpServer::finished`].
    Call(BegunCall),
    /// End a call, whose outcome is not wanted any more.
    Cancel(CallNumber),
}

/// A call that begins.
#[derive(Debug, PartialEq)]
pub(super) struct BegunCall {
    pub(super) number: CallNumber,
    pub(super) call: ToolCall,
    /// Level of access that the tool needs.
    pub(super) level: AccessLevel,
    /// Name that the client gives itself; it may be empty.
    pub(super) client: String,
}

/// A call that runs.
#[derive(Debug)]
struct OpenCall {
    id: Value,
    version: ProtocolVersion,
    batch: Option<u64>,
}

/// A request: its id, the batch that it is part of, and its parameters.
struct McpRequest {
    id: Value,
    batch: Option<u64>,
    params: Map<String, Value>,
}

/// Error in response to a request: code, sentence, and data.
struct McpError(i64, String, Option<Value>);

impl McpError {
    fn params(sentence: impl Into<String>) -> Self {
        Self(INVALID_PARAMS, sentence.into(), None)
    }
}

/// The server's side of the protocol.
#[derive(Debug)]
pub(super) struct McpServer {
    level: AccessLevel,
    /// The version that `initialize` has agreed on.
    agreed: Option<ProtocolVersion>,
    /// Name of the client that has sent `initialize`.
    client: String,
    calls: HashMap<CallNumber, OpenCall>,
    next_call: CallNumber,
    batches: Batches,
    /// Returns a text that what is printed in the session cannot hold; it marks where that begins and ends.
    fence: fn(&str) -> String,
}

impl McpServer {
    /// Creates a server that allows `level`; `fence` returns the mark around a text.
    pub(super) fn new(level: AccessLevel, fence: fn(&str) -> String) -> Self {
        Self {
            level,
            agreed: None,
            client: String::new(),
            calls: HashMap::new(),
            next_call: 0,
            batches: Batches::default(),
            fence,
        }
    }

    /// Takes a line of the client.
    pub(super) fn line(&mut self, line: &[u8]) -> Vec<ServerStep> {
        let mut steps = Vec::new();
        match rpc::json_of(line) {
            Err(response) => steps.push(ServerStep::Send(response.to_string())),
            // The server makes no requests, so that no response is for it.
            Ok(value) if value.get("method").is_none() && is_response(&value) => {}
            Ok(value) => self.frame(value, &mut steps),
        }
        steps
    }

    /// Takes note of a line that was too long.
    pub(super) fn line_too_long(&self) -> ServerStep {
        let sentence = format!("a message may be at most {} KiB long", LINE_LIMIT / 1024);
        ServerStep::Send(rpc::failure(&Value::Null, INVALID_REQUEST, &sentence).to_string())
    }

    /// Takes the outcome of a call. Returns the line to send, unless the call was cancelled, or is part of a batch of which
    /// another call runs.
    pub(super) fn finished(&mut self, number: CallNumber, outcome: &ToolOutcome) -> Option<String> {
        let OpenCall { id, version, batch } = self.calls.remove(&number)?;
        let response = success(&id, version, outcome.result(version, self.fence));
        self.batches.respond(batch, Some(response))
    }

    fn frame(&mut self, value: Value, steps: &mut Vec<ServerStep>) {
        match rpc::frame(value) {
            Err(response) => steps.push(ServerStep::Send(response.to_string())),
            Ok(Frame::Single(message)) => self.message(message, None, steps),
            Ok(Frame::Batch(messages)) if self.agreed == Some(ProtocolVersion::V2025March) => {
                let batch = Some(self.batches.begin());
                messages.into_iter().for_each(|message| self.message(message, batch, steps));
                steps.extend(self.batches.end(batch).map(ServerStep::Send));
            }
            Ok(Frame::Batch(_)) => {
                let sentence = "version 2025-03-26 alone has batches: send each message in a line of its own";
                steps.push(ServerStep::Send(rpc::failure(&Value::Null, INVALID_REQUEST, sentence).to_string()));
            }
        }
    }

    fn message(&mut self, message: Message, batch: Option<u64>, steps: &mut Vec<ServerStep>) {
        let (id, method, params) = match message {
            Message::Bad(response) => {
                self.batches.expect(batch);
                return steps.extend(self.batches.respond(batch, Some(response.to_string())).map(ServerStep::Send));
            }
            Message::Request { id, method, params } => (id, method, params),
        };
        let Some(id) = id else { return self.notification(&method, params, steps) };
        self.batches.expect(batch);
        let response = match self.request(id.clone(), &method, params, batch) {
            Ok(McpReply::Result(version, result)) => success(&id, version, result),
            Ok(McpReply::Call(step)) => return steps.push(step),
            Err(McpError(code, sentence, data)) => {
                let mut failure = rpc::failure(&id, code, &sentence);
                if let Some(data) = data {
                    failure["error"]["data"] = data;
                }
                failure.to_string()
            }
        };
        steps.extend(self.batches.respond(batch, Some(response)).map(ServerStep::Send));
    }

    fn notification(&mut self, method: &str, params: Option<Value>, steps: &mut Vec<ServerStep>) {
        // `notifications/initialized` and those of features that this server does not have need nothing done.
        if method != "notifications/cancelled" {
            return;
        }
        let Some(id) = params.as_ref().and_then(|params| params.get("requestId")) else { return };
        let Some(number) = self.calls.iter().find(|(_, call)| call.id == *id).map(|(number, _)| *number) else {
            return;
        };
        steps.push(ServerStep::Cancel(number));
        // The rest of its batch is still answered.
        let batch = self.calls.remove(&number).and_then(|call| call.batch);
        steps.extend(self.batches.respond(batch, None).map(ServerStep::Send));
    }

    fn request(
        &mut self,
        id: Value,
        method: &str,
        params: Option<Value>,
        batch: Option<u64>,
    ) -> Result<McpReply, McpError> {
        if id.is_null() || id.is_f64() {
            return Err(McpError(
                INVALID_REQUEST,
                "the id of a request must be a string or a whole number".into(),
                None,
            ));
        }
        if self.calls.values().any(|call| call.id == id) {
            let sentence = "a request with this id has not been answered yet: give each its own id";
            return Err(McpError(INVALID_REQUEST, sentence.into(), None));
        }
        let params = match params {
            None => Map::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(McpError::params(format!("{method}: params must be an object"))),
        };
        let is_stateless = meta(&params, VERSION_KEY).is_some();
        match method {
            "initialize" if !is_stateless => {
                if batch.is_some() {
                    let sentence = "initialize must not be part of a batch: send it in a line of its own";
                    return Err(McpError(INVALID_REQUEST, sentence.into(), None));
                }
                self.initialize(&params)
            }
            "ping" if !is_stateless => {
                Ok(McpReply::Result(self.agreed.unwrap_or(ProtocolVersion::V2025November), Map::new()))
            }
            "server/discover" | "tools/list" | "tools/call" => {
                let version = self.version(&params)?;
                match method {
                    "tools/list" => self.list(version, &params),
                    "tools/call" => self.call(McpRequest { id, batch, params }, version),
                    _ if version.is_stateless() => Ok(McpReply::Result(version, self.discovered())),
                    _ => Err(unknown_method(method)),
                }
            }
            _ => Err(unknown_method(method)),
        }
    }

    /// Returns the version by which a request with these parameters is served.
    fn version(&self, params: &Map<String, Value>) -> Result<ProtocolVersion, McpError> {
        let Some(wanted) = meta(params, VERSION_KEY) else {
            return self.agreed.ok_or_else(|| {
                McpError::params(format!("send initialize first, or name the version in _meta as {VERSION_KEY}"))
            });
        };
        let Some(wanted) = wanted.as_str() else {
            return Err(McpError::params(format!("{VERSION_KEY} in _meta must be a string")));
        };
        if wanted != ProtocolVersion::V2026July.name() {
            let supported = ProtocolVersion::ALL.map(ProtocolVersion::name);
            let data = json!({"supported": supported, "requested": wanted});
            let sentence = format!("version '{wanted}' is not served by request: see the list in data");
            return Err(McpError(UNSUPPORTED_VERSION, sentence, Some(data)));
        }
        if !meta(params, CAPABILITIES_KEY).is_some_and(Value::is_object) {
            return Err(McpError::params(format!("{CAPABILITIES_KEY} must be in _meta, an object")));
        }
        Ok(ProtocolVersion::V2026July)
    }

    fn initialize(&mut self, params: &Map<String, Value>) -> Result<McpReply, McpError> {
        let Some(wanted) = params.get("protocolVersion").and_then(Value::as_str) else {
            return Err(McpError::params("initialize: protocolVersion must be a string"));
        };
        let version = ProtocolVersion::agreed(wanted);
        self.agreed = Some(version);
        self.client = client_name(params.get("clientInfo"));
        let result = object(json!({
            "protocolVersion": version.name(),
            "capabilities": {"tools": {}},
            "serverInfo": server_info(),
            "instructions": tools::instructions(self.level),
        }));
        Ok(McpReply::Result(version, result))
    }

    fn discovered(&self) -> Map<String, Value> {
        object(json!({
            "supportedVersions": ProtocolVersion::ALL.map(ProtocolVersion::name),
            "capabilities": {"tools": {}},
            "instructions": tools::instructions(self.level),
            "ttlMs": LIST_TTL,
            "cacheScope": "private",
        }))
    }

    fn list(&self, version: ProtocolVersion, params: &Map<String, Value>) -> Result<McpReply, McpError> {
        if params.contains_key("cursor") {
            return Err(McpError::params("tools/list: no list has a second page; leave cursor out"));
        }
        let mut result = object(json!({"tools": tools::listed(self.level, version)}));
        if version.is_stateless() {
            result.insert("ttlMs".to_owned(), LIST_TTL.into());
            result.insert("cacheScope".to_owned(), "private".into());
        }
        Ok(McpReply::Result(version, result))
    }

    fn call(&mut self, request: McpRequest, version: ProtocolVersion) -> Result<McpReply, McpError> {
        let McpRequest { id, batch, params } = request;
        let Some(name) = params.get("name").and_then(Value::as_str) else {
            return Err(McpError::params("tools/call: name must be a string"));
        };
        let arguments = match params.get("arguments") {
            None => &Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err(McpError::params("tools/call: arguments must be an object")),
        };
        let tool = tools::find(name).map_err(McpError::params)?;
        if tool.level > self.level {
            let (own, needed) = (self.level.name(), tool.level.name());
            let sentence = format!(
                "the tool '{name}' is not allowed: this server was started with level {own}; the user can start it with \
                 --allow {needed}"
            );
            return Err(McpError::params(sentence));
        }
        let refusal = if self.calls.len() >= MOST_CALLS {
            format!("{MOST_CALLS} calls are running already: wait for one of them")
        } else {
            match tool.read(arguments) {
                Ok(call) => {
                    let client = match meta(&params, CLIENT_KEY) {
                        None => self.client.clone(),
                        own => client_name(own),
                    };
                    let number = self.next_call;
                    self.next_call += 1;
                    self.calls.insert(number, OpenCall { id, version, batch });
                    return Ok(McpReply::Call(ServerStep::Call(BegunCall { number, call, level: tool.level, client })));
                }
                Err(fault) => format!("{name}: {fault}"),
            }
        };
        Ok(McpReply::Result(version, ToolOutcome::refused(refusal).result(version, self.fence)))
    }
}

/// What a request leads to.
enum McpReply {
    Result(ProtocolVersion, Map<String, Value>),
    Call(ServerStep),
}

fn is_response(value: &Value) -> bool {
    value.get("result").is_some() || value.get("error").is_some()
}

fn unknown_method(method: &str) -> McpError {
    McpError(METHOD_NOT_FOUND, format!("this server has no method '{}'", one_line(method)), None)
}

fn server_info() -> Value {
    json!({"name": "coshell", "version": env!("CARGO_PKG_VERSION")})
}

/// Returns the name that a client gives itself, as it may be shown.
fn client_name(info: Option<&Value>) -> String {
    let name = info.and_then(|info| info.get("name")).and_then(Value::as_str).unwrap_or_default();
    one_line(name).trim().chars().take(NAME_LENGTH).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// Returns the response with `result`, as `version` has it.
fn success(id: &Value, version: ProtocolVersion, mut result: Map<String, Value>) -> String {
    if version.is_stateless() {
        result.insert("resultType".to_owned(), "complete".into());
        result.insert("_meta".to_owned(), json!({SERVER_KEY: server_info()}));
    }
    rpc::success(id, &result)
}

#[cfg(test)]
mod tests;
