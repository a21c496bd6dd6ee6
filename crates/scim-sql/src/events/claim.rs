//! Claims.

use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_events::{Claim, Claiming, DeliveryState, EndpointId};

use super::{
    Place, count,
    deliveries::{COLUMNS, delivery},
    endpoints::find,
    millis,
};
use crate::{database::Task, error::Failure, session::Session};

/// What is to be claimed, see [`Claiming`].
pub(super) struct ClaimDue {
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    most: usize,
    most_of_endpoint: usize,
    without: Vec<String>,
}

impl ClaimDue {
    pub(super) fn new(claiming: &Claiming<'_>) -> Self {
        Self {
            now: claiming.now,
            until: claiming.until,
            most: claiming.most,
            most_of_endpoint: claiming.most_of_endpoint,
            without: claiming.without.iter().map(|id| id.as_str().to_owned()).collect(),
        }
    }

    /// Endpoints that have something due, the longest due first.
    async fn places<S: Session>(&self, session: &mut S) -> Result<Vec<Place>, Failure> {
        let text = "SELECT c.tenant, c.id FROM (SELECT e.tenant, e.id, (SELECT MIN(d.due) FROM {s}scim_delivery d \
                    WHERE d.tenant = e.tenant AND d.endpoint = e.id AND d.due IS NOT NULL) AS due \
                    FROM {s}scim_endpoint e WHERE e.state = 'on' AND e.resting_until <= ?1 \
                    AND NOT (e.id {in 2})) AS c WHERE c.due <= ?1 ORDER BY c.due, c.id LIMIT ?3";
        let values = vec![millis(Some(self.now)), self.without.clone().into(), count(self.most)];
        let statement = session.statement(text, values);
        let rows = session.rows(&statement).await?;
        let places = rows.iter().map(|row| {
            let (tenant, endpoint) = (TenantId::new(row.text(0)?), EndpointId::new(row.text(1)?));
            Ok(Place { tenant, endpoint })
        });
        places.collect()
    }
}

impl Task for ClaimDue {
    type Answer = Vec<Claim>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let mut claims = Vec::new();
        for place in self.places(session).await? {
            let left = self.most.saturating_sub(claims.len()).min(self.most_of_endpoint);
            if left == 0 {
                break;
            }
            let endpoint = match find(session, &place).await {
                Ok(Some(endpoint)) => endpoint,
                Ok(None) => continue,
                // Nobody can send to one that is not readable. It rests, or it would be the first in line for ever.
                Err(Failure::Store(_)) => {
                    let rest = "UPDATE {s}scim_endpoint SET resting_until = ?3 WHERE tenant = ?1 AND id = ?2";
                    place.run(session, rest, [millis(Some(self.until))]).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            // Whoever else claims one of them meanwhile has moved its time.
            let text = format!(
                "UPDATE {{s}}scim_delivery SET due = ?5, claims = claims + 1 \
                 WHERE tenant = ?1 AND endpoint = ?2 AND due <= ?3 AND sequence IN (SELECT o.sequence \
                 FROM {{s}}scim_delivery o WHERE o.tenant = ?1 AND o.endpoint = ?2 AND o.due IS NOT NULL AND o.due <= ?3 \
                 ORDER BY o.due, o.sequence LIMIT ?4) RETURNING {COLUMNS}, claims"
            );
            let others = [millis(Some(self.now)), count(left), millis(Some(self.until))];
            let statement = session.statement(&text, place.values(others));
            for row in session.rows(&statement).await? {
                let delivery = delivery(&place, DeliveryState::Waiting, &row)?;
                claims.push(Claim::new(delivery, endpoint.clone(), row.int(7)?.unsigned_abs()));
            }
        }
        Ok(claims)
    }
}
