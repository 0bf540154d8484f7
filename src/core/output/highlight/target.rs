//! The URL of a hyperlink, from the text that a trigger gives.

/// Maximum length of a URL. Terminals ignore longer ones (VTE: 2083 bytes).
const MAX_URL: usize = 2048;

/// Returns the URL for `text`: a URL as it is, or that of the file which it names, perhaps with the number of a line behind
/// it. `directory` is the URL of the directory in which a relative path begins. `None` for a relative path where that is not
/// known, and for what is too long.
pub(super) fn url(text: &[u8], directory: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut url = Vec::with_capacity(text.len() + 16);
    if has_scheme(text) {
        push_encoded(text, |byte| byte.is_ascii_graphic(), &mut url);
    } else {
        let (path, line) = path_and_line(text);
        match path {
            [] => return None,
            [b'/', ..] => url.extend_from_slice(directory.map_or(b"file://", host_of)),
            _ => {
                let directory = directory?;
                url.extend_from_slice(directory.strip_suffix(b"/").unwrap_or(directory));
                url.push(b'/');
            }
        }
        push_path(path, &mut url);
        if !line.is_empty() {
            url.push(b'#');
            url.extend_from_slice(line);
        }
    }
    (url.len() <= MAX_URL).then_some(url)
}

/// Returns the URL of the directory that an OSC 7 with this payload reports.
pub(super) fn reported_directory(payload: &[u8]) -> Option<&[u8]> {
    let url = payload.strip_prefix(b"7;").filter(|url| url.len() <= MAX_URL && url.iter().all(u8::is_ascii_graphic))?;
    url.strip_prefix(b"file://").is_some_and(|behind| behind.contains(&b'/')).then_some(url)
}

/// Returns the URL of a directory on a host that is not known.
pub(super) fn directory(path: &str) -> Vec<u8> {
    let mut url = b"file://".to_vec();
    push_path(path.as_bytes(), &mut url);
    url
}

/// Returns whether `text` begins with the scheme of a URL. `main.rs:12` does not.
fn has_scheme(text: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', text) else { return false };
    let (scheme, behind) = text.split_at(colon);
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let is_named = scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(is_scheme);
    is_named && (behind.starts_with(b"://") || scheme.eq_ignore_ascii_case(b"mailto"))
}

/// Returns the path and the number of the line that stands behind it, in front of perhaps that of a column.
fn path_and_line(text: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = text.splitn(3, |&byte| byte == b':');
    let path = parts.next().unwrap_or_default();
    let is_number = |part: &&[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let line = parts.next().filter(is_number);
    let is_position = parts.next().is_none_or(|column| column.is_empty() || is_number(&column));
    line.filter(|_| is_position).map_or((text, &[][..]), |line| (path, line))
}

/// Returns `file://HOST` of the URL of a file.
fn host_of(url: &[u8]) -> &[u8] {
    let from = b"file://".len();
    let len = memchr::memchr(b'/', &url[from..]).unwrap_or(url.len() - from);
    &url[..from + len]
}

fn push_path(path: &[u8], url: &mut Vec<u8>) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte);
    push_encoded(path, is_plain, url);
}

/// Appends `text` with each byte percent-encoded that is not plain.
fn push_encoded(text: &[u8], is_plain: impl Fn(u8) -> bool, url: &mut Vec<u8>) {
    for &byte in text {
        if is_plain(byte) {
            url.push(byte);
        } else {
            url.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_a_url_or_a_file() {
        let here = Some(&b"file://host/home/u%20v/"[..]);
        for (text, directory, expected) in [
            ("https://a.b/c?d=1%20#e", None, Some("https://a.b/c?d=1%20#e")),
            ("https://a.b/c d\u{e9}", None, Some("https://a.b/c%20d%C3%A9")),
            ("mailto:a@b.c", None, Some("mailto:a@b.c")),
            ("/etc/a b#c", None, Some("file:///etc/a%20b%23c")),
            ("/etc/hosts:3", here, Some("file://host/etc/hosts#3")),
            ("src/main.rs:12:5", here, Some("file://host/home/u%20v/src/main.rs#12")),
            ("src/main.rs:12:", here, Some("file://host/home/u%20v/src/main.rs#12")),
            ("main.rs:x", here, Some("file://host/home/u%20v/main.rs:x")),
            ("a%b", here, Some("file://host/home/u%20v/a%25b")),
            ("src/main.rs:12", None, None),
            ("", here, None),
        ] {
            let found = url(text.as_bytes(), directory).map(|url| String::from_utf8(url).expect("it is ASCII"));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert_eq!(url(&[b'/'; 3000], None), None);
    }

    #[test]
    fn directory_is_reported_as_url() {
        for (payload, expected) in [
            ("7;file://host/a%20b", Some("file://host/a%20b")),
            ("7;file:///a", Some("file:///a")),
            ("7;file://host", None),
            ("7;http://host/a", None),
            ("7;file://host/a b", None),
            ("8;;file://host/a", None),
        ] {
            assert_eq!(reported_directory(payload.as_bytes()), expected.map(str::as_bytes), "{payload}");
        }
        assert_eq!(directory("/a b"), b"file:///a%20b");
    }
}
