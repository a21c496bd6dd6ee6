//! Queries: a page straight from the order of creation, or matches that are looked up, looked at and put in order.

use std::{cmp::Ordering, sync::Arc};

use scim_core::{
    filter::Predicate,
    query::{Page, Position, Query, QueryPage, Relations, Target},
    resource::{Found, Resource},
    schema::{Locator, ResourceType},
    sort::SortKey,
};

use super::{
    lookup::Finder,
    row::{Row, RowId},
    state::{Shelf, State},
};
use crate::{Result, StoreError};

/// One query over the state of its tenant.
pub(super) struct Search<'a> {
    state: &'a State,
    query: &'a Query,
    sides: Vec<Side<'a>>,
}

/// One type of a query.
struct Side<'a> {
    shelf: &'a Shelf,
    target: &'a Target,
    predicate: Option<&'a Predicate>,
}

/// A row that may match.
struct Candidate {
    sequence: u64,
    at: RowId,
    side: usize,
    /// Whether the predicate has yet to be asked.
    is_open: bool,
}

/// A row that does.
struct Hit {
    key: SortKey,
    sequence: u64,
    at: RowId,
    side: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(state: &'a State, query: &'a Query) -> Self {
        let mut sides: Vec<Side<'a>> = Vec::new();
        for target in &query.targets {
            let is_new = sides.iter().all(|side| side.target.kind.name() != target.kind.name());
            if let Some((_, shelf)) = state.shelf(&target.kind)
                && is_new
            {
                let predicate = target.predicate.as_ref();
                let predicate = predicate.filter(|predicate| !matches!(predicate, Predicate::Always(true)));
                sides.push(Side {
                    shelf,
                    target,
                    predicate,
                });
            }
        }
        Self { state, query, sides }
    }

    pub(super) fn run(&self) -> Result<QueryPage> {
        let is_plain = !self.query.sorted && self.sides.iter().all(|side| side.predicate.is_none());
        if is_plain { Ok(self.plain()) } else { self.matched() }
    }

    /// A page of everything: nothing is looked at but the page itself.
    fn plain(&self) -> QueryPage {
        let total = self.sides.iter().map(|side| side.shelf.order.len()).sum();
        let (behind, count) = match &self.query.page {
            Page::Index { start, count } => (self.sequence_of(start.saturating_sub(1)), *count),
            Page::Cursor { after: None, count } => (0, *count),
            Page::Cursor {
                after: Some(after),
                count,
            } => match after.as_str().parse() {
                Ok(sequence) => (sequence, *count),
                Err(_) => return QueryPage::new(Some(total), Vec::new(), None),
            },
        };
        let mut rows: Vec<_> = self
            .sides
            .iter()
            .map(|side| {
                side.shelf
                    .order
                    .starting_at(side.shelf.order.rank_after(behind))
                    .peekable()
            })
            .collect();
        let mut items = Vec::with_capacity(count.min(total));
        let mut last = behind;
        while items.len() < count {
            let nearest = rows
                .iter_mut()
                .enumerate()
                .filter_map(|(side, rows)| Some((rows.peek()?.0, side)));
            let Some((sequence, side)) = nearest.min() else { break };
            let next = rows.get_mut(side).and_then(Iterator::next);
            if let (Some((_, at)), Some(side)) = (next, self.sides.get(side)) {
                items.extend(self.found(at, side));
            }
            last = sequence;
        }
        let more = rows.iter_mut().any(|rows| rows.peek().is_some());
        let next = (self.is_cursor() && count > 0 && more).then(|| Position::new(last.to_string()));
        QueryPage::new(Some(total), items, next)
    }

    /// The greatest sequence number that has at most so many rows up to it, over all types.
    fn sequence_of(&self, rank: usize) -> u64 {
        let (mut low, mut high) = (0, self.state.last() + 1);
        if rank == 0 {
            return 0;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let rows: usize = self.sides.iter().map(|side| side.shelf.order.rank_after(middle)).sum();
            if rows <= rank {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// A page of matches.
    fn matched(&self) -> Result<QueryPage> {
        let mut candidates = self.candidates()?;
        let mut hits = Vec::new();
        let mut total = None;
        let is_walk = self.is_cursor() && !self.query.sorted;
        if is_walk {
            // In the order of creation a walk needs no look at what is behind it nor at what is after its page.
            let is_exact = candidates.iter().all(|candidate| !candidate.is_open);
            total = is_exact.then_some(candidates.len());
            if let Page::Cursor {
                after: Some(after),
                count,
            } = &self.query.page
            {
                let Ok(after) = after.as_str().parse::<u64>() else {
                    return Ok(QueryPage::new(total, Vec::new(), None));
                };
                candidates.retain(|candidate| candidate.sequence > after);
                hits.reserve(candidates.len().min(count.saturating_add(1)));
            }
        }
        for candidate in &candidates {
            if is_walk && hits.len() > self.count() {
                break;
            }
            hits.extend(self.hit(candidate));
        }
        if !is_walk {
            total = Some(hits.len());
        }
        if self.query.sorted {
            hits.sort_unstable_by(|one, two| self.order(one, two));
        }
        let skip = match &self.query.page {
            Page::Index { start, .. } => start.saturating_sub(1),
            Page::Cursor { after: Some(after), .. } if self.query.sorted => match Hit::parse(after) {
                Some(last) => hits.partition_point(|hit| self.order(hit, &last).is_le()),
                None => hits.len(),
            },
            Page::Cursor { .. } => 0,
        };
        let page: Vec<&Hit> = hits.iter().skip(skip).take(self.count()).collect();
        let more = self.is_cursor() && hits.len().saturating_sub(skip) > page.len();
        let next = page.last().filter(|_| more);
        let next = next.map(|hit| {
            if is_walk {
                Position::new(hit.sequence.to_string())
            } else {
                hit.position()
            }
        });
        let items = page
            .iter()
            .filter_map(|hit| self.found(hit.at, self.sides.get(hit.side)?));
        Ok(QueryPage::new(total, items.collect(), next))
    }

    /// What may match, in the order of creation.
    fn candidates(&self) -> Result<Vec<Candidate>> {
        let mut candidates = Vec::new();
        let mut scanned = 0;
        for (number, side) in self.sides.iter().enumerate() {
            let finder = Finder {
                state: self.state,
                shelf: side.shelf,
                kind: &side.target.kind,
            };
            let candidate = |is_open| {
                move |(sequence, at)| Candidate {
                    sequence,
                    at,
                    side: number,
                    is_open,
                }
            };
            match side.predicate.and_then(|predicate| finder.find(predicate)) {
                Some((lookup, is_exact)) => {
                    let rows = lookup.rows(self.state).into_iter();
                    let rows = rows.filter_map(|at| Some((self.state.row(at)?, at)));
                    let rows = rows.filter(|(row, _)| row.entry.kind.name() == side.target.kind.name());
                    let rows = rows.map(|(row, at)| (row.sequence, at));
                    candidates.extend(rows.map(candidate(!is_exact)));
                }
                None => {
                    scanned += side.shelf.order.len();
                    candidates.extend(side.shelf.order.iter().map(candidate(side.predicate.is_some())));
                }
            }
        }
        if self.query.look_through.is_some_and(|most| scanned > most) {
            return Err(StoreError::TooMany);
        }
        candidates.sort_unstable_by_key(|candidate| candidate.sequence);
        Ok(candidates)
    }

    fn hit(&self, candidate: &Candidate) -> Option<Hit> {
        let side = self.sides.get(candidate.side)?;
        let row = self.state.row(candidate.at)?;
        let sort = side.target.sort.as_ref().filter(|_| self.query.sorted);
        let predicate = side.predicate.filter(|_| candidate.is_open);
        let mut key = SortKey::None;
        if predicate.is_some() || sort.is_some() {
            let tree = tree(self.state, row, &side.target.kind, predicate, sort);
            if predicate.is_some_and(|predicate| !predicate.matches(&tree)) {
                return None;
            }
            key = sort.map_or(SortKey::None, |sort| SortKey::of(&tree, sort));
        }
        Some(Hit {
            key,
            sequence: candidate.sequence,
            at: candidate.at,
            side: candidate.side,
        })
    }

    fn order(&self, one: &Hit, two: &Hit) -> Ordering {
        let by_key = one.key.cmp(&two.key);
        let by_key = if self.query.descending {
            by_key.reverse()
        } else {
            by_key
        };
        by_key.then(one.sequence.cmp(&two.sequence))
    }

    fn found(&self, at: RowId, side: &Side<'_>) -> Option<Found> {
        let row = self.state.row(at)?;
        Some(self.state.found(row, &side.target.kind, self.query.relations))
    }

    fn is_cursor(&self) -> bool {
        matches!(self.query.page, Page::Cursor { .. })
    }

    fn count(&self) -> usize {
        match &self.query.page {
            Page::Cursor { count, .. } | Page::Index { count, .. } => *count,
        }
    }
}

impl Hit {
    fn position(&self) -> Position {
        let (tag, key) = self.key.encode();
        Position::new(serde_json::json!([tag, key, self.sequence]).to_string())
    }

    fn parse(position: &Position) -> Option<Self> {
        let (tag, key, sequence): (String, String, u64) = serde_json::from_str(position.as_str()).ok()?;
        Some(Self {
            key: SortKey::decode(&tag, &key)?,
            sequence,
            at: RowId::new(0),
            side: 0,
        })
    }
}

/// How many resources of a type match.
pub(super) fn count(state: &State, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> usize {
    let target = Target::new(Arc::clone(kind), predicate.cloned(), None);
    let mut query = Query::new(vec![target], Page::Index { start: 1, count: 0 });
    query.relations = Relations::NONE;
    let page = Search::new(state, &query).run();
    page.ok().and_then(|page| page.total).unwrap_or(0)
}

/// The tree of a resource, with no more than a filter and an order look at.
fn tree(
    state: &State,
    row: &Row,
    kind: &ResourceType,
    predicate: Option<&Predicate>,
    sort: Option<&Locator>,
) -> Resource {
    let wants = Wants::of(kind, predicate, sort);
    let mut tree = row.entry.content.stored.resource();
    if wants.meta {
        tree = tree.with_meta(kind, &row.entry.head);
    }
    if wants.members {
        tree = tree.with_members(kind, &state.members(row));
    }
    if wants.memberships {
        tree = tree.with_memberships(kind, &state.memberships(row));
    }
    tree
}

/// What a filter and an order look at besides stored attributes.
#[derive(Clone, Copy)]
pub(super) struct Wants {
    pub(super) meta: bool,
    pub(super) members: bool,
    pub(super) memberships: bool,
}

impl Wants {
    pub(super) fn of(kind: &ResourceType, predicate: Option<&Predicate>, sort: Option<&Locator>) -> Self {
        let reads = |attribute: Option<&Arc<scim_core::schema::Attribute>>| {
            attribute.is_some_and(|attribute| {
                predicate.is_some_and(|predicate| predicate.reads(attribute))
                    || sort.is_some_and(|sort| sort.extension.is_none() && sort.attribute.name == attribute.name)
            })
        };
        Self {
            meta: reads(kind.attribute("meta")),
            members: reads(kind.members()),
            memberships: reads(kind.memberships()),
        }
    }
}
