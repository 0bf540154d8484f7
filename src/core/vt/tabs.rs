//! Tab stops.

/// Distance of the stops of a freshly reset terminal.
const DISTANCE: usize = 8;

/// Tab stops of both screens.
#[derive(Clone, Debug)]
pub(super) struct Tabs {
    /// Whether each column is a stop.
    stops: Vec<bool>,
    /// Whether the stops are those of a freshly reset terminal.
    regular: bool,
}

impl Tabs {
    /// Creates the stops of a freshly reset terminal.
    pub(super) fn new(cols: usize) -> Self {
        Self { stops: (0..cols).map(|col| col % DISTANCE == 0).collect(), regular: true }
    }

    /// Changes the number of columns; new ones have regular stops.
    pub(super) fn resize(&mut self, cols: usize) {
        self.stops.truncate(cols);
        let from = self.stops.len();
        self.stops.extend((from..cols).map(|col| col % DISTANCE == 0));
    }

    /// Sets a stop (HTS).
    pub(super) fn set(&mut self, col: usize) {
        if let Some(stop) = self.stops.get_mut(col) {
            (*stop, self.regular) = (true, false);
        }
    }

    /// Clears the stop in a column (TBC 0).
    pub(super) fn clear(&mut self, col: usize) {
        if let Some(stop) = self.stops.get_mut(col) {
            (*stop, self.regular) = (false, false);
        }
    }

    /// Clears all stops (TBC 3).
    pub(super) fn clear_all(&mut self) {
        self.stops.fill(false);
        self.regular = false;
    }

    /// Returns the `count`-th stop right of `col`, or the last column.
    #[inline]
    pub(super) fn right(&self, col: usize, count: usize) -> usize {
        let last = self.stops.len() - 1;
        if self.regular {
            return (col / DISTANCE).saturating_add(count).saturating_mul(DISTANCE).min(last);
        }
        let stops = (col + 1..=last).filter(|&col| self.stops[col]);
        stops.take(count).nth(count - 1).unwrap_or(last)
    }

    /// Returns the `count`-th stop left of `col`, or the first column.
    pub(super) fn left(&self, col: usize, count: usize) -> usize {
        (0..col).rev().filter(|&col| self.stops[col]).nth(count - 1).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Tabs;

    #[test]
    fn stops_are_set_and_cleared() {
        let mut tabs = Tabs::new(20);
        assert_eq!((tabs.right(0, 1), tabs.right(8, 1), tabs.right(3, 2), tabs.right(16, 1)), (8, 16, 16, 19));
        assert_eq!((tabs.left(19, 1), tabs.left(16, 1), tabs.left(9, 2), tabs.left(3, 9)), (16, 8, 0, 0));
        tabs.set(5);
        tabs.clear(8);
        assert_eq!((tabs.right(0, 1), tabs.right(5, 1), tabs.left(8, 1)), (5, 16, 5));
        tabs.clear_all();
        assert_eq!((tabs.right(0, 1), tabs.left(19, 1)), (19, 0));
        tabs.resize(30);
        assert_eq!((tabs.right(0, 1), tabs.right(24, 1)), (24, 29));
    }
}
