//! What filters and orders mean, as data: resources, searches, and what they find.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::{
    Dialect, Draft, Limits, ResourceId,
    attr::AttrPath,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, Relations, Target},
    resource::{Decoded, MemberRef},
    schema::ResourceType,
    sort::SortKey,
};
use scim_store::{IdSource, Principal, RandomIds, ScimStore, Scope};
use serde_json::Value;

use crate::{FileReport, Outcome, Report, Verdict, differential::kinds};

const SEARCHES: &str = include_str!("../data/semantics/searches.json");
const BASE: &str = "https://example.com/scim/v2";

/// Puts resources into a new tenant of a store and holds what searches find against what they have to.
///
/// The store must serve the types of [`differential::kinds`](crate::differential::kinds).
///
/// ```
/// use scim_conformance::{block_on, check_semantics};
/// use scim_store::MemoryStore;
///
/// let report = block_on(check_semantics(&MemoryStore::new()));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_semantics(store: &dyn ScimStore) -> Report {
    let file = "searches.json".to_owned();
    let outcomes = match World::new(store).await {
        Ok((world, searches)) => {
            let mut outcomes = Vec::with_capacity(searches.len());
            for search in &searches {
                outcomes.push(outcome(search, world.check(search).await));
            }
            outcomes
        }
        Err(problem) => vec![outcome(&Value::Null, Err(problem))],
    };
    Report {
        files: vec![FileReport { file, outcomes }],
    }
}

struct World<'a> {
    store: &'a dyn ScimStore,
    scope: Scope,
    dialect: Arc<Dialect>,
    /// The identifiers by the names in the file, and back.
    ids: HashMap<String, ResourceId>,
    names: HashMap<ResourceId, String>,
}

impl<'a> World<'a> {
    /// The resources of the file in a tenant of their own, a second apart, and its searches.
    async fn new(store: &'a dyn ScimStore) -> Result<(Self, Vec<Value>), String> {
        let file: Value = serde_json::from_str(SEARCHES).map_err(text)?;
        let list = |name: &str| file.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let start = DateTime::<Utc>::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let principal = Principal::new(RandomIds.next().as_str(), "conformance");
        let mut world = Self {
            store,
            scope: Scope::new(principal, start, Arc::new(RandomIds), kinds()),
            dialect: Arc::new(Dialect::rfc()),
            ids: HashMap::new(),
            names: HashMap::new(),
        };
        for resource in list("resources") {
            world.create(&resource).await?;
            world.scope.now += TimeDelta::seconds(1);
        }
        Ok((world, list("searches")))
    }

    async fn create(&mut self, resource: &Value) -> Result<(), String> {
        let name = field(resource, "name")?;
        let kind = self.kind(resource)?;
        let mut body = resource.get("attributes").cloned().unwrap_or_default();
        let extensions = kind.extensions().iter().map(|extension| extension.schema.id.as_str());
        let schemas = extensions.filter(|urn| body.get(urn).is_some());
        let schemas: Vec<Value> = [kind.schema().id.as_str()]
            .into_iter()
            .chain(schemas)
            .map(Value::from)
            .collect();
        if let Some(body) = body.as_object_mut() {
            body.insert("schemas".to_owned(), schemas.into());
        }
        let decoded = Decoded::decode(&kind, body, &self.dialect, &Limits::default()).map_err(text)?;
        let mut draft = Draft::new(kind, decoded, Arc::clone(&self.dialect)).map_err(text)?;
        let members = resource.get("members").and_then(Value::as_array).into_iter().flatten();
        let members = members.filter_map(|name| self.ids.get(name.as_str()?));
        draft.members = members.map(|id| MemberRef::new(id.clone())).collect();
        let found = self.store.create(&self.scope, &draft).await.map_err(text)?;
        self.names.insert(found.head.id.clone(), name.to_owned());
        self.ids.insert(name.to_owned(), found.head.id);
        Ok(())
    }

    /// Asks by number and by cursor.
    async fn check(&self, search: &Value) -> Result<(), String> {
        let names = search
            .get("expect")
            .and_then(Value::as_array)
            .ok_or("a search without `expect`")?;
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        let page = self.ask(search, Page::Index { start: 1, count: 100 }).await?;
        if page.0 != names {
            return Err(format!("it finds {:?}", page.0));
        }
        let (mut after, mut walked) = (None, Vec::new());
        loop {
            let (page, next) = self.ask(search, Page::Cursor { after, count: 1 }).await?;
            walked.extend(page);
            after = next;
            if after.is_none() || walked.len() > names.len() {
                break;
            }
        }
        if walked != names {
            return Err(format!("a walk finds {walked:?}"));
        }
        Ok(())
    }

    async fn ask(
        &self,
        search: &Value,
        page: Page,
    ) -> Result<(Vec<String>, Option<scim_core::query::Position>), String> {
        let kind = self.kind(search)?;
        let scope = FilterScope {
            kind: &kind,
            dialect: &self.dialect,
            base: BASE,
            across_types: false,
            in_url: false,
        };
        let predicate = match search.get("filter").and_then(Value::as_str) {
            None => None,
            Some(filter) => {
                let filter = self.ids.iter().fold(filter.to_owned(), |filter, (name, id)| {
                    filter.replace(&format!("{{{name}}}"), id.as_str())
                });
                let filter = Filter::parse(&filter).map_err(text)?;
                Some(Predicate::resolve(&filter, &scope).map_err(text)?)
            }
        };
        let sort = match search.get("sort").and_then(Value::as_str) {
            None => None,
            Some(path) => {
                let path = AttrPath::parse(path).map_err(text)?;
                Some(SortKey::locate(&path, &kind, &self.dialect).map_err(text)?)
            }
        };
        let mut query = Query::new(Vec::new(), page);
        query.sorted = sort.is_some();
        query.descending = search.get("descending").and_then(Value::as_bool).unwrap_or(false);
        query.relations = Relations::NONE;
        query.targets.push(Target::new(kind, predicate, sort));
        let page = self.store.query(&self.scope, &query).await.map_err(text)?;
        let names = page.items.iter().filter_map(|found| self.names.get(&found.head.id));
        Ok((names.cloned().collect(), page.next))
    }

    fn kind(&self, of: &Value) -> Result<Arc<ResourceType>, String> {
        let kind = self.scope.kinds.by_name(field(of, "type")?);
        kind.map(Arc::clone)
            .ok_or_else(|| "a type that is not served".to_owned())
    }
}

fn field<'v>(of: &'v Value, name: &str) -> Result<&'v str, String> {
    of.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no `{name}`"))
}

fn outcome(search: &Value, result: Result<(), String>) -> Outcome {
    let parts = ["type", "filter", "sort", "descending"].into_iter();
    let parts = parts.filter_map(|name| Some(format!("{name} {}", search.get(name)?)));
    let (verdict, problems) = match result {
        Ok(()) => (Verdict::Passed, Vec::new()),
        Err(problem) => (Verdict::Failed, vec![problem]),
    };
    Outcome {
        id: parts.collect::<Vec<_>>().join(", "),
        verdict,
        problems,
        notes: Vec::new(),
        expected: search.get("expect").map(Value::to_string).unwrap_or_default(),
        got: String::new(),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
