//! The text of a parameter: escapes and references to the match, as iTerm2 reads them, and as templates of coshell.
//!
//! Without interpolation `\0` to `\8` are the match and its groups. With it they are `\(matches[0])`, and any other
//! `\(...)` is an expression that iTerm2 evaluates.

use super::reason::Reason;

/// A part of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ParameterPart {
    /// Text, with the escapes replaced.
    Text(String),
    /// What was captured under this number.
    Captured(usize),
    /// An expression of an interpolated string.
    Expression(String),
}

/// What the numbers in a parameter stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Captured {
    /// The match and the groups of a pattern that has this number of them.
    Groups(usize),
    /// The values of an event, by their names.
    Values(&'static [&'static str]),
}

/// Whether a template reads escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TemplateForm {
    /// `\r \n \t \e \xNN`, as for the action `send`.
    Escaped,
    /// Text as it is.
    Plain,
}

/// Splits a parameter. `interpolates` is the setting of the profile, if it is known.
pub(super) fn parts(parameter: &str, interpolates: Option<bool>) -> Vec<ParameterPart> {
    let interpolates = interpolates.unwrap_or(true) && parameter.contains(r"\(");
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = parameter;
    while let Some(char) = rest.chars().next() {
        let (taken, special) = if char == '\\' { escape(rest, interpolates) } else { (char.len_utf8(), None) };
        match special {
            Some(ParameterPart::Text(escaped)) => text.push_str(&escaped),
            Some(part) => {
                push_text(&mut parts, &mut text);
                parts.push(part);
            }
            None => text.push_str(&rest[..taken]),
        }
        rest = &rest[taken..];
    }
    push_text(&mut parts, &mut text);
    parts
}

fn push_text(parts: &mut Vec<ParameterPart>, text: &mut String) {
    if !text.is_empty() {
        parts.push(ParameterPart::Text(std::mem::take(text)));
    }
}

/// Returns the length of the escape at the start of `rest`, and what it stands for, if it is one.
fn escape(rest: &str, interpolates: bool) -> (usize, Option<ParameterPart>) {
    let text = |text: &str| Some(ParameterPart::Text(text.to_owned()));
    match rest.as_bytes().get(1) {
        Some(b'(') if interpolates => {
            let end = 2 + expression(&rest[2..]);
            // Without its parenthesis the expression is the rest.
            ((end + 1).min(rest.len()), Some(matched(&rest[2..end])))
        }
        Some(digit @ b'0'..=b'8') if !interpolates => (2, Some(ParameterPart::Captured(usize::from(digit - b'0')))),
        Some(b'a') => (2, text("\x07")),
        Some(b'b') => (2, text("\x08")),
        Some(b'e') => (2, text("\x1b")),
        Some(b'n') => (2, text("\n")),
        Some(b'r') => (2, text("\r")),
        Some(b't') => (2, text("\t")),
        Some(b'\\') => (2, text("\\")),
        Some(b'x') => {
            let digits = rest.get(2..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            code.map_or((1, None), |code| (4, text(&char::from(code).to_string())))
        }
        _ => (1, None),
    }
}

/// Returns the length of an expression up to its parenthesis, or of the rest.
fn expression(rest: &str) -> usize {
    let (mut depth, mut is_quoted) = (0, false);
    let mut chars = rest.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => is_quoted = !is_quoted,
            '\\' => drop(chars.next()),
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth == 0 => return at,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
    }
    rest.len()
}

/// Returns the part for an expression: the match if it is `matches[N]`.
fn matched(expression: &str) -> ParameterPart {
    let number =
        expression.trim().strip_prefix("matches[").and_then(|rest| rest.strip_suffix(']')?.trim().parse().ok());
    number.map_or_else(|| ParameterPart::Expression(expression.to_owned()), ParameterPart::Captured)
}

impl Captured {
    /// Returns the placeholder in a template in front of `next`; nothing for a group that the pattern lacks.
    fn placeholder(self, number: usize, next: Option<char>) -> String {
        match self {
            Self::Groups(groups) if number >= groups => String::new(),
            Self::Groups(_) if next.is_some_and(|next| next.is_ascii_digit()) => format!("${{{number}}}"),
            Self::Groups(_) => format!("${number}"),
            Self::Values(values) => match values.get(number) {
                Some(&"0") => "$0".to_owned(),
                Some(value) => format!("${{{value}}}"),
                None => String::new(),
            },
        }
    }

    /// Returns the parameter of the shell that holds it, without the dollar sign.
    pub(super) fn shell_parameter(self, number: usize) -> Option<String> {
        match self {
            Self::Groups(groups) => (number < groups).then(|| number.to_string()),
            Self::Values(values) => values.get(number).map(|value| match *value {
                "0" => "0".to_owned(),
                value => format!("COSHELL_MATCH_{value}"),
            }),
        }
    }
}

/// Returns the parts as a template of coshell.
pub(super) fn template(parts: &[ParameterPart], captured: Captured, form: TemplateForm) -> Result<String, Reason> {
    let mut template = String::new();
    for (i, part) in parts.iter().enumerate() {
        match part {
            ParameterPart::Text(text) => text.chars().for_each(|char| push_char(char, form, &mut template)),
            ParameterPart::Captured(number) => {
                let next = match parts.get(i + 1) {
                    Some(ParameterPart::Text(text)) => text.chars().next(),
                    _ => None,
                };
                template.push_str(&captured.placeholder(*number, next));
            }
            ParameterPart::Expression(expression) => return Err(Reason::Expression(expression.clone())),
        }
    }
    Ok(template)
}

fn push_char(char: char, form: TemplateForm, template: &mut String) {
    match (char, form) {
        ('$', _) => template.push_str("$$"),
        (char, TemplateForm::Plain) => template.push(char),
        ('\r', _) => template.push_str(r"\r"),
        ('\n', _) => template.push_str(r"\n"),
        ('\t', _) => template.push_str(r"\t"),
        ('\x1b', _) => template.push_str(r"\e"),
        ('\\', _) => template.push_str(r"\\"),
        (char, _) if char.is_ascii_control() => template.push_str(&format!("\\x{:02x}", u32::from(char))),
        (char, _) => template.push(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(parameter: &str) -> Result<String, Reason> {
        template(&parts(parameter, Some(false)), Captured::Groups(3), TemplateForm::Escaped)
    }

    #[test]
    fn plain_parameter_becomes_a_template() {
        for (parameter, want) in [
            ("", ""),
            (r"y\r", r"y\r"),
            ("y\r\n", r"y\r\n"),
            (r"\0 \1,\2", "$0 $1,$2"),
            (r"\10 \1\2", "${1}0 $1$2"),
            (r"\3|\8|\9", r"||\\9"),
            (r"cost $1 $$ \1", "cost $$1 $$$$ $1"),
            (r"\a\b\e\n\r\t\\ \x1b \x41 \x7f", r"\x07\x08\e\n\r\t\\ \e A \x7f"),
            (r"\xe9\xZZ\x4", r"é\\xZZ\\x4"),
            (r"\\1 \q \", r"\\1 \\q \\"),
            (r"\(matches[0])", r"\\(matches[0])"),
            (r"\é", r"\\é"),
        ] {
            assert_eq!(escaped(parameter).as_deref(), Ok(want), "{parameter}");
        }
    }

    #[test]
    fn interpolated_parameter_becomes_a_template() {
        let converted = |parameter, interpolates| {
            template(&parts(parameter, interpolates), Captured::Groups(2), TemplateForm::Plain)
        };
        for interpolates in [Some(true), None] {
            assert_eq!(
                converted(r"a \(matches[0]) \( matches[1] )0 \1", interpolates).as_deref(),
                Ok(r"a $0 ${1}0 \1")
            );
            assert_eq!(converted(r"\1$", interpolates).as_deref(), Ok("$1$$"));
            let expression = r#"at \(f(x: ")", (1)))!"#;
            assert_eq!(converted(expression, interpolates), Err(Reason::Expression(r#"f(x: ")", (1))"#.to_owned())));
        }
        for parameter in [r"\(", r"\(é", r#"\("\"#] {
            assert!(matches!(converted(parameter, None), Err(Reason::Expression(_))), "{parameter}");
        }
    }

    #[test]
    fn values_of_events_are_named() {
        let parts = parts(r"\0 took \1 s\2", Some(false));
        let named = template(&parts, Captured::Values(&["command", "duration"]), TemplateForm::Plain);
        assert_eq!(named.as_deref(), Ok("${command} took ${duration} s"));
        assert_eq!(template(&parts, Captured::Values(&["0"]), TemplateForm::Plain).as_deref(), Ok("$0 took  s"));
    }
}
