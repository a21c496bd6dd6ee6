//! A scripted service with just enough of SCIM to pass the lines of the runner's own tests, and faults to fail them.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use scim_conformance::Target;
use scim_conformance::badinput::{Fixture, Instance, World};
use serde_json::{Value, json};

/// What is wrong with the service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    Accept,
    BulkAdds,
    BulkLeaves,
    ChangeState,
    DieAfterwards,
    Echo,
    Fickle,
    ForgetUpdate,
    HintTenant,
    LeakTenant,
    LeakToken,
    LogToken,
    LoseUser,
    NoScimType,
    Panic,
    PlainError,
    Refuse,
    SearchDiffers,
    ServerError,
    StoreExtra,
    StoreToken,
    WrongScimType,
}

pub(crate) struct Scripted {
    faults: Vec<Fault>,
    made: AtomicU32,
}

impl Scripted {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        Self {
            faults: faults.to_vec(),
            made: AtomicU32::new(0),
        }
    }
}

#[async_trait]
impl World for Scripted {
    async fn fresh(&self, fixture: &Fixture) -> Result<Box<dyn Instance>, Box<dyn Error + Send + Sync>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut variables = BTreeMap::new();
        for tenant in &fixture.tenants {
            let keys = tenant
                .users
                .iter()
                .map(|user| &user.key)
                .chain(tenant.groups.iter().map(|group| &group.key));
            variables.extend(keys.map(|key| (key.clone(), format!("id-{number:08}-{key}"))));
            variables.extend(
                tenant
                    .tokens
                    .iter()
                    .map(|token| (token.clone(), format!("secret-{token}"))),
            );
        }
        let state = State {
            title: "Tour Guide".to_owned(),
            extra: None,
            version: 1,
            created: 0,
            log: Vec::new(),
        };
        Ok(Box::new(Service {
            faults: self.faults.clone(),
            number,
            variables,
            state: Mutex::new(state),
        }))
    }
}

struct Service {
    faults: Vec<Fault>,
    number: u32,
    variables: BTreeMap<String, String>,
    state: Mutex<State>,
}

struct State {
    title: String,
    extra: Option<&'static str>,
    version: u32,
    created: u32,
    log: Vec<&'static str>,
}

#[async_trait]
impl Instance for Service {
    fn target(&self) -> &dyn Target {
        self
    }

    fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    async fn dump(&self) -> String {
        let state = self.state.lock().unwrap();
        format!(
            "bjensen {} {} {}",
            state.title,
            state.version,
            state.extra.unwrap_or_default()
        )
    }

    async fn written(&self) -> String {
        self.state.lock().unwrap().log.join("\n")
    }
}

#[async_trait]
impl Target for Service {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path().to_owned();
        let bjensen = format!("/scim/v2/Users/{}", self.variables["bjensen"]);
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match (request.method().as_str(), path.as_str()) {
            ("GET", "/scim/v2/ServiceProviderConfig") => {
                let died = self.has(Fault::DieAfterwards);
                answer(if died { 503 } else { 200 }, json!({}), "application/scim+json")
            }
            ("GET", "/scim/v2/Users") if request.uri().query() == Some("count=0") => {
                let lost = self.has(Fault::LoseUser) && self.state.lock().unwrap().version > 1;
                let users = if lost {
                    1
                } else {
                    2 + self.state.lock().unwrap().created
                };
                answer(200, json!({"totalResults": users}), "application/scim+json")
            }
            ("GET", "/scim/v2/Groups") => answer(200, json!({"totalResults": 0}), "application/scim+json"),
            ("POST", "/scim/v2/Bulk") => self.bulk(),
            ("GET", "/scim/v2/Users") => {
                let query = request.uri().query().unwrap_or_default();
                self.filter(query.strip_prefix("filter=").unwrap_or_default(), false)
            }
            ("POST", "/scim/v2/Users/.search") => self.filter(body["filter"].as_str().unwrap_or_default(), true),
            ("GET", path) if path == bjensen => self.user(),
            ("PATCH", path) if path == bjensen => self.update(&request, &body),
            (_, path) => {
                let hint = path.contains("b_bjensen") && self.has(Fault::HintTenant);
                self.refuse(404, if hint { "not yours" } else { "not found" })
            }
        }
    }
}

impl Service {
    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn filter(&self, filter: &str, search: bool) -> Response<Bytes> {
        assert!(!self.has(Fault::Panic), "scripted");
        let accept = filter == "all" && !self.has(Fault::Refuse) || self.has(Fault::Accept);
        if !accept {
            return self.refuse(
                400,
                &format!("not understood{}", if self.has(Fault::Echo) { filter } else { "" }),
            );
        }
        let mut users = vec![json!({"id": self.variables["bjensen"], "userName": "bjensen"})];
        if !(self.has(Fault::LoseUser) || search && self.has(Fault::SearchDiffers)) {
            users.push(json!({"id": self.variables["jsmith"], "userName": "jsmith"}));
        }
        let mut list = json!({"totalResults": users.len(), "Resources": users});
        if self.has(Fault::LeakToken) {
            list["detail"] = json!("secret-tokA");
        }
        answer(200, list, "application/scim+json")
    }

    fn user(&self) -> Response<Bytes> {
        let state = self.state.lock().unwrap();
        let mut user = json!({"id": self.variables["bjensen"], "userName": "bjensen", "title": state.title});
        if let Some(extra) = state.extra {
            user[extra] = json!(true);
        }
        let mut response = answer(200, user, "application/scim+json");
        response
            .headers_mut()
            .insert(header::ETAG, format!("W/\"{}\"", state.version).parse().unwrap());
        response
    }

    fn update(&self, request: &Request<Bytes>, body: &Value) -> Response<Bytes> {
        let etag = format!("W/\"{}\"", self.state.lock().unwrap().version);
        if request
            .headers()
            .get(header::IF_MATCH)
            .is_some_and(|wanted| wanted != etag.as_str())
        {
            return self.refuse(412, "changed meanwhile");
        }
        if body["title"] == "" {
            return self.refuse(400, "empty title");
        }
        let mut state = self.state.lock().unwrap();
        state.version += 1;
        if let Some(title) = body["title"].as_str().filter(|_| !self.has(Fault::ForgetUpdate)) {
            state.title = title.to_owned();
        }
        if self.has(Fault::StoreExtra) {
            state.extra = Some("isAdmin");
        }
        drop(state);
        answer(200, json!({"id": self.variables["bjensen"]}), "application/scim+json")
    }

    /// Creates one user and refuses all else, whatever the operations.
    fn bulk(&self) -> Response<Bytes> {
        let mut state = self.state.lock().unwrap();
        state.created += if self.has(Fault::BulkAdds) { 2 } else { 1 };
        if self.has(Fault::BulkLeaves) {
            state.title.push('!');
        }
        let location = format!("https://scim.example.test/scim/v2/Users/new-{:08}", self.number);
        let operations = json!([
            {"method": "POST", "bulkId": "a", "location": location, "status": "201"},
            {"method": "PATCH", "status": "404"},
        ]);
        answer(200, json!({"Operations": operations}), "application/scim+json")
    }

    fn refuse(&self, status: u16, detail: &str) -> Response<Bytes> {
        let mut state = self.state.lock().unwrap();
        let mut status = status;
        let mut detail = detail.to_owned();
        let mut scim_type = Some("invalidFilter");
        let mut media_type = "application/scim+json";
        for fault in &self.faults {
            match fault {
                Fault::ChangeState => state.title.push('!'),
                Fault::Fickle => detail = format!("request {}", self.number),
                Fault::LeakTenant => detail.push_str("b-only-user"),
                Fault::LeakToken => detail.push_str("secret-tokA_revoked"),
                Fault::LogToken => state.log.push("secret-tokA"),
                Fault::NoScimType => scim_type = None,
                Fault::PlainError => media_type = "text/plain",
                Fault::ServerError => status = 500,
                Fault::StoreToken => state.extra = Some("secret-tokB"),
                Fault::WrongScimType => scim_type = Some("invalidPath"),
                _ => {}
            }
        }
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(),
            "detail": detail,
        });
        if let Some(scim_type) = scim_type.filter(|_| status == 400) {
            body["scimType"] = json!(scim_type);
        }
        answer(status, body, media_type)
    }
}

fn answer(status: u16, body: Value, media_type: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type.parse().unwrap());
    response
}
