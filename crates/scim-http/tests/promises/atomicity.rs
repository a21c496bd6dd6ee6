//! C3: a request that fails has changed nothing, wherever it fails: attributes, members, versions, times, change record.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_http::{
    core::{
        Dialect, Draft, Edit, Limits,
        patch::{PatchMessage, PatchOp, PatchOperation},
        query::{Query, QueryPage},
        resource::{Found, MemberStep},
    },
    store::{
        Attempt, Capabilities, Denial, Guard, Read, Removal, Result, ScimStore, Scope, StoreError, TxView, Updated,
        Write, Written,
    },
};
use serde_json::{Value, json};

use crate::{
    generate::{group_operation, user_operation},
    random::Random,
    support::{
        BASE, GROUP, Reply, Server, TestStore, USER,
        store::{TestStoreBuilder, rounds},
    },
};

/// Counts down to the call that fails; without a number none does.
#[derive(Debug, Clone, Default)]
struct Fuse(Arc<Mutex<Option<usize>>>);

impl Fuse {
    fn set(&self, n: Option<usize>) {
        *self.0.lock().unwrap() = n;
    }

    /// Whether the call that comes now is the one.
    fn burns(&self) -> bool {
        let mut left = self.0.lock().unwrap();
        let burns = *left == Some(0);
        *left = left.and_then(|left| left.checked_sub(1));
        burns
    }

    /// Whether the call that should have failed never came.
    fn is_unburnt(&self) -> bool {
        self.0.lock().unwrap().is_some()
    }
}

/// Fails the n-th call of a store before it does anything.
#[derive(Debug)]
struct FaultStore<S> {
    inner: S,
    fuse: Fuse,
}

impl<S> FaultStore<S> {
    fn call(&self) -> Result<()> {
        if self.fuse.burns() {
            return Err(StoreError::other("the fault of the test"));
        }
        Ok(())
    }
}

#[async_trait]
impl<S: ScimStore> ScimStore for FaultStore<S> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.call()?;
        self.inner.create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.call()?;
        self.inner.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.call()?;
        self.inner.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.call()?;
        self.inner.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.call()?;
        self.inner.update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.call()?;
        self.inner.batch(scope, writes).await
    }
}

/// Fails the n-th question inside transactions.
#[derive(Debug)]
struct FaultGuard(Fuse);

#[async_trait]
impl Guard for FaultGuard {
    async fn check(&self, _: &Scope, _: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        if self.0.burns() {
            return Err(Denial::new("the fault of the test"));
        }
        Ok(())
    }
}

/// Broken: commits the members of a change before it looks at the rest, and takes batches apart.
#[derive(Debug)]
pub(crate) struct InPlace(pub(crate) Arc<TestStore>);

#[async_trait]
impl ScimStore for InPlace {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.0.create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.0.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.0.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.0.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        for step in edit.member_steps() {
            let (op, refs) = match step {
                MemberStep::Add(refs) => (PatchOp::Add, refs),
                MemberStep::Set(refs) => (PatchOp::Replace, refs),
                _ => continue,
            };
            let value = refs
                .iter()
                .map(|member| json!({ "value": member.value.as_str() }))
                .collect();
            let message = PatchMessage::new(vec![PatchOperation::new(op, Some("members"), Some(value))]);
            let (kind, dialect) = (Arc::clone(edit.kind()), Arc::clone(edit.dialect()));
            let part = Edit::patch(kind, edit.id().clone(), message, dialect, &Limits::default(), BASE)?;
            self.0.update(scope, &part).await?;
        }
        crate::cancel::pause().await;
        self.0.update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        let mut written = Vec::new();
        for write in writes {
            written.extend(self.0.batch(scope, std::slice::from_ref(write)).await?);
        }
        Ok(written)
    }
}

/// Five users and three groups.
struct World {
    server: Server,
    users: Vec<String>,
    groups: Vec<String>,
}

fn world(server: Server) -> World {
    let users = (0..5).map(|n| {
        let emails = json!([{ "value": format!("w{n}@x"), "type": "work", "primary": true }, { "value": format!("h{n}@x"), "type": "home" }]);
        server.user(json!({ "userName": format!("user{n}"), "externalId": format!("e{n}"), "emails": emails }))
    });
    let users: Vec<String> = users.collect();
    let groups = (0..3).map(|n| server.group(&format!("group{n}"), &[&users[n], &users[n + 1]]));
    let groups = groups.collect();
    World { server, users, groups }
}

/// A store with few changes in its dumps, so that they stay small.
fn small() -> TestStoreBuilder {
    TestStore::builder().changes(8)
}

fn random_patch(random: &mut Random, world: &World) -> Reply {
    let is_user = random.one_in(2);
    let count = 1 + random.below(8);
    let operations: Vec<Value> = (0..count)
        .map(|_| {
            if is_user {
                user_operation(random, &world.users)
            } else {
                group_operation(random, &world.users, &world.groups)
            }
        })
        .collect();
    let path = if is_user {
        format!("/Users/{}", random.pick(&world.users))
    } else {
        format!("/Groups/{}", random.pick(&world.groups))
    };
    world.server.patch(&path, json!(operations))
}

/// Sends random PATCHes; the first one that fails and leaves a trace is the answer.
fn trace(server: Server, seed: u64, count: usize) -> Result<(usize, usize), String> {
    let world = world(server);
    let mut random = Random::new(seed);
    let (mut good, mut bad) = (0, 0);
    let mut before = world.server.store.dump();
    for number in 0..count {
        world.server.clock.forward(1);
        let reply = random_patch(&mut random, &world);
        let after = world.server.store.dump();
        if reply.status < 300 {
            good += 1;
        } else if after == before {
            bad += 1;
        } else {
            return Err(format!("seed {seed}, request {number}: {}", reply.text));
        }
        before = after;
    }
    Ok((good, bad))
}

fn all_or_nothing(dialect: Dialect, seed: u64) {
    let server = Server::on(Arc::new(small().build()), dialect, |builder| builder);
    let count = rounds(5000);
    let (good, bad) = trace(server, seed, count).unwrap();
    assert!(good > count / 10 && bad > count / 10, "{good} good, {bad} bad");
}

#[test]
fn c3_random_patches_are_all_or_nothing_by_rfc() {
    all_or_nothing(Dialect::rfc(), 1);
}

#[test]
fn c3_random_patches_are_all_or_nothing_by_default() {
    all_or_nothing(Dialect::default(), 2);
}

#[test]
fn c3_a_store_that_applies_in_place_is_caught() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let inner = Arc::new(small().build());
        let server = Server::over(Arc::clone(&inner), InPlace(inner), dialect, |builder| builder);
        trace(server, 1, 5000).unwrap_err();
    }
}

type Request = (&'static str, fn(&World) -> Reply);

fn patch_op(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// One request of each type that is one unit.
const REQUESTS: [Request; 12] = [
    ("create a user", |w| {
        w.server.post("/Users", json!({ "schemas": [USER], "userName": "new" }))
    }),
    ("create a group", |w| {
        let members: Vec<Value> = w.users.iter().map(|id| json!({ "value": id })).collect();
        w.server.post(
            "/Groups",
            json!({ "schemas": [GROUP], "displayName": "new", "members": members }),
        )
    }),
    ("read", |w| w.server.get(&format!("/Users/{}", w.users[0]))),
    ("list", |w| w.server.get("/Users?filter=userName%20pr&sortBy=userName")),
    ("search", |w| {
        w.server.post(
            "/.search",
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 2 }),
        )
    }),
    ("replace a user", |w| {
        w.server.put(
            &format!("/Users/{}", w.users[1]),
            json!({ "schemas": [USER], "userName": "renamed" }),
        )
    }),
    ("replace a group", |w| {
        let body = json!({ "schemas": [GROUP], "displayName": "renamed", "members": [{ "value": w.users[4] }] });
        w.server.put(&format!("/Groups/{}", w.groups[0]), body)
    }),
    ("patch a user", |w| {
        let operations = json!([{ "op": "add", "path": "title", "value": "T" }, { "op": "replace", "path": "active", "value": false }]);
        w.server.patch(&format!("/Users/{}", w.users[0]), operations)
    }),
    ("patch a group", |w| {
        let operations = json!([
            { "op": "add", "path": "members", "value": [{ "value": w.users[4] }] },
            { "op": "remove", "path": format!(r#"members[value eq "{}"]"#, w.users[0]) },
            { "op": "replace", "path": "displayName", "value": "patched" },
        ]);
        w.server.patch(&format!("/Groups/{}", w.groups[0]), operations)
    }),
    ("delete a user of two groups", |w| {
        w.server.delete(&format!("/Users/{}", w.users[1]))
    }),
    ("delete a group", |w| {
        w.server.delete(&format!("/Groups/{}", w.groups[0]))
    }),
    ("a circle in a bulk", |w| {
        let group = |id: &str, other: &str| {
            json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": {
                "schemas": [GROUP], "displayName": id, "members": [{ "value": format!("bulkId:{other}") }, { "value": w.users[0] }] } })
        };
        w.server
            .bulk(json!([group("a", "b"), group("b", "c"), group("c", "a")]))
    }),
];

fn has_failed(reply: &Reply) -> bool {
    reply.status >= 400
        || reply.body["Operations"]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one["status"] != "201"))
}

/// Fails the n-th step of each request, n from 1 until none is left; gives back how many failures there were, or a trace.
fn fail_each(make: impl Fn(Fuse) -> Server) -> Result<usize, String> {
    let mut failures = 0;
    for (name, request) in REQUESTS {
        for n in 0.. {
            let fuse = Fuse::default();
            let world = world(make(fuse.clone()));
            let before = world.server.store.dump();
            fuse.set(Some(n));
            let reply = request(&world);
            if fuse.is_unburnt() {
                assert!(!has_failed(&reply), "{name}: {}", reply.text);
                break;
            }
            assert!(has_failed(&reply), "{name}: {}", reply.text);
            if world.server.store.dump() != before {
                return Err(format!("{name}, step {n}: {}", reply.text));
            }
            failures += 1;
            // The service goes on, and the same request succeeds.
            fuse.set(None);
            assert!(!has_failed(&request(&world)), "{name}, step {n}, again");
        }
    }
    Ok(failures)
}

#[test]
fn c3_each_failing_call_of_the_store_leaves_nothing() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let failures = fail_each(|fuse| {
            let inner = Arc::new(small().build());
            let store = FaultStore {
                inner: Arc::clone(&inner),
                fuse,
            };
            Server::over(inner, store, dialect.clone(), |builder| builder)
        });
        assert!(failures.unwrap() >= REQUESTS.len());
    }
}

#[test]
fn c3_each_failing_question_inside_a_transaction_leaves_nothing() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let failures = fail_each(|fuse| {
            let store = small().guard(Arc::new(FaultGuard(fuse))).build();
            Server::on(Arc::new(store), dialect.clone(), |builder| builder)
        });
        assert!(failures.unwrap() >= 12);
    }
}

#[test]
fn c3_a_store_that_applies_in_place_is_caught_by_faults() {
    let caught = fail_each(|fuse| {
        let inner = Arc::new(small().guard(Arc::new(FaultGuard(fuse))).build());
        Server::over(Arc::clone(&inner), InPlace(inner), Dialect::default(), |builder| {
            builder
        })
    });
    caught.unwrap_err();
}

#[test]
fn c3_a_bulk_is_all_or_nothing_for_each_operation() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        for n in 0..6 {
            let inner = Arc::new(small().build());
            let fuse = Fuse::default();
            let store = FaultStore {
                inner: Arc::clone(&inner),
                fuse: fuse.clone(),
            };
            let world = world(Server::over(inner, store, dialect.clone(), |builder| builder));
            let title = |id: &String| {
                let operations = json!([{ "op": "add", "path": "title", "value": "T" }, { "op": "add", "path": "nickName", "value": "N" }]);
                json!({ "method": "PATCH", "path": format!("/Users/{id}"), "data": patch_op(operations) })
            };
            let before = world.server.store.dump();
            fuse.set(Some(n));
            let reply = world.server.bulk(world.users.iter().map(title).collect());
            fuse.set(None);
            let after = world.server.store.dump();
            for (index, result) in reply.ok(200).body["Operations"].as_array().unwrap().iter().enumerate() {
                let (was, is) = (
                    &before["A"]["resources"]["User"][index],
                    &after["A"]["resources"]["User"][index],
                );
                if index == n {
                    assert_eq!((&result["status"], is), (&json!("500"), was));
                } else {
                    assert_eq!(result["status"], "200");
                    assert_eq!(
                        (&is["attributes"]["title"], &is["attributes"]["nickName"]),
                        (&json!("T"), &json!("N"))
                    );
                }
            }
        }
    }
}
