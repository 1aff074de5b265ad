//! What a request asks for, and whether its signer gives that.

use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::{GeneralName, ParsedExtension},
    pem::Pem,
    prelude::FromDer,
};

use super::{CLIENT, KUBELET_CLIENT, KUBELET_SERVING, Spec};

/// The subject and the names in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) organizations: Vec<String>,
    /// DNS names and addresses.
    pub(super) hosts: usize,
    /// Mail addresses and URIs.
    pub(super) others: usize,
}

impl Asked {
    pub(super) fn of(pem: &str) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("unable to parse csr: {error}");
        let block = Pem::iter_from_buffer(pem.as_bytes()).next().ok_or("unable to parse csr: no PEM block")?;
        let block = block.map_err(|error| failed(&error))?;
        let (_, request) = X509CertificationRequest::from_der(&block.contents).map_err(|error| failed(&error))?;
        let subject = &request.certification_request_info.subject;
        let words = |parts: Vec<Result<&str, _>>| -> Result<Vec<String>, String> {
            parts
                .into_iter()
                .map(|part| part.map(str::to_owned).map_err(|error: x509_parser::error::X509Error| failed(&error)))
                .collect()
        };
        let mut asked = Self {
            name: words(subject.iter_common_name().map(|part| part.as_str()).collect())?.pop().unwrap_or_default(),
            organizations: words(subject.iter_organization().map(|part| part.as_str()).collect())?,
            ..Self::default()
        };
        for extension in request.requested_extensions().into_iter().flatten() {
            if let ParsedExtension::SubjectAlternativeName(names) = extension {
                let is_host = |name: &&GeneralName<'_>| matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_));
                asked.hosts += names.general_names.iter().filter(is_host).count();
                asked.others += names.general_names.iter().filter(|name| !is_host(name)).count();
            }
        }
        Ok(asked)
    }

    /// Why `spec.signerName` does not sign this, in upstream's words.
    pub(super) fn refusal(&self, spec: &Spec) -> Option<String> {
        let usages: Vec<&str> = spec.usages.iter().map(String::as_str).collect();
        let only = |allowed: &[&str]| usages.iter().all(|usage| allowed.contains(usage));
        let of_node = || {
            if self.organizations != ["system:nodes"] {
                return Some("subject organization is not system:nodes");
            }
            (!self.name.starts_with("system:node:")).then_some("subject common name does not begin with system:node: ")
        };
        let why = match spec.signer_name.as_str() {
            // the certificate could not name them all
            CLIENT if self.organizations.len() > 1 => Some("subjects with more than one organization are not supported"),
            CLIENT if usages.contains(&"client auth") && only(&["digital signature", "key encipherment", "client auth"]) => {
                None
            }
            CLIENT => return Some(usages_differ(&usages, "[client auth digital signature key encipherment]")),
            KUBELET_CLIENT => of_node().or_else(|| {
                if self.hosts + self.others > 0 {
                    return Some("DNS, IP, email and URI subjectAltNames are not allowed");
                }
                let good = usages.contains(&"client auth")
                    && usages.contains(&"digital signature")
                    && only(&["digital signature", "key encipherment", "client auth"]);
                (!good).then_some("usages did not match [client auth digital signature key encipherment]")
            }),
            KUBELET_SERVING => of_node().or_else(|| {
                if self.hosts == 0 {
                    return Some("DNS or IP subjectAltName is required");
                }
                if self.others > 0 {
                    return Some("email and URI subjectAltNames are not allowed");
                }
                let good = usages.contains(&"server auth")
                    && usages.contains(&"digital signature")
                    && only(&["digital signature", "key encipherment", "server auth"]);
                (!good).then_some("usages did not match [digital signature key encipherment server auth]")
            }),
            other => return Some(format!("nobody here signs for {other:?}")),
        };
        why.map(str::to_owned)
    }
}

fn usages_differ(usages: &[&str], wanted: &str) -> String {
    format!("invalid usages for client certificate: [{}], expected {wanted}", usages.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(signer: &str, usages: &[&str]) -> Spec {
        let usages = usages.iter().map(|usage| (*usage).to_owned()).collect();
        Spec { signer_name: signer.into(), usages, ..Spec::default() }
    }

    #[test]
    fn what_each_signer_gives() {
        let node = Asked { name: "system:node:a".into(), organizations: vec!["system:nodes".into()], ..Asked::default() };
        let (client, server) = (&["digital signature", "client auth"][..], &["digital signature", "server auth"][..]);
        let user = Asked { name: "jo".into(), organizations: vec!["dev".into()], ..Asked::default() };
        let with = |hosts, others| Asked { hosts, others, ..node.clone() };
        let cases: &[(&Asked, &str, &[&str], bool)] = &[
            (&user, CLIENT, client, true),
            (&user, CLIENT, &["client auth"], true),
            (&user, CLIENT, server, false),
            (&user, CLIENT, &["client auth", "cert sign"], false),
            (&Asked { organizations: vec!["a".into(), "b".into()], ..user.clone() }, CLIENT, client, false),
            (&user, KUBELET_CLIENT, client, false),
            (&node, KUBELET_CLIENT, client, true),
            (&with(1, 0), KUBELET_CLIENT, client, false),
            (&node, KUBELET_SERVING, server, false),
            (&with(1, 0), KUBELET_SERVING, server, true),
            (&with(1, 1), KUBELET_SERVING, server, false),
            (&with(1, 0), KUBELET_SERVING, client, false),
            (&user, "example.com/x", client, false),
        ];
        for (asked, signer, usages, signs) in cases {
            assert_eq!(asked.refusal(&spec(signer, usages)).is_none(), *signs, "{asked:?} {signer} {usages:?}");
        }
    }
}
