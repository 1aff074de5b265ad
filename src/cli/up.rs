//! `coracle up`: a cluster in this process, until a signal ends it.

use std::{net::SocketAddr, path::PathBuf, time::Instant};

use anyhow::Context as _;

use super::{data_home, say, signals};
use crate::{
    cluster::{Cluster, Options},
    kubeconfig,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the cluster keeps its state [default: ~/.local/share/coracle]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where the API server listens; NodePorts open on the same address
    #[arg(long, default_value = "127.0.0.1:6443", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How many nodes run in this process
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64), value_name = "COUNT")]
    nodes: u8,
    /// Write the kubeconfig to this file and leave the user's alone
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let stop = signals().context("cannot listen for signals")?;
    let options = Options {
        data_dir: args.data_dir.unwrap_or_else(data_home),
        listen: args.listen,
        nodes: args.nodes,
        images: Vec::new(),
    };
    let cluster = Cluster::start(options).await?;
    let ready = stop.run_until_cancelled(cluster.ready()).await;
    if let Some(ready) = ready {
        ready?;
        let target = kubeconfig::Target::choose(args.kubeconfig)?;
        target.write(&cluster.kubeconfig())?;
        let nodes = if args.nodes == 1 { "node is".to_owned() } else { format!("{} nodes are", args.nodes) };
        say(&format!(
            "cluster up, its {nodes} Ready after {} ms: https://{} (context `{}` in {})",
            began.elapsed().as_millis(),
            cluster.address(),
            kubeconfig::CONTEXT,
            target.path().display()
        ));
        stop.cancelled().await;
    }
    cluster.stop().await;
    Ok(())
}
