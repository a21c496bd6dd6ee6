use std::time::Duration;

use super::bulk::Traces;
use super::expect::{Context, present};
use super::line::{Call, Line};
use super::reply::Reply;
use super::scene::{Probe, Scene};
use super::universal::Rules;
use super::world::Instance;
use crate::outgoing::shorten;

/// Bodies above this size have a second, in bytes.
const LARGE_BODY: usize = 300_000;

/// Why a line cannot be judged.
pub(super) enum Stop {
    /// HTTP, or [`http::Request`], cannot carry the request.
    Inexpressible(String),
    /// The world or the corpus is at fault.
    Broken(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Broken(reason)
    }
}

/// What one run of a line found.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Of the universal rules.
    pub(super) breaches: Vec<String>,
    pub(super) status: Vec<String>,
    pub(super) differences: Vec<String>,
    /// Status and normalized body of each answer.
    pub(super) answers: Vec<String>,
    pub(super) got: String,
}

/// One run of a line on one fresh system.
pub(super) struct Trial<'a> {
    pub(super) line: &'a Line,
    pub(super) instance: &'a dyn Instance,
    pub(super) scene: Scene<'a>,
    pub(super) pass: Pass,
}

impl Trial<'_> {
    pub(super) async fn run(&mut self, budget_factor: u32) -> Result<(), Stop> {
        let expect = &self.line.expect;
        let facts: Vec<_> = expect.after.iter().chain(&expect.after_if2xx).collect();
        let mut before = Vec::with_capacity(facts.len());
        for fact in &facts {
            before.push(fact.measure(&self.scene).await?);
        }
        let dump = self.instance.dump().await;
        let mut replies = Vec::new();
        for probe in self.scene.probes(self.line)? {
            match self.probe(&probe, &dump, budget_factor).await? {
                Some(reply) => replies.push((probe, reply)),
                // After a panic the state says nothing more.
                None => return Ok(()),
            }
        }
        self.compare(&replies);
        if let Some((probe, reply)) = replies.last() {
            let succeeded = (200..300).contains(&reply.status);
            for (index, (fact, before)) in facts.iter().zip(before).enumerate() {
                if index < expect.after.len() || succeeded {
                    self.pass
                        .differences
                        .extend(fact.check(before, &self.scene).await.err());
                }
            }
            if succeeded {
                self.read_again(probe, reply).await?;
            }
            self.search_store(&dump, succeeded).await;
        }
        self.ask_once_more().await
    }

    /// Sends one request and judges its answer; `None` if the service panicked.
    async fn probe(&mut self, probe: &Probe, dump: &str, budget_factor: u32) -> Result<Option<Reply>, Stop> {
        let outgoing = &probe.outgoing;
        let tenant = self.scene.tenant_of(outgoing)?;
        let body = outgoing.body.as_deref().unwrap_or_default();
        let value = |name: &str| self.scene.lookup(name).ok().flatten();
        let mut rules = Rules::new(self.scene.fixture, tenant, &probe.said, body, value);
        let expect = &self.line.expect;
        rules.allowed.clone_from(&expect.status);
        let budget = expect
            .budget_ms
            .unwrap_or(if body.len() > LARGE_BODY { 1000 } else { 100 });
        rules.limit = Duration::from_millis(budget).saturating_mul(budget_factor);

        let traces = Traces::take(&self.scene, tenant, body).await;
        let (reply, elapsed) = match self.scene.send(outgoing).await.map_err(Stop::Inexpressible)? {
            Ok(answer) => answer,
            Err(panic) => {
                self.pass.got.push_str(&format!("{}\n", outgoing.summary(200)));
                self.pass.breaches.push(format!("U1: {panic}"));
                return Ok(None);
            }
        };
        let shown = shorten(&reply.text, 500);
        self.pass
            .got
            .push_str(&format!("{} -> {} {shown}\n", outgoing.summary(200), reply.status));
        self.pass.answers.push(format!(
            "{} {}",
            reply.status,
            reply.normalized(self.instance.variables())
        ));
        self.pass
            .breaches
            .extend(rules.judge(&reply, &outgoing.method, elapsed));
        self.pass.status.extend(expect.judge_status(&reply));
        let users = tenant.live_users().count() as u64;
        let context = Context {
            level: self.line.level,
            said: &probe.said,
            users,
        };
        let lookup = |name: &str| self.scene.lookup(name);
        self.pass.differences.extend(expect.judge(&reply, context, &lookup)?);
        if reply.status >= 400 || reply.is_failed_bulk() {
            let after = self.instance.dump().await;
            if after != dump {
                self.pass
                    .breaches
                    .push(format!("U5: state changed: {}", difference(dump, &after)));
            }
        }
        if let Some(traces) = traces.filter(|_| reply.status == 200) {
            self.pass
                .breaches
                .extend(traces.check(&self.scene, tenant, &reply).await);
        }
        if expect.same_as_unknown {
            self.pass
                .differences
                .extend(self.compare_with_unknown(probe, &reply).await?);
        }
        let dump = self.instance.dump().await;
        self.pass.breaches.extend(rules.secrets_in(&dump, "the store"));
        self.pass
            .breaches
            .extend(rules.secrets_in(&self.instance.written().await, "what the system wrote"));
        Ok(Some(reply))
    }

    async fn compare_with_unknown(&self, probe: &Probe, reply: &Reply) -> Result<Option<String>, String> {
        let Some((outgoing, known, unknown)) = self.scene.with_unknown_id(&probe.outgoing) else {
            return Ok(Some("no id of the fixture in the target".to_owned()));
        };
        let (other, _) = self.scene.send(&outgoing).await??;
        let answer = |reply: &Reply, id: &str| format!("{} {}", reply.status, reply.text.replace(id, "<id>"));
        let (one, other) = (answer(reply, known), answer(&other, unknown));
        Ok((one != other).then(|| format!("an unknown id is answered differently: {}", difference(&one, &other))))
    }

    /// A filter in a query and the same filter in a search request mean the same.
    fn compare(&mut self, replies: &[(Probe, Reply)]) {
        let ([(_, query), (_, search)], Call::Filter(_)) = (replies, &self.line.call) else {
            return;
        };
        let essence = |reply: &Reply| {
            (
                reply.status,
                reply.scim_type().map(str::to_owned),
                reply.total(),
                reply.column("id"),
            )
        };
        if essence(query) != essence(search) {
            self.pass
                .differences
                .push("the query and the search request are answered differently".to_owned());
        }
    }

    async fn read_again(&mut self, probe: &Probe, reply: &Reply) -> Result<(), String> {
        let forbidden = &self.line.expect.absent_if2xx;
        if let (false, Some(path)) = (forbidden.is_empty(), self.scene.touched(&probe.outgoing, reply)) {
            let later = self.scene.get(self.scene.tenant_of(&probe.outgoing)?, &path).await?;
            self.pass
                .differences
                .extend(present(forbidden, &later.haystack, "a later read"));
        }
        Ok(())
    }

    /// A text must not be in the store more often than before the line.
    async fn search_store(&mut self, before: &str, succeeded: bool) {
        let expect = &self.line.expect;
        let conditional = expect.absent_if2xx.iter().filter(|_| succeeded);
        let forbidden: Vec<&String> = expect.absent_in_store.iter().chain(conditional).collect();
        if forbidden.is_empty() {
            return;
        }
        let after = self.instance.dump().await;
        let added = forbidden
            .into_iter()
            .filter(|text| after.matches(text.as_str()).count() > before.matches(text.as_str()).count());
        self.pass
            .differences
            .extend(added.map(|text| format!("{text:?} occurs in the store")));
    }

    /// The end of rule U1: the next request is answered.
    async fn ask_once_more(&mut self) -> Result<(), Stop> {
        let tenant = self
            .scene
            .fixture
            .tenants
            .first()
            .ok_or_else(|| "the fixture has no tenant".to_owned())?;
        match self.scene.get(tenant, "/ServiceProviderConfig").await {
            Ok(reply) if reply.status == 200 => {}
            Ok(reply) => self
                .pass
                .breaches
                .push(format!("U1: the next request is answered with {}", reply.status)),
            Err(reason) => self.pass.breaches.push(format!("U1: the next request: {reason}")),
        }
        Ok(())
    }
}

/// Both texts from a little before where they first differ.
pub(super) fn difference(one: &str, other: &str) -> String {
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| shorten(&text.chars().skip(common.saturating_sub(20)).collect::<String>(), 120);
    format!("{:?} against {:?}", from(one), from(other))
}
