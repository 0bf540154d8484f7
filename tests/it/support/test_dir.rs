//! A directory of a test's own, with its files and scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A directory that is gone at the end.
#[derive(Debug)]
pub struct TestDir(TempDir);

impl TestDir {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// The path of `name` in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// The path of `name` in it, as text for a script.
    pub fn path_str(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// Writes a file and gives its path.
    pub fn write_file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).expect("a file can be written");
        self.path_str(name)
    }

    /// Writes a program and gives its path. Another process writes it: one that any thread of this one starts meanwhile would
    /// have inherited the open file, and a program that somebody may write cannot be run (ETXTBSY).
    pub fn write_program(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let source = self.write_file(&format!("{name}.source"), content);
        self.install(name, Path::new(&source))
    }

    /// The same for one that is copied from here.
    pub fn install(&self, name: &str, source: &Path) -> String {
        let install = Command::new("install").args(["-m", "755"]).arg(source).arg(self.path(name)).status();
        assert!(install.is_ok_and(|status| status.success()), "{name} can be installed");
        self.path_str(name)
    }

    /// What stands in `name`; nothing if it is not there.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_default()
    }

    /// Whether `name` is there.
    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }
}
