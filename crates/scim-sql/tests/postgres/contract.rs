//! The contract of stores.

use std::sync::Arc;

use scim_conformance::check_store;
use scim_store::{NoGuard, ScimStore};

use crate::support::{store, store_with};
use scim_sql::PgStore;

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let report = check_store(&store().await).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract_with_a_guard_and_behind_pointers() {
    let store = store_with(PgStore::builder().guard(Arc::new(NoGuard))).await;
    let shared: Arc<dyn ScimStore> = Arc::new(store);
    let report = check_store(&shared).await;
    assert!(report.is_clean(), "{report}");
    let boxed: Box<dyn ScimStore> = Box::new(shared);
    let report = check_store(&boxed).await;
    assert!(report.is_clean(), "{report}");
}
