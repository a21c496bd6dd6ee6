//! What the tests of the memory store make their requests with.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use chrono::{DateTime, Utc};
use scim_core::{
    Dialect, Draft, Edit, Limits, ResourceId,
    attr::AttrPath,
    filter::{Filter, FilterScope, Predicate},
    patch::PatchMessage,
    query::{Page, Query, QueryPage, Target},
    resource::{Decoded, Encoder, Found, Projection},
    schema::{Registry, ResourceType},
    sort::SortKey,
};
use scim_store::{IdSource, Principal, Read, ScimStore, Scope, StoreError, Updated};
use serde_json::{Value, json};

pub(crate) const BASE: &str = "https://example.com/scim/v2";

/// Identifiers that are easy to read: `r1`, `r2`, ...
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicUsize);

impl IdSource for Counter {
    fn next(&self) -> ResourceId {
        ResourceId::new(format!("r{}", self.0.fetch_add(1, Ordering::Relaxed) + 1))
    }
}

/// One tenant's client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) store: Arc<dyn ScimStore>,
    pub(crate) scope: Scope,
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) users: Arc<ResourceType>,
    pub(crate) groups: Arc<ResourceType>,
}

impl Client {
    pub(crate) fn new(store: Arc<dyn ScimStore>, tenant: &str, dialect: Dialect) -> Self {
        let ids = Arc::new(Counter::default());
        let scope = Scope::new(
            Principal::new(tenant, "client"),
            at(0),
            ids,
            Arc::new(Registry::default()),
        );
        Self {
            store,
            scope: scope.with_request_id("q1"),
            dialect: Arc::new(dialect),
            users: ResourceType::user(),
            groups: ResourceType::group(),
        }
    }

    pub(crate) fn at(mut self, seconds: i64) -> Self {
        self.scope.now = at(seconds);
        self
    }

    pub(crate) fn with(mut self, dialect: Dialect) -> Self {
        self.dialect = Arc::new(dialect);
        self
    }

    pub(crate) fn draft(&self, kind: &Arc<ResourceType>, body: Value) -> Draft {
        let decoded = self.decode(kind, body);
        Draft::new(Arc::clone(kind), decoded, Arc::clone(&self.dialect)).unwrap()
    }

    pub(crate) fn user_draft(&self, name: &str) -> Draft {
        self.draft(&self.users, user(name))
    }

    pub(crate) fn group_draft(&self, name: &str, members: &[&str]) -> Draft {
        self.draft(&self.groups, group(name, members))
    }

    pub(crate) fn decode(&self, kind: &Arc<ResourceType>, body: Value) -> Decoded {
        Decoded::decode(kind, body, &self.dialect, &Limits::default()).unwrap()
    }

    pub(crate) fn patch(&self, kind: &Arc<ResourceType>, id: &str, operations: Value) -> Edit {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        let limits = Limits::default();
        let message = PatchMessage::parse(body, &self.dialect, &limits).unwrap();
        Edit::patch(
            Arc::clone(kind),
            ResourceId::new(id),
            message,
            Arc::clone(&self.dialect),
            &limits,
            BASE,
        )
        .unwrap()
    }

    pub(crate) fn create(&self, draft: &Draft) -> Result<Found, StoreError> {
        block_on(self.store.create(&self.scope, draft))
    }

    pub(crate) fn user(&self, name: &str) -> String {
        self.create(&self.user_draft(name)).unwrap().head.id.to_string()
    }

    pub(crate) fn group(&self, name: &str, members: &[&str]) -> String {
        self.create(&self.group_draft(name, members))
            .unwrap()
            .head
            .id
            .to_string()
    }

    pub(crate) fn edit(&self, kind: &Arc<ResourceType>, id: &str, operations: Value) -> Result<Updated, StoreError> {
        block_on(self.store.update(&self.scope, &self.patch(kind, id, operations)))
    }

    pub(crate) fn delete(&self, kind: &Arc<ResourceType>, id: &str) -> Result<(), StoreError> {
        let removal = scim_store::Removal::new(Arc::clone(kind), ResourceId::new(id));
        block_on(self.store.delete(&self.scope, &removal))
    }

    pub(crate) fn get(&self, kind: &Arc<ResourceType>, id: &str) -> Result<Found, StoreError> {
        block_on(
            self.store
                .get(&self.scope, &Read::new(Arc::clone(kind), ResourceId::new(id))),
        )
    }

    pub(crate) fn json(&self, kind: &Arc<ResourceType>, id: &str) -> Value {
        shown(&self.get(kind, id).unwrap())
    }

    pub(crate) fn predicate(&self, kind: &ResourceType, filter: &str) -> Predicate {
        let filter = Filter::parse(filter).unwrap();
        let scope = FilterScope {
            kind,
            dialect: &self.dialect,
            base: BASE,
            across_types: true,
            in_url: false,
        };
        Predicate::resolve(&filter, &scope).unwrap()
    }

    pub(crate) fn target(&self, kind: &Arc<ResourceType>, filter: Option<&str>, sort: Option<&str>) -> Target {
        let predicate = filter.map(|filter| self.predicate(kind, filter));
        let sort = sort.and_then(|sort| SortKey::locate(&AttrPath::parse(sort).unwrap(), kind, &self.dialect).ok());
        Target::new(Arc::clone(kind), predicate, sort)
    }

    pub(crate) fn query(&self, query: &Query) -> QueryPage {
        block_on(self.store.query(&self.scope, query)).unwrap()
    }

    /// The names of the users or groups that a filter finds.
    pub(crate) fn find(&self, kind: &Arc<ResourceType>, filter: &str) -> Vec<String> {
        let page = Page::Index { start: 1, count: 1000 };
        let page = self.query(&Query::new(vec![self.target(kind, Some(filter), None)], page));
        assert_eq!(page.total, Some(page.items.len()));
        page.items.iter().map(name).collect()
    }
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

pub(crate) fn user(name: &str) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name })
}

pub(crate) fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members })
}

/// A resource as a client sees it.
pub(crate) fn shown(found: &Found) -> Value {
    serde_json::from_slice(&Encoder::new(BASE).to_bytes(found, &Projection::Default)).unwrap()
}

/// The user name or display name.
pub(crate) fn name(found: &Found) -> String {
    let shown = shown(found);
    let name = shown.get("userName").or_else(|| shown.get("displayName"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(crate) fn values(shown: &Value, list: &str) -> Vec<String> {
    let list = shown[list].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|value| value["value"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
