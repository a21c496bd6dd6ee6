//! What is kept of what is over.

use std::time::Duration;

use scim_events::{Attempt, AttemptOutcome, Delivery, DeliveryState, FailureKind, Next, Settlement};

use super::side::{Side, at};
use crate::events::{Check, text};

pub(super) async fn dead_letters_end_with_the_oldest(side: &Side<'_>) -> Check {
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

pub(super) async fn tries_are_logged_and_the_log_has_an_end(side: &Side<'_>) -> Check {
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
