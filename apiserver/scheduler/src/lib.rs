//! Gives every pod a node: queue, cache, one cycle, plugins.
