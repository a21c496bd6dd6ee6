//! C11: times never go back, and versions do not come from them.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_http::{
    core::{
        Dialect, Draft, Edit, Version, datetime,
        query::{Query, QueryPage},
        resource::Found,
    },
    store::{Capabilities, Clock, Read, Removal, Result, ScimStore, Scope, Updated, Write, Written},
};
use serde_json::json;

use crate::{
    random::Random,
    support::{Reply, Server, TestStore, USER, store::rounds},
};

const HOUR: i64 = 3_600_000;
const TEN_YEARS: i64 = 3653 * 24 * HOUR;

/// Broken: versions are times.
#[derive(Debug)]
struct TimeVersions(Arc<TestStore>);

fn dated(mut found: Found) -> Found {
    found.head.version = at(found.head.modified);
    found
}

fn at(time: DateTime<Utc>) -> Version {
    Version::new(u64::try_from(time.timestamp_millis()).unwrap_or_default())
}

#[async_trait]
impl ScimStore for TimeVersions {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.0.create(scope, draft).await.map(dated)
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.0.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.0.get(scope, read).await.map(dated)
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.0.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let mut updated = self.0.update(scope, edit).await?;
        let read = Read::new(Arc::clone(edit.kind()), edit.id().clone());
        updated.version = dated(self.0.get(scope, &read).await?).head.version;
        updated.found = updated.found.map(dated);
        Ok(updated)
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.0.batch(scope, writes).await
    }
}

/// What was seen of a resource last.
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
        etag: reply.body["meta"]["version"].as_str().unwrap().to_owned(),
        title: reply.body["title"].as_str().unwrap_or_default().to_owned(),
    }
}

/// Random writes while the clock jumps; the first step that breaks the promise is the answer.
fn run(server: &Server, seed: u64, steps: usize) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut known: HashMap<String, Seen> = HashMap::new();
    let (first, last) = (-40 * TEN_YEARS / 10, 790 * TEN_YEARS);
    for step in 0..steps {
        let jump = *random.pick(&[0, 0, 0, 1, 1, 7, -HOUR, HOUR, TEN_YEARS, -TEN_YEARS]);
        let now = (server.clock.0.load(Ordering::SeqCst) + jump).clamp(first, last);
        server.clock.0.store(now, Ordering::SeqCst);
        let broken = |what: &str| Err(format!("seed {seed}, step {step}: {what}"));
        if known.len() < 5 {
            let reply = server.post("/Users", json!({ "schemas": [USER], "userName": format!("u{step}") }));
            let new = seen(reply.ok(201));
            if new.created != new.modified || new.created.timestamp_millis() != now {
                return broken("a new resource has another time");
            }
            known.insert(reply.id(), new);
            continue;
        }
        let mut ids: Vec<&String> = known.keys().collect();
        ids.sort();
        let id = (*random.pick(&ids)).clone();
        let path = format!("/Users/{id}");
        if random.one_in(40) {
            server.delete(&path).ok(204);
            known.remove(&id);
            continue;
        }
        let before = known.get(&id).unwrap();
        let title = *random.pick(&["a", "b", "c"]);
        let reply = match random.below(3) {
            0 => server.get(&path),
            1 => server.patch(&path, json!([{ "op": "replace", "path": "title", "value": title }])),
            _ => {
                let name = server.get(&path).body["userName"].clone();
                server.put(&path, json!({ "schemas": [USER], "userName": name, "title": title }))
            }
        };
        let after = seen(reply.ok(200));
        if reply.header("etag") != Some(after.etag.as_str()) {
            return broken("the ETag is not the version");
        }
        if after.created != before.created {
            return broken("the time of creation moved");
        }
        if after.modified < before.modified || after.modified < after.created {
            return broken("the time of change went back");
        }
        let is_changed = after.title != before.title;
        if !is_changed && (after.etag != before.etag || after.modified != before.modified) {
            return broken("nothing changed, and yet version or time moved");
        }
        if is_changed {
            if after.etag == before.etag {
                return broken("a change left the version where it was");
            }
            let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "title", "value": "lost" }] });
            let stale = server.send("PATCH", &path, &[("if-match", &before.etag)], Some(&body));
            if stale.status != 412 {
                return broken("an old ETag was taken");
            }
        }
        known.insert(id, after);
    }
    Ok(())
}

#[test]
fn c11_times_never_go_back_and_versions_do_not_need_them() {
    for (seed, dialect) in [(1, Dialect::rfc()), (2, Dialect::default())] {
        run(&Server::new(dialect), seed, rounds(5000)).unwrap();
    }
}

#[test]
fn c11_versions_that_are_times_are_caught() {
    let inner = Arc::new(TestStore::new());
    let server = Server::over(Arc::clone(&inner), TimeVersions(inner), Dialect::default(), |builder| {
        builder
    });
    run(&server, 1, 5000).unwrap_err();
}

/// A clock that stands still at an odd time.
#[derive(Debug)]
struct Odd(DateTime<Utc>);

impl Clock for Odd {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

#[test]
fn c11_odd_times_do_no_harm() {
    let leap = "2016-12-31T23:59:59Z".parse::<DateTime<Utc>>().unwrap() + chrono::TimeDelta::milliseconds(999);
    let far = DateTime::from_timestamp(253_402_300_800, 0).unwrap();
    for now in [
        leap,
        far,
        DateTime::UNIX_EPOCH,
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MAX_UTC,
    ] {
        let server = Server::with(Dialect::default(), |builder| builder.clock(Odd(now)));
        for name in ["a", "b", "c"] {
            let id = server.user(json!({ "userName": name }));
            let reply = server.patch(
                &format!("/Users/{id}"),
                json!([{ "op": "add", "path": "title", "value": "T" }]),
            );
            assert_eq!(reply.ok(200).body["meta"]["created"], json!(datetime::format(&now)));
        }
        let page = server.get("/Users?cursor&count=2");
        let cursor = page.ok(200).body["nextCursor"].as_str().unwrap().to_owned();
        server.get(&format!("/Users?count=2&cursor={cursor}")).ok(200);
        server
            .filter("/Users", r#"meta.lastModified gt "2011-05-13T04:42:34Z""#)
            .ok(200);
    }
}
