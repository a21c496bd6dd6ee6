use bytes::Bytes;
use serde_json::{Map, Value};

use crate::placeholder::{fill, fill_json};

/// What a line sends, as text or bytes, before its placeholders are filled.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A text: a filter, or a body as it stands.
    Text(String),
    /// JSON, in which `{"$gen": ..}` stands for a string.
    Json(Value),
    /// `{"$gen": ..}` or `{"$raw_gen": ..}` at the top: units and how often each is repeated.
    Repeated(Vec<(String, usize)>),
    /// `{"$hex": ..}`
    Bytes(Vec<u8>),
}

/// A corpus file must not exhaust the memory of the runner.
const MAX_GENERATED: usize = 64 << 20;

impl Input {
    /// Reads the input of a line. `text` tells whether a bare string is a text (a filter) or JSON (a body).
    pub(super) fn parse(value: &Value, text: bool) -> Result<Self, String> {
        if let (Value::String(plain), true) = (value, text) {
            return Ok(Self::Text(plain.clone()));
        }
        match single(value) {
            Some(("$raw", raw)) => raw
                .as_str()
                .map(|raw| Self::Text(raw.to_owned()))
                .ok_or_else(|| bad("$raw")),
            Some(("$hex", hex)) => hex
                .as_str()
                .and_then(decode_hex)
                .map(Self::Bytes)
                .ok_or_else(|| bad("$hex")),
            Some((name @ ("$gen" | "$raw_gen"), units)) => units_of(units).map(Self::Repeated).ok_or_else(|| bad(name)),
            _ => Ok(Self::Json(value.clone())),
        }
    }

    /// The text of a filter.
    pub(super) fn text<F>(&self, lookup: &F) -> Result<String, String>
    where
        F: Fn(&str) -> Result<Option<String>, String>,
    {
        match self {
            Self::Text(text) => fill(text, lookup),
            Self::Repeated(units) => fill(&repeat(units), lookup),
            Self::Bytes(bytes) => String::from_utf8(bytes.clone()).map_err(|_| "filter is not UTF-8".to_owned()),
            Self::Json(_) => Err("filter is no text".to_owned()),
        }
    }

    /// The bytes of a body.
    pub(super) fn bytes<F>(&self, lookup: &F) -> Result<Bytes, String>
    where
        F: Fn(&str) -> Result<Option<String>, String>,
    {
        match self {
            Self::Text(text) => Ok(fill(text, lookup)?.into()),
            Self::Repeated(units) => Ok(fill(&repeat(units), lookup)?.into()),
            Self::Bytes(bytes) => Ok(bytes.clone().into()),
            Self::Json(json) => Ok(fill_json(&expand(json)?, lookup)?.to_string().into()),
        }
    }
}

/// Replaces every `{"$gen": ..}` inside `json` by the string it makes.
fn expand(json: &Value) -> Result<Value, String> {
    // The depth is bounded by the JSON parser that read the corpus.
    if let Some((name @ ("$gen" | "$raw_gen"), units)) = single(json) {
        return units_of(units)
            .map(|units| Value::from(repeat(&units)))
            .ok_or_else(|| bad(name));
    }
    Ok(match json {
        Value::Array(items) => Value::Array(items.iter().map(expand).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let expanded = members.iter().map(|(key, value)| Ok((key.clone(), expand(value)?)));
            Value::Object(expanded.collect::<Result<Map<_, _>, String>>()?)
        }
        other => other.clone(),
    })
}

fn single(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.iter().next().map(|(name, value)| (name.as_str(), value))
}

/// `None` also for units that would make more than [`MAX_GENERATED`] bytes.
fn units_of(value: &Value) -> Option<Vec<(String, usize)>> {
    let mut total = 0_usize;
    let units = value.as_array()?.iter().map(|pair| {
        let [unit, times] = pair.as_array()?.as_slice() else {
            return None;
        };
        let (unit, times) = (unit.as_str()?, usize::try_from(times.as_u64()?).ok()?);
        total = unit
            .len()
            .checked_mul(times)
            .and_then(|length| total.checked_add(length))?;
        (total <= MAX_GENERATED).then(|| (unit.to_owned(), times))
    });
    units.collect()
}

fn repeat(units: &[(String, usize)]) -> String {
    units.iter().map(|(unit, times)| unit.repeat(*times)).collect()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn bad(name: &str) -> String {
    format!("{name} is malformed or too large")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lookup(name: &str) -> Result<Option<String>, String> {
        Ok((name == "id").then(|| "42".to_owned()))
    }

    fn bytes(value: Value) -> Vec<u8> {
        Input::parse(&value, false).unwrap().bytes(&lookup).unwrap().to_vec()
    }

    #[test]
    fn generators_repeat_their_units() {
        let input = Input::parse(&json!({"$gen": [["(", 3], ["a pr", 1], [")", 0]]}), true).unwrap();
        assert_eq!(input.text(&lookup).unwrap(), "(((a pr");
        assert_eq!(bytes(json!({"$raw_gen": [["[", 2], ["]", 2]]})), b"[[]]");
        assert_eq!(
            bytes(json!({"a": [{"path": {"$gen": [["x", 3]]}}]})),
            br#"{"a":[{"path":"xxx"}]}"#
        );
    }

    #[test]
    fn raw_text_and_bytes_are_sent_as_they_are() {
        assert_eq!(bytes(json!({"$raw": "{\"a\":"})), b"{\"a\":");
        assert_eq!(bytes(json!({"$hex": "fffe7B"})), [0xff, 0xfe, 0x7b]);
        assert_eq!(bytes(json!("text")), b"\"text\"", "a bare string is a JSON body");
    }

    #[test]
    fn placeholders_are_filled_everywhere() {
        assert_eq!(bytes(json!({"id": "{{id}}"})), br#"{"id":"42"}"#);
        assert_eq!(bytes(json!({"$raw": "x{{id}}"})), b"x42");
        let filter = Input::parse(&json!("id eq \"{{id}}\""), true).unwrap();
        assert_eq!(filter.text(&lookup).unwrap(), "id eq \"42\"");
    }

    #[test]
    fn malformed_generators_are_refused() {
        for value in [
            json!({"$gen": "x"}),
            json!({"$gen": [["x", -1]]}),
            json!({"$hex": "abc"}),
            json!({"$raw": 1}),
        ] {
            assert!(Input::parse(&value, true).is_err(), "{value}");
        }
        assert!(Input::parse(&json!({"$gen": [["0123456789", 100_000_000]]}), true).is_err());
    }
}
