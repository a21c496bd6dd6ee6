//! What is told about one change.

use std::{fmt, sync::Arc};

use chrono::SecondsFormat;
use ring::digest::{Context, SHA256};
use scim_store::Change;
use serde_json::{Map, Value, json};

use crate::{EventType, Payload};

/// One committed change, to be told to others.
///
/// It is told at least once: whoever is told twice sees the same [`id`](Self::id) twice. It names attributes; values, but for
/// the external identifier, are in [`resource`](Self::resource) where the host chose so, and never those of `returned: never` or
/// `request`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Its identifier, the same each time that it is told.
    pub id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// The change, with resource type and identifiers, method, changed paths, version, time, actor and request.
    pub change: Change,
    /// The resource as it was when the event was made, which may be later than the change; without members and groups.
    /// `None` where values are not wanted, and where the resource is gone.
    pub resource: Option<Map<String, Value>>,
}

/// The identifier of an event: `evt_` and 32 digits.
///
/// It is a digest of what the record keeps of the change (tenant, number, resource, version, time). So it is the same
/// whenever and wherever the event is made again, tells nothing, and stays apart where a store is emptied and its numbers
/// begin again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Arc<str>);

impl Event {
    /// The event of a change, without values.
    pub fn new(change: Change) -> Self {
        Self {
            id: EventId::of(&change),
            event_type: EventType::of(&change),
            change,
            resource: None,
        }
    }

    /// With the resource.
    #[must_use]
    pub fn with_resource(mut self, resource: Option<Map<String, Value>>) -> Self {
        self.resource = resource;
        self
    }

    /// The event as JSON in the form of Standard Webhooks: `type`, `timestamp`, and `data` with `tenant`, `sequence`,
    /// `resourceType`, `id`, `method`, `changed`, `version`, `actor` and `txn`; with [`Payload::Values`] also `externalId` and
    /// `resource`.
    ///
    /// `sequence` grows within the tenant: a receiver that gets an older event of a resource behind a newer one tells by it.
    pub fn to_json(&self, payload: Payload) -> Value {
        let Change {
            sequence,
            tenant,
            resource_type,
            id,
            external_id,
            method,
            changed,
            version,
            at,
            actor,
            transaction,
            ..
        } = &self.change;
        let mut event = json!({
            "type": self.event_type.as_str(),
            "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "data": {
                "tenant": tenant.as_str(),
                "sequence": sequence,
                "resourceType": resource_type,
                "id": id.as_str(),
                "method": method.as_str(),
                "changed": changed,
                "version": version.etag(),
                "actor": actor,
                "txn": transaction,
            },
        });
        if payload == Payload::Values
            && let Some(Value::Object(data)) = event.get_mut("data")
        {
            let external_id = external_id.as_deref().map(Value::from);
            let resource = self.resource.clone().map(Value::Object);
            data.extend(external_id.map(|id| ("externalId".to_owned(), id)));
            data.extend(resource.map(|resource| ("resource".to_owned(), resource)));
        }
        event
    }
}

impl EventId {
    /// An identifier that was kept as text.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The identifier of the event that a change makes.
    pub fn of(change: &Change) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [change.tenant.as_str(), &change.resource_type, change.id.as_str()] {
            // With its length, so that no two lists of parts are the same bytes.
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.update(&change.sequence.to_be_bytes());
        context.update(&change.version.get().to_be_bytes());
        context.update(&change.at.timestamp_millis().to_be_bytes());
        let digest = context.finish();
        let mut id = String::from("evt_");
        for byte in digest.as_ref().iter().take(16) {
            id.push_str(&format!("{byte:02x}"));
        }
        Self(id.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use scim_core::{ResourceId, TenantId, Version};
    use scim_store::{ChangeKind, ChangeMethod};

    use super::*;

    fn change(tenant: &str, sequence: u64) -> Change {
        let (tenant, id) = (TenantId::new(tenant), ResourceId::new("7"));
        let at = DateTime::from_timestamp_millis(1_767_225_600_000).unwrap();
        Change::new(tenant, "User", id, ChangeKind::Deactivated, Version::new(3), at)
            .with_sequence(sequence)
            .with_method(ChangeMethod::Put)
            .with_changed(vec!["active".to_owned()])
            .with_external_id(Some("ext-7".to_owned()))
            .with_request("token-1", "request-1")
    }

    #[test]
    fn an_event_is_told_in_the_form_of_standard_webhooks() {
        let event = Event::new(change("acme", 17));
        let expected = json!({
            "type": "user.deactivated",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "data": {
                "tenant": "acme", "sequence": 17, "resourceType": "User", "id": "7", "method": "put",
                "changed": ["active"],
                "version": "W/\"3\"", "actor": "token-1", "txn": "request-1",
            },
        });
        assert_eq!(event.to_json(Payload::Names), expected);
        let told = event.to_json(Payload::Values);
        assert_eq!(told["data"]["externalId"], "ext-7");
        assert_eq!(told["data"].get("resource"), None);
        let mut resource = Map::new();
        resource.insert("userName".to_owned(), "eve".into());
        let event = event.with_resource(Some(resource));
        assert_eq!(event.to_json(Payload::Names), expected, "values are by choice");
        assert_eq!(
            event.to_json(Payload::Values)["data"]["resource"],
            json!({ "userName": "eve" })
        );
    }

    #[test]
    fn identifiers_stay_and_stay_apart() {
        let id = EventId::of(&change("acme", 17));
        assert_eq!(id, EventId::of(&change("acme", 17)));
        assert_eq!(id.as_str().len(), 36);
        assert!(!id.as_str().contains('.'), "a full stop would blur what is signed");
        assert_ne!(id, EventId::of(&change("acme", 18)));
        assert_ne!(id, EventId::of(&change("acm", 17)));
        let mut later = change("acme", 17);
        later.at += chrono::TimeDelta::days(1);
        assert_ne!(id, EventId::of(&later), "numbers that began again");
    }
}
