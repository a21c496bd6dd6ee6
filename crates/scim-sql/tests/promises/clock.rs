//! C11: times never go back, and versions do not come from them.

use std::{collections::BTreeMap, sync::Arc, sync::atomic::Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_http::{
    core::{Draft, Edit, Version, datetime, resource::Found},
    store::{Clock, Read, Result, ScimStore, Scope, Updated},
};
use serde_json::json;

use crate::{
    base::Base,
    client::{Client, CountedIds, Reply, Sent},
    flaw::{Flaw, Flawed, Shared},
    random::Random,
    scale,
    support::{HandClock, USER},
};

const HOUR: i64 = 3_600_000;
const TEN_YEARS: i64 = 3653 * 24 * HOUR;

/// Broken: versions are times.
#[derive(Debug)]
struct TimeVersions(Shared);

fn dated(mut found: Found) -> Found {
    let time = found.head.modified.timestamp_millis();
    found.head.version = Version::new(u64::try_from(time).unwrap_or_default());
    found
}

#[async_trait]
impl Flaw for TimeVersions {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.0.create(scope, draft).await.map(dated)
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.0.get(scope, read).await.map(dated)
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let read = Read::new(Arc::clone(edit.kind()), edit.id().clone());
        let before = self.get(scope, &read).await?;
        if !edit.precondition().allows_write(before.head.version) {
            return Err(scim_http::store::StoreError::Precondition);
        }
        let edit = edit.clone().with_precondition(Default::default());
        let mut updated = self.0.update(scope, &edit).await?;
        updated.found = updated.found.map(dated);
        updated.version = self.get(scope, &read).await?.head.version;
        Ok(updated)
    }
}

/// What was seen of a resource last.
#[derive(Debug, Clone)]
struct Seen {
    created: DateTime<Utc>,
    modified: DateTime<Utc>,
    etag: String,
    title: String,
}

fn seen(reply: &Reply) -> Seen {
    let time = |name: &str| datetime::parse(reply.body["meta"][name].as_str().unwrap()).unwrap();
    Seen {
        created: time("created"),
        modified: time("lastModified"),
        etag: reply.etag(),
        title: reply.body["title"].as_str().unwrap_or_default().to_owned(),
    }
}

/// Random writes while the clock jumps; the first step that breaks the promise is the answer.
async fn run(client: &Client, clock: &HandClock, seed: u64, steps: usize) -> std::result::Result<usize, String> {
    let mut random = Random::new(seed);
    let mut known: BTreeMap<String, Seen> = BTreeMap::new();
    let mut stale = 0;
    for step in 0..steps {
        let jump = *random.pick(&[0, 0, 0, 1, 1, 7, -HOUR, HOUR, TEN_YEARS, -TEN_YEARS]);
        let now = (clock.0.load(Ordering::SeqCst) + jump).clamp(-4 * TEN_YEARS, 790 * TEN_YEARS);
        clock.0.store(now, Ordering::SeqCst);
        let broken = |what: &str| Err(format!("seed {seed}, step {step}: {what}"));
        if known.len() < 5 {
            let reply = client
                .send(&Sent::user(json!({ "userName": format!("u{step}") })))
                .await;
            let new = seen(reply.ok(201));
            if new.created != new.modified || new.created.timestamp_millis() != now {
                return broken("a new resource has another time");
            }
            known.insert(reply.id(), new);
            continue;
        }
        let ids: Vec<String> = known.keys().cloned().collect();
        let id = random.pick(&ids).clone();
        let path = format!("/Users/{id}");
        if random.one_in(40) {
            client.delete(&path).await.ok(204);
            known.remove(&id);
            continue;
        }
        let before = known[&id].clone();
        let title = *random.pick(&["a", "b", "c"]);
        let patch = |title: &str| Sent::patch(&path, json!([{ "op": "replace", "path": "title", "value": title }]));
        let reply = match random.below(3) {
            0 => client.get(&path).await,
            1 => client.send(&patch(title)).await,
            _ => {
                let name = client.get(&path).await.body["userName"].clone();
                let body = json!({ "schemas": [USER], "userName": name, "title": title });
                client.send(&Sent::new("PUT", &path, Some(body))).await
            }
        };
        let after = seen(reply.ok(200));
        let is_changed = after.title != before.title;
        let is_moved = after.etag != before.etag || after.modified != before.modified;
        if reply.header("etag") != Some(after.etag.as_str()) {
            return broken("the ETag is not the version");
        }
        if after.created != before.created {
            return broken("the time of creation moved");
        }
        if after.modified < before.modified || after.modified < after.created {
            return broken("the time of change went back");
        }
        if !is_changed && is_moved {
            return broken("nothing changed, and yet version or time moved");
        }
        if is_changed && after.etag == before.etag {
            return broken("a change left the version where it was");
        }
        if is_changed {
            if client.send_if(&patch("lost"), Some(&before.etag)).await.status != 412 {
                return broken("an old ETag was taken");
            }
            stale += 1;
        }
        known.insert(id, after);
    }
    Ok(stale)
}

fn keeps(base: &Base, seed: u64) {
    scale::run(async {
        let clock = HandClock::new();
        let client = Client::fixed(base.open().await, "A", &clock, &CountedIds::default());
        let steps = scale::pick(400, 10_000);
        let stale = run(&client, &clock, seed, steps).await.unwrap();
        scale::figures(
            "C11 clock",
            base.name(),
            format!("{steps} steps, {stale} old ETags refused, nothing went back"),
        );
        odd_times(base).await;
    });
}

/// A clock that stands still at an odd time.
#[derive(Debug)]
struct Odd(DateTime<Utc>);

impl Clock for Odd {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

async fn odd_times(base: &Base) {
    let store = base.open().await;
    let leap = "2016-12-31T23:59:59Z".parse::<DateTime<Utc>>().unwrap() + chrono::TimeDelta::milliseconds(999);
    let far = DateTime::from_timestamp(253_402_300_800, 0).unwrap();
    let times = [
        leap,
        far,
        DateTime::UNIX_EPOCH,
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MAX_UTC,
    ];
    for (number, now) in times.into_iter().enumerate() {
        let client = Client::with(Arc::clone(&store), &format!("odd {number}"), |builder| {
            builder.clock(Odd(now))
        });
        for name in ["a", "b", "c"] {
            let path = format!("/Users/{}", client.user(name).await);
            let reply = client
                .patch(&path, json!([{ "op": "add", "path": "title", "value": "T" }]))
                .await;
            assert_eq!(reply.ok(200).body["meta"]["created"], json!(datetime::format(&now)));
        }
        let page = client.get("/Users?cursor&count=2").await;
        let cursor = page.ok(200).body["nextCursor"].as_str().unwrap().to_owned();
        client.get(&format!("/Users?count=2&cursor={cursor}")).await.ok(200);
        let found = client
            .find("/Users", r#"meta.lastModified gt "2011-05-13T04:42:34Z""#)
            .await;
        assert_eq!(found.len(), if now > DateTime::UNIX_EPOCH { 3 } else { 0 });
    }
}

#[test]
fn c11_sqlite_times_never_go_back() {
    keeps(&Base::sqlite(), 1);
}

#[test]
fn c11_postgres_times_never_go_back() {
    keeps(&Base::postgres(), 2);
}

#[test]
fn c11_versions_that_are_times_are_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let clock = HandClock::new();
            let store = Flawed(TimeVersions(base.open().await));
            let client = Client::fixed(store, "A", &clock, &CountedIds::default());
            run(&client, &clock, 1, 400).await.unwrap_err();
        });
    }
}
