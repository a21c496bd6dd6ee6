use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::load::{LoadError, read_directory};
use crate::matcher::{check, pointer};
use crate::outgoing::{Outgoing, shorten, split_base};
use crate::placeholder::{fill, fill_json, percent_encode};
use crate::report::{FileReport, Outcome, Verdict};
use crate::target::{Target, send_caught};

/// The recorded exchanges of one identity provider, in order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExchangeFile {
    /// The file's name without a directory.
    pub name: String,
    exchanges: Vec<Exchange>,
}

impl ExchangeFile {
    /// Loads every `.json` file of `directory`, sorted by name.
    ///
    /// # Errors
    /// A file that cannot be read or breaks the format described in the directory's README.
    pub fn load_directory(directory: &Path) -> Result<Vec<Self>, LoadError> {
        read_directory(directory, "json")?
            .iter()
            .map(|(name, text)| Self::parse(name, text))
            .collect()
    }

    /// Parses the text of one file.
    ///
    /// # Errors
    /// `text` breaks the format.
    pub fn parse(name: &str, text: &str) -> Result<Self, LoadError> {
        let exchanges: Vec<Value> = serde_json::from_str(text).map_err(|error| LoadError::new(name, "", error))?;
        let exchanges = exchanges.into_iter().enumerate().map(|(index, exchange)| {
            Exchange::parse(&exchange).map_err(|reason| LoadError::new(name, format!("exchange {}", index + 1), reason))
        });
        Ok(Self {
            name: name.to_owned(),
            exchanges: exchanges.collect::<Result<_, _>>()?,
        })
    }

    /// How many exchanges the file has.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether the file has no exchange.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// Sends the exchanges in order to `target`, whose tenant must be empty at first, and judges each answer.
    ///
    /// An exchange that uses a value never captured is reported as failed.
    pub async fn replay(&self, target: &dyn Target, client: &Client) -> FileReport {
        let mut variables = client.variables();
        let mut outcomes = Vec::with_capacity(self.exchanges.len());
        for exchange in &self.exchanges {
            outcomes.push(exchange.replay(target, client, &mut variables).await);
        }
        FileReport {
            file: self.name.clone(),
            outcomes,
        }
    }
}

/// Who replays: where the service is and how it is authenticated.
#[derive(Clone, Debug)]
pub struct Client {
    base_url: String,
    token: String,
    basic: Option<String>,
    variables: BTreeMap<String, Value>,
}

impl Client {
    /// A client of the service at `base_url` (`https://host/scim/v2`) that sends `token` as its bearer token.
    pub fn new(base_url: &str, token: &str) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        Self {
            base_url,
            token: token.to_owned(),
            basic: None,
            variables: BTreeMap::new(),
        }
    }

    /// Sets the credentials that `{{basic}}` stands for.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.basic = Some(STANDARD.encode(format!("{user}:{password}")));
        self
    }

    /// Sets the value of a placeholder.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), Value::from(value));
        self
    }

    fn variables(&self) -> BTreeMap<String, Value> {
        let mut variables = BTreeMap::from([
            ("token".to_owned(), Value::from(self.token.as_str())),
            ("base".to_owned(), Value::from(self.base_url.as_str())),
        ]);
        if let Some(basic) = &self.basic {
            variables.insert("basic".to_owned(), Value::from(basic.as_str()));
        }
        variables.extend(self.variables.clone());
        variables
    }
}

#[derive(Clone, Debug)]
struct Exchange {
    id: String,
    method: String,
    path: String,
    headers: Value,
    body: Body,
    no_auth: bool,
    expect: Value,
    capture: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Json(Value),
    Raw(String),
}

impl Exchange {
    fn parse(value: &Value) -> Result<Self, String> {
        let text = |object: &Value, key: &str| {
            object
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| format!("no text {key}"))
        };
        let object = |value: Option<&Value>, key: &str| match value.filter(|value| !value.is_null()) {
            None => Ok(Value::Object(Map::new())),
            Some(object @ Value::Object(_)) => Ok(object.clone()),
            Some(_) => Err(format!("{key} is no object")),
        };
        let request = object(value.get("request"), "request")?;
        let body = match (request.get("raw_body"), request.get("body")) {
            (Some(Value::String(raw)), _) => Body::Raw(raw.clone()),
            (None | Some(Value::Null), None | Some(Value::Null)) => Body::None,
            (None | Some(Value::Null), Some(json)) => Body::Json(json.clone()),
            (Some(_), _) => return Err("raw_body is no text".to_owned()),
        };
        let capture = object(value.get("capture"), "capture")?;
        let capture = capture
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, pointer)| match pointer {
                Value::String(pointer) => Ok((name.clone(), pointer.clone())),
                _ => Err(format!("capture {name} is no text")),
            });
        Ok(Self {
            id: text(value, "id")?,
            method: text(&request, "method")?,
            path: text(&request, "path")?,
            headers: object(request.get("headers"), "headers")?,
            body,
            no_auth: value.get("no_auth").is_some_and(|flag| flag != &Value::Bool(false)),
            expect: object(value.get("expect"), "expect")?,
            capture: capture.collect::<Result<_, _>>()?,
        })
    }

    async fn replay(&self, target: &dyn Target, client: &Client, variables: &mut BTreeMap<String, Value>) -> Outcome {
        let mut outcome = Outcome {
            id: self.id.clone(),
            verdict: Verdict::Passed,
            problems: Vec::new(),
            notes: Vec::new(),
            expected: shorten(&self.expect.to_string(), 2000),
            got: String::new(),
        };
        match self.prepare(client, variables) {
            Err(reason) => outcome.problems.push(reason),
            Ok((outgoing, expect)) => {
                outcome.expected = shorten(&expect.to_string(), 2000);
                outcome.got = format!("{} -> ", outgoing.summary(300));
                match send(target, &outgoing, client).await {
                    Err(reason) => outcome.problems.push(reason),
                    Ok(reply) => {
                        outcome
                            .got
                            .push_str(&format!("{} {}", reply.status, shorten(&reply.text, 2000)));
                        outcome.problems = reply.judge(&expect);
                        outcome.problems.extend(self.capture(&reply, variables));
                    }
                }
            }
        }
        if !outcome.problems.is_empty() {
            outcome.verdict = Verdict::Failed;
        }
        outcome
    }

    fn prepare(&self, client: &Client, variables: &BTreeMap<String, Value>) -> Result<(Outgoing, Value), String> {
        let plain = |name: &str| match variables.get(name) {
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Ok(Some(other.to_string())),
            None => Err(format!("{{{{{name}}}}} was never captured")),
        };
        let encoded = |name: &str| Ok::<_, String>(plain(name)?.map(|text| percent_encode(&text)));
        let (_, prefix) = split_base(&client.base_url);
        let headers = fill_json(&self.headers, &plain)?;
        let mut headers: Vec<(String, String)> = headers
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                (
                    name.clone(),
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned),
                )
            })
            .collect();
        let authorized = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if !authorized && !client.token.is_empty() && !self.no_auth {
            headers.push(("Authorization".to_owned(), format!("Bearer {}", client.token)));
        }
        let outgoing = Outgoing {
            method: self.method.clone(),
            target: prefix + &fill(&self.path, &encoded)?,
            headers,
            body: match &self.body {
                Body::None => None,
                Body::Json(json) => Some(Bytes::from(fill_json(json, &plain)?.to_string())),
                Body::Raw(raw) => Some(Bytes::from(fill(raw, &plain)?)),
            },
        };
        Ok((outgoing, fill_json(&self.expect, &plain)?))
    }

    /// Captures from a success; a value that is not there is a problem unless the answer has no body.
    fn capture(&self, reply: &Reply, variables: &mut BTreeMap<String, Value>) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, from) in self.capture.iter().filter(|_| reply.status < 300) {
            match reply
                .json
                .as_ref()
                .and_then(|json| pointer(json, from))
                .filter(|value| !value.is_null())
            {
                Some(value) => {
                    variables.insert(name.clone(), value.clone());
                }
                None if reply.has_body() => problems.push(format!("cannot capture {name} from {from}")),
                None => {}
            }
        }
        problems
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    headers: Vec<(String, Value)>,
    text: String,
    json: Option<Value>,
}

async fn send(target: &dyn Target, outgoing: &Outgoing, client: &Client) -> Result<Reply, String> {
    let (host, _) = split_base(&client.base_url);
    let response = send_caught(target, outgoing.to_http(&host)?).await?;
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()),
        )
    });
    let headers = headers.collect();
    Ok(Reply {
        status: response.status().as_u16(),
        headers,
        json: serde_json::from_str(&text).ok(),
        text,
    })
}

impl Reply {
    fn has_body(&self) -> bool {
        !self.text.trim().is_empty()
    }

    fn judge(&self, expect: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        let members = |key: &str| {
            expect
                .get(key)
                .and_then(Value::as_object)
                .filter(|members| !members.is_empty())
        };
        let statuses = expect
            .get("status")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        if !statuses.is_empty() && !statuses.contains(&Value::from(self.status)) {
            let listed: Vec<String> = statuses.iter().map(Value::to_string).collect();
            problems.push(format!("status {}, expected {}", self.status, listed.join("/")));
        }
        let body = members("body");
        if body.is_some() && self.has_body() && self.json.is_none() {
            problems.push(format!("response is not JSON: {}", shorten(&self.text, 80)));
        }
        let failed = self.status >= 400;
        // An error that the exchange tolerates next to a success says nothing about the body of the success.
        let tolerated = failed && statuses.iter().filter_map(Value::as_u64).any(|status| status < 400);
        if let (Some(body), false) = (body, tolerated || (failed && !problems.is_empty())) {
            if let Some(json) = &self.json {
                problems.extend(body.iter().filter_map(|(at, want)| {
                    check(want, pointer(json, at))
                        .err()
                        .map(|reason| format!("{at}: {reason}"))
                }));
            } else if !self.has_body() && self.status != 204 && problems.is_empty() {
                problems.push("empty response body".to_owned());
            }
        }
        for (name, want) in members("headers").into_iter().flatten().filter(|_| self.has_body()) {
            // Of a repeated header the last counts.
            let got = self
                .headers
                .iter()
                .rev()
                .find(|(found, _)| found.eq_ignore_ascii_case(name));
            if let Err(reason) = check(want, got.map(|(_, value)| value)) {
                problems.push(format!("header {name}: {reason}"));
            }
        }
        problems
    }
}
