//! A resource with its relations, in one statement.

use std::sync::Arc;

use scim_core::{
    ResourceId,
    resource::{Found, Member, Members, Membership},
    schema::ResourceType,
};
use scim_store::{Read, Scope, StoreError};

use crate::{
    error::{Failure, SqlError},
    session::Session,
    statement::Value,
    verbs,
};

/// Most members that are read along with their group.
const MOST: usize = 1000;

/// Reads a resource with its relations by one statement, which so sees one state of the database; no answer where it has
/// more members than that is good for.
pub(super) async fn get_at_once<S: Session>(
    session: &mut S,
    scope: &Scope,
    read: &Read,
) -> Result<Option<Found>, Failure> {
    let kind = &read.kind;
    let most = read.relations.members.filter(|_| kind.members().is_some());
    let memberships = read.relations.memberships && kind.memberships().is_some();
    // PostgreSQL has no text with a NUL, so there is no such row.
    if read.id.as_str().contains('\0') {
        return Err(StoreError::NotFound.into());
    }
    let limit = most.map(|most| most.min(MOST) + 1);
    let mut values: Vec<Value> = vec![scope.tenant().as_str().into(), (&read.id).into(), kind.name().into()];
    let mut template = "SELECT r.kind, r.id, r.version, r.created, r.modified, r.public, r.hidden".to_owned();
    template.push_str(if memberships { MEMBERSHIPS } else { ", NULL::text" });
    template.push_str(if limit.is_some() { MEMBERS } else { ", NULL::text" });
    template.push_str(" FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.kind = ?3");
    if let Some(limit) = limit {
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    }
    let statement = session.statement(&template, values);
    let mut row = session.rows(&statement).await?.pop().ok_or(StoreError::NotFound)?;
    let mut found = verbs::found(kind, &mut row)?;
    let groups = served(scope, ends(row.optional(7)?)?);
    found.memberships = groups
        .map(|(id, kind, label)| Membership::new(id, kind, label))
        .collect();
    if let Some(most) = most {
        let members = ends(row.optional(8)?)?;
        found.members = match members.len() {
            // Those that are not shown count as well: there may be more behind them that were not read.
            count if count > most => Members::TooMany,
            count if count > MOST => return Ok(None),
            _ => Members::All(
                served(scope, members)
                    .map(|(id, kind, label)| Member::new(id, kind, label))
                    .collect(),
            ),
        };
    }
    Ok(Some(found))
}

const MEMBERSHIPS: &str = ", (SELECT json_agg(json_build_array(m.group_id, o.kind, o.label) ORDER BY m.group_id)::text \
    FROM {s}scim_member m JOIN {s}scim_resource o ON o.tenant = m.tenant AND o.id = m.group_id \
    WHERE m.tenant = ?1 AND m.member_id = ?2)";

const MEMBERS: &str = ", (SELECT json_agg(json_build_array(l.member_id, o.kind, o.label) ORDER BY l.place)::text \
    FROM (SELECT m.member_id, m.place FROM {s}scim_member m WHERE m.tenant = ?1 AND m.group_id = ?2 \
    ORDER BY m.place, m.member_id LIMIT ?4) l JOIN {s}scim_resource o ON o.tenant = ?1 AND o.id = l.member_id)";

/// The other end of a relation: identifier, name of the type, label.
type End = (String, String, Option<String>);

/// The ends that a column lists.
fn ends(text: Option<&str>) -> Result<Vec<End>, SqlError> {
    text.map_or(Ok(Vec::new()), |text| {
        serde_json::from_str(text).map_err(SqlError::other)
    })
}

/// Those whose type is served; the others are not shown (decision D53).
fn served(scope: &Scope, ends: Vec<End>) -> impl Iterator<Item = (ResourceId, Arc<ResourceType>, Option<Arc<str>>)> {
    ends.into_iter().filter_map(|(id, kind, label)| {
        let kind = Arc::clone(scope.kinds.by_name(&kind)?);
        Some((ResourceId::new(id), kind, label.map(Arc::from)))
    })
}
