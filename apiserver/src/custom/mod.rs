//! Kinds that come at run time: which there are, in which version their objects are read, and what their definitions say.

/// Objects in the version that was asked for.
pub(crate) mod convert;
/// What the server says of definitions, and how they end.
mod definitions;
/// Which kinds are served now.
pub(crate) mod registry;

pub(crate) use definitions::keep;
