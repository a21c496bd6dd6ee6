//! A search as it crosses to a store (RFC 7644 section 3.4.2, RFC 9865).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    ResourceId,
    filter::Predicate,
    resource::{Found, Members, Resource},
    schema::{Locator, ResourceType},
    sort::SortKey,
};

/// A search with every name resolved: what to look through, in which order, which page.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Query {
    /// The types to look through, each with its own resolution of the filter.
    pub targets: Vec<Target>,
    /// Whether the order is by the targets' sort locators; if not, it is that of creation.
    pub sorted: bool,
    /// Whether the order is turned round; what has no value is then first.
    pub descending: bool,
    /// Which part of the matches is wanted.
    pub page: Page,
    /// Which relations the answer needs.
    pub relations: Relations,
    /// Most resources to look through without an index before giving up with `tooMany`.
    pub look_through: Option<usize>,
}

/// One resource type of a search.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Target {
    /// The type.
    pub kind: Arc<ResourceType>,
    /// What must match; all resources of the type do where there is none.
    pub predicate: Option<Predicate>,
    /// What the type is sorted by.
    pub sort: Option<Locator>,
}

impl Target {
    /// A type with its resolved filter.
    pub fn new(kind: Arc<ResourceType>, predicate: Option<Predicate>, sort: Option<Locator>) -> Self {
        Self { kind, predicate, sort }
    }
}

/// Which part of the matches is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7644 and RFC 9865 have these two ways")]
pub enum Page {
    /// Matches behind a position, or from the start.
    Cursor {
        /// The position of the last resource of the page before.
        after: Option<Position>,
        /// How many.
        count: usize,
    },
    /// Matches by number.
    Index {
        /// The first one, from 1.
        start: usize,
        /// How many.
        count: usize,
    },
}

/// A place in the order of a query: text that a store makes and reads; clients see it sealed only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(Box<str>);

impl Position {
    /// A position from the store's own text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The store's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which relations an answer needs; a store reads no others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relations {
    /// Members, if there are at most so many.
    pub members: Option<usize>,
    /// What the resource is a member of.
    pub memberships: bool,
}

impl Relations {
    /// Every relation, whole.
    pub const ALL: Self = Self {
        members: Some(usize::MAX),
        memberships: true,
    };
    /// No relation.
    pub const NONE: Self = Self {
        members: None,
        memberships: false,
    };

    /// These relations.
    pub const fn new(members: Option<usize>, memberships: bool) -> Self {
        Self { members, memberships }
    }
}

/// One page of matches.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct QueryPage {
    /// How many resources match in all; a store may leave it out for pages by cursor.
    pub total: Option<usize>,
    /// The resources of the page.
    pub items: Vec<Found>,
    /// Where the next page starts, if there is one; only for pages by cursor.
    pub next: Option<Position>,
}

impl QueryPage {
    /// A page.
    pub fn new(total: Option<usize>, items: Vec<Found>, next: Option<Position>) -> Self {
        Self { total, items, next }
    }
}

impl Query {
    /// A search of these types in the order of creation.
    pub fn new(targets: Vec<Target>, page: Page) -> Self {
        Self {
            targets,
            sorted: false,
            descending: false,
            page,
            relations: Relations::ALL,
            look_through: None,
        }
    }

    /// The target of a type.
    pub fn target(&self, kind: &ResourceType) -> Option<&Target> {
        self.targets.iter().find(|target| target.kind.name() == kind.name())
    }

    /// Whether filter or order look at the members of a type.
    pub fn reads_members(&self, kind: &ResourceType) -> bool {
        kind.members().is_some_and(|members| self.reads(kind, members))
    }

    /// Whether filter or order look at what resources of a type are members of.
    pub fn reads_memberships(&self, kind: &ResourceType) -> bool {
        kind.memberships()
            .is_some_and(|memberships| self.reads(kind, memberships))
    }

    fn reads(&self, kind: &ResourceType, attribute: &Arc<crate::schema::Attribute>) -> bool {
        self.target(kind).is_some_and(|target| {
            target
                .predicate
                .as_ref()
                .is_some_and(|predicate| predicate.reads(attribute))
                || target
                    .sort
                    .as_ref()
                    .is_some_and(|sort| Arc::ptr_eq(&sort.attribute, attribute))
        })
    }

    /// Filters, sorts and pages all resources of a tenant: the one line of a store that holds them at hand.
    ///
    /// Resources must carry the relations that the query reads ([`Query::reads_members`]); those that the answer does not
    /// need are taken off again.
    pub fn run(&self, all: impl IntoIterator<Item = Found>) -> QueryPage {
        let mut rows: Vec<Row> = all.into_iter().filter_map(|found| self.row(found)).collect();
        rows.sort_by(|one, two| self.order(one, two));
        let total = rows.len();
        let (skip, count) = match &self.page {
            Page::Index { start, count } => (start.saturating_sub(1), *count),
            Page::Cursor { after, count } => {
                let skip = after.as_ref().map_or(0, |after| match Row::parse(after) {
                    Some(last) => rows.partition_point(|row| self.order(row, &last).is_le()),
                    None => total,
                });
                (skip, *count)
            }
        };
        let is_cursor = matches!(self.page, Page::Cursor { .. });
        let more = is_cursor && count > 0 && total.saturating_sub(skip) > count;
        let page: Vec<Row> = rows.into_iter().skip(skip).take(count).collect();
        let next = page.last().filter(|_| more).map(Row::position);
        let items = page
            .into_iter()
            .filter_map(|row| row.found.map(|found| self.trim(found)))
            .collect();
        QueryPage {
            total: Some(total),
            items,
            next,
        }
    }

    fn row(&self, found: Found) -> Option<Row> {
        let target = self.target(&found.kind)?;
        let mut resource = None;
        if let Some(predicate) = &target.predicate
            && !predicate.matches(resource.insert(tree(&found)))
        {
            return None;
        }
        let key = match &target.sort {
            Some(locator) if self.sorted => SortKey::of(resource.get_or_insert_with(|| tree(&found)), locator),
            _ => SortKey::None,
        };
        Some(Row {
            key,
            created: found.head.created,
            id: found.head.id.clone(),
            found: Some(found),
        })
    }

    fn order(&self, one: &Row, two: &Row) -> std::cmp::Ordering {
        let by_key = one.key.cmp(&two.key);
        let by_key = if self.descending { by_key.reverse() } else { by_key };
        by_key
            .then_with(|| one.created.cmp(&two.created))
            .then_with(|| one.id.cmp(&two.id))
    }

    fn trim(&self, mut found: Found) -> Found {
        match (&found.members, self.relations.members) {
            (Members::All(_), None) => found.members = Members::Skipped,
            (Members::All(members), Some(most)) if members.len() > most => found.members = Members::TooMany,
            _ => {}
        }
        if !self.relations.memberships {
            found.memberships.clear();
        }
        found
    }
}

/// The tree that filters and sort keys look at.
fn tree(found: &Found) -> Resource {
    let resource = found.stored.resource().with_meta(&found.kind, &found.head);
    let resource = match &found.members {
        Members::All(members) => resource.with_members(&found.kind, members),
        _ => resource,
    };
    resource.with_memberships(&found.kind, &found.memberships)
}

/// A match with its place in the order.
struct Row {
    key: SortKey,
    created: DateTime<Utc>,
    id: ResourceId,
    found: Option<Found>,
}

impl Row {
    fn position(&self) -> Position {
        let (tag, key) = self.key.encode();
        let created = self.created.timestamp_nanos_opt().unwrap_or(i64::MAX);
        Position::new(serde_json::json!([tag, key, created, self.id.as_str()]).to_string())
    }

    fn parse(position: &Position) -> Option<Self> {
        let (tag, key, created, id): (String, String, i64, String) = serde_json::from_str(position.as_str()).ok()?;
        let key = SortKey::decode(&tag, &key)?;
        Some(Self {
            key,
            created: DateTime::from_timestamp_nanos(created),
            id: ResourceId::new(id),
            found: None,
        })
    }
}
