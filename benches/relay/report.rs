//! Statistics, tables and JSON.

use serde_json::{Value, json};

/// Values of all rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the quantile `part`, from 0 to 1, interpolated.
    pub(crate) fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let index = (sorted.len().saturating_sub(1)) as f64 * part;
        let (low, high) = (index.floor() as usize, index.ceil() as usize);
        match (sorted.get(low), sorted.get(high)) {
            (Some(a), Some(b)) => a + (b - a) * index.fract(),
            _ => f64::NAN,
        }
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// Formats the values as `median [min..max]`.
    pub(crate) fn spread(&self) -> String {
        if self.is_empty() {
            return "-".into();
        }
        format!("{} [{}..{}]", short(self.median()), short(self.at(0.0)), short(self.at(1.0)))
    }

    pub(crate) fn json(&self) -> Value {
        if self.is_empty() {
            return Value::Null;
        }
        json!({ "median": self.median(), "min": self.at(0.0), "max": self.at(1.0), "all": self.0 })
    }

    /// Returns quantiles and count, for series with too many values to list.
    pub(crate) fn brief(&self) -> Value {
        if self.is_empty() {
            return Value::Null;
        }
        json!({ "p50": self.median(), "p99": self.at(0.99), "max": self.at(1.0), "count": self.0.len() })
    }
}

/// Formats a value with three significant digits.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size.is_nan() => "-".into(),
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Formats a time in nanoseconds.
pub(crate) fn time(nanos: f64) -> String {
    match nanos {
        nanos if nanos.is_nan() => "-".into(),
        nanos if nanos >= 999_500.0 => format!("{} ms", short(nanos / 1e6)),
        nanos => format!("{:.0} us", nanos / 1e3),
    }
}

/// Results, as printed tables and as JSON.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Value>,
    /// Errors, with the test and wrapper.
    pub(crate) faults: Vec<String>,
}

impl Report {
    /// Prints a table with the first column left-aligned.
    pub(crate) fn table(&self, title: &str, head: &[&str], rows: &[Vec<String>]) {
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row.get(column).map_or(0, String::len));
            cells.chain([head[column].len()]).max().unwrap_or(0)
        };
        let print = |cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.enumerate().map(|(i, cell)| match i {
                0 => format!("{cell:<width$}", width = width(i)),
                _ => format!("{cell:>width$}", width = width(i)),
            });
            println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        };
        println!("\n{title}");
        print(&mut head.iter().copied());
        for row in rows {
            print(&mut row.iter().map(String::as_str));
        }
    }

    pub(crate) fn row(&mut self, row: Value) {
        self.rows.push(row);
    }

    pub(crate) fn fault(&mut self, what: String) {
        if !self.faults.contains(&what) {
            println!("  ! {what}");
            self.faults.push(what);
        }
    }
}
