//! Runs WebAssembly workloads; the only user of wasmtime.
