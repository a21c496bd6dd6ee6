//! Vetoes, dropped futures, panics.

use std::{
    panic::{self, AssertUnwindSafe},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use scim_core::{Dialect, ResourceId, schema::ResourceType};
use scim_sql::SqliteStore;
use scim_store::{
    Attempt, Denial, Guard, IdSource, MemoryStore, RandomIds, Removal, ScimStore, Scope, StoreError, TxView, Write,
};
use serde_json::{Value, json};

use crate::{
    common::{Client, block_on},
    support::{self, Directory},
};

/// Waits so many polls, writes down what it is asked and sees, and denies or panics for some names.
#[derive(Default)]
struct Watch {
    pending: AtomicUsize,
    seen: Mutex<Vec<String>>,
}

impl Watch {
    fn new(pending: usize) -> Arc<Self> {
        let watch = Self::default();
        watch.pending.store(pending, Ordering::Relaxed);
        Arc::new(watch)
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

#[async_trait]
impl Guard for Watch {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        let mut left = self.pending.load(Ordering::Relaxed);
        std::future::poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let list = |ids: &[ResourceId]| ids.iter().map(ResourceId::as_str).collect::<Vec<_>>().join(",");
        let (told, name) = match attempt {
            Attempt::Create { kind, id, after } => (format!("create {} {id}", kind.name()), after.text("userName")),
            Attempt::Delete { kind, id, .. } => (format!("delete {} {id}", kind.name()), None),
            Attempt::Members { id, added, removed, .. } => {
                (format!("members {id} +{} -{}", list(added), list(removed)), None)
            }
            Attempt::Password { id, before, .. } => (format!("password {id} {:?}", before.text("title")), None),
            Attempt::Update { id, before, after, .. } => (
                format!("update {id} {:?} {:?}", before.text("title"), after.text("title")),
                after.text("title"),
            ),
            _ => ("something else".to_owned(), None),
        };
        let blind = |_| Denial::new("the view is closed");
        let users = view.count(&ResourceType::user(), None).await.map_err(blind)?;
        let ann = view.get(&ResourceType::user(), &ResourceId::new("r1")).await;
        let ann = ann.map_err(blind)?;
        let title = ann.and_then(|ann| ann.stored.resource().text("title").map(str::to_owned));
        self.seen
            .lock()
            .unwrap()
            .push(format!("{told} of {users} with {title:?}"));
        match name {
            Some("denied") => Err(Denial::new("not this one")),
            Some("panic") => panic!("as the test wants"),
            _ => Ok(()),
        }
    }
}

fn guarded(directory: &Directory, watch: &Arc<Watch>) -> (Arc<SqliteStore>, Client) {
    let store = directory.open(SqliteStore::builder().guard(Arc::clone(watch) as _));
    let client = support::client(&store);
    (store, client)
}

/// Writes of every kind, some of which are denied.
fn story(client: &Client) {
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    let title = |title: &str| json!([{ "op": "replace", "path": "title", "value": title }]);
    client.edit(&client.users, &ann, title("Dr")).unwrap();
    client.edit(&client.users, &ann, title("Dr")).unwrap();
    let denied = client.edit(&client.users, &ann, title("denied"));
    assert!(matches!(denied, Err(StoreError::Denied(denial)) if denial.detail() == "not this one"));
    let password = json!([{ "op": "replace", "path": "password", "value": "secret" }]);
    client.edit(&client.users, &ann, password).unwrap();
    let both = json!([{ "op": "add", "value": { "title": "Mx", "password": "secret" } }]);
    client.edit(&client.users, &ann, both).unwrap();
    let inner = client.group("inner", &[&ann, &bob]);
    let outer = client.group("outer", &[&inner]);
    client
        .edit(
            &client.groups,
            &outer,
            json!([{ "op": "add", "path": "members", "value": [{ "value": bob }] }]),
        )
        .unwrap();
    let writes = [
        Write::Create(client.user_draft("cleo")),
        Write::Update(client.patch(&client.users, &ann, title("Prof"))),
        Write::Delete(Removal::new(Arc::clone(&client.groups), ResourceId::new(&*outer))),
    ];
    block_on(client.store.batch(&client.scope, &writes)).unwrap();
    let writes = [
        Write::Create(client.user_draft("dora")),
        Write::Create(client.user_draft("denied")),
    ];
    assert!(matches!(
        block_on(client.store.batch(&client.scope, &writes)),
        Err(StoreError::Denied(_))
    ));
    client.delete(&client.users, &bob).unwrap();
}

#[test]
fn the_guard_is_asked_as_in_memory() {
    let watch = Watch::new(0);
    let store = Arc::new(MemoryStore::with_guard(Arc::clone(&watch) as _));
    story(&Client::new(Arc::clone(&store) as _, "one", Dialect::default()));
    let (asked, kept) = (watch.seen(), store.dump());
    assert!(asked.len() > 12);
    for pending in [0, 3] {
        let (directory, watch) = (Directory::new(), Watch::new(pending));
        let (store, client) = guarded(&directory, &watch);
        story(&client);
        assert_eq!(watch.seen(), asked);
        let dump = block_on(store.dump()).unwrap();
        let keys = [
            "id",
            "version",
            "created",
            "modified",
            "attributes",
            "members",
            "groups",
        ];
        let resources = |dump: &Value| -> Vec<Value> {
            let kinds = dump["one"]["resources"].as_object().unwrap().values();
            let rows = kinds.flat_map(|rows| rows.as_array().unwrap());
            rows.map(|row| keys.iter().map(|key| row[*key].clone()).collect())
                .collect()
        };
        assert_eq!(resources(&dump), resources(&kept));
        assert_eq!(dump["one"]["changes"], kept["one"]["changes"]);
    }
}

#[test]
fn what_is_denied_leaves_nothing() {
    let (directory, watch) = (Directory::new(), Watch::new(1));
    let (store, client) = guarded(&directory, &watch);
    client.user("ann");
    let before = block_on(store.dump()).unwrap();
    assert!(matches!(
        client.create(&client.user_draft("denied")),
        Err(StoreError::Denied(_))
    ));
    assert_eq!(block_on(store.dump()).unwrap(), before);
}

#[test]
fn a_dropped_future_leaves_all_or_nothing() {
    let (directory, watch) = (Directory::new(), Watch::new(3));
    let (store, client) = guarded(&directory, &watch);
    let ann = client.user("ann");
    let mut done = 0;
    for polls in 0..60 {
        let before = block_on(store.dump()).unwrap();
        let title = format!("title {polls}");
        let edit = client.patch(
            &client.users,
            &ann,
            json!([{ "op": "replace", "path": "title", "value": title }]),
        );
        {
            let mut future = pin!(client.store.update(&client.scope, &edit));
            let mut context = Context::from_waker(Waker::noop());
            (0..polls).any(|_| {
                thread::yield_now();
                future.as_mut().poll(&mut context).is_ready()
            });
        }
        // The writer takes the next, so that the one before is done or undone.
        client.user(&format!("user {polls}"));
        let after = block_on(store.dump()).unwrap();
        let user = &after["one"]["resources"]["User"][0];
        let was = &before["one"]["resources"]["User"][0];
        match user["attributes"]["title"].as_str() == Some(&title) {
            true => {
                done += 1;
                assert_eq!(
                    user["version"].as_u64(),
                    was["version"].as_u64().map(|version| version + 1)
                );
            }
            false => assert_eq!(user, was),
        }
        let changes = |dump: &Value| dump["one"]["changes"].as_array().unwrap().len();
        let changed = usize::from(user != was);
        assert_eq!(changes(&after), changes(&before) + 1 + changed);
    }
    assert!(done < 60);
}

#[test]
fn a_guard_that_never_decides_holds_others_up_until_its_deadline() {
    let (directory, watch) = (Directory::new(), Watch::new(usize::MAX));
    let builder = SqliteStore::builder().deadline(Duration::from_millis(200));
    let store = directory.open(builder.guard(Arc::clone(&watch) as _));
    let client = support::client(&store);
    let draft = client.user_draft("ann");
    let mut stuck = client.store.create(&client.scope, &draft);
    let mut context = Context::from_waker(Waker::noop());
    let answered = (0..1000).any(|_| {
        thread::yield_now();
        stuck.as_mut().poll(&mut context).is_ready()
    });
    assert!(!answered);
    watch.pending.store(0, Ordering::Relaxed);
    // Some may have to wait for too long themselves.
    while client.create(&client.user_draft("bob")).is_err() {}
    drop(stuck);
    assert_eq!(client.find(&client.users, "userName pr"), ["bob"]);
}

#[test]
fn a_panic_of_the_guard_or_of_a_source_of_identifiers_fails_its_write_only() {
    #[derive(Debug)]
    struct Broken;
    impl IdSource for Broken {
        fn next(&self) -> ResourceId {
            panic!("as the test wants")
        }
    }
    let (directory, watch) = (Directory::new(), Watch::new(0));
    let (store, mut client) = guarded(&directory, &watch);
    client.user("ann");
    let before = block_on(store.dump()).unwrap();
    let draft = client.user_draft("panic");
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| client.create(&draft).map(drop)));
    assert!(outcome.is_err());
    client.scope.ids = Arc::new(Broken);
    assert!(matches!(
        client.create(&client.user_draft("bob")),
        Err(StoreError::Other(_))
    ));
    assert_eq!(block_on(store.dump()).unwrap(), before);
    client.scope.ids = Arc::new(RandomIds);
    client.user("bob");
    assert_eq!(client.find(&client.users, "userName eq \"bob\""), ["bob"]);
}
