//! Keeps the number of pods of a ReplicaSet or a ReplicationController at `spec.replicas`.

/// What to do; pure.
mod plan;
/// Which pods go first.
mod rank;
/// What is said about it.
mod status;
