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
/// It counts resources and members, not attempts: what fails and is tried again counts once. Counts are kept in this process;
/// several processes count on their own, and a restart forgets.
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

/// What a tenant lost lately, and when.
#[derive(Debug, Default)]
struct Window {
    members: HashMap<(ResourceId, ResourceId), DateTime<Utc>>,
    resources: HashMap<ResourceId, DateTime<Utc>>,
    trip: Option<Trip>,
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
            tenants: Mutex::default(),
        }
    }

    /// With somebody to be told.
    #[must_use]
    pub fn alarm(mut self, alarm: impl Alarm) -> Self {
        self.alarm = Some(Arc::new(alarm));
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
        let Some(lost) = Lost::by(attempt, &policy) else {
            return Ok(());
        };
        let verdict = {
            let mut tenants = self.lock();
            tenants
                .entry(scope.tenant().clone())
                .or_default()
                .count(lost, &policy, scope)
        };
        if let (Verdict::Trips(trip), Some(alarm)) = (&verdict, &self.alarm) {
            alarm.tripped(scope.tenant(), trip);
        }
        match (verdict, policy.action) {
            (Verdict::Fine, _) | (Verdict::Trips(_), BreakerAction::Warn) => Ok(()),
            (Verdict::Stopped, _) | (Verdict::Trips(_), BreakerAction::Enforce) => {
                let detail =
                    "too many people or memberships would be lost: the operator of the service has to look at it";
                Err(Denial::until_later(detail, policy.window_seconds.max(1)))
            }
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

/// What one change loses, if it is counted.
enum Lost<'a> {
    Members(&'a ResourceId, &'a [ResourceId]),
    Resource(&'a ResourceId),
}

enum Verdict {
    Fine,
    /// It has tripped before.
    Stopped,
    Trips(Trip),
}

impl<'a> Lost<'a> {
    fn by(attempt: Attempt<'a>, policy: &BreakerPolicy) -> Option<Self> {
        match attempt {
            Attempt::Members { id, removed, .. } if !removed.is_empty() && policy.members.is_some() => {
                Some(Self::Members(id, removed))
            }
            Attempt::Delete { id, .. } => Some(Self::Resource(id)),
            Attempt::Update { id, before, after, .. } if before.is_active() && !after.is_active() => {
                Some(Self::Resource(id))
            }
            _ => None,
        }
    }
}

impl Window {
    fn count(&mut self, lost: Lost<'_>, policy: &BreakerPolicy, scope: &Scope) -> Verdict {
        let enforces = policy.action == BreakerAction::Enforce;
        if enforces
            && self
                .trip
                .as_ref()
                .is_some_and(|trip| trip.action == BreakerAction::Enforce)
        {
            return Verdict::Stopped;
        }
        let since = scope.now - TimeDelta::seconds(i64::from(policy.window_seconds));
        let (what, counted) = match lost {
            Lost::Members(group, members) => {
                let members = members.iter().map(|member| (group.clone(), member.clone()));
                let most = policy.members.unwrap_or(u32::MAX);
                (Loss::Members, add(&mut self.members, members, most, since, scope.now))
            }
            Lost::Resource(id) => {
                let one = std::iter::once(id.clone());
                let counted = add(&mut self.resources, one, policy.resources, since, scope.now);
                (Loss::Resources, counted)
            }
        };
        let Err(count) = counted else { return Verdict::Fine };
        // A warning holds for a window, so that one flood gives one warning.
        if !enforces && self.trip.as_ref().is_some_and(|trip| trip.at > since) {
            return Verdict::Fine;
        }
        let trip = Trip {
            what,
            count,
            action: policy.action,
            at: scope.now,
            actor: scope.principal.name.to_string(),
        };
        self.trip = Some(trip.clone());
        Verdict::Trips(trip)
    }
}

/// Adds what was lost, unless there would be too much: then it is told how much, and nothing is added.
fn add<K: Eq + Hash>(
    lost: &mut HashMap<K, DateTime<Utc>>,
    new: impl ExactSizeIterator<Item = K> + Clone,
    most: u32,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), usize> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if lost.len().saturating_add(new.len()) > most {
        lost.retain(|_, at| *at > since);
        let fresh = new.clone().filter(|key| !lost.contains_key(key)).count();
        let count = lost.len().saturating_add(fresh);
        if count > most {
            return Err(count);
        }
    }
    lost.extend(new.map(|key| (key, now)));
    Ok(())
}
