//! C14: no request sets the password of a protected account, as whoever does so takes the account over.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_http::{
    PasswordSink,
    core::{ResourceId, resource::Password},
    store::{Attempt, Denial, Guard, ProtectedIds, Protection, Reprovision, Result, Scope, TxView},
};
use serde_json::{Value, json};

use crate::{
    base::Base,
    client::{Client, Sent},
    scale,
    support::{BULK, USER, with_schema},
};

/// Whose passwords were set.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl PasswordSink for Sink {
    async fn set(&self, _: &Scope, id: &ResourceId, _: &Password) -> Result<()> {
        self.0.lock().unwrap().push(id.to_string());
        Ok(())
    }
}

/// Broken: looks at attributes only.
#[derive(Debug)]
struct Blind(Protection);

#[async_trait]
impl Guard for Blind {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        match attempt {
            Attempt::Password { .. } => Ok(()),
            _ => self.0.check(scope, attempt, view).await,
        }
    }
}

/// A tenant with an owner who is protected, one who is inactive besides, and somebody who is neither.
struct World {
    client: Client,
    sink: Sink,
    owner: String,
    retired: String,
    other: String,
}

impl World {
    async fn new(base: &Base, guard: impl FnOnce(Protection) -> Arc<dyn Guard>, takes_passwords: bool) -> Self {
        let ids = Arc::new(ProtectedIds::new());
        let store = base.open_guarded(guard(Protection::new(Arc::clone(&ids)))).await;
        let sink = Sink::default();
        let client = Client::with(store, "A", |builder| {
            let builder = builder.settings(|settings| settings.reprovision = Reprovision::Reactivate);
            match takes_passwords {
                true => builder.password_sink(sink.clone()),
                false => builder,
            }
        });
        let (owner, retired) = (client.user("owner").await, client.user("retired").await);
        let other = client.user("other").await;
        let off = json!([{ "op": "replace", "path": "active", "value": false }]);
        client.patch(&format!("/Users/{retired}"), off).await.ok(200);
        for id in [&owner, &retired] {
            ids.protect("A", id.as_str());
        }
        Self {
            client,
            sink,
            owner,
            retired,
            other,
        }
    }

    /// What the host was told to set since it was asked last.
    fn set(&self) -> Vec<String> {
        std::mem::take(&mut *self.sink.0.lock().unwrap())
    }
}

/// A password for a user in every way there is; each would also set a title.
fn ways(id: &str, name: &str) -> Vec<Sent> {
    let path = format!("/Users/{id}");
    let body = with_schema(
        USER,
        json!({ "userName": name, "title": "taken", "password": "secret" }),
    );
    let mut ways = vec![Sent::new("PUT", path.clone(), Some(body))];
    for operations in [
        json!([{ "op": "replace", "path": "password", "value": "secret" }]),
        json!([{ "op": "Add", "path": format!("{USER}:password"), "value": "secret" }]),
        json!([{ "op": "replace", "value": { "title": "taken", "password": "secret" } }]),
        json!([
            { "op": "replace", "path": "title", "value": "taken" },
            { "op": "add", "path": "password", "value": "secret" }
        ]),
    ] {
        ways.push(Sent::patch(path.clone(), operations));
    }
    ways
}

fn in_bulk(sent: &Sent) -> Sent {
    let operation = json!({ "method": sent.method, "path": sent.path, "data": sent.body });
    let body = json!({ "schemas": [BULK], "Operations": [operation] });
    Sent::new("POST", "/Bulk", Some(body))
}

#[test]
fn c14_the_password_of_a_protected_account_is_set_by_nobody() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let world = World::new(&base, |guard| Arc::new(guard), true).await;
            for sent in ways(&world.owner, "owner") {
                let refused = world.client.send(&sent).await;
                let detail = &refused.ok(403).body["detail"];
                assert_eq!(detail, "an administrator of the service is protected from provisioning");
                let reply = world.client.send(&in_bulk(&sent)).await;
                assert_eq!(reply.ok(200).body["Operations"][0]["status"], "403", "{sent:?}");
            }
            let again = json!({ "userName": "retired", "password": "secret" });
            world.client.send(&Sent::user(again)).await.ok(403);
            for id in [&world.owner, &world.retired] {
                let user = world.client.get(&format!("/Users/{id}")).await.ok(200).body.clone();
                let is_active = user["active"] != false;
                assert_eq!((user.get("title"), is_active), (None, *id == world.owner));
            }
            assert_eq!(world.set(), [""; 0]);
            // What comes without a password, and what is for others, goes on.
            let title = json!([{ "op": "replace", "path": "title", "value": "Dr" }]);
            world
                .client
                .patch(&format!("/Users/{}", world.owner), title)
                .await
                .ok(200);
            for sent in ways(&world.other, "other") {
                world.client.send(&sent).await.ok(200);
                world.client.send(&in_bulk(&sent)).await.ok(200);
                assert_eq!(world.set(), [world.other.as_str(); 2], "{sent:?}");
            }
        });
    }
}

#[test]
fn c14_a_guard_that_is_blind_to_passwords_is_caught() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let world = World::new(&base, |guard| Arc::new(Blind(guard)), true).await;
            for sent in ways(&world.owner, "owner") {
                world.client.send(&sent).await.ok(200);
                assert_eq!(world.set(), [world.owner.as_str()], "{sent:?}");
            }
        });
    }
}

#[test]
fn a_host_may_leave_the_passwords_of_administrators_to_the_identity_provider() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let world = World::new(&base, |guard| Arc::new(guard.allow_passwords()), true).await;
            for sent in ways(&world.owner, "owner") {
                world.client.send(&sent).await.ok(200);
                assert_eq!(world.set(), [world.owner.as_str()]);
            }
            // Nothing else is let through with them.
            let renamed: Value = json!([{ "op": "replace", "value": { "userName": "x", "password": "secret" } }]);
            let path = format!("/Users/{}", world.owner);
            world.client.patch(&path, renamed).await.ok(403);
            assert_eq!(world.set(), [""; 0]);
        });
    }
}

#[test]
fn passwords_that_nobody_takes_hinder_no_change() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let world = World::new(&base, |guard| Arc::new(guard), false).await;
            for sent in ways(&world.owner, "owner") {
                world.client.send(&sent).await.ok(200);
            }
            let user = world.client.get(&format!("/Users/{}", world.owner)).await;
            assert_eq!(user.ok(200).body["title"], "taken");
        });
    }
}
