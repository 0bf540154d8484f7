//! Counts of many keys in bounded memory.

use std::collections::HashMap;

/// Maximum number of keys.
const MOST_KEYS: usize = 4096;

/// A value for each key, in the order in which the keys came.
#[derive(Debug)]
pub(super) struct Tally<V> {
    entries: HashMap<String, TallyEntry<V>>,
    /// Number of keys that have come.
    keys: u64,
}

/// A key that has come.
#[derive(Debug)]
struct TallyEntry<V> {
    count: u64,
    /// The number of the key.
    order: u64,
    value: V,
}

/// A key, how often it came, and its value.
#[derive(Debug)]
pub(super) struct Counted<V> {
    pub(super) key: String,
    pub(super) count: u64,
    pub(super) value: V,
}

impl<V> Default for Tally<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), keys: 0 }
    }
}

impl<V: Default> Tally<V> {
    /// Counts `key` once, as [`Tally::add`] does.
    pub(super) fn count(&mut self, key: &str) -> Option<&mut V> {
        self.add(key, 1)
    }

    /// Counts `key` as often as `times` says, and returns its value. Where there are too many keys, those that came once are
    /// forgotten; `None` if all have come more often.
    pub(super) fn add(&mut self, key: &str, times: u64) -> Option<&mut V> {
        if !self.entries.contains_key(key) {
            if self.entries.len() >= MOST_KEYS {
                self.entries.retain(|_, entry| entry.count > 1);
            }
            if self.entries.len() >= MOST_KEYS {
                return None;
            }
            self.keys += 1;
            let entry = TallyEntry { count: 0, order: self.keys, value: V::default() };
            self.entries.insert(key.to_owned(), entry);
        }
        let entry = self.entries.get_mut(key)?;
        entry.count += times;
        Some(&mut entry.value)
    }

    /// Returns the keys, the most frequent first, and of those that came equally often the first.
    pub(super) fn into_sorted(self) -> Vec<Counted<V>> {
        let mut all: Vec<(String, TallyEntry<V>)> = self.entries.into_iter().collect();
        all.sort_by_key(|(_, entry)| (std::cmp::Reverse(entry.count), entry.order));
        let counted = |(key, entry): (String, TallyEntry<V>)| Counted { key, count: entry.count, value: entry.value };
        all.into_iter().map(counted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(tally: Tally<u32>) -> Vec<(String, u64)> {
        tally.into_sorted().into_iter().map(|counted| (counted.key, counted.count)).collect()
    }

    #[test]
    fn most_frequent_key_is_first() {
        let mut tally = Tally::default();
        for key in ["b", "a", "c", "a", "c"] {
            *tally.count(key).expect("there is room") += 1;
        }
        assert_eq!(counts(tally), [("a".to_owned(), 2), ("c".to_owned(), 2), ("b".to_owned(), 1)]);
    }

    #[test]
    fn keys_that_came_once_make_room() {
        let mut tally: Tally<u32> = Tally::default();
        for _ in 0..2 {
            tally.count("often");
        }
        for i in 0..3 * MOST_KEYS {
            assert!(tally.count(&i.to_string()).is_some());
            assert!(tally.entries.len() <= MOST_KEYS);
        }
        assert_eq!(counts(tally)[0], ("often".to_owned(), 2));
        let mut full: Tally<u32> = Tally::default();
        for i in (0..MOST_KEYS).chain(0..MOST_KEYS) {
            full.count(&i.to_string());
        }
        assert!(full.count("new").is_none() && full.count("7").is_some());
    }
}
