//! Dialects as documents: the name of a preset, and what differs from it.
//!
//! What a later release knows and this one does not is refused rather than passed over, as a switch that is left out may be
//! the one that somebody relies on. Since only differences are written, a document without new switches is read by both.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::{Dialect, NoMatch, PatchAnswer, Unknown};
use crate::document::document;

document!(Document of Dialect in { name } {
    boolean_strings: bool,
    empty_clears: bool,
    bare_values: bool,
    bare_resource_type: bool,
    extension_shorthand: bool,
    path_keys: bool,
    add_without_match: NoMatch,
    replace_without_match: NoMatch,
    remove_by_value: bool,
    unknown_schemas: Unknown,
    unknown_attributes: Unknown,
    unknown_members: Unknown,
    unique_group_names: bool,
    unique: Vec<String>,
    kept_by_put: Vec<String>,
    patch_answer: PatchAnswer,
    large_group: usize,
});

/// Fails where [`Dialect::name`] is not that of a preset.
impl Serialize for Dialect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let base = Self::named(self.name).ok_or_else(|| ser::Error::custom(UNNAMED))?;
        Document::between(&base, self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dialect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Document::read(deserializer)?;
        let base = match &document.name {
            Some(name) => Self::named(name).ok_or_else(|| de::Error::custom(UNNAMED))?,
            None => Self::default(),
        };
        Ok(document.onto(base))
    }
}

const UNNAMED: &str = "no dialect has this name";

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    #[test]
    fn what_differs_from_the_preset_is_written_and_read_again() {
        for name in Dialect::NAMES {
            let preset = Dialect::named(name).unwrap();
            assert_eq!(to_value(&preset).unwrap(), json!({ "name": name }));
            let own = preset.with(|dialect| {
                dialect.unique.push("emails.value".to_owned());
                dialect.patch_answer = PatchAnswer::NoContent;
                dialect.large_group = 7;
            });
            let document = to_value(&own).unwrap();
            let unique = json!(["emails.value"]);
            let expected = json!({ "name": name, "unique": unique, "patch_answer": "no_content", "large_group": 7 });
            assert_eq!(document, expected);
            assert_eq!(from_value::<Dialect>(document).unwrap(), own);
        }
    }

    #[test]
    fn what_is_missing_is_that_of_the_preset() {
        let read = |document: Value| from_value::<Dialect>(document).unwrap();
        assert_eq!(read(json!({})), Dialect::default());
        let strict = read(json!({ "name": "rfc", "unknown_members": "ignore" }));
        assert_eq!(
            strict,
            Dialect::rfc().with(|dialect| dialect.unknown_members = Unknown::Ignore)
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for document in [
            json!({ "name": "nobody" }),
            json!({ "boolean_string": true }),
            json!({ "unknown_members": "guess" }),
            json!([]),
        ] {
            assert!(from_value::<Dialect>(document).is_err());
        }
        assert!(
            to_value(Dialect {
                name: "nobody",
                ..Dialect::default()
            })
            .is_err()
        );
    }
}
