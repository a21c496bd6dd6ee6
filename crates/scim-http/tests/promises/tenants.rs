//! C16: what a tenant is answered does not depend on what other tenants have or do.

use std::sync::{Arc, Mutex, atomic::Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::{Request, request::Parts};
use scim_http::{
    AuthError, Authenticator, ScimService,
    core::{
        Dialect, Draft, Edit, ResourceId, TenantId,
        query::{Query, QueryPage},
        resource::Found,
    },
    store::{
        Capabilities, IdSource, Principal, Read, Removal, Result, ScimStore, Scope, StoreError, Updated, Write, Written,
    },
};
use serde_json::Value;

use crate::{
    generate::{Step, step},
    random::Random,
    support::{BASE, HandClock, TestStore, block_on, store::rounds},
};

/// The token is the name of the tenant within a sequence of requests; each sequence has tenants of its own.
#[derive(Debug, Clone, Default)]
struct ByToken(Arc<Mutex<usize>>);

fn tenant(sequence: usize, name: &str) -> TenantId {
    TenantId::new(format!("{sequence}-{name}"))
}

#[async_trait]
impl Authenticator for ByToken {
    async fn authenticate(&self, head: &Parts, _: DateTime<Utc>) -> std::result::Result<Principal, AuthError> {
        let value = head.headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = value
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(AuthError::Unauthorized)?;
        Ok(Principal::new(tenant(*self.0.lock().unwrap(), token), "token"))
    }
}

/// Identifiers that depend on the step of the script alone.
#[derive(Debug, Clone, Default)]
struct StepIds(Arc<Mutex<(String, usize)>>);

impl StepIds {
    fn set(&self, step: String) {
        *self.0.lock().unwrap() = (step, 0);
    }
}

impl IdSource for StepIds {
    fn next(&self) -> ResourceId {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        ResourceId::new(format!("{}-{}", state.0, state.1))
    }
}

/// If leaky, a read that finds nothing looks at another tenant.
#[derive(Debug)]
struct Leaky {
    inner: TestStore,
    leaky: bool,
}

#[async_trait]
impl ScimStore for Leaky {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.inner.create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.inner.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        let found = self.inner.get(scope, read).await;
        if self.leaky && matches!(found, Err(StoreError::NotFound)) {
            let mut other = scope.clone();
            let (sequence, _) = scope.tenant().as_str().split_once('-').unwrap();
            other.principal.tenant = tenant(sequence.parse().unwrap(), "B");
            return self.inner.get(&other, read).await;
        }
        found
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.inner.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.inner.update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.inner.batch(scope, writes).await
    }
}

struct World {
    service: ScimService,
    clock: HandClock,
    ids: StepIds,
    tokens: ByToken,
}

impl World {
    fn new(dialect: Dialect, leaky: bool) -> Self {
        let (clock, ids) = (HandClock::new(), StepIds::default());
        let tokens = ByToken::default();
        let store = Leaky {
            inner: TestStore::new(),
            leaky,
        };
        let builder = ScimService::builder(BASE, store, tokens.clone())
            .dialect(dialect)
            .clock(clock.clone())
            .ids(ids.clone());
        Self {
            service: builder.build().unwrap(),
            clock,
            ids,
            tokens,
        }
    }

    /// Goes on with tenants that have nothing.
    fn begin(&self, sequence: usize) {
        *self.tokens.0.lock().unwrap() = sequence;
    }

    /// Sends a request and gives back every byte of the answer, but for the seal of cursors, which is random.
    fn send(&self, step: &Step) -> String {
        self.ids.set(format!("{}{}", step.tenant, step.number));
        self.clock.0.store(
            1_767_225_600_000 + i64::try_from(step.number).unwrap(),
            Ordering::SeqCst,
        );
        let request = Request::builder()
            .method(step.method)
            .uri(format!("/scim/v2{}", step.path))
            .header("authorization", format!("Bearer {}", step.tenant))
            .header("content-type", "application/scim+json")
            .body(step.body.as_ref().map(Value::to_string).unwrap_or_default())
            .unwrap();
        let response = block_on(self.service.handle(request));
        let (head, body) = response.into_parts();
        let text = String::from_utf8(block_on(body.into_bytes()).unwrap().to_vec()).unwrap();
        let text = match text.split_once("\"nextCursor\":\"") {
            Some((start, rest)) => format!("{start}<cursor>{}", rest.split_once('"').unwrap().1),
            None => text,
        };
        format!("{} {:?} {text}", head.status, head.headers)
    }
}

/// Runs scripts of three tenants, and then the part of A alone; the first difference is the answer.
fn run(dialect: Dialect, leaky: bool, seed: u64, sequences: usize) -> std::result::Result<usize, String> {
    let (together, alone) = (World::new(dialect.clone(), leaky), World::new(dialect, leaky));
    let mut random = Random::new(seed);
    let mut found = 0;
    for sequence in 0..sequences {
        together.begin(sequence);
        alone.begin(sequence);
        let script: Vec<Step> = (0..7)
            .map(|number| {
                let tenant = *random.pick(&["A", "A", "B", "C"]);
                step(&mut random, tenant, number)
            })
            .collect();
        let answers: Vec<String> = script.iter().map(|step| together.send(step)).collect();
        for (step, answer) in script.iter().zip(answers).filter(|(step, _)| step.tenant == "A") {
            let expected = alone.send(step);
            if answer != expected {
                return Err(format!(
                    "seed {seed}, sequence {sequence}, {step:?}:\n{answer}\n{expected}"
                ));
            }
            found += usize::from(answer.starts_with("200"));
        }
    }
    Ok(found)
}

#[test]
fn c16_answers_do_not_depend_on_other_tenants_by_rfc() {
    let found = run(Dialect::rfc(), false, 1, rounds(5000)).unwrap();
    assert!(found > rounds(1000), "{found} of the answers had content");
}

#[test]
fn c16_answers_do_not_depend_on_other_tenants_by_default() {
    let found = run(Dialect::default(), false, 2, rounds(5000)).unwrap();
    assert!(found > rounds(1000), "{found} of the answers had content");
}

#[test]
fn c16_a_store_that_forgets_the_tenant_once_is_caught() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        run(dialect, true, 1, 5000).unwrap_err();
    }
}
