//! What a pod calls itself, and the files that tell its containers: `/etc/hostname`, `/etc/hosts`, `/etc/resolv.conf`. Pure.

use std::{fmt::Write, net::IpAddr};

use k8s_openapi::api::core::v1::Pod;

const DOMAIN: &str = "cluster.local";
/// Where the cluster's names are answered.
const NAME_SERVER: &str = "10.43.0.10";
/// The longest host name a kernel takes; upstream refuses a longer FQDN.
const LONGEST_FQDN: usize = 64;
/// The longest label of a name.
const LONGEST_LABEL: usize = 63;

/// A pod's name as a host, and the domain it is in.
#[derive(Debug, PartialEq)]
pub(crate) struct HostName {
    pub(crate) name: String,
    pub(crate) domain: String,
    /// What the pod's processes see as theirs.
    pub(crate) shown: String,
}

/// The sentence is that of a `FailedCreatePodSandBox` event.
pub(crate) fn host_name(pod: &Pod) -> Result<HostName, String> {
    let meta = &pod.metadata;
    let spec = pod.spec.clone().unwrap_or_default();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(shown) = filled(spec.hostname_override) {
        return Ok(HostName { name: shown.clone(), domain: String::new(), shown });
    }
    let mut name = filled(spec.hostname).or_else(|| meta.name.clone()).unwrap_or_default();
    name.truncate(LONGEST_LABEL);
    let name = name.trim_end_matches(['-', '.']).to_owned();
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let domain = filled(spec.subdomain).map(|sub| format!("{sub}.{namespace}.svc.{DOMAIN}")).unwrap_or_default();
    let mut shown = name.clone();
    if spec.set_hostname_as_fqdn == Some(true) && !domain.is_empty() {
        shown = format!("{name}.{domain}");
        if shown.len() > LONGEST_FQDN {
            return Err(format!(
                "Failed to construct FQDN from Pod hostname and cluster domain, FQDN {shown} is too long ({LONGEST_FQDN} \
                 characters is the max, {} characters requested)",
                shown.len()
            ));
        }
    }
    Ok(HostName { name, domain, shown })
}

/// `/etc/hosts`, as the kubelet manages it.
pub(crate) fn hosts(pod: &Pod, host: &HostName, ip: IpAddr) -> String {
    let mut out = String::from(
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n",
    );
    let HostName { name, domain, .. } = host;
    let line = if domain.is_empty() { format!("{ip}\t{name}\n") } else { format!("{ip}\t{name}.{domain}\t{name}\n") };
    out.push_str(&line);
    let aliases = pod.spec.as_ref().and_then(|spec| spec.host_aliases.as_deref()).unwrap_or_default();
    if !aliases.is_empty() {
        out.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in aliases {
        let names = alias.hostnames.as_deref().unwrap_or_default().join("\t");
        writeln!(out, "{}\t{names}", alias.ip).expect("writing to a String cannot fail");
    }
    out
}

/// `/etc/resolv.conf` by the pod's `dnsPolicy` and `dnsConfig`; `node` is the node's own.
pub(crate) fn resolv_conf(pod: &Pod, node: &str) -> String {
    let spec = pod.spec.as_ref();
    let policy = spec.and_then(|spec| spec.dns_policy.as_deref()).unwrap_or("ClusterFirst");
    let on_host = spec.and_then(|spec| spec.host_network) == Some(true);
    let mut dns = match policy {
        "None" => Dns::default(),
        "Default" => Dns::parse(node),
        "ClusterFirst" if on_host => Dns::parse(node),
        _ => {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            let own = [format!("{namespace}.svc.{DOMAIN}"), format!("svc.{DOMAIN}"), DOMAIN.to_owned()];
            let searches = own.into_iter().chain(Dns::parse(node).searches).collect();
            Dns { servers: vec![NAME_SERVER.to_owned()], searches, options: vec!["ndots:5".to_owned()] }
        }
    };
    if let Some(config) = spec.and_then(|spec| spec.dns_config.as_ref()) {
        let add = |list: &mut Vec<String>, more: Option<&Vec<String>>| {
            for item in more.into_iter().flatten() {
                if !list.contains(item) {
                    list.push(item.clone());
                }
            }
        };
        add(&mut dns.servers, config.nameservers.as_ref());
        add(&mut dns.searches, config.searches.as_ref());
        for option in config.options.iter().flatten() {
            let name = option.name.as_deref().unwrap_or_default();
            let text = option.value.as_ref().map_or_else(|| name.to_owned(), |value| format!("{name}:{value}"));
            dns.options.retain(|known| known.split(':').next() != Some(name));
            dns.options.push(text);
        }
    }
    dns.text()
}

#[derive(Default)]
struct Dns {
    servers: Vec<String>,
    searches: Vec<String>,
    options: Vec<String>,
}

impl Dns {
    fn parse(text: &str) -> Self {
        let mut dns = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => dns.servers.extend(words.next().map(str::to_owned)),
                // the last of several lines counts
                Some("search") => dns.searches = words.map(str::to_owned).collect(),
                Some("options") => dns.options.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        dns
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |word: &str, rest: &[String]| {
            if !rest.is_empty() {
                writeln!(out, "{word} {}", rest.join(" ")).expect("writing to a String cannot fail");
            }
        };
        line("search", &self.searches);
        self.servers.iter().for_each(|server| line("nameserver", std::slice::from_ref(server)));
        line("options", &self.options);
        out
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(spec: Value) -> Pod {
        let mut pod = json!({ "metadata": { "name": "p", "namespace": "n" }, "spec": { "containers": [] } });
        pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn a_pod_is_a_host_with_a_name() {
        let long = "l".repeat(60);
        for (spec, expected) in [
            (json!({}), Ok(("p", "p"))),
            (json!({ "hostname": "h", "subdomain": "s" }), Ok(("h", "h"))),
            (json!({ "subdomain": "s", "setHostnameAsFQDN": true }), Ok(("p", "p.s.n.svc.cluster.local"))),
            (json!({ "hostnameOverride": "a.b" }), Ok(("a.b", "a.b"))),
            (
                json!({ "subdomain": long, "setHostnameAsFQDN": true }),
                Err("(64 characters is the max, 82 characters requested)"),
            ),
        ] {
            let made = host_name(&pod(spec.clone()));
            match expected {
                Ok((name, shown)) => {
                    let made = made.unwrap();
                    assert_eq!((made.name.as_str(), made.shown.as_str()), (name, shown), "{spec}");
                }
                Err(end) => assert!(made.unwrap_err().ends_with(end), "{spec}"),
            }
        }
    }

    #[test]
    fn hosts_have_the_pod_and_its_aliases() {
        let pod = pod(json!({ "subdomain": "s", "hostAliases": [{ "ip": "1.2.3.4", "hostnames": ["a", "b"] }] }));
        let text = hosts(&pod, &host_name(&pod).unwrap(), [10, 128, 0, 2].into());
        assert!(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"), "{text}");
        let end = "10.128.0.2\tp.s.n.svc.cluster.local\tp\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn names_are_looked_up_as_the_policy_says() {
        let node = "nameserver 9.9.9.9\nsearch lan\noptions edns0\n";
        let config =
            json!({ "nameservers": ["1.1.1.1"], "searches": ["x"], "options": [{ "name": "ndots", "value": "2" }] });
        for (spec, expected) in [
            (
                json!({}),
                "search n.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.43.0.10\noptions ndots:5\n",
            ),
            (json!({ "dnsPolicy": "Default" }), "search lan\nnameserver 9.9.9.9\noptions edns0\n"),
            (json!({ "dnsPolicy": "None", "dnsConfig": config }), "search x\nnameserver 1.1.1.1\noptions ndots:2\n"),
            (
                json!({ "dnsConfig": config }),
                "search n.svc.cluster.local svc.cluster.local cluster.local lan x\nnameserver 10.43.0.10\nnameserver 1.1.1.1\n\
                 options ndots:2\n",
            ),
        ] {
            assert_eq!(resolv_conf(&pod(spec.clone()), node), expected, "{spec}");
        }
    }
}
