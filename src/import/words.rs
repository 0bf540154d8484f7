//! The words of a simple command, as far as they tell what a program does with its arguments.

use super::reason::CommandFault;

/// Programs whose option gives a program text.
const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "fish",
    "osascript",
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "node",
    "php",
    "lua",
    "expect",
    "emacs",
    "vim",
    "nvim",
];
/// The options.
const PROGRAM_OPTIONS: &[&str] =
    &["-c", "-e", "-E", "-p", "-r", "-lc", "-ic", "-ec", "-xc", "--eval", "--exec", "--command"];
/// Programs of which any argument may be program text, for a shell here or elsewhere.
const SHELLED: &[&str] =
    &["eval", "ssh", "mosh", "su", "watch", "xargs", "parallel", "at", "batch", "trap", "docker", "kubectl"];
/// Programs whose first argument is program text.
const FILTERS: &[&str] = &["sed", "gsed", "awk", "gawk", "mawk", "nawk", "jq"];
/// Words in front of a command.
const PREFIXES: &[&str] = &[
    "sudo",
    "doas",
    "env",
    "exec",
    "command",
    "builtin",
    "nohup",
    "time",
    "nice",
    "caffeinate",
    "setsid",
    "if",
    "then",
    "else",
    "elif",
    "while",
    "until",
    "do",
    "!",
    "{",
];

/// The words of a simple command up to the current position.
#[derive(Debug, Default)]
pub(super) struct CommandWords {
    /// The name of the program without its folder; `None` until it is read.
    name: Option<String>,
    /// The word in front of the current one.
    previous: String,
    /// Number of words behind the name that are no options.
    operands: usize,
    /// The current word, if one has begun.
    current: Option<String>,
    /// Whether a prefix has come, whose options and their values come before the name.
    has_prefix: bool,
}

impl CommandWords {
    /// Begins a word, if none has.
    pub(super) fn open(&mut self) {
        self.current.get_or_insert_default();
    }

    /// Appends a character to the current word.
    pub(super) fn push(&mut self, char: char) {
        self.current.get_or_insert_default().push(char);
    }

    pub(super) fn end_word(&mut self) {
        let Some(word) = self.current.take() else { return };
        if self.name.is_some() {
            self.operands += usize::from(!word.starts_with('-'));
        } else if PREFIXES.contains(&&*word) {
            self.has_prefix = true;
        } else if !(is_assignment(&word) || self.has_prefix && (word.starts_with('-') || self.is_value(&word))) {
            self.name = Some(word.rsplit('/').next().unwrap_or_default().to_owned());
        }
        self.previous = word;
    }

    pub(super) fn end_command(&mut self) {
        *self = Self::default();
    }

    /// Takes something captured into the current word.
    ///
    /// # Errors
    ///
    /// It would become a program, or a part of one.
    pub(super) fn take_captured(&mut self) -> Result<(), CommandFault> {
        let word = self.current.get_or_insert_default();
        let Some(name) = &self.name else {
            let is_harmless = is_assignment(word) || is_redirection(word) || is_redirection(&self.previous);
            return if is_harmless { Ok(()) } else { Err(CommandFault::Name) };
        };
        let is_program = SHELLED.contains(&&**name)
            || INTERPRETERS.contains(&&**name) && PROGRAM_OPTIONS.contains(&&*self.previous)
            || FILTERS.contains(&&**name) && (self.operands == 0 || self.previous == "-e");
        if is_program { Err(CommandFault::Program(name.clone())) } else { Ok(()) }
    }

    /// Returns whether a word is the value of an option of a prefix, such as the user of `sudo -u`.
    fn is_value(&self, word: &str) -> bool {
        self.previous.len() == 2 && self.previous.starts_with('-') && !word.contains('/')
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|char| char == '_' || char.is_ascii_alphanumeric())
    })
}

fn is_redirection(word: &str) -> bool {
    word.trim_start_matches(|char: char| char.is_ascii_digit()).starts_with(['<', '>'])
}
