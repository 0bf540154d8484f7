//! The budget of work that is done in slices, so that no key waits for it.
//!
//! The unit is an operation: about the time in which a cell is blanked or copied, half a nanosecond to a nanosecond. Work
//! is counted and not timed, so that the result of a test does not depend on the machine.

/// Number of operations in a slice, less than a millisecond. That is more than the output of one turn costs, unless it is
/// hostile, so that work which is done in slices catches up with a flood.
pub const SLICE: usize = 768 * 1024;

/// The operations left for a slice of work, and those that were done.
#[derive(Debug)]
pub struct Work {
    budget: usize,
    done: usize,
}

impl Work {
    /// Creates the budget of one slice.
    pub fn slice() -> Self {
        Self { budget: SLICE, done: 0 }
    }

    /// Creates a budget of this number of operations.
    #[cfg(test)]
    pub fn of(budget: usize) -> Self {
        Self { budget, done: 0 }
    }

    /// Creates a budget without a limit.
    pub fn unlimited() -> Self {
        Self { budget: usize::MAX, done: 0 }
    }

    /// Counts operations. The last step of a slice may exceed the budget.
    pub fn charge(&mut self, operations: usize) {
        self.done = self.done.saturating_add(operations);
    }

    /// Returns whether the budget is used up.
    pub fn is_spent(&self) -> bool {
        self.done >= self.budget
    }

    /// Returns the number of operations done.
    pub fn done(&self) -> usize {
        self.done
    }
}
