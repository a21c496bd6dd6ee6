//! A write as statements, one after the other.

use scim_core::ResourceId;
use serde_json::json;

use super::{Claim, Count, Delta, Image, Indexed, Joined, Record, RowChange, STRETCH, SeatRow};
use crate::{
    Engine,
    statement::{Statement, Value},
};

/// One statement of a write.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) statement: Statement,
    /// How many rows it must touch: if it does not, a value is taken, or the row is not as it was read.
    pub(crate) must: usize,
    /// What others may read of the row that it touches, where they cannot see what it did.
    pub(crate) returning: &'static str,
}

impl Step {
    pub(crate) fn new(statement: Statement, must: usize) -> Self {
        Self {
            statement,
            must,
            returning: "1",
        }
    }
}

/// How the steps of a write see what those before them did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effects {
    /// They are parts of one statement, called `s0`, `s1` and so on, and see nothing but what those return.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "steps are folded for PostgreSQL only")
    )]
    Returned,
    /// They are statements of their own.
    Visible,
}

/// Collects the statements of one write.
pub(super) struct Writer<'a> {
    pub(super) engine: Engine,
    effects: Effects,
    schema: &'a str,
    pub(super) delta: &'a Delta,
    steps: Vec<Step>,
}

impl Delta {
    /// The statements that make it true, in order. There are no more of them the more values and records there are.
    ///
    /// What others wait for comes last where they are statements of their own. The parts of one statement have no order that
    /// PostgreSQL promises, so what has to be in order, such as the records, is one part.
    pub(crate) fn steps(&self, engine: Engine, schema: &str, effects: Effects) -> Vec<Step> {
        let mut writer = Writer {
            engine,
            effects,
            schema,
            delta: self,
            steps: Vec::new(),
        };
        writer.row();
        writer.touch();
        writer.release();
        writer.claim();
        writer.unlist();
        writer.list();
        writer.leave();
        self.joined.iter().for_each(|joined| writer.join(joined));
        writer.record();
        writer.seat();
        self.count.iter().for_each(|count| writer.count(count));
        writer.steps
    }
}

impl Writer<'_> {
    fn row(&mut self) {
        match &self.delta.row {
            RowChange::None => {}
            RowChange::Insert(image) => self.insert(image),
            RowChange::Update { image, was, before } => self.update(image, was.get(), before.as_ref()),
            RowChange::Delete => self.delete(),
        }
    }

    fn insert(&mut self, image: &Image) {
        let mut values = self.own();
        values.push(self.delta.kind.as_str().into());
        values.extend(columns(image));
        values.extend(indexed(&image.content.indexed).map(|(_, value)| value));
        values.push(image.content.search.as_deref().unwrap_or("{}").into());
        values.push(image.created.into());
        values.push(self.members().into());
        self.must(
            "INSERT INTO {s}scim_resource (tenant, id, kind, version, modified, label, claims, public, hidden, user_name, \
             display_name, external_id, active, search, created, next_member) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, {json 14}, ?15, ?16) ON CONFLICT DO NOTHING",
            values,
        );
        // It is the first step, `s0`.
        if let Some(insert) = self.steps.last_mut() {
            insert.returning = "place";
        }
    }

    fn update(&mut self, image: &Image, was: u64, before: Option<&Indexed>) {
        let mut values = self.own();
        values.push(number(was).into());
        values.extend(columns(image));
        let mut template =
            "UPDATE {s}scim_resource SET version = ?4, modified = ?5, label = ?6, claims = ?7, public = ?8, \
                            hidden = ?9"
                .to_owned();
        let mut rivals = String::new();
        let before = before.map(indexed);
        for (at, (column, value)) in indexed(&image.content.indexed).into_iter().enumerate() {
            if before
                .as_ref()
                .is_some_and(|before| before.get(at) == Some(&(column, value.clone())))
            {
                continue;
            }
            values.push(value);
            let number = values.len();
            template.push_str(&format!(", {column} = ?{number}"));
            if column == "user_name" {
                values.push(self.delta.kind.as_str().into());
                rivals = format!(
                    " AND NOT EXISTS (SELECT 1 FROM {{s}}scim_resource o WHERE o.tenant = ?1 AND o.kind = ?{} \
                     AND o.user_name = ?{number} AND o.id <> ?2)",
                    values.len()
                );
            }
        }
        if let Some(search) = &image.content.search {
            values.push(search.as_str().into());
            template.push_str(&format!(", search = {{json {}}}", values.len()));
        }
        if self.members() > 0 {
            values.push(self.members().into());
            template.push_str(&format!(", next_member = next_member + ?{}", values.len()));
        }
        template.push_str(" WHERE tenant = ?1 AND id = ?2 AND version = ?3");
        template.push_str(&rivals);
        self.must(&template, values);
    }

    fn delete(&mut self) {
        for template in [
            "DELETE FROM {s}scim_member WHERE tenant = ?1 AND member_id = ?2",
            "DELETE FROM {s}scim_member WHERE tenant = ?1 AND group_id = ?2",
        ] {
            self.run(template, self.own());
        }
        let gone = "DELETE FROM {s}scim_resource WHERE tenant = ?1 AND id = ?2";
        self.must(gone, self.own());
    }

    /// Moves versions forward, and times not backwards.
    fn touch(&mut self) {
        let tenant = self.delta.tenant.as_str();
        let head = "UPDATE {s}scim_resource SET version = version + 1, modified = {greatest}(modified, ?2)";
        match self.delta.touched.as_slice() {
            [] => {}
            [one] => {
                let joins = if *one == self.delta.id { self.members() } else { 0 };
                let values = vec![tenant.into(), self.delta.now.into(), one.into(), joins.into()];
                let tail = ", next_member = next_member + ?4 WHERE tenant = ?1 AND id = ?3";
                self.must(&format!("{head}{tail}"), values);
            }
            many => {
                let values = vec![tenant.into(), self.delta.now.into(), texts(many)];
                self.must(&format!("{head} WHERE tenant = ?1 AND id {{in 3}}"), values);
            }
        }
    }

    fn leave(&mut self) {
        let head = "DELETE FROM {s}scim_member WHERE tenant = ?1 AND group_id = ?2 AND member_id";
        let mut values = self.own();
        match self.delta.left.as_slice() {
            [] => {}
            [one] => {
                values.push(one.into());
                self.run(&format!("{head} = ?3"), values);
            }
            many => {
                values.push(texts(many));
                self.run(&format!("{head} {{in 3}}"), values);
            }
        }
    }

    fn join(&mut self, joined: &Joined) {
        let mut values = self.own();
        values.push(joined.first.into());
        match joined.members.as_slice() {
            [] => {}
            [one] => {
                values.push(one.into());
                self.run(
                    "INSERT INTO {s}scim_member (tenant, group_id, place, member_id) VALUES (?1, ?2, ?3, ?4)",
                    values,
                );
            }
            many => {
                values.push(texts(many));
                self.run(
                    "INSERT INTO {s}scim_member (tenant, group_id, place, member_id) \
                     SELECT ?1, ?2, ?3 + l.n, l.value FROM {each 4} ORDER BY l.n",
                    values,
                );
            }
        }
    }

    fn seat(&mut self) {
        match self.delta.seat {
            SeatRow::Keep => {}
            SeatRow::Put => self.must(
                "INSERT INTO {s}scim_seat (tenant, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                self.own(),
            ),
            SeatRow::Drop => {
                // Each looks for the row of the seat by itself, as they may be one statement.
                self.run(
                    "UPDATE {s}scim_seat_pool SET used = used - 1 WHERE tenant = ?1 AND EXISTS \
                     (SELECT 1 FROM {s}scim_seat h WHERE h.tenant = ?1 AND h.id = ?2)",
                    self.own(),
                );
                let gone = "DELETE FROM {s}scim_seat WHERE tenant = ?1 AND id = ?2";
                self.run(gone, self.own());
            }
        }
    }

    fn count(&mut self, count: &Count) {
        let tenant = self.delta.tenant.as_str();
        if count.stretch.is_some() {
            self.steps.push(count_step(self.engine, self.schema, tenant, count));
            return;
        }
        let mut values = vec![
            tenant.into(),
            count.kind.as_str().into(),
            count.shard.into(),
            count.change.into(),
        ];
        let row = match self.effects {
            Effects::Returned => "s0 r WHERE TRUE",
            Effects::Visible => {
                values.push((&self.delta.id).into());
                "{s}scim_resource r WHERE r.tenant = ?1 AND r.id = ?5"
            }
        };
        let template = format!(
            "INSERT INTO {{s}}scim_count (tenant, kind, shard, total, stretch) \
             SELECT ?1, ?2, ?3, ?4, r.place >> {STRETCH} FROM {row} {MORE}"
        );
        self.run(&template, values);
    }

    fn record(&mut self) {
        let head = "INSERT INTO {s}scim_change (tenant, kind, id, what, changed, version, at, actor, txn, method, external_id)";
        let tenant = self.delta.tenant.as_str().into();
        match self.delta.records.as_slice() {
            [] => {}
            [one] => self.run(
                &format!("{head} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"),
                vec![
                    tenant,
                    one.kind.as_str().into(),
                    (&one.id).into(),
                    one.what.into(),
                    one.changed.as_str().into(),
                    number(one.version.get()).into(),
                    one.at.into(),
                    one.actor.as_str().into(),
                    one.txn.as_str().into(),
                    one.method.into(),
                    one.external_id.clone().into(),
                ],
            ),
            many => self.run(
                &format!(
                    "{head} SELECT ?1, l.value ->> 0, l.value ->> 1, l.value ->> 2, l.value ->> 3, \
                     CAST(l.value ->> 4 AS BIGINT), CAST(l.value ->> 5 AS BIGINT), l.value ->> 6, l.value ->> 7, \
                     l.value ->> 8, l.value ->> 9 FROM {{rows 2}} ORDER BY l.n"
                ),
                vec![tenant, rows(many.iter().map(record_row))],
            ),
        }
    }

    pub(super) fn run(&mut self, template: &str, values: Vec<Value>) {
        self.push(template, values, 0);
    }

    pub(super) fn must(&mut self, template: &str, values: Vec<Value>) {
        self.push(template, values, 1);
    }

    pub(super) fn push(&mut self, template: &str, values: Vec<Value>, must: usize) {
        let statement = Statement::of(self.engine, self.schema, template, values);
        self.steps.push(Step::new(statement, must));
    }

    pub(super) fn own(&self) -> Vec<Value> {
        vec![self.delta.tenant.as_str().into(), (&self.delta.id).into()]
    }

    /// How many members come.
    fn members(&self) -> i64 {
        let members = self.delta.joined.as_ref().map_or(0, |joined| joined.members.len());
        i64::try_from(members).unwrap_or(i64::MAX)
    }
}

/// What becomes of a number that is there.
const MORE: &str = "ON CONFLICT (tenant, kind, stretch, shard) DO UPDATE SET total = scim_count.total + excluded.total";

/// The statement that changes the number of resources of a known stretch.
pub(crate) fn count_step(engine: Engine, schema: &str, tenant: &str, count: &Count) -> Step {
    let template =
        format!("INSERT INTO {{s}}scim_count (tenant, kind, stretch, shard, total) VALUES (?1, ?2, ?3, ?4, ?5) {MORE}");
    let values = vec![
        tenant.into(),
        count.kind.as_str().into(),
        count.stretch.unwrap_or_default().into(),
        count.shard.into(),
        count.change.into(),
    ];
    Step::new(Statement::of(engine, schema, &template, values), 0)
}

/// The parameter of `{rows}`.
pub(super) fn rows(rows: impl Iterator<Item = serde_json::Value>) -> Value {
    serde_json::Value::from_iter(rows).to_string().into()
}

fn record_row(record: &Record) -> serde_json::Value {
    json!([
        record.kind,
        record.id.as_str(),
        record.what,
        record.changed,
        number(record.version.get()),
        record.at,
        record.actor,
        record.txn,
        record.method,
        record.external_id
    ])
}

/// The columns that attributes decide and that no index is on, with version and time before them.
fn columns(image: &Image) -> [Value; 6] {
    let content = &image.content;
    [
        number(image.version.get()).into(),
        image.modified.into(),
        content.label.clone().into(),
        Claim::write(&content.claims).into(),
        content.public.as_str().into(),
        content.hidden.clone().into(),
    ]
}

/// The columns that indexes are on, with their names.
fn indexed(indexed: &Indexed) -> [(&'static str, Value); 4] {
    [
        ("user_name", indexed.user_name.clone().into()),
        ("display_name", indexed.display_name.clone().into()),
        ("external_id", indexed.external_id.clone().into()),
        ("active", Value::Bool(indexed.active)),
    ]
}

/// Versions are counted from 1 and moved one by one: they never come near the end of a column.
fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn texts(ids: &[ResourceId]) -> Value {
    Value::Texts(ids.iter().map(|id| id.as_str().to_owned()).collect())
}
