//! A host that takes whatever comes, as slowly as it comes: the checks of hosts must catch it.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use scim_conformance::socket::{Oversized, SlowClients, Socket};
use scim_http::{
    BearerTokens, Expiry, ScimService,
    store::{MemoryStore, Principal},
};
use tokio::{net::TcpListener, runtime::Runtime};

const TOKEN: &str = "tok";
const WAIT: Duration = Duration::from_secs(1);

/// It serves as long as the runtime lives.
fn careless() -> (Runtime, Socket) {
    let runtime = Runtime::new().unwrap();
    let tokens = BearerTokens::new();
    tokens.add(TOKEN, Principal::new("main", TOKEN), Expiry::Never).unwrap();
    let service = ScimService::builder("https://example.com/scim/v2", MemoryStore::new(), tokens);
    let app = Router::new().fallback(answer).with_state(service.build().unwrap());
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, app).await });
    (runtime, Socket::new(&address.to_string()))
}

async fn answer(State(service): State<ScimService>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    service.handle(Request::from_parts(head, body)).await.map(Body::new)
}

#[test]
fn a_host_without_time_limits_is_caught() {
    let (_runtime, socket) = careless();
    let clients = SlowClients::new().with(|clients| {
        clients.slow = 50;
        clients.wait = WAIT;
    });
    let problems = clients.run(&socket, "/scim/v2", TOKEN).unwrap_err();
    for kind in ["Silent", "SlowHead", "SlowBody", "Deaf"] {
        let expected = format!("{kind}: the connection was not ended");
        assert!(problems.contains(&expected), "{expected} is not in: {problems}");
    }
}

#[test]
fn a_host_that_reads_without_end_is_caught() {
    let (_runtime, socket) = careless();
    let oversized = Oversized::new(1 << 20).with(|oversized| {
        oversized.most = 8 << 20;
        oversized.wait = WAIT;
    });
    let problems = oversized
        .run(&socket, "/scim/v2", TOKEN, std::process::id())
        .unwrap_err();
    for expected in ["and no end: no answer", "a length of", "taken without an answer"] {
        assert!(problems.contains(expected), "{expected} is not in: {problems}");
    }
    if cfg!(target_os = "linux") {
        assert!(problems.contains("the host grew by"), "{problems}");
    }
}
