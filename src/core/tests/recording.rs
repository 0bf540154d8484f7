//! Recordings of a session, and their replays.

use super::*;
use crate::core::recorder::RecordOptions;
use crate::core::replay::{Assumed, Replay};
use crate::core::request::RecordRequest;
use crate::core::response::{RecordResponse, Response};
use crate::core::trigger::rehearsal::RehearsalEvent;
use crate::wire::asciicast::reader::AsciicastReader;
use crate::wire::recording::RecordedEvent;

const START: RequestId = RequestId(1);
const STOP: RequestId = RequestId(2);

impl Bench {
    fn record(&mut self, input: bool) -> &mut Self {
        let start = RecordRequest::Start { file: "/x.cast".to_owned(), input, force: false };
        self.input(Input::Request(START, Request::Record(start), Requester::default()));
        assert!(self.has(&Effect::OpenRecording { file: "/x.cast".to_owned(), replace: false }));
        self.input(Input::RecordingOpened(Ok(())))
    }

    /// Takes what is pending for the file.
    fn recorded(&mut self) -> Vec<u8> {
        let bytes = self.core.pending(Sink::Recording).to_vec();
        self.core.wrote(self.now, Sink::Recording, bytes.len(), &mut self.effects);
        bytes
    }

    /// Stops the recording and returns its events, without the header, with times in milliseconds.
    fn stop_recording(&mut self) -> Vec<(u128, RecordedEvent)> {
        self.stop_recording_behind(Vec::new())
    }

    /// Does the same where `file` has been taken before.
    fn stop_recording_behind(&mut self, mut file: Vec<u8>) -> Vec<(u128, RecordedEvent)> {
        self.input(Input::Request(STOP, Request::Record(RecordRequest::Stop {}), Requester::default()));
        assert!(self.has(&Effect::CloseRecording));
        file.extend(self.recorded());
        self.input(Input::RecordingClosed(Ok(())));
        events(&file)
    }

    fn response_to(&self, request: RequestId) -> Option<&Result<Response, RpcError>> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Answer(id, answer) if *id == request => Some(answer),
            _ => None,
        })
    }
}

fn events(file: &[u8]) -> Vec<(u128, RecordedEvent)> {
    let mut reader = AsciicastReader::default();
    reader.push(file);
    let next = || reader.next_event().expect("a recording is valid");
    std::iter::from_fn(next).skip(1).map(|timed| (timed.at.as_millis(), timed.event)).collect()
}

fn output(bytes: &[u8]) -> RecordedEvent {
    RecordedEvent::Output(bytes.to_vec())
}

fn marker(text: &str) -> RecordedEvent {
    RecordedEvent::Marker(text.to_owned())
}

#[test]
fn output_sizes_and_markers_are_recorded_with_times() {
    let mut bench = Bench::new(&["-t", "go", "--name", "n", "--send", "x"]);
    bench.shell(b"before\r\n").record(false).wait(100).shell(b"\x1b[1mgo\x1b[m\r\n");
    bench.wait(50).input(Input::Resized(Size { rows: 30, cols: 100, ..Size::default() })).notice("a sentence");
    bench.wait(50).keys(b"typed").shell(b"\xe6\xbc").shell(b"\xa2");
    assert_eq!(
        bench.stop_recording(),
        [
            (100, output(b"\x1b[1mgo\x1b[m\r\n")),
            (100, marker("coshell: trigger \"n\" fired")),
            (150, RecordedEvent::Resize { cols: 100, rows: 30 }),
            (200, output("漢".as_bytes())),
        ]
    );
    assert!(matches!(bench.response_to(STOP), Some(Ok(Response::Record(RecordResponse { recording: false, .. })))));
    assert!(bench.shell(b"later").recorded().is_empty(), "nothing is kept without a recording");
}

#[test]
fn recording_of_options_has_header_and_exit() {
    let mut settings = Bench::settings(&["--", "make", "all"]);
    settings.record = Some(RecordOptions { file: "/x.cast".to_owned(), input: false });
    (settings.term, settings.shell) = (Some("xterm".to_owned()), Some("/bin/zsh".to_owned()));
    settings.unix_time = Duration::from_secs(1_700_000_000);
    let mut bench = Bench::of(settings);
    bench.shell(b"out\r\n").input(Input::Exited(Child::Shell, ExitStatus::Code(3)));
    bench.input(Input::Closed(Source::Pty)).wait(100);
    let place = |effect: &Effect| bench.effects.iter().position(|other| other == effect);
    assert!(place(&Effect::CloseRecording) < place(&Effect::Finish(ExitStatus::Code(3))), "{:?}", bench.effects);
    let file = bench.recorded();
    let header: serde_json::Value =
        serde_json::from_slice(file.split(|byte| *byte == b'\n').next().unwrap_or_default())
            .expect("the header is JSON");
    assert_eq!(
        header,
        serde_json::json!({
            "version": 3, "term": {"cols": 80, "rows": 24, "type": "xterm"}, "timestamp": 1_700_000_000,
            "command": "make all", "env": {"SHELL": "/bin/zsh", "TERM": "xterm"},
        })
    );
    assert_eq!(
        events(&file).into_iter().map(|(_, event)| event).collect::<Vec<_>>(),
        [output(b"out\r\n"), RecordedEvent::Exit(3)]
    );
}

#[test]
fn keys_are_recorded_on_request_and_never_while_hidden() {
    let mut bench = Bench::new(&[]);
    bench.record(true).keys(b"ls\r");
    bench.pty_state.echo = Echo::OffInLines;
    bench.keys(b"se").keys(b"cret\r");
    bench.pty_state.echo = Echo::On;
    bench.shell(b"me@far's password: ").keys(b"hidden\r").shell(b"\r\n$ ").keys(b"w\r");
    let keys = |events: Vec<(u128, RecordedEvent)>| {
        let shown =
            events.into_iter().map(|(_, event)| event).filter(|event| !matches!(event, RecordedEvent::Output(_)));
        shown.collect::<Vec<_>>()
    };
    assert_eq!(
        keys(bench.stop_recording()),
        [
            RecordedEvent::Input(b"ls\r".to_vec()),
            marker("coshell: keys are left out while a program hides them"),
            RecordedEvent::Input(b"w\r".to_vec()),
        ]
    );
    let mut bench = Bench::new(&[]);
    bench.record(false).keys(b"ls\r");
    assert_eq!(keys(bench.stop_recording()), []);
    assert!(!bench.has(&Effect::QueryPty), "without keys nothing is looked up");
}

#[test]
fn output_of_silent_coprocess_is_not_recorded() {
    let mut bench = Bench::new(&["-t", "go", "-s", "bot"]);
    bench.record(false).shell(b"go\r\nhidden\r\n").input(Input::CoprocStarted(7)).shell(b"more hidden\r\n");
    bench.coproc_exits(ExitStatus::Code(0), b"").shell(b"shown\r\n");
    let events: Vec<_> = bench.stop_recording().into_iter().map(|(_, event)| event).collect();
    let text = format!("{events:?}");
    assert!(!text.contains("hidden"), "{text}");
    assert!(events.contains(&marker("coshell: coprocess \"bot\" started: its input is not recorded")), "{text}");
    assert!(events.contains(&marker("coshell: coprocess \"bot\" ended: status 0")), "{text}");
    assert!(events.contains(&output(b"shown\r\n")), "{text}");
}

#[test]
fn slow_file_leaves_output_out_and_a_marker_tells_how_much() {
    let mut bench = Bench::new(&[]);
    bench.record(false);
    let mut printed = 0_u64;
    for _ in 0..1000 {
        bench.shell(&[b'x'; 4000]);
        printed += 4000;
    }
    assert_eq!(bench.shown.len() as u64, printed, "the terminal does not wait");
    let first = bench.recorded();
    assert!(first.len() < 3 << 20, "{}", first.len());
    bench.shell(b"again\r\n");
    let events = bench.stop_recording_behind(first);
    let recorded = events.iter().filter(|(_, event)| *event == output(&[b'x'; 4000])).count() as u64 * 4000;
    let left_out = printed - recorded;
    let label = format!("coshell: {left_out} bytes of output are left out: the file took too long");
    assert!(recorded > 0 && left_out > 0);
    assert_eq!(events[events.len() - 2..], [(0, marker(&label)), (0, output(b"again\r\n"))]);
    let Some(Ok(Response::Record(answer))) = bench.response_to(STOP) else { panic!("no answer") };
    assert_eq!(answer.left_out, left_out);
}

#[test]
fn failed_file_ends_recording_with_notice_and_not_session() {
    let mut bench = Bench::new(&[]);
    bench.record(false).shell(b"$ ");
    bench.input(Input::RecordingClosed(Err(event::RecordFileError("No space left on device".to_owned())))).wait(50);
    let lines = bench.lines().join("\n");
    assert!(lines.contains("the recording /x.cast has ended early: No space left on device"), "{lines}");
    assert!(bench.shell(b"goes on\r\n").recorded().is_empty());
    // Another one can be started.
    bench.effects.clear();
    bench.record(false);
    assert!(matches!(bench.response_to(START), Some(Ok(_))));
}

#[test]
fn requests_are_refused_where_they_do_not_fit() {
    let mut bench = Bench::new(&[]);
    let stop = || Request::Record(RecordRequest::Stop {});
    bench.input(Input::Request(STOP, stop(), Requester::default()));
    assert!(matches!(bench.response_to(STOP), Some(Err(RpcError { code: ErrorCode::Idle, .. }))));
    bench.record(false).effects.clear();
    let start = RecordRequest::Start { file: "/y".to_owned(), input: false, force: true };
    bench.input(Input::Request(RequestId(3), Request::Record(start), Requester::default()));
    assert!(matches!(bench.response_to(RequestId(3)), Some(Err(RpcError { code: ErrorCode::Busy, .. }))));
    bench.input(Input::Request(RequestId(4), Request::Record(RecordRequest::Status {}), Requester::default()));
    let Some(Ok(Response::Record(status))) = bench.response_to(RequestId(4)) else { panic!("no status") };
    assert!(status.recording && status.file.as_deref() == Some("/x.cast") && status.bytes > 0);
}

/// A recording fires in a replay what fired in the session.
#[test]
fn recording_replays_as_it_was() {
    let argv =
        ["-t", "^go (\\d)", "--bell", "-t", "sure\\? $", "--send", "y", "-t", "row", "--when", "alt-screen", "--bell"];
    let mut settings = Bench::settings(&argv);
    settings.record = Some(RecordOptions { file: "/x.cast".to_owned(), input: false });
    let mut bench = Bench::of(settings);
    bench.shell(b"one\r\n\x1b[3").wait(5).shell(b"1mgo 1\x1b[m\r\nsure? ").wait(30).shell(b"y\r\ngo 2").wait(10);
    bench.shell(b"\r\n\x1b[?1049h\x1b[5;5Hrow").wait(200).shell(b"\x1b[?1049lrow\r\n$ ").wait(100);
    let file = bench.recorded();
    let labels = events(&file).into_iter().filter_map(|(_, event)| match event {
        RecordedEvent::Marker(label) => Some(label),
        _ => None,
    });
    let labels: Vec<String> = labels.collect();
    let mut replay = Replay::new(Instant::now(), Bench::settings(&argv), Assumed::default(), None);
    for (at, event) in events(&file) {
        if let RecordedEvent::Output(bytes) = event {
            replay.output(Duration::from_millis(at as u64), &bytes);
        }
    }
    replay.finish();
    let events = replay.take_events().into_iter();
    let fired = events.filter_map(|event| match event.event {
        RehearsalEvent::Fired(firing) => Some(firing.hit.trigger),
        RehearsalEvent::Tried(_) | RehearsalEvent::TriedEvent(_) => None,
    });
    let fired: Vec<String> =
        fired.map(|i| format!("coshell: trigger \"{}\" fired", replay.options(i).label())).collect();
    assert_eq!(fired, labels);
    assert_eq!(fired.len(), 4, "{fired:?}");
}
