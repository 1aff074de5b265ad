//! Compiled code, linked once, for either engine.
use crate::{
    Error, GuestKind,
    engine::{Tier, Tiers},
    host,
    kind::Exports,
};
use std::{
    path::Path,
    sync::{Arc, OnceLock},
};
use wasmtime::component::Component;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// A handle on code that is mapped once per process, however many guests run it.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    digest: String,
    kind: GuestKind,
    /// Absent when the guest is larger than a slot of the pool.
    pooled: Option<Code>,
    on_demand: Code,
    linked: OnceLock<Linked>,
}

enum Code {
    Component(Component),
    Core(wasmtime::Module),
}

/// What an instance is made from. There is one linker per engine, not per guest: what differs between guests is data in the store.
#[derive(Clone)]
pub(crate) enum Pre {
    Handler(ProxyPre<host::State>),
    Command(CommandPre<host::State>),
    Core(wasmtime::InstancePre<host::CoreState>),
}

/// In the order in which they are tried.
#[derive(Clone)]
pub(crate) struct Linked {
    pub(crate) pooled: Option<Pre>,
    pub(crate) on_demand: Pre,
}

impl Module {
    pub fn kind(&self) -> GuestKind {
        self.0.kind
    }

    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// Maps the machine code in `file`, which must have come from an engine with the same compatibility hash and be unchanged.
    pub(crate) fn map(tiers: &Tiers, digest: &str, file: &Path) -> Result<Module, wasmtime::Error> {
        let on_demand = Code::map(&tiers.on_demand.engine, file)?;
        let kind = on_demand.kind(&tiers.on_demand.engine)?;
        let pooled = match Code::map(&tiers.pooled.engine, file) {
            Ok(code) => Some(code),
            Err(reason) => {
                tracing::debug!(digest, "does not fit the pool: {reason:#}");
                None
            }
        };
        Ok(Module(Arc::new(Inner { digest: digest.to_owned(), kind, pooled, on_demand, linked: OnceLock::new() })))
    }

    /// Resolves the imports; the first time only, for all guests of this module.
    pub(crate) fn link(&self, tiers: &Tiers) -> Result<Linked, Error> {
        if let Some(linked) = self.0.linked.get() {
            return Ok(linked.clone());
        }
        let on_demand = self.0.on_demand.link(&tiers.on_demand, self)?;
        let pooled = self.0.pooled.as_ref().map(|code| code.link(&tiers.pooled, self)).transpose()?;
        Ok(self.0.linked.get_or_init(|| Linked { pooled, on_demand }).clone())
    }
}

impl Code {
    fn map(engine: &wasmtime::Engine, file: &Path) -> Result<Code, wasmtime::Error> {
        match wasmtime::Engine::detect_precompiled_file(file)? {
            // SAFETY: the file is our own, matches its checksum, and is only ever replaced by rename
            Some(wasmtime::Precompiled::Component) => {
                Ok(Code::Component(unsafe { Component::deserialize_file(engine, file)? }))
            }
            // SAFETY: as above
            Some(wasmtime::Precompiled::Module) => {
                Ok(Code::Core(unsafe { wasmtime::Module::deserialize_file(engine, file)? }))
            }
            None => Err(wasmtime::format_err!("not machine code")),
        }
    }

    fn kind(&self, engine: &wasmtime::Engine) -> Result<GuestKind, wasmtime::Error> {
        let exports = match self {
            Code::Component(component) => {
                let names = component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
                Exports { component: true, names }
            }
            Code::Core(module) => {
                Exports { component: false, names: module.exports().map(|export| export.name().to_owned()).collect() }
            }
        };
        Ok(GuestKind::from_exports(&exports)?)
    }

    fn link(&self, tier: &Tier, module: &Module) -> Result<Pre, Error> {
        let failed = |missing: Vec<String>, error: wasmtime::Error| match missing.is_empty() {
            true => Error::Unsupported(format!("{error:#}")),
            false => Error::Import { name: module.digest().to_owned(), missing },
        };
        match self {
            Code::Component(component) => tier
                .components
                .instantiate_pre(component)
                .and_then(|pre| match module.kind() {
                    GuestKind::Handler => ProxyPre::new(pre).map(Pre::Handler),
                    GuestKind::Command | GuestKind::Core => CommandPre::new(pre).map(Pre::Command),
                })
                .map_err(|error| failed(host::missing_interfaces(component, &tier.engine), error)),
            Code::Core(core) => tier
                .core
                .instantiate_pre(core)
                .map(Pre::Core)
                .map_err(|error| failed(host::missing_functions(core, &tier.core), error)),
        }
    }
}
