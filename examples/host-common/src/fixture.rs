//! The state that hostile input is sent to, for tests only: tenants, users and tokens that everybody can read.

use std::{error::Error, path::Path, sync::Arc};

use scim_conformance::{LoadError, ProtectedUsers, badinput::Fixture};
use scim_http::{
    BearerTokens, ScimService,
    core::Dialect,
    store::{Guard, MemoryStore},
};

/// Reads a fixture.
pub(crate) fn load(path: &Path) -> Result<Fixture, LoadError> {
    Fixture::load(path)
}

/// A service in memory in the state of a fixture, and what its placeholders stand for, as JSON.
pub(crate) async fn service(
    fixture: &Fixture,
    base_url: &str,
    dialect: Dialect,
) -> Result<(ScimService, String), Box<dyn Error>> {
    let administrators = Arc::new(ProtectedUsers::default());
    let guard: Arc<dyn Guard> = Arc::clone(&administrators) as _;
    let tokens = Arc::new(BearerTokens::new());
    let service = ScimService::builder(base_url, MemoryStore::with_guard(guard), Arc::clone(&tokens))
        .allow_insecure_base_url()
        .dialect(dialect)
        .limits(fixture.limits())
        .build()?;
    let values = fixture.fill(&service, &tokens, &administrators).await;
    let values = values.map_err(|error| -> Box<dyn Error> { error })?;
    Ok((service, serde_json::to_string(&values)?))
}
