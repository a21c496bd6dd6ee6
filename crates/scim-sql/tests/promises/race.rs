//! C2: of those who create the same user at once, one succeeds and the others are told that the name is taken.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use scim_http::{
    core::{
        Draft,
        filter::{Filter, FilterScope, Predicate},
        query::{Page, Query, Target},
        resource::Found,
    },
    store::{Result, ScimStore, Scope, StoreError},
};
use serde_json::json;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    base::Base,
    client::{Client, Sent},
    flaw::{Flaw, Flawed, Shared, pause},
    scale,
    support::BASE,
};

const CLIENTS: usize = 16;

/// Broken, on tables without the unique index: looks whether a name is taken, and then takes it.
#[derive(Debug)]
pub(crate) struct CheckThenInsert(pub(crate) Shared);

impl CheckThenInsert {
    /// A store on tables that lost their unique index.
    pub(crate) async fn on(base: &Base) -> Flawed<Self> {
        let store = base.open().await;
        base.sql("DROP INDEX scim_resource_user_name").await;
        Flawed(Self(store))
    }
}

#[async_trait]
impl Flaw for CheckThenInsert {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        if let Some(name) = draft.resource.text("userName") {
            let filter = Filter::parse(&format!("userName eq {}", json!(name))).unwrap();
            let of = FilterScope {
                kind: &draft.kind,
                dialect: &draft.dialect,
                base: BASE,
                across_types: false,
                in_url: false,
            };
            let target = Target::new(Arc::clone(&draft.kind), Some(Predicate::resolve(&filter, &of)?), None);
            let page = Page::Index { start: 1, count: 1 };
            if !self
                .0
                .query(scope, &Query::new(vec![target], page))
                .await?
                .items
                .is_empty()
            {
                let attribute = "userName".to_owned();
                return Err(StoreError::Uniqueness { attribute });
            }
            pause().await;
        }
        self.0.create(scope, draft).await
    }
}

/// Names that RFC 8265 takes for one.
fn spelling(round: usize, client: usize) -> String {
    let name = match client % 5 {
        0 => "zoë",
        1 => "ZOË",
        2 => "zoe\u{308}",
        3 => "Zoe\u{308}",
        _ => "ｚｏë", // of full width
    };
    format!("{name}{round}")
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Raced {
    /// How often a status came.
    statuses: BTreeMap<u16, usize>,
    /// Answers of 409 without the keyword.
    unnamed: usize,
    /// Resources of one name beyond the first.
    duplicates: usize,
}

/// All clients create the same user, round by round.
async fn race(client: &Client, rounds: usize) -> Raced {
    let mut raced = Raced::default();
    let barrier = Arc::new(Barrier::new(CLIENTS));
    for round in 0..rounds {
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let (client, barrier) = (client.clone(), Arc::clone(&barrier));
            clients.spawn(async move {
                let sent = Sent::user(json!({ "userName": spelling(round, number) }));
                barrier.wait().await;
                client.send(&sent).await
            });
        }
        for reply in clients.join_all().await {
            *raced.statuses.entry(reply.status).or_default() += 1;
            raced.unnamed += usize::from(reply.status == 409 && reply.body["scimType"] != "uniqueness");
        }
    }
    for round in 0..rounds {
        let found = client
            .find("/Users", &format!("userName eq {}", json!(spelling(round, 0))))
            .await;
        raced.duplicates += found.len().saturating_sub(1);
    }
    raced
}

/// Clients create and delete the same user over and over; how often two had it at once, and how often someone had it.
async fn churn(client: &Client, times: usize) -> (usize, usize) {
    let (is_taken, twice, had) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = Arc::new((is_taken, twice, had));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, shared) = (client.clone(), Arc::clone(&shared));
        clients.spawn(async move {
            let (is_taken, twice, had) = &*shared;
            for _ in 0..times {
                let reply = client
                    .send(&Sent::user(json!({ "userName": spelling(0, number) })))
                    .await;
                if reply.status == 201 {
                    twice.fetch_add(usize::from(is_taken.swap(true, Ordering::SeqCst)), Ordering::SeqCst);
                    had.fetch_add(1, Ordering::SeqCst);
                    is_taken.store(false, Ordering::SeqCst);
                    client.delete(&format!("/Users/{}", reply.id())).await.ok(204);
                } else {
                    reply.ok(409);
                }
            }
        });
    }
    clients.join_all().await;
    (shared.1.load(Ordering::SeqCst), shared.2.load(Ordering::SeqCst))
}

fn holds(base: &Base) {
    scale::run(async {
        let client = Client::new(base.open().await, "A");
        let rounds = scale::pick(20, 200);
        let raced = race(&client, rounds).await;
        scale::figures(
            "C2 races of creation",
            base.name(),
            format!("{rounds} rounds of {CLIENTS} clients: {raced:?}"),
        );
        let expected = Raced {
            statuses: BTreeMap::from([(201, rounds), (409, rounds * (CLIENTS - 1))]),
            ..Raced::default()
        };
        assert_eq!(raced, expected);
        let (twice, had) = churn(&client.of("B"), scale::pick(10, 100)).await;
        scale::figures(
            "C2 churn",
            base.name(),
            format!("{had} times created and deleted, {twice} times by two"),
        );
        assert_eq!(twice, 0);
        assert!(had > 0);
        assert_eq!(base.misfits().await, [""; 0]);
    });
}

#[test]
fn c2_memory_gives_a_name_once() {
    holds(&Base::memory());
}

#[test]
fn c2_sqlite_gives_a_name_once() {
    holds(&Base::sqlite());
}

#[test]
fn c2_postgres_gives_a_name_once() {
    holds(&Base::postgres());
}

#[test]
fn c2_a_look_before_the_insert_is_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let client = Client::new(CheckThenInsert::on(&base).await, "A");
            let raced = race(&client, 20).await;
            scale::figures("C2 control: look, then insert", base.name(), format!("{raced:?}"));
            assert!(raced.duplicates > 0);
        });
    }
}
