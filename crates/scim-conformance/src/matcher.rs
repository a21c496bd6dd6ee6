use serde_json::Value;

use crate::outgoing::shorten;

/// Looks up a JSON pointer. Unlike RFC 6901 a missing leading slash is forgiven.
pub(crate) fn pointer<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    if pointer.is_empty() {
        return Some(document);
    }
    pointer
        .trim_start_matches('/')
        .split('/')
        .try_fold(document, |value, token| match value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            Value::Object(members) => members.get(&token.replace("~1", "/").replace("~0", "~")),
            _ => None,
        })
}

/// Whether `got` satisfies the matcher `want`; `None` stands for a value that is not there.
///
/// Errors: a short reason.
pub(crate) fn check(want: &Value, got: Option<&Value>) -> Result<(), String> {
    let present = got.filter(|value| !value.is_null());
    let (holds, expected) = match want.as_str() {
        Some("present") => (present.is_some(), "present".to_owned()),
        Some("absent") => (
            present.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty)),
            "absent".to_owned(),
        ),
        _ => match operator(want) {
            Some((name, argument)) => (apply(name, argument, got)?, format!("{name} {}", show(Some(argument)))),
            None => (got.is_some_and(|value| equal(want, value)), show(Some(want))),
        },
    };
    if holds {
        Ok(())
    } else {
        Err(format!("expected {expected}, got {}", show(got)))
    }
}

/// Whether `got` has at least what `want` has: members of objects may be more, arrays are compared element by element.
pub(crate) fn subset(want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => want
            .iter()
            .all(|(key, value)| got.get(key).is_some_and(|found| subset(value, found))),
        (Value::Array(want), Value::Array(got)) => {
            want.len() == got.len() && want.iter().zip(got).all(|(want, got)| subset(want, got))
        }
        _ => want == got,
    }
}

fn operator(want: &Value) -> Option<(&str, &Value)> {
    let members = want.as_object().filter(|members| members.len() == 1)?;
    members
        .iter()
        .next()
        .filter(|(name, _)| name.starts_with('$'))
        .map(|(name, argument)| (name.as_str(), argument))
}

fn apply(name: &str, argument: &Value, got: Option<&Value>) -> Result<bool, String> {
    let present = got.filter(|value| !value.is_null());
    let has_like = || {
        got.and_then(Value::as_array)
            .is_some_and(|items| items.iter().any(|item| subset(argument, item)))
    };
    let lower = || {
        (
            argument.as_str().map(str::to_lowercase),
            got.and_then(Value::as_str).map(str::to_lowercase),
        )
    };
    Ok(match name {
        "$len" => match present {
            None => argument.as_u64() == Some(0),
            Some(value) => value
                .as_array()
                .is_some_and(|items| argument.as_u64() == Some(items.len() as u64)),
        },
        "$contains" => has_like(),
        "$lacks" => !has_like(),
        "$in" => got.is_some_and(|got| {
            argument
                .as_array()
                .is_some_and(|any| any.iter().any(|one| subset(one, got)))
        }),
        "$ci" => matches!(lower(), (Some(want), Some(got)) if want == got),
        "$prefix" => matches!(lower(), (Some(want), Some(got)) if got.starts_with(&want)),
        "$type" => match argument.as_str() {
            Some("number") => got.is_some_and(Value::is_number),
            Some("string") => got.is_some_and(Value::is_string),
            Some("boolean") => got.is_some_and(Value::is_boolean),
            Some("array") => got.is_some_and(Value::is_array),
            Some("object") => got.is_some_and(Value::is_object),
            _ => return Err(format!("unknown type {argument}")),
        },
        "$empty" => is_empty(present) == (argument != &Value::Bool(false)),
        "$not" => got.is_none_or(|got| !equal(argument, got)),
        _ => return Err(format!("unknown matcher {name}")),
    })
}

fn is_empty(present: Option<&Value>) -> bool {
    match present {
        None => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        Some(_) => false,
    }
}

/// Deep equality in which `1` equals `1.0`.
fn equal(want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::Number(want), Value::Number(got)) => want == got || want.as_f64() == got.as_f64(),
        (Value::Array(want), Value::Array(got)) => {
            want.len() == got.len() && want.iter().zip(got).all(|(want, got)| equal(want, got))
        }
        (Value::Object(want), Value::Object(got)) => {
            want.len() == got.len()
                && want
                    .iter()
                    .all(|(key, value)| got.get(key).is_some_and(|got| equal(value, got)))
        }
        _ => want == got,
    }
}

fn show(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| shorten(&value.to_string(), 160))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(want: Value, got: Value) -> bool {
        check(&want, Some(&got)).is_ok()
    }

    fn holds_missing(want: Value) -> bool {
        check(&want, None).is_ok()
    }

    #[test]
    fn presence() {
        assert!(holds(json!("present"), json!(false)) && holds(json!("present"), json!([])));
        assert!(!holds(json!("present"), json!(null)) && !holds_missing(json!("present")));
        assert!(holds(json!("absent"), json!(null)) && holds(json!("absent"), json!([])));
        assert!(holds_missing(json!("absent")));
        assert!(!holds(json!("absent"), json!("")) && !holds(json!("absent"), json!({})));
    }

    #[test]
    fn equality_is_by_type_and_value() {
        assert!(holds(json!(1), json!(1.0)) && holds(json!([{"a": 1}]), json!([{"a": 1.0}])));
        assert!(!holds(json!(1), json!(true)) && !holds(json!("1"), json!(1)) && !holds(json!(0), json!(null)));
        assert!(!holds(json!({"a": 1}), json!({"a": 1, "b": 2})));
        assert!(!holds_missing(json!(null)));
        assert!(
            holds(json!({"a": 1, "$len": 1}), json!({"a": 1, "$len": 1})),
            "an operator stands alone"
        );
    }

    #[test]
    fn lengths() {
        assert!(holds(json!({"$len": 2}), json!([1, 2])) && holds_missing(json!({"$len": 0})));
        assert!(holds(json!({"$len": 0}), json!(null)));
        assert!(!holds(json!({"$len": 0}), json!("")) && !holds_missing(json!({"$len": 1})));
    }

    #[test]
    fn elements() {
        let emails = json!([{"type": "home", "value": "a"}, {"type": "work", "value": "b"}]);
        assert!(holds(json!({"$contains": {"type": "work"}}), emails.clone()));
        assert!(!holds(
            json!({"$contains": {"type": "work", "value": "a"}}),
            emails.clone()
        ));
        assert!(holds(json!({"$lacks": {"value": "c"}}), emails.clone()));
        assert!(!holds(json!({"$lacks": {"value": "a"}}), emails));
        assert!(holds_missing(json!({"$lacks": 1})) && !holds_missing(json!({"$contains": 1})));
        assert!(
            !holds(json!({"$contains": 1}), json!([1.0])),
            "a subset keeps the number type"
        );
        assert!(!holds(json!({"$contains": [1]}), json!([[1, 2]])));
    }

    #[test]
    fn choices_and_text() {
        assert!(holds(json!({"$in": [1, "a"]}), json!("a")) && !holds(json!({"$in": [1, "a"]}), json!("A")));
        assert!(!holds_missing(json!({"$in": [null]})));
        assert!(holds(json!({"$ci": "Work"}), json!("wORK")) && !holds(json!({"$ci": "Work"}), json!(1)));
        assert!(holds(json!({"$prefix": "HTTPS://"}), json!("https://x")));
        assert!(!holds(json!({"$prefix": "https://"}), json!("http://x")) && !holds_missing(json!({"$prefix": ""})));
        assert!(holds(json!({"$type": "number"}), json!(1.5)) && !holds(json!({"$type": "number"}), json!(true)));
        assert!(holds(json!({"$type": "object"}), json!({})) && !holds_missing(json!({"$type": "string"})));
    }

    #[test]
    fn emptiness_and_negation() {
        for empty in [json!(null), json!(""), json!([]), json!({})] {
            assert!(holds(json!({"$empty": true}), empty.clone()));
            assert!(!holds(json!({"$empty": false}), empty));
        }
        assert!(holds_missing(json!({"$empty": true})) && !holds(json!({"$empty": true}), json!(false)));
        assert!(holds(json!({"$not": 1}), json!(2)) && holds_missing(json!({"$not": 1})));
        assert!(!holds(json!({"$not": 1}), json!(1)));
    }

    #[test]
    fn an_unknown_matcher_does_not_pass() {
        assert!(
            check(&json!({"$typo": 1}), Some(&json!(1)))
                .unwrap_err()
                .contains("unknown matcher")
        );
        assert!(!holds(json!({"$type": "int"}), json!(1)));
    }

    #[test]
    fn pointers() {
        let document = json!({"a": [{"urn:x": {"b/c": 1}}]});
        assert_eq!(pointer(&document, "/a/0/urn:x/b~1c"), Some(&json!(1)));
        assert_eq!(pointer(&document, ""), Some(&document));
        assert_eq!(pointer(&document, "/a/1"), None);
        assert_eq!(pointer(&document, "/a/x"), None);
    }
}
