//! V12: secrets go in and never come out: not in answers, logs, debug output or the database.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use http::Request;
use scim_core::{ResourceId, resource::Password};
use scim_http::{Cause, Credentials, Mint, PasswordSink, ScimService, TokenAuth, TokenForms};
use scim_store::{Expiry, Result, Scope};
use serde_json::{Value, json};
use tracing_subscriber::{fmt::MakeWriter, util::SubscriberInitExt as _};

use crate::support::{Base, Store};

const PASSWORD: &str = "canary-of-a-password";
const WRONG_TOKEN: &str = "canary-of-a-token";
const NAME: &str = "canary-to-be-seen";

/// All that was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A host that takes passwords, and counts them.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<usize>>);

#[async_trait]
impl PasswordSink for Sink {
    async fn set(&self, _: &Scope, _: &ResourceId, password: &Password) -> Result<()> {
        assert_eq!(password.expose(), PASSWORD);
        *self.0.lock().unwrap() += 1;
        Ok(())
    }
}

/// Sends requests and writes down all that comes back.
struct Exchange {
    service: ScimService,
    seen: String,
}

impl Exchange {
    async fn send(&mut self, method: &str, path: &str, authorization: &str, body: String) -> Value {
        let request = Request::builder().method(method).uri(format!("/scim/v2{path}"));
        let request = request
            .header("authorization", authorization)
            .header("content-type", "application/scim+json");
        let answer = self.service.handle(request.body(body).unwrap()).await;
        let cause = answer.extensions().get::<Cause>();
        self.seen += &format!("{:?}{:?}{cause:?}{answer:?}", answer.status(), answer.headers());
        let bytes = answer.into_body().into_bytes().await.unwrap_or_default();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        self.seen += &text;
        serde_json::from_str(&text).unwrap_or_default()
    }
}

fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "password": PASSWORD,
    })
}

async fn run(base: &Base, store: &Store) -> (Vec<String>, Vec<u8>, String) {
    let credentials = Credentials::new("acme", store.credentials()).unwrap();
    let mut minted = Vec::new();
    for name in ["used", "revoked"] {
        minted.push(
            credentials
                .mint(&"org1".into(), Mint::new(name, Expiry::Never))
                .await
                .unwrap(),
        );
    }
    credentials
        .revoke(&"org1".into(), &minted[1].credential.id)
        .await
        .unwrap();
    let forms = TokenForms::bearer().with_bare().with_basic();
    let auth = TokenAuth::new().credentials(credentials.clone()).forms(forms);
    let sink = Sink::default();
    let scim = match store {
        Store::Postgres(store) => ScimService::builder("https://scim.example.test/scim/v2", store.clone(), auth),
        Store::Sqlite(store) => ScimService::builder("https://scim.example.test/scim/v2", store.clone(), auth),
    };
    let service = scim.password_sink(sink.clone()).build().unwrap();
    let seen = format!("{service:?}{store:?}{credentials:?}{minted:?}");
    let mut exchange = Exchange { service, seen };
    let token = minted[0].token.expose().to_owned();
    let bearer = format!("Bearer {token}");

    let made = exchange.send("POST", "/Users", &bearer, user(NAME).to_string()).await;
    let place = format!("/Users/{}", made["id"].as_str().unwrap());
    exchange.send("PUT", &place, &bearer, user(NAME).to_string()).await;
    let patch = |operation: Value| {
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] }).to_string()
    };
    let replace = patch(json!({ "op": "replace", "path": "password", "value": PASSWORD }));
    exchange.send("PATCH", &place, &bearer, replace).await;
    let whole = patch(json!({ "op": "add", "value": { "password": PASSWORD } }));
    exchange.send("PATCH", &place, &bearer, whole).await;
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("by bulk") },
            { "method": "POST", "path": "/Users", "bulkId": "c", "data": user("by bulk") },
        ],
    });
    exchange.send("POST", "/Bulk", &bearer, bulk.to_string()).await;
    assert_eq!(*sink.0.lock().unwrap(), 5);

    // What fails, in every way, with a password in it.
    let (mut wrong, mut nested) = (user("wrong"), user("nested"));
    wrong["active"] = json!(PASSWORD);
    nested["password"] = json!({ "value": PASSWORD });
    let bad_path = patch(json!({ "op": "replace", "path": format!("password[value eq \"{PASSWORD}\"]"), "value": 1 }));
    let bodies = [
        user(NAME).to_string(),
        wrong.to_string(),
        nested.to_string(),
        format!("{{\"password\": \"{PASSWORD}\" !"),
    ];
    for body in bodies {
        exchange.send("POST", "/Users", &bearer, body.clone()).await;
        exchange.send("PUT", &place, &bearer, body.clone()).await;
        exchange.send("POST", "/Users/.search", &bearer, body).await;
    }
    exchange.send("PATCH", &place, &bearer, bad_path).await;
    for filter in [
        format!("password%20eq%20%22{PASSWORD}%22"),
        format!("{PASSWORD}%20eq%201"),
        format!("(userName%20eq%20%22{PASSWORD}"),
    ] {
        exchange
            .send("GET", &format!("/Users?filter={filter}"), &bearer, String::new())
            .await;
    }
    exchange
        .send(
            "GET",
            &format!("/Users?sortBy={PASSWORD}&attributes=password,{PASSWORD}"),
            &bearer,
            String::new(),
        )
        .await;
    exchange
        .send("GET", &format!("/{PASSWORD}"), &bearer, String::new())
        .await;

    // Tokens in every place and form.
    let revoked = format!("Bearer {}", minted[1].token.expose());
    let forms = [
        token.clone(),
        revoked,
        format!("Bearer {WRONG_TOKEN}"),
        format!("Bearer {token}x"),
        format!("Digest {token}"),
    ];
    for authorization in forms {
        for (method, path) in [
            ("GET", "/Users"),
            ("POST", "/Users"),
            ("GET", "/ServiceProviderConfig"),
            ("GET", "/nothing"),
        ] {
            exchange.send(method, path, &authorization, String::new()).await;
        }
    }
    let in_url = format!("/Users?access_token={token}&filter={token}");
    exchange.send("GET", &in_url, "", String::new()).await;
    exchange.send("GET", &in_url, &bearer, String::new()).await;
    // Behind the identifier: the random part and the checksum.
    let random = |token: &str| token.split_at(token.len() - 49).1.to_owned();
    let secrets = minted.iter().map(|minted| random(minted.token.expose()));
    let secrets = secrets.chain([PASSWORD.to_owned(), WRONG_TOKEN.to_owned()]).collect();
    (secrets, base.bytes(store).await, exchange.seen)
}

fn holds(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn v12_secrets_are_in_no_answer_no_log_and_no_database() {
    for base in Base::all() {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
        let logging = subscriber.with_writer(log.clone()).finish().set_default();
        let store = base.open().await;
        let (secrets, database, seen) = run(&base, &store).await;
        drop(logging);
        let log = log.0.lock().unwrap().clone();
        // What is looked through would show what is in it.
        assert!(holds(&database, NAME) && holds(seen.as_bytes(), NAME));
        assert!(
            matches!(base, Base::Sqlite(_)) || holds(&log, "scim_resource"),
            "nothing was logged"
        );
        for secret in &secrets {
            assert!(secret.len() > 12);
            for (place, text) in [
                ("the log", log.as_slice()),
                ("an answer", seen.as_bytes()),
                ("the database", database.as_slice()),
            ] {
                assert!(!holds(text, secret), "a secret is in {place}");
                assert!(
                    !holds(text, secret.split_at(12).0) || secret.starts_with("canary-of-a"),
                    "part of one is in {place}"
                );
            }
        }
    }
}
