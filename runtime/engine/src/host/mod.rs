//! What a guest may import: WASI 0.2 with our own sockets and outgoing HTTP, or WASI preview 1 for core modules.
mod http; // outgoing requests, over the workload's network
mod link; // which import is answered by what
mod sockets; // wasi:sockets, over the workload's network
mod stdio; // standard output and error

pub(crate) use link::{component_linker, core_linker, missing_functions, missing_interfaces};

use crate::{
    Error, Workload,
    meter::{Meter, Share},
};
use std::sync::Arc;
use tokio::runtime::Handle;
use wasmtime::{Store, component::ResourceTable};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p1::WasiP1Ctx};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Slices before a guest yields.
const SLICES: u64 = 1;

/// What all instances of one guest are made with.
pub(crate) struct Sandbox {
    pub(crate) workload: Workload,
    pub(crate) meter: Arc<Meter>,
    pub(crate) control: Handle,
}

/// A component's side of the host.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outgoing: http::Outgoing,
    sockets: sockets::Sockets,
    memory: Share,
}

/// A core module's.
pub(crate) struct CoreState {
    wasi: WasiP1Ctx,
    memory: Share,
}

impl Sandbox {
    /// What would fail for every instance should fail before the first.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.wasi().map(drop)
    }

    pub(crate) fn store(&self, engine: &wasmtime::Engine) -> Result<Store<State>, wasmtime::Error> {
        let network = &self.workload.network;
        let state = State {
            table: ResourceTable::new(),
            wasi: self.wasi()?.build(),
            http: WasiHttpCtx::new(),
            outgoing: http::Outgoing::new(network.clone(), self.control.clone()),
            sockets: sockets::Sockets::new(network.clone(), self.control.clone()),
            memory: Share::new(self.meter.clone()),
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        slice(&mut store);
        Ok(store)
    }

    pub(crate) fn core_store(&self, engine: &wasmtime::Engine) -> Result<Store<CoreState>, wasmtime::Error> {
        let state = CoreState { wasi: self.wasi()?.build_p1(), memory: Share::new(self.meter.clone()) };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        slice(&mut store);
        Ok(store)
    }

    fn wasi(&self) -> Result<WasiCtxBuilder, Error> {
        let Workload { args, env, dir, mounts, stdout, stderr, .. } = &self.workload;
        let mut wasi = WasiCtxBuilder::new();
        wasi.args(args).envs(env).stdout(stdio::Printer(stdout.clone())).stderr(stdio::Printer(stderr.clone()));
        if let Some(dir) = dir {
            wasi.initial_cwd(dir);
        }
        for mount in mounts {
            let perms = if mount.read_only { FsPerms::ReadOnly } else { FsPerms::ReadWrite };
            wasi.preopened_dir(&mount.host, &mount.guest, perms).map_err(|error| Error::Mount {
                guest: mount.guest.clone(),
                source: error.downcast::<std::io::Error>().unwrap_or_else(|other| std::io::Error::other(other.to_string())),
            })?;
        }
        Ok(wasi)
    }
}

/// Guests yield when the epoch advances, so that one that spins shares its thread and can be stopped.
fn slice<T>(store: &mut Store<T>) {
    store.epoch_deadline_async_yield_and_update(SLICES);
    store.set_epoch_deadline(SLICES);
}

impl State {
    pub(crate) fn memory(&self) -> u64 {
        self.memory.held()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outgoing, table: &mut self.table, ctx: &mut self.http }
    }
}
