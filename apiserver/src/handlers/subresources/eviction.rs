//! `policy/v1 Eviction`: a DELETE that asks first. Whom to ask (disruption budgets) is not served yet.

use api::Status;
use axum::body::Body;
use http::Response;

use super::super::{
    body,
    delete::{self, DeleteOptions},
};
use crate::{
    admission,
    app::{App, Call, Row},
};

pub(super) async fn create(app: &App, call: &mut Call, row: Row, request: Body) -> Result<Response<Body>, Status> {
    let bytes = body::read(request).await?;
    let mut eviction = body::decode(call, "Eviction", &bytes, &mut Vec::new())?;
    // The beta was the same document.
    if eviction["apiVersion"] == "policy/v1beta1" {
        eviction["apiVersion"] = "policy/v1".into();
    }
    body::require_kind(&mut eviction, "Eviction", "policy/v1")?;
    admission::subresource(app, call, row, None, &mut eviction).await?;
    let options = DeleteOptions::of(&eviction["deleteOptions"])?;
    delete::remove(app, call, row, &row.key(&call.info), &options).await?;
    super::success(call)
}
