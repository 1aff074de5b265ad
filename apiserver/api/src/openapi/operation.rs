//! What one can do at a path, in no dialect: v2 and v3 write the same operations.

use crate::schema::{Type, find};

/// A path and what can be done there.
pub(super) struct PathItem {
    pub(super) path: String,
    /// The names in braces.
    pub(super) parameters: Vec<&'static str>,
    pub(super) operations: Vec<Operation>,
}

pub(super) struct Operation {
    /// In lower case, as the documents write it.
    pub(super) method: &'static str,
    /// `x-kubernetes-action`.
    pub(super) action: &'static str,
    pub(super) id: String,
    pub(super) description: String,
    pub(super) tag: String,
    pub(super) query: Vec<Query>,
    pub(super) body: Option<Body>,
    pub(super) codes: &'static [(&'static str, &'static str)],
    pub(super) answer: Answer,
    pub(super) media: &'static Media,
    /// Group, version and kind of what is sent; none for discovery.
    pub(super) gvk: Option<[String; 3]>,
}

/// A query parameter: name and type.
#[derive(Clone, Copy)]
pub(super) struct Query(pub(super) &'static str, pub(super) &'static str);

pub(super) enum Body {
    Object(&'static Type),
    Patch,
    DeleteOptions,
}

#[derive(Clone, Copy)]
pub(super) enum Answer {
    Object(&'static Type),
    /// The same, and it can be watched.
    List(&'static Type),
    Text,
}

pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
pub(super) const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

/// What can be sent and had, as media types.
pub(super) struct Media {
    pub(super) patches: &'static [&'static str],
    pub(super) produced: &'static [&'static str],
    pub(super) streamed: &'static [&'static str],
}

pub(super) static BUILT_IN: Media = Media {
    patches: &[
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    ],
    produced: &["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"],
    streamed: &["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"],
};

/// Of kinds without protobuf and merge keys.
pub(super) static CUSTOM: Media = Media {
    patches: &["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"],
    produced: &["application/json", "application/yaml"],
    streamed: &[],
};

const OK: (&str, &str) = ("200", "OK");
const CREATED: (&str, &str) = ("201", "Created");
const ACCEPTED: (&str, &str) = ("202", "Accepted");
pub(super) const UNAUTHORIZED: (&str, &str) = ("401", "Unauthorized");

/// What a verb of the API is in HTTP.
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    pub(super) action: &'static str,
    /// How an operation's id begins.
    pub(super) prefix: &'static str,
    pub(super) sentence: &'static str,
    pub(super) codes: &'static [(&'static str, &'static str)],
    query: &'static [&'static [Query]],
}

const WRITE: &[Query] = &[Query("dryRun", "string"), Query("fieldManager", "string"), Query("fieldValidation", "string")];
const FORCE: &[Query] = &[Query("force", "boolean")];
const SELECT: &[Query] = &[
    Query("continue", "string"),
    Query("fieldSelector", "string"),
    Query("labelSelector", "string"),
    Query("limit", "integer"),
    Query("resourceVersion", "string"),
    Query("resourceVersionMatch", "string"),
    Query("sendInitialEvents", "boolean"),
    Query("timeoutSeconds", "integer"),
];
const WATCH: &[Query] = &[Query("allowWatchBookmarks", "boolean"), Query("watch", "boolean")];
const DELETE: &[Query] = &[
    Query("dryRun", "string"),
    Query("gracePeriodSeconds", "integer"),
    Query("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    Query("orphanDependents", "boolean"),
    Query("propagationPolicy", "string"),
];

const fn verb(
    [name, method, action, prefix, sentence]: [&'static str; 5],
    codes: &'static [(&'static str, &'static str)],
    query: &'static [&'static [Query]],
) -> Verb {
    Verb { name, method, action, prefix, sentence, codes, query }
}

/// `watch` is a `list` with a parameter.
pub(super) static VERBS: &[Verb] = &[
    verb(["list", "get", "list", "list", "list or watch objects of kind"], &[OK], &[SELECT, WATCH]),
    verb(["create", "post", "post", "create", "create"], &[OK, CREATED, ACCEPTED], &[WRITE]),
    verb(["deletecollection", "delete", "deletecollection", "delete", "delete collection of"], &[OK], &[DELETE, SELECT]),
    verb(["get", "get", "get", "read", "read the specified"], &[OK], &[]),
    verb(["update", "put", "put", "replace", "replace the specified"], &[OK, CREATED], &[WRITE]),
    verb(["patch", "patch", "patch", "patch", "partially update the specified"], &[OK, CREATED], &[WRITE, FORCE]),
    verb(["delete", "delete", "delete", "delete", "delete"], &[OK, ACCEPTED], &[DELETE]),
];

impl Verb {
    pub(super) fn query(&self) -> Vec<Query> {
        self.query.concat()
    }

    /// Whether it acts on all objects at once, or on none yet.
    pub(super) fn is_for_collections(&self) -> bool {
        matches!(self.name, "list" | "create" | "deletecollection")
    }
}

/// The types that operations take and give.
pub(super) fn types(items: &[PathItem]) -> Vec<&'static Type> {
    let mut types: Vec<&'static Type> = [PATCH, DELETE_OPTIONS].into_iter().filter_map(find).collect();
    for operation in items.iter().flat_map(|item| &item.operations) {
        if let Some(Body::Object(ty)) = operation.body {
            types.push(ty);
        }
        if let Answer::Object(ty) | Answer::List(ty) = operation.answer {
            types.push(ty);
        }
    }
    types
}
