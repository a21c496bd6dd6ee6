//! C17: no request waits for ever, and no deadlock is the client's to see.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use scim_http::{
    core::{Edit, resource::MemberStep},
    store::{Result, ScimStore, Scope, StoreError, Updated},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::task::JoinSet;

use crate::{
    base::Base,
    client::{Client, Sent},
    flaw::{Flaw, Flawed, Shared, pause},
    random::Random,
    raw,
    scale::{self, Times},
    support::{BULK, GROUP, USER},
};

const CLIENTS: usize = 16;
const USERS: usize = 12;

/// Broken: locks what a request names in the order in which it names it, and takes what the database says of it as it is.
#[derive(Debug)]
struct RequestOrder {
    inner: Shared,
    base: Base,
}

fn named(edit: &Edit) -> Vec<String> {
    let mut named = Vec::new();
    for step in edit.member_steps() {
        if let MemberStep::Add(members) | MemberStep::Set(members) = step {
            named.extend(members.iter().map(|member| member.value.as_str().to_owned()));
        }
    }
    named
}

impl RequestOrder {
    async fn on(base: &Base) -> Flawed<Self> {
        let inner = base.open().await;
        base.sql("CREATE TABLE locks (name TEXT PRIMARY KEY, count INTEGER NOT NULL DEFAULT 0)")
            .await;
        Flawed(Self {
            inner,
            base: base.clone(),
        })
    }

    async fn postgres(&self, url: &str, schema: &str, names: &[String]) -> Result<()> {
        let mut connection = raw::connect_postgres(url, schema).await.map_err(StoreError::other)?;
        let mut transaction = connection.begin().await.map_err(StoreError::other)?;
        for name in names {
            let lock = "INSERT INTO locks (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET count = locks.count + 1";
            sqlx::query(AssertSqlSafe(lock))
                .bind(name)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::other)?;
            // Something else is done meanwhile.
            let work = sqlx::query("SELECT pg_sleep(0.01)").execute(&mut *transaction);
            work.await.map_err(StoreError::other)?;
        }
        transaction.commit().await.map_err(StoreError::other)?;
        connection.close().await.map_err(StoreError::other)
    }

    /// `BEGIN`, a read, and then a write.
    async fn sqlite(&self, names: &[String]) -> Result<()> {
        let connection = raw::connect_sqlite(self.base.file().unwrap()).map_err(StoreError::other)?;
        let connection = Mutex::new(connection);
        let run = |text: &str| {
            let result = connection.lock().unwrap().execute_batch(text);
            result.map_err(StoreError::other)
        };
        run("BEGIN; SELECT COUNT(*) FROM locks")?;
        pause().await;
        for name in names {
            run(&format!(
                "INSERT INTO locks (name) VALUES ('{name}') ON CONFLICT (name) DO UPDATE SET count = count + 1"
            ))?;
        }
        run("COMMIT")
    }
}

#[async_trait]
impl Flaw for RequestOrder {
    fn inner(&self) -> &dyn ScimStore {
        &self.inner
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let names = named(edit);
        match &self.base {
            Base::Postgres { url, schema } => self.postgres(url, schema, &names).await?,
            _ => self.sqlite(&names).await?,
        }
        self.inner.update(scope, edit).await
    }
}

/// What clients met.
#[derive(Debug, Default)]
struct Met {
    statuses: BTreeMap<u16, usize>,
    times: Times,
}

impl Met {
    fn is_free(&self) -> bool {
        self.statuses.keys().all(|status| *status < 500)
    }
}

fn operations(random: &mut Random, users: &[String], groups: &[String]) -> Sent {
    let mut pair: Vec<&String> = vec![random.pick(users), random.pick(users)];
    // Each group has the other as a member, too, in both orders.
    let (group, other) = if random.one_in(2) {
        (&groups[0], &groups[1])
    } else {
        (&groups[1], &groups[0])
    };
    if random.one_in(3) {
        pair.push(other);
    }
    if random.one_in(2) {
        pair.reverse();
    }
    let members: Vec<Value> = pair.iter().map(|id| json!({ "value": id })).collect();
    let op = *random.pick(&["add", "add", "replace"]);
    let remove = |group: &str, id: &str| {
        let operation = json!({ "op": "remove", "path": format!(r#"members[value eq "{id}"]"#) });
        Sent::patch(format!("/Groups/{group}"), json!([operation]))
    };
    match random.below(10) {
        0..=5 => Sent::patch(
            format!("/Groups/{group}"),
            json!([{ "op": op, "path": "members", "value": members }]),
        ),
        6 => remove(group, pair[0]),
        7 => {
            // A circle, and both groups from within one request.
            let circle = |id: &str, other: &str| {
                json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": {
                    "schemas": [GROUP], "displayName": id, "members": [{ "value": format!("bulkId:{other}") }, { "value": group }] } })
            };
            let patch = |group: &str| {
                let operations = json!([{ "op": "add", "path": "members", "value": members }]);
                json!({ "method": "PATCH", "path": format!("/Groups/{group}"), "data": {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations } })
            };
            let list = json!([circle("a", "b"), circle("b", "a"), patch(group), patch(other)]);
            Sent::new("POST", "/Bulk", Some(json!({ "schemas": [BULK], "Operations": list })))
        }
        8 => Sent::new(
            "PUT",
            format!("/Groups/{group}"),
            Some(json!({ "schemas": [GROUP], "displayName": group, "members": members })),
        ),
        _ => Sent::new("DELETE", format!("/Users/{}", pair[0]), None),
    }
}

/// Many clients change two groups in both orders.
async fn cross(client: &Client, times: usize, most: Duration) -> Met {
    let mut users = Vec::new();
    for n in 0..USERS {
        users.push(client.user(&format!("u{n}")).await);
    }
    let groups = [client.group("g", &[]).await, client.group("h", &users).await];
    let users = Arc::new(Mutex::new(users));
    let (start, made) = (Instant::now(), Arc::new(AtomicUsize::new(USERS)));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, users, groups, made) = (client.clone(), Arc::clone(&users), groups.clone(), Arc::clone(&made));
        clients.spawn(async move {
            let mut random = Random::new(u64::try_from(number).unwrap() + 70);
            let mut met = Met::default();
            let mut done = 0;
            while done < times && start.elapsed() < most {
                done += 1;
                let there = users.lock().unwrap().clone();
                let sent = operations(&mut random, &there, &groups);
                let begin = Instant::now();
                let reply = client.send(&sent).await;
                met.times.add(begin.elapsed());
                *met.statuses.entry(reply.status).or_default() += 1;
                for operation in reply.body["Operations"].as_array().into_iter().flatten() {
                    let status = operation["status"].as_str().unwrap().parse().unwrap();
                    *met.statuses.entry(status).or_default() += 1;
                }
                if sent.method == "DELETE" && reply.is_good() {
                    // Somebody comes for whoever went.
                    let name = format!("u{}", made.fetch_add(1, Ordering::SeqCst));
                    let body = json!({ "schemas": [USER], "userName": name });
                    let reply = client.send(&Sent::new("POST", "/Users", Some(body))).await;
                    *met.statuses.entry(reply.status).or_default() += 1;
                    let gone = sent.path.rsplit('/').next().unwrap();
                    let mut users = users.lock().unwrap();
                    users.retain(|id| id != gone);
                    if reply.status == 201 {
                        users.push(reply.id());
                    }
                }
            }
            met
        });
    }
    let mut all = Met::default();
    for met in clients.join_all().await {
        for (status, count) in met.statuses {
            *all.statuses.entry(status).or_default() += count;
        }
        all.times.join(met.times);
    }
    all
}

fn ends(base: &Base) {
    scale::run(async {
        let client = Client::new(base.open().await, "A");
        let (times, most) = scale::pick((40, Duration::from_secs(3600)), (usize::MAX, Duration::from_secs(300)));
        let mut met = cross(&client, times, most).await;
        let told = format!(
            "{} requests of {CLIENTS} clients: {:?}, {}",
            met.times.len(),
            met.statuses,
            met.times.tell()
        );
        scale::figures("C17 deadlocks", base.name(), &told);
        assert!(met.is_free(), "{told}");
        assert_eq!(base.misfits().await, [""; 0]);
        if scale::is_full() {
            assert!(met.times.quantile(999) < Duration::from_secs(5), "{told}");
        }
    });
}

#[test]
fn c17_memory_ends_each_request() {
    ends(&Base::memory());
}

#[test]
fn c17_sqlite_ends_each_request() {
    ends(&Base::sqlite());
}

#[test]
fn c17_postgres_ends_each_request() {
    ends(&Base::postgres());
}

#[test]
fn c17_locks_in_the_order_of_the_request_are_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let client = Client::new(RequestOrder::on(&base).await, "A");
            let met = cross(&client, 20, Duration::from_secs(3600)).await;
            scale::figures(
                "C17 control: locks in request order",
                base.name(),
                format!("{:?}", met.statuses),
            );
            assert!(!met.is_free(), "{:?}", met.statuses);
        });
    }
}
