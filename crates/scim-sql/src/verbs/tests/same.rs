//! Random writes have the same answers, effects, questions and records as in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use scim_conformance::block_on;
use scim_core::{
    Dialect,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, QueryPage, Target},
    resource::{Found, Keys, Members, Stored},
    schema::{Registry, ResourceType},
};
use scim_store::{
    Attempt, ChangeFeed, Denial, Guard, MemoryStore, Principal, Read, Result, ScimStore, Scope, TxView, Written,
};

use super::{
    Small,
    dice::{BASE, Dice, Scattered},
};
use crate::{delta::Content, session::Session, statement::Value};

/// Writes down what it is asked and what it sees, and says no now and then.
#[derive(Debug, Default)]
struct Scribe(Mutex<Vec<String>>);

#[async_trait]
impl Guard for Scribe {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        let (kind, id, text) = match attempt {
            Attempt::Create { kind, id, after } => (kind, id, format!("create {after:?}")),
            Attempt::Delete { kind, id, before } => (kind, id, format!("delete {before:?}")),
            Attempt::Members {
                kind,
                id,
                added,
                removed,
            } => (kind, id, format!("members {added:?} {removed:?}")),
            Attempt::Update {
                kind,
                id,
                before,
                after,
            } => (kind, id, format!("update {before:?} {after:?}")),
            _ => panic!("an attempt of a new kind"),
        };
        let count = view.count(kind, None).await.unwrap();
        let filter = Filter::parse("displayName eq \"crew\" or active eq false or userName sw \"b\"").unwrap();
        let within = FilterScope {
            kind,
            dialect: &Dialect::default(),
            base: BASE,
            across_types: true,
            in_url: false,
        };
        let predicate = Predicate::resolve(&filter, &within).unwrap();
        let some = view.count(kind, Some(&predicate)).await.unwrap();
        let before = view.get(kind, id).await.unwrap().map(|found| show(&found));
        let mut log = self.0.lock().unwrap();
        log.push(format!(
            "{} {id} of {count}, {some}: {text} {before:?} {}",
            kind.name(),
            scope.now
        ));
        if log.len().is_multiple_of(11) {
            return Err(Denial::new("no"));
        }
        Ok(())
    }
}

fn show(found: &Found) -> String {
    let members = match &found.members {
        Members::All(list) => {
            let list = list.iter();
            format!(
                "{:?}",
                list.map(|m| (&m.value, m.kind.name(), &m.display)).collect::<Vec<_>>()
            )
        }
        other => format!("{other:?}"),
    };
    let groups = found.memberships.iter();
    let groups: Vec<_> = groups.map(|m| (&m.value, m.kind.name(), &m.display)).collect();
    format!("{:?} {:?} {members} {groups:?}", found.head, found.stored)
}

fn written(written: &Written) -> String {
    match written {
        Written::Created(found) => format!("created {}", show(found)),
        Written::Deleted => "deleted".to_owned(),
        Written::Updated(updated) => format!(
            "{:?} {} {} {:?}",
            updated.version,
            updated.changed,
            updated.unknown_members,
            updated.found.as_ref().map(show)
        ),
        other => format!("{other:?}"),
    }
}

fn outcome<T>(result: Result<T>, show: impl Fn(&T) -> String) -> String {
    match result {
        Ok(done) => show(&done),
        Err(error) => format!("{error:?}"),
    }
}

struct Side<S> {
    store: S,
    scope: Scope,
    scribe: Arc<Scribe>,
}

trait Both: ScimStore + ChangeFeed {}
impl<S: ScimStore + ChangeFeed> Both for S {}

fn side<S>(store: impl FnOnce(Option<Arc<dyn Guard>>) -> S, is_guarded: bool) -> Side<S> {
    let scribe = Arc::new(Scribe::default());
    let guard = is_guarded.then(|| Arc::clone(&scribe) as Arc<dyn Guard>);
    let kinds = Arc::new(Registry::default());
    let ids = Arc::new(Scattered::default());
    let scope = Scope::new(Principal::new("one", "client"), DateTime::default(), ids, kinds);
    Side {
        store: store(guard),
        scope: scope.with_request_id("q1"),
        scribe,
    }
}

fn play(seed: u64, is_guarded: bool) {
    let memory = |guard| match guard {
        Some(guard) => MemoryStore::with_guard(guard),
        None => MemoryStore::new(),
    };
    let (mut memory, mut sql) = (side(memory, is_guarded), side(Small::with, is_guarded));
    let mut dice = Dice {
        state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1,
        users: ResourceType::user(),
        groups: ResourceType::group(),
        made: Vec::new(),
    };
    for number in 0..120 {
        let now = DateTime::from_timestamp(1_800_000_000 + i64::from(dice.roll(1000)), 0).unwrap();
        (memory.scope.now, sql.scope.now) = (now, now);
        let stores: [(&dyn Both, &Scope); 2] = [(&memory.store, &memory.scope), (&sql.store, &sql.scope)];
        let what;
        let answers = match dice.roll(12) {
            0..=3 => {
                let draft = dice.draft();
                what = format!("{draft:?}");
                let made = stores.map(|(store, scope)| block_on(store.create(scope, &draft)));
                made[0].iter().for_each(|found| dice.note(found));
                made.map(|made| outcome(made, show))
            }
            4..=7 => {
                let Some(edit) = dice.edit() else { continue };
                what = format!("{edit:?}");
                let done =
                    |(store, scope): (&dyn Both, &Scope)| block_on(store.update(scope, &edit)).map(Written::Updated);
                stores.map(|side| outcome(done(side), written))
            }
            8 => {
                let removal = dice.removal();
                what = format!("{removal:?}");
                stores.map(|(store, scope)| outcome(block_on(store.delete(scope, &removal)), |()| "gone".to_owned()))
            }
            9 => {
                let writes = dice.batch(number);
                what = format!("{writes:?}");
                let done = stores.map(|(store, scope)| block_on(store.batch(scope, &writes)));
                for written in done[0].iter().flatten() {
                    if let Written::Created(found) = written {
                        dice.note(found);
                    }
                }
                done.map(|done| outcome(done, |list| list.iter().map(written).collect()))
            }
            10 => {
                let kinds = [&dice.users, &dice.groups].map(Arc::clone);
                let targets = kinds.map(|kind| Target::new(kind, None, None)).to_vec();
                let start = 1 + dice.roll(5) as usize;
                let count = 1 + dice.roll(50) as usize;
                let mut query = Query::new(targets, Page::Index { start, count });
                query.relations = dice.relations();
                what = format!("{query:?}");
                let show = |page: &QueryPage| {
                    let items: Vec<String> = page.items.iter().map(show).collect();
                    format!("{:?} {items:?}", page.total)
                };
                stores.map(|(store, scope)| outcome(block_on(store.query(scope, &query)), show))
            }
            _ => {
                let kind = dice.kind();
                let id = dice.id_of(&kind);
                let read = Read::new(kind, id).with_relations(dice.relations());
                what = format!("{read:?}");
                stores.map(|(store, scope)| outcome(block_on(store.get(scope, &read)), show))
            }
        };
        let [one, two] = &answers;
        let short: String = what.chars().take(4000).collect();
        assert_eq!(one, two, "seed {seed}, write {number}: {short}");
    }
    let questions = [&memory.scribe, &sql.scribe].map(|scribe| std::mem::take(&mut *scribe.0.lock().unwrap()));
    let [one, two] = &questions;
    for (one, two) in one.iter().zip(two) {
        assert_eq!(one, two, "seed {seed}");
    }
    assert_eq!(one.len(), two.len(), "seed {seed}");
    let tenant = memory.scope.tenant();
    let changes: [&dyn ChangeFeed; 2] = [&memory.store, &sql.store];
    let [one, two] = changes.map(|store| block_on(store.changes(tenant, 0, 1000)).unwrap());
    assert_eq!(one, two, "seed {seed}");
    for (id, _) in &dice.made {
        for kind in [&dice.users, &dice.groups] {
            let read = Read::new(Arc::clone(kind), id.clone());
            let one = outcome(block_on(memory.store.get(&memory.scope, &read)), show);
            let two = outcome(block_on(sql.store.get(&sql.scope, &read)), show);
            assert_eq!(one, two, "seed {seed}");
        }
    }
    let kept = block_on(rows(&sql.store, &sql.scope, false));
    assert_eq!(kept, block_on(rows(&sql.store, &sql.scope, true)), "seed {seed}");
}

/// What is kept for searches beside the bytes of each resource, or what it would be if it was written anew from the bytes:
/// a write leaves alone only what stays.
async fn rows(store: &Small, scope: &Scope, anew: bool) -> Vec<Vec<Value>> {
    let mut session = store.session.lock().await;
    let list = "SELECT r.kind, r.id, r.user_name, r.display_name, r.external_id, r.active, r.label, json(r.search), \
                r.public, r.hidden FROM {s}scim_resource r ORDER BY r.place";
    let list = session.statement(list, Vec::new());
    let mut rows = session.rows(&list).await.unwrap();
    let values = rows.iter_mut().map(|row| {
        let active = Value::Bool(row.optional_flag(5).unwrap());
        let mut values = row.values()[2..8].to_vec();
        values[3] = active;
        if anew {
            let kind = scope.kinds.by_name(row.text(0).unwrap()).unwrap();
            let public = row.take_bytes(8).unwrap().unwrap();
            let stored = Stored::from_bytes(public, row.take_bytes(9).unwrap());
            let resource = stored.resource();
            let keys = Keys::of(&resource, kind, &Dialect::default()).unwrap();
            let content = Content::new(kind, &stored, &resource, &keys).unwrap();
            let indexed = content.indexed;
            values = vec![
                indexed.user_name.into(),
                indexed.display_name.into(),
                indexed.external_id.into(),
                Value::Bool(indexed.active),
                content.label.into(),
                content.search.into(),
            ];
        }
        values
    });
    values.collect()
}

#[test]
fn as_in_memory() {
    for seed in 0..25 {
        play(seed, false);
    }
}

#[test]
fn as_in_memory_with_a_guard() {
    for seed in 1000..1025 {
        play(seed, true);
    }
}
