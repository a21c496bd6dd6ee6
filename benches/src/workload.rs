//! What the cases run on: filters as they stand in the RFC and as identity providers send them, and users of about 1 KB.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Failure;

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The PATCH that identity providers send most.
pub(crate) const DEACTIVATE: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}"#;

/// A filter with its name.
#[derive(Debug, Deserialize)]
pub(crate) struct NamedFilter {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) group: String,
    pub(crate) text: String,
}

/// Filters to parse, in the groups `rfc`, `idp`, `big` and `nest`.
pub(crate) fn filters() -> Result<Vec<NamedFilter>, Failure> {
    Ok(serde_json::from_str(include_str!("../data/filters.json"))?)
}

/// Filters to evaluate over the users.
pub(crate) fn eval_filters() -> Result<Vec<NamedFilter>, Failure> {
    Ok(serde_json::from_str(include_str!("../data/eval_filters.json"))?)
}

const FAMILY: [&str; 10] = [
    "Jensen",
    "Smith",
    "Johnson",
    "Anderson",
    "Garcia",
    "O'Malley",
    "Nguyen",
    "Petersson",
    "Kim",
    "Okafor",
];
const GIVEN: [&str; 10] = [
    "Barbara", "John", "Maria", "Wei", "Aisha", "Lars", "Chidi", "Priya", "Tom", "Ines",
];

/// The user of this number as a client posts it, without `id` and `meta`; the same in every run.
pub(crate) fn user(number: usize) -> Value {
    let family = FAMILY.get(number % 10).copied().unwrap_or_default();
    let given = GIVEN.get(number / 10 % 10).copied().unwrap_or_default();
    let domain = if number.is_multiple_of(7) {
        "example.org"
    } else {
        "example.com"
    };
    let mut user = json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": format!("ext-{number:08}"),
        "userName": user_name(number),
        "name": { "formatted": format!("{given} {family}"), "familyName": family, "givenName": given },
        "displayName": format!("{given} {family} {number}"),
        "userType": if number.is_multiple_of(4) { "Contractor" } else { "Employee" },
        "preferredLanguage": "en-US",
        "locale": "en-US",
        "timezone": "America/Los_Angeles",
        "active": number % 10 != 3,
        "emails": [
            { "value": format!("user{number:06}@{domain}"), "type": "work", "primary": true },
            { "value": format!("u{number}@home.example.net"), "type": "home" },
        ],
        "phoneNumbers": [{ "value": format!("+1-555-{:04}", number % 10_000), "type": "work" }],
        ENTERPRISE: {
            "employeeNumber": (700_000 + number).to_string(),
            "costCenter": (4_000 + number % 40).to_string(),
            "department": format!("Dept {}", number % 25),
            "manager": { "value": id(number / 10) },
        },
    });
    if let (Some(user), false) = (user.as_object_mut(), number.is_multiple_of(5)) {
        let title = if number.is_multiple_of(2) {
            "Engineer"
        } else {
            "Tour Guide"
        };
        user.insert("title".to_owned(), title.into());
    }
    user
}

/// The user of this number as a service shows it, with `id` and `meta`.
pub(crate) fn shown_user(number: usize) -> Value {
    let mut shown = user(number);
    if let Some(user) = shown.as_object_mut() {
        let meta = json!({
            "resourceType": "User",
            "created": "2023-01-23T04:56:22Z",
            "lastModified": format!("2024-{:02}-13T04:42:34Z", 1 + number % 12),
            "location": format!("https://example.com/v2/Users/{}", id(number)),
            "version": format!("W/\"{number}\""),
        });
        user.insert("id".to_owned(), id(number).into());
        user.insert("meta".to_owned(), meta);
    }
    shown
}

pub(crate) fn user_name(number: usize) -> String {
    format!("user{number:06}@example.com")
}

pub(crate) fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}
