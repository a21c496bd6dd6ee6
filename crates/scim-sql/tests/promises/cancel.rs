//! C18: a request whose client goes away leaves nothing half done, nothing locked, and no transaction open.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use scim_conformance::postgres::Postgres;
use scim_http::{
    core::Edit,
    store::{Attempt, Denial, Guard, IdSource, RandomIds, Result, ScimStore, Scope, StoreError, TxView, Updated},
};
use scim_sql::PgStore;
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    base::Base,
    client::{Client, CountedIds, Sent},
    flaw::{Flaw, Flawed, Shared, pause},
    generate::requests,
    raw, scale,
    support::HandClock,
};

const CONNECTIONS: u32 = 3;

/// Takes its time over every question.
#[derive(Debug)]
struct Slow;

#[async_trait]
impl Guard for Slow {
    async fn check(&self, _: &Scope, _: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        pause().await;
        Ok(())
    }
}

/// Broken: a transaction by hand, which only the end of the request ends.
#[derive(Debug)]
enum ByHand {
    Sqlite(Shared, Mutex<rusqlite::Connection>),
    Postgres(Shared, PgPool),
}

#[async_trait]
impl Flaw for ByHand {
    fn inner(&self) -> &dyn ScimStore {
        let (Self::Sqlite(inner, _) | Self::Postgres(inner, _)) = self;
        inner
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        match self {
            Self::Sqlite(_, connection) => {
                let run = |text: &str| {
                    connection
                        .lock()
                        .unwrap()
                        .execute_batch(text)
                        .map_err(StoreError::other)
                };
                run("BEGIN IMMEDIATE")?;
                pause().await;
                run("COMMIT")?;
            }
            Self::Postgres(_, pool) => {
                let mut connection = pool.acquire().await.map_err(StoreError::other)?;
                sqlx::query("BEGIN")
                    .execute(&mut *connection)
                    .await
                    .map_err(StoreError::other)?;
                pause().await;
                sqlx::query("COMMIT")
                    .execute(&mut *connection)
                    .await
                    .map_err(StoreError::other)?;
            }
        }
        self.inner().update(scope, edit).await
    }
}

/// A future that is dropped after so many polls.
struct Dropped<F> {
    future: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Dropped<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        match self.future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The store under test, with what else is known of it.
struct Bed {
    base: Base,
    pool: Option<PgPool>,
    client: Client,
    ids: CountedIds,
    /// Nothing is done here but to see whether anything can be done.
    bystander: Client,
}

impl Bed {
    async fn sqlite(base: &Base) -> Self {
        let store = base.open_guarded(Arc::new(Slow)).await;
        Self::new(base, None, Arc::clone(&store), store)
    }

    async fn postgres(base: &Base) -> Self {
        let (url, schema) = base.place();
        let options = url
            .parse::<sqlx::postgres::PgConnectOptions>()
            .unwrap()
            .application_name("pool");
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .unwrap();
        let store = PgStore::builder()
            .schema(schema)
            .guard(Arc::new(Slow))
            .open(pool.clone())
            .await
            .unwrap();
        let store: Shared = Arc::new(store);
        Self::new(base, Some(pool), Arc::clone(&store), store)
    }

    fn new(base: &Base, pool: Option<PgPool>, store: Shared, tested: impl ScimStore) -> Self {
        let ids = CountedIds::default();
        Self {
            base: base.clone(),
            pool,
            client: Client::fixed(tested, "", &HandClock::new(), &ids),
            ids,
            bystander: Client::new(store, "bystander"),
        }
    }

    /// The same bed with a transaction by hand around changes.
    fn by_hand(self, store: Shared) -> Self {
        let broken = match &self.pool {
            Some(pool) => ByHand::Postgres(Arc::clone(&store), pool.clone()),
            None => {
                let connection = raw::connect_sqlite(self.base.file().unwrap()).unwrap();
                ByHand::Sqlite(Arc::clone(&store), Mutex::new(connection))
            }
        };
        Self::new(&self.base, self.pool, store, Flawed(broken))
    }

    /// Three users and two groups of a new tenant, and its request of this number.
    async fn world(&self, tenant: &str, index: usize) -> (Client, &'static str, Sent) {
        self.ids.set(0);
        let client = self.client.of(tenant);
        let mut users = Vec::new();
        for n in 0..3 {
            users.push(client.user(&format!("u{n}")).await);
        }
        let groups = [
            client.group("g", &users[..2]).await,
            client.group("h", &users[..1]).await,
        ];
        let (name, method, path, body) = requests(&users, &groups).swap_remove(index);
        (client, name, Sent::new(method, path, body))
    }

    async fn dump(&self, tenant: &str) -> String {
        self.base.dump(tenant).await.replace(tenant, "T")
    }

    /// Waits until whatever the request left to itself is over; what does not end is the answer.
    async fn settle(&self) -> std::result::Result<(), String> {
        // On SQLite writes go one after the other, and this one is the last.
        let number = RandomIds.next();
        let number = number.as_str();
        let reply = self
            .bystander
            .send(&Sent::user(serde_json::json!({ "userName": format!("{number}") })))
            .await;
        if reply.status != 201 {
            return Err(format!("nothing can be written any more: {}", reply.text));
        }
        let Some(pool) = &self.pool else { return Ok(()) };
        let start = Instant::now();
        loop {
            let open = "SELECT state || ' ' || query FROM pg_stat_activity WHERE application_name = 'pool' AND state <> 'idle'";
            let open = self.base.sql(open).await;
            let idle = u32::try_from(pool.num_idle()).unwrap();
            if open.is_empty() && idle == pool.size() {
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(5) {
                return Err(format!(
                    "{idle} of {} connections are back, open are {open:?}",
                    pool.size()
                ));
            }
        }
    }
}

#[derive(Debug, Default)]
struct Outcome {
    dropped: usize,
    undone: usize,
    done: usize,
}

/// Drops each request at each of its polls: afterwards all of it is done or nothing.
async fn cancel_each(bed: &Bed, most: usize) -> std::result::Result<Outcome, String> {
    let mut outcome = Outcome::default();
    let count = requests(&vec![String::new(); 3], &vec![String::new(); 2]).len();
    let mut number = 0;
    for index in 0..count {
        let mut world = async || {
            number += 1;
            let tenant = format!("tenant-{number}-");
            let (client, name, sent) = bed.world(&tenant, index).await;
            // The same identifiers for each try.
            bed.ids.set(100);
            (tenant, client, name, sent)
        };
        let (tenant, client, name, sent) = world().await;
        assert!(client.send(&sent).await.is_good(), "{name}");
        bed.settle().await?;
        let whole = bed.dump(&tenant).await;
        let (mut tenant, mut client, _, mut sent) = world().await;
        let before = bed.dump(&tenant).await;
        for polls in 1..=most {
            bed.ids.set(100);
            let future = Box::pin(client.send(&sent));
            if let Some(reply) = (Dropped { future, left: polls }).await {
                // Nothing was locked either.
                assert!(reply.is_good(), "{name}: {}", reply.text);
                break;
            }
            outcome.dropped += 1;
            let settled = bed.settle().await;
            settled.map_err(|what| format!("{name} was dropped after {polls} polls: {what}"))?;
            let left = bed.dump(&tenant).await;
            if left == before {
                outcome.undone += 1;
            } else if left == whole {
                outcome.done += 1;
                (tenant, client, _, sent) = world().await;
            } else {
                return Err(format!(
                    "{name} was dropped after {polls} polls and left\n{left}\nbefore:\n{before}\nwhole:\n{whole}"
                ));
            }
        }
    }
    Ok(outcome)
}

async fn assert_nothing_is_left(bed: &Bed) {
    let base = &bed.base;
    let outcome = cancel_each(bed, scale::pick(60, 400)).await.unwrap();
    scale::figures(
        "C18 dropped requests",
        base.name(),
        format!("{outcome:?}, none half, none open"),
    );
    assert!(outcome.dropped >= 20, "{outcome:?}");
    assert_eq!(base.misfits().await, [""; 0]);
}

#[test]
fn c18_sqlite_has_nothing_left_of_dropped_requests() {
    scale::run(async { assert_nothing_is_left(&Bed::sqlite(&Base::sqlite()).await).await });
}

#[test]
fn c18_postgres_has_nothing_left_of_dropped_requests() {
    let server = Postgres::start().unwrap();
    scale::run(async {
        let bed = Bed::postgres(&Base::on(&server)).await;
        assert_nothing_is_left(&bed).await;
        let pool = bed.pool.as_ref().unwrap();
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            held.push(pool.acquire().await.unwrap());
        }
        assert_eq!(pool.size(), CONNECTIONS);
    });
}

#[test]
fn c18_a_transaction_by_hand_is_caught_on_sqlite() {
    scale::run(async {
        let base = Base::sqlite();
        let store = base.open().await;
        let bed = Bed::new(&base, None, Arc::clone(&store), Arc::clone(&store)).by_hand(store);
        let caught = cancel_each(&bed, 60).await.unwrap_err();
        assert!(caught.contains("nothing can be written any more"), "{caught}");
    });
}

#[test]
fn c18_a_transaction_by_hand_is_caught_on_postgres() {
    let server = Postgres::start().unwrap();
    scale::run(async {
        let base = Base::on(&server);
        let bed = Bed::postgres(&base).await;
        let store = base.open().await;
        let caught = cancel_each(&bed.by_hand(store), 60).await.unwrap_err();
        assert!(caught.contains("idle in transaction"), "{caught}");
    });
}
