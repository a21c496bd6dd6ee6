//! One tenant's client, as the checks speak through it to a store.

use std::{fmt::Display, sync::Arc};

use chrono::{DateTime, Utc};
use scim_core::{
    Dialect, Draft, Edit, Limits, Precondition, ResourceId, Version,
    attr::AttrPath,
    dialect::Unknown,
    filter::{Filter, FilterScope, Predicate},
    patch::PatchMessage,
    query::{Page, Query, QueryPage, Relations, Target},
    resource::{Decoded, Encoder, Found, Projection},
    schema::{Registry, ResourceType},
    sort::SortKey,
};
use scim_store::{IdSource, Principal, RandomIds, Read, Removal, Result, ScimStore, Scope, StoreError, Updated};
use serde_json::{Value, json};

const BASE: &str = "https://example.com/scim/v2";

pub(super) type Check<T = ()> = std::result::Result<T, String>;

pub(super) struct Client<'a> {
    pub(super) store: &'a dyn ScimStore,
    pub(super) scope: Scope,
    pub(super) dialect: Arc<Dialect>,
    pub(super) users: Arc<ResourceType>,
    pub(super) groups: Arc<ResourceType>,
}

impl<'a> Client<'a> {
    /// A client of a tenant that nothing was written to.
    pub(super) fn new(store: &'a dyn ScimStore) -> Self {
        let principal = Principal::new(RandomIds.next().as_str(), "conformance");
        let kinds = Arc::new(Registry::default());
        Self {
            store,
            scope: Scope::new(principal, at(0), Arc::new(RandomIds), kinds).with_request_id("conformance"),
            dialect: Arc::new(Dialect::default()),
            users: ResourceType::user(),
            groups: ResourceType::group(),
        }
    }

    /// The same client at another time.
    pub(super) fn at(&self, seconds: i64) -> Self {
        let mut scope = self.scope.clone();
        scope.now = at(seconds);
        Self {
            store: self.store,
            scope,
            dialect: Arc::clone(&self.dialect),
            users: Arc::clone(&self.users),
            groups: Arc::clone(&self.groups),
        }
    }

    /// The same client where members must exist.
    pub(super) fn strict(&self) -> Self {
        let dialect = Dialect::default().with(|dialect| dialect.unknown_members = Unknown::Reject);
        Self {
            dialect: Arc::new(dialect),
            ..self.at(0)
        }
    }

    pub(super) fn draft(&self, kind: &Arc<ResourceType>, body: Value) -> Check<Draft> {
        let decoded = Decoded::decode(kind, body, &self.dialect, &Limits::default()).map_err(text)?;
        Draft::new(Arc::clone(kind), decoded, Arc::clone(&self.dialect)).map_err(text)
    }

    pub(super) fn user_draft(&self, name: &str) -> Check<Draft> {
        self.draft(
            &self.users,
            json!({ "schemas": [self.users.schema().id], "userName": name }),
        )
    }

    pub(super) fn group_draft(&self, name: &str, members: &[&ResourceId]) -> Check<Draft> {
        let schemas = [&self.groups.schema().id];
        let body = json!({ "schemas": schemas, "displayName": name, "members": refs(members) });
        self.draft(&self.groups, body)
    }

    pub(super) fn patch(&self, kind: &Arc<ResourceType>, id: &ResourceId, operations: Value) -> Check<Edit> {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let body = json!({ "schemas": schemas, "Operations": operations });
        let limits = Limits::default();
        let message = PatchMessage::parse(body, &self.dialect, &limits).map_err(text)?;
        let (kind, dialect) = (Arc::clone(kind), Arc::clone(&self.dialect));
        Edit::patch(kind, id.clone(), message, dialect, &limits, BASE).map_err(text)
    }

    pub(super) async fn create(&self, draft: Check<Draft>) -> Check<Result<Found>> {
        Ok(self.store.create(&self.scope, &draft?).await)
    }

    pub(super) async fn user(&self, name: &str) -> Check<ResourceId> {
        let found = self.create(self.user_draft(name)).await?.map_err(text)?;
        Ok(found.head.id)
    }

    pub(super) async fn group(&self, name: &str, members: &[&ResourceId]) -> Check<ResourceId> {
        let found = self.create(self.group_draft(name, members)).await?.map_err(text)?;
        Ok(found.head.id)
    }

    pub(super) async fn edit(
        &self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        operations: Value,
    ) -> Check<Result<Updated>> {
        let edit = self.patch(kind, id, operations)?;
        Ok(self.store.update(&self.scope, &edit).await)
    }

    /// One PATCH operation that has to go well.
    pub(super) async fn change(
        &self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        op: &str,
        path: &str,
        value: Value,
    ) -> Check<Updated> {
        let mut operation = json!({ "op": op, "path": path });
        if let Some(operation) = operation.as_object_mut().filter(|_| !value.is_null()) {
            operation.insert("value".to_owned(), value);
        }
        self.edit(kind, id, json!([operation])).await?.map_err(text)
    }

    pub(super) async fn delete(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<()> {
        self.store.delete(&self.scope, &self.removal(kind, id)).await
    }

    pub(super) async fn delete_if(&self, kind: &Arc<ResourceType>, id: &ResourceId, only: Precondition) -> Result<()> {
        let removal = self.removal(kind, id).with_precondition(only);
        self.store.delete(&self.scope, &removal).await
    }

    pub(super) fn removal(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> Removal {
        Removal::new(Arc::clone(kind), id.clone())
    }

    pub(super) async fn get(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Found> {
        self.get_with(kind, id, Relations::ALL).await
    }

    pub(super) async fn get_with(
        &self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        relations: Relations,
    ) -> Result<Found> {
        let read = Read::new(Arc::clone(kind), id.clone()).with_relations(relations);
        self.store.get(&self.scope, &read).await
    }

    /// Whether a version is that of a later content, as far as the store tells.
    pub(super) fn is_later(&self, before: Version, after: Version) -> bool {
        match self.store.capabilities().versions {
            true => after > before,
            false => after != before,
        }
    }

    /// Whether a version is the one after another, as far as the store tells.
    pub(super) fn is_next(&self, before: Version, after: Version) -> bool {
        match self.store.capabilities().versions {
            true => after == before.next(),
            false => after != before,
        }
    }

    /// A resource as it goes out.
    pub(super) async fn shown(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> Check<Value> {
        shown(&self.get(kind, id).await.map_err(text)?)
    }

    pub(super) fn target(&self, kind: &Arc<ResourceType>, filter: Option<&str>, sort: Option<&str>) -> Check<Target> {
        let scope = FilterScope {
            kind,
            dialect: &self.dialect,
            base: BASE,
            across_types: true,
            in_url: false,
        };
        let filter = filter.map(Filter::parse).transpose().map_err(text)?;
        let predicate = filter.map(|filter| Predicate::resolve(&filter, &scope));
        let path = sort.map(AttrPath::parse).transpose().map_err(text)?;
        let sort = path.map(|path| SortKey::locate(&path, kind, &self.dialect));
        Ok(Target::new(
            Arc::clone(kind),
            predicate.transpose().map_err(text)?,
            sort.transpose().map_err(text)?,
        ))
    }

    pub(super) async fn query(&self, query: &Query) -> Result<QueryPage> {
        self.store.query(&self.scope, query).await
    }

    /// The names of what a filter finds, in order; `None` where the store refuses it and may.
    pub(super) async fn find(&self, kind: &Arc<ResourceType>, filter: &str) -> Check<Option<Vec<String>>> {
        let target = self.target(kind, Some(filter), None)?;
        let page = Page::Index { start: 1, count: 1000 };
        match self.query(&Query::new(vec![target], page)).await {
            Ok(page) => {
                ensure!(
                    page.total == Some(page.items.len()),
                    "`{filter}` has a total of {:?} and {} items",
                    page.total,
                    page.items.len()
                );
                page.items.iter().map(name).collect::<Check<_>>().map(Some)
            }
            Err(StoreError::Unsupported { .. }) if !self.store.capabilities().filter => Ok(None),
            Err(error) => Err(text(error)),
        }
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap_or_default()
}

/// A list of members as it comes in.
pub(super) fn refs(ids: &[&ResourceId]) -> Value {
    ids.iter().map(|id| json!({ "value": id.as_str() })).collect()
}

pub(super) fn shown(found: &Found) -> Check<Value> {
    serde_json::from_slice(&Encoder::new(BASE).to_bytes(found, &Projection::Default)).map_err(text)
}

/// The user name, or the display name of a group.
pub(super) fn name(found: &Found) -> Check<String> {
    let shown = shown(found)?;
    let name = shown.get("userName").or_else(|| shown.get("displayName"));
    let name = name.and_then(Value::as_str).ok_or("a resource without a name")?;
    Ok(name.to_owned())
}

/// The identifiers in a list of relations, sorted.
pub(super) fn values(shown: &Value, list: &str) -> Vec<String> {
    let list = shown.get(list).and_then(Value::as_array).into_iter().flatten();
    let mut values: Vec<String> = list
        .filter_map(|value| value.get("value").and_then(Value::as_str))
        .map(str::to_owned)
        .collect();
    values.sort();
    values
}

/// Identifiers as [`values`] tells them.
pub(super) fn sorted(ids: &[&ResourceId]) -> Vec<String> {
    let mut sorted: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
    sorted.sort();
    sorted
}

pub(super) fn text(error: impl Display) -> String {
    error.to_string()
}
