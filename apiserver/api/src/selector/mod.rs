//! Label and field selectors.

/// `spec.nodeName=a,status.phase!=Failed`.
mod field;
/// `app=a,tier in (x, y),!old`, and `metav1.LabelSelector`.
mod label;
/// The syntax of label selectors.
mod parser;

pub use field::FieldSelector;
pub use label::{LabelSelector, Operator, Requirement};

#[cfg(test)]
mod tests;
