//! POST to a collection (RFC 7644 section 3.3).

use std::sync::Arc;

use http::StatusCode;
use scim_core::{
    Draft, Edit, EntityTags, Notes, Precondition,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, Relations, Target},
    resource::{Decoded, Encoder, Found, Projection},
    schema::ResourceType,
};
use scim_store::{Reprovision, Scope, StoreError};
use serde_json::Value;

use crate::{encode::Answer, fault::Fault, search::relations, site::Site};

/// How often a user is looked at anew that others change meanwhile.
const TRIES: usize = 5;

pub(crate) async fn create(
    site: &Site,
    scope: &Scope,
    kind: &Arc<ResourceType>,
    body: Value,
    projection: &Projection,
) -> Result<Answer, Fault> {
    let (found, notes) = provision(site, scope, kind, body, relations(site, kind, projection)).await?;
    let encoder = Encoder::new(site.base_url.as_str());
    let location = encoder.location(kind, &found.head.id);
    let mut answer = Answer::new(StatusCode::CREATED)
        .with_version(found.head.version)
        .with_location(location);
    answer.body = Some(encoder.to_bytes(&found, projection));
    Ok(answer.with_notes(notes))
}

/// Creates a resource, or brings an inactive user back that has its name, where the tenant wants that.
pub(super) async fn provision(
    site: &Site,
    scope: &Scope,
    kind: &Arc<ResourceType>,
    body: Value,
    relations: Relations,
) -> Result<(Found, Notes), Fault> {
    let decoded = decode(site, kind, body)?;
    let again = (scope.settings.reprovision == Reprovision::Reactivate).then(|| decoded.clone());
    let mut draft = Draft::new(Arc::clone(kind), decoded, Arc::clone(&site.dialect))?;
    draft.relations = relations;
    site.check_password(scope, draft.password.as_ref()).await?;
    let found = match (site.store.create(scope, &draft).await, again) {
        (Err(error @ StoreError::Uniqueness { .. }), Some(decoded)) => {
            reactivate(site, scope, &draft, decoded, error).await?
        }
        (outcome, _) => outcome?,
    };
    site.set_password(scope, &found.head.id, draft.password.as_ref())
        .await?;
    Ok((found, draft.notes))
}

/// A checked body, ready to be created.
pub(super) fn draft(site: &Site, kind: &Arc<ResourceType>, body: Value) -> Result<Draft, Fault> {
    let decoded = decode(site, kind, body)?;
    Ok(Draft::new(Arc::clone(kind), decoded, Arc::clone(&site.dialect))?)
}

/// A checked body, without a password that nobody takes.
fn decode(site: &Site, kind: &Arc<ResourceType>, body: Value) -> Result<Decoded, Fault> {
    let mut decoded = Decoded::decode(kind, body, &site.dialect, &site.limits)?;
    decoded.password = decoded.password.filter(|_| site.takes_passwords());
    Ok(decoded)
}

/// Makes the inactive user of this name what was sent, and active (decision D58); the version that was looked at must still be
/// there, so that nobody is brought back twice. Anything else that is in the way is told as it was.
async fn reactivate(
    site: &Site,
    scope: &Scope,
    draft: &Draft,
    mut decoded: Decoded,
    refusal: StoreError,
) -> Result<Found, Fault> {
    let Some(name) = draft.resource.text("userName") else {
        return Err(refusal.into());
    };
    let attributes = decoded.resource.attributes_mut();
    attributes.entry("active").or_insert(Value::Bool(true));
    for _ in 0..TRIES {
        let Some(known) = find(site, scope, &draft.kind, name).await? else {
            break;
        };
        if known.stored.resource().is_active() {
            break;
        }
        let (kind, id) = (Arc::clone(&draft.kind), known.head.id.clone());
        let version = EntityTags::List(vec![known.head.version]);
        let edit = Edit::replace(kind, id, decoded.clone(), Arc::clone(&site.dialect))
            .with_precondition(Precondition::new(Some(version), None))
            .with_answer(Some(draft.relations));
        match site.store.update(scope, &edit).await {
            Ok(updated) => return updated.found.ok_or_else(|| StoreError::NotFound.into()),
            Err(StoreError::Precondition | StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(refusal.into())
}

/// The user of a name, as the store compares names.
async fn find(site: &Site, scope: &Scope, kind: &Arc<ResourceType>, name: &str) -> Result<Option<Found>, Fault> {
    let text = format!("userName eq {}", Value::from(name));
    // A name that is too long for a filter is nobody's.
    let Ok(filter) = Filter::parse(&text) else {
        return Ok(None);
    };
    let of = FilterScope {
        kind,
        dialect: &site.dialect,
        base: site.base_url.as_str(),
        across_types: false,
        in_url: false,
    };
    let target = Target::new(Arc::clone(kind), Some(Predicate::resolve(&filter, &of)?), None);
    let mut query = Query::new(vec![target], Page::Index { start: 1, count: 1 });
    query.relations = Relations::NONE;
    Ok(site.store.query(scope, &query).await?.items.pop())
}
