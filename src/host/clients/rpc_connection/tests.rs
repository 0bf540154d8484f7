use proptest::prelude::*;

use super::*;

const SHARE: usize = 1024 * 1024;

/// Returns the responses to the input `pieces`. Requests `wait` are answered last, all others at once.
fn responses_to(pieces: &[&[u8]]) -> Vec<Value> {
    let (mut connection, mut late) = (RpcConnection::default(), Vec::new());
    for piece in pieces {
        if !connection.feed(piece) {
            break;
        }
        while let Some((caller, request)) = connection.next_request(SHARE) {
            match request {
                Request::Wait {} => late.push(caller),
                other => connection.respond(&caller, Ok(other.write())),
            }
        }
    }
    late.iter().for_each(|caller| connection.respond(caller, Ok(json!("ended"))));
    assert!(!connection.has_unanswered() && connection.batches.is_empty() && connection.batch_bytes == 0);
    let text = String::from_utf8(connection.pending().to_vec()).expect("the output is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn request(id: &Value, method: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method}).to_string()
}

fn error(code: i64, id: Value) -> impl Fn(&Value) -> bool {
    move |value: &Value| value["error"]["code"] == code && value["id"] == id
}

#[test]
fn response_repeats_id_of_every_kind() {
    for id in [json!(1), json!(-7), json!(0.5), json!("a"), json!(""), json!(u64::MAX), Value::Null] {
        let all = responses_to(&[format!("{}\n", request(&id, "status")).as_bytes()]);
        assert_eq!(all, [json!({"jsonrpc": "2.0", "id": id, "result": {"method": "status", "params": {}}})]);
    }
}

#[test]
fn batch_is_answered_at_once_after_its_last_response() {
    let line = format!(
        "[{},1,{},{{\"jsonrpc\":\"2.0\",\"method\":\"status\"}},{}]\n{}\n",
        request(&json!(1), "wait"),
        request(&json!(2), "no"),
        request(&json!(3), "status"),
        request(&json!(4), "status"),
    );
    let all = responses_to(&[line.as_bytes()]);
    assert_eq!(all[0]["id"], 4, "a later request does not wait for the batch: {all:?}");
    let batch = all[1].as_array().expect("an array");
    assert_eq!(batch.len(), 4, "a notification has no response");
    assert!(error(rpc::INVALID_REQUEST, Value::Null)(&batch[0]));
    assert!(error(rpc::METHOD_NOT_FOUND, json!(2))(&batch[1]));
    assert_eq!((&batch[2]["id"], &batch[3]["id"]), (&json!(3), &json!(1)));
}

#[test]
fn invalid_notifications_get_no_response() {
    for line in [
        "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n",
        "{\"jsonrpc\":\"2.0\",\"method\":\"no\"}\n",
        "{\"jsonrpc\":\"2.0\",\"method\":\"run\",\"params\":[]}\n",
        "[{\"jsonrpc\":\"2.0\",\"method\":\"status\"},{\"jsonrpc\":\"2.0\",\"method\":\"no\"}]\n",
        "\n \t\n",
    ] {
        assert_eq!(responses_to(&[line.as_bytes()]), [Value::Null; 0], "{line}");
    }
}

#[test]
fn batch_responses_are_bounded_together() {
    let mut connection = RpcConnection::default();
    let all = vec![request(&json!(1), "errors"); 20].join(",");
    connection.feed(format!("[{all}]\n").as_bytes());
    while let Some((caller, _)) = connection.next_request(SHARE) {
        connection.respond(&caller, Ok(json!("x".repeat(100_000))));
    }
    assert!(connection.pending_len() < SHARE + 200_000, "{}", connection.pending_len());
    let responses: Vec<Value> = serde_json::from_slice(connection.pending()).expect("one line");
    assert_eq!(responses.len(), 20);
    assert_eq!(responses.iter().filter(|response| response["error"]["code"] == ErrorCode::Full as i64).count(), 9);
}

#[test]
fn requests_wait_while_too_many_are_open_or_output_is_pending() {
    let mut connection = RpcConnection::default();
    let line = format!("{}\n", request(&json!(1), "wait"));
    connection.feed(line.repeat(MAX_UNANSWERED + 1).as_bytes());
    let callers: Vec<Caller> =
        std::iter::from_fn(|| connection.next_request(SHARE)).map(|(caller, _)| caller).collect();
    assert_eq!(callers.len(), MAX_UNANSWERED);
    connection.respond(&callers[0], Ok(json!({})));
    assert!(connection.next_request(SHARE).is_some() && connection.next_request(SHARE).is_none());

    let mut connection = RpcConnection::default();
    connection.feed(line.repeat(2).as_bytes());
    let (caller, _) = connection.next_request(SHARE).expect("a request is complete");
    connection.respond(&caller, Ok(json!("x".repeat(SHARE))));
    assert!(connection.has_input() && connection.next_request(SHARE).is_none());
    connection.consume(SHARE / 2);
    assert!(connection.next_request(SHARE).is_some());
}

#[test]
fn line_limit_holds_at_every_split() {
    for (len, fits) in [(rpc::LINE_LIMIT, true), (rpc::LINE_LIMIT + 1, false)] {
        let line = [&b" ".repeat(len)[..], b"\n"].concat();
        for at in [0, 1, len - 1, len, len + 1] {
            let mut connection = RpcConnection::default();
            assert_eq!(connection.feed(&line[..at]) && connection.feed(&line[at..]), fits, "{len} bytes, cut at {at}");
        }
    }
}

#[test]
fn events_beyond_limit_are_counted_as_missed() {
    let mut connection = RpcConnection::default();
    let event = json!({"type": "line", "text": "x".repeat(1000)}).to_string();
    (0..1500).for_each(|_| connection.send_event(&event, SHARE));
    assert!(connection.pending_len() < SHARE + 2000);
    let sent = connection.pending().iter().filter(|byte| **byte == b'\n').count();
    connection.consume(connection.pending_len());
    connection.send_event(&event, SHARE);
    let missed: Value =
        serde_json::from_slice(connection.pending().split(|byte| *byte == b'\n').next().expect("a line"))
            .expect("an event");
    assert_eq!(missed["params"], json!({"type": "missed", "count": 1500 - sent}));
}

/// Generates lines of valid and invalid requests, and random bytes.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![Just(json!(1)), Just(json!("a")), Just(Value::Null), Just(json!([])), Just(json!(1.5))];
    let method = prop_oneof!["status", "wait", "errors", "no", "trigger-list", "send", "run"];
    let params = prop_oneof![
        Just(json!({})),
        Just(json!([])),
        Just(json!({"text": "a\nb"})),
        Just(json!({"command": "x", "wait": true})),
        Just(json!([false, false, "\u{e9}"])),
        Just(json!(5)),
    ];
    let object = (id, method, params, 0..4_u8).prop_map(|(id, method, params, with)| {
        let mut object = json!({"jsonrpc": "2.0", "method": method});
        if with & 1 > 0 {
            object["id"] = id;
        }
        if with & 2 > 0 {
            object["params"] = params;
        }
        object
    });
    let message = prop_oneof![4 => object, 1 => Just(json!(1))];
    let batch = proptest::collection::vec(message.clone(), 0..5).prop_map(Value::Array);
    let valid = prop_oneof![message, batch].prop_map(|value| value.to_string().into_bytes());
    let noise = proptest::collection::vec(any::<u8>(), 0..30);
    let line = prop_oneof![4 => valid, 1 => noise];
    proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    #[test]
    fn responses_do_not_depend_on_splits(
        bytes in lines(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let whole = responses_to(&[&bytes]);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        prop_assert_eq!(&responses_to(&pieces), &whole);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&responses_to(&single), &whole);
    }
}
