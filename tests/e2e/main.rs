//! Promises, each kept before the eyes of the real `kubectl`: one file a promise, every test its own cluster.

#![expect(clippy::print_stderr, reason = "a test talks to whoever reads its failure")]

/// A cluster, `kubectl`, and how to wait for what they show.
mod harness;
/// HTTP by hand, so that a failed request is seen as it happened.
mod http;
/// A MariaDB outside the cluster.
mod mariadb;

mod access;
mod admission;
mod certificates;
mod claims;
mod command_line;
mod controllers;
mod definitions;
mod deployments;
mod durability;
mod endpoints;
mod garbage;
mod kubectl;
mod lifecycle;
mod logs;
mod namespaces;
mod nodes;
mod pods;
mod recovery;
mod rollout;
mod samples;
mod scheduling;
mod self_healing;
mod tutorial;
mod volumes;
