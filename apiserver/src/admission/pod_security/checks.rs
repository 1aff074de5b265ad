//! What the Pod Security Standards say of a pod, in upstream's words (`staging/src/k8s.io/pod-security-admission/policy/check_*.go`),
//! in the order of upstream's names of the checks.

use serde_json::Value;

use super::levels::Level;

/// Reasons with details, e.g. `host namespaces (hostNetwork=true)`.
pub(super) fn of(level: Level, spec: &Value) -> Vec<String> {
    let pod = Pod { spec, windows: spec["os"]["name"] == "windows" };
    let restricted = level == Level::Restricted;
    let all: [Option<(&str, String)>; 14] = match level {
        Level::Privileged => return Vec::new(),
        Level::Baseline | Level::Restricted => [
            restricted.then(|| pod.escalation()).flatten(),
            if restricted { pod.restricted_capabilities() } else { pod.capabilities() },
            pod.host_namespaces(),
            if restricted { None } else { pod.host_paths() },
            pod.host_ports(),
            pod.flag("privileged", |context| context["privileged"] == true, "securityContext.privileged=true"),
            pod.flag(
                "procMount",
                |context| context["procMount"].as_str().is_some_and(|mount| mount != "Default"),
                "securityContext.procMount to \"Unmasked\"",
            ),
            restricted.then(|| pod.volumes()).flatten(),
            restricted.then(|| pod.non_root()).flatten(),
            restricted.then(|| pod.root_user()).flatten(),
            pod.se_linux(),
            if restricted { pod.seccomp() } else { pod.unconfined() },
            pod.sysctls(),
            pod.flag(
                "hostProcess",
                |context| context["windowsOptions"]["hostProcess"] == true,
                "securityContext.windowsOptions.hostProcess=true",
            ),
        ],
    };
    all.into_iter().flatten().map(|(reason, detail)| format!("{reason} ({detail})")).collect()
}

struct Pod<'a> {
    spec: &'a Value,
    windows: bool,
}

type Finding = Option<(&'static str, String)>;

/// What every container may add.
const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
const VOLUMES: [&str; 8] =
    ["configMap", "downwardAPI", "emptyDir", "projected", "secret", "csi", "persistentVolumeClaim", "ephemeral"];
const SYSCTLS: [&str; 11] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
];

impl<'a> Pod<'a> {
    fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let spec = self.spec;
        let groups = ["initContainers", "containers", "ephemeralContainers"];
        groups.into_iter().flat_map(move |group| spec[group].as_array().into_iter().flatten())
    }

    /// Names of containers whose security context is as `bad` says.
    fn those(&self, bad: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        let bad = self.containers().filter(|container| bad(&container["securityContext"]));
        bad.map(|container| container["name"].as_str().unwrap_or_default()).collect()
    }

    fn flag(&self, reason: &'static str, bad: impl Fn(&Value) -> bool + Copy, what: &str) -> Finding {
        let mut details = Vec::new();
        if reason == "hostProcess" && bad(&self.spec["securityContext"]) {
            details.push(format!("pod must not set {what}"));
        }
        let names = self.those(bad);
        if !names.is_empty() {
            details.push(format!("{} must not set {what}", subject(&names)));
        }
        found(reason, &details)
    }

    fn escalation(&self) -> Finding {
        let names = self.those(|context| context["allowPrivilegeEscalation"] != false);
        let detail = (!names.is_empty() && !self.windows)
            .then(|| format!("{} must set securityContext.allowPrivilegeEscalation=false", subject(&names)));
        found("allowPrivilegeEscalation != false", &Vec::from_iter(detail))
    }

    fn added(&self, allowed: &[&str]) -> (Vec<&'a str>, Vec<String>) {
        let extra = |context: &Value| -> Vec<String> {
            let added = context["capabilities"]["add"].as_array().into_iter().flatten().filter_map(Value::as_str);
            added.filter(|name| !allowed.contains(name)).map(str::to_owned).collect()
        };
        let mut capabilities: Vec<String> =
            self.containers().flat_map(|container| extra(&container["securityContext"])).collect();
        capabilities.sort();
        capabilities.dedup();
        (self.those(|context| !extra(context).is_empty()), capabilities)
    }

    fn capabilities(&self) -> Finding {
        let (names, capabilities) = self.added(&DEFAULT_CAPABILITIES);
        let detail = (!names.is_empty()).then(|| {
            format!("{} must not include {} in securityContext.capabilities.add", subject(&names), quoted(&capabilities))
        });
        found("non-default capabilities", &Vec::from_iter(detail))
    }

    fn restricted_capabilities(&self) -> Finding {
        if self.windows {
            return None;
        }
        let mut details = Vec::new();
        let dropped = |context: &Value| {
            context["capabilities"]["drop"].as_array().is_some_and(|dropped| dropped.iter().any(|name| name == "ALL"))
        };
        let names = self.those(|context| !dropped(context));
        if !names.is_empty() {
            details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", subject(&names)));
        }
        let (names, capabilities) = self.added(&["NET_BIND_SERVICE"]);
        if !names.is_empty() {
            let what = quoted(&capabilities);
            details.push(format!("{} must not include {what} in securityContext.capabilities.add", subject(&names)));
        }
        (!details.is_empty()).then(|| ("unrestricted capabilities", details.join("; ")))
    }

    fn host_namespaces(&self) -> Finding {
        let set = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|name| self.spec[*name] == true);
        found("host namespaces", &set.map(|name| format!("{name}=true")).collect::<Vec<_>>())
    }

    fn host_paths(&self) -> Finding {
        let volumes = self.spec["volumes"].as_array().into_iter().flatten();
        let names: Vec<&str> = volumes
            .filter(|volume| !volume["hostPath"].is_null())
            .map(|volume| volume["name"].as_str().unwrap_or_default())
            .collect();
        let detail = (!names.is_empty()).then(|| format!("{} {}", plural("volume", names.len()), quoted(&names)));
        found("hostPath volumes", &Vec::from_iter(detail))
    }

    fn host_ports(&self) -> Finding {
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for container in self.containers() {
            let used = container["ports"].as_array().into_iter().flatten().filter_map(|port| port["hostPort"].as_i64());
            let used: Vec<i64> = used.filter(|port| *port != 0).collect();
            if !used.is_empty() {
                names.push(container["name"].as_str().unwrap_or_default());
                ports.extend(used);
            }
        }
        ports.sort_unstable();
        ports.dedup();
        let list: Vec<String> = ports.iter().map(ToString::to_string).collect();
        let verb = if names.len() == 1 { "uses" } else { "use" };
        let detail = (!names.is_empty())
            .then(|| format!("{} {verb} {} {}", subject(&names), plural("hostPort", ports.len()), list.join(", ")));
        found("hostPort", &Vec::from_iter(detail))
    }

    fn volumes(&self) -> Finding {
        let (mut names, mut kinds) = (Vec::new(), Vec::new());
        for volume in self.spec["volumes"].as_array().into_iter().flatten() {
            let sources = volume.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
            let kind = sources.into_iter().find(|name| *name != "name" && !VOLUMES.contains(name));
            if let Some(kind) = kind {
                names.push(volume["name"].as_str().unwrap_or_default());
                kinds.push(kind);
            }
        }
        kinds.sort_unstable();
        kinds.dedup();
        let verb = if names.len() == 1 { "uses" } else { "use" };
        let detail = (!names.is_empty()).then(|| {
            let (volumes, types) = (plural("volume", names.len()), plural("type", kinds.len()));
            format!("{volumes} {} {verb} restricted volume {types} {}", quoted(&names), quoted(&kinds))
        });
        found("restricted volume types", &Vec::from_iter(detail))
    }

    fn non_root(&self) -> Finding {
        let mut details = Vec::new();
        let whole = &self.spec["securityContext"]["runAsNonRoot"];
        if *whole == false {
            details.push("pod must not set securityContext.runAsNonRoot=false".to_owned());
        }
        let explicit = self.those(|context| context["runAsNonRoot"] == false);
        if !explicit.is_empty() {
            details.push(format!("{} must not set securityContext.runAsNonRoot=false", subject(&explicit)));
        }
        let silent = self.those(|context| context["runAsNonRoot"].is_null());
        if details.is_empty() && *whole != true && !silent.is_empty() {
            details.push(format!("pod or {} must set securityContext.runAsNonRoot=true", subject(&silent)));
        }
        found("runAsNonRoot != true", &details)
    }

    fn root_user(&self) -> Finding {
        let mut details = Vec::new();
        if self.spec["securityContext"]["runAsUser"] == 0 {
            details.push("pod must not set runAsUser=0".to_owned());
        }
        let names = self.those(|context| context["runAsUser"] == 0);
        if !names.is_empty() {
            details.push(format!("{} must not set runAsUser=0", subject(&names)));
        }
        found("runAsUser=0", &details)
    }

    fn se_linux(&self) -> Finding {
        const TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
        let bad = |context: &Value| {
            let text = |name: &str| context["seLinuxOptions"][name].as_str().unwrap_or_default();
            !TYPES.contains(&text("type")) || !text("user").is_empty() || !text("role").is_empty()
        };
        let names = self.those(bad);
        let who = match (bad(&self.spec["securityContext"]), names.is_empty()) {
            (false, true) => return None,
            (true, true) => "pod".to_owned(),
            (true, false) => format!("pod and {}", subject(&names)),
            (false, false) => subject(&names),
        };
        let contexts = self.containers().map(|container| &container["securityContext"]);
        let all: Vec<&Value> = contexts.chain([&self.spec["securityContext"]]).filter(|context| bad(context)).collect();
        let text = |context: &Value, name: &str| context["seLinuxOptions"][name].as_str().unwrap_or_default().to_owned();
        let mut types: Vec<String> = all.iter().map(|c| text(c, "type")).filter(|t| !TYPES.contains(&t.as_str())).collect();
        types.sort();
        types.dedup();
        let mut what = Vec::new();
        if !types.is_empty() {
            what.push(format!("{} {}", plural("type", types.len()), quoted(&types)));
        }
        for name in ["user", "role"] {
            if all.iter().any(|context| !text(context, name).is_empty()) {
                what.push(format!("{name} may not be set"));
            }
        }
        found("seLinuxOptions", &[format!("{who} set forbidden securityContext.seLinuxOptions: {}", what.join("; "))])
    }

    fn unconfined(&self) -> Finding {
        let mut details = Vec::new();
        let bad = |context: &Value| context["seccompProfile"]["type"] == "Unconfined";
        let what = "must not set securityContext.seccompProfile.type to \"Unconfined\"";
        if bad(&self.spec["securityContext"]) {
            details.push(format!("pod {what}"));
        }
        let names = self.those(bad);
        if !names.is_empty() {
            details.push(format!("{} {what}", subject(&names)));
        }
        found("seccompProfile", &details)
    }

    fn seccomp(&self) -> Finding {
        if self.windows {
            return None;
        }
        let kind = |context: &Value| context["seccompProfile"]["type"].as_str().map(str::to_owned);
        let good = |kind: &str| kind == "RuntimeDefault" || kind == "Localhost";
        let whole = kind(&self.spec["securityContext"]);
        let mut details = Vec::new();
        if let Some(kind) = whole.as_ref().filter(|kind| !good(kind)) {
            details.push(format!("pod must not set securityContext.seccompProfile.type to {kind:?}"));
        }
        let bad = self.those(|context| kind(context).is_some_and(|kind| !good(&kind)));
        if !bad.is_empty() {
            let mut kinds: Vec<String> =
                self.containers().filter_map(|c| kind(&c["securityContext"])).filter(|kind| !good(kind)).collect();
            kinds.sort();
            kinds.dedup();
            details.push(format!(
                "{} must not set securityContext.seccompProfile.type to {}",
                subject(&bad),
                quoted(&kinds)
            ));
        }
        let silent = self.those(|context| kind(context).is_none());
        if details.is_empty() && whole.is_none() && !silent.is_empty() {
            details.push(format!(
                "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
                subject(&silent)
            ));
        }
        found("seccompProfile", &details)
    }

    fn sysctls(&self) -> Finding {
        let set = self.spec["securityContext"]["sysctls"].as_array().into_iter().flatten();
        let names: Vec<&str> =
            set.filter_map(|sysctl| sysctl["name"].as_str()).filter(|name| !SYSCTLS.contains(name)).collect();
        found("forbidden sysctls", &Vec::from_iter((!names.is_empty()).then(|| names.join(", "))))
    }
}

fn found(reason: &'static str, details: &[String]) -> Finding {
    (!details.is_empty()).then(|| (reason, details.join(", ")))
}

/// `container "a"`, `containers "a", "b"`.
fn subject(names: &[&str]) -> String {
    format!("{} {}", plural("container", names.len()), quoted(names))
}

fn plural(word: &str, count: usize) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn quoted(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| format!("{:?}", name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_are_judged_in_upstreams_words() {
        let good = json!({
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "a", "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }],
        });
        let plain = json!({ "containers": [{ "name": "a" }] });
        let bad = json!({
            "hostNetwork": true, "hostPID": true, "volumes": [{ "name": "v", "hostPath": { "path": "/" } }],
            "securityContext": { "sysctls": [{ "name": "kernel.msgmax" }] },
            "containers": [
                { "name": "a", "ports": [{ "hostPort": 80 }, { "hostPort": 81 }], "securityContext": { "privileged": true } },
                { "name": "b", "securityContext": { "capabilities": { "add": ["NET_ADMIN", "CHOWN"] }, "seccompProfile": { "type": "Unconfined" } } },
            ],
        });
        let cases: [(Level, &Value, &[&str]); 6] = [
            (Level::Restricted, &good, &[]),
            (Level::Baseline, &plain, &[]),
            (Level::Privileged, &bad, &[]),
            (
                Level::Restricted,
                &plain,
                &[
                    "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)",
                    "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])",
                    "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)",
                    "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
                ],
            ),
            (
                Level::Baseline,
                &bad,
                &[
                    "non-default capabilities (container \"b\" must not include \"NET_ADMIN\" in securityContext.capabilities.add)",
                    "host namespaces (hostNetwork=true, hostPID=true)",
                    "hostPath volumes (volume \"v\")",
                    "hostPort (container \"a\" uses hostPorts 80, 81)",
                    "privileged (container \"a\" must not set securityContext.privileged=true)",
                    "seccompProfile (container \"b\" must not set securityContext.seccompProfile.type to \"Unconfined\")",
                    "forbidden sysctls (kernel.msgmax)",
                ],
            ),
            (
                Level::Restricted,
                &json!({ "volumes": [{ "name": "v", "hostPath": {} }, { "name": "w", "nfs": {} }] }),
                &["restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")"],
            ),
        ];
        for (level, spec, expected) in cases {
            assert_eq!(of(level, spec), expected, "{level:?} {spec}");
        }
    }
}
