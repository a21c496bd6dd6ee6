//! C18: a request whose client goes away leaves nothing half done, and nothing locked.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use http::Request;
use scim_http::{
    core::{
        Dialect, Draft, Edit,
        query::{Query, QueryPage},
        resource::Found,
    },
    store::{
        Attempt, Capabilities, Denial, Guard, MemoryStore, Read, Removal, Result, ScimStore, Scope, StoreError, TxView,
        Updated, Write, Written,
    },
};
use serde_json::{Value, json};

use crate::{
    atomicity::InPlace,
    support::{BULK, GROUP, Server, USER},
};

/// Waits for one poll, as anything does that asks a database.
pub(crate) async fn pause() {
    let mut is_second = false;
    std::future::poll_fn(|context| {
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

/// Broken: a lock that only the end of the request gives back.
#[derive(Debug)]
struct Forgetful {
    inner: Arc<MemoryStore>,
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

/// A request: its name, method, path and body.
type Sent = (&'static str, &'static str, String, Option<Value>);

fn requests(users: &[String], groups: &[String]) -> Vec<Sent> {
    let patch = |operations: Value| {
        Some(json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations }))
    };
    let (user, group) = (format!("/Users/{}", users[0]), format!("/Groups/{}", groups[0]));
    let new = |name: &str| json!({ "schemas": [USER], "userName": name });
    let circle = |id: &str, other: &str| {
        json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": {
            "schemas": [GROUP], "displayName": id, "members": [{ "value": format!("bulkId:{other}") }] } })
    };
    let group_body = json!({ "schemas": [GROUP], "displayName": "renamed", "members": [{ "value": users[2] }] });
    let members = json!([
        { "op": "replace", "path": "members", "value": [{ "value": users[2] }] },
        { "op": "replace", "path": "displayName", "value": "renamed" },
    ]);
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    vec![
        ("create", "POST", "/Users".to_owned(), Some(new("new"))),
        ("create a group", "POST", "/Groups".to_owned(), Some(group_body.clone())),
        ("replace", "PUT", user.clone(), Some(new("renamed"))),
        ("replace a group", "PUT", group.clone(), Some(group_body)),
        (
            "patch",
            "PATCH",
            user.clone(),
            patch(json!([{ "op": "add", "path": "title", "value": "T" }])),
        ),
        ("patch a group", "PATCH", group.clone(), patch(members)),
        ("delete", "DELETE", user.clone(), None),
        ("delete a group", "DELETE", group, None),
        ("read", "GET", user, None),
        ("list", "GET", "/Users?sortBy=userName".to_owned(), None),
        ("search", "POST", "/.search".to_owned(), Some(search)),
        (
            "circle",
            "POST",
            "/Bulk".to_owned(),
            Some(json!({ "schemas": [BULK], "Operations": [circle("a", "b"), circle("b", "a")] })),
        ),
    ]
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

/// Polls a request so many times and drops it; whether it was done before that.
fn poll(server: &Server, (_, method, path, body): &Sent, times: usize) -> bool {
    let request = Request::builder()
        .method(*method)
        .uri(format!("/scim/v2{path}"))
        .header("authorization", "Bearer tokA")
        .header("content-type", "application/scim+json")
        .body(body.as_ref().map(Value::to_string).unwrap_or_default())
        .unwrap();
    let mut future = pin!(server.service.handle(request));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..times {
        if let Poll::Ready(response) = future.as_mut().poll(&mut context) {
            assert!(response.status().as_u16() < 300, "{method} {path}: {response:?}");
            return true;
        }
    }
    false
}

/// Drops each request at each of its polls; gives back how often that was, or what was left behind.
fn cancel_each(make: impl Fn() -> Server) -> std::result::Result<usize, String> {
    let mut dropped = 0;
    let count = {
        let server = make();
        let (users, groups) = world(&server);
        requests(&users, &groups).len()
    };
    for index in 0..count {
        for times in 0.. {
            let server = make();
            let (users, groups) = world(&server);
            let sent = &requests(&users, &groups)[index];
            let before = server.store.dump();
            if poll(&server, sent, times) {
                break;
            }
            dropped += 1;
            if server.store.dump() != before {
                return Err(format!("{} was dropped after {times} polls and left a trace", sent.0));
            }
            let after = server.post("/Users", json!({ "schemas": [USER], "userName": "afterwards" }));
            if after.status != 201 {
                return Err(format!("{} was dropped after {times} polls: {}", sent.0, after.text));
            }
            assert!(
                poll(&server, sent, 1000),
                "{} was dropped after {times} polls and does not work again",
                sent.0
            );
        }
    }
    Ok(dropped)
}

fn slow() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::with_guard(Arc::new(Slow)))
}

#[test]
fn c18_a_dropped_request_leaves_nothing() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let dropped = cancel_each(|| Server::on(slow(), dialect.clone(), |builder| builder)).unwrap();
        assert!(dropped >= 40, "{dropped}");
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
            let server = Server::on(slow(), dialect.clone(), |builder| builder);
            let done = poll(&server, &sent, times);
            let names = server.find("/Users", r#"title eq "T""#);
            let expected: Vec<String> = (0..names.len()).map(|n| format!("new{n}")).collect();
            assert_eq!(names, expected);
            assert!(names.len() >= most);
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
    let server = Server::on(slow(), Dialect::default(), |builder| builder);
    let make = |name: &str| {
        Request::builder()
            .method("POST")
            .uri("/scim/v2/Users")
            .header("authorization", "Bearer tokA")
            .body(json!({ "schemas": [USER], "userName": name }).to_string())
            .unwrap()
    };
    let mut context = Context::from_waker(Waker::noop());
    let mut first = Box::pin(server.service.handle(make("first")));
    let mut second = Box::pin(server.service.handle(make("second")));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    drop(second);
    drop(first);
    server.user(json!({ "userName": "third" }));
    assert_eq!(server.find("/Users", "userName pr"), ["third"]);
}

#[test]
fn c18_a_lock_that_is_not_given_back_is_caught() {
    let caught = cancel_each(|| {
        let memory = slow();
        let store = Forgetful {
            inner: Arc::clone(&memory),
            is_taken: AtomicBool::new(false),
        };
        Server::over(memory, store, Dialect::default(), |builder| builder)
    });
    assert!(caught.unwrap_err().contains("503"));
}

#[test]
fn c18_a_half_that_is_committed_early_is_caught() {
    let caught = cancel_each(|| {
        let memory = Arc::new(MemoryStore::new());
        Server::over(Arc::clone(&memory), InPlace(memory), Dialect::default(), |builder| {
            builder
        })
    });
    assert!(
        caught
            .unwrap_err()
            .starts_with("replace a group was dropped after 1 polls and left a trace")
    );
}
