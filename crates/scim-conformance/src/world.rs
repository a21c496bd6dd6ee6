//! The corpus and the replays against [`ScimService`] on any store.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use scim_http::{BearerTokens, ScimService, core::Dialect};

use crate::{
    InMemory, Inspect, ProtectedUsers, StoreFactory, StoreOptions, Target,
    badinput::{Fixture, Instance, World},
};

/// A service in process as a [`Target`].
#[derive(Debug, Clone)]
pub struct InProcess(ScimService);

impl InProcess {
    /// A service to talk to.
    pub fn new(service: ScimService) -> Self {
        Self(service)
    }
}

#[async_trait]
impl Target for InProcess {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = self.0.handle(request).await.into_parts();
        Response::from_parts(head, body.into_bytes().await.unwrap_or_default())
    }
}

/// Services on fresh stores, one for each line of the corpus.
#[derive(Debug, Clone)]
pub struct StoreWorld<F> {
    factory: F,
    dialect: Dialect,
}

/// Services on fresh stores in memory.
pub type MemoryWorld = StoreWorld<InMemory>;

impl MemoryWorld {
    /// Services of this dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self::on(InMemory, dialect)
    }
}

impl<F: StoreFactory> StoreWorld<F> {
    /// Services of this dialect on the stores of this factory.
    pub fn on(factory: F, dialect: Dialect) -> Self {
        Self { factory, dialect }
    }
}

#[async_trait]
impl<F: StoreFactory> World for StoreWorld<F> {
    fn features(&self) -> &[&str] {
        &["cursor"]
    }

    async fn fresh(&self, fixture: &Fixture) -> Result<Box<dyn Instance>, Box<dyn Error + Send + Sync>> {
        let administrators = Arc::new(ProtectedUsers::default());
        let guard: Arc<dyn scim_http::store::Guard> = Arc::clone(&administrators) as _;
        let store = self.factory.open(StoreOptions::default().guard(guard).reused()).await?;
        let tokens = Arc::new(BearerTokens::new());
        let service = ScimService::builder(&fixture.base_url, Arc::clone(&store), Arc::clone(&tokens))
            .dialect(self.dialect.clone())
            .limits(fixture.limits())
            .build()?;
        Ok(Box::new(StoreInstance {
            variables: fixture.fill(&service, &tokens, &administrators).await?,
            target: InProcess::new(service),
            store,
            failures: AtomicUsize::new(0),
        }))
    }
}

struct StoreInstance {
    target: InProcess,
    store: Arc<dyn Inspect>,
    variables: BTreeMap<String, String>,
    failures: AtomicUsize,
}

#[async_trait]
impl Instance for StoreInstance {
    fn target(&self) -> &dyn Target {
        &self.target
    }

    fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    async fn dump(&self) -> String {
        match self.store.dump().await {
            Ok(dump) => dump.to_string(),
            // Never equal to another: nobody knows whether anything changed.
            Err(error) => format!("failure {}: {error}", self.failures.fetch_add(1, Ordering::Relaxed)),
        }
    }

    async fn written(&self) -> String {
        // What a host could write to a log: everything that has a Debug form.
        format!("{:?} {:?}", self.target, self.store)
    }
}
