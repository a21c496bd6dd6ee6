//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644 section 4): made once, of what is served and enforced.

use bytes::Bytes;
use scim_core::{
    Limits,
    discovery::{
        AuthenticationScheme, ServiceProviderConfig, Support, list_document, resource_type_document, schema_document,
    },
    schema::Registry,
};
use scim_store::Capabilities;

use crate::{Pagination, encode::Answer, fault::Fault, route::Route};

/// The documents, as they go out.
#[derive(Debug)]
pub(crate) struct Discovery {
    config: Bytes,
    resource_types: Documents,
    schemas: Documents,
}

#[derive(Debug)]
struct Documents {
    all: Bytes,
    each: Vec<(String, Bytes)>,
}

/// What of a service is advertised.
pub(crate) struct Advertised<'a> {
    pub(crate) base: &'a str,
    pub(crate) kinds: &'a Registry,
    pub(crate) limits: &'a Limits,
    pub(crate) capabilities: Capabilities,
    pub(crate) pagination: Pagination,
    pub(crate) documentation: Option<&'a str>,
    pub(crate) passwords: bool,
    pub(crate) challenge: &'a str,
}

impl Discovery {
    pub(crate) fn new(of: &Advertised<'_>) -> Self {
        let support = Support::default().with(|support| {
            support.change_password = of.passwords;
            support.cursors = of.capabilities.cursors;
            support.filter = of.capabilities.filters();
            support.sort = of.capabilities.sorts();
        });
        let mut schemes = vec![AuthenticationScheme::oauth_bearer_token().primary()];
        if of.challenge.contains("Basic") {
            schemes.push(AuthenticationScheme::http_basic());
        }
        let mut config = ServiceProviderConfig::new(of.limits, support, schemes, of.base);
        if of.pagination == Pagination::Cursor && of.capabilities.cursors {
            config.pagination.default_pagination_method = "cursor";
        }
        if let Some(uri) = of.documentation {
            config = config.with_documentation(uri);
        }
        let types = of
            .kinds
            .types()
            .iter()
            .map(|kind| (kind.name().to_owned(), resource_type_document(kind, of.base)));
        let schemas = of.kinds.schemas();
        let schemas = schemas
            .iter()
            .map(|schema| (schema.id.clone(), schema_document(schema, of.base, of.passwords)));
        Self {
            config: Bytes::from(serde_json::to_vec(&config).unwrap_or_default()),
            resource_types: Documents::new(types.collect()),
            schemas: Documents::new(schemas.collect()),
        }
    }

    pub(crate) fn answer(&self, route: &Route) -> Result<Answer, Fault> {
        let body = match route {
            Route::ResourceTypes(None) => Some(&self.resource_types.all),
            Route::ResourceTypes(Some(name)) => self.resource_types.find(name),
            Route::Schemas(None) => Some(&self.schemas.all),
            Route::Schemas(Some(urn)) => self.schemas.find(urn),
            _ => Some(&self.config),
        };
        body.map(|body| Answer::ok(body.clone())).ok_or_else(Fault::not_found)
    }
}

impl Documents {
    fn new(documents: Vec<(String, serde_json::Value)>) -> Self {
        let bytes = |document: &serde_json::Value| Bytes::from(document.to_string());
        let each = documents
            .iter()
            .map(|(name, document)| (name.clone(), bytes(document)))
            .collect();
        let all = bytes(&list_document(
            documents.into_iter().map(|(_, document)| document).collect(),
        ));
        Self { all, each }
    }

    fn find(&self, name: &str) -> Option<&Bytes> {
        self.each
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, document)| document)
    }
}
