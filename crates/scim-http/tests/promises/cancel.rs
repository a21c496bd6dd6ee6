//! C18: a request whose client goes away leaves nothing half done, and nothing locked.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
};

use async_trait::async_trait;
use http::{Request, StatusCode};
use scim_http::{
    core::{
        Dialect, Draft, Edit, ResourceId,
        query::{Query, QueryPage},
        resource::Found,
    },
    store::{
        Attempt, Capabilities, Denial, Guard, IdSource, Read, Removal, Result, ScimStore, Scope, StoreError, TxView,
        Updated, Write, Written,
    },
};
use serde_json::{Value, json};

use crate::{
    atomicity::InPlace,
    generate::{Named, requests},
    support::{BULK, Server, TestStore, USER, block_on, store::is_in_memory},
};

/// Waits for one poll, as anything does that asks a database.
pub(crate) async fn pause() {
    let mut is_second = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Takes its time over every question.
#[derive(Debug)]
struct Slow;

#[async_trait]
impl Guard for Slow {
    async fn check(&self, _: &Scope, _: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        for _ in 0..3 {
            pause().await;
        }
        Ok(())
    }
}

/// The same identifiers for every service.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl IdSource for Counted {
    fn next(&self) -> ResourceId {
        ResourceId::new(format!("id{}", self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

fn server(store: TestStore, dialect: Dialect) -> Server {
    Server::on(Arc::new(store), dialect, |builder| builder.ids(Counted::default()))
}

/// Broken: a lock that only the end of the request gives back.
#[derive(Debug)]
struct Forgetful {
    inner: Arc<TestStore>,
    is_taken: AtomicBool,
}

impl Forgetful {
    fn take(&self) -> Result<()> {
        if self.is_taken.swap(true, Ordering::SeqCst) {
            return Err(StoreError::Unavailable {
                retry_after: 1,
                source: None,
            });
        }
        Ok(())
    }

    fn give<T>(&self, result: T) -> T {
        self.is_taken.store(false, Ordering::SeqCst);
        result
    }
}

#[async_trait]
impl ScimStore for Forgetful {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.take()?;
        self.give(self.inner.create(scope, draft).await)
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.take()?;
        self.give(self.inner.delete(scope, removal).await)
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.inner.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.inner.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.take()?;
        self.give(self.inner.update(scope, edit).await)
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.take()?;
        self.give(self.inner.batch(scope, writes).await)
    }
}

fn world(server: &Server) -> (Vec<String>, Vec<String>) {
    let users: Vec<String> = (0..3)
        .map(|n| server.user(json!({ "userName": format!("u{n}") })))
        .collect();
    let groups = vec![
        server.group("g", &[&users[0], &users[1]]),
        server.group("h", &[&users[0]]),
    ];
    (users, groups)
}

/// Polls a request so many times and drops it; how it was answered if that was before.
fn poll(server: &Server, (_, method, path, body): &Named, times: usize) -> Option<StatusCode> {
    let request = Request::builder()
        .method(*method)
        .uri(format!("/scim/v2{path}"))
        .header("authorization", "Bearer tokA")
        .header("content-type", "application/scim+json")
        .body(body.as_ref().map(Value::to_string).unwrap_or_default())
        .unwrap();
    block_on(async {
        let mut future = pin!(server.service.handle(request));
        let mut left = times;
        let polled = poll_fn(|context| {
            let Some(less) = left.checked_sub(1) else {
                return Poll::Ready(None);
            };
            left = less;
            match future.as_mut().poll(context) {
                Poll::Ready(response) => Poll::Ready(Some(response.status())),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        polled.await
    })
}

/// All that is kept, but for the names of requests, which are random.
fn state(server: &Server) -> Value {
    let mut dump = server.store.dump();
    for change in dump["A"]["changes"].as_array_mut().into_iter().flatten() {
        change["transaction"] = Value::Null;
    }
    dump
}

/// Drops each request at each of its polls; gives back how often that was, or what was left behind.
///
/// A store beyond this process may have been told to commit when the request is dropped: then all of it is done.
fn cancel_each(make: impl Fn() -> Server) -> std::result::Result<usize, String> {
    let mut dropped = 0;
    let count = {
        let server = make();
        let (users, groups) = world(&server);
        requests(&users, &groups).len()
    };
    for index in 0..count {
        let whole = {
            let server = make();
            let (users, groups) = world(&server);
            let sent = &requests(&users, &groups)[index];
            let status = poll(&server, sent, 10_000).unwrap();
            assert!(status.is_success(), "{}: {status}", sent.0);
            state(&server)
        };
        for times in 0.. {
            let server = make();
            let (users, groups) = world(&server);
            let sent = &requests(&users, &groups)[index];
            let before = state(&server);
            if let Some(status) = poll(&server, sent, times) {
                assert!(status.is_success(), "{}: {status}", sent.0);
                break;
            }
            dropped += 1;
            let left = state(&server);
            if left != before && (is_in_memory() || left != whole) {
                return Err(format!("{} was dropped after {times} polls and left a trace", sent.0));
            }
            let after = server.post("/Users", json!({ "schemas": [USER], "userName": "afterwards" }));
            if after.status != 201 {
                return Err(format!("{} was dropped after {times} polls: {}", sent.0, after.text));
            }
            let again = poll(&server, sent, 10_000).expect("an answer");
            assert!(
                again.is_success() || !is_in_memory() && again.is_client_error(),
                "{} was dropped after {times} polls and does not work again: {again}",
                sent.0
            );
        }
    }
    Ok(dropped)
}

fn slow() -> TestStore {
    TestStore::with_guard(Arc::new(Slow))
}

#[test]
fn c18_a_dropped_request_leaves_nothing() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let dropped = cancel_each(|| server(slow(), dialect.clone())).unwrap();
        // How often a request waits for a store beyond this process is that store's affair.
        let least = if is_in_memory() { 40 } else { 12 };
        assert!(dropped >= least, "{dropped}");
    }
}

#[test]
fn c18_a_dropped_bulk_has_done_whole_operations() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let operation = |n: usize| {
            json!({ "method": "POST", "path": "/Users", "bulkId": n.to_string(), "data":
                { "schemas": [USER], "userName": format!("new{n}"), "title": "T" } })
        };
        let body = json!({ "schemas": [BULK], "Operations": (0..4).map(operation).collect::<Vec<_>>() });
        let sent = ("bulk", "POST", "/Bulk".to_owned(), Some(body));
        let mut most = 0;
        for times in 0.. {
            let server = server(slow(), dialect.clone());
            let done = poll(&server, &sent, times).is_some();
            // One look: an operation that was under way may still be committed.
            let names = server.filter("/Users", r#"title eq "T""#).ok(200).names();
            let expected: Vec<String> = (0..names.len()).map(|n| format!("new{n}")).collect();
            assert_eq!(names, expected);
            assert!(names.len() >= most || !is_in_memory());
            most = names.len();
            server.user(json!({ "userName": "afterwards" }));
            if done {
                break;
            }
        }
        assert_eq!(most, 4);
    }
}

#[test]
fn c18_a_request_that_waits_for_its_turn_can_be_dropped_too() {
    let server = server(slow(), Dialect::default());
    let make = |name: &str| {
        Request::builder()
            .method("POST")
            .uri("/scim/v2/Users")
            .header("authorization", "Bearer tokA")
            .body(json!({ "schemas": [USER], "userName": name }).to_string())
            .unwrap()
    };
    block_on(poll_fn(|context| {
        let mut first = Box::pin(server.service.handle(make("first")));
        let mut second = Box::pin(server.service.handle(make("second")));
        for request in [&mut first, &mut second] {
            let is_waiting = request.as_mut().poll(context).is_pending();
            assert!(is_waiting || !is_in_memory());
        }
        drop(second);
        drop(first);
        Poll::Ready(())
    }));
    server.user(json!({ "userName": "third" }));
    let names = server.find("/Users", "userName pr");
    if is_in_memory() {
        assert_eq!(names, ["third"]);
    } else {
        assert!(names.contains(&"third".to_owned()), "{names:?}");
    }
}

#[test]
fn c18_a_lock_that_is_not_given_back_is_caught() {
    let caught = cancel_each(|| {
        let inner = Arc::new(slow());
        let store = Forgetful {
            inner: Arc::clone(&inner),
            is_taken: AtomicBool::new(false),
        };
        Server::over(inner, store, Dialect::default(), |builder| {
            builder.ids(Counted::default())
        })
    });
    assert!(caught.unwrap_err().contains("503"));
}

#[test]
fn c18_a_half_that_is_committed_early_is_caught() {
    let caught = cancel_each(|| {
        let inner = Arc::new(TestStore::new());
        Server::over(Arc::clone(&inner), InPlace(inner), Dialect::default(), |builder| {
            builder.ids(Counted::default())
        })
    });
    let trace = caught.unwrap_err();
    assert!(
        trace.contains(" a group was dropped after ") && trace.ends_with(" left a trace"),
        "{trace}"
    );
}
