//! Tenants through the handler: URLs of their own, settings that change while the service runs, rates (decisions D32, D48, D50).

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

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

#[test]
fn d48_each_tenant_has_a_url_and_locations_are_below_it() {
    let host = Host::at_template();
    let made = host.user("a");
    assert_eq!(made.status, 201, "{}", made.text);
    let location = format!("https://scim.example.test/scim/A/v2/Users/{}", made.id());
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.body["meta"]["location"], location);
    let schemas = host.get("/Schemas").body["Resources"][0]["meta"]["location"].clone();
    assert!(
        schemas
            .as_str()
            .unwrap()
            .starts_with("https://scim.example.test/scim/A/v2/Schemas/")
    );
    let other = send(&host.service, "tokB", "GET", "/scim/B/v2/Schemas", Value::Null);
    assert!(!other.text.contains("/scim/A/"), "what is kept for A is not shown to B");
}

#[test]
fn d48_a_token_never_opens_the_url_of_another_tenant() {
    // Tenants with settings, and the same settings for all.
    let host = Host::at_template();
    let plain = builder(TEMPLATE).build().unwrap();
    for service in [&host.service, &plain] {
        let id = send(
            service,
            "tokB",
            "POST",
            "/scim/B/v2/Users",
            with_schema(USER, json!({ "userName": "b" })),
        )
        .id();
        let own = send(
            service,
            "tokA",
            "POST",
            "/scim/A/v2/Users",
            with_schema(USER, json!({ "userName": "a" })),
        )
        .id();
        let refusal = send(service, "tokA", "GET", "/scim/nobody/v2/Users", Value::Null);
        for path in [
            "/scim/B/v2/Users".to_owned(),
            format!("/scim/B/v2/Users/{id}"),
            format!("/scim/B/v2/Users/{own}"),
            "/scim/B/v2/ServiceProviderConfig".to_owned(),
            "/scim/B/v2/nowhere".to_owned(),
            "/scim/a/v2/Users".to_owned(),
            "/scim/%41/v2/Users".to_owned(),
            "/scim/B/v2/../../A/v2/Users".to_owned(),
            "/scim//v2/Users".to_owned(),
            "/scim/{tenant}/v2/Users".to_owned(),
            format!("/Users/{own}"),
            "/Users".to_owned(),
            "/".to_owned(),
        ] {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                let reply = send(service, "tokA", method, &path, json!({}));
                assert_eq!(reply.status, 403, "{method} {path}");
                // Nothing tells whether there is such a tenant, resource or endpoint.
                assert!(method == "HEAD" || reply.text == refusal.text, "{method} {path}");
            }
        }
        assert_eq!(get(service, "tokB", &format!("/scim/B/v2/Users/{id}")), 200);
        assert_eq!(get(service, "tokA", &format!("/scim/A/v2/Users/{own}")), 200);
        assert_eq!(get(service, "wrong", "/scim/A/v2/Users"), 401);
    }
}

#[test]
fn d48_tenants_told_by_their_hosts_are_told_by_their_hosts() {
    let by_host = Host::new("https://{tenant}.example.test/scim", |builder| builder);
    by_host.tenants.put("a", TenantSettings::default());
    let one_for_all = Host::new("https://example.test/scim", |builder| builder);
    let own = |s: &mut TenantSettings| s.base_url = Some("https://b.example.test/scim".to_owned());
    assert!(one_for_all.tenants.change(&"B".into(), own));
    let get = |host: &Host, token: &str, name: &str| {
        let named = |request: &mut Request<String>| {
            request.headers_mut().insert("host", name.parse().unwrap());
        };
        ask(&host.service, token, "GET", "/scim/Users", Value::Null, named).status
    };
    assert_eq!(
        (
            get(&by_host, "tokA", "A.example.test"),
            get(&by_host, "tokA", "b.example.test")
        ),
        (200, 403)
    );
    assert_eq!(
        (
            get(&by_host, "tokB", "b.example.test:443"),
            get(&by_host, "tokB", "x.test")
        ),
        (200, 403)
    );
    // One URL for most, and a host of its own for one of them.
    assert_eq!(
        (
            get(&one_for_all, "tokA", "example.test"),
            get(&one_for_all, "tokB", "example.test")
        ),
        (200, 403)
    );
    assert_eq!(
        (
            get(&one_for_all, "tokA", "b.example.test"),
            get(&one_for_all, "tokB", "b.example.test")
        ),
        (403, 200)
    );
    let behind_a_proxy = Host::new("https://example.test/scim", ScimServiceBuilder::any_host);
    assert_eq!(get(&behind_a_proxy, "tokA", "backend:8080"), 200);
}

#[test]
fn d48_an_adapter_may_say_whose_url_it_was() {
    let host = Host::at_template();
    let get = |token: &str, path: &str, tenant: &str| {
        let told = |request: &mut Request<String>| {
            request.extensions_mut().insert(UrlTenant(tenant.into()));
        };
        ask(&host.service, token, "GET", path, Value::Null, told).status
    };
    assert_eq!(
        (get("tokA", "/Users", "A"), get("tokA", "/scim/A/v2/Users", "A")),
        (200, 200)
    );
    assert_eq!(
        (get("tokA", "/Users", "B"), get("tokA", "/scim/A/v2/Users", "B")),
        (403, 403)
    );
    assert_eq!((get("tokC", "/Users", "C"), get("tokC", "/Users", "A")), (403, 403));
    // It also counts where all have one URL.
    let one = builder("https://example.test/scim").build().unwrap();
    let told = |request: &mut Request<String>| {
        request.extensions_mut().insert(UrlTenant("B".into()));
    };
    assert_eq!(ask(&one, "tokA", "GET", "/Users", Value::Null, told).status, 403);
    assert_eq!(ask(&one, "tokB", "GET", "/Users", Value::Null, told).status, 200);
}

#[test]
fn settings_change_from_one_request_to_the_next() {
    let host = Host::at_template();
    let id = host.user("a").id();
    let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": "False" }] });
    assert_eq!(host.send("PATCH", &format!("/Users/{id}"), patch.clone()).status, 200);
    host.change(|s| s.dialect.patch_answer = PatchAnswer::NoContent);
    assert_eq!(host.send("PATCH", &format!("/Users/{id}"), patch.clone()).status, 204);
    host.change(|s| s.dialect = Dialect::rfc());
    assert_eq!(host.send("PATCH", &format!("/Users/{id}"), patch).status, 400);

    // NordPass: the e-mail address identifies.
    let with_email = |name: &str| {
        let emails = json!([{ "value": "one@example.test" }]);
        host.send(
            "POST",
            "/Users",
            with_schema(USER, json!({ "userName": name, "emails": emails })),
        )
    };
    assert_eq!(with_email("b").status, 201);
    host.change(|s| s.dialect.unique.push("emails.value".to_owned()));
    assert_eq!(with_email("c").status, 201, "what was there before is not looked at");
    assert_eq!(with_email("d").status, 409);

    let group = |name: &str| {
        let members = json!([{ "value": "nobody" }]);
        host.send(
            "POST",
            "/Groups",
            with_schema(GROUP, json!({ "displayName": name, "members": members })),
        )
    };
    assert_eq!(group("g").status, 400);
    host.change(|s| s.dialect.unknown_members = Unknown::Ignore);
    assert_eq!(group("g").status, 201);

    host.change(|s| s.limits = Limits::default().with(|limits| limits.max_page = 1));
    assert_eq!(
        host.get("/Users?count=10").body["Resources"].as_array().unwrap().len(),
        1
    );
    assert_eq!(host.get("/ServiceProviderConfig").body["filter"]["maxResults"], 1);
    let other = send(
        &host.service,
        "tokB",
        "GET",
        "/scim/B/v2/ServiceProviderConfig",
        Value::Null,
    );
    assert_eq!(other.body["filter"]["maxResults"], 200, "B has its own");

    host.change(|s| s.base_url = Some("https://scim.example.test/own".to_owned()));
    assert_eq!(host.get("/Users").status, 403);
    let moved = send(&host.service, "tokA", "GET", &format!("/own/Users/{id}"), Value::Null);
    assert_eq!(
        moved.body["meta"]["location"],
        format!("https://scim.example.test/own/Users/{id}")
    );
}

#[test]
fn a_tenant_may_have_resource_types_of_its_own() {
    let host = Host::at_template();
    let badge = ResourceType::builder("Badge", "/Badges", Schema::user())
        .build()
        .unwrap();
    host.change(|s| s.resource_types = Some(Arc::new(Registry::new([ResourceType::user(), badge]))));
    assert_eq!((host.get("/Badges").status, host.get("/Groups").status), (200, 404));
    assert_eq!(get(&host.service, "tokB", "/scim/B/v2/Badges"), 404);
}

#[test]
fn d32_groups_switched_off_are_absent() {
    let host = Host::at_template();
    let user = host.user("a").id();
    let group = with_schema(GROUP, json!({ "displayName": "g", "members": [{ "value": user }] }));
    let id = host.send("POST", "/Groups", group.clone()).id();
    host.change(|s| s.groups = false);
    let paths = [
        "/Groups".to_owned(),
        format!("/Groups/{id}"),
        "/Groups/.search".to_owned(),
    ];
    for path in &paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(host.send(method, path, group.clone()).status, 404, "{method} {path}");
        }
    }
    let types = host.get("/ResourceTypes");
    assert_eq!(
        (&types.body["totalResults"], types.text.contains("Group\"")),
        (&json!(1), false)
    );
    assert_eq!(host.get(&format!("/Schemas/{GROUP}")).status, 404);
    assert_eq!(
        host.get("/?filter=id%20pr").body["totalResults"],
        1,
        "no group in a search across types"
    );
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "DELETE", "path": format!("/Groups/{id}") }] });
    assert_eq!(host.send("POST", "/Bulk", bulk).body["Operations"][0]["status"], "404");
    assert_eq!(
        host.get(&format!("/Users/{user}")).body.get("groups"),
        None,
        "nor does a member speak of one"
    );
    assert_eq!(get(&host.service, "tokB", "/scim/B/v2/Groups"), 200);
    host.change(|s| s.groups = true);
    assert_eq!(
        host.get(&format!("/Groups/{id}")).status,
        200,
        "they were only out of sight"
    );
    // The same by the builder alone.
    let one = builder("https://example.test/scim").settings(|s| s.groups = false);
    assert_eq!(get(&one.build().unwrap(), "tokA", "/Groups"), 404);
}

#[test]
fn d53_groups_out_of_sight_are_kept_right() {
    let host = Host::at_template();
    let [gone, stays] = ["gone", "stays"].map(|name| host.user(name).id());
    let members = json!([{ "value": gone }, { "value": stays }]);
    let group = with_schema(GROUP, json!({ "displayName": "g", "members": members }));
    let id = host.send("POST", "/Groups", group).id();
    let before = host.get(&format!("/Groups/{id}")).body["meta"]["version"].clone();
    assert!(host.get(&format!("/Users/{stays}")).body["groups"].is_array());
    host.change(|s| s.groups = false);
    let renamed = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "title", "value": "t" }] });
    let path = format!("/Users/{stays}");
    for reply in [
        host.get(&path),
        host.send("PATCH", &path, renamed),
        host.send("PUT", &path, with_schema(USER, json!({ "userName": "stays" }))),
        host.get("/Users"),
    ] {
        assert_eq!(reply.status, 200);
        assert!(!reply.text.contains("\"groups\""), "{}", reply.text);
    }
    assert_eq!(host.send("DELETE", &format!("/Users/{gone}"), Value::Null).status, 204);
    host.change(|s| s.groups = true);
    let group = host.get(&format!("/Groups/{id}"));
    let members = group.body["members"].as_array().unwrap();
    assert_eq!(
        (members.len(), &members[0]["value"]),
        (1, &json!(stays)),
        "{}",
        group.text
    );
    assert_ne!(group.body["meta"]["version"], before);
}

#[test]
fn a_paused_tenant_is_asked_to_come_back_and_nothing_happens() {
    let host = Host::at_template();
    let id = host.user("a").id();
    host.change(|s| s.state = TenantState::Paused { retry_after: 300 });
    for (method, path) in [
        ("GET", "/Users"),
        ("DELETE", &*format!("/Users/{id}")),
        ("GET", "/Schemas"),
        ("PUT", "/x"),
    ] {
        let reply = host.send(method, path, Value::Null);
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (503, Some("300")),
            "{method} {path}"
        );
        assert_eq!(reply.body["status"], "503");
    }
    assert_eq!(get(&host.service, "tokB", "/scim/B/v2/Users"), 200);
    assert_eq!(
        get(&host.service, "wrong", "/scim/A/v2/Users"),
        401,
        "strangers learn nothing"
    );
    host.change(|s| s.state = TenantState::Enabled);
    assert_eq!(host.get(&format!("/Users/{id}")).status, 200);
}

#[test]
fn directory_sync_switched_off_and_unknown_tenants_look_the_same() {
    let host = Host::at_template();
    host.change(|s| s.state = TenantState::Disabled);
    let off = host.get("/Users");
    let unknown = send(&host.service, "tokC", "GET", "/scim/C/v2/Users", Value::Null);
    assert_eq!((off.status, unknown.status), (403, 403));
    assert_eq!(off.text, unknown.text);
    host.tenants.put("C", TenantSettings::default());
    assert_eq!(get(&host.service, "tokC", "/scim/C/v2/Users"), 200);
    assert!(host.tenants.remove(&"C".into()));
    assert_eq!(get(&host.service, "tokC", "/scim/C/v2/Users"), 403);
}

/// Settings that are read anew each time, or not at all.
#[derive(Debug, Default)]
struct Database {
    fails: AtomicBool,
    reads: AtomicUsize,
}

#[async_trait]
impl Tenants for Database {
    async fn settings(&self, _: &TenantId) -> Result<Option<Arc<TenantSettings>>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable {
                retry_after: 7,
                source: None,
            });
        }
        let bad = |s: &mut TenantSettings| s.base_url = Some("http://example.test".to_owned());
        let settings = TenantSettings::default();
        let third = self.reads.load(Ordering::SeqCst) == 3;
        Ok(Some(Arc::new(if third { settings.with(bad) } else { settings })))
    }
}

#[test]
fn settings_from_a_database_are_asked_once_for_each_request() {
    let database = Arc::new(Database::default());
    let service = builder(TEMPLATE).tenants(Arc::clone(&database)).build().unwrap();
    let read = || send(&service, "tokA", "GET", "/scim/A/v2/Users", Value::Null);
    assert_eq!((read().status, read().status), (200, 200));
    assert_eq!(database.reads.load(Ordering::SeqCst), 2);
    // What cannot be served is an error of the host's: 500, with the cause for its log.
    let request = Request::get("/scim/A/v2/Users").header("authorization", "Bearer tokA");
    let answer = block_on(service.handle(request.body(Vec::new()).unwrap()));
    assert_eq!(answer.status(), 500);
    assert!(
        answer
            .extensions()
            .get::<Cause>()
            .unwrap()
            .0
            .to_string()
            .contains("https")
    );
    assert_eq!(read().status, 200);
    database.fails.store(true, Ordering::SeqCst);
    let failed = read();
    assert_eq!((failed.status, failed.header("retry-after")), (503, Some("7")));
}

#[test]
fn d50_a_tenant_that_asks_too_often_is_told_when_to_come_back() {
    let host = Host::at_template();
    for _ in 0..100 {
        assert_eq!(host.get("/Schemas").status, 200, "no limit by default");
    }
    host.change(|s| s.rate_limit = Some(RateLimit::per_minute(2)));
    assert_eq!((host.get("/Users").status, host.user("a").status), (200, 201));
    let refused = host.user("b");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("30")));
    assert_eq!(refused.body["status"], "429");
    assert_eq!(get(&host.service, "tokB", "/scim/B/v2/Users"), 200, "B has its own");
    // Neither a wrong token nor a wrong URL takes from it.
    host.clock.forward(29_999);
    assert_eq!(get(&host.service, "wrong", "/scim/A/v2/Users"), 401);
    assert_eq!(get(&host.service, "tokA", "/scim/B/v2/Users"), 403);
    assert_eq!(host.get("/Users").header("retry-after"), Some("1"));
    host.clock.forward(1);
    assert_eq!((host.user("b").status, host.user("c").status), (201, 429));
    // Another limit holds at once. What was used stays used, as far as the new one goes.
    host.change(|s| s.rate_limit = Some(RateLimit::per_second(1)));
    assert_eq!(host.user("c").header("retry-after"), Some("1"));
    host.clock.forward(1_000);
    assert_eq!((host.user("c").status, host.user("d").status), (201, 429));
    host.change(|s| s.rate_limit = None);
    assert_eq!(host.user("d").status, 201);
}

#[test]
fn d50_no_more_than_the_burst_at_once_from_many_threads() {
    let host = Host::at_template();
    host.change(|s| s.rate_limit = Some(RateLimit::per_second(1).with_burst(50)));
    let let_in = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let status = host.get("/ServiceProviderConfig").status;
                    assert!(matches!(status, 200 | 429));
                    let_in.fetch_add(usize::from(status == 200), Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(let_in.load(Ordering::SeqCst), 50);
}

#[test]
fn bodies_are_limited_by_the_service_and_by_the_tenant() {
    let limits = Limits::default().with(|limits| {
        limits.body = 1000;
        limits.members_body = 2000;
        limits.bulk_body = 3000;
    });
    let host = Host::new(TEMPLATE, |builder| builder.limits(limits));
    let limit = |path: &str| {
        let request = Request::post(path).header("authorization", "Bearer tokA");
        host.service.body_limit(&request.body(()).unwrap().into_parts().0)
    };
    assert_eq!(limit("/scim/A/v2/Users"), 1000);
    assert_eq!(limit("/scim/A/v2/Users/Groups"), 1000);
    assert_eq!(
        (limit("/scim/A/v2/Groups"), limit("/scim/A/v2/Groups/1/")),
        (2000, 2000)
    );
    assert_eq!((limit("/scim/A/v2/Bulk"), limit("/somewhere")), (3000, 3000));
    // The default of tenants is 1 MiB, and what is told is what holds.
    assert_eq!(host.get("/ServiceProviderConfig").body["bulk"]["maxPayloadSize"], 3000);
    let padded = |length: usize| with_schema(USER, json!({ "userName": "a", "title": "x".repeat(length) }));
    assert_eq!(host.send("POST", "/Users", padded(1000)).status, 413);
    host.change(|s| s.limits.body = 500);
    assert_eq!(host.send("POST", "/Users", padded(500)).status, 413);
    assert_eq!(host.send("POST", "/Users", padded(100)).status, 201);
    let request = Request::post("/scim/B/v2/Users").header("authorization", "Bearer tokA");
    let (head, ()) = request.body(()).unwrap().into_parts();
    assert_eq!(block_on(host.service.refuse_body(&head)).status(), 403);
}

#[test]
fn what_cannot_be_served_is_refused_when_it_is_built() {
    let bad = |base: &str| builder(base).build().unwrap_err();
    assert!(matches!(bad("http://example.test/{tenant}"), BuildError::Insecure));
    assert!(matches!(bad("https://example.test/{tenant}?a=b"), BuildError::BaseUrl));
    assert!(matches!(bad("/scim/{tenant}"), BuildError::BaseUrl));
}

#[test]
fn the_store_is_told_the_settings() {
    use scim_http::store::{Attempt, Denial, Guard, Scope, TxView};

    /// Denies whatever is written where seats are required.
    #[derive(Debug)]
    struct NoSeats;

    #[async_trait]
    impl Guard for NoSeats {
        async fn check(&self, scope: &Scope, _: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
            let denied = scope.settings.seats == SeatPolicy::Require;
            ready(if denied { Err(Denial::new("no seat")) } else { Ok(()) }).await
        }
    }

    let tokens = BearerTokens::new();
    tokens.add("tokA", Principal::new("A", "a"), Expiry::Never).unwrap();
    let tenants = Arc::new(MemoryTenants::new());
    tenants.put("A", TenantSettings::default());
    let store = TestStore::with_guard(Arc::new(NoSeats));
    let service = ScimService::builder(TEMPLATE, store, tokens).tenants(Arc::clone(&tenants));
    let service = service.build().unwrap();
    let user = |name: &str| {
        let body = with_schema(USER, json!({ "userName": name }));
        send(&service, "tokA", "POST", "/scim/A/v2/Users", body).status
    };
    assert_eq!(user("a"), 201);
    assert!(tenants.change(&"A".into(), |s| s.seats = SeatPolicy::Require));
    assert_eq!(user("b"), 403);
}
