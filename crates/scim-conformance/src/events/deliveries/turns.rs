//! Turns: what is due when, and to whom.

use scim_events::{Claiming, DeliveryState, Next};

use super::side::{Side, at, sequences};
use crate::events::{Check, text};

pub(super) async fn resources_are_delivered_in_order_and_side_by_side(side: &Side<'_>) -> Check {
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

pub(super) async fn what_was_taken_in_is_not_taken_in_again(side: &Side<'_>) -> Check {
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

pub(super) async fn a_claim_is_for_one_and_ends_by_itself(side: &Side<'_>) -> Check {
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

pub(super) async fn what_failed_is_tried_later(side: &Side<'_>) -> Check {
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

pub(super) async fn claims_have_their_bounds(side: &Side<'_>) -> Check {
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
