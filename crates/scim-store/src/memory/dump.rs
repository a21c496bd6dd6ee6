//! The whole state as one JSON value, for tests that nothing was left behind.

use serde_json::{Map, Value, json};

use scim_core::{ResourceId, datetime};

use super::{row::Row, state::State};
use crate::Change;

impl State {
    /// Types by name, their resources in the order of creation, the record of changes, and seats if there are any; `None` where
    /// nothing is.
    pub(super) fn dump(&self) -> Option<Value> {
        let mut kinds = Map::new();
        for shelf in self.shelves().iter().filter(|shelf| shelf.order.len() > 0) {
            let rows = shelf.order.iter().filter_map(|(_, at)| self.row(at));
            let rows: Vec<Value> = rows.map(|row| self.dump_row(row)).collect();
            kinds.insert(shelf.kind.name().to_owned(), Value::Array(rows));
        }
        let changes: Vec<Value> = self.feed.iter().map(dump_change).collect();
        let seats = (self.seats.bought > 0 || self.seats.used() > 0).then(|| {
            let holders: Vec<&str> = self.seats.holders().map(ResourceId::as_str).collect();
            json!({ "bought": self.seats.bought, "used": self.seats.used(), "holders": holders })
        });
        if kinds.is_empty() && changes.is_empty() && seats.is_none() {
            return None;
        }
        let mut dump = json!({ "resources": kinds, "changes": changes });
        if let (Some(seats), Some(parts)) = (seats, dump.as_object_mut()) {
            parts.insert("seats".to_owned(), seats);
        }
        Some(dump)
    }

    fn dump_row(&self, row: &Row) -> Value {
        let entry = &row.entry;
        let content = &entry.content;
        let members = self.members(row);
        let groups = self.memberships(row);
        let claims = content.claims.iter();
        let claims = claims.map(|claim| json!([&*claim.attribute, &*claim.key, claim.qualifier.as_deref()]));
        json!({
            "id": entry.head.id.as_str(),
            "sequence": row.sequence,
            "version": entry.head.version.get(),
            "created": datetime::format(&entry.head.created),
            "modified": datetime::format(&entry.head.modified),
            "attributes": content.stored.resource().into_attributes(),
            "claims": claims.collect::<Vec<_>>(),
            "members": members.iter().map(|member| member.value.as_str()).collect::<Vec<_>>(),
            "groups": groups.iter().map(|group| group.value.as_str()).collect::<Vec<_>>(),
        })
    }
}

fn dump_change(change: &Change) -> Value {
    json!({
        "sequence": change.sequence,
        "type": change.resource_type,
        "id": change.id.as_str(),
        "externalId": change.external_id,
        "kind": format!("{:?}", change.kind),
        "method": change.method.as_str(),
        "changed": change.changed,
        "version": change.version.get(),
        "at": datetime::format(&change.at),
        "actor": change.actor,
        "transaction": change.transaction,
    })
}
