//! Everything that is kept as one JSON value, for tests that nothing was left behind.

use std::collections::HashMap;

use bytes::Bytes;
use scim_core::{datetime, resource::Stored};
use scim_store::ChangeMethod;
use serde_json::{Map, Value, json};

use crate::{delta::kind_of, error::SqlError, session::Session, statement::Row, verbs::time};

/// Values by tenant and identifier.
type ByResource = HashMap<(String, String), Vec<Value>>;

/// By tenant, where it has anything, in the form of [`MemoryStore::dump`](scim_store::MemoryStore::dump), with the listed
/// values of each resource and the numbers of resources besides.
pub(crate) async fn dump<S: Session>(session: &mut S) -> Result<Value, SqlError> {
    let mut tenants = Map::new();
    resources(session, &mut tenants).await?;
    changes(session, &mut tenants).await?;
    counts(session, &mut tenants).await?;
    seats(session, &mut tenants).await?;
    Ok(Value::Object(tenants))
}

async fn resources<S: Session>(session: &mut S, tenants: &mut Map<String, Value>) -> Result<(), SqlError> {
    let mut claims = by_resource(
        session,
        "SELECT u.tenant, u.id, u.attribute, u.key, u.qualifier FROM {s}scim_unique u WHERE u.id <> '' ORDER BY 1, 2, 3, 4, 5",
    )
    .await?;
    let mut listed = by_resource(
        session,
        "SELECT v.tenant, v.id, v.attribute, v.value FROM {s}scim_value v ORDER BY 1, 2, 3, 4",
    )
    .await?;
    let mut members = by_resource(
        session,
        "SELECT m.tenant, m.group_id, m.member_id FROM {s}scim_member m ORDER BY m.tenant, m.group_id, m.place, m.member_id",
    )
    .await?;
    let mut groups = by_resource(
        session,
        "SELECT m.tenant, m.member_id, m.group_id FROM {s}scim_member m ORDER BY 1, 2, 3",
    )
    .await?;
    let list = "SELECT r.tenant, r.id, r.kind, r.place, r.version, r.created, r.modified, r.user_name, r.public, r.hidden \
                FROM {s}scim_resource r ORDER BY r.tenant, r.kind, r.place";
    for mut row in all(session, list).await? {
        let at = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        let name = row.optional(7)?.map(|name| json!(["userName", name]));
        let claims: Vec<Value> = name.into_iter().chain(claims.remove(&at).unwrap_or_default()).collect();
        let public = row.take_bytes(8)?.unwrap_or_else(|| Bytes::from_static(b"{}"));
        let stored = Stored::from_bytes(public, row.take_bytes(9)?);
        let resource = json!({
            "id": at.1,
            "sequence": row.int(3)?,
            "version": row.int(4)?,
            "created": datetime::format(&time(row.int(5)?)?),
            "modified": datetime::format(&time(row.int(6)?)?),
            "attributes": stored.resource().into_attributes(),
            "claims": claims,
            "listed": listed.remove(&at).unwrap_or_default(),
            "members": members.remove(&at).unwrap_or_default(),
            "groups": groups.remove(&at).unwrap_or_default(),
        });
        let kinds = entry(tenants, &at.0, "resources", json!({})).as_object_mut();
        let rows = kinds.map(|kinds| {
            kinds
                .entry(row.text(2).unwrap_or_default())
                .or_insert_with(|| json!([]))
        });
        push(rows, resource);
    }
    // What is left has no resource, which must not be.
    for ((tenant, id), value) in [claims, listed, members, groups].into_iter().flatten() {
        push(Some(entry(tenants, &tenant, "dangling", json!([]))), json!([id, value]));
    }
    Ok(())
}

async fn changes<S: Session>(session: &mut S, tenants: &mut Map<String, Value>) -> Result<(), SqlError> {
    let mut last: HashMap<String, i64> = HashMap::new();
    for row in all(session, "SELECT f.tenant, f.last FROM {s}scim_feed f").await? {
        last.insert(row.text(0)?.to_owned(), row.int(1)?);
    }
    let list = "SELECT c.tenant, COALESCE(c.sequence, 0), c.kind, c.id, c.what, c.changed, c.version, c.at, c.actor, c.txn, \
                c.method, c.external_id FROM {s}scim_change c ORDER BY c.tenant, CASE WHEN c.sequence IS NULL THEN 1 ELSE 0 END, c.sequence, c.ordinal";
    for row in all(session, list).await? {
        let tenant = row.text(0)?;
        let mut sequence = row.int(1)?;
        if sequence == 0 {
            // The number that it will get.
            let last = last.entry(tenant.to_owned()).or_insert(0);
            *last += 1;
            sequence = *last;
        }
        let changed: Value = serde_json::from_str(row.text(5)?).map_err(SqlError::other)?;
        let change = json!({
            "sequence": sequence,
            "type": row.text(2)?,
            "id": row.text(3)?,
            "externalId": row.optional(11)?,
            "kind": format!("{:?}", kind_of(row.text(4)?)),
            "method": ChangeMethod::from_name(row.text(10)?).as_str(),
            "changed": changed,
            "version": row.int(6)?,
            "at": datetime::format(&time(row.int(7)?)?),
            "actor": row.text(8)?,
            "transaction": row.text(9)?,
        });
        push(Some(entry(tenants, tenant, "changes", json!([]))), change);
    }
    Ok(())
}

async fn counts<S: Session>(session: &mut S, tenants: &mut Map<String, Value>) -> Result<(), SqlError> {
    let list = "SELECT c.tenant, c.kind, CAST(SUM(c.total) AS BIGINT) FROM {s}scim_count c \
                GROUP BY c.tenant, c.kind HAVING SUM(c.total) <> 0 ORDER BY 1, 2";
    for row in all(session, list).await? {
        let counts = entry(tenants, row.text(0)?, "counts", json!({})).as_object_mut();
        if let Some(counts) = counts {
            counts.insert(row.text(1)?.to_owned(), json!(row.int(2)?));
        }
    }
    Ok(())
}

async fn seats<S: Session>(session: &mut S, tenants: &mut Map<String, Value>) -> Result<(), SqlError> {
    let empty = || json!({ "bought": 0, "used": 0, "holders": [] });
    let pools = "SELECT p.tenant, p.bought, p.used FROM {s}scim_seat_pool p ORDER BY p.tenant";
    for row in all(session, pools).await? {
        let (bought, used) = (row.int(1)?, row.int(2)?);
        if bought > 0 || used > 0 {
            let seats = entry(tenants, row.text(0)?, "seats", empty());
            *seats = json!({ "bought": bought, "used": used, "holders": [] });
        }
    }
    let holders = "SELECT h.tenant, h.id FROM {s}scim_seat h ORDER BY h.tenant, h.id";
    for row in all(session, holders).await? {
        let seats = entry(tenants, row.text(0)?, "seats", empty());
        push(seats.get_mut("holders"), json!(row.text(1)?));
    }
    Ok(())
}

async fn all<S: Session>(session: &mut S, template: &str) -> Result<Vec<Row>, SqlError> {
    let statement = session.statement(template, Vec::new());
    session.rows(&statement).await
}

/// Rows of tenant, identifier and further texts, which become a list where they are several.
async fn by_resource<S: Session>(session: &mut S, template: &str) -> Result<ByResource, SqlError> {
    let mut found = ByResource::new();
    for row in all(session, template).await? {
        let columns = row.values().len();
        let mut texts = Vec::with_capacity(columns);
        for column in 2..columns {
            texts.push(json!(row.text(column)?));
        }
        let value = if texts.len() > 1 {
            Some(Value::Array(texts))
        } else {
            texts.pop()
        };
        let at = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        found.entry(at).or_default().extend(value);
    }
    Ok(found)
}

/// A part of what a tenant has.
fn entry<'t>(tenants: &'t mut Map<String, Value>, tenant: &str, part: &str, empty: Value) -> &'t mut Value {
    let new = || json!({ "resources": {}, "changes": [] });
    let parts = tenants.entry(tenant).or_insert_with(new);
    match parts {
        Value::Object(parts) => parts.entry(part).or_insert(empty),
        other => other,
    }
}

fn push(list: Option<&mut Value>, value: Value) {
    if let Some(list) = list.and_then(Value::as_array_mut) {
        list.push(value);
    }
}
