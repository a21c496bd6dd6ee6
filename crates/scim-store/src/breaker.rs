//! A [`Guard`] that stops mass changes until somebody has looked at them (decision D52).

use std::{
    collections::HashMap,
    fmt::Debug,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_core::{ResourceId, TenantId};

use crate::{Attempt, BreakerAction, BreakerPolicy, Denial, Guard, NoGuard, Scope, TxView};

/// Counts, for each tenant, what is deleted, deactivated and taken out of groups, and trips where it is more than
/// [`TenantSettings::breaker`](crate::TenantSettings) allows: then all such changes are refused by 429, others go on, until an
/// operator [releases](Self::release) it.
///
/// It counts resources and members, not attempts: what fails and is tried again counts once. Counts are kept in this process:
/// several processes count on their own, and a restart forgets, unless they are [kept in the store](Self::kept_in_store).
///
/// ```
/// use std::sync::Arc;
/// use scim_store::{BreakerPolicy, Breaker, MemoryStore, TenantSettings};
///
/// let breaker = Arc::new(Breaker::new());
/// let store = MemoryStore::with_guard(Arc::clone(&breaker) as _);
/// // At most 50 people in an hour, and 500 memberships.
/// let policy = BreakerPolicy::enforce(50, 3600).with_members(500);
/// let settings = TenantSettings::default().with(|settings| settings.breaker = Some(policy));
/// // Later, when somebody has looked at it:
/// breaker.release(&"acme".into());
/// ```
#[derive(Debug)]
pub struct Breaker {
    guard: Arc<dyn Guard>,
    alarm: Option<Arc<dyn Alarm>>,
    is_kept: bool,
    tenants: Mutex<HashMap<TenantId, Window>>,
}

/// Told when a [`Breaker`] trips.
pub trait Alarm: Debug + Send + Sync + 'static {
    /// It tripped. Called inside a transaction: to be noted here and dealt with elsewhere.
    fn tripped(&self, tenant: &TenantId, trip: &Trip);
}

/// What a breaker tripped at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trip {
    /// What was too much.
    pub what: Loss,
    /// How many there would have been in the window.
    pub count: usize,
    /// Whether they were stopped.
    pub action: BreakerAction,
    /// When.
    pub at: DateTime<Utc>,
    /// Who asked, by the name of the principal.
    pub actor: String,
}

/// What a breaker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// Members taken out of groups.
    Members,
    /// Resources deleted or deactivated.
    Resources,
}

/// What one change loses, for a store to keep with the change; see [`TxView::lose`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// What is lost.
    pub what: Loss,
    /// The group that members are taken out of; none for resources.
    pub group: Option<ResourceId>,
    /// The members or the resources, each once.
    pub ids: Vec<ResourceId>,
    /// How many the tenant may lose in the window: beyond that nothing has to be kept.
    pub most: usize,
    /// When the window began; what was lost at that time or earlier does not count.
    pub since: DateTime<Utc>,
    /// The time of the change.
    pub at: DateTime<Utc>,
}

/// What a tenant lost lately, as its store tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// How much of its kind is lost in the window, with the change that is asked about, each member and resource counted once; only
    /// up to [`Losses::most`] need it be exact.
    pub count: usize,
    /// What the breaker tripped at, if it was not released.
    pub trip: Option<Trip>,
}

/// What a tenant lost lately, and when.
#[derive(Debug, Default)]
struct Window {
    members: HashMap<(ResourceId, ResourceId), DateTime<Utc>>,
    resources: HashMap<ResourceId, DateTime<Utc>>,
    trip: Option<Trip>,
}

impl Trip {
    /// A breaker has tripped.
    pub fn new(what: Loss, count: usize, action: BreakerAction, at: DateTime<Utc>, actor: impl Into<String>) -> Self {
        let actor = actor.into();
        Self {
            what,
            count,
            action,
            at,
            actor,
        }
    }
}

impl Tally {
    /// So much, and perhaps a trip.
    pub fn new(count: usize, trip: Option<Trip>) -> Self {
        Self { count, trip }
    }
}

impl Breaker {
    /// A breaker in front of no other guard.
    pub fn new() -> Self {
        Self::around(Arc::new(NoGuard))
    }

    /// A breaker that counts what another guard lets through.
    pub fn around(guard: Arc<dyn Guard>) -> Self {
        Self {
            guard,
            alarm: None,
            is_kept: false,
            tenants: Mutex::default(),
        }
    }

    /// With somebody to be told.
    #[must_use]
    pub fn alarm(mut self, alarm: impl Alarm) -> Self {
        self.alarm = Some(Arc::new(alarm));
        self
    }

    /// Has the store keep what is lost, with the writes themselves, and what the breaker tripped at: that holds across processes and
    /// restarts, and the store is what releases it, such as `store.breakers()` of the stores of SQL. Writes that lose something
    /// take turns within their tenant then, for as long as it has a policy. [`Self::trip`] and [`Self::release`] know nothing of it.
    ///
    /// A store that keeps no such record leaves it to this process: [`MemoryStore`](crate::MemoryStore) does, and stores over a host's
    /// own tables. Warnings are told once for each window of each process.
    #[must_use]
    pub fn kept_in_store(mut self) -> Self {
        self.is_kept = true;
        self
    }

    /// Why the breaker of a tenant has tripped, if it has and was not released.
    pub fn trip(&self, tenant: &TenantId) -> Option<Trip> {
        self.lock().get(tenant)?.trip.clone()
    }

    /// Lets a tenant go on, and counts anew; whether it had tripped.
    pub fn release(&self, tenant: &TenantId) -> bool {
        let window = self.lock().remove(tenant);
        window.is_some_and(|window| window.trip.is_some())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Window>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Guard for Breaker {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        (*self.guard).check(scope, attempt, view).await?;
        let Some(policy) = scope.settings.breaker else {
            return Ok(());
        };
        let Some(losses) = Losses::by(scope, attempt, &policy) else {
            return Ok(());
        };
        let tally = if self.is_kept {
            let kept = view.lose(&losses).await;
            kept.map_err(|_| Denial::until_later("what was lost lately cannot be counted", LATER))?
        } else {
            None
        };
        let verdict = {
            let mut tenants = self.lock();
            let window = tenants.entry(scope.tenant().clone()).or_default();
            match tally {
                Some(tally) => window.judge(tally, &losses, &policy, scope),
                None => window.count(&losses, &policy, scope),
            }
        };
        if let (Verdict::Trips(trip), Some(alarm)) = (&verdict, &self.alarm) {
            alarm.tripped(scope.tenant(), trip);
        }
        let denial = || {
            let detail = "too many people or memberships would be lost: the operator of the service has to look at it";
            Denial::until_later(detail, policy.window_seconds.max(1))
        };
        match (verdict, policy.action) {
            (Verdict::Fine, _) | (Verdict::Trips(_), BreakerAction::Warn) => Ok(()),
            (Verdict::Stopped, _) => Err(denial()),
            (Verdict::Trips(trip), BreakerAction::Enforce) => Err(denial().with_trip(trip)),
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

/// When to try again where a store cannot count, in seconds.
const LATER: u32 = 5;

enum Verdict {
    Fine,
    /// It has tripped before.
    Stopped,
    Trips(Trip),
}

impl Losses {
    fn by(scope: &Scope, attempt: Attempt<'_>, policy: &BreakerPolicy) -> Option<Self> {
        let (what, group, ids, most) = match attempt {
            Attempt::Members { id, removed, .. } if !removed.is_empty() => {
                (Loss::Members, Some(id.clone()), removed.to_vec(), policy.members?)
            }
            Attempt::Delete { id, .. } => (Loss::Resources, None, vec![id.clone()], policy.resources),
            Attempt::Update { id, before, after, .. } if before.is_active() && !after.is_active() => {
                (Loss::Resources, None, vec![id.clone()], policy.resources)
            }
            _ => return None,
        };
        let window = TimeDelta::seconds(i64::from(policy.window_seconds));
        Some(Self {
            what,
            group,
            ids,
            most: usize::try_from(most).unwrap_or(usize::MAX),
            since: scope.now.checked_sub_signed(window).unwrap_or(DateTime::<Utc>::MIN_UTC),
            at: scope.now,
        })
    }
}

impl Window {
    /// Counts here.
    fn count(&mut self, losses: &Losses, policy: &BreakerPolicy, scope: &Scope) -> Verdict {
        if stops(self.trip.as_ref(), policy) {
            return Verdict::Stopped;
        }
        let ids = losses.ids.iter().cloned();
        let counted = match &losses.group {
            Some(group) => {
                let members = ids.map(|member| (group.clone(), member));
                add(&mut self.members, members, losses)
            }
            None => add(&mut self.resources, ids, losses),
        };
        match counted {
            Ok(()) => Verdict::Fine,
            Err(count) => self.flood(count, losses, policy, scope),
        }
    }

    /// Takes what the store has counted.
    fn judge(&mut self, tally: Tally, losses: &Losses, policy: &BreakerPolicy, scope: &Scope) -> Verdict {
        if stops(tally.trip.as_ref(), policy) {
            Verdict::Stopped
        } else if tally.count <= losses.most {
            Verdict::Fine
        } else {
            let verdict = self.flood(tally.count, losses, policy, scope);
            if policy.action == BreakerAction::Enforce {
                // The store keeps it, and is what releases it.
                self.trip = None;
            }
            verdict
        }
    }

    fn flood(&mut self, count: usize, losses: &Losses, policy: &BreakerPolicy, scope: &Scope) -> Verdict {
        // A warning holds for a window, so that one flood gives one warning.
        let warned = |trip: &Trip| trip.action == BreakerAction::Warn && trip.at > losses.since;
        if policy.action == BreakerAction::Warn && self.trip.as_ref().is_some_and(warned) {
            return Verdict::Fine;
        }
        let actor = scope.principal.name.to_string();
        let trip = Trip::new(losses.what, count, policy.action, scope.now, actor);
        self.trip = Some(trip.clone());
        Verdict::Trips(trip)
    }
}

/// Whether a breaker that tripped at this lets nothing through.
fn stops(trip: Option<&Trip>, policy: &BreakerPolicy) -> bool {
    let enforced = |trip: &Trip| trip.action == BreakerAction::Enforce;
    policy.action == BreakerAction::Enforce && trip.is_some_and(enforced)
}

/// Adds what was lost, unless there would be too much: then it is told how much, and nothing is added.
fn add<K: Eq + Hash>(
    lost: &mut HashMap<K, DateTime<Utc>>,
    new: impl ExactSizeIterator<Item = K> + Clone,
    losses: &Losses,
) -> Result<(), usize> {
    if lost.len().saturating_add(new.len()) > losses.most {
        lost.retain(|_, at| *at > losses.since);
        let fresh = new.clone().filter(|key| !lost.contains_key(key)).count();
        let count = lost.len().saturating_add(fresh);
        if count > losses.most {
            return Err(count);
        }
    }
    lost.extend(new.map(|key| (key, losses.at)));
    Ok(())
}
