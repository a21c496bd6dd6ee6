//! A PATCH that knows one attribute: reads the body, sets the value, writes the user.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    #[serde(borrow)]
    operations: Vec<Operation<'a>>,
}

#[derive(Debug, Deserialize)]
struct Operation<'a> {
    op: &'a str,
    path: &'a str,
    value: bool,
}

/// What `active` becomes by this body.
pub(crate) fn read(body: &[u8]) -> Option<bool> {
    let message: Message<'_> = serde_json::from_slice(body).ok()?;
    let known = |operation: &&Operation<'_>| operation.op == "replace" && operation.path == "active";
    message
        .operations
        .iter()
        .rev()
        .find(known)
        .map(|operation| operation.value)
}

/// The bytes of a user who is deactivated, from bytes.
pub(crate) fn stored(user: &[u8]) -> Option<Vec<u8>> {
    let mut user: Value = serde_json::from_slice(user).ok()?;
    *user.get_mut("active")? = Value::Bool(false);
    serde_json::to_vec(&user).ok()
}

/// The bytes of a user whose tree is at hand.
pub(crate) fn tree(user: &Value, active: bool) -> Option<Vec<u8>> {
    user.get("active").filter(|old| **old != Value::Bool(active))?;
    serde_json::to_vec(user).ok()
}
