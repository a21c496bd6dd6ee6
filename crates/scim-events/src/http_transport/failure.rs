//! What failed, told from the causes in an error.

use std::{error::Error as StdError, io};

use hyper_util::client::legacy::Error as ClientError;
use rustls::CertificateError;

use super::Unresolved;
use crate::{FailureKind, TransportError};

/// Sorts a failure by the causes in it.
pub(super) fn failure(error: ClientError) -> TransportError {
    let mut kind = if error.is_connect() {
        FailureKind::Connect
    } else {
        FailureKind::Protocol
    };
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(found) = cause {
        if let Some(unresolved) = found.downcast_ref::<Unresolved>() {
            kind = match unresolved {
                Unresolved::Failed(_) => FailureKind::Resolve,
                Unresolved::Refused => FailureKind::Address,
            };
            break;
        }
        if let Some(tls) = found.downcast_ref::<rustls::Error>() {
            kind = of_tls(tls);
            break;
        }
        cause = match found.downcast_ref::<io::Error>() {
            Some(io) if io.kind() == io::ErrorKind::TimedOut => {
                kind = FailureKind::Timeout;
                None
            }
            // Its own cause leaves out what it wraps.
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => found.source(),
        };
    }
    TransportError::with_source(kind, error)
}

fn of_tls(error: &rustls::Error) -> FailureKind {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    let rustls::Error::InvalidCertificate(error) = error else {
        return FailureKind::Tls;
    };
    match error {
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => FailureKind::CertificateExpired,
        NotValidForName | NotValidForNameContext { .. } => FailureKind::CertificateName,
        // Bad where another authority has the name of one that is trusted.
        BadSignature | UnknownIssuer => FailureKind::CertificateUntrusted,
        _ => FailureKind::Tls,
    }
}
