//! Fetches the ConfigMaps and Secrets a pod refers to.

use client::Cluster;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use super::env::{Source, Sources};

/// Asks the API, not a cache: a pod created right after its ConfigMap must see it, and the values of now.
pub(crate) async fn fetch(cluster: &Cluster, namespace: &str, wanted: &[Source]) -> kube::Result<Sources> {
    let mut sources = Sources::default();
    for source in wanted {
        match source {
            Source::ConfigMap(name) => {
                if let Some(map) = cluster.api::<ConfigMap>(namespace).get_opt(name).await? {
                    sources.config_maps.insert(name.clone(), map);
                }
            }
            Source::Secret(name) => {
                if let Some(secret) = cluster.api::<Secret>(namespace).get_opt(name).await? {
                    sources.secrets.insert(name.clone(), secret);
                }
            }
        }
    }
    Ok(sources)
}
