//! Redaction of everything that leaves a session other than by the terminal.

use super::*;
use crate::core::recorder::RecordOptions;
use crate::core::redact::{builtin_rules, samples};
use crate::core::request::{AwaitRequest, CapturedFormat, ExecRequest, RecordRequest};
use crate::core::response::Response;

/// Returns everything besides the terminal that got text of a session which printed `pieces`.
fn outputs(argv: &[&str], redact: bool, pieces: &[&[u8]]) -> (Bench, String) {
    let mut settings = Bench::settings(argv);
    settings.record = Some(RecordOptions { file: "/x.cast".to_owned(), input: false });
    if settings.redaction.always {
        settings.redaction.redactor = builtin_rules();
    }
    let mut bench = Bench::of(settings);
    let subscribe = Request::Subscribe { events: Vec::new() };
    bench.input(Input::Request(RequestId(1), subscribe, Requester::default()));
    for piece in pieces {
        // A pause within a secret shows its beginning as a prompt.
        bench.shell(piece).wait(30);
    }
    let lines = |redact, follow| Request::Lines {
        number: None,
        from: None,
        to: None,
        command: None,
        numbers: false,
        notes: false,
        times: None,
        follow,
        redact,
    };
    for (id, request) in [
        lines(redact, false),
        Request::Screen { redact },
        Request::Captured { format: CapturedFormat::Text, command: None, redact },
    ]
    .into_iter()
    .enumerate()
    {
        bench.input(Input::Request(RequestId(2 + id as u64), request, Requester::default())).wait(10);
    }
    let mut all: String = bench
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::Answer(_, Ok(response)) => serde_json::to_string(response).expect("an answer is JSON"),
            Effect::Tell(_, text) => text.to_string(),
            _ => String::new(),
        })
        .collect();
    all.push_str(&String::from_utf8_lossy(&bench.read));
    bench.input(Input::Request(RequestId(9), Request::Record(RecordRequest::Stop {}), Requester::default()));
    all.push_str(&String::from_utf8_lossy(bench.core.pending(Sink::Recording)));
    (bench, all)
}

/// No secret that a rule matches in a line survives, however the output is cut and coloured; the terminal gets every byte.
#[test]
fn no_secret_survives_in_any_output() {
    for (name, sample, secret) in samples().into_iter().filter(|(name, ..)| *name != "private-key") {
        let middle = sample.find(&secret).expect("it is there") + secret.len() / 2;
        let printed = format!("go {}\x1b[1;31m{}\x1b[m\r\n$ ", &sample[..middle], &sample[middle..]);
        for format in ["text", "json"] {
            for at in [1, 3, middle / 2, middle, middle + 3, middle + 11, sample.len(), printed.len() - 3] {
                let argv =
                    ["--redact", "-q", "--indicator", "none", "-i", format, "-c", "bot", "-t", "^go", "--capture"];
                let (left, right) = printed.as_bytes().split_at(at);
                let (bench, all) = outputs(&argv, false, &[left, right]);
                assert_eq!(bench.shown, printed.as_bytes(), "{name}");
                assert!(!all.contains(&secret), "{name}, {format}, cut at {at}: {all}");
                // Recording, line event, lines, screen, captured and coprocess.
                let markers = all.matches(&format!("[redacted:{name}]")).count();
                assert!(markers >= 6, "{name}, {format}, cut at {at}: {markers} markers in {all}");
            }
        }
    }
}

#[test]
fn answers_are_redacted_on_request_alone() {
    let token = format!("glpat-{}", "a".repeat(20));
    let line = format!("go {token} C-77\r\n");
    let argv = ["-q", "--redact-pattern", "C-(\\d+)", "-i", "text", "-c", "bot", "-t", "^go", "--capture"];
    let (bench, _) = outputs(&argv, true, &[line.as_bytes()]);
    let answers: Vec<String> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Answer(_, Ok(response @ (Response::Lines(_) | Response::Screen(_) | Response::Captured(_)))) => {
                Some(serde_json::to_string(response).expect("an answer is JSON"))
            }
            _ => None,
        })
        .collect();
    assert_eq!(answers.len(), 3);
    for answer in answers {
        assert!(answer.contains("go [redacted:gitlab] C-[redacted:pattern]"), "{answer}");
    }
    assert!(String::from_utf8_lossy(&bench.read).contains(&token), "the coprocess reads what is there");
    assert!(String::from_utf8_lossy(bench.core.pending(Sink::Recording)).contains(&token), "so does the recording");
}

/// Answers that are made later, and command lines.
#[test]
fn waits_and_commands_are_redacted_on_request_alone() {
    let token = format!("glpat-{}", "a".repeat(20));
    for redact in [false, true] {
        let mut bench = Bench::new(&[]);
        bench.shell(b"\x1b]133;A\x07$ \x1b]133;B\x07").wait(50);
        let wait = AwaitRequest { text: Some("to.*".to_owned()), redact, ..AwaitRequest::default() };
        bench.input(Input::Request(RequestId(1), Request::Await(wait), Requester::default()));
        let exec = ExecRequest { command: vec!["go".to_owned()], timeout: None, redact };
        bench.input(Input::Request(RequestId(2), Request::Exec(exec), Requester::default())).wait(2000);
        let typed = format!("go\r\n\x1b]133;C;cmdline_url=curl%20{token}\x07to {token}\r\n\x1b]133;D;0\x07");
        bench.shell(typed.as_bytes()).shell(b"\x1b]133;A\x07$ \x1b]133;B\x07").wait(3000);
        bench.input(Input::Request(RequestId(3), Request::Marks { redact }, Requester::default())).wait(10);
        for id in 1..=3 {
            let answer = bench.effects.iter().find_map(|effect| match effect {
                Effect::Answer(RequestId(of), Ok(response)) if *of == id => Some(response),
                _ => None,
            });
            let answer = serde_json::to_string(answer.expect("an answer")).expect("an answer is JSON");
            assert_eq!(answer.contains("[redacted:gitlab]"), redact, "{answer}");
            assert_eq!(answer.contains(&token), !redact, "{answer}");
        }
    }
}

#[test]
fn private_key_is_hidden_line_by_line() {
    let key = "-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBADANBg\r\nkqhkiG9w0BAQEF\r\n-----END PRIVATE KEY-----\r\n";
    for size in [1, 7, 1000] {
        let pieces: Vec<&[u8]> = key.as_bytes().chunks(size).collect();
        let argv = ["--redact", "-q", "-i", "text", "-c", "bot"];
        let (_, all) = outputs(&argv, false, &pieces);
        assert!(!all.contains("MIIEvQ") && !all.contains("kqhkiG9w"), "{size}: {all}");
        assert!(all.contains("-----END PRIVATE KEY-----"));
    }
}

#[test]
fn keys_are_not_recorded_in_a_redacted_session() {
    let mut bench = Bench::new(&["--redact"]);
    let start = RecordRequest::Start { file: "/x".to_owned(), input: true, force: false };
    bench.input(Input::Request(RequestId(1), Request::Record(start), Requester::default()));
    let refused = |effect: &Effect| matches!(effect, Effect::Answer(_, Err(RpcError { code: ErrorCode::Params, .. })));
    assert!(bench.effects.iter().any(refused));
}

#[test]
fn values_of_an_event_are_redacted_each_by_itself() {
    let token = format!("glpat-{}", "a".repeat(20));
    let marks = format!("\x1b]133;C;cmdline_url=curl%20{token}\x07\x1b]133;D;12\x07");
    let argv = ["--redact", "-q", "--event", "command-finished", "--bell"];
    let (_, all) = outputs(&argv, false, &[b"\x1b]133;A\x07$ \x1b]133;B\x07", marks.as_bytes()]);
    let command = "\"curl [redacted:gitlab]\"";
    assert!(all.contains(&format!("\"groups\":[{command},\"12\",\"0.0\",{command},\"\"]")), "{all}");
}
