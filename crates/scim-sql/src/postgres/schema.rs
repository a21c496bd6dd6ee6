//! The schema that the tables stand in.

use crate::OpenError;

/// The name of a schema: letters a to z, digits and underlines, starting with a letter or an underline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    name: String,
    prefix: String,
}

/// PostgreSQL cuts longer names off.
const LONGEST: usize = 63;

impl Schema {
    pub(crate) const USUAL: &str = "scim";

    /// A schema by its name, which is the host's.
    pub(crate) fn new(name: &str) -> Result<Self, OpenError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_name = name.len() <= LONGEST
            && name.bytes().all(is_plain)
            && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
            && !name.starts_with("pg_");
        if !is_name {
            let text = "a schema is named by letters a to z, digits and underlines, and starts neither with a digit nor with pg_";
            return Err(OpenError::Place(text.to_owned()));
        }
        Ok(Self::quoted(name))
    }

    /// The schema where nothing else is said.
    pub(crate) fn usual() -> Self {
        Self::quoted(Self::USUAL)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What stands before the names of tables.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    fn quoted(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            prefix: format!("\"{name}\"."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_plain_identifiers_are_refused() {
        assert_eq!(Schema::new("scim_2").unwrap().prefix(), "\"scim_2\".");
        assert!(Schema::new("_").is_ok());
        let long = "a".repeat(64);
        for name in [
            "",
            "2scim",
            "Scim",
            "a\"b",
            "a.b",
            "a b",
            "a;",
            "é",
            "pg_scim",
            long.as_str(),
        ] {
            assert!(Schema::new(name).is_err(), "{name}");
        }
    }
}
