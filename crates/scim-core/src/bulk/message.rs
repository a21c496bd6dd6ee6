//! The `BulkRequest` message.

use std::{collections::HashSet, fmt};

use serde_json::{Value, json};

use crate::{
    Dialect, InputError, Limits, ScimError,
    patch::{check_message_schema, fields},
    urn,
};

/// A bulk request as it was sent, the form of its envelope checked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BulkMessage {
    /// After how many failed operations to stop; `None` for never, else 1 or more.
    pub fail_on_errors: Option<usize>,
    /// The operations, one or more, in the order of the request; a faulty one spoils no other.
    pub operations: Vec<Result<BulkOperation, BulkFault>>,
}

/// One operation, its form checked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BulkOperation {
    /// What to do.
    pub method: BulkMethod,
    /// The client's name for it; every POST has one, and no two operations of a request share one.
    pub bulk_id: Option<String>,
    /// Where, below the base URL: begins with one slash.
    pub path: String,
    /// The ETag that the resource must have.
    pub version: Option<String>,
    /// The body: an object for POST, PUT and PATCH, nothing for DELETE.
    pub data: Option<Value>,
}

/// An operation that cannot be run, with what its result repeats of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct BulkFault {
    /// What it would have done, if that is known.
    pub method: Option<BulkMethod>,
    /// The client's name for it, also where another operation has it.
    pub bulk_id: Option<String>,
    /// Where, if that is a path.
    pub path: Option<String>,
    /// Why not.
    pub error: InputError,
}

/// What an operation does. Read in any case, written in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7644 section 3.7 closes the list")]
pub enum BulkMethod {
    /// Deletes a resource.
    Delete,
    /// Changes a resource.
    Patch,
    /// Creates a resource.
    Post,
    /// Replaces a resource.
    Put,
}

/// Why a whole bulk request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// The envelope is malformed: 400.
    #[error(transparent)]
    Input(#[from] InputError),
    /// More operations than the service takes: 413, and none of them runs.
    #[error("the number of operations exceeds the maxOperations ({limit})")]
    TooMany {
        /// How many it takes.
        limit: usize,
    },
}

impl BulkMessage {
    /// Reads a request.
    ///
    /// `failOnErrors` of 0 or null never stops. The data of a PATCH may also be the bare list of its operations (RFC 7644
    /// erratum 5050).
    ///
    /// # Errors
    ///
    /// `invalidSyntax` where the envelope is not of the form of RFC 7644 section 3.7 or has no operations, and
    /// [`BulkError::TooMany`] beyond [`Limits::bulk_operations`]. Faults of single operations stand in their places.
    pub fn parse(body: Value, dialect: &Dialect, limits: &Limits) -> Result<Self, BulkError> {
        let Value::Object(body) = body else {
            return Err(InputError::syntax("the body must be a JSON object").into());
        };
        let [schemas, fail_on_errors, operations] = fields(body, ["schemas", "failOnErrors", "Operations"])?;
        check_message_schema(schemas.as_ref(), urn::BULK_REQUEST, dialect)?;
        let fail_on_errors = error_count(fail_on_errors)?;
        let operations = match operations {
            Some(Value::Array(operations)) if !operations.is_empty() => operations,
            _ => return Err(InputError::syntax("`Operations` must be a list of one or more operations").into()),
        };
        if operations.len() > limits.bulk_operations {
            return Err(BulkError::TooMany {
                limit: limits.bulk_operations,
            });
        }
        let mut seen = HashSet::new();
        let operations = operations.into_iter().map(|one| operation(one, &mut seen)).collect();
        Ok(Self {
            fail_on_errors,
            operations,
        })
    }
}

impl BulkMethod {
    /// The method of this name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Delete, Self::Patch, Self::Post, Self::Put]
            .into_iter()
            .find(|method| method.as_str().eq_ignore_ascii_case(name))
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl fmt::Display for BulkMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<BulkError> for ScimError {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Input(error) => error.into(),
            BulkError::TooMany { .. } => Self::new(413, error.to_string()),
        }
    }
}

fn error_count(value: Option<Value>) -> Result<Option<usize>, InputError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(0) => Ok(None),
            Some(count) => Ok(Some(usize::try_from(count).unwrap_or(usize::MAX))),
            None => Err(InputError::syntax("`failOnErrors` must be a whole number of 1 or more")),
        },
    }
}

/// Reads one operation. What can be read of a faulty one stays, for its result to name.
fn operation(value: Value, seen: &mut HashSet<String>) -> Result<BulkOperation, BulkFault> {
    let mut known = BulkFault {
        method: None,
        bulk_id: None,
        path: None,
        error: InputError::syntax("each operation must be an object"),
    };
    let Value::Object(value) = value else { return Err(known) };
    let [method, bulk_id, path, version, data] = match fields(value, ["method", "bulkId", "path", "version", "data"]) {
        Ok(found) => found,
        Err(error) => return Err(BulkFault { error, ..known }),
    };

    let method = method.as_ref().and_then(Value::as_str).and_then(BulkMethod::parse);
    let bulk_id = text(bulk_id, "`bulkId` must be text");
    let path = checked_path(path);
    known.method = method;
    known.bulk_id = bulk_id.clone().unwrap_or_default();
    known.path = path.clone().ok();
    let outcome = || {
        let bulk_id = bulk_id?;
        // The name is taken even if the operation turns out to be faulty.
        if bulk_id.as_ref().is_some_and(|id| !seen.insert(id.clone())) {
            return Err(InputError::value("`bulkId` is that of an earlier operation"));
        }
        let method = method.ok_or_else(|| InputError::syntax("`method` must be POST, PUT, PATCH or DELETE"))?;
        let path = path?;
        if method == BulkMethod::Post && bulk_id.is_none() {
            return Err(InputError::syntax("POST needs a `bulkId`"));
        }
        Ok(BulkOperation {
            method,
            bulk_id,
            path,
            version: text(version, "`version` must be text")?,
            data: body(method, data)?,
        })
    };
    outcome().map_err(|error| BulkFault { error, ..known })
}

fn text(value: Option<Value>, fault: &'static str) -> Result<Option<String>, InputError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then_some(text)),
        Some(_) => Err(InputError::syntax(fault)),
    }
}

/// A path below the base URL: never another host, as `https://` and `//` would be.
fn checked_path(path: Option<Value>) -> Result<String, InputError> {
    match path {
        Some(Value::String(path))
            if path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) =>
        {
            Ok(path)
        }
        _ => Err(InputError::syntax(
            "`path` must be a path below the base URL, such as /Users",
        )),
    }
}

fn body(method: BulkMethod, data: Option<Value>) -> Result<Option<Value>, InputError> {
    match (method, data) {
        (BulkMethod::Delete, _) => Ok(None),
        (_, Some(data @ Value::Object(_))) => Ok(Some(data)),
        (BulkMethod::Patch, Some(operations @ Value::Array(_))) => {
            Ok(Some(json!({ "schemas": [urn::PATCH_OP], "Operations": operations })))
        }
        _ => Err(InputError::syntax(format!("{method} needs `data` that is an object"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(mut body: Value) -> Result<BulkMessage, BulkError> {
        body["schemas"] = json!([urn::BULK_REQUEST]);
        BulkMessage::parse(body, &Dialect::rfc(), &Limits::default())
    }

    fn one(operation: Value) -> Result<BulkOperation, BulkFault> {
        let mut message = parse(json!({ "Operations": [operation] })).unwrap();
        message.operations.remove(0)
    }

    #[test]
    fn operations_are_read() {
        let message = parse(json!({
            "failOnErrors": 1,
            "Operations": [
                { "method": "post", "path": "/Users", "bulkId": "q", "data": { "userName": "Alice" } },
                { "method": "PUT", "path": "/Users/1", "version": "W/\"1\"", "data": {} },
                { "method": "Patch", "path": "/Users/2", "data": [{ "op": "remove", "path": "nickName" }] },
                { "METHOD": "DELETE", "path": "/Users/3", "bulkId": null, "data": 7 },
            ],
        }))
        .unwrap();
        assert_eq!(message.fail_on_errors, Some(1));
        let operations: Vec<BulkOperation> = message.operations.into_iter().map(Result::unwrap).collect();
        let methods: Vec<&str> = operations.iter().map(|operation| operation.method.as_str()).collect();
        assert_eq!(methods, ["POST", "PUT", "PATCH", "DELETE"]);
        assert_eq!(operations[0].bulk_id.as_deref(), Some("q"));
        assert_eq!(operations[1].version.as_deref(), Some("W/\"1\""));
        let patch = operations[2].data.as_ref().unwrap();
        assert_eq!(patch["Operations"][0]["op"], "remove");
        assert_eq!(operations[3].data, None);
    }

    #[test]
    fn a_malformed_envelope_fails_as_a_whole() {
        for body in [
            json!({}),
            json!({ "Operations": [] }),
            json!({ "Operations": {} }),
            json!({ "Operations": [{}], "operations": [{}] }),
            json!({ "Operations": [{}], "failOnErrors": -1 }),
            json!({ "Operations": [{}], "failOnErrors": "1" }),
            json!({ "Operations": [{}], "failOnErrors": 1.5 }),
        ] {
            let error = ScimError::from(parse(body.clone()).unwrap_err());
            assert_eq!(error.status(), 400, "{body}");
        }
        let body = json!({ "Operations": [{}] });
        assert!(BulkMessage::parse(body.clone(), &Dialect::rfc(), &Limits::default()).is_err());
        assert!(BulkMessage::parse(body, &Dialect::default(), &Limits::default()).is_ok());
    }

    #[test]
    fn no_limit_of_errors_never_stops() {
        for none in [json!(null), json!(0)] {
            let message = parse(json!({ "Operations": [{}], "failOnErrors": none })).unwrap();
            assert_eq!(message.fail_on_errors, None);
        }
    }

    #[test]
    fn too_many_operations_name_the_limit() {
        let limits = Limits::default().with(|limits| limits.bulk_operations = 2);
        let body = json!({ "schemas": [urn::BULK_REQUEST], "Operations": [{}, {}, {}] });
        let error = BulkMessage::parse(body, &Dialect::rfc(), &limits).unwrap_err();
        assert_eq!(error, BulkError::TooMany { limit: 2 });
        let error = ScimError::from(error);
        assert_eq!(error.status(), 413);
        assert!(error.detail().contains("maxOperations (2)"));
    }

    #[test]
    fn faulty_operations_keep_their_place_and_name() {
        let data = json!({ "userName": "a" });
        for fault in [
            json!(1),
            json!({ "path": "/Users", "bulkId": "a", "data": data }),
            json!({ "method": "GET", "path": "/Users/1" }),
            json!({ "method": "POST", "path": "/Users", "data": data }),
            json!({ "method": "POST", "path": "/Users", "bulkId": "", "data": data }),
            json!({ "method": "POST", "path": "/Users", "bulkId": 1, "data": data }),
            json!({ "method": "POST", "path": "/Users", "bulkId": "a" }),
            json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": null }),
            json!({ "method": "PUT", "path": "/Users/1", "data": [] }),
            json!({ "method": "PATCH", "path": "/Users/1", "data": "x" }),
            json!({ "method": "DELETE" }),
            json!({ "method": "DELETE", "path": "Users/1" }),
            json!({ "method": "DELETE", "path": "//evil.example/Users/1" }),
            json!({ "method": "DELETE", "path": "/\\evil.example/Users/1" }),
            json!({ "method": "DELETE", "path": "https://evil.example/Users/1" }),
            json!({ "method": "DELETE", "path": "/Users/1", "version": 3 }),
            json!({ "method": "DELETE", "path": "/Users/1", "Path": "/Users/2" }),
        ] {
            assert!(one(fault.clone()).is_err(), "{fault}");
        }
        let fault = one(json!({ "method": "post", "path": "/Users", "bulkId": "a" })).unwrap_err();
        assert_eq!(
            (fault.method, fault.bulk_id.as_deref()),
            (Some(BulkMethod::Post), Some("a"))
        );
        assert_eq!(fault.path.as_deref(), Some("/Users"));
    }

    #[test]
    fn the_first_of_two_operations_keeps_the_name() {
        let post = |path: &str| json!({ "method": "POST", "path": path, "bulkId": "a", "data": {} });
        let message = parse(json!({ "Operations": [post("/Users"), post("/Groups")] })).unwrap();
        assert!(message.operations[0].is_ok());
        let fault = message.operations[1].as_ref().unwrap_err();
        assert_eq!(fault.bulk_id.as_deref(), Some("a"));
        assert_eq!(fault.error.scim_type().status(), 400);
    }
}
