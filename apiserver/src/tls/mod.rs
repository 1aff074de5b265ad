//! Who the server is and how sockets reach it: keys, certificates, connections.

/// From accepted sockets to the router; ends connections in order.
pub(crate) mod connections;
/// The cluster's own certificate authority and what it signed, kept on disk.
pub(crate) mod pki;
