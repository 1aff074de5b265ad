//! Why a server does not start.

use std::{io, net::SocketAddr, path::PathBuf};

use api::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot use the certificates in `{dir}`")]
    Pki { dir: PathBuf, source: crate::tls::pki::Error },
    #[error("cannot listen on `{address}`, hint: is another cluster running there?")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot open the state in `{dir}`")]
    Store { dir: PathBuf, source: store::Error },
    #[error("cannot write `{object}`, which every cluster has")]
    Bootstrap { object: String, source: Status },
}
