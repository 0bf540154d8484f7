//! The example that asks on a phone (`examples/ask-phone`), with a server here that speaks what it uses of ntfy's protocol
//! (https://docs.ntfy.sh/subscribe/api, https://docs.ntfy.sh/publish).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{COSHELL, Terminal, needs, wrapped};

const ASK_PHONE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ask-phone");

/// A request of the example: its first line, its body and the connection.
fn accept(server: &TcpListener) -> (String, Vec<u8>, TcpStream) {
    let (stream, _) = server.accept().expect("a connection");
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).expect("the body");
    (lines.swap_remove(0), body, reader.into_inner())
}

/// Starts a program that asks, and returns it with the question that the phone gets and the connection for its answer.
fn asked(server: &TcpListener, script: &str) -> (Terminal, Value, TcpStream) {
    needs("python3");
    let topic = format!("http://{}/topic", server.local_addr().expect("an address"));
    let run = format!("{ASK_PHONE} y n");
    let path = Path::new(COSHELL).parent().expect("a directory").display();
    let path = format!("{path}:{}", std::env::var("PATH").unwrap_or_default());
    let launch = wrapped(&["-q", "--event", "asks", "--run", &run], script);
    let mut term = launch.env("ASK_PHONE", topic).env("PATH", path).start();
    term.wait("go on? ");
    let (subscribed, _, mut events) = accept(server);
    assert_eq!(subscribed, "GET /topic-answer/json HTTP/1.1");
    events.write_all(b"HTTP/1.0 200 OK\r\n\r\n{\"event\":\"open\"}\n").expect("the connection is open");
    let (published, body, mut reply) = accept(server);
    assert_eq!(published, "POST / HTTP/1.1");
    reply.write_all(b"HTTP/1.0 200 OK\r\n\r\n{}").expect("the connection is open");
    (term, serde_json::from_slice(&body).expect("JSON"), events)
}

fn answer(events: &mut TcpStream, text: &str) {
    let event = json!({"event": "message", "message": text});
    // The example may have taken an answer before this one.
    let _ = writeln!(events, "{event}");
}

#[test]
fn answer_of_the_phone_is_typed() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (mut term, question, mut events) = asked(&server, "printf 'go on? '; read -r a; echo \"got <$a>\"");
    assert_eq!((&question["topic"], &question["message"]), (&json!("topic"), &json!("go on? ")));
    let buttons: Vec<&Value> = question["actions"].as_array().expect("buttons").iter().map(|b| &b["body"]).collect();
    assert_eq!(buttons, ["y", "n"]);
    // Other text, of a stranger who knows the topic, is not typed.
    for text in ["rm -rf /", "n\nrm -rf /", "n"] {
        answer(&mut events, text);
    }
    term.wait("got <n>\r\n");
}

#[test]
fn late_answer_of_the_phone_is_not_typed() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let script = "printf 'go on? '; read -r a; echo \"got <$a>\"; read -r b; echo \"then <$b>\"";
    let (mut term, _, mut events) = asked(&server, script);
    term.send("mine\r");
    term.wait("got <mine>\r\n");
    answer(&mut events, "y");
    // The example closes its connection when it has asked the session, and before it would type.
    let mut rest = Vec::new();
    let _ = events.read_to_end(&mut rest);
    term.wait_quiet();
    term.send("other\r");
    term.wait("then <other>\r\n");
}
