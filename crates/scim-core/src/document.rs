//! Settings as documents: only what differs from a base is written, and what is missing is that of the base.

/// Makes `$document`, the fields in which a `$of` differs from a base; the fields behind `in` are names of bases.
///
/// Both ways take the struct apart by all of its fields, so that none is forgotten.
macro_rules! document {
    ($document:ident of $of:ident in { $($base:ident),* } { $($field:ident: $type:ty),+ $(,)? }) => {
        #[derive(Default, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct $document {
            $(#[serde(skip_serializing_if = "Option::is_none")] $base: Option<String>,)*
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$type>,)+
        }

        impl $document {
            /// Reads an object, and nothing that serde would take for one, such as a list.
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let object = <serde_json::Map<String, serde_json::Value> as serde::Deserialize>::deserialize(deserializer)?;
                serde::Deserialize::deserialize(serde_json::Value::Object(object)).map_err(serde::de::Error::custom)
            }

            fn between(base: &$of, own: &$of) -> Self {
                Self {
                    $($base: Some(own.$base.to_owned()),)*
                    $($field: (own.$field != base.$field).then(|| own.$field.clone()),)+
                }
            }

            fn onto(self, base: $of) -> $of {
                $of {
                    $($base: base.$base,)*
                    $($field: self.$field.unwrap_or(base.$field),)+
                }
            }
        }
    };
}

pub(crate) use document;
