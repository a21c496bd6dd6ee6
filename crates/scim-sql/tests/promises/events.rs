//! C5: every committed change is in the record of changes, nothing else is, and a reader gets all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use scim_http::{
    core::{Draft, Edit, ResourceId, TenantId, Version, resource::Found},
    store::{Attempt, Change, Denial, Guard, Result, ScimStore, Scope, TxView, Updated},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    base::{Base, Store},
    child::{Child, say},
    client::{Client, Reply, Sent},
    deliveries::PostsLater,
    flaw::{Flaw, Flawed, Shared},
    random::Random,
    raw, scale,
};

const WRITERS: usize = 8;
const TITLE_DENIED: &str = "denied";

/// Ends some transactions at the last moment.
#[derive(Debug)]
struct Denies;

#[async_trait]
impl Guard for Denies {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        match attempt {
            Attempt::Update { after, .. } if after.text("title") == Some(TITLE_DENIED) => Err(Denial::new("denied")),
            _ => Ok(()),
        }
    }
}

/// Broken: publishes what happened after its commit.
#[derive(Debug)]
struct PublishesLater(Shared);

async fn publish(id: &ResourceId, version: Version) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    say(&format!("event 0 {} {} Updated", id.as_str(), version.get()));
}

#[async_trait]
impl Flaw for PublishesLater {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let found = self.0.create(scope, draft).await?;
        publish(&found.head.id, found.head.version).await;
        Ok(found)
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let updated = self.0.update(scope, edit).await?;
        if updated.changed {
            publish(edit.id(), updated.version).await;
        }
        Ok(updated)
    }
}

/// A change as a reader was told it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    pub(crate) sequence: u64,
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) kind: String,
}

impl Event {
    fn of(change: &Change) -> Self {
        Self {
            sequence: change.sequence,
            id: change.id.as_str().to_owned(),
            version: change.version.get(),
            kind: format!("{:?}", change.kind),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("event ")?.split(' ');
        let mut word = || words.next().unwrap();
        Some(Self {
            sequence: word().parse().unwrap(),
            id: word().to_owned(),
            version: word().parse().unwrap(),
            kind: word().to_owned(),
        })
    }

    fn line(&self) -> String {
        format!("event {} {} {} {}", self.sequence, self.id, self.version, self.kind)
    }
}

/// The job: clients that change things, a tenth of which is taken back.
pub(crate) async fn write(base: &Base, options: &Value) {
    let store = base.open_guarded(Arc::new(Denies)).await;
    let tenant = options["tenant"].as_str().unwrap();
    let is_posting = options["is_posting"] == true;
    let is_broken = options["is_broken"] == true || is_posting;
    let client = if is_posting {
        Client::new(Flawed(PostsLater::new(store, base, tenant).await), tenant)
    } else if is_broken {
        Client::new(Flawed(PublishesLater(store)), tenant)
    } else {
        Client::new(store, tenant)
    };
    let steps = options["steps"].as_u64().unwrap();
    let group = client.group("all", &[]).await;
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let (client, group) = (client.clone(), group.clone());
        writers.spawn(async move {
            let mut random = Random::new(u64::try_from(number).unwrap() + 100);
            let mut own = vec![client.user(&format!("{number}")).await];
            for step in 0..steps {
                let reply = write_once(&client, &mut random, &mut own, &group, number, step, is_broken).await;
                assert!(reply.status < 500 || reply.status == 503, "{}", reply.text);
                say("wrote");
            }
        });
    }
    writers.join_all().await;
}

async fn write_once(
    client: &Client,
    random: &mut Random,
    own: &mut Vec<String>,
    group: &str,
    number: usize,
    step: u64,
    is_broken: bool,
) -> Reply {
    let index = random.below(own.len());
    let user = format!("/Users/{}", own[index]);
    let group = format!("/Groups/{group}");
    let title = |title: &str| json!([{ "op": "replace", "path": "title", "value": title }]);
    match random.below(10) {
        0 => client.patch(&user, title(TITLE_DENIED)).await,
        1 | 2 => {
            let reply = client
                .send(&Sent::user(json!({ "userName": format!("{number}-{step}") })))
                .await;
            if reply.status == 201 {
                own.push(reply.id());
            }
            reply
        }
        3 if !is_broken && own.len() > 3 => {
            own.swap_remove(index);
            client.delete(&user).await
        }
        4 | 5 => {
            let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": own[index] }] }]);
            client.patch(&group, operations).await
        }
        6 => {
            let operations = json!([{ "op": "remove", "path": format!(r#"members[value eq "{}"]"#, own[index]) }]);
            client.patch(&group, operations).await
        }
        7 => {
            client
                .send(&Sent::user(json!({ "userName": format!("{number}") })))
                .await
        }
        _ => client.patch(&user, title(&format!("{step}"))).await,
    }
}

/// The job: a reader that hands changes over, and then remembers how far it is.
pub(crate) async fn read(base: &Base, options: &Value) {
    let store = base.open().await;
    let tenant = TenantId::new(options["tenant"].as_str().unwrap());
    let mut after = options["after"].as_u64().unwrap();
    loop {
        let changes = store.feed(&tenant, after, 20).await.unwrap();
        for change in &changes {
            say(&Event::of(change).line());
        }
        match changes.last() {
            Some(last) => {
                after = last.sequence;
                say(&format!("done {after}"));
            }
            None => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

/// What readers were told, and what is there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) events: usize,
    repeated: usize,
    pub(crate) lost: usize,
    phantom: usize,
    disordered: usize,
    ambiguous: usize,
}

impl Told {
    pub(crate) fn is_true(self) -> bool {
        self.lost + self.phantom + self.disordered + self.ambiguous == 0 && self.events > 0
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.repeated += other.repeated;
        self.lost += other.lost;
        self.phantom += other.phantom;
        self.disordered += other.disordered;
        self.ambiguous += other.ambiguous;
    }
}

/// Compares what was told with the versions that there are: each of a resource's versions is one change.
pub(crate) async fn check(client: &Client, told: Vec<Event>) -> Told {
    let mut counts = Told::default();
    let mut events = BTreeMap::new();
    for (place, event) in told.into_iter().enumerate() {
        // Where there is no number, none is repeated.
        let key = (event.sequence, if event.sequence == 0 { place } else { 0 });
        match events.insert(key, event.clone()) {
            Some(former) if former == event => counts.repeated += 1,
            Some(_) => counts.ambiguous += 1,
            None => counts.events += 1,
        }
    }
    let mut by_id: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in events.into_values() {
        by_id.entry(event.id.clone()).or_default().push(event);
    }
    let mut live = client.all("/Users").await;
    live.append(&mut client.all("/Groups").await);
    for (id, resource) in &live {
        let version: String = resource["meta"]["version"].as_str().unwrap().to_owned();
        let version: u64 = version.trim_start_matches("W/").trim_matches('"').parse().unwrap();
        let events = by_id.remove(id).unwrap_or_default();
        counts.disordered += events
            .windows(2)
            .filter(|pair| pair[0].version > pair[1].version)
            .count();
        let told: BTreeSet<u64> = events.iter().map(|event| event.version).collect();
        counts.lost += (1..=version).filter(|version| !told.contains(version)).count();
        counts.phantom += told.iter().filter(|told| **told > version).count();
    }
    for (_, events) in by_id {
        let last = events.last().unwrap();
        if last.kind == "Deleted" {
            let told: BTreeSet<u64> = events.iter().map(|event| event.version).collect();
            counts.lost += (1..=last.version).filter(|version| !told.contains(version)).count();
        } else {
            counts.phantom += 1;
        }
    }
    counts
}

fn events_of(lines: &[String]) -> Vec<Event> {
    lines.iter().filter_map(|line| Event::parse(line)).collect()
}

async fn drain(store: &dyn Store, tenant: &str, mut after: u64) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let changes = store.feed(&TenantId::new(tenant), after, 100).await.unwrap();
        let Some(last) = changes.last() else { return events };
        after = last.sequence;
        events.extend(changes.iter().map(Event::of));
    }
}

/// Kills writers and readers, and looks at what the readers were told in the end.
fn kill(base: &Base, cycles: usize) -> Told {
    scale::run(async {
        let store = base.open().await;
        let (mut all, mut random) = (Told::default(), Random::new(11));
        for cycle in 0..cycles {
            let tenant = format!("cycle {cycle}");
            let options = json!({ "tenant": tenant, "steps": 1_000_000 });
            let mut writer = Child::start("events", base, options, &[]);
            let (mut told, mut after) = (Vec::new(), 0);
            let mut wrote = 0;
            for _ in 0..2 {
                let mut reader = Child::start("reader", base, json!({ "tenant": tenant, "after": after }), &[]);
                wrote += 50 + random.below(scale::pick(100, 500));
                assert!(writer.hear(wrote), "the writers gave up");
                assert!(reader.hear(10 + random.below(40)), "the reader gave up");
                let lines = reader.kill();
                let done = lines.iter().rev().find_map(|line| line.strip_prefix("done "));
                after = done.map_or(after, |done| done.parse().unwrap());
                told.extend(events_of(&lines));
            }
            writer.kill();
            told.extend(drain(&*store, &tenant, after).await);
            all.add(check(&Client::new(Arc::clone(&store), &tenant), told).await);
        }
        all
    })
}

fn tells(base: &Base) {
    let cycles = scale::pick(3, 50);
    let told = kill(base, cycles);
    scale::figures(
        "C5 changes",
        base.name(),
        format!("{cycles} kills of writers, twice as many of readers: {told:?}"),
    );
    assert!(told.is_true(), "{told:?}");
}

#[test]
fn c5_sqlite_tells_each_change() {
    tells(&Base::sqlite());
}

#[test]
fn c5_postgres_tells_each_change() {
    tells(&Base::postgres());
}

#[test]
fn c5_publishing_after_the_commit_is_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let store = base.open().await;
            let mut all = Told::default();
            for cycle in 0..5 {
                let tenant = format!("cycle {cycle}");
                let options = json!({ "tenant": tenant, "steps": 1_000_000, "is_broken": true });
                let mut writer = Child::start("events", &base, options, &[]);
                assert!(writer.hear(100));
                let told = events_of(&writer.kill());
                all.add(check(&Client::new(Arc::clone(&store), &tenant), told).await);
            }
            scale::figures(
                "C5 control: publishing after the commit",
                base.name(),
                format!("{all:?}"),
            );
            assert!(all.lost > 0, "{all:?}");
        });
    }
}

/// A change as the library records it, written by hand in a transaction that stays open.
pub(crate) const INSERT: &str = "INSERT INTO scim_change (tenant, kind, id, what, changed, version, at, actor, txn)
    SELECT tenant, kind, id, 'Updated', '[]', 2, at, actor, txn FROM scim_change WHERE tenant = 'A' LIMIT 1";

/// Broken: reads whatever has a greater number than what it read last.
async fn read_greater(connection: &mut sqlx::PgConnection, last: &mut i64) -> usize {
    let rows: Vec<i64> =
        sqlx::query_scalar("SELECT ordinal FROM scim_change WHERE tenant = 'A' AND ordinal > $1 ORDER BY ordinal")
            .bind(*last)
            .fetch_all(connection)
            .await
            .unwrap();
    *last = rows.last().copied().unwrap_or(*last);
    rows.len()
}

#[test]
fn c5_writers_that_commit_out_of_order_are_not_skipped() {
    use sqlx::Connection as _;
    scale::run(async {
        let base = Base::postgres();
        let store = base.open().await;
        let client = Client::new(Arc::clone(&store), "A");
        client.user("first").await;
        let (url, schema) = base.place();
        let mut slow = raw::connect_postgres(url, schema).await.unwrap();
        let mut look = raw::connect_postgres(url, schema).await.unwrap();
        let (mut last, mut after) = (0, 0);
        assert_eq!(read_greater(&mut look, &mut last).await, 1);
        after = drain(&*store, "A", after).await.last().unwrap().sequence;
        // The slow one has the smaller number, and commits last.
        let mut transaction = slow.begin().await.unwrap();
        sqlx::query(INSERT).execute(&mut *transaction).await.unwrap();
        client.user("second").await;
        let between = (
            read_greater(&mut look, &mut last).await,
            drain(&*store, "A", after).await,
        );
        assert_eq!((between.0, between.1.len()), (1, 1));
        after = between.1[0].sequence;
        transaction.commit().await.unwrap();
        let told = drain(&*store, "A", after).await;
        assert_eq!(told.len(), 1, "the slow writer's change was skipped");
        // The same check catches a reader of greater numbers.
        assert_eq!(read_greater(&mut look, &mut last).await, 0);
    });
}
