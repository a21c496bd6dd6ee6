//! One compiled change of attributes.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    filter::Predicate,
    schema::{Attribute, Locator},
};

/// A change at one place; values are decoded and canonical.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The attribute, and the sub-attribute if only that is changed.
    pub(crate) locator: Locator,
    /// Which elements of a multi-valued attribute.
    pub(crate) select: Option<Select>,
    /// What becomes of them.
    pub(crate) change: Change,
}

/// The elements that a step is about.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) predicate: Predicate,
    /// What an element is made from where none matches (decisions D4, D5); without it that is `noTarget`.
    pub(crate) template: Option<Map<String, Value>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A list gets these elements as well; a single value is set.
    Add(Value),
    /// readOnly: this must be the value already (decision D1).
    Check(Value),
    /// Sub-attributes are set, or cleared where there is no value; others stay (decision D7).
    Merge(Vec<(Arc<Attribute>, Option<Value>)>),
    /// The value goes.
    Remove,
    /// These elements of a list go (decision D8).
    RemoveValues(Vec<Value>),
    /// The value is this.
    Set(Value),
}
