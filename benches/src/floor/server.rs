//! A service that knows five requests. It keeps each user's bytes as they go out and checks nothing that it can leave
//! unchecked.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::patch;

/// The users.
#[derive(Debug, Default)]
pub(crate) struct Server {
    users: RwLock<Users>,
}

#[derive(Debug, Default)]
struct Users {
    bytes: Vec<Bytes>,
    by_id: HashMap<Box<str>, usize>,
    by_name: HashMap<Box<str>, usize>,
}

impl Server {
    /// Answers a request below `/scim/v2`; `None` for all that it does not know.
    pub(crate) fn handle(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let path = request.uri().path().strip_prefix("/scim/v2/Users")?;
        let id = path.strip_prefix('/');
        let (status, body) = match (request.method(), id) {
            (&Method::GET, Some(id)) => (StatusCode::OK, self.get(id)?),
            (&Method::GET, None) => (StatusCode::OK, self.list(request.uri().query()?)?),
            (&Method::PATCH, Some(id)) => (StatusCode::OK, self.patch(id, request.body())?),
            (&Method::POST, None) => (StatusCode::CREATED, self.create(request.body())?),
            _ => return None,
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
        Some(response)
    }

    fn get(&self, id: &str) -> Option<Bytes> {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        users.bytes.get(*users.by_id.get(id)?).cloned()
    }

    fn list(&self, query: &str) -> Option<Bytes> {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(filter) = query.strip_prefix("filter=") {
            let filter = percent_decoded(filter)?;
            let name = filter
                .strip_prefix("userName eq \"")?
                .strip_suffix('"')?
                .to_ascii_lowercase();
            let found = users.by_name.get(name.as_str()).and_then(|at| users.bytes.get(*at));
            return Some(page(found.into_iter(), found.iter().len(), 1));
        }
        let (start, count) = query.strip_prefix("startIndex=")?.split_once("&count=")?;
        let (start, count): (usize, usize) = (start.parse().ok()?, count.parse().ok()?);
        let listed = users.bytes.iter().skip(start.saturating_sub(1)).take(count);
        Some(page(listed, users.bytes.len(), start))
    }

    fn patch(&self, id: &str, body: &[u8]) -> Option<Bytes> {
        let active = patch::read(body)?;
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        let at = *users.by_id.get(id)?;
        let bytes = users.bytes.get_mut(at)?;
        let mut user: Value = serde_json::from_slice(bytes).ok()?;
        *user.get_mut("active")? = active.into();
        *bytes = serde_json::to_vec(&user).ok()?.into();
        Some(bytes.clone())
    }

    fn create(&self, body: &[u8]) -> Option<Bytes> {
        let mut user: Value = serde_json::from_slice(body).ok()?;
        let name: Box<str> = user.get("userName")?.as_str()?.to_ascii_lowercase().into();
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        if users.by_name.contains_key(&name) {
            return None;
        }
        let at = users.bytes.len();
        let id = crate::workload::id(at);
        let meta = json!({
            "resourceType": "User",
            "created": "2026-01-01T00:00:00.000Z",
            "lastModified": "2026-01-01T00:00:00.000Z",
            "location": format!("https://example.com/scim/v2/Users/{id}"),
            "version": "W/\"1\"",
        });
        let fields = user.as_object_mut()?;
        fields.insert("id".to_owned(), id.as_str().into());
        fields.insert("meta".to_owned(), meta);
        let bytes = Bytes::from(serde_json::to_vec(&user).ok()?);
        users.bytes.push(bytes.clone());
        users.by_id.insert(id.into(), at);
        users.by_name.insert(name, at);
        Some(bytes)
    }
}

fn page<'a>(users: impl Iterator<Item = &'a Bytes> + Clone, total: usize, start: usize) -> Bytes {
    let (count, size) = users
        .clone()
        .fold((0, 0), |(count, size), user| (count + 1, size + user.len() + 1));
    let mut out = Vec::with_capacity(size + 160);
    let head = format!(
        "{{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":{total},\
         \"startIndex\":{start},\"itemsPerPage\":{count},\"Resources\":["
    );
    out.extend_from_slice(head.as_bytes());
    for (index, user) in users.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(user);
    }
    out.extend_from_slice(b"]}");
    out.into()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => u8::try_from(digit(bytes.next())? << 4 | digit(bytes.next())?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}
