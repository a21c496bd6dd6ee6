//! The contract, held against the stores of this project: `cargo test -p scim-conformance --test stores`.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../scim-store/docs/custom_store.rs"]
mod custom_store;

#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../scim-store/docs/backends.rs"]
mod backends;

use std::sync::Arc;

use async_trait::async_trait;
use custom_store::ListStore;
use scim_conformance::stores::{Rerun, StoreKind, block_on};
use scim_conformance::{
    Asked, Inspect, StoreFactory, StoreOptions, check_changes, check_credentials, check_guard, check_store,
};
use scim_core::TenantId;
use scim_store::{
    Change, ChangeFeed, ChangeKind, ChangeMethod, CredentialStore, MemoryCredentials, MemoryStore, NoGuard, Result,
    ScimStore,
};

fn check(store: &dyn ScimStore) {
    let report = block_on(check_store(store));
    assert!(report.outcomes().count() > 30);
    assert!(report.is_clean(), "{report}");
}

/// The store that `SCIM_TEST_STORE` names.
fn open(options: StoreOptions) -> Arc<dyn Inspect> {
    block_on(StoreKind::from_env().unwrap().open(options)).unwrap()
}

#[test]
fn the_store_keeps_the_contract() {
    check(&*open(StoreOptions::default()));
    check(&*open(StoreOptions::default().guard(Arc::new(NoGuard))));
}

#[test]
fn the_record_of_changes_keeps_its_contract() {
    for options in [
        StoreOptions::default(),
        StoreOptions::default().guard(Arc::new(NoGuard)),
    ] {
        let store = open(options);
        let report = block_on(check_changes(&*store, &*store));
        assert!(report.is_clean(), "{report}");
    }
}

#[test]
fn guards_are_asked_the_same_by_every_store() {
    let asked = Arc::new(Asked::default());
    let report = block_on(check_guard(
        &*open(StoreOptions::default().guard(Arc::<Asked>::clone(&asked))),
        &asked,
    ));
    assert!(report.is_clean(), "{report}");
    let store = backends::store().with_guard(Arc::<Asked>::clone(&asked));
    let report = block_on(check_guard(&store, &asked));
    assert!(report.is_clean(), "{report}");
}

type Blur = fn(&mut Change);

/// Broken: a record that leaves something out.
#[derive(Debug)]
struct Blurred(Arc<MemoryStore>, Blur);

#[async_trait]
impl ChangeFeed for Blurred {
    async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        let mut changes = self.0.changes(tenant, after, limit);
        changes.iter_mut().for_each(self.1);
        Ok(changes)
    }

    async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        self.0.forget(tenant, through).await
    }
}

#[test]
fn a_record_that_leaves_something_out_is_caught() {
    let blurs: [(&str, Blur); 5] = [
        ("put_and_patch_are_told_apart", |change| {
            if change.method == ChangeMethod::Put {
                change.method = ChangeMethod::Patch;
            }
        }),
        ("a_deletion_tells_the_external_id", |change| {
            if change.kind == ChangeKind::Deleted {
                change.external_id = None;
            }
        }),
        ("a_creation_tells_what_was_given", |change| {
            if change.kind == ChangeKind::Created {
                change.changed.clear();
            }
        }),
        ("a_group_that_loses_a_deleted_member_is_not_deleted", |change| {
            if change.resource_type == "Group" && change.changed == ["members"] {
                change.method = ChangeMethod::Delete;
            }
        }),
        ("the_host_is_told_from_clients", |change| {
            if change.method == ChangeMethod::Host {
                change.method = ChangeMethod::Unknown;
            }
        }),
    ];
    for (promise, blur) in blurs {
        let store = Arc::new(MemoryStore::new());
        let report = block_on(check_changes(&store, &Blurred(Arc::clone(&store), blur)));
        let mut outcomes = report.outcomes();
        let caught = outcomes.any(|outcome| outcome.id == promise && !outcome.passed());
        assert!(caught, "{promise}: {report}");
    }
}

#[test]
fn pointers_to_stores_keep_the_contract() {
    let arc: Arc<dyn ScimStore> = open(StoreOptions::default());
    check(&arc);
    let boxed: Box<dyn ScimStore> = Box::new(arc);
    check(&boxed);
}

/// About the store in memory only, as a value.
#[test]
fn the_store_in_memory_needs_no_pointer() {
    check(&MemoryStore::new());
}

#[test]
fn the_documented_store_keeps_the_contract() {
    check(&ListStore::default());
}

#[test]
fn the_documented_back_ends_keep_the_contract() {
    check(&backends::store());
}

#[test]
fn credentials_in_memory_keep_the_contract() {
    let pointer: Arc<dyn CredentialStore> = Arc::new(MemoryCredentials::new());
    for store in [&MemoryCredentials::new() as &dyn CredentialStore, &pointer] {
        let report = block_on(check_credentials(store));
        assert!(report.outcomes().count() > 10);
        assert!(report.is_clean(), "{report}");
    }
}

#[test]
fn same_on_sqlite() {
    Rerun::on(StoreKind::Sqlite).run().unwrap();
}

#[test]
fn same_on_postgres() {
    Rerun::on(StoreKind::Postgres).run().unwrap();
}
