//! What members may do.

/// What a member may do in the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Admin,
    Member,
    Owner,
}

impl Role {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Some(match key {
            "admin" => Self::Admin,
            "member" => Self::Member,
            "owner" => Self::Owner,
            _ => return None,
        })
    }
}
