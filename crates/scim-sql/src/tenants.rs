//! The settings of tenants, in the library's tables (decision D59).

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use scim_core::{TenantId, schema::Registry};
use scim_store::{Result, StoreError, TenantSettings, Tenants};

use crate::{
    database::{Database, Task},
    error::{Failure, SqlError},
    session::Session,
    statement::{Row, Statement},
};

/// The [`Tenants`] of a database: `store.tenants()` of an [`SqliteStore`](crate::SqliteStore) or a
/// [`PgStore`](crate::PgStore). Cheap to clone; clones share what they know.
///
/// Settings are kept as a JSON document of what differs from [`TenantSettings::default`]. A document that holds something which
/// this release does not know is an error, and the tenant is not answered: it may be what protects it.
///
/// Each request reads the version of its tenant, by the primary key, and the document where that has moved: a change holds from the
/// next request on, in every process. [`kept_for`](Self::kept_for) trades that for fewer reads.
///
/// [Resource types](TenantSettings::resource_types) are code and not kept; [`resource_types`](Self::resource_types) puts them back.
#[derive(Clone)]
pub struct SqlTenants {
    database: Database,
    known: Arc<Mutex<HashMap<TenantId, Known>>>,
    kept_for: Duration,
    types: Option<Arc<TypesOf>>,
}

type TypesOf = dyn Fn(&TenantId, &TenantSettings) -> Option<Arc<Registry>> + Send + Sync;

/// What was read or written last; no settings where they were removed.
#[derive(Clone)]
struct Known {
    version: i64,
    settings: Option<Arc<TenantSettings>>,
    read: Instant,
}

impl SqlTenants {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            known: Arc::default(),
            kept_for: Duration::ZERO,
            types: None,
        }
    }

    /// Looks for changes only so often for each tenant. What another process changes, a pause among it, is seen that much later;
    /// what is changed through this value or a clone of it, at once. Clones should agree.
    #[must_use]
    pub fn kept_for(mut self, time: Duration) -> Self {
        self.kept_for = time;
        self
    }

    /// The resource types of tenants that have their own. Asked each time settings are read anew, so it should answer with the same
    /// registry for as long as nothing changes: what a service makes of it is made again for another one.
    #[must_use]
    pub fn resource_types(
        mut self,
        types: impl Fn(&TenantId, &TenantSettings) -> Option<Arc<Registry>> + Send + Sync + 'static,
    ) -> Self {
        self.types = Some(Arc::new(types));
        // What was read for others has other types.
        self.known = Arc::default();
        self
    }

    /// Sets everything of a tenant, which need not have been there.
    ///
    /// # Errors
    ///
    /// Settings that no document can hold; whatever keeps the database from it.
    pub async fn put(&self, tenant: &TenantId, settings: &TenantSettings) -> Result<()> {
        let put = Put(tenant.clone(), document(settings)?);
        let read = Instant::now();
        let version = self.database.write(put).await?;
        let settings = Some(self.complete(tenant, settings.clone()));
        self.remember(
            tenant,
            Known {
                version,
                settings,
                read,
            },
        );
        Ok(())
    }

    /// Changes something of a tenant; whether it was there. Where another process changes it meanwhile, the change is made again
    /// upon what that one left, so neither is lost.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn change(&self, tenant: &TenantId, change: impl Fn(&mut TenantSettings) + Send + Sync) -> Result<bool> {
        loop {
            let Some(known) = self.read(tenant).await? else {
                return Ok(false);
            };
            let Some(settings) = known.settings else {
                return Ok(false);
            };
            let mut settings = (*settings).clone();
            change(&mut settings);
            let swap = Swap {
                tenant: tenant.clone(),
                version: known.version,
                document: document(&settings)?,
            };
            if let Some(version) = self.database.write(swap).await? {
                let changed = Known {
                    version,
                    settings: Some(self.complete(tenant, settings)),
                    read: known.read,
                };
                self.remember(tenant, changed);
                return Ok(true);
            }
        }
    }

    /// Forgets the settings of a tenant; whether they were there. Its resources and its tokens stay.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from it.
    pub async fn remove(&self, tenant: &TenantId) -> Result<bool> {
        let read = Instant::now();
        let Some(version) = self.database.write(Remove(tenant.clone())).await? else {
            return Ok(false);
        };
        let settings = None;
        self.remember(
            tenant,
            Known {
                version,
                settings,
                read,
            },
        );
        Ok(true)
    }

    /// All tenants that have settings, in the order of their identifiers.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn list(&self) -> Result<Vec<TenantId>> {
        self.database.read(List).await
    }

    /// What is kept now; `None` where there never was anything.
    async fn read(&self, tenant: &TenantId) -> Result<Option<Known>> {
        let known = self.lock().get(tenant).cloned();
        let look = Look {
            tenant: tenant.clone(),
            version: known.as_ref().map(|known| known.version),
        };
        let read = Instant::now();
        let Some((version, document)) = self.database.read(look).await? else {
            self.lock().remove(tenant);
            return Ok(None);
        };
        let settings = match known {
            Some(known) if known.version == version => known.settings,
            _ => {
                let settings = document.as_deref().map(settings_of).transpose()?;
                settings.map(|settings| self.complete(tenant, settings))
            }
        };
        let known = Known {
            version,
            settings,
            read,
        };
        self.remember(tenant, known.clone());
        Ok(Some(known))
    }

    /// Settings with what is not kept.
    fn complete(&self, tenant: &TenantId, mut settings: TenantSettings) -> Arc<TenantSettings> {
        settings.resource_types = self.types.as_ref().and_then(|types| types(tenant, &settings));
        Arc::new(settings)
    }

    /// Keeps what was read, unless something newer is known already.
    fn remember(&self, tenant: &TenantId, known: Known) {
        let mut all = self.lock();
        if all.get(tenant).is_none_or(|other| other.version <= known.version) {
            all.insert(tenant.clone(), known);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Tenants for SqlTenants {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<TenantSettings>>> {
        if !self.kept_for.is_zero()
            && let Some(known) = self.lock().get(tenant)
            && known.read.elapsed() < self.kept_for
        {
            return Ok(known.settings.clone());
        }
        Ok(self.read(tenant).await?.and_then(|known| known.settings))
    }
}

/// Shows nothing of the settings.
impl fmt::Debug for SqlTenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlTenants")
            .field("database", &self.database)
            .field("kept_for", &self.kept_for)
            .finish_non_exhaustive()
    }
}

/// The version of a tenant's settings, and their document where it is another version than is known and there is one.
struct Look {
    tenant: TenantId,
    version: Option<i64>,
}

impl Task for Look {
    type Answer = Option<(i64, Option<String>)>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        // PostgreSQL has no text with a NUL, so there is no such row.
        if self.tenant.as_str().contains('\0') {
            return Ok(None);
        }
        let statement = session.statement(
            "SELECT version, CASE WHEN version = ?2 THEN NULL ELSE settings END FROM {s}scim_tenant \
             WHERE tenant = ?1",
            vec![self.tenant.as_str().into(), self.version.unwrap_or_default().into()],
        );
        let rows = session.rows(&statement).await?;
        let row = |row: &Row| Ok::<_, SqlError>((row.int(0)?, row.optional(1)?.map(str::to_owned)));
        Ok(rows.first().map(row).transpose()?)
    }
}

struct Put(TenantId, String);

impl Task for Put {
    type Answer = i64;

    async fn run<S: Session>(&self, session: &mut S) -> Result<i64, Failure> {
        let Self(tenant, document) = self;
        let statement = session.statement(
            "INSERT INTO {s}scim_tenant (tenant, version, settings) VALUES (?1, 1, ?2) \
             ON CONFLICT (tenant) DO UPDATE SET version = scim_tenant.version + 1, settings = excluded.settings \
             RETURNING version",
            vec![tenant.as_str().into(), document.as_str().into()],
        );
        let version = version(session, &statement).await?;
        version.ok_or_else(|| StoreError::other("settings that were put have no version").into())
    }
}

/// Puts another document in the place of one that must still be there.
struct Swap {
    tenant: TenantId,
    version: i64,
    document: String,
}

impl Task for Swap {
    type Answer = Option<i64>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let statement = session.statement(
            "UPDATE {s}scim_tenant SET version = version + 1, settings = ?3 \
             WHERE tenant = ?1 AND version = ?2 AND settings IS NOT NULL RETURNING version",
            vec![
                self.tenant.as_str().into(),
                self.version.into(),
                self.document.as_str().into(),
            ],
        );
        Ok(version(session, &statement).await?)
    }
}

/// Takes a document away and keeps the version, so that none comes twice.
struct Remove(TenantId);

impl Task for Remove {
    type Answer = Option<i64>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let statement = session.statement(
            "UPDATE {s}scim_tenant SET version = version + 1, settings = NULL \
             WHERE tenant = ?1 AND settings IS NOT NULL RETURNING version",
            vec![self.0.as_str().into()],
        );
        Ok(version(session, &statement).await?)
    }
}

struct List;

impl Task for List {
    type Answer = Vec<TenantId>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let statement = session.statement(
            "SELECT tenant FROM {s}scim_tenant WHERE settings IS NOT NULL ORDER BY tenant",
            Vec::new(),
        );
        let rows = session.rows(&statement).await?;
        let tenants = rows.iter().map(|row| Ok(TenantId::new(row.text(0)?)));
        Ok(tenants.collect::<Result<_, SqlError>>()?)
    }
}

/// The version that a statement answers with, where it touched the row.
async fn version<S: Session>(session: &mut S, statement: &Statement) -> Result<Option<i64>, SqlError> {
    let rows = session.rows(statement).await?;
    rows.first().map(|row| row.int(0)).transpose()
}

fn settings_of(document: &str) -> Result<TenantSettings> {
    let settings = serde_json::from_str(document);
    settings.map_err(|error| StoreError::other(format!("settings that this release cannot read: {error}")))
}

fn document(settings: &TenantSettings) -> Result<String> {
    serde_json::to_string(settings).map_err(StoreError::other)
}
