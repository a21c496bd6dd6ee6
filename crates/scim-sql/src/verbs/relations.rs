//! Members and memberships of resources that were found.

use std::{collections::HashMap, sync::Arc};

use scim_core::{
    ResourceId,
    query::Relations,
    resource::{Found, Member, Members, Membership},
    schema::ResourceType,
};
use scim_store::Scope;

use crate::{
    error::SqlError,
    session::Session,
    statement::{Row, Value},
};

/// Most members that one statement reads; few in tests, so that a page ends now and then.
const PAGE: usize = if cfg!(test) { 3 } else { 5000 };

/// Gives resources the relations that are wanted.
#[derive(Clone, Copy)]
pub(super) struct Relate<'a> {
    scope: &'a Scope,
    relations: Relations,
}

impl<'a> Relate<'a> {
    pub(super) fn new(scope: &'a Scope, relations: Relations) -> Self {
        Self { scope, relations }
    }

    /// One resource; it has at most as many members as ever joined it.
    pub(super) async fn one<S: Session>(
        self,
        session: &mut S,
        found: &mut Found,
        joined: Option<i64>,
    ) -> Result<(), SqlError> {
        if self.relations.memberships && found.kind.memberships().is_some() {
            self.memberships(session, std::slice::from_mut(found)).await?;
        }
        let Some(most) = self.relations.members.filter(|_| found.kind.members().is_some()) else {
            return Ok(());
        };
        let joined = joined.map(|joined| usize::try_from(joined).unwrap_or(usize::MAX));
        found.members = match joined {
            Some(0) => Members::All(Vec::new()),
            joined
                if joined.is_none_or(|joined| joined > most)
                    && self.has_more(session, &found.head.id, most).await? =>
            {
                Members::TooMany
            }
            _ => Members::All(self.members(session, &found.head.id).await?),
        };
        Ok(())
    }

    /// The resources of a page, by few statements.
    pub(super) async fn all<S: Session>(self, session: &mut S, page: &mut [Found]) -> Result<(), SqlError> {
        if self.relations.memberships {
            self.memberships(session, page).await?;
        }
        let Some(most) = self.relations.members else {
            return Ok(());
        };
        let groups: Vec<&ResourceId> = page
            .iter()
            .filter(|found| found.kind.members().is_some())
            .map(|found| &found.head.id)
            .collect();
        if groups.is_empty() {
            return Ok(());
        }
        let counts = self.counts(session, &groups, most).await?;
        let mut lists = self.lists(session, &groups, &counts, most).await?;
        for found in page.iter_mut().filter(|found| found.kind.members().is_some()) {
            let count = counts.get(&found.head.id).copied().unwrap_or_default();
            found.members = if count > most {
                Members::TooMany
            } else {
                Members::All(lists.remove(&found.head.id).unwrap_or_default())
            };
        }
        Ok(())
    }

    /// What resources are direct members of, in the order of the groups' identifiers.
    async fn memberships<S: Session>(self, session: &mut S, page: &mut [Found]) -> Result<(), SqlError> {
        let wanted = page.iter().filter(|found| found.kind.memberships().is_some());
        let ids: Vec<String> = wanted.map(|found| found.head.id.as_str().to_owned()).collect();
        let tenant = self.scope.tenant().as_str().into();
        let (template, list) = match ids.as_slice() {
            [] => return Ok(()),
            [one] => (
                "SELECT m.group_id, r.kind, r.label, m.member_id FROM {s}scim_member m \
                 JOIN {s}scim_resource r ON r.tenant = m.tenant AND r.id = m.group_id \
                 WHERE m.tenant = ?1 AND m.member_id = ?2 ORDER BY m.group_id",
                one.as_str().into(),
            ),
            _ => (
                "SELECT m.group_id, r.kind, r.label, m.member_id FROM {s}scim_member m \
                 JOIN {s}scim_resource r ON r.tenant = m.tenant AND r.id = m.group_id \
                 WHERE m.tenant = ?1 AND m.member_id {in 2} ORDER BY m.member_id, m.group_id",
                Value::Texts(ids),
            ),
        };
        let statement = session.statement(template, vec![tenant, list]);
        let mut lists: HashMap<ResourceId, Vec<Membership>> = HashMap::new();
        for row in session.rows(&statement).await? {
            if let Some((id, kind, label)) = self.end(&row)? {
                let list = lists.entry(ResourceId::new(row.text(3)?)).or_default();
                list.push(Membership::new(id, kind, label));
            }
        }
        for found in page {
            found.memberships = lists.remove(&found.head.id).unwrap_or_default();
        }
        Ok(())
    }

    /// Whether a group has more members than so many.
    async fn has_more<S: Session>(self, session: &mut S, group: &ResourceId, most: usize) -> Result<bool, SqlError> {
        let Ok(most) = i64::try_from(most) else {
            return Ok(false);
        };
        let statement = session.statement(
            "SELECT 1 FROM {s}scim_member m WHERE m.tenant = ?1 AND m.group_id = ?2 LIMIT 1 OFFSET ?3",
            vec![self.scope.tenant().as_str().into(), group.into(), most.into()],
        );
        Ok(!session.rows(&statement).await?.is_empty())
    }

    /// How many members groups have, counted up to one more than are wanted.
    async fn counts<S: Session>(
        self,
        session: &mut S,
        groups: &[&ResourceId],
        most: usize,
    ) -> Result<HashMap<ResourceId, usize>, SqlError> {
        let most = i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX);
        let statement = session.statement(
            "SELECT l.value, (SELECT COUNT(*) FROM (SELECT 1 FROM {s}scim_member m \
             WHERE m.tenant = ?1 AND m.group_id = l.value LIMIT ?3) AS c) FROM {each 2}",
            vec![self.scope.tenant().as_str().into(), texts(groups), most.into()],
        );
        let rows = session.rows(&statement).await?;
        let counts = rows.iter().map(|row| {
            let count = usize::try_from(row.int(1)?).unwrap_or(usize::MAX);
            Ok((ResourceId::new(row.text(0)?), count))
        });
        counts.collect()
    }

    /// The members of the groups that have not too many, by as few statements as their numbers allow.
    async fn lists<S: Session>(
        self,
        session: &mut S,
        groups: &[&ResourceId],
        counts: &HashMap<ResourceId, usize>,
        most: usize,
    ) -> Result<HashMap<ResourceId, Vec<Member>>, SqlError> {
        let mut lists = HashMap::new();
        let mut together: Vec<&ResourceId> = Vec::new();
        let mut sum = 0;
        for group in groups {
            match counts.get(*group).copied().unwrap_or_default() {
                0 => {}
                count if count > most => {}
                count if count >= PAGE => {
                    lists.insert((*group).clone(), self.members(session, group).await?);
                }
                count => {
                    if sum + count > PAGE {
                        self.members_of(session, &together, &mut lists).await?;
                        together.clear();
                        sum = 0;
                    }
                    together.push(group);
                    sum += count;
                }
            }
        }
        if !together.is_empty() {
            self.members_of(session, &together, &mut lists).await?;
        }
        Ok(lists)
    }

    async fn members_of<S: Session>(
        self,
        session: &mut S,
        groups: &[&ResourceId],
        lists: &mut HashMap<ResourceId, Vec<Member>>,
    ) -> Result<(), SqlError> {
        let statement = session.statement(
            "SELECT m.member_id, r.kind, r.label, m.group_id FROM {s}scim_member m \
             JOIN {s}scim_resource r ON r.tenant = m.tenant AND r.id = m.member_id \
             WHERE m.tenant = ?1 AND m.group_id {in 2} ORDER BY m.group_id, m.place",
            vec![self.scope.tenant().as_str().into(), texts(groups)],
        );
        for row in session.rows(&statement).await? {
            if let Some((id, kind, label)) = self.end(&row)? {
                let list: &mut Vec<Member> = lists.entry(ResourceId::new(row.text(3)?)).or_default();
                list.push(Member::new(id, kind, label));
            }
        }
        Ok(())
    }

    /// All members of a group, in the order in which they came.
    pub(super) async fn members<S: Session>(
        self,
        session: &mut S,
        group: &ResourceId,
    ) -> Result<Vec<Member>, SqlError> {
        let mut members = Vec::new();
        let mut last = None;
        loop {
            let (page, next) = self.members_behind(session, group, last).await?;
            members.extend(page);
            if next.is_none() {
                return Ok(members);
            }
            last = next;
        }
    }

    /// One page of members, with the place of its last if there may be more.
    pub(super) async fn members_behind<S: Session>(
        self,
        session: &mut S,
        group: &ResourceId,
        last: Option<i64>,
    ) -> Result<(Vec<Member>, Option<i64>), SqlError> {
        let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let statement = session.statement(
            "SELECT m.member_id, r.kind, r.label, m.place FROM {s}scim_member m \
             JOIN {s}scim_resource r ON r.tenant = m.tenant AND r.id = m.member_id \
             WHERE m.tenant = ?1 AND m.group_id = ?2 AND m.place > ?3 ORDER BY m.place LIMIT ?4",
            vec![
                self.scope.tenant().as_str().into(),
                group.into(),
                last.unwrap_or(-1).into(),
                most.into(),
            ],
        );
        let rows = session.rows(&statement).await?;
        let next = rows.last().map(|row| row.int(3)).transpose()?;
        let next = next.filter(|_| rows.len() == PAGE);
        let ends = rows.iter().filter_map(|row| self.end(row).transpose());
        let members = ends.map(|end| end.map(|(id, kind, label)| Member::new(id, kind, label)));
        Ok((members.collect::<Result<_, _>>()?, next))
    }

    /// The other end of a relation from a row of (id, type, name, ..); `None` for a type that is not served.
    #[expect(clippy::type_complexity, reason = "the fields of both members and memberships")]
    fn end(self, row: &Row) -> Result<Option<(ResourceId, Arc<ResourceType>, Option<Arc<str>>)>, SqlError> {
        let Some(kind) = self.scope.kinds.by_name(row.text(1)?) else {
            return Ok(None);
        };
        let label = row.optional(2)?.map(Arc::from);
        Ok(Some((ResourceId::new(row.text(0)?), Arc::clone(kind), label)))
    }
}

fn texts(ids: &[&ResourceId]) -> Value {
    Value::Texts(ids.iter().map(|id| id.as_str().to_owned()).collect())
}
