//! The bodies of the fuzz targets, as functions that ordinary tests run over the whole corpus as well.
//!
//! Each takes any bytes, and panics only where a promise of the library is broken.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{Method, Request};
use scim_http::{
    BearerTokens, Expiry, ScimService,
    core::{
        Dialect, Edit, Limits, ResourceId,
        attr::PatchPath,
        filter::{Filter, FilterLimits, FilterScope, Predicate},
        json::{self, JsonLimits},
        patch::PatchMessage,
        resource::{Decoded, Resource, Stored},
        schema::ResourceType,
    },
    store::{MemoryStore, Principal},
};
use serde_json::{Value, json};

use crate::block_on;

const BASE: &str = "https://scim.example.test/scim/v2";

/// A fuzz target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("filter", filter),
    ("filter_round_trip", filter_round_trip),
    ("patch_path", patch_path),
    ("patch_apply", patch_apply),
    ("body_decode", body_decode),
    ("request", request),
];

/// A filter never panics, neither when it is read, nor resolved, nor evaluated.
pub fn filter(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(filter) = Filter::parse_with(text, &FilterLimits::default().with_bare_resource_type(true)) else {
        return;
    };
    for dialect in [Dialect::rfc(), Dialect::default()] {
        for kind in [ResourceType::user(), ResourceType::group()] {
            let scope = FilterScope {
                kind: &kind,
                dialect: &dialect,
                base: BASE,
                across_types: true,
                in_url: false,
            };
            if let Ok(predicate) = Predicate::resolve(&filter, &scope) {
                let not = Predicate::Not(Box::new(predicate.clone()));
                assert_ne!(
                    predicate.matches(&SAMPLE),
                    not.matches(&SAMPLE),
                    "evaluation is two-valued"
                );
            }
        }
    }
}

/// What is printed reads back as the same tree.
pub fn filter_round_trip(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(filter) = Filter::parse(text) else { return };
    let printed = filter.to_string();
    // Printing may write a number or an escape in a longer way, so the length is not held against it.
    let again = Filter::parse_with(&printed, &FilterLimits::default().with_max_bytes(u32::MAX));
    assert_eq!(again.as_ref(), Ok(&filter), "{printed}");
}

/// What is printed of a PATCH path reads back as the same path.
pub fn patch_path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(path) = PatchPath::parse(text, &FilterLimits::default()) else {
        return;
    };
    let printed = path.to_string();
    let again = PatchPath::parse(&printed, &FilterLimits::default().with_max_bytes(u32::MAX));
    assert_eq!(again.as_ref(), Ok(&path), "{printed}");
}

/// A PATCH is applied as a whole or not at all, and twice the same is the same.
pub fn patch_apply(data: &[u8]) {
    let limits = Limits::default();
    let Ok(body) = json::parse(data, &JsonLimits::default()) else {
        return;
    };
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let Ok(message) = PatchMessage::parse(body.clone(), &dialect, &limits) else {
            continue;
        };
        let id = ResourceId::new("2819c223");
        let kind = ResourceType::user();
        let Ok(edit) = Edit::patch(Arc::clone(&kind), id.clone(), message, Arc::new(dialect), &limits, BASE) else {
            continue;
        };
        let before = Stored::new(&kind, &id, &SAMPLE);
        let kept = before.clone();
        let Ok(applied) = edit.apply(&before) else {
            assert_eq!(before, kept, "a failed edit leaves its input alone");
            continue;
        };
        assert_eq!(before, kept);
        assert!(
            applied.after.text("userName").is_some_and(|name| !name.is_empty()),
            "required attributes stay"
        );
        assert_eq!(applied.stored.is_some(), applied.before != applied.after);
        let again = edit.apply(&before).map(|applied| applied.after);
        assert_eq!(again.as_ref(), Ok(&applied.after), "an edit is a function of its input");
    }
}

/// What is decoded encodes to something that decodes to the same.
pub fn body_decode(data: &[u8]) {
    let limits = Limits::default();
    let Ok(body) = json::parse(data, &JsonLimits::default()) else {
        return;
    };
    for kind in [ResourceType::user(), ResourceType::group()] {
        for dialect in [Dialect::rfc(), Dialect::default()] {
            let Ok(decoded) = Decoded::decode(&kind, body.clone(), &dialect, &limits) else {
                continue;
            };
            let stored = Stored::new(&kind, &ResourceId::new("x"), &decoded.resource);
            let tree = Value::Object(stored.resource().into_attributes());
            let again = Decoded::decode(&kind, tree, &dialect, &limits).map(|decoded| decoded.resource);
            assert_eq!(again.as_ref(), Ok(&decoded.resource));
        }
    }
}

/// A whole request: the first byte chooses method and endpoint, a line the rest of the target, the rest is the body.
pub fn request(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (target, body) = rest.split_at(line);
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let endpoints = [
        "/Users",
        "/Users/",
        "/Groups",
        "/Groups/",
        "/Bulk",
        "/.search",
        "/Users?filter=",
        "",
    ];
    let method = methods
        .get(usize::from(choice) % methods.len())
        .cloned()
        .unwrap_or_default();
    let endpoint = endpoints
        .get(usize::from(choice) / methods.len() % endpoints.len())
        .copied()
        .unwrap_or_default();
    let uri = [b"/scim/v2", endpoint.as_bytes(), target].concat();
    let request = Request::builder()
        .method(method)
        .uri(uri.as_slice())
        .header("authorization", "Bearer fuzz-token")
        .header("content-type", "application/scim+json")
        .body(Bytes::copy_from_slice(body.get(1..).unwrap_or_default()));
    let (Ok(request), Some(service)) = (request, service()) else {
        return;
    };
    let response = block_on(service.handle(request));
    let status = response.status().as_u16();
    assert!(status < 500 || status == 501, "status {status}");
    if status >= 400 && status != 412 {
        let body = response.body().as_bytes().unwrap_or_default();
        let error: Value = serde_json::from_slice(body).unwrap_or_default();
        assert_eq!(
            error.get("status").and_then(Value::as_str),
            Some(status.to_string().as_str())
        );
    }
}

fn service() -> Option<ScimService> {
    let tokens = BearerTokens::new();
    tokens
        .add("fuzz-token", Principal::new("fuzz", "fuzz"), Expiry::Never)
        .ok()?;
    ScimService::builder(BASE, MemoryStore::new(), tokens).build().ok()
}

/// The example of RFC 7643 section 8.2, cut to what is interesting.
static SAMPLE: LazyLock<Resource> = LazyLock::new(|| {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "bjensen@example.com", "externalId": "701984", "title": "Tour Guide", "active": true,
        "name": { "familyName": "Jensen", "givenName": "Barbara" },
        "emails": [
            { "value": "bjensen@example.com", "type": "work", "primary": true },
            { "value": "babs@jensen.org", "type": "home" }
        ]
    });
    let decoded = Decoded::decode(&ResourceType::user(), body, &Dialect::rfc(), &Limits::default());
    decoded.map(|decoded| decoded.resource).unwrap_or_default()
});
