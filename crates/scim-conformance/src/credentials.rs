//! The contract of [`CredentialStore`], point by point.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::{
    Access, Credential, CredentialId, CredentialStore, Digest, Expiry, IdSource, RandomIds, Replaces, Result,
    RevealLink, StoreError,
};

use crate::{FileReport, Report, store::outcome};

type Check = std::result::Result<(), String>;

/// Holds a store against the contract of [`CredentialStore`].
///
/// Each check works in tenants of its own under new random names, so that the store need not be empty. What only shows where
/// several calls are at work at once is not checked.
///
/// ```
/// use scim_conformance::{block_on, check_credentials};
/// use scim_store::MemoryCredentials;
///
/// let report = block_on(check_credentials(&MemoryCredentials::new()));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_credentials(store: &dyn CredentialStore) -> Report {
    let mut file = FileReport {
        file: "credentials".to_owned(),
        outcomes: Vec::new(),
    };
    macro_rules! check {
        ($($name:ident),+ $(,)?) => {
            $(file.outcomes.push(outcome(stringify!($name), $name(&Side::new(store), &Side::new(store)).await));)+
        };
    }
    check![
        what_is_kept_is_found_as_it_was,
        an_identifier_is_taken_once,
        they_are_listed_oldest_first,
        ending_is_at_once_and_for_good,
        one_is_replaced_once,
        an_overlap_ends_by_itself,
        all_are_replaced_with_their_links,
        a_link_is_taken_once_and_in_its_time,
        a_failure_changes_nothing,
        uses_are_noted,
        tenants_are_apart,
    ];
    Report { files: vec![file] }
}

/// A tenant of a store.
struct Side<'a> {
    store: &'a dyn CredentialStore,
    tenant: TenantId,
}

impl<'a> Side<'a> {
    fn new(store: &'a dyn CredentialStore) -> Self {
        let tenant = TenantId::new(RandomIds.next().as_str());
        Self { store, tenant }
    }

    /// One that is not kept yet.
    fn fresh(&self, second: i64) -> Credential {
        let (id, digest) = (CredentialId::new(RandomIds.next().as_str()), Digest::new([7; 32]));
        let (tenant, name) = (self.tenant.clone(), Arc::from("a name, with ünicode"));
        let expiry = Expiry::At(at(1_000_000));
        Credential::new(id, tenant, name, Access::Read, expiry, at(second), digest)
    }

    async fn added(&self, second: i64) -> std::result::Result<Credential, String> {
        let credential = self.fresh(second);
        let added = self.store.add(&credential, &Replaces::Nothing, None).await;
        added.map(|()| credential).map_err(text)
    }

    async fn link(&self, second: i64, seconds: i64) -> std::result::Result<RevealLink, String> {
        let (id, digest) = (CredentialId::new(RandomIds.next().as_str()), Digest::new([8; 32]));
        let overlap = TimeDelta::seconds(60);
        let (replaces, expiry) = (Replaces::All { overlap }, Expiry::Never);
        let (tenant, name) = (self.tenant.clone(), Arc::from("link"));
        let (begin, end) = (at(second), at(second + seconds));
        let link = RevealLink::new(id, tenant, name, Access::Write, expiry, replaces, begin, end, digest);
        self.store.add_link(&link).await.map(|()| link).map_err(text)
    }

    async fn found(&self, id: &CredentialId) -> std::result::Result<Credential, String> {
        let found = self.store.find(id.as_str()).await.map_err(text)?;
        found.ok_or_else(|| "it is not found".to_owned())
    }

    async fn is_live(&self, id: &CredentialId, second: i64) -> std::result::Result<bool, String> {
        Ok(self.found(id).await?.is_live(at(second)))
    }

    async fn has_link(&self, id: &CredentialId) -> std::result::Result<bool, String> {
        self.store
            .find_link(id.as_str())
            .await
            .map(|found| found.is_some())
            .map_err(text)
    }

    async fn listed(&self) -> std::result::Result<Vec<CredentialId>, String> {
        let listed = self.store.list(&self.tenant).await.map_err(text)?;
        Ok(listed.into_iter().map(|credential| credential.id).collect())
    }
}

async fn what_is_kept_is_found_as_it_was(one: &Side<'_>, _: &Side<'_>) -> Check {
    let kept = one.added(0).await?;
    let found = one.found(&kept.id).await?;
    ensure!(format!("{found:?}") == format!("{kept:?}"), "it is found as {found:?}");
    ensure!(
        found.digest.as_bytes() == kept.digest.as_bytes(),
        "its digest is another one"
    );
    let mut forever = one.fresh(1);
    forever.expiry = Expiry::Never;
    forever.access = Access::Write;
    one.store.add(&forever, &Replaces::Nothing, None).await.map_err(text)?;
    let found = one.found(&forever.id).await?;
    ensure!(
        format!("{found:?}") == format!("{forever:?}"),
        "it is found as {found:?}"
    );
    let link = one.link(0, 60).await?;
    let found = one.store.find_link(link.id.as_str()).await.map_err(text)?;
    ensure!(
        format!("{found:?}") == format!("{:?}", Some(&link)),
        "the link is found as {found:?}"
    );
    let found = found.map(|found| *found.digest.as_bytes());
    ensure!(
        found == Some(*link.digest.as_bytes()),
        "the link's digest is another one"
    );
    let nobody = one.store.find("nobody").await.map_err(text)?;
    ensure!(
        nobody.is_none() && !one.has_link(&kept.id).await?,
        "what is not there is found"
    );
    Ok(())
}

async fn an_identifier_is_taken_once(one: &Side<'_>, two: &Side<'_>) -> Check {
    let kept = one.added(0).await?;
    let mut other = two.fresh(1);
    other.id = kept.id.clone();
    let again = two.store.add(&other, &Replaces::Nothing, None).await;
    ensure!(matches!(again, Err(StoreError::Uniqueness { .. })), "it is taken twice");
    ensure!(one.found(&kept.id).await?.tenant == one.tenant, "it was overwritten");
    Ok(())
}

async fn they_are_listed_oldest_first(one: &Side<'_>, _: &Side<'_>) -> Check {
    let (last, first) = (one.added(20).await?.id, one.added(10).await?.id);
    one.store.end(&one.tenant, Some(&first), at(30)).await.map_err(text)?;
    ensure!(
        one.listed().await? == [first, last],
        "the list is not that of all, oldest first"
    );
    Ok(())
}

async fn ending_is_at_once_and_for_good(one: &Side<'_>, _: &Side<'_>) -> Check {
    let (kept, other) = (one.added(0).await?.id, one.added(0).await?.id);
    one.store.end(&one.tenant, Some(&kept), at(10)).await.map_err(text)?;
    let ended = one.found(&kept).await?;
    ensure!(
        !ended.is_live(at(10)) && !ended.is_live(at(0)),
        "it lives, or would if a clock went back"
    );
    ensure!(ended.ends == Some(at(10)), "it does not tell when it ended");
    one.store.end(&one.tenant, Some(&kept), at(20)).await.map_err(text)?;
    ensure!(one.found(&kept).await?.ends == Some(at(10)), "it ended twice");
    ensure!(one.is_live(&other, 20).await?, "another one has ended too");
    let link = one.link(0, 60).await?.id;
    one.store.end(&one.tenant, Some(&link), at(20)).await.map_err(text)?;
    ensure!(!one.has_link(&link).await?, "the link is still there");
    let link = one.link(0, 60).await?.id;
    one.store.end(&one.tenant, None, at(20)).await.map_err(text)?;
    ensure!(
        !one.is_live(&other, 0).await? && !one.has_link(&link).await?,
        "not all have ended"
    );
    let nobody = one
        .store
        .end(&one.tenant, Some(&CredentialId::new("nobody")), at(20))
        .await;
    ensure!(is_not_found(&nobody), "what is not there was ended");
    Ok(())
}

async fn one_is_replaced_once(one: &Side<'_>, _: &Side<'_>) -> Check {
    for seconds in [0, 60] {
        let old = one.added(0).await?.id;
        let replaces = Replaces::One {
            id: old.clone(),
            overlap: TimeDelta::seconds(seconds),
        };
        one.store.add(&one.fresh(10), &replaces, None).await.map_err(text)?;
        let again = one.store.add(&one.fresh(11), &replaces, None).await;
        ensure!(
            is_not_found(&again),
            "it was replaced twice, with an overlap of {seconds} s"
        );
    }
    let over = one.added(0).await?.id;
    let replaces = Replaces::One {
        id: over,
        overlap: TimeDelta::zero(),
    };
    let late = one.store.add(&one.fresh(1_000_000), &replaces, None).await;
    ensure!(is_not_found(&late), "one that had expired was replaced");
    Ok(())
}

async fn an_overlap_ends_by_itself(one: &Side<'_>, _: &Side<'_>) -> Check {
    let old = one.added(0).await?.id;
    let replaces = Replaces::One {
        id: old.clone(),
        overlap: TimeDelta::seconds(60),
    };
    one.store.add(&one.fresh(10), &replaces, None).await.map_err(text)?;
    ensure!(
        one.is_live(&old, 69).await? && !one.is_live(&old, 70).await?,
        "the overlap is not that of 60 s"
    );
    Ok(())
}

async fn all_are_replaced_with_their_links(one: &Side<'_>, two: &Side<'_>) -> Check {
    let (first, second, theirs) = (one.added(0).await?.id, one.added(0).await?.id, two.added(0).await?.id);
    let (link, their_link) = (one.link(0, 600).await?.id, two.link(0, 600).await?.id);
    let all = |seconds| Replaces::All {
        overlap: TimeDelta::seconds(seconds),
    };
    let third = one.fresh(10);
    one.store.add(&third, &all(60), None).await.map_err(text)?;
    ensure!(
        one.is_live(&first, 69).await? && !one.is_live(&second, 70).await?,
        "the overlap is not that of 60 s"
    );
    ensure!(!one.has_link(&link).await?, "a link is still there");
    let fourth = one.fresh(20);
    one.store.add(&fourth, &all(600), None).await.map_err(text)?;
    ensure!(!one.is_live(&first, 70).await?, "an end that was set has moved away");
    let fifth = one.fresh(30);
    one.store.add(&fifth, &all(0), None).await.map_err(text)?;
    for id in [&first, &third.id, &fourth.id] {
        ensure!(
            !one.is_live(id, 30).await? && !one.is_live(id, 0).await?,
            "one lives on"
        );
    }
    ensure!(one.is_live(&fifth.id, 30).await?, "the new one has ended");
    ensure!(
        two.is_live(&theirs, 30).await? && two.has_link(&their_link).await?,
        "another tenant's ended too"
    );
    Ok(())
}

async fn a_link_is_taken_once_and_in_its_time(one: &Side<'_>, two: &Side<'_>) -> Check {
    let link = one.link(0, 60).await?.id;
    let nothing = Replaces::Nothing;
    let theirs = two.store.add(&two.fresh(10), &nothing, Some(&link)).await;
    ensure!(
        is_not_found(&theirs) && one.has_link(&link).await?,
        "another tenant took it"
    );
    let late = one.store.add(&one.fresh(60), &nothing, Some(&link)).await;
    ensure!(is_not_found(&late), "it was taken when it was over");
    one.store
        .add(&one.fresh(59), &nothing, Some(&link))
        .await
        .map_err(text)?;
    let again = one.store.add(&one.fresh(59), &nothing, Some(&link)).await;
    ensure!(
        is_not_found(&again) && !one.has_link(&link).await?,
        "it was taken twice"
    );
    // Where all are replaced, the link that does it is not gone beforehand.
    let link = one.link(70, 60).await?;
    one.store
        .add(&one.fresh(80), &link.replaces, Some(&link.id))
        .await
        .map_err(text)
}

async fn a_failure_changes_nothing(one: &Side<'_>, _: &Side<'_>) -> Check {
    let old = one.added(0).await?.id;
    let link = one.link(0, 60).await?.id;
    let replaces = |id: &CredentialId| Replaces::One {
        id: id.clone(),
        overlap: TimeDelta::zero(),
    };
    let nobody = CredentialId::new("nobody");
    let no_link = one.store.add(&one.fresh(10), &replaces(&old), Some(&nobody)).await;
    let no_other = one.store.add(&one.fresh(10), &replaces(&nobody), Some(&link)).await;
    ensure!(
        is_not_found(&no_link) && is_not_found(&no_other),
        "what is not there was replaced or opened"
    );
    ensure!(
        one.is_live(&old, 10).await? && one.has_link(&link).await?,
        "half of it was done"
    );
    ensure!(one.listed().await? == [old], "the new one is kept all the same");
    Ok(())
}

async fn uses_are_noted(one: &Side<'_>, _: &Side<'_>) -> Check {
    let kept = one.added(0).await?.id;
    one.store.used(&kept, at(100)).await.map_err(text)?;
    one.store.used(&kept, at(50)).await.map_err(text)?;
    ensure!(
        one.found(&kept).await?.last_used == Some(at(100)),
        "the last use is not the last one"
    );
    Ok(())
}

async fn tenants_are_apart(one: &Side<'_>, two: &Side<'_>) -> Check {
    let kept = one.added(0).await?.id;
    let link = one.link(0, 60).await?.id;
    ensure!(two.listed().await?.is_empty(), "it is listed");
    for id in [&kept, &link] {
        let ended = two.store.end(&two.tenant, Some(id), at(10)).await;
        ensure!(is_not_found(&ended), "it is ended");
    }
    two.store.end(&two.tenant, None, at(10)).await.map_err(text)?;
    let replaces = Replaces::One {
        id: kept.clone(),
        overlap: TimeDelta::zero(),
    };
    let replaced = two.store.add(&two.fresh(10), &replaces, None).await;
    ensure!(is_not_found(&replaced), "it is replaced");
    ensure!(
        one.is_live(&kept, 10).await? && one.has_link(&link).await?,
        "it is not as it was"
    );
    Ok(())
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + second)
}

fn is_not_found(result: &Result<()>) -> bool {
    matches!(result, Err(StoreError::NotFound))
}

fn text(error: StoreError) -> String {
    error.to_string()
}
