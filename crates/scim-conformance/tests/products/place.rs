//! Where a product keeps everything: one store, with its tenants, tokens, seats and changes.

use std::{env, sync::Arc};

use scim_conformance::{
    postgres::{Postgres, schema_name},
    stores::{StoreKind, block_on},
};
use scim_core::TenantId;
use scim_sql::{PgStore, SqlTenants, SqliteStore};
use scim_store::{
    ChangeFeed, CredentialStore, Guard, MemoryCredentials, MemoryStore, MemoryTenants, ScimStore, SeatStore,
    TenantSettings, Tenants,
};

pub(crate) struct Place {
    pub(crate) store: Arc<dyn ScimStore>,
    pub(crate) feed: Arc<dyn ChangeFeed>,
    pub(crate) seats: Arc<dyn SeatStore>,
    pub(crate) credentials: Arc<dyn CredentialStore>,
    settings: Settings,
}

enum Settings {
    Memory(Arc<MemoryTenants>),
    Sql(SqlTenants),
}

impl Place {
    /// The one that `SCIM_TEST_STORE` names, empty.
    pub(crate) fn open(guard: Arc<dyn Guard>) -> Self {
        match StoreKind::from_env().unwrap() {
            StoreKind::Memory => {
                let store = Arc::new(MemoryStore::builder().guard(guard).build());
                let settings = Settings::Memory(Arc::default());
                Self::of(&store, Arc::new(MemoryCredentials::new()), settings)
            }
            StoreKind::Sqlite => {
                let store = block_on(SqliteStore::builder().guard(guard).in_memory()).unwrap();
                let (credentials, settings) = (store.credentials(), Settings::Sql(store.tenants()));
                Self::of(&Arc::new(store), Arc::new(credentials), settings)
            }
            StoreKind::Postgres => {
                let builder = PgStore::builder().connections(4).schema(schema_name()).guard(guard);
                let store = block_on(builder.connect(&server())).unwrap();
                let (credentials, settings) = (store.credentials(), Settings::Sql(store.tenants()));
                Self::of(&Arc::new(store), Arc::new(credentials), settings)
            }
            other => panic!("there are no products on {other}"),
        }
    }

    fn of<S: ScimStore + ChangeFeed + SeatStore>(
        store: &Arc<S>,
        credentials: Arc<dyn CredentialStore>,
        settings: Settings,
    ) -> Self {
        Self {
            store: Arc::<S>::clone(store),
            feed: Arc::<S>::clone(store),
            seats: Arc::<S>::clone(store),
            credentials,
            settings,
        }
    }

    pub(crate) fn tenants(&self) -> Arc<dyn Tenants> {
        match &self.settings {
            Settings::Memory(tenants) => Arc::<MemoryTenants>::clone(tenants),
            Settings::Sql(tenants) => Arc::new(tenants.clone()),
        }
    }

    pub(crate) fn put(&self, tenant: &TenantId, settings: TenantSettings) {
        match &self.settings {
            Settings::Memory(tenants) => tenants.put(tenant.clone(), settings),
            Settings::Sql(tenants) => block_on(tenants.put(tenant, &settings)).unwrap(),
        }
    }

    pub(crate) fn change(&self, tenant: &TenantId, change: impl Fn(&mut TenantSettings) + Send + Sync) {
        let was_there = match &self.settings {
            Settings::Memory(tenants) => tenants.change(tenant, change),
            Settings::Sql(tenants) => block_on(tenants.change(tenant, change)).unwrap(),
        };
        assert!(was_there);
    }
}

/// The server of this process, or the one that the process which started it has.
fn server() -> String {
    env::var("SCIM_TEST_POSTGRES").unwrap_or_else(|_| Postgres::shared().unwrap().url().to_owned())
}
