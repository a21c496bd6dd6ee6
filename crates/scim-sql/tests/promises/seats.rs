//! C13: never more licences are used than were bought, whoever comes at once and whatever dies half-way.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use scim_http::{
    core::{
        Draft, ResourceId, TenantId,
        query::{Page, Query, Target},
        resource::Found,
        schema::{Registry, ResourceType, Schema},
    },
    store::{
        ChangeMethod, Clock as _, Labels, MemoryTenants, Principal, RandomIds, Result, ScimStore, Scope, SeatPolicy,
        SeatStore, StoreError, SystemClock, TenantSettings,
    },
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    base::Base,
    child::{Child, say},
    client::{Client, Sent},
    flaw::{Flaw, Flawed, Shared, pause},
    random::Random,
    scale,
    support::{BULK, USER, with_schema},
};

const CAP: u32 = 50;
const CLIENTS: usize = 16;
const CREATES: usize = 20;

/// Users that show their seat, and groups.
fn kinds() -> Registry {
    let user = ResourceType::builder("User", "/Users", Schema::user())
        .memberships("groups")
        .extension(Labels::schema())
        .build();
    Registry::new([user.unwrap(), ResourceType::group()])
}

fn serve(store: impl ScimStore, policy: SeatPolicy) -> (Client, Arc<MemoryTenants>) {
    let tenants = Arc::new(MemoryTenants::new());
    let settings = TenantSettings::default().with(|settings| {
        settings.seats = policy;
        settings.managed_by = Some("SCIM".to_owned());
    });
    tenants.put("A", settings);
    let own = Arc::clone(&tenants);
    let client = Client::with(store, "A", move |builder| builder.resource_types(kinds()).tenants(own));
    (client, tenants)
}

fn tenant() -> TenantId {
    TenantId::from("A")
}

fn host() -> Scope {
    Scope::new(
        Principal::new("A", "host"),
        SystemClock.now(),
        Arc::new(RandomIds),
        Arc::new(kinds()),
    )
}

async fn set_active(client: &Client, id: &str, active: bool) -> u16 {
    let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
    client.patch(&format!("/Users/{id}"), operations).await.status
}

/// Broken: counts, and then inserts.
#[derive(Debug)]
struct CountThenInsert(Shared);

#[async_trait]
impl Flaw for CountThenInsert {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let target = Target::new(Arc::clone(&draft.kind), None, None);
        let page = Page::Index { start: 1, count: 0 };
        let page = self.0.query(scope, &Query::new(vec![target], page)).await?;
        if page.total >= Some(CAP as usize) {
            return Err(StoreError::Denied(scim_http::store::Denial::new("no licence is free")));
        }
        pause().await;
        self.0.create(scope, draft).await
    }
}

/// What clients met.
#[derive(Debug, Default)]
struct Met {
    created: AtomicUsize,
    refused: AtomicUsize,
}

/// One client's creations, with changes of what it has in between.
async fn work(client: Client, number: usize, creates: usize, round: usize, met: Arc<Met>, speaks: bool) {
    let mut random = Random::new((round * CLIENTS + number) as u64 + 1);
    let mut own: Vec<(String, bool)> = Vec::new();
    for step in 0..creates {
        let name = format!("r{round}c{number}s{step}");
        let reply = client.send(&Sent::user(json!({ "userName": name }))).await;
        match reply.status {
            201 => {
                own.push((reply.id(), true));
                met.created.fetch_add(1, Ordering::Relaxed);
            }
            // Whoever is about to be killed may be late.
            503 if speaks => {}
            _ => {
                reply.ok(403);
                met.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        if !own.is_empty() && !random.one_in(3) {
            let at = random.below(own.len());
            let (id, active) = own[at].clone();
            if random.one_in(4) {
                let status = client.delete(&format!("/Users/{id}")).await.status;
                assert!(status == 204 || speaks && status == 503, "{status}");
                own.swap_remove(at);
            } else {
                let status = set_active(&client, &id, !active).await;
                let is_late = speaks && status == 503;
                assert!(status == 200 || !active && status == 403 || is_late, "{status}");
                own[at].1 = active != (status == 200);
            }
        }
        if speaks {
            say("step");
        }
    }
}

async fn work_all(client: &Client, creates: usize, round: usize, speaks: bool) -> Arc<Met> {
    let (mut clients, met) = (JoinSet::new(), Arc::new(Met::default()));
    for number in 0..CLIENTS {
        clients.spawn(work(client.clone(), number, creates, round, Arc::clone(&met), speaks));
    }
    clients.join_all().await;
    met
}

/// The identifiers of who has a seat by the store's account, page by page.
async fn holders(store: &Shared) -> BTreeSet<String> {
    let mut all: Vec<ResourceId> = Vec::new();
    loop {
        let page = store.seat_holders(&tenant(), all.last(), 7).await.unwrap();
        if page.is_empty() {
            return all.iter().map(|id| id.as_str().to_owned()).collect();
        }
        all.extend(page);
    }
}

fn is_active(user: &Value) -> bool {
    user["active"] != false
}

/// What does not fit: between who has a seat, who says so, who is active, and how many are used.
async fn check(base: &Base, store: &Shared, client: &Client, policy: SeatPolicy) -> Vec<String> {
    let mut wrong = base.misfits().await;
    let users = client.all("/Users").await;
    let holders = holders(store).await;
    let seats = store.seats(&tenant()).await.unwrap();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    expect(seats.used <= CAP, format!("{seats:?}"));
    expect(
        seats.used as usize == holders.len(),
        format!("{seats:?} and {} holders", holders.len()),
    );
    for id in &holders {
        expect(users.get(id).is_some_and(is_active), format!("a seat of {id}"));
    }
    for (id, user) in &users {
        let shown = user[Labels::URN]["seat"] == true;
        expect(shown == holders.contains(id), format!("{id} shows {shown}"));
        let has = policy != SeatPolicy::Require || holders.contains(id) == is_active(user);
        expect(has, format!("{id} is active without a seat"));
    }
    wrong
}

/// Clients at work, and the most seats that were ever seen used.
async fn load(base: &Base, policy: SeatPolicy, round: usize) {
    let store = base.open().await;
    store.set_bought(&tenant(), CAP).await.unwrap();
    let (client, _) = serve(Arc::clone(&store), policy);
    let (is_over, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let watcher = {
        let (store, is_over, most) = (Arc::clone(&store), Arc::clone(&is_over), Arc::clone(&most));
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let used = store.seats(&tenant()).await.unwrap().used;
                most.fetch_max(used, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
    };
    let met = work_all(&client, CREATES, round, false).await;
    is_over.store(true, Ordering::Relaxed);
    watcher.await.unwrap();
    let wrong = check(base, &store, &client, policy).await;
    let (created, refused) = (met.created.load(Ordering::Relaxed), met.refused.load(Ordering::Relaxed));
    let most = most.load(Ordering::Relaxed);
    scale::figures(
        "C13 licences",
        base.name(),
        format!("{policy:?}: {created} created, {refused} refused, at most {most} of {CAP} used, wrong {wrong:?}"),
    );
    assert_eq!(wrong, [""; 0]);
    assert!(most <= CAP && created > CAP as usize);
    assert_eq!(refused > 0, policy == SeatPolicy::Require);
}

fn holds(base: fn() -> Base) {
    for policy in [SeatPolicy::Require, SeatPolicy::WhenAvailable] {
        for round in 0..scale::pick(1, 20) {
            scale::run(load(&base(), policy, round));
        }
    }
}

#[test]
fn c13_memory_gives_no_more_seats_than_were_bought() {
    holds(Base::memory);
}

#[test]
fn c13_sqlite_gives_no_more_seats_than_were_bought() {
    holds(Base::sqlite);
}

#[test]
fn c13_postgres_gives_no_more_seats_than_were_bought() {
    holds(Base::postgres);
}

#[test]
fn c13_counting_before_the_insert_is_caught() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let store = base.open().await;
            let (client, _) = serve(Flawed(CountThenInsert(Arc::clone(&store))), SeatPolicy::Never);
            let mut clients = JoinSet::new();
            for number in 0..CLIENTS {
                let client = client.clone();
                clients.spawn(async move {
                    for step in 0..CREATES {
                        let user = json!({ "userName": format!("c{number}s{step}") });
                        client.send(&Sent::user(user)).await;
                    }
                });
            }
            clients.join_all().await;
            let users = client.all("/Users").await.len();
            scale::figures(
                "C13 control: count, then insert",
                base.name(),
                format!("{users} of {CAP}"),
            );
            assert!(users > CAP as usize);
        });
    }
}

/// The job: clients that say each step.
pub(crate) async fn write(base: &Base, options: &Value) {
    let store = base.open().await;
    let (client, _) = serve(store, SeatPolicy::Require);
    let round = usize::try_from(options["round"].as_u64().unwrap()).unwrap();
    work_all(&client, 1000, round, true).await;
}

fn survives(base: Base) {
    let rounds = scale::pick(3, 20);
    scale::run(async {
        base.open().await.set_bought(&tenant(), CAP).await.unwrap();
    });
    for round in 0..rounds {
        let mut child = Child::start("seats", &base, json!({ "round": round }), &[]);
        assert!(child.hear(40 + round * 13));
        child.kill();
        let wrong = scale::run(async {
            base.forget_killed().await;
            let store = base.open().await;
            let (client, _) = serve(Arc::clone(&store), SeatPolicy::Require);
            // Whatever dies gives nothing back that it did not have, and what is left works.
            let wrong = check(&base, &store, &client, SeatPolicy::Require).await;
            let users = client.all("/Users").await;
            for id in users.keys().take(20) {
                client.delete(&format!("/Users/{id}")).await.ok(204);
            }
            wrong
        });
        assert_eq!(wrong, [""; 0], "round {round}");
    }
    scale::figures("C13 killed at work", base.name(), format!("{rounds} times"));
}

#[test]
fn c13_sqlite_keeps_seats_through_a_kill() {
    survives(Base::sqlite());
}

#[test]
fn c13_postgres_keeps_seats_through_a_kill() {
    survives(Base::postgres());
}

/// The same on each store.
fn on_each(test: impl AsyncFn(Shared, Base)) {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async {
            let store = base.open().await;
            test(store, base.clone()).await;
            assert_eq!(base.misfits().await, [""; 0]);
        });
    }
}

#[test]
fn seats_are_taken_and_given_back() {
    on_each(async |store, base| {
        let (client, tenants) = serve(Arc::clone(&store), SeatPolicy::Require);
        let used = async || store.seats(&tenant()).await.unwrap().used;
        store.set_bought(&tenant(), 2).await.unwrap();
        let (ann, bob) = (client.user("ann").await, client.user("bob").await);
        let before = base.dump("A").await;
        let refused = client.send(&Sent::user(json!({ "userName": "carl" }))).await;
        assert_eq!(
            refused.ok(403).body["detail"],
            "no licence is free: the organisation has to buy more"
        );
        assert_eq!(base.dump("A").await, before);
        // An inactive one needs none.
        let carl = Sent::user(json!({ "userName": "carl", "active": false }));
        let carl = client.send(&carl).await.ok(201).id();
        assert_eq!(set_active(&client, &carl, true).await, 403);
        assert_eq!(set_active(&client, &ann, false).await, 200);
        assert!(!store.has_seat(&tenant(), &ann.as_str().into()).await.unwrap());
        assert_eq!(set_active(&client, &carl, true).await, 200);
        assert_eq!((set_active(&client, &ann, true).await, used().await), (403, 2));
        // Nobody loses a seat, and nobody is hindered who has one.
        store.set_bought(&tenant(), 1).await.unwrap();
        assert_eq!(used().await, 2);
        let title = json!([{ "op": "replace", "path": "title", "value": "T" }]);
        client.patch(&format!("/Users/{bob}"), title.clone()).await.ok(200);
        client.delete(&format!("/Users/{bob}")).await.ok(204);
        assert_eq!((set_active(&client, &ann, true).await, used().await), (403, 1));
        // Who was active before licences came is not hindered, and gets one as soon as one is free.
        tenants.change(&tenant(), |settings| settings.seats = SeatPolicy::Never);
        let dora = client.user("dora").await;
        tenants.change(&tenant(), |settings| settings.seats = SeatPolicy::Require);
        client.patch(&format!("/Users/{dora}"), title).await.ok(200);
        assert_eq!(used().await, 1);
        store.set_bought(&tenant(), 2).await.unwrap();
        let title = json!([{ "op": "replace", "path": "title", "value": "U" }]);
        let dora = client.patch(&format!("/Users/{dora}"), title).await;
        assert_eq!(
            dora.ok(200).body[Labels::URN],
            json!({ "seat": true, "managedBy": "SCIM" })
        );
        assert_eq!(used().await, 2);
    });
}

#[test]
fn the_host_gives_and_takes_seats_by_hand() {
    on_each(async |store, _| {
        let (client, _) = serve(Arc::clone(&store), SeatPolicy::Never);
        store.set_bought(&tenant(), 1).await.unwrap();
        let (ann, bob) = (client.user("ann").await, client.user("bob").await);
        let path = format!("/Users/{ann}");
        let (ann, bob) = (ResourceId::new(ann), ResourceId::new(bob));
        let before = client.get(&path).await;
        assert!(store.assign(&host(), &ann).await.unwrap());
        assert!(!store.assign(&host(), &ann).await.unwrap());
        let after = client.get(&path).await;
        assert_eq!(after.body[Labels::URN]["seat"], true);
        assert_ne!(before.etag(), after.etag());
        let found = client.find("/Users", &format!("{}:seat eq true", Labels::URN)).await;
        assert_eq!(found.len(), 1);
        let last = store.feed(&tenant(), 0, 100).await.unwrap().pop().unwrap();
        assert_eq!((last.id, last.actor.as_str()), (ann.clone(), "host"));
        assert_eq!(last.method, ChangeMethod::Host);
        assert_eq!(last.changed, [format!("{}:seat", Labels::URN)]);
        assert!(matches!(store.assign(&host(), &bob).await, Err(StoreError::Denied(_))));
        assert!(store.unassign(&host(), &ann).await.unwrap());
        assert!(!store.unassign(&host(), &ann).await.unwrap());
        assert_eq!(set_active(&client, bob.as_str(), false).await, 200);
        assert!(matches!(store.assign(&host(), &bob).await, Err(StoreError::Denied(_))));
        assert!(matches!(
            store.assign(&host(), &"nobody".into()).await,
            Err(StoreError::NotFound)
        ));
        // A client cannot say that it has one.
        let claim = json!([{ "op": "replace", "path": format!("{}:seat", Labels::URN), "value": true }]);
        client.patch(&path, claim).await.ok(400);
        assert_eq!(store.seats(&tenant()).await.unwrap().used, 0);
        // What a hand gave, a deactivation takes, whatever the policy.
        assert!(store.assign(&host(), &ann).await.unwrap());
        assert_eq!(set_active(&client, ann.as_str(), false).await, 200);
        assert_eq!(store.seats(&tenant()).await.unwrap().used, 0);
    });
}

#[test]
fn a_seat_that_bulk_frees_is_free_within_it() {
    on_each(async |store, base| {
        let (client, _) = serve(Arc::clone(&store), SeatPolicy::Require);
        store.set_bought(&tenant(), 1).await.unwrap();
        let ann = client.user("ann").await;
        let bulk = |operations: Value| {
            let body = json!({ "schemas": [BULK], "failOnErrors": 1, "Operations": operations });
            Sent::new("POST", "/Bulk", Some(body))
        };
        let create = |name: &str| {
            let data = with_schema(USER, json!({ "userName": name }));
            json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": data })
        };
        let before = base.dump("A").await;
        let reply = client.send(&bulk(json!([create("bob")]))).await;
        assert_eq!(reply.body["Operations"][0]["status"], "403", "{}", reply.text);
        assert_eq!(base.dump("A").await, before);
        let delete = json!({ "method": "DELETE", "path": format!("/Users/{ann}") });
        let reply = client.send(&bulk(json!([delete, create("bob")]))).await;
        assert_eq!(reply.body["Operations"][1]["status"], "201", "{}", reply.text);
        assert_eq!(store.seats(&tenant()).await.unwrap().used, 1);
    });
}
