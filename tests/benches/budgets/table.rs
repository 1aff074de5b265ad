//! The table of results, and how they compare with the committed ones.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

/// What the rows' `share` were when somebody last looked closely.
const COMMITTED: &str = include_str!("../budgets.json");

/// So much worse than the committed figure is more than a busy machine.
const FAR_OFF: f64 = 2.0;

/// One line: a figure beside its budget.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) measured: String,
    pub(crate) budget: String,
    /// What was measured beside it, for whoever reads; empty if nothing was.
    pub(crate) yardstick: String,
    /// How much of the budget is used: up to 1 is within, and less is better.
    pub(crate) share: f64,
}

impl Row {
    /// A time that must stay below `budget`.
    pub(crate) fn time(what: &'static str, measured: Duration, budget: Duration) -> Self {
        let share = measured.as_secs_f64() / budget.as_secs_f64();
        let budget = format!("< {}", milliseconds(budget));
        Self { what, measured: milliseconds(measured), budget, yardstick: String::new(), share }
    }

    /// A rate that must reach `budget`, which says in words where it comes from.
    pub(crate) fn rate(what: &'static str, measured: f64, least: f64, budget: &str) -> Self {
        let measured_text = format!("{measured:.0}/s");
        Self { what, measured: measured_text, budget: budget.to_owned(), yardstick: String::new(), share: least / measured }
    }

    pub(crate) fn beside(mut self, yardstick: String) -> Self {
        self.yardstick = yardstick;
        self
    }
}

pub(crate) fn milliseconds(time: Duration) -> String {
    let number = time.as_secs_f64() * 1e3;
    if number < 10.0 { format!("{number:.2} ms") } else { format!("{number:.0} ms") }
}

pub(crate) fn head() {
    println!("{:<34} {:>12} {:>28} {:>6}  yardstick in the same run", "what", "measured", "budget", "used");
}

pub(crate) fn print(row: &Row) {
    let Row { what, measured, budget, yardstick, share } = row;
    println!("{what:<34} {measured:>12} {budget:>28} {share:>6.2}  {yardstick}");
}

/// Compares with the committed shares; fails only on what is far off, for the machine may be busy.
pub(crate) fn check(rows: &[Row]) -> ExitCode {
    let committed: BTreeMap<&str, f64> = serde_json::from_str(COMMITTED).expect("budgets.json maps rows to numbers");
    let mut code = ExitCode::SUCCESS;
    for row in rows {
        let Some(before) = committed.get(row.what) else {
            println!("{}: not in budgets.json: add {:.2}", row.what, row.share);
            continue;
        };
        let change = row.share / before;
        if change > FAR_OFF && row.share > 1.0 {
            println!("{}: {change:.1} times the committed share of its budget", row.what);
            code = ExitCode::FAILURE;
        } else if change < 1.0 / FAR_OFF {
            println!("{}: much better than committed ({before:.2}): write {:.2}", row.what, row.share);
        }
    }
    code
}

/// The value below which `part` (0 to 1) of them lie.
pub(crate) fn quantile<T: Copy + PartialOrd>(values: &mut [T], part: f64) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("measurements compare"));
    values[((values.len() - 1) as f64 * part).round() as usize]
}
