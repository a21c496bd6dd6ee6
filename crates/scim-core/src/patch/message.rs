//! The `PatchOp` message.

use serde_json::{Map, Value};

use crate::{Dialect, InputError, Limits, dialect::Unknown, urn};

/// A PATCH request as it was sent, its form checked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PatchMessage {
    /// The operations, one or more.
    pub operations: Vec<PatchOperation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PatchOperation {
    /// What to do.
    pub op: PatchOp,
    /// Where; the resource itself where there is none.
    pub path: Option<String>,
    /// With what.
    pub value: Option<Value>,
}

/// What an operation does. Read in any case: Entra ID sends `Add` (N52).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7644 section 3.5.2 closes the list")]
pub enum PatchOp {
    /// Adds values.
    Add,
    /// Removes values.
    Remove,
    /// Puts values in the place of others.
    Replace,
}

impl PatchOperation {
    /// An operation made by hand.
    pub fn new(op: PatchOp, path: Option<&str>, value: Option<Value>) -> Self {
        Self {
            op,
            path: path.map(str::to_owned),
            value,
        }
    }
}

impl PatchMessage {
    /// A message made by hand.
    pub fn new(operations: Vec<PatchOperation>) -> Self {
        Self { operations }
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// `invalidSyntax` where it is not of the form of RFC 7644 section 3.5.2, or has no operations (D25) or too many.
    pub fn parse(body: Value, dialect: &Dialect, limits: &Limits) -> Result<Self, InputError> {
        let Value::Object(body) = body else {
            return Err(InputError::syntax("the body must be a JSON object"));
        };
        let [schemas, operations] = fields(body, ["schemas", "Operations"])?;
        check_message_schema(schemas.as_ref(), urn::PATCH_OP, dialect)?;
        let Some(Value::Array(operations)) = operations else {
            return Err(InputError::syntax(
                "`Operations` must be a list of one or more operations",
            ));
        };
        if operations.is_empty() {
            return Err(InputError::syntax(
                "`Operations` must be a list of one or more operations",
            ));
        }
        if operations.len() > limits.patch_operations {
            return Err(InputError::syntax(format!(
                "`Operations` has more than {} operations",
                limits.patch_operations
            )));
        }
        let operations = operations.into_iter().map(operation).collect::<Result<_, _>>()?;
        Ok(Self { operations })
    }
}

fn operation(value: Value) -> Result<PatchOperation, InputError> {
    let Value::Object(operation) = value else {
        return Err(InputError::syntax("each operation must be an object"));
    };
    let [op, path, value] = fields(operation, ["op", "path", "value"])?;
    let op = match op.as_ref().and_then(Value::as_str) {
        Some(op) if op.eq_ignore_ascii_case("add") => PatchOp::Add,
        Some(op) if op.eq_ignore_ascii_case("remove") => PatchOp::Remove,
        Some(op) if op.eq_ignore_ascii_case("replace") => PatchOp::Replace,
        _ => return Err(InputError::syntax("`op` must be add, remove or replace")),
    };
    let path = match path {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.is_empty() => None,
        Some(Value::String(path)) => Some(path),
        Some(_) => return Err(InputError::path("`path` must be text")),
    };
    Ok(PatchOperation { op, path, value })
}

/// The fields of an object by their names, compared without case; a name that comes twice is an error.
pub(crate) fn fields<const N: usize>(
    object: Map<String, Value>,
    names: [&'static str; N],
) -> Result<[Option<Value>; N], InputError> {
    let mut found = [const { None }; N];
    for (key, value) in object {
        let place = names
            .iter()
            .zip(found.iter_mut())
            .find(|(name, _)| key.eq_ignore_ascii_case(name));
        if let Some((name, slot)) = place
            && slot.replace(value).is_some()
        {
            return Err(InputError::syntax(format!("`{name}` is named twice")));
        }
    }
    Ok(found)
}

/// A message must list its own URN in `schemas`; one without any list is taken where the dialect is lenient.
///
/// # Errors
///
/// `invalidSyntax` where it does not.
pub fn check_message_schema(schemas: Option<&Value>, urn: &str, dialect: &Dialect) -> Result<(), InputError> {
    let listed = match schemas {
        None | Some(Value::Null) if dialect.unknown_schemas == Unknown::Ignore => return Ok(()),
        Some(Value::Array(list)) => list.as_slice(),
        _ => &[],
    };
    if listed
        .iter()
        .any(|listed| listed.as_str().is_some_and(|listed| listed.eq_ignore_ascii_case(urn)))
    {
        Ok(())
    } else {
        Err(InputError::syntax(format!("`schemas` must list `{urn}`")))
    }
}
