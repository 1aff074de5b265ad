//! One run of a container: from its image to a guest that listens, and its end.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use client::EventType;
use engine::{Exit, Guest, GuestKind, Module, Workload};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod};

use super::{backoff::Backoff, env, hook::Hook, host::Host, sources, state::Which};
use crate::{
    image::{
        Image,
        policy::{self, Verdict},
    },
    logs::{Channel, Log, Sink},
    network::{HandlerServer, PodNetwork},
    volumes,
};

/// Where a handler listens whose container names no port: as `wasmtime serve` does.
const DEFAULT_PORT: u16 = 8080;
/// How long the rest of the cluster is given to hear that a pod goes, before its door closes.
const NOTICE: Duration = Duration::from_millis(200);
/// A pull is tried, then said to back off: the two reasons can both be seen.
const PULL_SHOWN: SignedDuration = SignedDuration::from_secs(1);

/// A guest that runs, and what belongs to this run alone.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) image_id: String,
    pub(crate) guest: Guest,
    server: Option<Arc<HandlerServer>>,
    pub(crate) sink: Sink,
}

/// Why a container does not run: a waiting state.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// When it may be tried again; `None`: by the back-off of its restarts.
    pub(crate) retry: Option<Timestamp>,
    /// An image was asked for in vain.
    pub(crate) pulled: bool,
}

/// What a start needs to know.
pub(crate) struct Start {
    pub(crate) host: Arc<Host>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) which: Which,
    pub(crate) ip: IpAddr,
    /// The number of this run: 0, then one more each time.
    pub(crate) run: i32,
    pub(crate) pull: Backoff,
}

impl Start {
    /// Runs it, and says in events how that went.
    pub(crate) async fn start(self) -> Result<Instance, Failure> {
        let spec = self.which.of(&self.pod).expect("the plan names containers of the pod");
        let image = self.image(spec)?;
        let started = match self.prepare(spec, &image).await {
            Ok((module, workload, sink)) => self.launch(spec, &image, &module, workload, sink).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &started {
            self.event(spec, EventType::Warning, "Failed", &format!("Error: {}", failure.message));
        }
        started
    }

    fn event(&self, spec: &Container, kind: EventType, reason: &str, message: &str) {
        self.host.container_event(&self.pod, path(self.which, spec), kind, reason, message);
    }

    fn image(&self, spec: &Container) -> Result<Image, Failure> {
        let name = spec.image.as_deref().unwrap_or_default();
        let failed = |reason, message: String, retry, pulled| {
            self.event(spec, EventType::Warning, "Failed", &format!("Error: {reason}"));
            Err(Failure { reason, message, retry, pulled })
        };
        let now = Timestamp::now();
        match policy::verdict(&self.host.images, name, spec.image_pull_policy.as_deref()) {
            Verdict::Present(image) => {
                let message = format!("Container image {name:?} already present on machine and can be accessed by the pod");
                self.event(spec, EventType::Normal, "Pulled", &message);
                Ok(image)
            }
            Verdict::Invalid(invalid) => {
                let message =
                    format!("Failed to apply default image tag {name:?}: couldn't parse image name {name:?}: {invalid}");
                self.event(spec, EventType::Warning, "InspectFailed", &message);
                failed("InvalidImageName", message, None, false)
            }
            Verdict::Refused => {
                let message = format!("Container image {name:?} is not present with pull policy of Never");
                self.event(spec, EventType::Warning, "ErrImageNeverPull", &message);
                failed("ErrImageNeverPull", message, None, false)
            }
            Verdict::Pull(reference) => {
                let cause = format!(
                    "failed to pull and unpack image \"{reference}\": this node pulls from no registry; \
                     hint: `coracle load FILE {name}` puts a module under that name"
                );
                if let Some(until) = self.pull.waiting(now) {
                    self.event(spec, EventType::Normal, "BackOff", &format!("Back-off pulling image {name:?}"));
                    let message = format!("Back-off pulling image {name:?}: ErrImagePull: {cause}");
                    return failed("ImagePullBackOff", message, Some(until), false);
                }
                self.event(spec, EventType::Normal, "Pulling", &format!("Pulling image {name:?}"));
                let message = format!("Failed to pull image {name:?}: {cause}");
                self.event(spec, EventType::Warning, "Failed", &message);
                failed("ErrImagePull", cause, Some(now + PULL_SHOWN), true)
            }
        }
    }

    async fn prepare(&self, spec: &Container, image: &Image) -> Result<(Module, Workload, Sink), Failure> {
        let (host, pod) = (&self.host, &*self.pod);
        let config = |message| Failure { reason: "CreateContainerConfigError", message, retry: None, pulled: false };
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let sources = sources::fetch(&host.cluster, namespace, &env::sources(spec))
            .await
            .map_err(|error| config(error.to_string()))?;
        let (services, facts) = (host.services_for(pod), host.facts(Some(self.ip)));
        let mut env = env::environment(pod, spec, &sources, &services, &facts).map_err(config)?;
        let arguments = env::arguments(spec, &env);
        let dir = host.volumes.dir(pod.metadata.uid.as_deref().unwrap_or_default());
        let wanted = volumes::mounts(pod, spec, &dir, &env).map_err(config)?;
        let mounts = if wanted.is_empty() {
            Vec::new()
        } else {
            let own = dir.join("files").join(&spec.name);
            let placed = tokio::task::spawn_blocking(move || volumes::place(wanted, &own)).await;
            placed.expect("placing mounts does not panic and is not cancelled").map_err(config)?
        };
        if !env.iter().any(|(name, _)| name == "HOSTNAME") {
            env.push(("HOSTNAME".to_owned(), pod.metadata.name.clone().unwrap_or_default()));
        }
        let module = self.module(image).await.map_err(|message| Failure {
            reason: "CreateContainerError",
            message,
            retry: None,
            pulled: false,
        })?;
        // the run before this one can be asked for, older ones cannot
        if self.run >= 2 {
            Log::discard(host.log_path(pod, &spec.name, self.run - 2)).await;
        }
        let sink = host.logs.sink(Log::new(host.log_path(pod, &spec.name, self.run)));
        let program = || vec![spec.name.clone()];
        let workload = Workload {
            name: format!("{namespace}/{}/{}", pod.metadata.name.as_deref().unwrap_or_default(), spec.name),
            args: if spec.command.is_some() { arguments } else { program().into_iter().chain(arguments).collect() },
            env,
            mounts,
            stdout: sink.output(Channel::Stdout),
            stderr: sink.output(Channel::Stderr),
            network: Arc::new(PodNetwork::new(host.fabric.clone(), self.ip, namespace)),
            memory_limit: memory_limit(spec),
            cpu_weight: cpu_weight(spec),
        };
        Ok((module, workload, sink))
    }

    async fn module(&self, image: &Image) -> Result<Module, String> {
        if let Some(module) = self.host.engine.cached(&image.digest) {
            return Ok(module);
        }
        let wasm = self.host.images.read(&image.digest).await.map_err(|error| client::error::chain(&error))?;
        self.host.engine.prepare(&image.digest, wasm).await.map_err(|error| client::error::chain(&error))
    }

    async fn launch(
        &self,
        spec: &Container,
        image: &Image,
        module: &Module,
        workload: Workload,
        sink: Sink,
    ) -> Result<Instance, Failure> {
        let failed = |message| Failure { reason: "RunContainerError", message, retry: None, pulled: false };
        self.event(spec, EventType::Normal, "Created", "Container created");
        let listener = match module.kind() {
            GuestKind::Handler => {
                let at = SocketAddr::new(self.ip, port(spec));
                Some(self.host.fabric.listen(at).map_err(|error| failed(format!("cannot listen on {at}: {error}")))?)
            }
            GuestKind::Command | GuestKind::Core => None,
        };
        let guest = self.host.engine.start(module, workload).await;
        let guest = guest.map_err(|error| failed(client::error::chain(&error)))?;
        self.event(spec, EventType::Normal, "Started", "Container started");
        let server = listener.map(|listener| Arc::new(HandlerServer::start(listener, guest.clone())));
        let id = format!("wasm://{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        Ok(Instance { id, image_id: image.digest.clone(), guest, server, sink })
    }
}

impl Instance {
    /// Resolves when the guest has ended by itself or was killed; its door is closed and its log is whole then.
    pub(crate) async fn ended(self) -> Exit {
        let exit = self.guest.exited().await;
        if let Some(server) = &self.server {
            server.stop().await;
        }
        self.sink.close();
        exit
    }

    /// Ends it within `grace`: the hook, then what it serves is served, then it is killed. True if nothing was cut off.
    pub(crate) async fn stop(&self, hook: Option<Hook>, notice: bool, grace: Duration) -> bool {
        let orderly = async {
            if let Some(hook) = hook {
                hook.run("FailedPreStopHook", "PreStopHook failed").await;
            }
            if notice {
                tokio::time::sleep(NOTICE).await;
            }
            if let Some(server) = &self.server {
                server.drain().await;
            }
            self.guest.drain().await;
        };
        let drained = tokio::time::timeout(grace, orderly).await.is_ok();
        self.guest.kill();
        drained && self.server.is_some()
    }
}

/// The container as an event's `fieldPath` names it.
pub(crate) fn path(which: Which, spec: &Container) -> String {
    match which {
        Which::Init(_) => format!("spec.initContainers{{{}}}", spec.name),
        Which::Main(_) => format!("spec.containers{{{}}}", spec.name),
    }
}

fn port(spec: &Container) -> u16 {
    let first = spec.ports.iter().flatten().map(|port| port.container_port).next();
    first.and_then(|port| u16::try_from(port).ok()).unwrap_or(DEFAULT_PORT)
}

fn memory_limit(spec: &Container) -> Option<u64> {
    let limit = spec.resources.as_ref()?.limits.as_ref()?.get("memory")?;
    u64::try_from(api::quantity::Quantity::parse(&limit.0).ok()?.value()).ok()
}

/// CPU requests as shares, by the formula of the kubelet; its floor is that of a cgroup.
fn cpu_weight(spec: &Container) -> u32 {
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let cpu = requests.and_then(|requests| requests.get("cpu"));
    let milli = cpu.and_then(|cpu| api::quantity::Quantity::parse(&cpu.0).ok()).map_or(0, |cpu| cpu.milli());
    u32::try_from(milli * 1024 / 1000).unwrap_or(u32::MAX).max(2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_says_where_it_listens_and_what_it_needs() {
        let spec = |value| serde_json::from_value::<Container>(value).unwrap();
        let full = spec(json!({ "name": "c", "ports": [{ "containerPort": 3000 }, { "containerPort": 1 }],
            "resources": { "limits": { "memory": "64Mi" }, "requests": { "cpu": "500m" } } }));
        assert_eq!((port(&full), memory_limit(&full), cpu_weight(&full)), (3000, Some(64 << 20), 512));
        let bare = spec(json!({ "name": "c" }));
        assert_eq!((port(&bare), memory_limit(&bare), cpu_weight(&bare)), (DEFAULT_PORT, None, 2));
        assert_eq!(path(Which::Init(0), &bare), "spec.initContainers{c}");
    }
}
