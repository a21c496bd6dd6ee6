//! Members of a group, as rows of the host's links.

use std::collections::{BTreeSet, HashMap, HashSet};

use scim_core::{
    Dialect, InputError, ResourceId,
    dialect::Unknown,
    query::Relations,
    resource::{Member, MemberEffect, MemberRef, MemberStep, Members},
};

use super::HostTx;
use crate::{
    Engine,
    error::{Failure, SqlError},
    host::{Key, Link, read::push_with_tenant, shape::Shape},
    session::Session,
    statement::{Statement, Value},
    verbs::Gate,
};

impl<'a, S: Session, G: Gate> HostTx<'a, S, G> {
    /// What steps make of the members of a group, and how many members do not exist. The members that no step names are
    /// read only where a step says something of all of them.
    pub(super) async fn members(
        &mut self,
        shape: &Shape,
        group: &ResourceId,
        steps: &[MemberStep],
        dialect: &Dialect,
    ) -> Result<(MemberEffect, usize), Failure> {
        let Some(attribute) = shape.mapped.kind().members().filter(|_| !steps.is_empty()) else {
            return Ok((MemberEffect::default(), 0));
        };
        let mut named = BTreeSet::new();
        let mut reads_all = false;
        for step in steps {
            match step {
                MemberStep::Add(refs) => named.extend(refs.iter().map(|one| one.value.as_str())),
                MemberStep::Remove(ids) => named.extend(ids.iter().map(ResourceId::as_str)),
                MemberStep::Set(refs) => {
                    named.extend(refs.iter().map(|one| one.value.as_str()));
                    reads_all = true;
                }
                _ => reads_all = true,
            }
        }
        let named: Vec<&str> = named.into_iter().collect();
        let (known, present) = self.named(shape, group, &named).await?;
        let mut members = if reads_all {
            let most = Relations::new(Some(usize::MAX), false);
            match self.read(shape, group, most).await?.map(|found| found.members) {
                Some(Members::All(members)) => members,
                _ => Vec::new(),
            }
        } else {
            let present = named.iter().filter(|id| present.contains(**id));
            present.filter_map(|id| known.get(*id)).cloned().collect()
        };
        let mut unknown = HashSet::new();
        let resolve = |reference: &MemberRef| {
            let member = known.get(reference.value.as_str());
            let member = member.filter(|member| member.value != *group && attribute.may_refer_to(&member.kind));
            if member.is_none() {
                if dialect.unknown_members == Unknown::Reject {
                    let name = &attribute.name;
                    return Err(InputError::value(format!("`{name}` names members that do not exist")).into());
                }
                unknown.insert(reference.value.clone());
            }
            Ok::<_, Failure>(member.cloned())
        };
        let mut effect = MemberStep::apply(steps, &mut members, resolve)?;
        effect.removed.sort_unstable();
        Ok((effect, unknown.len()))
    }

    /// The resources of these identifiers that may be members of groups of the type, and which of them are.
    async fn named(
        &mut self,
        shape: &Shape,
        group: &ResourceId,
        ids: &[&str],
    ) -> Result<(HashMap<String, Member>, HashSet<String>), SqlError> {
        let (mut known, mut present) = (HashMap::new(), HashSet::new());
        let engine = self.session.engine();
        let group_key = &shape.mapped.table.id;
        for link in &shape.mapped.table.links {
            let Some(other) = self.shapes.of(&link.kind) else {
                continue;
            };
            let key = &other.mapped.table.id;
            let keys: Vec<String> = ids.iter().filter_map(|id| key.read(id)).map(str::to_owned).collect();
            if keys.is_empty() {
                continue;
            }
            let mut statement = Statement::new(engine);
            let tenant = statement.keep(self.scope.tenant().as_str());
            let sign = |number: usize| format!("{}{number}", engine.parameter());
            let list = sign(statement.keep(keys));
            let group = statement.keep(group_key.read(group.as_str()).unwrap_or_default());
            let group = group_key.operand(engine, &sign(group));
            statement.push(&format!(
                "SELECT {}, EXISTS (SELECT 1 FROM {} m WHERE m.{} = {group} AND m.{} = {}) FROM ",
                key.as_text("r"),
                link.table,
                link.group,
                link.member,
                key.sql("r"),
            ));
            push_with_tenant(&mut statement, &other.table.from, tenant);
            statement.push(" WHERE ");
            push_with_tenant(&mut statement, &other.table.visible, tenant);
            statement.push(" AND ").push(&key.among(engine, &key.sql("r"), &list));
            if engine == Engine::Postgres {
                statement.push(" FOR KEY SHARE OF r");
            }
            for row in self.session.rows(&statement).await? {
                let id = row.text(0)?;
                if row.flag(1)? {
                    present.insert(id.to_owned());
                }
                let kind = other.mapped.kind();
                known.insert(
                    id.to_owned(),
                    Member::new(ResourceId::new(id), std::sync::Arc::clone(kind), None),
                );
            }
        }
        Ok((known, present))
    }

    /// Writes and takes away the rows of members that come and go.
    pub(super) async fn write_links(
        &mut self,
        shape: &Shape,
        group: &ResourceId,
        effect: &MemberEffect,
    ) -> Result<(), Failure> {
        for link in &shape.mapped.table.links {
            let Some(other) = self.shapes.of(&link.kind) else {
                continue;
            };
            let (group_key, key) = (&shape.mapped.table.id, &other.mapped.table.id);
            let group = group_key.read(group.as_str()).unwrap_or_default();
            let own = |ids: &[ResourceId]| -> Vec<String> {
                let keys = ids.iter().filter_map(|id| key.read(id.as_str()));
                keys.map(str::to_owned).collect()
            };
            let (added, removed) = (own(&effect.added), own(&effect.removed));
            if !removed.is_empty() {
                self.unlink(link, (group_key, group), key, removed).await?;
            }
            if !added.is_empty() {
                self.link(link, (group_key, group), key, added).await?;
            }
        }
        Ok(())
    }

    async fn unlink(
        &mut self,
        link: &Link,
        (group_key, group): (&Key, &str),
        key: &Key,
        members: Vec<String>,
    ) -> Result<(), SqlError> {
        let engine = self.session.engine();
        let sign = engine.parameter();
        let text = format!(
            "DELETE FROM {} WHERE {} = {} AND {}",
            link.table,
            link.group,
            group_key.operand(engine, &format!("{sign}1")),
            key.among(engine, &link.member, &format!("{sign}2")),
        );
        let statement = Statement::fixed(engine, text, vec![group.into(), Value::Texts(members)]);
        self.session.run(&statement).await.map(drop)
    }

    async fn link(
        &mut self,
        link: &Link,
        (group_key, group): (&Key, &str),
        key: &Key,
        members: Vec<String>,
    ) -> Result<(), SqlError> {
        let engine = self.session.engine();
        let (name, of) = (&link.table, &link.group);
        let group_sql = group_key.operand(engine, "?1");
        let (mut columns, mut values) = (
            format!("{of}, {}", link.member),
            format!("{group_sql}, {}", key.operand(engine, "l.value")),
        );
        if let Some(order) = &link.order {
            columns.push_str(&format!(", {order}"));
            let last = format!("SELECT COALESCE(MAX(o.{order}), 0) FROM {name} o WHERE o.{of} = {group_sql}");
            values.push_str(&format!(", l.n + 1 + ({last})"));
        }
        let template = format!("INSERT INTO {name} ({columns}) SELECT {values} FROM {{each 2}} ORDER BY l.n");
        let statement = self
            .session
            .statement(&template, vec![group.into(), Value::Texts(members)]);
        self.session.run(&statement).await.map(drop)
    }

    /// Deletes every link from and to a row, also those that SCIM does not see.
    pub(super) async fn cut_links(&mut self, shape: &Shape, id: &ResourceId) -> Result<(), SqlError> {
        let engine = self.session.engine();
        let key = &shape.mapped.table.id;
        let own = key.read(id.as_str()).unwrap_or_default();
        let from = shape.mapped.table.links.iter().map(|link| (&link.table, &link.group));
        let all = self.shapes.list.iter().flat_map(|group| &group.mapped.table.links);
        let to = all.filter(|link| link.kind == shape.mapped.kind().name());
        let to = to.map(|link| (&link.table, &link.member));
        for (table, column) in from.chain(to) {
            let operand = key.operand(engine, &format!("{}1", engine.parameter()));
            let text = format!("DELETE FROM {table} WHERE {column} = {operand}");
            let statement = Statement::fixed(engine, text, vec![own.into()]);
            self.session.run(&statement).await?;
        }
        Ok(())
    }
}
