//! The user's line and text of clients and triggers: no line has parts of both.

use proptest::prelude::*;

use super::*;
use crate::core::request::Request;
use crate::core::rpc_error::ErrorCode;
use crate::types::RequestId;

const PROMPT: &[u8] = b"\x1b]133;A\x07$ \x1b]133;B\x07";

impl Bench {
    fn sends(&mut self, request_id: u64, text: &str, now: bool, timeout: u64) -> &mut Self {
        let text = text.to_owned();
        let send = Request::Send { enter: true, paste: false, secret: false, timeout, now, text, key: Vec::new() };
        self.input(Input::Request(RequestId(request_id), send, Requester::default()))
    }

    /// Returns the answer to a request: whether it is no error, or the code of the error.
    fn sent(&self, request_id: u64) -> Option<Result<(), ErrorCode>> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Answer(RequestId(to), reply) if *to == request_id => {
                Some(reply.as_ref().map(|_| ()).map_err(|error| error.code))
            }
            _ => None,
        })
    }
}

#[test]
fn text_waits_for_end_of_user_line() {
    for end in [&b"\r"[..], b"\x03", b"\x15"] {
        let mut bench = Bench::new(&[]);
        bench.shell(PROMPT).keys(b"echo half").sends(1, "echo other", false, 30).wait(5000);
        assert_eq!((bench.typed.as_slice(), bench.sent(1)), (&b"echo half"[..], None));
        bench.keys(end);
        assert_eq!(bench.typed, [b"echo half", end, b"echo other\r"].concat());
        assert_eq!(bench.sent(1), Some(Ok(())));
        assert_eq!(bench.core.deadline(), None);
    }
}

#[test]
fn text_that_waits_too_long_is_refused() {
    let mut bench = Bench::new(&[]);
    bench.shell(PROMPT).keys(b"echo half").sends(1, "echo other", false, 3).wait(2999);
    assert_eq!(bench.sent(1), None);
    bench.wait(1);
    assert_eq!(bench.sent(1), Some(Err(ErrorCode::Late)));
    bench.keys(b"\r");
    assert_eq!(bench.typed, b"echo half\r");
}

#[test]
fn text_is_typed_at_once_on_request() {
    let mut bench = Bench::new(&[]);
    bench.shell(PROMPT).keys(b"half").sends(1, "other", true, 30);
    assert_eq!((bench.typed.as_slice(), bench.sent(1)), (&b"halfother\r"[..], Some(Ok(()))));
}

#[test]
fn texts_are_typed_in_order_each_behind_the_end_of_a_line() {
    let mut bench = Bench::new(&[]);
    bench.shell(PROMPT).keys(b"u").sends(1, "one", false, 30).sends(2, "two", false, 30);
    bench.pty_is_full = true;
    bench.keys(b"\r");
    bench.keys(b"v");
    bench.pty_is_full = false;
    bench.drain();
    assert_eq!(bench.typed, b"u\rv", "a key that was typed meanwhile opens the next line");
    bench.keys(b"\r");
    assert_eq!(bench.typed, b"u\rv\rone\rtwo\r");
}

#[test]
fn waiting_text_ends_with_client_and_with_shell() {
    let mut bench = Bench::new(&[]);
    bench.shell(PROMPT).keys(b"u").sends(1, "one", false, 30).sends(2, "two", false, 30);
    bench.input(Input::Cancel(RequestId(1))).input(Input::Exited(Child::Shell, ExitStatus::Code(0)));
    bench.input(Input::Closed(Source::Pty)).wait(100);
    assert_eq!((bench.typed.as_slice(), bench.sent(1), bench.sent(2)), (&b"u"[..], None, Some(Err(ErrorCode::Ended))));
}

#[test]
fn waiting_texts_are_bounded() {
    let mut bench = Bench::new(&[]);
    bench.shell(PROMPT).keys(b"u");
    for request in 0..10 {
        bench.sends(request, &"x".repeat(10_000), false, 30);
    }
    let refused = (0..10).filter(|request| bench.sent(*request) == Some(Err(ErrorCode::Full))).count();
    assert_eq!(refused, 2);
}

/// `less` reads `q` without Enter; what the shell has read itself stands at its prompt.
#[test]
fn keys_that_program_has_read_close_line_at_next_prompt() {
    for (echo, typed) in [(&b""[..], &b"more\rqecho\r"[..]), (b"q", b"more\rq")] {
        let mut bench = Bench::new(&[]);
        bench.shell(PROMPT).keys(b"more\r").shell(b"more\r\n\x1b]133;C\x07text\r\n").keys(b"q");
        bench.sends(1, "echo", false, 30).wait(1000);
        bench.shell(b"\x1b]133;D;0\x07").shell(PROMPT).shell(echo).wait(1000);
        assert_eq!(bench.typed, typed);
        // A key at the prompt is the user's.
        let mut bench = Bench::new(&[]);
        bench.shell(PROMPT).keys(b"more\r").shell(b"more\r\n\x1b]133;C\x07text\r\n").keys(b"q");
        bench.shell(b"\x1b]133;D;0\x07").shell(PROMPT).keys(b"u").sends(1, "echo", false, 30).wait(1000);
        assert_eq!(bench.typed, b"more\rqu");
    }
}

#[test]
fn answer_of_trigger_to_later_prompt_does_not_wait() {
    let argv = ["-t", "continue\\?", "--send", "y\\r", "-t", "^waiting$", "--send", "go\\r"];
    let mut bench = Bench::new(&argv);
    bench.shell(PROMPT).keys(b"install\r").shell(b"install\r\n\x1b]133;C\x07").keys(b"ls");
    bench.shell(b"ls\r\ncontinue?").wait(600);
    assert_eq!(bench.typed, b"install\rlsy\r");
    // A line of a background job is no prompt.
    let mut bench = Bench::new(&argv);
    bench.shell(PROMPT).keys(b"half").shell(b"half").shell(b"\r\nwaiting\r\n").wait(600);
    assert_eq!(bench.typed, b"half");
    bench.keys(b"\r");
    assert_eq!(bench.typed, b"half\rgo\r");
}

#[test]
fn text_of_trigger_that_waits_too_long_is_told() {
    let mut bench = Bench::new(&["-t", "^waiting$", "--send", "go\\r"]);
    bench.shell(PROMPT).keys(b"half").shell(b"\r\nwaiting\r\n").wait(30_100);
    assert_eq!(bench.typed, b"half");
    assert!(
        bench.lines().iter().any(|line| line.contains("typed nothing: the user was typing")),
        "{:?}",
        bench.lines()
    );
}

/// A step of a session with a shell that marks its prompts.
#[derive(Clone, Copy, Debug)]
enum Step {
    Key,
    Enter,
    Paste,
    Client,
    /// The shell reads what was typed, or the command ends.
    Shell,
    /// The pty takes nothing, or everything again.
    Pty,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    use Step::{Client, Enter, Key, Paste, Pty, Shell, Wait};
    prop::sample::select(vec![Key, Key, Enter, Enter, Paste, Client, Client, Shell, Shell, Shell, Pty, Wait])
}

/// A shell with a line editor, which marks its prompts.
#[derive(Debug, Default)]
struct EditingShell {
    /// Number of typed bytes that it has read as whole lines.
    read: usize,
    /// Number of bytes of the current line that it has shown.
    echoed: usize,
    /// Whether a command runs.
    runs: bool,
}

impl EditingShell {
    /// Ends the command that runs, or reads a line and runs it. Returns whether there was one.
    fn step(&mut self, bench: &mut Bench) -> bool {
        if std::mem::take(&mut self.runs) {
            bench.shell(b"\x1b]133;D;0\x07").shell(PROMPT);
            return true;
        }
        let Some(end) = bench.typed[self.read..].iter().position(|byte| *byte == b'\r') else { return false };
        *self = Self { read: self.read + end + 1, echoed: 0, runs: end > 0 };
        bench.shell(b"\r\n").shell(if self.runs { b"\x1b]133;C\x07" } else { PROMPT });
        true
    }

    /// Shows what it has read of a line.
    fn echo(&mut self, bench: &mut Bench) {
        let line = bench.typed[self.read..].iter().take_while(|byte| **byte != b'\r').skip(self.echoed);
        let new: Vec<u8> = line.map(|byte| if *byte == 0x1b { b'^' } else { *byte }).collect();
        if !self.runs && !new.is_empty() {
            self.echoed += new.len();
            bench.shell(&new);
        }
    }
}

proptest! {
    #[test]
    fn no_line_has_parts_of_user_and_client(steps in prop::collection::vec(step(), 0..60)) {
        let (mut bench, mut shell, mut requests) = (Bench::new(&[]), EditingShell::default(), 0);
        bench.shell(PROMPT);
        for step in steps {
            match step {
                Step::Key => {
                    bench.keys(b"u");
                }
                Step::Enter => {
                    bench.keys(b"\r");
                }
                Step::Paste => {
                    bench.keys(b"\x1b[200~uu\x1b[201~");
                }
                Step::Client => {
                    requests += 1;
                    bench.sends(requests, "c", false, 3600);
                }
                Step::Shell => {
                    shell.step(&mut bench);
                }
                Step::Pty => {
                    bench.pty_is_full = !bench.pty_is_full;
                    bench.drain();
                }
                Step::Wait => {
                    // A shell at its prompt reads what there is.
                    while !shell.runs && shell.step(&mut bench) {}
                    shell.echo(&mut bench);
                    bench.wait(600);
                }
            }
            shell.echo(&mut bench);
        }
        bench.pty_is_full = false;
        bench.drain();
        bench.keys(b"\r").wait(100);
        for line in bench.typed.split(|byte| *byte == b'\r') {
            prop_assert!(!(line.contains(&b'u') && line.contains(&b'c')), "{:?}", line.escape_ascii().to_string());
        }
        let texts = bench.typed.iter().filter(|byte| **byte == b'c').count();
        prop_assert!(texts as u64 == requests, "every text is typed");
    }
}
