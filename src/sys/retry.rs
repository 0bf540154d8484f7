//! System calls that a signal has interrupted (EINTR, signal(7)) are made again.

use std::io;

use nix::errno::Errno;

/// An error of a system call.
pub(super) trait CallError {
    /// Returns whether a signal interrupted the call before it had an effect.
    fn is_interrupted(&self) -> bool;
}

impl CallError for Errno {
    fn is_interrupted(&self) -> bool {
        *self == Self::EINTR
    }
}

impl CallError for io::Error {
    fn is_interrupted(&self) -> bool {
        self.kind() == io::ErrorKind::Interrupted
    }
}

/// Makes the call until it is not interrupted, and returns its result. Not for close(2), after which the descriptor is
/// gone on most systems even where a signal interrupted it.
pub(super) fn retry<T, E: CallError>(mut call: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    loop {
        match call() {
            Err(error) if error.is_interrupted() => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_call_is_made_again_and_other_error_returned() {
        let mut results = [Err(Errno::EINTR), Err(Errno::EINTR), Ok(7)].into_iter();
        assert_eq!(retry(|| results.next().expect("the call is made three times")), Ok(7));
        let mut errors = [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock].into_iter();
        let error = retry(|| Err::<(), _>(io::Error::from(errors.next().expect("the call is made twice"))));
        assert_eq!(error.expect_err("the second call fails").kind(), io::ErrorKind::WouldBlock);
    }
}
