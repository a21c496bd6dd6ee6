//! Each evaluated filter written out as code that looks at a tree; ASCII folds, times in the form `..Z` compare as text.

use serde_json::{Map, Value};

/// `userName eq "user005000@example.com"`
pub(crate) fn eq_user(user: &Map<String, Value>) -> bool {
    text(user.get("userName")).is_some_and(|name| name.eq_ignore_ascii_case("user005000@example.com"))
}

/// `title pr and userType eq "Employee"`
pub(crate) fn and_pr(user: &Map<String, Value>) -> bool {
    text(user.get("title")).is_some_and(|title| !title.is_empty())
        && text(user.get("userType")).is_some_and(|kind| kind.eq_ignore_ascii_case("employee"))
}

/// `name.familyName co "son" and active eq true`
pub(crate) fn co_sub(user: &Map<String, Value>) -> bool {
    text(user.get("name").and_then(|name| name.get("familyName"))).is_some_and(|name| contains(name, b"son"))
        && user.get("active") == Some(&Value::Bool(true))
}

/// `emails[type eq "work" and value co "@example.org"]`
pub(crate) fn value_path(user: &Map<String, Value>) -> bool {
    let Some(Value::Array(emails)) = user.get("emails") else {
        return false;
    };
    emails.iter().any(|email| {
        text(email.get("type")).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
            && text(email.get("value")).is_some_and(|value| contains(value, b"@example.org"))
    })
}

/// `meta.lastModified gt "2024-06-01T00:00:00Z"`
pub(crate) fn date_gt(user: &Map<String, Value>) -> bool {
    let modified = text(user.get("meta").and_then(|meta| meta.get("lastModified")));
    // Another form would have to be read as a time; the data has none.
    modified
        .is_some_and(|modified| modified.len() == 20 && modified.ends_with('Z') && modified > "2024-06-01T00:00:00Z")
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn contains(text: &str, part: &[u8]) -> bool {
    text.as_bytes()
        .windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}
