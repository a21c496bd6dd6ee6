//! C8: what is sent again because the answer was lost makes nothing twice, and what failed leaves no trace.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_http::{
    core::{
        Dialect, Draft, Edit, Limits,
        patch::{PatchMessage, PatchOp, PatchOperation},
        resource::Found,
    },
    store::{Result, ScimStore, Scope},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    base::Base,
    client::{Client, Sent},
    flaw::{Flaw, Flawed, Shared},
    random::Random,
    scale,
    script::{Difference, Provider, Tally, compare},
    support::BASE,
};

const CLIENTS: usize = 8;

/// Broken: does something to the other account before it looks whether there is a conflict.
#[derive(Debug)]
struct EffectFirst {
    inner: Shared,
    last: Mutex<Option<scim_http::core::ResourceId>>,
}

#[async_trait]
impl Flaw for EffectFirst {
    fn inner(&self) -> &dyn ScimStore {
        &self.inner
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        if draft.resource.text("userName").is_none() {
            return self.inner.create(scope, draft).await;
        }
        let last = self.last.lock().unwrap().clone();
        if let Some(id) = last {
            let message = PatchMessage::new(vec![PatchOperation::new(
                PatchOp::Replace,
                Some("nickName"),
                Some(json!("lost")),
            )]);
            let dialect = Arc::new(Dialect::default());
            let edit = Edit::patch(Arc::clone(&draft.kind), id, message, dialect, &Limits::default(), BASE)?;
            self.inner.update(scope, &edit).await?;
        }
        let found = self.inner.create(scope, draft).await?;
        *self.last.lock().unwrap() = Some(found.head.id.clone());
        Ok(found)
    }
}

/// Providers that miss one answer of ten, and send again what they do not know the end of.
async fn lose_answers(client: &Client, steps: usize) -> (Tally, Difference) {
    let group = client.group("all", &[]).await;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let mut provider = Provider::new(client.clone(), number, &group);
        clients.spawn(async move {
            let mut random = Random::new(u64::try_from(number).unwrap() + 40);
            for step in 0..steps {
                provider.insist(step, || !random.one_in(10)).await;
            }
            provider.tally
        });
    }
    let mut tally = Tally::default();
    for own in clients.join_all().await {
        tally.join(own);
    }
    (tally, compare(client, &[steps; CLIENTS]).await)
}

fn repeats(base: &Base) {
    scale::run(async {
        let client = Client::new(base.open().await, "A");
        let (tally, difference) = lose_answers(&client, scale::pick(60, 1200)).await;
        scale::figures("C8 lost answers", base.name(), format!("{tally:?}, {difference:?}"));
        assert_eq!(difference, Difference::default());
        assert_eq!(
            (tally.wrong, tally.unavailable, tally.surprises),
            (0, 0, 0),
            "{tally:?}"
        );
        assert!(tally.unheard > 10 && tally.adopted > 0);
        assert_eq!(base.misfits().await, [""; 0]);
    });
}

/// Requests that fail, each of which must leave everything as it was; the first that does not is the answer.
async fn fail_everywhere(base: &Base, client: &Client) -> std::result::Result<usize, String> {
    let mut ids = Vec::new();
    for name in ["ann", "bob"] {
        let sent = Sent::user(json!({ "userName": name, "externalId": name, "title": "T" }));
        ids.push(client.send(&sent).await.ok(201).id());
    }
    let group = client.group("all", &ids).await;
    let operations = |operations: Value| operations;
    let (ann, all) = (format!("/Users/{}", ids[0]), format!("/Groups/{group}"));
    let rename = json!({ "op": "replace", "path": "userName", "value": "BOB" });
    let requests = [
        Sent::user(json!({ "userName": "Ann", "externalId": "new" })),
        Sent::user(json!({ "userName": "ANN" })),
        Sent::patch(
            &ann,
            operations(json!([{ "op": "replace", "path": "title", "value": "U" }, rename])),
        ),
        Sent::patch(
            &ann,
            operations(
                json!([{ "op": "replace", "path": "title", "value": "U" }, { "op": "replace", "path": "id", "value": "x" }]),
            ),
        ),
        Sent::new(
            "PUT",
            &ann,
            Some(json!({ "schemas": [crate::support::USER], "userName": "bob" })),
        ),
        Sent::patch(
            &all,
            operations(
                json!([{ "op": "remove", "path": format!(r#"members[value eq "{}"]"#, ids[0]) }, { "op": "replace", "path": "id", "value": "x" }]),
            ),
        ),
        Sent::new("DELETE", "/Users/nobody", None),
    ];
    let before = base.dump("A").await;
    for sent in &requests {
        let reply = client.send(sent).await;
        if reply.status < 400 || reply.status >= 500 {
            return Err(format!("{sent:?}: {}", reply.text));
        }
        if base.dump("A").await != before {
            return Err(format!("{sent:?} left a trace"));
        }
    }
    Ok(requests.len())
}

fn leaves_nothing(base: &Base) {
    scale::run(async {
        let client = Client::new(base.open().await, "A");
        fail_everywhere(base, &client).await.unwrap();
    });
}

#[test]
fn c8_sqlite_takes_repeated_requests() {
    repeats(&Base::sqlite());
    leaves_nothing(&Base::sqlite());
}

#[test]
fn c8_postgres_takes_repeated_requests() {
    repeats(&Base::postgres());
    leaves_nothing(&Base::postgres());
}

#[test]
fn c8_a_store_without_unique_keys_is_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let store = base.open().await;
            base.sql("DROP INDEX scim_resource_user_name").await;
            let client = Client::new(store, "A");
            // A name that is there twice ends a client, or what looks for it.
            let caught = tokio::spawn(async move { lose_answers(&client, 60).await }).await;
            let is_caught = caught.map_or(true, |(tally, _)| tally.wrong > 0);
            assert!(is_caught, "nothing was there twice");
        });
    }
}

#[test]
fn c8_an_effect_before_the_conflict_is_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let store = EffectFirst {
                inner: base.open().await,
                last: Mutex::default(),
            };
            let client = Client::new(Flawed(store), "A");
            let caught = fail_everywhere(&base, &client).await.unwrap_err();
            assert!(caught.ends_with("left a trace"), "{caught}");
        });
    }
}
