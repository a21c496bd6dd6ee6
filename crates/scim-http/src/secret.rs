//! Tokens as text: how they are made, recognised and hashed (decision D49).

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest as hash};
use scim_store::{CredentialId, Digest};
use subtle::ConstantTimeEq;

use crate::TokenError;

/// Digits of an identifier.
const ID: usize = 16;
/// Characters of 256 random bits.
const RANDOM: usize = 43;
/// Characters of the checksum.
const CHECK: usize = 6;

/// A token on its way to the one who is to have it. It shows itself to nobody: neither in logs nor in comparisons.
///
/// ```compile_fail
/// fn compare(token: scim_http::Secret) -> bool {
///     token == token
/// }
/// ```
pub struct Secret(String);

/// What tokens of one kind begin with, so that scanners for leaked secrets can recognise them.
///
/// A token is `<prefix>_<id>_<random><checksum>`: the identifier of 16 digits is no secret, the checksum tells a mistyped token
/// from a wrong one without asking anybody.
#[derive(Debug, Clone)]
pub(crate) struct Prefix(Arc<str>);

impl Secret {
    /// The text, to be shown once: never to be logged or kept.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Prefix {
    pub(crate) fn new(prefix: &str) -> Result<Self, TokenError> {
        let is_name = prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let is_short = (1..=32).contains(&prefix.len());
        if is_name && is_short {
            Ok(Self(Arc::from(format!("{prefix}_"))))
        } else {
            Err(TokenError::Prefix)
        }
    }

    /// A new token, and its identifier.
    pub(crate) fn make(&self) -> Result<(CredentialId, Secret), TokenError> {
        let mut id = [0_u8; ID / 2];
        getrandom::fill(&mut id).map_err(TokenError::Randomness)?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut token = format!("{}{id}_{}", self.0, random()?);
        token.push_str(&checksum(&token));
        Ok((CredentialId::new(id), Secret(token)))
    }

    /// The identifier in a token of this kind; `None` for any other text.
    pub(crate) fn id<'a>(&self, token: &'a str) -> Option<&'a str> {
        let (body, check) = token.split_at_checked(token.len().checked_sub(CHECK)?)?;
        let (id, random) = body.strip_prefix(&*self.0)?.split_once('_')?;
        let is_whole = id.len() == ID && random.len() == RANDOM && checksum(body) == check;
        is_whole.then_some(id)
    }

    /// Whether a text claims to be of this kind.
    pub(crate) fn begins(&self, token: &str) -> bool {
        token.starts_with(&*self.0)
    }
}

/// 256 bits of the operating system's randomness, six bits to a character, so that none is likelier than another.
pub(crate) fn random() -> Result<String, TokenError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(TokenError::Randomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A plain digest is enough: no one can try all texts of 256 random bits.
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    for (byte, hashed) in digest.iter_mut().zip(hash(&SHA256, secret.as_bytes()).as_ref()) {
        *byte = *hashed;
    }
    digest
}

/// Whether a token is the one of the digest, in a time that does not depend on it.
pub(crate) fn is_of(token: &str, kept: &Digest) -> bool {
    digest(token).ct_eq(kept.as_bytes()).into()
}

fn checksum(text: &str) -> String {
    let [a, b, c, d, ..] = digest(text);
    URL_SAFE_NO_PAD.encode([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_made_and_no_other_way() {
        let prefix = Prefix::new("acme_scim").unwrap();
        let (id, token) = prefix.make().unwrap();
        let text = token.expose();
        assert_eq!(prefix.id(text), Some(id.as_str()));
        assert_eq!(text.len(), "acme_scim_".len() + 16 + 1 + 43 + 6);
        for place in 0..text.len() {
            let mut damaged = text.to_owned();
            let other = if text.as_bytes()[place] == b'A' { "B" } else { "A" };
            damaged.replace_range(place..=place, other);
            assert_eq!(prefix.id(&damaged), None, "{place}");
            assert_eq!(prefix.id(text.get(..place).unwrap()), None, "cut at {place}");
        }
        for other in [
            "",
            "acme_scim_",
            "é",
            "acme_scim_ééééé",
            &format!("{text}A"),
            &format!(" {text}"),
        ] {
            assert_eq!(prefix.id(other), None, "{other}");
        }
        assert_eq!(Prefix::new("acme").unwrap().id(text), None, "a prefix of the prefix");
        assert_eq!(Prefix::new("other").unwrap().id(text), None);
    }

    #[test]
    fn a_prefix_is_a_short_name() {
        for prefix in ["", "a b", "a-b", "é", &"a".repeat(33)] {
            assert!(matches!(Prefix::new(prefix), Err(TokenError::Prefix)), "{prefix}");
        }
    }

    /// How far counts are from all being the same, in standard deviations (chi-squared, by its normal approximation).
    fn bias(counts: &[u32]) -> f64 {
        let cells = counts.len() as f64;
        let mean = f64::from(counts.iter().sum::<u32>()) / cells;
        let chi: f64 = counts
            .iter()
            .map(|count| (f64::from(*count) - mean).powi(2) / mean)
            .sum();
        (chi - (cells - 1.0)) / (2.0 * (cells - 1.0)).sqrt()
    }

    /// How often each letter stands at these places.
    fn letters(texts: &[String], places: std::ops::Range<usize>) -> Vec<u32> {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let all: Vec<u8> = texts
            .iter()
            .flat_map(|text| text.as_bytes()[places.clone()].to_vec())
            .collect();
        let count = |letter: u8| all.iter().filter(|byte| **byte == letter).count();
        ALPHABET
            .iter()
            .map(|letter| count(*letter).try_into().unwrap())
            .collect()
    }

    #[test]
    fn v34_every_character_is_as_likely_as_another_at_every_place() {
        let texts: Vec<String> = (0..6400).map(|_| random().unwrap()).collect();
        let places = (0..RANDOM - 1).map(|place| place..place + 1);
        for places in places.chain(std::iter::once(0..RANDOM - 1)) {
            // Ten deviations: once in more runs than there will ever be.
            let bias = bias(&letters(&texts, places.clone()));
            assert!(bias.abs() < 10.0, "places {places:?} are off by {bias}");
        }
        let pairs: std::collections::HashSet<&str> = texts.iter().map(|text| text.get(..8).unwrap()).collect();
        assert_eq!(pairs.len(), texts.len(), "48 bits of 6,400 tokens meet nowhere");
    }

    #[test]
    fn v34_the_test_catches_a_remainder_of_65() {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_A";
        let biased = |_| {
            let mut bytes = [0_u8; 43];
            getrandom::fill(&mut bytes).unwrap();
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte % 65)]))
                .collect()
        };
        let texts: Vec<String> = (0..6400).map(biased).collect();
        assert!(bias(&letters(&texts, 0..RANDOM - 1)) > 50.0);
    }
}
