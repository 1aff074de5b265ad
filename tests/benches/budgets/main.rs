//! Measures a cluster against its budgets, each beside its yardstick: `cargo bench --bench budgets -- [ROW...] [--check]`.
#![expect(clippy::print_stdout, reason = "a bench talks on stdout")]
#![expect(clippy::expect_used, reason = "a bench that cannot work has nothing to say")]

mod api;
#[path = "../../../apiserver/store/benches/creates/bare.rs"]
mod bare;
mod handler;
mod pods;
mod process;
mod reads;
mod start;
mod table;
mod writes;

use futures::{FutureExt as _, future::LocalBoxFuture};

use table::Row;

/// A group of rows that are measured together: its name on the command line, and what measures it.
type Group = (&'static str, fn() -> LocalBoxFuture<'static, Vec<Row>>);

const GROUPS: &[Group] = &[
    ("start", || start::measure().boxed_local()),
    ("creates", || writes::creates().boxed_local()),
    ("watch", || writes::watch().boxed_local()),
    ("list", || reads::list().boxed_local()),
    ("pods", || pods::measure().boxed_local()),
    ("scheduling", || pods::scheduling().boxed_local()),
    ("handler", || handler::measure().boxed_local()),
];

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (flags, wanted): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|argument| argument.starts_with("--"));
    // one thread: what is measured shares the cores with whom measures it
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut rows = Vec::new();
    table::head();
    for (name, measure) in GROUPS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let measured = runtime.block_on(measure());
            measured.iter().for_each(table::print);
            rows.extend(measured);
        }
    }
    if flags.iter().any(|flag| flag == "--check") { table::check(&rows) } else { std::process::ExitCode::SUCCESS }
}
