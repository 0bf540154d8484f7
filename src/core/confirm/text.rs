//! What a trigger would do, as text that hides nothing.

use super::ConfirmQuestion;
use crate::core::command_line::CommandLine;
use crate::core::notices::Notice;
use crate::core::request::Visibility;
use crate::core::trigger::action::ActionEffect;
use crate::display::one_line;

/// Returns the question as a notice.
pub(super) fn notice(question: &ConfirmQuestion) -> Notice {
    let effects: Vec<String> = question.effects.iter().map(effect).collect();
    Notice::new(format!("trigger \"{}\": {}? y does it, any other key does not", question.name, effects.join(", ")))
}

fn effect(effect: &ActionEffect) -> String {
    match effect {
        ActionEffect::Type(bytes) => format!("type {}", visible(bytes)),
        ActionEffect::Run(command, _) => format!("run {}", command_text(command)),
        ActionEffect::Start(command, Visibility::Visible) => format!("start coprocess {}", command_text(command)),
        ActionEffect::Start(command, Visibility::Silent) => format!("start silent coprocess {}", command_text(command)),
        ActionEffect::Inject(bytes) => format!("show {}", visible(bytes)),
        ActionEffect::Notify(notification) => format!("notify {}", visible(notification.text.as_bytes())),
        ActionEffect::Title(title) => format!("set the title {}", visible(title.as_bytes())),
        ActionEffect::Annotate(text) => format!("annotate {}", visible(text.as_bytes())),
        ActionEffect::Mark(name) => format!("mark {}", visible(name.as_bytes())),
        ActionEffect::Set(name, value) => format!("set {name}={}", visible(value.as_bytes())),
        ActionEffect::Capture(_) => "capture the line".to_owned(),
        ActionEffect::Show(_) => "ring the bell".to_owned(),
    }
}

/// Returns a command with its parameters.
fn command_text(command: &CommandLine) -> String {
    let args = command.args.iter().enumerate().filter(|(_, arg)| !arg.is_empty());
    let args: Vec<String> = args.map(|(i, arg)| format!("${i}={}", visible(arg))).collect();
    let with = if args.is_empty() { String::new() } else { format!(" with {}", args.join(" ")) };
    format!("{}{with}", visible(command.command.as_bytes()))
}

/// Returns bytes in quotes. Controls, and characters that a terminal does not show as they stand, are escaped.
pub(super) fn visible(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|char| push_visible(char, &mut text));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text.push('"');
    text
}

fn push_visible(char: char, text: &mut String) {
    match char {
        '\r' => text.push_str("\\r"),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\x1b' => text.push_str("\\e"),
        '\\' | '"' => text.extend(['\\', char]),
        _ if char.is_ascii_control() => text.push_str(&format!("\\x{:02x}", u32::from(char))),
        // What `one_line` would drop or replace.
        _ if one_line(char.encode_utf8(&mut [0; 4])) != char.to_string() => text.extend(char.escape_unicode()),
        _ => text.push(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_hidden() {
        for (bytes, want) in [
            (&b"yes\r"[..], r#""yes\r""#),
            (b"\x03\x1b[A\n\t\x7f", r#""\x03\e[A\n\t\x7f""#),
            (b"a\\r\"b", r#""a\\r\"b""#),
            (b"\xff\xc3(", r#""\xff\xc3(""#),
            ("\u{e9}\u{6f22} \u{202e}abc\u{9b}".as_bytes(), "\"\u{e9}\u{6f22} \\u{202e}abc\\u{9b}\""),
        ] {
            assert_eq!(visible(bytes), want);
        }
    }

    #[test]
    fn command_is_shown_with_its_parameters() {
        let args = vec![b"wrote $(x)".to_vec(), b"$(x)".to_vec(), Vec::new()];
        let command = CommandLine { args, ..CommandLine::new("open \"$1\"".to_owned()) };
        let want = r#"run "open \"$1\"" with $0="wrote $(x)" $1="$(x)""#;
        assert_eq!(effect(&ActionEffect::Run(command, Vec::new())), want);
    }
}
