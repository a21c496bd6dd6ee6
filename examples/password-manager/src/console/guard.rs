//! What stands before every page: strict headers, no posts from elsewhere, and none without end.

use std::time::Duration;

use axum::{
    body::{self, Body},
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{self, HeaderMap, HeaderName},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::app::App;

/// Nothing but our own style, script, pictures and forms; no inline script or style, no frames.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// A form must have arrived within this time.
pub(super) const FORM_TIME: Duration = Duration::from_secs(30);

/// Longest form, in bytes.
const FORM_BYTES: usize = 64 << 10;

/// Headers of pages, which are nobody else's to keep.
pub(super) async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    set(response.headers_mut(), &HEADERS);
    set(response.headers_mut(), &[(header::CACHE_CONTROL, "no-store")]);
    if app.public_url.starts_with("https:") {
        let forever = [(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000")];
        set(response.headers_mut(), &forever);
    }
    response
}

/// Headers of the style, the script and the picture.
pub(super) async fn asset_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    set(response.headers_mut(), &HEADERS);
    set(response.headers_mut(), &[(header::CACHE_CONTROL, "no-cache")]);
    response
}

/// Refuses posts that a page of another origin sent; the form's token is checked behind. A browser says where a post comes from.
pub(super) async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() == Method::POST && !is_own(request.headers(), &app.public_url) {
        return (StatusCode::FORBIDDEN, "this form was sent by another site\n").into_response();
    }
    next.run(request).await
}

/// Reads what is posted within limits, as some of it comes from people who have not signed in.
pub(super) async fn form(State(time): State<Duration>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let (status, why) = match tokio::time::timeout(time, body::to_bytes(body, FORM_BYTES)).await {
        Ok(Ok(form)) => return next.run(Request::from_parts(head, Body::from(form))).await,
        // Or it broke off, and nobody is there to see an answer.
        Ok(Err(_)) => (StatusCode::PAYLOAD_TOO_LARGE, "this form is too long\n"),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "this form came too slowly\n"),
    };
    (status, [(header::CONNECTION, "close")], why).into_response()
}

fn is_own(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text("origin") {
        // Of an opaque origin there is nothing to compare; a referrer policy makes one of ours say so in some browsers.
        None | Some("null") => true,
        Some(origin) => origin == public_url,
    }
}

fn set(headers: &mut HeaderMap, values: &[(HeaderName, &'static str)]) {
    for (name, value) in values {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::{Router, body::Bytes, middleware::from_fn_with_state, routing::post};
    use hyper::body::Frame;
    use tower_service::Service as _;

    use super::*;

    /// A form of which nothing ever comes.
    struct Never;

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_form_comes_in_time_and_is_short_or_is_not_taken() {
        let send = async |body: Body| {
            let page = post(|form: String| async move { form });
            let limits = from_fn_with_state(Duration::ZERO, form);
            let request = Request::post("/").body(body).unwrap();
            let mut router = Router::new().route("/", page).layer(limits);
            router.call(request).await.unwrap()
        };
        let answer = send(Body::from("link=a")).await;
        assert_eq!(body::to_bytes(answer.into_body(), 100).await.unwrap(), "link=a");
        let late = send(Body::new(Never)).await;
        assert_eq!(late.status(), 408);
        assert_eq!(late.headers()[header::CONNECTION], "close");
        assert_eq!(send(Body::from(vec![b'a'; FORM_BYTES])).await.status(), 200);
        assert_eq!(send(Body::from(vec![b'a'; FORM_BYTES + 1])).await.status(), 413);
    }

    #[test]
    fn a_post_of_another_origin_is_known() {
        let is_taken = |name: &'static str, value: &'static str| {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            is_own(&headers, "https://vault.example")
        };
        assert!(is_taken("origin", "https://vault.example"));
        assert!(is_taken("sec-fetch-site", "same-origin"));
        assert!(!is_taken("origin", "https://vault.exampl"));
        assert!(!is_taken("origin", "https://evil.example"));
        assert!(!is_taken("sec-fetch-site", "cross-site"));
        assert!(!is_taken("sec-fetch-site", "same-site"));
    }
}
