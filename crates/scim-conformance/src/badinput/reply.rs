use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Response, header};
use serde_json::Value;

/// Shorter ids are counters, which agree between fresh systems and occur in other text.
const MIN_ID: usize = 8;

/// An answer, in the forms in which it is judged.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) json: Option<Value>,
    /// Headers, body, and the decoded strings of a JSON body: where forbidden text is looked for.
    pub(super) haystack: String,
}

impl Reply {
    pub(super) fn new(response: &Response<Bytes>) -> Self {
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let text = String::from_utf8_lossy(response.body()).into_owned();
        let json = serde_json::from_slice(response.body()).ok();
        let mut haystack = String::new();
        for (name, value) in &headers {
            haystack.extend([name, ": ", value, "\n"]);
        }
        haystack.push_str(&text);
        if let Some(json) = &json {
            strings(json, &mut |string| haystack.extend(["\n", string]));
        }
        Self {
            status: response.status().as_u16(),
            headers,
            text,
            json,
            haystack,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The media type without parameters, in lower case.
    pub(super) fn media_type(&self) -> String {
        let value = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.json.as_ref()?.get(key)
    }

    pub(super) fn scim_type(&self) -> Option<&str> {
        self.get("scimType").and_then(Value::as_str)
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.get("totalResults").and_then(Value::as_u64)
    }

    /// A missing `Resources` is an empty one (RFC 7644 section 3.4.2).
    pub(super) fn resources(&self) -> &[Value] {
        self.get("Resources")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// The value of `key` of each of the Resources, sorted.
    pub(super) fn column(&self, key: &str) -> Vec<String> {
        let mut values: Vec<String> = self
            .resources()
            .iter()
            .map(|resource| resource.get(key).and_then(Value::as_str).unwrap_or_default().to_owned())
            .collect();
        values.sort();
        values
    }

    /// The results of a bulk response, with their statuses.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&Value, String)> {
        let operations = self.get("Operations").and_then(Value::as_array).into_iter().flatten();
        operations.map(|operation| (operation, operation_status(operation)))
    }

    /// Whether the answer is a bulk response in which no operation succeeded.
    pub(super) fn is_failed_bulk(&self) -> bool {
        self.get("Operations").is_some_and(Value::is_array)
            && self.operations().all(|(_, status)| !status.starts_with('2'))
    }

    /// The answer without what may differ between two fresh systems: `known` ids, ids of new resources, times,
    /// versions and cursors. Resources are sorted, as no order is promised without `sortBy`.
    pub(super) fn normalized(&self, known: &BTreeMap<String, String>) -> String {
        let mut names: Vec<(String, String)> = known
            .iter()
            .map(|(name, id)| (id.clone(), format!("<{name}>")))
            .collect();
        let mut body = match &self.json {
            None => self.text.clone(),
            Some(json) => {
                let mut json = json.clone();
                let new: BTreeSet<String> = self
                    .new_ids()
                    .filter(|id| !known.values().any(|value| value == id))
                    .collect();
                names.extend(new.into_iter().map(|id| (id, "<new>".to_owned())));
                blank(&mut json);
                if let Some(Value::Array(resources)) = json.get_mut("Resources") {
                    resources.sort_by_cached_key(Value::to_string);
                }
                json.to_string()
            }
        };
        // Longer ids first: one may be a part of another.
        names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        for (id, name) in names.iter().filter(|(id, _)| id.len() >= MIN_ID) {
            body = body.replace(id, name);
        }
        body
    }

    fn new_ids(&self) -> impl Iterator<Item = String> {
        let of = |value: &Value| {
            let id = value.get("id").and_then(Value::as_str);
            let location = value
                .get("location")
                .and_then(Value::as_str)
                .and_then(|url| url.rsplit('/').next());
            id.or(location).map(str::to_owned)
        };
        let top = self.json.as_ref().and_then(of);
        top.into_iter()
            .chain(self.resources().iter().filter_map(of))
            .chain(self.operations().filter_map(move |(o, _)| of(o)))
    }
}

/// Calls `visit` with every key and every string of `json`.
pub(super) fn strings(json: &Value, visit: &mut impl FnMut(&str)) {
    // The depth is bounded by the JSON parser.
    match json {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, visit)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            visit(key);
            strings(value, visit);
        }),
        _ => {}
    }
}

/// The status as text. RFC 7644 section 3.7.3 has a string; any other form is shown as JSON, which equals no status.
fn operation_status(operation: &Value) -> String {
    match operation.get("status") {
        Some(Value::String(status)) => status.clone(),
        Some(other) => format!("JSON {other}"),
        None => "missing".to_owned(),
    }
}

/// Blanks the values that two fresh systems need not share.
fn blank(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                let volatile = ["created", "lastModified", "version", "nextCursor", "previousCursor"];
                if volatile.contains(&key.as_str()) && value.is_string() {
                    *value = Value::from("<volatile>");
                } else {
                    blank(value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::badinput) fn reply(status: u16, media_type: &str, body: &str) -> Reply {
        let mut response = Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() = status.try_into().unwrap();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type.parse().unwrap());
        Reply::new(&response)
    }

    #[test]
    fn decoded_strings_are_searched_too() {
        let reply = reply(
            200,
            "application/scim+json; charset=utf-8",
            r#"{"a":"say \"x\"","b":"\u00e9"}"#,
        );
        assert!(reply.haystack.contains("say \"x\"") && reply.haystack.contains('é'));
        assert_eq!(reply.media_type(), "application/scim+json");
    }

    #[test]
    fn what_may_differ_between_systems_is_blanked() {
        let body = |id: &str, new: &str, time: &str| {
            let resources = json!([
                {"id": id, "meta": {"created": time, "version": time, "location": format!("https://h/Users/{id}")}},
                {"id": new, "userName": "n"},
            ]);
            reply(
                200,
                "application/scim+json",
                &json!({"Resources": resources}).to_string(),
            )
        };
        let known = |id: &str| BTreeMap::from([("bjensen".to_owned(), id.to_owned())]);
        let first = body("10000000-a", "10000000-b", "t1").normalized(&known("10000000-a"));
        assert_eq!(
            first,
            body("20000000-c", "20000000-d", "t2").normalized(&known("20000000-c"))
        );
        assert!(first.contains("<bjensen>") && first.contains("https://h/Users/<bjensen>") && first.contains("<new>"));
    }

    #[test]
    fn a_bulk_status_is_a_string() {
        let reply = reply(
            200,
            "x/y",
            r#"{"Operations":[{"status":"409"},{"status":{"code":"400"}},{"status":404},{}]}"#,
        );
        let statuses: Vec<String> = reply.operations().map(|(_, status)| status).collect();
        assert_eq!(statuses, ["409", "JSON {\"code\":\"400\"}", "JSON 404", "missing"]);
        assert!(reply.is_failed_bulk());
    }
}
