//! Random texts, and what is kept of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};

/// The operating system gives no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub(crate) struct NoRandomness;

/// 256 random bits as text.
pub(crate) fn random() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What the database keeps of a random text. It needs no salt: nobody can try 256 bits.
pub(crate) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

/// Whether two secrets are the same, in constant time.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq as _;

    one.as_bytes().ct_eq(other.as_bytes()).into()
}
