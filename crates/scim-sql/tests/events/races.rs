//! Many who take in, claim and settle at once.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_events::{
    Attempt, AttemptOutcome, Bounds, Claiming, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId,
    EndpointSettings, EndpointUrl, EventId, EventType, Next, Settlement,
};
use scim_sql::SqliteStore;
use tokio::task::JoinSet;

use crate::contract::postgres;

const DELIVERIES: u64 = 120;
const RESOURCES: u64 = 5;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn tenant() -> TenantId {
    TenantId::new("acme")
}

fn delivery(endpoint: &EndpointId, sequence: u64) -> Delivery {
    Delivery::new(
        tenant(),
        endpoint.clone(),
        sequence,
        EventId::new(format!("evt_{sequence}")),
        EventType::new("user.updated"),
        format!("User/{}", sequence % RESOURCES),
        "{}".to_owned(),
        now(),
    )
}

/// What was under way, as whoever had claimed it saw it.
#[derive(Debug, Default)]
struct Seen {
    under_way: HashMap<String, u64>,
    last: HashMap<String, u64>,
    done: BTreeSet<u64>,
    wrong: Vec<String>,
}

impl Seen {
    fn begin(&mut self, delivery: &Delivery) {
        let former = self.under_way.insert(delivery.resource.clone(), delivery.sequence);
        let last = self
            .last
            .insert(delivery.resource.clone(), delivery.sequence)
            .unwrap_or_default();
        if former.is_some() || last > delivery.sequence {
            self.wrong
                .push(format!("{delivery:?} beside {former:?} and behind {last}"));
        }
    }

    fn end(&mut self, delivery: &Delivery, is_done: bool) {
        self.under_way.remove(&delivery.resource);
        if is_done && !self.done.insert(delivery.sequence) {
            self.wrong.push(format!("{delivery:?} was done twice"));
        }
    }
}

/// Takes in, claims and settles at once until all is done; a fifth of the tries fails.
async fn race(store: Arc<dyn DeliveryStore>) {
    let url = EndpointUrl::parse("https://example.com/").unwrap();
    let id = EndpointId::new("endpoint");
    let endpoint = Endpoint::new(tenant(), id.clone(), EndpointSettings::new(url).unwrap(), now());
    store.put_endpoint(&endpoint).await.unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut tasks = JoinSet::new();
    let (taken_in, own_id) = (Arc::clone(&store), id.clone());
    tasks.spawn(async move {
        for first in (1..=DELIVERIES).step_by(3) {
            let deliveries: Vec<Delivery> = (first..first + 3).map(|sequence| delivery(&own_id, sequence)).collect();
            taken_in.enqueue(&tenant(), &own_id, &deliveries, 100).await.unwrap();
        }
    });
    for number in 0..4 {
        let (store, seen) = (Arc::clone(&store), Arc::clone(&seen));
        tasks.spawn(async move {
            let mut count = number;
            while u64::try_from(seen.lock().unwrap().done.len()).unwrap() < DELIVERIES {
                let claiming = Claiming::new(now(), now() + TimeDelta::hours(1)).most(3, 3);
                for claim in store.claim(&claiming).await.unwrap() {
                    seen.lock().unwrap().begin(&claim.delivery);
                    tokio::task::yield_now().await;
                    count += 1;
                    let (status, next) = match count % 5 {
                        0 => (500, Next::Retry(now())),
                        _ => (204, Next::Delivered),
                    };
                    seen.lock().unwrap().end(&claim.delivery, next == Next::Delivered);
                    let attempt =
                        Attempt::new(&claim.delivery, now(), Duration::ZERO, AttemptOutcome::Answered(status));
                    let settlement = Settlement::new(attempt, next);
                    assert!(store.settle(&claim, &settlement, Bounds::default()).await.unwrap());
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(seen.lock().unwrap().wrong, Vec::<String>::new());
    let waiting = store
        .deliveries(&tenant(), &id, DeliveryState::Waiting, 0, 9)
        .await
        .unwrap();
    assert!(waiting.is_empty(), "{waiting:?} never got a turn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_resource_is_in_one_hand_on_sqlite() {
    race(Arc::new(SqliteStore::in_memory().await.unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_resource_is_in_one_hand_on_postgres() {
    race(Arc::new(postgres().await)).await;
}
