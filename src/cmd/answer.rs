//! What a session answers, as a person reads it: one arm for each command that prints. With `--json` it is printed as it
//! came, and this is not asked.

use serde_json::Value;

use crate::core::request::{Request, TriggerRequest};

/// The answer to this command as text, empty where there is nothing to say.
pub fn text(command: &Request, answer: &Value) -> String {
    match command {
        Request::Status {} => status_text(answer),
        Request::Errors { .. } => shown(answer["stderr"].as_str().unwrap_or_default()),
        Request::Lines { numbers, notes, .. } => lines(answer, *numbers, *notes),
        Request::Screen {} => screen(answer),
        Request::Marks {} => marks(answer),
        Request::Notes {} => written(&answer["notes"], "text"),
        Request::Captured {} => written(&answer["captured"], ""),
        Request::Get { name: Some(_) } => shown(answer["value"].as_str().unwrap_or_default()) + "\n",
        Request::Get { name: None } => variables(answer),
        Request::Trigger(TriggerRequest::List {}) => triggers(answer),
        Request::Trigger(TriggerRequest::Add { .. }) => format!("{}\n", answer["number"]),
        _ => String::new(),
    }
}

/// The exit status that goes with an answer: that of the coprocess, where its end was waited for.
pub fn status(command: &Request, answer: &Value) -> u8 {
    let waits = matches!(command, Request::Wait {} | Request::Run { wait: true, .. });
    let status = answer["status"].as_u64().filter(|_| waits).unwrap_or(0);
    u8::try_from(status).unwrap_or(u8::MAX)
}

/// Why the coprocess failed that was waited for, as the session itself would say it; empty where it did not.
pub fn failure(answer: &Value) -> String {
    let failure = &answer["failure"];
    let Some(message) = failure["message"].as_str() else { return String::new() };
    let details = failure["stderr"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let lines = details.map(|line| format!("  {}\n", shown(line)));
    format!("coshell: {}\n{}", shown(message), lines.collect::<String>())
}

/// Text that others wrote, fit to be printed on a terminal: without control characters but line ends and tabs.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Lines as objects, one on each line.
pub fn line_by_line(answer: &Value) -> String {
    array(&answer["lines"]).map(|line| format!("{line}\n")).collect()
}

fn lines(answer: &Value, numbers: bool, notes: bool) -> String {
    let mut out = String::new();
    for line in array(&answer["lines"]) {
        let text = shown(line["text"].as_str().unwrap_or_default());
        let indent = if numbers { format!("{:>6}  ", line["number"].as_u64().unwrap_or(0)) } else { String::new() };
        out.push_str(&format!("{indent}{text}{}", if line["more"] == true { "" } else { "\n" }));
        for note in array(&line["notes"]).filter(|_| notes) {
            let text = shown(note["text"].as_str().unwrap_or_default());
            text.lines().for_each(|line| out.push_str(&format!("{:>1$}{line}\n", "^ ", indent.len() + 4)));
        }
    }
    out
}

/// Lines and what was written down about them.
fn written(all: &Value, key: &str) -> String {
    let mut out = String::new();
    for one in array(all) {
        let text = |key: &str| shown(one[key].as_str().unwrap_or_default());
        out.push_str(&format!("{:>6}  {}\n", one["line"].as_u64().unwrap_or(0), text("quote")));
        text(key).lines().for_each(|line| out.push_str(&format!("{:>8}{line}\n", "")));
    }
    out
}

fn variables(answer: &Value) -> String {
    let all = answer["variables"].as_object().into_iter().flatten();
    all.map(|(name, value)| format!("{name}={}\n", shown(value.as_str().unwrap_or_default()))).collect()
}

fn screen(answer: &Value) -> String {
    array(&answer["lines"]).map(|row| shown(row.as_str().unwrap_or_default()) + "\n").collect()
}

fn marks(answer: &Value) -> String {
    let mut out = String::new();
    for command in array(&answer["commands"]) {
        let status = match (&command["status"], command["running"] == true) {
            (_, true) => "running".to_owned(),
            (Value::Null, false) => "ended".to_owned(),
            (status, false) => format!("status {status}"),
        };
        let took = command["seconds"].as_f64().map(|seconds| format!(", {seconds:.1} s")).unwrap_or_default();
        let text = shown(command["text"].as_str().unwrap_or_default());
        let line = command["line"].as_u64().map(|line| line.to_string()).unwrap_or_default();
        out.push_str(&format!("{line:>6}  {}  ({status}{took})\n", text.lines().next().unwrap_or_default()));
    }
    for mark in array(&answer["marks"]) {
        let text = |key: &str| shown(mark[key].as_str().unwrap_or_default());
        out.push_str(&format!("{:>6}  [{}] {}\n", mark["line"].as_u64().unwrap_or(0), text("name"), text("quote")));
    }
    out
}

fn status_text(answer: &Value) -> String {
    let text = |key: &str| shown(answer[key].as_str().unwrap_or_default());
    let mut lines = vec![
        format!("session {} ({})", text("session"), text("tty")),
        format!("running {}", text("command")),
        format!("window {} rows, {} columns", answer["rows"], answer["cols"]),
        format!("triggers {}", answer["triggers"]),
    ];
    lines.push(match &answer["coprocess"] {
        Value::Null => "coprocess none".to_owned(),
        coproc => format!(
            "coprocess {}{} (pid {}, {} s, read {} bytes, typed {})",
            if coproc["silent"] == true { "silent " } else { "" },
            shown(coproc["command"].as_str().unwrap_or_default()),
            coproc["pid"],
            coproc["seconds"],
            coproc["bytes_read"],
            coproc["bytes_typed"]
        ),
    });
    if let Value::Object(last) = &answer["last_coprocess"] {
        let command = shown(last["command"].as_str().unwrap_or_default());
        lines.push(format!("last coprocess {command} (status {})", last["status"]));
    }
    lines.join("\n") + "\n"
}

fn triggers(answer: &Value) -> String {
    let mut out = String::new();
    for trigger in answer["triggers"].as_array().into_iter().flatten() {
        let text = |key: &str| trigger[key].as_str().map(shown);
        let name = text("name").map(|name| format!("{name}: ")).unwrap_or_default();
        let state = match (&trigger["enabled"], &trigger["stopped"]) {
            (Value::Bool(false), _) => ", off",
            (_, Value::Bool(true)) => ", stopped",
            _ => "",
        };
        out.push_str(&format!(
            "{:>3}  {name}{}{}  (fired {}, searched {}{state})\n",
            trigger["number"].as_u64().unwrap_or(0),
            text("regex").unwrap_or_default(),
            options(&trigger["options"]),
            trigger["fired"],
            trigger["searched"]
        ));
    }
    out
}

/// The options of a trigger as they would be typed.
fn options(items: &Value) -> String {
    let typed = |item: &Value| {
        let value = item["value"].as_str().unwrap_or_default();
        let value =
            if value.is_empty() { String::new() } else { format!(" '{}'", shown(value).replace('\'', "'\\''")) };
        format!(" --{}{value}", item["name"].as_str().unwrap_or_default())
    };
    items.as_array().into_iter().flatten().map(typed).collect()
}

/// The sessions as a list.
pub fn sessions(all: &[Value]) -> String {
    let line = |session: &Value| {
        let status = &session["status"];
        if status.is_null() {
            return format!(
                "{:>8}  does not answer: it may be stopped\n",
                shown(session["session"].as_str().unwrap_or_default())
            );
        }
        let text = |value: &Value| shown(value.as_str().unwrap_or_default());
        let coproc = match &status["coprocess"]["command"] {
            Value::String(command) => format!("  coprocess {}", shown(command)),
            _ => String::new(),
        };
        format!(
            "{:>8}  {:<12}  {}{coproc}\n",
            text(&session["session"]),
            text(&status["tty"]),
            text(&status["command"])
        )
    };
    all.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_who_waits_exits_with_the_coprocess_status() {
        let answer = json!({"status": 3});
        assert_eq!(status(&Request::Wait {}, &answer), 3);
        assert_eq!(status(&Request::Stop { signal: 15 }, &answer), 0);
    }

    #[test]
    fn nothing_that_others_wrote_reaches_the_terminal_as_a_sequence() {
        assert_eq!(shown("a\x1b]0;x\x07\tb\n\u{9b}c"), "a]0;x\tb\nc");
    }

    #[test]
    fn a_trigger_is_listed_as_it_would_be_typed() {
        let answer = json!({"triggers": [{
            "number": 1, "name": "n", "regex": "a b", "enabled": false, "fired": 2, "searched": 5,
            "options": [{"name": "send", "value": "it's"}, {"name": "bell", "value": ""}],
        }]});
        assert_eq!(triggers(&answer), "  1  n: a b --send 'it'\\''s' --bell  (fired 2, searched 5, off)\n");
        let stopped = json!({"triggers": [{
            "number": 2, "regex": "x", "enabled": true, "stopped": true, "fired": 20, "searched": 30, "options": [],
        }]});
        assert_eq!(triggers(&stopped), "  2  x  (fired 20, searched 30, stopped)\n");
    }
}
