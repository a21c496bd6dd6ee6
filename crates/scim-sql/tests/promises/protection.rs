//! C14: no request removes, deactivates, renames or demotes a protected account, nor the last administrator.

use std::sync::Arc;

use async_trait::async_trait;
use scim_http::{
    core::{
        ResourceId,
        filter::Predicate,
        resource::Found,
        schema::{Registry, ResourceType},
    },
    store::{
        Attempt, Clock as _, Denial, Guard, Principal, ProtectedIds, Protection, RandomIds, Removal, Result, Scope,
        StoreError, SystemClock, TxView,
    },
};
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    base::Base,
    client::{Client, Sent},
    flaw::pause,
    random::Random,
    scale,
    support::{BULK, GROUP, USER, with_schema},
};

/// Broken: looks at deletions only.
#[derive(Debug)]
struct OnDelete(Protection);

#[async_trait]
impl Guard for OnDelete {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        match attempt {
            Attempt::Delete { .. } => self.0.check(scope, attempt, view).await,
            _ => Ok(()),
        }
    }
}

/// Broken: counts without taking turns.
#[derive(Debug)]
struct WithoutTurns(Protection);

struct Hasty<'a>(&'a mut dyn TxView);

#[async_trait]
impl Guard for WithoutTurns {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        let verdict = self.0.check(scope, attempt, &mut Hasty(view)).await;
        pause().await;
        verdict
    }
}

#[async_trait]
impl TxView for Hasty<'_> {
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize> {
        self.0.count(kind, predicate).await
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        self.0.get(kind, id).await
    }

    async fn members(&mut self, kind: &Arc<ResourceType>, group: &ResourceId) -> Result<Vec<ResourceId>> {
        self.0.members(kind, group).await
    }
}

/// A tenant with two protected users among its administrators, and owners of whom nobody is.
#[derive(Debug)]
struct World {
    client: Client,
    roots: [String; 2],
    users: Vec<String>,
    owners: Vec<String>,
    administrators: String,
    owning: String,
}

impl World {
    async fn new(base: &Base, guard: Arc<dyn Guard>, ids: &ProtectedIds) -> Self {
        let client = Client::new(base.open_guarded(guard).await, "A");
        let mut named = Vec::new();
        for name in ["root0", "root1", "u0", "u1", "u2", "u3", "o0", "o1", "o2"] {
            named.push(client.user(name).await);
        }
        let owners = named.split_off(6);
        let users = named.split_off(2);
        let administrators = [named.as_slice(), &users[..2]].concat();
        let administrators = client.group("administrators", &administrators).await;
        let owning = client.group("owners", &owners).await;
        for root in &named {
            ids.protect("A", root.as_str());
        }
        for group in [&administrators, &owning] {
            ids.add_group("A", group.as_str());
        }
        Self {
            client,
            roots: [named[0].clone(), named[1].clone()],
            users,
            owners,
            administrators,
            owning,
        }
    }

    /// What was lost.
    async fn lost(&self) -> Vec<String> {
        let mut lost = Vec::new();
        let members = self.client.members_or_none(&self.administrators).await;
        for (number, root) in self.roots.iter().enumerate() {
            let user = self.client.get(&format!("/Users/{root}")).await;
            let is_whole = user.status == 200
                && user.body["active"] != false
                && user.body["userName"] == format!("root{number}")
                && members.contains(root);
            if !is_whole {
                lost.push(format!("root{number} of {members:?}: {}", user.text));
            }
        }
        if self.active_owners().await == 0 {
            lost.push("the last owner".to_owned());
        }
        lost
    }

    async fn active_owners(&self) -> usize {
        let mut count = 0;
        for id in self.client.members_or_none(&self.owning).await {
            let user = self.client.get(&format!("/Users/{id}")).await;
            count += usize::from(user.status == 200 && user.body["active"] != false);
        }
        count
    }

    /// A request, and whether it would touch what is protected if nobody hindered it.
    fn request(&self, random: &mut Random) -> (Sent, bool) {
        let (mut id, mut is_root) = (random.pick(&self.users).clone(), false);
        match random.below(3) {
            0 => (id, is_root) = (random.pick(&self.roots).clone(), true),
            1 => id.clone_from(random.pick(&self.owners)),
            _ => {}
        }
        let number = self.roots.iter().position(|root| *root == id);
        let path = format!("/Users/{id}");
        let name = |other: bool| match number {
            Some(number) if !other => format!("root{number}"),
            _ => format!("{id}-{other}"),
        };
        let put = |attributes: Value| Sent::new("PUT", path.clone(), Some(with_schema(USER, attributes)));
        let group = if is_root { &self.administrators } else { &self.owning };
        let at_group = format!("/Groups/{group}");
        let patch = |operation: Value| Sent::patch(at_group.clone(), json!([operation]));
        match random.below(16) {
            0 => (Sent::new("DELETE", path, None), is_root),
            1 | 2 => {
                let spellings = [
                    json!({ "op": "replace", "path": "active", "value": false }),
                    json!({ "op": "Replace", "value": { "active": false } }),
                    json!({ "op": "add", "path": "active", "value": false }),
                    json!({ "op": "replace", "path": format!("{USER}:active"), "value": false }),
                    json!({ "op": "replace", "value": { "displayName": "x", "active": false } }),
                ];
                (Sent::patch(path, json!([random.pick(&spellings)])), is_root)
            }
            3 => {
                let spellings = [
                    json!([{ "op": "replace", "path": "userName", "value": name(true) }]),
                    json!([{ "op": "add", "value": { "userName": name(true) } }]),
                    json!([
                        { "op": "replace", "path": "title", "value": "t" },
                        { "op": "replace", "path": format!("{USER}:userName"), "value": name(true) }
                    ]),
                ];
                (Sent::patch(path, random.pick(&spellings).clone()), is_root)
            }
            4 => (put(json!({ "userName": name(false), "active": false })), is_root),
            5 => (put(json!({ "userName": name(true) })), is_root),
            // What is not protected of an administrator.
            6 => (put(json!({ "userName": name(false), "title": name(true) })), false),
            7 => {
                let title = json!([{ "op": "replace", "path": "title", "value": random.below(9).to_string() }]);
                (Sent::patch(path, title), false)
            }
            8 => {
                let path = format!("members[value eq \"{id}\"]");
                (patch(json!({ "op": "remove", "path": path })), is_root)
            }
            9 => {
                let value = json!([{ "value": id }]);
                (
                    patch(json!({ "op": "remove", "path": "members", "value": value })),
                    is_root,
                )
            }
            10 => (patch(json!({ "op": "remove", "path": "members" })), true),
            11 => {
                let value = json!([{ "value": self.users[0] }]);
                let all = json!({ "op": "replace", "path": "members", "value": value });
                (patch(all), is_root)
            }
            12 => {
                let members = json!([{ "value": random.pick(&self.users) }]);
                let group = json!({ "displayName": format!("renamed {}", random.below(9)), "members": members });
                (Sent::new("PUT", at_group, Some(with_schema(GROUP, group))), is_root)
            }
            13 => (Sent::new("DELETE", at_group, None), true),
            14 => {
                let value = json!([{ "value": random.pick(&self.users) }]);
                (patch(json!({ "op": "add", "path": "members", "value": value })), false)
            }
            _ => {
                let active = json!([{ "op": "replace", "path": "active", "value": true }]);
                (Sent::patch(path, active), false)
            }
        }
    }
}

impl Client {
    async fn members_or_none(&self, group: &str) -> Vec<String> {
        self.get(&format!("/Groups/{group}")).await.values("members")
    }
}

fn in_bulk(requests: &[Sent]) -> Sent {
    let operations: Vec<Value> = requests
        .iter()
        .map(|sent| json!({ "method": sent.method, "path": sent.path, "data": sent.body }))
        .collect();
    let body = json!({ "schemas": [BULK], "Operations": operations });
    Sent::new("POST", "/Bulk", Some(body))
}

/// Random requests; what they did that they must not, and how many were refused.
async fn attack(world: &World, requests: usize, seed: u64) -> (Vec<String>, usize) {
    let (mut random, mut refused) = (Random::new(seed), 0);
    for _ in 0..requests {
        if random.one_in(5) {
            let requests: Vec<Sent> = (0..=random.below(3)).map(|_| world.request(&mut random).0).collect();
            world.client.send(&in_bulk(&requests)).await.ok(200);
        } else {
            let (sent, is_attack) = world.request(&mut random);
            let reply = world.client.send(&sent).await;
            refused += usize::from(reply.status == 403);
            // A user who was deleted, or is no member any more, cannot be lost.
            let is_right = !is_attack || matches!(reply.status, 403);
            if !is_right && sent.path.contains(&world.roots[0]) | sent.path.contains(&world.roots[1]) {
                return (vec![format!("{} for {sent:?}", reply.status)], refused);
            }
        }
        let lost = world.lost().await;
        if !lost.is_empty() {
            return (lost, refused);
        }
    }
    (Vec::new(), refused)
}

fn protection() -> (Protection, Arc<ProtectedIds>) {
    let ids = Arc::new(ProtectedIds::new());
    (Protection::new(Arc::clone(&ids)), ids)
}

fn holds(base: &Base) {
    scale::run(async {
        let (guard, ids) = protection();
        let world = World::new(base, Arc::new(guard), &ids).await;
        let requests = scale::pick(400, 10_000);
        let (lost, refused) = attack(&world, requests, 7).await;
        scale::figures(
            "C14 protected administrators",
            base.name(),
            format!("{requests} requests, {refused} refused, lost {lost:?}"),
        );
        assert_eq!(lost, [""; 0]);
        assert!(refused > requests / 10);
        assert_eq!(base.misfits().await, [""; 0]);
    });
}

#[test]
fn c14_memory_loses_no_administrator() {
    holds(&Base::memory());
}

#[test]
fn c14_sqlite_loses_no_administrator() {
    holds(&Base::sqlite());
}

#[test]
fn c14_postgres_loses_no_administrator() {
    holds(&Base::postgres());
}

#[test]
fn c14_a_guard_of_deletions_only_is_caught() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let (guard, ids) = protection();
            let world = World::new(&base, Arc::new(OnDelete(guard)), &ids).await;
            let (lost, _) = attack(&world, 400, 7).await;
            scale::figures("C14 control: deletions only", base.name(), format!("{lost:?}"));
            assert_ne!(lost, [""; 0]);
        });
    }
}

/// All owners are deactivated, deleted or taken out of their group at once, round by round; in how many rounds nobody is left.
async fn stampede(world: &mut World, rounds: usize) -> usize {
    let mut without = 0;
    for round in 0..rounds {
        let mut owners = Vec::new();
        for number in 0..6 {
            owners.push(world.client.user(&format!("owner{round}-{number}")).await);
        }
        let members: Vec<Value> = owners.iter().map(|id| json!({ "value": id })).collect();
        let all = json!([{ "op": "replace", "path": "members", "value": members }]);
        world
            .client
            .patch(&format!("/Groups/{}", world.owning), all)
            .await
            .ok(200);
        let (mut clients, barrier) = (JoinSet::new(), Arc::new(Barrier::new(owners.len())));
        for (number, id) in owners.into_iter().enumerate() {
            let (client, barrier) = (world.client.clone(), Arc::clone(&barrier));
            let group = format!("/Groups/{}", world.owning);
            clients.spawn(async move {
                let off = json!([{ "op": "replace", "path": "active", "value": false }]);
                let out = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
                barrier.wait().await;
                let reply = match number {
                    0 => client.delete(&format!("/Users/{id}")).await,
                    1 => client.patch(&group, out).await,
                    _ => client.patch(&format!("/Users/{id}"), off).await,
                };
                reply.status
            });
        }
        let statuses = clients.join_all().await;
        assert!(
            statuses.iter().all(|status| [200, 204, 403].contains(status)),
            "{statuses:?}"
        );
        without += usize::from(world.active_owners().await == 0);
    }
    without
}

#[test]
fn c14_the_last_administrator_stays_whoever_comes_at_once() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let (guard, ids) = protection();
            let mut world = World::new(&base, Arc::new(guard), &ids).await;
            let rounds = scale::pick(10, 200);
            let without = stampede(&mut world, rounds).await;
            scale::figures(
                "C14 last administrator",
                base.name(),
                format!("{rounds} rounds, {without} times nobody"),
            );
            assert_eq!(without, 0);
        });
    }
}

#[test]
fn c14_counting_without_turns_is_caught() {
    scale::run(async {
        let (base, (guard, ids)) = (Base::postgres(), protection());
        let mut world = World::new(&base, Arc::new(WithoutTurns(guard)), &ids).await;
        let without = stampede(&mut world, 30).await;
        scale::figures("C14 control: no turns", base.name(), format!("{without} times nobody"));
        assert!(without > 0);
    });
}

#[test]
fn the_host_may_remove_whom_it_protects() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let (guard, ids) = protection();
            let store = base.open_guarded(Arc::new(guard)).await;
            let client = Client::new(Arc::clone(&store), "A");
            let root = client.user("root").await;
            ids.protect("A", root.as_str());
            let detail = client.delete(&format!("/Users/{root}")).await.ok(403).body["detail"].clone();
            assert_eq!(detail, "an administrator of the service is protected from provisioning");
            let kinds = Arc::new(Registry::default());
            let scope = Scope::new(
                Principal::new("A", "admin"),
                SystemClock.now(),
                Arc::new(RandomIds),
                kinds,
            );
            let removal = Removal::new(ResourceType::user(), root.as_str().into());
            assert!(matches!(
                store.delete(&scope, &removal).await,
                Err(StoreError::Denied(_))
            ));
            store.delete(&scope.by_host(), &removal).await.unwrap();
        });
    }
}
