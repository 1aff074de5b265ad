//! Which import is answered by what, and which is answered by nothing.
use super::{CoreState, State, sockets};
use crate::meter::Share;
use std::sync::Arc;
use wasmtime::{
    Store,
    component::{Component, HasData, Linker, ResourceTable},
};
use wasmtime_wasi::{
    WasiCtxBuilder,
    cli::{WasiCli, WasiCliView as _},
    clocks::{WasiClocks, WasiClocksView as _},
    filesystem::{WasiFilesystem, WasiFilesystemView as _},
    p2::bindings::{cli, clocks, filesystem, io, random},
    random::{WasiRandom, WasiRandomView as _},
};

/// Interfaces of WASI 0.2 that [`component_linker`] provides, for the message about those that it does not.
const PROVIDED: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Everything but wasmtime-wasi's sockets, whose types are closed to other networks.
pub(crate) fn component_linker(engine: &wasmtime::Engine) -> Result<Linker<State>, wasmtime::Error> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    io::error::add_to_linker::<State, Io>(l, |state| &mut state.table)?;
    io::poll::add_to_linker::<State, Io>(l, |state| &mut state.table)?;
    io::streams::add_to_linker::<State, Io>(l, |state| &mut state.table)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, State::random)?;
    random::insecure::add_to_linker::<State, WasiRandom>(l, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, State::random)?;
    filesystem::types::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
    link_cli(l)?;
    sockets::link(l)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    Ok(linker)
}

fn link_cli(l: &mut Linker<State>) -> Result<(), wasmtime::Error> {
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)
}

pub(crate) fn core_linker(engine: &wasmtime::Engine) -> Result<wasmtime::Linker<CoreState>, wasmtime::Error> {
    let mut linker = wasmtime::Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |state: &mut CoreState| &mut state.wasi)?;
    Ok(linker)
}

/// The interfaces a component asks for in vain; empty when it is for another reason that it cannot be linked.
pub(crate) fn missing_interfaces(component: &Component, engine: &wasmtime::Engine) -> Vec<String> {
    let provided = |import: &str| match import.split_once('@') {
        Some((interface, version)) => version.starts_with("0.2.") && PROVIDED.contains(&interface),
        None => false,
    };
    component.component_type().imports(engine).map(|(name, _)| name.to_owned()).filter(|name| !provided(name)).collect()
}

/// The same for a core module, function by function.
pub(crate) fn missing_functions(module: &wasmtime::Module, linker: &wasmtime::Linker<CoreState>) -> Vec<String> {
    let state = CoreState { wasi: WasiCtxBuilder::new().build_p1(), memory: Share::new(Arc::default()) };
    let mut store = Store::new(linker.engine(), state);
    let missing = module.imports().filter(|import| linker.get_by_import(&mut store, import).is_none());
    missing.map(|import| format!("{}::{}", import.module(), import.name())).collect()
}
