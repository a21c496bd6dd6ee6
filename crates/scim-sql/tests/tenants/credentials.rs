//! Tokens in a database.

use std::sync::Arc;

use chrono::TimeDelta;
use scim_conformance::check_credentials;
use scim_core::TenantId;
use scim_http::{CredentialError, Credentials, Mint};
use scim_store::{Clock, Expiry, Replaces, SystemClock};
use tokio::task::JoinSet;

use crate::support::{Base, Store};

fn credentials(store: &Store) -> Credentials {
    Credentials::new("acme", store.credentials()).unwrap()
}

fn tenant() -> TenantId {
    "org1".into()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_keep_the_contract() {
    for base in Base::all() {
        let store = base.open().await;
        let report = check_credentials(&store.credentials()).await;
        assert!(report.outcomes().count() > 10);
        assert!(report.is_clean(), "{report}");
        // As they do when there is something already.
        let shared = Arc::new(base.open().await.credentials());
        let report = check_credentials(&shared).await;
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_revokes_is_dead_in_another_at_once() {
    for base in Base::all() {
        let (one, two) = (credentials(&base.open().await), credentials(&base.open().await));
        let now = SystemClock.now();
        for _ in 0..20 {
            let minted = one.mint(&tenant(), Mint::new("Okta", Expiry::Never)).await.unwrap();
            let (id, token) = (&minted.credential.id, minted.token.expose());
            let verified = two.verify(token, now).await.unwrap().unwrap();
            assert_eq!((&verified.id, verified.tenant), (id, tenant()));
            one.revoke(&tenant(), id).await.unwrap();
            assert!(two.verify(token, now).await.unwrap().is_none());
        }
        // And stays so behind a restart.
        assert!(two.list(&tenant()).await.unwrap().iter().all(|kept| !kept.is_live(now)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_replace_all_tokens_at_once_one_has_a_live_one() {
    for base in Base::all() {
        let stores = [base.open().await, base.open().await];
        let mut minting = JoinSet::new();
        for number in 0..16 {
            let credentials = credentials(&stores[number % 2]);
            minting.spawn(async move {
                let overlap = TimeDelta::zero();
                let mint = Mint::new("again", Expiry::Never).replacing(Replaces::All { overlap });
                credentials.mint(&tenant(), mint).await.unwrap()
            });
        }
        let minted = minting.join_all().await;
        let mut live = 0;
        for minted in &minted {
            let verified = credentials(&stores[0])
                .verify(minted.token.expose(), SystemClock.now())
                .await;
            live += usize::from(verified.unwrap().is_some());
        }
        assert_eq!((minted.len(), live), (16, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_rotate_one_token_one_does() {
    for base in Base::all() {
        let store = base.open().await;
        let first = credentials(&store)
            .mint(&tenant(), Mint::new("first", Expiry::Never))
            .await
            .unwrap();
        let mut rotating = JoinSet::new();
        for _ in 0..8 {
            let (credentials, id) = (credentials(&store), first.credential.id.clone());
            let hour = TimeDelta::hours(1);
            rotating.spawn(async move { credentials.rotate(&tenant(), &id, Expiry::Never, hour).await });
        }
        let (done, refused): (Vec<_>, Vec<_>) = rotating.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 7));
        let is_not_found = |result: &Result<_, _>| matches!(result, Err(CredentialError::NotFound));
        assert!(refused.iter().all(is_not_found));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_no_token() {
    for base in Base::all() {
        let store = base.open().await;
        let minted = credentials(&store)
            .mint(&tenant(), Mint::new("the name of it", Expiry::Never))
            .await
            .unwrap();
        let token = minted.token.expose();
        credentials(&store)
            .verify(token, SystemClock.now())
            .await
            .unwrap()
            .unwrap();
        let bytes = base.bytes(&store).await;
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        // What is looked for would be found.
        assert!(holds("the name of it") && holds(minted.credential.id.as_str()));
        // Behind the identifier: the random part and the checksum.
        let (_, secret) = token.split_at(token.len() - 49);
        assert!(secret.len() > 40 && !holds(secret) && !holds(secret.split_at(20).0));
        assert!(!format!("{:?}{:?}", store.credentials(), credentials(&store)).contains(secret));
    }
}
