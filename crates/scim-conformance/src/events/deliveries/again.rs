//! Sending again.

use scim_events::{Bounds, DeliveryState, Next, Resent};

use super::side::{Side, at, sequences, settlement};
use crate::events::{Check, text};

pub(super) async fn dead_letters_let_others_pass_and_can_be_sent_again(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "a"), (3, "a")]).await?;
    let claim = side.claim_one(at(0), 1).await?;
    side.settle(&claim, at(0), 400, Next::Dead).await?;
    let dead = side.deliveries(&endpoint, DeliveryState::Dead).await?;
    let is_dead = matches!(&*dead, [one] if one.sequence == 1 && one.attempts == 1 && one.state == DeliveryState::Dead);
    ensure!(is_dead, "{dead:?} are dead");
    let second = side.claim_one(at(0), 2).await?;
    let resent = side.resend(&endpoint, Some(&[2]), at(1)).await?;
    ensure!(
        resent == Resent::Again(0),
        "sending again what is under way is {resent:?}"
    );
    let resent = side.resend(&endpoint, Some(&[1, 7]), at(1)).await?;
    ensure!(
        resent == Resent::NotKept(7),
        "sending again what never was is {resent:?}"
    );
    let dead = side.numbers(&endpoint, DeliveryState::Dead).await?;
    ensure!(dead == [1], "behind a refusal {dead:?} are dead");
    let resent = side.resend(&endpoint, Some(&[1, 2, 1]), at(1)).await?;
    ensure!(resent == Resent::Again(1), "sending it again is {resent:?}");
    // It does not go beside what is under way.
    ensure!(side.claim(at(1)).await?.is_empty(), "two of one resource are under way");
    side.settle(&second, at(1), 400, Next::Dead).await?;
    let first = side.claim_one(at(1), 1).await?;
    ensure!(first.delivery.attempts == 0, "tries are counted from before");
    side.settle(&first, at(1), 200, Next::Delivered).await?;
    side.arrive(at(1), 3).await?;
    let resent = side.resend(&endpoint, None, at(2)).await?;
    ensure!(
        resent == Resent::Again(1),
        "sending all dead ones again, of which there is one, is {resent:?}"
    );
    side.claim_one(at(2), 2).await?;
    Ok(())
}

pub(super) async fn what_has_arrived_can_be_sent_again(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a")]).await?;
    let before = side.claim_one(at(0), 1).await?;
    side.settle(&before, at(0), 500, Next::Retry(at(1))).await?;
    side.arrive(at(1), 1).await?;
    let kept = side.deliveries(&endpoint, DeliveryState::Delivered).await?;
    let [one] = &*kept else {
        return Err(format!("{kept:?} have arrived, and 1 should be"));
    };
    ensure!(
        one.state == DeliveryState::Delivered && one.attempts == 1 && one.body == before.delivery.body,
        "it is kept as {one:?}"
    );
    for state in [DeliveryState::Dead, DeliveryState::Waiting] {
        let others = side.numbers(&endpoint, state).await?;
        ensure!(others.is_empty(), "{others:?} are {state:?} too");
    }
    ensure!(
        side.claim(at(60)).await?.is_empty(),
        "it is due again, and nobody wants it"
    );
    let resent = side.resend(&endpoint, None, at(60)).await?;
    ensure!(
        resent == Resent::Again(0),
        "sent again with all dead ones it is {resent:?}"
    );
    for count in [1, 0] {
        let resent = side.resend(&endpoint, Some(&[1]), at(60)).await?;
        ensure!(resent == Resent::Again(count), "sending it again is {resent:?}");
    }
    let kept = side.numbers(&endpoint, DeliveryState::Delivered).await?;
    ensure!(kept.is_empty(), "{kept:?} have arrived while they wait");
    let again = side.claim_one(at(60), 1).await?;
    let expected = side.delivery(&endpoint, 1, "a");
    ensure!(again.delivery == expected, "it goes again as {:?}", again.delivery);
    ensure!(again.delivery.body == expected.body, "the body is another one");
    ensure!(
        !side.settle(&before, at(60), 200, Next::Delivered).await?,
        "a claim from before it was sent again holds"
    );
    side.settle(&again, at(61), 200, Next::Delivered).await?;
    let log = side.attempts(&endpoint).await?;
    let tries: Vec<_> = log
        .iter()
        .map(|attempt| (attempt.number, attempt.outcome.is_success()))
        .collect();
    ensure!(
        tries == [(1, true), (2, true), (1, false)],
        "the log, latest first, is {log:?}"
    );
    let kept = side.numbers(&endpoint, DeliveryState::Delivered).await?;
    ensure!(kept == [1], "{kept:?} have arrived behind the second time");
    Ok(())
}

pub(super) async fn what_is_sent_again_takes_its_turn(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    side.enqueue(&endpoint, &[(1, "a"), (2, "a"), (3, "a"), (4, "b")])
        .await?;
    for claim in side.claim(at(0)).await? {
        side.settle(&claim, at(0), 200, Next::Delivered).await?;
    }
    let second = side.claim_one(at(0), 2).await?;
    let resent = side.resend(&endpoint, Some(&[1, 4]), at(1)).await?;
    ensure!(resent == Resent::Again(2), "sending two again is {resent:?}");
    // Nothing of `b` is under way.
    side.arrive(at(1), 4).await?;
    side.settle(&second, at(1), 500, Next::Retry(at(5))).await?;
    let early = sequences(&side.claim(at(4)).await?);
    ensure!(early.is_empty(), "{early:?} pass one that is tried again");
    side.arrive(at(5), 2).await?;
    side.arrive(at(5), 1).await?;
    side.arrive(at(5), 3).await?;
    // By their numbers, not in the order in which they are named.
    let resent = side.resend(&endpoint, Some(&[3, 1, 2]), at(6)).await?;
    ensure!(resent == Resent::Again(3), "sending three again is {resent:?}");
    for sequence in 1..=3 {
        side.arrive(at(6), sequence).await?;
    }
    ensure!(side.claim(at(60)).await?.is_empty(), "something goes once more");
    Ok(())
}

/// Five tries are kept by each settlement here, and three dead letters.
pub(super) async fn what_has_arrived_is_kept_for_so_many_tries(side: &Side<'_>) -> Check {
    let endpoint = side.add().await?;
    let all: Vec<(u64, &str)> = (1..=7).map(|sequence| (sequence, "a")).collect();
    side.enqueue(&endpoint, &all).await?;
    for sequence in 1..=6 {
        side.arrive(at(0), sequence).await?;
    }
    let resent = side.resend(&endpoint, Some(&[2, 1]), at(0)).await?;
    ensure!(
        resent == Resent::NotKept(1),
        "sending again what is not kept any more is {resent:?}"
    );
    let kept = side.numbers(&endpoint, DeliveryState::Delivered).await?;
    ensure!(kept == [2, 3, 4, 5, 6], "behind six tries {kept:?} are kept");
    side.resend(&endpoint, Some(&[2]), at(0)).await?;
    for (next, expected) in [(Next::Retry(at(1)), 3..=6), (Next::Dead, 4..=6)] {
        let claim = side.claim_one(at(1), 7).await?;
        side.settle(&claim, at(1), 500, next).await?;
        let kept = side.numbers(&endpoint, DeliveryState::Delivered).await?;
        let is_so = kept.iter().copied().eq(expected.clone());
        ensure!(is_so, "{kept:?} are kept, and {expected:?} should be");
    }
    let dead = side.numbers(&endpoint, DeliveryState::Dead).await?;
    ensure!(dead == [7], "{dead:?} are dead");
    let claim = side.claim_one(at(1), 2).await?;
    let settlement = settlement(&claim, at(1), 200, Next::Delivered);
    let nothing = Bounds::new(3, 4).keep_delivered(0);
    side.store.settle(&claim, &settlement, nothing).await.map_err(text)?;
    let kept = side.numbers(&endpoint, DeliveryState::Delivered).await?;
    ensure!(kept.is_empty(), "{kept:?} are kept, and nothing should be");
    let log = side.attempts(&endpoint).await?;
    ensure!(log.len() == 4, "the log has {} tries, and should have 4", log.len());
    Ok(())
}
