//! GET of one resource (RFC 7644 section 3.4.1).

use std::sync::Arc;

use http::StatusCode;
use scim_core::resource::Encoder;
use scim_store::Read;

use super::Target;
use crate::{encode::Answer, fault::Fault, search::relations};

pub(crate) async fn read(target: Target<'_>) -> Result<Answer, Fault> {
    let Target {
        site,
        scope,
        kind,
        id,
        precondition,
        projection,
    } = target;
    let read = Read::new(Arc::clone(kind), id).with_relations(relations(site, kind, &projection));
    let found = site.store.get(scope, &read).await?;
    let version = found.head.version;
    if !precondition.is_modified(version) {
        return Ok(Answer::new(StatusCode::NOT_MODIFIED).with_version(version));
    }
    if !precondition.allows_write(version) {
        return Err(scim_store::StoreError::Precondition.into());
    }
    let body = Encoder::new(site.base_url.as_str()).to_bytes(&found, &projection);
    Ok(Answer::ok(body).with_version(version))
}
