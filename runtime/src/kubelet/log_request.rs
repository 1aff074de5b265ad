//! Which log a request asks for, and which part of it. Pure.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::server::Refusal;
use crate::logs::Options;

/// `PodLogOptions` as they come in a query.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wanted {
    pub(super) follow: bool,
    pub(super) previous: bool,
    pub(super) options: Options,
}

pub(super) fn parse(query: &str, now: Timestamp) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let bad = |_| Refusal(StatusCode::BAD_REQUEST, format!("invalid value {value:?} of {name}"));
        let number = || value.parse::<u64>().map_err(|_| bad(()));
        let yes = matches!(&*value, "true" | "1");
        match &*name {
            "follow" => wanted.follow = yes,
            "previous" => wanted.previous = yes,
            "timestamps" => wanted.options.timestamps = yes,
            "tailLines" => wanted.options.tail = Some(number()?),
            "limitBytes" => wanted.options.limit = Some(number()?),
            "sinceSeconds" => {
                let seconds = i64::try_from(number()?).map_err(|_| bad(()))?;
                wanted.options.since = now.checked_sub(SignedDuration::from_secs(seconds)).ok();
            }
            "sinceTime" => wanted.options.since = Some(value.parse().map_err(|_| bad(()))?),
            "stream" => {
                wanted.options.channel = match &*value {
                    "Stdout" => Some("stdout"),
                    "Stderr" => Some("stderr"),
                    _ => None,
                }
            }
            _ => {}
        }
    }
    Ok(wanted)
}

/// The number of the run whose log is meant, or upstream's words for why there is none.
pub(super) fn run(pod: &Pod, container: &str, previous: bool) -> Result<i32, Refusal> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let refuse = |what: String| Refusal(StatusCode::BAD_REQUEST, what);
    let status = pod.status.as_ref();
    let all = status.and_then(|s| s.container_statuses.as_ref()).into_iter().flatten();
    let all = all.chain(status.and_then(|s| s.init_container_statuses.as_ref()).into_iter().flatten());
    let mut all = all.chain(status.and_then(|s| s.ephemeral_container_statuses.as_ref()).into_iter().flatten());
    let Some(status) = all.find(|status| status.name == container) else {
        let known = pod.spec.iter().flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()));
        if known.into_iter().any(|spec| spec.name == container) {
            return Err(refuse(format!("container {container:?} in pod {name:?} is waiting to start: ContainerCreating")));
        }
        return Err(refuse(format!("container {container:?} in pod {name:?} is not available")));
    };
    let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
    if previous {
        let run = status.restart_count - i32::from(waiting.is_none());
        let missing = || refuse(format!("previous terminated container {container:?} in pod {name:?} not found"));
        return if ran_before(status) { Ok(run) } else { Err(missing()) };
    }
    match waiting {
        Some(_) if ran_before(status) => Ok(status.restart_count),
        Some(waiting) => {
            let why = match waiting.reason.as_deref().unwrap_or_default() {
                "ErrImagePull" => "image can't be pulled",
                "ImagePullBackOff" => "trying and failing to pull image",
                reason => reason,
            };
            Err(refuse(format!("container {container:?} in pod {name:?} is waiting to start: {why}")))
        }
        None => Ok(status.restart_count),
    }
}

fn ran_before(status: &ContainerStatus) -> bool {
    status.last_state.as_ref().is_some_and(|last| last.terminated.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_options_of_kubectl_are_understood() {
        let now = Timestamp::from_second(100).unwrap();
        let wanted = parse("follow=true&tailLines=5&sinceSeconds=10&timestamps=true&limitBytes=7", now).unwrap();
        let since = Some(Timestamp::from_second(90).unwrap());
        let options = Options { tail: Some(5), limit: Some(7), since, timestamps: true, channel: None };
        assert_eq!(wanted, Wanted { follow: true, previous: false, options });
        let since = parse("sinceTime=1970-01-01T00%3A00%3A05Z", now).unwrap().options.since;
        assert_eq!(since, Some(Timestamp::from_second(5).unwrap()));
        assert!(parse("tailLines=-1", now).is_err());
    }

    #[test]
    fn runs_and_refusals_are_upstreams() {
        let ended = json!({ "terminated": { "exitCode": 1 } });
        let waiting = |reason: &str| json!({ "waiting": { "reason": reason } });
        let cases: [(Value, Value, bool, Result<i32, &str>); 6] = [
            (json!({ "running": {} }), json!({}), false, Ok(2)),
            (json!({ "running": {} }), ended.clone(), true, Ok(1)),
            (waiting("CrashLoopBackOff"), ended.clone(), false, Ok(2)),
            (waiting("CrashLoopBackOff"), ended, true, Ok(2)),
            (json!({ "running": {} }), json!({}), true, Err("previous terminated container \"c\" in pod \"p\" not found")),
            (
                waiting("ImagePullBackOff"),
                json!({}),
                false,
                Err("container \"c\" in pod \"p\" is waiting to start: trying and failing to pull image"),
            ),
        ];
        for (state, last, previous, expected) in cases {
            let status = json!({ "name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 2, "state": state, "lastState": last });
            let pod = json!({ "metadata": { "name": "p" }, "status": { "containerStatuses": [status] } });
            let got = run(&serde_json::from_value(pod).unwrap(), "c", previous);
            assert_eq!(got.as_ref().map_err(|Refusal(_, why)| why.as_str()), expected.as_ref().map_err(|why| *why));
        }
    }
}
