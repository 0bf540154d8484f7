//! Requests of clients before which the user is asked, since the client has said so.

use std::time::Instant;

use super::text::visible;
use crate::core::input::pty_input::with_enter_keys;
use crate::core::notices::Notice;
use crate::core::request::{RecordRequest, Request, TriggerRequest};
use crate::types::RequestId;

/// A request that waits for the user's answer.
#[derive(Debug)]
pub(in crate::core) struct ClientQuestion {
    pub(in crate::core) request_id: RequestId,
    pub(in crate::core) request: Request,
    /// The trigger of whose command the client is a part.
    pub(in crate::core) for_trigger: Option<usize>,
    /// Name that the client gives itself; it may be empty.
    pub(super) name: String,
    /// When the request is refused, unless the question has been drawn.
    pub(super) until: Instant,
}

/// Returns the question as a notice.
pub(super) fn notice(question: &ClientQuestion) -> Notice {
    let name = if question.name.is_empty() { String::new() } else { format!(" \"{}\"", question.name) };
    let what = wanted(&question.request);
    Notice::new(format!(
        "client{name} wants to {what}? y allows it, A allows this client all from now on, any other key does not"
    ))
}

/// Returns what a request would do, as text that hides nothing.
fn wanted(request: &Request) -> String {
    match request {
        Request::Send { key, .. } if !key.is_empty() => {
            let names: Vec<String> = key.iter().map(ToString::to_string).collect();
            format!("press {}", names.join(" "))
        }
        // Who asks for a secret to be typed knows it; it is not shown.
        Request::Send { secret: true, .. } => "type a secret at a password prompt".to_owned(),
        Request::Send { text, enter, .. } => {
            let mut text = with_enter_keys(text);
            text.push_str(if *enter { "\r" } else { "" });
            format!("type {}", visible(text.as_bytes()))
        }
        Request::Exec(request) => format!("run {}", visible(request.command.join(" ").as_bytes())),
        Request::Run { command, .. } => format!("start coprocess {}", visible(command.as_bytes())),
        Request::Lend { command, .. } => format!("have the terminal for {}", visible(command.join(" ").as_bytes())),
        Request::Inject { text, .. } => format!("show {}", visible(text.as_bytes())),
        Request::Set { name, value } => format!("set {}={}", visible(name.as_bytes()), visible(value.as_bytes())),
        Request::Stop { .. } => "stop the coprocess".to_owned(),
        Request::Trigger(TriggerRequest::Remove { trigger }) => {
            format!("remove trigger {}", visible(trigger.as_bytes()))
        }
        Request::Trigger(TriggerRequest::Enable { trigger }) => {
            format!("enable trigger {}", visible(trigger.as_bytes()))
        }
        Request::Trigger(TriggerRequest::Disable { trigger }) => {
            format!("disable trigger {}", visible(trigger.as_bytes()))
        }
        Request::Record(RecordRequest::Start { file, .. }) => format!("record to {}", visible(file.as_bytes())),
        // A trigger with its options, and what needs no question.
        other => format!("request {}", visible(other.write().to_string().as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn question_shows_what_would_be_done() {
        let wanted = |method: &str, params: Value| wanted(&Request::read(method, Some(params)).expect("a request"));
        for (method, params, want) in [
            ("send", json!({"text": "ls\n", "enter": true}), r#"type "ls\r\r""#),
            ("send", json!({"text": "a\u{1b}[A\u{202e}"}), r#"type "a\e[A\u{202e}""#),
            ("send", json!({"key": ["C-c", "Up"]}), "press C-c Up"),
            ("send", json!({"text": "hunter2", "secret": true}), "type a secret at a password prompt"),
            ("exec", json!({"command": ["make", "test\r"]}), r#"run "make test\r""#),
            ("run", json!({"command": "bot"}), r#"start coprocess "bot""#),
            ("set", json!(["a", "b"]), r#"set "a"="b""#),
        ] {
            assert_eq!(wanted(method, params), want);
        }
        let adds = wanted("trigger-add", json!({"regex": "a", "options": [{"name": "run", "value": "rm x"}]}));
        assert!(adds.starts_with("request ") && adds.contains("rm x"), "{adds}");
    }
}
