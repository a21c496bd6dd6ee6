//! All that is committed of one tenant, with every index of it.

use std::{collections::HashMap, sync::Arc};

use scim_core::{
    Dialect, ResourceId,
    filter::TextMode,
    fold::fold,
    query::Relations,
    resource::{Found, Member, Members, Membership},
    schema::{Locator, ResourceType},
};

use super::{
    feed::Feed,
    index::{Index, UniqueIndex},
    order::Order,
    row::{Claim, Entry, Row, RowId},
    seats::Seats,
    stage::{Link, Staged},
    step::Step,
};

/// The resources of one tenant. Rows keep their place as long as they live, so that indexes and members name them by it.
pub(super) struct State {
    rows: Vec<Option<Row>>,
    free: Vec<RowId>,
    ids: HashMap<ResourceId, RowId>,
    /// Identifiers that folding changes, for comparisons without case.
    folded_ids: Index,
    shelves: Vec<Shelf>,
    /// The number that the newest row got in the order of creation.
    last: u64,
    pub(super) feed: Feed,
    pub(super) seats: Seats,
}

/// The resources of one type.
pub(super) struct Shelf {
    pub(super) kind: Arc<ResourceType>,
    pub(super) order: Order,
    pub(super) display_names: Index,
    pub(super) external_ids: Index,
    uniques: Vec<UniqueIndex>,
    /// The paths besides those of the schema that every row was indexed by: only these can be looked up by.
    covered: Option<Vec<String>>,
}

impl State {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            rows: Vec::new(),
            free: Vec::new(),
            ids: HashMap::new(),
            folded_ids: Index::default(),
            shelves: Vec::new(),
            last: 0,
            feed: Feed::new(capacity),
            seats: Seats::default(),
        }
    }

    /// The row at a place.
    pub(super) fn row(&self, at: RowId) -> Option<&Row> {
        self.rows.get(at.place())?.as_ref()
    }

    /// The place of a resource of any type.
    pub(super) fn find(&self, id: &str) -> Option<RowId> {
        self.ids.get(id).copied()
    }

    /// A resource of a type.
    pub(super) fn find_of(&self, kind: &ResourceType, id: &ResourceId) -> Option<(RowId, &Row)> {
        let at = self.find(id.as_str())?;
        let row = self.row(at)?;
        (row.entry.kind.name() == kind.name()).then_some((at, row))
    }

    /// The resources whose identifier compares equal to a prepared text.
    pub(super) fn find_like(&self, text: &str, mode: TextMode) -> Vec<RowId> {
        let mut found: Vec<RowId> = self.find(text).into_iter().collect();
        if mode != TextMode::Exact {
            found.extend(self.folded_ids.get(text));
        }
        found
    }

    pub(super) fn shelf(&self, kind: &ResourceType) -> Option<(usize, &Shelf)> {
        let mut shelves = self.shelves.iter().enumerate();
        shelves.find(|(_, shelf)| shelf.kind.name() == kind.name())
    }

    pub(super) fn shelves(&self) -> &[Shelf] {
        &self.shelves
    }

    /// The number that the newest row got in the order of creation.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// A resource with the relations that are wanted.
    pub(super) fn found(&self, row: &Row, kind: &Arc<ResourceType>, relations: Relations) -> Found {
        let mut found = row.entry.found(kind);
        if let Some(most) = relations.members
            && kind.members().is_some()
        {
            let count = row.members.as_ref().map_or(0, |members| members.len());
            found.members = if count > most {
                Members::TooMany
            } else {
                Members::All(self.members(row))
            };
        }
        if relations.memberships && kind.memberships().is_some() {
            found.memberships = self.memberships(row);
        }
        found
    }

    pub(super) fn members(&self, row: &Row) -> Vec<Member> {
        let rows = row.members.iter().flat_map(|members| members.iter());
        let entries = rows.filter_map(|at| self.row(at)).map(|row| &row.entry);
        entries.map(Entry::as_member).collect()
    }

    pub(super) fn memberships(&self, row: &Row) -> Vec<Membership> {
        let entries = row.groups.iter().filter_map(|at| self.row(*at)).map(|row| &row.entry);
        entries.map(Entry::as_membership).collect()
    }

    /// Makes the only step of a transaction true, all of it: nothing in here can fail.
    pub(super) fn apply(&mut self, step: Step) {
        if let Some(id) = &step.deleted {
            self.remove(id);
        }
        for entry in step.puts {
            if step.created.as_ref() == Some(&entry.head.id) {
                self.insert(entry);
            } else {
                self.replace(entry);
            }
        }
        for (group, effect) in step.members {
            let Some(group) = self.find(group.as_str()) else {
                continue;
            };
            for member in effect.removed {
                if let Some(member) = self.find(member.as_str()) {
                    self.unlink(group, member);
                }
            }
            for member in effect.added {
                if let Some(member) = self.find(member.as_str()) {
                    self.link(group, member);
                }
            }
        }
        if let Some((kind, dialect)) = step.dialect {
            self.cover(&kind, &dialect);
        }
        if let Some((id, has)) = step.seat {
            self.seats.put(id, has);
        }
        for change in step.records {
            self.feed.push(change);
        }
    }

    /// The same for what several steps staged.
    pub(super) fn commit(&mut self, staged: Staged) {
        for (id, entry) in &staged.rows {
            if entry.is_none() {
                self.remove(id);
            }
        }
        let mut rows = staged.rows;
        for id in staged.created {
            if let Some(Some(entry)) = rows.remove(&id) {
                self.insert(entry);
            }
        }
        for entry in rows.into_values().flatten() {
            self.replace(entry);
        }
        for (group, links) in staged.members.into_inner() {
            self.relink(&group, links);
        }
        for (kind, dialect) in staged.dialects {
            self.cover(&kind, &dialect);
        }
        for (id, has) in staged.seats {
            self.seats.put(id, has);
        }
        for change in staged.records {
            self.feed.push(change);
        }
    }

    fn row_mut(&mut self, at: RowId) -> Option<&mut Row> {
        self.rows.get_mut(at.place())?.as_mut()
    }

    fn insert(&mut self, entry: Entry) {
        let at = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            RowId::new(u32::try_from(self.rows.len() - 1).unwrap_or(u32::MAX))
        });
        self.last += 1;
        let sequence = self.last;
        let shelf = self.shelf_for(&entry.kind);
        if let Some(shelf) = self.shelves.get_mut(shelf) {
            shelf.order.push(sequence, at);
            shelf.index(&entry, at);
        }
        if let Some(folded) = folded_id(&entry.head.id) {
            self.folded_ids.insert(&folded, at);
        }
        self.ids.insert(entry.head.id.clone(), at);
        if let Some(place) = self.rows.get_mut(at.place()) {
            *place = Some(Row {
                entry,
                shelf,
                sequence,
                members: None,
                groups: Vec::new(),
            });
        }
    }

    fn replace(&mut self, entry: Entry) {
        let Some(at) = self.find(entry.head.id.as_str()) else {
            return;
        };
        let Some(row) = self.rows.get_mut(at.place()).and_then(Option::as_mut) else {
            return;
        };
        let is_same = Arc::ptr_eq(&row.entry.content, &entry.content) || row.entry.content.has_keys_of(&entry.content);
        let before = std::mem::replace(&mut row.entry, entry);
        if !is_same && let Some(shelf) = self.shelves.get_mut(row.shelf) {
            shelf.unindex(&before, at);
            shelf.index(&row.entry, at);
        }
    }

    fn remove(&mut self, id: &ResourceId) {
        let Some(at) = self.ids.remove(id) else { return };
        let Some(row) = self.rows.get_mut(at.place()).and_then(Option::take) else {
            return;
        };
        if let Some(folded) = folded_id(id) {
            self.folded_ids.remove(&folded, at);
        }
        if let Some(shelf) = self.shelves.get_mut(row.shelf) {
            shelf.unindex(&row.entry, at);
            shelf.order.remove(row.sequence);
            if shelf.order.len() == 0 {
                shelf.covered = None;
            }
        }
        for group in row.groups {
            if let Some(members) = self.row_mut(group).and_then(|group| group.members.as_mut()) {
                members.remove(at);
            }
        }
        for member in row.members.iter().flat_map(|members| members.iter()) {
            self.leave(member, at);
        }
        self.free.push(at);
    }

    /// Changes the members of one group.
    fn relink(&mut self, group: &ResourceId, links: HashMap<ResourceId, Link>) {
        let Some(group) = self.find(group.as_str()) else { return };
        let mut added = Vec::new();
        for (member, link) in links {
            let Some(member) = self.find(member.as_str()) else {
                continue;
            };
            match link {
                Link::Added(number) => added.push((number, member)),
                Link::Removed => self.unlink(group, member),
            }
        }
        added.sort_unstable_by_key(|(number, _)| *number);
        for (_, member) in added {
            self.link(group, member);
        }
    }

    fn link(&mut self, group: RowId, member: RowId) {
        let Some(row) = self.row_mut(group) else { return };
        if !row.members.get_or_insert_default().insert(member) {
            return;
        }
        let place = self.row(member).map(|row| self.place_of(group, &row.groups));
        if let Some(row) = self.row_mut(member)
            && let Some(place) = place
        {
            row.groups.insert(place, group);
        }
    }

    fn unlink(&mut self, group: RowId, member: RowId) {
        let members = self.row_mut(group).and_then(|group| group.members.as_mut());
        if members.is_some_and(|members| members.remove(member)) {
            self.leave(member, group);
        }
    }

    /// The place of a group in a list that is in the order of identifiers.
    fn place_of(&self, group: RowId, groups: &[RowId]) -> usize {
        let id = |at: RowId| self.row(at).map(|row| &row.entry.head.id);
        let own = id(group);
        groups.partition_point(|other| id(*other) < own)
    }

    fn leave(&mut self, member: RowId, group: RowId) {
        if let Some(member) = self.row_mut(member)
            && let Some(place) = member.groups.iter().position(|other| *other == group)
        {
            member.groups.remove(place);
        }
    }

    fn cover(&mut self, kind: &ResourceType, dialect: &Dialect) {
        if let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.kind.name() == kind.name()) {
            shelf.cover(dialect);
        }
    }

    fn shelf_for(&mut self, kind: &Arc<ResourceType>) -> usize {
        match self.shelf(kind) {
            Some((at, _)) => at,
            None => {
                self.shelves.push(Shelf::new(Arc::clone(kind)));
                self.shelves.len() - 1
            }
        }
    }
}

impl Shelf {
    fn new(kind: Arc<ResourceType>) -> Self {
        Self {
            kind,
            order: Order::default(),
            display_names: Index::default(),
            external_ids: Index::default(),
            uniques: Vec::new(),
            covered: None,
        }
    }

    /// The name of an attribute as the claims of all rows share it.
    pub(super) fn attribute(&self, name: &str) -> Option<&Arc<str>> {
        let mut names = self.uniques.iter().map(|unique| &unique.attribute);
        names.find(|known| &***known == name)
    }

    /// The claims on an attribute; `None` as long as there are none.
    pub(super) fn unique(&self, attribute: &str) -> Option<&UniqueIndex> {
        self.uniques.iter().find(|unique| &*unique.attribute == attribute)
    }

    /// Whether the claims on an attribute are those of all rows.
    pub(super) fn covers(&self, locator: &Locator) -> bool {
        let of_schema = locator.sub.is_none() && locator.attribute.is_unique();
        let named = |path: &String| {
            let path = scim_core::attr::AttrPath::parse(path).ok();
            let located = path.and_then(|path| self.kind.locate(&path, true));
            matches!(located, Some(scim_core::schema::Located::Attribute(at)) if at.to_string() == locator.to_string())
        };
        of_schema || self.covered.iter().flatten().any(named)
    }

    fn cover(&mut self, dialect: &Dialect) {
        match &mut self.covered {
            None => self.covered = Some(dialect.unique.clone()),
            Some(covered) => covered.retain(|path| dialect.unique.contains(path)),
        }
    }

    fn index(&mut self, entry: &Entry, row: RowId) {
        let content = &entry.content;
        if let Some(name) = &content.display_name {
            self.display_names.insert(name, row);
        }
        if let Some(id) = &content.external_id {
            self.external_ids.insert(id, row);
        }
        for claim in &content.claims {
            if let Some(unique) = self.unique_mut(claim) {
                unique.insert(claim, row);
            }
        }
    }

    fn unindex(&mut self, entry: &Entry, row: RowId) {
        let content = &entry.content;
        if let Some(name) = &content.display_name {
            self.display_names.remove(name, row);
        }
        if let Some(id) = &content.external_id {
            self.external_ids.remove(id, row);
        }
        for claim in &content.claims {
            if let Some(unique) = self.unique_mut(claim) {
                unique.remove(claim, row);
            }
        }
    }

    fn unique_mut(&mut self, claim: &Claim) -> Option<&mut UniqueIndex> {
        let known = self
            .uniques
            .iter()
            .position(|unique| unique.attribute == claim.attribute);
        if known.is_none() {
            self.uniques.push(UniqueIndex::new(Arc::clone(&claim.attribute)));
        }
        match known {
            Some(at) => self.uniques.get_mut(at),
            None => self.uniques.last_mut(),
        }
    }
}

fn folded_id(id: &ResourceId) -> Option<Arc<str>> {
    let folded = fold(id.as_str());
    (folded != id.as_str()).then(|| Arc::from(folded))
}
