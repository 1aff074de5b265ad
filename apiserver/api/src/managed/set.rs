//! Sets of fields, in the form of `fieldsV1`: a tree of path elements, `.` saying that a node with children is itself in the set.

use serde_json::{Map, Value};

use super::step;

/// Children by path element; what has no children is in the set.
pub(super) type Tree = Map<String, Value>;

const ITSELF: &str = ".";

/// A node and what is below it; the root of a whole set is no member.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set {
    pub(super) member: bool,
    pub(super) children: Tree,
}

impl Set {
    pub(super) fn leaf() -> Self {
        Self { member: true, children: Tree::new() }
    }

    pub(super) fn of_tree(children: Tree) -> Self {
        Self { member: false, children }
    }

    /// The set at the end of `path`.
    pub(super) fn path(path: &[&str]) -> Self {
        path.iter().rev().fold(Self::leaf(), |child, name| {
            let mut parent = Self::default();
            parent.put(|| step::field(name), child);
            parent
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    /// Sets the child at `step`, which is not there yet; the step is written only when there is something to put.
    pub(super) fn put(&mut self, step: impl FnOnce() -> String, child: Self) {
        if !child.is_empty() {
            self.children.insert(step(), child.into_value());
        }
    }

    fn into_value(mut self) -> Value {
        if self.member && !self.children.is_empty() {
            self.children.insert(ITSELF.to_owned(), Value::Object(Tree::new()));
        }
        Value::Object(self.children)
    }

    pub(super) fn view(&self) -> View<'_> {
        View { children: &self.children }
    }

    pub(super) fn union(&mut self, other: &Self) {
        self.member |= other.member;
        union(&mut self.children, &other.children);
    }

    /// Takes the members of `other` out; what is below them stays.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.member &= !other.member;
        subtract(&mut self.children, &other.children);
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self { member: self.member && other.member, children: intersection(&self.children, &other.children) }
    }

    /// Every member's path as messages show it; of each node the members first.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        collect(&self.children, "", &mut paths);
        paths
    }
}

/// A part of a set, looked at.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    children: &'a Tree,
}

impl<'a> View<'a> {
    pub(super) fn child(self, step: &str) -> Option<Self> {
        self.children.get(step).and_then(Value::as_object).map(|children| Self { children })
    }

    /// Whether the node itself is in the set; asked of a child.
    pub(super) fn is_member(self) -> bool {
        is_member(self.children)
    }

    /// Whether anything below the node is.
    pub(super) fn has_children(self) -> bool {
        self.children.keys().any(|step| step != ITSELF)
    }

    pub(super) fn children(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.children.iter().filter_map(|(step, child)| Some((step.as_str(), Self { children: child.as_object()? })))
    }
}

fn is_member(node: &Tree) -> bool {
    node.is_empty() || node.contains_key(ITSELF)
}

fn node(value: &mut Value) -> Option<&mut Tree> {
    value.as_object_mut()
}

fn mark(tree: &mut Tree) {
    if !tree.is_empty() {
        tree.insert(ITSELF.to_owned(), Value::Object(Tree::new()));
    }
}

fn union(ours: &mut Tree, theirs: &Tree) {
    for (step, theirs) in theirs.iter().filter(|(step, _)| *step != ITSELF) {
        let Some(theirs) = theirs.as_object() else { continue };
        match ours.get_mut(step).and_then(node) {
            None => drop(ours.insert(step.clone(), Value::Object(theirs.clone()))),
            Some(ours) => {
                let member = is_member(ours) || is_member(theirs);
                union(ours, theirs);
                if member {
                    mark(ours);
                }
            }
        }
    }
}

fn subtract(ours: &mut Tree, theirs: &Tree) {
    for (step, theirs) in theirs.iter().filter(|(step, _)| *step != ITSELF) {
        let (Some(theirs), Some(node)) = (theirs.as_object(), ours.get_mut(step).and_then(node)) else { continue };
        let member = is_member(node) && !is_member(theirs);
        subtract(node, theirs);
        node.remove(ITSELF);
        match (member, node.is_empty()) {
            (false, true) => drop(ours.remove(step)),
            (true, false) => mark(node),
            _ => {}
        }
    }
}

fn intersection(ours: &Tree, theirs: &Tree) -> Tree {
    let mut both = Set::default();
    for (step, theirs) in theirs.iter().filter(|(step, _)| *step != ITSELF) {
        let (Some(theirs), Some(ours)) = (theirs.as_object(), ours.get(step).and_then(Value::as_object)) else { continue };
        let child = Set { member: is_member(ours) && is_member(theirs), children: intersection(ours, theirs) };
        both.put(|| step.clone(), child);
    }
    both.children
}

fn collect(tree: &Tree, prefix: &str, paths: &mut Vec<String>) {
    let children = || View { children: tree }.children().filter(|(step, _)| *step != ITSELF);
    paths.extend(children().filter(|(_, child)| child.is_member()).map(|(name, _)| format!("{prefix}{}", step::show(name))));
    for (name, child) in children() {
        collect(child.children, &format!("{prefix}{}", step::show(name)), paths);
    }
}
