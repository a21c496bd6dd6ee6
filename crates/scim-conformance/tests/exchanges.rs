//! Replays the recorded exchanges of identity providers: `cargo test -p scim-conformance --test exchanges`.
//!
//! `SCIM_EXCHANGES_DIR` names another directory of exchange files, and `SCIM_TEST_STORE` another store.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a surprise ends a test"
)]

use std::env;
use std::path::PathBuf;
use std::sync::Mutex;

use bytes::Bytes;
use http::{Request, Response, header};
use scim_conformance::stores::{Rerun, StoreKind, block_on};
use scim_conformance::{
    Client, ExchangeFile, FileReport, InProcess, Report, StoreFactory, StoreOptions, Target, Verdict, bundled_exchanges,
};
use scim_http::core::Dialect;
use scim_http::store::Principal;
use scim_http::{BearerTokens, Expiry, ScimService};
use serde_json::{Value, json};

/// A service with one empty tenant, with Okta's header authentication and Basic switched on.
fn service(dialect: Dialect) -> InProcess {
    let tokens = BearerTokens::new().allow_raw(true);
    let tokens = tokens
        .with_basic(USER, PASSWORD, Principal::new("tenant", "basic"))
        .unwrap();
    tokens
        .add(TOKEN, Principal::new("tenant", "token"), Expiry::Never)
        .unwrap();
    let store = block_on(StoreKind::from_env().unwrap().open(StoreOptions::default())).unwrap();
    let service = ScimService::builder(BASE_URL, store, tokens).dialect(dialect);
    InProcess::new(service.build().unwrap())
}

const BASE_URL: &str = "https://scim.example.test/scim/v2";
const TOKEN: &str = "exchange-token";
const USER: &str = "exchange-user";
const PASSWORD: &str = "exchange-password";

#[test]
fn identity_providers_are_served() {
    replay_all(|_| Dialect::default());
}

/// A preset has all that its provider needs.
#[test]
fn each_provider_is_served_in_its_own_dialect() {
    replay_all(|file| {
        let provider = file.split(['-', '.']).next().unwrap_or_default();
        Dialect::named(provider).unwrap_or_default()
    });
}

fn replay_all(dialect: impl Fn(&str) -> Dialect) {
    let files = ExchangeFile::load_directory(&directory()).unwrap();
    assert!(files.iter().all(|file| !file.is_empty()), "every file has exchanges");
    let client = Client::new(BASE_URL, TOKEN).basic(USER, PASSWORD);
    let mut report = Report::default();
    for file in &files {
        let target = service(dialect(&file.name));
        report.files.push(block_on(file.replay(&target, &client)));
    }
    print!("{report}");
    assert!(report.is_clean(), "{report}");
}

fn directory() -> PathBuf {
    env::var_os("SCIM_EXCHANGES_DIR").map_or_else(bundled_exchanges, PathBuf::from)
}

/// A target that answers from a script and remembers what it was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<Vec<(u16, String)>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    fn new(answers: &[(u16, &str)]) -> Self {
        let answers = answers
            .iter()
            .rev()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect();
        Self {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
        }
    }

    fn asked(&self, index: usize) -> Request<Bytes> {
        self.asked.lock().unwrap()[index].clone()
    }
}

#[async_trait::async_trait]
impl Target for Script {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.asked.lock().unwrap().push(request);
        let (status, body) = self.answers.lock().unwrap().pop().expect("one more answer");
        let response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/scim+json");
        response.body(Bytes::from(body)).unwrap()
    }
}

fn replay(exchanges: Value, script: &Script) -> FileReport {
    let file = ExchangeFile::parse("test.json", &exchanges.to_string()).unwrap();
    block_on(file.replay(
        script,
        &Client::new(BASE_URL, "t-1").basic("u", "p").variable("given", "v"),
    ))
}

fn problems(expect: Value, status: u16, body: &str) -> Vec<String> {
    let exchange = json!([{"id": "x", "request": {"method": "GET", "path": "/Users"}, "expect": expect}]);
    replay(exchange, &Script::new(&[(status, body)]))
        .outcomes
        .remove(0)
        .problems
}

#[test]
fn requests_are_sent_as_recorded() {
    let script = Script::new(&[(201, r#"{"id":"a/b"}"#), (204, ""), (200, "{}"), (200, "{}")]);
    let report = replay(
        json!([
            {"id": "1", "request": {"method": "POST", "path": "/Users", "headers": {"Authorization": "Basic {{basic}}"},
             "body": {"userName": "{{given}}"}}, "expect": {"status": [201]}, "capture": {"user.id": "/id"}},
            {"id": "2", "request": {"method": "DELETE", "path": "/Users/{{user.id}}?x=%20"}, "expect": {"status": [204]}},
            {"id": "3", "request": {"method": "POST", "path": "/Users", "raw_body": "{\"id\": {{user.id}}"}},
            {"id": "4", "no_auth": true, "request": {"method": "GET", "path": "/Users"}},
        ]),
        &script,
    );
    assert_eq!((report.passed(), report.failed()), (4, 0), "{report}");
    let first = script.asked(0);
    assert_eq!(first.uri(), "/scim/v2/Users");
    assert_eq!(first.headers()[header::AUTHORIZATION], "Basic dTpw");
    assert_eq!(first.body(), r#"{"userName":"v"}"#);
    let second = script.asked(1);
    assert_eq!(
        second.uri(),
        "/scim/v2/Users/a%2Fb?x=%20",
        "placeholders are encoded, the rest is not"
    );
    assert_eq!(second.headers()[header::AUTHORIZATION], "Bearer t-1");
    assert_eq!(script.asked(2).body(), "{\"id\": a/b");
    assert!(!script.asked(3).headers().contains_key(header::AUTHORIZATION));
}

#[test]
fn a_wrong_answer_is_reported() {
    assert!(problems(json!({"status": [200], "body": {"/a": 1}}), 200, r#"{"a":1}"#).is_empty());
    assert_eq!(
        problems(json!({"status": [200, 204]}), 404, "{}"),
        ["status 404, expected 200/204"]
    );
    assert_eq!(
        problems(json!({"status": [200], "body": {"/a": 1}}), 200, r#"{"a":2}"#),
        ["/a: expected 1, got 2"]
    );
    assert_eq!(
        problems(json!({"status": [200], "body": {"/a": 1}}), 200, " "),
        ["empty response body"]
    );
    assert_eq!(
        problems(json!({"status": [200], "body": {"/a": 1}}), 200, "<p>"),
        ["response is not JSON: <p>"]
    );
    let headers = json!({"status": [200], "headers": {"Content-Type": {"$prefix": "application/json"}}});
    assert_eq!(problems(headers, 200, "{}").len(), 1);
}

#[test]
fn bodies_are_judged_only_where_they_tell_something() {
    let expect = json!({"status": [200, 404], "body": {"/a": 1}});
    assert!(
        problems(expect.clone(), 404, r#"{"detail":"none"}"#).is_empty(),
        "a tolerated error"
    );
    assert!(problems(expect, 404, "").is_empty());
    assert!(problems(json!({"status": [204], "body": {"/a": 1}}), 204, "").is_empty());
    let errors_only = json!({"status": [404], "body": {"/status": "404"}});
    assert_eq!(problems(errors_only, 404, r#"{"status":404}"#).len(), 1);
    let wrong_status = json!({"status": [201], "body": {"/a": 1}});
    assert_eq!(
        problems(wrong_status, 500, "{}").len(),
        1,
        "the body of an unexpected error is not judged"
    );
}

#[test]
fn what_was_never_captured_fails_the_exchanges_that_use_it() {
    let script = Script::new(&[(200, "{}"), (200, r#"{"id":"1"}"#)]);
    let report = replay(
        json!([
            {"id": "1", "request": {"method": "GET", "path": "/a"}, "expect": {"status": [200]}, "capture": {"id": "/id"}},
            {"id": "2", "request": {"method": "GET", "path": "/{{id}}"}},
            {"id": "3", "request": {"method": "GET", "path": "/c"}, "expect": {"body": {"/id": "{{id}}"}}},
            {"id": "4", "request": {"method": "GET", "path": "/d"}, "expect": {"body": {"/id": "1"}}},
        ]),
        &script,
    );
    let verdicts: Vec<_> = report
        .outcomes
        .iter()
        .map(|outcome| outcome.verdict == Verdict::Passed)
        .collect();
    assert_eq!(verdicts, [false, false, false, true], "{report}");
    assert!(
        report
            .to_string()
            .starts_with("test.json: 1 passed, 3 failed\nFAIL 1: cannot capture id from /id\n")
    );
    assert!(report.outcomes[1].problems[0].contains("{{id}} was never captured"));
}

#[test]
fn a_panic_is_an_outcome() {
    let exchange = json!([{"id": "x", "request": {"method": "GET", "path": "/Users"}, "expect": {"status": [200]}}]);
    let report = replay(exchange, &Script::default());
    assert!(
        report.outcomes[0].problems[0].starts_with("panicked: one more answer"),
        "{report}"
    );
}

#[test]
fn a_malformed_file_is_refused() {
    for text in [
        "{}",
        r#"[{"id":"x"}]"#,
        r#"[{"id":"x","request":{"method":"GET","path":1}}]"#,
    ] {
        assert!(ExchangeFile::parse("test.json", text).is_err(), "{text}");
    }
    let error = ExchangeFile::parse("test.json", r#"[{"id":"x"}]"#).unwrap_err();
    assert_eq!(error.to_string(), "test.json, exchange 1: no text method");
}

#[test]
fn same_on_sqlite() {
    Rerun::on(StoreKind::Sqlite).run().unwrap();
}

#[test]
fn same_on_postgres() {
    Rerun::on(StoreKind::Postgres).run().unwrap();
}
