//! One event on its way to one endpoint.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use scim_core::TenantId;

use crate::{Endpoint, EndpointId, EndpointState, EventId, EventType, FailureKind};

/// An event on its way to an endpoint.
///
/// `Debug` does not show the body, which may have values in it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The tenant.
    pub tenant: TenantId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The number of the change, by which deliveries of an endpoint are told apart and ordered.
    pub sequence: u64,
    /// The event.
    pub event: EventId,
    /// Its type.
    pub event_type: EventType,
    /// Names the resource: deliveries that are equal in it go one after the other.
    pub resource: String,
    /// What is sent, as it is signed.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many tries have failed.
    pub attempts: u32,
    /// When the event was made ready for the endpoint.
    pub created: DateTime<Utc>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryState {
    /// It is not tried any more, unless it is sent again by hand.
    Dead,
    /// It has arrived, and is [kept](crate::Bounds::delivered) for a while, to be sent again by hand.
    Delivered,
    /// It is to be delivered.
    Waiting,
}

/// A delivery that somebody is about to try, and nobody else until the claim ends.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Claim {
    /// The delivery.
    pub delivery: Delivery,
    /// Its endpoint as it is now.
    pub endpoint: Endpoint,
    /// Tells this claim from an earlier or later one of the same delivery.
    pub token: u64,
}

/// What is to be claimed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Claiming<'a> {
    /// The time.
    pub now: DateTime<Utc>,
    /// When the claims end by themselves.
    pub until: DateTime<Utc>,
    /// At most so many.
    pub most: usize,
    /// At most so many of one endpoint.
    pub most_of_endpoint: usize,
    /// Nothing of these endpoints.
    pub without: &'a [EndpointId],
}

/// One try, as the log of deliveries keeps it. It says nothing of what was sent or answered but the status.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The number of the change.
    pub sequence: u64,
    /// The event.
    pub event: EventId,
    /// Its type.
    pub event_type: EventType,
    /// The number of the try, from 1.
    pub number: u32,
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub latency: Duration,
    /// How it ended.
    pub outcome: AttemptOutcome,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is an answer or there is none")]
pub enum AttemptOutcome {
    /// The endpoint answered with this status; 200 to 299 is success, all else is failure.
    Answered(u16),
    /// It did not.
    Failed(FailureKind),
}

/// What became of a wish to send deliveries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "it was done or it was not")]
pub enum Resent {
    /// So many wait again. Those of them that were waiting anyway are left as they are, and not counted.
    Again(u64),
    /// The one of this number is not kept, or not any more; nothing has changed.
    NotKept(u64),
}

/// What is to become of a delivery that was tried.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settlement {
    /// The try.
    pub attempt: Attempt,
    /// What becomes of the delivery.
    pub next: Next,
    /// Until when the endpoint gets nothing.
    pub rest_until: Option<DateTime<Utc>>,
    /// The state that the endpoint changes to.
    pub disable: Option<EndpointState>,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a delivery ends one way or the other, or goes on"
)]
pub enum Next {
    /// It has failed for good.
    Dead,
    /// It was delivered.
    Delivered,
    /// It is tried again, not before this.
    Retry(DateTime<Utc>),
}

impl Delivery {
    /// A delivery that waits.
    #[expect(
        clippy::too_many_arguments,
        reason = "a record of a row has as many fields as the row"
    )]
    pub fn new(
        tenant: TenantId,
        endpoint: EndpointId,
        sequence: u64,
        event: EventId,
        event_type: EventType,
        resource: String,
        body: String,
        created: DateTime<Utc>,
    ) -> Self {
        Self {
            tenant,
            endpoint,
            sequence,
            event,
            event_type,
            resource,
            body,
            state: DeliveryState::Waiting,
            attempts: 0,
            created,
        }
    }

    /// In another state, with so many tries that have failed.
    #[must_use]
    pub fn with_state(mut self, state: DeliveryState, attempts: u32) -> Self {
        self.state = state;
        self.attempts = attempts;
        self
    }
}

impl Claim {
    /// A claim.
    pub fn new(delivery: Delivery, endpoint: Endpoint, token: u64) -> Self {
        Self {
            delivery,
            endpoint,
            token,
        }
    }
}

impl<'a> Claiming<'a> {
    /// As many as there are, of whatever endpoint, until a time.
    pub fn new(now: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            now,
            until,
            most: usize::MAX,
            most_of_endpoint: usize::MAX,
            without: &[],
        }
    }

    /// At most so many, and so many of one endpoint.
    #[must_use]
    pub fn most(mut self, most: usize, most_of_endpoint: usize) -> Self {
        self.most = most;
        self.most_of_endpoint = most_of_endpoint;
        self
    }

    /// Nothing of these endpoints.
    #[must_use]
    pub fn without(mut self, endpoints: &'a [EndpointId]) -> Self {
        self.without = endpoints;
        self
    }
}

impl Attempt {
    /// A try of a delivery.
    pub fn new(delivery: &Delivery, at: DateTime<Utc>, latency: Duration, outcome: AttemptOutcome) -> Self {
        Self {
            sequence: delivery.sequence,
            event: delivery.event.clone(),
            event_type: delivery.event_type.clone(),
            number: delivery.attempts.saturating_add(1),
            at,
            latency,
            outcome,
        }
    }

    /// With another number.
    #[must_use]
    pub fn with_number(mut self, number: u32) -> Self {
        self.number = number;
        self
    }
}

impl AttemptOutcome {
    /// Whether the event was delivered.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }
}

impl fmt::Display for AttemptOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "answered with {status}"),
            Self::Failed(kind) => kind.fmt(f),
        }
    }
}

impl Settlement {
    /// A try and what becomes of the delivery.
    pub fn new(attempt: Attempt, next: Next) -> Self {
        Self {
            attempt,
            next,
            rest_until: None,
            disable: None,
        }
    }

    /// With a rest of the endpoint.
    #[must_use]
    pub fn with_rest(mut self, until: Option<DateTime<Utc>>) -> Self {
        self.rest_until = until;
        self
    }

    /// With a change of the endpoint's state.
    #[must_use]
    pub fn with_disable(mut self, state: Option<EndpointState>) -> Self {
        self.disable = state;
        self
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("tenant", &self.tenant)
            .field("endpoint", &self.endpoint)
            .field("sequence", &self.sequence)
            .field("event", &self.event)
            .field("event_type", &self.event_type)
            .field("resource", &self.resource)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}
