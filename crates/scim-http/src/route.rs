//! Method and path to a route (RFC 7644 section 3.2, Table 2).

use std::{borrow::Cow, sync::Arc};

use http::Method;
use scim_core::{
    ResourceId,
    schema::{Registry, ResourceType},
};

use crate::fault::Fault;

/// What a path names.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    Bulk,
    Collection(Arc<ResourceType>),
    /// `/Me`; with it comes nothing else.
    Me,
    Resource(Arc<ResourceType>, ResourceId),
    ResourceTypes(Option<String>),
    /// The base URL itself: the search across types.
    Root,
    Schemas(Option<String>),
    /// `/.search`, of one type or of all.
    Search(Option<Arc<ResourceType>>),
    ServiceProviderConfig,
}

impl Route {
    /// The route of a path below the base URL. Each segment is decoded once, and matched once.
    pub(crate) fn parse(path: &str, kinds: &Registry) -> Result<Self, Fault> {
        let unknown = || Fault::new(404, "no such endpoint");
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            return Ok(Self::Root);
        }
        let mut segments = path.split('/').map(decode);
        let first = segments.next().flatten().ok_or_else(unknown)?;
        let second = segments.next();
        if segments.next().is_some() {
            return Err(unknown());
        }
        let second = match second {
            None => None,
            Some(segment) => Some(segment.filter(|segment| !segment.is_empty()).ok_or_else(unknown)?),
        };
        match (first.as_ref(), second) {
            (".search", None) => Ok(Self::Search(None)),
            ("Bulk", None) => Ok(Self::Bulk),
            ("Me", None) => Ok(Self::Me),
            ("ResourceTypes", name) => Ok(Self::ResourceTypes(name.map(Cow::into_owned))),
            ("Schemas", urn) => Ok(Self::Schemas(urn.map(Cow::into_owned))),
            ("ServiceProviderConfig", None) => Ok(Self::ServiceProviderConfig),
            (name, rest) => {
                let endpoint = kinds.types().iter().find(|kind| {
                    kind.endpoint()
                        .get(1..)
                        .is_some_and(|own| own.eq_ignore_ascii_case(name))
                });
                let kind = Arc::clone(endpoint.ok_or_else(unknown)?);
                Ok(match rest {
                    None => Self::Collection(kind),
                    Some(rest) if rest == ".search" => Self::Search(Some(kind)),
                    Some(id) => Self::Resource(kind, ResourceId::new(id.as_ref())),
                })
            }
        }
    }

    /// The methods of the route, as `Allow` lists them.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Self::Bulk | Self::Search(_) => "POST, OPTIONS",
            Self::Collection(_) => "GET, HEAD, POST, OPTIONS",
            Self::Me | Self::Resource(..) => "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
            Self::ResourceTypes(_) | Self::Root | Self::Schemas(_) | Self::ServiceProviderConfig => {
                "GET, HEAD, OPTIONS"
            }
        }
    }

    /// Whether the route has the method.
    pub(crate) fn allows(&self, method: &Method) -> bool {
        let mut methods = self.methods().split(',').map(str::trim_start);
        methods.any(|allowed| allowed == method.as_str())
    }
}

/// Decodes one segment; `None` where it is no UTF-8 or holds what no identifier may: control characters.
pub(crate) fn decode(segment: &str) -> Option<Cow<'_, str>> {
    let decoded = percent_decode(segment, false)?;
    (!decoded.chars().any(char::is_control)).then_some(decoded)
}

/// Decodes percent signs and, in queries, plus signs (RFC 3986 section 2.1; Entra ID sends `+` for blanks).
pub(crate) fn percent_decode(text: &str, plus_is_blank: bool) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|b| b == b'%' || (plus_is_blank && b == b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let digit = |byte: Option<u8>| {
        char::from(byte?)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => digit(bytes.next())? << 4 | digit(bytes.next())?,
            b'+' if plus_is_blank => b' ',
            byte => byte,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> String {
        match Route::parse(path, &Registry::default()) {
            Ok(Route::Resource(kind, id)) => format!("{} {id}", kind.name()),
            Ok(Route::Collection(kind)) => kind.name().to_owned(),
            Ok(other) => format!("{other:?}"),
            Err(fault) => fault.error.status().to_string(),
        }
    }

    #[test]
    fn paths_are_decoded_once_and_matched_whole() {
        assert_eq!(route("/Users"), "User");
        assert_eq!(route("/Users/"), "User");
        assert_eq!(route("/users"), "User", "clients write endpoints in other cases");
        assert_eq!(route("/%55sers"), "User");
        assert_eq!(route("/Users/a%2Fb"), "User a/b");
        assert_eq!(route("/Users/..%2fUsers"), "User ../Users");
        assert_eq!(route("/"), "Root");
        for path in [
            "//Users",
            "/Users/x/y",
            "/Users//",
            "/Users/x%00",
            "/Users/%zz",
            "/v2/Users",
            "/Users/%ff",
        ] {
            assert_eq!(route(path), "404", "{path}");
        }
    }
}
