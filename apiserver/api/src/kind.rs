//! The row that describes one kind. Handlers, discovery, OpenAPI, tables and the store read rows; none names a kind.

use jiff::Timestamp;
use rand::RngExt;
use serde_json::Value;

use crate::{custom::Custom, field, key, names};

/// Everything the generic path has to know of a kind. A custom resource is the same row, built at run time.
///
/// All hooks see the hub version.
pub struct Kind {
    pub kind: &'static str,
    pub plural: &'static str,
    /// Empty: the kind in lower case.
    pub singular: &'static str,
    pub short_names: &'static [&'static str],
    pub categories: &'static [&'static str],
    pub namespaced: bool,
    /// Hub first; it is also the preferred one of its group.
    pub versions: &'static [Version],
    pub verbs: &'static [&'static str],
    pub subresources: &'static [Subresource],
    /// What `kubectl get` shows; one of them has the format `name`, for most kinds the first.
    pub columns: &'static [Column],
    /// Selectable beyond `metadata.name` and `metadata.namespace`.
    pub fields: &'static [Field],
    /// How the server counts `metadata.generation`.
    pub generation: Generation,
    /// Days of grace, or none: what DELETE does first.
    pub deletion: Deletion,
    /// A DELETE that removes at once answers with the object, not with a `Status`.
    pub shows_deleted: bool,
    /// What a client is warned of when it deletes without saying what becomes of the dependents: then they are orphaned.
    /// Without it the garbage collector takes them.
    pub orphans: Option<&'static str>,
    /// A PUT under a name that is not there creates the object.
    pub put_creates: bool,
    /// A PUT may leave out `resourceVersion` and overwrites whatever is there.
    pub put_blindly: bool,
    /// Finalizers a new object is given.
    pub finalizers: &'static [&'static str],
    /// `metadata.name` must satisfy this.
    pub name: fn(&str) -> Vec<String>,
    /// Fills in what the user left out; idempotent.
    pub default: fn(&mut Value),
    /// Gives out what is unique in the cluster (addresses, ports); arguments: new, old (none on create). Runs after
    /// `default` and `prepare_*`, before `validate`. `taken` answers for committed objects, the old state included.
    pub allocate: fn(&mut Value, Option<&Value>, &Allocator<'_>) -> Result<(), field::Error>,
    /// Drops what only the server may say, on create.
    pub prepare_create: fn(&mut Value),
    /// The same on update; `old` is the stored object.
    pub prepare_update: fn(&mut Value, &Value),
    /// What a DELETE writes into an object that it cannot remove at once; may be what holds it.
    pub prepare_delete: fn(&mut Value, Timestamp),
    /// Every complaint about a new object.
    pub validate: fn(&Value) -> Vec<field::Error>,
    /// Complaints about a change, beyond `validate` of the new state; arguments: new, old.
    pub validate_update: fn(&Value, &Value) -> Vec<field::Error>,
    /// Complaints about a change of status; arguments: new, old.
    pub validate_status: fn(&Value, &Value) -> Vec<field::Error>,
    /// Strings that no two objects may hold at once.
    pub claims: fn(&Value) -> Vec<String>,
    /// Sent as `Warning:` headers.
    pub warnings: fn(&Value) -> Vec<String>,
    /// What a row that was made at run time knows beyond this; the methods of the hooks' names ask it.
    pub custom: Option<Custom>,
}

/// A group and version under which the kind is served, and the way to the hub and back.
pub struct Version {
    pub group: &'static str,
    pub version: &'static str,
    /// The type's name in the schema table, e.g. `io.k8s.api.apps.v1.Deployment`.
    pub schema: &'static str,
    pub to_hub: fn(&mut Value),
    pub from_hub: fn(&mut Value),
    /// Sent as a `Warning:` header to whoever uses it; empty for a current version.
    pub deprecation: &'static str,
    /// Field selectors that this version calls otherwise: its name, the hub's name.
    pub field_labels: &'static [(&'static str, &'static str)],
}

impl Version {
    pub const fn hub(group: &'static str, version: &'static str, schema: &'static str) -> Self {
        Self { group, version, schema, to_hub: nothing, from_hub: nothing, deprecation: "", field_labels: &[] }
    }

    pub fn api_version(&self) -> String {
        key::api_version(self.group, self.version)
    }
}

/// When `metadata.generation` grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The kind has none.
    Absent,
    /// On every change outside `metadata` and `status`.
    Counted,
    /// On every change outside `metadata`: a custom kind whose status is no subresource.
    WithStatus,
}

/// What a DELETE does before the object is gone (finalizers aside).
#[derive(Clone, Copy, Debug)]
pub enum Deletion {
    Immediate,
    /// Pods: `deletionTimestamp` first, the node's last DELETE with grace period 0 removes it. `grace` reads the
    /// object's own default, in seconds; 0 also for a pod that no node holds or that has ended.
    Graceful {
        grace: fn(&Value) -> i64,
    },
    /// Namespaces: `Terminating` until `/finalize` has emptied `spec.finalizers`.
    SpecFinalizers,
}

/// A path below an object, e.g. `status`.
pub struct Subresource {
    pub name: &'static str,
    pub verbs: &'static [&'static str],
    /// The body's type: group, version, kind. Empty strings: the kind's own.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    pub serves: Serves,
}

/// What the server does behind a subresource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    Status,
    /// `autoscaling/v1 Scale`; JSON pointers into the object. `selector` says whether it is a LabelSelector or a map.
    Scale {
        replicas: &'static str,
        status_replicas: &'static str,
        selector: &'static str,
    },
    /// Namespaces: writes `spec.finalizers`.
    Finalize,
    Binding,
    Eviction,
    Token,
    EphemeralContainers,
    Resize,
    Approval,
    /// Reaches the node: log, exec, attach, portforward, proxy.
    Node,
}

impl Subresource {
    pub const STATUS: Self = Self {
        name: "status",
        verbs: &["get", "patch", "update"],
        group: "",
        version: "",
        kind: "",
        serves: Serves::Status,
    };
    /// For workloads with a LabelSelector.
    pub const SCALE: Self = Self {
        name: "scale",
        verbs: &["get", "patch", "update"],
        group: "autoscaling",
        version: "v1",
        kind: "Scale",
        serves: Serves::Scale {
            replicas: "/spec/replicas",
            status_replicas: "/status/replicas",
            selector: "/spec/selector",
        },
    };
    /// What upgrades to a stream on the node. `name` and `kind` are to be filled in.
    pub const STREAM: Self =
        Self { name: "", verbs: &["create", "get"], group: "", version: "", kind: "", serves: Serves::Node };
    /// Plain HTTP through the API server. `kind` is to be filled in.
    pub const PROXY: Self = Self { name: "proxy", verbs: &["create", "delete", "get", "patch", "update"], ..Self::STREAM };
}

/// A column of the table.
pub struct Column {
    pub name: &'static str,
    /// `string`, `integer`, `number`, `boolean`, `date`.
    pub kind: &'static str,
    pub format: &'static str,
    /// 0 is shown always, 1 with `-o wide`.
    pub priority: i32,
    pub description: &'static str,
    pub cell: fn(&Value) -> Value,
}

impl Column {
    pub const NAME: Self = Self {
        name: "Name",
        kind: "string",
        format: "name",
        priority: 0,
        description: "Name must be unique within a namespace.",
        cell: |object| object["metadata"]["name"].clone(),
    };
    pub const AGE: Self = Self {
        name: "Age",
        kind: "string",
        format: "",
        priority: 0,
        description: "Time since the object was created.",
        cell: age,
    };

    /// A string column that is always shown.
    pub const fn text(name: &'static str, cell: fn(&Value) -> Value) -> Self {
        Self { name, kind: "string", format: "", priority: 0, description: "", cell }
    }

    pub const fn wide(self) -> Self {
        Self { priority: 1, ..self }
    }

    pub const fn integer(self) -> Self {
        Self { kind: "integer", ..self }
    }
}

/// A selectable field.
pub struct Field {
    /// As in a field selector, e.g. `spec.nodeName`.
    pub path: &'static str,
    pub value: fn(&Value) -> String,
}

/// Gives out addresses and ports that nobody holds.
pub struct Allocator<'a> {
    pub taken: &'a dyn Fn(&str) -> bool,
    pub service_network: (std::net::Ipv4Addr, u8),
    pub node_ports: std::ops::RangeInclusive<u16>,
}

impl Allocator<'_> {
    /// Random member of `0..count` for which `claim(n)` is free; gives up after every member was tried.
    pub fn pick(&self, count: u32, claim: impl Fn(u32) -> String) -> Option<u32> {
        let start = rand::rng().random_range(0..count.max(1));
        (0..count).map(|i| (start + i) % count).find(|n| !(self.taken)(&claim(*n)))
    }
}

impl Kind {
    /// What most namespaced kinds share.
    pub const NAMESPACED: Self = Self {
        kind: "",
        plural: "",
        singular: "",
        short_names: &[],
        categories: &[],
        namespaced: true,
        versions: &[],
        verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        subresources: &[],
        columns: &[Column::NAME, Column::AGE],
        fields: &[],
        generation: Generation::Absent,
        deletion: Deletion::Immediate,
        shows_deleted: false,
        orphans: None,
        put_creates: false,
        put_blindly: true,
        finalizers: &[],
        name: names::dns_subdomain,
        default: nothing,
        allocate: |_, _, _| Ok(()),
        prepare_create: nothing,
        prepare_update: |_, _| {},
        prepare_delete: |_, _| {},
        validate: |_| Vec::new(),
        validate_update: |_, _| Vec::new(),
        validate_status: |_, _| Vec::new(),
        claims: |_| Vec::new(),
        warnings: |_| Vec::new(),
        custom: None,
    };

    /// What most kinds outside namespaces share.
    pub const CLUSTER: Self = Self { namespaced: false, ..Self::NAMESPACED };

    pub fn hub(&self) -> &Version {
        &self.versions[0]
    }

    pub fn group(&self) -> &'static str {
        self.versions[0].group
    }

    /// `pods`, `deployments.apps`: the name of the storage, of errors and of authorization.
    pub fn resource(&self) -> String {
        if self.group().is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group()) }
    }

    pub fn singular_name(&self) -> String {
        if self.singular.is_empty() { self.kind.to_lowercase() } else { self.singular.to_owned() }
    }

    pub fn has_status(&self) -> bool {
        self.subresources.iter().any(|s| s.serves == Serves::Status)
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.kind, self.hub().api_version())
    }
}

/// A hook that leaves the object alone.
pub const fn nothing(_: &mut Value) {}

fn age(object: &Value) -> Value {
    crate::kinds::columns::age(&object["metadata"]["creationTimestamp"])
}
