//! An answer of each kind, with every key that it may have: what the man page shows, and the tests compare.

use std::collections::BTreeMap;

use super::{
    AccessResponse, AnnotateResponse, AwaitOutcome, AwaitResponse, CapturedLine, CapturedResponse, CellRun,
    CellRunColour, CommandResponse, CoprocFailure, CoprocStatus, CursorResponse, Done, EndResponse, ErrorsResponse,
    ExecOutcome, ExecResponse, GetResponse, JobResponse, LastCommand, LastCoproc, LineResponse, LinesResponse,
    MarkResponse, MarksResponse, NoteResponse, NotesResponse, QuotedLine, RecordResponse, Response, RunResponse,
    ScreenResponse, SendResponse, StateResponse, StatusResponse, StopResponse, StreamKind, SubscribeResponse,
    TriggerListResponse, TriggerNumberResponse, TriggerResponse, TriggerSwitchResponse,
};
use crate::core::access::AccessLevel;
use crate::core::request::InputFormat;
use crate::core::request::OptionArg;
use crate::core::source_place::SourcePlace;
use crate::core::state_kind::StateKind;
use crate::types::ExitStatus;

/// A moment in seconds since 1970.
const TIME: f64 = 1_764_354_000.25;

/// What a session may answer to this method: one answer for each set of keys. Nothing where there is no such method.
pub fn samples(method: &str) -> Vec<Response> {
    match method {
        "run" => vec![RunResponse::Started { pid: 4711 }.into(), RunResponse::Ended(failed()).into()],
        "stop" => vec![StopResponse::Ended(killed()).into(), StopResponse::Sent(Done {}).into()],
        "wait" => vec![failed().into(), killed().into()],
        "lend" => vec![EndResponse::from(ExitStatus::Code(0)).into(), killed().into()],
        "status" => vec![status().into()],
        "errors" => vec![ErrorsResponse { command: "bot".to_owned(), stderr: "no route\n".to_owned() }.into()],
        "send" => vec![
            SendResponse { typed: Some(5), offset: Some(840) }.into(),
            SendResponse { typed: None, offset: None }.into(),
        ],
        "await" => awaited().into_iter().map(Response::from).collect(),
        "exec" => vec![executed().into()],
        "lines" => vec![lines().into()],
        "screen" => vec![screen().into()],
        "annotate" => vec![AnnotateResponse { line: 12, text: "2 errors".to_owned() }.into()],
        "notes" => vec![NotesResponse { notes: vec![note()] }.into()],
        "captured" => {
            let line = CapturedLine { quoted: quoted(), trigger: "errors".to_owned(), place: Some(place()) };
            vec![CapturedResponse { captured: vec![line] }.into()]
        }
        "get" => {
            let variables = BTreeMap::from([("host".to_owned(), "a1".to_owned())]);
            vec![GetResponse::One { value: "a1".to_owned() }.into(), GetResponse::All { variables }.into()]
        }
        "marks" => vec![marks().into()],
        "trigger-list" => vec![TriggerListResponse { triggers: vec![trigger()] }.into()],
        "trigger-add" | "trigger-remove" => vec![TriggerNumberResponse { number: 1 }.into()],
        "trigger-enable" => vec![TriggerSwitchResponse { number: 1, enabled: true }.into()],
        "trigger-disable" => vec![TriggerSwitchResponse { number: 1, enabled: false }.into()],
        "record-start" | "record-status" => vec![recording().into()],
        "record-stop" => vec![RecordResponse { recording: false, ..recording() }.into()],
        "subscribe" => vec![SubscribeResponse { events: vec!["line".to_owned()] }.into()],
        "access" => vec![AccessResponse { level: AccessLevel::Annotate }.into()],
        "inject" | "set" | "notify" => vec![Done {}.into()],
        _ => Vec::new(),
    }
}

fn failed() -> EndResponse {
    let message = "coprocess \"bot\" failed: status 3".to_owned();
    let failure = CoprocFailure { message, stderr: vec!["no route".to_owned()] };
    EndResponse { failure: Some(failure), ..ExitStatus::Code(3).into() }
}

fn killed() -> EndResponse {
    ExitStatus::Signal(15).into()
}

fn status() -> StatusResponse {
    StatusResponse {
        session: "4242".to_owned(),
        name: Some("build".to_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: "/bin/bash".to_owned(),
        tty: "/dev/pts/3".to_owned(),
        rows: 24,
        cols: 80,
        keyboard: StreamKind::Terminal,
        screen: StreamKind::Stream,
        alternate_screen: false,
        state: Box::new(StateResponse {
            state: StateKind::Running,
            since: TIME,
            seconds: 7.5,
            job: Some(JobResponse { name: "make".to_owned(), pid: 4712 }),
            directory: Some("/src".to_owned()),
            last_command: Some(LastCommand { status: Some(2), seconds: 1.5 }),
        }),
        triggers: 1,
        waiting_texts: 1,
        coprocess: Some(CoprocStatus {
            command: "bot".to_owned(),
            pid: Some(4711),
            silent: false,
            input: InputFormat::Json,
            seconds: 7,
            bytes_read: 2048,
            bytes_typed: 12,
        }),
        last_coprocess: Some(LastCoproc { command: "rz".to_owned(), status: 0 }),
    }
}

fn awaited() -> [AwaitResponse; 4] {
    let came = AwaitResponse { outcome: AwaitOutcome::Came, ..AwaitResponse::default() };
    let groups = vec![Some("2 errors".to_owned()), Some("2".to_owned()), None];
    [
        AwaitResponse::default(),
        AwaitResponse { line: Some(12), text: Some("2 errors".to_owned()), groups, ..came.clone() },
        AwaitResponse { command: Some(3), status: Some(2), ..came.clone() },
        AwaitResponse { state: Some(StateKind::Asks), ..came },
    ]
}

fn executed() -> ExecResponse {
    ExecResponse {
        outcome: ExecOutcome::Ended,
        status: Some(2),
        command: Some(3),
        output: Some(11),
        first: Some(11),
        last: Some(12),
        text: "make: start\n2 errors\n".to_owned(),
        left_out: 0,
        tail: String::new(),
        seconds: Some(1.5),
        directory: Some("/src".to_owned()),
    }
}

fn quoted() -> QuotedLine {
    QuotedLine { line: 12, quote: "2 errors".to_owned(), time: TIME, from: Some(1), to: Some(1) }
}

fn place() -> SourcePlace {
    SourcePlace {
        file: "src/a.c".to_owned(),
        line: Some(7),
        column: Some(3),
        severity: Some("error".to_owned()),
        message: Some("error: x".to_owned()),
    }
}

fn note() -> NoteResponse {
    NoteResponse { quoted: quoted(), text: "see the log".to_owned() }
}

fn lines() -> LinesResponse {
    let line = LineResponse {
        number: 12,
        time: TIME,
        text: "2 errors".to_owned(),
        command: Some(3),
        open: true,
        more: true,
        notes: vec![note()],
    };
    LinesResponse { lines: vec![line], left_out: Some(false) }
}

fn screen() -> ScreenResponse {
    let run = CellRun {
        text: "$ ls".to_owned(),
        foreground: Some(CellRunColour::Indexed(2)),
        background: Some(CellRunColour::Rgb("#1e1e2e".to_owned())),
        bold: true,
        faint: true,
        italic: true,
        underline: true,
        blink: true,
        inverse: true,
        strikethrough: true,
    };
    ScreenResponse {
        rows: 1,
        cols: 80,
        alternate_screen: false,
        cursor: CursorResponse { row: 0, column: 4, visible: true },
        lines: vec!["$ ls".to_owned()],
        runs: vec![vec![run]],
        wrapped: vec![0],
        numbers: vec![Some(7)],
    }
}

fn marks() -> MarksResponse {
    let command = CommandResponse {
        command: 3,
        line: Some(10),
        output: Some(11),
        end: Some(13),
        status: Some(2),
        running: false,
        time: Some(TIME),
        seconds: Some(1.5),
        directory: Some("/src".to_owned()),
        text: Some("make".to_owned()),
    };
    let mark = MarkResponse { quoted: quoted(), name: "errors".to_owned() };
    MarksResponse { commands: vec![command], marks: vec![mark], directory: Some(Some("/src".to_owned())) }
}

fn recording() -> RecordResponse {
    let file = Some("/home/me/make.cast".to_owned());
    RecordResponse { recording: true, file, input: true, seconds: 7, bytes: 4096, left_out: 0 }
}

fn trigger() -> TriggerResponse {
    let option = OptionArg { name: "send".into(), value: "yes".to_owned() };
    TriggerResponse {
        number: 1,
        name: Some("ask".to_owned()),
        regex: Some("sure\\?".to_owned()),
        event: None,
        options: vec![option],
        enabled: true,
        stopped: false,
        fired: 2,
        searched: 5,
        microseconds: 12,
    }
}
