//! What can go wrong before a guest runs; afterwards there is only its [`Exit`](crate::Exit).

/// Every variant is the intention that failed. `Display` leaves the source to the reader of the chain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are no WebAssembly at all.
    #[error("not a WebAssembly binary: it begins with {0}")]
    NotWasm(String),
    /// WebAssembly, but nothing that can be started.
    #[error("cannot run this WebAssembly: {0}")]
    Unsupported(String),
    #[error("cannot compile `{digest}`: {reason}")]
    Compile { digest: String, reason: String },
    /// The guest asks for what this host does not offer; nothing of it has run.
    #[error("`{name}` imports what this node does not provide: {}", .missing.join(", "))]
    Import { name: String, missing: Vec<String> },
    #[error("cannot keep machine code in the cache")]
    Cache(#[source] std::io::Error),
    #[error("cannot mount `{guest}`")]
    Mount {
        guest: String,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot set the engine up: {0}")]
    Setup(String),
}
