//! What a line refers to: places in files, addresses, and the numbers of issues.

use std::collections::{BTreeMap, BTreeSet};

use super::proposal::{Proposal, ProposalKind};

/// Suffixes of source files.
const SUFFIXES: [&str; 56] = [
    "c", "cc", "cfg", "cjs", "cpp", "cs", "css", "cxx", "d", "dart", "el", "erl", "ex", "exs", "fs", "go", "h", "hpp",
    "hs", "html", "java", "jl", "js", "json", "jsx", "kt", "lua", "m", "md", "mjs", "ml", "mm", "nim", "php", "pl",
    "pm", "proto", "py", "r", "rb", "rs", "scala", "scss", "sh", "sql", "svelte", "swift", "tf", "toml", "ts", "tsx",
    "vue", "xml", "yaml", "yml", "zig",
];
/// Maximum number of repositories.
const MOST_REPOSITORIES: usize = 64;

/// Pattern of a path up to its suffix.
const PATH: &str = r"[\w./@+~-]+\.";
const PYTHON: &str = r#"File "([^"]+)", line (\d+)"#;
// Quotation marks by their codes, so that the pattern is a literal string in TOML.
const ADDRESS: &str = r"https?://[^\s<>()\x22\x27]+";
const ISSUE: &str = r"(?:^|[\s(])#(\d+)\b";

/// The references of recordings.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Suffixes of files with a line behind them: `main.rs:12`, and `main.ts(12,3)`.
    suffixes: BTreeSet<&'static str>,
    in_brackets: BTreeSet<&'static str>,
    /// Addresses of the issues of a repository, and how often they came.
    repositories: BTreeMap<String, u64>,
}

impl References {
    /// Takes a line that a program has printed.
    pub(super) fn line(&mut self, line: &str) {
        for (at, _) in line.match_indices('.') {
            let behind = &line[at + 1..];
            let len = behind.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let (suffix, place) = behind.split_at(len);
            let Ok(known) = SUFFIXES.binary_search(&suffix) else { continue };
            let has_number = place[place.len().min(1)..].starts_with(|char: char| char.is_ascii_digit());
            if place.starts_with(':') && has_number {
                self.suffixes.insert(SUFFIXES[known]);
            } else if place.starts_with('(') && has_number {
                self.in_brackets.insert(SUFFIXES[known]);
            }
        }
        if let Some(repository) = repository(line)
            && (self.repositories.len() < MOST_REPOSITORIES || self.repositories.contains_key(&repository))
        {
            *self.repositories.entry(repository).or_default() += 1;
        }
    }

    /// Returns the proposals. Those that the recordings have no use for do not fire in them.
    pub(super) fn into_proposals(self) -> impl Iterator<Item = Proposal> {
        let link = |kind, pattern: String, why, target: &str| {
            Proposal::of_pattern(kind, pattern, why).with("all", "").with("link", target)
        };
        let place = "The place of a message in a file; a relative path needs a shell that reports its directory.";
        let mut proposals = vec![
            link(ProposalKind::Place, PYTHON.to_owned(), place, "$1:$2"),
            link(ProposalKind::Address, ADDRESS.to_owned(), "Addresses.", "$0"),
        ];
        if let Some(suffixes) = alternatives(&self.suffixes) {
            let pattern = format!(r"({PATH}{suffixes}:\d+)(?::\d+)?");
            proposals.push(link(ProposalKind::Place, pattern, place, "$1"));
        }
        if let Some(suffixes) = alternatives(&self.in_brackets) {
            let pattern = format!(r"({PATH}{suffixes})\((\d+)(?:,\d+)?\)");
            proposals.push(link(ProposalKind::Place, pattern, place, "$1:$2"));
        }
        if let Some((repository, _)) = self.repositories.into_iter().max_by_key(|(_, count)| *count) {
            let target = format!("{}/$1", repository.replace('$', "$$"));
            let why = "Numbers of issues, in the repository that the recording names most often.";
            proposals.push(link(ProposalKind::Issue, ISSUE.to_owned(), why, &target).of_text(&repository));
        }
        proposals.into_iter()
    }
}

/// Returns the pattern for one of these suffixes; `None` if there are none.
fn alternatives(suffixes: &BTreeSet<&str>) -> Option<String> {
    let all: Vec<&str> = suffixes.iter().copied().collect();
    match &all[..] {
        [] => None,
        [only] => Some((*only).to_owned()),
        all => Some(format!("(?:{})", all.join("|"))),
    }
}

/// Returns the address of the issues of the repository that a line names: by the address of an issue, or as git names a remote.
fn repository(line: &str) -> Option<String> {
    let of_forge = |(forge, issues): &(&str, &str)| {
        let at = line.find(forge)? + forge.len();
        let path = line[at..].strip_prefix(['/', ':'])?;
        let end =
            path.find(|char: char| !(char.is_ascii_alphanumeric() || "-_./".contains(char))).unwrap_or(path.len());
        let mut parts = path[..end].split('/');
        let (owner, name) = (parts.next()?, parts.next()?.trim_end_matches('.').trim_end_matches(".git"));
        (!owner.is_empty() && !name.is_empty()).then(|| format!("https://{forge}/{owner}/{name}/{issues}"))
    };
    [("github.com", "issues"), ("gitlab.com", "-/issues"), ("codeberg.org", "issues")].iter().find_map(of_forge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    #[test]
    fn suffixes_are_sorted() {
        assert!(SUFFIXES.is_sorted());
    }

    #[test]
    fn repository_is_read_from_addresses_and_remotes() {
        for (line, want) in [
            ("remote: https://github.com/me/demo/pull/new/x", Some("https://github.com/me/demo/issues")),
            ("To github.com:me/demo.git", Some("https://github.com/me/demo/issues")),
            ("git@gitlab.com:me/demo", Some("https://gitlab.com/me/demo/-/issues")),
            ("see https://github.com/me", None),
            ("https://github.com/me/demo.", Some("https://github.com/me/demo/issues")),
            ("github.com", None),
        ] {
            assert_eq!(repository(line).as_deref(), want, "{line}");
        }
    }

    #[test]
    fn places_in_files_are_linked() {
        let mut references = References::default();
        for line in ["--> src/main.rs:12:3", "a.ts(3,5): error", "example.com:80", "main.rs: no line", "x.py:1"] {
            references.line(line);
        }
        let patterns: Vec<String> =
            references.into_proposals().map(|proposal| proposal.opener_text().to_owned()).collect();
        assert_eq!(patterns[2], r"([\w./@+~-]+\.(?:py|rs):\d+)(?::\d+)?");
        assert_eq!(patterns[3], r"([\w./@+~-]+\.ts)\((\d+)(?:,\d+)?\)");
        let matches =
            |pattern: &str, line: &str| Pattern::parse(pattern).expect("it is valid").is_match(line.as_bytes());
        assert!(matches(&patterns[2], "--> src/main.rs:12:3") && matches(&patterns[3], "a.ts(3,5): error"));
        assert!(
            matches(PYTHON, "  File \"a/b.py\", line 3, in f") && matches(ISSUE, "(#12)") && !matches(ISSUE, "a#12")
        );
    }
}
