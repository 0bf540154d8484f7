//! The marks by which a shell tells prompts, commands and their output apart (OSC 133, FinalTerm).

/// Kind of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptMarkKind {
    /// `A`, `P` or `N`: a prompt begins.
    Prompt,
    /// The same with `k=s`, `k=c` or `k=r`: a continuation prompt or a right prompt begins, which is a part of the command's
    /// prompt.
    SecondaryPrompt,
    /// `B`: the typed text begins.
    Input,
    /// `C`: the command's output begins.
    Output,
    /// `D`: the command has ended.
    End,
}

/// Part of the output to which a position belongs, by the marks before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkedZone {
    /// The shell has sent no mark, or the last one was the end of a command.
    #[default]
    None,
    /// A prompt and the text that is typed at it.
    Prompt,
    /// The output of a command.
    Output,
}

impl MarkedZone {
    /// Returns whether a program asks the user here, `reads` being whether one reads from the pty. A shell at its prompt reads
    /// too, and asks nothing.
    pub(in crate::core) fn asks(self, reads: bool) -> bool {
        reads && self != Self::Prompt
    }

    /// Takes the payload of an OSC, which may be a mark.
    pub(in crate::core) fn take(&mut self, payload: &[u8]) {
        if let Some((kind, _)) = prompt_mark(payload) {
            *self = match kind {
                PromptMarkKind::Prompt | PromptMarkKind::SecondaryPrompt | PromptMarkKind::Input => Self::Prompt,
                PromptMarkKind::Output => Self::Output,
                PromptMarkKind::End => Self::None,
            };
        }
    }
}

/// Parses the payload of an OSC. Returns the kind of mark, and its parameters; `None` for other payloads.
pub fn prompt_mark(payload: &[u8]) -> Option<(PromptMarkKind, impl Iterator<Item = &[u8]>)> {
    let mut params = payload.strip_prefix(b"133;")?.split(|&byte| byte == b';');
    let kind = match params.next()? {
        b"A" | b"P" if params.clone().any(|param| matches!(param, b"k=s" | b"k=c" | b"k=r")) => {
            PromptMarkKind::SecondaryPrompt
        }
        b"A" | b"P" | b"N" => PromptMarkKind::Prompt,
        b"B" => PromptMarkKind::Input,
        b"C" => PromptMarkKind::Output,
        b"D" => PromptMarkKind::End,
        _ => return None,
    };
    Some((kind, params))
}
