//! Settings in a database.

use std::{sync::Arc, time::Duration};

use scim_core::{Dialect, TenantId, schema::Registry};
use scim_sql::SqlTenants;
use scim_store::{BreakerPolicy, RateLimit, SeatPolicy, TenantSettings, TenantState, Tenants};
use tokio::task::JoinSet;

use crate::support::Base;

fn tenant() -> TenantId {
    "org1".into()
}

fn all() -> TenantSettings {
    TenantSettings::default().with(|settings| {
        settings.breaker = Some(BreakerPolicy::enforce(50, 3600).with_members(500));
        settings.base_url = Some("https://org1.example.com/scim".to_owned());
        settings.dialect = Dialect::entra().with(|dialect| dialect.unique.push("emails.value".to_owned()));
        settings.groups = false;
        settings.limits.max_page = 20;
        settings.rate_limit = Some(RateLimit::per_second(25).with_burst(100));
        settings.seats = SeatPolicy::WhenAvailable;
        settings.state = TenantState::Paused { retry_after: 300 };
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_told_in_every_process_and_behind_a_restart() {
    for base in Base::all() {
        let (one, two) = (base.open().await.tenants(), base.open().await.tenants());
        assert_eq!(one.settings(&tenant()).await.unwrap(), None);
        assert_eq!(two.settings(&"\0".into()).await.unwrap(), None);
        for settings in [TenantSettings::default(), all(), TenantSettings::default()] {
            one.put(&tenant(), &settings).await.unwrap();
            for tenants in [&one, &two, &base.open().await.tenants()] {
                let told = tenants.settings(&tenant()).await.unwrap().unwrap();
                assert_eq!(*told, settings);
                // What has not changed is the same, so that nothing is made of it anew.
                assert!(Arc::ptr_eq(&told, &tenants.settings(&tenant()).await.unwrap().unwrap()));
            }
        }
        assert_eq!(two.list().await.unwrap(), [tenant()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_is_gone_and_does_not_come_back_as_it_was() {
    for base in Base::all() {
        let (one, two) = (base.open().await.tenants(), base.open().await.tenants());
        one.put(&tenant(), &all()).await.unwrap();
        assert!(two.settings(&tenant()).await.unwrap().is_some());
        assert!(one.remove(&tenant()).await.unwrap());
        assert!(!two.remove(&tenant()).await.unwrap());
        assert!(!two.change(&tenant(), |settings| settings.groups = true).await.unwrap());
        assert_eq!(two.settings(&tenant()).await.unwrap(), None);
        assert!(one.list().await.unwrap().is_empty());
        one.put(&tenant(), &TenantSettings::default()).await.unwrap();
        let told = two.settings(&tenant()).await.unwrap().unwrap();
        assert_eq!(*told, TenantSettings::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_lost_among_many() {
    for base in Base::all() {
        let stores = [base.open().await.tenants(), base.open().await.tenants()];
        stores[0].put(&tenant(), &TenantSettings::default()).await.unwrap();
        let mut changing = JoinSet::new();
        for number in 0..16 {
            let tenants = stores[number % 2].clone();
            changing.spawn(async move {
                let change = |settings: &mut TenantSettings| settings.limits.members += 1;
                tenants.change(&tenant(), change).await.unwrap()
            });
        }
        assert!(changing.join_all().await.into_iter().all(|changed| changed));
        let told = stores[0].settings(&tenant()).await.unwrap().unwrap();
        assert_eq!(told.limits.members, TenantSettings::default().limits.members + 16);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_for_a_while_is_seen_later_elsewhere_and_at_once_here() {
    for base in Base::all() {
        let one = base.open().await.tenants().kept_for(Duration::MAX);
        let (two, now) = (
            base.open().await.tenants().kept_for(Duration::MAX),
            base.open().await.tenants(),
        );
        one.put(&tenant(), &TenantSettings::default()).await.unwrap();
        let groups = async |tenants: &SqlTenants| tenants.settings(&tenant()).await.unwrap().unwrap().groups;
        assert!(groups(&one).await && groups(&two).await && groups(&now).await);
        one.clone()
            .change(&tenant(), |settings| settings.groups = false)
            .await
            .unwrap();
        assert!(!groups(&one).await && !groups(&now).await);
        assert!(groups(&two).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_later_release_are_refused_whole() {
    for base in Base::all() {
        let store = base.open().await;
        let tenants = store.tenants();
        tenants.put(&tenant(), &all()).await.unwrap();
        let later =
            r#"UPDATE {s}scim_tenant SET version = version + 1, settings = '{"groups":true,"protection":"on"}'"#;
        base.execute(&store, later).await;
        let error = tenants.settings(&tenant()).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause.contains("this release cannot read") && cause.contains("protection"),
            "{cause}"
        );
        assert!(
            tenants
                .change(&tenant(), |settings| settings.groups = false)
                .await
                .is_err()
        );
        assert!(
            base.bytes(&store)
                .await
                .windows(10)
                .any(|window| window == b"protection")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_types_are_put_back_by_the_host() {
    for base in Base::all() {
        let kinds = Arc::new(Registry::default());
        let types = Arc::clone(&kinds);
        let tenants = base.open().await.tenants().resource_types(move |tenant, settings| {
            (tenant.as_str() == "org1" && settings.groups).then(|| Arc::clone(&types))
        });
        let with_types = TenantSettings::default().with(|settings| settings.resource_types = Some(kinds));
        tenants.put(&tenant(), &with_types).await.unwrap();
        assert_eq!(*tenants.settings(&tenant()).await.unwrap().unwrap(), with_types);
        tenants
            .change(&tenant(), |settings| settings.groups = false)
            .await
            .unwrap();
        let has_types = async |tenants: &SqlTenants| {
            let settings = tenants.settings(&tenant()).await.unwrap().unwrap();
            settings.resource_types.is_some()
        };
        assert!(!has_types(&tenants).await);
        // Nobody else knows of them.
        tenants
            .change(&tenant(), |settings| settings.groups = true)
            .await
            .unwrap();
        assert!(has_types(&tenants).await && !has_types(&base.open().await.tenants()).await);
    }
}
