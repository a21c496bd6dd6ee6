//! What the product is about: organisations, their members, teams and vaults, and who may use the console.

mod access;
mod events;
mod history;
mod licences;
mod lifetime;
mod members;
mod organisations;
mod provider;
mod role;
mod teams;
mod vaults;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_http::store::{Principal, RandomIds, Scope, StoreError, Tenants as _};

pub(crate) use self::{
    access::{Access, Session},
    events::{Event, Events},
    history::{Entry, History, Which},
    licences::Licences,
    lifetime::{Lifetime, Overlap, days_left},
    members::{Invitation, Member, Members, PAGE, Refusal, user_id},
    organisations::{Organisation, Organisations, policy, policy_key},
    provider::Provider,
    role::Role,
    teams::{LISTED, Team, Teams},
    vaults::{Vault, Vaults},
};
use crate::{scim::Kinds, secret};

/// Who changes what by hand, and when: for the record of changes.
async fn scope(
    organisations: &Organisations,
    kinds: &Kinds,
    organisation: &str,
    by: &str,
) -> Result<Scope, StoreError> {
    let settings = organisations.settings(&organisation.into()).await?;
    let registry = Arc::new(kinds.registry());
    let scope = Scope::new(
        Principal::new(organisation, by),
        time(now()),
        Arc::new(RandomIds),
        registry,
    );
    Ok(scope
        .with_settings(settings.unwrap_or_default())
        .with_request_id(secret::random().unwrap_or_default()))
}

/// Now, as the database keeps it: milliseconds since 1970.
pub(crate) fn now() -> i64 {
    Utc::now().timestamp_millis()
}

/// A point in time of the database.
pub(crate) fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
