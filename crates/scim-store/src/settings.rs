//! What is set for each tenant.

use std::{num::NonZeroU32, sync::Arc};

use scim_core::{Dialect, Limits, schema::Registry};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error},
};
use serde_json::{Map, Value};

/// The settings of one tenant (organisation): how its identity provider is answered.
///
/// They may change at any time; a request that has begun ends with the ones it began with. An attribute that becomes unique is so
/// among the resources that are written from then on.
///
/// By serde they are a document of what differs from the default, to be kept in a database: see [`TenantSettings::resource_types`] for
/// what is not in it. What a later release knows and this one does not is an error, as it may be what protects the tenant.
///
/// ```
/// use scim_core::{Dialect, dialect::PatchAnswer};
/// use scim_store::{RateLimit, TenantSettings};
///
/// let settings = TenantSettings::default().with(|settings| {
///     settings.dialect = Dialect::entra().with(|dialect| {
///         dialect.unique.push("emails.value".to_owned());
///         dialect.patch_answer = PatchAnswer::NoContent;
///     });
///     settings.groups = false;
///     settings.rate_limit = Some(RateLimit::per_second(25).with_burst(100));
/// });
/// assert_ne!(settings, TenantSettings::default());
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TenantSettings {
    /// Whether a new user may become the owner of an account that the host has already, where an
    /// [`Adoption`](crate::Adoption) is asked.
    #[serde(skip_serializing_if = "is_default")]
    pub adoption: AdoptionPolicy,
    /// How much its identity provider may delete, deactivate and take out of groups in one go, where the store has a
    /// [`Breaker`](crate::Breaker); as much as it likes by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<BreakerPolicy>,
    /// The base URL of the tenant; by default that of the service, with the tenant put in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// What its clients may send beyond the RFCs. Unique attributes, unknown members and the answer to PATCH are in there.
    #[serde(skip_serializing_if = "is_default")]
    pub dialect: Dialect,
    /// Whether groups are provisioned. Without, types that have members are absent: from discovery, and 404 (decision D32).
    #[serde(skip_serializing_if = "Clone::clone")]
    pub groups: bool,
    /// What a request may cost. Bodies are read as far as the limits of the service go, and no further.
    #[serde(skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What provisions its users, as hosts show it: `SCIM`, or the name of the identity provider. It stands in the
    /// [`Labels`](crate::Labels), where they are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// How many requests it may send; as many as it likes by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// What a POST does whose user name an inactive user has.
    #[serde(skip_serializing_if = "is_default")]
    pub reprovision: Reprovision,
    /// The resource types, if they are not those of the service. Two registries are equal where they share their types. They are code
    /// of the host, so a document does not hold them, and whoever reads one puts them back.
    #[serde(skip)]
    pub resource_types: Option<Arc<Registry>>,
    /// Whether provisioned users take licences; see [`SeatStore`](crate::SeatStore).
    #[serde(skip_serializing_if = "is_default")]
    pub seats: SeatPolicy,
    /// Whether it is answered at all.
    #[serde(skip_serializing_if = "is_default")]
    pub state: TenantState,
}

/// Whether a tenant is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum TenantState {
    /// Directory sync is switched off: 403, for a tenant that is unknown too.
    Disabled,
    /// It is answered.
    #[default]
    Enabled,
    /// Not for now: 503, and worth another try after so many seconds.
    Paused {
        /// When to try again, in seconds.
        retry_after: u32,
    },
}

/// Whether a user that is provisioned takes a licence (decision D55).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "none, all or as far as they go")]
pub enum SeatPolicy {
    /// No user takes one.
    #[default]
    Never,
    /// Each active user has one; without a free one the write is refused.
    Require,
    /// A user takes one where one is free, and is created either way.
    WhenAvailable,
}

/// Whether provisioning may take over an account that the host had before (decision D57).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum AdoptionPolicy {
    /// Never: 409.
    #[default]
    Never,
    /// Only accounts that the host has marked for it.
    Explicit,
    /// Those too whose e-mail address the host has verified, where its domain is one of these, which the tenant owns.
    MatchVerified {
        /// Domains such as `example.com`, compared without case; those below them are others.
        domains: Vec<String>,
    },
}

/// What a POST does whose `userName` an inactive user of the tenant has (decision D58).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "the name is taken, or its user is meant")]
pub enum Reprovision {
    /// It is refused by 409, as for any name that is taken.
    #[default]
    Refuse,
    /// The inactive user becomes what was sent, under its identifier, and active again: 201.
    Reactivate,
}

/// How many requests a tenant may send: a steady rate, and a burst on top of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    requests: NonZeroU32,
    seconds: NonZeroU32,
    burst: NonZeroU32,
}

/// How much may be lost in a window of time before a [`Breaker`](crate::Breaker) trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BreakerPolicy {
    /// What happens beyond.
    pub action: BreakerAction,
    /// Most resources that are deleted or deactivated.
    pub resources: u32,
    /// Most members that are taken out of groups, also because they or the groups are deleted; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u32>,
    /// The length of the window.
    pub window_seconds: u32,
}

/// What a breaker does when it trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a policy that does nothing is none")]
pub enum BreakerAction {
    /// Stops such changes by 429 until it is released.
    Enforce,
    /// Tells the host, once for each window.
    Warn,
}

impl BreakerPolicy {
    /// Stops more than so many deletions and deactivations in so many seconds.
    pub fn enforce(resources: u32, window_seconds: u32) -> Self {
        Self {
            action: BreakerAction::Enforce,
            resources,
            members: None,
            window_seconds,
        }
    }

    /// Warns of more than so many deletions and deactivations in so many seconds.
    pub fn warn(resources: u32, window_seconds: u32) -> Self {
        Self {
            action: BreakerAction::Warn,
            ..Self::enforce(resources, window_seconds)
        }
    }

    /// Counts members too that are taken out of groups.
    #[must_use]
    pub fn with_members(mut self, members: u32) -> Self {
        self.members = Some(members);
        self
    }
}

impl TenantSettings {
    /// The settings with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl RateLimit {
    /// So many requests in a second, and as many at once. None at all is what [`TenantState`] is for: 0 counts as 1.
    pub fn per_second(requests: u32) -> Self {
        Self::new(requests, 1)
    }

    /// So many requests in a minute, and as many at once; 0 counts as 1.
    pub fn per_minute(requests: u32) -> Self {
        Self::new(requests, 60)
    }

    /// So many requests in so many seconds, and as many at once; 0 counts as 1.
    pub fn new(requests: u32, seconds: u32) -> Self {
        let requests = at_least_one(requests);
        Self {
            requests,
            seconds: at_least_one(seconds),
            burst: requests,
        }
    }

    /// So many at once after a time of silence; 0 counts as 1.
    #[must_use]
    pub fn with_burst(mut self, burst: u32) -> Self {
        self.burst = at_least_one(burst);
        self
    }

    /// How many requests in [`seconds`](Self::seconds).
    pub fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// The time that the rate is counted over.
    pub fn seconds(&self) -> u32 {
        self.seconds.get()
    }

    /// How many requests at once.
    pub fn burst(&self) -> u32 {
        self.burst.get()
    }
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            adoption: AdoptionPolicy::default(),
            breaker: None,
            base_url: None,
            dialect: Dialect::default(),
            groups: true,
            limits: Limits::default(),
            managed_by: None,
            rate_limit: None,
            reprovision: Reprovision::default(),
            resource_types: None,
            seats: SeatPolicy::default(),
            state: TenantState::default(),
        }
    }
}

impl PartialEq for TenantSettings {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart, so that a new field is not forgotten.
        let Self {
            adoption,
            breaker,
            base_url,
            dialect,
            groups,
            limits,
            managed_by,
            rate_limit,
            reprovision,
            resource_types,
            seats,
            state,
        } = self;
        *adoption == other.adoption
            && *breaker == other.breaker
            && *base_url == other.base_url
            && *dialect == other.dialect
            && *groups == other.groups
            && *limits == other.limits
            && *managed_by == other.managed_by
            && *rate_limit == other.rate_limit
            && *reprovision == other.reprovision
            && *seats == other.seats
            && *state == other.state
            && match (resource_types, &other.resource_types) {
                (None, None) => true,
                (Some(a), Some(b)) => {
                    a.types().len() == b.types().len() && {
                        let mut pairs = a.types().iter().zip(b.types());
                        pairs.all(|(a, b)| Arc::ptr_eq(a, b))
                    }
                }
                _ => false,
            }
    }
}

impl<'de> Deserialize<'de> for TenantSettings {
    /// Reads an object, and nothing that a derived reader would take for one, such as a list.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut document = Map::deserialize(deserializer)?;
        let of = &mut document;
        let default = Self::default();
        let settings = Self {
            adoption: field(of, "adoption", default.adoption)?,
            breaker: field(of, "breaker", default.breaker)?,
            base_url: field(of, "base_url", default.base_url)?,
            dialect: field(of, "dialect", default.dialect)?,
            groups: field(of, "groups", default.groups)?,
            limits: field(of, "limits", default.limits)?,
            managed_by: field(of, "managed_by", default.managed_by)?,
            rate_limit: field(of, "rate_limit", default.rate_limit)?,
            reprovision: field(of, "reprovision", default.reprovision)?,
            resource_types: default.resource_types,
            seats: field(of, "seats", default.seats)?,
            state: field(of, "state", default.state)?,
        };
        match document.keys().next() {
            Some(name) => Err(Error::custom(format!("unknown field `{name}`"))),
            None => Ok(settings),
        }
    }
}

/// Takes a field out of a document; what is missing is the default.
fn field<T: DeserializeOwned, E: Error>(document: &mut Map<String, Value>, name: &str, default: T) -> Result<T, E> {
    let value = document.remove(name);
    value.map_or(Ok(default), |value| T::deserialize(value).map_err(E::custom))
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    const CHANGES: [fn(&mut TenantSettings); 12] = [
        |s| s.adoption = AdoptionPolicy::Explicit,
        |s| s.breaker = Some(BreakerPolicy::warn(1, 1)),
        |s| s.base_url = Some("https://example.com".to_owned()),
        |s| s.dialect = Dialect::rfc(),
        |s| s.groups = false,
        |s| s.limits.body = 1,
        |s| s.managed_by = Some("SCIM".to_owned()),
        |s| s.rate_limit = Some(RateLimit::per_minute(1)),
        |s| s.reprovision = Reprovision::Reactivate,
        |s| s.seats = SeatPolicy::Require,
        |s| s.state = TenantState::Paused { retry_after: 7 },
        |s| s.resource_types = Some(Arc::new(Registry::default())),
    ];

    #[test]
    fn settings_differ_in_every_field() {
        for change in CHANGES {
            let changed = TenantSettings::default().with(change);
            assert_ne!(changed, TenantSettings::default());
            assert_eq!(changed, changed.clone());
        }
    }

    #[test]
    fn a_document_holds_what_differs_from_the_default() {
        assert_eq!(to_value(TenantSettings::default()).unwrap(), json!({}));
        let (stored, code) = CHANGES.split_at(11);
        let mut all = TenantSettings::default();
        for change in stored {
            let one = TenantSettings::default().with(change);
            let document = to_value(&one).unwrap();
            assert_eq!(document.as_object().unwrap().len(), 1);
            assert_eq!(from_value::<TenantSettings>(document).unwrap(), one);
            change(&mut all);
        }
        let expected = json!({
            "adoption": "explicit",
            "breaker": { "action": "warn", "resources": 1, "window_seconds": 1 },
            "base_url": "https://example.com",
            "dialect": { "name": "rfc" },
            "groups": false,
            "limits": { "body": 1 },
            "managed_by": "SCIM",
            "rate_limit": { "requests": 1, "seconds": 60, "burst": 1 },
            "reprovision": "reactivate",
            "seats": "require",
            "state": { "paused": { "retry_after": 7 } },
        });
        assert_eq!(to_value(&all).unwrap(), expected);
        // Code of the host is not in it.
        let types = TenantSettings::default().with(code[0]);
        assert_eq!(to_value(&types).unwrap(), json!({}));
    }

    #[test]
    fn a_document_that_is_not_understood_is_refused() {
        for document in [
            json!([]),
            json!(null),
            json!({ "protection": "on" }),
            json!({ "limits": { "bodies": 1 } }),
            json!({ "limits": [] }),
            json!({ "dialect": [] }),
            json!({ "breaker": { "action": "stop", "resources": 1, "window_seconds": 1 } }),
            json!({ "breaker": { "action": "warn", "resources": 1, "window_seconds": 1, "groups": 2 } }),
            json!({ "rate_limit": { "requests": 0, "seconds": 60, "burst": 1 } }),
            json!({ "state": { "paused": { "retry_after": 7, "reason": "" } } }),
            json!({ "resource_types": [] }),
        ] {
            assert!(from_value::<TenantSettings>(document.clone()).is_err(), "{document}");
        }
    }
}
