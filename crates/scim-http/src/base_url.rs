//! Where tenants are: base URLs, their template, and whether a request was sent to one (decision D48).

use http::{Uri, header::HOST, request::Parts, uri::Authority};
use scim_core::TenantId;

use crate::BuildError;

/// What stands for the tenant in a template.
const TENANT: &str = "{tenant}";

/// The base URL of one tenant, or of all.
#[derive(Debug)]
pub(crate) struct BaseUrl {
    /// Without a slash at the end.
    text: String,
    path: String,
    host: String,
}

/// A base URL that may hold `{tenant}`.
#[derive(Debug)]
pub(crate) struct Template {
    text: String,
    insecure: bool,
}

/// The tenant whose URL a request was sent to, where the host knows better than the path tells: put into the extensions of the
/// request by an adapter that routes by host name, or that takes the path of the base URL off.
///
/// It chooses nothing: credentials of another tenant are refused by 403. The path may then come with the path of the base URL or
/// without.
///
/// ```
/// use scim_http::UrlTenant;
///
/// let mut request = http::Request::get("/Users").body(())?;
/// request.extensions_mut().insert(UrlTenant("acme".into()));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "an identifier with a meaning")]
pub struct UrlTenant(pub TenantId);

impl BaseUrl {
    pub(crate) fn parse(text: &str, insecure: bool) -> Result<Self, BuildError> {
        let text = text.trim_end_matches('/');
        let uri: Uri = text.parse().map_err(|_| BuildError::BaseUrl)?;
        let host = uri.host().ok_or(BuildError::BaseUrl)?.to_owned();
        if uri.query().is_some() || text.contains('#') {
            return Err(BuildError::BaseUrl);
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if insecure => {}
            Some("http") => return Err(BuildError::Insecure),
            _ => return Err(BuildError::BaseUrl),
        }
        Ok(Self {
            text: text.to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
            host,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The rest of a path that begins with that of the base URL, which is taken off once at most.
    pub(crate) fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.path.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// Whether a request names no other host. Ports are not compared: proxies change them.
    pub(crate) fn is_host_of(&self, head: &Parts) -> bool {
        let is_own = |host: &str| host.eq_ignore_ascii_case(&self.host);
        let mut hosts = head.headers.get_all(HOST).iter();
        let mut named = hosts.all(|value| {
            let authority = Authority::try_from(value.as_bytes());
            authority.is_ok_and(|authority| is_own(authority.host()))
        });
        named &= head.uri.host().is_none_or(is_own);
        named
    }
}

impl Template {
    pub(crate) fn parse(text: &str, insecure: bool) -> Result<Self, BuildError> {
        let template = Self {
            text: text.trim_end_matches('/').to_owned(),
            insecure,
        };
        template.of(&TenantId::new("tenant"))?;
        Ok(template)
    }

    pub(crate) fn has_tenant(&self) -> bool {
        self.text.contains(TENANT)
    }

    /// Whether the path alone tells one tenant from another.
    pub(crate) fn has_tenant_in_path(&self) -> bool {
        let path = self.text.split("://").last().and_then(|rest| rest.split_once('/'));
        path.is_some_and(|(_, path)| path.contains(TENANT))
    }

    /// The base URL of a tenant.
    pub(crate) fn of(&self, tenant: &TenantId) -> Result<BaseUrl, BuildError> {
        if !self.has_tenant() {
            return BaseUrl::parse(&self.text, self.insecure);
        }
        let name = tenant.as_str();
        // Names of paths that are not what they look like: these are taken away on the way (RFC 3986 section 5.2.4).
        if matches!(name, "" | "." | "..") {
            return Err(BuildError::BaseUrl);
        }
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_in_host = self.text.split('/').nth(2).is_some_and(|host| host.contains(TENANT));
        if is_in_host && !is_plain {
            return Err(BuildError::BaseUrl);
        }
        BaseUrl::parse(&self.text.replace(TENANT, &percent_encode(name)), self.insecure)
    }

    /// The base URL that a tenant has for itself.
    pub(crate) fn own(&self, text: &str) -> Result<BaseUrl, BuildError> {
        BaseUrl::parse(text, self.insecure)
    }
}

/// Everything but what RFC 3986 section 2.3 calls unreserved.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(template: &str, tenant: &str) -> Option<String> {
        let template = Template::parse(template, false).unwrap();
        Some(template.of(&tenant.into()).ok()?.text)
    }

    #[test]
    fn a_tenant_takes_its_place_in_the_template() {
        let path = "https://example.com/scim/{tenant}/v2/";
        assert_eq!(of(path, "acme").unwrap(), "https://example.com/scim/acme/v2");
        assert_eq!(of(path, "a/ü?").unwrap(), "https://example.com/scim/a%2F%C3%BC%3F/v2");
        let host = "https://{tenant}.example.com/scim/v2";
        assert_eq!(of(host, "acme").unwrap(), "https://acme.example.com/scim/v2");
        for tenant in ["", ".", ".."] {
            assert_eq!(of(path, tenant), None, "{tenant:?}");
        }
        for tenant in ["evil.test/", "evil.test#", "a@evil", "a:1", "a.b", ""] {
            assert_eq!(of(host, tenant), None, "{tenant:?}");
        }
        assert!(Template::parse("http://example.com/{tenant}", false).is_err());
        assert!(Template::parse("{tenant}", true).is_err());
    }

    #[test]
    fn paths_are_below_as_a_whole() {
        let base = BaseUrl::parse("https://example.com/scim/a", false).unwrap();
        assert_eq!(base.below("/scim/a/Users"), Some("/Users"));
        assert_eq!(base.below("/scim/a"), Some(""));
        for path in ["/scim/ab/Users", "/Users", "/scim/b/scim/a/Users", "/scim/%61/Users"] {
            assert_eq!(base.below(path), None, "{path}");
        }
    }

    #[test]
    fn a_host_may_be_missing_but_not_another() {
        let base = BaseUrl::parse("https://a.example.com:8443/scim", false).unwrap();
        let is_own = |uri: &str, hosts: &[&str]| {
            let request = http::Request::get(uri);
            let request = hosts.iter().fold(request, |request, host| request.header(HOST, *host));
            base.is_host_of(&request.body(()).unwrap().into_parts().0)
        };
        assert!(is_own("/scim", &[]) && is_own("/scim", &["A.example.com"]) && is_own("/scim", &["a.example.com:1"]));
        assert!(is_own("https://a.example.com/scim", &[]));
        assert!(!is_own("/scim", &["b.example.com"]) && !is_own("/scim", &["a.example.com", "b.example.com"]));
        assert!(!is_own("https://b.example.com/scim", &["a.example.com"]) && !is_own("/scim", &["?"]));
    }
}
