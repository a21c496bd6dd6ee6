//! What a page lets others do: nothing.

use ureq::http::Request;

use crate::{
    chromium::Browser,
    host::{Host, agent},
};

#[test]
fn every_page_has_strict_headers() {
    let host = Host::start(&[]);
    for path in ["/sign-in", "/console/users", "/assets/console.css"] {
        let answer = agent().get(format!("{}{path}", host.origin())).call().unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
                .unwrap_or_default()
        };
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
    }
}

#[test]
fn who_has_not_signed_in_sends_no_long_forms() {
    let host = Host::start(&[]);
    let send = |length: usize| {
        let request = Request::post(format!("{}/sign-in", host.origin()));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let form = format!("link={}", "a".repeat(length));
        agent().run(request.body(form).unwrap()).unwrap().status().as_u16()
    };
    assert_eq!((send(1000), send(100_000)), (200, 413));
}

#[tokio::test]
async fn forms_of_others_are_refused() {
    let browser = Browser::open().await;
    let host = Host::start(&[]);
    browser.sign_in(&host.sign_in).await;
    let cookie = browser.client.get_named_cookie("latchkey_session").await.unwrap();
    assert!(cookie.http_only().unwrap_or_default());
    assert_eq!(browser.ask("return document.cookie").await, "");
    let csrf = browser
        .wait("input[name=csrf]")
        .await
        .attr("value")
        .await
        .unwrap()
        .unwrap();
    let cookie = format!("latchkey_session={}", cookie.value());

    let pause = |origin: &str, csrf: &str| {
        let request = Request::post(format!("{}/provisioning/pause", host.console))
            .header("cookie", &cookie)
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(format!("csrf={csrf}")).unwrap();
        agent().run(request).unwrap().status().as_u16()
    };
    assert_eq!(pause("https://evil.example", &csrf), 403);
    assert_eq!(pause(host.origin(), "guessed"), 403);
    assert_eq!(pause(host.origin(), ""), 403);
    // The same with the token of the page is done.
    assert_eq!(pause(host.origin(), &csrf), 303);
    assert_eq!(
        host.scim(ureq::http::Method::GET, "/Users", serde_json::Value::Null).0,
        503
    );
    browser.close().await;
}
