//! The identity providers that the console knows by name.

use scim_http::core::Dialect;

/// An identity provider, in the way in which it sends its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Entra,
    JumpCloud,
    OktaBearer,
    OktaCustom,
    OktaHeader,
    OneLogin,
    Other,
    Ping,
}

impl Provider {
    /// All of them, as they are listed.
    pub(crate) const ALL: [Self; 8] = [
        Self::OktaHeader,
        Self::OktaBearer,
        Self::OktaCustom,
        Self::Entra,
        Self::OneLogin,
        Self::JumpCloud,
        Self::Ping,
        Self::Other,
    ];

    /// The text that the database keeps.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::JumpCloud => "jumpcloud",
            Self::OktaBearer => "okta-bearer",
            Self::OktaCustom => "okta-custom",
            Self::OktaHeader => "okta-header",
            Self::OneLogin => "onelogin",
            Self::Other => "other",
            Self::Ping => "ping",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.key() == key)
    }

    /// The name in the list of providers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Entra => "Microsoft Entra ID",
            Self::JumpCloud => "JumpCloud",
            Self::OktaBearer => "Okta, OAuth bearer token",
            Self::OktaCustom => "Okta, custom app",
            Self::OktaHeader => "Okta, header auth",
            Self::OneLogin => "OneLogin",
            Self::Other => "Another provider",
            Self::Ping => "Ping Identity",
        }
    }

    /// The name where there is little room.
    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::OktaBearer => "Okta, bearer",
            Self::OktaHeader => "Okta, header",
            Self::Other => "Other",
            other @ (Self::Entra | Self::Ping) => other.label(),
            other => other.name(),
        }
    }

    /// What stands at the members that it provisioned.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Entra => "Entra ID",
            Self::JumpCloud => "JumpCloud",
            Self::OktaBearer | Self::OktaCustom | Self::OktaHeader => "Okta",
            Self::OneLogin => "OneLogin",
            Self::Other => "SCIM",
            Self::Ping => "Ping",
        }
    }

    /// What it may send beyond the RFCs.
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::Entra => Dialect::entra(),
            Self::JumpCloud => Dialect::jumpcloud(),
            Self::OktaBearer | Self::OktaCustom | Self::OktaHeader => Dialect::okta(),
            Self::OneLogin => Dialect::onelogin(),
            Self::Other => Dialect::default(),
            Self::Ping => Dialect::ping(),
        }
    }
}
