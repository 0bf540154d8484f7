//! The patterns' own regexes, compiled when first needed; those that have not been used for longest go when they
//! take too much memory together.

use regex::bytes::{CaptureLocations, Regex};

use super::pattern::{Pattern, SIZE_LIMIT, compile};

/// All compiled regexes together may be of this size, by the limits within which they compiled.
const BUDGET: usize = 8 << 20;
/// The limits within which compiling is tried. The one that suffices is taken as the regex's size: it does not tell.
/// The last is above what parsing has checked.
const SIZES: [usize; 5] = [16 << 10, 64 << 10, 512 << 10, 2 << 20, 2 * SIZE_LIMIT];

/// A compiled regex, with room for one match.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) regex: Regex,
    pub(super) locations: CaptureLocations,
    size: usize,
    used: u64,
}

/// The compiled regexes, by trigger.
#[derive(Debug)]
pub(super) struct Pool {
    slots: Vec<Option<Box<Own>>>,
    /// All of them together, never above the budget for long.
    size: usize,
    budget: usize,
    clock: u64,
}

impl Pool {
    /// Room for so many regexes.
    pub(super) fn new(len: usize) -> Self {
        Self::within(BUDGET, len)
    }

    fn within(budget: usize, len: usize) -> Self {
        Self { slots: (0..len).map(|_| None).collect(), size: 0, budget, clock: 0 }
    }

    /// The regex of a trigger. Absent only if it does not compile, which parsing has excluded.
    pub(super) fn get(&mut self, i: usize, pattern: &Pattern) -> Option<&mut Own> {
        self.clock += 1;
        if self.slots[i].is_none() {
            let own = Own::new(pattern)?;
            self.size += own.size;
            self.slots[i] = Some(Box::new(own));
            self.shrink(i);
        }
        let own = self.slots[i].as_deref_mut()?;
        own.used = self.clock;
        Some(own)
    }

    /// Drops what has not been used for longest until the rest is within the budget; one always stays.
    fn shrink(&mut self, keep: usize) {
        while self.size > self.budget {
            let others = self.slots.iter().enumerate().filter(|&(i, _)| i != keep);
            let oldest = others.filter_map(|(i, slot)| Some((slot.as_ref()?.used, i))).min();
            let Some((_, oldest)) = oldest else { return };
            self.size -= self.slots[oldest].take().map_or(0, |own| own.size);
        }
    }
}

impl Own {
    fn new(pattern: &Pattern) -> Option<Self> {
        let fitting = |&size: &usize| Some((compile(pattern.text(), size).ok()?, size));
        let (regex, size) = SIZES.iter().find_map(fitting)?;
        Some(Self { locations: regex.capture_locations(), regex, size, used: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_holds_and_what_was_dropped_comes_back() {
        let patterns: Vec<Pattern> =
            (0..60).map(|n| Pattern::parse(&format!(r"\w{{1,3}} {n}")).expect("the pattern is good")).collect();
        let mut pool = Pool::within(1 << 20, patterns.len());
        for _ in 0..2 {
            for (i, pattern) in patterns.iter().enumerate() {
                let own = pool.get(i, pattern).expect("the pattern compiles");
                assert!(own.regex.is_match(format!("abc {i}").as_bytes()));
                assert!(pool.size <= pool.budget);
            }
        }
        let held: usize = pool.slots.iter().flatten().map(|own| own.size).sum();
        assert_eq!(held, pool.size);
        assert!(pool.slots[59].is_some() && pool.slots[0].is_none());
    }
}
