//! A pod's volumes.

use serde_json::Value;

use super::{env, mount, validate::label_name};
use crate::{
    field::Error,
    kinds::read::{at, list, text},
    quantity::Quantity,
};

/// Names of the volumes that containers may mount.
pub(super) type Volumes<'a> = Vec<&'a str>;

const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// Gives the names of those without a complaint.
pub(super) fn validate<'a>(errors: &mut Vec<Error>, path: &str, volumes: &'a [Value]) -> Volumes<'a> {
    let mut good = Vec::new();
    for (i, volume) in volumes.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let before = errors.len();
        source(errors, &path, volume);
        label_name(errors, format!("{path}.name"), volume);
        let name = text(volume, &["name"]);
        if good.contains(&name) {
            errors.push(Error::duplicate(format!("{path}.name"), name));
        }
        if errors.len() == before {
            good.push(name);
        }
    }
    good
}

fn source(errors: &mut Vec<Error>, path: &str, volume: &Value) {
    let members = volume.as_object().into_iter().flatten();
    let mut sources = members.filter(|(name, value)| *name != "name" && !value.is_null());
    let Some((name, source)) = sources.next() else {
        return errors.push(Error::required(path, "must specify a volume type"));
    };
    one(errors, &format!("{path}.{name}"), name, source);
    for (name, _) in sources {
        errors.push(Error::forbidden(format!("{path}.{name}"), "may not specify more than 1 volume type"));
    }
}

fn one(errors: &mut Vec<Error>, path: &str, name: &str, source: &Value) {
    let mut required = |name: &str| {
        let missing = text(source, &[name]).is_empty();
        if missing {
            errors.push(Error::required(format!("{path}.{name}"), ""));
        }
        !missing
    };
    match name {
        "emptyDir" => {
            let limit = at(source, &["sizeLimit"]).as_str().map(Quantity::parse);
            if limit.is_some_and(|limit| limit.is_ok_and(|limit| limit.is_negative())) {
                let detail = "SizeLimit field must be a valid resource quantity";
                errors.push(Error::forbidden(format!("{path}.sizeLimit"), detail));
            }
        }
        "hostPath" if required("path") => {
            mount::no_backsteps(errors, &format!("{path}.path"), text(source, &["path"]));
            let kind = text(source, &["type"]);
            if !HOST_PATH_TYPES.contains(&kind) {
                errors.push(Error::not_supported(format!("{path}.type"), kind, &HOST_PATH_TYPES));
            }
        }
        "secret" | "configMap" => {
            required(if name == "secret" { "secretName" } else { "name" });
            mount::mode(errors, format!("{path}.defaultMode"), at(source, &["defaultMode"]));
            mount::keys(errors, path, source);
        }
        "downwardAPI" => {
            mount::mode(errors, format!("{path}.defaultMode"), at(source, &["defaultMode"]));
            env::files(errors, path, source);
        }
        "projected" => projected(errors, path, source),
        "persistentVolumeClaim" => {
            required("claimName");
        }
        "nfs" => {
            required("server");
            required("path");
        }
        "csi" => {
            required("driver");
        }
        _ => {}
    }
}

fn projected(errors: &mut Vec<Error>, path: &str, projected: &Value) {
    mount::mode(errors, format!("{path}.defaultMode"), at(projected, &["defaultMode"]));
    for (i, entry) in list(projected, &["sources"]).iter().enumerate() {
        let path = format!("{path}.sources[{i}]");
        let members = entry.as_object().into_iter().flatten();
        for (n, (name, source)) in members.filter(|(_, source)| !source.is_null()).enumerate() {
            let path = format!("{path}.{name}");
            if n > 0 {
                errors.push(Error::forbidden(path, "may not specify more than 1 volume type"));
                continue;
            }
            match name.as_str() {
                "secret" | "configMap" => {
                    if text(source, &["name"]).is_empty() {
                        errors.push(Error::required(format!("{path}.name"), ""));
                    }
                    mount::keys(errors, &path, source);
                }
                "downwardAPI" => env::files(errors, &path, source),
                "serviceAccountToken" => token(errors, &path, source),
                _ => {}
            }
        }
    }
}

fn token(errors: &mut Vec<Error>, path: &str, token: &Value) {
    let lifetime = at(token, &["expirationSeconds"]).as_i64().unwrap_or_default();
    if lifetime < 600 {
        let detail = "may not specify a duration less than 10 minutes";
        errors.push(Error::invalid(format!("{path}.expirationSeconds"), lifetime, detail));
    } else if lifetime > 1 << 32 {
        let detail = "may not specify a duration larger than 2^32 seconds";
        errors.push(Error::invalid(format!("{path}.expirationSeconds"), lifetime, detail));
    }
    mount::file_path(errors, &format!("{path}.path"), text(token, &["path"]));
}
