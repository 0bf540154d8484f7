//! A directory as a file that `sz` can send: an archive that tar(1) makes.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{self, Command, Stdio};

use crate::types::reason;

/// Maximum number of names that are tried for the temporary file.
const NAMES_MAX: u32 = 1000;

/// An archive, as a file without a name: a sender goes back in it where the connection has lost bytes.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) file: File,
    /// Name under which it is sent.
    pub(super) name: OsString,
}

impl Archive {
    /// Archives `directory`.
    pub(super) fn of(directory: &Path) -> Result<Self, String> {
        // The working directory has a name too.
        let directory = fs::canonicalize(directory).map_err(|error| reason(&error))?;
        let (Some(parent), Some(last)) = (directory.parent(), directory.file_name()) else {
            return Err("it is the root of the file system: name directories in it".to_owned());
        };
        let file =
            unnamed_file().map_err(|error| format!("no temporary file for an archive of it: {}", reason(&error)))?;
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(parent).args(["-cf", "-", "--"]).arg(last);
        let out = file.try_clone().map_err(|error| reason(&error))?;
        let output = tar.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped()).output();
        let output =
            output.map_err(|error| format!("tar, which archives it, could not be started: {}", reason(&error)))?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            let told = told.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("tar failed");
            return Err(format!("tar could not archive it: {told}"));
        }
        let mut name = last.to_owned();
        name.push(".tar");
        Ok(Self { file, name })
    }
}

/// Creates a temporary file that only this process has, and that is gone with it.
fn unnamed_file() -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    for number in 0..NAMES_MAX {
        let path = env::temp_dir().join(format!("coshell-sz-{}-{number}", process::id()));
        match options.open(&path) {
            Ok(file) => return fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}
