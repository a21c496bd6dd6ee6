//! The contract, held against the stores of this project: `cargo test -p scim-conformance --test stores`.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../scim-store/docs/custom_store.rs"]
mod custom_store;

#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../scim-store/docs/backends.rs"]
mod backends;

use std::sync::Arc;

use custom_store::ListStore;
use scim_conformance::stores::{Rerun, StoreKind, block_on};
use scim_conformance::{Inspect, StoreFactory, StoreOptions, check_credentials, check_store};
use scim_store::{CredentialStore, MemoryCredentials, MemoryStore, NoGuard, ScimStore};

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
