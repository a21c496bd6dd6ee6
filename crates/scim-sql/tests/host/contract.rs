//! The contract of stores, kept on a host's tables.

use std::sync::Arc;

use scim_conformance::{Asked, block_on, check_changes, check_guard, check_store};
use scim_sql::{SqliteStoreBuilder, host::HostStore};

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

#[test]
fn guards_are_asked_as_by_every_store() {
    let (database, asked) = (Database::new(), Arc::new(Asked::default()));
    block_on(async {
        let options = SqliteStoreBuilder::default().guard(Arc::<Asked>::clone(&asked));
        let store = HostStore::sqlite_with(options, &database.0, &write_map())
            .await
            .unwrap();
        let report = check_guard(&store, &asked).await;
        assert!(report.is_clean(), "{report}");
        store.close().await;
    });
}
