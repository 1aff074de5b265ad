//! What the client wants to read: the encoding and the form that its Accept header asks for.

use api::Status;
use http::{HeaderMap, header::ACCEPT};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
    /// Only for who wants nothing else: the JSON is there already.
    Protobuf,
}

/// The shape of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Whole,
    /// `meta.k8s.io` in this version.
    Table(&'static str),
    /// Metadata only; `meta.k8s.io` in this version.
    Metadata(&'static str),
    /// `apidiscovery.k8s.io` in this version.
    Discovery(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accept {
    pub(crate) encoding: Encoding,
    pub(crate) form: Form,
}

/// What an endpoint can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offers {
    /// Objects: also as a Table, also their metadata alone.
    Objects,
    /// The same of kinds that have no protobuf, but for their metadata.
    Custom,
    /// The roots of discovery: also aggregated.
    Discovery,
    /// Nothing but what it is.
    Plain,
}

/// The first clause of the Accept header that `offers` can satisfy.
pub(crate) fn accept(headers: &HeaderMap, offers: Offers) -> Result<Accept, Status> {
    let header = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let mut clauses: Vec<(f32, &str)> = header.split(',').map(|clause| (quality(clause), clause)).collect();
    clauses.sort_by(|a, b| b.0.total_cmp(&a.0));
    let understood: Vec<Accept> = clauses.iter().filter_map(|(_, clause)| understand(clause, offers)).collect();
    let cheap = understood.iter().find(|accept| accept.encoding != Encoding::Protobuf);
    cheap.or(understood.first()).copied().ok_or_else(|| {
        Status::failure(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )
    })
}

fn quality(clause: &str) -> f32 {
    let q = clause.split(';').find_map(|param| param.trim().strip_prefix("q="));
    q.and_then(|q| q.parse().ok()).unwrap_or(1.0)
}

fn understand(clause: &str, offers: Offers) -> Option<Accept> {
    let mut parts = clause.split(';').map(str::trim);
    let encoding = match parts.next()? {
        "application/json" | "*/*" | "application/*" | "" => Encoding::Json,
        "application/yaml" => Encoding::Yaml,
        "application/vnd.kubernetes.protobuf" if matches!(offers, Offers::Objects | Offers::Custom) => Encoding::Protobuf,
        _ => return None,
    };
    let (mut group, mut version, mut kind) = ("", "", "");
    for part in parts {
        match part.split_once('=') {
            Some(("g", value)) => group = value,
            Some(("v", value)) => version = value,
            Some(("as", value)) => kind = value,
            // `stream`, `pretty`, `charset` and their like change nothing here.
            _ => {}
        }
    }
    let form = match (offers, group, kind) {
        (Offers::Custom, _, "") if encoding == Encoding::Protobuf => return None,
        (_, _, "") => Form::Whole,
        // Tables are said in JSON.
        (_, _, "Table" | "APIGroupDiscoveryList") if encoding == Encoding::Protobuf => return None,
        (Offers::Objects | Offers::Custom, "meta.k8s.io", "Table") => Form::Table(known(version, &["v1", "v1beta1"])?),
        (Offers::Objects | Offers::Custom, "meta.k8s.io", "PartialObjectMetadata" | "PartialObjectMetadataList") => {
            Form::Metadata(known(version, &["v1", "v1beta1"])?)
        }
        (Offers::Discovery, "apidiscovery.k8s.io", "APIGroupDiscoveryList") => {
            Form::Discovery(known(version, &["v2", "v2beta1"])?)
        }
        _ => return None,
    };
    Some(Accept { encoding, form })
}

fn known(version: &str, versions: &[&'static str]) -> Option<&'static str> {
    versions.iter().copied().find(|known| *known == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(header: &str, offers: Offers) -> Result<Form, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, header.parse().unwrap());
        accept(&headers, offers).map(|accept| accept.form).map_err(|status| status.code)
    }

    #[test]
    fn what_real_clients_send() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(form(kubectl, Offers::Objects), Ok(Form::Table("v1")));
        assert_eq!(form(kubectl, Offers::Plain), Ok(Form::Whole));
        assert_eq!(form("application/vnd.kubernetes.protobuf,application/json", Offers::Objects), Ok(Form::Whole));
        assert_eq!(form("application/json;as=Table;g=meta.k8s.io;v=v1", Offers::Plain), Err(406));
        assert_eq!(form("application/vnd.kubernetes.protobuf", Offers::Objects), Ok(Form::Whole));
        assert_eq!(form("application/vnd.kubernetes.protobuf", Offers::Plain), Err(406));
        let partial = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        assert_eq!(form(partial, Offers::Objects), Ok(Form::Metadata("v1")));
        assert_eq!(form("application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1", Offers::Objects), Err(406));
        assert_eq!(
            form("application/json;q=0.1, application/json;as=Table;g=meta.k8s.io;v=v1", Offers::Objects),
            Ok(Form::Table("v1"))
        );
        let discovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        assert_eq!(form(discovery, Offers::Discovery), Ok(Form::Discovery("v2")));
    }
}
