//! Names and texts as they stand in SQL. All of them are the host's, written in its program; none comes from a client.

use crate::Engine;

pub(super) use crate::engine::literal;

/// A name: letters, digits and `_`, or anything in double quotes. It is taken as it is, so that the engine folds its case
/// as it does in the host's own SQL.
pub(super) fn is_name(text: &str) -> bool {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => !quoted.is_empty() && !quoted.contains(['"', '\0', '{', '}', '?', '$']),
        None => {
            !text.is_empty()
                && !text.starts_with(|first: char| first.is_ascii_digit())
                && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        }
    }
}

/// A name, perhaps with that of a schema or a table before it.
pub(super) fn is_path(text: &str) -> bool {
    let mut parts = text.splitn(2, '.');
    parts.all(is_name)
}

/// A column of the table with this alias, unless it says another one itself.
pub(super) fn qualified(alias: &str, column: &str) -> String {
    if column.contains('.') {
        column.to_owned()
    } else {
        format!("{alias}.{column}")
    }
}

/// A list of values as one JSON text, in an order.
pub(super) fn json_list(engine: Engine, values: &[String], order: &str, from: &str) -> String {
    let values = values.join(", ");
    match engine {
        Engine::Postgres => {
            format!("(SELECT CAST(json_agg(json_build_array({values}) ORDER BY {order}) AS TEXT) FROM {from})")
        }
        Engine::Sqlite => format!("(SELECT json_group_array(json_array({values}) ORDER BY {order}) FROM {from})"),
    }
}
