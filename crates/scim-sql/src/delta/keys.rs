//! The statements for what is unique, and for lists that are looked up.

use serde_json::json;

use super::{
    Claim, Listed,
    statements::{Writer, rows},
};
use crate::{Engine, statement::Value};

impl Writer<'_> {
    pub(super) fn release(&mut self) {
        let head = "DELETE FROM {s}scim_unique WHERE tenant = ?1 AND id = ?2 AND kind = ?3";
        match self.delta.released.as_slice() {
            [] => {}
            [one] => self.run(
                &format!("{head} AND attribute = ?4 AND key = ?5 AND qualifier = ?6"),
                self.claim_values(one),
            ),
            many => self.run(
                &format!(
                    "{head} AND (attribute, key, qualifier) IN \
                     (SELECT l.value ->> 0, l.value ->> 1, l.value ->> 2 FROM {{rows 4}})"
                ),
                self.claims_values(many.iter()),
            ),
        }
    }

    pub(super) fn claim(&mut self) {
        let claimed = self.delta.claimed.iter();
        let (names, values): (Vec<&Claim>, Vec<&Claim>) = claimed.partition(|claim| claim.qualifier.is_some());
        names.into_iter().for_each(|name| self.claim_one(name));
        match values.as_slice() {
            [] => {}
            [one] => self.claim_one(one),
            many => self.push(
                "INSERT INTO {s}scim_unique (tenant, id, kind, attribute, key, qualifier) \
                 SELECT ?1, ?2, ?3, l.value ->> 0, l.value ->> 1, l.value ->> 2 FROM {rows 4} \
                 WHERE NOT EXISTS (SELECT 1 FROM {s}scim_unique o WHERE o.tenant = ?1 AND o.kind = ?3 \
                 AND o.attribute = l.value ->> 0 AND o.key = l.value ->> 1 AND o.id NOT IN ('', ?2)) \
                 ON CONFLICT (tenant, kind, attribute, key, qualifier) DO UPDATE SET id = excluded.id \
                 WHERE scim_unique.id IN ('', excluded.id)",
                self.claims_values(many.iter().copied()),
                many.len(),
            ),
        }
    }

    fn claim_one(&mut self, claim: &Claim) {
        if claim.qualifier.is_some() && self.engine == Engine::Postgres {
            // Whoever else wants the name waits here, so that the look below misses nobody.
            let mut values = self.claim_values(claim);
            values.truncate(5);
            values.remove(1);
            self.run(
                "INSERT INTO {s}scim_unique (tenant, kind, attribute, key, qualifier, id) VALUES (?1, ?2, ?3, ?4, '', '') \
                 ON CONFLICT (tenant, kind, attribute, key, qualifier) DO UPDATE SET id = scim_unique.id",
                values,
            );
        }
        let values = self.claim_values(claim);
        let rivals = "o.tenant = ?1 AND o.kind = ?3 AND o.attribute = ?4 AND o.key = ?5 AND o.id NOT IN ('', ?2)";
        // Without a qualifier the value must be the only one of its key; with one, no other may have it or have none.
        let template = format!(
            "INSERT INTO {{s}}scim_unique (tenant, id, kind, attribute, key, qualifier) \
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM {{s}}scim_unique o WHERE {rivals}{}) \
             ON CONFLICT (tenant, kind, attribute, key, qualifier) DO UPDATE SET id = excluded.id \
             WHERE scim_unique.id IN ('', excluded.id)",
            match &claim.qualifier {
                Some(Some(_)) => " AND o.qualifier IN ('', ?6)",
                _ => "",
            }
        );
        self.must(&template, values);
    }

    pub(super) fn unlist(&mut self) {
        let head = "DELETE FROM {s}scim_value WHERE tenant = ?1 AND id = ?2 AND kind = ?3 AND attribute = ?4 AND value";
        for list in lists(&self.delta.unlisted) {
            let tail = if list.len() == 1 { " = ?5" } else { " {in 5}" };
            self.run(&format!("{head}{tail}"), self.listed_values(list));
        }
    }

    pub(super) fn list(&mut self) {
        let head = "INSERT INTO {s}scim_value (tenant, id, kind, attribute, value)";
        for list in lists(&self.delta.listed) {
            let rows = if list.len() == 1 {
                "VALUES (?1, ?2, ?3, ?4, ?5)"
            } else {
                "SELECT ?1, ?2, ?3, ?4, l.value FROM {each 5} WHERE TRUE"
            };
            self.run(
                &format!("{head} {rows} ON CONFLICT DO NOTHING"),
                self.listed_values(list),
            );
        }
    }

    fn claim_values(&self, claim: &Claim) -> Vec<Value> {
        let mut values = self.own();
        values.push(self.delta.kind.as_str().into());
        values.push(claim.attribute.as_str().into());
        values.push(claim.key.as_str().into());
        values.push(claim.qualifier().into());
        values
    }

    fn claims_values<'c>(&self, claims: impl Iterator<Item = &'c Claim>) -> Vec<Value> {
        let mut values = self.own();
        values.push(self.delta.kind.as_str().into());
        values.push(rows(
            claims.map(|claim| json!([claim.attribute, claim.key, claim.qualifier()])),
        ));
        values
    }

    /// The values of one list; one value is no list.
    fn listed_values(&self, list: &[Listed]) -> Vec<Value> {
        let mut values = self.own();
        values.push(self.delta.kind.as_str().into());
        values.extend(list.first().map(|listed| listed.attribute.into()));
        values.push(match list {
            [one] => one.value.as_str().into(),
            many => Value::Texts(many.iter().map(|listed| listed.value.clone()).collect()),
        });
        values
    }
}

/// Values by the list that they are of.
fn lists(listed: &[Listed]) -> impl Iterator<Item = &[Listed]> {
    listed.chunk_by(|one, next| one.attribute == next.attribute)
}
