//! C7: a server that restarts and a network that fails cost clients time, and nothing else.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use scim_conformance::postgres::Postgres;
use scim_http::{
    core::{
        Draft,
        resource::{Found, Head},
    },
    store::{Result, ScimStore, Scope, StoreError},
};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use crate::{
    base::Base,
    client::Client,
    flaw::{Flaw, Flawed, Shared},
    proxy::Proxy,
    raw, scale,
    script::{Difference, Provider, Tally, compare},
};

const CLIENTS: usize = 8;

/// Broken: one connection for ever, whatever becomes of it.
#[derive(Debug)]
struct OneConnection {
    inner: Shared,
    connection: tokio::sync::Mutex<PgConnection>,
}

#[async_trait]
impl Flaw for OneConnection {
    fn inner(&self) -> &dyn ScimStore {
        &self.inner
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let mut connection = self.connection.lock().await;
        sqlx::query("SELECT 1")
            .execute(&mut *connection)
            .await
            .map_err(StoreError::other)?;
        let head = Head::new(scope.ids.next(), scope.now);
        let stored = draft.stored(&head.id);
        Ok(Found::new(Arc::clone(&draft.kind), head, stored))
    }
}

/// Clients that carry out their scripts while something is broken; how far each came, and what they met.
async fn work(
    client: &Client,
    group: &str,
    until: impl Fn(usize) -> bool + Clone + Send + 'static,
) -> (Vec<usize>, Tally) {
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let mut provider = Provider::new(client.clone(), number, group);
        let until = until.clone();
        clients.spawn(async move {
            let mut step = 0;
            while !until(step) {
                provider.insist(step, || true).await;
                step += 1;
            }
            (number, step, provider.tally)
        });
    }
    let (mut steps, mut tally) = (vec![0; CLIENTS], Tally::default());
    for (number, done, own) in clients.join_all().await {
        steps[number] = done;
        tally.join(own);
    }
    (steps, tally)
}

fn assert_kept(tally: Tally) {
    assert_eq!((tally.wrong, tally.without_date), (0, 0), "{tally:?}");
}

/// The first write that succeeds after the server is ready again.
async fn recovery(client: &Client, number: usize) -> Duration {
    let start = Instant::now();
    let name = format!("c{}-{}", CLIENTS, number);
    loop {
        let reply = client
            .send(&crate::client::Sent::user(serde_json::json!({ "userName": name })))
            .await;
        if matches!(reply.status, 201 | 409) {
            return start.elapsed();
        }
        assert_eq!(reply.status, 503, "{}", reply.text);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn c7_postgres_restarts() {
    let server = Arc::new(Postgres::options().durable(scale::is_full()).start().unwrap());
    scale::run(async {
        let base = Base::on(&server);
        let client = Client::new(base.open().await, "A");
        let group = client.group("all", &[]).await;
        let is_over = Arc::new(AtomicBool::new(false));
        let recoveries = Arc::new(Mutex::new(Vec::new()));
        let other = client.of("B");
        let worker = {
            let is_over = Arc::clone(&is_over);
            work(&client, &group, move |step| {
                is_over.load(Ordering::SeqCst) && step % 6 == 0
            })
        };
        let restarts = async {
            let times = scale::pick(3, 12);
            for time in 0..times {
                tokio::time::sleep(scale::pick(Duration::from_millis(300), Duration::from_secs(10))).await;
                let server = Arc::clone(&server);
                let restart = move || {
                    // Killed, or ended in order.
                    if time % 2 == 0 { server.kill() } else { server.stop() }.unwrap();
                    server.start_again().unwrap();
                };
                tokio::task::spawn_blocking(restart).await.unwrap();
                let recovered = recovery(&other, time).await;
                recoveries.lock().unwrap().push(recovered);
            }
            is_over.store(true, Ordering::SeqCst);
            times
        };
        let ((steps, tally), times) = tokio::join!(worker, restarts);
        let difference = compare(&client, &steps).await;
        let slowest = recoveries.lock().unwrap().iter().max().copied().unwrap_or_default();
        let told = format!(
            "{times} restarts, ready again after at most {} ms: {tally:?}, {difference:?}",
            slowest.as_millis()
        );
        scale::figures("C7 restarts", base.name(), told);
        assert_kept(tally);
        assert_eq!(difference, Difference::default());
        assert_eq!(base.misfits().await, [""; 0]);
        if scale::is_full() {
            assert!(slowest <= Duration::from_secs(5), "{slowest:?}");
        }
    });
}

#[test]
fn c7_postgres_by_a_bad_network() {
    scale::run(async {
        let base = Base::postgres();
        let proxy = Proxy::to(Postgres::shared().unwrap().url(), 3).await;
        let client = Client::new(base.by(proxy.url()).open().await, "A");
        let group = client.group("all", &[]).await;
        proxy.set_bad(true);
        let steps = scale::pick(48, 1200);
        let (done, tally) = work(&client, &group, move |step| step == steps).await;
        proxy.set_bad(false);
        let difference = compare(&client, &done).await;
        let told = format!("{} faults of the network: {tally:?}, {difference:?}", proxy.faults());
        scale::figures("C7 network", base.name(), told);
        assert!(proxy.faults() > 5, "{}", proxy.faults());
        assert_kept(tally);
        assert_eq!(difference, Difference::default());
        assert_eq!(base.misfits().await, [""; 0]);
    });
}

#[test]
fn c7_while_the_server_is_gone_the_answer_is_503() {
    let server = Postgres::start().unwrap();
    scale::run(async {
        let base = Base::on(&server);
        let client = Client::new(base.open_impatient().await, "A");
        let user = client.user("ann").await;
        server.kill().unwrap();
        let path = format!("/Users/{user}");
        let operations = serde_json::json!([{ "op": "replace", "path": "title", "value": "T" }]);
        for reply in [
            client.get(&path).await,
            client.get("/Users").await,
            client.patch(&path, operations.clone()).await,
            client.delete(&path).await,
        ] {
            assert!(reply.ok(503).header("retry-after").is_some());
        }
        server.start_again().unwrap();
        assert!(recovery(&client, 0).await < Duration::from_secs(60));
        client.patch(&path, operations).await.ok(200);
    });
}

#[test]
fn c7_a_connection_that_is_never_replaced_is_caught() {
    let server = Postgres::start().unwrap();
    scale::run(async {
        let base = Base::on(&server);
        let (url, schema) = base.place();
        let store = OneConnection {
            inner: base.open().await,
            connection: tokio::sync::Mutex::new(raw::connect_postgres(url, schema).await.unwrap()),
        };
        let client = Client::new(Flawed(store), "A");
        client.user("ann").await;
        server.restart().unwrap();
        let caught = tokio::spawn(async move { recovery(&client, 0).await }).await;
        assert!(caught.is_err(), "it recovered");
    });
}
