//! C3: a request that fails has changed nothing, wherever it fails, and one that succeeds has done what memory does.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_http::{
    core::{
        Edit, Limits,
        patch::{PatchMessage, PatchOp, PatchOperation},
        resource::MemberStep,
    },
    store::{Attempt, Denial, Guard, MemoryStore, Result, ScimStore, Scope, TxView, Updated},
};
use serde_json::{Value, json};

use crate::{
    base::Base,
    client::{Client, CountedIds, Reply, Sent},
    flaw::{Flaw, Flawed, Shared},
    generate::{Named, group_operation, requests, user_operation},
    random::Random,
    scale,
    support::{BASE, HandClock},
};

/// Broken: commits the members of a change before it looks at the rest.
#[derive(Debug)]
struct InPlace(Shared);

#[async_trait]
impl Flaw for InPlace {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
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
        self.0.update(scope, edit).await
    }
}

/// Says no to the n-th question.
#[derive(Debug, Default)]
struct Fuse(Mutex<Option<usize>>);

impl Fuse {
    fn set(&self, n: Option<usize>) {
        *self.0.lock().unwrap() = n;
    }
}

#[async_trait]
impl Guard for Fuse {
    async fn check(&self, _: &Scope, _: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        let mut left = self.0.lock().unwrap();
        match *left {
            Some(0) => return Err(Denial::new("the fault of the test")),
            Some(n) => *left = Some(n - 1),
            None => {}
        }
        Ok(())
    }
}

/// Five users and three groups.
struct World {
    client: Client,
    users: Vec<String>,
    groups: Vec<String>,
}

impl World {
    async fn new(client: Client) -> Self {
        let mut users = Vec::new();
        for n in 0..5 {
            let emails = json!([{ "value": format!("w{n}@x"), "type": "work", "primary": true }, { "value": format!("h{n}@x"), "type": "home" }]);
            let sent =
                Sent::user(json!({ "userName": format!("user{n}"), "externalId": format!("e{n}"), "emails": emails }));
            users.push(client.send(&sent).await.ok(201).id());
        }
        let mut groups = Vec::new();
        for n in 0..3 {
            groups.push(client.group(&format!("group{n}"), &users[n..n + 2]).await);
        }
        Self { client, users, groups }
    }

    fn random_patch(&self, random: &mut Random) -> Sent {
        let is_user = random.one_in(2);
        let count = 1 + random.below(8);
        let operations = (0..count).map(|_| {
            if is_user {
                user_operation(random, &self.users)
            } else {
                group_operation(random, &self.users, &self.groups)
            }
        });
        let operations: Vec<Value> = operations.collect();
        let path = if is_user {
            format!("/Users/{}", random.pick(&self.users))
        } else {
            format!("/Groups/{}", random.pick(&self.groups))
        };
        Sent::patch(path, json!(operations))
    }
}

/// Sends random PATCHes to a database and to memory; the first that fails and leaves a trace, or that memory answers
/// otherwise, is the answer.
async fn trace(
    base: &Base,
    store: impl ScimStore,
    seed: u64,
    count: usize,
) -> std::result::Result<(usize, usize), String> {
    let clock = HandClock::new();
    let world = World::new(Client::fixed(store, "A", &clock, &CountedIds::default())).await;
    let model = World::new(Client::fixed(MemoryStore::new(), "A", &clock, &CountedIds::default())).await;
    let mut random = Random::new(seed);
    let (mut good, mut bad) = (0, 0);
    let mut before = base.dump("A").await;
    for number in 0..count {
        clock.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if number % 200 == 199 {
            // So that dumps stay small.
            base.sql("DELETE FROM scim_change").await;
            before = base.dump("A").await;
        }
        let sent = world.random_patch(&mut random);
        let (reply, expected) = (world.client.send(&sent).await, model.client.send(&sent).await);
        let told = |reply: &Reply| {
            (
                reply.status,
                reply.header("etag").map(str::to_owned),
                reply.text.clone(),
            )
        };
        if told(&reply) != told(&expected) {
            return Err(format!(
                "seed {seed}, request {number}, {sent:?}:\n{:?}\nmemory:\n{:?}",
                told(&reply),
                told(&expected)
            ));
        }
        if reply.is_good() {
            good += 1;
            before = base.dump("A").await;
        } else if base.dump("A").await == before {
            bad += 1;
        } else {
            return Err(format!("seed {seed}, request {number} left a trace: {}", reply.text));
        }
    }
    Ok((good, bad))
}

fn all_or_nothing(base: &Base, seed: u64) {
    scale::run(async {
        let count = scale::pick(300, 10_000);
        let (good, bad) = trace(base, base.open().await, seed, count).await.unwrap();
        let told = format!("{count} random PATCHes: {good} as memory does, {bad} failed and left nothing");
        scale::figures("C3 random PATCHes", base.name(), told);
        assert!(good > count / 10 && bad > count / 10, "{good} good, {bad} bad");
        let misfits = base.misfits().await;
        // The record of changes was cut.
        assert!(
            misfits.iter().all(|misfit| misfit.starts_with("changes")),
            "{misfits:?}"
        );
    });
}

#[test]
fn c3_sqlite_changes_all_or_nothing() {
    all_or_nothing(&Base::sqlite(), 1);
}

#[test]
fn c3_postgres_changes_all_or_nothing() {
    all_or_nothing(&Base::postgres(), 2);
}

#[test]
fn c3_a_store_that_applies_in_place_is_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let store = Flawed(InPlace(base.open().await));
            trace(&base, store, 1, 1000).await.unwrap_err();
        });
    }
}

/// Triggers that count the rows that are written, and fail at one of them.
async fn lay_mines(base: &Base) {
    let Base::Postgres { schema, .. } = base else {
        base.sql("CREATE TABLE mines (steps INTEGER)").await;
        base.sql("INSERT INTO mines VALUES (NULL)").await;
        let tables =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'scim%' AND name <> 'scim_migration'";
        for table in base.sql(tables).await {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                let mine = format!(
                    "CREATE TRIGGER mine_{event}_{table} BEFORE {event} ON {table} BEGIN
                       SELECT RAISE(ABORT, 'the fault of the test') FROM mines WHERE steps = 0;
                       UPDATE mines SET steps = steps - 1;
                     END"
                );
                base.sql(&mine).await;
            }
        }
        return;
    };
    base.sql(&format!(
        "CREATE TABLE mines (steps INTEGER);
         INSERT INTO mines VALUES (NULL);
         CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
           IF (SELECT steps FROM {schema}.mines) = 0 THEN RAISE EXCEPTION 'the fault of the test'; END IF;
           UPDATE {schema}.mines SET steps = steps - 1;
           IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
           RETURN NEW;
         END $$"
    ))
    .await;
    let tables = "SELECT table_name::text FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_name LIKE 'scim%' AND table_name <> 'scim_migration'";
    for table in base.sql(tables).await {
        let mine = format!(
            "CREATE TRIGGER mine BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION mine()"
        );
        base.sql(&mine).await;
    }
}

fn has_failed(reply: &Reply) -> bool {
    let operations = reply.body["Operations"].as_array();
    !reply.is_good() || operations.is_some_and(|list| list.iter().any(|one| one["status"] != "201"))
}

/// Fails each request at its n-th step, n from 1 until none is left; how many failures there were, or what left a trace.
async fn fail_each(
    base: &Base,
    store: impl ScimStore,
    set: impl AsyncFn(Option<usize>),
) -> std::result::Result<usize, String> {
    let mut failures = 0;
    let service = Client::new(store, "");
    let count = requests(&vec![String::new(); 5], &vec![String::new(); 3]).len();
    for index in 0..count {
        // A tenant for each request, since the last attempt succeeds.
        let tenant = format!("request {index}");
        let world = World::new(service.of(&tenant)).await;
        let (name, method, path, body): Named = requests(&world.users, &world.groups).swap_remove(index);
        let sent = Sent::new(method, path, body);
        let before = base.dump(&tenant).await;
        for n in 0.. {
            set(Some(n)).await;
            let reply = world.client.send(&sent).await;
            set(None).await;
            if !has_failed(&reply) {
                break;
            }
            if base.dump(&tenant).await != before {
                return Err(format!("{name}, step {n}: {}", reply.text));
            }
            failures += 1;
            assert!(n < 1000, "{name}: {}", reply.text);
        }
    }
    Ok(failures)
}

fn each_row(base: &Base) {
    scale::run(async {
        let store = base.open().await;
        lay_mines(base).await;
        let set = async |steps: Option<usize>| {
            let steps = steps.map_or("NULL".to_owned(), |n| n.to_string());
            base.sql(&format!("UPDATE mines SET steps = {steps}")).await;
        };
        let failures = fail_each(base, store, set).await.unwrap();
        scale::figures(
            "C3 each row that is written fails once",
            base.name(),
            format!("{failures} failures, no trace"),
        );
        assert!(failures >= 40, "{failures}");
    });
}

#[test]
fn c3_sqlite_leaves_nothing_where_a_row_fails() {
    each_row(&Base::sqlite());
}

#[test]
fn c3_postgres_leaves_nothing_where_a_row_fails() {
    each_row(&Base::postgres());
}

#[test]
fn c3_each_failing_question_leaves_nothing() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let fuse = Arc::new(Fuse::default());
            let store = base.open_guarded(Arc::clone(&fuse) as _).await;
            let failures = fail_each(&base, store, async |n| fuse.set(n)).await.unwrap();
            assert!(failures >= 8, "{failures}");
        });
    }
}

#[test]
fn c3_a_store_that_applies_in_place_is_caught_by_faults() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let fuse = Arc::new(Fuse::default());
            let store = base.open_guarded(Arc::clone(&fuse) as _).await;
            fail_each(&base, Flawed(InPlace(store)), async |n| fuse.set(n))
                .await
                .unwrap_err();
        });
    }
}
