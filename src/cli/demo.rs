//! `coracle demo`: a cluster with the samples deployed, to look around; nothing is left behind.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use client::{
    Message,
    views::{PodView, ServiceView},
};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use kube::{
    Api,
    api::{ApiResource, DynamicObject, GroupVersionKind, PostParams},
};
use serde::Deserialize as _;

use super::{print, signals};
use crate::{
    cluster::{Cluster, Options},
    kubeconfig,
    samples::{self, Sample},
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the API server listens
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How many nodes run in this process
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64), value_name = "COUNT")]
    nodes: u8,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let stop = signals().context("cannot listen for signals")?;
    let directory = Directory::create()?;
    let options = Options {
        data_dir: directory.0.join("data"),
        listen: args.listen,
        nodes: args.nodes,
        images: samples::ALL.iter().map(|sample| (sample.image, sample.wasm)).collect(),
    };
    let cluster = Cluster::start(options).await?;
    let shown = stop.run_until_cancelled(show(&cluster, &directory.0, args.listen.ip(), began)).await;
    if let Some(shown) = shown {
        shown?;
        stop.cancelled().await;
    }
    cluster.stop().await;
    drop(directory);
    print("\nended, nothing is left behind");
    Ok(())
}

async fn show(cluster: &Cluster, directory: &Path, ip: IpAddr, began: Instant) -> anyhow::Result<()> {
    cluster.ready().await?;
    let file = directory.join("kubeconfig");
    kubeconfig::Target::choose(Some(file.clone()))?.write(&cluster.kubeconfig())?;
    print(&format!("{:>6} ms  cluster up, node Ready: https://{}\n", began.elapsed().as_millis(), cluster.address()));

    let mut urls = Vec::new();
    for sample in samples::ALL {
        let url =
            deploy(cluster, sample, ip).await.with_context(|| format!("cannot deploy the sample `{}`", sample.name))?;
        urls.push((sample.name, url));
    }
    print("\nopen in a browser:");
    for (name, url) in &urls {
        print(&format!("  {name:<8} {url}"));
    }
    print("\ntype next:");
    print(&format!("  export KUBECONFIG={}", file.display()));
    for line in [
        "kubectl get nodes,deploy,po,svc -o wide",
        "kubectl scale deploy/hello --replicas=50 && kubectl rollout status deploy/hello",
        "kubectl delete po -l app=hello; kubectl get po -w",
        "kubectl describe deploy/hello",
    ] {
        print(&format!("  {line}"));
    }
    print("\nCtrl-C ends the demo; `coracle up` starts a cluster that stays");
    Ok(())
}

/// Applies a sample's manifest, shows its pods as they become Ready, and asks it for a page.
async fn deploy(cluster: &Cluster, sample: &Sample, ip: IpAddr) -> anyhow::Result<String> {
    let pods = cluster.admin().informer::<PodView>();
    let mut changes = pods.subscribe();
    pods.synced().await;
    let applied = Instant::now();
    let mut replicas = 0;
    for document in serde_yaml::Deserializer::from_str(sample.manifest) {
        let object = DynamicObject::deserialize(document)?;
        replicas += object.data["spec"]["replicas"].as_u64().unwrap_or(0);
        create(cluster, &object).await?;
    }
    let mut ready = Vec::new();
    while (ready.len() as u64) < replicas {
        let message = changes.next().await.context("the cluster stopped")?;
        let Message::Change(change) = message else { continue };
        let pod = change.latest();
        if pod.label("app") == Some(sample.name) && pod.ready && !ready.contains(&pod.name().to_owned()) {
            ready.push(pod.name().to_owned());
            print(&format!("{:>6} ms  pod/{} Ready at {}", applied.elapsed().as_millis(), pod.name(), pod.ip));
        }
    }
    let service = cluster.admin().informer::<ServiceView>();
    service.synced().await;
    let service = service.get(&api::Key::new("default", sample.name)).context("the Service is gone")?;
    let port = service.ports.first().context("the Service has no port")?.node_port;
    let address = SocketAddr::new(ip, port);
    first_page(address).await?;
    let url = format!("http://{address}/");
    print(&format!("{:>6} ms  from apply to the first 200 of {}: {url}", applied.elapsed().as_millis(), sample.name));
    Ok(url)
}

async fn create(cluster: &Cluster, object: &DynamicObject) -> anyhow::Result<()> {
    let types = object.types.as_ref().context("a manifest without kind")?;
    let kind = GroupVersionKind::try_from(types)?;
    let api: Api<DynamicObject> =
        Api::namespaced_with(cluster.admin().client.clone(), "default", &ApiResource::from_gvk(&kind));
    api.create(&PostParams::default(), object).await?;
    Ok(())
}

/// The endpoint is in the tables a moment after the pod is Ready; the socket cannot tell when.
async fn first_page(address: SocketAddr) -> anyhow::Result<()> {
    for _ in 0..2000 {
        if get(address).await.is_ok_and(|status| status.is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    anyhow::bail!("http://{address}/ does not answer")
}

async fn get(address: SocketAddr) -> anyhow::Result<http::StatusCode> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = http::Request::get("/").header("host", address.to_string()).body(Empty::<bytes::Bytes>::new())?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        anyhow::Ok(status)
    };
    tokio::select! {
        status = exchange => status,
        ended = connection => {
            ended?;
            anyhow::bail!("the connection was closed")
        }
    }
}

/// A directory for this demo alone, gone with it.
struct Directory(std::path::PathBuf);

impl Directory {
    fn create() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("coracle-demo-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make the directory `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "cannot remove the demo's directory");
        }
    }
}
