//! `coshell import`: converts the triggers of another program to a configuration, and prints it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::output::{complain, print};
use crate::cli::ImportSource;
use crate::error::{Failure, Usage};
use crate::import::{self, FILE_LIMIT, ImportedFile};
use crate::types::{read_reason, unreadable};

/// Exit status if a trigger was left out.
const INCOMPLETE: u8 = 1;
/// Name of standard input as a file.
const STDIN: &str = "-";

/// Prints the configuration; returns the exit status. Files are read before anything is printed.
pub(super) fn run(source: &ImportSource) -> Result<u8, Failure> {
    let ImportSource::Iterm2 { files } = source;
    let files = files.iter().map(|path| read(path)).collect::<Result<Vec<ImportedFile>, Failure>>()?;
    let conversion = import::convert(&files);
    print(&conversion.text)?;
    for left_out in &conversion.left_out {
        complain(&left_out.to_string());
    }
    Ok(if conversion.left_out.is_empty() { 0 } else { INCOMPLETE })
}

fn read(path: &Path) -> Result<ImportedFile, Failure> {
    let name = if path == Path::new(STDIN) { "standard input".to_owned() } else { path.display().to_string() };
    let refused = |sentence: &str| Failure::Usage(Usage::of("import iterm2", sentence));
    let bytes = bytes(path).map_err(|error| refused(&unreadable(&name, read_reason(&error))))?;
    let profiles = import::read(&bytes).map_err(|fault| refused(&format!("{name}: {fault}")))?;
    Ok(ImportedFile { name, profiles })
}

/// Reads one byte more than the limit at most, so that a larger file is refused and not cut.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = FILE_LIMIT as u64 + 1;
    if path == Path::new(STDIN) {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
