//! Test helper: runs an incremental function on every split of its input.

use std::fmt::Debug;

/// Runs `f` on the whole input, on each split into two pieces, and byte by byte; returns the result, which must be the
/// same each time.
///
/// # Panics
///
/// Panics if two results differ; the message names the split.
pub(crate) fn at_every_split<T: PartialEq + Debug>(input: &[u8], mut f: impl FnMut(&[&[u8]]) -> T) -> T {
    let whole = f(&[input]);
    for at in 1..input.len() {
        let (left, right) = input.split_at(at);
        let cut = f(&[left, right]);
        assert_eq!(cut, whole, "cut at byte {at} of {:?}", input.escape_ascii().to_string());
    }
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(f(&bytes), whole, "byte by byte: {:?}", input.escape_ascii().to_string());
    whole
}

#[cfg(test)]
mod tests {
    use super::at_every_split;

    #[test]
    fn equal_results_are_returned() {
        let sum = at_every_split(b"abc", |pieces| pieces.concat().len());
        assert_eq!(sum, 3);
    }

    #[test]
    #[should_panic(expected = "cut at byte 1")]
    fn result_that_depends_on_split_panics() {
        at_every_split(b"abc", |pieces| pieces.len());
    }
}
