//! A small SCIM client, as identity providers have one.

use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::{
    Agent,
    http::{Method, Request, Response},
};

use crate::encode::encode;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one organisation.
pub(super) struct Client {
    agent: Agent,
    tenant_url: String,
    token: String,
}

/// An answer, and how long it took.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) took: Duration,
}

impl Client {
    pub(super) fn new(tenant_url: &str, token: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE));
        Self {
            agent: config.build().new_agent(),
            tenant_url: tenant_url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        }
    }

    /// Sends a request; `Value::Null` is no body.
    pub(super) fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer, ureq::Error> {
        let started = Instant::now();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.tenant_url))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept", "application/scim+json")
            .header("user-agent", "password-manager demo");
        let mut response: Response<ureq::Body> = match body {
            Value::Null => self.agent.run(request.body(())?)?,
            body => {
                let request = request.header("content-type", "application/scim+json; charset=utf-8");
                self.agent.run(request.body(body.to_string())?)?
            }
        };
        let text = response.body_mut().read_to_string()?;
        Ok(Answer {
            status: response.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            took: started.elapsed(),
        })
    }

    /// The identifier of the one resource that a filter finds.
    pub(super) fn find(&self, kind: &str, filter: &str) -> Result<Option<String>, ureq::Error> {
        let answer = self.send(Method::GET, &format!("/{kind}?filter={}", encode(filter)), &Value::Null)?;
        Ok(answer.id_of("/Resources/0/id"))
    }

    /// How many resources a filter finds; an empty one finds all.
    pub(super) fn count(&self, kind: &str, filter: &str) -> Result<u64, ureq::Error> {
        let filter = if filter.is_empty() {
            String::new()
        } else {
            format!("&filter={}", encode(filter))
        };
        let answer = self.send(Method::GET, &format!("/{kind}?count=0{filter}"), &Value::Null)?;
        Ok(answer
            .body
            .pointer("/totalResults")
            .and_then(Value::as_u64)
            .unwrap_or(0))
    }
}

impl Answer {
    pub(super) fn id_of(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer)?.as_str().map(str::to_owned)
    }
}
