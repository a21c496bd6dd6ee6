//! Receivers of webhooks.

use std::{fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::StoreError;
use serde_json::{Value, json};

use crate::{EndpointUrl, EventFilter, EventType, Payload, SecretError, SigningSecret};

/// Most secrets of an endpoint that are signed with at once, the current one included.
const SECRETS: usize = 4;

/// A receiver of a tenant's webhooks, as it is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Endpoint {
    /// The tenant, whose events it gets.
    pub tenant: TenantId,
    /// Its identifier, unique among all tenants.
    pub id: EndpointId,
    /// What the tenant sets.
    pub settings: EndpointSettings,
    /// Whether it gets anything.
    pub state: EndpointState,
    /// How its last deliveries went; kept by the store.
    pub health: Health,
    /// When it was added.
    pub created: DateTime<Utc>,
    /// Moves with each change of settings and state; 0 before it is kept.
    pub revision: u64,
}

/// The identifier of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(Arc<str>);

/// What a tenant sets of an endpoint.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EndpointSettings {
    /// Where webhooks go.
    pub url: EndpointUrl,
    /// Which types of events it gets.
    pub types: EventFilter,
    /// What the events carry; with [`Payload::Values`] the [relay](crate::RelayBuilder::values) must read them.
    pub payload: Payload,
    /// What they are signed with.
    pub secrets: Secrets,
}

/// The secrets of an endpoint: one, and more while it is being replaced.
#[derive(Debug, Clone)]
pub struct Secrets {
    current: SigningSecret,
    /// The latest first, each with its end.
    former: Vec<(SigningSecret, DateTime<Utc>)>,
}

/// Whether an endpoint gets anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EndpointState {
    /// It does not, as it has done nothing but fail for too long.
    Failing,
    /// It does not, as it answered 410: it wants no more.
    Gone,
    /// It does not, as somebody decided so.
    Off,
    /// It does.
    #[default]
    On,
}

/// How the last deliveries of an endpoint went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Health {
    /// Since when nothing was delivered although it was tried; `None` behind a success.
    pub failing_since: Option<DateTime<Utc>>,
    /// How many tries have failed since the last success.
    pub failures: u32,
    /// Until when it gets nothing.
    pub resting_until: Option<DateTime<Utc>>,
}

impl Endpoint {
    /// An endpoint that gets everything that comes from now on.
    pub fn new(tenant: TenantId, id: EndpointId, settings: EndpointSettings, created: DateTime<Utc>) -> Self {
        Self {
            tenant,
            id,
            settings,
            state: EndpointState::On,
            health: Health::default(),
            created,
            revision: 0,
        }
    }
}

impl EndpointId {
    /// Takes the text as it is.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EndpointSettings {
    /// An endpoint that gets all types of events, with names only, signed with a new secret.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness to give.
    pub fn new(url: EndpointUrl) -> Result<Self, SecretError> {
        Ok(Self {
            url,
            types: EventFilter::all(),
            payload: Payload::Names,
            secrets: Secrets::new(SigningSecret::generate()?),
        })
    }

    /// With these types of events only.
    #[must_use]
    pub fn types(mut self, types: EventFilter) -> Self {
        self.types = types;
        self
    }

    /// With another payload.
    #[must_use]
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// With a secret that was agreed upon elsewhere.
    #[must_use]
    pub fn secret(mut self, secret: SigningSecret) -> Self {
        self.secrets = Secrets::new(secret);
        self
    }

    /// The settings as text, for whoever keeps them. The secrets are in it as they are.
    pub fn to_text(&self) -> String {
        let former = self
            .secrets
            .former
            .iter()
            .map(|(secret, until)| json!({ "secret": secret.expose(), "until": until.timestamp_millis() }));
        let types = self.types.types().map(|types| {
            let names = types.iter().map(EventType::as_str);
            names.collect::<Vec<_>>()
        });
        json!({
            "url": self.url.as_uri().to_string(),
            "types": types,
            "payload": match self.payload {
                Payload::Names => "names",
                Payload::Values => "values",
            },
            "secret": self.secrets.current.expose(),
            "former": former.collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    ///
    /// Where it is anything else; the error does not show it.
    pub fn from_text(text: &str) -> Result<Self, StoreError> {
        Self::read(text).ok_or_else(|| StoreError::other("what is kept of an endpoint cannot be read"))
    }

    fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let secret = |value: &Value| SigningSecret::parse(value.get("secret")?.as_str()?).ok();
        let types = match value.get("types")? {
            Value::Null => EventFilter::all(),
            types => EventFilter::only(types.as_array()?.iter().filter_map(Value::as_str)),
        };
        let former = value.get("former")?.as_array()?.iter().map(|former| {
            let until = former.get("until")?.as_i64()?;
            Some((secret(former)?, DateTime::from_timestamp_millis(until)?))
        });
        Some(Self {
            url: EndpointUrl::parse(value.get("url")?.as_str()?).ok()?,
            types,
            payload: match value.get("payload")?.as_str()? {
                "names" => Payload::Names,
                "values" => Payload::Values,
                _ => return None,
            },
            secrets: Secrets {
                current: secret(&value)?,
                former: former.collect::<Option<_>>()?,
            },
        })
    }
}

impl Secrets {
    /// One secret.
    pub fn new(current: SigningSecret) -> Self {
        let former = Vec::new();
        Self { current, former }
    }

    /// The secret that the receiver is to know.
    pub fn current(&self) -> &SigningSecret {
        &self.current
    }

    /// Replaces the secret; webhooks are signed with the old one too for so long, and with at most four secrets at once.
    pub fn rotate(&mut self, new: SigningSecret, now: DateTime<Utc>, overlap: TimeDelta) {
        let old = std::mem::replace(&mut self.current, new);
        let until = now.checked_add_signed(overlap).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.former.insert(0, (old, until));
        self.former.retain(|(_, until)| *until > now);
        self.former.truncate(SECRETS - 1);
    }

    /// The secrets that are signed with at a time, the current one first.
    pub fn live(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SigningSecret> {
        let former = self.former.iter().filter(move |(_, until)| *until > now);
        std::iter::once(&self.current).chain(former.map(|(secret, _)| secret))
    }
}

impl EndpointState {
    /// The state as a word, for whoever keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::Off => "off",
            Self::On => "on",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote; any other word is off.
    pub fn from_word(word: &str) -> Self {
        match word {
            "failing" => Self::Failing,
            "gone" => Self::Gone,
            "on" => Self::On,
            _ => Self::Off,
        }
    }
}

impl Health {
    /// Health as it was kept.
    pub fn new(failing_since: Option<DateTime<Utc>>, failures: u32, resting_until: Option<DateTime<Utc>>) -> Self {
        Self {
            failing_since,
            failures,
            resting_until,
        }
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> EndpointSettings {
        EndpointSettings::new(EndpointUrl::parse("https://example.com/hook?token=s3cret").unwrap()).unwrap()
    }

    #[test]
    fn settings_are_read_as_they_are_written() {
        let now = DateTime::from_timestamp_millis(1_767_225_600_000).unwrap();
        let mut settings = settings()
            .types(EventFilter::only(["user", "group.created"]))
            .payload(Payload::Values);
        settings
            .secrets
            .rotate(SigningSecret::generate().unwrap(), now, TimeDelta::hours(1));
        let text = settings.to_text();
        let read = EndpointSettings::from_text(&text).unwrap();
        assert_eq!(read.to_text(), text);
        assert_eq!(read.secrets.live(now).count(), 2);
        assert!(EndpointSettings::from_text("{}").is_err());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let settings = settings();
        let shown = format!("{settings:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        let secret = settings.secrets.current().expose();
        assert!(!shown.contains(secret.strip_prefix("whsec_").unwrap()));
    }

    #[test]
    fn a_former_secret_signs_until_its_end() {
        let now = DateTime::UNIX_EPOCH;
        let mut secrets = Secrets::new(SigningSecret::generate().unwrap());
        let old = secrets.current().expose();
        secrets.rotate(SigningSecret::generate().unwrap(), now, TimeDelta::hours(1));
        let live = |at| secrets.live(at).map(SigningSecret::expose).collect::<Vec<_>>();
        assert_eq!(live(now)[1], old);
        assert_eq!(live(now + TimeDelta::minutes(59)).len(), 2);
        assert_eq!(live(now + TimeDelta::hours(1)).len(), 1);
        for _ in 0..9 {
            secrets.rotate(SigningSecret::generate().unwrap(), now, TimeDelta::hours(1));
        }
        assert_eq!(secrets.live(now).count(), 4);
        secrets.rotate(SigningSecret::generate().unwrap(), now, TimeDelta::zero());
        assert_eq!(
            secrets.live(now).count(),
            4,
            "the one just replaced is dead, others are not"
        );
    }
}
