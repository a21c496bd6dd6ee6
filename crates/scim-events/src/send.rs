//! The sending of what is due.

use std::time::Duration;

use futures_util::future::join_all;
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_TYPE, USER_AGENT},
};
use scim_store::Result;

use crate::{
    Attempt, AttemptOutcome, Claim, Claiming, EndpointId, EndpointState, FailureKind, Message, Next, Settlement,
    TransportError, Webhooks, schedule::later,
};

/// Longest time that an endpoint may ask to be left alone for.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// What became of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sent {
    /// They were delivered.
    pub delivered: u64,
    /// They failed and are tried again.
    pub failed: u64,
    /// They failed and are dead letters now.
    pub dead: u64,
    /// They took so long that somebody else has them now.
    pub late: u64,
}

/// How a try ended, with what the endpoint asked for.
struct Tried {
    outcome: AttemptOutcome,
    retry_after: Option<Duration>,
}

impl Webhooks {
    /// Tries what is due now, as much as may be under way at once, and returns when each has ended. Nothing was due where all
    /// counts are 0.
    ///
    /// # Errors
    ///
    /// Those of the store; what was not settled is tried again when its claim ends.
    pub async fn send_due(&self) -> Result<Sent> {
        let claims = self
            .claim(self.inner.at_once, self.inner.at_once_to_endpoint, &[])
            .await?;
        let mut sent = Sent::default();
        for settled in join_all(claims.into_iter().map(|claim| self.send(claim))).await {
            sent.add(settled?);
        }
        Ok(sent)
    }

    pub(crate) async fn claim(
        &self,
        most: usize,
        most_of_endpoint: usize,
        without: &[EndpointId],
    ) -> Result<Vec<Claim>> {
        let now = self.inner.clock.now();
        let claiming = Claiming::new(now, later(now, self.inner.timeout.saturating_mul(3)))
            .most(most, most_of_endpoint)
            .without(without);
        self.inner.store.claim(&claiming).await
    }

    /// Tries a delivery and keeps what became of it.
    pub(crate) async fn send(&self, claim: Claim) -> Result<Sent> {
        let at = self.inner.clock.now();
        let tried = match self.message(&claim, at.timestamp()) {
            Ok(message) => self.post(&message).await,
            Err(kind) => Tried::failed(kind),
        };
        let latency = (self.inner.clock.now() - at).to_std().unwrap_or_default();
        let attempt = Attempt::new(&claim.delivery, at, latency, tried.outcome);
        let settlement = self.settlement(&claim, attempt, tried.retry_after);
        let is_ours = self.inner.store.settle(&claim, &settlement, self.inner.bounds).await?;
        if let Some(observer) = &self.inner.observer {
            observer.tried(&claim.endpoint, &settlement);
        }
        Ok(Sent::of(settlement.next, is_ours))
    }

    fn message(&self, claim: &Claim, timestamp: i64) -> Result<Message, FailureKind> {
        let Claim { delivery, endpoint, .. } = claim;
        // What was allowed when the endpoint was added may not be any more.
        self.inner
            .transport
            .check(&endpoint.settings.url)
            .map_err(|_| FailureKind::Url)?;
        let id = delivery.event.as_str();
        let secrets = endpoint.settings.secrets.live(self.inner.clock.now());
        let signatures = secrets.map(|secret| secret.sign(id, timestamp, delivery.body.as_bytes()));
        let signatures = signatures.collect::<Vec<_>>().join(" ");
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("scim-events/", env!("CARGO_PKG_VERSION"))),
        );
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signatures),
        ] {
            let value = HeaderValue::from_str(value).map_err(|_| FailureKind::Protocol)?;
            headers.insert(name, value);
        }
        let (url, body) = (endpoint.settings.url.clone(), delivery.body.clone());
        Ok(Message::new(url, headers, body.into(), self.inner.timeout))
    }

    async fn post(&self, message: &Message) -> Tried {
        match self.inner.transport.send(message).await {
            Ok(answer) => Tried {
                outcome: AttemptOutcome::Answered(answer.status),
                retry_after: answer.retry_after,
            },
            Err(TransportError { kind, .. }) => Tried::failed(kind),
        }
    }

    /// What becomes of a delivery and its endpoint.
    fn settlement(&self, claim: &Claim, attempt: Attempt, retry_after: Option<Duration>) -> Settlement {
        let (schedule, now) = (&self.inner.schedule, self.inner.clock.now());
        let outcome = attempt.outcome;
        if outcome.is_success() {
            return Settlement::new(attempt, Next::Delivered);
        }
        let health = claim.endpoint.health;
        let asked = retry_after.map(|pause| later(now, pause.min(LONGEST_REST)));
        let retry = schedule.next(attempt.number, now, &*self.inner.chance);
        // Standard Webhooks: 429, 502 and 504 are to be answered by fewer requests. Any other status is about this event.
        let is_overloaded = match outcome {
            AttemptOutcome::Answered(status) => matches!(status, 429 | 502..=504),
            AttemptOutcome::Failed(_) => true,
        };
        let rest = is_overloaded.then(|| later(now, schedule.rest(health.failures.saturating_add(1))));
        let disable = if outcome == AttemptOutcome::Answered(410) {
            Some(EndpointState::Gone)
        } else {
            let since = health.failing_since.unwrap_or(attempt.at);
            schedule
                .has_failed_for_long(since, now)
                .then_some(EndpointState::Failing)
        };
        let next = retry.map_or(Next::Dead, |at| Next::Retry(asked.map_or(at, |asked| at.max(asked))));
        Settlement::new(attempt, next)
            .with_rest(if is_overloaded { rest.max(asked) } else { None })
            .with_disable(disable)
    }
}

impl Tried {
    fn failed(kind: FailureKind) -> Self {
        Self {
            outcome: AttemptOutcome::Failed(kind),
            retry_after: None,
        }
    }
}

impl Sent {
    fn of(next: Next, is_ours: bool) -> Self {
        let mut sent = Self::default();
        let count = match next {
            _ if !is_ours => &mut sent.late,
            Next::Dead => &mut sent.dead,
            Next::Delivered => &mut sent.delivered,
            Next::Retry(_) => &mut sent.failed,
        };
        *count = 1;
        sent
    }

    /// The counts of two together.
    pub fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.dead += other.dead;
        self.late += other.late;
    }

    /// How many were tried.
    pub fn tried(&self) -> u64 {
        self.delivered + self.failed + self.dead + self.late
    }
}
