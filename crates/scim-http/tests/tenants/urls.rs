//! URLs of tenants (D48).

use super::*;

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
