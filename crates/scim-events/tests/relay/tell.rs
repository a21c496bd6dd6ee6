//! What a relay tells its sinks, through the whole handler.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use http::Request;
use scim_conformance::{block_on, events::check_positions};
use scim_core::{
    TenantId,
    schema::{Attribute, Registry, ResourceType, Returned, Schema},
};
use scim_events::{Drained, Event, EventSink, MemoryPositions, Payload, Positions, Relay, SinkError, Values};
use scim_http::{BearerTokens, ScimService};
use scim_store::{Change, ChangeFeed, Expiry, MemoryStore, Principal, Result, ScimStore};
use serde_json::{Value, json};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Remembers what it was told, and refuses while it is shut.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ears {
    pub(crate) heard: Arc<Mutex<Vec<Event>>>,
    is_shut: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl EventSink for Ears {
    async fn deliver(&self, events: &[Event]) -> std::result::Result<(), SinkError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_shut.load(Ordering::SeqCst) {
            return Err(SinkError::new("shut"));
        }
        self.heard.lock().unwrap().extend_from_slice(events);
        Ok(())
    }
}

impl Ears {
    fn types(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|event| event.event_type.to_string()).collect()
    }

    fn sequences(&self) -> Vec<u64> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|event| event.change.sequence).collect()
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    service: ScimService,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(MemoryStore::new())
    }

    fn of(store: MemoryStore) -> Self {
        let store = Arc::new(store);
        let tokens = BearerTokens::new();
        let principal = Principal::new(tenant(), "token-1");
        tokens
            .add("secret-0123456789-secret-0123456789", principal, Expiry::Never)
            .unwrap();
        let service = ScimService::builder("https://id.example.com/scim/v2", Arc::clone(&store), tokens);
        let service = service.resource_types(kinds()).build().unwrap();
        Self { store, service }
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header("authorization", "Bearer secret-0123456789-secret-0123456789")
            .header("content-type", "application/scim+json")
            .header("x-request-id", "request-7");
        let response = block_on(self.service.handle(request.body(body.to_string()).unwrap()));
        let bytes = block_on(response.into_body().into_bytes()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    pub(crate) fn user(&self, name: &str) -> String {
        let body = json!({ "schemas": [USER], "userName": name, "password": "t0p-Secret-9" });
        self.send("POST", "/Users", body)["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn patch(&self, path: &str, operation: Value) {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        self.send("PATCH", path, json!({ "schemas": schemas, "Operations": [operation] }));
    }

    fn changes(&self) -> usize {
        self.store.changes(&tenant(), 0, usize::MAX).len()
    }
}

fn tenant() -> TenantId {
    TenantId::new("acme")
}

pub(crate) fn relay(world: &World, positions: &Arc<MemoryPositions>, sinks: &[(&str, &Ears)]) -> Relay {
    let feed = Arc::clone(&world.store);
    let mut builder = Relay::builder(feed, Arc::clone(positions) as Arc<dyn Positions>).batch(2);
    for (name, sink) in sinks {
        builder = builder.reader(name, (*sink).clone());
    }
    builder.build()
}

pub(crate) fn drain(relay: &Relay) -> Drained {
    block_on(relay.drain(&tenant()))
}

#[test]
fn each_change_has_its_event() {
    let (world, ears, positions) = (World::new(), Ears::default(), Arc::new(MemoryPositions::new()));
    let id = world.user("eve");
    let path = format!("/Users/{id}");
    world.patch(&path, json!({ "op": "replace", "path": "title", "value": "x" }));
    world.patch(&path, json!({ "op": "replace", "path": "title", "value": "x" }));
    world.patch(&path, json!({ "op": "replace", "path": "active", "value": false }));
    world.patch(&path, json!({ "op": "replace", "path": "active", "value": true }));
    let group = world.send("POST", "/Groups", json!({ "schemas": [GROUP], "displayName": "g" }));
    let group = format!("/Groups/{}", group["id"].as_str().unwrap());
    world.patch(
        &group,
        json!({ "op": "add", "path": "members", "value": [{ "value": id }] }),
    );
    world.patch(&group, json!({ "op": "replace", "path": "displayName", "value": "h" }));
    world.send("DELETE", &path, Value::Null);
    world.send("DELETE", &group, Value::Null);
    let drained = drain(&relay(&world, &positions, &[("log", &ears)]));
    assert!(drained.failures.is_empty() && drained.missed == 0, "{drained:?}");
    let mut types = ears.types();
    // The group that loses a deleted member may be told of before or behind it.
    types[7..9].sort();
    let expected = [
        "user.created",
        "user.updated",
        "user.deactivated",
        "user.activated",
        "group.created",
        "group.members.changed",
        "group.updated",
        "group.members.changed",
        "user.deleted",
        "group.deleted",
    ];
    assert_eq!(types, expected);
    let heard = ears.heard.lock().unwrap();
    assert_eq!(heard[0].change.changed, ["userName"]);
    assert_eq!(heard[1].change.changed, ["title"]);
    assert_eq!(heard[1].change.transaction, "request-7");
    assert!(heard.iter().all(|event| event.resource.is_none()));
    assert!(!format!("{heard:?}").contains("t0p-Secret-9"));
}

#[test]
fn a_reader_goes_on_where_it_was_and_the_record_is_forgotten() {
    let (world, ears, positions) = (World::new(), Ears::default(), Arc::new(MemoryPositions::new()));
    (0..5).for_each(|number| drop(world.user(&format!("a{number}"))));
    drain(&relay(&world, &positions, &[("log", &ears)]));
    assert_eq!(ears.calls.load(Ordering::SeqCst), 3, "five events, two at once");
    assert_eq!(world.changes(), 0, "all readers are done with them");
    world.user("b");
    drain(&relay(&world, &positions, &[("log", &ears)]));
    assert_eq!(ears.sequences(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_sink_that_fails_keeps_its_events_and_no_other_sink_back() {
    let (world, positions) = (World::new(), Arc::new(MemoryPositions::new()));
    let (good, bad) = (Ears::default(), Ears::default());
    let relay = relay(&world, &positions, &[("good", &good), ("bad", &bad)]);
    bad.is_shut.store(true, Ordering::SeqCst);
    (0..3).for_each(|number| drop(world.user(&format!("{number}"))));
    let drained = drain(&relay);
    assert_eq!(drained.failures.len(), 1);
    assert_eq!(drained.failures[0].reader, "bad");
    assert_eq!(good.sequences(), [1, 2, 3]);
    assert_eq!(world.changes(), 3, "the bad one still needs them");
    drain(&relay);
    assert_eq!(good.sequences(), [1, 2, 3], "once");
    bad.is_shut.store(false, Ordering::SeqCst);
    drain(&relay);
    assert_eq!(bad.sequences(), [1, 2, 3]);
    assert_eq!(world.changes(), 0);
}

const DEVICE: &str = "urn:example:params:scim:schemas:core:2.0:Device";

/// Users, groups, and devices with attributes that a plain read does not show.
pub(crate) fn kinds() -> Registry {
    let schema = Schema::builder(DEVICE, "Device")
        .attribute(Attribute::string("displayName"))
        .attribute(Attribute::string("pin").returned(Returned::Never))
        .attribute(Attribute::string("place").returned(Returned::Request))
        .build()
        .unwrap();
    let device = ResourceType::builder("Device", "/Devices", schema).build().unwrap();
    Registry::new([ResourceType::user(), ResourceType::group(), device])
}

#[test]
fn values_are_those_of_a_plain_read() {
    let (world, ears) = (World::new(), Ears::default());
    let store = Arc::clone(&world.store) as Arc<dyn ScimStore>;
    let values = Values::new(store, Arc::new(kinds()), |tenant| {
        format!("https://{tenant}.example.com")
    });
    let feed = Arc::clone(&world.store);
    let relay = Relay::builder(feed, Arc::new(MemoryPositions::new()))
        .reader("log", ears.clone())
        .values(values)
        .build();
    let id = world.user("eve");
    let gone = world.user("gone");
    world.send("DELETE", &format!("/Users/{gone}"), Value::Null);
    let device = json!({ "schemas": [DEVICE], "displayName": "door", "pin": "p1n-Never", "place": "on-Request" });
    let device = world.send("POST", "/Devices", device)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pin = json!({ "op": "replace", "path": "pin", "value": "p1n-Later" });
    world.patch(&format!("/Devices/{device}"), pin);
    let path = format!("/Devices/{device}?attributes=place");
    assert_eq!(
        world.send("GET", &path, Value::Null)["place"],
        "on-Request",
        "it is kept"
    );
    assert!(drain(&relay).failures.is_empty());
    let heard = ears.heard.lock().unwrap();
    let told: Vec<Value> = heard.iter().map(|event| event.to_json(Payload::Values)).collect();
    let resource = &told[0]["data"]["resource"];
    assert_eq!(resource["userName"], "eve");
    assert_eq!(
        resource["meta"]["location"],
        format!("https://acme.example.com/Users/{id}")
    );
    assert!(heard[1].resource.is_none() && heard[2].resource.is_none(), "it is gone");
    assert_eq!(told[3]["data"]["resource"]["displayName"], "door");
    assert_eq!(told[4]["data"]["changed"], json!(["pin"]), "its name may be told");
    for secret in ["t0p-Secret-9", "p1n-Never", "p1n-Later", "on-Request"] {
        assert!(!format!("{told:?} {heard:?}").contains(secret), "{secret} is told");
    }
}

#[test]
fn a_record_that_forgot_too_early_is_told_of() {
    let world = World::of(MemoryStore::builder().changes(3).build());
    let (ears, positions) = (Ears::default(), Arc::new(MemoryPositions::new()));
    let relay = relay(&world, &positions, &[("log", &ears)]);
    world.user("first");
    assert_eq!(drain(&relay).missed, 0);
    (0..5).for_each(|number| drop(world.user(&format!("{number}"))));
    assert_eq!(drain(&relay).missed, 2);
    assert_eq!(ears.sequences(), [1, 4, 5, 6]);
}

#[test]
fn positions_in_memory_keep_the_contract() {
    let report = block_on(check_positions(&MemoryPositions::new()));
    assert!(report.is_clean(), "{report}");
}

/// Broken: positions that move before the sink has taken the events.
#[derive(Debug, Default)]
struct Hasty(MemoryPositions);

#[async_trait]
impl Positions for Hasty {
    async fn all(&self, tenant: &TenantId) -> Result<Vec<(String, u64)>> {
        self.0.all(tenant).await
    }

    async fn load(&self, tenant: &TenantId, reader: &str) -> Result<Option<u64>> {
        let kept = self.0.load(tenant, reader).await?;
        self.0.save(tenant, reader, kept.unwrap_or_default() + 1).await?;
        Ok(kept)
    }

    async fn remove(&self, tenant: &TenantId, reader: &str) -> Result<()> {
        self.0.remove(tenant, reader).await
    }

    async fn save(&self, tenant: &TenantId, reader: &str, through: u64) -> Result<()> {
        self.0.save(tenant, reader, through).await
    }
}

/// A record that is read in an order of its own.
#[derive(Debug)]
struct Feed(Vec<Change>);

#[async_trait]
impl ChangeFeed for Feed {
    async fn changes(&self, _: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        let behind = self.0.iter().filter(|change| change.sequence > after);
        Ok(behind.take(limit).cloned().collect())
    }

    async fn forget(&self, _: &TenantId, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Drops the relay at each of its steps, starts it again, and counts what was lost and what was out of order.
fn interrupt(positions: Arc<dyn Positions>) -> (usize, usize) {
    let world = World::new();
    (0..9).for_each(|number| drop(world.user(&format!("{number}"))));
    let changes = world.store.changes(&tenant(), 0, 100);
    let ears = Ears::default();
    for step in 0..200 {
        let feed = Arc::new(Feed(changes.clone()));
        let relay = Relay::builder(feed, Arc::clone(&positions))
            .reader("log", Interrupted(ears.clone(), AtomicUsize::new(step % 3)))
            .batch(2)
            .build();
        drain(&relay);
    }
    let heard = ears.sequences();
    let told: BTreeSet<u64> = heard.iter().copied().collect();
    let mut first = BTreeMap::new();
    for (place, sequence) in heard.iter().enumerate() {
        first.entry(*sequence).or_insert(place);
    }
    let places: Vec<usize> = first.into_values().collect();
    let disordered = places.windows(2).filter(|pair| pair[0] > pair[1]).count();
    (changes.len() - told.len(), disordered)
}

/// Fails once after so many calls, half of the time with the events taken.
#[derive(Debug)]
struct Interrupted(Ears, AtomicUsize);

#[async_trait]
impl EventSink for Interrupted {
    async fn deliver(&self, events: &[Event]) -> std::result::Result<(), SinkError> {
        match self.1.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(SinkError::new("before")),
            1 => {
                self.0.deliver(events).await?;
                Err(SinkError::new("behind"))
            }
            _ => self.0.deliver(events).await,
        }
    }
}

#[test]
fn c5_nothing_is_lost_wherever_a_relay_is_interrupted() {
    assert_eq!(interrupt(Arc::new(MemoryPositions::new())), (0, 0));
}

#[test]
fn c5_a_position_that_moves_too_early_is_caught() {
    let (lost, _) = interrupt(Arc::new(Hasty::default()));
    assert!(lost > 0);
}
