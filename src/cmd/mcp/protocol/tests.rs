use super::*;
use crate::cmd::mcp::framing::{FramedLine, LineFramer};
use crate::core::split::at_every_split;

fn server(level: AccessLevel) -> McpServer {
    McpServer::new(level, |_| "ID".to_owned())
}

/// Returns what the server sends for a message.
fn sent(server: &mut McpServer, message: &Value) -> Vec<Value> {
    let steps = server.line(message.to_string().as_bytes());
    steps.iter().filter_map(line_of).collect()
}

fn line_of(step: &ServerStep) -> Option<Value> {
    match step {
        ServerStep::Send(line) => Some(serde_json::from_str(line).expect("each line is JSON")),
        _ => None,
    }
}

/// Returns the one response to a message.
#[track_caller]
fn response(server: &mut McpServer, message: &Value) -> Value {
    let mut sent = sent(server, message);
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0)
}

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn stateless(id: u64, method: &str, mut params: Value) -> Value {
    let client = json!({"name": "agent", "version": "1"});
    params["_meta"] = json!({VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {}, CLIENT_KEY: client});
    request(id, method, params)
}

/// Returns a server for which `initialize` has agreed on a version.
fn initialized(version: &str) -> McpServer {
    let mut server = server(AccessLevel::Look);
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
    let answer = response(&mut server, &request(1, "initialize", params));
    assert_eq!(answer["result"]["protocolVersion"], version);
    assert!(sent(&mut server, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).is_empty());
    server
}

fn code(response: &Value) -> i64 {
    response["error"]["code"].as_i64().unwrap_or_else(|| panic!("an error: {response}"))
}

/// Returns the number of the one call that a message begins.
#[track_caller]
fn begun(server: &mut McpServer, message: &Value) -> CallNumber {
    match &server.line(message.to_string().as_bytes())[..] {
        [ServerStep::Call(call)] => call.number,
        steps => panic!("{steps:?}"),
    }
}

fn outcome() -> ToolOutcome {
    ToolOutcome::new("note", json!({"a": 1}))
}

#[test]
fn initialize_agrees_on_a_version() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut server = initialized(version);
        let list = response(&mut server, &request(2, "tools/list", json!({})));
        let tool = &list["result"]["tools"][0];
        assert_eq!(tool["name"], "status");
        assert_eq!(tool.get("annotations").is_some(), version >= "2025-03-26", "{version}");
        assert_eq!(tool.get("title").is_some(), version >= "2025-06-18", "{version}");
        assert!(list["result"].get("ttlMs").is_none() && list["result"].get("resultType").is_none(), "{list}");
        assert_eq!(response(&mut server, &request(3, "ping", json!({})))["result"], json!({}));
        assert_eq!(code(&response(&mut server, &request(4, "server/discover", json!({})))), METHOD_NOT_FOUND);
        let number = begun(&mut server, &request(5, "tools/call", json!({"name": "status"})));
        let line = server.finished(number, &outcome()).expect("a response");
        let result: Value = serde_json::from_str(&line).expect("it is JSON");
        let content = json!([{"type": "text", "text": "note"}]);
        assert_eq!((&result["id"], &result["result"]["content"]), (&json!(5), &content));
        assert_eq!(result["result"].get("structuredContent").is_some(), version >= "2025-06-18", "{version}");
    }
    let mut server = server(AccessLevel::Look);
    for params in [json!({}), json!({"protocolVersion": 5})] {
        assert_eq!(code(&response(&mut server, &request(1, "initialize", params))), INVALID_PARAMS);
    }
}

#[test]
fn stateless_request_names_its_version() {
    let mut server = server(AccessLevel::Look);
    let found = response(&mut server, &stateless(1, "server/discover", json!({})));
    let result = &found["result"];
    assert_eq!((&result["resultType"], &result["cacheScope"]), (&json!("complete"), &json!("private")));
    assert_eq!(result["supportedVersions"][0], "2026-07-28");
    assert_eq!(result["_meta"][SERVER_KEY]["name"], "coshell");
    assert!(result["ttlMs"].is_u64() && result["capabilities"]["tools"].is_object());
    let list = response(&mut server, &stateless(2, "tools/list", json!({})));
    assert!(list["result"]["ttlMs"].is_u64() && list["result"]["resultType"] == "complete", "{list}");
    let number = begun(&mut server, &stateless(3, "tools/call", json!({"name": "status", "arguments": {}})));
    let line = server.finished(number, &outcome()).expect("a response");
    assert!(line.contains("\"resultType\":\"complete\"") && line.contains("\"structuredContent\":{\"a\":1}"), "{line}");

    for method in ["initialize", "ping", "logging/setLevel", "no"] {
        assert_eq!(code(&response(&mut server, &stateless(4, method, json!({})))), METHOD_NOT_FOUND, "{method}");
    }
    let other =
        |version: Value| request(5, "tools/list", json!({"_meta": {VERSION_KEY: version, CAPABILITIES_KEY: {}}}));
    let unsupported = response(&mut server, &other(json!("1900-01-01")));
    assert_eq!(code(&unsupported), UNSUPPORTED_VERSION);
    assert_eq!(unsupported["error"]["data"]["requested"], "1900-01-01");
    assert_eq!(unsupported["error"]["data"]["supported"][0], "2026-07-28");
    assert_eq!(code(&response(&mut server, &other(json!(7)))), INVALID_PARAMS);
    let without = request(6, "tools/list", json!({"_meta": {VERSION_KEY: "2026-07-28"}}));
    assert_eq!(code(&response(&mut server, &without)), INVALID_PARAMS);
    assert_eq!(code(&response(&mut server, &request(7, "tools/list", json!({})))), INVALID_PARAMS, "no version at all");
}

#[test]
fn both_eras_are_served_side_by_side() {
    let mut server = initialized("2025-06-18");
    let list = response(&mut server, &stateless(2, "tools/list", json!({})));
    assert_eq!(list["result"]["resultType"], "complete");
    let list = response(&mut server, &request(3, "tools/list", json!({})));
    assert!(list["result"].get("resultType").is_none());
}

#[test]
fn faults_of_messages_have_standard_codes() {
    let mut server = initialized("2025-11-25");
    for (line, expected, id) in [
        ("{\"jsonrpc\": \"2.0\", ", rpc::PARSE_ERROR, json!(null)),
        ("\u{fe}\u{ff}", rpc::PARSE_ERROR, json!(null)),
        ("7", INVALID_REQUEST, json!(null)),
        ("[]", INVALID_REQUEST, json!(null)),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, INVALID_REQUEST, json!(null)),
        (r#"{"id":1,"method":"ping"}"#, INVALID_REQUEST, json!(1)),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, INVALID_REQUEST, json!(null)),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, INVALID_REQUEST, json!(1.5)),
        (r#"{"jsonrpc":"2.0","id":"a","method":"no/such"}"#, METHOD_NOT_FOUND, json!("a")),
        (r#"{"jsonrpc":"2.0","id":2,"method":"tools/call"}"#, INVALID_PARAMS, json!(2)),
        (r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":[1]}"#, INVALID_PARAMS, json!(2)),
        (r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"no"}}"#, INVALID_PARAMS, json!(2)),
        (
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"status","arguments":[]}}"#,
            INVALID_PARAMS,
            json!(2),
        ),
        (r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"cursor":"x"}}"#, INVALID_PARAMS, json!(2)),
    ] {
        let steps = server.line(line.as_bytes());
        let [step] = &steps[..] else { panic!("{line}: {steps:?}") };
        let answer = line_of(step).expect("an error response");
        assert_eq!((code(&answer), &answer["id"]), (expected, &id), "{line}");
    }
    assert_eq!(code(&line_of(&server.line_too_long()).expect("a line")), INVALID_REQUEST);
    for quiet in [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/no/such"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
    ] {
        assert_eq!(server.line(quiet.as_bytes()), [], "{quiet}");
    }
}

/// A model can mend its own mistake, so that it gets a result.
#[test]
fn wrong_arguments_are_results_with_a_sentence() {
    let mut server = initialized("2025-11-25");
    for (name, arguments, sentence) in [
        ("status", json!({"x": 1}), "status: there is no argument 'x'; it takes none"),
        ("read_lines", json!({"from": "1"}), "read_lines: from must be a whole number from 1 to 9007199254740991"),
        ("read_lines", json!({"number": 1001}), "read_lines: number must be a whole number from 1 to 1000"),
        ("wait", json!({}), "wait: give one of text, prompt, quiet_seconds, command_end and state"),
        (
            "wait",
            json!({"prompt": true, "text": "x"}),
            "wait: give one of text, prompt, quiet_seconds, command_end and state",
        ),
        ("wait", json!({"prompt": 1}), "wait: prompt must be true or false"),
        (
            "wait",
            json!({"prompt": true, "from": 3}),
            "wait: from and offset go with text or command_end: leave them out",
        ),
    ] {
        let answer = response(&mut server, &request(1, "tools/call", json!({"name": name, "arguments": arguments})));
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert_eq!(answer["result"]["content"][0]["text"], sentence);
    }
}

#[test]
fn calls_are_cancelled_and_bounded() {
    let mut server = initialized("2025-11-25");
    let call = |id| request(id, "tools/call", json!({"name": "wait", "arguments": {"prompt": true}}));
    let number = begun(&mut server, &call(7));
    assert_eq!(code(&response(&mut server, &call(7))), INVALID_REQUEST, "the id is in use");
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    assert_eq!(server.line(cancelled.to_string().as_bytes()), [ServerStep::Cancel(number)]);
    assert_eq!(server.finished(number, &outcome()), None, "a cancelled request has no response");
    let numbers: Vec<_> = (0..MOST_CALLS as u64).map(|id| begun(&mut server, &call(id))).collect();
    let refused = response(&mut server, &call(99));
    assert_eq!(refused["result"]["isError"], true, "{refused}");
    server.finished(numbers[0], &outcome()).expect("a response");
    begun(&mut server, &call(99));
}

#[test]
fn batch_of_2025_03_26_is_answered_together() {
    let mut server = initialized("2025-03-26");
    let call = |id| request(id, "tools/call", json!({"name": "status"}));
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let batch = json!([call(1), request(2, "ping", json!({})), note, 5, call(3), request(4, "initialize", json!({}))]);
    let steps = server.line(batch.to_string().as_bytes());
    let numbers: Vec<_> = steps
        .iter()
        .filter_map(|step| match step {
            ServerStep::Call(call) => Some(call.number),
            _ => None,
        })
        .collect();
    assert_eq!((steps.len(), numbers.len()), (2, 2), "{steps:?}");
    assert_eq!(server.finished(numbers[1], &outcome()), None);
    let line = server.finished(numbers[0], &outcome()).expect("the batch is complete");
    let all: Value = serde_json::from_str(&line).expect("it is JSON");
    let ids: Vec<&Value> = all.as_array().expect("a list").iter().map(|one| &one["id"]).collect();
    assert_eq!(json!(ids), json!([2, null, 4, 3, 1]));

    // A cancelled call has no response, and the rest of its batch has.
    let steps = server.line(json!([call(1), request(2, "ping", json!({}))]).to_string().as_bytes());
    assert_eq!(steps.len(), 1);
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let sent = sent(&mut server, &cancelled);
    assert_eq!(sent, [json!([{"jsonrpc": "2.0", "id": 2, "result": {}}])]);
    assert!(server.line(json!([note]).to_string().as_bytes()).is_empty());
}

#[test]
fn dialogue_is_the_same_however_its_bytes_are_cut() {
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "\u{e9}", "version": "1"}});
    let lines = [
        request(1, "initialize", params),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        request(2, "tools/call", json!({"name": "wait", "arguments": {"text": "a\nb"}})),
        request(3, "ping", json!({})),
    ];
    let stream: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let steps = at_every_split((stream + "{\n").as_bytes(), |pieces| {
        let (mut framer, mut server) = (LineFramer::default(), server(AccessLevel::Look));
        let framed = pieces.iter().flat_map(|piece| framer.feed(piece)).collect::<Vec<_>>();
        framed
            .iter()
            .flat_map(|line| match line {
                FramedLine::Whole(line) => server.line(line),
                FramedLine::TooLong => vec![server.line_too_long()],
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(steps.len(), 4, "{steps:?}");
}

#[test]
fn name_of_a_client_is_short_and_has_no_controls() {
    let name = |name: &str| client_name(Some(&json!({"name": name})));
    assert_eq!(name(" a\x1b[31m\nb\u{202e} "), "a[31m b");
    assert_eq!(name(&"x".repeat(500)).len(), NAME_LENGTH);
    assert_eq!(client_name(None), "");
    assert_eq!(client_name(Some(&json!({"name": 5}))), "");
}
