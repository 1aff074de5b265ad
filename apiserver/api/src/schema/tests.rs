//! The table is whole, and says what the sources say.

use super::*;

/// Reads every line of the table, so that no lookup at run time can meet a malformed one.
#[test]
fn every_type_is_well_formed_and_sorted() {
    assert!(all().windows(2).all(|pair| pair[0].name < pair[1].name), "`find` searches by halves");
    for ty in all() {
        assert!(ty.fields().windows(2).all(|pair| pair[0].name < pair[1].name), "{ty:?}");
        for field in ty.fields() {
            assert!(
                field.default.is_none_or(|json| serde_json::from_str::<serde_json::Value>(json).is_ok()),
                "{ty:?}.{}",
                field.name
            );
        }
    }
}

#[test]
fn what_readers_look_up_is_there() {
    let pod = find_kind("", "v1", "Pod").unwrap();
    assert_eq!(pod.name, "io.k8s.api.core.v1.Pod");
    let spec = find("io.k8s.api.core.v1.PodSpec").unwrap();
    let containers = spec.field("containers").unwrap();
    assert_eq!((containers.number, containers.container, containers.merge_key), (2, Container::List, Some("name")));
    let ports = find("io.k8s.api.core.v1.Container").unwrap().field("ports").unwrap();
    assert_eq!(ports.keys, ["containerPort", "protocol"]);
    assert_eq!(find("io.k8s.api.core.v1.PodIP").unwrap().fields().len(), 1);
    assert!(find("io.k8s.api.core.v1.Nothing").is_none());
}

#[test]
fn embedded_structs_are_flat_in_json_and_messages_in_protobuf() {
    let volume = find("io.k8s.api.core.v1.Volume").unwrap();
    assert_eq!(volume.field("emptyDir").unwrap().number, 0);
    let (number, source) = volume.embedded()[0];
    assert_eq!((number, source.field("emptyDir").unwrap().number), (2, 2));
}

#[test]
fn retired_versions_are_there() {
    let old = find_kind("extensions", "v1beta1", "Deployment").unwrap();
    assert_eq!(old.name, "io.k8s.api.extensions.v1beta1.Deployment");
    assert!(old.field("spec").is_some());
}

/// Who adds a row names its type; a name that the table lacks would switch off every check.
#[test]
fn every_row_has_its_type() {
    for kind in crate::kinds::ALL {
        for version in kind.versions {
            let ty = find(version.schema).unwrap_or_else(|| panic!("{kind:?} has the unknown type {}", version.schema));
            let expected = TypeKind { group: version.group, version: version.version, kind: kind.kind };
            assert_eq!(ty.kinds, [expected]);
        }
    }
}
