//! C16: what a tenant is answered does not depend on what other tenants have or do.

use std::sync::{Arc, Mutex, atomic::Ordering};

use async_trait::async_trait;
use scim_http::{
    core::{
        ResourceId, TenantId,
        filter::Predicate,
        query::{Query, QueryPage},
    },
    store::{IdSource, Result, ScimStore, Scope},
};

use crate::{
    base::Base,
    client::{Client, Reply, Sent},
    flaw::{Flaw, Flawed, Shared},
    generate::{Step, step},
    random::Random,
    scale,
    support::HandClock,
};

/// Identifiers that depend on the step of the script alone.
#[derive(Debug, Clone, Default)]
struct StepIds(Arc<Mutex<(String, usize)>>);

impl IdSource for StepIds {
    fn next(&self) -> ResourceId {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        ResourceId::new(format!("{}-{}", state.0, state.1))
    }
}

/// Broken: `tenant = .. AND this OR that`, without parentheses.
#[derive(Debug)]
struct WithoutParentheses(Shared);

#[async_trait]
impl Flaw for WithoutParentheses {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        let mut page = self.0.query(scope, query).await?;
        let sequence = scope
            .tenant()
            .as_str()
            .trim_start_matches(char::is_alphabetic)
            .to_owned();
        for target in &query.targets {
            let Some(Predicate::Any(parts)) = &target.predicate else {
                continue;
            };
            for part in parts.iter().skip(1) {
                let mut other = query.clone();
                other.targets = vec![target.clone()];
                other.targets[0].predicate = Some(part.clone());
                for tenant in ["A", "B", "C"].map(|name| TenantId::new(format!("{name}{sequence}"))) {
                    if tenant == *scope.tenant() {
                        continue;
                    }
                    let mut elsewhere = scope.clone();
                    elsewhere.principal.tenant = tenant;
                    let found = self.0.query(&elsewhere, &other).await?.items;
                    page.total = page.total.map(|total| total + found.len());
                    page.items.extend(found);
                }
            }
        }
        Ok(page)
    }
}

struct World {
    client: Client,
    clock: HandClock,
    ids: StepIds,
}

impl World {
    fn new(store: impl ScimStore) -> Self {
        let (clock, ids) = (HandClock::new(), StepIds::default());
        let client = Client::with(store, "", |builder| builder.clock(clock.clone()).ids(ids.clone()));
        Self { client, clock, ids }
    }

    /// Sends a request and gives back every byte of the answer, but for the seal of cursors, which is random.
    async fn send(&self, step: &Step, sequence: usize) -> String {
        *self.ids.0.lock().unwrap() = (format!("{}{}", step.tenant, step.number), 0);
        let time = 1_767_225_600_000 + i64::try_from(step.number).unwrap();
        self.clock.0.store(time, Ordering::SeqCst);
        let client = self.client.of(&format!("{}{sequence}", step.tenant));
        let Reply {
            status, headers, text, ..
        } = client
            .send(&Sent::new(step.method, step.path.clone(), step.body.clone()))
            .await;
        let text = match text.split_once("\"nextCursor\":\"") {
            Some((start, rest)) => format!("{start}<cursor>{}", rest.split_once('"').unwrap().1),
            None => text,
        };
        format!("{status} {headers:?} {text}")
    }
}

/// Runs scripts of three tenants, and then the part of A alone; the first difference is the answer.
async fn run(together: World, alone: World, seed: u64, sequences: usize) -> std::result::Result<usize, String> {
    let mut random = Random::new(seed);
    let mut found = 0;
    for sequence in 0..sequences {
        let script: Vec<Step> = (0..7)
            .map(|number| {
                let tenant = *random.pick(&["A", "A", "B", "C"]);
                step(&mut random, tenant, number)
            })
            .collect();
        let mut answers = Vec::new();
        for step in &script {
            answers.push(together.send(step, sequence).await);
        }
        for (step, answer) in script.iter().zip(answers).filter(|(step, _)| step.tenant == "A") {
            let expected = alone.send(step, sequence).await;
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

fn parts(base: &Base, other: &Base, seed: u64) {
    scale::run(async {
        let (together, alone) = (World::new(base.open().await), World::new(other.open().await));
        let sequences = scale::pick(150, 10_000);
        let found = run(together, alone, seed, sequences).await.unwrap();
        let told = format!(
            "{sequences} sequences of 7 requests of three tenants: no difference, {found} answers with content"
        );
        scale::figures("C16 tenants", base.name(), told);
        assert!(found > sequences / 5, "{found} of the answers had content");
    });
}

#[test]
fn c16_sqlite_parts_tenants() {
    parts(&Base::sqlite(), &Base::sqlite(), 1);
}

#[test]
fn c16_postgres_parts_tenants() {
    parts(&Base::postgres(), &Base::postgres(), 2);
}

/// Alone in memory, so that the stores are compared as well.
#[test]
fn c16_sqlite_and_postgres_answer_as_memory_does() {
    parts(&Base::sqlite(), &Base::memory(), 3);
    parts(&Base::postgres(), &Base::memory(), 4);
}

#[test]
fn c16_a_clause_without_parentheses_is_caught() {
    for make in [Base::sqlite as fn() -> Base, Base::postgres] {
        scale::run(async {
            let (base, other) = (make(), make());
            let together = World::new(Flawed(WithoutParentheses(base.open().await)));
            run(together, World::new(other.open().await), 1, 500).await.unwrap_err();
        });
    }
}
