//! Licences beside a host's own tables.

use std::sync::Arc;

use scim_conformance::block_on;
use scim_core::{
    Dialect, Draft, Edit, Limits, ResourceId,
    patch::{PatchMessage, PatchOp, PatchOperation},
    resource::Decoded,
    schema::{Registry, ResourceType},
};
use scim_sql::host::HostStore;
use scim_store::{
    ChangeFeed, ChangeMethod, Principal, RandomIds, Removal, Result, ScimStore, Scope, SeatPolicy, SeatStore,
    StoreError, TenantSettings,
};
use serde_json::json;

use crate::tables::{Database, read_map, write_map};

fn scope() -> Scope {
    let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let kinds = Arc::new(Registry::default());
    let settings = TenantSettings::default().with(|settings| settings.seats = SeatPolicy::Require);
    Scope::new(Principal::new("acme", "tester"), now, Arc::new(RandomIds), kinds).with_settings(Arc::new(settings))
}

async fn create(store: &HostStore, name: &str) -> Result<ResourceId> {
    let (kind, dialect) = (ResourceType::user(), Arc::new(Dialect::default()));
    let body = json!({ "schemas": [kind.schema().id], "userName": name, "active": true });
    let decoded = Decoded::decode(&kind, body, &dialect, &Limits::default())?;
    let found = store.create(&scope(), &Draft::new(kind, decoded, dialect)?).await?;
    Ok(found.head.id)
}

async fn set_active(store: &HostStore, id: &ResourceId, active: bool) -> Result<()> {
    let operation = PatchOperation::new(PatchOp::Replace, Some("active"), Some(active.into()));
    let (kind, dialect) = (ResourceType::user(), Arc::new(Dialect::default()));
    let message = PatchMessage::new(vec![operation]);
    let edit = Edit::patch(kind, id.clone(), message, dialect, &Limits::default(), "")?;
    store.update(&scope(), &edit).await.map(drop)
}

fn is_denied<T>(outcome: Result<T>) -> bool {
    matches!(outcome, Err(StoreError::Denied(_)))
}

async fn used(store: &HostStore) -> u32 {
    store.seats(scope().tenant()).await.unwrap().used
}

/// Seats come and go with the writes of the library; the one active user at the end has the one seat.
pub(crate) async fn check(store: &HostStore) -> ResourceId {
    store.set_bought(scope().tenant(), 1).await.unwrap();
    let ann = create(store, "ann").await.unwrap();
    assert!(store.has_seat(scope().tenant(), &ann).await.unwrap());
    assert!(is_denied(create(store, "bob").await));
    set_active(store, &ann, false).await.unwrap();
    assert_eq!(used(store).await, 0);
    let bob = create(store, "bob").await.unwrap();
    assert!(is_denied(set_active(store, &ann, true).await));
    assert_eq!(
        store.seat_holders(scope().tenant(), None, 9).await.unwrap(),
        std::slice::from_ref(&bob)
    );
    let removal = Removal::new(ResourceType::user(), bob);
    store.delete(&scope(), &removal).await.unwrap();
    assert!(is_denied(store.assign(&scope(), &ann).await));
    set_active(store, &ann, true).await.unwrap();
    assert!(store.unassign(&scope(), &ann).await.unwrap());
    let changes = store.changes(scope().tenant(), 0, 100).await.unwrap();
    assert_eq!(changes.last().unwrap().method, ChangeMethod::Host, "it is by hand");
    assert_eq!(used(store).await, 0);
    assert!(store.assign(&scope(), &ann).await.unwrap());
    assert!(!store.assign(&scope(), &ann).await.unwrap());
    assert!(matches!(
        store.assign(&scope(), &"a99".into()).await,
        Err(StoreError::NotFound)
    ));
    assert_eq!(used(store).await, 1);
    ann
}

#[test]
fn seats_stand_beside_the_hosts_tables() {
    let database = Database::new();
    block_on(async {
        let store = HostStore::sqlite(&database.0, &write_map()).await.unwrap();
        let ann = check(&store).await;
        // Whom the host disables by itself gives the seat back, in the host's transaction.
        let mut connection = database.connect();
        let transaction = connection.transaction().unwrap();
        transaction
            .execute("UPDATE accounts SET status = 'disabled'", [])
            .unwrap();
        store
            .announce_sqlite(&transaction, &scope(), &ResourceType::user(), &ann, &["active"])
            .unwrap();
        transaction.commit().unwrap();
        assert_eq!(used(&store).await, 0);
        store.close().await;
    });
}

#[test]
fn there_are_no_seats_without_the_librarys_tables() {
    let database = Database::new();
    block_on(async {
        let store = HostStore::sqlite(&database.0, &read_map()).await.unwrap();
        let error = store.seats(scope().tenant()).await.unwrap_err();
        assert_eq!(error.to_string(), "unsupported: licences without the library's tables");
        store.close().await;
    });
}
