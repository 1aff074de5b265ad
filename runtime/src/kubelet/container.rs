//! One run of a container: from its image to a guest that listens, and its end.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use client::EventType;
use engine::{Exit, Guest, GuestKind, Module, Workload};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod};

use super::{backoff::Backoff, env, hook::Hook, host::Host, identity, sources, state::Which, termination::Termination};
use crate::{
    image::{
        Image, Reference,
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
    pub(crate) module: Module,
    /// What `exec` may call the container's own program.
    pub(crate) names: Arc<[String]>,
    termination: Termination,
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
        let spec = &*spec;
        let image = self.image(spec)?;
        let started = match self.prepare(spec, &image).await {
            Ok(prepared) => self.launch(spec, &image, prepared).await,
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

    async fn prepare(&self, spec: &Container, image: &Image) -> Result<Prepared, Failure> {
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
        let host_name = identity::host_name(pod).map_err(config)?;
        let root = self.root(spec, &dir);
        let message_file = root.message_file.clone();
        let given =
            Given { hosts: identity::hosts(pod, &host_name, self.ip), name: host_name.shown.clone(), resolv: self.resolv() };
        let own = dir.join("files").join(&spec.name);
        let placed = tokio::task::spawn_blocking(move || {
            given.write(&dir).map_err(|error| format!("cannot write the files of the pod: {error}"))?;
            volumes::place(&root, wanted, &own)
        });
        let mounts = placed.await.expect("placing mounts does not panic and is not cancelled").map_err(config)?;
        if !env.iter().any(|(name, _)| name == "HOSTNAME") {
            env.push(("HOSTNAME".to_owned(), host_name.shown));
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
        let log = Log::new(host.log_path(pod, &spec.name, self.run));
        let sink = host.logs.sink(log.clone());
        let program = || vec![spec.name.clone()];
        let workload = Workload {
            name: format!("{namespace}/{}/{}", pod.metadata.name.as_deref().unwrap_or_default(), spec.name),
            args: if spec.command.is_some() { arguments } else { program().into_iter().chain(arguments).collect() },
            env,
            dir: spec.working_dir.clone().filter(|dir| !dir.is_empty()),
            mounts,
            stdout: sink.output(Channel::Stdout),
            stderr: sink.output(Channel::Stderr),
            network: Arc::new(PodNetwork::new(host.fabric.clone(), self.ip, namespace)),
            memory_limit: memory_limit(spec),
            cpu_quota: cpu_quota(spec),
            cpu_weight: cpu_weight(spec),
        };
        let termination = Termination::new(spec, message_file, log);
        Ok(Prepared { module, workload, sink, termination })
    }

    fn root(&self, spec: &Container, dir: &Path) -> volumes::Root {
        let own = dir.join("containers").join(&spec.name);
        let security = spec.security_context.as_ref();
        let message = spec.termination_message_path.as_deref().filter(|path| !path.is_empty());
        volumes::Root {
            dir: own.join("root"),
            read_only: security.and_then(|security| security.read_only_root_filesystem) == Some(true),
            files: ["hostname", "hosts", "resolv.conf"]
                .map(|name| (Path::new("/etc").join(name), dir.join("etc").join(name)))
                .into(),
            message: message.unwrap_or("/dev/termination-log").into(),
            message_file: own.join("termination-log"),
            working_dir: spec.working_dir.as_deref().filter(|dir| !dir.is_empty()).map(Into::into),
        }
    }

    fn resolv(&self) -> String {
        identity::resolv_conf(&self.pod, &self.host.resolv_conf)
    }

    async fn module(&self, image: &Image) -> Result<Module, String> {
        if let Some(module) = self.host.engine.cached(&image.digest) {
            return Ok(module);
        }
        let wasm = self.host.images.read(&image.digest).await.map_err(|error| client::error::chain(&error))?;
        self.host.engine.prepare(&image.digest, wasm).await.map_err(|error| client::error::chain(&error))
    }

    async fn launch(&self, spec: &Container, image: &Image, prepared: Prepared) -> Result<Instance, Failure> {
        let Prepared { module, workload, sink, termination } = prepared;
        let failed = |message| Failure { reason: "RunContainerError", message, retry: None, pulled: false };
        let listener = match module.kind() {
            GuestKind::Handler => {
                let at = SocketAddr::new(self.ip, port(spec));
                Some(self.host.fabric.listen(at).map_err(|error| failed(format!("cannot listen on {at}: {error}")))?)
            }
            GuestKind::Command | GuestKind::Core => None,
        };
        let guest = self.host.engine.start(&module, workload).await;
        let guest = guest.map_err(|error| match error {
            // before anything ran: nothing was created
            engine::Error::Import { .. } | engine::Error::Unsupported(_) => {
                Failure { reason: "CreateContainerError", ..failed(client::error::chain(&error)) }
            }
            _ => failed(client::error::chain(&error)),
        })?;
        self.event(spec, EventType::Normal, "Created", "Container created");
        self.event(spec, EventType::Normal, "Started", "Container started");
        let server = listener.map(|listener| Arc::new(HandlerServer::start(listener, guest.clone())));
        let id = format!("wasm://{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let names = Arc::from(names(spec));
        Ok(Instance { id, image_id: image.digest.clone(), guest, module, names, termination, server, sink })
    }
}

/// All that a run is started with.
struct Prepared {
    module: Module,
    workload: Workload,
    sink: Sink,
    termination: Termination,
}

/// The files that tell a pod's containers who they are; one set for all of them.
struct Given {
    hosts: String,
    name: String,
    resolv: String,
}

impl Given {
    /// Written once: what a container changed in them stays, for its neighbours too.
    fn write(&self, dir: &Path) -> io::Result<()> {
        let etc = dir.join("etc");
        if etc.exists() {
            return Ok(());
        }
        // whole or not at all: containers of a pod start side by side
        let new = dir.join(format!("etc-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&new)?;
        let name = format!("{}\n", self.name);
        for (file, text) in [("hosts", &self.hosts), ("hostname", &name), ("resolv.conf", &self.resolv)] {
            std::fs::write(new.join(file), text)?;
        }
        match std::fs::rename(&new, &etc) {
            Err(_) if etc.exists() => std::fs::remove_dir_all(&new),
            renamed => renamed,
        }
    }
}

/// What a container's program is called: as its command says, as its image, as itself.
fn names(spec: &Container) -> Vec<String> {
    let image = spec.image.as_deref().and_then(|image| Reference::parse(image).ok());
    let command = spec.command.as_ref().and_then(|command| command.first().cloned());
    command.into_iter().chain(image.map(|image| image.path)).chain([spec.name.clone()]).collect()
}

impl Instance {
    /// Resolves when the guest has ended by itself or was killed; its door is closed and its log is whole then.
    pub(crate) async fn ended(self) -> Exit {
        let mut exit = self.guest.exited().await;
        if let Some(server) = &self.server {
            server.stop().await;
        }
        self.sink.close();
        exit.message = self.termination.message(&exit).await;
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
        Which::Ephemeral(_) => format!("spec.ephemeralContainers{{{}}}", spec.name),
    }
}

fn port(spec: &Container) -> u16 {
    let first = spec.ports.iter().flatten().map(|port| port.container_port).next();
    first.and_then(|port| u16::try_from(port).ok()).unwrap_or(DEFAULT_PORT)
}

/// CPU limits in thousandths.
pub(crate) fn cpu_quota(spec: &Container) -> Option<u64> {
    let limit = spec.resources.as_ref()?.limits.as_ref()?.get("cpu")?;
    u64::try_from(api::quantity::Quantity::parse(&limit.0).ok()?.milli()).ok().filter(|milli| *milli > 0)
}

pub(crate) fn memory_limit(spec: &Container) -> Option<u64> {
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
