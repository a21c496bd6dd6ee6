//! PATCH (RFC 7644 section 3.5.2).

use std::sync::Arc;

use http::StatusCode;
use scim_core::{
    Edit, Note,
    dialect::PatchAnswer,
    patch::PatchMessage,
    query::Relations,
    resource::{Encoder, Members, Projection},
};
use serde_json::Value;

use super::Target;
use crate::{encode::Answer, fault::Fault, search::relations};

pub(crate) async fn patch(target: Target<'_>, body: Value) -> Result<Answer, Fault> {
    let edit = edit(&target, body)?;
    update(&target, edit).await
}

/// A checked PATCH with the answer that decision D17 asks for.
pub(super) fn edit(target: &Target<'_>, body: Value) -> Result<Edit, Fault> {
    let Target {
        site,
        kind,
        id,
        projection,
        ..
    } = target;
    let message = PatchMessage::parse(body, &site.dialect, &site.limits)?;
    let dialect = Arc::clone(&site.dialect);
    let edit = Edit::patch(
        Arc::clone(kind),
        id.clone(),
        message,
        dialect,
        &site.limits,
        site.base_url.as_str(),
    )?;
    let wanted = relations(site, kind, projection);
    let answer = match (projection, site.dialect.patch_answer) {
        (Projection::Default, PatchAnswer::NoContent) => None,
        (Projection::Default, PatchAnswer::Resource) if kind.members().is_some() => {
            Some(Relations::new(Some(site.dialect.large_group), wanted.memberships))
        }
        _ => Some(wanted),
    };
    Ok(edit.with_answer(answer))
}

/// Gives an edit to the store and answers with what became of it.
pub(super) async fn update(target: &Target<'_>, edit: Edit) -> Result<Answer, Fault> {
    let Target {
        site,
        scope,
        id,
        precondition,
        projection,
        ..
    } = target;
    let mut edit = edit.with_precondition(precondition.clone());
    if !site.takes_passwords() {
        edit = edit.without_password();
    }
    site.check_password(scope, edit.password()).await?;
    let updated = site.store.update(scope, &edit).await?;
    site.set_password(scope, id, edit.password()).await?;
    let mut notes = edit.notes().clone();
    if updated.unknown_members > 0 {
        notes.add(Note::UnknownMembers(updated.unknown_members));
    }
    let answer = match &updated.found {
        Some(found) if !matches!(found.members, Members::TooMany) => {
            Answer::ok(Encoder::new(site.base_url.as_str()).to_bytes(found, projection))
        }
        _ => Answer::new(StatusCode::NO_CONTENT),
    };
    Ok(answer.with_version(updated.version).with_notes(notes))
}
