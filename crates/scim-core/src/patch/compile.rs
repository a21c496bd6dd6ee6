//! Operations to steps: paths resolved, values decoded, whatever can be refused without the resource refused.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Change, PatchMessage, PatchOp, PatchOperation, Select, Step, members::MemberCompiler};
use crate::{
    Dialect, InputError, Limits, Note, Notes,
    attr::{AttrPath, PatchPath, PathErrorKind},
    dialect::NoMatch,
    filter::{CompareOp, Filter, FilterScope, Literal, Predicate},
    resource::{MemberStep, Password, ValueDecoder, boolean_text, is_password},
    schema::{Attribute, AttributeType, Located, Locator, Mutability, ResourceType, Schema},
};

/// A compiled PATCH.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    pub(crate) steps: Vec<Step>,
    pub(crate) members: Vec<MemberStep>,
    pub(crate) password: Option<Password>,
    pub(crate) notes: Notes,
}

pub(crate) fn compile(
    kind: &Arc<ResourceType>,
    message: PatchMessage,
    dialect: &Dialect,
    limits: &Limits,
    base: &str,
) -> Result<Compiled, InputError> {
    let decoder = ValueDecoder::new(dialect, limits);
    let mut compiler = Compiler {
        kind,
        dialect,
        limits,
        base,
        decoder,
        out: Compiled::default(),
    };
    for operation in message.operations {
        compiler.operation(operation)?;
    }
    compiler.out.notes.extend(std::mem::take(&mut compiler.decoder.notes));
    Ok(compiler.out)
}

struct Compiler<'a> {
    kind: &'a Arc<ResourceType>,
    dialect: &'a Dialect,
    limits: &'a Limits,
    base: &'a str,
    decoder: ValueDecoder<'a>,
    out: Compiled,
}

impl Compiler<'_> {
    fn operation(&mut self, operation: PatchOperation) -> Result<(), InputError> {
        let PatchOperation { op, path, value } = operation;
        let value = match (op, value) {
            (PatchOp::Remove, value) => value.unwrap_or(Value::Null),
            (_, Some(value)) => value,
            (_, None) => return Err(InputError::value("add and replace need a `value`")),
        };
        match path {
            Some(path) => self.at_path(op, &path, value),
            None if op == PatchOp::Remove => Err(InputError::no_target("remove needs a `path`")),
            None => self.whole(op, value),
        }
    }

    /// An operation without path: its value is a set of attributes (N59).
    fn whole(&mut self, op: PatchOp, value: Value) -> Result<(), InputError> {
        let Value::Object(values) = value else {
            return Err(InputError::value(
                "without a `path`, `value` must be an object of attributes",
            ));
        };
        let mut seen: Vec<Arc<Attribute>> = Vec::new();
        for (key, value) in values {
            if let Some(extension) = key.contains(':').then(|| self.kind.extension(&key)).flatten() {
                let schema = Arc::clone(&extension.schema);
                self.extension(op, &schema, value)?;
            } else if key.eq_ignore_ascii_case(&self.kind.schema().id) && value.is_object() {
                // The core attributes under their own URN, as those of an extension stand under theirs; bodies have a depth.
                self.whole(op, value)?;
            } else if let Some(attribute) = self.kind.attribute(&key) {
                let attribute = Arc::clone(attribute);
                if seen.iter().any(|other| Arc::ptr_eq(other, &attribute)) {
                    return Err(InputError::syntax(format!("`{}` is named twice", attribute.name)));
                }
                seen.push(Arc::clone(&attribute));
                self.whole_attribute(op, attribute, value)?;
            } else if (self.dialect.path_keys && key.contains(['.', ':', '['])) || self.is_qualified(&key) {
                self.at_path(op, &key, value)?;
            } else {
                self.decoder.unknown(&key)?;
            }
        }
        Ok(())
    }

    /// Whether a key is the whole name of an attribute, with its schema (RFC 7644 section 3.10).
    fn is_qualified(&self, key: &str) -> bool {
        key.contains(':') && AttrPath::parse(key).is_ok_and(|path| self.kind.locate(&path, false).is_some())
    }

    fn whole_attribute(&mut self, op: PatchOp, attribute: Arc<Attribute>, value: Value) -> Result<(), InputError> {
        let is_nothing = crate::resource::is_empty(&value);
        match attribute.name.as_str() {
            // Listed by clients that send the whole resource; the library keeps it true by itself.
            "schemas" => return Ok(()),
            "meta" if is_nothing || value.get("resourceType").and_then(Value::as_str) == Some(self.kind.name()) => {
                return Ok(());
            }
            _ if is_nothing && attribute.mutability == Mutability::ReadOnly => return Ok(()),
            _ => {}
        }
        self.attribute(
            op,
            Locator {
                extension: None,
                attribute,
                sub: None,
            },
            value,
        )
    }

    fn at_path(&mut self, op: PatchOp, path: &str, value: Value) -> Result<(), InputError> {
        let limits = self.limits.filter();
        let path = PatchPath::parse(path, &limits).map_err(|error| match error.kind() {
            PathErrorKind::Filter(_) => InputError::filter(error.to_string()),
            _ => InputError::path(error.to_string()),
        })?;
        match path {
            PatchPath::Attr(path) => match self.locate(&path)? {
                Located::Extension(schema) => self.extension(op, &schema, value),
                Located::Attribute(locator) => self.attribute(op, locator, value),
            },
            PatchPath::Values { values, sub } => {
                let Located::Attribute(mut locator) = self.locate(&values.path)? else {
                    return Err(InputError::path(
                        "a value filter stands after an attribute, not after a schema",
                    ));
                };
                if !locator.attribute.multi_valued || locator.sub.is_some() {
                    return Err(InputError::path("a value filter stands after a multi-valued attribute"));
                }
                if let Some(sub) = sub {
                    let name = sub.name();
                    let sub = locator.attribute.sub(name).ok_or_else(unknown)?;
                    locator.sub = Some(Arc::clone(sub));
                }
                self.selected(op, locator, &values.filter, value)
            }
        }
    }

    fn locate(&self, path: &AttrPath) -> Result<Located, InputError> {
        self.kind
            .locate(path, self.dialect.extension_shorthand)
            .ok_or_else(unknown)
    }

    /// All attributes of an extension, or the extension itself.
    fn extension(&mut self, op: PatchOp, schema: &Arc<Schema>, value: Value) -> Result<(), InputError> {
        let at = |attribute: &Arc<Attribute>| Locator {
            extension: Some(Arc::clone(schema)),
            attribute: Arc::clone(attribute),
            sub: None,
        };
        let values = match value {
            Value::Object(values) if op != PatchOp::Remove => values,
            Value::Null => {
                for attribute in schema
                    .attributes
                    .iter()
                    .filter(|a| a.mutability != Mutability::ReadOnly)
                {
                    self.out.steps.push(Step {
                        locator: at(attribute),
                        select: None,
                        change: Change::Remove,
                    });
                }
                return Ok(());
            }
            _ => return Err(InputError::value(format!("`{}` must be an object", schema.id))),
        };
        let mut seen: Vec<String> = Vec::new();
        for (key, value) in values {
            match schema.attribute(&key) {
                Some(attribute) if seen.contains(&attribute.name) => {
                    return Err(InputError::syntax(format!("`{}` is named twice", attribute.name)));
                }
                Some(attribute) => {
                    seen.push(attribute.name.clone());
                    self.attribute(op, at(attribute), value)?;
                }
                None => self.decoder.unknown(&key)?,
            }
        }
        Ok(())
    }

    /// A whole attribute, or a sub-attribute of it, without a value filter.
    fn attribute(&mut self, op: PatchOp, locator: Locator, value: Value) -> Result<(), InputError> {
        if self.is_members(&locator) {
            let compiler = MemberCompiler {
                attribute: &locator.attribute,
                dialect: self.dialect,
                limits: self.limits,
            };
            self.out.members.push(compiler.whole(op, locator.sub.is_some(), value)?);
            return Ok(());
        }
        if is_password(&locator.attribute) {
            self.out.password = self
                .decoder
                .password(if op == PatchOp::Remove { Value::Null } else { value })?;
            return Ok(());
        }
        if locator.attribute.name == "schemas" && locator.extension.is_none() {
            return self.schemas(op, &value);
        }
        if let Some(refusal) = self.read_only(op, &locator, &value)? {
            self.out.steps.push(refusal);
            return Ok(());
        }
        // A sub-attribute of a list without a filter is that of every element.
        let select = (locator.attribute.multi_valued && locator.sub.is_some()).then(|| Select {
            predicate: Predicate::Always(true),
            template: (self.no_match(op) == NoMatch::Create).then(Map::new),
        });
        let change = match op {
            PatchOp::Remove => self.removal(&locator, value)?,
            _ => self.assignment(op, &locator, value)?,
        };
        self.out.steps.push(Step {
            locator,
            select,
            change,
        });
        Ok(())
    }

    /// The elements of an attribute that a value filter selects.
    fn selected(&mut self, op: PatchOp, locator: Locator, filter: &Filter, value: Value) -> Result<(), InputError> {
        let scope = FilterScope {
            kind: self.kind,
            dialect: self.dialect,
            base: self.base,
            across_types: false,
            in_url: false,
        };
        let predicate = Predicate::resolve_element(filter, &locator.attribute, &scope)?;
        if self.is_members(&locator) {
            let compiler = MemberCompiler {
                attribute: &locator.attribute,
                dialect: self.dialect,
                limits: self.limits,
            };
            self.out
                .members
                .push(compiler.selected(op, locator.sub.is_some(), filter, predicate)?);
            return Ok(());
        }
        if [&locator.attribute, locator.leaf()]
            .iter()
            .any(|a| a.mutability == Mutability::ReadOnly)
        {
            return Err(read_only(&locator));
        }
        let template = match (op, self.no_match(op)) {
            (PatchOp::Add | PatchOp::Replace, NoMatch::Create) => template(filter, &locator.attribute),
            _ => None,
        };
        let change = match op {
            PatchOp::Remove if locator.leaf().required && locator.sub.is_some() => return Err(required(&locator)),
            PatchOp::Remove => Change::Remove,
            _ => match self.element_value(&locator, value)? {
                Some(value) => match (op, value) {
                    (PatchOp::Add, Value::Object(values)) if locator.sub.is_none() => merge(&locator.attribute, values),
                    (_, value) => Change::Set(value),
                },
                None if op == PatchOp::Add => Change::Add(Value::Null),
                None => Change::Remove,
            },
        };
        self.out.steps.push(Step {
            locator,
            select: Some(Select { predicate, template }),
            change,
        });
        Ok(())
    }

    /// The value for one element, or for a sub-attribute of it.
    fn element_value(&mut self, locator: &Locator, value: Value) -> Result<Option<Value>, InputError> {
        match (&locator.sub, value) {
            (Some(sub), value) => self.decoder.attribute(sub, &locator.path(), value),
            // One element in a list, as some clients wrap it.
            (None, Value::Array(mut list)) if list.len() == 1 => {
                let one = list.pop().unwrap_or(Value::Null);
                self.decoder.single(&locator.attribute, &locator.path(), one)
            }
            (None, value) => self.decoder.single(&locator.attribute, &locator.path(), value),
        }
    }

    fn assignment(&mut self, op: PatchOp, locator: &Locator, value: Value) -> Result<Change, InputError> {
        let path = locator.path();
        let leaf = Arc::clone(locator.leaf());
        let set = |value: Option<Value>| match value {
            Some(value) if op == PatchOp::Add => Ok(Change::Add(value)),
            Some(value) => Ok(Change::Set(value)),
            None if op == PatchOp::Add => Ok(Change::Add(Value::Null)),
            None if leaf.required => Err(InputError::value(format!("`{path}` is required"))),
            None => Ok(Change::Remove),
        };
        if locator.sub.is_none() && leaf.multi_valued {
            let list = match value {
                Value::Null => return set(None),
                Value::Array(list) => list,
                // RFC 7644 section 3.5.2.1: add takes "a new value" of a list as well.
                Value::Object(_) => vec![value],
                simple if !leaf.is_complex() || self.dialect.bare_values => vec![simple],
                _ => return Err(InputError::value(format!("`{path}` must be a list"))),
            };
            return set(self.decoder.elements(&leaf, &path, list)?);
        }
        if !leaf.is_complex() {
            return set(self.decoder.attribute(&leaf, &path, value)?);
        }
        // A single complex value: what it names is merged, what it names without a value is cleared (decision D7).
        let mut cleared: Vec<(Arc<Attribute>, Option<Value>)> = Vec::new();
        let mut clears_all = true;
        if let Value::Object(values) = &value {
            let empty =
                |value: &Value| value.is_null() || (self.dialect.empty_clears && crate::resource::is_empty(value));
            let names = values.iter().filter(|(_, value)| empty(value)).map(|(name, _)| name);
            let subs = names.filter_map(|name| leaf.sub(name)).map(Arc::clone);
            let writable = subs.filter(|sub| sub.mutability != Mutability::ReadOnly);
            cleared.extend(writable.map(|sub| (sub, None)));
            // Without its `value` nothing of it means anything (decision D27).
            clears_all = values.is_empty() || cleared.iter().any(|(sub, _)| sub.name == "value");
        }
        match self.decoder.single(&leaf, &path, value)? {
            Some(Value::Object(values)) => {
                let Change::Merge(mut parts) = merge(&leaf, values) else {
                    return set(None);
                };
                parts.extend(cleared);
                Ok(Change::Merge(parts))
            }
            None if !clears_all => Ok(Change::Merge(cleared)),
            other => set(other),
        }
    }

    fn removal(&mut self, locator: &Locator, value: Value) -> Result<Change, InputError> {
        if locator.leaf().required {
            return Err(required(locator));
        }
        if value.is_null() || !locator.attribute.multi_valued || locator.sub.is_some() {
            return Ok(Change::Remove);
        }
        if !self.dialect.remove_by_value {
            return Err(InputError::value(
                "remove takes no `value`: name what to remove by a filter in its `path`",
            ));
        }
        // `value` lists what to remove, never everything (decision D8, N55).
        let attribute = Arc::clone(&locator.attribute);
        let list = match value {
            Value::Array(list) => list,
            Value::Object(mut values) => match values
                .keys()
                .find(|key| key.eq_ignore_ascii_case(&attribute.name))
                .cloned()
            {
                Some(key) => match values.remove(&key) {
                    Some(Value::Array(list)) => list,
                    other => other.into_iter().collect(),
                },
                None => vec![Value::Object(values)],
            },
            one => vec![one],
        };
        let count = list.len();
        let listed = match self.decoder.elements(&attribute, &attribute.name, list)? {
            Some(Value::Array(listed)) => listed,
            _ => Vec::new(),
        };
        if listed.len() < count {
            return Err(InputError::value("the `value` of remove must list what to remove"));
        }
        Ok(Change::RemoveValues(listed))
    }

    /// readOnly attributes: an equal value is no change (decision D1), anything else an error.
    fn read_only(&self, op: PatchOp, locator: &Locator, value: &Value) -> Result<Option<Step>, InputError> {
        let is_read_only = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
        if !is_read_only(&locator.attribute) && !is_read_only(locator.leaf()) {
            return Ok(None);
        }
        if op == PatchOp::Remove || self.kind.is_relation(&locator.attribute) || locator.attribute.name == "meta" {
            return Err(read_only(locator));
        }
        Ok(Some(Step {
            locator: locator.clone(),
            select: None,
            change: Change::Check(value.clone()),
        }))
    }

    fn schemas(&mut self, op: PatchOp, value: &Value) -> Result<(), InputError> {
        if op == PatchOp::Remove {
            return Err(InputError::mutability("`schemas` cannot be removed"));
        }
        let listed = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let known = |urn: &Value| {
            urn.as_str().is_some_and(|urn| {
                urn.eq_ignore_ascii_case(&self.kind.schema().id) || self.kind.extension(urn).is_some()
            })
        };
        if !listed.iter().all(known) {
            return Err(InputError::value(format!(
                "`schemas` lists a schema that {} does not have",
                self.kind.name()
            )));
        }
        self.out.notes.add(Note::Schemas);
        Ok(())
    }

    fn is_members(&self, locator: &Locator) -> bool {
        locator.extension.is_none() && self.kind.members().is_some_and(|m| Arc::ptr_eq(m, &locator.attribute))
    }

    fn no_match(&self, op: PatchOp) -> NoMatch {
        match op {
            PatchOp::Add => self.dialect.add_without_match,
            PatchOp::Replace => self.dialect.replace_without_match,
            PatchOp::Remove => NoMatch::NoTarget,
        }
    }
}

fn merge(attribute: &Attribute, values: Map<String, Value>) -> Change {
    let parts = values
        .into_iter()
        .filter_map(|(name, value)| Some((Arc::clone(attribute.sub(&name)?), Some(value))));
    Change::Merge(parts.collect())
}

/// The element that a filter of `eq` terms describes: `type eq "work"` makes `{"type": "work"}` (N63).
fn template(filter: &Filter, attribute: &Attribute) -> Option<Map<String, Value>> {
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut element = Map::new();
    for term in terms {
        let Filter::Compare(comparison) = term else { return None };
        let sub = attribute.sub(comparison.path.name())?;
        if comparison.op != CompareOp::Equal || sub.mutability == Mutability::ReadOnly {
            return None;
        }
        let value = match (&comparison.value, sub.kind) {
            (Literal::Bool(value), AttributeType::Boolean) => Value::Bool(*value),
            (Literal::String(text), AttributeType::Boolean) => Value::Bool(boolean_text(text)?),
            (Literal::Number(value), _) => Value::Number(value.clone()),
            (Literal::String(text), _) => Value::String(text.to_string()),
            (Literal::Bool(_) | Literal::Null, _) => return None,
        };
        if element
            .insert(sub.name.clone(), value.clone())
            .is_some_and(|other| other != value)
        {
            return None;
        }
    }
    Some(element)
}

fn unknown() -> InputError {
    InputError::path("the `path` names no attribute of the type")
}

fn required(locator: &Locator) -> InputError {
    InputError::mutability(format!("`{locator}` is required and cannot be removed"))
}

fn read_only(locator: &Locator) -> InputError {
    InputError::mutability(format!("`{locator}` is readOnly"))
}
