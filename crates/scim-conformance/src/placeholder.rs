use serde_json::Value;

/// Replaces each `{{name}}` of `text`. `value` gives the text for a name (without surrounding blanks), or `Ok(None)`
/// to leave the placeholder as it stands.
pub(crate) fn fill<E>(text: &str, value: &dyn Fn(&str) -> Result<Option<String>, E>) -> Result<String, E> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        // Of three or more braces the last two open the placeholder.
        let opened = after.trim_start_matches('{');
        out.extend(std::iter::repeat_n('{', after.len() - opened.len()));
        rest = opened;
        match split_name(opened) {
            Some((name, tail)) => {
                rest = tail;
                match value(name.trim())? {
                    Some(filled) => out.push_str(&filled),
                    None => out.extend(["{{", name, "}}"]),
                }
            }
            None => out.push_str("{{"),
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// [`fill`] in every string and every key of `value`.
pub(crate) fn fill_json<E>(json: &Value, value: &dyn Fn(&str) -> Result<Option<String>, E>) -> Result<Value, E> {
    // The depth is bounded by the JSON parser that made `json`.
    Ok(match json {
        Value::String(text) => Value::String(fill(text, value)?),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| fill_json(item, value))
                .collect::<Result<_, E>>()?,
        ),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, item)| Ok((fill(key, value)?, fill_json(item, value)?)))
                .collect::<Result<_, E>>()?,
        ),
        other => other.clone(),
    })
}

/// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Splits `name}}tail`, where the name is not empty and has no brace.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let (name, tail) = text.split_at_checked(text.find(['{', '}'])?)?;
    let tail = tail.strip_prefix("}}")?;
    (!name.is_empty()).then_some((name, tail))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::*;

    fn upper(text: &str) -> String {
        fill(text, &|name| {
            Ok::<_, Infallible>((name != "keep").then(|| name.to_uppercase()))
        })
        .unwrap()
    }

    #[test]
    fn names_are_replaced_and_other_braces_kept() {
        assert_eq!(upper("/Users/{{ a.id }}/{{b}}"), "/Users/A.ID/B");
        assert_eq!(upper("{{{a}}}"), "{A}");
        assert_eq!(upper("{{a {{b}} {{}} {{c"), "{{a B {{}} {{c");
        assert_eq!(upper("{{keep}} {\"x\":{\"y\":{}}}"), "{{keep}} {\"x\":{\"y\":{}}}");
    }

    #[test]
    fn json_is_filled_in_strings_and_keys() {
        let filled = fill_json(&json!({"{{a}}": ["{{b}}", 1]}), &|name| {
            Ok::<_, Infallible>(Some(name.to_uppercase()))
        });
        assert_eq!(filled.unwrap(), json!({"A": ["B", 1]}));
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(percent_encode("a-Z_0.~ \"é%+"), "a-Z_0.~%20%22%C3%A9%25%2B");
    }
}
