//! From a query to SQL: conditions, orders and pages, as fixed text with every operand bound.

mod compare;
mod condition;
mod leaf;
mod list;
mod order;
mod page;
mod place;
mod present;
mod search;
mod served;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
mod text;

use scim_core::schema::ResourceType;
use scim_store::StoreError;

use crate::{map::TableMap, statement::Statement};

pub(crate) use search::Search;
pub(crate) use text::is_uuid;

/// Writes SQL about the rows of one type.
///
/// Conditions are written for one of two places. Where NULL counts as false (`positive`) they are plain, so that indexes
/// serve them; below a NOT they are written so that they are true or false.
#[derive(Debug)]
pub(crate) struct Compiler<'a> {
    kind: &'a ResourceType,
    map: &'a TableMap,
    tenant: &'a str,
    out: &'a mut Statement,
    /// The numbers of the parameters that every condition may use, once they are bound.
    tenant_at: Option<usize>,
    kind_at: Option<usize>,
    /// How many subqueries are open, for their aliases.
    depth: usize,
}

type Written<T = ()> = Result<T, StoreError>;

impl<'a> Compiler<'a> {
    pub(crate) fn new(kind: &'a ResourceType, map: &'a TableMap, tenant: &'a str, out: &'a mut Statement) -> Self {
        Self {
            kind,
            map,
            tenant,
            out,
            tenant_at: None,
            kind_at: None,
            depth: 0,
        }
    }

    /// Writes text in which `{tenant}` and `{kind}` stand for what is bound.
    fn template(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            self.out.push(before);
            rest = if let Some(after) = after.strip_prefix("tenant}") {
                let number = *self.tenant_at.get_or_insert_with(|| self.out.keep(self.tenant));
                self.out.again(number);
                after
            } else if let Some(after) = after.strip_prefix("kind}") {
                let number = *self.kind_at.get_or_insert_with(|| self.out.keep(self.kind.name()));
                self.out.again(number);
                after
            } else {
                self.out.push("{");
                after
            };
        }
        self.out.push(rest);
    }

    /// Writes a condition that may be NULL, for its place.
    fn settled(&mut self, positive: bool, write: impl FnOnce(&mut Self) -> Written) -> Written {
        if positive {
            return write(self);
        }
        self.out.push("COALESCE(");
        write(self)?;
        self.out.push(", FALSE)");
        Ok(())
    }

    fn truth(&mut self, truth: bool) {
        self.out.push(if truth { "TRUE" } else { "FALSE" });
    }
}

/// What the map does not have.
fn unsupported(path: impl Into<String>) -> StoreError {
    StoreError::Unsupported { what: path.into() }
}
