//! From axum to [`ScimService`] and back: what an axum application of your own needs.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{
        HeaderValue, Method, Response,
        header::{CONNECTION, CONTENT_TYPE, EXPECT},
        request::Parts,
    },
};
use scim_http::{ScimService, core::ScimError};
use tokio::time::timeout_at;

use crate::log::Line;

/// A body must arrive within this time, and a second more for each [`SLOWEST`] bytes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes a second below which a client is taken for one that only wants to hold a connection.
const SLOWEST: usize = 64 << 10;

/// How much of a body that is too long is read and dropped, so that its sender comes to see the answer.
const DROPPED: usize = 32 << 20;

/// Why a body was not read.
enum Unread {
    Broken,
    TooLong,
    TooSlow,
}

/// Everything goes to the service, so that unknown paths are answered as SCIM asks for too.
///
/// Beside routes of your own, mount it at the path of the base URL: `Router::new().nest_service("/scim/v2", router(service))`.
pub(crate) fn router(service: ScimService) -> Router {
    Router::new().fallback(answer).with_state(service)
}

async fn answer(State(service): State<ScimService>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let line = Line::new(&head);
    let response = match read(&head, body, service.body_limit(&head)).await {
        Ok(body) => service.handle(Request::from_parts(head, body)).await,
        Err(Unread::Broken) => fault(400, "the body broke off"),
        Err(Unread::TooLong) => service.refuse_body(&head).await,
        Err(Unread::TooSlow) => fault(408, "the body came too slowly"),
    };
    line.write(&response, started.elapsed());
    response.map(Body::new)
}

/// The body, read no further than the limit; of methods that have none it is left alone (RFC 9110 section 9.3).
async fn read(head: &Parts, mut body: Body, limit: usize) -> Result<Bytes, Unread> {
    if !matches!(head.method, Method::PATCH | Method::POST | Method::PUT) || body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let is_too_long = body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX);
    let read = if is_too_long {
        Err(Unread::TooLong)
    } else {
        collect(&mut body, limit).await
    };
    // Who waits for leave to send a body is not given it (RFC 9110 section 10.1.1): nothing is on its way.
    if matches!(read, Err(Unread::TooLong)) && !head.headers.contains_key(EXPECT) {
        drop_rest(&mut body).await;
    }
    read
}

async fn collect(body: &mut Body, limit: usize) -> Result<Bytes, Unread> {
    let mut clock = Patience::new();
    // Most bodies come in one piece, which is handed on as it is.
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    while let Some(piece) = clock.next(body).await? {
        if clock.received > limit {
            return Err(Unread::TooLong);
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = piece;
            continue;
        }
        if pieces.is_empty() {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
        }
        pieces.extend_from_slice(&piece);
    }
    Ok(if pieces.is_empty() { whole } else { Bytes::from(pieces) })
}

async fn drop_rest(body: &mut Body) {
    let mut clock = Patience::new();
    while let Ok(Some(_)) = clock.next(body).await {
        if clock.received > DROPPED {
            return;
        }
    }
}

/// How much came, and until when more is waited for.
struct Patience {
    start: tokio::time::Instant,
    received: usize,
}

impl Patience {
    fn new() -> Self {
        Self {
            start: tokio::time::Instant::now(),
            received: 0,
        }
    }

    /// The next piece, and `None` at the end.
    async fn next(&mut self, body: &mut Body) -> Result<Option<Bytes>, Unread> {
        let earned = Duration::from_secs(u64::try_from(self.received / SLOWEST).unwrap_or(0));
        let end = self.start + PATIENCE + earned;
        loop {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
            let Some(frame) = timeout_at(end, frame).await.map_err(|_| Unread::TooSlow)? else {
                return Ok(None);
            };
            // Trailers are none of SCIM's.
            if let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() {
                self.received = self.received.saturating_add(data.len());
                return Ok(Some(data));
            }
        }
    }
}

/// An answer that the service has no part in, in the form that all its errors have (RFC 7644 section 3.12).
fn fault(status: u16, detail: &'static str) -> Response<scim_http::Body> {
    let error = ScimError::new(status, detail);
    let mut response = Response::new(scim_http::Body::from(error.to_json().to_string().into_bytes()));
    *response.status_mut() = error.status().try_into().unwrap_or_default();
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/scim+json; charset=utf-8"),
    );
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
