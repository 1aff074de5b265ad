//! The engine with real guests: what a container promises, one test each.
#![expect(clippy::unwrap_used, reason = "in the harness too an unwrap is a failed test")]
extern crate coracle_engine as engine; // as its users call it

mod handlers; // requests in, responses out, traps
mod harness; // an engine, an output that remembers, a network that is not there
mod network; // sockets, names and outgoing requests
mod preparing; // from bytes to code
mod processes; // exit codes, limits, files, environment
