//! What clients do step by step, what is there afterwards, and an identity provider that does it whatever happens.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde_json::json;

use crate::client::{Client, Reply, Sent};

/// One step of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    Create(String),
    Title(String, String),
    Join(String),
    Leave(String),
    Deactivate(String),
    Delete(String),
}

/// What a client's step is; the same each time.
pub(crate) fn op(client: usize, step: usize) -> Op {
    let number = step / 6;
    let name = format!("c{client}-{number}");
    match step % 6 {
        0 => Op::Create(name),
        1 => Op::Title(name, format!("t{step}")),
        2 => Op::Join(name),
        3 => Op::Deactivate(name),
        4 if number % 2 == 1 => Op::Leave(name),
        5 if number % 3 == 2 => Op::Delete(name),
        _ => Op::Title(name, format!("t{step}")),
    }
}

/// What there is of a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Person {
    title: Option<String>,
    is_inactive: bool,
    is_member: bool,
}

pub(crate) type People = BTreeMap<String, Person>;

/// What there is after a client's first steps.
pub(crate) fn after(client: usize, steps: usize) -> People {
    let mut people = People::new();
    for step in 0..steps {
        let op = op(client, step);
        match op {
            Op::Create(name) => {
                people.insert(name, Person::default());
            }
            Op::Title(name, title) => people.get_mut(&name).unwrap().title = Some(title),
            Op::Join(name) => people.get_mut(&name).unwrap().is_member = true,
            Op::Leave(name) => people.get_mut(&name).unwrap().is_member = false,
            Op::Deactivate(name) => people.get_mut(&name).unwrap().is_inactive = true,
            Op::Delete(name) => {
                people.remove(&name);
            }
        }
    }
    people
}

/// What there is of each client; the users and the group must agree about who is a member.
pub(crate) async fn observe(client: &Client, clients: usize) -> Vec<People> {
    let mut seen = vec![People::new(); clients];
    let mut joined = Vec::new();
    for (id, user) in client.all("/Users").await {
        let name = user["userName"].as_str().unwrap();
        let (of, _) = name.trim_start_matches('c').split_once('-').unwrap();
        let person = Person {
            title: user["title"].as_str().map(str::to_owned),
            is_inactive: user["active"] == false,
            is_member: user["groups"].as_array().is_some_and(|groups| !groups.is_empty()),
        };
        if person.is_member {
            joined.push(id);
        }
        let former = seen[of.parse::<usize>().unwrap()].insert(name.to_owned(), person);
        assert!(former.is_none(), "{name} is there twice");
    }
    for (id, _) in client.all("/Groups").await {
        let mut members = client.members(&id).await;
        members.sort();
        assert_eq!(members, joined, "the group and its members differ");
    }
    seen
}

/// How what there is differs from what was acknowledged: steps lost, and steps there that were not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) lost: usize,
    pub(crate) extra: usize,
    pub(crate) wrong: usize,
}

/// Compares with the acknowledged steps of each client; each may have had one more under way.
pub(crate) async fn compare(client: &Client, acknowledged: &[usize]) -> Difference {
    let seen = observe(client, acknowledged.len()).await;
    let mut difference = Difference::default();
    for (number, (people, steps)) in seen.iter().zip(acknowledged).enumerate() {
        if *people == after(number, *steps) {
            continue;
        }
        if *people == after(number, steps + 1) {
            difference.extra += 1;
        } else if let Some(kept) = (0..*steps).rev().find(|kept| *people == after(number, *kept)) {
            difference.lost += steps - kept;
        } else {
            difference.wrong += 1;
        }
    }
    difference
}

/// An identity provider that carries a script out.
#[derive(Debug)]
pub(crate) struct Provider {
    client: Client,
    number: usize,
    ids: HashMap<String, String>,
    group: String,
    pub(crate) tally: Tally,
}

/// What a provider met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Steps that were carried out in the end.
    pub(crate) done: usize,
    /// Answers of 503.
    pub(crate) unavailable: usize,
    /// Answers of 503 that do not say when to come back.
    pub(crate) without_date: usize,
    /// Answers that never came.
    pub(crate) unheard: usize,
    /// Answers of 500, or others that may not come.
    pub(crate) wrong: usize,
    /// Users that were found to be there already, and adopted.
    pub(crate) adopted: usize,
    /// The same, although no answer was missed.
    pub(crate) surprises: usize,
}

impl Tally {
    pub(crate) fn join(&mut self, other: Self) {
        self.done += other.done;
        self.unavailable += other.unavailable;
        self.without_date += other.without_date;
        self.unheard += other.unheard;
        self.wrong += other.wrong;
        self.adopted += other.adopted;
        self.surprises += other.surprises;
    }
}

impl Provider {
    pub(crate) fn new(client: Client, number: usize, group: &str) -> Self {
        Self {
            client,
            number,
            ids: HashMap::new(),
            group: group.to_owned(),
            tally: Tally::default(),
        }
    }

    fn id(&self, name: &str) -> &str {
        self.ids.get(name).map_or("unknown", String::as_str)
    }

    /// The request of a step.
    pub(crate) fn request(&self, op: &Op) -> Sent {
        let user = |name: &str, operation| Sent::patch(format!("/Users/{}", self.id(name)), json!([operation]));
        let group = |operation| Sent::patch(format!("/Groups/{}", self.group), json!([operation]));
        match op {
            Op::Create(name) => Sent::user(json!({ "userName": name })),
            Op::Title(name, title) => user(name, json!({ "op": "replace", "path": "title", "value": title })),
            Op::Deactivate(name) => user(name, json!({ "op": "replace", "path": "active", "value": false })),
            Op::Join(name) => group(json!({ "op": "add", "path": "members", "value": [{ "value": self.id(name) }] })),
            Op::Leave(name) => {
                let path = format!(r#"members[value eq "{}"]"#, self.id(name));
                group(json!({ "op": "remove", "path": path }))
            }
            Op::Delete(name) => Sent::new("DELETE", format!("/Users/{}", self.id(name)), None),
        }
    }

    /// Carries a step out in one go; whether it was acknowledged.
    pub(crate) async fn perform(&mut self, step: usize) -> bool {
        let op = op(self.number, step);
        let reply = self.client.send(&self.request(&op)).await;
        self.note(&op, &reply);
        reply.is_good()
    }

    fn note(&mut self, op: &Op, reply: &Reply) {
        if let Op::Create(name) = op
            && reply.status == 201
        {
            self.ids.insert(name.clone(), reply.id());
        }
    }

    /// Carries a step out, again and again until it is done; `hears` says whether an answer arrives.
    pub(crate) async fn insist(&mut self, step: usize, mut hears: impl FnMut() -> bool) {
        let op = op(self.number, step);
        let mut is_repeated = false;
        loop {
            let reply = self.client.send(&self.request(&op)).await;
            if !hears() {
                self.tally.unheard += 1;
                is_repeated = true;
                continue;
            }
            self.note(&op, &reply);
            match (reply.status, &op) {
                (200 | 201 | 204, _) => break,
                (503, _) => {
                    self.tally.unavailable += 1;
                    self.tally.without_date += usize::from(reply.header("retry-after").is_none());
                    is_repeated = true;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                (409, Op::Create(name)) if self.adopt(name).await => {
                    self.tally.adopted += 1;
                    self.tally.surprises += usize::from(!is_repeated);
                    break;
                }
                (404, Op::Delete(_)) if is_repeated => break,
                _ => {
                    self.tally.wrong += 1;
                    if self.tally.wrong > 20 {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        self.tally.done += 1;
    }

    /// Finds a user that is there already by its name.
    async fn adopt(&mut self, name: &str) -> bool {
        for _ in 0..1000 {
            let filter = crate::support::encode(&format!(r#"userName eq "{name}""#));
            let reply = self.client.get(&format!("/Users?filter={filter}")).await;
            match reply.status {
                200 => {
                    let found = reply.resources();
                    assert!(found.len() < 2, "{name} is there twice");
                    let id = found.first().and_then(|user| user["id"].as_str());
                    let Some(id) = id else { return false };
                    self.ids.insert(name.to_owned(), id.to_owned());
                    return true;
                }
                503 => tokio::time::sleep(Duration::from_millis(20)).await,
                _ => return false,
            }
        }
        false
    }
}
