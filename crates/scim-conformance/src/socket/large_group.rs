use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::{Socket, oversized::memory};

/// A group of many members, whose users are made first: it is created, read, changed by one member and read again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LargeGroup {
    /// How many members: 100,000, the most that [`Limits`](scim_http::core::Limits) allow by default.
    pub members: usize,
}

/// Users made by one request.
const BATCH: usize = 500;

/// How far the process may grow, in KiB, and a member more.
const GROWTH: u64 = 32 << 10;
const GROWTH_OF_MEMBER: u64 = 2;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A service to talk to.
struct Service<'a> {
    socket: &'a Socket,
    base_path: &'a str,
    token: &'a str,
}

impl LargeGroup {
    /// With so many members.
    pub fn new(members: usize) -> Self {
        Self { members }
    }

    /// Runs it against the service below a path such as `/scim/v2` in the process of this identifier, and gives by how many KiB
    /// that grew while the group was there; `None` where the system does not tell.
    ///
    /// # Errors
    /// What the host did not do.
    pub fn run(&self, socket: &Socket, base_path: &str, token: &str, process: u32) -> Result<Option<u64>, String> {
        let service = Service {
            socket,
            base_path,
            token,
        };
        let mut users = Vec::new();
        while users.len() <= self.members {
            users.extend(service.make_users(users.len())?);
        }
        let before = memory(process, "VmRSS:");
        let members = users.iter().take(self.members).map(|id| json!({ "value": id }));
        let group = json!({ "schemas": [GROUP], "displayName": "Everybody", "members": members.collect::<Vec<_>>() });
        let made = service.ask(Method::POST, "/Groups", &group, 201)?;
        let path = format!("/Groups/{}", text(&made, "id")?);
        service.count(&path, self.members)?;
        let add = json!({ "op": "add", "path": "members", "value": users.get(self.members).map(|id| [json!({ "value": id })]) });
        let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [add] });
        let refused = service.send(Method::PATCH, &path, &patch)?.status().as_u16();
        // Where the limit is what the group has, one more is too many.
        let count = match refused {
            200 | 204 => self.members + 1,
            400 | 413 => self.members,
            status => return Err(format!("a member more: answered by {status}")),
        };
        service.count(&path, count)?;
        let growth = memory(process, "VmHWM:")
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        let most = GROWTH + GROWTH_OF_MEMBER.saturating_mul(u64::try_from(self.members).unwrap_or(u64::MAX));
        match growth {
            Some(growth) if growth > most => Err(format!("the host grew by {growth} KiB with {count} members")),
            _ => Ok(growth),
        }
    }
}

impl Service<'_> {
    /// Makes users, whose names have numbers from this one on, and gives their identifiers.
    fn make_users(&self, first: usize) -> Result<Vec<String>, String> {
        let operations = (first..first + BATCH).map(|number| {
            let user = json!({ "schemas": [USER], "userName": format!("member-{number}@example.com") });
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": user })
        });
        let bulk = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": operations.collect::<Vec<_>>(),
        });
        let answer = self.ask(Method::POST, "/Bulk", &bulk, 200)?;
        let operations = answer.get("Operations").and_then(Value::as_array).into_iter().flatten();
        let id = |operation: &Value| Some(text(operation, "location").ok()?.rsplit('/').next()?.to_owned());
        let ids = operations.map(id).collect::<Option<Vec<_>>>();
        ids.ok_or_else(|| "a user was not made".to_owned())
    }

    /// Whether the group has so many members.
    fn count(&self, path: &str, members: usize) -> Result<(), String> {
        let group = self.ask(Method::GET, path, &Value::Null, 200)?;
        match group.get("members").and_then(Value::as_array).map_or(0, Vec::len) {
            found if found == members => Ok(()),
            found => Err(format!("the group has {found} members of {members}")),
        }
    }

    fn ask(&self, method: Method, path: &str, body: &Value, status: u16) -> Result<Value, String> {
        let what = format!("{method} {path}");
        let answer = self.send(method, path, body)?;
        if answer.status() != status {
            return Err(format!("{what}: answered by {}", answer.status()));
        }
        serde_json::from_slice(answer.body()).map_err(|error| format!("{what}: {error}"))
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> Result<Response<Bytes>, String> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_path))
            .header("host", "h")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/scim+json")
            .header("content-length", body.len());
        let request = request.body(Bytes::from(body)).map_err(|error| error.to_string())?;
        let answer = self.socket.exchange(request);
        answer.map_err(|error| format!("no answer: {error}"))
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    let text = value.get(name).and_then(Value::as_str);
    text.ok_or_else(|| format!("an answer without {name}"))
}
