//! P5: requests through the whole handler on the store in memory, with few and with many users; P10: bulk.
//!
//! POST comes last, since it makes the store grow while it is measured.

use bytes::Bytes;
use http::{Method, Request};
use scim_core::dialect::PatchAnswer;
use scim_http::{BearerTokens, Expiry, ScimService, store::Principal};
use serde_json::json;

use crate::{
    Failure,
    floor::server::Server,
    measure::{Times, consume, side_by_side},
    report,
    service::{create, guarded, load, request, send, service, shuffled},
    workload::{self, id, user_name},
};

const FEW: usize = 1_000;
const MANY: usize = 100_000;
const GROWTH: f64 = 1.3;

/// A label, the goal, and what makes the requests from how many users there are and their identifiers.
type Row = (
    &'static str,
    f64,
    fn(&[String]) -> Box<dyn FnMut() -> Request<Bytes> + '_>,
);

const ROWS: [Row; 6] = [
    ("GET user", 3.0, get),
    ("filter userName eq", 3.0, filter),
    ("list 100, first page", 4.0, |_| list(1)),
    ("list 100, deep page", 4.0, |ids| list(ids.len() - 200)),
    ("PATCH active", 2.5, patch),
    ("POST user", 2.5, post),
];

pub(crate) fn run() -> Result<(), Failure> {
    let few = rows(FEW)?;
    let many = rows(MANY)?;
    for (((label, ..), few), many) in ROWS.iter().zip(few).zip(many) {
        report::growths("P5", &format!("{label}, {FEW} to {MANY}"), few, many, Some(GROWTH));
    }
    credentials()?;
    bulk()
}

fn rows(count: usize) -> Result<Vec<Times>, Failure> {
    let service = service(PatchAnswer::Resource)?;
    let ids = load(&service, count)?;
    let floor = Server::default();
    for number in 0..count {
        answer(
            &floor,
            &request(Method::POST, "Users", workload::user(number).to_string()),
        )?;
    }
    let floor_ids: Vec<String> = (0..count).map(id).collect();
    let mut rows = Vec::new();
    for (label, goal, requests) in ROWS {
        check(&service, &floor, requests(&ids)(), &requests(&floor_ids)())?;
        let mut floor_requests = requests(&floor_ids);
        floor_requests(); // that one was sent for the check
        let mut our_requests = requests(&ids);
        our_requests();
        let times = side_by_side(
            &mut consume(our_requests, |request| send(&service, request)),
            &mut consume(floor_requests, |request| floor.handle(&request)),
        );
        report::times("P5", &format!("{label}, n={count}"), times, Some(goal));
        rows.push(times);
    }
    Ok(rows)
}

/// Both sides must do what they are asked.
fn check(service: &ScimService, floor: &Server, ours: Request<Bytes>, floors: &Request<Bytes>) -> Result<(), Failure> {
    let what = format!("{} {}", ours.method(), ours.uri());
    let response = send(service, ours);
    if !response.status().is_success() {
        return Err(format!("{what}: {} {:?}", response.status(), response.body().as_bytes()).into());
    }
    answer(floor, floors)
}

fn answer(floor: &Server, request: &Request<Bytes>) -> Result<(), Failure> {
    match floor.handle(request) {
        Some(_) => Ok(()),
        None => Err(format!("the floor cannot {} {}", request.method(), request.uri()).into()),
    }
}

fn get(ids: &[String]) -> Box<dyn FnMut() -> Request<Bytes> + '_> {
    let mut next = shuffled(ids.len());
    Box::new(move || {
        let id = ids.get(next()).map(String::as_str).unwrap_or_default();
        request(Method::GET, &format!("Users/{id}"), "")
    })
}

fn filter(ids: &[String]) -> Box<dyn FnMut() -> Request<Bytes> + '_> {
    let mut next = shuffled(ids.len());
    Box::new(move || {
        let name = user_name(next()).replace('@', "%40");
        request(Method::GET, &format!("Users?filter=userName%20eq%20%22{name}%22"), "")
    })
}

fn list(start: usize) -> Box<dyn FnMut() -> Request<Bytes>> {
    Box::new(move || request(Method::GET, &format!("Users?startIndex={start}&count=100"), ""))
}

/// Each request changes something: the value is the other one each time that all users had their turn.
fn patch(ids: &[String]) -> Box<dyn FnMut() -> Request<Bytes> + '_> {
    let mut turn = 0;
    Box::new(move || {
        let number = turn % ids.len();
        let becomes_active = (turn / ids.len()).is_multiple_of(2) == (number % 10 == 3);
        turn += 1;
        let id = ids.get(number).map(String::as_str).unwrap_or_default();
        let body = workload::DEACTIVATE.replace("false", if becomes_active { "true" } else { "false" });
        request(Method::PATCH, &format!("Users/{id}"), body)
    })
}

fn post(ids: &[String]) -> Box<dyn FnMut() -> Request<Bytes> + '_> {
    let mut number = ids.len();
    Box::new(move || {
        number += 1;
        request(Method::POST, "Users", workload::user(number).to_string())
    })
}

/// What bearer tokens cost on top.
fn credentials() -> Result<(), Failure> {
    let tokens = BearerTokens::new();
    tokens.add("token", Principal::new("tenant", "bench"), Expiry::Never)?;
    let service = guarded(PatchAnswer::Resource, tokens)?;
    let with_token = |mut request: Request<Bytes>| {
        let token = http::HeaderValue::from_static("Bearer token");
        request.headers_mut().insert(http::header::AUTHORIZATION, token);
        request
    };
    let posted = with_token(request(Method::POST, "Users", workload::user(0).to_string()));
    let location = send(&service, posted)
        .headers()
        .get("location")
        .ok_or("no user was made")?
        .to_str()?
        .to_owned();
    let id = location.rsplit('/').next().unwrap_or_default().to_owned();
    let open = self::service(PatchAnswer::Resource)?;
    let open_id = create(&open, "Users", &workload::user(0))?;
    let times = side_by_side(
        &mut consume(
            || with_token(request(Method::GET, &format!("Users/{id}"), "")),
            |r| send(&service, r),
        ),
        &mut consume(
            || request(Method::GET, &format!("Users/{open_id}"), ""),
            |r| send(&open, r),
        ),
    );
    report::growth("-", "GET user, open to bearer token", times.floor, times.ours, None);
    Ok(())
}

/// Twice the operations may cost little more than twice the time.
fn bulk() -> Result<(), Failure> {
    let service = service(PatchAnswer::Resource)?;
    let number = std::cell::Cell::new(0);
    let make = |count: usize| {
        let operation = |_| {
            number.set(number.get() + 1);
            let user = json!({ "schemas": [workload::USER], "userName": user_name(number.get()) });
            json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{}", number.get()), "data": user })
        };
        let operations: Vec<_> = (0..count).map(operation).collect();
        let body =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
        request(Method::POST, "Bulk", body.to_string())
    };
    let response = send(&service, make(2_000));
    if response.status() != 200 {
        return Err(format!("bulk: {} {:?}", response.status(), response.body().as_bytes()).into());
    }
    let times = side_by_side(
        &mut consume(|| make(2_000), |request| send(&service, request)),
        &mut consume(|| make(1_000), |request| send(&service, request)),
    );
    report::growth(
        "P10",
        "bulk, 1000 to 2000 operations",
        times.floor,
        times.ours,
        Some(2.2),
    );
    Ok(())
}
