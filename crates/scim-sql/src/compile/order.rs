//! What rows are sorted by, and where a page starts in that order.

use scim_core::{
    resource::lookup_key,
    schema::{Attribute, AttributeType, Locator},
};
use serde_json::Value;

use super::{
    Compiler, Written,
    leaf::{Json, Leaf},
    list::element_leaf,
    place::{Context, List, Place},
    unsupported,
};
use crate::{engine::literal, statement::Value as Bound};

/// The rank of rows without a value: behind all others (see [`SortKey`](scim_core::sort::SortKey)).
pub(super) const NOTHING: i64 = 4;

/// The number of the type in a search that has no other.
pub(super) const ALONE: i64 = -1;

/// What the rows of one type are sorted by.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// An expression with `{tenant}` and `{kind}` in it; NULL is no value.
    pub(super) sql: String,
    pub(super) form: KeyForm,
    /// Whether it is never NULL.
    pub(super) is_filled: bool,
    /// Whether an index has the rows in this order.
    pub(super) is_indexed: bool,
}

/// How a key is kept; keys of different forms do not compare, unless their ranks differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// 0 and 1.
    Flag,
    Millis,
    Moment,
    Number,
    Text,
    Whole,
}

impl KeyForm {
    /// The order among keys of several types.
    pub(super) fn rank(self) -> i64 {
        match self {
            Self::Flag => 0,
            Self::Number | Self::Whole => 1,
            Self::Text => 2,
            Self::Millis | Self::Moment => 3,
        }
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Moment | Self::Number | Self::Text)
    }
}

/// A row's place in the order of a search.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// That of the form of the key, or [`NOTHING`].
    pub(super) rank: i64,
    pub(super) key: Bound,
    /// The order of creation across types, the number of the type in the search, and the order of creation within it.
    pub(super) across: i64,
    pub(super) side: i64,
    pub(super) place: i64,
}

impl Key {
    /// The key of what has none.
    pub(super) fn nothing() -> Self {
        Self {
            sql: "CAST(NULL AS TEXT)".to_owned(),
            form: KeyForm::Text,
            is_filled: false,
            is_indexed: false,
        }
    }
}

impl<'a> Compiler<'a> {
    /// The key of a locator: of its only value, or of the primary or else the first of its list.
    pub(super) fn key(&self, locator: &Locator) -> Written<Key> {
        let engine = self.out.engine();
        match self.place(locator)? {
            Place::One(Leaf::Shown(_)) => Err(unsupported(locator.to_string())),
            Place::One(leaf) => Ok(key_of_leaf(&leaf, locator.leaf())),
            Place::Whole(_) => Ok(Key::nothing()),
            Place::List(list) => {
                let leaf = element_leaf(locator);
                let (from, tie, order, context) = match (&list, list.rows()) {
                    (_, Some(rows)) => (
                        format!("{} {}", rows.from, list.join(leaf.name != "value")),
                        format!("{} = {} AND {}", rows.near, rows.row, rows.within),
                        rows.order.clone(),
                        list.element(),
                    ),
                    (List::Json(json), None) => (
                        json.elements(engine, "k"),
                        "TRUE".to_owned(),
                        "k.key".to_owned(),
                        Context::Json(Json::new("k.value")),
                    ),
                    _ => return Ok(Key::nothing()),
                };
                let Place::One(value) = self.within(&context, &leaf)? else {
                    return Ok(Key::nothing());
                };
                if matches!(value, Leaf::Shown(_)) {
                    return Err(unsupported(locator.to_string()));
                }
                let key = key_of_leaf(&value, &leaf);
                let primary = self.primary(locator, &context);
                Ok(Key {
                    sql: format!(
                        "(SELECT {} FROM {from} WHERE {tie} ORDER BY {primary}{order} LIMIT 1)",
                        key.sql
                    ),
                    is_filled: false,
                    is_indexed: false,
                    ..key
                })
            }
        }
    }

    /// Puts the primary element first.
    fn primary(&self, locator: &Locator, context: &Context<'a>) -> String {
        let primary = locator.attribute.sub("primary");
        let primary = primary.filter(|sub| sub.kind == AttributeType::Boolean && sub.name == "primary");
        match primary.map(|primary| self.within(context, primary)) {
            Some(Ok(Place::One(Leaf::Text(text)))) => format!("CASE {} WHEN 'true' THEN 0 ELSE 1 END, ", text.sql),
            Some(Ok(Place::One(Leaf::Bool(sql)))) => format!("CASE WHEN {sql} THEN 0 ELSE 1 END, "),
            Some(Ok(Place::One(Leaf::Coded(sql, codes)))) => {
                let yes = codes.iter().find(|(_, value)| *value == Value::Bool(true));
                yes.map_or_else(String::new, |(code, _)| {
                    format!("CASE {sql} WHEN {code} THEN 0 ELSE 1 END, ")
                })
            }
            _ => String::new(),
        }
    }

    /// Writes that a row comes after another one in the order.
    pub(super) fn after(&mut self, key: Option<&Key>, last: &Mark, side: i64, descending: bool) -> Written {
        let Some(key) = key else {
            return self.after_tail(last, side);
        };
        let behind = match descending {
            true => key.form.rank() < last.rank,
            false => key.form.rank() > last.rank,
        };
        self.out.push("(");
        if last.rank == NOTHING {
            if descending {
                self.template(&key.sql);
                self.out.push(" IS NOT NULL OR ");
            }
            self.template(&key.sql);
            self.out.push(" IS NULL AND ");
            self.after_tail(last, side)?;
        } else {
            if key.form.rank() == last.rank {
                let number = self.out.keep(last.key.clone());
                let binary = if key.form.is_text() {
                    self.out.engine().binary()
                } else {
                    ""
                };
                let sign = if descending { " < " } else { " > " };
                self.template(&key.sql);
                self.out.push(binary).push(sign).again(number).push(" OR ");
                self.template(&key.sql);
                self.out.push(" = ").again(number).push(" AND ");
                self.after_tail(last, side)?;
            } else if behind {
                self.template(&key.sql);
                self.out.push(" IS NOT NULL");
            } else {
                self.truth(false);
            }
            if !descending && !key.is_filled {
                self.out.push(" OR ");
                self.template(&key.sql);
                self.out.push(" IS NULL");
            }
        }
        self.out.push(")");
        Ok(())
    }

    fn after_tail(&mut self, last: &Mark, side: i64) -> Written {
        let place = self.map.place.clone();
        // A search of one type has no need of an order across types.
        match self.map.across.as_ref().filter(|_| last.side != ALONE) {
            None => {
                // Places are unique in a table, and types that have no order across share one.
                self.template(&place);
                self.out.push(" > ").bind(last.place);
            }
            Some(across) => {
                let number = self.out.keep(last.across);
                self.out.push("(");
                self.template(across);
                self.out.push(" > ").again(number);
                if side >= last.side {
                    self.out.push(" OR ");
                    self.template(across);
                    self.out.push(" = ").again(number);
                }
                if side == last.side {
                    self.out.push(" AND ");
                    self.template(&place);
                    self.out.push(" > ").bind(last.place);
                }
                self.out.push(")");
            }
        }
        Ok(())
    }
}

fn key_of_leaf(leaf: &Leaf<'_>, attribute: &Attribute) -> Key {
    let key = |sql, form| Key {
        sql,
        form,
        is_filled: false,
        is_indexed: false,
    };
    match leaf {
        Leaf::Bool(sql) => key(
            format!("CASE WHEN {sql} THEN 1 WHEN NOT {sql} THEN 0 END"),
            KeyForm::Flag,
        ),
        Leaf::Whole(sql) if attribute.kind == AttributeType::DateTime => key(sql.clone(), KeyForm::Millis),
        Leaf::Whole(sql) => key(sql.clone(), KeyForm::Whole),
        // Refused before.
        Leaf::Shown(_) => Key::nothing(),
        Leaf::Fixed(value) => key_of_code(value, attribute).map_or_else(Key::nothing, |(sql, form)| {
            let sql = if form.is_text() {
                format!("CAST({sql} AS TEXT)")
            } else {
                sql
            };
            key(sql, form)
        }),
        Leaf::Coded(sql, codes) => {
            let codes: Vec<_> = codes
                .iter()
                .filter_map(|(code, value)| Some((code, key_of_code(value, attribute)?)))
                .collect();
            let Some((_, (_, form))) = codes.first() else {
                return Key::nothing();
            };
            let form = *form;
            let cases: String = codes
                .iter()
                .filter(|(_, (_, other))| *other == form)
                .map(|(code, (key, _))| format!(" WHEN {code} THEN {key}"))
                .collect();
            key(format!("CASE {sql}{cases} END"), form)
        }
        Leaf::Text(text) => {
            let sql = match text.lookup {
                Some((crate::map::Lookup::Column(column), _)) => format!("COALESCE({column}, {})", text.sql),
                _ => text.sql.clone(),
            };
            match attribute.kind {
                AttributeType::Boolean => key(
                    format!("CASE {sql} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"),
                    KeyForm::Flag,
                ),
                AttributeType::Decimal | AttributeType::Integer => key(sql, KeyForm::Number),
                AttributeType::DateTime => key(sql, KeyForm::Moment),
                _ if text.is_filled => Key {
                    is_filled: true,
                    is_indexed: text.has_order(),
                    ..key(sql, KeyForm::Text)
                },
                _ => key(format!("NULLIF({sql}, '')"), KeyForm::Text),
            }
        }
    }
}

fn key_of_code(value: &Value, attribute: &Attribute) -> Option<(String, KeyForm)> {
    match value {
        Value::Bool(value) => Some((i64::from(*value).to_string(), KeyForm::Flag)),
        Value::Number(value) => Some((value.as_i64()?.to_string(), KeyForm::Whole)),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some((literal(&lookup_key(attribute, text)), KeyForm::Text)),
        _ => None,
    }
}
