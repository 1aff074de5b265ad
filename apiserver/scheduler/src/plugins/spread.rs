//! Rather a node with fewer pods of the same owner: a node that dies should not take a whole ReplicaSet along.

use super::{Score, smaller_is_better};
use crate::{cache::Slot, node::Node, pod::Pod};

pub(super) const SCORE: Score = Score { weight: 2, run, normalize: smaller_is_better };

fn run(_: &Pod, owner: Option<&str>, _: &Node, slot: &Slot) -> i64 {
    owner.map_or(0, |owner| slot.owned_by(owner))
}
