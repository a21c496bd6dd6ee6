//! SCIM on the product's own tables: the part to copy.

mod adapter;
mod door;
mod kinds;
mod map;
mod rules;

use std::sync::Arc;

use scim_http::{BuildError, Credentials, ScimService};
use scim_sql::host::HostStore;

pub(crate) use self::{
    adapter::router,
    door::Door,
    kinds::{Kinds, MEMBER},
    map::map,
    rules::rules,
};
use crate::domain::Organisations;

/// The endpoint of all organisations, each at `{public-url}/scim/{organization}/v2`.
pub(crate) fn service(
    public_url: &str,
    kinds: &Kinds,
    store: HostStore,
    organisations: Organisations,
    credentials: Credentials,
    bootstrap: Option<(String, String)>,
) -> Result<ScimService, BuildError> {
    ScimService::builder(
        &format!("{public_url}/scim/{{tenant}}/v2"),
        store,
        Door::new(credentials, bootstrap),
    )
    .allow_insecure_base_url()
    .any_host()
    .resource_types(kinds.registry())
    .tenants(Arc::new(organisations))
    .documentation(&format!("{public_url}/console/provisioning"))
    .build()
}
