//! Coracle: a Kubernetes cluster in one binary, in which every Pod is WebAssembly.

fn main() {}
