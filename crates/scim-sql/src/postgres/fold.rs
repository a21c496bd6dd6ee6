//! Several statements as one.

use crate::{
    Engine,
    delta::Step,
    error::SqlError,
    statement::{Statement, Value},
};

/// What the one statement is to do beside its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// It is a part of a transaction and answers, in column 0, with 0 where a step that must touch a row did not; in column
    /// 1 with the number of the transaction, where the server can be asked for its fate.
    InTransaction { numbered: bool },
    /// It is a transaction of its own and fails, by an error that [`is_overtaken`] knows, where a step that must touch a row did not.
    Alone,
}

/// The SQLSTATE of a statement that was to be alone and did not touch what it had to: `division_by_zero`, which is the one
/// error that plain SQL can raise at will on every engine.
const OVERTAKEN: &str = "22012";

/// Whether a statement that was to be alone did not touch what it had to.
pub(super) fn is_overtaken(error: &SqlError) -> bool {
    let SqlError::Other(source) = error else { return false };
    let error = source
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error);
    error
        .and_then(|error| error.code())
        .is_some_and(|code| code == OVERTAKEN)
}

/// One statement of many: a chain of `WITH` parts, each of which changes rows.
///
/// All parts see the rows as they were when the statement began, and none sees what another one does. So no two of them may
/// touch the same row, and none may depend on another one's effect but by what that returns.
pub(super) fn fold(steps: &[Step], how: Fold) -> Statement {
    let mut values: Vec<Value> = Vec::new();
    let mut text = String::with_capacity(512 * steps.len());
    let mut musts = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        text.push_str(if index == 0 { "WITH s" } else { ", s" });
        text.push_str(&index.to_string());
        text.push_str(" AS (");
        renumber(step.statement.text(), values.len(), &mut text);
        text.push_str(" RETURNING ");
        text.push_str(step.returning);
        text.push(')');
        values.extend_from_slice(step.statement.values());
        match step.must {
            0 => {}
            1 => musts.push(format!("(SELECT count(*) FROM s{index})")),
            many => musts.push(format!("(SELECT count(*) / {many} FROM s{index})")),
        }
    }
    let least = match musts.as_slice() {
        [] => "1".to_owned(),
        musts => format!("LEAST({})", musts.join(", ")),
    };
    text.push_str(&match how {
        Fold::InTransaction { numbered: false } => format!(" SELECT {least}::bigint"),
        Fold::InTransaction { numbered: true } => format!(" SELECT {least}::bigint, pg_current_xact_id()::text"),
        Fold::Alone => format!(" SELECT 1::bigint / {least}"),
    });
    Statement::fixed(Engine::Postgres, text, values)
}

/// Appends text whose parameters are moved behind others. No text of the library has a `$` for anything else.
fn renumber(text: &str, by: usize, out: &mut String) {
    let mut parts = text.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let number: usize = number.parse().unwrap_or_default();
        out.push('$');
        out.push_str(&(number + by).to_string());
        out.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &'static str, values: Vec<Value>, must: usize) -> Step {
        Step::new(Statement::fixed(Engine::Postgres, text, values), must)
    }

    #[test]
    fn parameters_keep_their_values() {
        let steps = [
            step("DELETE FROM a WHERE x = $1 AND y = $2", vec!["x".into(), "y".into()], 1),
            step("INSERT INTO b VALUES ($2, $1::jsonb)", vec!["v".into(), 1.into()], 0),
        ];
        let folded = fold(&steps, Fold::Alone);
        assert_eq!(
            folded.text(),
            "WITH s0 AS (DELETE FROM a WHERE x = $1 AND y = $2 RETURNING 1), \
             s1 AS (INSERT INTO b VALUES ($4, $3::jsonb) RETURNING 1) \
             SELECT 1::bigint / LEAST((SELECT count(*) FROM s0))"
        );
        assert_eq!(
            folded.values(),
            ["x".into(), "y".into(), "v".into(), Value::Int(Some(1))]
        );
    }
}
