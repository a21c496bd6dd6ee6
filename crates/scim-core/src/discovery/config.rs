//! The service provider's configuration.

use serde::Serialize;

use crate::{Limits, urn};

/// Which optional parts of the protocol a service serves.
///
/// The default is what this library serves by itself: all but the change of passwords, which needs a host that takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each part that RFC 7643 section 5 lists"
)]
pub struct Support {
    /// Bulk requests; also switched off by [`Limits::bulk_operations`] of 0.
    pub bulk: bool,
    /// The change of passwords.
    pub change_password: bool,
    /// Pages by cursor (RFC 9865).
    pub cursors: bool,
    /// Versions as entity tags.
    pub etag: bool,
    /// Filters.
    pub filter: bool,
    /// PATCH.
    pub patch: bool,
    /// Sorted lists.
    pub sort: bool,
}

impl Support {
    /// The parts with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Default for Support {
    fn default() -> Self {
        Self {
            bulk: true,
            change_password: false,
            cursors: true,
            etag: true,
            filter: true,
            patch: true,
            sort: true,
        }
    }
}

/// The document at `/ServiceProviderConfig` (RFC 7643 section 5): each part is there, also where it is not supported.
///
/// ```
/// use scim_core::{Limits, discovery::{AuthenticationScheme, ServiceProviderConfig, Support}};
///
/// let schemes = vec![AuthenticationScheme::oauth_bearer_token().primary()];
/// let support = Support::default().with(|support| support.bulk = false);
/// let config = ServiceProviderConfig::new(&Limits::default(), support, schemes, "https://example.com/scim/v2");
/// let document = serde_json::to_value(&config)?;
/// assert_eq!(document["bulk"]["supported"], false);
/// assert_eq!(document["filter"]["maxResults"], 200);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServiceProviderConfig {
    /// The URN of the document.
    pub schemas: [&'static str; 1],
    /// Help for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
    /// PATCH.
    pub patch: Supported,
    /// Bulk requests.
    pub bulk: BulkSupport,
    /// Filters, and the size of lists.
    pub filter: FilterSupport,
    /// The change of passwords.
    pub change_password: Supported,
    /// Sorted lists.
    pub sort: Supported,
    /// Versions as entity tags.
    pub etag: Supported,
    /// How clients authenticate.
    pub authentication_schemes: Vec<AuthenticationScheme>,
    /// How lists are paged (RFC 9865 section 4).
    pub pagination: PaginationSupport,
    /// Where the document is.
    pub meta: DocumentMeta,
}

/// Whether a part of the protocol is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "RFC 7643 section 5 closes it")]
pub struct Supported {
    /// Whether it is.
    pub supported: bool,
}

/// How large bulk requests may be; 0 where they are not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BulkSupport {
    /// Whether they are served.
    pub supported: bool,
    /// Most operations.
    pub max_operations: usize,
    /// Longest request, in bytes.
    pub max_payload_size: usize,
}

/// Filters, and how many resources a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FilterSupport {
    /// Whether filters are served.
    pub supported: bool,
    /// Most resources in an answer.
    pub max_results: usize,
}

/// How lists are paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaginationSupport {
    /// By cursor.
    pub cursor: bool,
    /// By index.
    pub index: bool,
    /// What is done where a client does not say.
    pub default_pagination_method: &'static str,
    /// Resources in a page where a client does not say.
    pub default_page_size: usize,
    /// Most resources in a page.
    pub max_page_size: usize,
    /// How long a cursor lives, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor_timeout: Option<u32>,
}

/// The `meta` of a document about the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DocumentMeta {
    /// Its URL.
    pub location: String,
    /// What kind of document it is.
    pub resource_type: &'static str,
}

/// A way to authenticate (RFC 7643 section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuthenticationScheme {
    /// The RFC's word for it: `oauth`, `oauth2`, `oauthbearertoken`, `httpbasic` or `httpdigest`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name, for people.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Its specification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_uri: Option<String>,
    /// How to use it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
    /// Whether it is the preferred one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
}

impl ServiceProviderConfig {
    /// The document of a service below a base URL without a slash at its end.
    pub fn new(limits: &Limits, support: Support, schemes: Vec<AuthenticationScheme>, base: &str) -> Self {
        let supported = |supported: bool| Supported { supported };
        let bulk = support.bulk && limits.bulk_operations > 0;
        let if_bulk = |limit: usize| if bulk { limit } else { 0 };
        Self {
            schemas: [urn::SERVICE_PROVIDER_CONFIG],
            documentation_uri: None,
            patch: supported(support.patch),
            bulk: BulkSupport {
                supported: bulk,
                max_operations: if_bulk(limits.bulk_operations),
                max_payload_size: if_bulk(limits.bulk_body),
            },
            filter: FilterSupport {
                supported: support.filter,
                max_results: limits.max_page,
            },
            change_password: supported(support.change_password),
            sort: supported(support.sort),
            etag: supported(support.etag),
            authentication_schemes: schemes,
            pagination: PaginationSupport {
                cursor: support.cursors,
                index: true,
                default_pagination_method: "index",
                default_page_size: limits.default_page.min(limits.max_page),
                max_page_size: limits.max_page,
                cursor_timeout: support.cursors.then_some(limits.cursor_seconds),
            },
            meta: DocumentMeta {
                location: format!("{base}/ServiceProviderConfig"),
                resource_type: "ServiceProviderConfig",
            },
        }
    }

    /// With a URL of help for people.
    #[must_use]
    pub fn with_documentation(mut self, uri: impl Into<String>) -> Self {
        self.documentation_uri = Some(uri.into());
        self
    }
}

impl AuthenticationScheme {
    /// A scheme by the RFC's word for it, with its name and description for people.
    pub fn new(kind: impl Into<String>, name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            description: description.into(),
            spec_uri: None,
            documentation_uri: None,
            primary: false,
        }
    }

    /// A bearer token (RFC 6750).
    pub fn oauth_bearer_token() -> Self {
        let description = "Authentication scheme using the OAuth Bearer Token Standard";
        Self {
            spec_uri: Some("https://www.rfc-editor.org/info/rfc6750".to_owned()),
            ..Self::new("oauthbearertoken", "OAuth Bearer Token", description)
        }
    }

    /// A user name and a password (RFC 7617).
    pub fn http_basic() -> Self {
        let description = "Authentication scheme using the HTTP Basic Standard";
        Self {
            spec_uri: Some("https://www.rfc-editor.org/info/rfc7617".to_owned()),
            ..Self::new("httpbasic", "HTTP Basic", description)
        }
    }

    /// As the preferred scheme.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.primary = true;
        self
    }

    /// With a URL that says how to use it here.
    #[must_use]
    pub fn with_documentation(mut self, uri: impl Into<String>) -> Self {
        self.documentation_uri = Some(uri.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::schema::Schema;

    const BASE: &str = "https://example.com/v2";

    fn config(limits: &Limits, support: Support) -> Value {
        serde_json::to_value(ServiceProviderConfig::new(limits, support, Vec::new(), BASE)).unwrap()
    }

    #[test]
    fn the_document_of_the_rfc_is_made() {
        let limits = Limits::default();
        let schemes = vec![
            AuthenticationScheme::oauth_bearer_token()
                .primary()
                .with_documentation("http://example.com/help/oauth.html"),
            AuthenticationScheme::http_basic(),
        ];
        let support = Support::default().with(|support| support.change_password = true);
        let config = ServiceProviderConfig::new(&limits, support, schemes, BASE)
            .with_documentation("http://example.com/help/scim.html");
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "documentationUri": "http://example.com/help/scim.html",
            "patch": { "supported": true },
            "bulk": { "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 },
            "filter": { "supported": true, "maxResults": 200 },
            "changePassword": { "supported": true },
            "sort": { "supported": true },
            "etag": { "supported": true },
            "authenticationSchemes": [
                {
                    "name": "OAuth Bearer Token",
                    "description": "Authentication scheme using the OAuth Bearer Token Standard",
                    "specUri": "https://www.rfc-editor.org/info/rfc6750",
                    "documentationUri": "http://example.com/help/oauth.html",
                    "type": "oauthbearertoken",
                    "primary": true
                },
                {
                    "name": "HTTP Basic",
                    "description": "Authentication scheme using the HTTP Basic Standard",
                    "specUri": "https://www.rfc-editor.org/info/rfc7617",
                    "type": "httpbasic"
                }
            ],
            "pagination": {
                "cursor": true,
                "index": true,
                "defaultPaginationMethod": "index",
                "defaultPageSize": 100,
                "maxPageSize": 200,
                "cursorTimeout": 3600
            },
            "meta": { "location": "https://example.com/v2/ServiceProviderConfig", "resourceType": "ServiceProviderConfig" }
        });
        assert_eq!(serde_json::to_value(config).unwrap(), expected);
    }

    #[test]
    fn what_is_not_served_is_said_to_be_so() {
        let none = Support::default().with(|support| {
            *support = Support {
                bulk: false,
                change_password: false,
                cursors: false,
                etag: false,
                filter: false,
                patch: false,
                sort: false,
            };
        });
        let document = config(&Limits::default(), none);
        for part in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
            assert_eq!(document[part]["supported"], false, "{part}");
        }
        let bulk = json!({ "supported": false, "maxOperations": 0, "maxPayloadSize": 0 });
        assert_eq!(document["bulk"], bulk);
        assert_eq!(document["authenticationSchemes"], json!([]));
        assert_eq!(document["pagination"]["cursor"], false);
        assert_eq!(document["pagination"].get("cursorTimeout"), None);
        let no_bulk = Limits::default().with(|limits| limits.bulk_operations = 0);
        assert_eq!(config(&no_bulk, Support::default())["bulk"], bulk);
    }

    #[test]
    fn each_attribute_of_the_configuration_is_in_its_schema() {
        let scheme = AuthenticationScheme::http_basic().primary().with_documentation("x");
        let config = ServiceProviderConfig::new(&Limits::default(), Support::default(), vec![scheme], BASE)
            .with_documentation("x");
        let document = serde_json::to_value(config).unwrap();
        let schema = Schema::service_provider_config();
        for (name, value) in document.as_object().unwrap() {
            if name == "schemas" || name == "meta" {
                continue;
            }
            let attribute = schema.attribute(name).unwrap();
            let value = value.get(0).unwrap_or(value);
            for sub in value.as_object().into_iter().flat_map(Map::keys) {
                assert!(attribute.sub(sub).is_some(), "{name}.{sub}");
            }
        }
    }
}
