//! The user's shell, which coshell is not: `$SHELL` and the user's entry in the password database name coshell where
//! chsh(1) or tmux's `default-shell` made it the shell.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Failure;
use crate::types::reason;

/// The shell of last resort.
const SH: &str = "/bin/sh";
/// Options in front of a command line with which programs call `$SHELL`, as sshd(8), tmux(1) and su(1) do.
const COMMAND_OPTIONS: [&[&str]; 3] = [&["-c"], &["-lc"], &["-l", "-c"]];

/// The user's shells.
#[derive(Debug)]
pub(super) struct UserShell {
    /// `$SHELL`, unless it is empty or names coshell.
    pub(super) variable: Option<OsString>,
    /// The shell of the user's entry in the password database; `None` where it names coshell or was not needed.
    pub(super) entry: Option<OsString>,
    /// Whether `$SHELL` names coshell.
    names_coshell: bool,
}

impl UserShell {
    /// Reads `$SHELL` and, if it names no shell and `wanted` or `$SHELL` names coshell, the password database, which is slow.
    pub(super) fn read(wanted: bool) -> Self {
        let variable = env::var_os("SHELL").filter(|shell| !shell.is_empty());
        let names_coshell = variable.as_deref().is_some_and(is_coshell);
        let variable = variable.filter(|_| !names_coshell);
        let wanted = variable.is_none() && (wanted || names_coshell);
        // Without an entry for the user the shell is /bin/sh.
        let user = wanted.then(|| nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten()).flatten();
        let entry = user.map(|user| user.shell.into_os_string()).filter(|shell| !is_coshell(shell));
        Self { variable, entry, names_coshell }
    }

    /// Returns the value of SHELL for the session where `$SHELL` names coshell: a program inside that runs `$SHELL -c CMD`
    /// needs a shell.
    pub(super) fn replacement(&self) -> Option<OsString> {
        self.names_coshell.then(|| self.entry.clone().filter(|shell| !shell.is_empty()).unwrap_or_else(|| SH.into()))
    }

    /// Runs the shell in place of this process, if coshell is `$SHELL` and was called to run a command line as a shell does.
    /// Returns only where the shell cannot be run.
    pub(super) fn stand_in(&self, argv: &[OsString]) -> Result<(), Failure> {
        let Some(shell) = self.replacement() else { return Ok(()) };
        let Some((_, [options @ .., _])) = argv.split_first() else { return Ok(()) };
        if !COMMAND_OPTIONS.iter().any(|known| options == *known) {
            return Ok(());
        }
        let error = Command::new(&shell).args(&argv[1..]).env("SHELL", &shell).exec();
        let sentence = format!("coshell: {}: cannot be run: {}; set $SHELL", shell.display(), reason(&error));
        Err(Failure::CannotRun(sentence))
    }
}

/// Returns whether `shell`, a path or a name in `$PATH`, is coshell: by its name, or by the file that it leads to.
fn is_coshell(shell: &OsStr) -> bool {
    let own = env::current_exe().ok().and_then(|path| identity(&path));
    Path::new(shell).file_name() == Some(OsStr::new("coshell"))
        || own.is_some() && found(shell).is_some_and(|path| identity(&path) == own)
}

/// Returns the path of `shell`, which execvp(3) would run.
fn found(shell: &OsStr) -> Option<PathBuf> {
    let path = Path::new(shell);
    if path.components().count() > 1 {
        return Some(path.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(shell)).find(|path| path.is_file())
}

/// Returns the device and inode of the file that `path` leads to; `None` where there is none.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
