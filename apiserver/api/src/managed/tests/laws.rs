//! Laws of server-side apply and of sets of fields.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::managed::{owned, same_but_for_times, set::Set};

/// Configurations of a Deployment: a few fields, labels, containers with environment, volumes' names as finalizers.
fn configs() -> impl Strategy<Value = Value> {
    let text = || "[xyz]";
    let env = proptest::collection::btree_map("[AB]", text(), 0..3)
        .prop_map(|env| env.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>());
    let container = (proptest::option::of(text()), env, proptest::option::of(proptest::collection::vec(text(), 0..3)));
    let containers = proptest::collection::btree_map("[c-e]", container, 0..3).prop_map(|containers| {
        type Container = (Option<String>, Vec<Value>, Option<Vec<String>>);
        let one = |(name, (image, env, args)): (String, Container)| {
            let mut container = json!({"name": name});
            if let Some(image) = image {
                container["image"] = Value::String(image);
            }
            if !env.is_empty() {
                container["env"] = env.into();
            }
            if let Some(args) = args {
                container["args"] = args.into();
            }
            container
        };
        containers.into_iter().map(one).collect::<Vec<_>>()
    });
    let labels = proptest::collection::btree_map("[k-m]", text(), 0..3);
    let finalizers = proptest::sample::subsequence(vec!["e.org/f", "e.org/g"], 0..=2).prop_shuffle();
    (containers, labels, finalizers, proptest::option::of(0..4_i32), any::<bool>()).prop_map(
        |(containers, labels, finalizers, replicas, paused)| {
            let mut config = json!({});
            if !containers.is_empty() {
                config["spec"]["template"]["spec"]["containers"] = containers.into();
            }
            if !labels.is_empty() {
                config["metadata"]["labels"] = json!(labels);
            }
            if !finalizers.is_empty() {
                config["metadata"]["finalizers"] = finalizers.into();
            }
            if let Some(replicas) = replicas {
                config["spec"]["replicas"] = replicas.into();
            }
            if paused {
                config["spec"]["paused"] = true.into();
            }
            config
        },
    )
}

fn sets() -> impl Strategy<Value = Set> {
    configs().prop_map(|config| owned::fields(Schema::Type(deployment().0), &config))
}

/// All that is in `part` is in `whole`; the order of items aside.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| holds(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => part.iter().all(|part| whole.iter().any(|whole| holds(whole, part))),
        (whole, part) => whole == part,
    }
}

proptest! {
    #[test]
    fn apply_is_idempotent(first in configs(), second in configs(), other in configs()) {
        let kind = deployment();
        let live = kind.update("u", TIMES[0], None, first);
        let live = kind.apply("a", Some(&live), other, true).unwrap();
        let once = kind.apply("b", Some(&live), second.clone(), true).unwrap();
        let twice = kind.apply_at("b", TIMES[2], Some(&once), second, false).unwrap();
        prop_assert_eq!(once, twice);
    }

    /// What was applied is there, and its applier owns it.
    #[test]
    fn what_is_applied_holds(live in configs(), config in configs()) {
        let kind = deployment();
        let live = kind.update("u", TIMES[0], None, live);
        let applied = kind.apply("a", Some(&live), config.clone(), true).unwrap();
        prop_assert!(holds(&applied, &config), "{applied}");
        let fields = owned::fields(Schema::Type(kind.0), &config);
        let owned = Set::of_tree(owned_by(&applied, "a Apply").as_object().cloned().unwrap_or_default());
        prop_assert_eq!(fields.paths(), owned.paths());
    }

    /// Without force nobody changes what another owns; with force the other loses just that.
    #[test]
    fn nobody_takes_without_force(first in configs(), second in configs()) {
        let kind = deployment();
        let live = kind.apply("a", None, first.clone(), false).unwrap();
        match kind.apply("b", Some(&live), second.clone(), false) {
            Ok(applied) => prop_assert!(holds(&applied, &first) && holds(&applied, &second)),
            Err(status) => {
                prop_assert_eq!(status.code, 409);
                let lost: Vec<String> = status.details.unwrap().causes.into_iter().map(|cause| cause.field).collect();
                let forced = kind.apply("b", Some(&live), second, true).unwrap();
                let set = |object: &Value| Set::of_tree(owned_by(object, "a Apply").as_object().cloned().unwrap_or_default());
                let (before, after) = (set(&live).paths(), set(&forced).paths());
                let mut gone: Vec<String> = before.into_iter().filter(|path| !after.contains(path)).collect();
                let mut lost = lost;
                gone.sort();
                lost.sort();
                prop_assert_eq!(gone, lost);
            }
        }
    }

    /// To apply nothing any more leaves what others own, and nothing else of one's own.
    #[test]
    fn to_apply_nothing_is_to_leave(first in configs(), second in configs()) {
        let kind = deployment();
        let alone = kind.apply("a", None, first, false).unwrap();
        let both = kind.apply("b", Some(&alone), second, true).unwrap();
        let left = kind.apply("b", Some(&both), json!({}), false).unwrap();
        let rest = owned_by(&left, "a Apply");
        let fields = owned::fields(Schema::Type(kind.0), &left);
        let rest = Set::of_tree(rest.as_object().cloned().unwrap_or_default());
        let named = |path: &&String| {
            !matches!(path.as_str(), ".apiVersion" | ".kind" | ".metadata.name") && !path.starts_with(".metadata.managedFields")
        };
        let (fields, rest) = (fields.paths(), rest.paths());
        prop_assert_eq!(fields.iter().filter(named).collect::<Vec<_>>(), rest.iter().collect::<Vec<_>>());
    }

    /// An update that changes nothing changes no record; one that does is its author's alone.
    #[test]
    fn every_change_has_one_owner(first in configs(), second in configs()) {
        let kind = deployment();
        let live = kind.update("a", TIMES[0], None, first);
        prop_assert_eq!(&kind.update("b", TIMES[1], Some(&live), live.clone()), &live);
        let next = kind.update("b", TIMES[1], Some(&live), second);
        let set = |name: &str| Set::of_tree(owned_by(&next, name).as_object().cloned().unwrap_or_default());
        prop_assert!(set("a Update").intersection(&set("b Update")).is_empty());
        prop_assert!(same_but_for_times(&next, &next));
    }

    /// The text of a create says what the tree would have said.
    #[test]
    fn text_and_tree_are_the_same(config in configs(), empty: bool) {
        let kind = deployment();
        let mut object = kind.object(config);
        if empty {
            object["spec"]["template"]["metadata"] = json!({"labels": {}, "annotations": {"a\"b": "c"}});
            object["spec"]["selector"] = json!({});
            object["spec"]["strategy"] = json!({});
            object["spec"]["template"]["spec"]["volumes"] = json!([]);
        }
        let tree = kind.update("a", TIMES[0], None, object.clone());
        let version = kind.version();
        let text = crate::managed::create(&kind.request("a", &version, TIMES[0]), &kind, &mut object);
        let entries = text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        prop_assert_eq!(entries, tree["metadata"].get("managedFields").cloned().unwrap_or_default());
    }

    #[test]
    fn sets_obey_algebra(a in sets(), b in sets()) {
        let (mut union, mut rest) = (a.clone(), a.clone());
        union.union(&b);
        rest.subtract(&b);
        prop_assert!(rest.intersection(&b).is_empty());
        prop_assert_eq!(union.intersection(&a), a.clone());
        prop_assert_eq!(union.intersection(&b), b.clone());
        let mut again = rest;
        again.union(&a.intersection(&b));
        prop_assert_eq!(again, a);
    }
}
