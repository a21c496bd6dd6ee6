//! How webhooks are sent.

use std::{error::Error as StdError, fmt, fmt::Debug, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;

use crate::{EndpointUrl, UrlError};

/// Sends webhooks; `HttpTransport`, with the feature `client`, is one.
///
/// Tenants choose the URLs. So an implementation resolves the name of the host itself, refuses addresses that are not public
/// unless the operator allows them, connects to no address but those that it checked, follows no redirect, uses no proxy that
/// it was not given, and ends when the time is over.
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// Whether a URL would be tried at all, as far as it shows by itself. Asked when it is set and before each try.
    ///
    /// # Errors
    ///
    /// Why it is not.
    fn check(&self, url: &EndpointUrl) -> Result<(), UrlError>;

    /// Posts a message, once, and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// Where there is no answer.
    async fn send(&self, message: &Message) -> Result<Answer, TransportError>;
}

/// A message to be posted. `Debug` shows neither headers nor body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Message {
    /// Where to.
    pub url: EndpointUrl,
    /// The headers, but those that the transport makes.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// What an endpoint answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How long it wants to be left alone (`Retry-After` in seconds).
    pub retry_after: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("the webhook was not answered: {kind}")]
#[non_exhaustive]
pub struct TransportError {
    /// What failed.
    pub kind: FailureKind,
    /// The cause, for the host's log.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The host has an address that may not be connected to.
    Address,
    /// The certificate is not valid any more, or not yet.
    CertificateExpired,
    /// The certificate is for another host.
    CertificateName,
    /// The certificate is from nobody who is trusted.
    CertificateUntrusted,
    /// No connection could be made.
    Connect,
    /// The connection ended, or the answer was none.
    Protocol,
    /// The name of the host could not be resolved.
    Resolve,
    /// It took too long.
    Timeout,
    /// No TLS: no common version, no proper certificate, or no TLS at the other end.
    Tls,
    /// The URL is not allowed.
    Url,
}

impl Message {
    /// A message.
    pub fn new(url: EndpointUrl, headers: HeaderMap, body: Bytes, timeout: Duration) -> Self {
        Self {
            url,
            headers,
            body,
            timeout,
        }
    }
}

impl Answer {
    /// An answer.
    pub fn new(status: u16, retry_after: Option<Duration>) -> Self {
        Self { status, retry_after }
    }
}

impl TransportError {
    /// A failure without a cause.
    pub fn new(kind: FailureKind) -> Self {
        Self { kind, source: None }
    }

    /// A failure with its cause.
    pub fn with_source(kind: FailureKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = Some(source.into());
        Self { kind, source }
    }
}

impl FailureKind {
    /// The kind as a word, for whoever keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateName => "certificate_name",
            Self::CertificateUntrusted => "certificate_untrusted",
            Self::Connect => "connect",
            Self::Protocol => "protocol",
            Self::Resolve => "resolve",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Url => "url",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote; any other word is `Protocol`.
    pub fn from_word(word: &str) -> Self {
        match word {
            "address" => Self::Address,
            "certificate_expired" => Self::CertificateExpired,
            "certificate_name" => Self::CertificateName,
            "certificate_untrusted" => Self::CertificateUntrusted,
            "connect" => Self::Connect,
            "resolve" => Self::Resolve,
            "timeout" => Self::Timeout,
            "tls" => Self::Tls,
            "url" => Self::Url,
            _ => Self::Protocol,
        }
    }
}

/// In plain words, for those who look after the endpoint.
impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "the host has an address that may not be connected to",
            Self::CertificateExpired => "the certificate has expired, or is not valid yet",
            Self::CertificateName => "the certificate is for another host",
            Self::CertificateUntrusted => "the certificate is from an authority that is not trusted",
            Self::Connect => "no connection could be made",
            Self::Protocol => "the connection ended without a proper answer",
            Self::Resolve => "the name of the host could not be resolved",
            Self::Timeout => "it took too long",
            Self::Tls => "no secure connection could be made",
            Self::Url => "the URL is not allowed",
        })
    }
}

impl Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
