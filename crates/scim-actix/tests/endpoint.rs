//! The endpoint in applications, as clients see it.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

use actix_web::{
    App, HttpMessage, HttpRequest, HttpResponse,
    body::to_bytes,
    http::{Method, header},
    rt::System,
    test::{TestRequest, call_service, init_service},
    web,
};
use scim_actix::Endpoint;
use scim_http::{
    BearerTokens, Expiry, ScimService, UrlTenant,
    core::{Dialect, Limits, Notes},
    store::{MemoryStore, Principal},
};

const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}"#;

fn endpoint(base_url: &str) -> Endpoint {
    let tokens = BearerTokens::new();
    for tenant in ["acme", "other"] {
        tokens
            .add(&format!("tok-{tenant}"), Principal::new(tenant, "t"), Expiry::Never)
            .unwrap();
    }
    let service = ScimService::builder(base_url, MemoryStore::new(), tokens)
        .dialect(Dialect::entra())
        .limits(Limits::default().with(|limits| limits.body = 1000))
        .build();
    Endpoint::new(service.unwrap())
}

fn request(method: Method, path: &str, body: &str) -> TestRequest {
    TestRequest::default()
        .method(method)
        .uri(path)
        .insert_header((header::AUTHORIZATION, "Bearer tok-acme"))
        .insert_header((header::CONTENT_TYPE, "application/scim+json"))
        .set_payload(body.to_owned())
}

/// Sends requests one after the other to an application with a scope.
fn send(scope: &str, endpoint: &Endpoint, requests: Vec<TestRequest>) -> Vec<(HttpResponse, String)> {
    System::new().block_on(async {
        let app = App::new().service(web::scope(scope).default_service(endpoint.route()));
        let app = init_service(app).await;
        let mut answers = Vec::new();
        for request in requests {
            let response = call_service(&app, request.to_request()).await.into_parts().1;
            let (head, body) = response.into_parts();
            let body = to_bytes(body).await.unwrap();
            answers.push((head.map_into_boxed_body(), String::from_utf8(body.to_vec()).unwrap()));
        }
        answers
    })
}

#[test]
fn requests_and_answers_come_through() {
    let endpoint = endpoint("https://example.com/scim/v2");
    let requests = vec![
        request(Method::POST, "/scim/v2/Users", USER),
        request(Method::GET, "/scim/v2/Users?filter=userName%20eq%20%22ada%22", ""),
        request(Method::HEAD, "/scim/v2/Users", ""),
        request(Method::POST, "/scim/v2/Users", &" ".repeat(2000)),
        request(Method::GET, "/scim/v2/Nothing", ""),
        request(Method::GET, "/scim/v2/Users", "").insert_header((header::AUTHORIZATION, "Bearer wrong")),
    ];
    let answers = send("/scim/v2", &endpoint, requests);
    let statuses: Vec<u16> = answers.iter().map(|(head, _)| head.status().as_u16()).collect();
    assert_eq!(statuses, [201, 200, 200, 413, 404, 401]);
    let (created, found, head, refused) = (&answers[0], &answers[1], &answers[2], &answers[3..]);
    let location = created.0.headers().get("location").unwrap().to_str().unwrap();
    assert!(location.starts_with("https://example.com/scim/v2/Users/") && created.1.contains(location));
    assert!(found.1.contains("\"totalResults\":1"), "{}", found.1);
    assert_eq!(head.1, "");
    for (head, body) in refused {
        assert!(body.contains("urn:ietf:params:scim:api:messages:2.0:Error"), "{body}");
        assert_eq!(
            head.headers().get("content-type").unwrap(),
            "application/scim+json; charset=utf-8"
        );
    }
}

#[test]
fn tenants_have_urls_of_their_own() {
    let endpoint = endpoint("https://example.com/scim/{tenant}/v2");
    let requests = vec![
        request(Method::GET, "/scim/acme/v2/Users", ""),
        request(Method::GET, "/scim/other/v2/Users", ""),
    ];
    let answers = send("/scim", &endpoint, requests);
    assert_eq!(answers[0].0.status(), 200);
    assert_eq!(answers[1].0.status(), 403);
}

#[test]
fn a_handler_may_say_whose_url_it_was() {
    let endpoint = endpoint("https://example.com/scim/{tenant}/v2");
    System::new().block_on(async {
        let handler = web::to(move |request: HttpRequest, payload: web::Payload| {
            let endpoint = endpoint.clone();
            async move {
                request.extensions_mut().insert(UrlTenant("acme".into()));
                endpoint.answer(&request, payload).await
            }
        });
        let app = init_service(App::new().default_service(handler)).await;
        let response = call_service(&app, request(Method::GET, "/Users", "").to_request()).await;
        assert_eq!(response.status(), 200);
    });
}

#[test]
fn what_was_tolerated_is_told_to_the_host() {
    let endpoint = endpoint("https://example.com/scim/v2");
    let user = USER.replace("\"ada\"", "\"ada\",\"active\":\"True\"");
    let answers = send(
        "/scim/v2",
        &endpoint,
        vec![request(Method::POST, "/scim/v2/Users", &user)],
    );
    assert_eq!(answers[0].0.status(), 201, "{}", answers[0].1);
    assert!(!answers[0].0.extensions().get::<Notes>().unwrap().as_slice().is_empty());
}
