//! Settings that change while the service runs.

use super::*;

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
