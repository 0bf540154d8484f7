//! What the effects of actions would do, in words.

use std::fmt;

use super::{ActionEffect, Notification};
use crate::core::command_line::CommandLine;
use crate::core::request::Visibility;
use crate::display::one_line;

impl fmt::Display for ActionEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(bytes) => write!(f, "type \"{}\"", bytes.escape_ascii()),
            Self::Start(command, Visibility::Visible) => write!(f, "start the coprocess {}", command_text(command)),
            Self::Start(command, Visibility::Silent) => {
                write!(f, "start the silent coprocess {}", command_text(command))
            }
            Self::Run(command, _) => write!(f, "run {}", command_text(command)),
            Self::Annotate(text) => write!(f, "annotate the line with \"{}\"", one_line(text)),
            Self::Mark(name) if name.is_empty() => f.write_str("mark the line"),
            Self::Mark(name) => write!(f, "mark the line as \"{}\"", one_line(name)),
            Self::Capture(_) => f.write_str("capture the line"),
            Self::Inject(bytes) => write!(f, "show \"{}\" as output", bytes.escape_ascii()),
            Self::Set(name, value) => write!(f, "set {} to \"{}\"", one_line(name), one_line(value)),
            Self::Show(bytes) if bytes == b"\x07" => f.write_str("ring the bell"),
            Self::Show(bytes) => write!(f, "send \"{}\" to the terminal", bytes.escape_ascii()),
            Self::Notify(Notification { title: None, text }) => write!(f, "notify \"{text}\""),
            Self::Notify(Notification { title: Some(title), text }) => write!(f, "notify \"{title}: {text}\""),
            Self::Title(text) => write!(f, "set the title to \"{}\"", one_line(text)),
        }
    }
}

/// Returns text of the output in quotation marks, on one line.
pub(super) fn quoted(text: &[u8]) -> String {
    format!("\"{}\"", one_line(&String::from_utf8_lossy(text)))
}

/// Returns a command line with its positional parameters.
fn command_text(command: &CommandLine) -> String {
    let parameter = |(i, value): (usize, &Vec<u8>)| format!(" ${i}=\"{}\"", one_line(&String::from_utf8_lossy(value)));
    let parameters: String = command.args.iter().enumerate().map(parameter).collect();
    format!("\"{}\"{}{parameters}", one_line(&command.command), if parameters.is_empty() { "" } else { " with" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_described() {
        let command =
            CommandLine { args: vec![b"a b".to_vec(), b"b".to_vec()], ..CommandLine::new("open \"$1\"".into()) };
        let plain = CommandLine::new("rz".into());
        for (effect, text) in [
            (ActionEffect::Type(b"Yes\r".to_vec()), r#"type "Yes\r""#),
            (ActionEffect::Start(plain.clone(), Visibility::Silent), r#"start the silent coprocess "rz""#),
            (ActionEffect::Start(plain, Visibility::Visible), r#"start the coprocess "rz""#),
            (ActionEffect::Run(command, Vec::new()), r#"run "open "$1"" with $0="a b" $1="b""#),
            (ActionEffect::Show(b"\x07".to_vec()), "ring the bell"),
            (ActionEffect::Notify(Notification::new(b"3 failed\x1b")), r#"notify "3 failed""#),
            (ActionEffect::Show(b"\x1b[5m".to_vec()), r#"send "\x1b[5m" to the terminal"#),
            (ActionEffect::Set("a".into(), "b".into()), r#"set a to "b""#),
            (ActionEffect::Mark(String::new()), "mark the line"),
        ] {
            assert_eq!(effect.to_string(), text);
        }
    }
}
