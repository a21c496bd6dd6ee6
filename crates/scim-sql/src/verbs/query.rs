//! Searching.

use scim_core::query::{Query, QueryPage};
use scim_store::Scope;

use super::{relations::Relate, row};
use crate::{compile::Search, error::Failure, session::Session};

/// Searches; see [`ScimStore::query`](scim_store::ScimStore::query).
///
/// Which rows are on the page is found by one statement, and so from one state of the database: also what it skips to get
/// there. The total, relations, and the rows of a page over several types are read behind it. On SQLite that is the same
/// transaction. On PostgreSQL each statement is one of its own, as `BEGIN` and `COMMIT` would cost more than the search: these
/// may be later than the page by what was committed meanwhile, and a row that is gone is left out.
pub(crate) async fn query<S: Session>(session: &mut S, scope: &Scope, query: &Query) -> Result<QueryPage, Failure> {
    let maps = session.maps(&scope.kinds);
    let search = Search::new(session.engine(), scope.tenant().as_str(), query, |kind| maps.of(kind))?;
    let answer = search.run(session).await?;
    let rows = answer.rows.into_iter();
    let items: Result<Vec<_>, _> = rows.map(|(kind, mut row)| row::found(&kind, &mut row)).collect();
    let mut items = items?;
    Relate::new(scope, query.relations).all(session, &mut items).await?;
    Ok(QueryPage::new(Some(answer.total), items, answer.next))
}
