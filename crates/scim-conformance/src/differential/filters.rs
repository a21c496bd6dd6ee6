//! Filters over the attributes of the types, as text.

use std::sync::Arc;

use scim_core::schema::{Attribute, AttributeType, Registry};

use super::{random::Random, values, world::Allow};

/// What a filter can name.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) paths: Vec<Name>,
}

/// A path and what is at its end.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) path: String,
    attribute: Arc<Attribute>,
    /// Those of its sub-attributes that may be named.
    subs: Vec<Arc<Attribute>>,
    /// Whether it names resources.
    is_id: bool,
}

/// Stands before and after the number of an item, where its identifier is to be put.
pub(super) const SIGN: char = '\u{1}';

impl Names {
    /// Everything that may be named in a type.
    pub(super) fn new(kinds: &Registry, kind: &str, allow: &Allow) -> Self {
        let mut paths = Vec::new();
        let Some(kind) = kinds.by_name(kind) else {
            return Self { paths };
        };
        let mut add = |prefix: &str, attribute: &Arc<Attribute>| {
            let path = format!("{prefix}{}", attribute.name);
            if !attribute.is_readable() || !allow(kind.name(), &path) {
                return;
            }
            let is_relation = kind.is_relation(attribute);
            let subs = attribute.sub_attributes.iter().map(Arc::clone);
            let subs: Vec<_> = subs
                .filter(|sub| allow(kind.name(), &format!("{path}.{}", sub.name)))
                .collect();
            if !(attribute.is_complex() && attribute.sub("value").is_none()) {
                paths.push(Name {
                    path: path.clone(),
                    attribute: Arc::clone(attribute),
                    subs: subs.clone(),
                    is_id: is_relation || path == "id",
                });
            }
            for sub in &subs {
                let path = format!("{path}.{}", sub.name);
                paths.push(Name {
                    is_id: is_relation && sub.name == "value" || path == "meta.location",
                    path,
                    attribute: Arc::clone(sub),
                    subs: Vec::new(),
                });
            }
            if attribute.is_complex() {
                paths.push(Name {
                    path,
                    attribute: Arc::clone(attribute),
                    subs,
                    is_id: false,
                });
            }
        };
        for attribute in kind.attributes() {
            add("", attribute);
        }
        for extension in kind.extensions() {
            for attribute in &extension.schema.attributes {
                add(&format!("{}:", extension.schema.id), attribute);
            }
        }
        // What an index serves, more often.
        let often = [
            "userName",
            "externalId",
            "displayName",
            "emails.value",
            "active",
            "id",
            "members.value",
        ];
        let again: Vec<Name> = paths
            .iter()
            .filter(|name| often.contains(&name.path.as_str()))
            .cloned()
            .collect();
        paths.extend(again.iter().chain(&again).cloned().collect::<Vec<_>>());
        Self { paths }
    }

    /// A filter; `items` is how many resources there are to be named.
    pub(super) fn filter(&self, depth: usize, items: usize, random: &mut Random) -> Option<String> {
        if depth > 0 && random.chance(45) {
            return match random.below(5) {
                0 => Some(format!("not ({})", self.filter(depth - 1, items, random)?)),
                word => {
                    let count = 2 + random.below(2);
                    let parts = (0..count).map(|_| self.filter(depth - 1, items, random));
                    let parts: Option<Vec<String>> = parts.collect();
                    let word = if word < 3 { " and " } else { " or " };
                    Some(format!("({})", parts?.join(word)))
                }
            };
        }
        let name = random.pick(&self.paths)?.clone();
        if name.attribute.is_complex() || name.attribute.multi_valued {
            if random.chance(60) {
                let inner = inner(&name, items, depth, random)?;
                return Some(format!("{}[{inner}]", name.path));
            }
            if name.attribute.is_complex() && random.chance(40) {
                return Some(format!("{} pr", name.path));
            }
        }
        let value = match name.attribute.sub("value") {
            Some(value) if name.attribute.is_complex() => Arc::clone(value),
            _ => Arc::clone(&name.attribute),
        };
        Some(comparison(&name.path, &value, name.is_id, items, random))
    }
}

/// A filter on elements of an attribute.
fn inner(name: &Name, items: usize, depth: usize, random: &mut Random) -> Option<String> {
    if depth > 0 && random.chance(40) {
        let one = inner(name, items, depth - 1, random)?;
        return Some(match random.below(3) {
            0 => format!("not ({one})"),
            1 => format!("({one} and {})", inner(name, items, depth - 1, random)?),
            _ => format!("({one} or {})", inner(name, items, depth - 1, random)?),
        });
    }
    if !name.attribute.is_complex() {
        return Some(comparison("value", &name.attribute, false, items, random));
    }
    let value = name.subs.iter().find(|sub| sub.name == "value");
    let value = value.filter(|_| random.chance(40));
    let sub = value.or_else(|| random.pick(&name.subs))?;
    let is_id = sub.name == "value" && matches!(name.path.as_str(), "members" | "groups");
    Some(comparison(&sub.name, sub, is_id, items, random))
}

fn comparison(path: &str, attribute: &Attribute, is_id: bool, items: usize, random: &mut Random) -> String {
    if random.chance(12) {
        return format!("{path} pr");
    }
    if random.chance(5) {
        return format!("{path} {} null", random.text(&["eq", "ne"]));
    }
    if is_id || attribute.name == "$ref" {
        let id = format!("{SIGN}{}{SIGN}", random.below(items));
        let operator = random.text(&["eq", "eq", "eq", "ne"]);
        let before = match (is_id, path) {
            (false, _) | (true, "meta.location") => {
                random.text(&["Users/", "/Groups/", "https://example.com/scim/v2/Users/", ""])
            }
            _ => "",
        };
        return format!("{path} {operator} \"{before}{id}\"");
    }
    let operators: &[&str] = match attribute.kind {
        AttributeType::Boolean => &["eq", "ne"],
        AttributeType::Binary => &["eq", "ne", "co", "sw", "ew"],
        AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime => {
            &["eq", "eq", "ne", "gt", "ge", "lt", "le"]
        }
        _ => &["eq", "eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"],
    };
    let operator = random.text(operators);
    let operand = match path {
        "userName" => {
            let number = random.below(items);
            let name = values::user_name(random, number);
            let piece: String = name.chars().take(1 + random.below(name.chars().count())).collect();
            format!("\"{}\"", if random.chance(60) { name } else { piece })
        }
        "meta.resourceType" => format!("\"{}\"", random.text(&["User", "user", "Group", "U", ""])),
        "type" => format!(
            "\"{}\"",
            random.text(&["work", "HOME", "User", "group", "direct", "a", "G"])
        ),
        "meta.version" => format!(
            "\"{}\"",
            random.text(&["W/\\\"1\\\"", "1", "W/", "W/\\\"2\\\"", "\\\""])
        ),
        "meta.created" | "meta.lastModified" => {
            let millis = 1_700_000_000_000 + i64::try_from(random.below(items * 300)).unwrap_or(0);
            let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
            let text = scim_core::datetime::format(&time);
            match random.below(4) {
                0 => format!("\"{}01Z\"", text.trim_end_matches('Z')),
                1 => format!("\"{}T00:00:00Z\"", text.get(..10).unwrap_or("2023-11-14")),
                _ => format!("\"{text}\""),
            }
        }
        "schemas" => format!(
            "\"{}\"",
            random.text(&[super::PROBE, "urn:ietf:params:scim:schemas:core:2.0:User", "urn:"])
        ),
        _ if attribute.kind == AttributeType::String && random.chance(2) => "\"a\\u0000b\"".to_owned(),
        _ => values::operand(attribute.kind, random),
    };
    format!("{path} {operator} {operand}")
}
