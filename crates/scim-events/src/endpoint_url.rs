//! Where webhooks may go.

use std::{fmt, net::IpAddr, str::FromStr};

use http::Uri;

use crate::address::{Network, is_public};

/// Longest URL, in bytes.
const LONGEST: usize = 2048;

/// The URL of an endpoint: `http` or `https`, with a host and without a user.
///
/// `Debug` shows scheme and host only, as path and query may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    uri: Uri,
    host: Host,
}

/// Which URLs and addresses are allowed: by default `https` to the public internet only.
#[derive(Debug, Clone, Default)]
pub struct UrlPolicy {
    allows_http: bool,
    allows_private: bool,
    networks: Vec<Network>,
}

/// Why a URL is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is no URL with a host, has a user in it, or is longer than 2,048 bytes.
    #[error(
        "the URL must be absolute, without a user, with a host that is a name or a usual IP address, within 2048 bytes"
    )]
    Invalid,
    /// It stands for an address that is not of the public internet.
    #[error("the URL points to an address that is not on the public internet")]
    Private,
    /// It is neither `https` nor another allowed scheme.
    #[error("the URL must be https")]
    Scheme,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl EndpointUrl {
    /// Reads a URL. Hosts that only some resolvers take for addresses (`127.1`, `0x7f000001`, `2130706433`) are refused; a
    /// name with other letters than ASCII must be in its `xn--` form.
    ///
    /// # Errors
    ///
    /// [`UrlError::Invalid`] and [`UrlError::Scheme`].
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let is_plain = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let uri: Uri = is_plain.then(|| text.parse().ok()).flatten().ok_or(UrlError::Invalid)?;
        // It is kept as `Uri` shows it, which puts a path in where there is none.
        if uri.to_string().len() > LONGEST {
            return Err(UrlError::Invalid);
        }
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(UrlError::Scheme);
        }
        let authority = uri.authority().ok_or(UrlError::Invalid)?;
        // A port that is none is no port to `http`, and text behind it would be lost.
        let rest = authority
            .as_str()
            .strip_prefix(authority.host())
            .ok_or(UrlError::Invalid)?;
        let has_port = rest
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if !rest.is_empty() && !has_port {
            return Err(UrlError::Invalid);
        }
        let host = Host::parse(authority.host()).ok_or(UrlError::Invalid)?;
        Ok(Self { uri, host })
    }

    /// The URL as it was written.
    pub fn as_uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether it is `https`.
    pub fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// The host, as it was written.
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }
}

impl UrlPolicy {
    /// `https` to the public internet only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows `http`, by which anyone on the way reads what is sent.
    #[must_use]
    pub fn allow_http(mut self) -> Self {
        self.allows_http = true;
        self
    }

    /// Allows all addresses, also those of the sender's own network and machine and of a cloud's metadata: for tests, and
    /// where nobody but the operator sets URLs.
    #[must_use]
    pub fn allow_private(mut self) -> Self {
        self.allows_private = true;
        self
    }

    /// Allows a network with so many leading bits, such as `10.1.0.0` with 16.
    #[must_use]
    pub fn allow_network(mut self, address: IpAddr, prefix: u32) -> Self {
        self.networks.push(Network::new(address, prefix));
        self
    }

    #[cfg(feature = "client")]
    pub(crate) fn is_http_allowed(&self) -> bool {
        self.allows_http
    }

    /// Whether a URL may be tried, as far as it shows by itself. Addresses behind a name are looked at when it is resolved.
    ///
    /// # Errors
    ///
    /// [`UrlError::Scheme`] and [`UrlError::Private`].
    pub fn check(&self, url: &EndpointUrl) -> Result<(), UrlError> {
        if !url.is_https() && !self.allows_http {
            return Err(UrlError::Scheme);
        }
        let is_private = match &url.host {
            Host::Address(address) => !self.allows(*address),
            // RFC 6761: it is this machine, whatever a resolver says.
            Host::Name(name) => !self.allows_private && (name == "localhost" || name.ends_with(".localhost")),
        };
        if is_private { Err(UrlError::Private) } else { Ok(()) }
    }

    /// Whether an address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allows_private || is_public(address) || self.networks.iter().any(|network| network.contains(address))
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            let address = rest.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(IpAddr::V6(address)));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Address(IpAddr::V4(address)));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_label = |label: &str| {
            let is_name = label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            (1..=63).contains(&label.len()) && is_name
        };
        let is_name = name.len() <= 253 && name.split('.').all(is_label);
        // Whoever reads such a name for an address sees another one than we do (WHATWG URL, "ends in a number").
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        (is_name && !is_number).then_some(Self::Name(name))
    }
}

impl FromStr for EndpointUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        write!(f, "EndpointUrl({scheme}://{}/..)", self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, policy: &UrlPolicy) -> Result<(), UrlError> {
        policy.check(&EndpointUrl::parse(text)?)
    }

    #[test]
    fn only_public_https_is_taken_by_default() {
        let policy = UrlPolicy::new();
        for url in [
            "https://example.com",
            "https://example.com:8443/hook?token=x",
            "https://xn--bcher-kva.example/hook",
            "https://1.1.1.1/hook",
            "https://[2606:4700:4700::1111]:443/",
        ] {
            assert_eq!(check(url, &policy), Ok(()), "{url}");
        }
        for (url, error) in [
            ("http://example.com/", UrlError::Scheme),
            ("ftp://example.com/", UrlError::Scheme),
            ("file:///etc/passwd", UrlError::Invalid),
            ("", UrlError::Invalid),
            ("example.com", UrlError::Scheme),
            ("https://", UrlError::Invalid),
            ("https://user:secret@example.com/", UrlError::Invalid),
            ("https://example.com@127.0.0.1/", UrlError::Invalid),
            ("https://example.com\\@127.0.0.1/", UrlError::Invalid),
            ("https://bücher.example/", UrlError::Invalid),
            ("https://exa mple.com/", UrlError::Invalid),
            ("https://example.com:0/", UrlError::Invalid),
            ("https://example.com:99999/", UrlError::Invalid),
            ("https://example.com:/", UrlError::Invalid),
            ("https://127.0.0.1/", UrlError::Private),
            ("https://0.0.0.0/", UrlError::Private),
            ("https://10.0.0.1:8443/", UrlError::Private),
            ("https://169.254.169.254/latest/meta-data", UrlError::Private),
            ("https://[::1]/", UrlError::Private),
            ("https://[::]/", UrlError::Private),
            ("https://[::ffff:127.0.0.1]/", UrlError::Private),
            ("https://[::ffff:7f00:1]/", UrlError::Private),
            ("https://[fe80::1%25eth0]/", UrlError::Invalid),
            ("https://localhost/", UrlError::Private),
            ("https://LOCALHOST./", UrlError::Private),
            ("https://a.localhost/", UrlError::Private),
            // Forms that resolvers take for 127.0.0.1.
            ("https://2130706433/", UrlError::Invalid),
            ("https://0x7f000001/", UrlError::Invalid),
            ("https://0x7f.1/", UrlError::Invalid),
            ("https://017700000001/", UrlError::Invalid),
            ("https://0177.0.0.1/", UrlError::Invalid),
            ("https://127.1/", UrlError::Invalid),
            ("https://127.0.0.1./", UrlError::Invalid),
        ] {
            assert_eq!(check(url, &policy), Err(error), "{url}");
        }
        assert_eq!(
            check(&format!("https://example.com/{}", "a".repeat(2048)), &policy),
            Err(UrlError::Invalid)
        );
    }

    #[test]
    fn what_is_taken_can_be_read_again() {
        for start in ["https://example.com?", "https://example.com/?", "https://example.com/"] {
            let text = |length: usize| format!("{start}{}", "a".repeat(length - start.len()));
            let longest = (2040..=2050)
                .rev()
                .find_map(|length| EndpointUrl::parse(&text(length)).ok());
            let shown = longest.unwrap().as_uri().to_string();
            assert_eq!(shown.len(), 2048, "{start}");
            assert!(EndpointUrl::parse(&shown).is_ok(), "{start}");
        }
    }

    #[test]
    fn what_is_allowed_is_allowed_and_no_more() {
        let network = UrlPolicy::new().allow_network("10.1.0.0".parse().unwrap(), 16);
        assert_eq!(check("https://10.1.2.3/", &network), Ok(()));
        assert_eq!(check("https://10.2.2.3/", &network), Err(UrlError::Private));
        assert_eq!(check("http://10.1.2.3/", &network), Err(UrlError::Scheme));
        let http = UrlPolicy::new().allow_http();
        assert_eq!(check("http://example.com/", &http), Ok(()));
        assert_eq!(check("http://localhost/", &http), Err(UrlError::Private));
        let all = UrlPolicy::new().allow_http().allow_private();
        assert_eq!(check("http://localhost:8080/", &all), Ok(()));
        assert_eq!(check("http://2130706433/", &all), Err(UrlError::Invalid));
    }

    #[test]
    fn a_url_does_not_show_its_path() {
        let url = EndpointUrl::parse("https://example.com/secret?token=secret").unwrap();
        assert_eq!(format!("{url:?}"), "EndpointUrl(https://example.com/..)");
    }
}
