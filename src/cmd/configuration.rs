//! Where the user's configuration is, and how its faults are shown.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use crate::cli;
use crate::cli::{Args, ConfigurationArgs, Typed};
use crate::config::load::LoadError;
use crate::config::{ConfigurationFiles, Environment, Places};
use crate::error::Failure;

/// Returns where configurations are (XDG base directory specification).
pub(super) fn places() -> Places {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = absolute("HOME");
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
    Places { home, default: folder.map(|folder| folder.join("coshell/config.toml")) }
}

/// Finds the configuration in the file that `place` names, or the user's own, with the profile.
pub(super) fn files(place: &ConfigurationArgs) -> Result<ConfigurationFiles, Failure> {
    let ConfigurationArgs { config, profile } = place.clone();
    let Ok(Typed::Session(args)) = cli::parse([OsString::from("coshell")]) else {
        return Err(Failure::Internal("coshell: its own command line is refused".to_owned()));
    };
    let environment = Environment { directory: env::current_dir().unwrap_or_default(), ..Environment::default() };
    Ok(ConfigurationFiles::find(&mut Args { config, profile, ..args }, &environment, places()))
}

/// Returns the names of the profiles in the file `config`, or in the user's own configuration; none if it has a fault.
pub(super) fn profiles(config: Option<PathBuf>) -> Vec<String> {
    let place = ConfigurationArgs { config, profile: None };
    // A fault in it is told when it is used.
    let loaded = files(&place).ok().and_then(|mut files| files.load().ok().flatten());
    loaded.map(|loaded| loaded.profiles).unwrap_or_default()
}

/// Returns the failure that tells all faults of the configuration.
pub(super) fn failure(error: LoadError) -> Failure {
    error.failure(in_colour(no_colour()))
}

/// Returns the sentence that there is no configuration at `path`, which is empty where it could not be anywhere.
pub(super) fn missing(path: &str) -> String {
    if path.is_empty() {
        return "there is no home directory to look for a configuration in: name one with -f FILE".to_owned();
    }
    format!("there is no configuration: write {path}, or name one with -f FILE")
}

/// Returns whether `$NO_COLOR` asks for plain text.
pub(super) fn no_colour() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Returns whether messages are coloured.
pub(super) fn in_colour(no_colour: bool) -> bool {
    !no_colour && io::stderr().is_terminal()
}
