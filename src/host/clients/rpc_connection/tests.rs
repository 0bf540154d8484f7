use proptest::prelude::*;

use super::*;

const SHARE: usize = 1024 * 1024;

/// What is answered to these bytes, cut into these pieces. `wait` is answered last of all, whatever else at once.
fn answers(pieces: &[&[u8]]) -> Vec<Value> {
    let (mut talk, mut late) = (RpcConnection::default(), Vec::new());
    for piece in pieces {
        if !talk.say(piece) {
            break;
        }
        while let Some((caller, command)) = talk.next(SHARE) {
            match command {
                Request::Wait {} => late.push(caller),
                other => talk.answer(&caller, Ok(other.write())),
            }
        }
    }
    late.iter().for_each(|caller| talk.answer(caller, Ok(json!("ended"))));
    assert!(!talk.is_open() && talk.batches.is_empty() && talk.held == 0);
    let text = String::from_utf8(talk.pending().to_vec()).expect("it is text");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn request(id: &Value, method: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method}).to_string()
}

fn error(code: i64, id: Value) -> impl Fn(&Value) -> bool {
    move |value: &Value| value["error"]["code"] == code && value["id"] == id
}

#[test]
fn every_kind_of_id_comes_back() {
    for id in [json!(1), json!(-7), json!(0.5), json!("a"), json!(""), json!(u64::MAX), Value::Null] {
        let all = answers(&[format!("{}\n", request(&id, "status")).as_bytes()]);
        assert_eq!(all, [json!({"jsonrpc": "2.0", "id": id, "result": {"method": "status", "params": {}}})]);
    }
}

#[test]
fn a_batch_is_answered_as_one_when_its_last_answer_has_come() {
    let line = format!(
        "[{},1,{},{{\"jsonrpc\":\"2.0\",\"method\":\"status\"}},{}]\n{}\n",
        request(&json!(1), "wait"),
        request(&json!(2), "no"),
        request(&json!(3), "status"),
        request(&json!(4), "status"),
    );
    let all = answers(&[line.as_bytes()]);
    assert_eq!(all[0]["id"], 4, "what stands behind it does not wait for it: {all:?}");
    let batch = all[1].as_array().expect("a batch");
    assert_eq!(batch.len(), 4, "the notification is not answered");
    assert!(error(rpc::INVALID_REQUEST, Value::Null)(&batch[0]));
    assert!(error(rpc::METHOD_NOT_FOUND, json!(2))(&batch[1]));
    assert_eq!((&batch[2]["id"], &batch[3]["id"]), (&json!(3), &json!(1)));
}

#[test]
fn notifications_are_not_answered_even_where_they_are_wrong() {
    for line in [
        "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n",
        "{\"jsonrpc\":\"2.0\",\"method\":\"no\"}\n",
        "{\"jsonrpc\":\"2.0\",\"method\":\"run\",\"params\":[]}\n",
        "[{\"jsonrpc\":\"2.0\",\"method\":\"status\"},{\"jsonrpc\":\"2.0\",\"method\":\"no\"}]\n",
        "\n \t\n",
    ] {
        assert_eq!(answers(&[line.as_bytes()]), [Value::Null; 0], "{line}");
    }
}

#[test]
fn the_answers_to_batches_are_bounded_together() {
    let mut talk = RpcConnection::default();
    let all = vec![request(&json!(1), "errors"); 20].join(",");
    talk.say(format!("[{all}]\n").as_bytes());
    while let Some((caller, _)) = talk.next(SHARE) {
        talk.answer(&caller, Ok(json!("x".repeat(100_000))));
    }
    assert!(talk.waiting() < SHARE + 200_000, "{}", talk.waiting());
    let responses: Vec<Value> = serde_json::from_slice(talk.pending()).expect("one line");
    assert_eq!(responses.len(), 20);
    assert_eq!(responses.iter().filter(|response| response["error"]["code"] == ErrorCode::Full as i64).count(), 9);
}

#[test]
fn one_with_too_many_answers_open_or_too_much_waiting_is_not_heard() {
    let mut talk = RpcConnection::default();
    let line = format!("{}\n", request(&json!(1), "wait"));
    talk.say(line.repeat(OPEN + 1).as_bytes());
    let callers: Vec<Caller> = std::iter::from_fn(|| talk.next(SHARE)).map(|(caller, _)| caller).collect();
    assert_eq!(callers.len(), OPEN);
    talk.answer(&callers[0], Ok(json!({})));
    assert!(talk.next(SHARE).is_some() && talk.next(SHARE).is_none());

    let mut talk = RpcConnection::default();
    talk.say(line.repeat(2).as_bytes());
    let (caller, _) = talk.next(SHARE).expect("it is heard");
    talk.answer(&caller, Ok(json!("x".repeat(SHARE))));
    assert!(talk.has_more() && talk.next(SHARE).is_none());
    talk.took(SHARE / 2);
    assert!(talk.next(SHARE).is_some());
}

#[test]
fn a_line_is_too_long_wherever_it_is_cut() {
    for (len, fits) in [(rpc::LINE_LIMIT, true), (rpc::LINE_LIMIT + 1, false)] {
        let line = [&b" ".repeat(len)[..], b"\n"].concat();
        for at in [0, 1, len - 1, len, len + 1] {
            let mut talk = RpcConnection::default();
            assert_eq!(talk.say(&line[..at]) && talk.say(&line[at..]), fits, "{len} bytes, cut at {at}");
        }
    }
}

#[test]
fn what_a_subscriber_does_not_take_is_counted() {
    let mut talk = RpcConnection::default();
    let event = json!({"type": "line", "text": "x".repeat(1000)}).to_string();
    (0..1500).for_each(|_| talk.tell(&event, SHARE));
    assert!(talk.waiting() < SHARE + 2000);
    let told = talk.pending().iter().filter(|byte| **byte == b'\n').count();
    talk.took(talk.waiting());
    talk.tell(&event, SHARE);
    let missed: Value =
        serde_json::from_slice(talk.pending().split(|byte| *byte == b'\n').next().expect("a line")).expect("an event");
    assert_eq!(missed["params"], json!({"type": "missed", "count": 1500 - told}));
}

/// Lines as good and bad clients send them, and what comes of no plan at all.
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
    fn the_answers_are_the_same_wherever_the_bytes_are_cut(
        bytes in lines(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let whole = answers(&[&bytes]);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        prop_assert_eq!(&answers(&pieces), &whole);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&answers(&single), &whole);
    }
}
