//! From exec to a Ready node: without any state, and again.

use std::time::Duration;

use super::{
    process::Process,
    table::{Row, quantile},
};

const RUNS: usize = 5;
const BUDGET: Duration = Duration::from_millis(100);

pub(crate) async fn measure() -> Vec<Row> {
    let (mut first, mut again, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let directory = tempfile::tempdir().expect("a directory");
        first.push(Process::start(directory.path()).took);
        let process = Process::start(directory.path());
        again.push(process.took);
        tokio::time::sleep(Duration::from_secs(1)).await;
        memory.push(process.memory());
    }
    let memory = quantile(&mut memory, 0.5) / 1e6;
    vec![
        Row::time("first start to node Ready", quantile(&mut first, 0.5), BUDGET),
        Row::time("restart to node Ready", quantile(&mut again, 0.5), BUDGET),
        Row {
            what: "memory of an idle cluster",
            measured: format!("{memory:.0} MB"),
            budget: "< 50 MB".to_owned(),
            yardstick: String::new(),
            share: memory / 50.0,
        },
    ]
}
