//! The parameters of a search, from a URL or from a `SearchRequest` (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865 section 2).

use scim_core::{Dialect, InputError, ScimType, resource::Projection};
use serde_json::Value;

use crate::route::percent_decode;

/// The parameters as they were sent, their types checked.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pub(crate) attributes: Option<Vec<String>>,
    pub(crate) count: Option<i64>,
    pub(crate) cursor: Option<String>,
    pub(crate) excluded_attributes: Option<Vec<String>>,
    pub(crate) filter: Option<String>,
    pub(crate) sort_by: Option<String>,
    pub(crate) descending: bool,
    pub(crate) start_index: Option<i64>,
    /// Whether they came in a URL.
    pub(crate) in_url: bool,
}

impl Params {
    /// Reads the query of a URL. Parameters that are not known are ignored (RFC 7644 section 3.4.2).
    pub(crate) fn from_query(query: Option<&str>) -> Result<Self, InputError> {
        let mut params = Self {
            in_url: true,
            ..Self::default()
        };
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = percent_decode(name, true) else {
                continue;
            };
            let is_known = matches!(
                name.as_ref(),
                "attributes"
                    | "count"
                    | "cursor"
                    | "excludedAttributes"
                    | "filter"
                    | "sortBy"
                    | "sortOrder"
                    | "startIndex"
            );
            if !is_known {
                continue;
            }
            let value = percent_decode(value, true)
                .ok_or_else(|| InputError::value(format!("`{name}` is not percent-encoded UTF-8")))?;
            match name.as_ref() {
                "attributes" => once(&mut params.attributes, &name, list(&value))?,
                "excludedAttributes" => once(&mut params.excluded_attributes, &name, list(&value))?,
                "count" => once(&mut params.count, &name, integer(&name, &value)?)?,
                "startIndex" => once(&mut params.start_index, &name, integer(&name, &value)?)?,
                "cursor" => once(&mut params.cursor, &name, value.into_owned())?,
                "filter" => once(&mut params.filter, &name, value.into_owned())?,
                "sortBy" => once(&mut params.sort_by, &name, value.into_owned())?,
                _ => params.descending = is_descending(&value)?,
            }
        }
        Ok(params)
    }

    /// Reads a `SearchRequest`.
    pub(crate) fn from_body(body: Value, dialect: &Dialect) -> Result<Self, InputError> {
        let Value::Object(body) = body else {
            return Err(InputError::syntax("the body must be a JSON object"));
        };
        scim_core::patch::check_message_schema(body.get("schemas"), scim_core::urn::SEARCH_REQUEST, dialect)?;
        let mut params = Self::default();
        for (name, value) in body {
            if value.is_null() {
                continue;
            }
            let text = |value: Value| match value {
                Value::String(text) => Ok(text),
                _ => Err(InputError::value(format!("`{}` must be text", known(&name)))),
            };
            match known(&name) {
                "attributes" => once(&mut params.attributes, &name, names(known(&name), value)?)?,
                "excludedAttributes" => once(&mut params.excluded_attributes, &name, names(known(&name), value)?)?,
                "count" => once(&mut params.count, &name, number(known(&name), &value)?)?,
                "startIndex" => once(&mut params.start_index, &name, number(known(&name), &value)?)?,
                "cursor" => once(&mut params.cursor, &name, text(value)?)?,
                "filter" => once(&mut params.filter, &name, text(value)?)?,
                "sortBy" => once(&mut params.sort_by, &name, text(value)?)?,
                "sortOrder" => params.descending = is_descending(&text(value)?)?,
                _ => {}
            }
        }
        Ok(params)
    }

    /// Which attributes are wanted.
    pub(crate) fn projection(&self) -> Result<Projection, InputError> {
        let only = self.attributes.as_ref().map(|names| names.iter().map(String::as_str));
        let except = self
            .excluded_attributes
            .as_ref()
            .map(|names| names.iter().map(String::as_str));
        Projection::parse(only, except)
    }
}

/// The canonical spelling of a member of a `SearchRequest`; JSON names of SCIM have no case.
fn known(name: &str) -> &'static str {
    const NAMES: [&str; 8] = [
        "attributes",
        "count",
        "cursor",
        "excludedAttributes",
        "filter",
        "sortBy",
        "sortOrder",
        "startIndex",
    ];
    NAMES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .unwrap_or("")
}

/// A parameter that comes twice means one thing to one reader and another to the next: refused.
fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), InputError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) if name.eq_ignore_ascii_case("filter") => Err(InputError::filter("`filter` is given twice")),
        Some(_) => Err(InputError::value("a parameter is given twice")),
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

/// Names in a list, or (as some clients send it) in one text with commas.
fn names(name: &str, value: Value) -> Result<Vec<String>, InputError> {
    let refuse = || InputError::value(format!("`{name}` must be a list of attribute names"));
    match value {
        Value::String(text) => Ok(list(&text)),
        Value::Array(values) => values
            .into_iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or_else(refuse))
            .collect(),
        _ => Err(refuse()),
    }
}

/// A whole number; beyond 64 bits it means as much as the greatest.
fn integer(name: &str, text: &str) -> Result<i64, InputError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InputError::value(format!("`{name}` must be a whole number")));
    }
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Ok(text.parse().unwrap_or(limit))
}

fn number(name: &str, value: &Value) -> Result<i64, InputError> {
    match value {
        Value::Number(number) if !number.is_f64() => Ok(number.as_i64().unwrap_or(i64::MAX)),
        _ => Err(InputError::value(format!("`{name}` must be a whole number"))),
    }
}

fn is_descending(text: &str) -> Result<bool, InputError> {
    if text.is_empty() || text.eq_ignore_ascii_case("ascending") {
        Ok(false)
    } else if text.eq_ignore_ascii_case("descending") {
        Ok(true)
    } else {
        Err(InputError::new(
            ScimType::InvalidValue,
            "`sortOrder` must be ascending or descending",
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blanks_come_as_plus_or_percent_and_unknown_parameters_are_ignored() {
        let params =
            Params::from_query(Some("filter=userName+eq%20%22a%2Bb%22&count=10&&x=%ff&startIndex=-3")).unwrap();
        assert_eq!(params.filter.as_deref(), Some("userName eq \"a+b\""));
        assert_eq!((params.count, params.start_index), (Some(10), Some(-3)));
    }

    #[test]
    fn doubled_or_malformed_parameters_are_refused() {
        for query in [
            "filter=a&filter=b",
            "count=1&count=1",
            "count=1e3",
            "startIndex=abc",
            "filter=%ff",
            "sortOrder=up",
        ] {
            assert!(Params::from_query(Some(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn huge_numbers_are_as_good_as_the_greatest() {
        assert_eq!(
            Params::from_query(Some("count=99999999999999999999")).unwrap().count,
            Some(i64::MAX)
        );
    }

    #[test]
    fn a_body_has_the_same_parameters() {
        let body = json!({"schemas": [scim_core::urn::SEARCH_REQUEST], "attributes": ["a"], "count": -7, "cursor": ""});
        let params = Params::from_body(body, &Dialect::rfc()).unwrap();
        assert_eq!(
            (params.attributes, params.count),
            (Some(vec!["a".to_owned()]), Some(-7))
        );
        assert_eq!(params.cursor.as_deref(), Some(""));
        assert!(Params::from_body(json!({"filter": "a pr"}), &Dialect::rfc()).is_err());
        assert!(Params::from_body(json!({"filter": 5}), &Dialect::default()).is_err());
    }
}
