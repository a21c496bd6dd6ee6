//! The contract of [`DeliveryStore`], point by point.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_events::{
    Attempt, AttemptOutcome, Bounds, Claim, Claiming, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId,
    EndpointSettings, EndpointState, EndpointUrl, EventId, EventType, FailureKind, Health, Next, Settlement,
};
use scim_store::{IdSource as _, RandomIds, StoreError};

use super::{Check, tenant, text};
use crate::{FileReport, Report, store::outcome};

/// Holds a store against the contract of [`DeliveryStore`].
///
/// Each check works in a tenant of a new random name. Nothing of other tenants may be due meanwhile, as it would be claimed.
/// What only shows where several calls are at work at once is not checked.
///
/// ```
/// use scim_conformance::{block_on, events::check_deliveries};
/// use scim_events::MemoryDeliveries;
///
/// let report = block_on(check_deliveries(&MemoryDeliveries::new()));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_deliveries(store: &dyn DeliveryStore) -> Report {
    let mut outcomes = Vec::new();
    macro_rules! check {
        ($($name:ident),+ $(,)?) => {
            $(
                let side = Side::new(store);
                outcomes.push(outcome(stringify!($name), $name(&side).await));
                side.clean().await;
            )+
        };
    }
    check![
        endpoints_are_kept_as_they_were,
        an_endpoint_is_changed_by_one_at_a_time,
        resources_are_delivered_in_order_and_side_by_side,
        what_was_taken_in_is_not_taken_in_again,
        a_claim_is_for_one_and_ends_by_itself,
        what_failed_is_tried_later,
        dead_letters_let_others_pass_and_can_be_sent_again,
        dead_letters_end_with_the_oldest,
        health_is_counted_and_cleared,
        an_endpoint_that_rests_or_is_off_gets_nothing,
        tries_are_logged_and_the_log_has_an_end,
        claims_have_their_bounds,
        what_is_removed_is_gone,
        tenants_are_apart,
    ];
    let file = "deliveries".to_owned();
    Report {
        files: vec![FileReport { file, outcomes }],
    }
}

/// A tenant of a store.
struct Side<'a> {
    store: &'a dyn DeliveryStore,
    tenant: TenantId,
}

impl<'a> Side<'a> {
    fn new(store: &'a dyn DeliveryStore) -> Self {
        let tenant = tenant();
        Self { store, tenant }
    }

    async fn add(&self) -> Result<Endpoint, String> {
        let url = EndpointUrl::parse("https://example.com/hook?token=1").map_err(text)?;
        let settings = EndpointSettings::new(url).map_err(text)?;
        let id = EndpointId::new(RandomIds.next().as_str());
        let mut endpoint = Endpoint::new(self.tenant.clone(), id, settings, at(0));
        endpoint.revision = self.store.put_endpoint(&endpoint).await.map_err(text)?;
        Ok(endpoint)
    }

    fn delivery(&self, endpoint: &Endpoint, sequence: u64, resource: &str) -> Delivery {
        Delivery::new(
            self.tenant.clone(),
            endpoint.id.clone(),
            sequence,
            EventId::new(format!("evt_{sequence}")),
            EventType::new("user.updated"),
            resource.to_owned(),
            format!("{{\"n\":{sequence},\"é\":\"'\"}}"),
            at(0),
        )
    }

    async fn enqueue(&self, endpoint: &Endpoint, deliveries: &[(u64, &str)]) -> Check {
        let deliveries = deliveries
            .iter()
            .map(|(sequence, resource)| self.delivery(endpoint, *sequence, resource));
        let deliveries: Vec<Delivery> = deliveries.collect();
        let taken = self.store.enqueue(&self.tenant, &endpoint.id, &deliveries, 100);
        taken.await.map_err(text)
    }

    /// Claims all that is due, for ten seconds.
    async fn claim(&self, now: DateTime<Utc>) -> Result<Vec<Claim>, String> {
        self.claim_by(&Claiming::new(now, now + TimeDelta::seconds(10))).await
    }

    async fn claim_by(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>, String> {
        let claims = self.store.claim(claiming).await.map_err(text)?;
        let own = claims.into_iter().filter(|claim| claim.delivery.tenant == self.tenant);
        Ok(own.collect())
    }

    /// The one claim that is expected.
    async fn claim_one(&self, now: DateTime<Utc>, sequence: u64) -> Result<Claim, String> {
        let claims = self.claim(now).await?;
        ensure!(
            sequences(&claims) == [sequence],
            "{:?} were claimed, and {sequence} should be",
            sequences(&claims)
        );
        claims.into_iter().next().ok_or_else(String::new)
    }

    async fn settle(&self, claim: &Claim, now: DateTime<Utc>, status: u16, next: Next) -> Result<bool, String> {
        self.settle_by(claim, &settlement(claim, now, status, next)).await
    }

    async fn settle_by(&self, claim: &Claim, settlement: &Settlement) -> Result<bool, String> {
        let settled = self.store.settle(claim, settlement, Bounds::new(3, 4)).await;
        settled.map_err(text)
    }

    async fn deliveries(&self, endpoint: &Endpoint, state: DeliveryState) -> Result<Vec<Delivery>, String> {
        let found = self.store.deliveries(&self.tenant, &endpoint.id, state, 0, 100);
        found.await.map_err(text)
    }

    async fn numbers(&self, endpoint: &Endpoint, state: DeliveryState) -> Result<Vec<u64>, String> {
        let found = self.deliveries(endpoint, state).await?;
        Ok(found.iter().map(|delivery| delivery.sequence).collect())
    }

    async fn endpoint(&self, endpoint: &Endpoint) -> Result<Endpoint, String> {
        self.store.endpoint(&self.tenant, &endpoint.id).await.map_err(text)
    }

    async fn clean(&self) {
        for endpoint in self.store.endpoints(&self.tenant).await.unwrap_or_default() {
            let _ = self.store.remove_endpoint(&self.tenant, &endpoint.id).await;
        }
    }
}

async fn endpoints_are_kept_as_they_were(side: &Side<'_>) -> Check {
    let (one, two) = (side.add().await?, side.add().await?);
    ensure!(one.revision == 1, "the first revision is {}", one.revision);
    let mut changed = one.clone();
    changed.state = EndpointState::Off;
    changed.settings.url = EndpointUrl::parse("https://example.com/other").map_err(text)?;
    let revision = side.store.put_endpoint(&changed).await.map_err(text)?;
    ensure!(revision == 2, "the second revision is {revision}");
    changed.revision = 2;
    let found = side.store.endpoints(&side.tenant).await.map_err(text)?;
    ensure!(found.len() == 2, "{} endpoints are there, and 2 should be", found.len());
    for endpoint in [&changed, &two] {
        let found = side.endpoint(endpoint).await?;
        let is_same = found.tenant == endpoint.tenant
            && found.id == endpoint.id
            && found.settings.to_text() == endpoint.settings.to_text()
            && found.state == endpoint.state
            && found.health == Health::default()
            && found.created == endpoint.created
            && found.revision == endpoint.revision;
        ensure!(is_same, "{found:?} was kept as {endpoint:?}");
    }
    Ok(())
}

async fn an_endpoint_is_changed_by_one_at_a_time(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.store.put_endpoint(&endpoint).await.map_err(text)?;
    let late = side.store.put_endpoint(&endpoint).await;
    ensure!(
        matches!(late, Err(StoreError::Precondition)),
        "a change of an old revision is {late:?}"
    );
    let mut unknown = endpoint.clone();
    unknown.id = EndpointId::new(RandomIds.next().as_str());
    let unknown = side.store.put_endpoint(&unknown).await;
    ensure!(
        matches!(unknown, Err(StoreError::NotFound)),
        "a change of an endpoint that is not there is {unknown:?}"
    );
    Ok(())
}

async fn resources_are_delivered_in_order_and_side_by_side(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "b"), (3, "a"), (5, "a"), (6, "c")])
        .await?;
    let claims = side.claim(at(0)).await?;
    ensure!(
        sequences(&claims) == [1, 2, 6],
        "the first of each resource are {:?}",
        sequences(&claims)
    );
    for claim in &claims {
        let expected = side.delivery(&endpoint, claim.delivery.sequence, &claim.delivery.resource);
        ensure!(
            claim.delivery == expected,
            "{:?} was kept as {expected:?}",
            claim.delivery
        );
        ensure!(claim.delivery.body == expected.body, "the body is another one");
        ensure!(
            claim.endpoint.settings.to_text() == endpoint.settings.to_text(),
            "the endpoint of a claim is another one"
        );
    }
    ensure!(
        side.claim(at(1)).await?.is_empty(),
        "others pass while one is under way"
    );
    // One that comes while another is under way waits too.
    side.enqueue(&endpoint, &[(7, "a"), (8, "c")]).await?;
    ensure!(
        side.claim(at(1)).await?.is_empty(),
        "a new one passes one that is under way"
    );
    for (claim, next) in claims.iter().zip([Some(3), None, Some(8)]) {
        ensure!(
            side.settle(claim, at(1), 200, Next::Delivered).await?,
            "the claim does not hold"
        );
        let found = sequences(&side.claim(at(1)).await?);
        ensure!(
            found == next.into_iter().collect::<Vec<_>>(),
            "behind {} come {found:?}",
            claim.delivery.sequence
        );
    }
    let waiting = side.numbers(&endpoint, DeliveryState::Waiting).await?;
    ensure!(waiting == [3, 5, 7, 8], "{waiting:?} wait");
    Ok(())
}

async fn what_was_taken_in_is_not_taken_in_again(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (4, "b")]).await?;
    for claim in side.claim(at(0)).await? {
        side.settle(&claim, at(0), 204, Next::Delivered).await?;
    }
    side.enqueue(&endpoint, &[(1, "a"), (4, "b"), (5, "b")]).await?;
    side.enqueue(&endpoint, &[(5, "b")]).await?;
    let waiting = side.numbers(&endpoint, DeliveryState::Waiting).await?;
    ensure!(waiting == [5], "{waiting:?} wait");
    Ok(())
}

async fn a_claim_is_for_one_and_ends_by_itself(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a")]).await?;
    let first = side.claim_one(at(0), 1).await?;
    ensure!(side.claim(at(9)).await?.is_empty(), "it is claimed twice");
    let second = side.claim_one(at(10), 1).await?;
    ensure!(
        !side.settle(&first, at(11), 200, Next::Delivered).await?,
        "a claim that ended still holds"
    );
    let waiting = side.numbers(&endpoint, DeliveryState::Waiting).await?;
    ensure!(waiting == [1], "a claim that ended takes the delivery away");
    let log = side.store.attempts(&side.tenant, &endpoint.id, 9).await.map_err(text)?;
    ensure!(log.is_empty(), "a claim that ended is in the log");
    ensure!(
        side.settle(&second, at(11), 200, Next::Delivered).await?,
        "the claim does not hold"
    );
    ensure!(
        !side.settle(&second, at(11), 200, Next::Delivered).await?,
        "a claim is settled twice"
    );
    Ok(())
}

async fn what_failed_is_tried_later(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "a")]).await?;
    let claim = side.claim_one(at(0), 1).await?;
    side.settle(&claim, at(1), 500, Next::Retry(at(60))).await?;
    ensure!(
        !side.settle(&claim, at(1), 200, Next::Delivered).await?,
        "a claim that was settled still holds"
    );
    ensure!(side.claim(at(59)).await?.is_empty(), "it is tried too early, or passed");
    let claim = side.claim_one(at(60), 1).await?;
    ensure!(
        claim.delivery.attempts == 1,
        "{} tries are counted, and 1 has failed",
        claim.delivery.attempts
    );
    side.settle(&claim, at(61), 200, Next::Delivered).await?;
    side.claim_one(at(61), 2).await?;
    Ok(())
}

async fn dead_letters_let_others_pass_and_can_be_sent_again(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "a"), (3, "a")]).await?;
    let claim = side.claim_one(at(0), 1).await?;
    side.settle(&claim, at(0), 400, Next::Dead).await?;
    let dead = side.deliveries(&endpoint, DeliveryState::Dead).await?;
    let is_dead = matches!(&*dead, [one] if one.sequence == 1 && one.attempts == 1 && one.state == DeliveryState::Dead);
    ensure!(is_dead, "{dead:?} are dead");
    let second = side.claim_one(at(0), 2).await?;
    // What is sent again does not go beside what is under way.
    let resend = async |sequences, now| {
        let count = side.store.resend(&side.tenant, &endpoint.id, sequences, now);
        count.await.map_err(text)
    };
    ensure!(
        resend(Some(&[2, 7]), at(1)).await? == 0,
        "what is not dead is sent again"
    );
    ensure!(resend(Some(&[1, 7]), at(1)).await? == 1, "it is not sent again");
    ensure!(side.claim(at(1)).await?.is_empty(), "two of one resource are under way");
    side.settle(&second, at(1), 400, Next::Dead).await?;
    let first = side.claim_one(at(1), 1).await?;
    ensure!(first.delivery.attempts == 0, "tries are counted from before");
    side.settle(&first, at(1), 200, Next::Delivered).await?;
    let third = side.claim_one(at(1), 3).await?;
    side.settle(&third, at(1), 200, Next::Delivered).await?;
    ensure!(resend(None, at(2)).await? == 1, "not all are sent again");
    side.claim_one(at(2), 2).await?;
    Ok(())
}

async fn dead_letters_end_with_the_oldest(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    let dead = (1..=6).map(|sequence| {
        let delivery = side.delivery(&endpoint, sequence, "a");
        delivery.with_state(DeliveryState::Dead, 0)
    });
    let dead: Vec<Delivery> = dead.collect();
    let taken = side.store.enqueue(&side.tenant, &endpoint.id, &dead, 4);
    taken.await.map_err(text)?;
    let kept = side.numbers(&endpoint, DeliveryState::Dead).await?;
    ensure!(kept == [3, 4, 5, 6], "{kept:?} are dead, and the last 4 should be");
    ensure!(side.claim(at(0)).await?.is_empty(), "what came dead is due");
    side.enqueue(&endpoint, &[(7, "a")]).await?;
    let claim = side.claim_one(at(0), 7).await?;
    // Three are kept by each settlement here.
    side.settle(&claim, at(0), 400, Next::Dead).await?;
    let kept = side.numbers(&endpoint, DeliveryState::Dead).await?;
    ensure!(kept == [5, 6, 7], "{kept:?} are dead, and the last 3 should be");
    let found = side
        .store
        .deliveries(&side.tenant, &endpoint.id, DeliveryState::Dead, 5, 1);
    let found = found.await.map_err(text)?;
    ensure!(
        found.iter().map(|delivery| delivery.sequence).eq([6]),
        "a page of dead letters is {found:?}"
    );
    Ok(())
}

async fn health_is_counted_and_cleared(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "b")]).await?;
    let claims = side.claim(at(0)).await?;
    let [one, two] = &*claims else {
        return Err("two should be due".to_owned());
    };
    let failed = settlement(one, at(1), 503, Next::Retry(at(1))).with_rest(Some(at(8)));
    side.settle_by(one, &failed).await?;
    let failed = settlement(two, at(2), 500, Next::Retry(at(2)));
    side.settle_by(two, &failed).await?;
    let health = side.endpoint(&endpoint).await?.health;
    let expected = Health::new(Some(at(1)), 2, Some(at(8)));
    ensure!(health == expected, "health is {health:?}, and should be {expected:?}");
    // A change of settings leaves it alone.
    let changed = side.endpoint(&endpoint).await?;
    side.store.put_endpoint(&changed).await.map_err(text)?;
    let kept = side.endpoint(&endpoint).await?.health;
    ensure!(kept == expected, "a change of settings makes health {kept:?}");
    let claims = side.claim(at(8)).await?;
    let one = claims.first().ok_or("it rests for too long")?;
    side.settle(one, at(9), 200, Next::Delivered).await?;
    let health = side.endpoint(&endpoint).await?.health;
    ensure!(health == Health::default(), "behind a success health is {health:?}");
    Ok(())
}

async fn an_endpoint_that_rests_or_is_off_gets_nothing(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "b")]).await?;
    let claims = side.claim(at(0)).await?;
    let [one, two] = &*claims else {
        return Err("two should be due".to_owned());
    };
    let failed = settlement(one, at(1), 503, Next::Retry(at(1))).with_rest(Some(at(8)));
    side.settle_by(one, &failed).await?;
    ensure!(
        side.claim(at(7)).await?.is_empty(),
        "an endpoint that rests gets something"
    );
    let failed = settlement(two, at(2), 410, Next::Retry(at(2))).with_disable(Some(EndpointState::Gone));
    side.settle_by(two, &failed).await?;
    let mut found = side.endpoint(&endpoint).await?;
    ensure!(found.state == EndpointState::Gone, "it is {:?}", found.state);
    ensure!(found.revision == 2, "its revision is {}", found.revision);
    ensure!(
        side.claim(at(20)).await?.is_empty(),
        "an endpoint that is off gets something"
    );
    found.state = EndpointState::On;
    side.store.put_endpoint(&found).await.map_err(text)?;
    let health = side.endpoint(&endpoint).await?.health;
    ensure!(health == Health::default(), "switched on its health is {health:?}");
    let claimed = sequences(&side.claim(at(20)).await?);
    ensure!(claimed == [1, 2], "switched on it gets {claimed:?}");
    Ok(())
}

async fn tries_are_logged_and_the_log_has_an_end(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a")]).await?;
    let mut expected = Vec::new();
    for second in 0..6_u16 {
        let now = at(i64::from(second));
        let claim = side.claim_one(now, 1).await?;
        let outcome = match second {
            4 => AttemptOutcome::Failed(FailureKind::Timeout),
            _ => AttemptOutcome::Answered(500 + second),
        };
        let attempt = Attempt::new(&claim.delivery, now, Duration::from_millis(20), outcome);
        expected.insert(0, attempt.clone());
        let settlement = Settlement::new(attempt, Next::Retry(at(i64::from(second) + 1)));
        side.settle_by(&claim, &settlement).await?;
    }
    // Four are kept by each settlement here.
    expected.truncate(4);
    let log = side.store.attempts(&side.tenant, &endpoint.id, 9).await.map_err(text)?;
    ensure!(log == expected, "the log is {log:?}, and should be {expected:?}");
    let log = side.store.attempts(&side.tenant, &endpoint.id, 1).await.map_err(text)?;
    ensure!(log.iter().eq(expected.first()), "the last try is {log:?}");
    Ok(())
}

async fn claims_have_their_bounds(side: &Side<'_>) -> Check {
    let (one, two, three) = (side.add().await?, side.add().await?, side.add().await?);
    for endpoint in [&one, &two, &three] {
        side.enqueue(endpoint, &[(1, "a"), (2, "b"), (3, "c")]).await?;
    }
    let without = [two.id.clone()];
    let claiming = Claiming::new(at(0), at(10)).most(3, 2).without(&without);
    let claims = side.claim_by(&claiming).await?;
    ensure!(claims.len() == 3, "{} were claimed, and 3 should be", claims.len());
    for (endpoint, most) in [(&one, 2), (&two, 0), (&three, 2)] {
        let count = claims
            .iter()
            .filter(|claim| claim.delivery.endpoint == endpoint.id)
            .count();
        ensure!(
            count <= most,
            "{count} of an endpoint were claimed, at most {most} should be"
        );
    }
    let rest = side.claim(at(0)).await?;
    ensure!(rest.len() == 6, "{} are left, and 6 should be", rest.len());
    Ok(())
}

async fn what_is_removed_is_gone(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "b")]).await?;
    let claims = side.claim(at(0)).await?;
    let removed = side.store.remove_endpoint(&side.tenant, &endpoint.id).await;
    removed.map_err(text)?;
    side.enqueue(&endpoint, &[(3, "a")]).await?;
    for claim in &claims {
        let held = side.settle(claim, at(0), 200, Next::Delivered).await?;
        ensure!(!held, "a claim of an endpoint that is gone holds");
    }
    ensure!(side.claim(at(60)).await?.is_empty(), "it still gets something");
    let found = side.store.endpoint(&side.tenant, &endpoint.id).await;
    ensure!(matches!(found, Err(StoreError::NotFound)), "it is still there");
    let again = side.store.remove_endpoint(&side.tenant, &endpoint.id).await;
    ensure!(
        matches!(again, Err(StoreError::NotFound)),
        "removed again it is {again:?}"
    );
    Ok(())
}

async fn tenants_are_apart(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a")]).await?;
    let (store, other) = (side.store, Side::new(side.store));
    ensure!(
        store.endpoints(&other.tenant).await.map_err(text)?.is_empty(),
        "another tenant sees it"
    );
    let mut stolen = endpoint.clone();
    stolen.tenant = other.tenant.clone();
    let (tenant, id) = (&other.tenant, &endpoint.id);
    let outcomes = [
        store.endpoint(tenant, id).await.map(drop),
        store.attempts(tenant, id, 9).await.map(drop),
        store
            .deliveries(tenant, id, DeliveryState::Waiting, 0, 9)
            .await
            .map(drop),
        store.resend(tenant, id, None, at(0)).await.map(drop),
        store.put_endpoint(&stolen).await.map(drop),
        store.remove_endpoint(tenant, id).await,
    ];
    for (index, outcome) in outcomes.iter().enumerate() {
        ensure!(
            matches!(outcome, Err(StoreError::NotFound)),
            "another tenant's call {index} is {outcome:?}"
        );
    }
    let foreign = [side.delivery(&endpoint, 2, "b")];
    store.enqueue(tenant, id, &foreign, 9).await.map_err(text)?;
    let waiting = side.numbers(&endpoint, DeliveryState::Waiting).await?;
    ensure!(waiting == [1], "behind another tenant's calls {waiting:?} wait");
    Ok(())
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn settlement(claim: &Claim, now: DateTime<Utc>, status: u16, next: Next) -> Settlement {
    let outcome = AttemptOutcome::Answered(status);
    Settlement::new(Attempt::new(&claim.delivery, now, Duration::ZERO, outcome), next)
}

/// The numbers of claims, sorted.
fn sequences(claims: &[Claim]) -> Vec<u64> {
    let mut sequences: Vec<u64> = claims.iter().map(|claim| claim.delivery.sequence).collect();
    sequences.sort_unstable();
    sequences
}
