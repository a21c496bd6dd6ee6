//! The contract, held against the stores of this project: `cargo test -p scim-conformance --test stores`.

#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../scim-store/docs/custom_store.rs"]
mod custom_store;

use std::sync::Arc;

use custom_store::ListStore;
use scim_conformance::{block_on, check_store};
use scim_store::{MemoryStore, NoGuard, ScimStore};

fn check(store: &dyn ScimStore) {
    let report = block_on(check_store(store));
    assert!(report.outcomes().count() > 30);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn the_store_in_memory_keeps_the_contract() {
    check(&MemoryStore::new());
    check(&MemoryStore::with_guard(Arc::new(NoGuard)));
}

#[test]
fn pointers_to_stores_keep_the_contract() {
    let arc: Arc<dyn ScimStore> = Arc::new(MemoryStore::new());
    check(&arc);
    let boxed: Box<dyn ScimStore> = Box::new(arc);
    check(&boxed);
}

#[test]
fn the_documented_store_keeps_the_contract() {
    check(&ListStore::default());
}
