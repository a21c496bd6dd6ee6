//! A connection as the verbs see it.

use std::{future::Future, sync::Arc};

use scim_core::schema::Registry;

use crate::{
    Engine,
    delta::{Delta, Effects},
    error::SqlError,
    map::Maps,
    statement::{Row, Statement, Value},
};

/// A connection to a database, inside a transaction where a verb writes.
///
/// For SQLite every future of it is ready at once: it runs on a thread of the store's own.
pub(crate) trait Session: Send {
    fn engine(&self) -> Engine;

    /// The schema or prefix that stands before the names of the library's tables, such as `scim.` or nothing.
    fn schema(&self) -> &str;

    /// Where the types stand in the library's tables; to be kept, as it takes its time to be made.
    fn maps(&mut self, kinds: &Arc<Registry>) -> Arc<Maps> {
        Maps::new(self.engine(), self.schema(), kinds)
    }

    /// A statement from a [template](Statement::of).
    fn statement(&self, template: &str, values: Vec<Value>) -> Statement {
        Statement::of(self.engine(), self.schema(), template, values)
    }

    /// Runs a statement for its rows.
    fn rows(&mut self, statement: &Statement) -> impl Future<Output = Result<Vec<Row>, SqlError>> + Send;

    /// Runs a statement for its effect: how many rows it touched.
    fn run(&mut self, statement: &Statement) -> impl Future<Output = Result<u64, SqlError>> + Send;

    /// Writes the rows of a verb; whether all of it could be done. If not, a value is taken or the row is another one than
    /// was read, part of it may be written, and the transaction can only be rolled back.
    fn apply(&mut self, delta: &Delta) -> impl Future<Output = Result<bool, SqlError>> + Send {
        self.apply_in_steps(delta)
    }

    /// The same by statements one after the other, each of which sees what those before it did and waited for.
    fn apply_in_steps(&mut self, delta: &Delta) -> impl Future<Output = Result<bool, SqlError>> + Send {
        let steps = delta.steps(self.engine(), self.schema(), Effects::Visible);
        async move {
            for step in steps {
                if self.run(&step.statement).await? < step.must as u64 {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}
