//! A controller's recorder, made with the first cluster that it works on.

use std::sync::{Arc, OnceLock};

use client::{Cluster, Recorder};

/// Rows of controllers exist before any cluster does. Clones share the recorder.
#[derive(Clone)]
pub(crate) struct Events {
    component: &'static str,
    recorder: Arc<OnceLock<Recorder>>,
}

impl Events {
    /// Events in the name of `component`.
    pub(crate) fn of(component: &'static str) -> Self {
        Self { component, recorder: Arc::default() }
    }

    pub(crate) fn recorder(&self, cluster: &Cluster) -> &Recorder {
        self.recorder.get_or_init(|| cluster.recorder(self.component, ""))
    }
}
