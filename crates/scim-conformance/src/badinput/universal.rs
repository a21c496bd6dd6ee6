use std::time::Duration;

use serde_json::Value;

use super::fixture::{Fixture, FixtureTenant};
use super::reply::{Reply, strings};
use crate::outgoing::shorten;

/// What an answer must never have, whatever the line.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Tokens and passwords.
    secrets: Vec<String>,
    /// Values that only other tenants have.
    foreign: Vec<String>,
    /// Statuses of 500 and more that the line lists.
    pub(super) allowed: Vec<u16>,
    /// How long the answer may take.
    pub(super) limit: Duration,
}

/// A shorter text may occur by chance.
const MIN_FOREIGN: usize = 6;
const MIN_SECRET: usize = 4;
const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

impl Rules {
    /// The rules for requests of `tenant` that say `said` and have the body `body`. `value` gives the value of a
    /// placeholder of the fixture.
    pub(super) fn new(
        fixture: &Fixture,
        tenant: &FixtureTenant,
        said: &str,
        body: &[u8],
        value: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut secrets = Vec::new();
        for tenant in &fixture.tenants {
            secrets.extend(tenant.tokens.iter().filter_map(|token| value(token)));
            secrets.extend(
                tenant
                    .users
                    .iter()
                    .filter_map(|user| user.attributes.get("password")?.as_str().map(str::to_owned)),
            );
        }
        if let Ok(body) = serde_json::from_slice(body) {
            passwords(&body, false, &mut secrets);
        }
        secrets.retain(|secret| secret.len() >= MIN_SECRET);
        let own = own_texts(tenant, &value);
        let others = fixture.tenants.iter().filter(|other| other.name != tenant.name);
        let mut foreign: Vec<String> = others.flat_map(|other| own_texts(other, &value)).collect();
        // What the request says itself tells the caller nothing.
        foreign.retain(|text| {
            text.len() >= MIN_FOREIGN && !said.contains(text) && !own.iter().any(|own| own.contains(text))
        });
        Self {
            secrets,
            foreign,
            allowed: Vec::new(),
            limit: Duration::MAX,
        }
    }

    /// Which of the rules U2, U3, U4, U6 and U7 the answer to a request with `method` breaks.
    pub(super) fn judge(&self, reply: &Reply, method: &str, elapsed: Duration) -> Vec<String> {
        let mut problems = Vec::new();
        if reply.status >= 500 && !(reply.status == 501 && self.allowed.contains(&501)) {
            problems.push(format!("U2: status {}", reply.status));
        }
        if elapsed > self.limit {
            problems.push(format!(
                "U3: took {} ms, the limit is {} ms",
                elapsed.as_millis(),
                self.limit.as_millis()
            ));
        }
        if reply.status >= 400 && method != "HEAD" {
            problems.extend(judge_error(reply).map(|problem| format!("U4: {problem}")));
        }
        problems.extend(self.secrets_in(&reply.haystack, "the response"));
        for text in self
            .foreign
            .iter()
            .filter(|text| reply.haystack.contains(text.as_str()))
        {
            problems.push(format!("U7: {text:?} of another tenant occurs in the response"));
        }
        problems
    }

    /// Breaches of rule U6 in `text`. The secret itself is not repeated.
    pub(super) fn secrets_in(&self, text: &str, place: &str) -> Option<String> {
        let found = self.secrets.iter().any(|secret| text.contains(secret.as_str()));
        found.then(|| format!("U6: a token or password occurs in {place}"))
    }
}

/// Why `reply` is not the SCIM Error message of RFC 7644 section 3.12.
fn judge_error(reply: &Reply) -> Option<String> {
    if reply.status == 412 && reply.text.is_empty() {
        return None;
    }
    if reply.media_type() != "application/scim+json" {
        return Some(format!("content type of an error is {:?}", reply.media_type()));
    }
    let Some(json) = &reply.json else {
        return Some("error body is not JSON".to_owned());
    };
    let schemas = json.get("schemas").and_then(Value::as_array);
    if !schemas.is_some_and(|schemas| schemas.iter().any(|schema| schema == ERROR_SCHEMA)) {
        return Some("error body lacks the Error schema".to_owned());
    }
    let status = json.get("status");
    (status != Some(&Value::from(reply.status.to_string()))).then(|| {
        let shown = status.map_or_else(|| "missing".to_owned(), |status| shorten(&status.to_string(), 40));
        format!(
            "status in the error body is {shown}, not {:?}",
            reply.status.to_string()
        )
    })
}

/// Every string below a member named `password`.
fn passwords(json: &Value, inside: bool, found: &mut Vec<String>) {
    // The depth is bounded by the JSON parser.
    match json {
        Value::String(text) if inside => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| passwords(item, inside, found)),
        Value::Object(members) => {
            let named = |name: &str| {
                members
                    .get(name)
                    .and_then(Value::as_str)
                    .is_some_and(|text| text.ends_with("password"))
            };
            // `{"op": "replace", "path": "password", "value": ..}`
            let patches = named("path");
            for (key, value) in members {
                let secret = key.eq_ignore_ascii_case("password") || (patches && key == "value");
                passwords(value, inside || secret, found);
            }
        }
        _ => {}
    }
}

/// Ids and attribute values of a tenant.
fn own_texts(tenant: &FixtureTenant, value: &impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut texts = Vec::new();
    for user in &tenant.users {
        texts.extend(value(&user.key));
        user.attributes
            .values()
            .for_each(|attribute| leaves(attribute, &mut texts));
    }
    for group in &tenant.groups {
        texts.extend(value(&group.key));
        texts.push(group.display_name.clone());
    }
    texts
}

fn leaves(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => members.values().for_each(|value| leaves(value, found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        other => strings(other, &mut |text| found.push(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::badinput::reply::tests::reply;

    const ERROR: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#;

    fn rules(said: &str, body: &str) -> Rules {
        let text = std::fs::read_to_string(crate::bundled_badinput().join("fixture.json")).unwrap();
        let fixture = Fixture::parse(&text).unwrap();
        let value = |name: &str| Some(format!("value-of-{name}"));
        Rules::new(&fixture, &fixture.tenants[0], said, body.as_bytes(), value)
    }

    fn problems(rules: &Rules, status: u16, media_type: &str, body: &str) -> Vec<String> {
        rules.judge(&reply(status, media_type, body), "GET", Duration::from_millis(1))
    }

    #[test]
    fn server_errors_break_u2_unless_listed() {
        let mut rules = rules("", "");
        let body = ERROR.replace("404", "501");
        assert_eq!(
            problems(&rules, 501, "application/scim+json", &body),
            ["U2: status 501"]
        );
        rules.allowed = vec![501, 500];
        assert!(problems(&rules, 501, "application/scim+json", &body).is_empty());
        assert_eq!(
            problems(&rules, 500, "application/scim+json", &ERROR.replace("404", "500")),
            ["U2: status 500"]
        );
    }

    #[test]
    fn a_slow_answer_breaks_u3() {
        let mut rules = rules("", "");
        rules.limit = Duration::ZERO;
        assert_eq!(
            problems(&rules, 200, "application/scim+json", "{}"),
            ["U3: took 1 ms, the limit is 0 ms"]
        );
    }

    #[test]
    fn an_error_carries_the_error_message() {
        let rules = rules("", "");
        assert!(problems(&rules, 404, "application/scim+json;charset=utf-8", ERROR).is_empty());
        for (media_type, body) in [
            ("text/html", ERROR),
            ("application/scim+json", "not found"),
            ("application/scim+json", "{}"),
            ("application/scim+json", &ERROR.replace("\"404\"", "404")),
            ("application/scim+json", &ERROR.replace("404", "400")),
        ] {
            let problems = problems(&rules, 404, media_type, body);
            assert!(
                problems.iter().all(|problem| problem.starts_with("U4")) && problems.len() == 1,
                "{problems:?}"
            );
        }
    }

    #[test]
    fn secrets_and_foreign_values_are_found_and_secrets_not_repeated() {
        let rules = rules(
            "say b-only",
            r#"{"a":{"PassWord":{"x":["hunter3"]}},"o":[{"path":"password","value":"swordfish"}]}"#,
        );
        for secret in [
            "value-of-tokA_expired",
            "value-of-tokB",
            "fixture-only-Pa55phrase",
            "hunter3",
            "swordfish",
        ] {
            let problems = problems(
                &rules,
                200,
                "application/scim+json",
                &format!(r#"{{"detail":"<{secret}>"}}"#),
            );
            assert_eq!(problems, ["U6: a token or password occurs in the response"], "{secret}");
        }
        for foreign in ["b-only-user", "Secret", "value-of-b_bjensen"] {
            let problems = problems(&rules, 200, "application/scim+json", &format!(r#"{{"x":"{foreign}"}}"#));
            assert!(problems.len() == 1 && problems[0].starts_with("U7"), "{problems:?}");
        }
        assert!(problems(&rules, 200, "application/scim+json", r#"{"x":"bjensen said b-only"}"#).is_empty());
    }
}
