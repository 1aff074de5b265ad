//! Is it up: `/healthz`, `/livez`, `/readyz`.

use std::sync::atomic::Ordering;

use axum::body::Body;
use http::{Response, StatusCode};

use crate::{
    app::{App, Call},
    response,
};

/// Checks by name; each says whether all is well.
type Check = (&'static str, fn(&App) -> bool);

const LIVE: &[Check] = &[("ping", |_| true), ("log", |_| true)];
const READY: &[Check] = &[
    ("ping", |_| true),
    ("log", |_| true),
    ("poststarthook/bootstrap", |app| app.ready.load(Ordering::Acquire)),
    ("shutdown", |app| !app.stop.is_cancelled()),
];

pub(crate) fn serve(app: &App, call: &Call, segments: &[&str]) -> Response<Body> {
    let name = segments[0];
    let checks = if name == "readyz" { READY } else { LIVE };
    if segments.len() > 1 {
        let wanted = segments[1..].join("/");
        return match checks.iter().find(|(check, _)| *check == wanted) {
            Some((_, check)) if check(app) => response::text(StatusCode::OK, "ok"),
            Some(_) => response::text(StatusCode::INTERNAL_SERVER_ERROR, "not ok"),
            None => response::refusal(&response::no_such_path()),
        };
    }
    let mut report = String::new();
    let mut failed = false;
    for (check, well) in checks {
        let well = well(app);
        failed |= !well;
        report.push_str(&if well { format!("[+]{check} ok\n") } else { format!("[-]{check} failed: reason withheld\n") });
    }
    if failed {
        return response::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{report}{name} check failed\n"));
    }
    let verbose = call.uri.query().is_some_and(|query| query.split('&').any(|part| part.starts_with("verbose")));
    if verbose {
        response::text(StatusCode::OK, format!("{report}{name} check passed\n"))
    } else {
        response::text(StatusCode::OK, "ok")
    }
}
