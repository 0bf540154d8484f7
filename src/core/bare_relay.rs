//! The relay that a session goes on with after a fault of coshell: bytes, window size, signals and the exit status, without
//! coprocess, triggers, menu and requests. It parses nothing, so that the bytes that the core panicked on cannot stop it.

use std::time::{Duration, Instant};

use super::background;
use super::event::{Cx, Effect, Input, Suspension};
use super::input::keyboard::EndOfInput;
use super::output::exit_without_output;
use super::output::terminal::OutputKind;
use super::rpc_error::{ErrorCode, RpcError};
use super::session::Session;
use super::write_buffer::WriteBuffer;
use crate::types::{Child, ExitStatus, SIGCONT, SIGHUP, SIGKILL, SIGTERM, Sink, Source, WriteError};

/// Number of waiting bytes for the pty from which the keyboard is not read.
const KEYS_LIMIT: usize = 64 * 1024;
/// Time from SIGTERM to SIGKILL for the coprocess.
const KILL_AFTER: Duration = Duration::from_secs(2);

/// Where the sentence about the fault can be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ReportPlace {
    /// On the terminal, at once: the output is not inside an escape sequence or a character.
    #[default]
    Now,
    /// On the terminal, behind the next line of output.
    AfterLine,
    /// On standard error, at the end of the session: the alternate screen is shown, or the output is not a terminal.
    AtEnd,
}

/// What the relay takes over from the core.
#[derive(Debug)]
pub(super) struct Takeover {
    pub(super) session: Session,
    /// Kind of standard input.
    pub(super) keyboard: OutputKind,
    /// Kind of standard output.
    pub(super) screen: OutputKind,
    /// Bytes for the terminal that are not written.
    pub(super) terminal: Vec<u8>,
    /// Bytes for the pty that are not written.
    pub(super) pty: Vec<u8>,
    /// Timer of redirected input that has ended.
    pub(super) end_of_input: Option<EndOfInput>,
    /// Bytes that turn off the terminal modes that are on.
    pub(super) restoring: Vec<u8>,
    pub(super) report: ReportPlace,
}

impl Takeover {
    /// Creates the takeover of a session in which no bytes wait.
    pub(super) fn empty(session: Session, keyboard: OutputKind, screen: OutputKind) -> Self {
        let report = if screen == OutputKind::Terminal { ReportPlace::Now } else { ReportPlace::AtEnd };
        Self {
            session,
            keyboard,
            screen,
            terminal: Vec::new(),
            pty: Vec::new(),
            end_of_input: None,
            restoring: Vec::new(),
            report,
        }
    }
}

/// A relay between the terminal and the pty.
#[derive(Debug)]
pub(super) struct BareRelay {
    session: Session,
    keyboard: OutputKind,
    screen: OutputKind,
    terminal: WriteBuffer,
    /// Whether the terminal has failed, so that output is dropped.
    terminal_failed: bool,
    pty: WriteBuffer,
    end_of_input: Option<EndOfInput>,
    /// Whether another program has the terminal.
    lent: bool,
    restoring: Vec<u8>,
    report: ReportPlace,
    /// The sentence about the fault, until it is shown.
    sentence: Option<String>,
    /// When the coprocess is killed.
    kill_coproc: Option<Instant>,
}

impl BareRelay {
    /// Takes over a session, and ends its coprocess. Effects that the core may have lost are repeated.
    pub(super) fn new(cx: &mut Cx<'_>, from: Takeover) -> Self {
        let (mut terminal, mut pty) = (WriteBuffer::new(0), WriteBuffer::new(KEYS_LIMIT));
        terminal.push(&from.terminal);
        pty.push(&from.pty);
        cx.push(Effect::ReportFault);
        cx.push(Effect::RefuseAll(refusal()));
        cx.push(Effect::CloseWrite(Sink::Coproc));
        cx.push(Effect::Signal(Child::Coproc, SIGTERM));
        for slot in 0..background::SLOTS {
            cx.push(Effect::CloseWrite(Sink::Job(slot as u8)));
        }
        if from.session.is_leaving() {
            cx.push(Effect::HangUp);
        }
        Self {
            session: from.session,
            keyboard: from.keyboard,
            screen: from.screen,
            terminal,
            terminal_failed: false,
            pty,
            end_of_input: from.end_of_input,
            lent: false,
            restoring: from.restoring,
            report: from.report,
            sentence: None,
            kill_coproc: Some(cx.now + KILL_AFTER),
        }
    }

    /// Handles one input, as [`Core::handle`](super::Core::handle) does.
    pub(super) fn handle(&mut self, cx: &mut Cx<'_>, input: Input<'_>) {
        match input {
            Input::Bytes(Source::Keyboard, bytes) => self.pty.push(bytes),
            Input::Bytes(Source::Pty, bytes) => {
                self.session.printed(cx.now, bytes.len());
                self.print(bytes);
            }
            Input::Closed(Source::Keyboard) if self.keyboard == OutputKind::Terminal => {
                self.leave(cx, ExitStatus::Signal(SIGHUP));
            }
            Input::Closed(Source::Keyboard) => self.end_of_input = Some(EndOfInput::new(cx.now)),
            Input::Closed(Source::Pty) => self.session.pty_closed(cx.now),
            Input::WriteClosed(Sink::Terminal, error) => self.terminal_failed(cx, error),
            Input::WriteClosed(Sink::Pty, _) => self.pty.clear(),
            Input::Exited(Child::Shell, exit) => self.session.exited(cx.now, exit),
            Input::Exited(Child::Lent, _) => self.lent = false,
            Input::Exited(Child::Coproc, _) => {
                self.kill_coproc = None;
                cx.push(Effect::ReleaseCoproc);
            }
            Input::Exited(Child::Job(slot), _) => cx.push(Effect::ReleaseJob(slot)),
            Input::CoprocStarted(_) => cx.push(Effect::Signal(Child::Coproc, SIGTERM)),
            Input::EndOfFile(byte) => self.pty.push(&[byte]),
            Input::Resized(size) => cx.push(Effect::Resize(size)),
            Input::Terminate(signal) => self.leave(cx, ExitStatus::Signal(signal)),
            // A session whose terminal is lent stops with the program that has it.
            Input::Suspend if self.lent => {}
            Input::Suspend => cx.push(Effect::Suspend(Suspension::Coshell)),
            Input::ShellStopped => {
                if !self.lent {
                    cx.push(Effect::Suspend(Suspension::Shell));
                }
                cx.push(Effect::Signal(Child::Shell, SIGCONT));
            }
            Input::Request(request_id, ..) => cx.refuse(request_id, refusal()),
            Input::FaultReported { sentence, lent } => {
                self.lent = lent;
                self.sentence = Some(sentence);
                if self.report == ReportPlace::Now {
                    self.show_report();
                }
            }
            // Inputs for machines that the relay does not have.
            Input::Bytes(..)
            | Input::Empty(_)
            | Input::Closed(_)
            | Input::WriteClosed(..)
            | Input::CoprocStartFailed(_)
            | Input::LendFailed(_)
            | Input::JobStartFailed(..)
            | Input::Unread(_)
            | Input::PtyState(_)
            | Input::Interrupted(..)
            | Input::Resumed
            | Input::Recent(_)
            | Input::Cancel(_)
            // The recording ended with the core.
            | Input::RecordingOpened(_)
            | Input::RecordingClosed(_)
            | Input::Deadline => {}
        }
        self.tick(cx);
        self.settle(cx);
    }

    /// Queues output, and the sentence about the fault behind its first line feed where the sentence waits for one.
    fn print(&mut self, bytes: &[u8]) {
        if self.terminal_failed {
            return;
        }
        let waits = self.report == ReportPlace::AfterLine && self.sentence.is_some();
        let end = memchr::memchr(b'\n', bytes).filter(|_| waits).map_or(0, |at| at + 1);
        self.terminal.push(&bytes[..end]);
        if end > 0 {
            self.show_report();
        }
        self.terminal.push(&bytes[end..]);
    }

    fn show_report(&mut self) {
        if let Some(sentence) = self.sentence.take() {
            self.terminal.push(format!("\r\n{sentence}\r\n").as_bytes());
        }
    }

    fn terminal_failed(&mut self, cx: &mut Cx<'_>, error: WriteError) {
        self.terminal_failed = true;
        self.terminal.clear();
        let exit = exit_without_output(cx, self.screen, error);
        self.leave(cx, exit);
    }

    fn leave(&mut self, cx: &mut Cx<'_>, exit: ExitStatus) {
        if self.session.leave(cx.now, exit) {
            cx.push(Effect::HangUp);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.session.tick(cx.now);
        let pty_reads = self.pty.is_empty() && !self.session.shell_is_gone();
        if self.end_of_input.as_mut().is_some_and(|end| end.take_due(cx.now)) && pty_reads {
            cx.push(Effect::EndInput);
        }
        if self.kill_coproc.take_if(|at| cx.now >= *at).is_some() {
            cx.push(Effect::Signal(Child::Coproc, SIGKILL));
        }
    }

    fn settle(&mut self, cx: &mut Cx<'_>) {
        if self.session.shell_is_gone() {
            self.session.update_quiet(cx.now, self.wants_read(Source::Pty));
        }
        if !self.session.is_over() {
            return;
        }
        self.pty.clear();
        if self.session.terminal_deadline().is_some_and(|at| cx.now >= at) {
            self.terminal.clear();
        }
        if self.terminal.is_empty() {
            // A shell that has ended by itself has left the modes as it wants them, and which are on is not known any more.
            if !self.session.is_leaving() {
                self.restoring.clear();
            }
            self.sentence.take().into_iter().for_each(|sentence| cx.push(Effect::Warn(sentence)));
            cx.push(Effect::Finish(self.session.exit()));
        }
    }

    /// Removes the first `n` pending bytes, which were written to `sink`.
    pub(super) fn wrote(&mut self, cx: &mut Cx<'_>, sink: Sink, n: usize) {
        match sink {
            Sink::Terminal => self.terminal.wrote(n),
            Sink::Pty => self.pty.wrote(n),
            Sink::Coproc | Sink::Job(_) | Sink::Recording => {}
        }
        self.settle(cx);
    }

    /// Returns the bytes to write to `sink`.
    pub(super) fn pending(&self, sink: Sink) -> &[u8] {
        match sink {
            Sink::Terminal if !self.lent => self.terminal.pending(),
            Sink::Pty => self.pty.pending(),
            Sink::Terminal | Sink::Coproc | Sink::Job(_) | Sink::Recording => &[],
        }
    }

    /// Whether this source should be read.
    pub(super) fn wants_read(&self, source: Source) -> bool {
        match source {
            Source::Keyboard => self.pty.room() > 0 && !self.lent,
            Source::Pty => self.terminal.is_empty() && !self.session.is_over(),
            // Read and dropped, so that the process does not block.
            Source::Coproc | Source::CoprocErr | Source::Job(_) => true,
        }
    }

    /// Returns when `Input::Deadline` is due, if ever.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let terminal = self.session.terminal_deadline().filter(|_| self.session.is_over() && !self.terminal.is_empty());
        let input = self.end_of_input.as_ref().map(EndOfInput::at);
        [self.session.deadline(), terminal, input, self.kill_coproc].into_iter().flatten().min()
    }

    /// Returns the bytes that turn off the terminal modes that were on at the fault, for the crash handler.
    pub(super) fn restoring(&self) -> Vec<u8> {
        self.restoring.clone()
    }
}

fn refusal() -> RpcError {
    let sentence = "a fault in coshell ended coprocesses, triggers and requests in this session; its shell goes on; start a \
                    new session to have them";
    RpcError::new(ErrorCode::Failed, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{RequestId, Size};

    struct Bench {
        relay: BareRelay,
        effects: Vec<Effect>,
        now: Instant,
    }

    impl Bench {
        fn new(change: impl FnOnce(&mut Takeover)) -> Self {
            let now = Instant::now();
            let session = Session::new(now, Duration::ZERO);
            let mut takeover = Takeover::empty(session, OutputKind::Terminal, OutputKind::Terminal);
            change(&mut takeover);
            let mut effects = Vec::new();
            let relay = BareRelay::new(&mut Cx { now, effects: &mut effects }, takeover);
            Self { relay, effects, now }
        }

        fn handle(&mut self, input: Input<'_>) -> &mut Self {
            self.relay.handle(&mut Cx { now: self.now, effects: &mut self.effects }, input);
            self
        }

        /// Writes everything that is pending for `sink`, and returns it.
        fn written(&mut self, sink: Sink) -> String {
            let bytes = self.relay.pending(sink).to_vec();
            self.relay.wrote(&mut Cx { now: self.now, effects: &mut self.effects }, sink, bytes.len());
            String::from_utf8_lossy(&bytes).into_owned()
        }

        fn report(&mut self) -> &mut Self {
            self.handle(Input::FaultReported { sentence: "REPORT".to_owned(), lent: false })
        }

        fn finished(&self) -> Option<ExitStatus> {
            self.effects.iter().find_map(|effect| match effect {
                Effect::Finish(exit) => Some(*exit),
                _ => None,
            })
        }
    }

    #[test]
    fn bytes_in_transit_precede_new_ones() {
        let mut bench = Bench::new(|from| {
            from.terminal = b"shown ".to_vec();
            from.pty = b"typed ".to_vec();
        });
        assert!(!bench.relay.wants_read(Source::Pty), "the terminal has not taken the queue");
        bench.handle(Input::Bytes(Source::Keyboard, b"more\x1d"));
        assert_eq!(bench.written(Sink::Pty), "typed more\x1d");
        assert_eq!(bench.written(Sink::Terminal), "shown ");
        assert!(bench.relay.wants_read(Source::Pty));
        bench.handle(Input::Bytes(Source::Pty, b"output\xff"));
        assert_eq!(bench.written(Sink::Terminal), "output\u{fffd}");
    }

    #[test]
    fn report_is_shown_where_it_splits_no_sequence() {
        let cases = [
            (ReportPlace::Now, "\r\nREPORT\r\n\x1b[1mone\r\ntwo"),
            (ReportPlace::AfterLine, "\x1b[1mone\r\n\r\nREPORT\r\ntwo"),
            (ReportPlace::AtEnd, "\x1b[1mone\r\ntwo"),
        ];
        for (place, shown) in cases {
            for cut in 0..=12 {
                let mut bench = Bench::new(|from| from.report = place);
                bench.report();
                let (first, second) = b"\x1b[1mone\r\ntwo".split_at(cut);
                bench.handle(Input::Bytes(Source::Pty, first)).handle(Input::Bytes(Source::Pty, second));
                assert_eq!(bench.written(Sink::Terminal), shown, "{place:?}, cut at {cut}");
                bench.handle(Input::Closed(Source::Pty)).handle(Input::Exited(Child::Shell, ExitStatus::Code(3)));
                assert_eq!(bench.finished(), Some(ExitStatus::Code(3)));
                let warned = bench.effects.contains(&Effect::Warn("REPORT".to_owned()));
                assert_eq!(warned, place == ReportPlace::AtEnd, "{place:?}");
            }
        }
    }

    #[test]
    fn unshown_report_is_printed_at_end() {
        let mut bench = Bench::new(|from| from.report = ReportPlace::AfterLine);
        bench.report().handle(Input::Closed(Source::Pty)).handle(Input::Exited(Child::Shell, ExitStatus::Code(0)));
        assert!(bench.effects.contains(&Effect::Warn("REPORT".to_owned())));
    }

    #[test]
    fn coprocess_is_terminated_and_then_killed() {
        let mut bench = Bench::new(|_| {});
        assert!(bench.effects.contains(&Effect::Signal(Child::Coproc, SIGTERM)));
        bench.now = bench.relay.deadline().expect("the coprocess may not end");
        bench.handle(Input::Deadline);
        assert!(bench.effects.contains(&Effect::Signal(Child::Coproc, SIGKILL)));
        assert_eq!(bench.relay.deadline(), None);
        bench.handle(Input::Exited(Child::Coproc, ExitStatus::Signal(SIGKILL)));
        assert!(bench.effects.contains(&Effect::ReleaseCoproc));
    }

    #[test]
    fn size_signals_and_requests_are_handled() {
        let mut bench = Bench::new(|_| {});
        bench.effects.clear();
        bench.handle(Input::Resized(Size::default())).handle(Input::Suspend).handle(Input::Terminate(15));
        let expected = [Effect::Resize(Size::default()), Effect::Suspend(Suspension::Coshell), Effect::HangUp];
        assert_eq!(bench.effects, expected);
        bench.handle(Input::Request(
            RequestId(4),
            crate::core::request::Request::Status {},
            crate::core::access::Requester::default(),
        ));
        assert!(matches!(bench.effects.last(), Some(Effect::Answer(RequestId(4), Err(_)))));
        // The hang-up that follows has a time limit, also where the terminal does not read.
        bench.handle(Input::Bytes(Source::Pty, b"unread"));
        while bench.finished().is_none() {
            bench.now = bench.relay.deadline().expect("the session ends");
            bench.handle(Input::Deadline);
        }
        assert_eq!(bench.finished(), Some(ExitStatus::Signal(15)));
    }

    #[test]
    fn lent_terminal_is_left_to_its_program() {
        let mut bench = Bench::new(|from| {
            from.terminal = b"later".to_vec();
            from.report = ReportPlace::AtEnd;
        });
        bench.handle(Input::FaultReported { sentence: "REPORT".to_owned(), lent: true });
        assert!(!bench.relay.wants_read(Source::Keyboard));
        assert_eq!(bench.written(Sink::Terminal), "");
        bench.handle(Input::Exited(Child::Lent, ExitStatus::Code(0)));
        assert!(bench.relay.wants_read(Source::Keyboard));
        assert_eq!(bench.written(Sink::Terminal), "later");
    }

    #[test]
    fn end_of_redirected_input_is_typed_until_shell_ends() {
        let mut bench = Bench::new(|from| from.keyboard = OutputKind::Pipe);
        bench.effects.clear();
        bench.handle(Input::Closed(Source::Keyboard));
        assert!(bench.effects.contains(&Effect::EndInput));
        bench.handle(Input::EndOfFile(4));
        assert_eq!(bench.written(Sink::Pty), "\x04");
        assert!(bench.relay.deadline().is_some(), "the character is typed again");
    }
}
