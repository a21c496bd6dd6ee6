//! P4: the PATCH engine alone on `active: false`. The bytes of the user of 1 KB go in and come out on both sides.

use std::{hint::black_box, sync::Arc};

use scim_core::{
    Dialect, Edit, Limits, ResourceId,
    json::{self, JsonLimits},
    patch::PatchMessage,
    resource::{Decoded, Stored},
    schema::ResourceType,
};

use crate::{
    Failure,
    floor::patch,
    measure::{repeat, side_by_side},
    report, workload,
};

const GOAL: f64 = 2.0;

pub(crate) fn run() -> Result<(), Failure> {
    let kind = ResourceType::user();
    let id = ResourceId::new(workload::id(1));
    let dialect = Arc::new(Dialect::default());
    let limits = Limits::default();
    let decoded = Decoded::decode(&kind, workload::user(1), &dialect, &limits)?;
    let stored = Stored::new(&kind, &id, &decoded.resource);
    let tree = serde_json::from_slice(&stored.public)?;
    let body = workload::DEACTIVATE.as_bytes();

    let compile = |body: &[u8]| {
        let body = json::parse(body, &JsonLimits::default()).ok()?;
        let message = PatchMessage::parse(body, &dialect, &limits).ok()?;
        let (kind, dialect) = (Arc::clone(&kind), Arc::clone(&dialect));
        Edit::patch(kind, id.clone(), message, dialect, &limits, "https://example.com/v2").ok()
    };
    let edit = compile(body).ok_or("the PATCH does not compile")?;
    edit.apply(&stored)?.stored.ok_or("the PATCH changes nothing")?;

    let times = side_by_side(
        &mut repeat(|| compile(black_box(body))),
        &mut repeat(|| patch::read(black_box(body))),
    );
    report::times("P4", "patch: read and compile the body", times, Some(GOAL));
    let times = side_by_side(
        &mut repeat(|| edit.apply(black_box(&stored))),
        &mut repeat(|| patch::stored(black_box(&stored.public))),
    );
    report::times("P4", "patch: apply to stored bytes", times, Some(GOAL));
    let times = side_by_side(
        &mut repeat(|| compile(black_box(body)).map(|edit| edit.apply(&stored))),
        &mut repeat(|| patch::read(black_box(body)).map(|_| patch::stored(&stored.public))),
    );
    report::times("P4", "patch: both", times, Some(GOAL));
    let times = side_by_side(
        &mut repeat(|| compile(black_box(body)).map(|edit| edit.apply(&stored))),
        &mut repeat(|| patch::read(black_box(body)).map(|active| patch::tree(&tree, active))),
    );
    report::times("P4", "patch: both, floor has a parsed user", times, Some(GOAL));
    Ok(())
}
