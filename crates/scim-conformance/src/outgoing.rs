use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};

/// A request as the data files write it, before it is known to be expressible as [`http::Request`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    /// In origin form.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// `None` for a request without a body, which is not the same as an empty one for POST, PUT and PATCH.
    pub(crate) body: Option<Bytes>,
}

impl Outgoing {
    /// The request with `Host` and `Content-Length` added where they are not given.
    ///
    /// Errors: the method, the target or a header cannot be carried by HTTP at all.
    pub(crate) fn to_http(&self, host: &str) -> Result<Request<Bytes>, String> {
        let mut request = Request::new(self.body.clone().unwrap_or_default());
        *request.method_mut() =
            Method::from_bytes(self.method.as_bytes()).map_err(|_| format!("{:?} is no method", self.method))?;
        *request.uri_mut() = Uri::try_from(self.target.as_str()).map_err(|error| format!("target: {error}"))?;
        for (name, value) in &self.headers {
            let header = HeaderName::try_from(name.as_str()).map_err(|_| format!("{name:?} is no header name"))?;
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| format!("value of header {name} is not legal"))?;
            request.headers_mut().append(header, value);
        }
        if !request.headers().contains_key(header::HOST) {
            let host = HeaderValue::try_from(host).map_err(|_| "host is not legal".to_owned())?;
            request.headers_mut().insert(header::HOST, host);
        }
        let sends_length = self.body.is_some() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        if sends_length && !request.headers().contains_key(header::CONTENT_LENGTH) {
            let length = HeaderValue::from(request.body().len());
            request.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        Ok(request)
    }

    /// Method and target in at most `limit` characters.
    pub(crate) fn summary(&self, limit: usize) -> String {
        shorten(&format!("{} {}", self.method, self.target), limit)
    }
}

/// At most `limit` characters of `text`, on one line.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let mut out: String = text
        .chars()
        .take(limit)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(limit).is_some() {
        out.push_str("...");
    }
    out
}

/// Splits a base URL into its authority and its path without a trailing slash.
pub(crate) fn split_base(base_url: &str) -> (String, String) {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_end_matches('/');
    (
        host.to_owned(),
        if path.is_empty() {
            String::new()
        } else {
            format!("/{path}")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_length_are_added_once() {
        let outgoing = Outgoing {
            method: "POST".to_owned(),
            target: "/scim/v2/Users?a=%20".to_owned(),
            headers: vec![("X".to_owned(), "1".to_owned()), ("X".to_owned(), "2".to_owned())],
            body: None,
        };
        let request = outgoing.to_http("scim.example.test").unwrap();
        assert_eq!(request.uri(), "/scim/v2/Users?a=%20");
        assert_eq!(request.headers()["content-length"], "0");
        assert_eq!(request.headers()["host"], "scim.example.test");
        assert_eq!(request.headers().get_all("x").iter().count(), 2);
        let named = Outgoing {
            headers: vec![("host".to_owned(), "evil.example".to_owned())],
            ..outgoing
        };
        assert_eq!(named.to_http("a").unwrap().headers().get_all("host").iter().count(), 1);
    }

    #[test]
    fn what_http_cannot_carry_is_an_error() {
        let outgoing = |method: &str, target: &str, value: &str| Outgoing {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("x".to_owned(), value.to_owned())],
            body: None,
        };
        assert!(outgoing("G ET", "/", "").to_http("h").is_err());
        assert!(outgoing("GET", "/a b", "").to_http("h").is_err());
        assert!(outgoing("GET", "/", "a\r\nb").to_http("h").is_err());
    }

    #[test]
    fn base_urls_split() {
        assert_eq!(
            split_base("https://h:1/scim/v2/"),
            ("h:1".to_owned(), "/scim/v2".to_owned())
        );
        assert_eq!(split_base("https://h"), ("h".to_owned(), String::new()));
    }
}
