//! The endpoint in routers, as clients see it.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use http::Request;
use http_body::Frame;
use scim_axum::Endpoint;
use scim_http::{
    BearerTokens, Expiry, Pace, ScimService,
    core::Limits,
    store::{MemoryStore, Principal},
};
use tower_service::Service;

const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}"#;

fn service(base_url: &str) -> ScimService {
    let tokens = BearerTokens::new();
    for tenant in ["acme", "other"] {
        tokens
            .add(&format!("tok-{tenant}"), Principal::new(tenant, "t"), Expiry::Never)
            .unwrap();
    }
    ScimService::builder(base_url, MemoryStore::new(), tokens)
        .limits(Limits::default().with(|limits| limits.body = 1000))
        .build()
        .unwrap()
}

async fn send(router: &Router, method: &str, path: &str, token: &str, body: impl Into<Body>) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "example.com")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/scim+json")
        .body(body.into())
        .unwrap();
    read(router.clone().call(request).await.unwrap()).await
}

async fn read(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn it_is_mounted_anywhere() {
    let service = service("https://example.com/scim/v2");
    let routers = [
        ("/scim/v2", scim_axum::router(service.clone())),
        ("", scim_axum::router(service.clone())),
        (
            "/scim/v2",
            Router::new().nest_service("/scim/v2", Endpoint::new(service.clone())),
        ),
        (
            "/inside",
            Router::new().nest_service("/inside", scim_axum::router(service.clone())),
        ),
        (
            "/scim/v2",
            Router::new().route_service("/scim/v2/{*path}", Endpoint::new(service)),
        ),
    ];
    for (base, router) in &routers {
        let name = format!("ada{:p}", router);
        let user = USER.replace("ada", &name);
        let created = send(router, "POST", &format!("{base}/Users"), "tok-acme", user).await;
        assert_eq!(created.0, 201, "{base}: {}", created.1);
        assert!(
            created.1.contains("https://example.com/scim/v2/Users/"),
            "{}",
            created.1
        );
        let unknown = send(router, "GET", &format!("{base}/Nothing"), "tok-acme", "").await;
        assert!(
            unknown.0 == 404 && unknown.1.contains("api:messages:2.0:Error"),
            "{unknown:?}"
        );
    }
}

#[tokio::test]
async fn tenants_with_urls_of_their_own_are_routed_whole() {
    let service = service("https://example.com/scim/{tenant}/v2");
    let router = Router::new().route_service("/scim/{*path}", Endpoint::new(service));
    let status = async |path: &str| send(&router, "GET", path, "tok-acme", "").await.0;
    assert_eq!(status("/scim/acme/v2/Users").await, 200);
    assert_eq!(status("/scim/other/v2/Users").await, 403);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_coming_is_408() {
    let endpoint = Endpoint::new(service("https://example.com/scim/v2"));
    let endpoint = endpoint.with_pace(Pace::default().with(|pace| pace.patience = Duration::from_secs(3)));
    let router = Router::new().fallback_service(endpoint);
    let start = tokio::time::Instant::now();
    let (status, body) = send(&router, "POST", "/Users", "tok-acme", Body::new(Endless::new(0))).await;
    assert!(status == 408 && body.contains("\"408\""), "{body}");
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_is_refused_at_once_and_read_on_beside() {
    let router = scim_axum::router(service("https://example.com/scim/v2"));
    let body = Endless::new(500);
    let read = Arc::clone(&body.read);
    let start = tokio::time::Instant::now();
    let (status, _) = send(&router, "POST", "/Users", "tok-acme", Body::new(body)).await;
    assert_eq!((status, start.elapsed()), (413, Duration::ZERO));
    assert_eq!(
        read.load(Ordering::Relaxed),
        11,
        "pieces of 100 bytes, the limit is 1000"
    );
    tokio::task::yield_now().await;
    assert_eq!(read.load(Ordering::Relaxed), 500);
}

#[tokio::test]
async fn a_request_that_is_dropped_harms_nobody() {
    let router = scim_axum::router(service("https://example.com/scim/v2"));
    let mut half = Box::pin(send(&router, "POST", "/Users", "tok-acme", Body::new(Endless::new(3))));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(half.as_mut().poll(&mut context).is_pending());
    drop(half);
    assert_eq!(send(&router, "POST", "/Users", "tok-acme", USER).await.0, 201);
}

/// So many pieces of 100 bytes, and then nothing more.
struct Endless {
    pieces: usize,
    read: Arc<AtomicUsize>,
}

impl Endless {
    fn new(pieces: usize) -> Self {
        Self {
            pieces,
            read: Arc::default(),
        }
    }
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.read.load(Ordering::Relaxed) == self.pieces {
            return Poll::Pending;
        }
        self.read.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 100])))))
    }
}
