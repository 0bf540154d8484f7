//! xterm.js, without a browser, in a process of node that takes one stream after the other.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;

use super::super::CellColour;
use super::{CellView, View};
use crate::types::Size;

/// Process that runs `xterm.js`.
struct Node {
    _child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// Text, columns, foreground, background and attributes of a cell.
type RawView = (String, u8, Option<Vec<u8>>, Option<Vec<u8>>, Vec<String>);

/// Answer of `xterm.js`.
#[derive(Deserialize)]
struct Shown {
    rows: Vec<Vec<RawView>>,
    cursor: (usize, usize),
}

/// Names of all attributes.
const ATTRIBUTES: [&str; 9] =
    ["bold", "faint", "italic", "underline", "blink", "inverse", "conceal", "strikethrough", "overline"];

/// Returns the folder into which `tests/run` installs xterm.js.
fn folder() -> Option<PathBuf> {
    let cache = || {
        let home = std::env::var_os("HOME").map(PathBuf::from)?;
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
        Some(cache.join("coshell-tests"))
    };
    let tools = std::env::var_os("COSHELL_TEST_TOOLS").map(PathBuf::from).or_else(cache)?;
    Some(tools.join("xterm/node_modules")).filter(|modules| modules.join("@xterm/headless").exists())
}

fn start() -> Option<Node> {
    let modules = folder()?;
    let mut child = Command::new("node")
        .arg("-e")
        .arg(include_str!("xterm.js"))
        .env("NODE_PATH", modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs where xterm.js is installed");
    let stdin = child.stdin.take().expect("stdin is piped");
    let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    Some(Node { _child: child, stdin, stdout })
}

fn colour(colour: Option<Vec<u8>>) -> Option<CellColour> {
    match colour?[..] {
        [index] => Some(CellColour::Indexed(index)),
        [r, g, b] => Some(CellColour::Rgb(r, g, b)),
        _ => panic!("a colour is an index or three components"),
    }
}

fn cell_view((text, width, fg, bg, attributes): RawView) -> CellView {
    if width == 0 {
        return CellView::default();
    }
    let text = if text.is_empty() { " ".to_owned() } else { text };
    let attributes = ATTRIBUTES.into_iter().filter(|name| attributes.iter().any(|other| other == name));
    (text, colour(fg), colour(bg), attributes.collect())
}

/// Returns what xterm.js shows after `bytes`; `None` where it is not installed or fails.
pub(super) fn view(bytes: &[u8], size: Size) -> Option<View> {
    static NODE: LazyLock<Option<Mutex<Node>>> = LazyLock::new(|| start().map(Mutex::new));
    // A test that failed has left the process between two requests.
    let mut node = NODE.as_ref()?.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (cols, rows) = (size.cols, size.rows);
    let request = format!("{{\"cols\":{cols},\"rows\":{rows},\"bytes\":\"{}\"}}\n", BASE64_STANDARD.encode(bytes));
    node.stdin.write_all(request.as_bytes()).expect("node reads");
    let mut line = String::new();
    node.stdout.read_line(&mut line).expect("node answers");
    let shown: Option<Shown> = serde_json::from_str(&line).expect("node answers in JSON");
    let shown = shown?;
    let rows = shown.rows.into_iter().map(|row| row.into_iter().map(cell_view).collect()).collect();
    let (row, column) = shown.cursor;
    Some(View { rows, cursor: (row, column.min(usize::from(size.cols) - 1)) })
}
