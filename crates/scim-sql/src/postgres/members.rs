//! Members that come and go, in one statement.

use std::collections::HashSet;

use scim_core::{
    Edit, EntityTags, ResourceId, Version,
    resource::{MemberRef, MemberStep},
    schema::{Attribute, ResourceType},
};
use scim_store::{ChangeKind, ChangeMethod, Scope};

use crate::{
    Engine,
    delta::Record,
    error::SqlError,
    prepared::millis,
    statement::{Row, Statement, Value},
};

/// An edit that only adds members and takes members away, each named once: the edit that identity providers send most.
///
/// It is done by one statement that is its own transaction, where nothing speaks against it. Where others are at work on the
/// group, it is done behind them in a transaction that locks it first. Where anything else speaks against it, the statement has
/// no effect, and the verb finds out what to answer: so no rule about errors is here.
#[derive(Debug)]
pub(super) struct MemberEdit<'e> {
    edit: &'e Edit,
    attribute: &'e Attribute,
    /// Who is to be a member, and the type that was said of each.
    added: Vec<(&'e ResourceId, Option<String>)>,
    removed: Vec<&'e ResourceId>,
}

/// Identifiers in a statement, by the number of their parameter. One is no list: of a list the server does not know how long
/// it will be, thinks that a plan for the very list is better, and makes one each time, which takes longer than the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    One(usize),
    Many(usize),
}

/// What the statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) version: Version,
    pub(super) changed: bool,
}

impl<'e> MemberEdit<'e> {
    /// The edit, if it is one of this kind.
    pub(super) fn of(edit: &'e Edit, scope: &Scope) -> Option<Self> {
        let attribute = edit.kind().members()?;
        if edit.touches_attributes() || edit.member_steps().is_empty() || edit.id().as_str().contains('\0') {
            return None;
        }
        let mut this = Self {
            edit,
            attribute,
            added: Vec::new(),
            removed: Vec::new(),
        };
        let mut named = HashSet::new();
        for step in edit.member_steps() {
            match step {
                MemberStep::Add(refs) => {
                    for reference in refs {
                        // Twice the same is once; more is for the verb to judge.
                        if !named.insert(&reference.value) {
                            return None;
                        }
                        this.added.push((&reference.value, said(reference, scope)?));
                    }
                }
                MemberStep::Remove(ids) => {
                    for id in ids {
                        if !named.insert(id) {
                            return None;
                        }
                        this.removed.push(id);
                    }
                }
                _ => return None,
            }
        }
        let is_plain = |id: &ResourceId| *id != *edit.id() && !id.as_str().contains('\0');
        // A step that names nobody is left to the verb, which finds that there is nothing to do.
        let is_plain = !named.is_empty() && named.iter().copied().all(is_plain);
        is_plain.then_some(this)
    }

    /// Waits until nobody else is at work on the group, in a transaction and before its statement. The row tells the number of
    /// the transaction where that is wanted.
    pub(super) fn lock(&self, scope: &Scope, schema: &str, numbered: bool) -> Statement {
        let number = if numbered { "pg_current_xact_id()::text" } else { "1" };
        let template = format!("SELECT {number} FROM {{s}}scim_resource r WHERE r.tenant = ?1 AND r.id = ?2{{update}}");
        let values = vec![scope.tenant().as_str().into(), self.edit.id().into()];
        Statement::of(Engine::Postgres, schema, &template, values)
    }

    /// The statement. Its one row, if there is a group, is read by [`Self::done`].
    ///
    /// What decides is read under locks, in the order in which all writers take them: the group's row, then the rows of those
    /// who are to be members, so that none of them is deleted meanwhile. It is done only where nobody else is at work on the
    /// group: a row that is locked is passed over, and one that is not as it was when the statement began does not fit. Who
    /// waited here would go on with everything else as it was before the wait, and would take locks on versions of the row
    /// that are past, in another order than those who came later: deadlocks.
    pub(super) fn statement(&self, scope: &Scope, schema: &str) -> Statement {
        let mut s = Statement::new(Engine::Postgres);
        let tenant = s.keep(scope.tenant().as_str());
        let group = s.keep(self.edit.id());
        let kind = s.keep(self.edit.kind().name());
        let added = Ids::keep(&mut s, self.added.iter().map(|(id, _)| *id));
        let now = s.keep(millis(&scope.now));
        s.push("WITH grp AS MATERIALIZED (SELECT r.version, r.next_member FROM ");
        s.push(schema).push("scim_resource r WHERE r.tenant = ").again(tenant);
        s.push(" AND r.id = ").again(group).push(" AND r.kind = ").again(kind);
        s.push(" FOR NO KEY UPDATE SKIP LOCKED)");
        if let Some(added) = added {
            self.push_locked(&mut s, scope, schema, (tenant, added));
        }
        s.push(", fit AS MATERIALIZED (SELECT g.version, g.next_member FROM grp g WHERE g.version = (SELECT o.version FROM ");
        s.push(schema).push("scim_resource o WHERE o.tenant = ").again(tenant);
        s.push(" AND o.id = ").again(group).push(")");
        if let Some(added) = added {
            s.push(" AND (SELECT count(*) FROM locked) = ").push(&added.count());
        }
        self.push_precondition(&mut s);
        s.push(")");
        let mut counts = Vec::new();
        if let Some(removed) = Ids::keep(&mut s, self.removed.iter().copied()) {
            s.push(", gone AS (DELETE FROM ")
                .push(schema)
                .push("scim_member m WHERE m.tenant = ")
                .again(tenant);
            s.push(" AND m.group_id = ")
                .again(group)
                .push(" AND m.member_id")
                .push(&removed.comparison());
            s.push(" AND EXISTS (SELECT 1 FROM fit) RETURNING 1)");
            counts.push("(SELECT count(*) FROM gone)");
        }
        if let Some(added) = added {
            s.push(", came AS (INSERT INTO ")
                .push(schema)
                .push("scim_member (tenant, group_id, member_id, place) SELECT ");
            s.again(tenant).push(", ").again(group);
            match added {
                Ids::One(id) => s.push(", ").again(id).push(", f.next_member FROM fit f"),
                Ids::Many(list) => s
                    .push(", l.id, f.next_member + l.n - 1 FROM fit f, unnest(")
                    .again(list)
                    .push(") WITH ORDINALITY AS l(id, n)"),
            };
            s.push(" ON CONFLICT (tenant, group_id, member_id) DO NOTHING RETURNING 1)");
            counts.push("(SELECT count(*) FROM came)");
        }
        let effect = counts.join(" + ");
        s.push(", moved AS (UPDATE ")
            .push(schema)
            .push("scim_resource r SET version = r.version + 1, modified = GREATEST(r.modified, ");
        s.again(now)
            .push("), next_member = r.next_member + ")
            .push(&added.map_or_else(|| "0".to_owned(), Ids::count))
            .push(" WHERE r.tenant = ")
            .again(tenant);
        s.push(" AND r.id = ")
            .again(group)
            .push(" AND (")
            .push(&effect)
            .push(") > 0 RETURNING r.version, r.modified, ")
            // One that is too long for its column is in the document.
            .push("COALESCE(r.external_id, CAST(r.public AS json) ->> 'externalId') AS external_id)");
        self.push_record(&mut s, scope, schema, tenant);
        s.push(" SELECT f.version, ")
            .push(&effect)
            .push(", (SELECT v.version FROM moved v) FROM fit f");
        s
    }

    /// What the statement did; `None` where it could do nothing.
    pub(super) fn done(rows: &[Row]) -> Result<Option<Done>, SqlError> {
        let Some(row) = rows.first() else { return Ok(None) };
        let changed = row.int(1)? > 0;
        let version = if changed { row.int(2)? } else { row.int(0)? };
        Ok(Some(Done {
            version: Version::new(version.unsigned_abs()),
            changed,
        }))
    }

    /// Those who are to be members and can be, locked against their deletion.
    fn push_locked(&self, s: &mut Statement, scope: &Scope, schema: &str, (tenant, added): (usize, Ids)) {
        s.push(", locked AS MATERIALIZED (SELECT r.id FROM ")
            .push(schema)
            .push("scim_resource r WHERE r.tenant = ");
        s.again(tenant)
            .push(" AND r.id")
            .push(&added.comparison())
            .push(" AND EXISTS (SELECT 1 FROM grp)");
        let kinds: Vec<String> = scope
            .kinds
            .types()
            .iter()
            .filter(|kind| self.attribute.may_refer_to(kind))
            .map(name)
            .collect();
        s.push(" AND r.kind = ANY(").bind(kinds).push(")");
        // Mostly nothing or the same is said of all of them.
        let said: HashSet<&str> = self.added.iter().filter_map(|(_, kind)| kind.as_deref()).collect();
        match (added, said.iter().next()) {
            (_, None) => {}
            (Ids::One(_), Some(said)) => {
                s.push(" AND r.kind = ").bind(*said);
            }
            (Ids::Many(added), Some(_)) => {
                let kinds = self.added.iter().map(|(_, kind)| kind.clone().unwrap_or_default());
                s.push(" AND EXISTS (SELECT 1 FROM unnest(")
                    .again(added)
                    .push(", ")
                    .bind(kinds.collect::<Vec<String>>());
                s.push(") AS l(id, kind) WHERE l.id = r.id AND l.kind IN ('', r.kind))");
            }
        }
        s.push(" ORDER BY r.id FOR KEY SHARE)");
    }

    fn push_precondition(&self, s: &mut Statement) {
        let precondition = self.edit.precondition();
        let list = |versions: &[Version]| {
            versions
                .iter()
                .map(|version| version.get().to_string())
                .collect::<Vec<_>>()
        };
        match &precondition.if_match {
            None | Some(EntityTags::Any) => {}
            Some(EntityTags::List(versions)) => {
                s.push(" AND g.version::text = ANY(").bind(list(versions)).push(")");
            }
        }
        match &precondition.if_none_match {
            None => {}
            Some(EntityTags::Any) => {
                s.push(" AND FALSE");
            }
            Some(EntityTags::List(versions)) => {
                s.push(" AND g.version::text <> ALL(").bind(list(versions)).push(")");
            }
        }
    }

    fn push_record(&self, s: &mut Statement, scope: &Scope, schema: &str, tenant: usize) {
        let (kind, id) = (self.edit.kind().name(), self.edit.id());
        let changed = [self.attribute.name.clone()];
        let how = (ChangeKind::Updated, ChangeMethod::of(self.edit));
        let record = Record::new(scope, kind, id, how, (Version::FIRST, 0)).with_changed(&changed);
        s.push(", noted AS (INSERT INTO ").push(schema);
        s.push("scim_change (tenant, version, at, external_id, kind, id, what, method, changed, actor, txn) SELECT ")
            .again(tenant);
        s.push(", v.version, v.modified, v.external_id");
        let values: [Value; 7] = [
            record.kind.into(),
            (&record.id).into(),
            record.what.into(),
            record.method.into(),
            record.changed.into(),
            record.actor.into(),
            record.txn.into(),
        ];
        for value in values {
            s.push(", ").bind(value);
        }
        s.push(" FROM moved v)");
    }
}

/// The type that was said of a member, as it is spelled; `None` where there is no such type.
#[expect(clippy::option_option, reason = "nothing said is not the same as nonsense said")]
fn said(reference: &MemberRef, scope: &Scope) -> Option<Option<String>> {
    match &reference.kind {
        None => Some(None),
        Some(said) => {
            let mut kinds = scope.kinds.types().iter();
            kinds
                .find(|kind| kind.name().eq_ignore_ascii_case(said))
                .map(|kind| Some(name(kind)))
        }
    }
}

fn name(kind: &std::sync::Arc<ResourceType>) -> String {
    kind.name().to_owned()
}

impl Ids {
    fn keep<'a>(s: &mut Statement, ids: impl Iterator<Item = &'a ResourceId>) -> Option<Self> {
        let mut texts: Vec<String> = ids.map(|id| id.as_str().to_owned()).collect();
        let last = texts.pop()?;
        Some(if texts.is_empty() {
            Self::One(s.keep(last))
        } else {
            texts.push(last);
            Self::Many(s.keep(texts))
        })
    }

    /// Their number.
    fn count(self) -> String {
        match self {
            Self::One(_) => "1".to_owned(),
            Self::Many(number) => format!("cardinality(${number})"),
        }
    }

    /// What a column is compared with that is one of them.
    fn comparison(self) -> String {
        match self {
            Self::One(number) => format!(" = ${number}"),
            Self::Many(number) => format!(" = ANY(${number})"),
        }
    }
}
