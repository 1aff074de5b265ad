//! The command line: one file a command, one row here.

mod demo;
mod load;
mod up;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

/// A Kubernetes cluster in one binary, in which every Pod is WebAssembly.
#[derive(Parser)]
#[command(name = "coracle", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What to log, e.g. `info` or `coracle_runtime=debug`
    #[arg(long, global = true, env = "CORACLE_LOG", default_value = "warn", value_name = "FILTER")]
    log: String,
}

#[derive(Subcommand)]
enum Command {
    /// Start a cluster with the samples deployed, to look around; Ctrl-C ends it and leaves nothing behind
    Demo(demo::Args),
    /// Start a cluster: API server, controllers, scheduler and nodes in this process
    Up(up::Args),
    /// Put a WebAssembly file under an image name into the nodes' store
    Load(load::Args),
}

/// Runs the command; its error is the last line on stderr.
pub(crate) fn run(cli: Cli) -> ExitCode {
    if let Err(error) = start_log(&cli.log) {
        return fail(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start the threads")),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Up(args) => up::run(args).await,
            Command::Load(args) => load::run(args).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    say(&format!("error: {error:#}"));
    ExitCode::FAILURE
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).map_err(|error| {
        anyhow::anyhow!("`--log {filter}` is not a filter: {error}\nhint: `info`, or `coracle_runtime=debug,warn`")
    })?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}

/// Talk, to stderr.
#[expect(clippy::print_stderr, reason = "the place where the program talks")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// Data, to stdout. A reader that left (`| head`) is no error of ours.
fn print(line: &str) {
    use std::io::Write as _;
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        tracing::debug!(%error, "nobody reads what is printed");
    }
}

/// `$XDG_DATA_HOME/coracle`, or what that is by default.
fn data_home() -> PathBuf {
    let home = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
    home.unwrap_or_else(|| PathBuf::from(".")).join("coracle")
}

/// Cancelled by the first SIGINT or SIGTERM; a second one ends the process at once.
fn signals() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let cancel = token.clone();
    // lives as long as the process: its end is the process's
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                cancel.cancel();
            } else {
                std::process::exit(130);
            }
        }
    });
    Ok(token)
}
