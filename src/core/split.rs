//! For the tests of every room: one stream, cut in every way, must give one result.

use std::fmt::Debug;

/// Runs `f` on the whole input, on each of its cuts into two pieces, and byte by byte,
/// and returns the result, which has to be the same each time.
///
/// # Panics
///
/// When two of them differ: the message names the cut.
pub(crate) fn everywhere<T: PartialEq + Debug>(input: &[u8], mut f: impl FnMut(&[&[u8]]) -> T) -> T {
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
    use super::everywhere;

    #[test]
    fn what_does_not_depend_on_the_cut_passes() {
        let sum = everywhere(b"abc", |pieces| pieces.concat().len());
        assert_eq!(sum, 3);
    }

    #[test]
    #[should_panic(expected = "cut at byte 1")]
    fn what_depends_on_the_cut_is_caught() {
        everywhere(b"abc", |pieces| pieces.len());
    }
}
