//! What the server says of a definition: the names it gets, and whether it is served.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::schema::strings;

/// Sets a condition (type, status, reason, message) of `crd`; its time changes with its status alone.
pub(crate) fn set(crd: &mut Value, [kind, status, reason, message]: [&str; 4], now: Timestamp) {
    let conditions = &mut crd["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else { return };
    let old = conditions.iter().position(|condition| condition["type"] == kind);
    let kept = old.map(|at| &conditions[at]).filter(|old| old["status"] == status);
    let since = kept.map_or_else(|| seconds(now).into(), |old| old["lastTransitionTime"].clone());
    let condition =
        json!({ "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since });
    match old {
        Some(at) => conditions[at] = condition,
        None => conditions.push(condition),
    }
}

fn seconds(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).map_or_else(|_| now.to_string(), |now| now.to_string())
}

/// The status that `crd` should have beside `others`, all definitions of its group. Names that another one holds are not
/// taken; what was accepted before stays.
pub fn plan(crd: &Value, others: &[&Value], now: Timestamp) -> Value {
    let mut next = crd.clone();
    let taken = Taken::by(others.iter().filter(|other| other["metadata"]["name"] != crd["metadata"]["name"]).copied());
    let wanted = &crd["spec"]["names"];
    let before = &crd["status"]["acceptedNames"];
    let mut conflicts = Vec::new();
    let mut accepted = before.clone();
    for (name, complaint) in [("plural", "PluralConflict"), ("singular", "SingularConflict")] {
        match wanted[name].as_str().filter(|name| taken.resource(name)) {
            Some(_) if before[name] == wanted[name] => {}
            Some(held) => conflicts.push((complaint, format!("{held:?} is already in use"))),
            None => accepted[name] = wanted[name].clone(),
        }
    }
    let shorts = strings(&wanted["shortNames"]);
    let held: Vec<String> =
        shorts.iter().filter(|name| taken.resource(name)).map(|name| format!("{name:?} is already in use")).collect();
    match held.as_slice() {
        [] => put(&mut accepted, "shortNames", &wanted["shortNames"]),
        [one] => conflicts.push(("ShortNamesConflict", one.clone())),
        many => conflicts.push(("ShortNamesConflict", format!("[{}]", many.join(", ")))),
    }
    for (name, complaint) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
        match wanted[name].as_str().filter(|name| taken.kind(name)) {
            Some(_) if before[name] == wanted[name] => {}
            Some(held) => conflicts.push((complaint, format!("{held:?} is already in use"))),
            None => accepted[name] = wanted[name].clone(),
        }
    }
    put(&mut accepted, "categories", &wanted["categories"]);
    next["status"]["acceptedNames"] = accepted;
    if let Some((reason, message)) = conflicts.last() {
        set(&mut next, ["NamesAccepted", "False", reason, message], now);
        if !super::condition(crd, "Established") {
            set(&mut next, ["Established", "False", "NotAccepted", "not all names are accepted"], now);
        }
    } else {
        set(&mut next, ["NamesAccepted", "True", "NoConflicts", "no conflicts found"], now);
        set(&mut next, ["Established", "True", "InitialNamesAccepted", "the initial names have been accepted"], now);
    }
    next["status"].take()
}

/// The status of a definition whose objects are being deleted, or are (`message` says why it takes time).
pub fn deleting(crd: &Value, condition: [&str; 3], now: Timestamp) -> Value {
    let [status, reason, message] = condition;
    let mut next = crd.clone();
    set(&mut next, ["Terminating", status, reason, message], now);
    next["status"].take()
}

fn put(names: &mut Value, name: &str, value: &Value) {
    match (value.is_null(), names.as_object_mut()) {
        (true, Some(fields)) => drop(fields.remove(name)),
        _ => names[name] = value.clone(),
    }
}

/// Names that the other definitions of a group hold.
struct Taken {
    resources: Vec<String>,
    kinds: Vec<String>,
}

impl Taken {
    fn by<'a>(others: impl Iterator<Item = &'a Value>) -> Self {
        let (mut resources, mut kinds) = (Vec::new(), Vec::new());
        for other in others {
            let names = &other["status"]["acceptedNames"];
            let text = |name: &str| names[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            resources.extend([text("plural"), text("singular")].into_iter().flatten());
            resources.extend(strings(&names["shortNames"]));
            kinds.extend([text("kind"), text("listKind")].into_iter().flatten());
        }
        Self { resources, kinds }
    }

    fn resource(&self, name: &str) -> bool {
        self.resources.iter().any(|taken| taken == name)
    }

    fn kind(&self, name: &str) -> bool {
        self.kinds.iter().any(|taken| taken == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(plural: &str, kind: &str, shorts: &[&str]) -> Value {
        let names = json!({ "plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List"), "shortNames": shorts });
        json!({ "metadata": { "name": format!("{plural}.example.com") }, "spec": { "names": names }, "status": { "storedVersions": ["v1"] } })
    }

    fn said(status: &Value) -> Vec<String> {
        let conditions = status["conditions"].as_array().unwrap();
        conditions.iter().map(|c| format!("{} {} {}", c["type"], c["status"], c["message"]).replace('"', "")).collect()
    }

    #[test]
    fn names_are_taken_once() {
        let mut ships = definition("ships", "Ship", &["sh"]);
        ships["status"] = plan(&ships, &[&ships], Timestamp::UNIX_EPOCH);
        assert_eq!(
            said(&ships["status"]),
            ["NamesAccepted True no conflicts found", "Established True the initial names have been accepted"]
        );
        assert_eq!(ships["status"]["acceptedNames"]["shortNames"], json!(["sh"]));
        assert_eq!(ships["status"]["storedVersions"], json!(["v1"]));
        let boats = definition("boats", "Ship", &[]);
        let status = plan(&boats, &[&ships, &boats], Timestamp::UNIX_EPOCH);
        assert_eq!(said(&status)[0], "NamesAccepted False \\ShipList\\ is already in use");
        assert_eq!(status["acceptedNames"]["plural"], "boats");
        assert!(!super::super::is_established(&json!({ "status": status })));
        // what was accepted once stays
        let again = plan(&ships, &[&ships, &boats], Timestamp::from_second(60).unwrap());
        assert_eq!(again, ships["status"]);
    }
}
