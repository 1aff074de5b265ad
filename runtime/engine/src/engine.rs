//! The two wasmtime engines and the way from bytes to a guest.
use crate::{
    Error, Guest, GuestKind, Module, Program, Workload, cache::Cache, compiler::Compiler, executor::Executor, host,
};
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    sync::Arc,
};
use tokio::{runtime::Handle, sync::OnceCell};
use wasmtime::{InstanceAllocationStrategy, PoolingAllocationConfig, component};

/// Address space kept per memory: all that a 32-bit guest can reach, so that its loads and stores need no bounds checks.
const MEMORY_RESERVATION: u64 = 4 << 30;
const MEMORY_GUARD: u64 = 32 << 20;
/// Enough for the adapters and shims that component tools wrap round a guest.
const CORE_INSTANCES_PER_GUEST: u32 = 8;
const TABLES_PER_GUEST: u32 = 4;

#[derive(Clone, Debug)]
pub struct Config {
    /// Where machine code is kept between starts.
    pub cache_dir: PathBuf,
    /// How many threads guests run on.
    pub threads: usize,
    /// How many instances the pool holds; what goes beyond is allocated on demand. Each reserves 4 GiB of address space, so all engines
    /// of a process together should stay below 20,000.
    pub max_instances: u32,
}

/// One per node. Its threads live as long as a guest or a clone of it does.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    tiers: Tiers,
    cache: Cache,
    compiler: Compiler,
    executor: Arc<Executor>,
    control: Handle,
    /// A cell per digest: who comes second waits for the first one's compilation.
    modules: Mutex<HashMap<String, Arc<OnceCell<Module>>>>,
}

/// The same settings, hence the same machine code, but different homes for memories, tables and stacks.
pub(crate) struct Tiers {
    /// Slots made in advance: instantiation in microseconds.
    pub(crate) pooled: Tier,
    /// For guests that fit no slot, and when all are taken.
    pub(crate) on_demand: Tier,
}

pub(crate) struct Tier {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) components: component::Linker<host::State>,
    pub(crate) core: wasmtime::Linker<host::CoreState>,
}

impl Engine {
    /// Must be called within a tokio runtime: the one on which [`Network`](crate::Network) will be called.
    pub fn new(config: Config) -> Result<Engine, Error> {
        let control = Handle::try_current().map_err(|error| Error::Setup(error.to_string()))?;
        let tiers = Tiers::new(config.max_instances).map_err(|error| Error::Setup(format!("{error:#}")))?;
        let cache = Cache::open(config.cache_dir, compatibility(&tiers.on_demand.engine)).map_err(Error::Cache)?;
        let compiler = Compiler::new(config.threads).map_err(|error| Error::Setup(error.to_string()))?;
        let engines = vec![tiers.pooled.engine.clone(), tiers.on_demand.engine.clone()];
        let executor = Executor::start(config.threads, engines).map_err(|error| Error::Setup(error.to_string()))?;
        let modules = Mutex::default();
        Ok(Engine(Arc::new(Inner { tiers, cache, compiler, executor: Arc::new(executor), control, modules })))
    }

    /// Code for `wasm`, whose digest the caller has verified. Compiles once per digest, on low-priority threads, and maps afterwards.
    pub async fn prepare(&self, digest: &str, wasm: Bytes) -> Result<Module, Error> {
        let cell = self.0.modules.lock().entry(digest.to_owned()).or_default().clone();
        cell.get_or_try_init(|| self.load_or_compile(digest, wasm)).await.cloned()
    }

    /// Code that is in memory or on disk already. Reads the disk when it is not in memory yet.
    pub fn cached(&self, digest: &str) -> Option<Module> {
        let known = self.0.modules.lock().get(digest).and_then(|cell| cell.get().cloned());
        let module = known.or_else(|| self.0.load(digest))?;
        let cell = self.0.modules.lock().entry(digest.to_owned()).or_default().clone();
        // a compilation under way sets the cell itself, to an equal module
        drop(cell.set(module.clone()));
        Some(module)
    }

    /// Links and starts. A missing import is [`Error::Import`], before anything runs.
    pub async fn start(&self, module: &Module, workload: Workload) -> Result<Guest, Error> {
        let linked = module.link(&self.0.tiers).map_err(|error| match error {
            Error::Import { missing, .. } => Error::Import { name: workload.name.clone(), missing },
            other => other,
        })?;
        Guest::start(self.0.executor.clone(), linked, workload, self.0.control.clone())
    }

    /// Starts `module` beside `guest`: the same files, environment and network, and its memory and CPU time are the guest's.
    /// It ends by itself or when its last handle goes; the end of `guest` does not end it.
    pub async fn start_beside(&self, guest: &Guest, module: &Module, program: Program) -> Result<Guest, Error> {
        let linked = module.link(&self.0.tiers)?;
        guest.beside(self.0.executor.clone(), linked, program)
    }

    async fn load_or_compile(&self, digest: &str, wasm: Bytes) -> Result<Module, Error> {
        let (inner, name) = (self.0.clone(), digest.to_owned());
        let loaded = blocking(move || Ok(inner.load(&name))).await?;
        if let Some(module) = loaded {
            return Ok(module);
        }
        let kind = GuestKind::of(&wasm)?;
        let refused = |error: wasmtime::Error| Error::Compile { digest: digest.to_owned(), reason: format!("{error:#}") };
        let code = self.0.compiler.compile(&self.0.tiers.on_demand.engine, kind, wasm).await.map_err(refused)?;
        let (inner, name) = (self.0.clone(), digest.to_owned());
        let file = blocking(move || inner.cache.store(&name, &code)).await?;
        Module::map(&self.0.tiers, digest, &file).map_err(refused)
    }
}

impl Inner {
    fn load(&self, digest: &str) -> Option<Module> {
        let file = self.cache.find(digest)?;
        Module::map(&self.tiers, digest, &file)
            .inspect_err(|error| tracing::warn!(digest, "cannot map machine code, compiling again: {error:#}"))
            .ok()
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked)));
    done.map_err(Error::Cache)
}

impl Tiers {
    fn new(max_instances: u32) -> Result<Tiers, wasmtime::Error> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(max_instances)
            .total_core_instances(max_instances.saturating_mul(CORE_INSTANCES_PER_GUEST))
            .total_memories(max_instances)
            .total_tables(max_instances.saturating_mul(TABLES_PER_GUEST))
            .total_stacks(max_instances)
            .max_memory_size(MEMORY_RESERVATION as usize);
        let tiers = Tiers {
            pooled: Tier::new(InstanceAllocationStrategy::Pooling(pool))?,
            on_demand: Tier::new(InstanceAllocationStrategy::OnDemand)?,
        };
        if compatibility(&tiers.pooled.engine) != compatibility(&tiers.on_demand.engine) {
            return Err(wasmtime::format_err!("the two engines would need different machine code"));
        }
        Ok(tiers)
    }
}

impl Tier {
    fn new(allocation: InstanceAllocationStrategy) -> Result<Tier, wasmtime::Error> {
        let mut config = wasmtime::Config::new();
        config
            .allocation_strategy(allocation)
            .memory_reservation(MEMORY_RESERVATION)
            .memory_guard_size(MEMORY_GUARD)
            .memory_may_move(false)
            .memory_init_cow(true)
            .epoch_interruption(true)
            .gc_support(false)
            // a third of the cost of a call; guests of WASI 0.3 will get an engine of their own
            .concurrency_support(false);
        let engine = wasmtime::Engine::new(&config)?;
        let components = host::component_linker(&engine)?;
        let core = host::core_linker(&engine)?;
        Ok(Tier { engine, components, core })
    }
}

fn compatibility(engine: &wasmtime::Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
