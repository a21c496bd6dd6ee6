//! The store that is made of back ends: its contract, its answers next to those of the store in memory, and identity providers on it.

#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../scim-store/docs/backends.rs"]
mod backends;

use async_trait::async_trait;
use backends::Table;
use chrono::TimeDelta;
use scim_conformance::{
    Client, ExchangeFile, InProcess, Report, block_on, bundled_exchanges, check_store,
    differential::{Differential, PROBE, Tally},
};
use scim_core::typed::{Group, User};
use scim_http::{BearerTokens, Expiry, ScimService};
use scim_store::{Backends, GroupBackend, MemoryStore, Principal, Record, RecordChange, Result, Scope, UserBackend};

const BASE: &str = "https://scim.example.test/scim/v2";

/// A host that keeps no revisions.
#[derive(Debug, Default)]
struct Plain<T>(Table<T>);

fn plain<V>(record: Record<V>) -> Record<V> {
    Record::from_row(record.id, record.value, record.created, record.modified)
}

#[async_trait]
impl UserBackend for Plain<User> {
    type View = User;

    async fn create(&self, scope: &Scope, new: Record<User>) -> Result<Record<User>> {
        self.0.create(scope, new).await.map(plain)
    }

    async fn delete(&self, scope: &Scope, was: &Record<User>) -> Result<()> {
        UserBackend::delete(&self.0, scope, was).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Record<User>>> {
        let all = UserBackend::list(&self.0, scope).await?;
        Ok(all.into_iter().map(plain).collect())
    }

    async fn update(&self, scope: &Scope, change: RecordChange<'_, User>) -> Result<Record<User>> {
        self.0.update(scope, change).await.map(plain)
    }
}

#[async_trait]
impl GroupBackend for Plain<Group> {
    type View = Group;

    async fn create(&self, scope: &Scope, new: Record<Group>) -> Result<Record<Group>> {
        self.0.create(scope, new).await.map(plain)
    }

    async fn delete(&self, scope: &Scope, was: &Record<Group>) -> Result<()> {
        GroupBackend::delete(&self.0, scope, was).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Record<Group>>> {
        let all = GroupBackend::list(&self.0, scope).await?;
        Ok(all.into_iter().map(plain).collect())
    }

    async fn update(&self, scope: &Scope, change: RecordChange<'_, Group>) -> Result<Record<Group>> {
        self.0.update(scope, change).await.map(plain)
    }
}

#[test]
fn back_ends_without_revisions_keep_the_contract() {
    let report = block_on(check_store(&Backends::new(Plain::default(), Plain::default())));
    assert!(report.outcomes().count() > 30);
    assert!(report.is_clean(), "{report}");
    // Told to count what does not count, the contract is not kept.
    let liar = Backends::new(Plain::default(), Plain::default()).with_counted_revisions();
    assert!(!block_on(check_store(&liar)).is_clean());
}

/// Users without extensions that the struct has not, none created in the same instant: back ends do not tell who came first then.
#[test]
fn random_searches_are_answered_as_in_memory() {
    let differential = Differential::new(1).with_cases(40);
    let differential = differential.with_attributes(|_, path| !path.starts_with(PROBE));
    let (memory, store) = (MemoryStore::new(), backends::store());
    let mut tally = Tally::default();
    for number in 0..4 {
        let mut world = differential.world(number);
        for (delay, item) in (0..).zip(&mut world.items) {
            item.at += TimeDelta::milliseconds(delay);
        }
        let one = block_on(world.fill(&memory)).unwrap();
        let two = block_on(world.fill(&store)).unwrap();
        let compared = differential.compare(number, &world, (&memory, &one), (&store, &two), &mut tally);
        block_on(compared).unwrap();
    }
    assert!(tally.found > tally.cases / 3, "{tally:?}");
    assert_eq!((tally.cases, tally.refused), (160, 0), "{tally:?}");
}

#[test]
fn identity_providers_are_served() {
    let mut report = Report::default();
    for file in ExchangeFile::load_directory(&bundled_exchanges()).unwrap() {
        let principal = || Principal::new("tenant", "exchanges");
        let tokens = BearerTokens::new().allow_raw(true);
        let tokens = tokens.with_basic("user", "password", principal()).unwrap();
        tokens.add("exchange-token", principal(), Expiry::Never).unwrap();
        let service = ScimService::builder(BASE, Backends::new(Plain::default(), Plain::default()), tokens);
        let target = InProcess::new(service.build().unwrap());
        let client = Client::new(BASE, "exchange-token").basic("user", "password");
        report.files.push(block_on(file.replay(&target, &client)));
    }
    assert!(report.outcomes().count() > 200 && report.is_clean(), "{report}");
}
