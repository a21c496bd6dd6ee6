//! The statements of a search: its pages and its totals.

use std::sync::Arc;

use scim_core::{filter::Predicate, query::Query, schema::ResourceType};

use super::{
    Compiler, Written,
    order::{Key, NOTHING},
    search::{Search, Side, Start, whole},
    served::Service,
};
use crate::{
    Engine,
    delta::STRETCH,
    error::Failure,
    session::Session,
    statement::{Row, Statement},
};

impl<'q> Search<'q> {
    /// The number of matches of one type.
    pub(super) fn count_of(&self, side: &Side<'q>) -> Written<Statement> {
        let mut statement = Statement::new(self.engine);
        let mut compiler = self.compiler(side, &mut statement);
        match (&side.map.total, side.predicate) {
            (Some(total), None) => compiler.template(total),
            _ => {
                compiler.out.push("SELECT COUNT(*) FROM ");
                compiler.rows_of(side, side.predicate)?;
            }
        }
        Ok(statement)
    }

    /// The page of a search of one type: the columns of its map, the place, and the key where there is one.
    pub(super) fn page_of_one(&self, side: &Side<'q>, start: &Start, limit: usize) -> Written<Statement> {
        let mut statement = Statement::new(self.engine);
        let mut compiler = self.compiler(side, &mut statement);
        let skip = if let Start::Skip(skip) = start { *skip } else { 0 };
        // Without a condition and an order of its own, what is skipped is counted already but for one stretch.
        let stretches = side.map.stretches.as_ref();
        let stretches = stretches.filter(|_| skip > 0 && side.predicate.is_none() && side.key.is_none());
        let skipped = stretches.map(|stretches| compiler.stretch(stretches, skip));
        compiler.out.push("SELECT ");
        for column in &side.map.columns {
            compiler.template(column);
            compiler.out.push(", ");
        }
        compiler.marks(side);
        compiler.out.push(" FROM ");
        if skip == 0 {
            compiler.rows_of(side, side.predicate)?;
            if let Start::After(last) = start {
                compiler.out.push(" AND ");
                compiler.after(side.key.as_ref(), last, 0, self.query.descending)?;
            }
            compiler.order(side, self.query.descending, true);
            compiler.out.push(" LIMIT ").bind(whole(limit));
            return Ok(statement);
        }
        // Only places are read of what is skipped.
        compiler.template(&side.map.from);
        compiler.out.push(" WHERE (");
        compiler.template(&side.map.visible);
        compiler.out.push(") AND ");
        compiler.template(&side.map.place);
        compiler.out.push(" IN (SELECT x.sort_place FROM (SELECT ");
        compiler.marks(side);
        compiler.out.push(" FROM ");
        compiler.rows_of(side, side.predicate)?;
        if skipped.is_some() {
            compiler.out.push(" AND ");
            compiler.template(&side.map.place);
            compiler.out.push(" >= (SELECT k.first FROM skipped k)");
        }
        compiler.order(side, self.query.descending, true);
        compiler.out.push(" LIMIT ").bind(whole(limit)).push(" OFFSET ");
        match skipped {
            None => compiler.out.bind(whole(skip)),
            Some(skip) => {
                let less = " - COALESCE((SELECT k.before FROM skipped k), 0)";
                compiler.out.again(skip).push(less)
            }
        };
        compiler.out.push(") x)");
        compiler.order(side, self.query.descending, false);
        Ok(statement)
    }

    /// The page of a search of several types: which rows are on it, with their marks.
    pub(super) fn page_of_several(&self, start: &Start, limit: usize) -> Written<Statement> {
        let skip = if let Start::Skip(skip) = start { *skip } else { 0 };
        let descending = self.query.descending;
        let mut statement = Statement::new(self.engine);
        statement
            .push("SELECT x.sort_side, x.sort_across, x.sort_place, x.sort_rank, x.sort_number, x.sort_text FROM (");
        for (number, side) in self.sides.iter().enumerate() {
            let side_number = whole(number);
            statement.push(if number > 0 { " UNION ALL " } else { "" });
            statement.push("SELECT * FROM (SELECT ");
            let mut compiler = self.compiler(side, &mut statement);
            compiler.out.push(&side_number.to_string()).push(" AS sort_side, ");
            compiler.template(side.map.across.as_ref().unwrap_or(&side.map.place));
            compiler.out.push(" AS sort_across, ");
            compiler.template(&side.map.place);
            compiler.out.push(" AS sort_place, ");
            compiler.ranked_key(side.key.as_ref());
            compiler.out.push(" FROM ");
            compiler.rows_of(side, side.predicate)?;
            if let Start::After(last) = start {
                compiler.out.push(" AND ");
                compiler.after(side.key.as_ref(), last, side_number, descending)?;
            }
            compiler.out.push(several_order(self.query, ""));
            let inner = whole(skip.saturating_add(limit));
            compiler
                .out
                .push(" LIMIT ")
                .bind(inner)
                .push(") y")
                .push(&number.to_string());
        }
        statement.push(") x").push(several_order(self.query, "x."));
        statement.push(" LIMIT ").bind(whole(limit));
        if skip > 0 {
            statement.push(" OFFSET ").bind(whole(skip));
        }
        Ok(statement)
    }

    /// The rows of a page over several types, read type by type and put in order again.
    pub(super) async fn fetch<S: Session>(
        &self,
        session: &mut S,
        page: &[(usize, Row)],
    ) -> Result<Vec<(Arc<ResourceType>, Row)>, Failure> {
        let mut slots: Vec<Option<(Arc<ResourceType>, Row)>> = page.iter().map(|_| None).collect();
        for (number, side) in self.sides.iter().enumerate() {
            let mut places = Vec::new();
            for (at, (_, row)) in page.iter().enumerate() {
                if row.int(0)? == whole(number) {
                    places.push((row.int(2)?, at));
                }
            }
            if places.is_empty() {
                continue;
            }
            places.sort_unstable();
            let statement = self.rows_at(side, places.iter().map(|(place, _)| *place))?;
            for row in session.rows(&statement).await? {
                let place = row.int(side.map.columns.len())?;
                if let Ok(found) = places.binary_search_by_key(&place, |(place, _)| *place)
                    && let Some((_, at)) = places.get(found)
                    && let Some(slot) = slots.get_mut(*at)
                {
                    *slot = Some((Arc::clone(side.kind), row));
                }
            }
        }
        Ok(slots.into_iter().flatten().collect())
    }

    /// The rows of one type at some places, with the place behind the columns of its map.
    pub(super) fn rows_at(&self, side: &Side<'q>, places: impl Iterator<Item = i64>) -> Written<Statement> {
        let mut statement = Statement::new(self.engine);
        let mut compiler = self.compiler(side, &mut statement);
        compiler.out.push("SELECT ");
        for column in &side.map.columns {
            compiler.template(column);
            compiler.out.push(", ");
        }
        compiler.template(&side.map.place);
        compiler.out.push(" FROM ");
        compiler.rows_of(side, None)?;
        compiler.out.push(" AND ");
        compiler.template(&side.map.place);
        // Nothing stands around the column, so that its index finds the rows.
        let (before, after) = match self.engine {
            Engine::Postgres => (" = ANY(CAST(", " AS BIGINT[]))"),
            Engine::Sqlite => (" IN (SELECT CAST(value AS BIGINT) FROM json_each(", "))"),
        };
        let places: Vec<String> = places.map(|place| place.to_string()).collect();
        compiler.out.push(before).bind(places).push(after);
        Ok(statement)
    }
}

impl Compiler<'_> {
    /// Writes `skipped`: the place that the stretch begins with in which so many rows end, and how many are before it. Tells
    /// the parameter of the number.
    fn stretch(&mut self, stretches: &str, skip: usize) -> usize {
        let skip = self.out.keep(whole(skip));
        self.out
            .push("WITH skipped AS (SELECT y.stretch << ")
            .push(&STRETCH.to_string());
        self.out.push(" AS first, y.before FROM (SELECT n.stretch, CAST(SUM(n.number) OVER (ORDER BY n.stretch) - n.number AS BIGINT) AS before FROM (");
        self.template(stretches);
        self.out.push(") n) y WHERE y.before <= ").again(skip);
        self.out.push(" ORDER BY y.stretch DESC LIMIT 1) ");
        skip
    }

    /// Writes the columns that tell where a row stands: the place, and the key where there is one.
    fn marks(&mut self, side: &Side<'_>) {
        self.template(&side.map.place);
        self.out.push(" AS sort_place");
        if let Some(key) = &side.key {
            self.out.push(", ");
            self.sort_key(key);
        }
    }

    /// Writes the table and the conditions on its rows.
    pub(super) fn rows_of(&mut self, side: &Side<'_>, predicate: Option<&Predicate>) -> Written {
        self.template(&side.map.from);
        self.out.push(" WHERE (");
        self.template(&side.map.visible);
        self.out.push(")");
        if let Some(predicate) = predicate {
            self.out.push(" AND ");
            self.condition(predicate, true)?;
        }
        Ok(())
    }

    fn sort_key(&mut self, key: &Key) {
        self.template(&key.sql);
        if key.form.is_text() {
            self.out.push(self.out.engine().binary());
        }
        self.out.push(" AS sort_key");
    }

    /// Writes rank, number and text of a key: what sorts over several types.
    fn ranked_key(&mut self, key: Option<&Key>) {
        let Some(key) = key else {
            self.out
                .push("0 AS sort_rank, CAST(NULL AS BIGINT) AS sort_number, CAST(NULL AS TEXT) AS sort_text");
            return;
        };
        self.out.push("CASE WHEN ");
        self.template(&key.sql);
        let rank = key.form.rank();
        self.out
            .push(&format!(" IS NULL THEN {NOTHING} ELSE {rank} END AS sort_rank, "));
        let binary = self.out.engine().binary();
        if key.form.is_text() {
            self.out.push("CAST(NULL AS BIGINT) AS sort_number, ");
            self.template(&key.sql);
            self.out.push(binary).push(" AS sort_text");
        } else {
            self.out.push("CAST(");
            self.template(&key.sql);
            self.out
                .push(" AS BIGINT) AS sort_number, CAST(NULL AS TEXT)")
                .push(binary)
                .push(" AS sort_text");
        }
    }

    /// Writes the order. Where an index on something else finds the rows, the order of creation is written so that its own
    /// index does not seem to be a way around sorting: a planner without statistics would look through all rows by it.
    fn order(&mut self, side: &Side<'_>, descending: bool, searches: bool) {
        self.out.push(" ORDER BY ");
        if let Some(key) = &side.key {
            self.out.push(if descending { "sort_key DESC" } else { "sort_key" });
            self.out.push(match (key.is_filled, descending) {
                (true, _) => ", ",
                (false, true) => " NULLS FIRST, ",
                (false, false) => " NULLS LAST, ",
            });
        }
        let hides = searches
            && side.predicate.is_some()
            && match self.out.engine() {
                Engine::Postgres => side.service == Service::Equal,
                Engine::Sqlite => side.service > Service::None,
            };
        self.template(&side.map.place);
        self.out.push(if hides { " + 0" } else { "" });
    }
}

/// The order over several types; keys of one rank are all numbers or all texts.
fn several_order(query: &Query, alias: &str) -> &'static str {
    match (query.sorted, query.descending, alias.is_empty()) {
        (false, _, true) => " ORDER BY sort_across, sort_side, sort_place",
        (false, _, false) => " ORDER BY x.sort_across, x.sort_side, x.sort_place",
        (true, false, true) => " ORDER BY sort_rank, sort_number, sort_text, sort_across, sort_side, sort_place",
        (true, false, false) => {
            " ORDER BY x.sort_rank, x.sort_number, x.sort_text, x.sort_across, x.sort_side, x.sort_place"
        }
        (true, true, true) => {
            " ORDER BY sort_rank DESC, sort_number DESC, sort_text DESC, sort_across, sort_side, sort_place"
        }
        (true, true, false) => {
            " ORDER BY x.sort_rank DESC, x.sort_number DESC, x.sort_text DESC, x.sort_across, x.sort_side, x.sort_place"
        }
    }
}
