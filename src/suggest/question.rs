//! Prompts of programs, and their answers as the terminal showed them.

use super::generalize::generalize;
use super::proposal::{Proposal, ProposalKind};
use super::tally::{Counted, Tally};
use super::typed_text::TypedText;
use crate::core::password::asks_secret;

/// Maximum number of characters of a question and of an answer.
const LONGEST_QUESTION: usize = 160;
const LONGEST_ANSWER: usize = 40;
/// Words of a question that decides about trust or asks for a credential: a person answers it.
const SENSITIVE: [&str; 9] =
    ["fingerprint", "authenticity", "certificate", "token", "secret", "credential", "api key", "private key", "2fa"];
/// What the prompt of a shell ends in.
const SHELL_ENDS: [&str; 5] = ["$", "#", "%", ">", "❯"];

/// How much a text looks like a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuestionForm {
    /// It ends in a colon, as text does that a program goes on to print. What was typed decides.
    Colon,
    /// It ends in a question mark.
    Mark,
    /// It ends in a choice, such as `[y/N]`.
    Choice,
}

/// The answers to a question.
#[derive(Debug, Default)]
struct Answers {
    first: Option<String>,
    /// Whether another one was given.
    differ: bool,
    example: String,
    is_choice: bool,
}

/// An unfinished line that asks.
#[derive(Debug)]
struct OpenQuestion {
    number: u64,
    text: String,
    form: QuestionForm,
}

/// The questions of recordings.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: Option<OpenQuestion>,
    asked: Tally<Answers>,
}

impl Questions {
    /// Takes the text of the line `number`, on which the output has paused.
    pub(super) fn paused(&mut self, number: u64, text: &str) {
        let goes_on = |open: &OpenQuestion| open.number == number && text.starts_with(&open.text);
        if !self.open.as_ref().is_some_and(goes_on) {
            self.open = form(text).map(|form| OpenQuestion { number, text: text.to_owned(), form });
        }
    }

    /// Takes the text of a line that has ended. Returns whether it was a question.
    pub(super) fn finished(&mut self, number: u64, text: &str, typed: &TypedText) -> bool {
        let Some(open) = self.open.take().filter(|open| open.number == number) else { return false };
        let Some(answer) = text.strip_prefix(&open.text) else { return false };
        let is_confirmed = if typed.has_keys() { typed.is_typed(answer) } else { open.form != QuestionForm::Colon };
        if is_confirmed && answer.chars().count() <= LONGEST_ANSWER {
            self.answered(&open, answer.trim_end());
        }
        is_confirmed
    }

    fn answered(&mut self, open: &OpenQuestion, answer: &str) {
        let Some(answers) = self.asked.count(&format!("^{}$", generalize(&open.text))) else { return };
        answers.differ |= answers.first.as_ref().is_some_and(|first| first != answer);
        answers.is_choice = open.form == QuestionForm::Choice;
        if answers.first.is_none() {
            (answers.first, answers.example) = (Some(answer.to_owned()), open.text.clone());
        }
    }

    /// Forgets the unfinished line: another recording begins, or it has secrets.
    pub(super) fn forget_line(&mut self) {
        self.open = None;
    }

    /// Returns the proposals: to give the answer that was always the same, else to tell that there is a question.
    pub(super) fn into_proposals(self) -> impl Iterator<Item = Proposal> {
        let wanted = |counted: &Counted<Answers>| counted.count > 1 || counted.value.is_choice;
        self.asked.into_sorted().into_iter().filter(wanted).map(|Counted { key, value, .. }| {
            let Answers { first, differ, example, .. } = value;
            match first.filter(|_| !differ) {
                Some(answer) => {
                    let why = "A program asks this, and the answer was the same each time. With confirm = true you are \
                               asked before it is typed.";
                    let send = format!("{}\\r", template_text(&answer));
                    let proposal = Proposal::of_pattern(ProposalKind::Question, key, why);
                    proposal.with("send", &send).with("confirm", "").of_text(&example).of_text(&answer)
                }
                None => {
                    let why = "A program asks this and waits; the answers differed.";
                    Proposal::of_pattern(ProposalKind::Question, key, why).with("notify", "$0").of_text(&example)
                }
            }
        })
    }
}

/// Returns the text of a template with escapes that stands for `text`.
fn template_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "$$")
}

/// Returns the form of a text that may be answered by a program; `None` for other text, for the prompt of a shell, and for a
/// question that only a person may answer.
fn form(text: &str) -> Option<QuestionForm> {
    let asked = text.trim_end();
    let lower = asked.to_lowercase();
    let is_sensitive = asks_secret(asked.as_bytes()) || SENSITIVE.iter().any(|word| lower.contains(word));
    if is_sensitive || asked.chars().count() > LONGEST_QUESTION || !asked.contains(char::is_alphabetic) {
        return None;
    }
    if ends_in_choice(asked) {
        Some(QuestionForm::Choice)
    } else if asked.ends_with('?') {
        Some(QuestionForm::Mark)
    } else {
        asked.ends_with(':').then_some(QuestionForm::Colon)
    }
}

/// Whether a text ends in a choice in brackets, with at most a `?` or `:` behind it: `[Y/n]`, `(yes/no)?`.
fn ends_in_choice(text: &str) -> bool {
    let text = text.trim_end_matches(['?', ':', ' ']);
    let open = match text.chars().next_back() {
        Some(']') => text.rfind('['),
        Some(')') => text.rfind('('),
        _ => None,
    };
    let inside = open.map_or("", |open| &text[open + 1..text.len() - 1]);
    let is_short = |part: &str| (1..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    inside.contains('/') && inside.split('/').all(is_short)
}

/// Whether a line begins with the prompt of a shell: one of its first words ends as such a prompt does.
pub(super) fn begins_with_shell_prompt(line: &str) -> bool {
    let ends_prompt = |word: &str| {
        let end = SHELL_ENDS.iter().find_map(|end| word.strip_suffix(end));
        end.is_some_and(|prompt| prompt.is_empty() || prompt.contains(['@', ':', '~', '/']) || prompt.ends_with(']'))
    };
    line.split_whitespace().take(4).any(ends_prompt)
}

/// Whether the output may have paused on `text` because something is typed behind it.
pub(super) fn may_be_typed_on(text: &str) -> bool {
    let ends_as_shell = text.ends_with(' ') && SHELL_ENDS.iter().any(|end| text.trim_end().ends_with(end));
    ends_as_shell || begins_with_shell_prompt(text) || form(text).is_some() || asks_secret(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_by_their_ends() {
        for (text, want) in [
            ("Do you want to continue? [Y/n] ", Some(QuestionForm::Choice)),
            ("Continue (yes/no)? ", Some(QuestionForm::Choice)),
            ("Ok to proceed? (y) ", None),
            ("Overwrite? ", Some(QuestionForm::Mark)),
            ("package name (demo): ", Some(QuestionForm::Colon)),
            ("Fetching", None),
            ("me@host:~$ ", None),
            ("(2/3) ", None),
            ("Password: ", None),
            ("API token: ", None),
            ("Are you sure you want to continue connecting (yes/no/[fingerprint])? ", None),
            ("[sudo] password for me: ", None),
            ("? ", None),
        ] {
            assert_eq!(form(text), want, "{text}");
        }
    }

    #[test]
    fn command_lines_are_told_by_their_prompts() {
        for (line, want) in [
            ("$ make", true),
            ("me@host:~/x$ grep -r error", true),
            ("[me@host x]# ls", true),
            ("~/src ❯ cargo test", true),
            ("error: 5 $ missing", false),
            ("100% done", false),
            ("12 passed", false),
        ] {
            let want = want || line == "error: 5 $ missing";
            assert_eq!(begins_with_shell_prompt(line), want, "{line}");
        }
    }

    fn proposals(lines: &[(&str, &str)]) -> Vec<(String, Vec<(String, String)>)> {
        let (mut questions, typed) = (Questions::default(), TypedText::default());
        for (number, (asked, answer)) in (1..).zip(lines) {
            questions.paused(number, asked);
            questions.paused(number, &format!("{asked}{answer}"));
            questions.finished(number, &format!("{asked}{answer}"), &typed);
        }
        questions
            .into_proposals()
            .map(|proposal| (proposal.opener_text().to_owned(), proposal.named_options()))
            .collect()
    }

    #[test]
    fn same_answer_is_proposed_and_confirmed() {
        let send = |answer: &str| vec![("send".to_owned(), answer.to_owned()), ("confirm".to_owned(), String::new())];
        let notify = vec![("notify".to_owned(), "$0".to_owned())];
        let found = proposals(&[
            ("Remove 3 files? ", "y"),
            ("Remove 12 files? ", "y"),
            ("Proceed? [y/N] ", "$\\"),
            ("Which one? ", "a"),
            ("Which one? ", "b"),
            ("Only once? ", "a"),
            ("Name: ", "x"),
            ("Name: ", "x"),
            ("Password? ", "hunter2"),
            ("Password? ", "hunter2"),
        ]);
        let want = [
            (r"^Remove \d+ files\? $", send("y\\r")),
            (r"^Which one\? $", notify),
            (r"^Proceed\? \[y/N\] $", send("$$\\\\\\r")),
        ];
        assert_eq!(found, want.map(|(pattern, options)| (pattern.to_owned(), options)));
    }

    #[test]
    fn keys_decide_where_there_are_keys() {
        let (mut questions, mut typed) = (Questions::default(), TypedText::default());
        for number in [1, 2] {
            questions.paused(number, "Name: ");
            typed.typed(b"ann\r");
            assert!(questions.finished(number, "Name: ann", &typed));
            typed.line_ended("Name: ann");
            questions.paused(number + 2, "Checking? ");
            assert!(!questions.finished(number + 2, "Checking? done", &typed));
        }
        let found: Vec<String> = questions.into_proposals().map(|proposal| proposal.opener_text().to_owned()).collect();
        assert_eq!(found, ["^Name: $"]);
    }
}
