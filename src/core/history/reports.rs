//! What programs report besides commands and the directory: the host and the user of the shell (OSC 7, and `RemoteHost` of
//! OSC 1337), and variables (`SetUserVar` of OSC 1337). It comes with the output, so that any program can report anything.

use std::collections::VecDeque;
use std::sync::Arc;

use super::command_text::percent_decoded;
use super::shell_event::{HostReport, ShellEvent};
use crate::core::annotations;
use crate::core::vt::STRING_LIMIT;
use crate::wire::base64;

/// Maximum number of variables; of more, those that were set first are forgotten.
const VARIABLES: usize = 256;
/// Maximum length of the name of a host or a user in bytes: that of a host name in the DNS.
const NAME: usize = 255;

/// What was reported last.
#[derive(Debug, Default)]
pub(super) struct Reports {
    host: Arc<HostReport>,
    /// Names and values of the variables, in the order in which they were first set.
    variables: VecDeque<(String, Arc<str>)>,
}

impl Reports {
    /// Parses an OSC. Returns the events of what has changed.
    pub(super) fn parse_osc(&mut self, payload: &[u8]) -> Vec<ShellEvent> {
        if let Some(url) = payload.strip_prefix(b"7;file://") {
            let authority = memchr::memchr(b'/', url).map(|end| &url[..end]);
            return authority.map(|authority| self.visit(authority, true)).unwrap_or_default();
        }
        let Some(data) = payload.strip_prefix(b"1337;") else { return Vec::new() };
        if let Some(name) = data.strip_prefix(b"RemoteHost=") {
            self.visit(name, false)
        } else if let Some(variable) = data.strip_prefix(b"SetUserVar=") {
            // A value that was cut off is none.
            let is_whole = payload.len() < STRING_LIMIT;
            Some(variable).filter(|_| is_whole).and_then(|variable| self.set(variable)).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    /// Takes `USER@HOST`, of which a part may be missing. A host alone `is_local` where it is empty.
    fn visit(&mut self, name: &[u8], is_local: bool) -> Vec<ShellEvent> {
        let at = memchr::memrchr(b'@', name);
        let (user, host) = at.map_or((&b""[..], name), |at| (&name[..at], &name[at + 1..]));
        let (Some(user), Some(host)) = (name_of(user), name_of(host)) else { return Vec::new() };
        let known = &self.host;
        let names_host = is_local || !host.is_empty();
        let is_other_host = names_host && !known.is_on(&host);
        // Who the user is on another host is not known before that is reported.
        let is_other_user = !user.is_empty() && (is_other_host || user != known.user);
        if !is_other_host && !is_other_user {
            return Vec::new();
        }
        let kept = |of: &String, is_other: bool| if is_other { String::new() } else { of.clone() };
        self.host = Arc::new(HostReport {
            host: if is_other_host { host } else { known.host.clone() },
            user: if is_other_user { user } else { kept(&known.user, is_other_host) },
        });
        let report = || Arc::clone(&self.host);
        let host = is_other_host.then(|| ShellEvent::Host { report: report() });
        let user = is_other_user.then(|| ShellEvent::User { report: report() });
        host.into_iter().chain(user).collect()
    }

    /// Takes `NAME=BASE64`. Returns the event, if the variable had another value.
    fn set(&mut self, variable: &[u8]) -> Option<ShellEvent> {
        let end = memchr::memchr(b'=', variable)?;
        let name = std::str::from_utf8(&variable[..end]).ok()?;
        annotations::check_name(name).ok()?;
        let value: Arc<str> = String::from_utf8(base64::decode(&variable[end + 1..])?).ok()?.into();
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) if *known == value => return None,
            Some((_, known)) => known.clone_from(&value),
            None => {
                self.variables.push_back((name.to_owned(), Arc::clone(&value)));
                if self.variables.len() > VARIABLES {
                    self.variables.pop_front();
                }
            }
        }
        Some(ShellEvent::Variable { name: name.into(), value })
    }
}

/// Returns the name of a host or a user, with `%` escapes decoded; `None` if it is none.
fn name_of(name: &[u8]) -> Option<String> {
    let name = String::from_utf8(percent_decoded(name)).ok()?;
    (name.len() <= NAME && !name.contains(|char: char| char.is_control() || char.is_whitespace())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the events of these payloads, in short.
    fn events(payloads: &[&str]) -> Vec<String> {
        let mut reports = Reports::default();
        let shown = |event| match event {
            ShellEvent::Host { report } => format!("host {}@{}", report.user, report.host),
            ShellEvent::User { report } => format!("user {}@{}", report.user, report.host),
            ShellEvent::Variable { name, value } => format!("{name}={value}"),
            other => panic!("{other:?}"),
        };
        payloads.iter().flat_map(|payload| reports.parse_osc(payload.as_bytes())).map(shown).collect()
    }

    #[test]
    fn host_and_user_are_reported_when_they_change() {
        for (payloads, want) in [
            (&["1337;RemoteHost=ann@web"][..], &["host ann@web", "user ann@web"][..]),
            (&["1337;RemoteHost=ann@web", "1337;RemoteHost=ann@web"], &["host ann@web", "user ann@web"]),
            (
                &["1337;RemoteHost=ann@web", "1337;RemoteHost=root@web"],
                &["host ann@web", "user ann@web", "user root@web"],
            ),
            // The same user is another one on another host.
            (
                &["1337;RemoteHost=ann@web", "1337;RemoteHost=ann@db"],
                &["host ann@web", "user ann@web", "host ann@db", "user ann@db"],
            ),
            (
                &["1337;RemoteHost=web", "1337;RemoteHost=ann@", "1337;RemoteHost=@db"],
                &["host @web", "user ann@web", "host @db"],
            ),
            (&["1337;RemoteHost=ann@corp.example@web"], &["host ann@corp.example@web", "user ann@corp.example@web"]),
            (&["1337;RemoteHost=", "1337;RemoteHost=@"], &[]),
            (&["7;file://web/src", "7;file://web/tmp"], &["host @web"]),
            (&["7;file://ann@web/src"], &["host ann@web", "user ann@web"]),
            // A local shell may name no host. At first that is none.
            (&["7;file:///src"], &[]),
            (&["7;file:///src", "7;file://web/", "7;file:///src"], &["host @web", "host @"]),
            (&["1337;RemoteHost=ann@web", "7;file://db/"], &["host ann@web", "user ann@web", "host @db"]),
            // A short and a full name of one host.
            (
                &["1337;RemoteHost=ann@web.example.org", "7;file://WEB/src", "1337;RemoteHost=ann@web"],
                &["host ann@web.example.org", "user ann@web.example.org"],
            ),
            (&["7;file://web/", "7;file://web2/", "7;file://we/"], &["host @web", "host @web2", "host @we"]),
            (&["7;file://a%62c/"], &["host @abc"]),
            (&["7;file://a%20c/", "7;file://a%1bc/", "7;file://web", "7;http://web/", "1337;RemoteHost=a\u{1b}"], &[]),
        ] {
            assert_eq!(events(payloads), want, "{payloads:?}");
        }
        let long = format!("7;file://{}/", "x".repeat(NAME + 1));
        assert_eq!(events(&[&long]), [""; 0]);
    }

    #[test]
    fn variable_is_reported_when_its_value_changes() {
        for (payloads, want) in [
            (&["1337;SetUserVar=branch=bWFpbg=="][..], &["branch=main"][..]),
            (
                &["1337;SetUserVar=a=bWFpbg", "1337;SetUserVar=a=bWFpbg==", "1337;SetUserVar=b=bWFpbg"],
                &["a=main", "b=main"],
            ),
            (&["1337;SetUserVar=a=YQ==", "1337;SetUserVar=a=", "1337;SetUserVar=a=YQ=="], &["a=a", "a=", "a=a"]),
            // No name, no value, no base64, no UTF-8.
            (
                &[
                    "1337;SetUserVar==YQ==",
                    "1337;SetUserVar=a",
                    "1337;SetUserVar=a b=YQ==",
                    "1337;SetUserVar=a=?",
                    "1337;SetUserVar=a=/w==",
                    "1337;SetMark",
                ],
                &[],
            ),
        ] {
            assert_eq!(events(payloads), want, "{payloads:?}");
        }
        let value = |len: usize| format!("1337;SetUserVar=a={}", "QUFB".repeat(len / 4));
        assert_eq!(events(&[&value(4000)]).len(), 1);
        let cut = &value(8000)[..STRING_LIMIT];
        assert_eq!(events(&[cut]), [""; 0], "a value that may have been cut off");
    }

    #[test]
    fn variables_are_bounded() {
        let mut reports = Reports::default();
        let mut set = |n: usize| reports.parse_osc(format!("1337;SetUserVar=v{n}=YQ==").as_bytes()).len();
        assert_eq!((0..2 * VARIABLES).map(&mut set).sum::<usize>(), 2 * VARIABLES);
        // The last ones are known, and the first ones are new again.
        assert_eq!((set(2 * VARIABLES - 1), set(0)), (0, 1));
        assert_eq!(reports.variables.len(), VARIABLES);
    }
}
