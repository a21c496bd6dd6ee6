//! Endpoints as rows.

use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_events::{Endpoint, EndpointId, EndpointSettings, EndpointState, Health};
use scim_store::StoreError;

use super::{Place, int, millis};
use crate::{
    database::Task,
    error::{Failure, SqlError},
    session::Session,
    statement::Row,
    verbs::time,
};

const COLUMNS: &str = "id, settings, state, failing_since, failures, resting_until, created, revision";

pub(super) struct All(pub(super) TenantId);

pub(super) struct One(pub(super) Place);

pub(super) struct Put(pub(super) Endpoint);

pub(super) struct Remove(pub(super) Place);

impl Task for All {
    type Answer = Vec<Endpoint>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let text = format!("SELECT {COLUMNS} FROM {{s}}scim_endpoint WHERE tenant = ?1 ORDER BY created, id");
        let statement = session.statement(&text, vec![self.0.as_str().into()]);
        let rows = session.rows(&statement).await?;
        rows.iter().map(|row| endpoint(&self.0, row)).collect()
    }
}

impl Task for One {
    type Answer = Endpoint;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Endpoint, Failure> {
        let found = find(session, &self.0).await?;
        found.ok_or_else(|| StoreError::NotFound.into())
    }
}

impl Task for Put {
    type Answer = u64;

    async fn run<S: Session>(&self, session: &mut S) -> Result<u64, Failure> {
        let endpoint = &self.0;
        let place = Place::new(&endpoint.tenant, &endpoint.id);
        let revision = endpoint.revision + 1;
        let (settings, state) = (endpoint.settings.to_text(), endpoint.state.as_str());
        if revision == 1 {
            let text = "INSERT INTO {s}scim_endpoint (tenant, id, settings, state, failing_since, failures, \
                        resting_until, created, revision, mark, tries) \
                        VALUES (?1, ?2, ?3, ?4, 0, 0, 0, ?5, 1, 0, 0) ON CONFLICT DO NOTHING";
            let others = [settings.into(), state.into(), millis(Some(endpoint.created))];
            let is_new = place.run(session, text, others).await? > 0;
            return if is_new {
                Ok(1)
            } else {
                Err(StoreError::Precondition.into())
            };
        }
        // Switched on, its health is as new.
        let text = "UPDATE {s}scim_endpoint SET settings = ?3, state = ?4, revision = revision + 1, \
                    failing_since = CASE WHEN ?4 = 'on' AND state <> 'on' THEN 0 ELSE failing_since END, \
                    failures = CASE WHEN ?4 = 'on' AND state <> 'on' THEN 0 ELSE failures END, \
                    resting_until = CASE WHEN ?4 = 'on' AND state <> 'on' THEN 0 ELSE resting_until END \
                    WHERE tenant = ?1 AND id = ?2 AND revision = ?5";
        let others = [settings.into(), state.into(), int(endpoint.revision)];
        if place.run(session, text, others).await? == 0 {
            place.must_exist(session).await?;
            return Err(StoreError::Precondition.into());
        }
        Ok(revision)
    }
}

impl Task for Remove {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let text = "DELETE FROM {s}scim_endpoint WHERE tenant = ?1 AND id = ?2";
        if self.0.run(session, text, []).await? == 0 {
            return Err(StoreError::NotFound.into());
        }
        for text in [
            "DELETE FROM {s}scim_delivery WHERE tenant = ?1 AND endpoint = ?2",
            "DELETE FROM {s}scim_attempt WHERE tenant = ?1 AND endpoint = ?2",
        ] {
            self.0.run(session, text, []).await?;
        }
        Ok(())
    }
}

/// The endpoint, if it is there.
pub(super) async fn find<S: Session>(session: &mut S, place: &Place) -> Result<Option<Endpoint>, Failure> {
    let text = format!("SELECT {COLUMNS} FROM {{s}}scim_endpoint WHERE tenant = ?1 AND id = ?2");
    let statement = session.statement(&text, place.values([]));
    let rows = session.rows(&statement).await?;
    rows.first().map(|row| endpoint(&place.tenant, row)).transpose()
}

fn endpoint(tenant: &TenantId, row: &Row) -> Result<Endpoint, Failure> {
    let settings = EndpointSettings::from_text(row.text(1)?)?;
    let mut endpoint = Endpoint::new(
        tenant.clone(),
        EndpointId::new(row.text(0)?),
        settings,
        time(row.int(6)?)?,
    );
    endpoint.state = EndpointState::from_word(row.text(2)?);
    let failures = u32::try_from(row.int(4)?).unwrap_or(u32::MAX);
    endpoint.health = Health::new(some_time(row.int(3)?)?, failures, some_time(row.int(5)?)?);
    endpoint.revision = row.int(7)?.unsigned_abs();
    Ok(endpoint)
}

fn some_time(millis: i64) -> Result<Option<DateTime<Utc>>, SqlError> {
    (millis != 0).then(|| time(millis)).transpose()
}
