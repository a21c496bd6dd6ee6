use std::collections::HashSet;

use serde_json::{Map, Value};

use super::line::Level;
use super::reply::Reply;
use super::state::Fact;
use crate::outgoing::shorten;

/// What must come of a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Expect {
    pub(super) status: Vec<u16>,
    scim_type: Vec<String>,
    total: Option<u64>,
    user_names: Option<Vec<String>>,
    resources: Option<u64>,
    not_all: bool,
    headers: Map<String, Value>,
    content_type: Option<String>,
    response: Map<String, Value>,
    absent: Vec<String>,
    echo: bool,
    op_status: Option<Vec<String>>,
    ops: Map<String, Value>,
    pub(super) absent_if2xx: Vec<String>,
    pub(super) absent_in_store: Vec<String>,
    pub(super) after: Vec<Fact>,
    pub(super) after_if2xx: Vec<Fact>,
    pub(super) same_as_unknown: bool,
    pub(super) budget_ms: Option<u64>,
    pub(super) needs: Option<String>,
    /// As written.
    pub(super) source: String,
}

/// What an answer is judged with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) level: Level,
    /// The hostile text.
    pub(super) said: &'a str,
    /// How many users the tenant has.
    pub(super) users: u64,
}

impl Expect {
    pub(super) fn parse(json: &Value) -> Result<Self, String> {
        let mut expect = Self {
            echo: true,
            source: json.to_string(),
            ..Self::default()
        };
        for (key, value) in json.as_object().ok_or("expect is no object")? {
            expect
                .set(key, value)
                .ok_or_else(|| format!("expect: {key} is unknown or malformed"))?;
        }
        if expect.status.is_empty() {
            return Err("expect: no status".to_owned());
        }
        Ok(expect)
    }

    fn set(&mut self, key: &str, value: &Value) -> Option<()> {
        match key {
            "status" => {
                self.status = one_or_many(value, |item| item.as_u64().and_then(|status| status.try_into().ok()))?
            }
            "scimType" => self.scim_type = texts(value)?,
            "total" => self.total = Some(value.as_u64()?),
            "match" => self.user_names = Some(texts(value)?),
            "resources" => self.resources = Some(value.as_u64()?),
            "not_all" => self.not_all = value.as_bool()?,
            "header" => self.headers = value.as_object()?.clone(),
            "content_type" => self.content_type = Some(value.as_str()?.to_owned()),
            "response" => self.response = value.as_object()?.clone(),
            "absent" => self.absent = texts(value)?,
            "absent_if2xx" => self.absent_if2xx = texts(value)?,
            "absent_in_store" => self.absent_in_store = texts(value)?,
            "echo" => self.echo = value.as_bool()?,
            "op_status" => self.op_status = Some(texts(value)?),
            "ops" => self.ops = value.as_object()?.clone(),
            "after" => self.after = one_or_many(value, Fact::parse)?,
            "after_if2xx" => self.after_if2xx = one_or_many(value, Fact::parse)?,
            "same_as_unknown" => self.same_as_unknown = value.as_bool()?,
            "budget_ms" => self.budget_ms = Some(value.as_u64()?),
            "needs" => self.needs = Some(value.as_str()?.to_owned()),
            _ => return None,
        }
        Some(())
    }

    /// The problem with the status, if it is not one of the listed.
    pub(super) fn judge_status(&self, reply: &Reply) -> Option<String> {
        (!self.status.contains(&reply.status)).then(|| {
            let listed: Vec<String> = self.status.iter().map(u16::to_string).collect();
            format!("status {}, expected {}", reply.status, listed.join("/"))
        })
    }

    /// What is wrong with an answer, apart from its status. `lookup` fills the placeholders of the expectation.
    pub(super) fn judge<F>(&self, reply: &Reply, context: Context<'_>, lookup: &F) -> Result<Vec<String>, String>
    where
        F: Fn(&str) -> Result<Option<String>, String>,
    {
        let mut problems = Vec::new();
        problems.extend(self.judge_scim_type(reply, context.level));
        if reply.status == 200 {
            self.judge_list(reply, context.users, &mut problems);
            self.judge_operations(reply, &mut problems);
        }
        for (name, want) in &self.headers {
            match (reply.header(name), want.as_str()) {
                (Some(_), Some("present")) => {}
                (Some(got), Some(want)) if got == want => {}
                (got, _) => problems.push(format!("header {name} is {got:?}, expected {want}")),
            }
        }
        if self.content_type.as_deref() == Some("json") && !reply.text.is_empty() {
            let media_type = reply.media_type();
            if !(media_type == "application/json" || media_type.ends_with("+json")) || reply.json.is_none() {
                problems.push(format!("content type {media_type:?}, expected JSON"));
            }
        }
        if (200..300).contains(&reply.status) {
            for (path, want) in &self.response {
                problems.extend(judge_value(reply, path, &crate::placeholder::fill_json(want, lookup)?));
            }
            problems.extend(present(&self.absent_if2xx, &reply.haystack, "the response"));
        }
        problems.extend(present(&self.absent, &reply.haystack, "the response"));
        if !self.echo {
            problems.extend(echoed(context.said, &reply.haystack).map(|piece| format!("response echoes {piece:?}")));
        }
        Ok(problems)
    }

    fn judge_scim_type(&self, reply: &Reply, level: Level) -> Option<String> {
        if self.scim_type.is_empty() || !matches!(reply.status, 400 | 409) {
            return None;
        }
        let required = matches!(level, Level::Must | Level::Should);
        match reply.scim_type() {
            None if !required => None,
            Some(got) if self.scim_type.iter().any(|want| want == got) => None,
            got => Some(format!(
                "scimType {}, expected {}",
                got.unwrap_or("missing"),
                self.scim_type.join("/")
            )),
        }
    }

    fn judge_list(&self, reply: &Reply, users: u64, problems: &mut Vec<String>) {
        if let Some(want) = self.total.filter(|want| reply.total() != Some(*want)) {
            problems.push(format!("totalResults {:?}, expected {want}", reply.total()));
        }
        if self.not_all && reply.total().is_none_or(|total| total >= users) {
            problems.push(format!(
                "totalResults {:?}, expected fewer than all {users} users",
                reply.total()
            ));
        }
        if let Some(want) = self.resources.filter(|want| reply.resources().len() as u64 != *want) {
            problems.push(format!("{} Resources, expected {want}", reply.resources().len()));
        }
        if let Some(want) = &self.user_names {
            let mut want = want.clone();
            want.sort();
            let got = reply.column("userName");
            if got != want {
                problems.push(format!("userNames {got:?}, expected {want:?}"));
            }
        }
    }

    fn judge_operations(&self, reply: &Reply, problems: &mut Vec<String>) {
        if let Some(allowed) = &self.op_status {
            if reply.operations().next().is_none() {
                problems.push("bulk response without operations".to_owned());
            }
            for (index, (_, status)) in reply
                .operations()
                .enumerate()
                .filter(|(_, (_, s))| !allowed.contains(s))
            {
                problems.push(format!(
                    "operation {index}: status {status}, expected {}",
                    allowed.join("/")
                ));
            }
        }
        for (bulk_id, want) in &self.ops {
            let found = reply
                .operations()
                .find(|(operation, _)| operation.get("bulkId").is_some_and(|id| id == bulk_id));
            let got = found.map_or_else(|| "absent".to_owned(), |(_, status)| status);
            if want != &got {
                problems.push(format!("operation with bulkId {bulk_id}: {got}, expected {want}"));
            }
        }
    }
}

/// Those of `texts` that occur in `haystack`, as problems.
pub(super) fn present<'a>(texts: &'a [String], haystack: &'a str, place: &'a str) -> impl Iterator<Item = String> + 'a {
    texts
        .iter()
        .filter(|text| haystack.contains(text.as_str()))
        .map(move |text| format!("{text:?} occurs in {place}"))
}

fn judge_value(reply: &Reply, path: &str, want: &Value) -> Option<String> {
    let got = reply
        .json
        .as_ref()
        .and_then(|json| path.split('.').try_fold(json, |value, name| value.get(name)));
    let holds = match want.as_str().and_then(|want| want.strip_prefix("not:")) {
        Some(other) => got.is_some_and(|got| got != other),
        None => got == Some(want),
    };
    let shown = got.map_or_else(|| "nothing".to_owned(), |got| shorten(&got.to_string(), 80));
    (!holds).then(|| format!("{path} is {shown}, expected {want}"))
}

/// The first piece of 12 characters of `said` that is in `haystack`. SCIM URNs, and `schemas` in front of them, are part of
/// every error message and do not count.
fn echoed(said: &str, haystack: &str) -> Option<String> {
    const PIECE: usize = 12;
    let windows = |text: &str| -> Vec<Vec<char>> {
        let chars: Vec<char> = text.chars().collect();
        chars.windows(PIECE).map(<[char]>::to_vec).collect()
    };
    let parts = |text: &str| -> Vec<String> { text.split("\"schemas\":[").flat_map(without_urns).collect() };
    let seen: HashSet<Vec<char>> = parts(haystack).iter().flat_map(|part| windows(part)).collect();
    let said = parts(said);
    let mut pieces = said.iter().flat_map(|part| windows(part));
    pieces
        .find(|piece| seen.contains(piece))
        .map(|piece| piece.into_iter().collect())
}

/// The parts of `text` between SCIM URNs.
fn without_urns(text: &str) -> Vec<String> {
    let mut parts = text.split("urn:ietf:params:scim:").map(str::to_owned);
    let first = parts.next();
    let rest = parts.map(|part| {
        part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == ':' || c == '.')
            .to_owned()
    });
    first.into_iter().chain(rest).collect()
}

fn one_or_many<T>(value: &Value, parse: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        Value::Array(items) => items.iter().map(parse).collect(),
        single => parse(single).map(|parsed| vec![parsed]),
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    one_or_many(value, |item| item.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::badinput::reply::tests::reply;

    const ERROR: &str =
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"noTarget"}"#;

    fn problems(expect: Value, level: Level, status: u16, body: &str) -> Vec<String> {
        let context = Context {
            level,
            said: "title <script>alert(1)</script>",
            users: 2,
        };
        let expect = Expect::parse(&expect).unwrap();
        let reply = reply(status, "application/scim+json", body);
        let lookup = |name: &str| Ok(Some(format!("id-of-{name}")));
        let mut problems: Vec<String> = expect.judge_status(&reply).into_iter().collect();
        problems.extend(expect.judge(&reply, context, &lookup).unwrap());
        problems
    }

    fn passes(expect: Value, level: Level, status: u16, body: &str) -> bool {
        problems(expect, level, status, body).is_empty()
    }

    #[test]
    fn statuses_are_one_of_those_listed() {
        assert!(passes(json!({"status": 404}), Level::Must, 404, "{}"));
        assert!(passes(json!({"status": [400, 404]}), Level::Must, 404, "{}"));
        assert_eq!(
            problems(json!({"status": [400, 404]}), Level::Must, 200, "{}"),
            ["status 200, expected 400/404"]
        );
    }

    #[test]
    fn scim_type_is_required_of_must_and_should_only() {
        let expect = json!({"status": 400, "scimType": ["invalidPath", "invalidFilter"]});
        let without = r#"{"status":"400"}"#;
        assert!(!passes(expect.clone(), Level::Must, 400, ERROR) && !passes(expect.clone(), Level::Policy, 400, ERROR));
        assert!(!passes(expect.clone(), Level::Should, 400, without) && passes(expect, Level::Policy, 400, without));
        assert!(passes(
            json!({"status": 400, "scimType": "noTarget"}),
            Level::Must,
            400,
            ERROR
        ));
        assert!(
            passes(json!({"status": 404, "scimType": "x"}), Level::Must, 404, "{}"),
            "only 400 and 409 carry it"
        );
    }

    #[test]
    fn lists_are_compared_when_the_status_is_200() {
        let list = r#"{"totalResults":2,"Resources":[{"userName":"b"},{"userName":"a"}]}"#;
        assert!(passes(
            json!({"status": 200, "total": 2, "match": ["a", "b"], "resources": 2}),
            Level::Must,
            200,
            list
        ));
        assert_eq!(
            problems(
                json!({"status": 200, "total": 0, "match": ["a"], "resources": 1}),
                Level::Must,
                200,
                list
            )
            .len(),
            3
        );
        assert!(!passes(json!({"status": 200, "not_all": true}), Level::Must, 200, list));
        assert!(passes(
            json!({"status": [200, 400], "total": 0}),
            Level::Must,
            400,
            ERROR
        ));
        assert!(passes(
            json!({"status": 200, "match": []}),
            Level::Must,
            200,
            r#"{"totalResults":0}"#
        ));
    }

    #[test]
    fn values_headers_and_media_types() {
        assert!(passes(
            json!({"status": 201, "response": {"id": "{{a}}"}}),
            Level::Must,
            201,
            r#"{"id":"id-of-a"}"#
        ));
        assert!(!passes(
            json!({"status": 201, "response": {"id": "not:{{a}}"}}),
            Level::Must,
            201,
            r#"{"id":"id-of-a"}"#
        ));
        assert!(!passes(
            json!({"status": 201, "response": {"id": "not:x"}}),
            Level::Must,
            201,
            "{}"
        ));
        assert!(passes(
            json!({"status": 200, "header": {"Content-Type": "present"}}),
            Level::Must,
            200,
            "{}"
        ));
        assert!(!passes(
            json!({"status": 401, "header": {"WWW-Authenticate": "present"}}),
            Level::Must,
            401,
            "{}"
        ));
        assert!(!passes(
            json!({"status": 200, "content_type": "json"}),
            Level::Must,
            200,
            "<html>"
        ));
    }

    #[test]
    fn forbidden_text() {
        assert!(!passes(
            json!({"status": 200, "absent": ["pass\"word"]}),
            Level::Must,
            200,
            r#"{"a":"pass\"word"}"#
        ));
        assert!(!passes(
            json!({"status": [200, 400], "absent_if2xx": ["x1"]}),
            Level::Must,
            200,
            r#"{"x1":1}"#
        ));
        assert!(passes(
            json!({"status": [200, 400], "absent_if2xx": ["x1"]}),
            Level::Must,
            400,
            r#"{"x1":1}"#
        ));
        let echo = json!({"status": 400, "echo": false});
        assert!(!passes(
            echo.clone(),
            Level::Must,
            400,
            r#"{"detail":"bad: <script>aler"}"#
        ));
        assert!(
            passes(echo, Level::Must, 400, r#"{"detail":"bad:<script>ale"}"#),
            "11 characters"
        );
        assert_eq!(echoed("{\"urn:ietf:params:scim:schemas:core:2.0:User\"", ERROR), None);
    }

    #[test]
    fn bulk_operations() {
        let body = r#"{"Operations":[{"bulkId":"a","status":"201"},{"bulkId":"b","status":"409"}]}"#;
        assert!(passes(
            json!({"status": 200, "ops": {"a": "201", "b": "409", "c": "absent"}}),
            Level::Must,
            200,
            body
        ));
        assert!(!passes(
            json!({"status": 200, "ops": {"a": "201", "b": "absent"}}),
            Level::Must,
            200,
            body
        ));
        assert!(!passes(
            json!({"status": 200, "op_status": ["409"]}),
            Level::Must,
            200,
            body
        ));
        assert!(
            !passes(json!({"status": 200, "op_status": ["409"]}), Level::Must, 200, "{}"),
            "no result is no proof"
        );
    }

    #[test]
    fn an_expectation_has_a_status_and_known_keys() {
        assert!(Expect::parse(&json!({})).is_err());
        assert!(Expect::parse(&json!({"status": 400, "total": "1"})).is_err());
    }
}
