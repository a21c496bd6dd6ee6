//! What a store says of a resource by itself, as attributes of an extension that a host may serve.

use std::sync::{Arc, LazyLock};

use scim_core::{
    resource::Resource,
    schema::{Attribute, Mutability, ResourceType, Schema},
};
use serde_json::Value;

use crate::Scope;

/// The extension with `seat`, whether the user has a licence, and `managedBy`, who provisioned it. Both are readOnly.
///
/// A host that wants them to be seen adds the extension to its User type. They are written into the resource by the write
/// that changes them, so that filters, orders and versions know of them; resources that were written before have none.
///
/// ```
/// use scim_core::schema::{ResourceType, Schema};
/// use scim_store::Labels;
///
/// let user = ResourceType::builder("User", "/Users", Schema::user())
///     .memberships("groups")
///     .extension(Schema::enterprise_user())
///     .extension(Labels::schema())
///     .build()?;
/// assert!(user.extension(Labels::URN).is_some());
/// # Ok::<(), scim_core::schema::SchemaError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Labels;

impl Labels {
    /// The URN of the extension.
    pub const URN: &str = "urn:ietf:params:scim:schemas:extension:scim-core:2.0:User";

    /// The schema of the extension.
    pub fn schema() -> Arc<Schema> {
        static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
            let schema = Schema::builder(Labels::URN, "Provisioning")
                .description("What the service says of a provisioned user")
                .attribute(
                    Attribute::boolean("seat")
                        .description("Whether the user has a licence")
                        .mutability(Mutability::ReadOnly),
                )
                .attribute(
                    Attribute::string("managedBy")
                        .description("What provisioned the user and is to change it")
                        .mutability(Mutability::ReadOnly),
                );
            #[expect(clippy::unwrap_used, reason = "two names that are right")]
            schema.build().unwrap()
        });
        Arc::clone(&SCHEMA)
    }

    /// Puts the labels on a resource that is about to be written; whether that changed it. The seat is left as it is where
    /// nothing is known of it, and a type without the extension gets none.
    pub fn put(scope: &Scope, kind: &ResourceType, resource: &mut Resource, seat: Option<bool>) -> bool {
        if kind.extension(Self::URN).is_none() {
            return false;
        }
        let mut put = |name, value: Value| resource.set_in_extension(kind, Self::URN, name, value);
        let seat = seat.is_some_and(|seat| put("seat", seat.into()));
        let label = scope.settings.managed_by.as_deref();
        label.is_some_and(|label| put("managedBy", label.into())) || seat
    }
}
