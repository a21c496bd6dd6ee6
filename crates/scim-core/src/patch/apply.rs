//! Steps on a tree. The caller keeps the tree it started from, so that a step that fails changes nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{Change, Select, Step};
use crate::{
    InputError,
    resource::{Resource, is_empty},
    schema::{Attribute, Locator, Mutability, ResourceType},
};

/// Applies one step.
pub(crate) fn apply(step: &Step, resource: &mut Resource, kind: &ResourceType) -> Result<(), InputError> {
    let Step {
        locator,
        select,
        change,
    } = step;
    let root = resource.attributes_mut();
    let Some(extension) = &locator.extension else {
        return at(root, locator, select.as_ref(), change);
    };
    // An extension comes to be with its first value and goes with its last.
    let mut values = match root.remove(&extension.id) {
        Some(Value::Object(values)) => values,
        _ => Map::new(),
    };
    let outcome = at(&mut values, locator, select.as_ref(), change);
    if !values.is_empty() {
        root.insert(extension.id.clone(), Value::Object(values));
    }
    debug_assert!(kind.extension(&extension.id).is_some());
    outcome
}

fn at(
    map: &mut Map<String, Value>,
    locator: &Locator,
    select: Option<&Select>,
    change: &Change,
) -> Result<(), InputError> {
    let attribute = &locator.attribute;
    match (select, &locator.sub) {
        (Some(select), sub) => {
            let mut list = match map.remove(&attribute.name) {
                Some(Value::Array(list)) => list,
                _ => Vec::new(),
            };
            elements(&mut list, locator, sub.as_ref(), select, change)?;
            if !list.is_empty() {
                map.insert(attribute.name.clone(), Value::Array(list));
            }
            Ok(())
        }
        (None, Some(sub)) => {
            let mut values = match map.remove(&attribute.name) {
                Some(Value::Object(values)) => values,
                _ => Map::new(),
            };
            value(&mut values, sub, change, locator)?;
            if !values.is_empty() {
                map.insert(attribute.name.clone(), Value::Object(values));
            }
            Ok(())
        }
        (None, None) => value(map, attribute, change, locator),
    }
}

/// Changes the value of an attribute, or of a sub-attribute, in the object that holds it.
fn value(
    map: &mut Map<String, Value>,
    attribute: &Arc<Attribute>,
    change: &Change,
    locator: &Locator,
) -> Result<(), InputError> {
    let name = &attribute.name;
    let old = map.get(name);
    if attribute.mutability == Mutability::Immutable && !keeps(old, change) {
        return Err(InputError::mutability(format!(
            "`{locator}` is immutable and has a value"
        )));
    }
    match change {
        Change::Check(expected) => {
            let same = match old {
                Some(old) => old == expected,
                None => is_empty(expected),
            };
            if !same {
                return Err(InputError::mutability(format!("`{locator}` is readOnly")));
            }
        }
        Change::Add(Value::Null) => {}
        Change::Add(Value::Array(added)) if attribute.multi_valued => {
            let slot = map.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = slot {
                append(attribute, list, added);
            }
        }
        Change::Add(new) | Change::Set(new) => {
            map.insert(name.clone(), new.clone());
        }
        Change::Merge(parts) => {
            let mut values = match map.remove(name) {
                Some(Value::Object(values)) => values,
                _ => Map::new(),
            };
            merge(&mut values, parts, locator)?;
            if !values.is_empty() {
                map.insert(name.clone(), Value::Object(values));
            }
        }
        Change::Remove => {
            map.remove(name);
        }
        Change::RemoveValues(listed) => {
            if let Some(Value::Array(list)) = map.get_mut(name) {
                remove_listed(list, listed);
                if list.is_empty() {
                    map.remove(name);
                }
            }
        }
    }
    Ok(())
}

/// Changes the selected elements of a list.
fn elements(
    list: &mut Vec<Value>,
    locator: &Locator,
    sub: Option<&Arc<Attribute>>,
    select: &Select,
    change: &Change,
) -> Result<(), InputError> {
    if matches!(change, Change::Add(Value::Null)) {
        return Ok(()); // Nothing is nothing to add.
    }
    let mut matched: Vec<bool> = list
        .iter()
        .map(|element| select.predicate.matches_element(element))
        .collect();
    let is_new = !matched.contains(&true);
    if is_new {
        if matches!(change, Change::Remove) {
            return Ok(()); // What is not there is removed already (decision D9).
        }
        let Some(template) = &select.template else {
            return Err(InputError::no_target(format!(
                "no value of `{}` matches the filter",
                locator.attribute.name
            )));
        };
        list.push(Value::Object(template.clone()));
        matched.push(true);
    }
    // The element that was primary and the first that becomes it; an element made here counts as one that becomes it.
    let (mut stays, mut becomes) = (None, None);
    for (index, (element, _)) in list
        .iter_mut()
        .zip(&matched)
        .enumerate()
        .filter(|(_, (_, matched))| **matched)
    {
        let was_primary = is_primary(element) && !is_new;
        match (sub, change) {
            (Some(sub), change) => {
                if let Value::Object(values) = element {
                    value(values, sub, change, locator)?;
                }
            }
            (None, Change::Remove) => *element = Value::Null,
            (None, Change::Merge(parts)) => {
                if let Value::Object(values) = element {
                    merge(values, parts, locator)?;
                }
            }
            (None, Change::Set(new) | Change::Add(new)) => {
                check_immutable_subs(&locator.attribute, element, new)?;
                *element = new.clone();
            }
            (None, Change::Check(_) | Change::RemoveValues(_)) => {}
        }
        if is_primary(element) {
            let place = if was_primary { &mut stays } else { &mut becomes };
            place.get_or_insert(index);
        }
        // An element of which nothing is left but its labels is no value any more.
        if let (Change::Remove, Value::Object(values)) = (change, &*element)
            && values.keys().all(|name| name == "type" || name == "primary")
        {
            *element = Value::Null;
        }
    }
    // A step that makes several primary must come to the same result when it is sent again.
    if let (Some(index), true) = (stays.or(becomes), becomes.is_some()) {
        clear_primaries(list, |other| other != index);
    }
    list.retain(|element| !element.is_null() && element.as_object().is_none_or(|values| !values.is_empty()));
    Ok(())
}

fn merge(
    values: &mut Map<String, Value>,
    parts: &[(Arc<Attribute>, Option<Value>)],
    locator: &Locator,
) -> Result<(), InputError> {
    for (sub, new) in parts {
        let change = match new {
            Some(new) => Change::Set(new.clone()),
            None => Change::Remove,
        };
        value(values, sub, &change, locator)?;
    }
    Ok(())
}

/// Appends what is not there yet (N58); a new primary takes the place of the old one (decision D10).
///
/// An element with the `type` and `value` of one that is there says more of that one: the two must not both be
/// (RFC 7643 section 2.4).
fn append(attribute: &Attribute, list: &mut Vec<Value>, added: &[Value]) {
    let few = list.len().saturating_mul(added.len()) <= 4096;
    let is_fixed = attribute
        .sub_attributes
        .iter()
        .any(|sub| sub.mutability == Mutability::Immutable);
    let mut known: HashMap<String, usize> = list.iter().map(identity).zip(0..).collect();
    for new in added {
        if few && list.iter().any(|old| holds(old, new)) {
            continue;
        }
        let place = *known.entry(identity(new)).or_insert(list.len());
        match (list.get_mut(place), new) {
            (Some(Value::Object(old)), Value::Object(more)) if !is_fixed => {
                old.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (Some(_), _) => {}
            (None, _) => list.push(new.clone()),
        }
        if is_primary(new) {
            clear_primaries(list, |index| index != place);
        }
    }
}

/// What tells an element from others: its type and value if it has a value, else everything.
fn identity(element: &Value) -> String {
    let text = |name: &str| element.get(name).and_then(Value::as_str);
    match text("value") {
        Some(value) => format!("{}\n{value}", text("type").unwrap_or_default()),
        None => element.to_string(),
    }
}

/// Removes the elements that the list names: those that hold everything a listed element says.
fn remove_listed(list: &mut Vec<Value>, listed: &[Value]) {
    let keys: HashSet<&str> = listed
        .iter()
        .filter_map(|listed| listed.get("value").and_then(Value::as_str))
        .collect();
    let by_value = listed
        .iter()
        .all(|listed| listed.get("value").is_some_and(Value::is_string));
    list.retain(|element| {
        let is_candidate = !by_value
            || element
                .get("value")
                .and_then(Value::as_str)
                .is_some_and(|v| keys.contains(v));
        !(is_candidate && listed.iter().any(|listed| holds(element, listed)))
    });
}

/// Whether an element says everything that another says.
fn holds(element: &Value, other: &Value) -> bool {
    match (element, other) {
        (Value::Object(element), Value::Object(other)) => other
            .iter()
            .all(|(name, value)| element.get(name) == Some(value) || (name == "primary" && *value == false)),
        _ => element == other,
    }
}

/// Whether an immutable value stays what it is, or comes to be (N67).
fn keeps(old: Option<&Value>, change: &Change) -> bool {
    match (old, change) {
        (None, _) | (_, Change::Check(_) | Change::Add(Value::Null)) => true,
        (Some(old), Change::Add(new) | Change::Set(new)) => old == new,
        (Some(_), Change::Merge(_)) => true,
        (Some(_), Change::Remove | Change::RemoveValues(_)) => false,
    }
}

fn check_immutable_subs(attribute: &Attribute, old: &Value, new: &Value) -> Result<(), InputError> {
    for sub in attribute
        .sub_attributes
        .iter()
        .filter(|sub| sub.mutability == Mutability::Immutable)
    {
        if old.get(&sub.name).is_some_and(|old| new.get(&sub.name) != Some(old)) {
            return Err(InputError::mutability(format!(
                "`{}.{}` is immutable and has a value",
                attribute.name, sub.name
            )));
        }
    }
    Ok(())
}

fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

fn clear_primaries(list: &mut [Value], clears: impl Fn(usize) -> bool) {
    for (_, element) in list.iter_mut().enumerate().filter(|(index, _)| clears(*index)) {
        if let Some(primary) = element.get_mut("primary") {
            *primary = Value::Bool(false);
        }
    }
}
