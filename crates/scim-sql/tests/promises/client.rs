//! Clients of a service that share one store.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, request::Parts};
use scim_http::{
    AuthError, Authenticator, ScimService, ScimServiceBuilder,
    core::ResourceId,
    store::{IdSource, Principal, ScimStore},
};
use serde_json::{Value, json};

use crate::support::{BASE, GROUP, HandClock, USER, encode, with_schema};

/// The token is the name of the tenant.
#[derive(Debug)]
struct ByToken;

#[async_trait]
impl Authenticator for ByToken {
    async fn authenticate(&self, head: &Parts, _: DateTime<Utc>) -> Result<Principal, AuthError> {
        let value = head.headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer "));
        Ok(Principal::new(token.ok_or(AuthError::Unauthorized)?, "token"))
    }
}

/// Identifiers that count on.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountedIds(Arc<AtomicUsize>);

impl CountedIds {
    pub(crate) fn set(&self, next: usize) {
        self.0.store(next, Ordering::SeqCst);
    }
}

impl IdSource for CountedIds {
    fn next(&self) -> ResourceId {
        ResourceId::new(format!("id-{:06}", self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

/// One tenant's client.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    service: ScimService,
    tenant: String,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

/// A request without its credentials.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Sent {
    pub(crate) fn new(method: &'static str, path: impl Into<String>, body: Option<Value>) -> Self {
        let path = path.into();
        Self { method, path, body }
    }

    pub(crate) fn patch(path: impl Into<String>, operations: Value) -> Self {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let body = json!({ "schemas": schemas, "Operations": operations });
        Self::new("PATCH", path, Some(body))
    }

    pub(crate) fn user(attributes: Value) -> Self {
        Self::new("POST", "/Users", Some(with_schema(USER, attributes)))
    }

    pub(crate) fn group(name: &str, members: &[String]) -> Self {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = with_schema(GROUP, json!({ "displayName": name, "members": members }));
        Self::new("POST", "/Groups", Some(body))
    }
}

impl Client {
    /// A client of a new service with the machine's clock.
    pub(crate) fn new(store: impl ScimStore, tenant: &str) -> Self {
        Self::with(store, tenant, |builder| builder)
    }

    /// A client of a new service whose times and identifiers are the same each time.
    pub(crate) fn fixed(store: impl ScimStore, tenant: &str, clock: &HandClock, ids: &CountedIds) -> Self {
        Self::with(store, tenant, |builder| builder.clock(clock.clone()).ids(ids.clone()))
    }

    pub(crate) fn with(
        store: impl ScimStore,
        tenant: &str,
        change: impl FnOnce(ScimServiceBuilder) -> ScimServiceBuilder,
    ) -> Self {
        let builder = ScimService::builder(BASE, store, ByToken);
        Self {
            service: change(builder).build().unwrap(),
            tenant: tenant.to_owned(),
        }
    }

    /// Another tenant's client of the same service.
    pub(crate) fn of(&self, tenant: &str) -> Self {
        Self {
            service: self.service.clone(),
            tenant: tenant.to_owned(),
        }
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    pub(crate) async fn send(&self, sent: &Sent) -> Reply {
        self.send_if(sent, None).await
    }

    /// Sends a request with `If-Match`.
    pub(crate) async fn send_if(&self, sent: &Sent, etag: Option<&str>) -> Reply {
        let mut request = Request::builder()
            .method(sent.method)
            .uri(format!("/scim/v2{}", sent.path))
            .header("authorization", format!("Bearer {}", self.tenant))
            .header("content-type", "application/scim+json")
            // Random otherwise, and part of the record of changes.
            .header("x-request-id", "request");
        if let Some(etag) = etag {
            request = request.header("if-match", etag);
        }
        let body = sent.body.as_ref().map(Value::to_string).unwrap_or_default();
        let response = self.service.handle(request.body(body).unwrap()).await;
        let (head, body) = response.into_parts();
        let bytes = body.into_bytes().await.unwrap_or_default();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(&Sent::new("GET", path, None)).await
    }

    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Reply {
        self.send(&Sent::patch(path, operations)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(&Sent::new("DELETE", path, None)).await
    }

    /// Creates a user that must be new.
    pub(crate) async fn user(&self, name: &str) -> String {
        self.send(&Sent::user(json!({ "userName": name }))).await.ok(201).id()
    }

    /// Creates a group that must be new.
    pub(crate) async fn group(&self, name: &str, members: &[String]) -> String {
        self.send(&Sent::group(name, members)).await.ok(201).id()
    }

    /// What a filter finds.
    pub(crate) async fn find(&self, endpoint: &str, filter: &str) -> Vec<Value> {
        let reply = self.get(&format!("{endpoint}?filter={}", encode(filter))).await;
        reply.ok(200).resources()
    }

    /// All resources of an endpoint, page by page, by identifier.
    pub(crate) async fn all(&self, endpoint: &str) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        let mut tries = 50;
        loop {
            let page = self
                .get(&format!("{endpoint}?startIndex={}&count=200", all.len() + 1))
                .await;
            // A busy machine may miss the deadline, and says so.
            if page.status == 503 && tries > 0 {
                tries -= 1;
                continue;
            }
            let resources = page.ok(200).resources();
            if resources.is_empty() {
                return all;
            }
            for resource in resources {
                all.insert(resource["id"].as_str().unwrap().to_owned(), resource);
            }
        }
    }

    /// The members of a group.
    pub(crate) async fn members(&self, group: &str) -> Vec<String> {
        let reply = self.get(&format!("/Groups/{group}")).await;
        reply.ok(200).values("members")
    }
}

impl Reply {
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub(crate) fn is_good(&self) -> bool {
        self.status < 300
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) fn etag(&self) -> String {
        self.body["meta"]["version"].as_str().expect("a version").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn resources(&self) -> Vec<Value> {
        self.body["Resources"].as_array().cloned().unwrap_or_default()
    }

    /// The `value` of each element of a list.
    pub(crate) fn values(&self, attribute: &str) -> Vec<String> {
        values(&self.body, attribute)
    }
}

/// The `value` of each element of a list.
pub(crate) fn values(resource: &Value, attribute: &str) -> Vec<String> {
    let list = resource[attribute].as_array();
    let value = |element: &Value| element["value"].as_str().unwrap().to_owned();
    list.map_or_else(Vec::new, |list| list.iter().map(value).collect())
}
