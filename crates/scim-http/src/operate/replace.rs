//! PUT (RFC 7644 section 3.5.1).

use std::sync::Arc;

use scim_core::{Edit, resource::Decoded};
use serde_json::Value;

use super::{Target, patch::update};
use crate::{encode::Answer, fault::Fault, search::relations};

pub(crate) async fn replace(target: Target<'_>, body: Value) -> Result<Answer, Fault> {
    let answer = Some(relations(target.site, target.kind, &target.projection));
    let edit = edit(&target, body)?.with_answer(answer);
    update(&target, edit).await
}

/// A checked PUT.
pub(super) fn edit(target: &Target<'_>, body: Value) -> Result<Edit, Fault> {
    let Target { site, kind, id, .. } = target;
    let decoded = Decoded::decode(kind, body, &site.dialect, &site.limits)?;
    Ok(Edit::replace(
        Arc::clone(kind),
        id.clone(),
        decoded,
        Arc::clone(&site.dialect),
    ))
}
