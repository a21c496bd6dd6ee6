//! P7: both sides behind axum on one thread, loaded with users, for a load generator to talk to. See `p7.sh`.

use std::sync::Arc;

use axum::{Router, body, extract::Request, response::Response};
use http::{Method, StatusCode};
use scim_core::dialect::PatchAnswer;

use crate::{
    Failure,
    floor::server::Server,
    service::{counted, load, request},
    workload,
};

/// The longest body that is read.
const LONGEST: usize = 1 << 20;

/// Serves `ours` or the `floor` with so many users until it is killed.
pub(crate) fn serve(side: &str, address: &str, users: usize) -> Result<(), Failure> {
    let router = match side {
        "ours" => ours(users)?,
        "floor" => floor(users),
        other => return Err(format!("{other} is neither ours nor the floor").into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        println!("ready");
        axum::serve(listener, router).await
    })?;
    Ok(())
}

fn ours(users: usize) -> Result<Router, Failure> {
    let service = counted(PatchAnswer::Resource)?;
    load(&service, users)?;
    Ok(Router::new().fallback(move |request: Request| {
        let service = service.clone();
        async move {
            let (head, body) = request.into_parts();
            match body::to_bytes(body, service.body_limit(&head)).await {
                Ok(body) => service
                    .handle(Request::from_parts(head, body))
                    .await
                    .map(body::Body::new),
                Err(_) => service.refuse_body(&head).await.map(body::Body::new),
            }
        }
    }))
}

fn floor(users: usize) -> Router {
    let server = Arc::new(Server::default());
    for number in 0..users {
        server.handle(&request(Method::POST, "Users", workload::user(number).to_string()));
    }
    Router::new().fallback(move |request: Request| {
        let server = Arc::clone(&server);
        async move {
            let (head, body) = request.into_parts();
            let body = body::to_bytes(body, LONGEST).await.unwrap_or_default();
            match server.handle(&Request::from_parts(head, body)) {
                Some(response) => response.map(body::Body::from),
                None => {
                    let mut response = Response::default();
                    *response.status_mut() = StatusCode::BAD_REQUEST;
                    response
                }
            }
        }
    })
}
