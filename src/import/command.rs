//! Shell commands: iTerm2 pastes what was captured into the command line, coshell passes it in parameters of the shell.
//!
//! `\1` becomes `"$1"` outside of quotes, `$1` between double quotes and `'"$1"'` between single quotes. Where it would
//! still become part of a program, or the place is not clear, the command is refused.

use super::parameter::{Captured, ParameterPart};
use super::reason::{CommandFault, Reason};
use super::words::CommandWords;

/// What the current position of a command is inside of.
enum ShellContext {
    /// A command, with the number of open parentheses in it; nested ones end with a parenthesis.
    Command(CommandWords, usize),
    SingleQuotes {
        /// Length of the output up to the quote that opened the current piece.
        start: usize,
        /// Whether that quote stands behind a parameter that cut the quotes.
        is_cut: bool,
    },
    DoubleQuotes,
    /// A backquoted command, `${...}` or `$((...))`, with what ends it.
    Other(&'static str),
}

/// Rewrites a command.
struct CommandWriter {
    captured: Captured,
    contexts: Vec<ShellContext>,
    out: String,
    /// Whether a here-document has begun.
    has_document: bool,
}

/// Returns the parts of a parameter as a command line.
pub(super) fn command(parts: &[ParameterPart], captured: Captured) -> Result<String, Reason> {
    let mut writer = CommandWriter {
        captured,
        contexts: vec![ShellContext::Command(CommandWords::default(), 0)],
        out: String::new(),
        has_document: false,
    };
    for (i, part) in parts.iter().enumerate() {
        let next = match parts.get(i + 1) {
            Some(ParameterPart::Text(text)) => text.chars().next(),
            _ => None,
        };
        match part {
            ParameterPart::Text(text) => writer.text(text, i + 1 < parts.len())?,
            ParameterPart::Captured(number) => writer.captured(*number, next)?,
            ParameterPart::Expression(expression) => return Err(Reason::Expression(expression.clone())),
        }
    }
    Ok(writer.out)
}

fn refused(fault: CommandFault) -> Reason {
    Reason::Command(fault)
}

impl CommandWriter {
    /// Copies text. `is_continued` says that something captured follows.
    fn text(&mut self, text: &str, is_continued: bool) -> Result<(), Reason> {
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let len = self.step(rest, char)?;
            if len > rest.len() && is_continued {
                return Err(refused(CommandFault::Backslash));
            }
            rest = rest.get(len..).unwrap_or_default();
        }
        Ok(())
    }

    /// Copies what begins with `char`; returns its length, which goes beyond the end for a backslash there.
    fn step(&mut self, rest: &str, char: char) -> Result<usize, Reason> {
        let copied = char.len_utf8();
        match self.contexts.last_mut() {
            Some(ShellContext::SingleQuotes { start, is_cut }) => {
                if char != '\'' {
                    self.out.push(char);
                    return Ok(copied);
                }
                // Quotes behind a parameter that end at once are left out.
                if *is_cut && self.out.len() == *start {
                    self.out.truncate(*start - 1)
                } else {
                    self.out.push(char)
                }
                self.contexts.pop();
                Ok(copied)
            }
            _ if char == '\\' => {
                let escaped = rest[1..].chars().next().map_or(1, char::len_utf8);
                self.out.push_str(rest.get(..1 + escaped).unwrap_or(rest));
                self.word(|words| words.push('_'));
                Ok(1 + escaped)
            }
            _ if char == '$' => self.dollar(rest),
            Some(ShellContext::DoubleQuotes) => Ok(self.in_double_quotes(char)),
            Some(ShellContext::Other(end)) if rest.starts_with(*end) => {
                self.out.push_str(end);
                let len = end.len();
                self.contexts.pop();
                Ok(len)
            }
            Some(ShellContext::Other(_)) => {
                self.out.push(char);
                Ok(copied)
            }
            _ => Ok(self.in_command(rest, char)),
        }
    }

    fn in_double_quotes(&mut self, char: char) -> usize {
        self.out.push(char);
        match char {
            '"' => drop(self.contexts.pop()),
            '`' => self.contexts.push(ShellContext::Other("`")),
            char => self.word(|words| words.push(char)),
        }
        char.len_utf8()
    }

    /// Copies a character of a command outside of quotes.
    fn in_command(&mut self, rest: &str, char: char) -> usize {
        self.out.push(char);
        self.has_document |= rest.starts_with("<<") && !rest.starts_with("<<<");
        match char {
            '\'' => {
                self.word(CommandWords::open);
                self.contexts.push(ShellContext::SingleQuotes { start: self.out.len(), is_cut: false });
            }
            '"' => {
                self.word(CommandWords::open);
                self.contexts.push(ShellContext::DoubleQuotes);
            }
            '`' => self.contexts.push(ShellContext::Other("`")),
            ' ' | '\t' => self.word(CommandWords::end_word),
            ';' | '|' | '&' | '\n' => self.word(CommandWords::end_command),
            '(' => self.parenthesis(true),
            ')' => self.parenthesis(false),
            char => self.word(|words| words.push(char)),
        }
        char.len_utf8()
    }

    fn parenthesis(&mut self, opens: bool) {
        let is_nested = self.contexts.len() > 1;
        let Some(ShellContext::Command(words, open)) = self.contexts.last_mut() else { return };
        words.end_command();
        match (opens, *open) {
            (true, _) => *open += 1,
            (false, 0) if is_nested => drop(self.contexts.pop()),
            (false, _) => *open = open.saturating_sub(1),
        }
    }

    /// Copies what begins with a dollar sign.
    fn dollar(&mut self, rest: &str) -> Result<usize, Reason> {
        let opened = [
            ("$((", ShellContext::Other("))")),
            ("$(", ShellContext::Command(CommandWords::default(), 0)),
            ("${", ShellContext::Other("}")),
        ];
        if rest[1..].starts_with(|char: char| char.is_ascii_digit() || "@*#".contains(char)) {
            return Err(refused(CommandFault::Positional(rest[..2].to_owned())));
        }
        self.word(|words| words.push('$'));
        for (start, context) in opened {
            if rest.starts_with(start) {
                self.out.push_str(start);
                self.contexts.push(context);
                return Ok(start.len());
            }
        }
        self.out.push('$');
        Ok(1)
    }

    /// Writes the parameter that holds what was captured under `number`, in front of `next`.
    fn captured(&mut self, number: usize, next: Option<char>) -> Result<(), Reason> {
        let Some(parameter) = self.captured.shell_parameter(number) else { return Ok(()) };
        if self.has_document {
            return Err(refused(CommandFault::Place));
        }
        let innermost = self.contexts.iter_mut().rev().find_map(|context| match context {
            ShellContext::Command(words, _) => Some(words),
            _ => None,
        });
        innermost.map_or(Ok(()), CommandWords::take_captured).map_err(refused)?;
        let is_digit = parameter.bytes().all(|byte| byte.is_ascii_digit());
        let needs_braces = if is_digit {
            next.is_some_and(|next| next.is_ascii_digit())
        } else {
            next.is_some_and(|next| next == '_' || next.is_ascii_alphanumeric())
        };
        let expansion = if needs_braces { format!("${{{parameter}}}") } else { format!("${parameter}") };
        match self.contexts.last_mut() {
            Some(ShellContext::DoubleQuotes) => self.out.push_str(&expansion),
            Some(ShellContext::Command(..)) => self.out.push_str(&format!("\"${parameter}\"")),
            Some(ShellContext::SingleQuotes { start, is_cut }) => {
                if self.out.len() == *start {
                    self.out.truncate(*start - 1)
                } else {
                    self.out.push('\'')
                }
                self.out.push_str(&format!("\"${parameter}\"'"));
                (*start, *is_cut) = (self.out.len(), true);
            }
            _ => return Err(refused(CommandFault::Place)),
        }
        Ok(())
    }

    /// Tells the words of the innermost command.
    fn word(&mut self, tell: impl FnOnce(&mut CommandWords)) {
        let innermost = self.contexts.iter_mut().rev().find_map(|context| match context {
            ShellContext::Command(words, _) => Some(words),
            _ => None,
        });
        if let Some(words) = innermost {
            tell(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::parameter::parts;

    fn rewritten(parameter: &str) -> Result<String, Reason> {
        command(&parts(parameter, Some(false)), Captured::Groups(3))
    }

    #[test]
    fn captured_text_becomes_a_quoted_parameter() {
        for (parameter, want) in [
            ("/usr/local/bin/iterm2-send-zmodem.sh", "/usr/local/bin/iterm2-send-zmodem.sh"),
            (r"say \1", r#"say "$1""#),
            (r#"say "\1 is \2""#, r#"say "$1 is $2""#),
            (r#"say "\10" x\20"#, r#"say "${1}0" x"$2"0"#),
            (r"say '\1'", r#"say "$1""#),
            (r"say 'a \1 b'", r#"say 'a '"$1"' b'"#),
            (r"say 'a \1'", r#"say 'a '"$1""#),
            (r"say '\1\2'", r#"say "$1""$2""#),
            (r"say '' \1", r#"say '' "$1""#),
            (r"open http://host/\1?q=\2", r#"open http://host/"$1"?q="$2""#),
            (r#"FILE=\1 run "$(basename \2)" | tee \1"#, r#"FILE="$1" run "$(basename "$2")" | tee "$1""#),
            (r"grep x \1 && (cat \2; ls) > \\\\out", r#"grep x "$1" && (cat "$2"; ls) > \\out"#),
            (r"awk '{print $1}' \1", r#"awk '{print $1}' "$1""#),
            (r#"echo "\\$1" \1"#, r#"echo "\$1" "$1""#),
            (r"echo a\\ b\1", r#"echo a\ b"$1""#),
            (r"curl -d \1 $HOME ${X:-y}\3", r#"curl -d "$1" $HOME ${X:-y}"#),
            (r"sh script.sh \1", r#"sh script.sh "$1""#),
            (r"python3 -u bot.py \0", r#"python3 -u bot.py "$0""#),
            (r"sleep 1; echo; echo '# \1'", r#"sleep 1; echo; echo '# '"$1""#),
        ] {
            assert_eq!(rewritten(parameter).as_deref(), Ok(want), "{parameter}");
        }
    }

    #[test]
    fn command_is_refused_where_captured_text_would_be_a_program() {
        use CommandFault::{Backslash, Name, Place, Positional, Program};
        let program = |name: &str| Program(name.to_owned());
        for (parameter, fault) in [
            (r"\0", Name),
            (r"cd x && \1 -v", Name),
            (r"/opt/bin/\1", Name),
            (r"sh -c 'echo \1'", program("sh")),
            (r#"/bin/bash -lc "echo \1""#, program("bash")),
            (r#"osascript -e 'display alert "\1"'"#, program("osascript")),
            (r"sudo -u me python3 -c 'print(\1)'", program("python3")),
            (r"eval echo \1", program("eval")),
            (r"ssh host ls \1", program("ssh")),
            (r"cat x | sed s/a/\1/", program("sed")),
            (r"awk '/\1/' file", program("awk")),
            (r"echo `basename \1`", Place),
            (r"echo ${X:-\1}", Place),
            (r"echo $((\1 + 1))", Place),
            ("cat <<END\n\\1\nEND", Place),
            (r"echo a\\\1", Backslash),
            (r"echo $1 \1", Positional("$1".to_owned())),
            (r#"echo "$@""#, Positional("$@".to_owned())),
        ] {
            assert_eq!(rewritten(parameter), Err(Reason::Command(fault)), "{parameter}");
        }
    }

    #[test]
    fn values_of_events_are_variables() {
        let parts = parts(r#"log \0 "\0s" '\1' \2"#, Some(false));
        let command = command(&parts, Captured::Values(&["duration", "0"]));
        let want = r#"log "$COSHELL_MATCH_duration" "${COSHELL_MATCH_duration}s" "$0" "#;
        assert_eq!(command.as_deref(), Ok(want));
    }
}
