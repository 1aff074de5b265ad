//! `coracle load`: puts a module under an image name into the nodes' store, as `docker build` inside a node would.

use std::path::PathBuf;

use anyhow::Context as _;
use http::Request;
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client, Config,
    api::ListParams,
    config::{KubeConfigOptions, Kubeconfig},
};

use super::print;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The WebAssembly file: a component or a core module
    file: PathBuf,
    /// The image name that pods will use, e.g. `example/example:v1`
    image: String,
    /// The kubeconfig to find the cluster with [default: as kubectl does]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let wasm = std::fs::read(&args.file).with_context(|| format!("cannot read `{}`", args.file.display()))?;
    let client = connect(args.kubeconfig.as_deref()).await?;
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await.context("cannot list the nodes")?;
    let names: Vec<String> = nodes.items.into_iter().filter_map(|node| node.metadata.name).collect();
    anyhow::ensure!(!names.is_empty(), "the cluster has no node to load `{}` on", args.image);
    for node in names {
        let path = format!("/api/v1/nodes/{node}/proxy/images/{}", args.image);
        let request = Request::put(path).header("content-type", "application/wasm").body(wasm.clone())?;
        let answer = client.request_text(request).await;
        let answer =
            answer.map_err(words).with_context(|| format!("node `{node}` did not take `{}`", args.file.display()))?;
        print(&format!("{}: {}", node, answer.trim_end()));
    }
    Ok(())
}

/// The node answers in plain words, which the client wraps as a Status it could not read.
fn words(error: kube::Error) -> anyhow::Error {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => anyhow::Error::msg(status.message.clone()),
        other => other.into(),
    }
}

async fn connect(file: Option<&std::path::Path>) -> anyhow::Result<Client> {
    let config = match file {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path)?;
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?
        }
        None => Config::from_kubeconfig(&KubeConfigOptions::default())
            .await
            .context("there is no kubeconfig\nhint: `coracle up` writes one; `--kubeconfig FILE` names another")?,
    };
    Ok(Client::try_from(config)?)
}
