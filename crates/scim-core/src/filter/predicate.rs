//! A filter whose names and types are resolved, ready to be evaluated or compiled to SQL.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{
    filter::{CompareOp, compare, text_mode},
    resource::{Resource, is_empty},
    schema::{Attribute, Locator},
};

/// A resolved filter: every name an attribute, every literal of its attribute's type and folded once.
///
/// Evaluation is two-valued: an attribute without a value is `null` (RFC 7643 section 2.5), so `ne "x"` holds for it.
/// A multi-valued attribute matches where one of its values does (N06).
#[derive(Debug, Clone)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a store that compiles predicates must see every form"
)]
pub enum Predicate {
    /// All of them match.
    All(Vec<Self>),
    /// The same answer for every resource.
    Always(bool),
    /// One of them matches.
    Any(Vec<Self>),
    /// A value compares with an operand.
    Compare(Test),
    /// It does not match.
    Not(Box<Self>),
    /// The attribute has a value that is not empty.
    Present(Locator),
    /// One value of the attribute matches; the inner locators start from that value (N04).
    Values(Locator, Box<Self>),
}

/// A comparison of a predicate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Test {
    /// Where the values stand.
    pub locator: Locator,
    /// The operator; one that the type of the attribute has.
    pub op: CompareOp,
    /// What they are compared with.
    pub operand: Operand,
}

/// The operand of a comparison, in the type of the attribute.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a store that compiles predicates must see every form"
)]
pub enum Operand {
    /// A Boolean.
    Bool(bool),
    /// No value.
    Null,
    /// A number.
    Number(serde_json::Number),
    /// Text, prepared as the mode says: compare it with values prepared in the same way.
    Text(Box<str>, TextMode),
    /// A point in time.
    Time(DateTime<Utc>),
}

/// How text is prepared for comparison (decision D13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a store that compiles predicates must see every form"
)]
pub enum TextMode {
    /// As it is.
    Exact,
    /// By [`fold`](crate::fold::fold).
    Folded,
    /// By [`UserNameKey::map`](crate::username::UserNameKey::map).
    UserName,
}

impl TextMode {
    /// How texts of an attribute are prepared: the mode of every operand that is compared with it.
    pub fn of(attribute: &Attribute) -> Self {
        text_mode(attribute)
    }
}

impl Predicate {
    /// Whether a resource matches. It must hold what the predicate [reads](Self::reads).
    pub fn matches(&self, resource: &Resource) -> bool {
        self.holds(resource.attributes())
    }

    /// Whether one element of a list matches, for predicates that were resolved for elements.
    pub fn matches_element(&self, element: &Value) -> bool {
        match element {
            Value::Object(element) => self.holds(element),
            simple => self.holds(&Map::from_iter([("value".to_owned(), simple.clone())])),
        }
    }

    /// Whether the predicate looks at a core attribute of this name.
    pub fn reads(&self, attribute: &Arc<Attribute>) -> bool {
        let at = |locator: &Locator| locator.extension.is_none() && locator.attribute.name == attribute.name;
        match self {
            Self::All(list) | Self::Any(list) => list.iter().any(|inner| inner.reads(attribute)),
            Self::Always(_) => false,
            Self::Compare(test) => at(&test.locator),
            Self::Not(inner) => inner.reads(attribute),
            Self::Present(locator) | Self::Values(locator, _) => at(locator),
        }
    }

    fn holds(&self, root: &Map<String, Value>) -> bool {
        match self {
            Self::All(list) => list.iter().all(|inner| inner.holds(root)),
            Self::Always(answer) => *answer,
            Self::Any(list) => list.iter().any(|inner| inner.holds(root)),
            Self::Compare(test) => test.holds(root),
            Self::Not(inner) => !inner.holds(root),
            Self::Present(locator) => match find(root, locator) {
                Some(Value::Array(list)) => list.iter().any(|element| !is_empty(leaf(element, locator))),
                one => one.is_some_and(|one| !is_empty(leaf(one, locator))),
            },
            Self::Values(locator, inner) => match find(root, locator) {
                Some(Value::Array(list)) => list.iter().any(|element| inner.matches_element(element)),
                one => one.is_some_and(|one| inner.matches_element(one)),
            },
        }
    }
}

impl Test {
    /// A comparison made by hand; the operand must be of the attribute's type.
    pub fn new(locator: Locator, op: CompareOp, operand: Operand) -> Self {
        Self { locator, op, operand }
    }

    /// A single value is not looked at through a list of one: the loop would branch on the answer, which nobody can
    /// foretell, and a scan would wait for it.
    fn holds(&self, root: &Map<String, Value>) -> bool {
        let holds = |element| compare::holds(leaf(element, &self.locator), self.op, &self.operand);
        match find(root, &self.locator) {
            Some(Value::Array(list)) if !list.is_empty() => list.iter().any(holds),
            Some(Value::Array(_)) | None => compare::holds(&Value::Null, self.op, &self.operand),
            Some(one) => holds(one),
        }
    }
}

/// The value of a locator's attribute.
fn find<'a>(root: &'a Map<String, Value>, locator: &Locator) -> Option<&'a Value> {
    let map = match &locator.extension {
        None => root,
        Some(extension) => root.get(&extension.id)?.as_object()?,
    };
    map.get(&locator.attribute.name)
}

/// What a locator ends at, from one value of its attribute.
fn leaf<'a>(element: &'a Value, locator: &Locator) -> &'a Value {
    match &locator.sub {
        None => element,
        Some(sub) => element.get(&sub.name).unwrap_or(&Value::Null),
    }
}
