//! POST to a collection (RFC 7644 section 3.3).

use std::sync::Arc;

use http::StatusCode;
use scim_core::{
    Draft,
    resource::{Decoded, Encoder, Projection},
    schema::ResourceType,
};
use scim_store::Scope;
use serde_json::Value;

use crate::{encode::Answer, fault::Fault, search::relations, site::Site};

pub(crate) async fn create(
    site: &Site,
    scope: &Scope,
    kind: &Arc<ResourceType>,
    body: Value,
    projection: &Projection,
) -> Result<Answer, Fault> {
    let mut draft = draft(site, kind, body)?;
    draft.relations = relations(site, kind, projection);
    site.check_password(scope, draft.password.as_ref()).await?;
    let found = site.store.create(scope, &draft).await?;
    site.set_password(scope, &found.head.id, draft.password.as_ref())
        .await?;
    let encoder = Encoder::new(site.base_url.as_str());
    let location = encoder.location(kind, &found.head.id);
    let mut answer = Answer::new(StatusCode::CREATED)
        .with_version(found.head.version)
        .with_location(location);
    answer.body = Some(encoder.to_bytes(&found, projection));
    Ok(answer.with_notes(draft.notes))
}

/// A checked body, ready to be created.
pub(super) fn draft(site: &Site, kind: &Arc<ResourceType>, body: Value) -> Result<Draft, Fault> {
    let decoded = Decoded::decode(kind, body, &site.dialect, &site.limits)?;
    Ok(Draft::new(Arc::clone(kind), decoded, Arc::clone(&site.dialect))?)
}
