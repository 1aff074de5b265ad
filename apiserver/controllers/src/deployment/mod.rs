//! Rolls the pods of a Deployment from one template to the next, through ReplicaSets.

/// What to do; pure.
mod plan;
/// How the new template takes over.
mod rollout;
/// Numbers of replicas.
mod size;
/// The ReplicaSet of a template.
mod new_set;
/// Its name.
mod hash;
/// Revisions and sizes as annotations.
mod revision;
/// Which old ReplicaSets are kept.
mod history;
/// What is said about it all.
mod status;
mod condition;
