//! Temporary directories of tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Directory that is removed at the end of the test.
#[derive(Debug)]
pub struct TestDir(TempDir);

impl TestDir {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    /// Returns the path of the directory.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// Returns the path of `name` in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Returns the path of `name` in the directory as text for a script.
    pub fn path_str(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// Writes a file and returns its path.
    pub fn write_file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).expect("a file can be written");
        self.path_str(name)
    }

    /// Writes an executable file and returns its path. `install` writes it, since a child that another thread forks
    /// meanwhile would inherit the open descriptor, and a file open for writing cannot be executed (ETXTBSY,
    /// execve(2)).
    pub fn write_program(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let source = self.write_file(&format!("{name}.source"), content);
        self.install(name, Path::new(&source))
    }

    /// Copies `source` to an executable file `name`, by another process for the same reason, and returns its path.
    pub fn install(&self, name: &str, source: &Path) -> String {
        let install = Command::new("install").args(["-m", "755"]).arg(source).arg(self.path(name)).status();
        assert!(install.is_ok_and(|status| status.success()), "{name} can be installed");
        self.path_str(name)
    }

    /// Returns the content of the file `name`, empty where no such file exists.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_default()
    }

    /// Reports whether the file `name` exists.
    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }
}
