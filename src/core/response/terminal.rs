//! Answers with printed lines and with the screen.

use serde::{Deserialize, Serialize};

use super::annotations::NoteResponse;

/// The answer to `lines`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinesResponse {
    /// The lines, oldest first.
    pub lines: Vec<LineResponse>,
    /// Whether older lines were left out, since one answer holds 4 MiB of text; absent where there is no history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<bool>,
}

/// A line of the history. The event `line` has these keys too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineResponse {
    /// Its number; the first of the session is 1.
    pub number: u64,
    /// When it was printed, in seconds since 1970.
    pub time: f64,
    /// Its text.
    pub text: String,
    /// The number of the command that printed it; absent where the shell has marked none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<u64>,
    /// Whether the cursor is on it, so that it is not finished; absent where not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
    /// Whether this is a piece of a long line, and the next piece follows; absent where not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
    /// The notes on it; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteResponse>,
}

/// The answer to `screen`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenResponse {
    /// How many rows there are.
    pub rows: usize,
    /// How many columns there are.
    pub cols: usize,
    /// Whether this is the alternate screen.
    pub alternate_screen: bool,
    /// Where the cursor is.
    pub cursor: CursorResponse,
    /// The text of each row.
    pub lines: Vec<String>,
    /// For each row its runs of cells that look the same.
    pub runs: Vec<Vec<CellRun>>,
    /// The rows whose line goes on in the next row.
    pub wrapped: Vec<usize>,
    /// For each row the number of its line; null on the alternate screen, and below the last line.
    pub numbers: Vec<Option<u64>>,
}

/// The cursor of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorResponse {
    /// Its row, from 0.
    pub row: usize,
    /// Its column, from 0.
    pub column: usize,
    /// Whether it is shown.
    pub visible: bool,
}

/// Neighbouring cells of a row that look the same. What is not on is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CellRun {
    /// Their text.
    pub text: String,
    /// Their colour; absent where it is the terminal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreground: Option<CellRunColour>,
    /// The colour behind them; absent where it is the terminal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<CellRunColour>,
    /// SGR 1.
    #[serde(skip_serializing_if = "is_false")]
    pub bold: bool,
    /// SGR 2.
    #[serde(skip_serializing_if = "is_false")]
    pub faint: bool,
    /// SGR 3.
    #[serde(skip_serializing_if = "is_false")]
    pub italic: bool,
    /// SGR 4.
    #[serde(skip_serializing_if = "is_false")]
    pub underline: bool,
    /// SGR 5.
    #[serde(skip_serializing_if = "is_false")]
    pub blink: bool,
    /// SGR 7.
    #[serde(skip_serializing_if = "is_false")]
    pub inverse: bool,
    /// SGR 9.
    #[serde(skip_serializing_if = "is_false")]
    pub strikethrough: bool,
}

/// A colour of cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "neither a number of the palette nor #rrggbb")]
pub enum CellRunColour {
    /// A number of the palette.
    Indexed(u8),
    /// `#rrggbb`.
    Rgb(String),
}

fn is_false(value: &bool) -> bool {
    !value
}
