//! The contract of stores.

use std::sync::Arc;

use scim_conformance::{check_changes, check_store};
use scim_store::{NoGuard, ScimStore};

use crate::support::{store, store_with};
use scim_sql::PgStore;

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let store = store().await;
    let report = check_store(&store).await;
    assert!(report.is_clean(), "{report}");
    let report = check_changes(&store, &store).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract_with_a_guard_and_behind_pointers() {
    let store = store_with(PgStore::builder().guard(Arc::new(NoGuard))).await;
    let report = check_changes(&store, &store).await;
    assert!(report.is_clean(), "{report}");
    let shared: Arc<dyn ScimStore> = Arc::new(store);
    let report = check_store(&shared).await;
    assert!(report.is_clean(), "{report}");
    let boxed: Box<dyn ScimStore> = Box::new(shared);
    let report = check_store(&boxed).await;
    assert!(report.is_clean(), "{report}");
}
