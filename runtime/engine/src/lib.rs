//! Runs WebAssembly workloads; the only user of wasmtime.
//!
//! A workload arrives as wasm bytes and leaves as an [`Exit`]. It knows nothing of Pods: names, volumes and addresses come in
//! through [`Workload`], and the world outside is reached through [`Network`] and [`Output`] alone.

mod error; // what can go wrong before a guest runs
mod kind; // which of three kinds of guest some bytes are
mod network; // the door to the outside: streams, listeners, names
mod workload; // what to run and with what; how it ended; what it used

mod cache; // machine code on disk, checked before it is believed
mod compiler; // low-priority threads, one compile at a time per digest
mod engine; // the two wasmtime engines and the way from bytes to a guest
mod module; // compiled code, linked once, for either engine

mod executor; // the guests' own threads and the clock that slices them
mod meter;
mod quota; // CPU time per period // CPU time per poll, memory per growth, and the memory limit

mod guest; // a handle on what runs
mod handler; // wasi:http handlers: instances as a cache
mod process; // commands and core modules: run to the exit
mod trap; // a guest's failure as an exit code and a readable message

mod host; // what a guest may import

pub use engine::{Config, Engine};
pub use error::Error;
pub use guest::{Body, BoxError, Guest};
pub use kind::GuestKind;
pub use module::Module;
pub use network::{Accepted, Listener, NetError, Network, Stream};
pub use workload::{Exit, Mount, Output, Program, Reason, Usage, Workload};
