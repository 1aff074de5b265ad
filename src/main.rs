//! Coracle: a Kubernetes cluster in one binary, in which every Pod is WebAssembly.

mod cli;
/// Puts the parts together: API server, controllers, scheduler, nodes, network.
mod cluster;
/// What `kubectl` reads to find the cluster.
mod kubeconfig;
/// The samples that the binary carries.
mod samples;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
