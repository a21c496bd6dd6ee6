//! What a comparison is made with: one value of a row or of an element.

use scim_core::{filter::TextMode, schema::Attribute};
use serde_json::Value;

use crate::{
    Engine,
    engine::literal,
    map::{Column, Form, Lookup, Native},
    prepared::mark,
};

/// One value, perhaps none.
#[derive(Debug)]
pub(super) enum Leaf<'a> {
    /// A truth value.
    Bool(String),
    /// Values of the host's, with what they mean.
    Coded(String, Vec<(String, Value)>),
    /// The same for every row.
    Fixed(Value),
    /// Text that nothing prepares: it is there or not.
    Shown(String),
    /// Text, prepared in a mode.
    Text(Text<'a>),
    /// A whole number, or milliseconds.
    Whole(String),
}

/// A value that compares as text.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// The prepared text.
    pub(super) sql: String,
    /// How texts are prepared; that of an operand must be the same.
    pub(super) mode: TextMode,
    /// The text as it was sent.
    pub(super) raw: Option<String>,
    /// What is not NULL where there is a value that leaves no text.
    pub(super) mark: Option<String>,
    /// Whether an index on `sql` finds rows.
    pub(super) is_indexed: bool,
    /// Whether there always is a value that is not empty.
    pub(super) is_filled: bool,
    /// The column behind a text that is made of it, what it holds, and the prefix of the text.
    pub(super) native: Option<(String, Native, String)>,
    /// An index with values up to so many bytes.
    pub(super) lookup: Option<(&'a Lookup, usize)>,
}

impl Text<'_> {
    /// Whether an index has the texts in their order.
    pub(super) fn has_order(&self) -> bool {
        self.is_indexed && self.native.is_none()
    }
}

impl<'a> Leaf<'a> {
    /// A column that holds an attribute.
    pub(super) fn of_column(column: &Column, attribute: &Attribute) -> Self {
        let sql = column.sql.clone();
        let mode = TextMode::of(attribute);
        let text = |sql: String, mode| Text {
            mode,
            raw: None,
            mark: None,
            is_indexed: column.is_indexed,
            is_filled: column.is_filled,
            native: None,
            lookup: None,
            sql,
        };
        let shown = |sql: &str, native: Native, prefix: &str| {
            let text = match native {
                Native::Text => sql.to_owned(),
                Native::Numeral | Native::Uuid => format!("CAST({sql} AS TEXT)"),
            };
            match prefix {
                "" => text,
                prefix => format!("({} || {text})", literal(prefix)),
            }
        };
        match &column.form {
            Form::Bool => Self::Bool(sql),
            Form::Int | Form::Millis => Self::Whole(sql),
            Form::Exact => Self::Text(text(sql, TextMode::Exact)),
            Form::Prepared => Self::Text(text(sql, mode)),
            Form::Folded { prepared } => Self::Text(Text {
                raw: Some(sql),
                ..text(prepared.clone(), mode)
            }),
            Form::Shown => Self::Shown(sql),
            Form::Key { native, prefix } => Self::Text(Text {
                native: Some((sql.clone(), *native, prefix.clone())),
                ..text(shown(&sql, *native, prefix), TextMode::Exact)
            }),
            Form::Coded(codes) => {
                let codes = codes.iter();
                Self::Coded(sql, codes.map(|(code, value)| (literal(code), value.clone())).collect())
            }
            Form::Constant(value) => Self::Fixed(value.clone()),
        }
    }

    /// A value of an object in a document.
    pub(super) fn of_json(json: &Json, attribute: &Attribute, engine: Engine) -> Self {
        let mark = json.text(engine, &mark(&attribute.name));
        // A list within an element compares with nothing.
        let is_list = attribute.multi_valued;
        Self::Text(Text {
            sql: if is_list {
                "NULL".to_owned()
            } else {
                json.text(engine, &attribute.name)
            },
            mode: TextMode::of(attribute),
            raw: None,
            mark: Some(mark),
            is_indexed: false,
            is_filled: false,
            native: None,
            lookup: None,
        })
    }

    pub(super) fn with_lookup(mut self, found: Option<(&'a Lookup, usize)>) -> Self {
        if let Self::Text(text) = &mut self {
            text.lookup = found;
        }
        self
    }
}

/// A place in a JSON expression.
#[derive(Debug, Clone)]
pub(super) struct Json {
    pub(super) base: String,
    pub(super) path: Vec<String>,
}

impl Json {
    pub(super) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            path: Vec::new(),
        }
    }

    #[must_use]
    pub(super) fn at(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }

    fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    pub(super) fn value(&self, engine: Engine) -> String {
        engine.json(&self.base, &self.path())
    }

    pub(super) fn text(&self, engine: Engine, name: &str) -> String {
        let mut path = self.path();
        path.push(name);
        engine.json_text(&self.base, &path)
    }

    pub(super) fn elements(&self, engine: Engine, alias: &str) -> String {
        engine.json_elements(&self.base, &self.path(), alias)
    }
}
