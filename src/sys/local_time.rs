//! Times of day in the local time zone, as text.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::time::Duration;

/// Maximum length of a formatted time in bytes.
const LIMIT: usize = 512;

/// Formats the time `since_epoch` by strftime(3), in the local time zone and the C locale; `%3N` is replaced by the
/// milliseconds. Returns `None` if the text is longer than 512 bytes, has a NUL, or is no UTF-8.
pub fn format(since_epoch: Duration, format: &str) -> Option<String> {
    let format = with_milliseconds(format, since_epoch.subsec_millis());
    if format.is_empty() {
        return Some(String::new());
    }
    // An X more, since strftime(3) returns 0 both for an empty text and for one that is too long.
    let format = CString::new(format + "X").ok()?;
    let (time, mut text) = (broken_down(since_epoch)?, [0_u8; LIMIT]);
    // SAFETY: `text` has room for `LIMIT` bytes, which strftime does not exceed. `format` ends in NUL, and `time` is filled in.
    let len = unsafe { libc::strftime(text.as_mut_ptr().cast(), LIMIT, format.as_ptr(), &raw const time) };
    let text = text.get(..len.checked_sub(1)?)?;
    String::from_utf8(text.to_vec()).ok()
}

/// Formats the time `since_epoch` as RFC 3339 does, in the local time zone with milliseconds.
pub fn rfc_3339(since_epoch: Duration) -> Option<String> {
    let local = format(since_epoch, "%Y-%m-%dT%H:%M:%S.%3N%z")?;
    // strftime(3) writes the offset without the colon that RFC 3339 asks for.
    let (time, minutes) = local.split_at_checked(local.len().checked_sub(2)?)?;
    Some(format!("{time}:{minutes}"))
}

fn with_milliseconds(format: &str, milliseconds: u32) -> String {
    let parts: Vec<String> =
        format.split("%%").map(|part| part.replace("%3N", &format!("{milliseconds:03}"))).collect();
    parts.join("%%")
}

fn broken_down(since_epoch: Duration) -> Option<libc::tm> {
    let seconds = libc::time_t::try_from(since_epoch.as_secs()).ok()?;
    let mut time = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: localtime_r reads `seconds` and writes one tm to `time`; it returns null, and `time` is not used, where the year
    // does not fit. It reads TZ, which no thread of coshell sets.
    unsafe {
        let filled = libc::localtime_r(&raw const seconds, time.as_mut_ptr());
        (!filled.is_null()).then(|| time.assume_init())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The time zone is that of the machine, so only what does not depend on it is compared.
    const TIME: Duration = Duration::from_millis(1_764_354_000_250);

    #[test]
    fn format_is_that_of_strftime() {
        let text = |format_text: &str| format(TIME, format_text);
        assert_eq!(text("%S.%3N"), Some("00.250".to_owned()));
        assert_eq!(text("%%3N 100%%"), Some("%3N 100%".to_owned()));
        assert_eq!((text(""), text("%p%%x").is_some()), (Some(String::new()), true));
        assert_eq!(text(&"x".repeat(LIMIT)), None);
        assert_eq!(text("\0"), None);
    }

    #[test]
    fn rfc_3339_has_milliseconds_and_offset() {
        let text = rfc_3339(TIME).expect("the year fits");
        let (date, rest) = text.split_once('T').expect("a T");
        assert!(date.starts_with("2025-11-2") && rest.len() == "18:20:00.250+00:00".len(), "{text}");
        assert_eq!((&rest[8..12], &rest[15..16]), (".250", ":"));
    }
}
