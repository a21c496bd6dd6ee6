//! Tenants through the handler: URLs of their own, settings that change while the service runs, rates (decisions D32, D48, D50).

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod groups;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod settings;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod urls;

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use http::Request;
use scim_http::{
    BearerTokens, BuildError, Cause, Expiry, ScimService, ScimServiceBuilder, UrlTenant,
    core::{
        Dialect, Limits, TenantId,
        dialect::{PatchAnswer, Unknown},
        schema::{Registry, ResourceType, Schema},
    },
    store::{
        MemoryTenants, Principal, RateLimit, Result, SeatPolicy, StoreError, TenantSettings, TenantState, Tenants,
    },
};
use serde_json::{Value, json};
use support::{GROUP, HandClock, Reply, TestStore, USER, block_on, with_schema};

const TEMPLATE: &str = "https://scim.example.test/scim/{tenant}/v2";

struct Host {
    service: ScimService,
    tenants: Arc<MemoryTenants>,
    clock: HandClock,
}

impl Host {
    fn new(base: &str, change: impl FnOnce(ScimServiceBuilder) -> ScimServiceBuilder) -> Self {
        let tenants = Arc::new(MemoryTenants::new());
        for tenant in ["A", "B"] {
            tenants.put(tenant, TenantSettings::default());
        }
        let clock = HandClock::new();
        let builder = builder(base).clock(clock.clone()).tenants(Arc::clone(&tenants));
        let service = change(builder).build().unwrap();
        Self {
            service,
            tenants,
            clock,
        }
    }

    fn at_template() -> Self {
        Self::new(TEMPLATE, |builder| builder)
    }

    /// Changes the settings of tenant A.
    fn change(&self, change: impl FnOnce(&mut TenantSettings)) {
        assert!(self.tenants.change(&"A".into(), change));
    }

    /// A request of tenant A to its own URL.
    fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        send(&self.service, "tokA", method, &format!("/scim/A/v2{path}"), body)
    }

    fn get(&self, path: &str) -> Reply {
        self.send("GET", path, Value::Null)
    }

    fn user(&self, name: &str) -> Reply {
        self.send("POST", "/Users", with_schema(USER, json!({ "userName": name })))
    }
}

fn builder(base: &str) -> ScimServiceBuilder {
    let tokens = BearerTokens::new();
    for (token, tenant) in [("tokA", "A"), ("tokB", "B"), ("tokC", "C")] {
        tokens.add(token, Principal::new(tenant, token), Expiry::Never).unwrap();
    }
    ScimService::builder(base, TestStore::new(), tokens)
}

fn send(service: &ScimService, token: &str, method: &str, uri: &str, body: Value) -> Reply {
    ask(service, token, method, uri, body, |_| {})
}

fn ask(
    service: &ScimService,
    token: &str,
    method: &str,
    uri: &str,
    body: Value,
    change: impl FnOnce(&mut Request<String>),
) -> Reply {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut request = Request::builder().method(method).uri(uri);
    request = request.header("authorization", format!("Bearer {token}"));
    let mut request = request.body(body).unwrap();
    change(&mut request);
    let (head, body) = block_on(service.handle(request)).into_parts();
    let text = String::from_utf8(body.as_bytes().unwrap().to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        text,
        body,
    }
}

fn get(service: &ScimService, token: &str, uri: &str) -> u16 {
    send(service, token, "GET", uri, Value::Null).status
}
