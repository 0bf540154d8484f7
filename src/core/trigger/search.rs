//! A search for one pattern, for readers that are no triggers.

use std::sync::Arc;

use super::Captures;
use super::pattern::{BadPattern, Pattern};
use super::regex_cache::CachedRegex;

/// A compiled pattern.
#[derive(Debug)]
pub(in crate::core) struct LineSearch {
    regex: Box<CachedRegex>,
    names: Arc<[Option<Box<str>>]>,
}

impl LineSearch {
    /// Parses, checks and compiles a pattern. `Ok(None)` only if it does not compile, which the check excludes.
    ///
    /// # Errors
    ///
    /// A fault in the syntax, or a size above the limit when compiled.
    pub(in crate::core) fn new(pattern: &str) -> Result<Option<Self>, BadPattern> {
        let pattern = Pattern::parse(pattern)?;
        let names = Arc::clone(&pattern.info().names);
        Ok(CachedRegex::new(&pattern).map(|regex| Self { regex: Box::new(regex), names }))
    }

    /// Returns the first match in `line`.
    pub(in crate::core) fn search(&mut self, line: &[u8]) -> Option<Captures> {
        self.regex.find(line, 0)?;
        Some(Captures::new(line.into(), Arc::clone(&self.names), |i| self.regex.group(i)))
    }
}
