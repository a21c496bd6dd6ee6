//! How a token may be sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

/// The forms in which a token is taken: `Authorization: Bearer <token>` always (RFC 6750 section 2.1), others where they are
/// asked for.
///
/// ```
/// use scim_http::TokenForms;
///
/// // Okta: OAuth Bearer Token, Header Auth and Basic Auth of its test apps.
/// let forms = TokenForms::bearer().with_bare().with_basic();
/// // A custom app that sends the token in a header of its own.
/// let forms = TokenForms::bearer().with_header(http::HeaderName::from_static("x-scim-token"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct TokenForms {
    bare: bool,
    basic: bool,
    header: Option<HeaderName>,
}

/// What a request shows.
pub(crate) enum Shown<'a> {
    /// User name and password, with the colon between them.
    Pair(String),
    Token(&'a str),
}

impl TokenForms {
    /// `Bearer` alone.
    pub fn bearer() -> Self {
        Self::default()
    }

    /// Also the bare token as the value of `Authorization` (Okta's header authentication).
    #[must_use]
    pub fn with_bare(self) -> Self {
        self.bare(true)
    }

    /// Also HTTP Basic (RFC 7617). The token is the password; any user name goes with it, as clients insist on one.
    #[must_use]
    pub fn with_basic(mut self) -> Self {
        self.basic = true;
        self
    }

    /// Also a header of this name, whose value is the token with or without `Bearer` before it.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName) -> Self {
        self.header = Some(name);
        self
    }

    pub(crate) fn bare(mut self, bare: bool) -> Self {
        self.bare = bare;
        self
    }

    /// What a request shows. Nothing where it shows two: somebody on the way may have looked at the other one.
    pub(crate) fn read<'a>(&self, headers: &'a HeaderMap) -> Option<Shown<'a>> {
        let standard = headers.get_all(AUTHORIZATION).iter().map(|value| (value, false));
        let own = self.header.as_ref().filter(|name| **name != AUTHORIZATION);
        let own = own.map(|name| headers.get_all(name).iter().map(|value| (value, true)));
        let mut values = standard.chain(own.into_iter().flatten());
        let (Some((value, is_own)), None) = (values.next(), values.next()) else {
            return None;
        };
        self.parse(value, is_own)
    }

    /// The value of `WWW-Authenticate`.
    pub(crate) fn challenge(&self) -> &'static str {
        if self.basic {
            "Bearer realm=\"scim\", Basic realm=\"scim\""
        } else {
            "Bearer realm=\"scim\""
        }
    }

    fn parse<'a>(&self, value: &'a HeaderValue, is_own: bool) -> Option<Shown<'a>> {
        let value = value.to_str().ok()?.trim();
        match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(Shown::Token(token.trim())),
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") && self.basic && !is_own => {
                let pair = STANDARD.decode(pair.trim()).ok()?;
                String::from_utf8(pair).ok().map(Shown::Pair)
            }
            None if self.bare || is_own => Some(Shown::Token(value)),
            _ => None,
        }
    }
}
