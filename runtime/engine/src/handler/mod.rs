//! `wasi:http` handlers: instances as a cache.
mod answer; // on its way out
mod instance; // one instance, one request at a time
mod pool; // who gets the next request

pub(crate) use pool::{Pool, unavailable};
