//! C5: every committed change arrives at the receivers of webhooks, nothing else does, wherever anything is killed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_events::{
    DeliveryState, Endpoint, EndpointSettings, EndpointUrl, EventSink as _, HttpTransport, Relay, Schedule, UrlPolicy,
    Webhooks,
};
use scim_http::{
    core::{Draft, Edit, ResourceId, TenantId, Version, resource::Found},
    store::{Change, ChangeFeed, ChangeKind, Clock, Result, ScimStore, Scope, SystemClock, Updated},
};
use serde_json::{Value, json};

use crate::{
    base::{Base, Places},
    child::{Child, say},
    client::Client,
    events::{Event, INSERT, Told, check},
    flaw::{Flaw, Shared},
    random::Random,
    raw,
    receiver::{Heard, Receiver, Reply, tally},
    scale,
};

/// The time of the machine, a minute later: claims of those who were killed have ended.
#[derive(Debug)]
struct Later;

impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::minutes(1)
    }
}

fn webhooks(places: &Places, clock: impl Clock) -> Webhooks {
    let transport = HttpTransport::new(UrlPolicy::new().allow_http().allow_private()).unwrap();
    let mut schedule = Schedule::default();
    schedule.pauses = vec![Duration::ZERO; 1000];
    schedule.longest_rest = Duration::ZERO;
    Webhooks::builder_shared(Arc::clone(&places.deliveries), Arc::new(transport))
        .schedule(schedule)
        .timeout(Duration::from_millis(500))
        .clock(clock)
        .build()
}

fn relay_to(webhooks: &Webhooks, feed: &Arc<dyn ChangeFeed>, places: &Places) -> Relay {
    Relay::builder(Arc::clone(feed), Arc::clone(&places.positions))
        .reader("webhooks", webhooks.clone())
        .batch(20)
        .build()
}

/// The job: relays and sends until it is killed.
pub(crate) async fn relay(base: &Base, options: &Value) {
    let places = base.open_events().await;
    let webhooks = webhooks(&places, SystemClock);
    let relay = relay_to(&webhooks, &places.feed, &places);
    relay.watch(&TenantId::new(options["tenant"].as_str().unwrap()));
    let every = Duration::from_millis(5);
    say("begun");
    // What is busy is tried again.
    tokio::join!(relay.run(every, |_, _| {}), webhooks.run(every, |_| {}));
}

/// Broken: makes its webhooks after its commit.
#[derive(Debug)]
pub(crate) struct PostsLater {
    store: Shared,
    webhooks: Webhooks,
    tenant: TenantId,
    next: AtomicU64,
}

impl PostsLater {
    pub(crate) async fn new(store: Shared, base: &Base, tenant: &str) -> Self {
        Self {
            store,
            webhooks: webhooks(&base.open_events().await, SystemClock),
            tenant: TenantId::new(tenant),
            next: AtomicU64::new(1),
        }
    }

    async fn post(&self, kind: &str, id: &ResourceId, version: Version) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (tenant, what, now) = (self.tenant.clone(), ChangeKind::Updated, SystemClock.now());
        let change = Change::new(tenant, kind, id.clone(), what, version, now)
            .with_sequence(self.next.fetch_add(1, Ordering::SeqCst))
            .with_request("token", "request");
        self.webhooks.deliver(&[scim_events::Event::new(change)]).await.unwrap();
    }
}

#[async_trait]
impl Flaw for PostsLater {
    fn inner(&self) -> &dyn ScimStore {
        &self.store
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let found = self.store.create(scope, draft).await?;
        self.post(found.kind.name(), &found.head.id, found.head.version).await;
        Ok(found)
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let updated = self.store.update(scope, edit).await?;
        if updated.changed {
            self.post(edit.kind().name(), edit.id(), updated.version).await;
        }
        Ok(updated)
    }
}

async fn endpoint(webhooks: &Webhooks, tenant: &str, receiver: &Receiver) -> Endpoint {
    let url = format!("http://127.0.0.1:{}/hook", receiver.port());
    let settings = EndpointSettings::new(EndpointUrl::parse(&url).unwrap()).unwrap();
    let endpoint = webhooks.add(&TenantId::new(tenant), settings).await.unwrap();
    receiver.trust(&endpoint.settings.secrets.current().expose());
    endpoint
}

/// A receiver that often does not answer as it should.
async fn moody(seed: u64) -> Receiver {
    let receiver = Receiver::start().await;
    let mut random = Random::new(seed);
    receiver.decide(move |_| match random.below(100) {
        0 => Reply::Hang,
        1..=8 => Reply::Drop,
        9..=14 => Reply::Refuse,
        _ => Reply::Answer(204, Vec::new()),
    });
    receiver
}

/// What a receiver heard, as the check of records of changes reads it.
fn told(heard: &[Heard]) -> Vec<Event> {
    let event = |heard: &Heard| {
        let data = &heard.body["data"];
        let version = data["version"].as_str().unwrap();
        let kind = heard.body["type"].as_str().unwrap();
        Event {
            sequence: heard.sequence,
            id: heard.resource.clone(),
            version: version.trim_start_matches("W/").trim_matches('"').parse().unwrap(),
            kind: if kind.ends_with(".deleted") { "Deleted" } else { kind }.to_owned(),
        }
    };
    heard.iter().map(event).collect()
}

/// Relays and sends until nothing is left.
async fn finish(places: &Places, feed: &Arc<dyn ChangeFeed>, endpoint: &Endpoint) {
    let webhooks = webhooks(places, Later);
    let relay = relay_to(&webhooks, feed, places);
    loop {
        let drained = relay.drain(&endpoint.tenant).await;
        assert!(drained.failures.is_empty(), "{drained:?}");
        webhooks.send_due().await.unwrap();
        let waiting = webhooks.deliveries(&endpoint.tenant, &endpoint.id, DeliveryState::Waiting, 0, 1);
        if drained.events == 0 && waiting.await.unwrap().is_empty() {
            return;
        }
    }
}

/// Kills writers, relays and senders, restarts the receiver, and looks at what arrived in the end.
fn kill(base: &Base, cycles: usize) -> Told {
    scale::run(async {
        let (store, places) = (base.open().await, base.open_events().await);
        let (mut all, mut random) = (Told::default(), Random::new(12));
        for cycle in 0..cycles {
            let tenant = format!("cycle {cycle}");
            let mut receiver = moody(u64::try_from(cycle).unwrap()).await;
            let endpoint = endpoint(&webhooks(&places, SystemClock), &tenant, &receiver).await;
            let options = json!({ "tenant": tenant, "steps": 1_000_000 });
            let mut writer = Some(Child::start("events", base, options, &[]));
            for _ in 0..2 {
                let mut relay = Child::start("relay", base, json!({ "tenant": tenant }), &[]);
                assert!(relay.hear(1), "the relay gave up");
                if let Some(mut writer) = writer.take() {
                    // At once: writers are faster than senders, which have to deliver all of it in the end.
                    let wrote = 200 + random.below(scale::pick(50, 500));
                    assert!(writer.hear(wrote), "the writers gave up");
                    writer.kill();
                }
                let enough = receiver.heard().len() + 10 + random.below(30);
                receiver.wait(|heard| heard.len() >= enough).await;
                receiver.restart().await;
                receiver.wait(|heard| heard.len() >= enough + 5).await;
                relay.kill();
            }
            finish(&places, &places.feed, &endpoint).await;
            let heard = receiver.heard();
            let (tally, _) = tally(&heard);
            assert!(receiver.invalid().is_empty(), "{:?}", receiver.invalid());
            assert!(
                tally.events > 0 && (tally.ambiguous, tally.disordered) == (0, 0),
                "{tally:?} of {} requests",
                receiver.requests()
            );
            all.add(check(&Client::new(Arc::clone(&store), &tenant), told(&heard)).await);
        }
        all
    })
}

fn delivers(base: &Base) {
    let cycles = scale::pick(2, 50);
    let told = kill(base, cycles);
    scale::figures(
        "C5 deliveries",
        base.name(),
        format!("{cycles} kills of writers, twice as many of relays and receivers: {told:?}"),
    );
    assert!(told.is_true(), "{told:?}");
}

#[test]
fn c5_sqlite_delivers_each_change() {
    delivers(&Base::sqlite());
}

#[test]
fn c5_postgres_delivers_each_change() {
    delivers(&Base::postgres());
}

#[test]
fn c5_posting_after_the_commit_is_caught() {
    scale::run(async {
        let base = Base::sqlite();
        let (store, places) = (base.open().await, base.open_events().await);
        let mut all = Told::default();
        for cycle in 0..5 {
            let tenant = format!("cycle {cycle}");
            let receiver = Receiver::start().await;
            let endpoint = endpoint(&webhooks(&places, SystemClock), &tenant, &receiver).await;
            let options = json!({ "tenant": tenant, "steps": 1_000_000, "is_posting": true });
            let mut writer = Child::start("events", &base, options, &[]);
            assert!(writer.hear(50));
            writer.kill();
            let silent: Arc<dyn ChangeFeed> = Arc::new(Silent);
            finish(&places, &silent, &endpoint).await;
            let heard = told(&receiver.heard());
            all.add(check(&Client::new(Arc::clone(&store), &tenant), heard).await);
        }
        scale::figures("C5 control: posting after the commit", base.name(), format!("{all:?}"));
        assert!(all.lost > 0 && all.events > 0, "{all:?}");
    });
}

/// A record of changes that tells nothing.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl ChangeFeed for Silent {
    async fn changes(&self, _: &TenantId, _: u64, _: usize) -> Result<Vec<Change>> {
        Ok(Vec::new())
    }

    async fn forget(&self, _: &TenantId, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Broken: tells whatever has a greater place than what it told last, past the store.
#[derive(Debug)]
struct Greater {
    url: String,
    schema: String,
}

#[async_trait]
impl ChangeFeed for Greater {
    async fn changes(&self, tenant: &TenantId, after: u64, _: usize) -> Result<Vec<Change>> {
        let text = format!(
            "SELECT ordinal::text || ' ' || id || ' ' || version FROM scim_change
             WHERE tenant = '{tenant}' AND ordinal > {after} ORDER BY ordinal"
        );
        let rows = raw::postgres(&self.url, &self.schema, &text).await.unwrap();
        let change = |row: &String| {
            let mut words = row.split(' ');
            let mut word = || words.next().unwrap();
            let sequence = word().parse().unwrap();
            let id = ResourceId::new(word());
            let version = Version::new(word().parse().unwrap());
            let (tenant, kind, now) = (tenant.clone(), ChangeKind::Updated, SystemClock.now());
            Change::new(tenant, "User", id, kind, version, now)
                .with_sequence(sequence)
                .with_request("token", "request")
        };
        Ok(rows.iter().map(change).collect())
    }

    async fn forget(&self, _: &TenantId, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Has a writer commit behind one that began later, and counts what arrives of the four changes.
async fn commit_out_of_order(is_broken: bool) -> usize {
    use sqlx::Connection as _;
    let base = Base::postgres();
    let (store, places) = (base.open().await, base.open_events().await);
    let (url, schema) = base.place();
    let feed: Arc<dyn ChangeFeed> = if is_broken {
        let (url, schema) = (url.to_owned(), schema.to_owned());
        Arc::new(Greater { url, schema })
    } else {
        Arc::clone(&places.feed)
    };
    let receiver = Receiver::start().await;
    let endpoint = endpoint(&webhooks(&places, SystemClock), "A", &receiver).await;
    let client = Client::new(store, "A");
    client.user("first").await;
    let mut slow = raw::connect_postgres(url, schema).await.unwrap();
    let mut transaction = slow.begin().await.unwrap();
    sqlx::query(INSERT).execute(&mut *transaction).await.unwrap();
    client.user("second").await;
    finish(&places, &feed, &endpoint).await;
    transaction.commit().await.unwrap();
    client.user("third").await;
    finish(&places, &feed, &endpoint).await;
    receiver.heard().len()
}

#[test]
fn c5_deliveries_of_writers_that_commit_out_of_order_arrive() {
    scale::run(async {
        assert_eq!(commit_out_of_order(false).await, 4);
        assert_eq!(
            commit_out_of_order(true).await,
            3,
            "a reader of greater numbers is caught"
        );
    });
}
