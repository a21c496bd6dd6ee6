//! A search: its pages, its totals, and the positions between pages.

use std::sync::Arc;

use scim_core::{
    filter::Predicate,
    query::{Page, Position, Query},
    schema::ResourceType,
};
use scim_store::StoreError;
use serde_json::json;

use super::{
    Compiler, Written,
    order::{ALONE, Key, Mark, NOTHING},
    served::Service,
    unsupported,
};
use crate::{
    Engine,
    error::{Failure, SqlError},
    map::TableMap,
    session::Session,
    statement::{Row, Statement, Value},
};

/// A search over the tables of its types.
#[derive(Debug)]
pub(crate) struct Search<'q> {
    pub(super) engine: Engine,
    tenant: &'q str,
    pub(super) query: &'q Query,
    pub(super) sides: Vec<Side<'q>>,
}

/// One type of a search.
#[derive(Debug)]
pub(super) struct Side<'q> {
    pub(super) kind: &'q Arc<ResourceType>,
    pub(super) map: Arc<TableMap>,
    pub(super) predicate: Option<&'q Predicate>,
    pub(super) key: Option<Key>,
    pub(super) service: Service,
}

/// What a search found.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Rows of the columns of their type's map, in order.
    pub(crate) rows: Vec<(Arc<ResourceType>, Row)>,
    pub(crate) total: usize,
    pub(crate) next: Option<Position>,
}

/// Where a page starts.
#[derive(Debug)]
pub(super) enum Start {
    After(Mark),
    /// Behind everything.
    End,
    Skip(usize),
}

impl<'q> Search<'q> {
    /// A search; a type without a map has no resources.
    ///
    /// # Errors
    ///
    /// `Unsupported` with the path of what has no place in the tables.
    pub(crate) fn new(
        engine: Engine,
        tenant: &'q str,
        query: &'q Query,
        map_of: impl Fn(&Arc<ResourceType>) -> Option<Arc<TableMap>>,
    ) -> Written<Self> {
        let mut sides: Vec<Side<'q>> = Vec::new();
        for target in &query.targets {
            let is_new = sides.iter().all(|side| side.kind.name() != target.kind.name());
            let Some(map) = map_of(&target.kind).filter(|_| is_new) else {
                continue;
            };
            let predicate = target.predicate.as_ref();
            let predicate = predicate.filter(|predicate| !matches!(predicate, Predicate::Always(true)));
            let mut out = Statement::new(engine);
            let compiler = Compiler::new(&target.kind, &map, tenant, &mut out);
            let key = match (&target.sort, query.sorted) {
                (Some(sort), true) => Some(compiler.key(sort)?),
                (None, true) => Some(Key::nothing()),
                (_, false) => None,
            };
            let service = match (predicate, &key) {
                (Some(predicate), _) => compiler.service(predicate)?,
                (None, Some(key)) if !key.is_indexed => Service::None,
                (None, _) => Service::Range,
            };
            sides.push(Side {
                kind: &target.kind,
                map,
                predicate,
                key,
                service,
            });
        }
        for (number, side) in sides.iter().enumerate() {
            let differs = |other: &Side<'_>| match (&side.key, &other.key) {
                (Some(one), Some(two)) => one.form != two.form && one.form.rank() == two.form.rank(),
                _ => false,
            };
            if sides.iter().skip(number).any(differs) {
                return Err(unsupported(
                    "an order over several types whose values are kept differently",
                ));
            }
        }
        Ok(Self {
            engine,
            tenant,
            query,
            sides,
        })
    }

    /// Answers the search.
    pub(crate) async fn run<S: Session>(&self, session: &mut S) -> Result<Answer, Failure> {
        self.check_look_through(session).await?;
        let (count, is_cursor) = match &self.query.page {
            Page::Cursor { count, .. } => (*count, true),
            Page::Index { count, .. } => (*count, false),
        };
        let (start, known) = self.start();
        let mut rows = Vec::new();
        if count > 0 && !self.sides.is_empty() && !matches!(start, Start::End) {
            let limit = count.saturating_add(usize::from(is_cursor));
            rows = match self.sides.as_slice() {
                [side] => {
                    let found = session.rows(&self.page_of_one(side, &start, limit)?).await?;
                    found.into_iter().map(|row| (0, row)).collect()
                }
                _ => session
                    .rows(&self.page_of_several(&start, limit)?)
                    .await?
                    .into_iter()
                    .map(|row| (1, row))
                    .collect(),
            };
        }
        let more = rows.len() > count;
        rows.truncate(count);
        let total = match (known, &start) {
            (Some(total), _) => total,
            (None, Start::Skip(skip)) if !more && self.tells_total(*skip, rows.len(), count, is_cursor) => {
                skip.saturating_add(rows.len())
            }
            _ => self.count(session).await?,
        };
        let next = match rows.last().filter(|_| more && is_cursor) {
            Some((_, row)) => Some(self.position(&self.mark(row)?, total)),
            None => None,
        };
        let rows = match self.sides.as_slice() {
            [side] => rows.into_iter().map(|(_, row)| (Arc::clone(side.kind), row)).collect(),
            _ => self.fetch(session, &rows).await?,
        };
        Ok(Answer { rows, total, next })
    }

    /// How many resources match, in all.
    pub(crate) async fn count<S: Session>(&self, session: &mut S) -> Result<usize, Failure> {
        let mut total = 0_i64;
        for side in &self.sides {
            let rows = session.rows(&self.count_of(side)?).await?;
            if let Some(row) = rows.first() {
                total = total.saturating_add(row.int(0)?);
            }
        }
        Ok(usize::try_from(total).unwrap_or(0))
    }

    /// Whether the end of the page is the end of all matches.
    fn tells_total(&self, skip: usize, found: usize, count: usize, is_cursor: bool) -> bool {
        (found < count || is_cursor && count > 0) && (found > 0 || skip == 0)
    }

    /// Refuses to look through more rows than the query allows.
    async fn check_look_through<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let Some(most) = self.query.look_through else {
            return Ok(());
        };
        let mut seen = 0_i64;
        for side in self.sides.iter().filter(|side| side.service == Service::None) {
            let mut statement = Statement::new(self.engine);
            let mut compiler = self.compiler(side, &mut statement);
            match &side.map.total {
                Some(total) => compiler.template(total),
                None => {
                    compiler.out.push("SELECT COUNT(*) FROM (SELECT 1 FROM ");
                    compiler.rows_of(side, None)?;
                    compiler
                        .out
                        .push(" LIMIT ")
                        .bind(whole(most.saturating_add(1)))
                        .push(") x");
                }
            }
            let rows = session.rows(&statement).await?;
            seen = seen.saturating_add(rows.first().map_or(Ok(0), |row| row.int(0))?);
        }
        if seen > whole(most) {
            return Err(StoreError::TooMany.into());
        }
        Ok(())
    }

    pub(super) fn compiler<'c>(&'c self, side: &'c Side<'q>, out: &'c mut Statement) -> Compiler<'c> {
        Compiler::new(side.kind, &side.map, self.tenant, out)
    }

    /// The mark of a row of a page.
    fn mark(&self, row: &Row) -> Result<Mark, SqlError> {
        let value = |column: usize| row.values().get(column).cloned().unwrap_or(Value::Text(None));
        if let [side] = self.sides.as_slice() {
            let at = side.map.columns.len();
            let key = if side.key.is_some() {
                value(at.saturating_add(1))
            } else {
                Value::Text(None)
            };
            let rank = match &side.key {
                Some(key_of) if !is_null(&key) => key_of.form.rank(),
                _ => NOTHING,
            };
            let place = row.int(at)?;
            return Ok(Mark {
                rank,
                key,
                across: place,
                side: ALONE,
                place,
            });
        }
        let number = value(4);
        Ok(Mark {
            rank: row.int(3)?,
            key: if is_null(&number) { value(5) } else { number },
            across: row.int(1)?,
            side: row.int(0)?,
            place: row.int(2)?,
        })
    }

    fn position(&self, mark: &Mark, total: usize) -> Position {
        let key = match &mark.key {
            Value::Int(value) => json!(value),
            Value::Text(value) => json!(value),
            Value::Bool(_) | Value::Texts(_) => json!(null),
        };
        Position::new(json!([mark.place, total, mark.rank, key, mark.across, mark.side]).to_string())
    }

    /// Where the page starts, and the total if the position tells it.
    pub(super) fn start(&self) -> (Start, Option<usize>) {
        let after = match &self.query.page {
            Page::Index { start, .. } => return (Start::Skip(start.saturating_sub(1)), None),
            Page::Cursor { after: None, .. } => return (Start::Skip(0), None),
            Page::Cursor { after: Some(after), .. } => after,
        };
        type Told = (i64, usize, i64, serde_json::Value, i64, i64);
        let Ok((place, total, rank, key, across, side)) = serde_json::from_str::<Told>(after.as_str()) else {
            return (Start::End, None);
        };
        let key = match key {
            serde_json::Value::String(text) => Value::from(text),
            serde_json::Value::Number(number) => Value::Int(number.as_i64()),
            _ => Value::Text(None),
        };
        let mark = Mark {
            rank,
            key,
            across,
            side,
            place,
        };
        (Start::After(mark), Some(total))
    }
}

fn is_null(value: &Value) -> bool {
    match value {
        Value::Bool(value) => value.is_none(),
        Value::Int(value) => value.is_none(),
        Value::Text(value) => value.is_none(),
        Value::Texts(_) => false,
    }
}

pub(super) fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
