//! Endpoints: what is kept of them, their health, and whose they are.

use scim_events::{DeliveryState, EndpointId, EndpointState, EndpointUrl, Health, Next};
use scim_store::{IdSource as _, RandomIds, StoreError};

use super::side::{Side, at, sequences, settlement};
use crate::events::{Check, text};

pub(super) async fn endpoints_are_kept_as_they_were(side: &Side<'_>) -> Check {
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

pub(super) async fn an_endpoint_is_changed_by_one_at_a_time(side: &Side<'_>) -> Check {
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

pub(super) async fn health_is_counted_and_cleared(side: &Side<'_>) -> Check {
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

pub(super) async fn an_endpoint_that_rests_or_is_off_gets_nothing(side: &Side<'_>) -> Check {
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

pub(super) async fn what_is_removed_is_gone(side: &Side<'_>) -> Check {
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

pub(super) async fn tenants_are_apart(side: &Side<'_>) -> Check {
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
