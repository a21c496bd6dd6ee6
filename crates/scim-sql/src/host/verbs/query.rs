//! Searching.

use std::{collections::HashMap, sync::Arc};

use scim_core::query::{Query, QueryPage};
use scim_store::Scope;

use crate::{compile::Search, error::Failure, host::shape::Shapes, session::Session};

/// Answers a search; see [`ScimStore::query`](scim_store::ScimStore::query).
///
/// One statement finds which rows are on the page, and one for each type reads them.
pub(crate) async fn query<S: Session>(
    session: &mut S,
    shapes: &Shapes,
    scope: &Scope,
    query: &Query,
) -> Result<QueryPage, Failure> {
    let tenant = scope.tenant().as_str();
    let search = Search::new(session.engine(), tenant, query, |kind| {
        let shape = shapes.of(kind.name()).filter(|shape| shape.serves(scope.tenant()));
        shape.map(|shape| Arc::clone(&shape.table))
    })?;
    let answer = search.run(session).await?;
    let mut ids: HashMap<&str, Vec<&str>> = HashMap::new();
    for (kind, row) in &answer.rows {
        ids.entry(kind.name()).or_default().push(row.text(0)?);
    }
    let mut found = HashMap::with_capacity(answer.rows.len());
    for (kind, ids) in &ids {
        let Some(shape) = shapes.of(kind) else { continue };
        let statement = shapes.select(shape, tenant, ids, query.relations);
        for row in session.rows(&statement).await? {
            let resource = shape.found(&row, query.relations, shapes)?;
            found.insert((*kind, resource.head.id.as_str().to_owned()), resource);
        }
    }
    let mut items = Vec::with_capacity(answer.rows.len());
    for (kind, row) in &answer.rows {
        // What is gone since is left out.
        items.extend(found.remove(&(kind.name(), row.text(0)?.to_owned())));
    }
    Ok(QueryPage::new(Some(answer.total), items, answer.next))
}
