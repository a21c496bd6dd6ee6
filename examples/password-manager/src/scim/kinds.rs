//! The resource types: Users with a small extension of the product's own, and Groups.

use std::sync::{Arc, LazyLock};

use scim_http::core::schema::{Attribute, Mutability, Registry, ResourceType, Schema, SchemaError};

/// The product's own attributes of a User. All of them are read only: roles are given in the console.
pub(crate) const MEMBER: &str = "urn:ietf:params:scim:schemas:extension:latchkey:2.0:User";

/// The types as they are served, made once: stores and services must share them.
#[derive(Debug, Clone)]
pub(crate) struct Kinds {
    pub(crate) group: Arc<ResourceType>,
    pub(crate) user: Arc<ResourceType>,
}

static KINDS: LazyLock<Result<Kinds, SchemaError>> = LazyLock::new(Kinds::make);

impl Kinds {
    /// The one set of them.
    ///
    /// # Errors
    ///
    /// Where the extension is not well-formed, which a test rules out.
    pub(crate) fn get() -> Result<Self, &'static SchemaError> {
        KINDS.as_ref().cloned()
    }

    pub(crate) fn registry(&self) -> Registry {
        Registry::new([Arc::clone(&self.user), Arc::clone(&self.group)])
    }

    fn make() -> Result<Self, SchemaError> {
        let read_only = |name: &str| Attribute::string(name).case_exact().mutability(Mutability::ReadOnly);
        let member = Schema::builder(MEMBER, "Member")
            .description("What the password manager knows of a member beside SCIM")
            .attribute(
                read_only("role")
                    .canonical_values(&["owner", "admin", "member"])
                    .description("The role in the organisation; it is given in the console"),
            )
            .attribute(
                read_only("origin")
                    .canonical_values(&["scim", "invitation"])
                    .description("Whether the member came by provisioning or was invited by hand"),
            )
            .build()?;
        let user = ResourceType::builder("User", "/Users", Schema::user())
            .description("A member of the organisation")
            .extension(Schema::enterprise_user())
            .extension(member)
            .memberships("groups")
            .build()?;
        Ok(Self {
            group: ResourceType::group(),
            user,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_well_formed() {
        let kinds = Kinds::get().unwrap();
        assert!(kinds.user.extension(MEMBER).is_some());
        assert_eq!(kinds.registry().types().len(), 2);
    }
}
