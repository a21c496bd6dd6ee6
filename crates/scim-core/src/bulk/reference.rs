//! References to what another operation creates: `bulkId:x` (RFC 7644 section 3.7.2).
//!
//! A reference is a whole text value or a whole segment of a path, never a part of other text: a note that mentions
//! `bulkId:x` stays as it is, also where it begins with that. So a name that is referred to holds no blank.

use serde_json::Value;

use crate::{ScimError, resource::write_segment};

/// A reference that stands for nothing: no operation has its name, or that operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a bulkId reference names no operation that created a resource")]
#[non_exhaustive]
pub struct Unresolved;

/// Puts identifiers in the place of all references in a body.
///
/// ```
/// use scim_core::bulk::substitute;
///
/// let mut data = serde_json::json!({ "members": [{ "value": "bulkId:alice" }] });
/// substitute(&mut data, &|name| (name == "alice").then_some("92b7"))?;
/// assert_eq!(data["members"][0]["value"], "92b7");
/// # Ok::<(), scim_core::bulk::Unresolved>(())
/// ```
///
/// # Errors
///
/// [`Unresolved`] where `lookup` does not know a name; the body is then to be thrown away.
pub fn substitute<'a>(data: &mut Value, lookup: &impl Fn(&str) -> Option<&'a str>) -> Result<(), Unresolved> {
    let mut left = vec![data];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(list) => left.extend(list),
            Value::Object(map) => left.extend(map.values_mut()),
            Value::String(text) => {
                if let Some(name) = referenced(text) {
                    *text = lookup(name).ok_or(Unresolved)?.to_owned();
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A path with identifiers, percent-encoded, in the place of all its references.
///
/// ```
/// use scim_core::bulk::substitute_path;
///
/// let path = substitute_path("/Groups/bulkId:tour", &|_| Some("e9e3"))?;
/// assert_eq!(path, "/Groups/e9e3");
/// # Ok::<(), scim_core::bulk::Unresolved>(())
/// ```
///
/// # Errors
///
/// [`Unresolved`] where `lookup` does not know a name.
pub fn substitute_path<'a>(path: &str, lookup: &impl Fn(&str) -> Option<&'a str>) -> Result<String, Unresolved> {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut out = Vec::with_capacity(path.len() + 32);
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            out.push(b'/');
        }
        match referenced(segment) {
            Some(name) => write_segment(lookup(name).ok_or(Unresolved)?, &mut out),
            None => out.extend_from_slice(segment.as_bytes()),
        }
    }
    out.extend_from_slice(query.as_bytes());
    Ok(String::from_utf8(out).unwrap_or_default())
}

/// Tells each name that a body refers to, as often as it does.
pub(super) fn each_reference<'v>(data: &'v Value, mut each: impl FnMut(&'v str)) {
    let mut left = vec![data];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(list) => left.extend(list),
            Value::Object(map) => left.extend(map.values()),
            Value::String(text) => {
                if let Some(name) = referenced(text) {
                    each(name);
                }
            }
            _ => {}
        }
    }
}

/// The names that a path refers to.
pub(super) fn path_references(path: &str) -> impl Iterator<Item = &str> {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').filter_map(referenced)
}

fn referenced(text: &str) -> Option<&str> {
    text.strip_prefix("bulkId:")
        .filter(|name| !name.contains(char::is_whitespace))
}

impl From<Unresolved> for ScimError {
    fn from(error: Unresolved) -> Self {
        Self::new(409, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(name: &str) -> Option<&'static str> {
        match name {
            "a" => Some("id of a"),
            "b" => Some("7"),
            _ => None,
        }
    }

    #[test]
    fn whole_values_are_replaced_and_parts_of_text_are_not() {
        let mut data = json!({
            "members": [{ "value": "bulkId:a" }, { "value": "bulkId:b", "note": ["bulkId:b"] }],
            "title": "see bulkId:a",
            "nickName": " bulkId:a",
            "displayName": "bulkId:a and more",
            "bulkId:a": true,
        });
        substitute(&mut data, &known).unwrap();
        let expected = json!({
            "members": [{ "value": "id of a" }, { "value": "7", "note": ["7"] }],
            "title": "see bulkId:a",
            "nickName": " bulkId:a",
            "displayName": "bulkId:a and more",
            "bulkId:a": true,
        });
        assert_eq!(data, expected);
    }

    #[test]
    fn unknown_names_conflict() {
        let error = substitute(&mut json!(["bulkId:"]), &known).unwrap_err();
        assert_eq!(ScimError::from(error).status(), 409);
        assert_eq!(substitute_path("/Users/bulkId:c", &known), Err(Unresolved));
    }

    #[test]
    fn segments_of_paths_are_replaced_and_encoded() {
        let path = |path: &str| substitute_path(path, &known).unwrap();
        assert_eq!(path("/Users/bulkId:a"), "/Users/id%20of%20a");
        assert_eq!(path("/Users/xbulkId:a"), "/Users/xbulkId:a");
        assert_eq!(
            path("/Users/bulkId:b?attributes=a/bulkId:b"),
            "/Users/7?attributes=a/bulkId:b"
        );
        assert_eq!(path("/Users"), "/Users");
    }

    #[test]
    fn deep_bodies_do_not_use_the_stack() {
        let mut data = json!("bulkId:b");
        for _ in 0..20_000 {
            data = Value::Array(vec![data]);
        }
        substitute(&mut data, &known).unwrap();
        let mut found = 0;
        each_reference(&data, |_| found += 1);
        assert_eq!(found, 0);
        // Taken apart level by level, as dropping a tree this deep recurses.
        while let Value::Array(mut list) = data {
            data = list.pop().unwrap();
        }
        assert_eq!(data, "7");
    }
}
