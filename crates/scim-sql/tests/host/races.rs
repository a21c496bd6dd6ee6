//! Writes and the host's own transactions, at the same rows at once.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use scim_core::{Dialect, Edit, Limits, patch::PatchMessage, schema::ResourceType};
use scim_sql::{PgStoreBuilder, host::HostStore};
use scim_store::{Attempt, ChangeFeed as _, Denial, Guard, Removal, ScimStore as _, Scope, TxView};
use serde_json::json;
use sqlx::{Executor, PgConnection, PgPool};

use crate::{
    adoption,
    postgres::{options, pool, scope, with_accounts},
    tables::write_map,
};

/// Waits until somebody waits for what a transaction holds.
async fn waited_for(pool: &PgPool, holder: &mut PgConnection) {
    let (own,): (i32,) = sqlx::query_as("SELECT pg_backend_pid()")
        .fetch_one(holder)
        .await
        .unwrap();
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))";
    while !sqlx::query_as::<_, (bool,)>(sql)
        .bind(own)
        .fetch_one(pool)
        .await
        .unwrap()
        .0
    {}
}

/// Notes which groups it is asked about.
#[derive(Debug, Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Guard for Asked {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        if let Attempt::Members { id, .. } = attempt {
            self.0.lock().unwrap().push(id.as_str().to_owned());
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_told_of_a_group_that_was_joined_meanwhile() {
    let ((pool, schema), asked) = (pool().await, Asked::default());
    let options = options(schema).guard(Arc::new(asked.clone()));
    let store = HostStore::postgres_with(options, pool.clone(), &write_map())
        .await
        .unwrap();
    let rows = "INSERT INTO accounts (id, org, login, login_key, status, created_at, changed_at, badge_color)
                VALUES (1, 'acme', 'ann', 'ann', 'enabled', 0, 0, 'x');
                INSERT INTO teams (id, org, name, name_key, created_at, changed_at, revision)
                VALUES (1, 'acme', 'Crew', 'crew', 0, 0, 7)";
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();

    // The key of the link keeps the account's row locked.
    let mut transaction = pool.begin().await.unwrap();
    let join = "INSERT INTO team_members VALUES (1, 1, 1)";
    transaction.execute(join).await.unwrap();
    let deletion = tokio::spawn({
        let store = store.clone();
        async move {
            let removal = Removal::new(ResourceType::user(), "a1".into());
            store.delete(&scope(), &removal).await
        }
    });
    waited_for(&pool, &mut transaction).await;
    transaction.commit().await.unwrap();
    deletion.await.unwrap().unwrap();

    assert_eq!(*asked.0.lock().unwrap(), ["t1"]);
    let changes = store.changes(scope().tenant(), 0, 10).await.unwrap();
    let told: Vec<String> = changes
        .iter()
        .map(|change| {
            format!(
                "{:?} {} {:?} {}",
                change.kind,
                change.id,
                change.changed,
                change.version.get()
            )
        })
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[1], "Updated t1 [\"members\"] 8");
}

/// The host's own transaction refers to the group, by the key of a link, and is not done yet.
#[tokio::test(flavor = "multi_thread")]
async fn members_come_to_a_group_that_the_host_refers_to() {
    let (pool, schema) = pool().await;
    let options = options(schema).deadline(Duration::from_secs(2));
    let store = HostStore::postgres_with(options, pool.clone(), &write_map())
        .await
        .unwrap();
    let rows = "INSERT INTO accounts (id, org, login, login_key, status, created_at, changed_at, badge_color)
                VALUES (1, 'acme', 'ann', 'ann', 'enabled', 0, 0, 'x'), (2, 'acme', 'ben', 'ben', 'enabled', 0, 0, 'x');
                INSERT INTO teams (id, org, name, name_key, created_at, changed_at, revision)
                VALUES (1, 'acme', 'Crew', 'crew', 0, 0, 7)";
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    transaction
        .execute("INSERT INTO team_members VALUES (1, 1, 1)")
        .await
        .unwrap();

    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
        { "op": "add", "path": "members", "value": [{ "value": "a2" }] }] });
    let (kind, dialect, limits) = (ResourceType::group(), Arc::new(Dialect::default()), Limits::default());
    let message = PatchMessage::parse(body, &dialect, &limits).unwrap();
    let edit = Edit::patch(kind, "t1".into(), message, dialect, &limits, "").unwrap();
    assert!(store.update(&scope(), &edit).await.unwrap().changed);
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adoption_is_told_of_a_group_that_was_joined_meanwhile() {
    let (store, pool) = with_accounts(PgStoreBuilder::default()).await;
    let mut transaction = pool.begin().await.unwrap();
    let join = "INSERT INTO crew_people VALUES (2, 1)";
    transaction.execute(join).await.unwrap();
    let adoption = tokio::spawn(adoption::adopt_ann(store));
    waited_for(&pool, &mut transaction).await;
    transaction.commit().await.unwrap();
    let told = adoption.await.unwrap();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[1..], ["Updated c1 [\"members\"]", "Updated c2 [\"members\"]"]);
}
