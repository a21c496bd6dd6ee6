//! Which attributes a change touched: names for events and logs, never values.

use serde_json::{Map, Value};

use crate::{resource::Resource, schema::ResourceType};

/// The paths of the attributes whose values differ, extension attributes with their URN.
pub fn changed_paths(kind: &ResourceType, before: &Resource, after: &Resource) -> Vec<String> {
    let mut paths = Vec::new();
    collect(before.attributes(), after.attributes(), |name| {
        let (old, new) = (before.get(name), after.get(name));
        if name == "schemas" {
            return;
        }
        if kind.extension(name).is_none() {
            paths.push(name.to_owned());
            return;
        }
        let empty = Map::new();
        let old = old.and_then(Value::as_object).unwrap_or(&empty);
        let new = new.and_then(Value::as_object).unwrap_or(&empty);
        collect(old, new, |attribute| paths.push(format!("{name}:{attribute}")));
    });
    paths
}

/// The paths of the attributes that a new resource was given, extension attributes with their URN; `id`, `meta` and `schemas`
/// are nobody's choice and are not among them.
pub fn given_paths(kind: &ResourceType, resource: &Resource) -> Vec<String> {
    let mut paths = changed_paths(kind, &Resource::default(), resource);
    paths.retain(|path| path != "id" && path != "meta");
    paths
}

fn collect(before: &Map<String, Value>, after: &Map<String, Value>, mut changed: impl FnMut(&str)) {
    for (name, value) in before {
        if after.get(name) != Some(value) {
            changed(name);
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        changed(name);
    }
}
