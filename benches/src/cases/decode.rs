//! A user as it is posted, from bytes to a checked draft and on to the bytes that are kept. The floor reads the body into
//! a tree, looks for what is required and writes it.

use std::{hint::black_box, sync::Arc};

use scim_core::{
    Dialect, Draft, Limits, ResourceId,
    json::{self, JsonLimits},
    resource::Decoded,
    schema::ResourceType,
};
use serde_json::Value;

use crate::{
    Failure,
    measure::{repeat, side_by_side},
    report, workload,
};

pub(crate) fn run() -> Result<(), Failure> {
    let kind = ResourceType::user();
    let dialect = Arc::new(Dialect::default());
    let limits = Limits::default();
    let id = ResourceId::new(workload::id(1));
    let text = workload::user(1).to_string();
    let body = text.as_bytes();

    let times = side_by_side(
        &mut repeat(|| json::parse(black_box(body), &JsonLimits::default())),
        &mut repeat(|| serde_json::from_slice::<Value>(black_box(body))),
    );
    report::times("-", "decode: strict JSON", times, None);

    let draft = |body: &[u8]| {
        let body = json::parse(body, &JsonLimits::default()).ok()?;
        let decoded = Decoded::decode(&kind, body, &dialect, &limits).ok()?;
        Draft::new(Arc::clone(&kind), decoded, Arc::clone(&dialect)).ok()
    };
    let by_hand = |body: &[u8]| {
        let user: Value = serde_json::from_slice(body).ok()?;
        user.get("userName")?.as_str()?;
        Some(user)
    };
    let made = draft(body).ok_or("the user cannot be decoded")?;
    let times = side_by_side(
        &mut repeat(|| draft(black_box(body))),
        &mut repeat(|| by_hand(black_box(body))),
    );
    report::times("-", "decode: body to draft", times, None);
    let tree = by_hand(body).ok_or("the floor cannot decode the user")?;
    let times = side_by_side(
        &mut repeat(|| black_box(&made).stored(&id)),
        &mut repeat(|| serde_json::to_vec(black_box(&tree))),
    );
    report::times("-", "decode: draft to bytes", times, None);
    Ok(())
}
