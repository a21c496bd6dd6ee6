//! The contract of stores.

use std::sync::Arc;

use scim_conformance::{check_changes, check_store};
use scim_sql::{SqliteStore, Synchronous};
use scim_store::{NoGuard, ScimStore};

use crate::{common::block_on, support::Directory};

fn check(store: &dyn ScimStore) {
    let report = block_on(check_store(store));
    assert!(report.outcomes().count() > 30);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn a_file_keeps_the_contract() {
    let directory = Directory::new();
    let store = directory.store();
    check(&*store);
    // As it does when there is something in it already, and in other forms.
    let shared: Arc<dyn ScimStore> = store;
    check(&shared);
    let boxed: Box<dyn ScimStore> = Box::new(shared);
    check(&boxed);
}

#[test]
fn memory_keeps_the_contract() {
    let store = block_on(SqliteStore::in_memory()).unwrap();
    check(&store);
    let report = block_on(check_changes(&store, &store));
    assert!(report.is_clean(), "{report}");
}

#[test]
fn a_guard_changes_nothing_of_the_contract() {
    let builder = || SqliteStore::builder().guard(Arc::new(NoGuard));
    check(&block_on(builder().in_memory()).unwrap());
    let directory = Directory::new();
    check(&*directory.open(builder().synchronous(Synchronous::Normal).readers(1)));
}
