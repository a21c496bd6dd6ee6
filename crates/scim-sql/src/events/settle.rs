//! What becomes of what was claimed.

use scim_events::{Attempt, AttemptOutcome, Bounds, Claim, EndpointState, Next, Settlement};

use super::{
    Place,
    deliveries::{bury, forget},
    int, log, millis,
};
use crate::{database::Task, error::Failure, session::Session};

pub(super) struct Settle {
    pub(super) claim: Claim,
    pub(super) settlement: Settlement,
    pub(super) bounds: Bounds,
}

impl Task for Settle {
    type Answer = bool;

    async fn run<S: Session>(&self, session: &mut S) -> Result<bool, Failure> {
        let delivery = &self.claim.delivery;
        let place = Place::new(&delivery.tenant, &delivery.endpoint);
        let Some((_, tries)) = place.lock(session).await? else {
            return Ok(false);
        };
        let number = tries + 1;
        if !self.settle(session, &place, number).await? {
            return Ok(false);
        }
        if !matches!(self.settlement.next, Next::Retry(_)) {
            let turn = "UPDATE {s}scim_delivery SET due = ?4 WHERE tenant = ?1 AND endpoint = ?2 AND sequence = \
                        (SELECT MIN(o.sequence) FROM {s}scim_delivery o WHERE o.tenant = ?1 AND o.endpoint = ?2 \
                        AND o.resource = ?3 AND NOT o.dead)";
            let now = millis(Some(self.settlement.attempt.at));
            place
                .run(session, turn, [delivery.resource.as_str().into(), now])
                .await?;
        }
        self.note(session, &place).await?;
        let Bounds {
            attempts, delivered, ..
        } = self.bounds;
        log::append(session, &place, &self.settlement.attempt, number, attempts).await?;
        forget(session, &place, log::before(number, delivered)).await?;
        if self.settlement.next == Next::Dead {
            bury(session, &place, self.bounds.dead_letters).await?;
        }
        Ok(true)
    }
}

impl Settle {
    /// Keeps what becomes of the delivery with the try of this number, if the claim stands.
    async fn settle<S: Session>(&self, session: &mut S, place: &Place, number: i64) -> Result<bool, Failure> {
        let own = "WHERE tenant = ?1 AND endpoint = ?2 AND sequence = ?3 AND claims = ?4 AND NOT dead";
        let keys = [int(self.claim.delivery.sequence), int(self.claim.token)];
        // A claim is settled once.
        let failed = "UPDATE {s}scim_delivery SET attempts = attempts + 1, claims = claims + 1,";
        let touched = match self.settlement.next {
            Next::Delivered => {
                let arrived = "UPDATE {s}scim_delivery SET claims = claims + 1, due = NULL, dead = ?5, delivered = ?6";
                let text = format!("{arrived} {own}");
                let values = keys.into_iter().chain([true.into(), number.into()]);
                place.run(session, &text, values.collect::<Vec<_>>()).await?
            }
            Next::Retry(at) => {
                let text = format!("{failed} due = ?5 {own}");
                let values = keys.into_iter().chain([millis(Some(at))]);
                place.run(session, &text, values.collect::<Vec<_>>()).await?
            }
            Next::Dead => {
                let text = format!("{failed} due = NULL, dead = ?5 {own}");
                let values = keys.into_iter().chain([true.into()]);
                place.run(session, &text, values.collect::<Vec<_>>()).await?
            }
        };
        Ok(touched > 0)
    }

    /// Writes down what the try says about the endpoint.
    async fn note<S: Session>(&self, session: &mut S, place: &Place) -> Result<(), Failure> {
        let Attempt { at, outcome, .. } = &self.settlement.attempt;
        if AttemptOutcome::is_success(*outcome) {
            let text = "UPDATE {s}scim_endpoint SET tries = tries + 1, failing_since = 0, failures = 0, \
                        resting_until = 0 WHERE tenant = ?1 AND id = ?2";
            place.run(session, text, []).await?;
        } else {
            let text = "UPDATE {s}scim_endpoint SET tries = tries + 1, failures = failures + 1, \
                        failing_since = CASE WHEN failing_since = 0 THEN ?3 ELSE failing_since END, \
                        resting_until = {greatest}(resting_until, ?4) WHERE tenant = ?1 AND id = ?2";
            let others = [millis(Some(*at)), millis(self.settlement.rest_until)];
            place.run(session, text, others).await?;
        }
        if let Some(state) = self.settlement.disable {
            let text = "UPDATE {s}scim_endpoint SET state = ?3, revision = revision + 1 \
                        WHERE tenant = ?1 AND id = ?2 AND state = ?4";
            let others = [state.as_str().into(), EndpointState::On.as_str().into()];
            place.run(session, text, others).await?;
        }
        Ok(())
    }
}
