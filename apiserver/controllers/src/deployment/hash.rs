//! The pod-template-hash: a short name for the content of a template.

use k8s_openapi::api::core::v1::PodTemplateSpec;

/// No vowels and nothing that looks like another sign, so that no hash spells a word.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Equal templates have equal hashes. `collisions` moves on from a name that another template has taken.
pub(super) fn of(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let json = serde_json::to_vec(template).expect("a template is plain data");
    let mut hash = fnv1a(0x811c_9dc5, &json);
    if let Some(collisions) = collisions {
        hash = fnv1a(hash, &collisions.to_le_bytes());
    }
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}

fn fnv1a(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Container, PodSpec};

    use super::*;

    fn template(image: &str) -> PodTemplateSpec {
        let container = Container { name: "c".into(), image: Some(image.into()), ..Container::default() };
        PodTemplateSpec {
            spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }),
            ..PodTemplateSpec::default()
        }
    }

    #[test]
    fn it_is_stable_and_tells_templates_and_collisions_apart() {
        // a changed value here renames every ReplicaSet of every cluster at the next start
        assert_eq!(of(&template("app:1"), None), of(&template("app:1"), None));
        assert_ne!(of(&template("app:1"), None), of(&template("app:2"), None));
        assert_ne!(of(&template("app:1"), None), of(&template("app:1"), Some(1)));
        assert!(of(&template("app:1"), None).bytes().all(|sign| ALPHABET.contains(&sign)));
    }
}
