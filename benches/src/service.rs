//! The service under test, without a socket, and the requests that it and the floor are sent.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response, header::LOCATION, request::Parts};
use scim_core::{Dialect, Limits, ResourceId, dialect::PatchAnswer};
use scim_http::{
    AuthError, Authenticator, Body, ScimService, ScimServiceBuilder,
    store::{IdSource, MemoryStore, Principal},
};
use serde_json::Value;

use crate::{Failure, workload};

/// Lets everybody in: the floor does not ask either.
#[derive(Debug)]
pub(crate) struct Open(Principal);

impl Default for Open {
    fn default() -> Self {
        Self(Principal::new("tenant", "bench"))
    }
}

#[async_trait]
impl Authenticator for Open {
    async fn authenticate(&self, _: &Parts, _: DateTime<Utc>) -> Result<Principal, AuthError> {
        Ok(self.0.clone())
    }
}

pub(crate) const BASE: &str = "https://example.com/scim/v2";

/// Identifiers in order, so that a load generator knows them: those of [`workload::id`].
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl IdSource for Counted {
    fn next(&self) -> ResourceId {
        ResourceId::new(workload::id(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// An empty service in memory that lets everybody in and takes large bulk requests.
pub(crate) fn service(patch_answer: PatchAnswer) -> Result<ScimService, Failure> {
    guarded(patch_answer, Open::default())
}

/// The same with credentials.
pub(crate) fn guarded(patch_answer: PatchAnswer, authenticator: impl Authenticator) -> Result<ScimService, Failure> {
    Ok(builder(patch_answer, authenticator).build()?)
}

/// One that lets everybody in and counts its identifiers.
pub(crate) fn counted(patch_answer: PatchAnswer) -> Result<ScimService, Failure> {
    Ok(builder(patch_answer, Open::default()).ids(Counted::default()).build()?)
}

fn builder(patch_answer: PatchAnswer, authenticator: impl Authenticator) -> ScimServiceBuilder {
    let dialect = Dialect::default().with(|dialect| dialect.patch_answer = patch_answer);
    let limits = Limits::default().with(|limits| {
        limits.bulk_operations = 4_000;
        limits.bulk_body = 16 << 20;
    });
    ScimService::builder(BASE, MemoryStore::new(), authenticator)
        .dialect(dialect)
        .limits(limits)
}

/// Loads users by POST; gives back their identifiers.
pub(crate) fn load(service: &ScimService, count: usize) -> Result<Vec<String>, Failure> {
    (0..count)
        .map(|number| create(service, "Users", &workload::user(number)))
        .collect()
}

/// Creates one resource; gives back its identifier.
pub(crate) fn create(service: &ScimService, endpoint: &str, body: &Value) -> Result<String, Failure> {
    let response = send(service, request(Method::POST, endpoint, body.to_string()));
    if response.status() != 201 {
        return Err(format!("{endpoint}: {} {:?}", response.status(), response.body().as_bytes()).into());
    }
    let location = response.headers().get(LOCATION).ok_or("no location")?.to_str()?;
    Ok(location.rsplit('/').next().unwrap_or_default().to_owned())
}

/// A request to a path below the base URL.
pub(crate) fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = Request::new(body.into());
    *request.method_mut() = method;
    *request.uri_mut() = format!("/scim/v2/{path}").parse().unwrap_or_default();
    request
}

/// The answer to a request.
pub(crate) fn send(service: &ScimService, request: Request<Bytes>) -> Response<Body> {
    block_on(service.handle(request))
}

/// Runs a future that never waits for anything outside.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Numbers below `end` in an order without order, the same in every run.
pub(crate) fn shuffled(end: usize) -> impl FnMut() -> usize {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap_or_default() % end
    }
}
