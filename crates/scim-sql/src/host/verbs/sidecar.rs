//! The library's own rows beside those of the host.

use std::sync::Arc;

use scim_core::{
    Dialect, InputError, ResourceId, Version,
    resource::{Found, Head, Keys, Resource, Stored},
    schema::ResourceType,
};
use scim_store::takes_seats;
use serde_json::{Map, Value};

use super::HostTx;
use crate::{
    delta::{Claim, Content, Delta, Image, Record, RowChange, SeatRow},
    error::{Failure, SqlError},
    session::Session,
    verbs::Gate,
};

/// What the library has of a resource.
#[derive(Default)]
pub(super) struct Beside {
    /// `None` where it has nothing: the host inserted the row and did not announce it.
    pub(super) version: Option<Version>,
    /// What was last known of it; nothing where it is longer than its column, and in the host's.
    pub(super) external_id: Option<String>,
    pub(super) claims: Vec<Claim>,
}

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    pub(super) async fn beside(&mut self, kind: &ResourceType, id: &ResourceId) -> Result<Beside, SqlError> {
        let statement = self.session.statement(
            "SELECT r.version, r.claims, r.external_id FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.kind = ?3{update}",
            vec![self.scope.tenant().as_str().into(), id.into(), kind.name().into()],
        );
        let rows = self.session.rows(&statement).await?;
        let Some(row) = rows.first() else {
            return Ok(Beside::default());
        };
        Ok(Beside {
            version: Some(Version::new(row.int(0)?.unsigned_abs())),
            external_id: row.optional(2)?.map(str::to_owned),
            claims: Claim::read(row.optional(1)?),
        })
    }

    /// Puts the library's row of a resource, with what has no column and its seat, and records the change. Keys are looked for
    /// if the row is refused: a rename that the host did not announce may have made one of them another resource's.
    pub(super) async fn put_beside(
        &mut self,
        kind: &Arc<ResourceType>,
        head: &Head,
        (content, keys): (Content, Option<&Keys>),
        beside: Beside,
        (record, seat): (Record, SeatRow),
    ) -> Result<(), Failure> {
        let mut delta = Delta::new(self.scope, kind, &head.id);
        delta.index((beside.claims, Vec::new()), (&content.claims, &[]));
        delta.records = vec![record];
        delta.seat = seat;
        let image = Box::new(Image {
            version: head.version,
            created: head.created.timestamp_millis(),
            modified: head.modified.timestamp_millis(),
            content,
        });
        delta.row = match beside.version {
            None => RowChange::Insert(image),
            Some(was) => RowChange::Update {
                image,
                was,
                before: None,
            },
        };
        self.write_beside(kind, &delta, keys).await
    }

    pub(super) async fn delete_beside(
        &mut self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        beside: Beside,
        record: Record,
    ) -> Result<(), Failure> {
        let mut delta = Delta::new(self.scope, kind, id);
        delta.index((beside.claims, Vec::new()), (&[], &[]));
        delta.records = vec![record];
        delta.seat = if takes_seats(kind) {
            SeatRow::Drop
        } else {
            SeatRow::Keep
        };
        if beside.version.is_some() {
            delta.row = RowChange::Delete;
        }
        self.write_beside(kind, &delta, None).await
    }

    async fn write_beside(&mut self, kind: &ResourceType, delta: &Delta, keys: Option<&Keys>) -> Result<(), Failure> {
        if self.session.apply(delta).await? {
            return Ok(());
        }
        if let Some(keys) = keys {
            self.look(kind, &delta.id, keys).await?;
        }
        Err(Failure::overtaken())
    }
}

/// What the library keeps of a resource: its keys, and the attributes without a column.
pub(super) fn content(
    kind: &ResourceType,
    id: &ResourceId,
    resource: &Resource,
    keys: &Keys,
    rest: Map<String, Value>,
) -> Result<Content, InputError> {
    let stored = Stored::new(kind, id, resource);
    let whole = Content::new(kind, &stored, resource, keys)?;
    let rest = Resource::from_canonical(rest);
    let kept = Content::new(kind, &Stored::new(kind, id, &rest), &rest, &Keys::default())?;
    Ok(Content {
        public: kept.public,
        hidden: kept.hidden,
        search: kept.search,
        listed: Vec::new(),
        ..whole
    })
}

/// The keys of a resource that nothing but its members or links change.
pub(super) fn keys(found: &Found, dialect: &Dialect) -> Result<(Resource, Keys), InputError> {
    let resource = found.stored.resource();
    let keys = Keys::of(&resource, &found.kind, dialect)?;
    Ok((resource, keys))
}
