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
