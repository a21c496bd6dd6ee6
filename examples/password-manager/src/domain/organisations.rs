//! Organisations, each of which is a tenant of SCIM.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use scim_http::{
    core::TenantId,
    store::{Provenance, SeatPolicy, StoreError, TenantSettings, TenantState, Tenants},
};

use super::{Provider, now};
use crate::{
    db::{Db, Result, Row, Sql, sql},
    scim::MEMBER,
};

/// When a paused organisation's identity provider is to try again, in seconds.
const PAUSE: u32 = 300;

/// The organisations of the product.
#[derive(Clone)]
pub(crate) struct Organisations {
    db: Db,
}

/// One organisation, and what is set for its provisioning.
#[derive(Debug, Clone)]
pub(crate) struct Organisation {
    /// Its short name, also in URLs.
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) plan: String,
    pub(crate) provider: Provider,
    /// Whether groups are provisioned.
    pub(crate) groups: bool,
    pub(crate) seat_policy: SeatPolicy,
    pub(crate) paused: bool,
}

impl Organisations {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes an organisation; whether it was not there.
    pub(crate) async fn create(&self, slug: &str, name: &str) -> Result<bool> {
        match self.db.run(Self::creation(slug, name)).await {
            Err(error) if error.is_conflict() => Ok(false),
            made => made.map(|_| true),
        }
    }

    /// What makes an organisation, and fails where it is there.
    pub(crate) fn creation(slug: &str, name: &str) -> Sql {
        sql!(
            "INSERT INTO organisations (slug, name, plan, provider, groups, seat_policy, paused, created_at)
             VALUES ($1, $2, 'Teams', 'other', 1, 'available', 0, $3)",
            slug,
            name,
            now(),
        )
    }

    /// The short names of all.
    pub(crate) async fn slugs(&self) -> Result<Vec<String>> {
        let rows = self
            .db
            .rows(sql!("SELECT slug FROM organisations ORDER BY slug"))
            .await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    pub(crate) async fn get(&self, slug: &str) -> Result<Option<Organisation>> {
        let row = self.db.row(sql!(
            "SELECT slug, name, plan, provider, groups, seat_policy, paused FROM organisations WHERE slug = $1",
            slug,
        ));
        row.await?.map(|row| Organisation::from_row(&row)).transpose()
    }

    /// Sets how provisioning is answered.
    pub(crate) async fn set(
        &self,
        slug: &str,
        provider: Provider,
        groups: bool,
        seat_policy: SeatPolicy,
    ) -> Result<()> {
        let set = self.db.run(sql!(
            "UPDATE organisations SET provider = $1, groups = $2, seat_policy = $3 WHERE slug = $4",
            provider.key(),
            groups,
            policy_key(seat_policy),
            slug,
        ));
        set.await.map(drop)
    }

    pub(crate) async fn pause(&self, slug: &str, paused: bool) -> Result<()> {
        let set = self.db.run(sql!(
            "UPDATE organisations SET paused = $1 WHERE slug = $2",
            paused,
            slug
        ));
        set.await.map(drop)
    }
}

impl Organisation {
    /// The settings of the tenant, made of the columns.
    pub(crate) fn settings(&self) -> TenantSettings {
        TenantSettings::default().with(|settings| {
            settings.dialect = self.provider.dialect();
            settings.groups = self.groups;
            settings.managed_by = Some(self.provider.label().to_owned());
            settings.seats = self.seat_policy;
            if self.paused {
                settings.state = TenantState::Paused { retry_after: PAUSE };
            }
        })
    }

    /// Who manages the members that came by provisioning; those who were invited are nobody else's. What the product knows
    /// of a member beside SCIM is its own to change.
    pub(crate) fn provenance(&self) -> Provenance {
        Provenance::of(&self.settings()).host_owns(MEMBER)
    }

    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            slug: row.text(0)?,
            name: row.text(1)?,
            plan: row.text(2)?,
            provider: Provider::from_key(&row.text(3)?).unwrap_or(Provider::Other),
            groups: row.flag(4)?,
            seat_policy: policy(&row.text(5)?).unwrap_or_default(),
            paused: row.flag(6)?,
        })
    }
}

/// Read anew for each request: a change in the console holds from the next one on.
#[async_trait]
impl Tenants for Organisations {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<TenantSettings>>, StoreError> {
        let found = self.get(tenant.as_str()).await.map_err(StoreError::other)?;
        Ok(found.map(|organisation| Arc::new(organisation.settings())))
    }
}

impl fmt::Debug for Organisations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Organisations(..)")
    }
}

/// The text that forms and the database have for a policy.
pub(crate) fn policy_key(policy: SeatPolicy) -> &'static str {
    match policy {
        SeatPolicy::Never => "never",
        SeatPolicy::Require => "require",
        SeatPolicy::WhenAvailable => "available",
    }
}

pub(crate) fn policy(key: &str) -> Option<SeatPolicy> {
    Some(match key {
        "never" => SeatPolicy::Never,
        "require" => SeatPolicy::Require,
        "available" => SeatPolicy::WhenAvailable,
        _ => return None,
    })
}
