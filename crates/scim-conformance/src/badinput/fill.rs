//! A fixture put into a service.

use std::{collections::BTreeMap, error::Error, path::Path};

use bytes::Bytes;
use chrono::DateTime;
use http::Request;
use scim_http::{
    BearerTokens, Expiry, ScimService,
    core::{Limits, ResourceId},
    store::Principal,
};
use serde_json::{Value, json};

use super::fixture::{Fixture, FixtureTenant};
use crate::{
    ProtectedUsers,
    load::{LoadError, read},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// What fills a service.
struct Filler<'a> {
    service: &'a ScimService,
    tokens: &'a BearerTokens,
    administrators: &'a ProtectedUsers,
    values: BTreeMap<String, String>,
}

impl Fixture {
    /// Loads a `fixture.json`.
    ///
    /// # Errors
    /// It cannot be read or breaks the format.
    pub fn load(file: &Path) -> Result<Self, LoadError> {
        let text = read(file)?;
        Self::parse(&text).map_err(|reason| LoadError::new(file.display().to_string(), "", reason))
    }

    /// The limits that the lines rely on, beside the library's own.
    pub fn limits(&self) -> Limits {
        let number = |pointer: &str| {
            let number = self.settings.pointer(pointer).and_then(Value::as_u64);
            number.and_then(|number| usize::try_from(number).ok())
        };
        Limits::default().with(|limits| {
            limits.bulk_operations = number("/bulk/maxOperations").unwrap_or(limits.bulk_operations);
            limits.bulk_body = number("/bulk/maxPayloadSize").unwrap_or(limits.bulk_body);
            limits.max_page = number("/filter/maxResults").unwrap_or(limits.max_page);
            limits.body = number("/bodyLimit").unwrap_or(limits.body);
        })
    }

    /// Puts everything into an empty service that takes these tokens and protects these administrators, and gives what the
    /// placeholders stand for. Its tokens are no secret to anybody who reads this.
    ///
    /// # Errors
    /// The service refuses something.
    pub async fn fill(
        &self,
        service: &ScimService,
        tokens: &BearerTokens,
        administrators: &ProtectedUsers,
    ) -> Result<BTreeMap<String, String>, BoxError> {
        let mut filler = Filler {
            service,
            tokens,
            administrators,
            values: BTreeMap::new(),
        };
        for tenant in &self.tenants {
            filler.fill(tenant).await?;
        }
        Ok(filler.values)
    }
}

impl Filler<'_> {
    async fn fill(&mut self, tenant: &FixtureTenant) -> Result<(), BoxError> {
        let mut token = String::new();
        for name in &tenant.tokens {
            // Long enough to be told from anything else in an answer or a dump.
            let text = format!("{name}_corpus-secret-3f9c1e77");
            let expiry = if name.ends_with("_expired") {
                Expiry::At(DateTime::UNIX_EPOCH)
            } else {
                Expiry::Never
            };
            let principal = Principal::new(tenant.name.as_str(), name);
            self.tokens.add(&text, principal, expiry)?;
            if name.ends_with("_revoked") {
                self.tokens.revoke(&text);
            }
            if token.is_empty() {
                token.clone_from(&text);
            }
            self.values.insert(name.clone(), text);
        }
        for user in &tenant.users {
            let mut body = user.attributes.clone();
            body.insert("schemas".to_owned(), json!([scim_http::core::urn::USER]));
            let id = self.create(&token, "/Users", Value::Object(body)).await?;
            if user.deleted {
                self.send("DELETE", &format!("/Users/{id}"), &token, String::new())
                    .await?;
            }
            if user.host_administrator {
                self.administrators.protect(ResourceId::new(id.as_str()));
            }
            self.values.insert(user.key.clone(), id);
        }
        for group in &tenant.groups {
            let members = group.members.iter().filter_map(|key| self.values.get(key));
            let members: Vec<Value> = members.map(|id| json!({ "value": id })).collect();
            let schemas = [scim_http::core::urn::GROUP];
            let body = json!({ "schemas": schemas, "displayName": group.display_name, "members": members });
            let id = self.create(&token, "/Groups", body).await?;
            self.values.insert(group.key.clone(), id);
        }
        let page = self.send("GET", "/Users?cursor&count=1", &token, String::new()).await?;
        let page: Value = serde_json::from_slice(&page)?;
        let cursor = page.get("nextCursor").and_then(Value::as_str).unwrap_or_default();
        self.values.insert(format!("cursor{}", tenant.name), cursor.to_owned());
        Ok(())
    }

    async fn create(&self, token: &str, endpoint: &str, body: Value) -> Result<String, BoxError> {
        let created = self.send("POST", endpoint, token, body.to_string()).await?;
        let created: Value = serde_json::from_slice(&created)?;
        let id = created.get("id").and_then(Value::as_str);
        id.map(str::to_owned)
            .ok_or_else(|| format!("the fixture was refused: {created}").into())
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: String) -> Result<Bytes, BoxError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/scim+json")
            .body(Bytes::from(body))?;
        self.service.handle(request).await.into_body().into_bytes().await
    }
}
