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
use chrono::DateTime;
use http::{Request, Response};
use scim_http::{
    BearerTokens, Expiry, ScimService,
    core::{Dialect, Limits, ResourceId},
    store::Principal,
};
use serde_json::{Value, json};

use crate::{
    InMemory, Inspect, ProtectedUsers, StoreFactory, StoreOptions, Target,
    badinput::{Fixture, FixtureTenant, Instance, World},
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
            .limits(limits(&fixture.settings))
            .build()?;
        let mut world = StoreInstance {
            target: InProcess::new(service),
            store,
            variables: BTreeMap::new(),
            failures: AtomicUsize::new(0),
        };
        for tenant in &fixture.tenants {
            world.fill(&fixture.base_url, tenant, &tokens, &administrators).await?;
        }
        Ok(Box::new(world))
    }
}

/// The corpus's settings, beside the library's own limits.
fn limits(settings: &Value) -> Limits {
    let number = |pointer: &str| {
        settings
            .pointer(pointer)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    Limits::default().with(|limits| {
        limits.bulk_operations = number("/bulk/maxOperations").unwrap_or(limits.bulk_operations);
        limits.bulk_body = number("/bulk/maxPayloadSize").unwrap_or(limits.bulk_body);
        limits.max_page = number("/filter/maxResults").unwrap_or(limits.max_page);
        limits.body = number("/bodyLimit").unwrap_or(limits.body);
    })
}

struct StoreInstance {
    target: InProcess,
    store: Arc<dyn Inspect>,
    variables: BTreeMap<String, String>,
    failures: AtomicUsize,
}

impl StoreInstance {
    async fn fill(
        &mut self,
        base: &str,
        tenant: &FixtureTenant,
        tokens: &BearerTokens,
        administrators: &ProtectedUsers,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        // Long enough to be told from anything else in an answer or a dump.
        let secret = |name: &str| format!("{name}_corpus-secret-3f9c1e77");
        let mut token = String::new();
        for name in &tenant.tokens {
            let text = secret(name);
            let expiry = if name.ends_with("_expired") {
                Expiry::At(DateTime::UNIX_EPOCH)
            } else {
                Expiry::Never
            };
            tokens.add(&text, Principal::new(tenant.name.as_str(), name), expiry)?;
            if name.ends_with("_revoked") {
                tokens.revoke(&text);
            }
            if token.is_empty() {
                token.clone_from(&text);
            }
            self.variables.insert(name.clone(), text);
        }
        for user in &tenant.users {
            let mut body = user.attributes.clone();
            body.insert("schemas".to_owned(), json!([scim_http::core::urn::USER]));
            let id = self.create(base, &token, "/Users", Value::Object(body)).await?;
            if user.deleted {
                let request = request("DELETE", &format!("{base}/Users/{id}"), &token, String::new())?;
                self.target.send(request).await;
            }
            if user.host_administrator {
                administrators.protect(ResourceId::new(id.as_str()));
            }
            self.variables.insert(user.key.clone(), id);
        }
        for group in &tenant.groups {
            let members = group.members.iter().filter_map(|key| self.variables.get(key));
            let members: Vec<Value> = members.map(|id| json!({ "value": id })).collect();
            let schemas = [scim_http::core::urn::GROUP];
            let body = json!({ "schemas": schemas, "displayName": group.display_name, "members": members });
            let id = self.create(base, &token, "/Groups", body).await?;
            self.variables.insert(group.key.clone(), id);
        }
        let first_page = request("GET", &format!("{base}/Users?cursor&count=1"), &token, String::new())?;
        let page: Value = serde_json::from_slice(self.target.send(first_page).await.body())?;
        let cursor = page.get("nextCursor").and_then(Value::as_str).unwrap_or_default();
        self.variables
            .insert(format!("cursor{}", tenant.name), cursor.to_owned());
        Ok(())
    }

    async fn create(
        &self,
        base: &str,
        token: &str,
        endpoint: &str,
        body: Value,
    ) -> Result<String, Box<dyn Error + Send + Sync>> {
        let request = request("POST", &format!("{base}{endpoint}"), token, body.to_string())?;
        let response = self.target.send(request).await;
        let created: Value = serde_json::from_slice(response.body())?;
        let id = created.get("id").and_then(Value::as_str);
        id.map(str::to_owned)
            .ok_or_else(|| format!("the fixture was refused: {created}").into())
    }
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

fn request(method: &str, uri: &str, token: &str, body: String) -> Result<Request<Bytes>, http::Error> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/scim+json")
        .body(Bytes::from(body))
}
