//! Queries: a page straight from the order of creation, or matches that are looked up, looked at and put in order.

use std::{cmp::Ordering, sync::Arc};

use scim_core::{
    filter::Predicate,
    query::{Page, Position, Query, QueryPage, Relations, Target},
    resource::{Found, Member, Membership},
    schema::{Locator, ResourceType},
    sort::SortKey,
};

use super::{
    lookup::Finder,
    row::{Entry, Row, RowId},
    state::{Shelf, State},
};
use crate::{Result, StoreError};

/// One query over the state of its tenant.
pub(super) struct Search<'s, 'q> {
    state: &'s State,
    query: &'q Query,
    sides: Vec<Side<'s, 'q>>,
}

/// One type of a query.
struct Side<'s, 'q> {
    shelf: &'s Shelf,
    target: &'q Target,
    predicate: Option<&'q Predicate>,
}

/// What may match, taken from the state so that looking at it holds no lock.
pub(super) struct Candidates<'a> {
    query: &'a Query,
    sides: Vec<(&'a Target, Option<&'a Predicate>)>,
    list: Vec<Candidate>,
}

/// A row that may match, or one that does.
struct Candidate {
    sequence: u64,
    side: usize,
    entry: Entry,
    /// Whether the predicate has yet to be asked.
    is_open: bool,
    members: Vec<Member>,
    memberships: Vec<Membership>,
    key: SortKey,
}

/// The matches of one page, without their relations.
pub(super) struct Matches {
    total: Option<usize>,
    page: Vec<(Entry, Arc<ResourceType>)>,
    next: Option<Position>,
    relations: Relations,
}

impl<'s, 'q> Search<'s, 'q> {
    pub(super) fn new(state: &'s State, query: &'q Query) -> Self {
        let mut sides: Vec<Side<'s, 'q>> = Vec::new();
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

    /// A page of everything in the order of creation, which takes no look at what is not on it; else `None`.
    pub(super) fn plain(&self) -> Option<QueryPage> {
        let is_plain = !self.query.sorted && self.sides.iter().all(|side| side.predicate.is_none());
        is_plain.then(|| self.page_of_all())
    }

    /// A page by index of what indexes find for sure, with no look at it; else `None`.
    pub(super) fn certain(&self) -> Option<QueryPage> {
        let Page::Index { start, count } = self.query.page else {
            return None;
        };
        if self.query.sorted {
            return None;
        }
        let mut hits = Vec::new();
        for side in &self.sides {
            let (lookup, is_exact) = self.finder(side).find(side.predicate?)?;
            if !is_exact {
                return None;
            }
            let rows = lookup.rows(self.state).into_iter();
            let rows = rows.filter_map(|at| self.state.row(at));
            let rows = rows.filter(|row| row.entry.kind.name() == side.target.kind.name());
            hits.extend(rows.map(|row| (row, &side.target.kind)));
        }
        hits.sort_unstable_by_key(|(row, _)| row.sequence);
        let page = hits.iter().skip(start.saturating_sub(1)).take(count);
        let items = page.map(|(row, kind)| self.state.found(row, kind, self.query.relations));
        Some(QueryPage::new(Some(hits.len()), items.collect(), None))
    }

    /// A page of everything: nothing is looked at but the page itself.
    fn page_of_all(&self) -> QueryPage {
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
        let next = (is_cursor(self.query) && count > 0 && more).then(|| Position::new(last.to_string()));
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

    /// What may match, in the order of creation.
    pub(super) fn candidates(&self) -> Result<Candidates<'q>> {
        let mut list = Vec::new();
        let mut scanned = 0;
        for (number, side) in self.sides.iter().enumerate() {
            let kind = &side.target.kind;
            match side.predicate.and_then(|predicate| self.finder(side).find(predicate)) {
                Some((lookup, is_exact)) => {
                    let rows = lookup.rows(self.state).into_iter();
                    let rows = rows.filter_map(|at| self.state.row(at));
                    let rows = rows.filter(|row| row.entry.kind.name() == kind.name());
                    list.extend(rows.map(|row| self.candidate(row, number, side, !is_exact)));
                }
                None => {
                    scanned += side.shelf.order.len();
                    let is_open = side.predicate.is_some();
                    let rows = side.shelf.order.iter().filter_map(|(_, at)| self.state.row(at));
                    list.extend(rows.map(|row| self.candidate(row, number, side, is_open)));
                }
            }
        }
        if self.query.look_through.is_some_and(|most| scanned > most) {
            return Err(StoreError::TooMany);
        }
        list.sort_unstable_by_key(|candidate| candidate.sequence);
        let sides = self.sides.iter().map(|side| (side.target, side.predicate)).collect();
        let query = self.query;
        Ok(Candidates { query, sides, list })
    }

    fn finder<'a>(&'a self, side: &'a Side<'_, '_>) -> Finder<'a> {
        Finder {
            state: self.state,
            shelf: side.shelf,
            kind: &side.target.kind,
        }
    }

    fn candidate(&self, row: &Row, number: usize, side: &Side<'_, '_>, is_open: bool) -> Candidate {
        let sort = side.target.sort.as_ref().filter(|_| self.query.sorted);
        let wants = Wants::of(&side.target.kind, side.predicate.filter(|_| is_open), sort);
        Candidate {
            sequence: row.sequence,
            side: number,
            entry: row.entry.clone(),
            is_open,
            members: if wants.members {
                self.state.members(row)
            } else {
                Vec::new()
            },
            memberships: if wants.memberships {
                self.state.memberships(row)
            } else {
                Vec::new()
            },
            key: SortKey::None,
        }
    }

    fn found(&self, at: RowId, side: &Side<'_, '_>) -> Option<Found> {
        let row = self.state.row(at)?;
        Some(self.state.found(row, &side.target.kind, self.query.relations))
    }
}

impl Candidates<'_> {
    /// Looks at them, puts what matches in order and cuts the page out.
    pub(super) fn matches(mut self) -> Matches {
        let (query, mut list) = (self.query, std::mem::take(&mut self.list));
        let (count, after) = match &query.page {
            Page::Cursor { after, count } => (*count, after.as_ref()),
            Page::Index { count, .. } => (*count, None),
        };
        let last = after.map(|after| Candidate::parse(after, query.sorted));
        // In the order of creation a walk needs no look at what is behind it nor at what is after its page.
        let is_walk = is_cursor(query) && !query.sorted;
        let is_exact = list.iter().all(|candidate| !candidate.is_open);
        let mut total = (is_walk && is_exact).then_some(list.len());
        if is_walk && let Some(last) = &last {
            let last = last.as_ref().map_or(u64::MAX, |(_, sequence)| *sequence);
            list.retain(|candidate| candidate.sequence > last);
        }
        let mut hits = Vec::new();
        for candidate in list {
            if is_walk && hits.len() > count {
                break;
            }
            hits.extend(self.look_at(candidate));
        }
        if !is_walk {
            total = Some(hits.len());
        }
        if query.sorted {
            hits.sort_unstable_by(|one, two| order(query, (&one.key, one.sequence), (&two.key, two.sequence)));
        }
        let skip = match (&query.page, &last) {
            (Page::Index { start, .. }, _) => start.saturating_sub(1),
            (_, Some(Some((key, sequence)))) if query.sorted => {
                let last = (key, *sequence);
                hits.partition_point(|hit| order(query, (&hit.key, hit.sequence), last).is_le())
            }
            (_, Some(None)) => hits.len(),
            _ => 0,
        };
        let more = is_cursor(query) && hits.len().saturating_sub(skip) > count;
        let mut page = Vec::with_capacity(count.min(hits.len()));
        let mut next = None;
        for hit in hits.into_iter().skip(skip).take(count) {
            next = more.then_some((hit.key, hit.sequence));
            let kind = self.sides.get(hit.side).map(|(target, _)| Arc::clone(&target.kind));
            page.extend(kind.map(|kind| (hit.entry, kind)));
        }
        Matches {
            total,
            page,
            next: next.map(|(key, sequence)| position(query, &key, sequence)),
            relations: query.relations,
        }
    }

    /// The candidate with its key, if it matches.
    fn look_at(&self, mut candidate: Candidate) -> Option<Candidate> {
        let (target, predicate) = self.sides.get(candidate.side)?;
        let sort = target.sort.as_ref().filter(|_| self.query.sorted);
        let predicate = predicate.filter(|_| candidate.is_open);
        if predicate.is_some() || sort.is_some() {
            let (kind, entry) = (&target.kind, &candidate.entry);
            let mut tree = entry.content.stored.resource();
            if Wants::of(kind, predicate, sort).meta {
                tree = tree.with_meta(kind, &entry.head);
            }
            let tree = tree.with_members(kind, &candidate.members);
            let tree = tree.with_memberships(kind, &candidate.memberships);
            if predicate.is_some_and(|predicate| !predicate.matches(&tree)) {
                return None;
            }
            candidate.key = sort.map_or(SortKey::None, |sort| SortKey::of(&tree, sort));
        }
        Some(candidate)
    }
}

impl Matches {
    /// The page with its relations. What changed since the look is told as it is now, whole, and not half of each.
    pub(super) fn answer(self, state: &State) -> QueryPage {
        let items = self.page.into_iter().map(|(entry, kind)| {
            let now = state.find_of(&kind, &entry.head.id);
            now.map_or_else(
                || entry.found(&kind),
                |(_, row)| state.found(row, &kind, self.relations),
            )
        });
        QueryPage::new(self.total, items.collect(), self.next)
    }
}

impl Candidate {
    /// What a position says: a key and a number.
    fn parse(position: &Position, is_sorted: bool) -> Option<(SortKey, u64)> {
        if !is_sorted {
            return Some((SortKey::None, position.as_str().parse().ok()?));
        }
        let (tag, key, sequence): (String, String, u64) = serde_json::from_str(position.as_str()).ok()?;
        Some((SortKey::decode(&tag, &key)?, sequence))
    }
}

fn position(query: &Query, key: &SortKey, sequence: u64) -> Position {
    if !query.sorted {
        return Position::new(sequence.to_string());
    }
    let (tag, key) = key.encode();
    Position::new(serde_json::json!([tag, key, sequence]).to_string())
}

fn order(query: &Query, one: (&SortKey, u64), two: (&SortKey, u64)) -> Ordering {
    let by_key = one.0.cmp(two.0);
    let by_key = if query.descending { by_key.reverse() } else { by_key };
    by_key.then(one.1.cmp(&two.1))
}

fn is_cursor(query: &Query) -> bool {
    matches!(query.page, Page::Cursor { .. })
}

/// How many resources of a type match.
pub(super) fn count(state: &State, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> usize {
    let target = Target::new(Arc::clone(kind), predicate.cloned(), None);
    let mut query = Query::new(vec![target], Page::Index { start: 1, count: 0 });
    query.relations = Relations::NONE;
    let search = Search::new(state, &query);
    let total = match search.plain() {
        Some(page) => page.total,
        None => search
            .candidates()
            .ok()
            .and_then(|candidates| candidates.matches().total),
    };
    total.unwrap_or(0)
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
