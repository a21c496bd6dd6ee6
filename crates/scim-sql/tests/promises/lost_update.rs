//! C1: no acknowledged change is lost, however many clients change the same resource.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use async_trait::async_trait;
use scim_http::{
    core::{
        Edit, Limits,
        resource::{Decoded, Found, Member, MemberStep, Members},
        schema::ResourceType,
    },
    store::{Read, Result, ScimStore, Scope, StoreError, Updated},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    base::Base,
    client::{Client, Sent},
    flaw::{Flaw, Flawed, Shared, pause},
    scale::{self, Times},
    support::ENTERPRISE,
};

const CLIENTS: usize = 16;

/// Broken: reads, changes what it read, and writes it back.
#[derive(Debug)]
struct ReadModifyWrite(Shared);

impl ReadModifyWrite {
    async fn replacement(&self, scope: &Scope, edit: &Edit) -> Result<Edit> {
        let read = Read::new(Arc::clone(edit.kind()), edit.id().clone());
        let found: Found = self.0.get(scope, &read).await?;
        if !edit.precondition().allows_write(found.head.version) {
            return Err(StoreError::Precondition);
        }
        let mut members = match found.members {
            Members::All(members) => members,
            _ => Vec::new(),
        };
        let applied = edit.apply(&found.stored)?;
        MemberStep::apply(edit.member_steps(), &mut members, |member| {
            Ok::<_, StoreError>(Some(Member::new(member.value.clone(), ResourceType::user(), None)))
        })?;
        let mut body = Value::Object(applied.after.into_attributes());
        if edit.kind().members().is_some() {
            body["members"] = members
                .iter()
                .map(|member| json!({ "value": member.value.as_str() }))
                .collect();
        }
        let decoded = Decoded::decode(edit.kind(), body, edit.dialect(), &Limits::default())?;
        let edit = Edit::replace(
            Arc::clone(edit.kind()),
            edit.id().clone(),
            decoded,
            Arc::clone(edit.dialect()),
        )
        .with_answer(edit.answer());
        Ok(edit)
    }
}

#[async_trait]
impl Flaw for ReadModifyWrite {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let edit = self.replacement(scope, edit).await?;
        pause().await;
        self.0.update(scope, &edit).await
    }
}

/// What rounds came to.
#[derive(Debug, Default)]
struct Kept {
    sent: usize,
    kept: usize,
    failed: usize,
    times: Times,
}

impl Kept {
    fn is_whole(&self) -> bool {
        self.sent == self.kept && self.failed == 0
    }

    fn tell(&mut self, rounds: usize) -> String {
        let (kept, sent, failed) = (self.kept, self.sent, self.failed);
        let times = self.times.tell();
        format!("{rounds} rounds of {CLIENTS} clients: {kept} of {sent} kept, {failed} failed, {times}")
    }
}

/// Many clients add members to one group at once.
async fn add_members(client: &Client, round: usize, each: usize) -> Kept {
    let mut users = Vec::new();
    for n in 0..CLIENTS * each {
        users.push(client.user(&format!("r{round}-{n}")).await);
    }
    let group = client.group(&format!("group {round}"), &[]).await;
    let mut clients = JoinSet::new();
    for own in users.chunks(each) {
        let (client, path, own) = (client.clone(), format!("/Groups/{group}"), own.to_vec());
        clients.spawn(async move {
            let mut done = Vec::new();
            for user in own {
                let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
                let start = Instant::now();
                let status = client.patch(&path, operations).await.status;
                done.push((user, status, start.elapsed()));
            }
            done
        });
    }
    let mut kept = Kept::default();
    let done = clients.join_all().await.concat();
    let members: BTreeSet<String> = client.members(&group).await.into_iter().collect();
    for (user, status, time) in done {
        kept.sent += usize::from(status < 300);
        kept.kept += usize::from(status < 300 && members.contains(&user));
        kept.failed += usize::from(status >= 300);
        kept.times.add(time);
    }
    kept
}

/// Each client changes one of five attributes of one user, again and again, and must find what it wrote.
async fn change_attributes(client: &Client, round: usize, each: usize) -> Kept {
    const ATTRIBUTES: [&str; 5] = ["title", "nickName", "name.givenName", "profileUrl", "department"];
    let user = client.user(&format!("changed {round}")).await;
    let path = format!("/Users/{user}");
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, path) = (client.clone(), path.clone());
        clients.spawn(async move {
            let mut done = Vec::new();
            let name = ATTRIBUTES[number % 5];
            let attribute = if name == "department" {
                format!("{ENTERPRISE}:{name}")
            } else {
                name.to_owned()
            };
            // Three or four clients share an attribute: what each adds to a list of its own is never shared.
            for n in 0..each {
                let operations = json!([
                    { "op": "replace", "path": attribute, "value": format!("{number}/{n}") },
                    { "op": "add", "path": "emails", "value": [{ "value": format!("{number}-{n}@example.com") }] },
                ]);
                let start = Instant::now();
                let status = client.patch(&path, operations).await.status;
                done.push((name, format!("{number}-{n}@example.com"), status, start.elapsed()));
            }
            done
        });
    }
    let mut kept = Kept::default();
    let done = clients.join_all().await.concat();
    let reply = client.get(&path).await;
    let emails: BTreeSet<String> = reply.ok(200).values("emails").into_iter().collect();
    for (name, email, status, time) in done {
        let is_set = match name {
            "name.givenName" => &reply.body["name"]["givenName"],
            "department" => &reply.body[ENTERPRISE]["department"],
            name => &reply.body[name],
        };
        let last = is_set.as_str().unwrap_or_default().ends_with(&format!("/{}", each - 1));
        kept.sent += usize::from(status < 300);
        kept.kept += usize::from(status < 300 && emails.contains(&email) && last);
        kept.failed += usize::from(status >= 300);
        kept.times.add(time);
    }
    kept
}

async fn rounds(client: &Client, rounds: usize, each: usize) -> Kept {
    let mut all = Kept::default();
    for round in 0..rounds {
        for kept in [
            add_members(client, round, each).await,
            change_attributes(client, round, each).await,
        ] {
            all.sent += kept.sent;
            all.kept += kept.kept;
            all.failed += kept.failed;
            all.times.join(kept.times);
        }
    }
    all
}

/// Of the clients that send the same `If-Match` at once, one succeeds; gives back how many did in each round.
async fn conditional(client: &Client, rounds: usize) -> Vec<usize> {
    let path = format!("/Users/{}", client.user("conditional").await);
    let mut winners = Vec::new();
    for round in 0..rounds {
        let etag = client.get(&path).await.etag();
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let (client, path, etag) = (client.clone(), path.clone(), etag.clone());
            clients.spawn(async move {
                let title = format!("{round}/{number}");
                let sent = Sent::patch(path, json!([{ "op": "replace", "path": "title", "value": title }]));
                client.send_if(&sent, Some(&etag)).await.status
            });
        }
        let statuses = clients.join_all().await;
        let others = statuses.iter().filter(|status| **status != 200);
        assert!(others.clone().all(|status| *status == 412), "{statuses:?}");
        winners.push(CLIENTS - others.count());
    }
    winners
}

fn keeps(base: &Base) {
    scale::run(async {
        let client = Client::new(base.open().await, "A");
        let (count, each) = scale::pick((1, 10), (20, 25));
        let mut kept = rounds(&client, count, each).await;
        scale::figures("C1 lost updates", base.name(), kept.tell(2 * count));
        assert!(kept.is_whole(), "{}", kept.tell(2 * count));
        if scale::is_full() {
            assert!(kept.times.quantile(990).as_secs() < 1, "{}", kept.times.tell());
        }
        let winners = conditional(&client, scale::pick(10, 200)).await;
        assert!(winners.iter().all(|count| *count == 1), "{winners:?}");
        assert_eq!(base.misfits().await, [""; 0]);
    });
}

fn catches(base: &Base) {
    scale::run(async {
        let client = Client::new(Flawed(ReadModifyWrite(base.open().await)), "A");
        let mut kept = rounds(&client, 1, 10).await;
        scale::figures("C1 control: read, modify, write", base.name(), kept.tell(2));
        assert!(!kept.is_whole());
        let winners = conditional(&client, 10).await;
        assert!(winners.iter().any(|count| *count > 1), "{winners:?}");
    });
}

#[test]
fn c1_memory_keeps_each_change() {
    keeps(&Base::memory());
}

#[test]
fn c1_sqlite_keeps_each_change() {
    keeps(&Base::sqlite());
}

#[test]
fn c1_postgres_keeps_each_change() {
    keeps(&Base::postgres());
}

#[test]
fn c1_reading_and_writing_back_is_caught() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        catches(&base);
    }
}
