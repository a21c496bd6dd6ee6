//! The resources of one tenant, made from a seed.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::{
    Dialect, Draft, Limits, ResourceId,
    resource::{Decoded, MemberRef},
    schema::{Attribute, Registry, ResourceType, Schema, SchemaError},
};
use scim_store::{IdSource, Principal, RandomIds, Removal, ScimStore, Scope, StoreError};
use serde_json::{Map, Value};

use super::{random::Random, values};

/// The URN of the extension that has an attribute of every type.
pub const PROBE: &str = "urn:example:params:scim:schemas:extension:probe:2.0:User";

/// Which attributes there may be: the name of a type and a path such as `emails`, `emails.value` or `urn:..:User:department`.
pub type Allow = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// Resources that are created in order, and some that are deleted again.
#[derive(Clone)]
#[non_exhaustive]
pub struct World {
    /// The types.
    pub kinds: Arc<Registry>,
    /// The dialect.
    pub dialect: Arc<Dialect>,
    /// What is created.
    pub items: Vec<Item>,
    /// What is deleted afterwards, by its number.
    pub removed: Vec<usize>,
    pub(super) allow: Allow,
}

/// One resource of a world.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Item {
    /// The resource, without its members.
    pub draft: Draft,
    /// Its members, by their numbers.
    pub members: Vec<usize>,
    /// When it is created.
    pub at: DateTime<Utc>,
}

/// A world in a tenant of a store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Filled {
    /// Who asks.
    pub scope: Scope,
    /// The identifiers of the items, also of those that were deleted; none for one that was refused.
    pub ids: Vec<Option<ResourceId>>,
    numbers: HashMap<ResourceId, usize>,
}

impl World {
    /// A world of so many resources.
    #[must_use]
    pub fn new(seed: u64, resources: usize, allow: &Allow) -> Self {
        let mut random = Random::new(seed);
        let (kinds, dialect) = (kinds(), Arc::new(Dialect::rfc()));
        let mut world = Self {
            kinds,
            dialect,
            items: Vec::new(),
            removed: Vec::new(),
            allow: Arc::clone(allow),
        };
        let mut at = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        for number in 0..resources {
            let kind = if random.chance(65) { "User" } else { "Group" };
            let Some(kind) = world.kinds.by_name(kind).map(Arc::clone) else {
                continue;
            };
            at += TimeDelta::milliseconds([0, 1, 1, 400, 1000].get(random.below(5)).copied().unwrap_or(1));
            let Some(draft) = world.draft(&kind, number, &mut random) else {
                continue;
            };
            let mut members = Vec::new();
            if kind.members().is_some() && (world.allow)(kind.name(), "members") {
                for _ in 0..random.below(5) {
                    let member = random.below(world.items.len());
                    if member < world.items.len() && !members.contains(&member) {
                        members.push(member);
                    }
                }
            }
            world.items.push(Item { draft, members, at });
        }
        for number in 0..world.items.len() {
            if random.chance(8) {
                world.removed.push(number);
            }
        }
        world
    }

    /// Puts the world into a new tenant of a store.
    ///
    /// # Errors
    ///
    /// What the store answered; a resource whose names are taken is left out.
    pub async fn fill(&self, store: &dyn ScimStore) -> Result<Filled, StoreError> {
        let principal = Principal::new(RandomIds.next().as_str(), "differential");
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let ids = Arc::new(Numbered(AtomicU64::new(0)));
        let mut scope = Scope::new(principal, start, ids, Arc::clone(&self.kinds));
        let mut ids: Vec<Option<ResourceId>> = Vec::new();
        for item in &self.items {
            scope.now = item.at;
            let mut draft = item.draft.clone();
            let members = item.members.iter().filter_map(|member| ids.get(*member)?.clone());
            draft.members = members.map(MemberRef::new).collect();
            ids.push(match store.create(&scope, &draft).await {
                Ok(found) => Some(found.head.id),
                Err(StoreError::Uniqueness { .. }) => None,
                Err(error) => return Err(error),
            });
        }
        for number in &self.removed {
            if let (Some(item), Some(Some(id))) = (self.items.get(*number), ids.get(*number)) {
                let removal = Removal::new(Arc::clone(&item.draft.kind), id.clone());
                store.delete(&scope, &removal).await?;
            }
        }
        Ok(Filled::new(scope, ids))
    }

    fn draft(&self, kind: &Arc<ResourceType>, number: usize, random: &mut Random) -> Option<Draft> {
        let body = self.body(kind, number, random);
        let decoded = Decoded::decode(kind, body, &self.dialect, &Limits::default()).ok()?;
        Draft::new(Arc::clone(kind), decoded, Arc::clone(&self.dialect)).ok()
    }

    fn body(&self, kind: &ResourceType, number: usize, random: &mut Random) -> Value {
        let allow = |path: &str| path != "password" && (self.allow)(kind.name(), path);
        let core: Vec<Arc<Attribute>> = kind.schema().attributes.iter().map(Arc::clone).collect();
        let core: Vec<_> = core
            .into_iter()
            .filter(|attribute| !kind.is_relation(attribute))
            .collect();
        let mut body = values::body(&core, "", &allow, random);
        let mut schemas = vec![Value::from(kind.schema().id.as_str())];
        for extension in kind.extensions() {
            let urn = &extension.schema.id;
            let values = values::body(&extension.schema.attributes, &format!("{urn}:"), &allow, random);
            if !values.is_empty() {
                schemas.push(urn.as_str().into());
                body.insert(urn.clone(), Value::Object(values));
            }
        }
        if kind.attribute("userName").is_some() {
            body.insert("userName".to_owned(), values::user_name(random, number).into());
        } else {
            let name = values::text(random);
            let name = if name.is_empty() { "group".to_owned() } else { name };
            body.insert("displayName".to_owned(), name.into());
        }
        if allow("externalId") && random.chance(40) {
            let external: String = values::text(random).chars().take(1000).collect();
            body.insert("externalId".to_owned(), external.into());
        }
        body.insert("schemas".to_owned(), schemas.into());
        Value::Object(Map::from_iter(body))
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("items", &self.items)
            .field("removed", &self.removed)
            .finish_non_exhaustive()
    }
}

impl Filled {
    /// A world that was put into a store by other means: the identifier of each item, `None` where it is not there.
    #[must_use]
    pub fn new(scope: Scope, ids: Vec<Option<ResourceId>>) -> Self {
        let numbers = ids.iter().enumerate();
        let numbers = numbers.filter_map(|(number, id)| Some((id.clone()?, number))).collect();
        Self { scope, ids, numbers }
    }

    /// The number of the item with an identifier.
    #[must_use]
    pub fn number(&self, id: &str) -> Option<usize> {
        self.numbers.get(id).copied()
    }
}

/// User with the enterprise extension and one with an attribute of every type, and Group.
#[must_use]
pub fn kinds() -> Arc<Registry> {
    static KINDS: LazyLock<Arc<Registry>> = LazyLock::new(|| {
        let user = user().unwrap_or_else(|_| ResourceType::user());
        Arc::new(Registry::new([user, ResourceType::group()]))
    });
    Arc::clone(&KINDS)
}

fn user() -> Result<Arc<ResourceType>, SchemaError> {
    let probe = Schema::builder(PROBE, "Probe")
        .attribute(Attribute::integer("count"))
        .attribute(Attribute::decimal("ratio"))
        .attribute(Attribute::date_time("since"))
        .attribute(Attribute::boolean("flag"))
        .attribute(Attribute::string("exact").case_exact())
        .attribute(Attribute::string("loose"))
        .attribute(Attribute::builder("blob", scim_core::schema::AttributeType::Binary))
        .attribute(Attribute::reference("link", &["external"]))
        .attribute(Attribute::string("tags").multi_valued())
        .attribute(Attribute::integer("counts").multi_valued())
        .attribute(Attribute::date_time("stamps").multi_valued())
        .attribute(Attribute::boolean("flags").multi_valued())
        .attribute(
            Attribute::complex("place")
                .sub_attribute(Attribute::string("town"))
                .sub_attribute(Attribute::integer("number"))
                .sub_attribute(Attribute::string("lines").multi_valued()),
        )
        .attribute(
            Attribute::complex("codes")
                .multi_valued()
                .sub_attribute(Attribute::decimal("value"))
                .sub_attribute(Attribute::date_time("at"))
                .sub_attribute(Attribute::string("marks").multi_valued())
                .sub_attribute(Attribute::boolean("primary")),
        )
        .build()?;
    ResourceType::builder("User", "/Users", Schema::user())
        .extension(Schema::enterprise_user())
        .extension(probe)
        .memberships("groups")
        .build()
}

/// Identifiers that are the same in each store.
#[derive(Debug)]
struct Numbered(AtomicU64);

impl IdSource for Numbered {
    fn next(&self) -> ResourceId {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let case = if number.is_multiple_of(3) { "R" } else { "r" };
        ResourceId::new(format!("{case}{:04x}-{number}", number.wrapping_mul(40503) & 0xffff))
    }
}
