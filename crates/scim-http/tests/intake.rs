//! Bodies that come in pieces, slowly, or in masses.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

use std::{
    collections::VecDeque,
    future::{Pending, Ready, pending, ready},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response, request::Parts};
use http_body::{Frame, SizeHint};
use scim_conformance::block_on;
use scim_http::{
    AuthError, Authenticator, BearerTokens, Body, Expiry, Intake, Pace, Rest, ScimService,
    core::Limits,
    store::{Clock, MemoryStore, Principal},
};

const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}"#;
const LIMIT: usize = 1000;

/// What a client does next.
#[derive(Clone)]
enum Act {
    Send(&'static [u8]),
    BreakOff,
    /// Nothing, without end.
    Wait,
}

/// A body by a script, which counts what was asked of it.
struct Script {
    acts: VecDeque<Act>,
    length: u64,
    asked: Arc<AtomicUsize>,
}

impl Script {
    fn new(acts: &[Act]) -> Self {
        Self {
            acts: acts.iter().cloned().collect(),
            length: 0,
            asked: Arc::default(),
        }
    }
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(Act::Wait) = self.acts.front() {
            return Poll::Pending;
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(match self.acts.pop_front() {
            Some(Act::Send(bytes)) => Some(Ok(Frame::data(Bytes::from_static(bytes)))),
            Some(_) => Some(Err("reset")),
            None => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.length);
        hint
    }
}

fn service() -> ScimService {
    let tokens = BearerTokens::new();
    tokens.add("tok", Principal::new("acme", "t"), Expiry::Never).unwrap();
    ScimService::builder("https://example.com/scim/v2", MemoryStore::new(), tokens)
        .limits(Limits::default().with(|limits| limits.body = LIMIT))
        .build()
        .unwrap()
}

fn post(body: Script) -> Request<Script> {
    Request::post("/scim/v2/Users")
        .header("authorization", "Bearer tok")
        .header("content-type", "application/scim+json")
        .body(body)
        .unwrap()
}

/// With a timer that never ends.
fn patient(request: Request<Script>) -> (Response<Body>, Option<Rest<Script, Pending<()>>>) {
    let intake = Intake::new(service(), |_: Duration| pending());
    block_on(intake.answer(request))
}

/// With a timer that ends at once.
fn hasty(request: Request<Script>) -> (Response<Body>, Option<Rest<Script, Ready<()>>>) {
    let intake = Intake::new(service(), |_: Duration| ready(()));
    block_on(intake.answer(request))
}

fn is_error(answer: &Response<Body>) -> bool {
    let body = String::from_utf8(answer.body().as_bytes().unwrap().to_vec()).unwrap();
    body.contains("urn:ietf:params:scim:api:messages:2.0:Error")
        && body.contains(&format!("\"status\":\"{}\"", answer.status().as_u16()))
        && answer.headers().get("content-type").unwrap() == "application/scim+json; charset=utf-8"
        && answer.headers().contains_key("cache-control")
}

#[test]
fn a_body_may_come_in_pieces() {
    let (start, end) = USER.as_bytes().split_at(30);
    let (middle, end) = end.split_at(10);
    for acts in [
        vec![Act::Send(USER.as_bytes())],
        vec![Act::Send(start), Act::Send(b""), Act::Send(middle), Act::Send(end)],
    ] {
        let (answer, rest) = patient(post(Script::new(&acts)));
        assert_eq!(answer.status(), 201);
        assert!(rest.is_none());
    }
}

#[test]
fn a_body_is_read_to_the_limit_and_no_further() {
    let pieces = vec![Act::Send(&[b' '; 100]); 30];
    let body = Script::new(&pieces);
    let asked = Arc::clone(&body.asked);
    let (answer, rest) = patient(post(body));
    assert!(answer.status() == 413 && is_error(&answer));
    assert_eq!(asked.load(Ordering::Relaxed), LIMIT / 100 + 1);
    block_on(rest.unwrap());
    assert_eq!(asked.load(Ordering::Relaxed), 31, "the rest is read, up to its end");
}

#[test]
fn a_length_beyond_the_limit_is_believed_at_once() {
    let mut body = Script::new(&[Act::Wait]);
    body.length = 1 << 40;
    let (answer, rest) = patient(post(body));
    assert!(answer.status() == 413 && is_error(&answer));
    assert!(rest.is_some() && !answer.headers().contains_key("connection"));
}

#[test]
fn who_waits_for_leave_to_send_too_much_is_not_given_it() {
    let mut body = Script::new(&[Act::Send(b" ")]);
    body.length = 1 << 40;
    let asked = Arc::clone(&body.asked);
    let mut request = post(body);
    request.headers_mut().insert("expect", "100-continue".parse().unwrap());
    let (answer, rest) = patient(request);
    assert!(answer.status() == 413 && rest.is_none());
    assert_eq!(answer.headers().get("connection").unwrap(), "close");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

/// Whatever they send, and however slowly.
#[test]
fn strangers_are_asked_who_they_are_before_their_bodies_are_read() {
    let bodies = [
        vec![Act::Wait],
        vec![Act::BreakOff],
        vec![Act::Send(b"{"), Act::Wait],
        vec![Act::Send(b"{"), Act::BreakOff],
        vec![Act::Send(USER.as_bytes())],
        vec![Act::Send(&[b' '; 100]); 30],
    ];
    for acts in &bodies {
        for (length, credentials) in [(0, None), (0, Some("Bearer wrong")), (1 << 40, None)] {
            let mut body = Script::new(acts);
            body.length = length;
            let asked = Arc::clone(&body.asked);
            let mut request = post(body);
            request.headers_mut().remove("authorization");
            if let Some(credentials) = credentials {
                request
                    .headers_mut()
                    .insert("authorization", credentials.parse().unwrap());
            }
            let (answer, rest) = hasty(request);
            assert!(answer.status() == 401 && is_error(&answer));
            assert!(answer.headers().contains_key("www-authenticate"));
            assert_eq!(asked.load(Ordering::Relaxed), 0, "nothing is read of it");
            // What is left is dropped, so that the answer arrives.
            block_on(rest.unwrap());
        }
    }
}

#[test]
fn a_stranger_who_waits_for_leave_to_send_is_not_given_it() {
    let mut request = post(Script::new(&[Act::Send(USER.as_bytes())]));
    request.headers_mut().remove("authorization");
    request.headers_mut().insert("expect", "100-continue".parse().unwrap());
    let (answer, rest) = patient(request);
    assert!(answer.status() == 401 && rest.is_none());
    assert_eq!(answer.headers().get("connection").unwrap(), "close");
}

/// Counts how often it is asked.
#[derive(Debug, Clone, Default)]
struct Counting(Arc<AtomicUsize>);

#[async_trait::async_trait]
impl Authenticator for Counting {
    async fn authenticate(&self, _: &Parts, _: DateTime<Utc>) -> Result<Principal, AuthError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Principal::new("acme", "t"))
    }
}

#[test]
fn credentials_are_checked_once_for_each_request() {
    for (acts, status) in [
        (vec![Act::Send(USER.as_bytes())], 201),
        (vec![Act::Send(&[b' '; 100]); 30], 413),
        (vec![Act::BreakOff], 400),
        (vec![], 400),
    ] {
        let counting = Counting::default();
        let service = ScimService::builder("https://example.com/scim/v2", MemoryStore::new(), counting.clone());
        let service = service.limits(Limits::default().with(|limits| limits.body = LIMIT));
        let intake = Intake::new(service.build().unwrap(), |_: Duration| pending());
        let (answer, _) = block_on(intake.answer(post(Script::new(&acts))));
        assert_eq!(
            (answer.status().as_u16(), counting.0.load(Ordering::Relaxed)),
            (status, 1)
        );
    }
}

/// An hour goes by each time that it is looked at.
#[derive(Debug, Default)]
struct Hours(AtomicUsize);

impl Clock for Hours {
    fn now(&self) -> DateTime<Utc> {
        let hour = self.0.fetch_add(1, Ordering::Relaxed);
        DateTime::UNIX_EPOCH + Duration::from_secs(3600 * u64::try_from(hour).unwrap())
    }
}

#[test]
fn a_change_is_of_the_time_when_its_body_had_come() {
    let service = ScimService::builder("https://example.com/scim/v2", MemoryStore::new(), Counting::default());
    let intake = Intake::new(service.clock(Hours::default()).build().unwrap(), |_: Duration| {
        pending()
    });
    let (answer, _) = block_on(intake.answer(post(Script::new(&[Act::Send(USER.as_bytes())]))));
    let body = String::from_utf8(answer.body().as_bytes().unwrap().to_vec()).unwrap();
    assert!(body.contains("\"created\":\"1970-01-01T01:00:00"), "{body}");
}

#[test]
fn a_body_that_stops_coming_is_408() {
    let (answer, rest) = hasty(post(Script::new(&[Act::Send(b"{"), Act::Wait])));
    assert!(answer.status() == 408 && is_error(&answer));
    assert!(rest.is_none());
    assert_eq!(answer.headers().get("connection").unwrap(), "close");
}

#[test]
fn bytes_earn_time() {
    let pace = Pace::default().with(|pace| pace.slowest = 10);
    let asked = |acts: &[Act]| {
        // Counts the times that were given.
        static GIVEN: AtomicUsize = AtomicUsize::new(0);
        GIVEN.store(0, Ordering::Relaxed);
        let intake = Intake::new(service(), |time: Duration| {
            GIVEN.fetch_add(usize::try_from(time.as_secs()).unwrap(), Ordering::Relaxed);
            ready(())
        });
        let (answer, _) = block_on(intake.with_pace(pace).answer(post(Script::new(acts))));
        assert_eq!(answer.status(), 408);
        GIVEN.load(Ordering::Relaxed)
    };
    assert_eq!(asked(&[Act::Wait]), 10);
    assert_eq!(asked(&[Act::Send(&[b' '; 35]), Act::Wait]), 13);
}

#[test]
fn a_body_that_breaks_off_is_400() {
    let (answer, rest) = patient(post(Script::new(&[Act::Send(USER.as_bytes()), Act::BreakOff])));
    assert!(answer.status() == 400 && is_error(&answer) && rest.is_none());
}

#[test]
fn methods_without_a_body_do_not_wait_for_one() {
    let mut request = post(Script::new(&[Act::Wait]));
    *request.method_mut() = http::Method::GET;
    assert_eq!(patient(request).0.status(), 200);
}

#[test]
fn of_the_rest_only_so_much_is_read() {
    let pace = Pace::default().with(|pace| pace.dropped = 500);
    let intake = Intake::new(service(), |_: Duration| pending()).with_pace(pace);
    let body = Script::new(&vec![Act::Send(&[b' '; 100]); 100]);
    let asked = Arc::clone(&body.asked);
    let (_, rest) = block_on(intake.answer(post(body)));
    let before = asked.load(Ordering::Relaxed);
    block_on(rest.unwrap());
    assert_eq!(asked.load(Ordering::Relaxed) - before, 6);
}

#[test]
fn a_request_that_is_dropped_changes_nothing() {
    let service = service();
    let intake = Intake::new(service.clone(), |_: Duration| pending());
    let half = Script::new(&[Act::Send(USER.as_bytes()), Act::Wait]);
    let mut answer = Box::pin(intake.answer(post(half)));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(answer.as_mut().poll(&mut context).is_pending());
    drop(answer);
    let list = Request::get("/scim/v2/Users").header("authorization", "Bearer tok");
    let list = block_on(service.handle(list.body("").unwrap()));
    let list = String::from_utf8(list.body().as_bytes().unwrap().to_vec()).unwrap();
    assert!(list.contains("\"totalResults\":0"), "{list}");
}
