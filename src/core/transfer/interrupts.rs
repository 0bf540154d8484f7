//! The Ctrl-C typed to a shell that got data, and its answers.
//!
//! One answer proves little. A prompt may be older than the Ctrl-C, since a shell runs each line of data; a line editor may
//! quote the Ctrl-C, or answer it and go on with data that it has read ahead. So the line is taken to be empty where two
//! Ctrl-C in a row bring the same text: data between them would be in the second.

use std::time::Duration;

use memchr::memmem;

/// What is typed. fish answers Ctrl-C only on a line that has text, and the blank is that text, unless the line discipline
/// drops it because Ctrl-C raises the signal.
pub(in crate::core) const INTERRUPT: &[u8] = b" \x03";
/// What is typed between two of them that were silent, so that it is read before the next one. Where the line discipline
/// dropped the input between fish's select(2) and its read(2) of one byte, fish waits in that read, which each signal merely
/// restarts (`read_blocked` of fish 3), until a byte comes.
pub(in crate::core) const BLANK: &[u8] = b" ";
/// Time without bytes before the first Ctrl-C: one that meets the raw mode of a receiver is lost.
const SETTLED: Duration = Duration::from_millis(150);
/// Maximum time to wait for that.
const PATIENCE: Duration = Duration::from_secs(2);
/// Maximum number of Ctrl-C with an answer.
const MOST_ANSWERED: u8 = 6;
/// Maximum number of Ctrl-C behind which there is text without the end of a line, at least a minute: the echo of data that the
/// shell still reads. Ctrl-C typed over a link wait behind that data.
const MOST_ECHOED: u8 = 50;
/// Maximum number of Ctrl-C without any byte behind them, 25 s. bash needs seconds for a command that data is to its line
/// editor: spell-correct-word takes time quadratic in the length of the line. All Ctrl-C meanwhile are one.
const MOST_SILENT: u8 = 12;
/// The same behind an answer with a prompt, 2 s: fish is silent on an empty line.
const MOST_SILENT_AT_PROMPT: u8 = 3;
/// Maximum time without bytes behind a Ctrl-C that is not answered, and behind an answer that is not repeated.
const MOST_SILENCE: Duration = Duration::from_millis(2400);
const MOST_QUIET: Duration = Duration::from_millis(1200);
/// Maximum time from a Ctrl-C to the next, while there are bytes: a link delivers the data that is ahead of it first.
const MOST_PATIENCE: Duration = Duration::from_secs(16);
/// Maximum length of the answer at an empty prompt, in bytes.
const LONGEST: usize = 4096;

/// The Ctrl-C that were typed.
#[derive(Debug, Default)]
pub(super) struct Interrupts {
    is_typed: bool,
    /// Number of those that are known to have brought an answer, the echo of data, and nothing.
    answered: u8,
    echoed: u8,
    silent: u8,
    /// Number of those since the last answer that have brought nothing.
    silent_in_row: u8,
    /// Whether a blank was typed behind the last Ctrl-C.
    blank: bool,
    /// Whether as many were typed as are, without two answers that are the same.
    have_failed: bool,
    /// What the far side printed before the last Ctrl-C, without those that brought nothing.
    last: Vec<u8>,
}

impl Interrupts {
    /// Returns whether one is known to have brought something.
    pub(super) fn are_answered(&self) -> bool {
        self.brought() > 0
    }

    /// Returns the number of those that are known to have brought something.
    fn brought(&self) -> u8 {
        self.answered + self.echoed
    }

    /// Returns whether the last two have brought nothing.
    pub(super) fn are_silent(&self) -> bool {
        self.silent_in_row > 1
    }

    /// Returns whether no further one is typed although the line may not be empty.
    pub(super) fn have_failed(&self) -> bool {
        self.have_failed
    }

    /// Takes what the far side has printed since the last keys. Returns the keys to type next, if any.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Option<&'static [u8]> {
        // The echo of the blank is no answer.
        if std::mem::take(&mut self.blank) {
            return Some(INTERRUPT);
        }
        if self.is_repeated(bytes) {
            return None;
        }
        let count = match bytes {
            [] => &mut self.silent,
            bytes if is_echo(bytes) => &mut self.echoed,
            _ => &mut self.answered,
        };
        *count += u8::from(self.is_typed);
        if bytes.is_empty() {
            self.silent_in_row += 1;
        } else {
            (self.last, self.silent_in_row) = (bytes.to_vec(), 0);
        }
        self.is_typed = true;
        let is_empty_line = self.silent_in_row >= MOST_SILENT_AT_PROMPT && self.answered > 0 && has_prompt(&self.last);
        let is_limit = self.answered >= MOST_ANSWERED || self.echoed >= MOST_ECHOED || self.silent >= MOST_SILENT;
        self.have_failed = !is_empty_line && is_limit;
        if is_empty_line || self.have_failed {
            return None;
        }
        self.blank = self.are_silent();
        Some(if self.blank { BLANK } else { INTERRUPT })
    }

    /// Returns whether the last Ctrl-C has brought the same text as the one before it.
    fn is_repeated(&self, bytes: &[u8]) -> bool {
        if self.blank || self.answered == 0 || is_echo(bytes) || bytes.len() > LONGEST || self.last.len() > LONGEST {
            return false;
        }
        let text = visible(bytes);
        // The echo may come alone: bash sees an interrupt just before it waits for a key only with that key.
        text.iter().any(|byte| !b"^C".contains(byte)) && text == visible(&self.last)
    }

    /// Returns the time without bytes, and the time since the last Ctrl-C, after which `next` is due.
    pub(super) fn patience(&self, bytes: &[u8]) -> (Duration, Duration) {
        if !self.is_typed || self.blank || self.is_repeated(bytes) {
            return (SETTLED, PATIENCE);
        }
        let doubled = 2_u32.pow(self.brought().min(MOST_ANSWERED).into());
        let quiet = match bytes {
            [] => (SETTLED * 2_u32.pow(1 + u32::from(self.silent))).min(MOST_SILENCE),
            _ => (SETTLED * doubled).min(MOST_QUIET),
        };
        (quiet, (PATIENCE * doubled).max(MOST_SILENCE).min(MOST_PATIENCE))
    }

    /// Returns the last bytes that were printed, where these are those since the last Ctrl-C.
    pub(super) fn last_printed<'a>(&'a self, bytes: &'a [u8]) -> &'a [u8] {
        if bytes.is_empty() { &self.last } else { bytes }
    }
}

/// Returns whether these bytes echo data: every shell ends the line that a Ctrl-C abandons.
fn is_echo(bytes: &[u8]) -> bool {
    !bytes.contains(&b'\n') && !visible(bytes).is_empty()
}

/// Returns whether text follows the echo of Ctrl-C on a line of its own.
fn has_prompt(bytes: &[u8]) -> bool {
    let behind = memmem::rfind(bytes, b"^C").map(|at| &bytes[at + 2..]);
    behind.is_some_and(|behind| memchr::memrchr(b'\n', behind).is_some_and(|at| !visible(&behind[at..]).is_empty()))
}

/// Returns the text without escape sequences, control characters and blanks, and without digits: a prompt may have a clock or
/// a counter.
fn visible(bytes: &[u8]) -> Vec<u8> {
    let (mut text, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some((&first, others)) = rest.split_first() {
        rest = others;
        match first {
            0x1b => rest = behind_escape(others),
            0..=b' ' | b'0'..=b'9' | 0x7f => {}
            _ => text.push(first),
        }
    }
    text
}

/// Returns what is behind the escape sequence whose ESC is in front of these bytes.
fn behind_escape(bytes: &[u8]) -> &[u8] {
    let len = match bytes {
        [b'[', rest @ ..] => rest.iter().position(|byte| matches!(byte, 0x40..=0x7e)).map(|at| at + 2),
        // A string ends in BEL or in another escape sequence, ST.
        [b']' | b'P' | b'^' | b'_', rest @ ..] => {
            rest.iter().position(|byte| matches!(byte, 0x07 | 0x1b)).map(|at| at + 1)
        }
        _ => bytes.iter().position(|byte| !matches!(byte, 0x20..=0x2f)).map(|at| at + 1),
    };
    &bytes[len.unwrap_or(bytes.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &[u8] = b"qwertz";
    /// Answers of shells at an empty prompt, as they were seen.
    const BASH: &[u8] = b"^C\x1b[?2004l\r\x1b[?2004h\x1b[?2004l\r\r\n\x1b[?2004hready> ";
    const DASH: &[u8] = b"^C\r\n$ ";
    const ZSH: &[u8] = b"\x1b[?2004l\r\r\n\x1b[1m\x1b[7m#\x1b[27m\x1b[1m\x1b[0m  \r \r\r\x1b[0m\x1b[27m\x1b[24m\x1b[Jready> \x1b[K\x1b[?2004h";
    const FISH: &[u8] =
        b"\x1b[7m^C\x1b[30m\x1b(B\x1b[m\r\n\x1b[2m\xe2\x8f\x8e\x1b(B\x1b[m  \r\xe2\x8f\x8e \r\x1b[Kready> \x1b[K\r\x1b[7C";

    /// Returns the number of Ctrl-C typed to a far side that prints data before the first, these behind each, and the last
    /// of them behind every further one; and what is shown of it at the end.
    fn typed(answers: &[&[u8]]) -> (usize, Vec<u8>) {
        let (mut interrupts, mut count, mut bytes) = (Interrupts::default(), 0, DATA);
        while let Some(keys) = interrupts.next(bytes) {
            // The line editor draws the blank.
            bytes = b" ";
            if keys == INTERRUPT {
                bytes = answers[count.min(answers.len() - 1)];
                count += 1;
            }
        }
        (count, interrupts.last_printed(bytes).to_vec())
    }

    #[test]
    fn shell_is_interrupted_until_two_answers_are_the_same() {
        let echo: &[u8] = b"\x1b[A\x1b[Aqwertz\x07uiop";
        let older: &[u8] = b"bash: qwertz: command not found\r\n\x1b[?2004hready> ";
        let behind = [BASH, b"qwertz"].concat();
        let unseen: &[u8] = b"^C\x1b[?2004l\r\x1b[?2004h";
        let busy: [&[u8]; 11] = [b"", b"", b"", b"", b"", b"", b"", b"", b"", unseen, BASH];
        let table: &[(&str, &[&[u8]], usize)] = &[
            ("bash", &[BASH], 2),
            ("dash, no bracketed paste", &[DASH], 2),
            ("zsh, no echo", &[ZSH], 2),
            ("fish", &[FISH], 2),
            ("fish, blank dropped", &[FISH, b""], 4),
            ("echo first", &[echo, BASH], 3),
            ("prompt older than the Ctrl-C", &[older, BASH], 3),
            ("data behind the answer", &[&behind, BASH], 3),
            ("data behind both answers", &[&behind, BASH, b"uiop", BASH], 5),
            ("quoted Ctrl-C", &[b"^C", BASH], 3),
            ("two quoted Ctrl-C", &[b"^C", b"^C", BASH], 4),
            ("raw mode eats it", &[b"", BASH], 3),
            ("interrupt seen with the next key", &[unseen, unseen, BASH], 4),
            ("slow link", &[b"", b"", BASH], 4),
            ("busy line editor", &busy, 12),
            ("nothing but prompts of data", &[older, b"\x07", older, b"\x07", older, b"\x07"], 6),
            ("data that is read for long", &[b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i", BASH], 11),
            ("nothing but data", &[b"qwertz"], 50),
            ("nothing", &[b""], 12),
        ];
        for (what, answers, count) in table {
            let (typed, shown) = typed(answers);
            assert_eq!(typed, *count, "{what}");
            assert_eq!(shown, answers.iter().rfind(|answer| !answer.is_empty()).unwrap_or(&DATA).to_vec(), "{what}");
        }
    }

    /// In the raw mode of a killed receiver Ctrl-C is no signal: dash is silent, the line editor of zsh rings the bell.
    #[test]
    fn ctrl_c_that_are_no_signals_have_failed() {
        let table: [(&[&[u8]], bool); 5] =
            [(&[BASH], false), (&[FISH, b""], false), (&[b"", ZSH], false), (&[b""], true), (&[b"\x07"], true)];
        for (answers, have_failed) in table {
            let (mut interrupts, mut count) = (Interrupts::default(), 0);
            let mut bytes = DATA;
            while let Some(keys) = interrupts.next(bytes) {
                bytes = b"";
                if keys == INTERRUPT {
                    bytes = answers[count.min(answers.len() - 1)];
                    count += 1;
                }
            }
            assert_eq!(interrupts.have_failed(), have_failed, "{answers:?}");
        }
    }

    /// A blank wakes a fish whose input was dropped below it; a shell that answers at once gets none.
    #[test]
    fn blank_is_typed_alone_behind_two_silent_ctrl_c() {
        let typed = |answers: &[&[u8]]| {
            let mut interrupts = Interrupts::default();
            let keys = answers.iter().map_while(|answer| interrupts.next(answer));
            keys.collect::<Vec<_>>()
        };
        assert_eq!(typed(&[DATA, BASH, BASH, BASH]), [INTERRUPT, INTERRUPT]);
        assert_eq!(typed(&[DATA, b"", BASH, BASH]), [INTERRUPT, INTERRUPT, INTERRUPT]);
        let wakes: [&[u8]; 7] = [DATA, b"", b"", b"qwertz ", FISH, FISH, FISH];
        assert_eq!(typed(&wakes), [INTERRUPT, INTERRUPT, BLANK, INTERRUPT, INTERRUPT]);
        let stays: [&[u8]; 7] = [DATA, b"", b"", b"", b"", b"", b""];
        assert_eq!(typed(&stays), [INTERRUPT, INTERRUPT, BLANK, INTERRUPT, BLANK, INTERRUPT, BLANK]);
    }

    #[test]
    fn clock_in_prompt_is_no_difference() {
        assert_eq!(typed(&[b"^C\r\n\x1b[1m12:01:09 $ ", b"^C\r\n\x1b[1m12:01:10 $ "]).0, 2);
        assert_eq!(typed(&[b"^C\r\n$ a", b"^C\r\n$ b", b"^C\r\n$ "]).0, 4);
    }

    #[test]
    fn patience_grows_with_each_ctrl_c_and_ends_at_a_repeated_answer() {
        let mut interrupts = Interrupts::default();
        assert_eq!(interrupts.patience(b"x"), (SETTLED, PATIENCE));
        for n in 0..MOST_ANSWERED {
            assert_eq!(interrupts.next(&[b'a' + n]), Some(INTERRUPT));
            let (quiet, most) = interrupts.patience(b"x");
            assert_eq!(quiet, (SETTLED * 2_u32.pow(n.into())).min(MOST_QUIET));
            assert!(most > quiet && most <= MOST_PATIENCE);
        }
        let mut interrupts = Interrupts::default();
        let mut silence = Duration::ZERO;
        while interrupts.next(b"").is_some() {
            let (quiet, most) = interrupts.patience(b"");
            silence += quiet.min(most);
        }
        assert_eq!(silence, Duration::from_millis(25_350));
        let mut interrupts = Interrupts::default();
        [&b""[..], b"x", DASH].iter().for_each(|bytes| assert!(interrupts.next(bytes).is_some()));
        assert_eq!(interrupts.patience(DASH).0, SETTLED);
    }
}
