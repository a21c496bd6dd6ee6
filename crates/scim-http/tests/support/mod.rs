//! A service in this process to talk to, without a socket.

#![expect(dead_code, unreachable_pub, reason = "each test file uses its own part of it")]

mod again;
pub mod store;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, Request, Response};
pub use scim_conformance::stores::block_on;
use scim_http::{
    BearerTokens, Body, Expiry, ScimService, ScimServiceBuilder,
    core::Dialect,
    store::{Clock, Principal},
};
use serde_json::{Value, json};
pub use store::TestStore;

pub const BASE: &str = "https://scim.example.test/scim/v2";
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Runs a case in the strict and in the default dialect, each on a service of its own.
pub fn both(case: impl Fn(&Server)) {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        eprintln!("dialect {}", dialect.name);
        case(&Server::new(dialect));
    }
}

/// A clock that a test moves by hand.
#[derive(Debug, Clone)]
pub struct HandClock(pub Arc<AtomicI64>);

impl HandClock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_767_225_600_000))) // 2026-01-01T00:00:00Z
    }

    pub fn forward(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A service with two tenants: tokens `tokA` and `tokB`, and `readA` that may only read.
pub struct Server {
    pub service: ScimService,
    pub store: Arc<TestStore>,
    pub clock: HandClock,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Server {
    pub fn new(dialect: Dialect) -> Self {
        Self::with(dialect, |builder| builder)
    }

    pub fn rfc() -> Self {
        Self::new(Dialect::rfc())
    }

    pub fn tolerant() -> Self {
        Self::new(Dialect::default())
    }

    pub fn with(dialect: Dialect, change: impl FnOnce(ScimServiceBuilder) -> ScimServiceBuilder) -> Self {
        Self::on(Arc::new(TestStore::new()), dialect, change)
    }

    pub fn on(
        store: Arc<TestStore>,
        dialect: Dialect,
        change: impl FnOnce(ScimServiceBuilder) -> ScimServiceBuilder,
    ) -> Self {
        let tokens = BearerTokens::new();
        tokens
            .add("tokA", Principal::new("A", "token a"), Expiry::Never)
            .unwrap();
        tokens
            .add("tokB", Principal::new("B", "token b"), Expiry::Never)
            .unwrap();
        tokens
            .add("readA", Principal::new("A", "reader").read_only(), Expiry::Never)
            .unwrap();
        let clock = HandClock::new();
        let builder = ScimService::builder(BASE, Arc::clone(&store), tokens)
            .dialect(dialect)
            .clock(clock.clone());
        let service = change(builder).build().unwrap();
        Self { service, store, clock }
    }

    /// Sends a request with token A; `headers` may replace its headers.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
        self.send_bytes(
            method,
            path,
            headers,
            body.map(Value::to_string).unwrap_or_default().into_bytes(),
        )
    }

    pub fn send_bytes(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let uri = if path.starts_with('?') || path.is_empty() || path.starts_with('/') {
            format!("/scim/v2{path}")
        } else {
            path.to_owned()
        };
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(uri);
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            request = request.header("authorization", "Bearer tokA");
        }
        if !body.is_empty()
            && !headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            request = request.header("content-type", "application/scim+json");
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        Reply::read(block_on(self.service.handle(request.body(body).unwrap())))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &[], Some(&body))
    }

    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, &[], Some(&body))
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None)
    }

    /// A PATCH with these operations.
    pub fn patch(&self, path: &str, operations: Value) -> Reply {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        self.send(
            "PATCH",
            path,
            &[],
            Some(&json!({ "schemas": schemas, "Operations": operations })),
        )
    }

    /// Creates a user from its attributes (`schemas` is added) and gives back its id.
    pub fn user(&self, attributes: Value) -> String {
        let reply = self.post("/Users", with_schema(USER, attributes));
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.id()
    }

    /// Creates a group with these members and gives back its id.
    pub fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let reply = self.post(
            "/Groups",
            with_schema(GROUP, json!({ "displayName": name, "members": members })),
        );
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.id()
    }

    /// The userNames (or displayNames) that a filter finds by GET, sorted; by POST it must find the same.
    pub fn find(&self, endpoint: &str, filter: &str) -> Vec<String> {
        let reply = self.filter(endpoint, filter);
        assert_eq!(reply.status, 200, "{filter}: {}", reply.text);
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
        let posted = self.post(&format!("{endpoint}/.search"), search);
        assert_eq!(
            posted.body["Resources"], reply.body["Resources"],
            "{filter}: GET and POST differ"
        );
        reply.names()
    }

    /// A list by filter.
    pub fn filter(&self, endpoint: &str, filter: &str) -> Reply {
        self.get(&format!("{endpoint}?filter={}", encode(filter)))
    }
}

impl Reply {
    pub fn read(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let text = String::from_utf8(block_on(body.into_bytes()).unwrap().to_vec()).unwrap();
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap()
        };
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            text,
            body,
        }
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The userNames or displayNames of a list, sorted.
    pub fn names(&self) -> Vec<String> {
        let resources = self.body["Resources"].as_array().expect("a list");
        let name = |r: &Value| {
            r["userName"]
                .as_str()
                .or(r["displayName"].as_str())
                .unwrap_or("?")
                .to_owned()
        };
        let mut names: Vec<String> = resources.iter().map(name).collect();
        names.sort();
        names
    }

    /// Asserts an error in its envelope, with this keyword where one is named.
    #[track_caller]
    pub fn refused(&self, status: u16, scim_type: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.body["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:Error"])
        );
        assert_eq!(self.body["status"], json!(status.to_string()));
        assert!(
            self.header("content-type")
                .unwrap()
                .starts_with("application/scim+json")
        );
        if !scim_type.is_empty() {
            assert_eq!(self.body["scimType"], json!(scim_type), "{}", self.text);
        }
        self
    }

    #[track_caller]
    pub fn ok(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

pub fn with_schema(schema: &str, mut attributes: Value) -> Value {
    let attributes_map = attributes.as_object_mut().unwrap();
    if !attributes_map.contains_key("schemas") {
        let mut schemas = vec![json!(schema)];
        schemas.extend(
            attributes_map
                .keys()
                .filter(|key| key.starts_with("urn:"))
                .map(|key| json!(key)),
        );
        attributes_map.insert("schemas".to_owned(), Value::Array(schemas));
    }
    attributes
}

/// Percent-encodes for a query.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

impl Server {
    /// A service on a store that wraps the one that is looked into.
    pub fn over(
        store: Arc<TestStore>,
        outer: impl scim_http::store::ScimStore,
        dialect: Dialect,
        change: impl FnOnce(ScimServiceBuilder) -> ScimServiceBuilder,
    ) -> Self {
        let inner = Self::on(store, dialect.clone(), |builder| builder);
        let tokens = BearerTokens::new();
        tokens
            .add("tokA", Principal::new("A", "token a"), Expiry::Never)
            .unwrap();
        tokens
            .add("tokB", Principal::new("B", "token b"), Expiry::Never)
            .unwrap();
        let builder = ScimService::builder(BASE, outer, tokens)
            .dialect(dialect)
            .clock(inner.clock.clone());
        Self {
            service: change(builder).build().unwrap(),
            ..inner
        }
    }

    /// A bulk request with these operations.
    pub fn bulk(&self, operations: Value) -> Reply {
        self.post("/Bulk", json!({ "schemas": [BULK], "Operations": operations }))
    }

    /// The ETag of a resource.
    pub fn etag(&self, path: &str) -> String {
        self.get(path).ok(200).header("etag").unwrap().to_owned()
    }

    /// The values of a group's members, in order.
    pub fn members(&self, group: &str) -> Vec<String> {
        self.get(&format!("/Groups/{group}")).ok(200).values("members")
    }
}

impl Reply {
    /// The `value` of each element of a list.
    pub fn values(&self, attribute: &str) -> Vec<String> {
        let list = self.body[attribute].as_array();
        let value = |element: &Value| element["value"].as_str().unwrap().to_owned();
        list.map_or_else(Vec::new, |list| list.iter().map(value).collect())
    }

    /// Asserts an error without a keyword: RFC 7644 Table 9 has none for this status.
    #[track_caller]
    pub fn refused_plainly(&self, status: u16) -> &Self {
        self.refused(status, "");
        assert_eq!(self.body.get("scimType"), None, "{}", self.text);
        self
    }
}
