//! Credentials as they are kept: everything but the secret.

use std::{fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;

use crate::Principal;

/// A token of a tenant, as it is kept and listed. The secret itself is nowhere: only who holds the token has it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Credential {
    /// Its identifier, which is also in the token; no secret.
    pub id: CredentialId,
    /// The tenant that it opens, and no other.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Arc<str>,
    /// What it is good for.
    pub access: Access,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// How long it was meant to live.
    pub expiry: Expiry,
    /// When it was or will be over before its expiry, being revoked or replaced.
    pub ends: Option<DateTime<Utc>>,
    /// Over at once, whatever a clock says: one that is set back brings no token back to life.
    pub revoked: bool,
    /// When it was last used, give or take a minute.
    pub last_used: Option<DateTime<Utc>>,
    /// The digest of the token.
    pub digest: Digest,
}

/// The identifier of a [`Credential`] or of a [`RevealLink`]; no secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(Arc<str>);

/// What a credential is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "SCIM reads and writes")]
pub enum Access {
    /// Reading only.
    Read,
    /// Reading and writing.
    Write,
}

/// How long a credential lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a token ends or it does not")]
pub enum Expiry {
    /// Until then.
    At(DateTime<Utc>),
    /// Until it is revoked (decision D35: said, never by default).
    Never,
}

/// The SHA-256 digest of a token. It is to be compared in constant time, so it has no `==`:
///
/// ```compile_fail
/// let digest = scim_store::Digest::new([0; 32]);
/// let _ = digest == digest;
/// ```
#[derive(Clone)]
pub struct Digest([u8; 32]);

/// Leave to have a credential made, once and until then: what is mailed instead of a token.
///
/// The token is made when the link is opened, so that no secret waits anywhere.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RevealLink {
    /// Its identifier, which is also in the link's token.
    pub id: CredentialId,
    /// The tenant of the credential to be.
    pub tenant: TenantId,
    /// The name of the credential to be.
    pub name: Arc<str>,
    /// What the credential will be good for.
    pub access: Access,
    /// How long the credential will live.
    pub expiry: Expiry,
    /// What the credential will replace, when the link is opened.
    pub replaces: Replaces,
    /// When the link was made.
    pub created: DateTime<Utc>,
    /// Until when it can be opened.
    pub ends: DateTime<Utc>,
    /// The digest of the link's token.
    pub digest: Digest,
}

/// Which credentials a new one replaces, and for how long they live on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Replaces {
    /// All others of the tenant, and its links that nobody has opened.
    All {
        /// How long they live on; zero for not at all.
        overlap: TimeDelta,
    },
    /// None.
    #[default]
    Nothing,
    /// One, which must live and not have been replaced.
    One {
        /// Which.
        id: CredentialId,
        /// How long it lives on; zero for not at all.
        overlap: TimeDelta,
    },
}

impl Credential {
    /// A credential that was never used.
    pub fn new(
        id: CredentialId,
        tenant: TenantId,
        name: Arc<str>,
        access: Access,
        expiry: Expiry,
        created: DateTime<Utc>,
        digest: Digest,
    ) -> Self {
        Self {
            id,
            tenant,
            name,
            access,
            created,
            expiry,
            ends: None,
            revoked: false,
            last_used: None,
            digest,
        }
    }

    /// Whether it opens anything at that time.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        !self.revoked && self.expiry.is_after(now) && self.ends.is_none_or(|end| now < end)
    }

    /// Ends it once the overlap is over, at once where that is zero or less; earlier if it was to end earlier.
    pub fn end(&mut self, now: DateTime<Utc>, overlap: TimeDelta) {
        self.revoked |= overlap <= TimeDelta::zero();
        let overlap = overlap.max(TimeDelta::zero());
        let at = now.checked_add_signed(overlap).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.ends = Some(self.ends.map_or(at, |end| end.min(at)));
    }

    /// Who holds it, as far as a store is told. The name of the principal is the identifier of the credential.
    pub fn principal(&self) -> Principal {
        Principal {
            tenant: self.tenant.clone(),
            name: Arc::clone(&self.id.0),
            me: None,
            can_write: self.access == Access::Write,
            epoch: 0,
        }
    }
}

impl RevealLink {
    /// A link for a credential to be.
    #[expect(
        clippy::too_many_arguments,
        reason = "a record of a row has as many fields as the row"
    )]
    pub fn new(
        id: CredentialId,
        tenant: TenantId,
        name: Arc<str>,
        access: Access,
        expiry: Expiry,
        replaces: Replaces,
        created: DateTime<Utc>,
        ends: DateTime<Utc>,
        digest: Digest,
    ) -> Self {
        Self {
            id,
            tenant,
            name,
            access,
            expiry,
            replaces,
            created,
            ends,
            digest,
        }
    }
}

impl CredentialId {
    /// Takes the text as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for CredentialId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Expiry {
    /// Whether it is still to come at that time.
    pub fn is_after(self, now: DateTime<Utc>) -> bool {
        match self {
            Self::At(end) => now < end,
            Self::Never => true,
        }
    }
}

impl Digest {
    /// Takes the 32 bytes of SHA-256.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a column of the host's; to be compared in constant time.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}
