//! Vetoes, dropped futures, races, batches.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
};

use async_trait::async_trait;
use scim_core::{Dialect, Edit, Precondition, ResourceId, Version};
use scim_store::{Attempt, Denial, Guard, MemoryStore, Removal, ScimStore, Scope, StoreError, TxView, Write, Written};
use serde_json::json;

use crate::common::{Client, block_on, values};

/// Waits so many polls, writes down what it is asked, and denies what its rule says.
struct Watch {
    pending: AtomicUsize,
    deny: fn(&Attempt<'_>) -> bool,
    seen: Mutex<Vec<String>>,
}

impl Watch {
    fn new(deny: fn(&Attempt<'_>) -> bool) -> Arc<Self> {
        Arc::new(Self {
            pending: AtomicUsize::new(0),
            deny,
            seen: Mutex::default(),
        })
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

#[async_trait]
impl Guard for Watch {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        let mut left = self.pending.load(Ordering::Relaxed);
        std::future::poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let list = |ids: &[ResourceId]| {
            ids.iter()
                .map(|id| id.as_str().to_owned())
                .collect::<Vec<_>>()
                .join(",")
        };
        let told = match attempt {
            Attempt::Create { kind, id, .. } => format!("create {} {id}", kind.name()),
            Attempt::Delete { kind, id, .. } => format!("delete {} {id}", kind.name()),
            Attempt::Members { id, added, removed, .. } => format!("members {id} +{} -{}", list(added), list(removed)),
            Attempt::Update { id, before, after, .. } => {
                format!("update {id} {} {}", before.is_active(), after.is_active())
            }
            _ => "something else".to_owned(),
        };
        let users = view
            .count(&scim_core::schema::ResourceType::user(), None)
            .await
            .unwrap();
        self.seen.lock().unwrap().push(format!("{told} of {users}"));
        if (self.deny)(&attempt) {
            return Err(Denial::new("not this one"));
        }
        Ok(())
    }
}

fn guarded(deny: fn(&Attempt<'_>) -> bool) -> (Arc<Watch>, Arc<MemoryStore>, Client) {
    let watch = Watch::new(deny);
    let store = Arc::new(MemoryStore::with_guard(Arc::clone(&watch) as _));
    let client = Client::new(Arc::clone(&store) as _, "one", Dialect::default());
    (watch, store, client)
}

/// Polls a future so often, then drops it.
fn poll_and_drop<F: Future>(future: F, polls: usize) -> bool {
    let mut future = pin!(future);
    (0..polls).any(|_| future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready())
}

#[test]
fn the_guard_is_asked_about_every_part_of_a_write() {
    let (watch, _, client) = guarded(|_| false);
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    let inner = client.group("inner", &[&ann, &bob]);
    let outer = client.group("outer", &[&inner]);
    watch.seen();
    client
        .edit(
            &client.users,
            &ann,
            json!([{ "op": "replace", "path": "active", "value": false }]),
        )
        .unwrap();
    client
        .edit(
            &client.users,
            &ann,
            json!([{ "op": "replace", "path": "active", "value": false }]),
        )
        .unwrap();
    client.delete(&client.users, &ann).unwrap();
    client.delete(&client.groups, &inner).unwrap();
    client.group("new", &[&bob]);
    assert_eq!(
        watch.seen(),
        [
            format!("update {ann} true false of 2"),
            format!("delete User {ann} of 2"),
            format!("members {inner} + -{ann} of 2"),
            format!("delete Group {inner} of 1"),
            format!("members {inner} + -{bob} of 1"),
            format!("members {outer} + -{inner} of 1"),
            "create Group r5 of 1".to_owned(),
            format!("members r5 +{bob} - of 1"),
        ]
    );
}

#[test]
fn what_is_denied_leaves_nothing() {
    let (_, store, client) = guarded(|attempt| match attempt {
        Attempt::Create { after, .. } => after.text("displayName") == Some("no"),
        Attempt::Members { removed, .. } => !removed.is_empty(),
        Attempt::Update { after, .. } => !after.is_active(),
        _ => false,
    });
    let ann = client.user("ann");
    let team = client.group("team", &[&ann]);
    let before = store.dump();
    let denied = |result: Result<(), StoreError>| {
        assert!(matches!(result, Err(StoreError::Denied(denial)) if denial.detail() == "not this one"));
        assert_eq!(store.dump(), before);
    };
    denied(client.create(&client.group_draft("no", &[])).map(drop));
    denied(client.delete(&client.users, &ann));
    denied(client.delete(&client.groups, &team));
    denied(
        client
            .edit(&client.groups, &team, json!([{ "op": "remove", "path": "members" }]))
            .map(drop),
    );
    denied(
        client
            .edit(
                &client.users,
                &ann,
                json!([{ "op": "replace", "path": "active", "value": false }]),
            )
            .map(drop),
    );
    let batch = [
        Write::Create(client.user_draft("bob")),
        Write::Create(client.group_draft("no", &[])),
    ];
    denied(block_on(client.store.batch(&client.scope, &batch)).map(drop));
}

#[test]
fn a_dropped_write_leaves_nothing_and_the_next_one_works() {
    let (watch, store, client) = guarded(|_| false);
    let ann = client.user("ann");
    let team = client.group("team", &[&ann]);
    watch.pending.store(2, Ordering::Relaxed);
    let rename = client.patch(
        &client.groups,
        &team,
        json!([
            { "op": "replace", "path": "displayName", "value": "other" },
            { "op": "remove", "path": "members" },
        ]),
    );
    let removal = Removal::new(Arc::clone(&client.users), ResourceId::new(ann.as_str()));
    let draft = client.group_draft("new", &[&ann]);
    let batch = [Write::Create(client.user_draft("bob")), Write::Update(rename.clone())];
    let before = store.dump();
    // Each is asked about in two parts, with two pauses each: it is done at the fifth poll.
    for polls in 0..5 {
        assert!(!poll_and_drop(store.update(&client.scope, &rename), polls));
        assert_eq!(store.dump(), before);
        assert!(!poll_and_drop(store.delete(&client.scope, &removal), polls));
        assert_eq!(store.dump(), before);
        assert!(!poll_and_drop(store.create(&client.scope, &draft), polls));
        assert_eq!(store.dump(), before);
        assert!(!poll_and_drop(store.batch(&client.scope, &batch), polls));
        assert_eq!(store.dump(), before);
    }
    // One that waits for its turn is dropped, too.
    let mut first = pin!(store.update(&client.scope, &rename));
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert!(!poll_and_drop(store.delete(&client.scope, &removal), 3));
    assert_eq!(store.dump(), before);
    block_on(first).unwrap();
    block_on(store.delete(&client.scope, &removal)).unwrap();
    assert!(values(&client.json(&client.groups, &team), "members").is_empty());
}

#[test]
fn a_guard_sees_the_earlier_writes_of_a_batch() {
    let (watch, _, client) = guarded(|_| false);
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    watch.seen();
    let remove = |id: &str| Write::Delete(Removal::new(Arc::clone(&client.users), ResourceId::new(id)));
    let batch = [remove(&ann), remove(&bob), Write::Create(client.user_draft("cy"))];
    block_on(client.store.batch(&client.scope, &batch)).unwrap();
    assert_eq!(
        watch.seen(),
        [
            format!("delete User {ann} of 2"),
            format!("delete User {bob} of 1"),
            "create User r3 of 0".to_owned(),
        ]
    );
}

#[test]
fn groups_of_a_batch_may_name_each_other() {
    let (_, store, client) = guarded(|_| false);
    let strict = client.clone().with(Dialect::rfc());
    let mut one = strict.group_draft("one", &["two", "ann"]);
    one.id = Some(ResourceId::new("one"));
    let mut two = strict.group_draft("two", &["one"]);
    two.id = Some(ResourceId::new("two"));
    let mut ann = strict.user_draft("ann");
    ann.id = Some(ResourceId::new("ann"));
    let batch = [Write::Create(one), Write::Create(two), Write::Create(ann)];
    let written = block_on(client.store.batch(&strict.scope, &batch)).unwrap();
    let Written::Created(found) = &written[0] else { panic!() };
    assert_eq!(values(&crate::common::shown(found), "members"), ["two", "ann"]);
    assert_eq!(values(&client.json(&client.groups, "two"), "members"), ["one"]);
    assert_eq!(values(&client.json(&client.users, "ann"), "groups"), ["one"]);
    assert_eq!(client.find(&client.groups, "members.value eq \"ann\""), ["one"]);

    // All or none: the last of them fails.
    let before = store.dump();
    let mut cy = strict.user_draft("cy");
    cy.id = Some(ResourceId::new("cy"));
    let batch = [
        Write::Create(cy),
        Write::Update(strict.patch(
            &client.groups,
            "one",
            json!([{ "op": "add", "path": "members", "value": [{ "value": "cy" }] }]),
        )),
        Write::Delete(Removal::new(Arc::clone(&client.users), ResourceId::new("ann"))),
        Write::Create(strict.user_draft("CY")),
    ];
    let failed = block_on(client.store.batch(&strict.scope, &batch));
    assert!(matches!(failed, Err(StoreError::Uniqueness { attribute }) if attribute == "userName"));
    assert_eq!(store.dump(), before);
}

#[test]
fn a_batch_may_use_a_name_that_it_frees() {
    let (_, _, client) = guarded(|_| false);
    let ann = client.user("ann");
    let batch = [
        Write::Update(client.patch(
            &client.users,
            &ann,
            json!([{ "op": "replace", "path": "userName", "value": "anna" }]),
        )),
        Write::Create(client.user_draft("Ann")),
        Write::Delete(Removal::new(Arc::clone(&client.users), ResourceId::new(ann.as_str()))),
        Write::Create(client.user_draft("anna")),
    ];
    block_on(client.store.batch(&client.scope, &batch)).unwrap();
    assert_eq!(client.find(&client.users, "userName pr"), ["Ann", "anna"]);
    assert_eq!(client.find(&client.users, "userName eq \"ANNA\""), ["anna"]);
}

fn race<T: Send>(threads: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|number| {
                scope.spawn({
                    let run = &run;
                    move || run(number)
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

#[test]
fn of_racing_creations_of_one_name_one_wins() {
    let (_, store, client) = guarded(|_| false);
    for round in 0..50 {
        let results = race(4, |number| {
            let name = format!("name{round}");
            let name = if number % 2 == 0 { name } else { name.to_uppercase() };
            client.create(&client.user_draft(&name)).is_ok()
        });
        assert_eq!(results.iter().filter(|won| **won).count(), 1);
    }
    assert_eq!(store.len(client.scope.tenant(), &client.users), 50);
}

#[test]
fn of_racing_edits_of_one_version_one_wins() {
    let (_, _, client) = guarded(|_| false);
    let ann = client.user("ann");
    for version in 1..50 {
        let results = race(4, |number| {
            let title = format!("title {version} {number}");
            let edit: Edit = client.patch(
                &client.users,
                &ann,
                json!([{ "op": "replace", "path": "title", "value": title }]),
            );
            let tags = scim_core::EntityTags::List(vec![Version::new(version)]);
            block_on(client.store.update(
                &client.scope,
                &edit.with_precondition(Precondition::new(Some(tags), None)),
            ))
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(
            results
                .iter()
                .all(|result| matches!(result, Ok(_) | Err(StoreError::Precondition)))
        );
    }
}

#[test]
fn racing_additions_of_members_are_all_kept() {
    let (_, _, client) = guarded(|_| false);
    let users: Vec<String> = (0..80).map(|number| client.user(&format!("u{number}"))).collect();
    let team = client.group("team", &[]);
    race(4, |thread| {
        for id in users.iter().skip(thread * 20).take(20) {
            let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
            assert!(client.edit(&client.groups, &team, add).unwrap().changed);
        }
    });
    let shown = client.json(&client.groups, &team);
    assert_eq!(values(&shown, "members").len(), 80);
    assert_eq!(shown["meta"]["version"], "W/\"81\"");
}

#[test]
fn a_deleted_user_never_stays_a_member_however_they_race() {
    let (_, _, client) = guarded(|_| false);
    let team = client.group("team", &[]);
    for round in 0..50 {
        let id = client.user(&format!("u{round}"));
        race(2, |thread| {
            if thread == 0 {
                client.delete(&client.users, &id).unwrap();
            } else {
                let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
                client.edit(&client.groups, &team, add).unwrap();
            }
        });
        assert!(values(&client.json(&client.groups, &team), "members").is_empty());
    }
}
