//! The contract of stores, kept on a host's tables.

use scim_conformance::{block_on, check_changes, check_store};
use scim_sql::host::HostStore;

use crate::tables::{Database, write_map};

#[test]
fn the_contract_of_stores_is_kept() {
    let database = Database::new();
    block_on(async {
        let store = HostStore::sqlite(&database.0, &write_map()).await.unwrap();
        let report = check_store(&store).await;
        assert!(report.is_clean(), "{report}");
        let report = check_changes(&store, &store).await;
        assert!(report.is_clean(), "{report}");
        store.close().await;
    });
}
