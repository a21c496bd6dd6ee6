//! DELETE (RFC 7644 section 3.6).

use std::sync::Arc;

use http::StatusCode;
use scim_store::Removal;

use super::Target;
use crate::{encode::Answer, fault::Fault};

pub(crate) async fn delete(target: Target<'_>) -> Result<Answer, Fault> {
    let Target {
        site,
        scope,
        kind,
        id,
        precondition,
        ..
    } = target;
    let removal = Removal::new(Arc::clone(kind), id).with_precondition(precondition);
    site.store.delete(scope, &removal).await?;
    Ok(Answer::new(StatusCode::NO_CONTENT))
}
