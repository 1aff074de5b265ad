//! The API server: one way in for every request.
//!
//! Read in this order.

/// What a start needs to know.
mod config;
/// Why a server does not start.
mod error;
/// The server as a value: started, asked, stopped.
mod server;

/// What the cluster's keys sign for others.
mod authority;
/// The store's events for clients in the process.
mod feed;
/// The service that clients in the process use.
mod local;
/// The door into the pods' network, which others implement.
mod network;
/// The door to the nodes, which others implement.
mod node;
/// Certificates and connections.
mod tls;
/// Calls what others run to answer for the server.
mod webhook;

/// What every request shares, and the way of each.
mod app;
/// Who speaks.
mod authentication;
/// Who may.
mod authorization;
/// How many requests are served at once.
mod flow;
/// What the client wants to read.
mod negotiation;
/// What a query asks for.
mod options;
/// What a path and method ask for.
mod request_info;
/// Answers: objects, lists, refusals.
mod response;

/// What may change or refuse a write before it is stored.
mod admission;
/// Large answers, gzipped.
mod compress;
/// Where the next page starts.
mod continue_token;
/// One verb per file.
mod handlers;
/// Objects as rows and cells.
mod table;

/// The objects that are there from the start.
mod bootstrap;
/// Kinds that come at run time.
mod custom;
/// Which kinds there are.
mod discovery;
/// Is it up.
mod health;
/// How it fares.
mod metrics;
/// The schemas of all kinds.
mod openapi;

pub use authority::Authority;
pub use config::Config;
pub use error::Error;
pub use local::LocalService;
pub use network::{NetworkConnector, NetworkStream, NoNetwork};
pub use node::{Body as NodeBody, NoNodes, NodeConnector};
pub use server::Server;
