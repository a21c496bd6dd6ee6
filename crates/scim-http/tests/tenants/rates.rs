//! Rates, and the length of bodies (D50).

use super::*;

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
