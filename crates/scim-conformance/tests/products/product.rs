//! A product around the service, and an organisation that is its customer.

use std::{
    error::Error as StdError,
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use http::Request;
use scim_conformance::stores::block_on;
use scim_core::{TenantId, schema::Registry};
use scim_http::{Credentials, LinkNote, Mint, Notifier, ScimService, Secret, TokenAuth, TokenForms};
use scim_store::{Clock, Expiry, Guard, NoGuard, TenantSettings};
use serde_json::{Value, json};

use crate::{
    place::Place,
    support::{GROUP, HandClock, Reply, USER, encode, with_schema},
};

pub(crate) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What a product decides once for all organisations.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) forms: TokenForms,
    pub(crate) guard: Arc<dyn Guard>,
    pub(crate) types: Registry,
}

pub(crate) struct Product {
    pub(crate) place: Place,
    pub(crate) credentials: Credentials,
    pub(crate) outbox: Outbox,
    pub(crate) clock: HandClock,
    service: ScimService,
}

/// One organisation, as its identity provider knows it: a URL and a header with a token.
pub(crate) struct Organisation<'a> {
    pub(crate) product: &'a Product,
    pub(crate) tenant: TenantId,
    path: String,
    header: (String, String),
}

/// The mail of the product.
#[derive(Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<Vec<Mail>>>);

#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) link: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            name: "product",
            forms: TokenForms::bearer(),
            guard: Arc::new(NoGuard),
            types: Registry::default(),
        }
    }
}

impl Product {
    pub(crate) fn new(plan: Plan) -> Self {
        let (place, clock, outbox) = (Place::open(plan.guard), HandClock::new(), Outbox::default());
        let credentials = Credentials::new(plan.name, Arc::clone(&place.credentials)).unwrap();
        let credentials = credentials.clock(clock.clone()).notifier(outbox.clone());
        let auth = TokenAuth::new().credentials(credentials.clone()).forms(plan.forms);
        let base = "https://scim.example.test/scim/{tenant}/v2";
        let service = ScimService::builder(base, Arc::clone(&place.store), auth)
            .clock(clock.clone())
            .resource_types(plan.types)
            .tenants(place.tenants())
            .build()
            .unwrap();
        Self {
            place,
            credentials,
            outbox,
            clock,
            service,
        }
    }

    /// A new organisation with these settings, and a token that does not end.
    pub(crate) fn organisation(&self, name: &str, settings: TenantSettings) -> Organisation<'_> {
        let token = self.join(name, settings).mint(Mint::new("first", Expiry::Never));
        self.join_again(name).with_token(&token)
    }

    /// A new organisation without a token.
    pub(crate) fn join(&self, name: &str, settings: TenantSettings) -> Organisation<'_> {
        self.place.put(&name.into(), settings);
        self.join_again(name)
    }

    fn join_again(&self, name: &str) -> Organisation<'_> {
        Organisation {
            product: self,
            tenant: name.into(),
            path: format!("/scim/{name}/v2"),
            header: (String::new(), String::new()),
        }
    }

    pub(crate) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    pub(crate) fn wait(&self, time: TimeDelta) {
        self.clock.forward(time.num_milliseconds());
    }
}

impl Organisation<'_> {
    pub(crate) fn mint(&self, mint: Mint) -> Secret {
        block_on(self.product.credentials.mint(&self.tenant, mint))
            .unwrap()
            .token
    }

    /// The same organisation with another token, sent as most send it.
    pub(crate) fn with_token(&self, token: &Secret) -> Self {
        self.with_header("authorization", &format!("Bearer {}", token.expose()))
    }

    pub(crate) fn with_header(&self, name: &str, value: &str) -> Self {
        Self {
            product: self.product,
            tenant: self.tenant.clone(),
            path: self.path.clone(),
            header: (name.to_owned(), value.to_owned()),
        }
    }

    /// The same token at another URL.
    pub(crate) fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub(crate) fn change(&self, change: impl Fn(&mut TenantSettings) + Send + Sync) {
        self.product.place.change(&self.tenant, change);
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.path));
        if !self.header.0.is_empty() {
            request = request.header(&self.header.0, &self.header.1);
        }
        let mut bytes = Vec::new();
        if !body.is_null() {
            request = request.header("content-type", "application/scim+json; charset=utf-8");
            bytes = body.to_string().into_bytes();
        }
        Reply::read(block_on(self.product.service.handle(request.body(bytes).unwrap())))
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &Value::Null)
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &Value::Null)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, body)
    }

    pub(crate) fn patch(&self, path: &str, operations: Value) -> Reply {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send("PATCH", path, &body)
    }

    /// What the test of a connection asks.
    pub(crate) fn test_connection(&self) -> u16 {
        self.get("/Users?startIndex=1&count=2").status
    }

    /// A new user as Okta sends it, with the name as the address.
    pub(crate) fn push_user(&self, name: &str) -> Reply {
        self.send("POST", "/Users", &user(name, name))
    }

    pub(crate) fn user(&self, name: &str) -> String {
        self.push_user(name).ok(201).id()
    }

    pub(crate) fn push_group(&self, name: &str, members: &[&str]) -> Reply {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let group = with_schema(GROUP, json!({ "displayName": name, "members": members }));
        self.send("POST", "/Groups", &group)
    }

    /// As Okta ends an assignment: there is no DELETE.
    pub(crate) fn deactivate(&self, id: &str) -> Reply {
        let inactive = json!([{ "op": "replace", "value": { "active": false } }]);
        self.patch(&format!("/Users/{id}"), inactive)
    }

    /// The names that a filter finds, sorted.
    pub(crate) fn find(&self, endpoint: &str, filter: &str) -> Vec<String> {
        self.get(&format!("{endpoint}?filter={}", encode(filter)))
            .ok(200)
            .names()
    }

    pub(crate) fn members(&self, group: &str) -> Vec<String> {
        let mut members = self.get(&format!("/Groups/{group}")).ok(200).values("members");
        members.sort();
        members
    }
}

/// A user with a name and an address.
pub(crate) fn user(name: &str, mail: &str) -> Value {
    let attributes = json!({
        "userName": name,
        "name": { "givenName": "Lena", "familyName": "Brandt" },
        "emails": [{ "primary": true, "value": mail, "type": "work" }],
        "displayName": name,
        "groups": [],
        "password": "1mz0Kq50",
        "active": true,
    });
    with_schema(USER, attributes)
}

impl Outbox {
    /// The last link that was mailed.
    pub(crate) fn last(&self) -> Mail {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

#[async_trait]
impl Notifier for Outbox {
    async fn send(&self, link: &LinkNote<'_>) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let (to, link) = (link.to.to_owned(), link.token.expose().to_owned());
        self.0.lock().unwrap().push(Mail { to, link });
        Ok(())
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}
