//! Who else has a value that must be unique.

use scim_core::{
    ResourceId, TenantId,
    resource::{Keys, UniqueKey},
    schema::ResourceType,
};

use crate::{delta::is_user_name, error::SqlError, session::Session, statement::Value};

/// The attribute of the first key that conflicts with one of another resource of the type.
pub(crate) async fn find<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    kind: &ResourceType,
    id: &ResourceId,
    keys: &Keys,
) -> Result<Option<String>, SqlError> {
    for unique in &keys.unique {
        let mut values: Vec<Value> = vec![tenant.as_str().into(), kind.name().into(), id.into()];
        values.push(unique.key.as_str().into());
        let template = if is_user_name(keys, unique) {
            "SELECT 1 FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.kind = ?2 AND r.user_name = ?4 AND r.id <> ?3"
        } else {
            values.push(unique.attribute.as_str().into());
            claimed(unique, &mut values)
        };
        let statement = session.statement(template, values);
        if !session.rows(&statement).await?.is_empty() {
            return Ok(Some(unique.attribute.clone()));
        }
    }
    Ok(None)
}

/// Whether an identifier is in use in the tenant.
pub(super) async fn is_known<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    id: &ResourceId,
) -> Result<bool, SqlError> {
    let statement = session.statement(
        "SELECT 1 FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.id = ?2",
        vec![tenant.as_str().into(), id.into()],
    );
    Ok(!session.rows(&statement).await?.is_empty())
}

fn claimed(unique: &UniqueKey, values: &mut Vec<Value>) -> &'static str {
    match &unique.qualifier {
        Some(Some(qualifier)) => {
            values.push(format!("={qualifier}").into());
            "SELECT 1 FROM {s}scim_unique u WHERE u.tenant = ?1 AND u.kind = ?2 AND u.attribute = ?5 AND u.key = ?4 \
             AND u.id NOT IN ('', ?3) AND u.qualifier IN ('', ?6) LIMIT 1"
        }
        _ => {
            "SELECT 1 FROM {s}scim_unique u WHERE u.tenant = ?1 AND u.kind = ?2 AND u.attribute = ?5 AND u.key = ?4 \
             AND u.id NOT IN ('', ?3) LIMIT 1"
        }
    }
}
