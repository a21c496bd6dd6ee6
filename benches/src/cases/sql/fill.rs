//! Many users out of a thousand: those are made by the store, the others are their copies, made by SQL.

use std::sync::atomic::{AtomicU64, Ordering};

use scim_core::ResourceId;
use scim_http::store::IdSource;

use super::ask::NewUser;
use crate::workload;

/// How many users the store makes itself.
pub(crate) const TEMPLATES: usize = 1_000;
/// How many copies of each are made by one statement.
pub(crate) const ROUNDS: usize = 20;

/// An identifier of this number: in no order, so that indexes are used as with random ones.
pub(crate) fn id(number: u64) -> String {
    let scattered = number.wrapping_mul(2_654_435_761) & 0xffff_ffff;
    format!("{scattered:08x}-0000-4000-8000-{number:012x}")
}

/// The user of this number among those that were filled in.
pub(crate) fn user_id(number: usize) -> String {
    id(number.try_into().unwrap_or_default())
}

/// Identifiers of [`id`] from a number on.
#[derive(Debug)]
pub(crate) struct Scattered(AtomicU64);

impl Scattered {
    pub(crate) fn from(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }
}

impl IdSource for Scattered {
    fn next(&self) -> ResourceId {
        ResourceId::new(id(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// What of the row of user 0 new rows are made of.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) public: String,
    pub(crate) search: String,
}

impl Template {
    /// The user of this number, who is not there yet.
    pub(crate) fn user(&self, number: usize) -> NewUser {
        let email = format!("user{number:06}@example.org");
        let home = format!("u{number}@home.example.net");
        let adapt = |text: &str| {
            text.replace("user000000@", &format!("user{number:06}@"))
                .replace("u0@home", &format!("u{number}@home"))
                .replace("ext-00000000", &format!("ext-{number:08}"))
                .replace(" 0\"", &format!(" {number}\""))
                .replace("\"700000\"", &format!("\"{}\"", 700_000 + number))
        };
        NewUser {
            id: id((1 << 44) + u64::try_from(number).unwrap_or_default()),
            user_name: workload::user_name(number),
            display_name: format!("barbara jensen {number}"),
            external_id: format!("ext-{number:08}"),
            emails: [email, home],
            body: workload::user(number).to_string(),
            public: adapt(&self.public),
            search: adapt(&self.search),
        }
    }
}

/// The statements that copy, the same but for a few functions; `{from}` and `{to}` are the first round and the one behind
/// the last, `{end}` is the number of users in all.
pub(crate) struct Copying {
    /// The number of a template `t`: its place, from 0.
    pub(crate) number: &'static str,
    /// The rounds as `g(r)`.
    pub(crate) rounds: &'static str,
    /// The copy's number `k` with six digits, with eight, and its identifier.
    pub(crate) six: &'static str,
    pub(crate) eight: &'static str,
    pub(crate) id: &'static str,
    /// The same of the template.
    pub(crate) template_six: &'static str,
    pub(crate) template_eight: &'static str,
    /// How a document is read as text and made of it.
    pub(crate) text: &'static str,
    pub(crate) document: &'static str,
    /// The schema with its dot.
    pub(crate) schema: &'static str,
}

impl Copying {
    /// Copies rounds of users.
    pub(crate) fn users(&self, from: usize, to: usize, end: usize) -> String {
        let (s, document) = (self.schema, self.document);
        let (public, search) = (self.adapted("t.public"), self.adapted(self.text));
        let (user_name, external_id) = (self.adapted("t.user_name"), self.adapted("t.external_id"));
        format!(
            "INSERT INTO {s}scim_resource (tenant, id, kind, version, created, modified, user_name, display_name, \
             external_id, active, label, claims, public, hidden, search) \
             SELECT t.tenant, {id}, t.kind, t.version, t.created, t.modified, {user_name}, \
             substr(t.display_name, 1, length(t.display_name) - length(t.t)) || t.k, {external_id}, t.active, \
             t.label, t.claims, {public}, t.hidden, {document}({search}) FROM ({copies}) t WHERE t.k < {end} ORDER BY t.k",
            id = self.id,
            copies = self.copies("template", from, to),
        )
    }

    /// Counts the users again.
    pub(crate) fn counts(&self) -> String {
        format!(
            "DELETE FROM {s}scim_count WHERE kind = 'User'; \
             INSERT INTO {s}scim_count (tenant, kind, stretch, shard, total) SELECT r.tenant, r.kind, r.place >> 16, 0, COUNT(*) \
             FROM {s}scim_resource r WHERE r.kind = 'User' GROUP BY r.tenant, r.kind, r.place >> 16",
            s = self.schema
        )
    }

    /// Copies what is looked up of them.
    pub(crate) fn values(&self, from: usize, to: usize, end: usize) -> String {
        format!(
            "INSERT INTO {s}scim_value (tenant, kind, attribute, value, id) \
             SELECT t.tenant, t.kind, t.attribute, {value}, {id} FROM ({copies}) t WHERE t.k < {end}",
            s = self.schema,
            value = self.adapted("t.value"),
            id = self.id,
            copies = self.copies("template_value", from, to),
        )
    }

    /// Keeps the templates, and what is looked up of them, apart: with their numbers `n`.
    pub(crate) fn templates(&self) -> String {
        let s = self.schema;
        format!(
            "CREATE TEMP TABLE template AS SELECT r.*, {} AS n FROM {s}scim_resource r WHERE r.kind = 'User'; \
             CREATE TEMP TABLE template_value AS SELECT v.*, t.n FROM template t JOIN {s}scim_value v ON v.id = t.id",
            self.number,
        )
    }

    /// Makes the first so many users members of a group that has none.
    pub(crate) fn members(&self, count: usize, group: &str) -> String {
        let s = self.schema;
        format!(
            "INSERT INTO {s}scim_member (tenant, group_id, member_id, place) \
             SELECT r.tenant, '{group}', r.id, row_number() OVER (ORDER BY r.place) - 1 FROM {s}scim_resource r \
             WHERE r.kind = 'User' ORDER BY r.place LIMIT {count}; \
             UPDATE {s}scim_resource SET next_member = {count} WHERE id = '{group}'"
        )
    }

    fn copies(&self, table: &str, from: usize, to: usize) -> String {
        let rounds = self.rounds.replace("{from}", &from.to_string());
        let rounds = rounds.replace("{to}", &to.to_string());
        format!("SELECT x.*, CAST(x.n AS TEXT) AS t, x.n + g.r * {TEMPLATES} AS k FROM {table} x CROSS JOIN {rounds}")
    }

    /// The text of a template with its numbers replaced.
    fn adapted(&self, text: &str) -> String {
        let Self {
            six,
            eight,
            template_six,
            template_eight,
            ..
        } = self;
        format!(
            "replace(replace(replace(replace(replace({text}, 'user' || {template_six} || '@', 'user' || {six} || '@'), \
             'u' || t.t || '@home', 'u' || t.k || '@home'), 'ext-' || {template_eight}, 'ext-' || {eight}), \
             ' ' || t.t || '\"', ' ' || t.k || '\"'), '\"' || (700000 + t.n) || '\"', '\"' || (700000 + t.k) || '\"')"
        )
    }
}
