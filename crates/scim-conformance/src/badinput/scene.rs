use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fixture::{Fixture, FixtureTenant, Owner};
use super::line::{Call, Line, is_placeholder};
use super::reply::Reply;
use super::world::Instance;
use crate::outgoing::{Outgoing, split_base};
use crate::placeholder::{fill, percent_encode};
use crate::target::send_caught;

/// One line on one fresh system: its placeholders have values and requests can be made and sent.
pub(super) struct Scene<'a> {
    pub(super) fixture: &'a Fixture,
    instance: &'a dyn Instance,
    host: String,
    base_path: String,
    values: BTreeMap<String, String>,
}

/// A request of a line.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) outgoing: Outgoing,
    /// What the request says, not percent-encoded: the text that may be hostile.
    pub(super) said: String,
}

/// The longest URI for which a filter is sent as a query, in bytes.
const MAX_URI: usize = 8192;
/// An id that nothing has.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-0000000000fe";
const MEDIA_TYPE: &str = "application/scim+json";

impl<'a> Scene<'a> {
    /// Finds the values of the placeholders of `line`. This may change resources, for `|old_etag`.
    pub(super) async fn new(fixture: &'a Fixture, instance: &'a dyn Instance, line: &Line) -> Result<Self, String> {
        let (host, base_path) = split_base(&fixture.base_url);
        let mut scene = Self {
            fixture,
            instance,
            host,
            base_path,
            values: instance.variables().clone(),
        };
        // Old versions first, so that the current ones are those after the updates.
        let is_old = |name: &String| name.split('|').any(|part| part == "old_etag");
        let (old, current): (Vec<_>, Vec<_>) = line.placeholders.iter().partition(|name| is_old(name));
        for name in old.into_iter().chain(current) {
            let value = scene.resolve(name).await?;
            scene.values.insert(name.clone(), value);
        }
        Ok(scene)
    }

    /// The value of a placeholder; `None` for text that only looks like one.
    pub(super) fn lookup(&self, name: &str) -> Result<Option<String>, String> {
        match self.values.get(name) {
            Some(value) => Ok(Some(value.clone())),
            None if is_placeholder(name) => Err(format!("{{{{{name}}}}} has no value")),
            None => Ok(None),
        }
    }

    /// The requests of `line`, in the order in which they are sent.
    pub(super) fn probes(&self, line: &Line) -> Result<Vec<Probe>, String> {
        let plain = |name: &str| self.lookup(name);
        let encoded = |name: &str| Ok::<_, String>(self.lookup(name)?.map(|value| percent_encode(&value)));
        match &line.call {
            Call::Filter(input) => {
                let filter = input.text(&plain)?;
                let target = format!("{}/Users?filter={}", self.base_path, percent_encode(&filter));
                let uri_length = target.len() + self.fixture.base_url.len() - self.base_path.len();
                let search =
                    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
                let path = format!("{}/Users/.search", self.base_path);
                let query = self.request("GET", target, None)?;
                let search = self.request("POST", path, Some(search.to_string().into()))?;
                let requests = if uri_length <= MAX_URI {
                    vec![query, search]
                } else {
                    vec![search]
                };
                Ok(requests
                    .into_iter()
                    .map(|outgoing| Probe {
                        outgoing,
                        said: filter.clone(),
                    })
                    .collect())
            }
            Call::Body { method, path, body } => {
                let target = format!("{}{}", self.base_path, fill(path, &encoded)?);
                let outgoing = self.request(method, target, Some(body.bytes(&plain)?))?;
                Ok(vec![Probe {
                    said: said(&outgoing, false),
                    outgoing,
                }])
            }
            Call::Whole {
                method,
                target,
                headers,
                body,
            } => {
                let headers = headers
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), fill(value, &plain)?)));
                let outgoing = Outgoing {
                    method: method.clone(),
                    target: fill(target, &encoded)?,
                    headers: headers.collect::<Result<_, String>>()?,
                    body: body.as_ref().map(|body| body.bytes(&plain)).transpose()?,
                };
                Ok(vec![Probe {
                    said: said(&outgoing, true),
                    outgoing,
                }])
            }
        }
    }

    /// Sends a request and measures the answer. The inner error is a panic; the outer says that HTTP cannot carry it.
    pub(super) async fn send(&self, outgoing: &Outgoing) -> Result<Result<(Reply, Duration), String>, String> {
        let request = outgoing.to_http(&self.host)?;
        let start = Instant::now();
        let response = send_caught(self.instance.target(), request).await;
        let elapsed = start.elapsed();
        Ok(response.map(|response| (Reply::new(&response), elapsed)))
    }

    /// Reads a path below the base URL as `tenant`.
    pub(super) async fn get(&self, tenant: &FixtureTenant, path: &str) -> Result<Reply, String> {
        let mut outgoing = self.request("GET", format!("{}{path}", self.base_path), None)?;
        self.authorize(&mut outgoing, tenant)?;
        self.send(&outgoing).await?.map(|(reply, _)| reply)
    }

    /// The tenant that a request comes from: the one of its token, or else the first.
    pub(super) fn tenant_of(&self, outgoing: &Outgoing) -> Result<&'a FixtureTenant, String> {
        let sends = |token: &String| {
            let value = self.values.get(token);
            value.is_some_and(|value| {
                outgoing
                    .headers
                    .iter()
                    .any(|(_, sent)| sent.split(' ').any(|part| part == value))
            })
        };
        let mut tenants = self.fixture.tenants.iter();
        let tenant = tenants.find(|tenant| tenant.tokens.iter().any(sends));
        tenant
            .or_else(|| self.fixture.tenants.first())
            .ok_or_else(|| "the fixture has no tenant".to_owned())
    }

    /// The request with the id of the fixture that is in its target replaced by one that nothing has; and that id.
    pub(super) fn with_unknown_id(&self, outgoing: &Outgoing) -> Option<(Outgoing, &str, &'static str)> {
        let ids = self
            .values
            .iter()
            .filter(|(name, _)| self.fixture.owner(name).is_some())
            .map(|(_, id)| id.as_str());
        let id = ids
            .filter(|id| outgoing.target.contains(id))
            .max_by_key(|id| id.len())?;
        let target = outgoing.target.replace(id, UNKNOWN_ID);
        Some((
            Outgoing {
                target,
                ..outgoing.clone()
            },
            id,
            UNKNOWN_ID,
        ))
    }

    /// The path, below the base URL, of what a successful request touched.
    pub(super) fn touched(&self, outgoing: &Outgoing, reply: &Reply) -> Option<String> {
        if outgoing.method == "POST" {
            return reply
                .header("location")
                .and_then(|url| url.strip_prefix(&self.fixture.base_url))
                .map(str::to_owned);
        }
        let path = outgoing.target.split('?').next()?.strip_prefix(&self.base_path)?;
        (outgoing.method != "DELETE").then(|| path.to_owned())
    }

    /// A request of the first tenant.
    fn request(&self, method: &str, target: String, body: Option<bytes::Bytes>) -> Result<Outgoing, String> {
        let mut headers = vec![("Accept".to_owned(), MEDIA_TYPE.to_owned())];
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), MEDIA_TYPE.to_owned()));
        }
        let mut outgoing = Outgoing {
            method: method.to_owned(),
            target,
            headers,
            body,
        };
        self.authorize(
            &mut outgoing,
            self.fixture.tenants.first().ok_or("the fixture has no tenant")?,
        )?;
        Ok(outgoing)
    }

    fn authorize(&self, outgoing: &mut Outgoing, tenant: &FixtureTenant) -> Result<(), String> {
        let name = tenant
            .tokens
            .first()
            .ok_or_else(|| format!("tenant {} has no token", tenant.name))?;
        let token = self
            .values
            .get(name)
            .ok_or_else(|| format!("{{{{{name}}}}} has no value"))?;
        outgoing
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        outgoing
            .headers
            .push(("Authorization".to_owned(), format!("Bearer {token}")));
        Ok(())
    }

    async fn resolve(&self, placeholder: &str) -> Result<String, String> {
        let mut parts = placeholder.split('|');
        let name = parts.next().unwrap_or_default();
        let mut value = self
            .values
            .get(name)
            .cloned()
            .ok_or_else(|| format!("{{{{{name}}}}} has no value"))?;
        for modifier in parts {
            value = match modifier {
                "upper" => value.to_ascii_uppercase(),
                "minus1" => minus_one(&value),
                "swapcase" => value.chars().map(swap_case).collect(),
                "flip" => flip(&value),
                "etag" => self.etag(name).await?,
                "old_etag" => {
                    let old = self.etag(name).await?;
                    self.update(name).await?;
                    old
                }
                _ => return Err(format!("unknown modifier {modifier}")),
            };
        }
        Ok(value)
    }

    async fn etag(&self, name: &str) -> Result<String, String> {
        let (owner, path) = self.resource(name)?;
        let reply = self.get(owner.tenant, &path).await?;
        let version = || reply.get("meta")?.get("version")?.as_str();
        let etag = reply.header("etag").or_else(version);
        etag.map(str::to_owned)
            .ok_or_else(|| format!("{name} has no ETag: status {}", reply.status))
    }

    /// Changes an attribute that no line looks at.
    async fn update(&self, name: &str) -> Result<(), String> {
        let (owner, path) = self.resource(name)?;
        let attribute = if owner.endpoint == "Users" {
            "nickName"
        } else {
            "externalId"
        };
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": attribute, "value": "updated before the line"}],
        });
        let target = format!("{}{path}", self.base_path);
        let mut outgoing = self.request("PATCH", target, Some(body.to_string().into()))?;
        self.authorize(&mut outgoing, owner.tenant)?;
        let (reply, _) = self.send(&outgoing).await??;
        if reply.status < 300 {
            Ok(())
        } else {
            Err(format!("cannot update {name}: status {}", reply.status))
        }
    }

    fn resource(&self, name: &str) -> Result<(Owner<'a>, String), String> {
        let owner = self
            .fixture
            .owner(name)
            .ok_or_else(|| format!("{name} is no resource of the fixture"))?;
        let id = self
            .values
            .get(owner.key)
            .ok_or_else(|| format!("{{{{{name}}}}} has no value"))?;
        Ok((owner, format!("/{}/{}", owner.endpoint, percent_encode(id))))
    }
}

fn said(outgoing: &Outgoing, with_headers: bool) -> String {
    let mut said = outgoing.target.clone();
    for (name, value) in outgoing.headers.iter().filter(|_| with_headers) {
        said.extend(["\n", name, ": ", value]);
    }
    let body = outgoing.body.as_deref().unwrap_or_default();
    said.push('\n');
    said.push_str(&String::from_utf8_lossy(body));
    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        super::reply::strings(&body, &mut |text| said.extend(["\n", text]));
    }
    said
}

fn swap_case(c: char) -> char {
    if c.is_ascii_lowercase() {
        c.to_ascii_uppercase()
    } else {
        c.to_ascii_lowercase()
    }
}

/// The id before this one: the digits at its end, hexadecimal if it has a hyphen, less one.
fn minus_one(id: &str) -> String {
    let radix = if id.contains('-') { 16 } else { 10 };
    let mut chars: Vec<char> = id.chars().collect();
    for c in chars.iter_mut().rev() {
        let Some(digit) = c.to_digit(radix) else { break };
        let less = digit.checked_sub(1).unwrap_or(radix - 1);
        *c = char::from_digit(less, radix).unwrap_or(*c);
        if digit > 0 {
            break;
        }
    }
    chars.into_iter().collect()
}

/// The text with one letter or digit changed, the first in its second half if there is one.
fn flip(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let (first, second) = chars.split_at_mut(text.chars().count() / 2);
    if let Some(c) = second.iter_mut().chain(first).find(|c| c.is_ascii_alphanumeric()) {
        *c = match *c {
            '0' => '1',
            c if c.is_ascii_digit() => '0',
            'a' => 'b',
            c if c.is_ascii_lowercase() => 'a',
            'A' => 'B',
            _ => 'A',
        };
    }
    chars.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_change_an_id() {
        assert_eq!(minus_one("100"), "099");
        assert_eq!(
            minus_one("00000000-0000-4000-8000-0000000000a0"),
            "00000000-0000-4000-8000-00000000009f"
        );
        assert_eq!(minus_one("user"), "user");
        assert_eq!("aB-1".chars().map(swap_case).collect::<String>(), "Ab-1");
        assert_eq!(flip("W/\"abc0-def\""), "W/\"abc1-def\"");
        for text in ["a", "0-", "MTIzNDU2", "{x}"] {
            let flipped = flip(text);
            assert!(flipped != text && flipped.len() == text.len(), "{text} {flipped}");
        }
    }
}
