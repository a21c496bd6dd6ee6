//! What happens around the creation of a user: names of inactive users, accounts of the host, licences elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use scim_http::{
    BearerTokens, Expiry, ScimService,
    core::{Dialect, ResourceId, TenantId, resource::Resource, schema::Registry},
    store::{
        Account, Accounts, Adoption, AdoptionPolicy, Attempt, Clock as _, Denial, Guard, Guards, LicenseBackend,
        LicenseGuard, Licensed, MemoryLicenses, Principal, RandomIds, Reprovision, Reservation, Result, ScimStore,
        Scope, StoreError, TenantSettings, TxView,
    },
};
use serde_json::{Value, json};
use support::{BASE, HandClock, Reply, Server, TestStore, USER, block_on, with_schema};

/// A service on a store with something around it.
fn serve(store: &Arc<TestStore>, outer: impl ScimStore, change: impl FnOnce(&mut TenantSettings)) -> Server {
    let tokens = BearerTokens::new();
    tokens
        .add("tokA", Principal::new("A", "token a"), Expiry::Never)
        .unwrap();
    let clock = HandClock::new();
    let builder = ScimService::builder(BASE, outer, tokens).clock(clock.clone());
    Server {
        service: builder.settings(change).build().unwrap(),
        store: Arc::clone(store),
        clock,
    }
}

fn post(server: &Server, attributes: Value) -> Reply {
    server.post("/Users", with_schema(USER, attributes))
}

fn set_active(server: &Server, id: &str, active: bool) -> Reply {
    let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
    server.patch(&format!("/Users/{id}"), operations)
}

fn active(server: &Server) -> usize {
    server.find("/Users", "active ne false").len()
}

fn reactivating() -> Server {
    Server::with(Dialect::default(), |builder| {
        builder.settings(|settings| settings.reprovision = Reprovision::Reactivate)
    })
}

#[test]
fn a_name_of_an_inactive_user_is_taken_unless_the_tenant_says_otherwise() {
    let server = Server::tolerant();
    let ann = server.user(json!({ "userName": "ann" }));
    set_active(&server, &ann, false).ok(200);
    let before = server.store.dump();
    post(&server, json!({ "userName": "ann" })).refused(409, "uniqueness");
    assert_eq!(server.store.dump(), before);
}

#[test]
fn an_inactive_user_is_brought_back_under_its_identifier() {
    let server = reactivating();
    let ann = server.user(json!({ "userName": "ann", "title": "old", "externalId": "1" }));
    let group = server.group("g", &[&ann]);
    post(&server, json!({ "userName": "ann" })).refused(409, "uniqueness");
    let before = set_active(&server, &ann, false).ok(200).body["meta"]["version"].clone();
    let reply = post(&server, json!({ "userName": "ANN", "externalId": "2" }));
    let body = &reply.ok(201).body;
    assert_eq!(
        (&body["id"], &body["userName"], &body["active"]),
        (&json!(ann), &json!("ANN"), &json!(true))
    );
    assert_eq!((&body["title"], &body["externalId"]), (&Value::Null, &json!("2")));
    assert_ne!(body["meta"]["version"], before);
    assert_eq!(reply.header("location"), Some(format!("{BASE}/Users/{ann}").as_str()));
    assert_eq!(server.members(&group), [ann.as_str()]);
    assert_eq!(server.find("/Users", "userName pr").len(), 1);
    // What else is taken stays taken.
    post(&server, json!({ "userName": "ann" })).refused(409, "uniqueness");
}

#[test]
fn bulk_brings_an_inactive_user_back() {
    let server = reactivating();
    let ann = server.user(json!({ "userName": "ann" }));
    set_active(&server, &ann, false).ok(200);
    let data = with_schema(USER, json!({ "userName": "ann" }));
    let reply = server.bulk(json!([{ "method": "POST", "path": "/Users", "bulkId": "a", "data": data }]));
    let result = &reply.ok(200).body["Operations"][0];
    assert_eq!(
        (&result["status"], &result["location"]),
        (&json!("201"), &json!(format!("{BASE}/Users/{ann}")))
    );
    assert_eq!(active(&server), 1);
}

#[test]
fn of_those_who_bring_a_user_back_at_once_one_succeeds() {
    let server = reactivating();
    for round in 0..5 {
        let name = format!("ann{round}");
        let ann = server.user(json!({ "userName": name }));
        set_active(&server, &ann, false).ok(200);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let posts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| post(&server, json!({ "userName": name })).status))
                .collect();
            posts.into_iter().map(|post| post.join().unwrap()).collect()
        });
        let done = statuses.iter().filter(|status| **status == 201).count();
        assert!(
            done == 1 && statuses.iter().all(|status| matches!(status, 201 | 409)),
            "{statuses:?}"
        );
    }
}

/// Accounts by user name, and what was adopted.
#[derive(Debug, Default)]
struct HostAccounts {
    accounts: Mutex<Vec<(String, Account)>>,
    adopted: Mutex<Vec<ResourceId>>,
}

impl HostAccounts {
    fn add(&self, name: &str, account: Account) {
        self.accounts.lock().unwrap().push((name.to_owned(), account));
    }
}

#[derive(Debug, Clone)]
struct Shared(Arc<HostAccounts>);

#[async_trait]
impl Accounts for Shared {
    async fn find(&self, _: &TenantId, user: &Resource) -> Result<Option<Account>> {
        assert!(
            user.get("externalId").is_none(),
            "a client's own choice is shown to the host"
        );
        let accounts = self.0.accounts.lock().unwrap();
        let mut known = accounts.iter();
        let name = user.text("userName").unwrap();
        Ok(known.find(|(own, _)| own == name).map(|(_, account)| account.clone()))
    }

    async fn adopted(&self, _: &TenantId, account: &Account) -> Result<()> {
        self.0.adopted.lock().unwrap().push(account.id.clone());
        Ok(())
    }
}

fn adopting(policy: AdoptionPolicy) -> (Server, Arc<HostAccounts>) {
    let (store, accounts) = (Arc::new(TestStore::new()), Arc::new(HostAccounts::default()));
    let outer = Adoption::new(Arc::clone(&store), Shared(Arc::clone(&accounts)));
    (serve(&store, outer, |settings| settings.adoption = policy), accounts)
}

#[test]
fn accounts_of_the_host_are_not_taken_over() {
    let (server, accounts) = adopting(AdoptionPolicy::Never);
    accounts.add("root", Account::new("1").verified("root@acme.example").allow());
    let before = server.store.dump();
    post(&server, json!({ "userName": "root" })).refused(409, "uniqueness");
    post(&server, json!({ "userName": "root", "externalId": "1" })).refused(409, "uniqueness");
    let data = with_schema(USER, json!({ "userName": "root" }));
    let reply = server.bulk(json!([{ "method": "POST", "path": "/Users", "bulkId": "a", "data": data }]));
    assert_eq!(reply.ok(200).body["Operations"][0]["status"], "409");
    assert_eq!(server.store.dump(), before);
    // An identifier of the host's that a client names as its own is nobody.
    let other = post(&server, json!({ "userName": "other", "externalId": "1" }));
    assert_ne!(other.ok(201).body["id"], "1");
    assert!(accounts.adopted.lock().unwrap().is_empty());
}

#[test]
fn a_marked_account_is_adopted_once_and_keeps_its_identifier() {
    let (server, accounts) = adopting(AdoptionPolicy::Explicit);
    accounts.add("ann", Account::new("acct-7").allow());
    accounts.add("bob", Account::new("acct-8").verified("bob@acme.example"));
    post(
        &server,
        json!({ "userName": "bob", "emails": [{ "value": "bob@acme.example" }] }),
    )
    .refused(409, "uniqueness");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let posts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| post(&server, json!({ "userName": "ann" })).status))
            .collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(server.get("/Users/acct-7").ok(200).body["userName"], "ann");
    assert_eq!(*accounts.adopted.lock().unwrap(), [ResourceId::new("acct-7")]);
}

#[test]
fn a_verified_account_of_an_own_domain_is_adopted() {
    let (server, accounts) = adopting(AdoptionPolicy::MatchVerified {
        domains: vec!["acme.example".to_owned()],
    });
    accounts.add("ann", Account::new("acct-1").verified("ann@acme.example"));
    accounts.add("eve", Account::new("acct-2").verified("eve@evil.example"));
    accounts.add("bob", Account::new("acct-3"));
    let named =
        |name: &str, address: &str| post(&server, json!({ "userName": name, "emails": [{ "value": address }] }));
    named("ann", "other@acme.example").refused(409, "uniqueness");
    named("eve", "eve@evil.example").refused(409, "uniqueness");
    named("bob", "bob@acme.example").refused(409, "uniqueness");
    assert_eq!(named("ann", "Ann@Acme.Example").ok(201).body["id"], "acct-1");
}

/// A licence service that can be out of reach, or lose what it is told last.
#[derive(Debug, Default)]
struct Service {
    inner: MemoryLicenses,
    is_gone: AtomicBool,
    is_deaf: AtomicBool,
}

impl Service {
    fn check(&self, switch: &AtomicBool) -> Result<()> {
        if switch.load(Ordering::SeqCst) {
            return Err(StoreError::other("out of reach"));
        }
        Ok(())
    }
}

#[async_trait]
impl LicenseBackend for Service {
    async fn reserve(&self, tenant: &TenantId, reservation: &Reservation) -> Result<bool> {
        self.check(&self.is_gone)?;
        self.inner.reserve(tenant, reservation).await
    }

    async fn confirm(&self, tenant: &TenantId, reservation: &str) -> Result<()> {
        self.check(&self.is_deaf)?;
        self.inner.confirm(tenant, reservation).await
    }

    async fn release(&self, tenant: &TenantId, reservation: &str) -> Result<()> {
        self.check(&self.is_deaf)?;
        self.inner.release(tenant, reservation).await
    }

    async fn held_by(&self, tenant: &TenantId, user: &ResourceId) -> Result<Vec<Reservation>> {
        self.check(&self.is_gone)?;
        self.inner.held_by(tenant, user).await
    }

    async fn all(&self, tenant: &TenantId) -> Result<Vec<Reservation>> {
        self.inner.all(tenant).await
    }
}

struct Host {
    server: Server,
    licensed: Arc<Licensed<Arc<TestStore>>>,
    service: Arc<Service>,
}

/// Refuses users whose title says so, when their licence is reserved already.
#[derive(Debug)]
struct Late;

#[async_trait]
impl Guard for Late {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        match attempt {
            Attempt::Create { after, .. } if after.text("title") == Some("refused") => Err(Denial::new("refused")),
            _ => Ok(()),
        }
    }
}

impl Host {
    fn new(bought: usize) -> Self {
        let service = Arc::new(Service::default());
        service.inner.buy("A", bought);
        let guard = Guards::new().and(LicenseGuard::require(Arc::clone(&service))).and(Late);
        let store = Arc::new(TestStore::with_guard(Arc::new(guard)));
        let licensed = Arc::new(Licensed::new(Arc::clone(&store), Arc::clone(&service)));
        let server = serve(&store, Arc::clone(&licensed), |_| {});
        Self {
            server,
            licensed,
            service,
        }
    }

    fn all(&self) -> Vec<Reservation> {
        block_on(self.service.all(&TenantId::from("A"))).unwrap()
    }

    /// Each active user has one licence that is confirmed, and there is no other.
    fn fits(&self) -> bool {
        let all = self.all();
        let mut users = self.server.find("/Users", "active ne false");
        users.sort();
        let mut held: Vec<String> = all
            .iter()
            .map(|reservation| reservation.user.as_str().to_owned())
            .collect();
        held.sort();
        let mut ids: Vec<String> = Vec::new();
        for name in users {
            ids.extend(self.ids(&name));
        }
        ids.sort();
        held == ids && all.iter().all(|reservation| reservation.confirmed)
    }

    fn ids(&self, name: &str) -> Vec<String> {
        let page = self.server.filter("/Users", &format!("userName eq \"{name}\""));
        let resources = page.ok(200).body.get("Resources").and_then(Value::as_array);
        let ids = resources
            .into_iter()
            .flatten()
            .filter_map(|user| user.get("id")?.as_str());
        ids.map(str::to_owned).collect()
    }

    fn reconcile(&self) -> (usize, usize) {
        let now = self.server.clock.now();
        let kinds = Arc::new(Registry::default());
        let scope = Scope::new(Principal::new("A", "host"), now, Arc::new(RandomIds), kinds);
        let before = now + TimeDelta::seconds(1);
        let done = block_on(self.licensed.reconcile(&scope, before)).unwrap();
        (done.confirmed, done.released)
    }
}

#[test]
fn licences_elsewhere_are_taken_and_given_back() {
    let host = Host::new(2);
    let ann = post(&host.server, json!({ "userName": "ann" })).ok(201).id();
    let bob = post(&host.server, json!({ "userName": "bob" })).ok(201).id();
    let before = host.server.store.dump();
    let refused = post(&host.server, json!({ "userName": "carl" }));
    assert_eq!(
        refused.ok(403).body["detail"],
        "no licence is free: the organisation has to buy more"
    );
    assert_eq!(host.server.store.dump(), before);
    assert!(host.fits());
    set_active(&host.server, &ann, false).ok(200);
    assert!(host.fits());
    host.server.delete(&format!("/Users/{bob}")).ok(204);
    assert_eq!(host.all(), []);
    set_active(&host.server, &ann, true).ok(200);
    post(&host.server, json!({ "userName": "ann" })).refused(409, "uniqueness");
    post(&host.server, json!({ "userName": "dora", "title": "refused" })).ok(403);
    assert!(host.fits());
    assert_eq!(host.all().len(), 1);
    // Nothing is decided without the service.
    host.service.is_gone.store(true, Ordering::SeqCst);
    let before = host.server.store.dump();
    let away = post(&host.server, json!({ "userName": "eve" }));
    assert_eq!(away.ok(429).header("retry-after"), Some("30"));
    assert_eq!(host.server.store.dump(), before);
}

#[test]
fn what_the_service_was_not_told_is_reconciled() {
    let host = Host::new(10);
    let ann = post(&host.server, json!({ "userName": "ann" })).ok(201).id();
    host.service.is_deaf.store(true, Ordering::SeqCst);
    let bob = post(&host.server, json!({ "userName": "bob" })).ok(201).id();
    post(&host.server, json!({ "userName": "dora", "title": "refused" })).ok(403);
    host.server.delete(&format!("/Users/{ann}")).ok(204);
    assert!(!host.fits());
    host.service.is_deaf.store(false, Ordering::SeqCst);
    assert_eq!(host.reconcile(), (1, 2));
    assert!(host.fits());
    assert_eq!(host.reconcile(), (0, 0));
    assert_eq!(host.all()[0].user.as_str(), bob);
}

#[test]
fn licences_elsewhere_are_never_more_than_there_are() {
    let host = Host::new(12);
    thread::scope(|scope| {
        for client in 0..8 {
            let host = &host;
            scope.spawn(move || {
                for step in 0..5 {
                    let reply = post(&host.server, json!({ "userName": format!("c{client}s{step}") }));
                    assert!(host.all().len() <= 12);
                    if reply.status == 201 && step % 2 == 0 {
                        let id = reply.id();
                        set_active(&host.server, &id, false).ok(200);
                        let again = set_active(&host.server, &id, true);
                        assert!(matches!(again.status, 200 | 403));
                    }
                }
            });
        }
    });
    assert!(host.fits());
    assert!(active(&host.server) <= 12);
}
