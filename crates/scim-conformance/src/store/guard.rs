//! What a guard is asked, the same by every store.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scim_core::schema::{Registry, ResourceType};
use scim_store::{Attempt, Denial, Guard, IdSource, RandomIds, ScimStore, Scope, TxView, Write};
use serde_json::json;

use super::{
    client::{Check, Client, sorted, text, values},
    outcome,
};
use crate::{FileReport, Report};

/// A guard that says yes to everything and writes down what it was asked.
#[derive(Debug, Default)]
pub struct Asked(Mutex<Vec<String>>);

/// Holds a store against what guards are promised of its writes. Its guard is to be `asked`, and nothing else may write
/// meanwhile; otherwise it works as [`check_store`](crate::check_store) does, and wants the same of the store.
///
/// ```
/// use std::sync::Arc;
/// use scim_conformance::{Asked, block_on, check_guard};
/// use scim_store::MemoryStore;
///
/// let asked = Arc::new(Asked::default());
/// let store = MemoryStore::with_guard(Arc::<Asked>::clone(&asked));
/// let report = block_on(check_guard(&store, &asked));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_guard(store: &dyn ScimStore, asked: &Asked) -> Report {
    macro_rules! check {
        ($($name:ident),+ $(,)?) => {
            vec![$(outcome(stringify!($name), $name(store, asked).await)),+]
        };
    }
    let outcomes = check![
        groups_out_of_sight_are_not_asked_about,
        passwords_are_asked_about_where_an_account_was_there,
    ];
    let file = "guard".to_owned();
    Report {
        files: vec![FileReport { file, outcomes }],
    }
}

impl Asked {
    /// What was asked since the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Guard for Asked {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        let told = match attempt {
            Attempt::Create { id, .. } => format!("create {id}"),
            Attempt::Delete { id, .. } => format!("delete {id}"),
            Attempt::Members { id, .. } => format!("members {id}"),
            Attempt::Password { id, .. } => format!("password {id}"),
            Attempt::Update { id, .. } => format!("update {id}"),
            _ => "something else".to_owned(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        Ok(())
    }
}

/// Decision D53.
async fn groups_out_of_sight_are_not_asked_about(store: &dyn ScimStore, asked: &Asked) -> Check {
    let client = Client::new(store);
    let (ann, bob, cy) = (
        client.user("ann").await?,
        client.user("bob").await?,
        client.user("cy").await?,
    );
    let team = client.group("team", &[&ann, &bob, &cy]).await?;
    let mut without = client.at(0);
    without.scope.kinds = Arc::new(Registry::new([ResourceType::user()]));
    asked.take();
    without.delete(&without.users, &ann).await.map_err(text)?;
    let seen = asked.take();
    ensure!(seen == [format!("delete {ann}")], "without groups it is asked {seen:?}");
    client.delete(&client.users, &bob).await.map_err(text)?;
    let seen = asked.take();
    let both = [format!("delete {bob}"), format!("members {team}")];
    ensure!(seen == both, "with groups it is asked {seen:?}");
    let members = values(&client.shown(&client.groups, &team).await?, "members");
    ensure!(members == sorted(&[&cy]), "the members are {members:?}");
    Ok(())
}

/// Decision D72.
async fn passwords_are_asked_about_where_an_account_was_there(store: &dyn ScimStore, asked: &Asked) -> Check {
    let client = Client::new(store);
    let draft = |name: &str| {
        let schemas = [&client.users.schema().id];
        let body = json!({ "schemas": schemas, "userName": name, "password": "secret" });
        client.draft(&client.users, body)
    };
    let new = client.create(draft("ann")).await?.map_err(text)?;
    let ann = new.head.id;
    asked.take();
    client
        .change(&client.users, &ann, "replace", "password", json!("secret"))
        .await?;
    let seen = asked.take();
    ensure!(
        seen == [format!("password {ann}")],
        "of a password it is asked {seen:?}"
    );
    if !store.capabilities().batch {
        return Ok(());
    }
    // That the identifier is known before makes nobody an account of the host's.
    let (id, mut new) = (RandomIds.next(), draft("bob")?);
    new.id = Some(id.clone());
    store.batch(&client.scope, &[Write::Create(new)]).await.map_err(text)?;
    let seen = asked.take();
    ensure!(seen == [format!("create {id}")], "of a new user it is asked {seen:?}");
    let (id, mut adopted) = (RandomIds.next(), draft("cy")?);
    adopted.id = Some(id.clone());
    adopted.adopts = true;
    store.create(&client.scope, &adopted).await.map_err(text)?;
    let seen = asked.take();
    let both = [format!("create {id}"), format!("password {id}")];
    ensure!(seen == both, "of an adoption it is asked {seen:?}");
    Ok(())
}
