//! Secrets that webhooks are signed with (Standard Webhooks 1.0.0, "Signature scheme").

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

const PREFIX: &str = "whsec_";

/// A secret that sender and receiver of webhooks share: 24 to 64 bytes, as text `whsec_` and base64.
///
/// It shows itself to nobody: neither in logs nor in comparisons.
///
/// ```compile_fail
/// fn compare(secret: scim_events::SigningSecret) -> bool {
///     secret == secret
/// }
/// ```
#[derive(Clone)]
pub struct SigningSecret(Arc<[u8]>);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is no secret.
    #[error("a signing secret must be `whsec_` and 24 to 64 bytes in base64")]
    Invalid,
    /// The operating system has no randomness to give.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

impl SigningSecret {
    /// A secret of 256 random bits.
    ///
    /// # Errors
    ///
    /// [`SecretError::Randomness`].
    pub fn generate() -> Result<Self, SecretError> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(SecretError::Randomness)?;
        Ok(Self(Arc::from(bytes)))
    }

    /// Reads a secret; `whsec_` may be missing.
    ///
    /// # Errors
    ///
    /// [`SecretError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text));
        let bytes = bytes.ok().filter(|bytes| (24..=64).contains(&bytes.len()));
        bytes.map(|bytes| Self(bytes.into())).ok_or(SecretError::Invalid)
    }

    /// The text, for the receiver and for whoever keeps it: never to be logged.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The signature of a message, as it stands in `webhook-signature`: `v1,` and base64. `timestamp` is in seconds since
    /// 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_signed_as_the_specification_says() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_read_as_they_are_written_and_not_shown() {
        let secret = SigningSecret::generate().unwrap();
        let text = secret.expose();
        assert_eq!(SigningSecret::parse(&text).unwrap().expose(), text);
        assert_eq!(format!("{secret:?}"), "SigningSecret(..)");
        assert_ne!(SigningSecret::generate().unwrap().expose(), text);
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_?",
            &format!("whsec_{}", "AAAA".repeat(22)),
        ] {
            assert!(
                matches!(SigningSecret::parse(text), Err(SecretError::Invalid)),
                "{text}"
            );
        }
    }
}
