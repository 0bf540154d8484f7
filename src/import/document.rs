//! JSON and property lists as a tree of values, within bounds.
//!
//! A binary property list may name one object many times, so its size in the tree has no bound by the size of the file:
//! values and their text are counted while they are read.

use std::error::Error;
use std::fmt;
use std::io::Cursor;

use plist::stream::{BinaryReader, Event, XmlReader};
use serde_json::{Map, Number, Value};

/// Maximum size of a file in bytes. iTerm2's own settings take some megabytes.
pub const FILE_LIMIT: usize = 32 << 20;
/// Maximum number of values in a file.
const VALUES: usize = 1_000_000;
/// Maximum depth of arrays and dictionaries; that of serde_json.
const DEPTH: usize = 128;

/// Reason why a file is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// The file is larger than [`FILE_LIMIT`].
    TooLarge,
    /// The file is empty.
    Empty,
    /// The file is neither JSON nor a property list.
    Unknown,
    /// The file is faulty JSON.
    Json {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// The file is a faulty property list, with the fault or its place.
    PropertyList(String),
    /// The property list is nested too deeply, or has too many values.
    TooComplex,
    /// The file has more triggers than are converted at once.
    TooManyTriggers,
    /// The file is well-formed and holds no profiles and no triggers.
    NoProfiles,
}

impl Error for DocumentError {}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => {
                write!(f, "the file is larger than {} MiB: export the profile or its triggers alone", FILE_LIMIT >> 20)
            }
            Self::Empty => f.write_str("the file is empty: export the profile from iTerm2 again"),
            Self::Unknown => f.write_str(
                "the file is neither JSON nor a property list: export a profile as JSON or triggers as .it2triggers, or name \
                 com.googlecode.iterm2.plist",
            ),
            Self::Json { line, column } => write!(
                f,
                "line {line}, column {column}: the JSON is faulty there: correct it or export it again; an old property list \
                 becomes readable by plutil -convert xml1"
            ),
            Self::PropertyList(fault) => {
                write!(f, "the property list is faulty, {fault}: copy or export it again")
            }
            Self::TooComplex => {
                write!(f, "the file has more than {VALUES} values or {DEPTH} levels: export the profile or its triggers alone")
            }
            Self::TooManyTriggers => f.write_str("the file has more than 10000 triggers: export them in parts"),
            Self::NoProfiles => f.write_str(
                "the file holds neither a profile nor triggers: name a profile as JSON, an .it2triggers file or \
                 com.googlecode.iterm2.plist",
            ),
        }
    }
}

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> Result<Value, DocumentError> {
    if bytes.len() > FILE_LIMIT {
        return Err(DocumentError::TooLarge);
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match bytes.trim_ascii_start() {
        [] => Err(DocumentError::Empty),
        text if text.starts_with(b"bplist") => property_list(BinaryReader::new(Cursor::new(bytes))),
        [b'<', ..] => property_list(XmlReader::new(bytes)),
        [b'{' | b'[', ..] => {
            let json: Result<Value, serde_json::Error> = serde_json::from_slice(bytes);
            json.map_err(|fault| DocumentError::Json { line: fault.line(), column: fault.column() })
        }
        _ => Err(DocumentError::Unknown),
    }
}

/// An array or a dictionary whose end was not read.
enum OpenValue {
    Array(Vec<Value>),
    /// With the key whose value comes next.
    Dictionary(Map<String, Value>, Option<String>),
}

impl OpenValue {
    /// Appends a value; returns whether it may stand there.
    fn push(&mut self, value: Value) -> bool {
        match (self, value) {
            (Self::Array(values), value) => values.push(value),
            (Self::Dictionary(map, key @ Some(_)), value) => drop(map.insert(key.take().unwrap_or_default(), value)),
            (Self::Dictionary(_, key), Value::String(name)) => *key = Some(name),
            (Self::Dictionary(..), _) => return false,
        }
        true
    }

    fn close(self) -> Value {
        match self {
            Self::Array(values) => Value::Array(values),
            Self::Dictionary(map, _) => Value::Object(map),
        }
    }
}

/// Builds the tree from the events of a property list.
fn property_list<'a>(events: impl Iterator<Item = Result<Event<'a>, plist::Error>>) -> Result<Value, DocumentError> {
    let faulty = |fault: &str| DocumentError::PropertyList(fault.to_owned());
    let mut open: Vec<OpenValue> = Vec::new();
    let (mut values, mut text) = (0, 0);
    for event in events {
        let event = event.map_err(|fault| faulty(&place(&fault)))?;
        values += 1;
        text += match &event {
            Event::String(string) => string.len(),
            Event::Data(data) => data.len(),
            _ => 0,
        };
        if values > VALUES || text > FILE_LIMIT || open.len() > DEPTH {
            return Err(DocumentError::TooComplex);
        }
        let value = match event {
            Event::StartArray(_) => {
                open.push(OpenValue::Array(Vec::new()));
                continue;
            }
            Event::StartDictionary(_) => {
                open.push(OpenValue::Dictionary(Map::new(), None));
                continue;
            }
            Event::EndCollection => open.pop().ok_or_else(|| faulty("a list ends that has not begun"))?.close(),
            Event::String(string) => Value::String(string.into_owned()),
            Event::Boolean(is_true) => Value::Bool(is_true),
            Event::Integer(number) => number
                .as_signed()
                .map(Value::from)
                .or_else(|| number.as_unsigned().map(Value::from))
                .unwrap_or_default(),
            Event::Real(number) => Number::from_f64(number).map(Value::Number).unwrap_or_default(),
            // Nothing in a trigger is binary data or a date.
            _ => Value::Null,
        };
        let Some(list) = open.last_mut() else { return Ok(value) };
        if !list.push(value) {
            return Err(faulty("a dictionary has a value without a key"));
        }
    }
    Err(faulty("it ends too early"))
}

/// Returns the place of a fault, which the error shows behind an identifier.
fn place(fault: &plist::Error) -> String {
    let shown = fault.to_string();
    let offset = shown.rsplit_once("(offset ").and_then(|(_, rest)| rest.strip_suffix(')'));
    offset.map_or_else(|| "it may be cut".to_owned(), |offset| format!("at byte {offset}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns a binary property list with these objects, each with the references that it holds.
    pub(in crate::import) fn binary(objects: &[Vec<u8>]) -> Vec<u8> {
        let mut file = b"bplist00".to_vec();
        let mut offsets = Vec::new();
        for object in objects {
            offsets.extend_from_slice(&u16::try_from(file.len()).expect("the file is small").to_be_bytes());
            file.extend_from_slice(object);
        }
        let table = file.len() as u64;
        file.extend(offsets);
        file.extend_from_slice(&[0, 0, 0, 0, 0, 0, 2, 1]);
        file.extend_from_slice(&(objects.len() as u64).to_be_bytes());
        file.extend_from_slice(&0u64.to_be_bytes());
        file.extend_from_slice(&table.to_be_bytes());
        file
    }

    #[test]
    fn three_forms_give_the_same_tree() {
        let xml = "<?xml version=\"1.0\"?><!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"x\"><plist version=\"1.0\">\n\
                   <dict><key>a</key><array><true/><integer>-1</integer><string>é&lt;</string></array></dict></plist>\n";
        // dict{1: 2}, "a", array[3, 4, 5], true, -1, and a string in UTF-16.
        let mut number = vec![0x13];
        number.extend_from_slice(&(-1i64).to_be_bytes());
        let objects =
            [vec![0xd1, 1, 2], vec![0x51, b'a'], vec![0xa3, 3, 4, 5], vec![0x09], number, vec![0x62, 0, 0xe9, 0, b'<']];
        let want = json!({"a": [true, -1, "é<"]});
        assert_eq!(read(xml.as_bytes()), Ok(want.clone()));
        assert_eq!(read(&binary(&objects)), Ok(want.clone()));
        assert_eq!(read("\u{feff} {\"a\": [true, -1, \"é<\"]}".as_bytes()), Ok(want));
    }

    #[test]
    fn faulty_file_is_refused_with_the_place() {
        let refused = |bytes: &[u8]| read(bytes).expect_err("the file is faulty").to_string();
        assert!(refused(b"{\"a\":\n  nothing}").starts_with("line 2, column 4: the JSON is faulty"));
        assert!(refused(b"<plist><dict><key>a</key>").contains("the property list is faulty"));
        assert!(refused(b"<plist><dict><true/></dict>").contains("a dictionary has a value without a key"));
        assert!(refused(b"bplist00").contains("the property list is faulty"));
        assert!(refused(b"<plist></array></plist>").starts_with("the property list is faulty, at byte 15: "));
        assert!(refused(b" \n").contains("is empty") && refused(b"hello").contains("neither JSON nor"));
        assert_eq!(read(&vec![b' '; FILE_LIMIT + 1]), Err(DocumentError::TooLarge));
    }

    #[test]
    fn file_that_grows_in_the_tree_is_refused() {
        // Each array holds the next one ten times.
        let mut objects: Vec<Vec<u8>> = (1..=9).map(|next| [vec![0xaa], vec![next; 10]].concat()).collect();
        objects.push(vec![0x09]);
        assert_eq!(read(&binary(&objects)), Err(DocumentError::TooComplex));
        // The same with a long text.
        let text = [vec![0x5f, 0x11, 0x40, 0], vec![b'a'; 0x4000]].concat();
        let mut objects: Vec<Vec<u8>> = (1..=4).map(|next| [vec![0xaa], vec![next; 10]].concat()).collect();
        objects.push(text);
        assert_eq!(read(&binary(&objects)), Err(DocumentError::TooComplex));
        let deep = "<array>".repeat(200_000);
        assert_eq!(read(format!("<plist>{deep}").as_bytes()), Err(DocumentError::TooComplex));
        assert!(matches!(read("[".repeat(200_000).as_bytes()), Err(DocumentError::Json { .. })));
    }
}
