//! The controllers, one file each.

mod deployment;
mod difference;
mod ownership;
mod replicaset;
