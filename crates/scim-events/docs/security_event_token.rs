use scim_core::schema::Registry;
use scim_events::Event;
use scim_store::{ChangeKind, ChangeMethod};
use serde_json::{Map, Value, json};

/// The claims of the token of an event; `None` where its resource type is not served.
pub fn claims(event: &Event, kinds: &Registry, issuer: &str, audience: &str, issued: i64) -> Option<Value> {
    let change = &event.change;
    let endpoint = kinds.by_name(&change.resource_type)?.endpoint();
    let mut subject = Map::new();
    subject.insert("format".to_owned(), "scim".into());
    subject.insert("uri".to_owned(), format!("{endpoint}/{}", change.id).into());
    if let Some(external_id) = &change.external_id {
        subject.insert("externalId".to_owned(), external_id.as_str().into());
    }
    Some(json!({
        "iss": issuer,
        "aud": audience,
        "iat": issued,
        "jti": event.id.as_str(),
        "toe": change.at.timestamp(),
        "txn": change.transaction,
        "sub_id": subject,
        "events": events(event),
    }))
}

fn events(event: &Event) -> Value {
    let change = &event.change;
    let edit = if change.method == ChangeMethod::Put {
        "put"
    } else {
        "patch"
    };
    let is_more = change.changed.iter().any(|path| path != "active");
    let told = match change.kind {
        ChangeKind::Created => vec![payload(event, "create")],
        ChangeKind::Deleted => vec![("delete".to_owned(), json!({}))],
        ChangeKind::Activated if is_more => vec![("activate".to_owned(), json!({})), payload(event, edit)],
        ChangeKind::Activated => vec![("activate".to_owned(), json!({}))],
        ChangeKind::Deactivated if is_more => vec![("deactivate".to_owned(), json!({})), payload(event, edit)],
        ChangeKind::Deactivated => vec![("deactivate".to_owned(), json!({}))],
        _ => vec![payload(event, edit)],
    };
    let prefix = "urn:ietf:params:scim:event:prov";
    let told = told
        .into_iter()
        .map(|(name, payload)| (format!("{prefix}:{name}"), payload));
    Value::Object(told.collect())
}

/// Either values or names; of a PATCH names, as its operations are in no record.
fn payload(event: &Event, name: &str) -> (String, Value) {
    let version = event.change.version.etag();
    match &event.resource {
        Some(data) if name != "patch" => (format!("{name}:full"), json!({ "version": version, "data": data })),
        _ => {
            let attributes = &event.change.changed;
            (
                format!("{name}:notice"),
                json!({ "version": version, "attributes": attributes }),
            )
        }
    }
}
